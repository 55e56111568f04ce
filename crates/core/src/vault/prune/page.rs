//! The leaves to prune, page by page: proven to be those of the signed tree, and found to be old.

use std::collections::BTreeMap;

use super::carry::Owed;
use super::{CONTROLLER, PAGE, PAGES, Vault};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::SubjectId;
use crate::leaf::Leaf;
use crate::log::{self, Frontier, Hash};
use crate::name::Name;
use crate::ports::{LogPosition, StoredLeaf};
use crate::row::RowKey;
use crate::vault::codes::{FORKED, PRUNED};
use crate::vault::destroy::JOB;

/// The tree of an epoch as far as it is known to be the signed one.
#[derive(Debug, Clone, Copy)]
struct Tree {
    size: u64,
    root: Hash,
}

/// A leaf of a page, read back.
struct Read {
    stored: StoredLeaf,
    leaf: Leaf,
}

impl Vault {
    /// Sees to it that the oldest leaves from `start` on may lose their texts; answers with where
    /// the rest begins, or `None` if not one of them is old. A page is carried before the next is
    /// read.
    pub(super) async fn vouch(
        &self,
        start: LogPosition,
        cutoff: Timestamp,
        now: Timestamp,
        carried: &mut u64,
    ) -> Result<Option<LogPosition>> {
        let trees = self.trees(start.epoch).await?;
        let mut at = start;
        // Rows of the controller come and go within a few leaves: they are looked at in the end.
        let mut own: BTreeMap<RowKey, Owed> = BTreeMap::new();
        for _ in 0..PAGES {
            let Some(tree) = trees.get(&at.epoch) else { break };
            if at.index >= tree.size {
                let next = LogPosition { epoch: at.epoch.saturating_add(1), index: 0 };
                if !trees.contains_key(&next.epoch) {
                    break;
                }
                at = next;
                continue;
            }
            let page = self.page(at, tree, cutoff, now).await?;
            if page.is_empty() {
                break;
            }
            at.index = at.index.saturating_add(page.len() as u64);
            let mut rows: BTreeMap<RowKey, Owed> = BTreeMap::new();
            for read in &page {
                let to = if read.leaf.subject == CONTROLLER { &mut own } else { &mut rows };
                owe(to, read);
            }
            *carried += self.carry(rows.into_values().collect()).await?;
        }
        *carried += self.carry(own.into_values().collect()).await?;
        Ok((at > start).then_some(at))
    }

    /// The trees of the epochs from one on. That of the current epoch continues the last
    /// checkpoint; each before is the one that the beginning of the next epoch names.
    async fn trees(&self, first: u32) -> Result<BTreeMap<u32, Tree>> {
        let head = self.continues().await?;
        let mut tree = Tree { size: head.size, root: head.root.into() };
        let mut trees = BTreeMap::from([(head.epoch, tree)]);
        for epoch in (first..head.epoch).rev() {
            let next = epoch.saturating_add(1);
            let (leaf, hash) = self.epoch_begun(next).await?;
            let plan = log::inclusion_plan(0, tree.size).map_err(|_| FORKED.error())?;
            let proof = self.run(next, &plan).await?;
            log::verify_inclusion(0, tree.size, &hash, &proof, &tree.root)
                .map_err(|_| FORKED.error())?;
            let size = leaf.find("size").and_then(|size| size.parse().ok());
            let root = leaf.find("root").and_then(unhex);
            let (Some(size), Some(root)) = (size, root) else { return FORKED.err() };
            tree = Tree { size, root };
            trees.insert(epoch, tree);
        }
        Ok(trees)
    }

    /// The leaves from a place on that are old, at most a page; proven to be in the tree.
    async fn page(
        &self,
        at: LogPosition,
        tree: &Tree,
        cutoff: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Read>> {
        let to = at.index.saturating_add(PAGE).min(tree.size);
        let stored = self.ports.store.leaves(at.epoch, at.index, to).await?;
        let mut read = Vec::with_capacity(stored.len());
        for (index, stored) in (at.index..).zip(stored) {
            // Nothing behind the mark may lack its text.
            let gone = || PRUNED.error().with("epoch", at.epoch).with("index", index);
            let bytes = stored.bytes.as_deref().ok_or_else(gone)?;
            if *log::leaf_hash(bytes).as_bytes() != stored.hash {
                return FORKED.err();
            }
            let leaf = Leaf::decode(bytes).map_err(|_| FORKED.error())?;
            read.push(Read { stored, leaf });
        }
        read.truncate(old(&read, cutoff, now));
        read.truncate(self.unfinished(&read).await?);
        if !read.is_empty() {
            self.prove(at, &read, tree).await?;
        }
        Ok(read)
    }

    /// How many leaves of a page stand before the first of an erasure that is not finished.
    async fn unfinished(&self, page: &[Read]) -> Result<usize> {
        let mut jobs = Vec::new();
        for (n, read) in page.iter().enumerate().filter(|(_, r)| r.leaf.subject == CONTROLLER) {
            let rows = read.leaf.rows.iter().filter(|r| r.kind == JOB && r.digest.is_some());
            jobs.extend(rows.map(|row| {
                (n, RowKey { subject: CONTROLLER, kind: row.kind.clone(), id: row.id })
            }));
        }
        let keys: Vec<_> = jobs.iter().map(|(_, key)| key.clone()).collect();
        if keys.is_empty() {
            return Ok(page.len());
        }
        let rows = self.ports.store.rows(&keys).await?;
        let first = jobs.iter().zip(rows).find(|(_, row)| row.is_some());
        Ok(first.map_or(page.len(), |((n, _), _)| *n))
    }

    /// The tree up to the page is the one of its hashes, and the signed one continues it.
    async fn prove(&self, at: LogPosition, page: &[Read], tree: &Tree) -> Result<()> {
        let forked = |_| FORKED.error();
        let peaks = if at.index == 0 {
            Vec::new()
        } else {
            let plan = log::frontier_plan(at.index).map_err(forked)?;
            self.run(at.epoch, &plan).await?
        };
        let mut frontier = Frontier::from_peaks(at.index, peaks).map_err(forked)?;
        for read in page {
            frontier.append(read.stored.hash.into(), |_| {});
        }
        let size = frontier.size();
        let plan = log::consistency_plan(size, tree.size).map_err(forked)?;
        let proof = self.run(at.epoch, &plan).await?;
        log::verify_consistency(size, tree.size, &frontier.root(), &tree.root, &proof)
            .map_err(forked)
    }
}

/// A root as the beginning of an epoch writes it.
fn unhex(text: &str) -> Option<Hash> {
    let mut bytes = [0; 32];
    let is_hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    for (to, at) in bytes.iter_mut().zip((0..64).step_by(2)).filter(|_| is_hex) {
        *to = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    is_hex.then_some(Hash::new(bytes))
}

/// How many leaves at the beginning of a page are old.
fn old(page: &[Read], cutoff: Timestamp, now: Timestamp) -> usize {
    let mut end = 0;
    for (n, read) in page.iter().enumerate() {
        if read.leaf.at <= cutoff {
            end = n.saturating_add(1);
        } else if read.leaf.at <= now {
            break;
        }
        // A clock that was ahead says nothing: the leaves behind it tell.
    }
    end
}

/// What a leaf states last of its rows in the part that is looked at.
fn owe(rows: &mut BTreeMap<RowKey, Owed>, read: &Read) {
    let subject: SubjectId = read.leaf.subject;
    for stamp in &read.leaf.rows {
        let kind: Name = stamp.kind.clone();
        let key = RowKey { subject, kind, id: stamp.id };
        match stamp.digest {
            Some(digest) => {
                let owed = Owed { key: key.clone(), digest, at: read.stored.id };
                rows.insert(key, owed);
            }
            None => drop(rows.remove(&key)),
        }
    }
}
