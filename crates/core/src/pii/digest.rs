//! The SHA-256 digest that an older system kept of a password.

use std::fmt;

use crate::error::{Code, Kind, Result};
use crate::pii::Sensitive;

/// Text that is no SHA-256 digest.
pub static DIGEST_MALFORMED: Code = Code::new(
    "pii.digest_malformed",
    Kind::Input,
    "a SHA-256 digest is written as 64 hexadecimal digits",
);

/// The codes of this module.
pub static CODES: &[&Code] = &[&DIGEST_MALFORMED];

/// A SHA-256 digest (FIPS 180-4) as its 32 raw bytes; read from hexadecimal in either case.
///
/// The unsalted digest of a password is nearly the password: it is zeroised when dropped, tells
/// nothing by `Debug`, and is sealed until it has been wrapped. Not guarded: 64 hexadecimal digits
/// may well contain a run that looks like a card number.
#[derive(Clone)]
pub struct Sha256Digest(Sensitive<[u8; 32]>);

impl Sha256Digest {
    /// Reads 64 hexadecimal digits; white space around them is trimmed.
    ///
    /// # Errors
    /// [`DIGEST_MALFORMED`].
    pub fn parse(text: &str) -> Result<Self> {
        let (pairs, rest) = super::normal::trim(text).as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return DIGEST_MALFORMED.err();
        }
        let mut bytes = [0u8; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let (high, low) = hex(*high).zip(hex(*low)).ok_or_else(|| DIGEST_MALFORMED.error())?;
            *byte = high << 4 | low;
        }
        Ok(Self(Sensitive::new(bytes)))
    }

    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        // EXPOSE: the bytes are this type's content; the password room wraps and compares them
        self.0.expose()
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sha256Digest(..)")
    }
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use sha2::Digest as _;

    use super::*;
    use proptest::prelude::*;

    // FIPS 180-4, the example of the three letters "abc"
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn reads_either_case_and_nothing_else() {
        let digest = Sha256Digest::parse(ABC).unwrap();
        assert_eq!(digest.as_bytes(), sha2::Sha256::digest(b"abc").as_slice());
        let upper = Sha256Digest::parse(&ABC.to_uppercase()).unwrap();
        assert_eq!(upper.as_bytes(), digest.as_bytes());
        assert_eq!(format!("{digest:?}"), "Sha256Digest(..)");
        for bad in ["", "xyz", &ABC[1..], &format!("{ABC}0"), &ABC.replace('b', "g"), "é"] {
            assert!(Sha256Digest::parse(bad).unwrap_err().is(&DIGEST_MALFORMED));
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>(), hex in "[0-9a-fA-F]{62,66}") {
            let _ = Sha256Digest::parse(&text);
            prop_assert_eq!(Sha256Digest::parse(&hex).is_ok(), hex.len() == 64);
        }
    }
}
