//! Since when purposes are there: a later one says so, so that nobody who was not told of it is read.

use std::collections::BTreeMap;

use super::super::codes::PURPOSE_SINCE;
use super::in_force::{InForce, follows};
use crate::codec::{Decoder, Encoder};
use crate::error::Result;
use crate::name::Name;
use crate::policy::{LawfulBasis, Policy};

impl InForce {
    /// Whether a policy that comes says of each purpose since when it is there: one that was not there
    /// before came behind this policy, and none is said to be older than it was.
    ///
    /// A purpose that rests on a legal obligation may be silent: the law that obliges is not made to
    /// wait for a notice.
    ///
    /// # Law
    /// Art. 13(3) GDPR.
    pub(super) fn check_since(&self, policy: &Policy) -> Result<()> {
        let Some(known) = &self.purposes else { return Ok(()) };
        for purpose in policy.purposes.values() {
            let is_duty = matches!(purpose.basis, LawfulBasis::LegalObligation { .. });
            let says_so = match known.get(&purpose.name) {
                Some(before) => purpose.since >= *before,
                None => purpose.since.is_some_and(|since| since > self.mark.version) || is_duty,
            };
            if !says_so {
                let version = self.mark.version;
                let error = PURPOSE_SINCE.error().with("purpose", &purpose.name);
                return Err(error.with("version", version));
            }
        }
        Ok(())
    }
}

pub(super) fn encode(e: &mut Encoder, purposes: &BTreeMap<Name, Option<u64>>) {
    e.list(purposes.len());
    for (purpose, since) in purposes {
        e.text(purpose.as_str()).u8(u8::from(since.is_some()));
        if let Some(since) = since {
            e.u64(*since);
        }
    }
}

pub(super) fn decode(d: &mut Decoder<'_>) -> Result<BTreeMap<Name, Option<u64>>> {
    let mut purposes = BTreeMap::new();
    for _ in 0..d.list(6)? {
        let purpose = follows(&purposes, d.name()?)?;
        let since = if d.flag()? { Some(d.u64()?) } else { None };
        purposes.insert(purpose, since);
    }
    Ok(purposes)
}
