//! Leases: who holds one, and for how long.

use deadpool_postgres::Client;
use tacenda_core::clock::Timestamp;
use tacenda_core::row::RowKey;

use super::bucket;
use super::change::Prepared;
use super::fault::Fault;

const RENEW: &str = "UPDATE rows SET lease_until = $6
    WHERE bucket = $1 AND subject = $2 AND kind = $3 AND id = $4 AND lease_until IN ($5, $6)";
const HELD: &str = "SELECT lease_until FROM rows
    WHERE bucket = $1 AND subject = $2 AND kind = $3 AND id = $4 FOR UPDATE";

/// Moves the end of a lease, if it is the one that is held.
pub(super) async fn renew(
    client: &Client,
    key: &RowKey,
    held: Timestamp,
    until: Timestamp,
) -> Result<bool, Fault> {
    let statement = client.prepare_cached(RENEW).await?;
    let (bucket, subject) = (bucket::of_subject(&key.subject), key.subject.as_uuid());
    let (kind, id) = (key.kind.as_str(), key.id.as_uuid());
    let (held, until) = (held.as_micros(), until.as_micros());
    let moved = client.execute(&statement, &[&bucket, &subject, &kind, &id, &held, &until]).await?;
    Ok(moved > 0)
}

/// Begins the transaction of a change that needs leases and locks their rows, so that nobody claims
/// them before it ends; answers with a row whose lease is another.
pub(super) async fn begin<'a>(
    client: &Client,
    change: &'a Prepared,
) -> Result<Option<&'a RowKey>, Fault> {
    client.batch_execute("BEGIN").await?;
    let statement = client.prepare_cached(HELD).await?;
    for (bucket, key, until) in &change.leased {
        let (subject, kind, id) = (key.subject.as_uuid(), key.kind.as_str(), key.id.as_uuid());
        let row = client.query_opt(&statement, &[bucket, &subject, &kind, &id]).await?;
        let is: Option<i64> = row.map(|row| row.try_get(0)).transpose()?.flatten();
        if is != Some(until.as_micros()) {
            return Ok(Some(key));
        }
    }
    Ok(None)
}
