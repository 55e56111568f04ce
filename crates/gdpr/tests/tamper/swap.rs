//! A store that can be exchanged under a running process.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tacenda_core::ports::{
    Change, Committed, Cursor, Found, LeafId, LogPosition, Page, PrunedTexts, Scan, Store,
    StoreInit, StoreStatus, StoredLeaf,
};
use tacenda_core::row::{Row, RowKey};
use tacenda_core::{Name, Result, SubjectId, Timestamp};

/// Answers as the store that it was given last.
pub(crate) struct Swap(Mutex<Arc<dyn Store>>);

impl Swap {
    pub(crate) fn new(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(store)))
    }
    pub(crate) fn to(&self, store: Arc<dyn Store>) {
        *self.0.lock().unwrap() = store;
    }
    fn now(&self) -> Arc<dyn Store> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl Store for Swap {
    async fn status(&self) -> Result<Option<StoreStatus>> {
        self.now().status().await
    }
    async fn initialise(&self, init: StoreInit) -> Result<()> {
        self.now().initialise(init).await
    }
    async fn commit(&self, c: Change) -> Result<Committed> {
        self.now().commit(c).await
    }
    async fn rows(&self, keys: &[RowKey]) -> Result<Vec<Option<Row>>> {
        self.now().rows(keys).await
    }
    async fn lookup(&self, i: &Name, t: &[[u8; 16]]) -> Result<Vec<Vec<Found>>> {
        self.now().lookup(i, t).await
    }
    async fn scan(&self, s: &Scan, a: Option<&Cursor>, l: usize) -> Result<Page> {
        self.now().scan(s, a, l).await
    }
    async fn count(&self, s: &Scan, l: u64) -> Result<u64> {
        self.now().count(s, l).await
    }
    async fn claim(
        &self,
        k: &Name,
        s: &Name,
        n: Timestamp,
        u: Timestamp,
        l: usize,
    ) -> Result<Vec<Row>> {
        self.now().claim(k, s, n, u, l).await
    }
    async fn renew(&self, key: &RowKey, held: Timestamp, until: Timestamp) -> Result<bool> {
        self.now().renew(key, held, until).await
    }
    async fn hashes(&self, e: u32, l: u8, f: u64, t: u64) -> Result<Vec<[u8; 32]>> {
        self.now().hashes(e, l, f, t).await
    }
    async fn leaves(&self, e: u32, f: u64, t: u64) -> Result<Vec<StoredLeaf>> {
        self.now().leaves(e, f, t).await
    }
    async fn leaves_of(
        &self,
        s: SubjectId,
        w: bool,
        b: Option<LeafId>,
        l: usize,
    ) -> Result<Vec<StoredLeaf>> {
        self.now().leaves_of(s, w, b, l).await
    }
    async fn places(&self, l: &[LeafId]) -> Result<Vec<LogPosition>> {
        self.now().places(l).await
    }
    async fn settle(&self) -> Result<()> {
        self.now().settle().await
    }
    async fn count_lookups(&self) -> Result<u64> {
        self.now().count_lookups().await
    }
    async fn prune(&self, e: u32, f: u64, t: u64, k: &[u64]) -> Result<PrunedTexts> {
        self.now().prune(e, f, t, k).await
    }
    async fn close(&self) -> Result<()> {
        self.now().close().await
    }
}
