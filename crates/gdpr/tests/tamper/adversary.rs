//! A store whose database somebody else can write: it answers with lies, lets others act between
//! two of its answers, and can be made again from an edited tape of its changes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use pollster::block_on as wait;
use tacenda_core::leaf::Leaf;
use tacenda_core::log::{Frontier, leaf_hash};
use tacenda_core::memory::{MemoryKeyring, MemoryStore};
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::ports::{
    Change, Committed, Cursor, Expect, Found, LeafId, LogPosition, Page, PrunedTexts, Scan, Store,
    StoreInit, StoreStatus, StoredLeaf,
};
use tacenda_core::row::{Row, RowKey};
use tacenda_core::{Name, Result, SubjectId, Timestamp};
use tacenda_testkit::world::World;

/// What somebody who writes the database did to a leaf.
#[derive(Clone)]
pub(crate) enum LeafLie {
    /// Other bytes under the hash of the old ones.
    Bytes(Vec<u8>),
    /// Other bytes and their hash.
    Rehashed(Vec<u8>),
    /// The text is gone, as if it had been pruned.
    Pruned,
    /// The leaf is gone.
    Dropped,
}

#[derive(Default)]
struct Lies {
    rows: BTreeMap<RowKey, Option<Row>>,
    found: BTreeMap<RowKey, RowKey>,
    stray: u64,
    lags: bool,
    leaves: BTreeMap<LogPosition, LeafLie>,
}

/// Where somebody else acts, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    /// After a status was read.
    Status,
    /// After rows were read.
    Rows,
    /// After a page of rows was read.
    Scan,
    /// After a look-up.
    Lookup,
    /// After a change with this action among its leaves was made.
    Committed(&'static str),
}

type Act = Box<dyn FnOnce() + Send>;

/// The store in the hands of an adversary.
#[derive(Default)]
pub(crate) struct Adversary {
    inner: MemoryStore,
    init: Mutex<Option<StoreInit>>,
    tape: Mutex<Vec<Change>>,
    lies: Mutex<Lies>,
    plan: Mutex<Option<(At, Act)>>,
    first: Mutex<Option<(&'static str, u32)>>,
    asked: AtomicU64,
}

impl Adversary {
    /// A world over such a store, and the store.
    pub(crate) fn world() -> (World, Arc<Self>) {
        let store = Arc::new(Self::default());
        (World::over(store.clone(), Arc::new(MemoryKeyring::default())), store)
    }

    /// From now on the row is another, or is not there.
    pub(crate) fn put(&self, key: &RowKey, row: Option<Row>) {
        self.lies.lock().unwrap().rows.insert(key.clone(), row);
    }

    /// From now on the row is changed like this.
    pub(crate) fn edit(&self, key: &RowKey, edit: impl FnOnce(&mut Row)) {
        let mut row = self.row(key);
        edit(&mut row);
        self.put(key, Some(row));
    }

    /// From now on look-ups that should find one row find another.
    pub(crate) fn redirect(&self, from: &RowKey, to: &RowKey) {
        self.lies.lock().unwrap().found.insert(from.clone(), to.clone());
    }

    /// From now on there are look-ups beside those of the rows.
    pub(crate) fn stray(&self, lookups: u64) {
        self.lies.lock().unwrap().stray = lookups;
    }

    /// From now on no leaf has its place yet, as in a store that gives places later.
    pub(crate) fn lag(&self) {
        self.lies.lock().unwrap().lags = true;
    }

    /// From now on the leaf there is another.
    pub(crate) fn leaf(&self, at: LogPosition, lie: LeafLie) {
        self.lies.lock().unwrap().leaves.insert(at, lie);
    }

    /// Undoes every lie.
    pub(crate) fn repent(&self) {
        *self.lies.lock().unwrap() = Lies::default();
    }

    /// From now on the row is again what it truly is.
    pub(crate) fn mend(&self, key: &RowKey) {
        self.lies.lock().unwrap().rows.remove(key);
    }

    /// Acts once, at this point.
    pub(crate) fn act(&self, at: At, act: impl FnOnce() + Send + 'static) {
        *self.plan.lock().unwrap() = Some((at, Box::new(act)));
    }

    /// The row as it truly is.
    pub(crate) fn row(&self, key: &RowKey) -> Row {
        wait(self.inner.rows(std::slice::from_ref(key))).unwrap().pop().flatten().unwrap()
    }

    /// The place and text of the last leaf that wrote rows of a subject.
    pub(crate) fn last_leaf(&self, subject: SubjectId) -> (LogPosition, Leaf) {
        let stored = wait(self.inner.leaves_of(subject, true, None, 1)).unwrap().remove(0);
        (stored.position.unwrap(), Leaf::decode(&stored.bytes.unwrap()).unwrap())
    }

    /// A store made anew from an edited tape: consistent in itself, roots and all.
    pub(crate) fn forge(&self, edit: impl FnOnce(&mut Vec<Change>)) -> Arc<MemoryStore> {
        let mut tape = self.tape.lock().unwrap().clone();
        edit(&mut tape);
        let forged = MemoryStore::default();
        wait(forged.initialise(self.init.lock().unwrap().unwrap())).unwrap();
        for change in tape {
            wait(forged.commit(change)).unwrap();
        }
        Arc::new(forged)
    }

    /// The change that somebody has ready who saw the store as it is now, and has not made yet.
    pub(crate) fn ready(&self, world: &World, act: impl FnOnce(&World)) -> Change {
        let copy = Arc::new(Self::default());
        wait(copy.initialise(self.init.lock().unwrap().unwrap())).unwrap();
        for change in self.tape.lock().unwrap().clone() {
            wait(copy.commit(change)).unwrap();
        }
        act(&World { store: copy.clone(), ..world.clone() });
        copy.tape.lock().unwrap().pop().unwrap()
    }

    /// The next changes with this action find that another came first, so many times.
    pub(crate) fn comes_first(&self, action: &'static str, times: u32) {
        *self.first.lock().unwrap() = Some((action, times));
    }

    fn came_first(&self, leaves: &[Leaf]) -> bool {
        let mut first = self.first.lock().unwrap();
        match &mut *first {
            Some((action, times)) if leaves.iter().any(|leaf| leaf.action == **action) => {
                *times = times.saturating_sub(1);
                if *times == 0 {
                    *first = None;
                }
                true
            }
            _ => false,
        }
    }

    /// How often the leaves of a subject were asked for.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    fn reached(&self, at: impl Fn(At) -> bool) {
        let mut plan = self.plan.lock().unwrap();
        let act = plan.take_if(|(planned, _)| at(*planned));
        drop(plan);
        if let Some((_, act)) = act {
            act();
        }
    }

    fn lie_row(&self, key: &RowKey, row: Option<Row>) -> Option<Row> {
        self.lies.lock().unwrap().rows.get(key).map_or(row, Clone::clone)
    }

    fn lie_leaf(&self, mut leaf: StoredLeaf) -> Option<StoredLeaf> {
        match self.lies.lock().unwrap().leaves.get(&leaf.position.unwrap()) {
            None => {}
            Some(LeafLie::Bytes(bytes)) => leaf.bytes = Some(bytes.clone()),
            Some(LeafLie::Rehashed(bytes)) => {
                leaf.hash = *leaf_hash(bytes).as_bytes();
                leaf.bytes = Some(bytes.clone());
            }
            Some(LeafLie::Pruned) => leaf.bytes = None,
            Some(LeafLie::Dropped) => return None,
        }
        Some(leaf)
    }
}

#[async_trait]
impl Store for Adversary {
    async fn status(&self) -> Result<Option<StoreStatus>> {
        let mut status = self.inner.status().await;
        self.reached(|at| at == At::Status);
        if self.lies.lock().unwrap().lags
            && let Ok(Some(status)) = &mut status
        {
            (status.head.size, status.head.root) = (0, *Frontier::new().root().as_bytes());
        }
        status
    }

    async fn initialise(&self, init: StoreInit) -> Result<()> {
        *self.init.lock().unwrap() = Some(init);
        self.inner.initialise(init).await
    }

    async fn commit(&self, mut change: Change) -> Result<Committed> {
        // A database that was written is as it looks.
        let lies = self.lies.lock().unwrap().rows.clone();
        change.requires.retain(|(key, expect)| {
            let seen = |row: &Option<Row>| row.as_ref().map(|row| row.version);
            let is = |version: Option<u64>| version.map_or(Expect::Absent, Expect::Version);
            lies.get(key).is_none_or(|row| is(seen(row)) != *expect)
        });
        let leaves: Vec<_> =
            change.leaves.iter().map(|leaf| Leaf::decode(&leaf.bytes).unwrap()).collect();
        if self.came_first(&leaves) {
            return CONFLICT.err();
        }
        let committed = self.inner.commit(change.clone()).await?;
        self.tape.lock().unwrap().push(change);
        self.reached(|at| match at {
            At::Committed(action) => leaves.iter().any(|leaf| leaf.action == *action),
            _ => false,
        });
        Ok(committed)
    }

    async fn rows(&self, keys: &[RowKey]) -> Result<Vec<Option<Row>>> {
        let rows = self.inner.rows(keys).await?;
        let rows = keys.iter().zip(rows).map(|(key, row)| self.lie_row(key, row)).collect();
        self.reached(|at| at == At::Rows);
        Ok(rows)
    }

    async fn lookup(&self, index: &Name, tokens: &[[u8; 16]]) -> Result<Vec<Vec<Found>>> {
        let mut found = self.inner.lookup(index, tokens).await?;
        let lies = self.lies.lock().unwrap();
        for one in found.iter_mut().flatten() {
            if let Some(to) = lies.found.get(&one.key) {
                one.key = to.clone();
            }
        }
        drop(lies);
        self.reached(|at| at == At::Lookup);
        Ok(found)
    }

    async fn scan(&self, scan: &Scan, after: Option<&Cursor>, limit: usize) -> Result<Page> {
        let mut page = self.inner.scan(scan, after, limit).await?;
        let rows = std::mem::take(&mut page.rows).into_iter();
        page.rows = rows.filter_map(|row| self.lie_row(&row.key.clone(), Some(row))).collect();
        // A row whose altered columns bring it into the scan, for the scans that need no more.
        if let (Scan::Anchored { class, state, until }, None) = (scan, after) {
            for row in self.lies.lock().unwrap().rows.values().flatten() {
                let due = row.anchor_at.is_some_and(|at| at <= *until);
                let here = page.rows.iter().any(|other| other.key == row.key);
                if row.class.as_ref() == Some(class) && row.state == *state && due && !here {
                    page.rows.push(row.clone());
                }
            }
        }
        if let (Scan::Due { kind, state, .. }, None) = (scan, after) {
            for row in self.lies.lock().unwrap().rows.values().flatten() {
                let here = page.rows.iter().any(|other| other.key == row.key);
                if row.key.kind == *kind && row.state == *state && !here {
                    page.rows.push(row.clone());
                }
            }
        }
        self.reached(|at| at == At::Scan);
        Ok(page)
    }

    async fn count(&self, scan: &Scan, limit: u64) -> Result<u64> {
        if matches!(scan, Scan::Anchored { .. }) {
            return Ok((self.scan(scan, None, usize::MAX).await?.rows.len() as u64).min(limit));
        }
        self.inner.count(scan, limit).await
    }

    async fn claim(
        &self,
        kind: &Name,
        state: &Name,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Row>> {
        self.inner.claim(kind, state, now, until, limit).await
    }

    async fn renew(&self, key: &RowKey, held: Timestamp, until: Timestamp) -> Result<bool> {
        self.inner.renew(key, held, until).await
    }

    async fn hashes(&self, epoch: u32, level: u8, from: u64, to: u64) -> Result<Vec<[u8; 32]>> {
        self.inner.hashes(epoch, level, from, to).await
    }

    async fn leaves(&self, epoch: u32, from: u64, to: u64) -> Result<Vec<StoredLeaf>> {
        let leaves = self.inner.leaves(epoch, from, to).await?;
        Ok(leaves.into_iter().filter_map(|leaf| self.lie_leaf(leaf)).collect())
    }

    async fn leaves_of(
        &self,
        subject: SubjectId,
        writes: bool,
        before: Option<LeafId>,
        limit: usize,
    ) -> Result<Vec<StoredLeaf>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let leaves = self.inner.leaves_of(subject, writes, before, limit).await?;
        Ok(leaves.into_iter().filter_map(|leaf| self.lie_leaf(leaf)).collect())
    }

    async fn places(&self, leaves: &[LeafId]) -> Result<Vec<LogPosition>> {
        self.inner.places(leaves).await
    }

    async fn settle(&self) -> Result<()> {
        self.inner.settle().await
    }

    async fn count_lookups(&self) -> Result<u64> {
        let stray = self.lies.lock().unwrap().stray;
        Ok(self.inner.count_lookups().await? + stray)
    }

    async fn prune(&self, epoch: u32, from: u64, to: u64, keep: &[u64]) -> Result<PrunedTexts> {
        self.inner.prune(epoch, from, to, keep).await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}
