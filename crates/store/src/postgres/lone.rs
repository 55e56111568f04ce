//! A change of one leaf and nothing else, as a read for a purpose is: one statement, which is a
//! transaction of its own, and so one turn to the server instead of three.

use deadpool_postgres::Client;
use tacenda_core::ports::{Committed, LeafId};

use super::change::{Leaf, Prepared};
use super::fault::Fault;

/// A head that knows of a later policy, or is not there, adds nothing.
const ADD: &str = "WITH h AS (
        UPDATE heads SET next = next + 1, safe_sequence = GREATEST(safe_sequence, $6::int8),
                last_at = GREATEST(last_at, $7::int8)
            WHERE bucket = $1 AND COALESCE(policy_version <= $8::int8, true)
            RETURNING next, epoch)
    INSERT INTO leaves (bucket, number, epoch, subject, writes, hash, bytes)
        SELECT $1, next - 1, epoch, $2, $3, $4, $5 FROM h RETURNING epoch, number";

/// The only leaf of a change that does nothing else.
pub(super) fn lone(change: &Prepared) -> Option<&Leaf> {
    let rows = change.inserts.is_empty() && change.updates.is_empty() && change.deletes.is_empty();
    let needs = change.requires.is_empty() && change.leased.is_empty();
    let marks = change.policy.is_some() || change.new_epoch.is_some();
    match change.leaves.as_slice() {
        [leaf] if rows && needs && !marks && change.contradiction.is_none() => Some(leaf),
        _ => None,
    }
}

/// Adds the leaf, and is durable when it answers; `None` if its head refuses it, and nothing was
/// written. Where it fails, [`Fault::is_unclear`] tells whether it may have been all the same.
pub(super) async fn commit(
    client: &Client,
    change: &Prepared,
    leaf: &Leaf,
) -> Result<Option<Committed>, Fault> {
    let statement = client.prepare_cached(ADD).await?;
    let last_at = change.heads.get(&leaf.bucket).and_then(|touch| touch.last_at);
    let (sequence, under) = (change.safe_sequence.cast_signed(), change.under);
    let (subject, under) = (leaf.subject.as_uuid(), under.map(u64::cast_signed));
    let (hash, bytes) = (&leaf.hash.as_bytes()[..], leaf.bytes.as_slice());
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 8] =
        [&leaf.bucket, &subject, &leaf.writes, &hash, &bytes, &sequence, &last_at, &under];
    let added = client.query_opt(&statement, &values).await?;
    added.map(|row| place(leaf, row.try_get(0)?, row.try_get(1)?)).transpose()
}

/// A leaf, if it was added although nobody heard of it: under this number, or under any. Whoever adds
/// it holds the head of its chain until it is there or never will be.
pub(super) async fn find(
    client: &Client,
    leaf: &Leaf,
    id: Option<&LeafId>,
) -> Result<Option<Committed>, Fault> {
    let held = "SELECT next FROM heads WHERE bucket = $1 FOR UPDATE";
    client.query_opt(held, &[&leaf.bucket]).await?;
    let hash = &leaf.hash.as_bytes()[..];
    let found = if let Some(id) = id {
        let sql =
            "SELECT epoch, number FROM leaves WHERE bucket = $1 AND number = $2 AND hash = $3";
        client.query_opt(sql, &[&leaf.bucket, &id.number.cast_signed(), &hash]).await?
    } else {
        let sql = "SELECT epoch, number FROM leaves
            WHERE bucket = $1 AND subject = $2 AND writes = $3 AND hash = $4
            ORDER BY number DESC LIMIT 1";
        let subject = leaf.subject.as_uuid();
        client.query_opt(sql, &[&leaf.bucket, &subject, &leaf.writes, &hash]).await?
    };
    found.map(|row| place(leaf, row.try_get(0)?, row.try_get(1)?)).transpose()
}

fn place(leaf: &Leaf, epoch: i32, number: i64) -> Result<Committed, Fault> {
    let (epoch, number) = (epoch.cast_unsigned(), number.cast_unsigned());
    Ok(Committed { leaves: vec![LeafId { epoch, chain: leaf.bucket.cast_unsigned(), number }] })
}
