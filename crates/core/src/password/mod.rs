//! Passwords: kept only as verifiers, by Argon2id (RFC 9106).
//!
//! A [`Verifier`] is made by [`hash`] and asked by [`verify`]. SHA-256 digests of an older system
//! come in as [`Verifier::legacy_sha256`], a job turns each into Argon2id of the digest with
//! [`wrap`], and the next login replaces it by a plain one (S10). Every login costs exactly one
//! Argon2id, whether the account is unknown ([`dummy`]), legacy, wrapped or plain; the
//! [`Workspace`] counts them, so that tests can compare.
//!
//! A new algorithm is a variant of [`VerifierKind`] and of the content of [`Verifier`], with a new
//! tag in its encoding.

mod params;
mod phc;
mod verifier;
mod worker;
mod workspace;

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

pub use params::{BAD_PARAMS, BELOW_FLOOR, Params};
pub use phc::BAD_PHC;
pub use verifier::{Verdict, Verifier, VerifierKind, dummy, hash, verify, wrap};
pub use worker::{InlineWorker, Job, PasswordWorker, WORKER_STOPPED, perform};
pub use workspace::{NO_MEMORY, Workspace};

use crate::error::{Code, Kind, Result};

/// An empty password.
pub static EMPTY: Code = Code::new("password.empty", Kind::Input, "a password is not empty");

/// A password past [`Password::MAX_BYTES`].
pub static TOO_LONG: Code =
    Code::new("password.too_long", Kind::Input, "a password has at most 1024 bytes of UTF-8");

/// The codes of this room.
pub static CODES: &[&Code] =
    &[&EMPTY, &TOO_LONG, &BAD_PARAMS, &BELOW_FLOOR, &BAD_PHC, &NO_MEMORY, &WORKER_STOPPED];

/// A password as somebody typed it. Zeroised when dropped, never printed.
///
/// Any characters will do, and none is cut off or folded. How long it must at least be is the
/// embedder's rule: see [`Password::characters`].
///
/// # Properties
/// Passwords that differ only in how Unicode composes their characters (`é` as one code point or as
/// two) are the same: the normal form is NFC, as NIST SP 800-63B-4 section 3.1.1.2 and RFC 8265
/// section 4.2 ask. Its third revision asked for NFKC or NFKD, which also fold characters that
/// look different.
#[derive(Clone)]
pub struct Password {
    typed: Zeroizing<String>,
    normal: Zeroizing<String>,
}

impl Password {
    /// The longest password in bytes of UTF-8.
    pub const MAX_BYTES: usize = 1024;

    /// From what was typed.
    ///
    /// # Errors
    /// [`EMPTY`] and [`TOO_LONG`].
    pub fn parse(typed: &str) -> Result<Self> {
        match typed.len() {
            0 => EMPTY.err(),
            1..=Self::MAX_BYTES => Ok(Self {
                typed: Zeroizing::new(typed.to_owned()),
                normal: Zeroizing::new(to_nfc(typed)),
            }),
            _ => TOO_LONG.err(),
        }
    }

    /// How many characters it has: Unicode code points of the normal form, to be held against a
    /// minimum length.
    #[must_use]
    pub fn characters(&self) -> usize {
        self.normal.chars().count()
    }

    /// What Argon2id is given.
    fn normal(&self) -> &[u8] {
        self.normal.as_bytes()
    }

    /// What an older system digested: the bytes as typed.
    fn typed(&self) -> &[u8] {
        self.typed.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}

fn to_nfc(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    // NFC grows UTF-8 at most threefold (UAX #15): the buffer never moves and leaves no copy behind.
    let mut normal = String::with_capacity(text.len().saturating_mul(3));
    normal.extend(text.nfc());
    normal
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn length_is_the_only_rule() {
        assert!(Password::parse("").unwrap_err().is(&EMPTY));
        assert!(Password::parse(&"a".repeat(1025)).unwrap_err().is(&TOO_LONG));
        assert!(Password::parse(&"a".repeat(1024)).is_ok());
        for odd in [" ", "\0", "\u{202e}", "żółw", "🐢"] {
            assert!(Password::parse(odd).is_ok());
        }
    }

    #[test]
    fn composition_does_not_matter_and_nothing_else_is_folded() {
        let one = Password::parse("caf\u{e9}").unwrap();
        let two = Password::parse("cafe\u{301}").unwrap();
        assert_eq!(one.normal(), two.normal());
        assert_ne!(one.typed(), two.typed());
        assert_eq!((one.characters(), two.characters()), (4, 4));
        for (a, b) in [("A", "a"), ("²", "2"), (" a", "a"), ("ﬁ", "fi"), ("Ａ", "A")] {
            assert_ne!(Password::parse(a).unwrap().normal(), Password::parse(b).unwrap().normal());
        }
    }

    #[test]
    fn prints_nothing() {
        assert_eq!(format!("{:?}", Password::parse("hunter42").unwrap()), "Password(redacted)");
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused(text in "\\PC{0,600}") {
            if let Ok(password) = Password::parse(&text) {
                let normal = std::str::from_utf8(password.normal()).unwrap();
                prop_assert!(normal.len() <= text.len() * 3);
                let again = Password::parse(normal);
                if let Ok(again) = again {
                    prop_assert_eq!(again.normal(), password.normal());
                }
            }
        }
    }
}
