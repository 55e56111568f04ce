//! A feed of what changed, for hosts that keep caches or search indexes.

use super::Vault;
use super::codes::{FORKED, PRUNED};
use crate::error::Result;
use crate::id::{RowId, SubjectId};
use crate::leaf::Leaf;
use crate::log::leaf_hash;
use crate::name::Name;
use crate::ports::LogPosition;

/// A row that was written or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedRow {
    /// The place of the leaf that states it.
    pub position: LogPosition,
    /// Whose row.
    pub subject: SubjectId,
    /// What it is.
    pub kind: Name,
    /// Which one.
    pub id: RowId,
    /// Whether it is gone.
    pub deleted: bool,
}

/// A part of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The rows, in the order of the log; a row that changed twice is there twice.
    pub rows: Vec<ChangedRow>,
    /// Where to go on: the place behind the last leaf that was looked at.
    pub next: LogPosition,
    /// Whether the log ended there.
    pub is_end: bool,
}

impl Vault {
    /// The rows that the leaves from a place on state, looking at `limit` leaves at most. To follow
    /// the log, keep `next` and ask again from there; begin with [`Vault::log_begins`], or with
    /// where [`Vault::log_ends`] says before a first full read.
    ///
    /// # Properties
    /// Asked from the same place again it answers the same and perhaps more. No change is left out
    /// and none comes later than its place: a change is in the feed once the store has given its
    /// leaf a place, in PostgreSQL a moment after it was committed. It holds ids and no data, and
    /// leaves no leaf.
    ///
    /// # Errors
    /// [`PRUNED`] if a leaf has lost its text: whoever fell behind so far reads everything anew.
    /// [`FORKED`] if a leaf is not the one in the tree; the codes of the store.
    pub async fn changes_since(&self, from: LogPosition, limit: usize) -> Result<Changes> {
        let mut changes = Changes { rows: Vec::new(), next: from, is_end: true };
        let Some(status) = self.ports.store.status().await? else { return Ok(changes) };
        let limit = u64::try_from(limit.max(1)).unwrap_or(u64::MAX);
        let to = changes.next.index.saturating_add(limit);
        let leaves = self.ports.store.leaves(from.epoch, from.index, to).await?;
        for stored in leaves {
            let LogPosition { epoch, index } = changes.next;
            let gone = || PRUNED.error().with("epoch", epoch).with("index", index);
            let bytes = stored.bytes.as_deref().ok_or_else(gone)?;
            if *leaf_hash(bytes).as_bytes() != stored.hash {
                return FORKED.err();
            }
            let leaf = Leaf::decode(bytes)?;
            let position = changes.next;
            changes.rows.extend(leaf.rows.into_iter().map(|row| ChangedRow {
                position,
                subject: leaf.subject,
                kind: row.kind,
                id: row.id,
                deleted: row.digest.is_none(),
            }));
            changes.next.index = index.saturating_add(1);
        }
        changes.is_end = changes.next.index < to;
        if changes.is_end && changes.next.epoch < status.head.epoch {
            // A restore began the next epoch; nothing is added to this one.
            let epoch = changes.next.epoch.saturating_add(1);
            changes.next = LogPosition { epoch, index: 0 };
            changes.is_end = false;
        }
        Ok(changes)
    }

    /// The first place of the log.
    #[must_use]
    pub const fn log_begins() -> LogPosition {
        LogPosition { epoch: 1, index: 0 }
    }

    /// The place behind the last leaf that has one.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn log_ends(&self) -> Result<LogPosition> {
        let status = self.ports.store.status().await?;
        let end = |head: crate::ports::LogHead| LogPosition { epoch: head.epoch, index: head.size };
        Ok(status.map_or(Self::log_begins(), |status| end(status.head)))
    }
}
