//! Moving rows, look-ups and the log.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use deadpool_postgres::Client;
use tacenda_core::leaf::Leaf as Text;
use tacenda_core::log::{Frontier, Hash, StoredNode, leaf_hash};
use tacenda_core::ports::store::CORRUPT;
use tacenda_core::ports::{LeafId, Scan, StoredLeaf};

use super::super::bucket;
use super::super::change::{Leaf, Lookup, Put, lookups, token_bytes};
use super::super::copy;
use super::super::fault::Fault;
use super::super::head::{initialise, status};
use super::super::place::{Runs, keep_nodes, keep_runs};
use super::{Adopted, From, PAGE, refused};

/// Writes rows and log into an empty database; nothing if they are there already.
pub(super) async fn move_store(
    client: &Client,
    from: &From,
    adopted: &mut Adopted,
    told: &(dyn Fn(Adopted) + Send + Sync),
) -> Result<(), Fault> {
    match status(client).await? {
        Some(there) if there == from.store => return Ok(()),
        Some(_) => return Err(refused("store is there already").into()),
        None => {}
    }
    initialise(client, from.store.init, &AtomicBool::new(false)).await?;
    move_rows(client, from, adopted, told).await?;
    let mut chains = Chains::default();
    let mut frontier = Frontier::new();
    for epoch in 1..=from.store.head.epoch {
        frontier = move_epoch(client, from, epoch, &mut chains, (adopted, told)).await?;
    }
    // The tree is that of the leaves that arrived.
    if *frontier.root().as_bytes() != from.store.head.root {
        return Err(CORRUPT.error().with("reason", "root").into());
    }
    finish(client, from, &chains, &frontier).await
}

async fn move_rows(
    client: &Client,
    from: &From,
    adopted: &mut Adopted,
    told: &(dyn Fn(Adopted) + Send + Sync),
) -> Result<(), Fault> {
    let to_rows = client.prepare_cached(copy::ROWS).await?;
    let to_lookups = client.prepare_cached(copy::LOOKUPS).await?;
    let (scan, mut after) = (Scan::All { kind: None }, None);
    loop {
        let page = from.origin.store.scan(&scan, after.as_ref(), PAGE).await?;
        let put = |(order, row): (usize, tacenda_core::row::Row)| {
            let tokens = token_bytes(&row.tokens);
            Put { bucket: bucket::of_subject(&row.key.subject), row, tokens, order }
        };
        let puts: Vec<Put> = page.rows.into_iter().enumerate().map(put).collect();
        let tokens: Vec<Lookup> =
            puts.iter().flat_map(|put| lookups(&put.row.key, &put.row.tokens, put.order)).collect();
        copy::rows(client, &to_rows, &puts).await?;
        copy::lookups(client, &to_lookups, &tokens).await?;
        adopted.rows = adopted.rows.saturating_add(puts.len() as u64);
        adopted.lookups = adopted.lookups.saturating_add(tokens.len() as u64);
        told(*adopted);
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// The next number of each chain.
#[derive(Default)]
struct Chains(BTreeMap<i16, i64>);

impl Chains {
    fn next(&mut self, bucket: i16) -> i64 {
        let next = self.0.entry(bucket).or_default();
        let number = *next;
        *next = next.saturating_add(1);
        number
    }
}

/// Whose leaf it is and what it says. One that was pruned says neither, and goes to the first chain.
fn read(stored: StoredLeaf) -> Result<(Hash, Option<Leaf>), Fault> {
    let hash = Hash::from(stored.hash);
    let Some(bytes) = stored.bytes else { return Ok((hash, None)) };
    let text = Text::decode(&bytes).map_err(|_| CORRUPT.error())?;
    if leaf_hash(&bytes) != hash {
        return Err(CORRUPT.error().with("subject", text.subject).into());
    }
    let (subject, writes) = (text.subject, !text.rows.is_empty());
    let bucket = bucket::of_subject(&subject);
    Ok((hash, Some(Leaf { bucket, offset: 0, subject, writes, hash, bytes })))
}

/// Moves the leaves of an epoch to the places that they have.
async fn move_epoch(
    client: &Client,
    from: &From,
    epoch: u32,
    chains: &mut Chains,
    (adopted, told): (&mut Adopted, &(dyn Fn(Adopted) + Send + Sync)),
) -> Result<Frontier, Fault> {
    let to_leaves = client.prepare_cached(copy::LEAVES).await?;
    let mut frontier = Frontier::new();
    loop {
        let place = frontier.size();
        let to = place.saturating_add(PAGE as u64);
        let page = from.origin.store.leaves(epoch, place, to).await?;
        let (count, mut runs) = (page.len(), Runs::default());
        let mut nodes: Vec<StoredNode> = Vec::new();
        let (mut leaves, mut ids) = (Vec::new(), Vec::new());
        let (mut pruned, mut hashes) = (Vec::new(), Vec::new());
        for stored in page {
            let (hash, leaf) = read(stored)?;
            let bucket = leaf.as_ref().map_or(0, |leaf| leaf.bucket);
            let number = chains.next(bucket);
            runs.add(bucket, number, frontier.size().cast_signed());
            frontier.append(hash, |node| nodes.push(node));
            match leaf {
                Some(leaf) => {
                    leaves.push(leaf);
                    let (chain, number) = (bucket.cast_unsigned(), number.cast_unsigned());
                    ids.push(LeafId { epoch, chain, number });
                }
                None => {
                    pruned.push(number);
                    hashes.push(hash.as_bytes().to_vec());
                }
            }
        }
        copy::leaves(client, &to_leaves, &leaves, &ids).await?;
        let sql = "INSERT INTO leaves (bucket, number, epoch, subject, writes, hash, bytes)
            SELECT 0, n, $1::int4, NULL, false, h, NULL FROM unnest($2::int8[], $3::bytea[])
                AS p(n, h)";
        let epoch = epoch.cast_signed();
        client.execute(sql, &[&epoch, &pruned, &hashes]).await?;
        keep_runs(client, epoch, &runs).await?;
        keep_nodes(client, epoch, &nodes).await?;
        adopted.leaves = adopted.leaves.saturating_add(count as u64);
        told(*adopted);
        if count < PAGE {
            return Ok(frontier);
        }
    }
}

/// The heads of the chains, how far they are merged, and the right edge of the log.
async fn finish(
    client: &Client,
    from: &From,
    chains: &Chains,
    frontier: &Frontier,
) -> Result<(), Fault> {
    let (store, epoch) = (&from.store, from.store.head.epoch.cast_signed());
    let policy = store.policy.as_ref();
    let version = policy.map(|mark| mark.version.cast_signed());
    let digest = policy.map(|mark| mark.digest.as_slice());
    let (sequence, at) = (store.safe_sequence.cast_signed(), store.last_leaf_at);
    let sql = "UPDATE heads SET epoch = $1, policy_version = $2, policy_digest = $3,
            safe_sequence = $4, last_at = $5";
    let at = at.map(tacenda_core::clock::Timestamp::as_micros);
    client.execute(sql, &[&epoch, &version, &digest, &sequence, &at]).await?;
    let buckets: Vec<i16> = chains.0.keys().copied().collect();
    let numbers: Vec<i64> = chains.0.values().copied().collect();
    let sql = "UPDATE heads h SET next = n.next
        FROM unnest($1::int2[], $2::int8[]) AS n(bucket, next) WHERE h.bucket = n.bucket";
    client.execute(sql, &[&buckets, &numbers]).await?;
    client
        .batch_execute("UPDATE marks m SET number = h.next FROM heads h WHERE h.bucket = m.bucket")
        .await?;
    let sql = "UPDATE log SET epoch = $1, frontier = $2 WHERE bucket = 0";
    client.execute(sql, &[&epoch, &frontier.encode()]).await?;
    Ok(())
}
