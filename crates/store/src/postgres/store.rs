//! The vault store.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use tacenda_core::clock::Timestamp;
use tacenda_core::error::Result;
use tacenda_core::id::SubjectId;
use tacenda_core::name::Name;
use tacenda_core::ports::store::{UNAVAILABLE, UNKNOWN_OUTCOME};
use tacenda_core::ports::{
    Change, Committed, Cursor, Found, Holding, LeafId, LogPosition, Page, PrunedTexts, Scan, Store,
    StoreInit, StoreStatus, StoredLeaf,
};
use tacenda_core::row::{Row, RowKey};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::change::Prepared;
use super::commit::commit;
use super::database::{Database, again};
use super::migrate::STORE;
use super::sequencer::{Bell, Sequencer};
use super::worker::Worker;
use super::{PostgresOptions, claim, head, holding, lease, log, read, scan, scrub};

/// A [`Store`] in a PostgreSQL database that many processes share.
///
/// # Properties
/// A change is durable when it is answered (`synchronous_commit` is at least `on`). Leaves get their
/// places later, by whichever process is the sequencer; [`Store::places`] waits for them. Futures
/// need no runtime: the store has one of its own, on a thread of its own.
pub struct PostgresStore {
    database: Arc<Database>,
    bell: Arc<Bell>,
    worker: Worker,
}

impl PostgresStore {
    /// Connects, makes the tables if they are missing, and begins to sequence.
    ///
    /// The URL is that of libpq: `postgresql://user@host/database?sslmode=require`. TLS, where it is
    /// used, checks the server's certificate against the system's roots.
    ///
    /// # Errors
    /// `store.bad_request` for a URL or schema that cannot be read, `store.access_refused`,
    /// `store.newer_schema`, `store.read_only`, `store.unavailable`.
    pub async fn open(url: &str, options: PostgresOptions) -> Result<Self> {
        let database = Database::new(url, options)?;
        let worker = Worker::start()?;
        let bell = Arc::new(Bell::default());
        let id = random_id()?;
        let (begun, rung) = (Arc::clone(&database), Arc::clone(&bell));
        let begin = async move {
            again!(begun, client => STORE.migrate(client, &begun.options.schema))?;
            tokio::spawn(Sequencer::new(begun, rung, id).run());
            Ok(())
        };
        worker.run(begin).await.unwrap_or_else(|_| UNAVAILABLE.err())?;
        Ok(Self { database, bell, worker })
    }

    /// Runs work on the store's own thread; a future that is dropped does not end it.
    async fn run<T, F>(&self, work: impl FnOnce(Arc<Database>) -> F + Send) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        self.database.open()?;
        let done = self.worker.run(work(Arc::clone(&self.database)));
        done.await.unwrap_or_else(|_| UNAVAILABLE.err())
    }
}

/// The name of a sequencer. UUIDs need to be unique here, not secret.
fn random_id() -> Result<Uuid> {
    let mut bytes = [0; 16];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| UNAVAILABLE.error())?;
    Ok(Uuid::from_bytes(bytes))
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresStore")
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn status(&self) -> Result<Option<StoreStatus>> {
        self.run(|db| async move { again!(db, c => head::status(c)) }).await
    }

    async fn initialise(&self, init: StoreInit) -> Result<()> {
        let attempted = AtomicBool::new(false);
        let work = move |db: Arc<Database>| async move {
            again!(db, c => head::initialise(c, init, &attempted))
        };
        self.run(work).await
    }

    async fn commit(&self, change: Change) -> Result<Committed> {
        self.database.open()?;
        let prepared = Prepared::new(change)?;
        let done = self.worker.run(commit(Arc::clone(&self.database), prepared)).await;
        done.unwrap_or_else(|_| UNKNOWN_OUTCOME.err())
    }

    async fn rows(&self, keys: &[RowKey]) -> Result<Vec<Option<Row>>> {
        let keys = keys.to_vec();
        self.run(move |db| async move { again!(db, c => read::rows(c, &keys)) }).await
    }

    async fn lookup(&self, index: &Name, tokens: &[[u8; 16]]) -> Result<Vec<Vec<Found>>> {
        let (index, tokens) = (index.clone(), tokens.to_vec());
        self.run(move |db| async move { again!(db, c => read::lookup(c, &index, &tokens)) }).await
    }

    async fn scan(&self, scan: &Scan, after: Option<&Cursor>, limit: usize) -> Result<Page> {
        let (scan, after) = (scan.clone(), after.cloned());
        let work = move |db: Arc<Database>| async move {
            again!(db, c => scan::scan(c, &scan, after.as_ref(), limit))
        };
        self.run(work).await
    }

    async fn cursors(
        &self,
        scan: &Scan,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<Cursor>> {
        let (scan, after) = (scan.clone(), after.cloned());
        let work = move |db: Arc<Database>| async move {
            again!(db, c => scan::cursors(c, &scan, after.as_ref(), limit))
        };
        self.run(work).await
    }

    async fn count(&self, scan: &Scan, limit: u64) -> Result<u64> {
        let scan = scan.clone();
        self.run(move |db| async move { again!(db, c => scan::count(c, &scan, limit)) }).await
    }

    async fn claim(
        &self,
        kind: &Name,
        state: &Name,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Row>> {
        let claim = claim::Claim { kind: kind.clone(), state: state.clone(), now, until, limit };
        let lost = Mutex::default();
        self.run(move |db| async move { again!(db, c => claim::claim(c, &claim, &lost)) }).await
    }

    async fn renew(&self, key: &RowKey, held: Timestamp, until: Timestamp) -> Result<bool> {
        let key = key.clone();
        self.run(move |db| async move { again!(db, c => lease::renew(c, &key, held, until)) }).await
    }

    async fn hashes(&self, epoch: u32, level: u8, from: u64, to: u64) -> Result<Vec<[u8; 32]>> {
        let work = move |db: Arc<Database>| async move {
            again!(db, c => log::hashes(c, epoch, level, from, to))
        };
        self.run(work).await
    }

    async fn leaves(&self, epoch: u32, from: u64, to: u64) -> Result<Vec<StoredLeaf>> {
        let work = move |db: Arc<Database>| async move {
            again!(db, c => log::leaves(c, epoch, from, to))
        };
        self.run(work).await
    }

    async fn leaves_of(
        &self,
        subject: SubjectId,
        writes: bool,
        before: Option<LeafId>,
        limit: usize,
    ) -> Result<Vec<StoredLeaf>> {
        let work = move |db: Arc<Database>| async move {
            again!(db, c => log::leaves_of(c, subject, writes, before, limit))
        };
        self.run(work).await
    }

    async fn rows_with_leaves(
        &self,
        subject: SubjectId,
        keys: &[RowKey],
        leaves: usize,
    ) -> Result<(Vec<Option<Row>>, Vec<StoredLeaf>)> {
        let keys = keys.to_vec();
        let work = move |db: Arc<Database>| async move {
            again!(db, c => holding::rows_with_leaves(c, subject, &keys, leaves))
        };
        self.run(work).await
    }

    async fn holdings(&self, subjects: &[SubjectId], leaves: usize) -> Result<Vec<Holding>> {
        let subjects = subjects.to_vec();
        let work = move |db: Arc<Database>| async move {
            again!(db, c => holding::holdings(c, &subjects, leaves))
        };
        self.run(work).await
    }

    async fn places(&self, leaves: &[LeafId]) -> Result<Vec<LogPosition>> {
        let (leaves, bell) = (leaves.to_vec(), Arc::clone(&self.bell));
        self.run(move |db| async move { log::places(&db, &bell, &leaves).await }).await
    }

    async fn settle(&self) -> Result<()> {
        let bell = Arc::clone(&self.bell);
        self.run(move |db| async move { log::settle(&db, &bell).await }).await
    }

    async fn count_lookups(&self) -> Result<u64> {
        self.run(|db| async move { again!(db, c => read::count_lookups(c)) }).await
    }

    async fn prune(&self, epoch: u32, from: u64, to: u64, keep: &[u64]) -> Result<PrunedTexts> {
        let keep: Vec<i64> = keep.iter().filter_map(|n| i64::try_from(*n).ok()).collect();
        let work = move |db: Arc<Database>| async move {
            let (mut next, mut total) = (Some(i64::try_from(from).unwrap_or(i64::MAX)), 0u64);
            while let Some(from) = next {
                let step = again!(db, c => log::prune(c, epoch, from, to, &keep))?;
                (total, next) = (total.saturating_add(step.0), step.1);
            }
            let scrub = again!(patiently db, c => scrub::scrub(c, "leaves"))?;
            Ok(PrunedTexts { leaves: total, scrub })
        };
        self.run(work).await
    }

    async fn close(&self) -> Result<()> {
        self.database.close()?;
        let (database, bell) = (Arc::clone(&self.database), Arc::clone(&self.bell));
        let done = self.worker.run(async move {
            bell.stop().await;
            database.disconnect();
            Ok(())
        });
        done.await.unwrap_or_else(|_| UNAVAILABLE.err())
    }
}
