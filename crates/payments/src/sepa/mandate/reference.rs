//! The reference of a mandate.

use std::fmt;
use std::hash::{Hash, Hasher};

use tacenda_core::error::{Code, Kind, Result};

use crate::holds_card_number;

/// Text that is not a mandate reference.
pub static MANDATE_REFERENCE: Code = Code::new(
    "payments.mandate_reference",
    Kind::Input,
    "a mandate reference is 1 to 35 characters of the SEPA set and no card number",
);

/// The most characters of a mandate reference.
const LONGEST: usize = 35;

/// A unique mandate reference (UMR), as it was written.
///
/// # Properties
/// 1 to 35 characters: Latin letters, digits, space and `/ - ? : ( ) . , ' +`, not only spaces.
/// Compared without regard to case, as the schemes demand; a space makes another reference. A slash
/// at either end and two in a row, which the EPC advises against, are accepted: such mandates exist.
///
/// # Law
/// EPC016-06, SEPA Core Direct Debit rulebook, AT-T001 (formerly AT-01); character set: EPC217-08.
#[derive(Clone)]
pub struct MandateReference(String);

impl MandateReference {
    /// From what somebody typed.
    ///
    /// # Errors
    /// [`MANDATE_REFERENCE`] if it is empty, too long, holds another character, or is a card number.
    pub fn parse(text: &str) -> Result<Self> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b" /-?:().,'+".contains(&b);
        if text.len() > LONGEST
            || text.trim().is_empty()
            || !text.bytes().all(allowed)
            || holds_card_number(text)
        {
            return MANDATE_REFERENCE.err();
        }
        Ok(Self(text.to_owned()))
    }

    /// The reference as it was written.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The form in which two references of one mandate are the same bytes.
    #[must_use]
    pub fn normal(&self) -> String {
        self.0.to_ascii_uppercase()
    }
}

impl PartialEq for MandateReference {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for MandateReference {}

impl Hash for MandateReference {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.normal().hash(state);
    }
}

impl fmt::Debug for MandateReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MandateReference(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn takes_the_sepa_set_and_35_characters() {
        for good in ["A", "TEC-0000000001", "A/b-?:().,'+9", "123aaa 45678", &"X".repeat(35), "/a"]
        {
            assert_eq!(MandateReference::parse(good).unwrap().expose(), good);
        }
        let long = "X".repeat(36);
        for bad in ["", " ", &long, "a_b", "a@b", "a&b", "a\"b", "MÄNDAT-1", "a\n", "*", "a\u{a0}b"]
        {
            assert!(MandateReference::parse(bad).unwrap_err().is(&MANDATE_REFERENCE), "{bad}");
        }
        assert!(MandateReference::parse("4111-1111-1111-1111").is_err());
    }

    #[test]
    fn case_makes_no_difference_and_a_space_does() {
        let parse = |text| MandateReference::parse(text).unwrap();
        assert_eq!(parse("123AAa45678"), parse("123aaA45678"));
        assert_ne!(parse("123aaa45678"), parse("123aaa 45678"));
        let set = HashSet::from([parse("abc"), parse("ABC"), parse("ab c")]);
        assert_eq!(set.len(), 2);
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = MandateReference::parse(&text);
        }
    }
}
