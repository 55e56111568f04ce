//! A change in the form and the order in which it is written: made in the thread that asks, so
//! that the writer has less to do.

use tacenda_core::clock::Timestamp;
use tacenda_core::codec::{Decoder, Encoder};
use tacenda_core::error::Result;
use tacenda_core::id::{RowId, SubjectId};
use tacenda_core::log::{Hash, leaf_hash};
use tacenda_core::name::Name;
use tacenda_core::ports::store::CORRUPT;
use tacenda_core::ports::{Change, Expect, NewLeaf, PolicyMark, RowDelete};
use tacenda_core::row::{Row, RowKey, Token, decode_tokens, encode_tokens};

/// Past how many rows and leaves a change is bulk.
const BULK: usize = 64;

/// A [`Change`] that makes sense, ready to be written.
pub(super) struct Prepared {
    /// New rows, by key.
    pub(super) inserts: Vec<RowWrite>,
    /// Rows in a new version, by key, with the version that is there.
    pub(super) updates: Vec<(RowWrite, u64)>,
    /// By key.
    pub(super) deletes: Vec<RowDelete>,
    pub(super) requires: Vec<(RowKey, Expect)>,
    pub(super) leased: Vec<(RowKey, Timestamp)>,
    /// The look-ups of the new rows, in no order yet.
    pub(super) lookups: Vec<Lookup>,
    pub(super) leaves: Vec<(NewLeaf, Hash)>,
    pub(super) safe_sequence: u64,
    pub(super) under: Option<u64>,
    pub(super) policy: Option<PolicyMark>,
    pub(super) new_epoch: Option<u32>,
    pub(super) is_bulk: bool,
}

/// A row with its encoded tokens and its place in the change.
pub(super) struct RowWrite {
    pub(super) row: Row,
    pub(super) tokens: Vec<u8>,
    pub(super) order: usize,
}

/// A row of the `lookups` table.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lookup {
    pub(super) index: Name,
    pub(super) token: [u8; 16],
    /// Empty for a unique token, else the row's key.
    pub(super) owner: Vec<u8>,
    /// Where in the change its row stands: of two rows that claim a token the later one loses.
    order: usize,
    /// The row's key for a unique token, else empty.
    pub(super) row: Vec<u8>,
    pub(super) subject: SubjectId,
}

impl Prepared {
    pub(super) fn new(change: Change) -> Result<Self> {
        change.check()?;
        let size = change.writes.len().max(change.deletes.len()).max(change.leaves.len());
        let mut prepared = Self {
            inserts: Vec::with_capacity(change.writes.len()),
            updates: Vec::new(),
            deletes: change.deletes,
            requires: change.requires,
            leased: change.leased,
            lookups: Vec::with_capacity(change.writes.len()),
            leaves: Vec::with_capacity(change.leaves.len()),
            safe_sequence: change.safe_sequence,
            under: change.under,
            policy: change.policy,
            new_epoch: change.new_epoch,
            is_bulk: size > BULK,
        };
        for (order, write) in change.writes.into_iter().enumerate() {
            let tokens = token_bytes(&write.row.tokens);
            let row = RowWrite { row: write.row, tokens, order };
            match write.expect {
                Expect::Version(version) => prepared.updates.push((row, version)),
                Expect::Absent => {
                    prepared.lookups.extend(row.lookups());
                    prepared.inserts.push(row);
                }
            }
        }
        prepared.inserts.sort_unstable_by(|a, b| a.row.key.cmp(&b.row.key));
        prepared.updates.sort_unstable_by(|(a, _), (b, _)| a.row.key.cmp(&b.row.key));
        prepared.deletes.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        prepared.leaves.extend(change.leaves.into_iter().map(|leaf| {
            let hash = leaf_hash(&leaf.bytes);
            (leaf, hash)
        }));
        Ok(prepared)
    }

    /// Whether it writes nothing but leaves, after its last check.
    pub(super) fn only_appends(&self) -> bool {
        self.inserts.is_empty() && self.updates.is_empty() && self.deletes.is_empty()
    }
}

impl RowWrite {
    pub(super) fn lookups(&self) -> impl Iterator<Item = Lookup> {
        lookups(&self.row.key, &self.row.tokens, self.order)
    }
}

impl Lookup {
    /// Whether it stands for this token of its row.
    pub(super) fn is_of(&self, token: &Token) -> bool {
        let unique = self.owner.is_empty();
        self.index == token.index && self.token == token.value && unique == token.unique
    }
}

/// The look-ups of a row, each once.
pub(super) fn lookups(
    key: &RowKey,
    tokens: &[Token],
    order: usize,
) -> impl Iterator<Item = Lookup> {
    let fresh = |(n, token): &(usize, &Token)| !tokens.iter().take(*n).any(|t| t == *token);
    tokens.iter().enumerate().filter(fresh).map(move |(_, token)| {
        let (index, bytes) = (token.index.clone(), key_bytes(key));
        let (owner, row) = if token.unique { (Vec::new(), bytes) } else { (bytes, Vec::new()) };
        Lookup { index, token: token.value, owner, order, row, subject: key.subject }
    })
}

/// A row's id as it is stored: nothing if it is the only one, which sorts the same as nil.
pub(super) fn id_bytes(id: &RowId) -> &[u8] {
    if *id == RowId::ONLY { &[] } else { id.as_bytes() }
}

/// Reads [`id_bytes`].
pub(super) fn read_id(bytes: &[u8]) -> Result<RowId> {
    match bytes {
        [] => Ok(RowId::ONLY),
        _ => bytes.try_into().map(RowId::from_bytes).map_err(|_| CORRUPT.error()),
    }
}

/// A row's key in one string that sorts as keys do: no name holds a zero byte.
pub(super) fn key_bytes(key: &RowKey) -> Vec<u8> {
    let (kind, id) = (key.kind.as_str().as_bytes(), id_bytes(&key.id));
    let mut bytes = Vec::with_capacity(17 + kind.len() + id.len());
    bytes.extend_from_slice(key.subject.as_bytes());
    bytes.extend_from_slice(kind);
    bytes.push(0);
    bytes.extend_from_slice(id);
    bytes
}

/// Reads [`key_bytes`].
pub(super) fn read_key(bytes: &[u8]) -> Result<RowKey> {
    let (subject, rest) = bytes.split_first_chunk::<16>().ok_or_else(|| CORRUPT.error())?;
    let end = rest.iter().position(|byte| *byte == 0).ok_or_else(|| CORRUPT.error())?;
    let (kind, id) = rest.split_at_checked(end).ok_or_else(|| CORRUPT.error())?;
    let kind = std::str::from_utf8(kind).map_err(|_| CORRUPT.error())?;
    Ok(RowKey {
        subject: SubjectId::from_bytes(*subject),
        kind: read_name(kind)?,
        id: read_id(id.get(1..).unwrap_or_default())?,
    })
}

/// Reads a name that stands in the file.
pub(super) fn read_name(text: &str) -> Result<Name> {
    Name::parse(text).map_err(|_| CORRUPT.error())
}

fn token_bytes(tokens: &[Token]) -> Vec<u8> {
    if tokens.is_empty() {
        return Vec::new();
    }
    let mut encoder = Encoder::default();
    encoder.text(TOKENS);
    encode_tokens(&mut encoder, tokens);
    encoder.finish()
}

/// Reads the `tokens` column.
pub(super) fn read_tokens(bytes: &[u8]) -> Result<Vec<Token>> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let malformed = |_| CORRUPT.error();
    let mut decoder = Decoder::new(bytes, TOKENS).map_err(malformed)?;
    let tokens = decode_tokens(&mut decoder).map_err(malformed)?;
    decoder.end().map_err(malformed)?;
    Ok(tokens)
}

/// The domain of the column's encoding.
const TOKENS: &str = "t1";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> impl Strategy<Value = RowKey> {
        let kinds = prop_oneof!["[a-z][a-z.-]{0,5}", Just("job".to_owned())];
        (0u8..3, kinds, 0u8..3).prop_map(|(s, kind, id)| RowKey {
            subject: SubjectId::from_bytes([s; 16]),
            kind: Name::parse(&kind).unwrap(),
            id: RowId::from_bytes([id; 16]),
        })
    }

    proptest! {
        #[test]
        fn keys_in_bytes_sort_as_keys(a in key(), b in key()) {
            prop_assert_eq!(key_bytes(&a).cmp(&key_bytes(&b)), a.cmp(&b));
            prop_assert_eq!(read_key(&key_bytes(&a)).unwrap(), a);
        }

        #[test]
        fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = read_key(&bytes);
            let _ = read_tokens(&bytes);
            let _ = read_id(&bytes);
        }
    }
}
