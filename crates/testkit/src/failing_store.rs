//! A store that fails by plan.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tacenda_core::clock::Timestamp;
use tacenda_core::error::Result;
use tacenda_core::id::SubjectId;
use tacenda_core::name::Name;
use tacenda_core::ports::{
    Change, Committed, Cursor, Found, Holding, LeafId, LogPosition, Page, PrunedTexts, Scan, Scrub,
    Store, StoreInit, StoreStatus, StoredLeaf,
};
use tacenda_core::row::{Row, RowKey};

use crate::fault::Faults;

/// A [`Store`] in front of another that cuts operations by a plan.
pub struct FailingStore {
    store: Arc<dyn Store>,
    faults: Faults,
    is_read: bool,
}

impl FailingStore {
    /// Puts a plan in front of a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, faults: Faults) -> Self {
        Self { store, faults, is_read: false }
    }

    /// Somebody reads the store's old pages all the time: what is pruned leaves its traces.
    #[must_use]
    pub const fn under_readers(mut self) -> Self {
        self.is_read = true;
        self
    }
}

impl fmt::Debug for FailingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailingStore").field("faults", &self.faults).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for FailingStore {
    async fn status(&self) -> Result<Option<StoreStatus>> {
        self.faults.run(false, self.store.status()).await
    }

    async fn initialise(&self, init: StoreInit) -> Result<()> {
        self.faults.run(true, self.store.initialise(init)).await
    }

    async fn commit(&self, change: Change) -> Result<Committed> {
        self.faults.run(true, self.store.commit(change)).await
    }

    async fn rows(&self, keys: &[RowKey]) -> Result<Vec<Option<Row>>> {
        self.faults.run(false, self.store.rows(keys)).await
    }

    async fn lookup(&self, index: &Name, tokens: &[[u8; 16]]) -> Result<Vec<Vec<Found>>> {
        self.faults.run(false, self.store.lookup(index, tokens)).await
    }

    async fn scan(&self, scan: &Scan, after: Option<&Cursor>, limit: usize) -> Result<Page> {
        self.faults.run(false, self.store.scan(scan, after, limit)).await
    }

    async fn cursors(
        &self,
        scan: &Scan,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<Cursor>> {
        self.faults.run(false, self.store.cursors(scan, after, limit)).await
    }

    async fn count(&self, scan: &Scan, limit: u64) -> Result<u64> {
        self.faults.run(false, self.store.count(scan, limit)).await
    }

    async fn claim(
        &self,
        kind: &Name,
        state: &Name,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Row>> {
        self.faults.run(true, self.store.claim(kind, state, now, until, limit)).await
    }

    async fn renew(&self, key: &RowKey, held: Timestamp, until: Timestamp) -> Result<bool> {
        self.faults.run(true, self.store.renew(key, held, until)).await
    }

    async fn hashes(&self, epoch: u32, level: u8, from: u64, to: u64) -> Result<Vec<[u8; 32]>> {
        self.faults.run(false, self.store.hashes(epoch, level, from, to)).await
    }

    async fn leaves(&self, epoch: u32, from: u64, to: u64) -> Result<Vec<StoredLeaf>> {
        self.faults.run(false, self.store.leaves(epoch, from, to)).await
    }

    async fn leaves_of(
        &self,
        subject: SubjectId,
        writes: bool,
        before: Option<LeafId>,
        limit: usize,
    ) -> Result<Vec<StoredLeaf>> {
        self.faults.run(false, self.store.leaves_of(subject, writes, before, limit)).await
    }

    async fn places(&self, leaves: &[LeafId]) -> Result<Vec<LogPosition>> {
        self.faults.run(false, self.store.places(leaves)).await
    }

    async fn settle(&self) -> Result<()> {
        self.faults.run(false, self.store.settle()).await
    }

    async fn rows_with_leaves(
        &self,
        subject: SubjectId,
        keys: &[RowKey],
        leaves: usize,
    ) -> Result<(Vec<Option<Row>>, Vec<StoredLeaf>)> {
        self.faults.run(false, self.store.rows_with_leaves(subject, keys, leaves)).await
    }

    async fn holdings(&self, subjects: &[SubjectId], leaves: usize) -> Result<Vec<Holding>> {
        self.faults.run(false, self.store.holdings(subjects, leaves)).await
    }

    async fn count_lookups(&self) -> Result<u64> {
        self.faults.run(false, self.store.count_lookups()).await
    }

    async fn prune(&self, epoch: u32, from: u64, to: u64, keep: &[u64]) -> Result<PrunedTexts> {
        let pruned = self.faults.run(true, self.store.prune(epoch, from, to, keep)).await?;
        Ok(if self.is_read { PrunedTexts { scrub: Scrub::Blocked, ..pruned } } else { pruned })
    }

    async fn close(&self) -> Result<()> {
        self.faults.run(true, self.store.close()).await
    }
}
