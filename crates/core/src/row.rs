//! Rows: the one shape in which everything persisted is stored.
//!
//! A room never sees a database: it makes rows, and a [`crate::ports::Store`] keeps them. What
//! holds personal data in a row is sealed in its body, an envelope per item; the columns beside it
//! say whose it is, what it is and when its clock started, and nothing else.

use sha2::{Digest as _, Sha256};

use crate::clock::Timestamp;
use crate::codec::{Decoder, Encoder};
use crate::error::Result;
use crate::id::{RowId, SubjectId};
use crate::name::Name;

/// Where a row is: the subject it belongs to, what kind of thing it is, and which one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowKey {
    /// Whose row it is. Rows about nobody belong to [`SubjectId::CONTROLLER`].
    pub subject: SubjectId,
    /// What it is: `profile.account`, `erasure`, …
    pub kind: Name,
    /// Which one, where a subject can have several; else [`RowId::ONLY`].
    pub id: RowId,
}

impl RowKey {
    /// The key of the only row of its kind.
    #[must_use]
    pub const fn only(subject: SubjectId, kind: Name) -> Self {
        Self { subject, kind, id: RowId::ONLY }
    }
}

/// The states of kept data. Rows that are work (jobs, messages) have states of their own room.
pub mod state {
    use crate::name::Name;

    /// In use for the purposes of the policy.
    pub const LIVE: Name = Name::fixed("live");
    /// An erasure met a statutory duty: readable only for the purpose of that law, until its day.
    pub const ARCHIVED: Name = Name::fixed("archived");
    /// Restricted under Art. 18 GDPR.
    pub const RESTRICTED: Name = Name::fixed("restricted");
    /// A record on which nothing is to be done any more: its retention clock runs.
    pub const CLOSED: Name = Name::fixed("closed");
    /// Work that is to be done.
    pub const PENDING: Name = Name::fixed("pending");
    /// What a store says of a row that lies under its key and cannot be read whole. Nobody writes a row
    /// in it, so that the log finds what is so, as it finds whatever else was altered.
    pub const UNREADABLE: Name = Name::fixed("unreadable");
}

/// 128 bits of a keyed hash under which a row is found without its plaintext being stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token {
    /// The index it belongs to; each has a key of its own.
    pub index: Name,
    /// HMAC-SHA-256 of the normal form, cut to 16 bytes.
    pub value: [u8; 16],
    /// Whether one row alone may carry it.
    pub unique: bool,
}

/// A row as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where it is.
    pub key: RowKey,
    /// The class of data it belongs to, and so its key, its clock and its end; rows that hold no
    /// personal data have none.
    pub class: Option<Name>,
    /// Its state, see [`state`].
    pub state: Name,
    /// Whether a legal hold keeps it from any erasure (Art. 17(3), 18 GDPR).
    pub held: bool,
    /// When its retention clock started; `None` while it has not.
    pub anchor_at: Option<Timestamp>,
    /// When work on it is due, or items of an archived row end before the row does; `None` if nothing
    /// is.
    pub due_at: Option<Timestamp>,
    /// Counts its writes, from 1.
    pub version: u64,
    /// Under which it is found; the store keeps the look-ups in step.
    pub tokens: Vec<Token>,
    /// Envelopes per item ([`crate::seal::Body`]), or the room's own encoding where it holds no
    /// personal data.
    pub body: Vec<u8>,
}

const DOMAIN: &str = "tacenda/row/1";

impl Row {
    /// The SHA-256 of the whole row: what its leaf in the log states.
    ///
    /// Leases are outside: claiming work is no change.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.encode()).into()
    }

    /// The store-neutral encoding that is digested and that moves between stores.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        e.raw(self.key.subject.as_bytes()).text(self.key.kind.as_str()).raw(self.key.id.as_bytes());
        e.text(self.class.as_ref().map_or("", Name::as_str)).text(self.state.as_str());
        e.u8(u8::from(self.held)).time_opt(self.anchor_at).time_opt(self.due_at).u64(self.version);
        encode_tokens(&mut e, &self.tokens);
        e.bytes(&self.body);
        e.finish()
    }

    /// Reads the encoding back.
    ///
    /// # Errors
    /// [`crate::codec::MALFORMED`] for anything that [`Row::encode`] does not write.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut d = Decoder::new(bytes, DOMAIN)?;
        let key = RowKey {
            subject: SubjectId::from_bytes(d.raw()?),
            kind: d.name()?,
            id: RowId::from_bytes(d.raw()?),
        };
        let class = match d.text()? {
            "" => None,
            text => Some(Name::parse(text).map_err(|_| crate::codec::MALFORMED.error())?),
        };
        let (state, held) = (d.name()?, d.flag()?);
        let (anchor_at, due_at, version) = (d.time_opt()?, d.time_opt()?, d.u64()?);
        let tokens = decode_tokens(&mut d)?;
        let body = d.bytes()?.to_vec();
        d.end()?;
        Ok(Self { key, class, state, held, anchor_at, due_at, version, tokens, body })
    }
}

/// Writes tokens as they stand in a row.
pub fn encode_tokens(e: &mut Encoder, tokens: &[Token]) {
    e.list(tokens.len());
    for token in tokens {
        e.text(token.index.as_str()).raw(&token.value).u8(u8::from(token.unique));
    }
}

/// Reads tokens as they stand in a row.
///
/// # Errors
/// [`crate::codec::MALFORMED`] for anything that [`encode_tokens`] does not write.
pub fn decode_tokens(d: &mut Decoder<'_>) -> Result<Vec<Token>> {
    let len = d.list(21)?;
    (0..len).map(|_| Ok(Token { index: d.name()?, value: d.raw()?, unique: d.flag()? })).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn sample() -> Row {
        Row {
            key: RowKey::only(SubjectId::from_bytes([1; 16]), Name::fixed("profile.account")),
            class: Some(Name::fixed("account")),
            state: state::LIVE,
            held: false,
            anchor_at: Some(Timestamp::from_micros(1_700_000_000_000_000)),
            due_at: None,
            version: 1,
            tokens: vec![Token { index: Name::fixed("email"), value: [7; 16], unique: true }],
            body: vec![1, 2, 3],
        }
    }

    #[test]
    fn any_change_of_a_row_changes_its_digest() {
        let row = sample();
        let changes: [fn(&mut Row); 10] = [
            |r| r.key.subject = SubjectId::from_bytes([2; 16]),
            |r| r.key.kind = Name::fixed("profile.billing"),
            |r| r.key.id = RowId::from_bytes([1; 16]),
            |r| r.class = None,
            |r| r.state = state::ARCHIVED,
            |r| r.held = true,
            |r| r.anchor_at = None,
            |r| r.due_at = Some(Timestamp::from_micros(0)),
            |r| r.version = 2,
            |r| r.tokens.clear(),
        ];
        for change in changes {
            let mut other = row.clone();
            change(&mut other);
            assert_ne!(other.digest(), row.digest());
            assert_eq!(Row::decode(&other.encode()).unwrap(), other);
        }
    }

    proptest! {
        #[test]
        fn decoding_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Row::decode(&bytes);
            let mut framed = sample().encode();
            for (to, from) in framed.iter_mut().skip(17).zip(bytes) {
                *to ^= from;
            }
            let _ = Row::decode(&framed);
        }
    }
}
