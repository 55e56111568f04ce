//! The log page by page, for rooms that look for who did what.

use super::Vault;
use super::codes::FORKED;
use crate::error::Result;
use crate::leaf::Leaf;
use crate::log::leaf_hash;
use crate::ports::LogPosition;

/// A part of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaves {
    /// The leaves with their places, in order; `None` where the text was pruned.
    pub leaves: Vec<(LogPosition, Option<Leaf>)>,
    /// Where to go on: the place behind the last.
    pub next: LogPosition,
    /// Whether the log ended there.
    pub is_end: bool,
}

impl Vault {
    /// The leaves from a place on, `limit` of them at most; begin with [`Vault::log_begins`]. It holds ids
    /// and no data, and leaves no leaf. Each text is held against its hash; whether that hash is the log's
    /// own, an audit tells.
    ///
    /// # Errors
    /// [`FORKED`] if a text is not the one of its hash; the codes of the store.
    pub async fn leaves_since(&self, from: LogPosition, limit: usize) -> Result<Leaves> {
        let mut page = Leaves { leaves: Vec::new(), next: from, is_end: true };
        let Some(status) = self.ports.store.status().await? else { return Ok(page) };
        let limit = u64::try_from(limit.max(1)).unwrap_or(u64::MAX);
        let to = from.index.saturating_add(limit);
        for stored in self.ports.store.leaves(from.epoch, from.index, to).await? {
            let leaf = match stored.bytes.as_deref() {
                None => None,
                Some(bytes) if *leaf_hash(bytes).as_bytes() != stored.hash => return FORKED.err(),
                Some(bytes) => Some(Leaf::decode(bytes)?),
            };
            page.leaves.push((page.next, leaf));
            page.next.index = page.next.index.saturating_add(1);
        }
        page.is_end = page.next.index < to;
        if page.is_end && page.next.epoch < status.head.epoch {
            // A restore began the next epoch; nothing is added to this one.
            page.next = LogPosition { epoch: page.next.epoch.saturating_add(1), index: 0 };
            page.is_end = false;
        }
        Ok(page)
    }
}
