//! Moving a safe.

use std::sync::atomic::AtomicBool;

use deadpool_postgres::Client;
use tacenda_core::ports::keyring::{OLDER_COPY, Tombstone};
use tacenda_core::ports::store::CORRUPT;
use tacenda_core::ports::{KeyId, KeyState, NewKeys, SafeInit, SafeStatus};

use super::super::fault::Fault;
use super::super::keys::{Ids, initialise, status};
use super::super::safe::create;
use super::{Adopted, From, PAGE, refused};

/// Writes the safe into an empty database; nothing if it is there already.
pub(super) async fn move_safe(
    client: &Client,
    from: &From,
    adopted: &mut Adopted,
    told: &(dyn Fn(Adopted) + Send + Sync),
) -> Result<(), Fault> {
    match status(client).await? {
        Some(there) if there == from.safe => return Ok(()),
        Some(there) if is_older(&there, &from.safe) => return Err(OLDER_COPY.error().into()),
        Some(_) => return Err(refused("safe is there already").into()),
        None => {}
    }
    let (keyring, safe) = (&from.origin.keyring, &from.safe);
    let secrets = keyring.secrets().await?;
    let init = SafeInit { safe: safe.safe, store: safe.store, kek: safe.kek, secrets };
    initialise(client, &init, &AtomicBool::new(false)).await?;
    let mut after: Option<KeyId> = None;
    loop {
        let ids = keyring.live_keys(after.as_ref(), PAGE).await?;
        let mut keys = Vec::with_capacity(ids.len());
        for (id, state) in ids.iter().zip(keyring.fetch(&ids).await?) {
            let KeyState::Live(wrapped) = state else {
                return Err(refused("origin changed").into());
            };
            keys.push((id.clone(), wrapped));
        }
        create(client, &NewKeys { keys, ..NewKeys::default() }).await?;
        adopted.keys = adopted.keys.saturating_add(ids.len() as u64);
        told(*adopted);
        if ids.len() < PAGE {
            break;
        }
        after = ids.into_iter().last();
    }
    move_tombstones(client, from, adopted, told).await?;
    move_fingerprints(client, from, adopted, told).await?;
    finish(client, from).await
}

/// Whether a safe is a copy of the origin from before it went on: an earlier call moved it, and the
/// rows were refused because the host went on working.
fn is_older(there: &SafeStatus, origin: &SafeStatus) -> bool {
    let copy = (there.safe, there.store) == (origin.safe, origin.store);
    copy && there.sequence <= origin.sequence && there.log <= origin.log
}

async fn move_tombstones(
    client: &Client,
    from: &From,
    adopted: &mut Adopted,
    told: &(dyn Fn(Adopted) + Send + Sync),
) -> Result<(), Fault> {
    let sql = "INSERT INTO keys (bucket, subject, class, number, kek, wrapped, destroyed, epoch,
            idx, at)
        SELECT b, s, c, m, '\\x0000000000000000'::bytea, ''::bytea, true, e, i, a
            FROM unnest($1::int2[], $2::uuid[], $3::text[], $4::int4[], $5::int4[], $6::int8[],
                $7::int8[]) AS n(b, s, c, m, e, i, a)";
    let statement = client.prepare_cached(sql).await?;
    let mut after: Option<KeyId> = None;
    loop {
        let page: Vec<Tombstone> = from.origin.keyring.tombstones(after.as_ref(), PAGE).await?;
        let ids = Ids::of(page.iter().map(|one| &one.key));
        let epochs: Vec<i32> = page.iter().map(|one| one.position.epoch.cast_signed()).collect();
        let indices: Vec<i64> = page.iter().map(|one| one.position.index.cast_signed()).collect();
        let times: Vec<i64> = page.iter().map(|one| one.at.as_micros()).collect();
        let (buckets, subjects, classes, numbers) = ids.columns();
        client
            .execute(&statement, &[buckets, subjects, classes, numbers, &epochs, &indices, &times])
            .await?;
        adopted.tombstones = adopted.tombstones.saturating_add(page.len() as u64);
        told(*adopted);
        if page.len() < PAGE {
            return Ok(());
        }
        after = page.into_iter().last().map(|one| one.key);
    }
}

async fn move_fingerprints(
    client: &Client,
    from: &From,
    adopted: &mut Adopted,
    told: &(dyn Fn(Adopted) + Send + Sync),
) -> Result<(), Fault> {
    let mut after = None;
    loop {
        let fingerprints = from.origin.keyring.fingerprints_after(after, PAGE).await?;
        let count = fingerprints.len();
        after = fingerprints.last().map(|(print, ..)| *print);
        create(client, &NewKeys { fingerprints, ..NewKeys::default() }).await?;
        adopted.fingerprints = adopted.fingerprints.saturating_add(count as u64);
        told(*adopted);
        if count < PAGE {
            return Ok(());
        }
    }
}

/// How far the safe has got, and the last checkpoint of the log.
async fn finish(client: &Client, from: &From) -> Result<(), Fault> {
    let (log, checkpoint) = (from.safe.log, from.safe.checkpoint.as_ref());
    // A checkpoint of C2SP has the size of its tree in the second line.
    let last = |text: &str| text.lines().nth(1)?.parse::<i64>().ok()?.checked_sub(1);
    let index =
        checkpoint.map(|(_, text)| last(text).ok_or_else(|| CORRUPT.error())).transpose()?;
    let sql = "UPDATE safe SET sequence = $1, log_epoch = $2, log_idx = $3, checkpoint_epoch = $4,
            checkpoint_idx = $5, checkpoint = $6 WHERE bucket = 0";
    let sequence = from.safe.sequence.cast_signed();
    let log_epoch = log.map(|at| at.epoch.cast_signed());
    let log_index = log.map(|at| at.index.cast_signed());
    let epoch = checkpoint.map(|(epoch, _)| epoch.cast_signed());
    let text = checkpoint.map(|(_, text)| text.as_str());
    client.execute(sql, &[&sequence, &log_epoch, &log_index, &epoch, &index, &text]).await?;
    Ok(())
}
