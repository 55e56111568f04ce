//! Data categories: the keys of the fideslang taxonomy, and the few that it lacks.
//!
//! The keys are those of fideslang 3 by Ethyca, <https://github.com/ethyca/fideslang>, licensed
//! under CC BY 4.0 (<https://creativecommons.org/licenses/by/4.0/>); only the keys are used, as a
//! table of our own. Keys are dotted paths, and a parent stands for all that lies under it.
//!
//! Two prefixes extend it. `tacenda.` is ours and closed: [`EXTENSIONS`] lists each key with the
//! fideslang key that comes nearest. `custom.` belongs to the author of the policy: any dotted path
//! under it is a category, of which the SDK knows nothing, so a policy that puts special data
//! there has to say so itself.

use crate::error::{Code, Kind, Result};

/// A key of neither taxonomy.
pub static CATEGORY_UNKNOWN: Code = Code::new(
    "pii.category_unknown",
    Kind::Configuration,
    "a data category is a fideslang 3 key, one of the `tacenda.` keys, or a path under `custom.`",
);

/// The codes of this module.
pub static CODES: &[&Code] = &[&CATEGORY_UNKNOWN];

/// The 85 data categories of fideslang 3, sorted.
pub static CATEGORIES: [&str; 85] = [
    "system",
    "system.authentication",
    "system.operations",
    "user",
    "user.account",
    "user.account.settings",
    "user.account.username",
    "user.authorization",
    "user.authorization.biometric",
    "user.authorization.credentials",
    "user.authorization.password",
    "user.behavior",
    "user.behavior.browsing_history",
    "user.behavior.media_consumption",
    "user.behavior.purchase_history",
    "user.behavior.search_history",
    "user.biometric",
    "user.biometric.fingerprint",
    "user.biometric.health",
    "user.biometric.retinal",
    "user.biometric.voice",
    "user.childrens",
    "user.contact",
    "user.contact.address",
    "user.contact.address.city",
    "user.contact.address.country",
    "user.contact.address.postal_code",
    "user.contact.address.state",
    "user.contact.address.street",
    "user.contact.email",
    "user.contact.fax_number",
    "user.contact.organization",
    "user.contact.phone_number",
    "user.contact.url",
    "user.content",
    "user.content.private",
    "user.content.public",
    "user.content.self_image",
    "user.criminal_history",
    "user.demographic",
    "user.demographic.age_range",
    "user.demographic.date_of_birth",
    "user.demographic.gender",
    "user.demographic.language",
    "user.demographic.marital_status",
    "user.demographic.political_opinion",
    "user.demographic.profile",
    "user.demographic.race_ethnicity",
    "user.demographic.religious_belief",
    "user.demographic.sexual_orientation",
    "user.device",
    "user.device.cookie",
    "user.device.cookie_id",
    "user.device.device_id",
    "user.device.ip_address",
    "user.financial",
    "user.financial.bank_account",
    "user.financial.credit_card",
    "user.government_id",
    "user.government_id.birth_certificate",
    "user.government_id.drivers_license_number",
    "user.government_id.immigration",
    "user.government_id.national_identification_number",
    "user.government_id.passport_number",
    "user.government_id.vehicle_registration",
    "user.health_and_medical",
    "user.health_and_medical.genetic",
    "user.health_and_medical.insurance_beneficiary_id",
    "user.health_and_medical.record_id",
    "user.job_title",
    "user.location",
    "user.location.imprecise",
    "user.location.precise",
    "user.name",
    "user.name.first",
    "user.name.last",
    "user.payment",
    "user.privacy_preferences",
    "user.sensor",
    "user.social",
    "user.telemetry",
    "user.unique_id",
    "user.unique_id.pseudonymous",
    "user.user_sensor",
    "user.workplace",
];

/// Our own keys, sorted, each with the fideslang key that comes nearest.
///
/// A VAT number is a registry number of a business; where it embeds a person's national number
/// ([`VatNumber::is_natural_person_form`](super::VatNumber::is_natural_person_form)), the nearest
/// key fits exactly. A mandate reference names a payment arrangement, not an account.
pub static EXTENSIONS: [(&str, &str); 2] = [
    ("tacenda.mandate_reference", "user.payment"),
    ("tacenda.vat_number", "user.government_id.national_identification_number"),
];

/// Why a category needs a condition of its own on every purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Special {
    /// Racial or ethnic origin, political opinions, beliefs, trade union membership, genetic and
    /// biometric data, health, sex life and orientation.
    ///
    /// # Law
    /// GDPR Art. 9(1). Fideslang has no key for trade union membership or philosophical belief
    /// alone. Biometric keys count whole, although Art. 9 means data that identify a person.
    Article9,
    /// Criminal convictions and offences.
    ///
    /// # Law
    /// GDPR Art. 10.
    Article10,
}

/// The topmost special keys; all under them is special too.
const SPECIAL: [(&str, Special); 8] = [
    ("user.authorization.biometric", Special::Article9),
    ("user.biometric", Special::Article9),
    ("user.criminal_history", Special::Article10),
    ("user.demographic.political_opinion", Special::Article9),
    ("user.demographic.race_ethnicity", Special::Article9),
    ("user.demographic.religious_belief", Special::Article9),
    ("user.demographic.sexual_orientation", Special::Article9),
    ("user.health_and_medical", Special::Article9),
];

/// Whether the key is a category: of fideslang, of [`EXTENSIONS`], or a path under `custom.` whose
/// segments are lower-case letters, digits and `_`, at most 128 characters in all.
#[must_use]
pub fn is_category(key: &str) -> bool {
    CATEGORIES.binary_search(&key).is_ok()
        || EXTENSIONS.iter().any(|(known, _)| *known == key)
        || key.strip_prefix("custom.").is_some_and(|path| key.len() <= 128 && is_path(path))
}

/// Checks a key.
///
/// # Errors
/// [`CATEGORY_UNKNOWN`] unless [`is_category`].
pub fn check(key: &str) -> Result<()> {
    if is_category(key) { Ok(()) } else { CATEGORY_UNKNOWN.err() }
}

/// Whether `ancestor` stands for `key`: it is the same key or a parent, at any distance.
///
/// ```
/// use tacenda_core::pii::category::covers;
///
/// assert!(covers("user.contact", "user.contact.address.city"));
/// assert!(covers("user.contact.email", "user.contact.email"));
/// assert!(!covers("user.contact.email", "user.contact"));
/// assert!(!covers("user.name", "user.names"));
/// ```
#[must_use]
pub fn covers(ancestor: &str, key: &str) -> bool {
    key.strip_prefix(ancestor).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The special category that the key is, or lies under.
#[must_use]
pub fn special(key: &str) -> Option<Special> {
    SPECIAL.iter().find(|(top, _)| covers(top, key)).map(|(_, special)| *special)
}

/// Whether special data may lie under the key: it is special itself, or the parent of a special
/// key, as `user.demographic` and `user` are. A policy that names such a parent should name what it
/// means.
#[must_use]
pub fn may_be_special(key: &str) -> bool {
    special(key).is_some() || SPECIAL.iter().any(|(top, _)| covers(key, top))
}

fn is_path(path: &str) -> bool {
    path.split('.').all(|segment| {
        !segment.is_empty()
            && segment.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tables_are_sorted_whole_and_consistent() {
        assert!(CATEGORIES.is_sorted());
        assert!(EXTENSIONS.is_sorted());
        for key in CATEGORIES {
            assert!(is_category(key));
            let parent = key.rsplit_once('.').map_or("system", |(parent, _)| parent);
            assert!(is_category(parent), "{key} has a parent");
        }
        for (key, nearest) in EXTENSIONS {
            assert!(is_category(key) && is_category(nearest));
        }
        for (key, special_kind) in SPECIAL {
            assert!(is_category(key));
            assert_eq!(special(key), Some(special_kind));
        }
    }

    #[test]
    fn refuses_stale_and_malformed_keys() {
        // the demonstration manifests of fideslang still use the first two
        for bad in [
            "user.contact.state",
            "user.cookie_id",
            "",
            "user.",
            ".user",
            "User",
            "user.name.middle",
            "data_category",
            "tacenda.",
            "tacenda.other",
            "custom",
            "custom.",
            "custom.a..b",
            "custom.A",
            "custom.a b",
            &format!("custom.{}", "a".repeat(122)),
        ] {
            assert!(check(bad).unwrap_err().is(&CATEGORY_UNKNOWN), "{bad:?}");
        }
        for good in ["user", "user.device.cookie_id", "custom.loyalty.tier_2", "tacenda.vat_number"]
        {
            assert!(check(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn names_the_special_categories() {
        for (key, expected) in [
            ("user.health_and_medical.genetic", Some(Special::Article9)),
            ("user.health_and_medical.record_id", Some(Special::Article9)),
            ("user.biometric.voice", Some(Special::Article9)),
            ("user.authorization.biometric", Some(Special::Article9)),
            ("user.demographic.religious_belief", Some(Special::Article9)),
            ("user.criminal_history", Some(Special::Article10)),
            ("user.contact.email", None),
            ("user.demographic.gender", None),
            ("user.demographic", None),
            ("user.authorization.password", None),
        ] {
            assert_eq!(special(key), expected, "{key}");
        }
        assert!(may_be_special("user") && may_be_special("user.demographic"));
        assert!(may_be_special("user.health_and_medical.genetic"));
        assert!(!may_be_special("user.contact") && !may_be_special("user.demographic.gender"));
        assert!(!may_be_special("system"));
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>(), other in "[a-z.]{0,12}") {
            let _ = (is_category(&text), special(&text), may_be_special(&other));
            prop_assert!(covers(&text, &text));
            let child = format!("{text}.{other}");
            prop_assert!(covers(&text, &child));
        }
    }
}
