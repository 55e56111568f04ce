//! Consents and the purposes that they are for; since when purposes are there.

use crate::policy::codes;
use crate::policy::model::Policy;
use crate::policy::reader::{NO_HELP, Reader, entry};

/// A text for each purpose that needs consent, and for no other.
pub(super) fn consents(r: &mut Reader<'_>, policy: &Policy) {
    for (name, text) in &policy.consents {
        let path = entry("consents", name);
        let purpose = policy.purposes.get(&text.purpose);
        let clean = r.clean(&path) && r.clean(&entry("purposes", &text.purpose));
        if clean && purpose.is_some_and(|purpose| !purpose.needs_consent()) {
            let message = format!("`{}` does not rest on consent", text.purpose);
            let help = "ask for consent where the basis is `consent` (Art. 6(1)(a) GDPR)";
            let path = format!("{path}.purpose");
            r.add(&codes::CONSENT_NOT_NEEDED, &path, message, help.into());
        }
        if r.clean(&path) && text.oldest_valid > text.version {
            let message = format!("version {} is not there yet", text.oldest_valid);
            r.add(&codes::BAD_VALUE, &format!("{path}.oldest_valid"), message, NO_HELP);
        }
    }
    for (name, purpose) in &policy.purposes {
        let asked = policy.consents.values().any(|text| text.purpose == *name);
        if purpose.needs_consent() && !asked && r.clean("consents") {
            let path = entry("purposes", name);
            let message = format!("no text asks for the consent to `{name}`");
            let help = format!("add `[consents.\"…\"]` with `purpose = \"{name}\"`");
            r.add(&codes::CONSENT_WITHOUT_TEXT, &path, message, help.into());
        }
    }
}

/// No purpose is newer than the policy.
pub(super) fn since(r: &mut Reader<'_>, policy: &Policy) {
    for (name, purpose) in &policy.purposes {
        if purpose.since.is_some_and(|since| since > policy.version) && r.clean("version") {
            let message = format!("this policy is version {}", policy.version);
            let path = format!("{}.since", entry("purposes", name));
            let help = "the version of the policy with which the purpose came";
            r.add(&codes::BAD_VALUE, &path, message, help.into());
        }
    }
}
