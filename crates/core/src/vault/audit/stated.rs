//! What the leaves say of the rows, as far as they still have their texts, and which rows were met
//! as they say.

use std::collections::BTreeMap;

use super::Audit;
use crate::error::{Error, Result};
use crate::leaf::Leaf;
use crate::name::Name;
use crate::ports::LogPosition;
use crate::row::RowKey;
use crate::vault::codes::{ALTERED_LOOKUP, ALTERED_ROW, MISSING_ROW, PRUNED};
use crate::vault::prune::Mark;

/// The digest of each row that the leaves so far say is there, and how it was met; what they say
/// was pruned, and what is gone.
#[derive(Default)]
pub(super) struct Stated {
    rows: BTreeMap<RowKey, Statement>,
    /// Rows that are there and should not be as they are.
    doubts: BTreeMap<RowKey, Doubt>,
    mark: Option<LogPosition>,
    /// The last leaf without a text, and how many there are.
    gap: Option<LogPosition>,
    gaps: u64,
}

struct Statement {
    digest: [u8; 32],
    /// Where the leaf stands.
    at: LogPosition,
    /// How many tokens the row carried when it was met as stated.
    met: Option<u64>,
}

/// What is wrong with a row that is there, unless somebody has just changed it.
enum Doubt {
    /// It is not what the log says of it.
    Row,
    /// It is not found under its token in this index.
    Lookup(Name),
}

impl Stated {
    /// Takes up a leaf; leaves come in the order of the log.
    pub(super) fn take(&mut self, at: LogPosition, leaf: Leaf) {
        self.mark = self.mark.max(Mark::stated_by(&leaf));
        for row in leaf.rows {
            let key = RowKey { subject: leaf.subject, kind: row.kind, id: row.id };
            match row.digest {
                Some(digest) => drop(self.rows.insert(key, Statement { digest, at, met: None })),
                None => drop(self.rows.remove(&key)),
            }
        }
    }

    /// Passes over a leaf without its text.
    pub(super) fn skip(&mut self, at: LogPosition) {
        self.gap = self.gap.max(Some(at));
        self.gaps = self.gaps.saturating_add(1);
    }

    /// A row is there.
    pub(super) fn present(&mut self, key: &RowKey, digest: &[u8; 32], tokens: u64) {
        let mark = self.mark;
        match self.rows.get_mut(key) {
            Some(row) if row.counts(mark) && row.digest == *digest => {
                row.met = Some(tokens);
                self.doubts.remove(key);
            }
            _ => {
                self.forget(key);
                self.doubts.insert(key.clone(), Doubt::Row);
            }
        }
    }

    /// A row is there that is not found in an index by the token that it carries.
    pub(super) fn unfound(&mut self, key: &RowKey, index: &Name) {
        self.forget(key);
        self.doubts.entry(key.clone()).or_insert_with(|| Doubt::Lookup(index.clone()));
    }

    /// A row is not there.
    pub(super) fn absent(&mut self, key: &RowKey) {
        self.forget(key);
        self.doubts.remove(key);
    }

    fn forget(&mut self, key: &RowKey) {
        if let Some(row) = self.rows.get_mut(key) {
            row.met = None;
        }
    }

    /// The rows to read again: those not met as they are stated now, and those in doubt.
    pub(super) fn open(&self) -> Vec<RowKey> {
        let unmet = self.rows.iter().filter(|(_, row)| row.counts(self.mark) != row.met.is_some());
        // Those in doubt are either among them, or no leaf states them.
        let strange = self.doubts.keys().filter(|key| !self.rows.contains_key(*key));
        unmet.map(|(key, _)| key).chain(strange).cloned().collect()
    }

    /// What the audit found, once everything was compared at one moment.
    pub(super) fn verdict(&self, leaves: u64, lookups: u64) -> Result<Audit> {
        if let Some(LogPosition { epoch, index }) = self.unexplained() {
            return Err(PRUNED.error().with("epoch", epoch).with("index", index));
        }
        let about = |error: Error, key: &RowKey| error.with("subject", key.subject);
        match self.doubts.iter().next() {
            Some((key, Doubt::Row)) => {
                return Err(about(ALTERED_ROW.error(), key).with("kind", &key.kind));
            }
            Some((key, Doubt::Lookup(index))) => {
                return Err(about(ALTERED_LOOKUP.error().with("index", index), key));
            }
            None => {}
        }
        let (mut rows, mut carried) = (0_u64, 0_u64);
        for (key, row) in self.rows.iter().filter(|(_, row)| row.counts(self.mark)) {
            let Some(tokens) = row.met else {
                return Err(about(MISSING_ROW.error(), key).with("kind", &key.kind));
            };
            rows = rows.saturating_add(1);
            carried = carried.saturating_add(tokens);
        }
        // Each is found under its tokens: there is none beside those.
        if lookups != carried {
            let error = ALTERED_LOOKUP.error().with("found", lookups);
            return Err(error.with("carried", carried));
        }
        Ok(Audit { leaves, rows, pruned: self.gaps, lookups })
    }

    /// A leaf whose text is gone although no leaf says that it was pruned.
    fn unexplained(&self) -> Option<LogPosition> {
        self.gap.filter(|gap| self.mark.is_none_or(|mark| *gap >= mark))
    }
}

impl Statement {
    /// A leaf before the mark has no say: what was pruned beside it may have said that the row is
    /// another, or gone.
    fn counts(&self, mark: Option<LogPosition>) -> bool {
        mark.is_none_or(|mark| self.at >= mark)
    }
}
