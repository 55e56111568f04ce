//! A feed of what changed, for hosts that keep caches or search indexes.

use super::Vault;
use super::codes::PRUNED;
use crate::error::Result;
use crate::id::{RowId, SubjectId};
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
    /// `log.forked` if a leaf is not the one in the tree; the codes of the store.
    pub async fn changes_since(&self, from: LogPosition, limit: usize) -> Result<Changes> {
        let page = self.leaves_since(from, limit).await?;
        let mut rows = Vec::new();
        for (position, leaf) in page.leaves {
            let LogPosition { epoch, index } = position;
            let gone = || PRUNED.error().with("epoch", epoch).with("index", index);
            let leaf = leaf.ok_or_else(gone)?;
            rows.extend(leaf.rows.into_iter().map(|row| ChangedRow {
                position,
                subject: leaf.subject,
                kind: row.kind,
                id: row.id,
                deleted: row.digest.is_none(),
            }));
        }
        Ok(Changes { rows, next: page.next, is_end: page.is_end })
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
