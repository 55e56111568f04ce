//! Leaves: what the log says happened, without a single value.
//!
//! A leaf names who did what to whom for which purpose under which policy, and carries the SHA-256
//! of every row it wrote. It is pseudonymous data: the subject's id stands in it, never a value or
//! a digest of one. A random salt keeps anybody from confirming a guessed leaf by its hash once the
//! text is pruned.

use serde::{Serialize, Serializer};

use crate::clock::Timestamp;
use crate::codec::{Decoder, Encoder};
use crate::error::{Context, Result};
use crate::id::{ActorId, RowId, SubjectId};
use crate::name::Name;

/// An entry of the log. Serialised for people and programs that read receipts: times, ids and names
/// as text, digests and salt in hexadecimal, details as pairs in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leaf {
    /// When it happened.
    pub at: Timestamp,
    /// Who did it.
    pub actor: ActorId,
    /// What was done: `subject.registered`, `read.refused`, …
    pub action: Name,
    /// For which purpose of the policy, where one was named.
    pub purpose: Option<Name>,
    /// Whose data; [`SubjectId::CONTROLLER`] where it is nobody's.
    pub subject: SubjectId,
    /// Codes, classes, laws, dates: what a receipt states. Never values.
    pub details: Vec<(String, String)>,
    /// The digest of the policy in force.
    #[serde(serialize_with = "hex")]
    pub policy: [u8; 32],
    /// Random bytes.
    #[serde(serialize_with = "hex")]
    pub salt: [u8; 16],
    /// The rows of this subject that were written, with their digests.
    pub rows: Vec<RowStamp>,
}

/// What a leaf states about one row of its subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowStamp {
    /// The row's kind.
    pub kind: Name,
    /// The row's id.
    pub id: RowId,
    /// The SHA-256 of the stored row; `None` if it was deleted.
    #[serde(serialize_with = "hex_opt")]
    pub digest: Option<[u8; 32]>,
}

fn hex<S: Serializer>(bytes: impl AsRef<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    let text: String = bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    serializer.serialize_str(&text)
}

fn hex_opt<S: Serializer>(bytes: &Option<[u8; 32]>, serializer: S) -> Result<S::Ok, S::Error> {
    match bytes {
        Some(bytes) => hex(bytes, serializer),
        None => serializer.serialize_none(),
    }
}

const DOMAIN: &str = "tacenda/leaf/1";

impl Leaf {
    /// The bytes whose hash enters the tree and that a receipt carries.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        e.i64(self.at.as_micros()).raw(self.actor.as_bytes()).text(self.action.as_str());
        e.text(self.purpose.as_ref().map_or("", Name::as_str)).raw(self.subject.as_bytes());
        e.list(self.details.len());
        for (key, value) in &self.details {
            e.text(key).text(value);
        }
        e.raw(&self.policy).raw(&self.salt).list(self.rows.len());
        for row in &self.rows {
            e.text(row.kind.as_str()).raw(row.id.as_bytes());
            match row.digest {
                None => e.u8(0),
                Some(digest) => e.u8(1).raw(&digest),
            };
        }
        e.finish()
    }

    /// Reads the bytes of a leaf back.
    ///
    /// # Errors
    /// [`crate::codec::MALFORMED`] for anything that [`Leaf::encode`] does not write.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut d = Decoder::new(bytes, DOMAIN)?;
        let at = Timestamp::from_micros(d.i64()?);
        let actor = ActorId::from_bytes(d.raw()?);
        let action = d.name()?;
        let purpose = match d.text()? {
            "" => None,
            text => Some(Name::parse(text).map_err(|_| crate::codec::MALFORMED.error())?),
        };
        let subject = SubjectId::from_bytes(d.raw()?);
        let details = (0..d.list(8)?)
            .map(|_| Ok((d.text()?.to_owned(), d.text()?.to_owned())))
            .collect::<Result<_>>()?;
        let (policy, salt) = (d.raw()?, d.raw()?);
        let rows = (0..d.list(21)?)
            .map(|_| {
                let (kind, id) = (d.name()?, RowId::from_bytes(d.raw()?));
                let digest = if d.flag()? { Some(d.raw()?) } else { None };
                Ok(RowStamp { kind, id, digest })
            })
            .collect::<Result<_>>()?;
        d.end()?;
        Ok(Self { at, actor, action, purpose, subject, details, policy, salt, rows })
    }

    /// Adds a detail.
    #[must_use]
    pub fn detail(mut self, key: &'static str, value: impl Into<Context>) -> Self {
        self.details.push((key.to_owned(), value.into().plain()));
        self
    }

    /// The first detail under a key.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<&str> {
        self.details.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> Leaf {
        Leaf {
            at: Timestamp::from_micros(1_767_225_600_000_000),
            actor: ActorId::from_bytes([2; 16]),
            action: Name::fixed("subject.read"),
            purpose: Some(Name::fixed("billing")),
            subject: SubjectId::from_bytes([3; 16]),
            details: vec![],
            policy: [4; 32],
            salt: [5; 16],
            rows: vec![
                RowStamp { kind: Name::fixed("profile.account"), id: RowId::ONLY, digest: None },
                RowStamp { kind: Name::fixed("erasure"), id: RowId::ONLY, digest: Some([6; 32]) },
            ],
        }
        .detail("class", Name::fixed("account"))
        .detail("rows", 2u64)
    }

    #[test]
    fn reads_back_what_was_written() {
        let leaf = sample();
        assert_eq!(Leaf::decode(&leaf.encode()).unwrap(), leaf);
        assert_eq!((leaf.find("class"), leaf.find("rows")), (Some("account"), Some("2")));
    }

    #[test]
    fn is_read_as_json_by_programs() {
        let json = serde_json::to_value(sample()).unwrap();
        assert_eq!(json["at"], "2026-01-01T00:00:00Z");
        assert_eq!(json["action"], "subject.read");
        assert_eq!(json["details"][0], serde_json::json!(["class", "account"]));
        assert_eq!(json["policy"].as_str().unwrap().len(), 64);
        assert_eq!(json["rows"][0]["digest"], serde_json::Value::Null);
        assert_eq!(json["rows"][1]["digest"].as_str().unwrap()[..4], *"0606");
    }

    proptest! {
        #[test]
        fn decoding_never_panics_and_is_the_only_reading(
            at in 0usize..300, flip in 1u8..=255, cut in 0usize..300,
        ) {
            let mut bytes = sample().encode();
            if let Some(byte) = bytes.get_mut(at) { *byte ^= flip; }
            bytes.truncate(cut.max(1));
            if let Ok(leaf) = Leaf::decode(&bytes) {
                prop_assert_eq!(leaf.encode(), bytes);
            }
        }
    }
}
