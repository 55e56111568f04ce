//! The whole store held against the whole log, while others write.

mod rows;
mod stated;

use stated::Stated;

use super::Vault;
use super::codes::{FORKED, MISSING_KEY, OVERTAKEN, PRUNED};
use super::journal::hex;
use super::recover::EPOCH_BEGUN;
use crate::error::Result;
use crate::leaf::Leaf;
use crate::log::{self, Checkpoint, Frontier, Hash};
use crate::ports::{LogHead, LogPosition};

/// What an audit went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Audit {
    /// Leaves whose hashes make up the tree, over all epochs.
    pub leaves: u64,
    /// Rows that are the ones their last leaf states.
    pub rows: u64,
    /// Leaves whose text was pruned.
    pub pruned: u64,
    /// Look-ups, each of which points to the row that carries its token.
    pub lookups: u64,
}

/// How the log of an epoch must end, and the roots that were signed on the way there.
struct End {
    size: u64,
    root: String,
    signed: Vec<(u64, Hash)>,
    /// Whether another epoch follows, so that nothing may have been added since.
    is_past: bool,
}

const PAGE: usize = 1024;

/// How often an audit catches up with others before it says that it cannot.
const ROUNDS: u32 = 32;

impl Vault {
    /// Recomputes the tree of every epoch from its leaves, checks it against the head, the last
    /// checkpoint and what the next epoch began with; compares every row with the last leaf that
    /// states it, and every look-up with the rows.
    ///
    /// A text may be gone only where a leaf says that it was pruned; the hashes of such leaves make
    /// up the tree like all others, and what still has its text has to vouch for every row.
    ///
    /// Others may write meanwhile: what they changed is read and compared again, until the log did
    /// not move between the last comparison and the count of the look-ups. What it answers holds
    /// for that moment.
    ///
    /// Needs memory for a key and a digest per row; it is no work for every request.
    ///
    /// # Errors
    /// `log.forked`, `log.pruned` for a leaf whose text is gone and should not be,
    /// `vault.altered_row`, `vault.missing_row`, `vault.altered_lookup`; [`OVERTAKEN`] if the log
    /// moved each time; the codes of the ports.
    pub async fn audit(&self) -> Result<Audit> {
        // The safe is asked first: what another process signed by then is in the log by now.
        let signed = self.signed().await?;
        let Some(mut head) = self.settled().await? else { return Ok(Audit::default()) };
        match &signed {
            Some((epoch, _)) if *epoch > head.epoch => return FORKED.err(),
            Some((epoch, _)) if *epoch == head.epoch => {}
            _ if self.is_ours(head.epoch).await? => {}
            _ => return FORKED.err(),
        }
        let (mut leaves, mut stated) = (0, Stated::default());
        let mut tree = Frontier::default();
        for epoch in 1..=head.epoch {
            let mut end =
                if epoch == head.epoch { End::now(&head) } else { self.end_of(epoch).await? };
            if let Some((_, last)) = signed.as_ref().filter(|(signed, _)| *signed == epoch) {
                // Of an epoch that a restore ended, what was signed last may be lost.
                if epoch == head.epoch || last.size <= end.size {
                    end.signed.push((last.size, last.root));
                }
            }
            tree = Frontier::default();
            self.grow(&mut tree, epoch, &end, &mut stated).await?;
            leaves += tree.size();
        }
        self.meet_all(&mut stated).await?;
        for _ in 0..ROUNDS {
            let now = self.moved_on(&head).await?;
            if now.size > head.size {
                leaves += now.size - head.size;
                self.grow(&mut tree, now.epoch, &End::now(&now), &mut stated).await?;
                head = now;
            }
            self.meet_again(&mut stated).await?;
            let lookups = self.ports.store.count_lookups().await?;
            if self.moved_on(&head).await?.size == head.size {
                return stated.verdict(leaves, lookups);
            }
        }
        OVERTAKEN.err()
    }

    /// The head once every leaf committed before has its place; `None` for a new store.
    async fn settled(&self) -> Result<Option<LogHead>> {
        self.ports.store.settle().await?;
        Ok(self.ports.store.status().await?.map(|status| status.head))
    }

    /// The head of now, which continues the one of before.
    async fn moved_on(&self, before: &LogHead) -> Result<LogHead> {
        match self.settled().await? {
            Some(now) if now.epoch == before.epoch && now.size >= before.size => Ok(now),
            // Somebody restored the store under this vault.
            _ => FORKED.err(),
        }
    }

    /// Where an epoch ended, as the next one begins by saying. That leaf is checked with its own
    /// epoch.
    async fn end_of(&self, epoch: u32) -> Result<End> {
        let (leaf, _) = self.epoch_begun(epoch.saturating_add(1)).await?;
        let size = leaf.find("size").and_then(|size| size.parse().ok());
        let (Some(size), Some(root)) = (size, leaf.find("root")) else { return FORKED.err() };
        let mut signed = Vec::new();
        if let Some(text) = leaf.find("checkpoint") {
            match self.verifier(epoch).await {
                Ok(key) => match Checkpoint::open(text, &[key]) {
                    Ok(last) if last.size <= size => signed.push((last.size, last.root)),
                    Ok(_) => {}
                    // It was signed in an epoch before or after.
                    Err(error) if error.is(&log::UNKNOWN_KEY) => {}
                    Err(error) => return Err(error),
                },
                // Lost with a safe.
                Err(error) if error.is(&MISSING_KEY) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(End { size, root: root.to_owned(), signed, is_past: true })
    }

    /// The leaf with which an epoch begins, which is never pruned, and its hash.
    pub(super) async fn epoch_begun(&self, epoch: u32) -> Result<(Leaf, Hash)> {
        let first = self.ports.store.leaves(epoch, 0, 1).await?.pop();
        let first = first.ok_or_else(|| FORKED.error())?;
        let bytes = first.bytes.ok_or_else(|| PRUNED.error().with("epoch", epoch))?;
        let leaf = Leaf::decode(&bytes).map_err(|_| FORKED.error())?;
        let is_it = *log::leaf_hash(&bytes).as_bytes() == first.hash && leaf.action == *EPOCH_BEGUN;
        if is_it { Ok((leaf, first.hash.into())) } else { FORKED.err() }
    }

    /// Grows the tree of an epoch from its leaves up to an end.
    async fn grow(
        &self,
        tree: &mut Frontier,
        epoch: u32,
        end: &End,
        stated: &mut Stated,
    ) -> Result<()> {
        let mut met = end.signed.iter().filter(|(size, _)| *size == 0).count();
        while tree.size() < end.size {
            let to = tree.size().saturating_add(PAGE as u64).min(end.size);
            let leaves = self.ports.store.leaves(epoch, tree.size(), to).await?;
            if leaves.is_empty() {
                return FORKED.err();
            }
            for stored in leaves {
                let at = LogPosition { epoch, index: tree.size() };
                match stored.bytes {
                    Some(bytes) if *log::leaf_hash(&bytes).as_bytes() != stored.hash => {
                        return FORKED.err();
                    }
                    Some(bytes) => stated.take(at, Leaf::decode(&bytes)?),
                    None => stated.skip(at),
                }
                tree.append(stored.hash.into(), |_| {});
                for (_, root) in end.signed.iter().filter(|(size, _)| *size == tree.size()) {
                    if *root != tree.root() {
                        return FORKED.err();
                    }
                    met += 1;
                }
            }
        }
        let more = self.ports.store.leaves(epoch, end.size, end.size.saturating_add(1)).await?;
        let ended = !end.is_past || more.is_empty();
        if hex(tree.root().as_bytes()) != end.root || met != end.signed.len() || !ended {
            return FORKED.err();
        }
        Ok(())
    }
}

impl End {
    /// The end of the log that is still written to.
    fn now(head: &LogHead) -> Self {
        Self { size: head.size, root: hex(&head.root), signed: Vec::new(), is_past: false }
    }
}
