//! Which stored hashes a proof is made from, without reading them itself.
//!
//! A log stores the hash of every leaf and the nodes that [`Frontier::append`] reports: the levels
//! 0, 8, 16, … of the tree. A [`Plan`] lists the ranges of those that a proof needs, the caller
//! reads them (in whatever way, asynchronous or not), and [`Plan::finish`] makes the proof. A proof
//! of inclusion reads at most two ranges per stored level, of at most 256 hashes each (one of 511
//! where they adjoin): three levels for a log of 16 million leaves.

use std::ops::Range;

use super::frontier::{Frontier, STORED_EVERY};
use super::tree::{Hash, node_hash};
use super::{MAX_SIZE, NODES_MISSING, POSITION_INVALID};
use crate::error::Result;

/// A range of stored hashes to read, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// The level above the leaves: 0 for the hashes of leaves, else 8, 16, 24, …
    pub level: u8,
    /// The place of the first hash among those of its level.
    pub start: u64,
    /// The place behind the last one.
    pub end: u64,
}

impl Read {
    /// How many hashes the range has.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Whether the range has no hashes; a plan lists no such range.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Read access to the stored hashes of a log that answers at once.
pub trait Nodes {
    /// Appends the hashes of a range to `out`, in order.
    ///
    /// # Errors
    /// Whatever reading may meet with.
    fn read(&self, read: Read, out: &mut Vec<Hash>) -> Result<()>;
}

/// What to read for a proof, and how to make it from what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    reads: Vec<Read>,
    // Ranges of leaves whose subtree hashes are the answer. INVARIANT: each is complete (a power of
    // two of leaves) or the right edge of the tree, and begins at a multiple of its width.
    wants: Vec<Range<u64>>,
}

impl Plan {
    fn new(wants: Vec<Range<u64>>) -> Self {
        let mut reads: Vec<Read> =
            wants.iter().flat_map(subtrees).map(|(level, index)| sources(level, index)).collect();
        reads.sort_unstable_by_key(|read| (read.level, read.start));
        let mut merged: Vec<Read> = Vec::with_capacity(reads.len());
        for read in reads {
            match merged.last_mut() {
                // Two ranges around a single hash (the one that is to be proven) are one read.
                Some(last) if last.level == read.level && read.start <= last.end + 1 => {
                    last.end = last.end.max(read.end);
                }
                _ => merged.push(read),
            }
        }
        Self { reads: merged, wants }
    }

    /// The ranges to read, by level and place.
    #[must_use]
    pub fn reads(&self) -> &[Read] {
        &self.reads
    }

    /// Makes the answer from the hashes that were read: those of all ranges, in the order of
    /// [`Plan::reads`], one after the other.
    ///
    /// # Errors
    /// [`NODES_MISSING`] if there are more or fewer hashes than the ranges have.
    pub fn finish(&self, hashes: &[Hash]) -> Result<Vec<Hash>> {
        let mut rest = hashes;
        let mut sources = Vec::with_capacity(self.reads.len());
        for read in &self.reads {
            let split = usize::try_from(read.len()).ok().and_then(|len| rest.split_at_checked(len));
            let (head, tail) = split.ok_or_else(|| NODES_MISSING.error())?;
            sources.push((*read, head));
            rest = tail;
        }
        if !rest.is_empty() {
            return NODES_MISSING.err();
        }
        self.wants.iter().map(|want| hash_of(want, &sources)).collect()
    }

    /// Reads and makes the answer in one step.
    ///
    /// # Errors
    /// As [`Nodes::read`] and [`Plan::finish`].
    pub fn run(&self, nodes: &impl Nodes) -> Result<Vec<Hash>> {
        let mut hashes = Vec::new();
        for read in &self.reads {
            nodes.read(*read, &mut hashes)?;
        }
        self.finish(&hashes)
    }
}

/// The plan of the proof that the leaf at `index` is in the tree of `size` leaves; its answer is
/// what [`verify_inclusion`](super::tree::verify_inclusion) takes (RFC 6962 section 2.1.1).
///
/// # Errors
/// [`POSITION_INVALID`] if `index` is not below `size`, or `size` is above [`MAX_SIZE`].
pub fn inclusion_plan(index: u64, size: u64) -> Result<Plan> {
    if index >= size || size > MAX_SIZE {
        return POSITION_INVALID.err();
    }
    let (mut start, mut end) = (0, size);
    let mut wants = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            wants.push(middle..end);
            end = middle;
        } else {
            wants.push(start..middle);
            start = middle;
        }
    }
    wants.reverse();
    Ok(Plan::new(wants))
}

/// The plan of the proof that the tree of `size2` leaves continues that of `size1` leaves; its
/// answer is what [`verify_consistency`](super::tree::verify_consistency) takes (RFC 6962 section
/// 2.1.2).
///
/// # Errors
/// [`POSITION_INVALID`] if `size1` is 0 or above `size2`, or `size2` is above [`MAX_SIZE`].
pub fn consistency_plan(size1: u64, size2: u64) -> Result<Plan> {
    if size1 == 0 || size1 > size2 || size2 > MAX_SIZE {
        return POSITION_INVALID.err();
    }
    let (mut start, mut end) = (0, size2);
    let mut wants = Vec::new();
    while size1 != end {
        let middle = start + split(end - start);
        if size1 <= middle {
            wants.push(middle..end);
            end = middle;
        } else {
            wants.push(start..middle);
            start = middle;
        }
    }
    // Where the smaller tree is a node of the larger one, its root is known to the verifier.
    if start != 0 {
        wants.push(start..end);
    }
    wants.reverse();
    Ok(Plan::new(wants))
}

/// The plan of the complete subtrees of the tree of `size` leaves, the largest first; its answer is
/// what [`Frontier::from_peaks`] takes. So a store finds the root of any size, and its own frontier
/// again.
///
/// # Errors
/// [`POSITION_INVALID`] if `size` is above [`MAX_SIZE`].
pub fn frontier_plan(size: u64) -> Result<Plan> {
    if size > MAX_SIZE {
        return POSITION_INVALID.err();
    }
    let wants = subtrees(&(0..size)).map(|(level, index)| index << level..(index + 1) << level);
    Ok(Plan::new(wants.collect()))
}

/// The largest power of two below `len`, which is at least 2.
fn split(len: u64) -> u64 {
    1 << (len - 1).ilog2()
}

/// The complete subtrees of a range of leaves, the largest first, each as its level and place.
fn subtrees(want: &Range<u64>) -> impl Iterator<Item = (u8, u64)> + use<> {
    let (mut start, len) = (want.start, want.end - want.start);
    (0u8..64).rev().filter(move |level| len >> level & 1 == 1).map(move |level| {
        let index = start >> level;
        start += 1 << level;
        (level, index)
    })
}

/// The stored hashes that a complete subtree is computed from: 1 to 128 of the level below it that
/// is stored, or at it.
fn sources(level: u8, index: u64) -> Read {
    let stored = level - level % STORED_EVERY;
    let up = level - stored;
    Read { level: stored, start: index << up, end: (index + 1) << up }
}

/// The hash over a range of leaves.
fn hash_of(want: &Range<u64>, sources_read: &[(Read, &[Hash])]) -> Result<Hash> {
    let mut peaks = Vec::new();
    for (level, index) in subtrees(want) {
        let needed = sources(level, index);
        let slice = sources_read
            .iter()
            .filter(|(read, _)| read.level == needed.level)
            .find_map(|(read, hashes)| {
                let from = usize::try_from(needed.start.checked_sub(read.start)?).ok()?;
                let to = usize::try_from(needed.end.checked_sub(read.start)?).ok()?;
                hashes.get(from..to)
            })
            .ok_or_else(|| NODES_MISSING.error())?;
        let mut subtree = Frontier::new();
        for hash in slice {
            subtree.append(*hash, |_| {});
        }
        peaks.push(subtree.root());
    }
    let smallest_first = peaks.into_iter().rev();
    smallest_first
        .reduce(|right, left| node_hash(&left, &right))
        .ok_or_else(|| NODES_MISSING.error())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::log::test_data::{naive_consistency, naive_inclusion, naive_root, small_leaves};
    use crate::log::tree::{verify_consistency, verify_inclusion};

    /// What a store keeps, and nothing else.
    struct Stored(HashMap<(u8, u64), Hash>);

    impl Stored {
        fn new(leaves: &[Hash]) -> Self {
            let (mut frontier, mut kept) = (Frontier::new(), HashMap::new());
            for (index, leaf) in (0..).zip(leaves) {
                kept.insert((0, index), *leaf);
                frontier.append(*leaf, |node| {
                    kept.insert((node.level, node.index), node.hash);
                });
            }
            Self(kept)
        }
    }

    impl Nodes for Stored {
        fn read(&self, read: Read, out: &mut Vec<Hash>) -> Result<()> {
            for index in read.start..read.end {
                let hash = self.0.get(&(read.level, index));
                out.push(*hash.ok_or_else(|| NODES_MISSING.error())?);
            }
            Ok(())
        }
    }

    #[test]
    fn small_proofs_are_those_of_the_definition() {
        let stored = Stored::new(&small_leaves(70));
        for size in 1..=70 {
            let leaves = small_leaves(size);
            for at in 0..size {
                let proof = inclusion_plan(at, size).unwrap().run(&stored).unwrap();
                assert_eq!(proof, naive_inclusion(at, &leaves));
                let proof = consistency_plan(at + 1, size).unwrap().run(&stored).unwrap();
                assert_eq!(proof, naive_consistency(at + 1, &leaves));
            }
        }
    }

    #[test]
    fn a_large_log_reads_few_short_ranges() {
        // Sizes where nearly every level has a ragged edge, and a tree as large as one may be.
        for (size, levels) in [(5_000_000, 3), (16_777_215, 3), (1 << 24, 3), (MAX_SIZE, 8)] {
            for index in [0, 1, 255, 256, size / 3, size / 2, size - 257, size - 1] {
                let plan = inclusion_plan(index, size).unwrap();
                assert!(plan.reads().len() <= 2 * levels, "{index} of {size}: {plan:?}");
                assert!(plan.reads().iter().all(|read| (1..=511).contains(&read.len())));
                let plan = consistency_plan(index + 1, size).unwrap();
                assert!(plan.reads().len() <= 2 * levels, "{index} of {size}: {plan:?}");
                assert!(plan.reads().iter().all(|read| (1..=511).contains(&read.len())));
            }
            let plan = frontier_plan(size).unwrap();
            assert!(plan.reads().len() <= levels);
        }
    }

    #[test]
    fn what_the_log_does_not_have_has_no_plan() {
        assert!(inclusion_plan(0, 0).unwrap_err().is(&POSITION_INVALID));
        assert!(inclusion_plan(7, 7).unwrap_err().is(&POSITION_INVALID));
        assert!(inclusion_plan(0, MAX_SIZE + 1).unwrap_err().is(&POSITION_INVALID));
        assert!(consistency_plan(0, 7).unwrap_err().is(&POSITION_INVALID));
        assert!(consistency_plan(8, 7).unwrap_err().is(&POSITION_INVALID));
        assert!(consistency_plan(8, u64::MAX).unwrap_err().is(&POSITION_INVALID));
        assert!(frontier_plan(u64::MAX).unwrap_err().is(&POSITION_INVALID));
    }

    #[test]
    fn too_few_or_too_many_hashes_are_refused() {
        let leaves = small_leaves(20);
        let plan = inclusion_plan(3, 20).unwrap();
        let read: usize = plan.reads().iter().map(|read| read.len() as usize).sum();
        assert!(plan.finish(&leaves[..read]).is_ok());
        assert!(plan.finish(&leaves[..read - 1]).unwrap_err().is(&NODES_MISSING));
        assert!(plan.finish(&[&leaves[..read], &leaves[..1]].concat()).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn every_proof_made_by_a_plan_verifies(size in 1u64..3_000, a in any::<u64>(), b in any::<u64>()) {
            let leaves = small_leaves(size);
            let (stored, root) = (Stored::new(&leaves), naive_root(&leaves));
            let (index, size1) = (a % size, b % size + 1);
            let proof = inclusion_plan(index, size).unwrap().run(&stored).unwrap();
            let leaf = leaves[index as usize];
            prop_assert!(verify_inclusion(index, size, &leaf, &proof, &root).is_ok());
            let root1 = naive_root(&leaves[..size1 as usize]);
            let proof = consistency_plan(size1, size).unwrap().run(&stored).unwrap();
            prop_assert!(verify_consistency(size1, size, &root1, &root, &proof).is_ok());
            let peaks = frontier_plan(size1).unwrap().run(&stored).unwrap();
            prop_assert_eq!(Frontier::from_peaks(size1, peaks).unwrap().root(), root1);
        }
    }

    #[test]
    fn proofs_over_three_stored_levels_verify() {
        let size = 65_536 * 2 + 256 * 3 + 77;
        let leaves = small_leaves(size);
        let (stored, root) = (Stored::new(&leaves), naive_root(&leaves));
        for index in [0, 65_535, 65_536, 131_071, 131_072, 131_840, size - 1] {
            let proof = inclusion_plan(index, size).unwrap().run(&stored).unwrap();
            let leaf = leaves[index as usize];
            assert!(verify_inclusion(index, size, &leaf, &proof, &root).is_ok());
            let root1 = naive_root(&leaves[..=index as usize]);
            let proof = consistency_plan(index + 1, size).unwrap().run(&stored).unwrap();
            assert!(verify_consistency(index + 1, size, &root1, &root, &proof).is_ok());
        }
    }
}
