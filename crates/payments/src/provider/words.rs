//! The words between us and a provider: references, keys of idempotency, secrets, codes.

use std::cmp::Ordering;
use std::fmt;

use tacenda_core::error::{Code, Kind, Result};
use tacenda_core::name::Name;
use tacenda_core::rng::{Rng, generate};
use zeroize::Zeroizing;

use crate::holds_card_number;

/// Text that is no reference of a provider.
pub static REFERENCE: Code = Code::new(
    "payments.reference",
    Kind::Input,
    "a reference is 1 to 255 letters, digits, `_`, `-` or `.`, and no card number",
);
/// Text that is no key of idempotency.
pub static IDEMPOTENCY_KEY: Code = Code::new(
    "payments.idempotency_key",
    Kind::Input,
    "an idempotency key is 16 to 200 letters, digits, `_` or `-`, and no card number",
);
/// Text that is no decline code.
pub static DECLINE_CODE: Code = Code::new(
    "payments.decline_code",
    Kind::Input,
    "a decline code is a lower-case word and no card number",
);
/// Text that is no client secret.
pub static CLIENT_SECRET: Code = Code::new(
    "payments.client_secret",
    Kind::Input,
    "a client secret is 1 to 255 visible ASCII characters and no card number",
);

/// A provider's reference to a thing of its own (customer, method, debit, mandate), or ours to a debit.
/// A reference to a person's things is personal data: sealed where it is kept, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Reference(Zeroizing<String>);

impl Reference {
    /// From what the provider returned.
    ///
    /// # Errors
    /// [`REFERENCE`] for other characters than ASCII letters, digits, `_`, `-` and `.`, for `.` and `..`,
    /// for more than 255 of them, and for a card number.
    pub fn parse(text: &str) -> Result<Self> {
        let formed = (1..=255).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
            && text.bytes().any(|b| b != b'.');
        if !formed || holds_card_number(text) {
            return REFERENCE.err();
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The reference, for the provider and for sealing. It needs no escapes in an address.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Ord for Reference {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.as_str().cmp(other.0.as_str())
    }
}

impl PartialOrd for Reference {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reference(..)")
    }
}

/// What makes a call that is made twice happen once. It is written down before the first call.
///
/// # Properties
/// Made from 128 random bits and nothing else, so that it says nothing about anybody.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// A new key.
    #[must_use]
    pub fn generate(rng: &dyn Rng) -> Self {
        // Letters alone: a run of digits could look like a card number.
        let letter = |nibble: u8| char::from(b'a'.saturating_add(nibble));
        let bytes = generate::<16>(rng);
        Self(bytes.iter().flat_map(|b| [letter(b >> 4), letter(b & 15)]).collect())
    }

    /// From where it was written down.
    ///
    /// # Errors
    /// [`IDEMPOTENCY_KEY`] unless it is 16 to 200 ASCII letters, digits, `_` or `-`, and no card number.
    pub fn parse(text: &str) -> Result<Self> {
        let formed = (16..=200).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        if !formed || holds_card_number(text) {
            return IDEMPOTENCY_KEY.err();
        }
        Ok(Self(text.to_owned()))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(..)")
    }
}

/// Why a debit was declined, as a word of the provider (`insufficient_funds`).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeclineCode(Name);

impl DeclineCode {
    /// From the provider's word.
    ///
    /// # Errors
    /// [`DECLINE_CODE`] unless it has the form of a name, and if it holds a card number.
    pub fn parse(text: &str) -> Result<Self> {
        if holds_card_number(text) {
            return DECLINE_CODE.err();
        }
        Name::parse(text).map(Self).map_err(|_| DECLINE_CODE.error())
    }

    /// The word.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for DeclineCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeclineCode(..)")
    }
}

/// What the browser needs to send card or account to the provider, past us. It is handed to the page of
/// the customer whose set-up it is and kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret(Zeroizing<String>);

impl ClientSecret {
    /// From what the provider returned.
    ///
    /// # Errors
    /// [`CLIENT_SECRET`] unless it is 1 to 255 visible ASCII characters, and if it is a card number.
    pub fn parse(text: &str) -> Result<Self> {
        let formed = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if !formed || holds_card_number(text) {
            return CLIENT_SECRET.err();
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The secret, for the page.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::proptest;

    use super::*;

    struct Counting;

    impl Rng for Counting {
        fn fill(&self, out: &mut [u8]) {
            for (byte, n) in out.iter_mut().zip(0u8..16) {
                *byte = n * 17;
            }
        }
    }

    #[test]
    fn a_reference_that_looks_like_a_card_number_is_refused() {
        assert_eq!(Reference::parse("cus_QXg1o8vcGmoR32").unwrap().expose(), "cus_QXg1o8vcGmoR32");
        let long = "a".repeat(256);
        for bad in [
            "",
            "4242424242424242",
            "pm_4242424242424242",
            "4242-4242-4242-4242",
            "pi 1",
            "pi/1",
            "..",
            "pi_é",
            "pi\n",
            "pi?expand=x",
            &long,
        ] {
            assert!(Reference::parse(bad).unwrap_err().is(&REFERENCE), "{bad}");
        }
    }

    #[test]
    fn a_key_is_random_letters() {
        let key = IdempotencyKey::generate(&Counting);
        assert_eq!(key.as_str(), "aabbccddeeffgghhiijjkkllmmnnoopp");
        assert!(IdempotencyKey::parse(key.as_str()).unwrap() == key);
        for bad in ["", "short", "4242424242424242", "a key with a space in it"] {
            assert!(IdempotencyKey::parse(bad).unwrap_err().is(&IDEMPOTENCY_KEY), "{bad}");
        }
    }

    #[test]
    fn a_decline_code_is_a_word() {
        assert_eq!(
            DeclineCode::parse("insufficient_funds").unwrap().expose(),
            "insufficient_funds"
        );
        for bad in ["", "Your card was declined.", "a4242424242424242"] {
            assert!(DeclineCode::parse(bad).unwrap_err().is(&DECLINE_CODE), "{bad}");
        }
    }

    #[test]
    fn nothing_prints_what_it_holds() {
        let printed = format!(
            "{:?} {:?} {:?} {:?}",
            Reference::parse("cus_1").unwrap(),
            IdempotencyKey::generate(&Counting),
            DeclineCode::parse("lost_card").unwrap(),
            ClientSecret::parse("seti_1_secret_2").unwrap(),
        );
        assert_eq!(printed, "Reference(..) IdempotencyKey(..) DeclineCode(..) ClientSecret(..)");
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,60}") {
            let _ = (Reference::parse(&text), IdempotencyKey::parse(&text));
            let _ = (DeclineCode::parse(&text), ClientSecret::parse(&text));
        }
    }
}
