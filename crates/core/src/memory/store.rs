//! The store.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;

use super::state::State;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::SubjectId;
use crate::name::Name;
use crate::ports::check::BAD_REQUEST;
use crate::ports::store::{CLOSED, LONGEST_LEASE, UNAVAILABLE};
use crate::ports::{
    Change, Committed, Cursor, Found, LeafId, LogPosition, Page, PrunedTexts, Scan, Scrub, Store,
    StoreInit, StoreStatus, StoredLeaf,
};
use crate::row::{Row, RowKey};

/// A [`Store`] that keeps everything in memory.
#[derive(Default)]
pub struct MemoryStore(Mutex<State>);

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A poisoned lock means that a panic may have left a change half made.
    fn state(&self) -> Result<MutexGuard<'_, State>> {
        let state = self.0.lock().map_err(|_| UNAVAILABLE.error())?;
        if state.closed { CLOSED.err() } else { Ok(state) }
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MemoryStore")
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn status(&self) -> Result<Option<StoreStatus>> {
        Ok(self.state()?.status())
    }

    async fn initialise(&self, init: StoreInit) -> Result<()> {
        self.state()?.initialise(init)
    }

    async fn commit(&self, change: Change) -> Result<Committed> {
        self.state()?.commit(change)
    }

    async fn rows(&self, keys: &[RowKey]) -> Result<Vec<Option<Row>>> {
        let state = self.state()?;
        Ok(keys.iter().map(|key| state.rows.get(key).cloned()).collect())
    }

    async fn lookup(&self, index: &Name, tokens: &[[u8; 16]]) -> Result<Vec<Vec<Found>>> {
        let state = self.state()?;
        let found = |token: &[u8; 16]| {
            let keys = state.lookups.get(&(index.clone(), *token)).into_iter().flatten();
            let keys: BTreeSet<_> = keys.map(|(key, _)| key).collect();
            keys.into_iter().map(|key| Found { key: key.clone() }).collect()
        };
        Ok(tokens.iter().map(found).collect())
    }

    async fn scan(&self, scan: &Scan, after: Option<&Cursor>, limit: usize) -> Result<Page> {
        let state = self.state()?;
        let mut places: Vec<(Option<Timestamp>, &Row)> =
            (state.rows.values()).filter_map(|row| place(scan, row).map(|at| (at, row))).collect();
        places.sort_by(|(a, left), (b, right)| a.cmp(b).then_with(|| left.key.cmp(&right.key)));
        if let Some(cursor) = after {
            if is_timed(scan) && cursor.at.is_none() {
                return Err(BAD_REQUEST.error().with("reason", "cursor without a time"));
            }
            let at = if is_timed(scan) { cursor.at } else { None };
            places.retain(|(place, row)| (place, &row.key) > (&at, &cursor.key));
        }
        let limit = limit.max(1);
        let more = places.len() > limit;
        places.truncate(limit);
        let next = places.last().filter(|_| more);
        let next = next.map(|(at, row)| Cursor { at: *at, key: row.key.clone() });
        Ok(Page { rows: places.into_iter().map(|(_, row)| row.clone()).collect(), next })
    }

    async fn count(&self, scan: &Scan, limit: u64) -> Result<u64> {
        let state = self.state()?;
        let rows = state.rows.values().filter(|row| place(scan, row).is_some());
        Ok((rows.count() as u64).min(limit))
    }

    async fn claim(
        &self,
        kind: &Name,
        state: &Name,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Row>> {
        let mut guard = self.state()?;
        let far = now.plus(LONGEST_LEASE);
        let is_over = |end: &Timestamp| *end <= now || *end > far;
        let free = |row: &&Row| guard.leases.get(&row.key).is_none_or(is_over);
        let due = |row: &&Row| {
            row.key.kind == *kind && row.state == *state && row.due_at.is_some_and(|at| at <= now)
        };
        let mut rows: Vec<Row> = guard.rows.values().filter(due).filter(free).cloned().collect();
        rows.sort_by(|a, b| (a.due_at, &a.key).cmp(&(b.due_at, &b.key)));
        rows.truncate(limit);
        guard.leases.extend(rows.iter().map(|row| (row.key.clone(), until)));
        Ok(rows)
    }

    async fn renew(&self, key: &RowKey, held: Timestamp, until: Timestamp) -> Result<bool> {
        let mut state = self.state()?;
        let lease = state.leases.get_mut(key).filter(|end| **end == held || **end == until);
        Ok(lease.map(|end| *end = until).is_some())
    }

    async fn hashes(&self, epoch: u32, level: u8, from: u64, to: u64) -> Result<Vec<[u8; 32]>> {
        let state = self.state()?;
        if !level.is_multiple_of(8) {
            return Err(BAD_REQUEST.error().with("reason", "level is not stored"));
        }
        if from >= to {
            return Ok(Vec::new());
        }
        if level == 0 {
            let range = LogPosition { epoch, index: from }..LogPosition { epoch, index: to };
            return Ok(state.leaves.range(range).map(|(_, leaf)| leaf.hash).collect());
        }
        let range = (epoch, level, from)..(epoch, level, to);
        Ok(state.nodes.range(range).map(|(_, hash)| *hash).collect())
    }

    async fn leaves(&self, epoch: u32, from: u64, to: u64) -> Result<Vec<StoredLeaf>> {
        let state = self.state()?;
        if from >= to {
            return Ok(Vec::new());
        }
        let range = LogPosition { epoch, index: from }..LogPosition { epoch, index: to };
        Ok(state.leaves.range(range).map(|(position, leaf)| leaf.stored(*position)).collect())
    }

    async fn leaves_of(
        &self,
        subject: SubjectId,
        writes: bool,
        before: Option<LeafId>,
        limit: usize,
    ) -> Result<Vec<StoredLeaf>> {
        let state = self.state()?;
        let leaves = state.leaves.iter().rev();
        Ok(leaves
            .filter(|(position, _)| before.is_none_or(|before| **position < before.place()))
            .filter(|(_, leaf)| leaf.subject == Some(subject) && (leaf.writes || !writes))
            .take(limit)
            .map(|(position, leaf)| leaf.stored(*position))
            .collect())
    }

    async fn places(&self, leaves: &[LeafId]) -> Result<Vec<LogPosition>> {
        let state = self.state()?;
        let is_there = |id: &&LeafId| id.chain == 0 && state.leaves.contains_key(&id.place());
        if leaves.iter().filter(is_there).count() < leaves.len() {
            return Err(BAD_REQUEST.error().with("reason", "no such leaf"));
        }
        Ok(leaves.iter().map(|id| id.place()).collect())
    }

    async fn settle(&self) -> Result<()> {
        self.state().map(|_| ())
    }

    async fn count_lookups(&self) -> Result<u64> {
        Ok(self.state()?.lookups.values().map(|keys| keys.len() as u64).sum())
    }

    async fn prune(&self, epoch: u32, from: u64, to: u64, keep: &[u64]) -> Result<PrunedTexts> {
        let mut state = self.state()?;
        if from >= to {
            return Ok(PrunedTexts { leaves: 0, scrub: Scrub::Done });
        }
        let range = LogPosition { epoch, index: from }..LogPosition { epoch, index: to };
        let mut pruned = 0;
        for (position, leaf) in state.leaves.range_mut(range) {
            if leaf.bytes.is_some() && !keep.contains(&position.index) {
                (leaf.bytes, leaf.subject) = (None, None);
                pruned += 1;
            }
        }
        Ok(PrunedTexts { leaves: pruned, scrub: Scrub::Done })
    }

    async fn close(&self) -> Result<()> {
        self.state()?.closed = true;
        Ok(())
    }
}

const fn is_timed(scan: &Scan) -> bool {
    matches!(scan, Scan::Anchored { .. } | Scan::Due { .. })
}

/// Where a row stands in a scan: at a time, at none, or not at all.
fn place(scan: &Scan, row: &Row) -> Option<Option<Timestamp>> {
    match scan {
        Scan::Subject(subject) => (row.key.subject == *subject).then_some(None),
        Scan::Class { class } => (row.class.as_ref() == Some(class)).then_some(None),
        Scan::All { kind } => {
            kind.as_ref().is_none_or(|kind| *kind == row.key.kind).then_some(None)
        }
        Scan::Anchored { class, state, until } => {
            (row.class.as_ref() == Some(class) && row.state == *state && !row.held)
                .then_some(row.anchor_at.filter(|at| at <= until)?)
                .map(Some)
        }
        Scan::Due { kind, state, until } => (row.key.kind == *kind && row.state == *state)
            .then_some(row.due_at.filter(|at| at <= until)?)
            .map(Some),
    }
}
