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
mod tests;
