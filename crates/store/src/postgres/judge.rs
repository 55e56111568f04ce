//! Whether a change may happen, once the database has said what it found.

use std::collections::{BTreeMap, BTreeSet};

use deadpool_postgres::Client;
use tacenda_core::error::Error;
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::store::{CONFLICT, NOT_UNIQUE, OLDER_POLICY};
use tacenda_core::ports::{Expect, LeafId};
use tacenda_core::row::RowKey;
use uuid::Uuid;

use super::change::{Lookup, Prepared};
use super::fault::Fault;

/// The head of a chain after a change has moved it.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) next: i64,
    pub(super) epoch: i32,
}

/// The key of a look-up, but for its bucket.
pub(super) type LookupKey = (String, Vec<u8>, Vec<u8>);

/// What the statements of a change answered.
#[derive(Default)]
pub(super) struct Seen {
    /// The rows that were added; `None` if all of them.
    pub(super) inserted: Option<BTreeSet<(Uuid, String, Uuid)>>,
    /// By their number in the change: rows that were rewritten or deleted, with their old tokens.
    pub(super) updated: BTreeMap<usize, Vec<u8>>,
    pub(super) deleted: BTreeMap<usize, Vec<u8>>,
    /// The look-ups that were added; `None` if all of them.
    pub(super) took: Option<BTreeSet<LookupKey>>,
    /// The places in the change of rows that lost a token to another row of it.
    pub(super) lost: Vec<usize>,
    pub(super) heads: BTreeMap<i16, Head>,
    /// The versions of the rows that the change requires.
    pub(super) required: Vec<Expect>,
}

impl Seen {
    /// Where each leaf stands in its chain.
    pub(super) fn numbers(&self, change: &Prepared) -> Vec<LeafId> {
        let number = |leaf: &super::change::Leaf| {
            let head = self.heads.get(&leaf.bucket).copied().unwrap_or(Head { next: 0, epoch: 0 });
            let count = change.heads.get(&leaf.bucket).map_or(0, |touch| touch.count);
            let number = head.next.saturating_sub(count).saturating_add(leaf.offset);
            LeafId {
                epoch: head.epoch.cast_unsigned(),
                chain: leaf.bucket.cast_unsigned(),
                number: number.cast_unsigned(),
            }
        };
        change.leaves.iter().map(number).collect()
    }
}

/// Why the heads of the chains refuse a change: the store was never marked, or a later policy is in
/// force.
pub(super) async fn head_refusal(
    client: &Client,
    change: &Prepared,
    heads: &BTreeMap<i16, Head>,
) -> Result<Option<Error>, Fault> {
    if heads.values().any(|head| head.epoch == 0) {
        return Ok(Some(BAD_REQUEST.error().with("reason", "store was never marked")));
    }
    let Some(bucket) = change.heads.keys().find(|bucket| !heads.contains_key(bucket)) else {
        return Ok(None);
    };
    let sql = "SELECT policy_version FROM heads WHERE bucket = $1";
    let in_force: Option<i64> = client.query_one(sql, &[bucket]).await?.try_get(0)?;
    let in_force = in_force.unwrap_or_default().cast_unsigned();
    Ok(Some(OLDER_POLICY.error().with("in_force", in_force)))
}

/// Why a change may not happen, in the order in which every store judges: what it requires, what it
/// expects, what is unique.
pub(super) fn refusal(change: &Prepared, seen: &Seen, taken: &[Lookup]) -> Option<Error> {
    if let Some(key) = unmet(change, seen) {
        return Some(CONFLICT.error().with("subject", key.subject).with("kind", &key.kind));
    }
    // The first row of the change that may not carry its token.
    let losers = taken.iter().filter(|lookup| !has(seen.took.as_ref(), lookup));
    let order = losers.map(|lookup| lookup.order).chain(seen.lost.iter().copied()).min()?;
    let put = change.inserts.iter().chain(change.updates.iter().map(|(put, _)| put));
    let row = &put.into_iter().find(|put| put.order == order)?.row;
    let mut error = NOT_UNIQUE.error().with("subject", row.key.subject);
    let of_row = |lookup: &&Lookup| lookup.order == order;
    let lost = taken.iter().filter(of_row).find(|lookup| !has(seen.took.as_ref(), lookup));
    let index = lost.map(|lookup| &lookup.token.index);
    let unique = row.tokens.iter().find(|token| token.unique).map(|token| &token.index);
    if let Some(index) = index.or(unique) {
        error = error.with("index", index);
    }
    Some(error)
}

fn has(took: Option<&BTreeSet<LookupKey>>, lookup: &Lookup) -> bool {
    took.is_none_or(|took| {
        let index = lookup.token.index.as_str().to_owned();
        took.contains(&(index, lookup.token.value.to_vec(), lookup.owner.clone()))
    })
}

/// A row that is not as the change requires or expects it.
fn unmet<'a>(change: &'a Prepared, seen: &Seen) -> Option<&'a RowKey> {
    if let Some(key) = &change.contradiction {
        return Some(key);
    }
    let required = change.requires.iter().zip(&seen.required);
    if let Some(((_, key, _), _)) = required.into_iter().find(|((.., expect), is)| expect != *is) {
        return Some(key);
    }
    let deletes = change.deletes.iter().enumerate();
    if let Some((_, (_, delete))) = deletes.into_iter().find(|(n, _)| !seen.deleted.contains_key(n))
    {
        return Some(&delete.key);
    }
    let updates = change.updates.iter().enumerate();
    if let Some((_, (put, _))) = updates.into_iter().find(|(n, _)| !seen.updated.contains_key(n)) {
        return Some(&put.row.key);
    }
    let inserted = seen.inserted.as_ref()?;
    let is_there = |key: &RowKey| {
        let key = (key.subject.as_uuid(), key.kind.as_str().to_owned(), key.id.as_uuid());
        inserted.contains(&key)
    };
    change.inserts.iter().map(|put| &put.row.key).find(|key| !is_there(key))
}
