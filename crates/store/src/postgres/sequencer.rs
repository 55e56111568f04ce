//! The sequencer: one process at a time gives leaves their places in the log.
//!
//! It holds a lease in the row of the log. Every merge is one transaction that first locks that
//! row and looks whether the lease is still its own: whoever lost it writes nothing, however late
//! it wakes up. What it writes is the log's right edge and how far each chain is merged, so that a
//! merge whose answer was lost is not done twice: the next one begins where the log ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::Client;
use futures_util::future::join3;
use tacenda_core::log::{Frontier, Hash};
use tacenda_core::ports::store::CORRUPT;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;
use uuid::Uuid;

use super::database::{Database, give_up};
use super::fault::Fault;
use super::place::{Edge, Pending, place};

/// The most leaves that one transaction merges.
const MOST: i64 = 20_000;
/// How long to wait after a failure.
const BACK_OFF: Duration = Duration::from_millis(250);

/// How callers and the sequencer of this process talk.
#[derive(Default)]
pub(super) struct Bell {
    /// Somebody waits for a place.
    wanted: Notify,
    /// Some were given.
    given: Notify,
    stop: AtomicBool,
    stopped: Notify,
}

impl Bell {
    /// Asks for a merge; ends when places are given from now on. Another process may give them, and then
    /// nobody says so.
    pub(super) fn want(&self) -> Notified<'_> {
        let given = self.given.notified();
        self.wanted.notify_one();
        given
    }

    /// Ends the sequencer after what it is doing.
    pub(super) async fn stop(&self) {
        let stopped = self.stopped.notified();
        self.stop.store(true, Ordering::Release);
        self.wanted.notify_one();
        let _ = tokio::time::timeout(Duration::from_secs(10), stopped).await;
    }
}

/// The sequencer of a process. It does nothing while another process has the lease.
pub(super) struct Sequencer {
    pub(super) database: Arc<Database>,
    pub(super) bell: Arc<Bell>,
    pub(super) id: Uuid,
    lease: Option<Lease>,
    /// When to look for frozen sessions next.
    look_at: Option<Instant>,
}

/// Ends sessions of this store's processes that stopped sending in the middle of a COPY. There the server
/// waits inside the statement, where neither its own limits reach nor a word from us: so whoever lives
/// ends them, once they have had as long as a statement may take.
const FROZEN: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND datname = current_database() AND usename = current_user
        AND application_name = current_setting('application_name')
        AND state = 'active' AND wait_event = 'ClientRead' AND query LIKE 'COPY %'
        AND query_start < clock_timestamp() - $1 * interval '1 millisecond'";

/// A lease that was granted.
#[derive(Clone, Copy)]
struct Lease {
    fence: i64,
    renew_at: Instant,
}

impl Sequencer {
    pub(super) fn new(database: Arc<Database>, bell: Arc<Bell>, id: Uuid) -> Self {
        Self { database, bell, id, lease: None, look_at: None }
    }

    /// Merges until it is told to stop.
    pub(super) async fn run(mut self) {
        let interval = self.database.options.merge_interval;
        while !self.bell.stop.load(Ordering::Acquire) {
            let wanted = tokio::time::timeout(interval, self.bell.wanted.notified()).await.is_ok();
            if self.merge(wanted).await.is_err() || self.end_frozen().await.is_err() {
                self.lease = None;
                tokio::time::sleep(BACK_OFF).await;
            }
        }
        let _ = self.release().await;
        self.bell.stopped.notify_waiters();
    }

    /// Merges all that is there. Where somebody waits for a place it is not asked first whether there is
    /// anything.
    async fn merge(&mut self, wanted: bool) -> Result<(), Fault> {
        let client = self.database.merging().await?;
        let patience = self.database.patience();
        let mut ask = !wanted;
        loop {
            match tokio::time::timeout(patience, self.step(&client, ask)).await {
                Ok(Ok(merged)) => {
                    if merged > 0 {
                        self.bell.given.notify_waiters();
                    }
                    if merged < MOST.unsigned_abs() {
                        return Ok(());
                    }
                    ask = true;
                }
                Ok(Err(fault)) => {
                    self.database.roll_back(client).await;
                    return Err(fault);
                }
                Err(_) => {
                    give_up(client);
                    return Err(Fault::unheard());
                }
            }
        }
    }

    /// Once in a lease, looks whether somebody is frozen while he holds what others need.
    #[expect(clippy::disallowed_methods, reason = "how often we look; no clock of the data")]
    async fn end_frozen(&mut self) -> Result<(), Fault> {
        let options = &self.database.options;
        if self.look_at.is_some_and(|at| Instant::now() < at) {
            return Ok(());
        }
        self.look_at = Some(Instant::now() + options.lease);
        let limit = options.statement_timeout.as_secs_f64() * 1000.0;
        let client = self.database.merging().await?;
        let statement = client.prepare_cached(FROZEN).await?;
        client.query(&statement, &[&limit]).await?;
        Ok(())
    }

    /// Merges as much as one transaction may; tells how many leaves, none if there are none, or none for
    /// us.
    async fn step(&mut self, client: &Client, ask: bool) -> Result<u64, Fault> {
        let Some(fence) = self.hold(client).await? else { return Ok(0) };
        if ask && !has_pending(client).await? {
            return Ok(0);
        }
        let merged = self.merge_some(client, fence).await?;
        if merged.is_none() {
            self.lease = None;
        }
        Ok(merged.unwrap_or_default())
    }

    /// The fencing number, if the lease is or becomes ours.
    #[expect(
        clippy::disallowed_methods,
        reason = "when to renew a lease that the server dates; no clock of the data"
    )]
    async fn hold(&mut self, client: &Client) -> Result<Option<i64>, Fault> {
        if let Some(lease) = self.lease.filter(|lease| Instant::now() < lease.renew_at) {
            return Ok(Some(lease.fence));
        }
        let lease = self.database.options.lease;
        let sql = client
            .prepare_cached(
                "UPDATE log SET owner = $1, lease_until = now() + $2 * interval '1 millisecond',
                    fence = CASE WHEN owner = $1 THEN fence ELSE fence + 1 END
                    WHERE bucket = 0 AND (owner IS NULL OR owner = $1 OR lease_until < now())
                    RETURNING fence",
            )
            .await?;
        let millis = lease.as_secs_f64() * 1000.0;
        let begun = Instant::now();
        let row = client.query_opt(&sql, &[&self.id, &millis]).await?;
        let Some(row) = row else {
            self.lease = None;
            return Ok(None);
        };
        let fence = row.try_get(0)?;
        self.lease = Some(Lease { fence, renew_at: begun + lease / 3 });
        Ok(Some(fence))
    }

    /// One transaction. Answers `None`, and writes nothing, if the lease is another's.
    async fn merge_some(&self, client: &Client, fence: i64) -> Result<Option<u64>, Fault> {
        let lock = client
            .prepare_cached(
                "SELECT epoch, frontier FROM log WHERE bucket = 0 AND owner = $1 AND fence = $2
                    FOR UPDATE",
            )
            .await?;
        let pending = client
            .prepare_cached(
                "SELECT l.bucket, l.number, l.hash
                    FROM heads h JOIN marks m ON m.bucket = h.bucket
                    JOIN leaves l ON l.bucket = h.bucket AND l.number >= m.number
                        AND l.number < h.next
                    WHERE h.next > m.number ORDER BY l.bucket, l.number LIMIT $1",
            )
            .await?;
        let (begun, locked, found) = join3(
            client.batch_execute("BEGIN"),
            client.query_opt(&lock, &[&self.id, &fence]),
            client.query(&pending, &[&MOST]),
        )
        .await;
        begun?;
        let (locked, found) = (locked?, found?);
        let Some(row) = locked else {
            client.batch_execute("ROLLBACK").await?;
            return Ok(None);
        };
        if found.is_empty() {
            client.batch_execute("ROLLBACK").await?;
            return Ok(Some(0));
        }
        let frontier = Frontier::decode(row.try_get(1)?).map_err(|_| CORRUPT.error())?;
        let mut edge = Edge { epoch: row.try_get(0)?, frontier };
        let leaves = found.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        place(client, &mut edge, &leaves).await?;
        client.batch_execute("COMMIT").await?;
        Ok(Some(leaves.len() as u64))
    }

    /// Gives the lease back, so that another process need not wait for its end.
    async fn release(&mut self) -> Result<(), Fault> {
        let client = self.database.merging().await?;
        let sql = "UPDATE log SET owner = NULL WHERE bucket = 0 AND owner = $1";
        client.execute(sql, &[&self.id]).await?;
        Ok(())
    }
}

async fn has_pending(client: &Client) -> Result<bool, Fault> {
    let sql = client
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM heads h JOIN marks m ON m.bucket = h.bucket
                WHERE h.next > m.number)",
        )
        .await?;
    Ok(client.query_one(&sql, &[]).await?.try_get(0)?)
}

fn read(row: &tokio_postgres::Row) -> Result<Pending, Fault> {
    let hash: Vec<u8> = row.try_get(2)?;
    let hash: [u8; 32] = hash.try_into().map_err(|_| CORRUPT.error())?;
    Ok(Pending { bucket: row.try_get(0)?, number: row.try_get(1)?, hash: Hash::from(hash) })
}
