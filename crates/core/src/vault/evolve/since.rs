//! What a policy has promised of its purposes and texts of consent: a later one says what is new of
//! them, so that nobody who was not told of it is read, and brings back no consent that has ended.

use std::collections::BTreeMap;

use super::super::codes::PURPOSE_SINCE;
use super::in_force::{InForce, follows};
use crate::codec::{Decoder, Encoder, MALFORMED};
use crate::error::{Code, Kind, Result};
use crate::name::Name;
use crate::policy::{Basis, Policy};

/// A text of consent that goes back; context: `text`, and the `version` and `oldest_valid` that it had.
pub static CONSENT_VERSION: Code = Code::new(
    "vault.consent_version",
    Kind::Configuration,
    "a text of consent goes back to no older version, and counts no older one again",
);

/// Purposes and texts of consent, as far as a later policy is held against them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Promised {
    pub(super) purposes: BTreeMap<Name, KnownPurpose>,
    /// Also those that a policy before this one had.
    pub(super) texts: BTreeMap<Name, KnownText>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KnownPurpose {
    /// The version with which it came, if it says so.
    pub(super) since: Option<u64>,
    /// On what it rests.
    pub(super) basis: Basis,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KnownText {
    pub(super) version: u64,
    pub(super) oldest_valid: u64,
}

impl Promised {
    /// What a policy promises, with the texts that were there before it.
    pub(super) fn of(policy: &Policy, before: Option<&Self>) -> Self {
        let purposes = policy.purposes.values().map(|purpose| {
            let known = KnownPurpose { since: purpose.since, basis: purpose.basis.kind() };
            (purpose.name.clone(), known)
        });
        let mut texts = before.map_or_else(BTreeMap::new, |before| before.texts.clone());
        texts.extend(policy.consents.values().map(|text| {
            let (version, oldest_valid) = (text.version, text.oldest_valid);
            (text.name.clone(), KnownText { version, oldest_valid })
        }));
        Self { purposes: purposes.collect(), texts }
    }

    pub(super) fn encode(&self, e: &mut Encoder) {
        e.list(self.purposes.len());
        for (purpose, KnownPurpose { since, basis }) in &self.purposes {
            e.text(purpose.as_str()).u8(u8::from(since.is_some()));
            if let Some(since) = since {
                e.u64(*since);
            }
            e.text(basis.as_str());
        }
        e.list(self.texts.len());
        for (text, KnownText { version, oldest_valid }) in &self.texts {
            e.text(text.as_str()).u64(*version).u64(*oldest_valid);
        }
    }

    pub(super) fn decode(d: &mut Decoder<'_>) -> Result<Self> {
        let mut promised = Self::default();
        for _ in 0..d.list(10)? {
            let purpose = follows(&promised.purposes, d.name()?)?;
            let since = if d.flag()? { Some(d.u64()?) } else { None };
            let basis = Basis::parse(d.text()?).ok_or_else(|| MALFORMED.error())?;
            promised.purposes.insert(purpose, KnownPurpose { since, basis });
        }
        for _ in 0..d.list(21)? {
            let text = follows(&promised.texts, d.name()?)?;
            let (version, oldest_valid) = (d.u64()?, d.u64()?);
            promised.texts.insert(text, KnownText { version, oldest_valid });
        }
        Ok(promised)
    }
}

impl InForce {
    /// Whether a policy that comes says of each purpose since when it is there: one that was not there
    /// before, or that rests on another basis from now on, came behind this policy, and none is said to
    /// be older than it was. No text of consent goes back to an older version, or counts an older one
    /// again.
    ///
    /// A purpose that rests on a legal obligation may be silent: the law that obliges is not made to
    /// wait for a notice. Once it rests on something else, it waits.
    ///
    /// # Law
    /// Art. 13(1)(c) and (3), 7(1) GDPR.
    pub(super) fn check_since(&self, policy: &Policy) -> Result<()> {
        let Some(known) = &self.promised else { return Ok(()) };
        for purpose in policy.purposes.values() {
            let basis = purpose.basis.kind();
            let is_new = purpose.since.is_some_and(|since| since > self.mark.version);
            let is_duty = basis == Basis::LegalObligation;
            let says_so = match known.purposes.get(&purpose.name) {
                Some(before) if purpose.since < before.since => false,
                Some(before) => before.basis == basis || is_new || is_duty,
                None => is_new || is_duty,
            };
            if !says_so {
                let version = self.mark.version;
                let error = PURPOSE_SINCE.error().with("purpose", &purpose.name);
                return Err(error.with("version", version));
            }
        }
        for text in policy.consents.values() {
            let Some(before) = known.texts.get(&text.name) else { continue };
            if text.version < before.version || text.oldest_valid < before.oldest_valid {
                let error = CONSENT_VERSION.error().with("text", &text.name);
                let error = error.with("version", before.version);
                return Err(error.with("oldest_valid", before.oldest_valid));
            }
        }
        Ok(())
    }
}
