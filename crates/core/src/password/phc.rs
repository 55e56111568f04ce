//! PHC strings: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<tag>`.
//!
//! The parser takes the one form that is written here, and refuses all variants: other algorithms
//! and versions, other orders, `keyid` and `data`, padding, numbers with leading zeros.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::params::Params;
use crate::error::{Code, Kind, Result};

/// Text that is not a PHC string of Argon2id.
pub static BAD_PHC: Code = Code::new(
    "password.phc",
    Kind::Input,
    "a password verifier is a phc string of argon2id, version 19, within the limits",
);

/// The longest text that the limits below allow is shorter than this.
const MAX_TEXT: usize = 256;
const SALT_BYTES: std::ops::RangeInclusive<usize> = 8..=64;
const TAG_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// What an Argon2id left: its cost, salt and tag.
#[derive(Clone)]
pub(super) struct Phc {
    pub(super) params: Params,
    pub(super) salt: Zeroizing<Vec<u8>>,
    pub(super) tag: Zeroizing<Vec<u8>>,
}

impl Phc {
    pub(super) fn parse(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| BAD_PHC.error())
    }

    fn read(text: &str) -> Option<Self> {
        if text.len() > MAX_TEXT {
            return None;
        }
        let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let (params, salt, tag) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let salt = Zeroizing::new(STANDARD_NO_PAD.decode(salt).ok()?);
        let tag = Zeroizing::new(STANDARD_NO_PAD.decode(tag).ok()?);
        let lengths = SALT_BYTES.contains(&salt.len()) && TAG_BYTES.contains(&tag.len());
        lengths.then_some(Self { params: read_params(params)?, salt, tag })
    }

    pub(super) fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(MAX_TEXT));
        let (m, t, p) = (self.params.memory_kib(), self.params.passes(), self.params.lanes());
        text.push_str(&format!("$argon2id$v=19$m={m},t={t},p={p}$"));
        STANDARD_NO_PAD.encode_string(self.salt.as_slice(), &mut text);
        text.push('$');
        STANDARD_NO_PAD.encode_string(self.tag.as_slice(), &mut text);
        text
    }
}

fn read_params(text: &str) -> Option<Params> {
    let mut parts = text.split(',');
    let mut number = |name: &str| {
        let digits = parts.next()?.strip_prefix(name)?;
        let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        if plain { digits.parse::<u32>().ok() } else { None }
    };
    let (memory, passes, lanes) = (number("m=")?, number("t=")?, number("p=")?);
    match parts.next() {
        None => Params::new(memory, passes, lanes).ok(),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str =
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

    #[test]
    fn the_one_form_is_read_and_written() {
        let phc = Phc::parse(GOOD).unwrap();
        assert_eq!(phc.params, Params::new(65_536, 2, 1).unwrap());
        assert_eq!((phc.salt.as_slice(), phc.tag.len()), (&b"somesalt"[..], 32));
        assert_eq!(phc.to_text().as_str(), GOOD);
        let longest = Phc {
            params: Params::new(4_194_304, 64, 16).unwrap(),
            salt: Zeroizing::new(vec![255; 64]),
            tag: Zeroizing::new(vec![255; 64]),
        };
        assert!(longest.to_text().len() <= MAX_TEXT);
        assert!(Phc::parse(&longest.to_text()).is_ok());
    }

    #[test]
    fn forged_and_foreign_strings_are_refused() {
        let changes: &[(&str, &str)] = &[
            ("argon2id", "argon2i"),
            ("argon2id", "argon2d"),
            ("argon2id", "scrypt"),
            ("$v=19", "$v=16"),
            ("$v=19", ""),
            ("$v=19", "$v=019"),
            ("m=65536", "m=4194305"),
            ("m=65536", "m=4294967295"),
            ("m=65536", "m=99999999999999999999"),
            ("m=65536", "m=065536"),
            ("m=65536", "m=+65536"),
            ("m=65536", "m="),
            ("m=65536", "m=7"),
            ("m=65536,t=2", "t=2,m=65536"),
            ("t=2", "t=0"),
            ("t=2", "t=65"),
            ("t=2", "t=4294967295"),
            ("p=1", "p=0"),
            ("p=1", "p=17"),
            ("p=1", "p=16777215"),
            ("p=1", "p=1,keyid=AAAA"),
            ("p=1", "p=1,data=AAAA"),
            ("p=1", "p=1,"),
            ("$c29tZXNhbHQ", ""),
            ("$c29tZXNhbHQ", "$"),
            ("$c29tZXNhbHQ", "$c29tZXNhbA"),
            ("$c29tZXNhbHQ", "$c29tZXNhbHQ="),
            ("$c29tZXNhbHQ", "$c29tZXNhbHR"),
            ("$c29tZXNhbHQ", "$c29t ZXNhbHQ"),
            ("$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", ""),
            ("$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "$CTFhFdXPJO1aFaMaO6Mm"),
            ("PPc", "PPc$"),
            ("PPc", "PPc\n"),
            ("$argon2id", " $argon2id"),
        ];
        for (from, to) in changes {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD);
            assert!(Phc::parse(&text).is_err_and(|error| error.is(&BAD_PHC)), "{text}");
        }
        for length in [65, 100_000] {
            let salt = STANDARD_NO_PAD.encode(vec![0u8; length]);
            assert!(Phc::parse(&GOOD.replacen("c29tZXNhbHQ", &salt, 1)).is_err());
        }
        assert!(Phc::parse("").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,120}") {
            let _ = Phc::parse(&text);
            let _ = Phc::parse(&format!("$argon2id$v=19${text}"));
        }

        #[test]
        fn what_is_read_is_written_back(
            cut in 0usize..GOOD.len(), byte in 32u8..127, m in 8u32..5_000_000, t in 1u32..70, p in 1u32..20,
        ) {
            let mut bytes = GOOD.as_bytes().to_vec();
            bytes[cut] = byte;
            let mutated = String::from_utf8(bytes).unwrap();
            let costs = GOOD.replacen("m=65536,t=2,p=1", &format!("m={m},t={t},p={p}"), 1);
            for text in [mutated, costs] {
                if let Ok(phc) = Phc::parse(&text) {
                    let written = phc.to_text();
                    prop_assert_eq!(written.as_str(), text.as_str());
                }
            }
        }
    }
}
