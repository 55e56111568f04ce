//! What the leaves say of the rows, as far as they still have their texts.

use std::collections::BTreeMap;

use crate::id::{RowId, SubjectId};
use crate::leaf::Leaf;
use crate::name::Name;
use crate::ports::LogPosition;
use crate::row::RowKey;
use crate::vault::prune::Mark;

type Key = (SubjectId, Name, RowId);

/// The digest of each row that the leaves so far say is there, and where the leaf stands that says
/// so; what they say was pruned, and what is gone.
#[derive(Default)]
pub(super) struct Stated {
    rows: BTreeMap<Key, ([u8; 32], LogPosition)>,
    mark: Option<LogPosition>,
    /// The last leaf without a text, and how many there are.
    gap: Option<LogPosition>,
    gaps: u64,
}

impl Stated {
    /// Takes up a leaf; leaves come in the order of the log.
    pub(super) fn take(&mut self, at: LogPosition, leaf: Leaf) {
        self.mark = self.mark.max(Mark::stated_by(&leaf));
        for row in leaf.rows {
            let key = (leaf.subject, row.kind, row.id);
            match row.digest {
                Some(digest) => drop(self.rows.insert(key, (digest, at))),
                None => drop(self.rows.remove(&key)),
            }
        }
    }

    /// Passes over a leaf without its text.
    pub(super) fn skip(&mut self, at: LogPosition) {
        self.gap = self.gap.max(Some(at));
        self.gaps = self.gaps.saturating_add(1);
    }

    /// A leaf whose text is gone although no leaf says that it was pruned.
    pub(super) fn unexplained(&self) -> Option<LogPosition> {
        self.gap.filter(|gap| self.mark.is_none_or(|mark| *gap >= mark))
    }

    /// How many leaves have no text.
    pub(super) const fn pruned(&self) -> u64 {
        self.gaps
    }

    /// What a row was like when it was last stated; it counts as met. A leaf before the mark has no
    /// say: what was pruned beside it may have said that the row is another, or gone.
    pub(super) fn digest_of(&mut self, key: &RowKey) -> Option<[u8; 32]> {
        let (digest, at) = self.rows.remove(&(key.subject, key.kind.clone(), key.id))?;
        self.counts(at).then_some(digest)
    }

    /// A row that should be there and was not met.
    pub(super) fn left(&self) -> Option<(SubjectId, &Name)> {
        let mut left = self.rows.iter().filter(|(_, (_, at))| self.counts(*at));
        left.next().map(|((subject, kind, _), _)| (*subject, kind))
    }

    fn counts(&self, at: LogPosition) -> bool {
        self.mark.is_none_or(|mark| at >= mark)
    }
}
