//! Removing what is left of destroyed keys: dead rows, and the write-ahead log that wrote them.

use std::time::Duration;

use deadpool_postgres::Client;
use tacenda_core::ports::Scrub;
use tokio::time::Instant;

use super::fault::Fault;

/// How long to wait for readers before saying that they block.
const PATIENCE: Duration = Duration::from_millis(500);

/// Vacuums the keys once nobody can see their former rows, ends the segment of the write-ahead log
/// and makes a checkpoint, so that the segments before it are recycled.
#[expect(clippy::disallowed_methods, reason = "how long we wait for readers; no clock of the data")]
pub(super) async fn scrub(client: &Client) -> Result<Scrub, Fault> {
    // Every destruction that was answered has a lower number than this.
    let sql = "SELECT pg_current_xact_id()::xid::text";
    let now: String = client.query_one(sql, &[]).await?.try_get(0)?;
    let deadline = Instant::now() + PATIENCE;
    while is_blocked(client, &now).await? {
        if Instant::now() >= deadline {
            return Ok(Scrub::Blocked);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    client.batch_execute("VACUUM (TRUNCATE off) keys").await?;
    for statement in ["SELECT pg_switch_wal()", "CHECKPOINT"] {
        match client.batch_execute(statement).await.map_err(Fault::from) {
            // `roles.sql` grants both; without them the server does it in its own time.
            Err(fault) if fault.is_refused() => {}
            other => other?,
        }
    }
    Ok(Scrub::Done)
}

/// Whether a session, a prepared transaction or a replication slot of this database still keeps
/// rows that were dead before a transaction.
async fn is_blocked(client: &Client, now: &str) -> Result<bool, Fault> {
    let sql = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
                AND pid <> pg_backend_pid() AND age(backend_xmin) > age($1::text::xid))
        OR EXISTS (SELECT 1 FROM pg_prepared_xacts WHERE database = current_database()
                AND age(transaction) > age($1::text::xid))
        OR EXISTS (SELECT 1 FROM pg_replication_slots WHERE age(xmin) > age($1::text::xid))";
    Ok(client.query_one(sql, &[&now]).await?.try_get(0)?)
}

/// Whether copies of the write-ahead log are kept or sent anywhere.
pub(super) async fn is_archived(client: &Client) -> Result<bool, Fault> {
    let sql = "SELECT current_setting('archive_mode') <> 'off'
        OR EXISTS (SELECT 1 FROM pg_replication_slots)
        OR EXISTS (SELECT 1 FROM pg_stat_replication)";
    Ok(client.query_one(sql, &[]).await?.try_get(0)?)
}
