//! The mark: up to where texts may be gone.

use super::super::codes::PRUNE_BLOCKED;
use super::super::journal::{Draft, next_version, own_row};
use super::super::recover::REPAIR;
use super::super::sweeps::DONE;
use super::{CONTROLLER, PAGE, Vault, stays};
use crate::codec::{Decoder, Encoder};
use crate::error::Result;
use crate::leaf::Leaf;
use crate::name::Name;
use crate::ports::store::CONFLICT;
use crate::ports::{Expect, LogPosition, RowWrite, Scrub};
use crate::row::{Row, RowKey, state};

static MARK: RowKey = RowKey::only(CONTROLLER, Name::fixed("prune"));
const DOMAIN: &str = "tacenda/prune/1";

/// The action of the leaf that states a mark.
const PRUNED_LEAF: &str = "log.pruned";

/// Up to where texts may be gone, as its row says it.
pub(in crate::vault) struct Mark {
    row: Row,
    /// Where the last part begins whose texts were to go.
    from: LogPosition,
    /// The first place whose text is there.
    pub(in crate::vault) before: LogPosition,
}

impl Mark {
    /// Whether texts of the last part may still be there.
    pub(super) fn is_under_way(&self) -> bool {
        self.row.state == state::PENDING
    }

    fn encode(from: LogPosition, before: LogPosition) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        e.u32(from.epoch).u64(from.index).u32(before.epoch).u64(before.index);
        e.finish()
    }

    fn decode(row: Row) -> Result<Self> {
        let mut d = Decoder::new(&row.body, DOMAIN)?;
        let from = LogPosition { epoch: d.u32()?, index: d.u64()? };
        let before = LogPosition { epoch: d.u32()?, index: d.u64()? };
        d.end()?;
        Ok(Self { row, from, before })
    }

    /// What a leaf says of a mark, if it states one.
    pub(in crate::vault) fn stated_by(leaf: &Leaf) -> Option<LogPosition> {
        if leaf.subject != CONTROLLER || leaf.action != *PRUNED_LEAF {
            return None;
        }
        let epoch = leaf.find("epoch")?.parse().ok()?;
        Some(LogPosition { epoch, index: leaf.find("before")?.parse().ok()? })
    }
}

impl Vault {
    /// The mark, compared with the log; `None` if nothing was ever pruned.
    pub(in crate::vault) async fn mark(&self) -> Result<Option<Mark>> {
        let row = self.checked(CONTROLLER, std::slice::from_ref(&MARK)).await?.pop().flatten();
        row.map(Mark::decode).transpose()
    }

    /// Moves the mark, once everything before it is vouched for by what is behind it.
    pub(super) async fn set_mark(
        &self,
        known: Option<Mark>,
        from: LogPosition,
        before: LogPosition,
    ) -> Result<()> {
        let body = Mark::encode(from, before);
        let write = match known {
            Some(Mark { row, .. }) => next_version(Row { body, state: state::PENDING, ..row }),
            None => RowWrite { row: new_row(body), expect: Expect::Absent },
        };
        let leaf = self
            .own_leaf(PRUNED_LEAF, CONTROLLER)
            .detail("epoch", before.epoch)
            .detail("before", before.index);
        let mut draft = Draft::new(0);
        draft.record(leaf, vec![write], &[]);
        // A repair reads the texts of erasures.
        draft.require(REPAIR, Expect::Absent);
        self.commit(draft).await.map(|_| ())
    }

    /// Removes the texts of the part that the mark came to last; answers with how many went now.
    ///
    /// # Errors
    /// [`PRUNE_BLOCKED`] if they may still be in the store's files: the next call goes on.
    pub(super) async fn drop_texts(&self, mark: &Mark) -> Result<u64> {
        let (mut dropped, mut gone, mut blocked) = (0, 0, false);
        for epoch in mark.from.epoch..=mark.before.epoch {
            let from = if epoch == mark.from.epoch { mark.from.index } else { 0 };
            let last = epoch == mark.before.epoch;
            let to = if last { mark.before.index } else { u64::MAX };
            let (keep, all) = self.staying(epoch, from, to).await?;
            let pruned = self.ports.store.prune(epoch, from, to, &keep).await?;
            dropped += pruned.leaves;
            gone += all.saturating_sub(keep.len() as u64);
            blocked |= pruned.scrub == Scrub::Blocked;
        }
        if blocked {
            return PRUNE_BLOCKED.err();
        }
        let row = Row { state: DONE, ..mark.row.clone() };
        let leaf = self.own_leaf("log.texts_gone", CONTROLLER).detail("leaves", gone);
        let mut draft = Draft::new(0);
        draft.record(leaf, vec![next_version(row)], &[]);
        match self.commit(draft).await {
            // Another process did the same, and is further.
            Err(error) if error.is(&CONFLICT) => {}
            other => drop(other?),
        }
        Ok(dropped)
    }

    /// The leaves of a part whose texts stay, and how many leaves it has.
    async fn staying(&self, epoch: u32, mut from: u64, to: u64) -> Result<(Vec<u64>, u64)> {
        let (mut keep, mut all) = (Vec::new(), 0);
        while from < to {
            let end = from.saturating_add(PAGE).min(to);
            let leaves = self.ports.store.leaves(epoch, from, end).await?;
            if leaves.is_empty() {
                break;
            }
            for (index, stored) in (from..).zip(&leaves) {
                let Some(bytes) = &stored.bytes else { continue };
                if stays(&Leaf::decode(bytes)?) {
                    keep.push(index);
                }
            }
            from = from.saturating_add(leaves.len() as u64);
            all += leaves.len() as u64;
        }
        Ok((keep, all))
    }
}

fn new_row(body: Vec<u8>) -> Row {
    Row { body, ..own_row(MARK.clone()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_of_a_mark_is_frozen() {
        for case in crate::vectors::cases("prune") {
            let bytes = case.hex("bytes");
            let decoded = Mark::decode(new_row(bytes.clone()));
            if let Some(code) = case.error() {
                assert_eq!(decoded.err().unwrap().code(), code, "{}", case.name);
                continue;
            }
            let position = |name| {
                let (epoch, index) = case.one(name).split_once(" | ").unwrap();
                LogPosition { epoch: epoch.parse().unwrap(), index: index.parse().unwrap() }
            };
            let (from, before) = (position("from"), position("before"));
            assert_eq!(Mark::encode(from, before), bytes, "{}", case.name);
            let mark = decoded.unwrap();
            assert_eq!((mark.from, mark.before, mark.is_under_way()), (from, before, true));
        }
    }
}
