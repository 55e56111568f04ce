//! The store's marks: what it says about itself, and how it begins.

use std::sync::atomic::{AtomicBool, Ordering};

use deadpool_postgres::Client;
use tacenda_core::clock::Timestamp;
use tacenda_core::log::Frontier;
use tacenda_core::ports::store::{CONFLICT, CORRUPT};
use tacenda_core::ports::{LogHead, PolicyMark, StoreInit, StoreStatus};

use super::bucket::BUCKETS;
use super::fault::Fault;

/// The policy is the same in the heads of all chains; sequence and time are the highest of them.
const STATUS: &str = "SELECT l.store, l.safe, l.epoch, l.frontier, h.policy_version,
        h.policy_digest, (SELECT max(safe_sequence) FROM heads), (SELECT max(last_at) FROM heads)
    FROM log l LEFT JOIN heads h ON h.bucket = 0 WHERE l.bucket = 0";

pub(super) async fn status(client: &Client) -> Result<Option<StoreStatus>, Fault> {
    let statement = client.prepare_cached(STATUS).await?;
    let Some(row) = client.query_opt(&statement, &[]).await? else { return Ok(None) };
    let id = |at: usize| -> Result<[u8; 16], Fault> {
        let bytes: &[u8] = row.try_get(at)?;
        Ok(bytes.try_into().map_err(|_| CORRUPT.error())?)
    };
    let frontier = Frontier::decode(row.try_get(3)?).map_err(|_| CORRUPT.error())?;
    let (epoch, version): (i32, Option<i64>) = (row.try_get(2)?, row.try_get(4)?);
    let digest: Option<&[u8]> = row.try_get(5)?;
    let policy = match version.zip(digest) {
        Some((version, digest)) => Some(PolicyMark {
            version: version.cast_unsigned(),
            digest: digest.try_into().map_err(|_| CORRUPT.error())?,
        }),
        None => None,
    };
    let (sequence, at): (Option<i64>, Option<i64>) = (row.try_get(6)?, row.try_get(7)?);
    Ok(Some(StoreStatus {
        init: StoreInit { store: id(0)?, safe: id(1)? },
        safe_sequence: sequence.unwrap_or_default().cast_unsigned(),
        policy,
        head: LogHead {
            epoch: epoch.cast_unsigned(),
            size: frontier.size(),
            root: *frontier.root().as_bytes(),
        },
        last_leaf_at: at.map(Timestamp::from_micros),
    }))
}

/// Marks a new store and makes the heads of its chains. Where an attempt was made before, and its answer
/// was lost, marks with these ids are its own.
pub(super) async fn initialise(
    client: &Client,
    init: StoreInit,
    attempted: &AtomicBool,
) -> Result<(), Fault> {
    let sql = "WITH l AS (
            INSERT INTO log (bucket, store, safe, epoch, frontier, fence, lease_until)
                VALUES (0, $1, $2, 1, $3, 0, now()) RETURNING bucket),
        h AS (
            INSERT INTO heads (bucket, next, epoch, safe_sequence)
                SELECT b, 0, 1, 0 FROM unnest($4::int2[]) AS n(b) RETURNING bucket)
        INSERT INTO marks (bucket, number) SELECT b, 0 FROM unnest($4::int2[]) AS n(b)";
    let again = attempted.swap(true, Ordering::Relaxed);
    let buckets: Vec<i16> = (0..BUCKETS).collect();
    let (store, safe, frontier) = (&init.store[..], &init.safe[..], Frontier::new().encode());
    match client.execute(sql, &[&store, &safe, &frontier, &buckets]).await.map_err(Fault::from) {
        Ok(_) => Ok(()),
        Err(fault) if fault.is_taken() && again => match status(client).await? {
            Some(status) if status.init == init => Ok(()),
            _ => Err(CONFLICT.error().into()),
        },
        Err(fault) if fault.is_taken() => Err(CONFLICT.error().into()),
        Err(fault) => Err(fault),
    }
}
