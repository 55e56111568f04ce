//! The right edge of the tree: all that is needed to append leaves and to know the root.

use super::MAX_SIZE;
use super::tree::{Hash, node_hash};
use crate::codec::{Decoder, Encoder, MALFORMED};
use crate::error::Result;

/// Every how many levels a completed node is worth storing: one node per 256 leaves, one per 65,536
/// and so on, so that every other node is at most 255 hashes away.
pub const STORED_EVERY: u8 = 8;

const DOMAIN: &str = "tacenda/frontier/1";

/// A completed node that a store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredNode {
    /// The level above the leaves: 8, 16, 24, …
    pub level: u8,
    /// The place among the nodes of its level: it covers the leaves from `index << level` to before
    /// `(index + 1) << level`.
    pub index: u64,
    /// The hash.
    pub hash: Hash,
}

/// The roots of the complete subtrees that make up a tree, the largest first (a compact range that
/// begins at 0).
///
/// # Properties
/// At most 63 hashes. Appending costs one node hash per leaf on average and does not allocate once
/// the buffer has grown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    // INVARIANT: one hash for each bit that is set in `size`, the highest bit first.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// A tree from its size and its complete subtrees, the largest first: what the plan of
    /// [`frontier_plan`](super::plan::frontier_plan) yields.
    ///
    /// # Errors
    /// [`MALFORMED`] if there is not one hash for each bit of `size`, or `size` is above
    /// [`MAX_SIZE`].
    pub fn from_peaks(size: u64, peaks: Vec<Hash>) -> Result<Self> {
        if size > MAX_SIZE || peaks.len() != size.count_ones() as usize {
            return MALFORMED.err();
        }
        Ok(Self { size, peaks })
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends the hash of a leaf, and hands each node that it completes at level 8, 16, 24, … to
    /// `store`.
    pub fn append(&mut self, leaf_hash: Hash, mut store: impl FnMut(StoredNode)) {
        let (mut hash, mut index, mut level) = (leaf_hash, self.size, 0u8);
        while index & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            index >>= 1;
            level += 1;
            if level.is_multiple_of(STORED_EVERY) {
                store(StoredNode { level, index, hash });
            }
        }
        self.peaks.push(hash);
        // A tree that begins below `MAX_SIZE` does not get to 2^64 leaves.
        self.size = self.size.wrapping_add(1);
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let smallest_first = self.peaks.iter().rev().copied();
        smallest_first.reduce(|right, left| node_hash(&left, &right)).unwrap_or(Hash::EMPTY_ROOT)
    }

    /// The bytes that a store keeps: domain `tacenda/frontier/1`, the size, the hashes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::new(DOMAIN);
        encoder.u64(self.size);
        for peak in &self.peaks {
            encoder.raw(peak.as_bytes());
        }
        encoder.finish()
    }

    /// Reads the bytes of [`Frontier::encode`].
    ///
    /// # Errors
    /// [`MALFORMED`] if they are not.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut decoder = Decoder::new(bytes, DOMAIN)?;
        let size = decoder.u64()?;
        let peaks = (0..size.count_ones())
            .map(|_| decoder.raw().map(Hash::new))
            .collect::<Result<Vec<_>>>()?;
        decoder.end()?;
        Self::from_peaks(size, peaks)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::log::test_data::{naive_root, small_leaves};

    fn frontier(leaves: &[Hash]) -> (Frontier, Vec<StoredNode>) {
        let (mut frontier, mut stored) = (Frontier::new(), Vec::new());
        for leaf in leaves {
            frontier.append(*leaf, |node| stored.push(node));
        }
        (frontier, stored)
    }

    #[test]
    fn knows_the_roots_of_rfc_6962() {
        // Inputs and roots of the tests of google/certificate-transparency.
        let inputs: [&[u8]; 8] =
            [b"", &[0], &[0x10], b" !", b"01", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut frontier = Frontier::new();
        assert_eq!(frontier.root(), Hash::EMPTY_ROOT);
        for (input, root) in inputs.into_iter().zip(roots) {
            frontier.append(crate::log::leaf_hash(input), |_| {});
            assert_eq!(frontier.root().to_string(), root);
        }
    }

    #[test]
    fn reports_one_node_per_256_leaves_and_one_per_65536() {
        let leaves = small_leaves(65_536 + 300);
        let (_, stored) = frontier(&leaves);
        assert_eq!(stored.iter().filter(|node| node.level == 8).count(), 257);
        assert_eq!(stored.len(), 258);
        for node in [&stored[0], &stored[256], &stored[257]] {
            let start = (node.index << node.level) as usize;
            let covered = &leaves[start..start + (1 << node.level)];
            assert_eq!(node.hash, naive_root(covered));
        }
        assert_eq!((stored[256].level, stored[256].index), (16, 0));
    }

    #[test]
    fn bytes_that_are_no_frontier_are_refused() {
        let (frontier, _) = frontier(&small_leaves(5));
        let bytes = frontier.encode();
        assert_eq!(bytes.len(), 4 + DOMAIN.len() + 8 + 2 * 32);
        for len in 0..bytes.len() {
            assert!(Frontier::decode(&bytes[..len]).is_err());
        }
        assert!(Frontier::decode(&[&bytes[..], &[0]].concat()).is_err());
        let mut huge = Encoder::new(DOMAIN);
        huge.u64(1 << 63).raw(&[0; 32]);
        assert!(Frontier::decode(&huge.finish()).is_err());
    }

    proptest! {
        #[test]
        fn agrees_with_the_recursive_definition(size in 0u64..2_000) {
            let leaves = small_leaves(size);
            let (frontier, _) = frontier(&leaves);
            prop_assert_eq!(frontier.size(), size);
            prop_assert_eq!(frontier.root(), naive_root(&leaves));
            prop_assert_eq!(Frontier::decode(&frontier.encode()).unwrap(), frontier);
        }

        #[test]
        fn goes_on_where_it_was_stored(before in 0u64..600, after in 0u64..600) {
            let leaves = small_leaves(before + after);
            let (first, rest) = leaves.split_at(before as usize);
            let mut resumed = Frontier::decode(&frontier(first).0.encode()).unwrap();
            for leaf in rest {
                resumed.append(*leaf, |_| {});
            }
            prop_assert_eq!(resumed, frontier(&leaves).0);
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Frontier::decode(&bytes);
            let mut framed = Encoder::new(DOMAIN);
            framed.raw(&bytes);
            let _ = Frontier::decode(&framed.finish());
        }
    }
}
