//! What is kept instead of a password, and how it is asked.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Password;
use super::params::Params;
use super::phc::Phc;
use super::workspace::Workspace;
use crate::codec::{self, Decoder, Encoder};
use crate::error::Result;

const DOMAIN: &str = "tacenda/verifier/1";
const TAG_BYTES: usize = 32;

/// What is kept instead of a password. Zeroised when dropped, never printed; its bytes are sealed
/// like any other item.
#[derive(Clone)]
pub struct Verifier(Content);

#[derive(Clone)]
enum Content {
    Argon2id(Phc),
    LegacySha256(Zeroizing<[u8; 32]>),
    WrappedSha256(Phc),
}

/// Which of its states a verifier is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerifierKind {
    /// Argon2id of the password.
    Argon2id,
    /// The SHA-256 digest that an older system kept; to be wrapped.
    LegacySha256,
    /// Argon2id of that digest; to be replaced at the next login.
    WrappedSha256,
}

/// The answer to a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the one.
    Match {
        /// Whether to replace the verifier by [`hash`] now, while the password is known: it is
        /// legacy or wrapped, or was made at a lower cost than today's.
        upgrade: bool,
    },
    /// It is another.
    NoMatch,
}

impl Verifier {
    /// From the SHA-256 digest of a password that an older system kept (S10).
    #[must_use]
    pub fn legacy_sha256(digest: [u8; 32]) -> Self {
        Self(Content::LegacySha256(Zeroizing::new(digest)))
    }

    /// How many bytes [`Verifier::encode`] makes of a legacy digest. No other verifier has as few: a
    /// PHC string is longer than a digest.
    pub const LEGACY_BYTES: usize = 4 + DOMAIN.len() + 1 + 32;

    /// From a PHC string of Argon2id that another system made of the password in UTF-8.
    ///
    /// # Errors
    /// [`super::BAD_PHC`] for anything else, and for a cost past the ceiling of [`Params`].
    pub fn from_phc(text: &str) -> Result<Self> {
        Phc::parse(text).map(|phc| Self(Content::Argon2id(phc)))
    }

    /// Its state.
    #[must_use]
    pub const fn kind(&self) -> VerifierKind {
        match self.0 {
            Content::Argon2id(_) => VerifierKind::Argon2id,
            Content::LegacySha256(_) => VerifierKind::LegacySha256,
            Content::WrappedSha256(_) => VerifierKind::WrappedSha256,
        }
    }

    /// As bytes, to be sealed: the domain `tacenda/verifier/1`, one byte for the state (1 Argon2id,
    /// 2 legacy, 3 wrapped), then the PHC string or the 32 bytes of the digest.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut encoder = Encoder::new(DOMAIN);
        match &self.0 {
            Content::Argon2id(phc) => encoder.u8(1).text(&phc.to_text()),
            Content::LegacySha256(digest) => encoder.u8(2).raw(digest.as_slice()),
            Content::WrappedSha256(phc) => encoder.u8(3).text(&phc.to_text()),
        };
        Zeroizing::new(encoder.finish())
    }

    /// From its bytes.
    ///
    /// # Errors
    /// [`codec::MALFORMED`] for anything that [`Verifier::encode`] does not write.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let phc = |text| Phc::parse(text).map_err(|_| codec::MALFORMED.error());
        let mut decoder = Decoder::new(bytes, DOMAIN)?;
        let content = match decoder.u8()? {
            1 => Content::Argon2id(phc(decoder.text()?)?),
            2 => Content::LegacySha256(Zeroizing::new(decoder.raw()?)),
            3 => Content::WrappedSha256(phc(decoder.text()?)?),
            _ => return codec::MALFORMED.err(),
        };
        decoder.end()?;
        Ok(Self(content))
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({:?}, redacted)", self.kind())
    }
}

/// The verifier of a new password: one Argon2id. The salt is 16 random bytes, drawn for this call.
///
/// # Errors
/// [`super::NO_MEMORY`].
pub fn hash(
    password: &Password,
    params: Params,
    salt: [u8; 16],
    workspace: &mut Workspace,
) -> Result<Verifier> {
    derive(password.normal(), params, salt, workspace).map(|phc| Verifier(Content::Argon2id(phc)))
}

/// Asks a verifier: one Argon2id whatever its state, and a comparison in constant time.
///
/// A legacy digest costs one at `current` for nothing, so that it takes as long as any other. A
/// verifier made at a lower cost is asked at its own; a password that does not match costs the rest
/// up to `current`, so that the time does not tell who has not logged in since the cost rose. One
/// made at a higher cost takes longer, until a login has replaced it.
///
/// # Errors
/// [`super::NO_MEMORY`].
pub fn verify(
    verifier: &Verifier,
    password: &Password,
    current: Params,
    workspace: &mut Workspace,
) -> Result<Verdict> {
    let (matches, upgrade) = match &verifier.0 {
        Content::Argon2id(phc) => {
            let matches = agrees(phc, password.normal(), workspace)?;
            if !matches {
                spend_rest(phc.params, password, current, workspace)?;
            }
            (matches, phc.params.is_below(current))
        }
        Content::WrappedSha256(phc) => {
            let digest = sha256(password.typed());
            let matches = agrees(phc, digest.as_slice(), workspace)?;
            if !matches {
                spend_rest(phc.params, password, current, workspace)?;
            }
            (matches, true)
        }
        Content::LegacySha256(digest) => {
            dummy(password, current, workspace)?;
            (sha256(password.typed()).ct_eq(digest.as_slice()).into(), true)
        }
    };
    Ok(if matches { Verdict::Match { upgrade } } else { Verdict::NoMatch })
}

/// Turns a legacy digest into Argon2id of the digest; any other verifier comes back as it is and
/// costs nothing, so that a job may meet a row twice.
///
/// # Errors
/// [`super::NO_MEMORY`].
pub fn wrap(
    verifier: Verifier,
    params: Params,
    salt: [u8; 16],
    workspace: &mut Workspace,
) -> Result<Verifier> {
    match &verifier.0 {
        Content::LegacySha256(digest) => derive(digest.as_slice(), params, salt, workspace)
            .map(|phc| Verifier(Content::WrappedSha256(phc))),
        Content::Argon2id(_) | Content::WrappedSha256(_) => Ok(verifier),
    }
}

/// One Argon2id whose tag is thrown away: what a login costs when there is no verifier, because the
/// account is unknown, closed or erased.
///
/// # Errors
/// [`super::NO_MEMORY`].
pub fn dummy(password: &Password, current: Params, workspace: &mut Workspace) -> Result<()> {
    let phc = derive(password.normal(), current, [0; 16], workspace)?;
    std::hint::black_box(&phc.tag);
    Ok(())
}

/// What an Argon2id at `current` costs more than the one at `spent`: the time goes with memory times
/// passes.
fn spend_rest(
    spent: Params,
    password: &Password,
    current: Params,
    workspace: &mut Workspace,
) -> Result<()> {
    let rest = current.kib_filled().saturating_sub(spent.kib_filled());
    let memory = u32::try_from(rest / u64::from(current.passes())).unwrap_or(u32::MAX);
    // Less than the least that Argon2id takes is not heard.
    match Params::new(memory, current.passes(), current.lanes()) {
        Ok(rest) => dummy(password, rest, workspace),
        Err(_) => Ok(()),
    }
}

fn derive(input: &[u8], params: Params, salt: [u8; 16], workspace: &mut Workspace) -> Result<Phc> {
    let mut tag = Zeroizing::new(vec![0; TAG_BYTES]);
    workspace.argon2id(input, &salt, params, &mut tag)?;
    Ok(Phc { params, salt: Zeroizing::new(salt.to_vec()), tag })
}

fn agrees(phc: &Phc, input: &[u8], workspace: &mut Workspace) -> Result<bool> {
    let mut tag = Zeroizing::new(vec![0; phc.tag.len()]);
    workspace.argon2id(input, &phc.salt, phc.params, &mut tag)?;
    Ok(tag.ct_eq(phc.tag.as_slice()).into())
}

fn sha256(input: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(Sha256::digest(input).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SALT: [u8; 16] = [9; 16];

    fn cheap() -> Params {
        Params::new(16, 1, 1).unwrap()
    }

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    fn legacy(text: &str) -> Verifier {
        Verifier::legacy_sha256(*sha256(text.as_bytes()))
    }

    /// One verifier of `text` in each state.
    fn all(text: &str, workspace: &mut Workspace) -> [Verifier; 3] {
        [
            hash(&password(text), cheap(), SALT, workspace).unwrap(),
            legacy(text),
            wrap(legacy(text), cheap(), SALT, workspace).unwrap(),
        ]
    }

    #[test]
    fn the_right_password_matches_in_every_state_and_no_other_does() {
        let mut workspace = Workspace::new();
        let [plain, legacy, wrapped] = all("correct horse", &mut workspace);
        assert_eq!(wrapped.kind(), VerifierKind::WrappedSha256);
        for (verifier, upgrade) in [(&plain, false), (&legacy, true), (&wrapped, true)] {
            let mut ask =
                |text| verify(verifier, &password(text), cheap(), &mut workspace).unwrap();
            assert_eq!(ask("correct horse"), Verdict::Match { upgrade });
            for wrong in ["Correct horse", "correct horse ", "correct hors", "x"] {
                assert_eq!(ask(wrong), Verdict::NoMatch);
            }
        }
        // Who has stolen the digest cannot log in with it.
        let hex: String = sha256(b"correct horse").iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(
            verify(&wrapped, &password(&hex), cheap(), &mut workspace).unwrap(),
            Verdict::NoMatch
        );
    }

    #[test]
    fn sha_256_of_the_bytes_as_typed_is_what_an_older_system_kept() {
        // FIPS 180-2, appendix B.1: the digest of `abc`.
        let abc = [
            0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae,
            0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61,
            0xf2, 0x00, 0x15, 0xad,
        ];
        let mut workspace = Workspace::new();
        let verifier = Verifier::legacy_sha256(abc);
        let verdict = verify(&verifier, &password("abc"), cheap(), &mut workspace).unwrap();
        assert_eq!(verdict, Verdict::Match { upgrade: true });
        let decomposed = legacy("cafe\u{301}");
        let verdict =
            verify(&decomposed, &password("cafe\u{301}"), cheap(), &mut workspace).unwrap();
        assert_eq!(verdict, Verdict::Match { upgrade: true });
    }

    #[test]
    fn every_login_costs_one_argon2id() {
        let mut workspace = Workspace::new();
        let verifiers = all("correct horse", &mut workspace);
        for text in ["correct horse", "wrong"] {
            let before = workspace.calls();
            dummy(&password(text), cheap(), &mut workspace).unwrap();
            assert_eq!(workspace.calls() - before, 1);
            for verifier in &verifiers {
                let before = workspace.calls();
                verify(verifier, &password(text), cheap(), &mut workspace).unwrap();
                assert_eq!(workspace.calls() - before, 1, "{verifier:?}");
            }
        }
    }

    #[test]
    fn a_wrong_password_costs_as_much_as_an_unknown_account_after_the_cost_rose() {
        let mut workspace = Workspace::new();
        let verifiers = all("p", &mut workspace);
        for (m, t, p) in [(16, 1, 1), (20, 1, 1), (64, 1, 1), (64, 3, 1), (256, 2, 4), (16, 5, 1)] {
            let current = Params::new(m, t, p).unwrap();
            let before = workspace.kib_filled();
            dummy(&password("x"), current, &mut workspace).unwrap();
            let unknown = workspace.kib_filled() - before;
            assert_eq!(unknown, u64::from(m * t));
            for verifier in &verifiers {
                let before = workspace.kib_filled();
                verify(verifier, &password("x"), current, &mut workspace).unwrap();
                let wrong = workspace.kib_filled() - before;
                assert!(unknown - wrong <= u64::from(8 * p * t), "{unknown} {wrong}");
                assert!(unknown - wrong <= unknown / 4, "{unknown} {wrong}");
            }
        }
    }

    #[test]
    fn a_higher_cost_asks_for_an_upgrade_and_a_lower_one_does_not() {
        let mut workspace = Workspace::new();
        let verifier = hash(&password("p"), cheap(), SALT, &mut workspace).unwrap();
        for (m, t, upgrade) in [(16, 1, false), (8, 1, false), (32, 1, true), (16, 2, true)] {
            let current = Params::new(m, t, 1).unwrap();
            let verdict = verify(&verifier, &password("p"), current, &mut workspace).unwrap();
            assert_eq!(verdict, Verdict::Match { upgrade });
        }
    }

    #[test]
    fn wrapping_twice_changes_nothing_and_costs_nothing() {
        let mut workspace = Workspace::new();
        for verifier in
            all("p", &mut workspace).into_iter().filter(|v| v.kind() != VerifierKind::LegacySha256)
        {
            let (calls, bytes) = (workspace.calls(), verifier.encode());
            let again = wrap(verifier, cheap(), [1; 16], &mut workspace).unwrap();
            assert_eq!((workspace.calls(), again.encode()), (calls, bytes));
        }
    }

    #[test]
    fn salts_make_equal_passwords_differ() {
        let mut workspace = Workspace::new();
        let one = hash(&password("p"), cheap(), [1; 16], &mut workspace).unwrap();
        let two = hash(&password("p"), cheap(), [2; 16], &mut workspace).unwrap();
        assert_ne!(one.encode(), two.encode());
    }

    #[test]
    fn bytes_come_back_and_nothing_is_printed() {
        let mut workspace = Workspace::new();
        for verifier in all("correct horse", &mut workspace) {
            let bytes = verifier.encode();
            let back = Verifier::decode(&bytes).unwrap();
            assert_eq!((back.kind(), back.encode()), (verifier.kind(), bytes.clone()));
            assert_eq!(format!("{back:?}"), format!("Verifier({:?}, redacted)", back.kind()));
            let mut longer = bytes.to_vec();
            longer.push(0);
            for wrong in [&bytes[..bytes.len() - 1], &longer, &[]] {
                assert!(Verifier::decode(wrong).unwrap_err().is(&codec::MALFORMED));
            }
        }
        assert_eq!(legacy("x").encode().len(), 4 + DOMAIN.len() + 1 + 32);
        let forged = "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA";
        let mut encoder = Encoder::new(DOMAIN);
        encoder.u8(1).text(forged);
        assert!(Verifier::decode(encoder.as_bytes()).unwrap_err().is(&codec::MALFORMED));
        assert!(Verifier::from_phc(forged).unwrap_err().is(&crate::password::BAD_PHC));
    }

    proptest! {
        #[test]
        fn decoding_never_panics(tail in proptest::collection::vec(any::<u8>(), 0..80)) {
            let mut encoder = Encoder::new(DOMAIN);
            encoder.raw(&tail);
            for bytes in [encoder.as_bytes(), &tail] {
                if let Ok(verifier) = Verifier::decode(bytes) {
                    let encoded = verifier.encode();
                    prop_assert_eq!(encoded.as_slice(), bytes);
                }
            }
        }

        #[test]
        fn only_the_same_password_matches(a in "[a-c]{1,3}", b in "[a-c]{1,3}") {
            let mut workspace = Workspace::new();
            for verifier in all(&a, &mut workspace) {
                let verdict = verify(&verifier, &password(&b), cheap(), &mut workspace).unwrap();
                prop_assert_eq!(verdict != Verdict::NoMatch, a == b);
            }
        }
    }
}
