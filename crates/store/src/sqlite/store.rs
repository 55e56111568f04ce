//! The vault store.

use std::fmt;
use std::path::Path;

use async_trait::async_trait;
use tacenda_core::clock::Timestamp;
use tacenda_core::error::Result;
use tacenda_core::id::SubjectId;
use tacenda_core::name::Name;
use tacenda_core::ports::{
    Change, Committed, Cursor, Found, Holding, LeafId, LogPosition, Page, PrunedTexts, Scan, Store,
    StoreInit, StoreStatus, StoredLeaf,
};
use tacenda_core::row::{Row, RowKey};

use super::apply::apply;
use super::change::Prepared;
use super::connection::{Database, Head as _};
use super::fault::Fault;
use super::head::{Marked, StoreHead};
use super::{SqliteOptions, lease, prune, read, scan};

/// A [`Store`] in a SQLite file.
///
/// # Properties
/// `secure_delete` is on in every connection: what is deleted is overwritten with zeros. A change
/// is durable when it is answered (`synchronous = FULL`). Futures need no runtime; those of readers
/// are ready when they are first polled.
pub struct SqliteStore(Database<StoreHead>);

impl SqliteStore {
    /// Opens a store, or makes a new one that is not marked yet.
    ///
    /// # Errors
    /// `store.corrupt` if the file is no store of ours, `store.newer_schema`, `store.read_only` if
    /// file or folder cannot be written, `store.unavailable`.
    pub fn open(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self> {
        Database::open(path.as_ref(), options).map(Self)
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteStore")
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn status(&self) -> Result<Option<StoreStatus>> {
        let head = self.0.read_one(|c| StoreHead::load(c).map_err(Fault::error))?;
        Ok(head.0.map(Marked::status))
    }

    async fn initialise(&self, init: StoreInit) -> Result<()> {
        self.0.write(false, move |_, head| head.initialise(init)).await
    }

    async fn commit(&self, change: Change) -> Result<Committed> {
        let prepared = Prepared::new(change)?;
        let (bulk, only_appends) = (prepared.is_bulk, prepared.only_appends());
        let work = move |c: &_, head: &mut _| apply(c, head, prepared);
        if only_appends { self.0.append(bulk, work).await } else { self.0.write(bulk, work).await }
    }

    async fn rows(&self, keys: &[RowKey]) -> Result<Vec<Option<Row>>> {
        if keys.len() == 1 {
            return self.0.read_one(|c| read::rows(c, keys));
        }
        self.0.read(|c| read::rows(c, keys))
    }

    async fn lookup(&self, index: &Name, tokens: &[[u8; 16]]) -> Result<Vec<Vec<Found>>> {
        if tokens.len() == 1 {
            return self.0.read_one(|c| read::lookup(c, index, tokens));
        }
        self.0.read(|c| read::lookup(c, index, tokens))
    }

    async fn scan(&self, scan: &Scan, after: Option<&Cursor>, limit: usize) -> Result<Page> {
        self.0.read_one(|c| scan::scan(c, scan, after, limit))
    }

    async fn cursors(
        &self,
        scan: &Scan,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<Cursor>> {
        if matches!(scan, Scan::Anchored { .. } | Scan::Due { .. }) {
            return self.0.read_one(|c| scan::timed(c, scan, after, limit));
        }
        let page = self.scan(scan, after, limit).await?;
        Ok(page.rows.iter().map(|row| scan.cursor(row)).collect())
    }

    async fn count(&self, scan: &Scan, limit: u64) -> Result<u64> {
        self.0.read_one(|c| scan::count(c, scan, limit))
    }

    async fn claim(
        &self,
        kind: &Name,
        state: &Name,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Row>> {
        let (kind, state) = (kind.clone(), state.clone());
        let work = move |c: &_, _: &mut _| scan::claim(c, &kind, &state, now, until, limit);
        self.0.write(false, work).await
    }

    async fn renew(&self, key: &RowKey, held: Timestamp, until: Timestamp) -> Result<bool> {
        let key = key.clone();
        self.0.write(false, move |c: &_, _: &mut _| lease::renew(c, &key, held, until)).await
    }

    async fn hashes(&self, epoch: u32, level: u8, from: u64, to: u64) -> Result<Vec<[u8; 32]>> {
        self.0.read_one(|c| read::hashes(c, epoch, level, from, to))
    }

    async fn leaves(&self, epoch: u32, from: u64, to: u64) -> Result<Vec<StoredLeaf>> {
        self.0.read_one(|c| read::leaves(c, epoch, from, to))
    }

    async fn leaves_of(
        &self,
        subject: SubjectId,
        writes: bool,
        before: Option<LeafId>,
        limit: usize,
    ) -> Result<Vec<StoredLeaf>> {
        if writes {
            return self.0.read_one(|c| read::leaves_of(c, subject, writes, before, limit));
        }
        self.0.read(|c| read::leaves_of(c, subject, writes, before, limit))
    }

    async fn places(&self, leaves: &[LeafId]) -> Result<Vec<LogPosition>> {
        self.0.read_one(|c| read::places(c, leaves))
    }

    async fn settle(&self) -> Result<()> {
        self.0.read_one(|_| Ok(()))
    }

    async fn rows_with_leaves(
        &self,
        subject: SubjectId,
        keys: &[RowKey],
        leaves: usize,
    ) -> Result<(Vec<Option<Row>>, Vec<StoredLeaf>)> {
        self.0.read(|c| read::rows_with_leaves(c, subject, keys, leaves))
    }

    async fn holdings(&self, subjects: &[SubjectId], leaves: usize) -> Result<Vec<Holding>> {
        self.0.read(|c| scan::holdings(c, subjects, leaves))
    }

    async fn count_lookups(&self) -> Result<u64> {
        self.0.read_one(read::count_lookups)
    }

    async fn prune(&self, epoch: u32, from: u64, to: u64, keep: &[u64]) -> Result<PrunedTexts> {
        prune::prune(&self.0, epoch, from, to, keep).await
    }

    async fn close(&self) -> Result<()> {
        self.0.close().await
    }
}
