//! A change in the form and the order in which it is written.

use std::collections::{BTreeMap, BTreeSet};

use tacenda_core::clock::Timestamp;
use tacenda_core::codec::{Decoder, Encoder};
use tacenda_core::error::Result;
use tacenda_core::id::SubjectId;
use tacenda_core::log::{Hash, leaf_hash};
use tacenda_core::ports::store::CORRUPT;
use tacenda_core::ports::{Change, Expect, PolicyMark, RowDelete};
use tacenda_core::row::{Row, RowKey, Token, decode_tokens, encode_tokens};

use super::bucket::{self, BUCKETS};

/// A [`Change`] that makes sense, ready to be written. Everything is sorted by bucket and key, so
/// that changes that do the same to the same rows never wait for each other in a circle.
pub(super) struct Prepared {
    pub(super) inserts: Vec<Put>,
    /// With the version that is there.
    pub(super) updates: Vec<(Put, u64)>,
    pub(super) deletes: Vec<(i16, RowDelete)>,
    /// Of rows that the change does not write itself.
    pub(super) requires: Vec<(i16, RowKey, Expect)>,
    /// Rows whose lease the change needs.
    pub(super) leased: Vec<(i16, RowKey, Timestamp)>,
    /// A row that the change writes otherwise than it requires.
    pub(super) contradiction: Option<RowKey>,
    pub(super) leaves: Vec<Leaf>,
    /// The chains that the change adds to, or whose head it has to see.
    pub(super) heads: BTreeMap<i16, Touch>,
    pub(super) safe_sequence: u64,
    pub(super) under: Option<u64>,
    pub(super) policy: Option<PolicyMark>,
    pub(super) new_epoch: Option<u32>,
}

/// A row to write, with its encoded tokens and its place in the change.
pub(super) struct Put {
    pub(super) bucket: i16,
    pub(super) row: Row,
    pub(super) tokens: Vec<u8>,
    pub(super) order: usize,
}

/// A leaf to append.
pub(super) struct Leaf {
    pub(super) bucket: i16,
    /// Its number among those that the change adds to its chain.
    pub(super) offset: i64,
    pub(super) subject: SubjectId,
    pub(super) writes: bool,
    pub(super) hash: Hash,
    pub(super) bytes: Vec<u8>,
}

/// What a change does to the head of a chain.
#[derive(Default, Clone, Copy)]
pub(super) struct Touch {
    pub(super) count: i64,
    pub(super) last_at: Option<i64>,
}

/// A row of the `lookups` table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lookup {
    pub(super) bucket: i16,
    pub(super) token: Token,
    /// Empty for a unique token.
    pub(super) owner: Vec<u8>,
    /// Where in the change its row stands.
    pub(super) order: usize,
    pub(super) key: RowKey,
}

impl Prepared {
    pub(super) fn new(change: Change) -> Result<Self> {
        change.check()?;
        let mut heads: BTreeMap<i16, Touch> = BTreeMap::new();
        if change.policy.is_some() || change.new_epoch.is_some() {
            heads.extend((0..BUCKETS).map(|bucket| (bucket, Touch::default())));
        }
        let leaves = leaves(&change, &mut heads);
        let (requires, contradiction) = requires(&change);
        let lease = |(key, until): (RowKey, _)| (bucket::of_subject(&key.subject), key, until);
        let mut leased: Vec<_> = change.leased.into_iter().map(lease).collect();
        leased.sort_unstable();
        let mut prepared = Self {
            inserts: Vec::with_capacity(change.writes.len()),
            updates: Vec::new(),
            deletes: Vec::with_capacity(change.deletes.len()),
            requires,
            leased,
            contradiction,
            leaves,
            heads,
            safe_sequence: change.safe_sequence,
            under: change.under,
            policy: change.policy,
            new_epoch: change.new_epoch,
        };
        for (order, write) in change.writes.into_iter().enumerate() {
            let bucket = bucket::of_subject(&write.row.key.subject);
            let tokens = token_bytes(&write.row.tokens);
            let put = Put { bucket, row: write.row, tokens, order };
            match write.expect {
                Expect::Absent => prepared.inserts.push(put),
                Expect::Version(version) => prepared.updates.push((put, version)),
            }
        }
        let buckets = |delete: RowDelete| (bucket::of_subject(&delete.key.subject), delete);
        prepared.deletes.extend(change.deletes.into_iter().map(buckets));
        prepared.inserts.sort_by(|a, b| (a.bucket, &a.row.key).cmp(&(b.bucket, &b.row.key)));
        let place = |put: &Put| (put.bucket, put.row.key.clone());
        prepared.updates.sort_by_cached_key(|(put, _)| place(put));
        prepared.deletes.sort_by_cached_key(|(bucket, delete)| (*bucket, delete.key.clone()));
        prepared.touch();
        Ok(prepared)
    }

    /// Whoever writes, deletes or requires a row holds the head of its chain when it commits: what
    /// one change requires, no other can undo before it is written.
    fn touch(&mut self) {
        let rows = self.inserts.iter().chain(self.updates.iter().map(|(put, _)| put));
        let buckets: BTreeSet<i16> = rows
            .map(|put| put.bucket)
            .chain(self.deletes.iter().map(|(bucket, _)| *bucket))
            .chain(self.requires.iter().map(|(bucket, ..)| *bucket))
            .collect();
        for bucket in buckets {
            self.heads.entry(bucket).or_default();
        }
        if self.heads.is_empty() {
            self.heads.insert(bucket::of_subject(&SubjectId::CONTROLLER), Touch::default());
        }
    }
}

fn leaves(change: &Change, heads: &mut BTreeMap<i16, Touch>) -> Vec<Leaf> {
    let leaf = |leaf: &tacenda_core::ports::NewLeaf| {
        let bucket = bucket::of_subject(&leaf.subject);
        let head = heads.entry(bucket).or_default();
        let offset = head.count;
        head.count = head.count.saturating_add(1);
        head.last_at = head.last_at.max(Some(leaf.at.as_micros()));
        Leaf {
            bucket,
            offset,
            subject: leaf.subject,
            writes: leaf.writes,
            hash: leaf_hash(&leaf.bytes),
            bytes: leaf.bytes.clone(),
        }
    };
    change.leaves.iter().map(leaf).collect()
}

/// What is required of rows that the change writes itself is judged by what it expects of them.
fn requires(change: &Change) -> (Vec<(i16, RowKey, Expect)>, Option<RowKey>) {
    let writes = change.writes.iter().map(|write| (&write.row.key, write.expect));
    let deletes = change.deletes.iter().map(|d| (&d.key, Expect::Version(d.version)));
    let own: BTreeMap<&RowKey, Expect> = writes.chain(deletes).collect();
    let (mut others, mut contradiction) = (Vec::new(), None);
    for (key, expect) in &change.requires {
        match own.get(key) {
            Some(is) if is == expect => {}
            Some(_) => contradiction = contradiction.or_else(|| Some(key.clone())),
            None => others.push((bucket::of_subject(&key.subject), key.clone(), *expect)),
        }
    }
    (others, contradiction)
}

impl Put {
    pub(super) fn lookups(&self) -> impl Iterator<Item = Lookup> {
        lookups(&self.row.key, &self.row.tokens, self.order)
    }
}

/// The look-ups of a row, each once.
pub(super) fn lookups(
    key: &RowKey,
    tokens: &[Token],
    order: usize,
) -> impl Iterator<Item = Lookup> {
    let fresh = |(n, token): &(usize, &Token)| !tokens.iter().take(*n).any(|t| t == *token);
    tokens.iter().enumerate().filter(fresh).map(move |(_, token)| Lookup {
        bucket: bucket::of_token(token.index.as_str(), &token.value),
        owner: if token.unique { Vec::new() } else { owner(key) },
        token: token.clone(),
        order,
        key: key.clone(),
    })
}

/// A row's key in one string.
fn owner(key: &RowKey) -> Vec<u8> {
    let kind = key.kind.as_str().as_bytes();
    [key.subject.as_bytes(), kind, &[0], key.id.as_bytes()].concat()
}

const TOKENS: &str = "tokens/1";

pub(super) fn token_bytes(tokens: &[Token]) -> Vec<u8> {
    if tokens.is_empty() {
        return Vec::new();
    }
    let mut encoder = Encoder::new(TOKENS);
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
