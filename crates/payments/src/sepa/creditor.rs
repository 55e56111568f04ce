//! Creditor identifiers: who collects under a mandate.

use std::fmt;
use std::hash::{Hash, Hasher};

use tacenda_core::error::{Code, Kind, Result};
use tacenda_core::guard;

use super::registry;

/// A creditor identifier of a country outside SEPA, or none at all.
pub static CREDITOR_COUNTRY: Code = Code::new(
    "payments.creditor_country",
    Kind::Input,
    "a creditor identifier begins with the code of a country in SEPA",
);
/// A creditor identifier whose length or characters are wrong.
pub static CREDITOR_STRUCTURE: Code = Code::new(
    "payments.creditor_structure",
    Kind::Input,
    "the creditor identifier is not check digits, a business code of three and a national identifier",
);
/// A creditor identifier whose check digits are wrong.
pub static CREDITOR_CHECKSUM: Code = Code::new(
    "payments.creditor_checksum",
    Kind::Input,
    "the check digits of the creditor identifier are wrong",
);

/// The most characters.
const LONGEST: usize = 35;
/// Where the business code stands.
const BUSINESS: std::ops::Range<usize> = 4..7;
/// Germany's are of one length.
const GERMAN: usize = 18;

/// A SEPA creditor identifier, compact and in upper case.
///
/// # Properties
/// - White space and the signs `/ - ? : ( ) . , ' +` are left out, as they are in its check.
/// - The business code is the creditor's own affair: it is no part of the check, and two identifiers
///   that differ in it alone are of one creditor ([`CreditorId::is_same_creditor`]). `ZZZ` says
///   nothing.
/// - The number of a company, which is no personal data unless the creditor is a natural person;
///   printed by nothing all the same.
///
/// # Law
/// EPC016-06, AT-C002 (formerly AT-02); EPC262-08, creditor identifier overview.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CreditorId(String);

impl CreditorId {
    /// From what somebody typed, in either case.
    ///
    /// # Errors
    /// [`CREDITOR_COUNTRY`], [`CREDITOR_STRUCTURE`] or [`CREDITOR_CHECKSUM`], in this order.
    pub fn parse(text: &str) -> Result<Self> {
        let mut compact = String::with_capacity(LONGEST);
        for c in text.chars() {
            if c.is_ascii_alphanumeric() && compact.len() < LONGEST {
                compact.push(c.to_ascii_uppercase());
            } else if !c.is_whitespace() && !"/-?:().,'+".contains(c) {
                return CREDITOR_STRUCTURE.err();
            }
        }
        let country = compact.get(..2).unwrap_or_default();
        if !registry::is_sepa(country) {
            return CREDITOR_COUNTRY.err();
        }
        let check = compact.get(2..BUSINESS.start).unwrap_or_default();
        let national = compact.get(BUSINESS.end..).unwrap_or_default();
        if !check.bytes().all(|b| b.is_ascii_digit())
            || national.is_empty()
            || (country == "DE" && compact.len() != GERMAN)
        {
            return CREDITOR_STRUCTURE.err();
        }
        // Checked as an IBAN is: national identifier, country, check digits, remainder 1.
        let checked = format!("{country}{check}{national}");
        if guard::iban_checksum(&checked) { Ok(Self(compact)) } else { CREDITOR_CHECKSUM.err() }
    }

    /// The identifier, compact and in upper case.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The country's code.
    #[must_use]
    pub fn country(&self) -> &str {
        self.0.get(..2).unwrap_or_default()
    }

    /// The business code, three characters; `ZZZ` where there is none.
    #[must_use]
    pub fn business_code(&self) -> &str {
        self.0.get(BUSINESS).unwrap_or_default()
    }

    /// Whether both are of one creditor: they agree but for the business code.
    #[must_use]
    pub fn is_same_creditor(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }

    /// The form in which two identifiers of one creditor are the same bytes.
    #[must_use]
    pub fn normal(&self) -> String {
        let (head, national) = self.parts();
        [head, "ZZZ", national].concat()
    }

    fn parts(&self) -> (&str, &str) {
        let head = self.0.get(..BUSINESS.start).unwrap_or_default();
        (head, self.0.get(BUSINESS.end..).unwrap_or_default())
    }
}

impl fmt::Debug for CreditorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CreditorId(..)")
    }
}

/// What makes a mandate one of a kind: its creditor, without the business code, and its reference
/// without regard to case.
#[derive(Debug, Clone)]
pub struct MandateKey {
    /// The creditor.
    pub creditor: CreditorId,
    /// The reference.
    pub reference: super::MandateReference,
}

impl PartialEq for MandateKey {
    fn eq(&self, other: &Self) -> bool {
        self.creditor.is_same_creditor(&other.creditor) && self.reference == other.reference
    }
}

impl Eq for MandateKey {}

impl Hash for MandateKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.creditor.parts().hash(state);
        self.reference.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::super::MandateReference;
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn takes_the_examples_of_the_council() {
        for good in [
            "FR72ZZZ123456",
            "PL18ZZZ0123456789",
            "DE51ZZZ12345678901",
            "DE98ZZZ09999999999",
            "NL42ZZZ123456780001",
            "IT66ZZZA1B2C3D4E5F6G7H8",
            "GB23ZZZSDDBARC000000ABCD1234",
            "LU27ZZZ0000000000123456789",
        ] {
            assert_eq!(CreditorId::parse(good).unwrap().expose(), good);
        }
        let spaced = CreditorId::parse(" de98 abc 0999-9999/999 ").unwrap();
        assert_eq!(spaced.expose(), "DE98ABC09999999999");
        assert_eq!((spaced.country(), spaced.business_code()), ("DE", "ABC"));
        assert_eq!(spaced.normal(), "DE98ZZZ09999999999");
        assert_eq!(format!("{spaced:?}"), "CreditorId(..)");
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, code) in [
            ("", &CREDITOR_COUNTRY),
            ("US72ZZZ123456", &CREDITOR_COUNTRY),
            ("TEST42ZZZ0000424242", &CREDITOR_COUNTRY),
            ("FR", &CREDITOR_STRUCTURE),
            ("FR72ZZZ", &CREDITOR_STRUCTURE),
            ("FRA2ZZZ123456", &CREDITOR_STRUCTURE),
            ("FR72ZZZ12345!", &CREDITOR_STRUCTURE),
            ("DE98ZZZ099999999990", &CREDITOR_STRUCTURE),
            ("DE98ZZÄ09999999999", &CREDITOR_STRUCTURE),
            ("FR12ZZZ123456", &CREDITOR_CHECKSUM),
            ("DE00ZZZ09999999999", &CREDITOR_CHECKSUM),
        ] {
            assert!(CreditorId::parse(text).unwrap_err().is(code), "{text}");
        }
        assert!(CreditorId::parse(&"FR72ZZZ1".repeat(100_000)).is_err());
    }

    #[test]
    fn a_mandate_is_one_by_creditor_and_reference() {
        let key = |creditor, reference| MandateKey {
            creditor: CreditorId::parse(creditor).unwrap(),
            reference: MandateReference::parse(reference).unwrap(),
        };
        let keys = HashSet::from([
            key("DE98ZZZ09999999999", "a 1"),
            key("DE98ABC09999999999", "A 1"),
            key("DE98ZZZ09999999999", "a1"),
            key("FR72ZZZ123456", "a1"),
        ]);
        assert_eq!(keys.len(), 3);
    }

    proptest! {
        #[test]
        fn never_panics_and_reads_its_own_form(text in "\\PC{0,50}", near in "(DE|FR)[0-9]{2}[A-Z0-9]{0,30}") {
            let _ = CreditorId::parse(&text);
            if let Ok(read) = CreditorId::parse(&near) {
                prop_assert!(CreditorId::parse(read.expose()).unwrap() == read);
                prop_assert!(CreditorId::parse(&read.normal()).unwrap().is_same_creditor(&read));
            }
        }
    }
}
