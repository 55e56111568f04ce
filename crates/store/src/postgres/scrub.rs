//! Removing what is left of destroyed keys and of pruned texts: dead rows, and the write-ahead log that
//! wrote them.

use std::time::Duration;

use deadpool_postgres::Client;
use tacenda_core::ports::Scrub;
use tacenda_core::ports::store::ACCESS_REFUSED;
use tokio::time::Instant;

use super::fault::Fault;
use super::servers::{self, all, any, is_spread, on_each};

/// How long to wait for readers before saying that they block.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whether a session, a standby, a prepared transaction or a replication slot of this database still
/// keeps rows that were dead before a transaction. A session that has written and is between two
/// statements has a transaction and no snapshot.
const BLOCKED: &str = "(EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid <> pg_backend_pid()
            AND (datname = current_database() OR backend_type = 'walsender')
            AND (age(backend_xmin) > age({now}) OR age(backend_xid) > age({now})))
    OR EXISTS (SELECT 1 FROM pg_prepared_xacts WHERE database = current_database()
            AND age(transaction) > age({now}))
    OR EXISTS (SELECT 1 FROM pg_replication_slots WHERE age(xmin) > age({now})))";

/// Whether copies of the write-ahead log are kept or sent anywhere.
const ARCHIVED: &str = "(current_setting('archive_mode') <> 'off'
    OR current_setting('wal_keep_size') <> '0'
    OR EXISTS (SELECT 1 FROM pg_replication_slots)
    OR EXISTS (SELECT 1 FROM pg_stat_replication))";

/// What recycles the write-ahead log, and whether this role may do it.
const RECYCLE: [(&str, &str); 2] = [
    ("SELECT pg_switch_wal()", "has_function_privilege('pg_catalog.pg_switch_wal()', 'EXECUTE')"),
    ("CHECKPOINT", "pg_has_role('pg_checkpoint', 'USAGE')"),
];

/// Vacuums a table of ours once nobody can see its former rows, ends the segment of the write-ahead
/// log and makes a checkpoint, so that the segments before it are recycled.
///
/// A vacuum that takes long is waited for, one that has to wait for another is tried again later.
#[expect(clippy::disallowed_methods, reason = "how long we wait for readers; no clock of the data")]
pub(super) async fn scrub(client: &Client, table: &'static str) -> Result<Scrub, Fault> {
    may_vacuum(client, table).await?;
    let spread = is_spread(client, table).await?;
    // Whatever was answered before has a lower number than this.
    let now = if spread { servers::now(client).await? } else { own_now(client).await? };
    let blocked = BLOCKED.replace("{now}", &now);
    let deadline = Instant::now() + PATIENCE;
    while holds(client, &blocked, spread).await? {
        if Instant::now() >= deadline {
            return Ok(Scrub::Blocked);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Both take as long as the safe and the server's buffers are large.
    client.batch_execute("SET statement_timeout = 0").await?;
    let done = vacuum(client, table, spread).await;
    client.batch_execute("RESET statement_timeout").await?;
    match done {
        Err(fault) if fault.is_timeout() => Ok(Scrub::Blocked),
        other => other.map(|()| Scrub::Done),
    }
}

async fn vacuum(client: &Client, table: &str, spread: bool) -> Result<(), Fault> {
    // What goes of a key lies in its row alone; of it the indexes hold ids. To read through all of them
    // is left to the server's own vacuum.
    let indexes = if table == "keys" { "off" } else { "auto" };
    let sql = format!("VACUUM (TRUNCATE off, INDEX_CLEANUP {indexes}) {table}");
    client.batch_execute(&sql).await?;
    // `roles.sql` grants both; without them a server does it in its own time.
    for (statement, right) in RECYCLE {
        match (spread, holds_everywhere(client, right, spread).await?) {
            (_, false) => {}
            (true, true) => on_each(client, statement).await.map(|_| ())?,
            (false, true) => client.batch_execute(statement).await?,
        }
    }
    Ok(())
}

/// Where a transaction that begins now stands on this server.
async fn own_now(client: &Client) -> Result<String, Fault> {
    let sql = "SELECT pg_current_xact_id()::xid::text";
    let now: String = client.query_one(sql, &[]).await?.try_get(0)?;
    Ok(format!("'{now}'::xid"))
}

/// Whether something is so here, or on any server where the table is spread over several.
async fn holds(client: &Client, condition: &str, spread: bool) -> Result<bool, Fault> {
    if spread { any(client, condition).await } else { is_so(client, condition).await }
}

/// Whether something is so here, or on every server where the table is spread over several.
async fn holds_everywhere(client: &Client, condition: &str, spread: bool) -> Result<bool, Fault> {
    if spread { all(client, condition).await } else { is_so(client, condition).await }
}

async fn is_so(client: &Client, condition: &str) -> Result<bool, Fault> {
    Ok(client.query_one(&format!("SELECT {condition}"), &[]).await?.try_get(0)?)
}

/// To vacuum a table of somebody else's is no error, but a warning, and nothing happens. Its owner
/// may, and the database's, and from version 17 on whoever may maintain it.
async fn may_vacuum(client: &Client, table: &'static str) -> Result<(), Fault> {
    let sql = "SELECT pg_has_role(c.relowner, 'USAGE') OR pg_has_role(d.datdba, 'USAGE')
            OR CASE WHEN current_setting('server_version_num')::int >= 170000
                THEN has_table_privilege(c.oid, 'MAINTAIN') ELSE false END
        FROM pg_class c, pg_database d
        WHERE c.oid = $1::text::regclass AND d.datname = current_database()";
    let may: bool = client.query_one(sql, &[&table]).await?.try_get(0)?;
    if may { Ok(()) } else { Err(ACCESS_REFUSED.error().with("table", table).into()) }
}

/// Whether copies of the write-ahead log of the keys are kept or sent anywhere.
pub(super) async fn is_archived(client: &Client) -> Result<bool, Fault> {
    let spread = is_spread(client, "keys").await?;
    holds(client, ARCHIVED, spread).await
}
