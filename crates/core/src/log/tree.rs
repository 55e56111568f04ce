//! Hashes of the tree (RFC 6962 section 2.1), and the checks of inclusion and consistency.
//!
//! The checks follow RFC 9162 sections 2.1.3.2 and 2.1.4.2, which define them for the trees of
//! RFC 6962, in the more general form for subtrees that Merkle Tree Certificates give them
//! (draft-ietf-plants-merkle-tree-certs section 4): a whole tree is the subtree that begins at 0.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::{CONSISTENCY_FAILED, INCLUSION_FAILED, text};
use crate::error::Result;

/// A SHA-256 hash of a leaf or a node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash([u8; 32]);

impl Hash {
    /// The root of the tree without leaves: SHA-256 of nothing.
    pub const EMPTY_ROOT: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ]);

    /// A hash from its bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash as checkpoints and proofs write it: standard base64, 44 characters.
    #[must_use]
    pub fn to_base64(&self) -> String {
        text::encode(&self.0)
    }

    /// Reads the form of [`Hash::to_base64`], and no other.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        text::decode_hash(text)
    }
}

impl From<[u8; 32]> for Hash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Lower-case hexadecimal, 64 characters.
impl serde::Serialize for Hash {
    /// As its text.
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The hash of a leaf: SHA-256 of `0x00` and the leaf (RFC 6962 section 2.1).
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(leaf).finalize().into())
}

/// The hash of a node: SHA-256 of `0x01`, the left and the right child (RFC 6962 section 2.1).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(
        Sha256::new()
            .chain_update([1])
            .chain_update(left.0)
            .chain_update(right.0)
            .finalize()
            .into(),
    )
}

/// Checks that the leaf with this hash stands at `index` of the tree with `size` leaves and `root`.
///
/// # Errors
/// [`INCLUSION_FAILED`] if the proof does not show it, or `index` is not below `size`.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf_hash: &Hash,
    proof: &[Hash],
    root: &Hash,
) -> Result<()> {
    verify_subtree_inclusion(index, 0, size, leaf_hash, proof, root)
}

/// Checks that the leaf with this hash stands at `index` of the log, inside the subtree over the
/// leaves from `start` to before `end`, whose hash is `root`.
///
/// # Errors
/// [`INCLUSION_FAILED`] if the proof does not show it, there is no such subtree, or `index` is not
/// in it.
pub fn verify_subtree_inclusion(
    index: u64,
    start: u64,
    end: u64,
    leaf_hash: &Hash,
    proof: &[Hash],
    root: &Hash,
) -> Result<()> {
    if !is_subtree(start, end) || index < start || index >= end {
        return INCLUSION_FAILED.err();
    }
    let mut node = index - start;
    let mut last = end - start - 1;
    let mut hash = *leaf_hash;
    for sibling in proof {
        if last == 0 {
            return INCLUSION_FAILED.err();
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // A node without a right sibling rises until it is one.
            // INVARIANT: `node` is odd or equals `last`, which is not 0.
            let rise = node.trailing_zeros();
            node >>= rise;
            last >>= rise;
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last == 0 && hash == *root { Ok(()) } else { INCLUSION_FAILED.err() }
}

/// Checks that the tree with `size2` leaves and `root2` continues the tree with `size1` leaves and
/// `root1`: that the first `size1` leaves of both are the same.
///
/// # Errors
/// [`CONSISTENCY_FAILED`] if the proof does not show it, `size1` is above `size2`, or `size1` is 0:
/// every tree continues the empty one, so that a proof of it would say nothing.
pub fn verify_consistency(
    size1: u64,
    size2: u64,
    root1: &Hash,
    root2: &Hash,
    proof: &[Hash],
) -> Result<()> {
    if size1 == 0 {
        return CONSISTENCY_FAILED.err();
    }
    verify_subtree_consistency(0, size1, size2, root1, root2, proof)
}

/// Checks that the subtree over the leaves from `start` to before `end`, whose hash is `subtree`,
/// is part of the tree with `size` leaves and `root`.
///
/// An empty subtree (`start == end`) is part of every tree; its hash is [`Hash::EMPTY_ROOT`] and
/// its proof is empty.
///
/// # Errors
/// [`CONSISTENCY_FAILED`] if the proof does not show it, or there is no such subtree.
pub fn verify_subtree_consistency(
    start: u64,
    end: u64,
    size: u64,
    subtree: &Hash,
    root: &Hash,
    proof: &[Hash],
) -> Result<()> {
    let holds = if start == end {
        end <= size && proof.is_empty() && *subtree == Hash::EMPTY_ROOT
    } else {
        is_subtree(start, end) && end <= size && consistent(start, end, size, subtree, root, proof)
    };
    if holds { Ok(()) } else { CONSISTENCY_FAILED.err() }
}

/// Whether some tree has a node over exactly these leaves: not empty, and `start` a multiple of
/// the next power of two of the length.
fn is_subtree(start: u64, end: u64) -> bool {
    end.checked_sub(start)
        .filter(|len| *len > 0)
        .and_then(u64::checked_next_power_of_two)
        .is_some_and(|width| start & (width - 1) == 0)
}

// INVARIANT: the caller has checked that `start < end <= size`.
fn consistent(
    start: u64,
    end: u64,
    size: u64,
    subtree: &Hash,
    root: &Hash,
    proof: &[Hash],
) -> bool {
    let (mut first, mut node, mut last) = (start, end - 1, size - 1);
    // Up to the largest node of the tree that ends where the subtree ends: if the subtree is on the
    // right edge of the tree, that is the subtree itself.
    while first != node && (node == last || node & 1 == 1) {
        first >>= 1;
        node >>= 1;
        last >>= 1;
    }
    let mut rest = proof.iter();
    let seed = if first == node { Some(subtree) } else { rest.next() };
    let Some(seed) = seed else { return false };
    let (mut inner, mut outer) = (*seed, *seed);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            if first < node {
                inner = node_hash(sibling, &inner);
            }
            outer = node_hash(sibling, &outer);
            let rise = node.trailing_zeros();
            first >>= rise;
            node >>= rise;
            last >>= rise;
        } else {
            outer = node_hash(&outer, sibling);
        }
        first >>= 1;
        node >>= 1;
        last >>= 1;
    }
    last == 0 && inner == *subtree && outer == *root
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::test_data::{naive_consistency, naive_inclusion, naive_root, small_leaves};

    #[test]
    fn hashes_as_rfc_6962_does() {
        // Known answers of the tests of google/certificate-transparency and transparency-dev/merkle.
        assert_eq!(
            leaf_hash(b"").to_string(),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        assert_eq!(
            leaf_hash(b"L123456").to_string(),
            "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
        );
        assert_eq!(Hash::EMPTY_ROOT, Hash::new(Sha256::digest(b"").into()));
        let hash = leaf_hash(b"");
        assert_eq!(Hash::from_base64(&hash.to_base64()), Some(hash));
        assert_eq!(Hash::from_base64("bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0"), None);
    }

    #[test]
    fn every_small_inclusion_verifies_at_its_place_only() {
        for size in 1..=33 {
            let leaves = small_leaves(size);
            let root = naive_root(&leaves);
            for (index, leaf) in (0u64..).zip(&leaves) {
                let proof = naive_inclusion(index, &leaves);
                for at in 0..size + 2 {
                    let checked = verify_inclusion(at, size, leaf, &proof, &root);
                    assert_eq!(checked.is_ok(), at == index, "{index} as {at} of {size}");
                }
                let mut long = proof.clone();
                long.push(root);
                assert!(verify_inclusion(index, size, leaf, &long, &root).is_err());
                if let Some((_, short)) = proof.split_last() {
                    assert!(verify_inclusion(index, size, leaf, short, &root).is_err());
                }
            }
        }
    }

    #[test]
    fn every_small_consistency_verifies_for_its_sizes_only() {
        for size2 in 1..=33 {
            let leaves = small_leaves(size2);
            let root2 = naive_root(&leaves);
            for size1 in 1..=size2 {
                let root1 = naive_root(&small_leaves(size1));
                let proof = naive_consistency(size1, &leaves);
                assert!(verify_consistency(size1, size2, &root1, &root2, &proof).is_ok());
                for other in (0..size2 + 2).filter(|other| *other != size1) {
                    assert!(verify_consistency(other, size2, &root1, &root2, &proof).is_err());
                }
                let wrong = leaf_hash(b"another tree");
                assert!(verify_consistency(size1, size2, &wrong, &root2, &proof).is_err());
                assert!(verify_consistency(size1, size2, &root1, &wrong, &proof).is_err());
                for at in 0..proof.len() {
                    let mut changed = proof.clone();
                    changed[at] = wrong;
                    assert!(verify_consistency(size1, size2, &root1, &root2, &changed).is_err());
                    changed.remove(at);
                    assert!(verify_consistency(size1, size2, &root1, &root2, &changed).is_err());
                }
            }
        }
    }

    #[test]
    fn the_empty_tree_proves_nothing() {
        let empty = Hash::EMPTY_ROOT;
        assert!(verify_consistency(0, 0, &empty, &empty, &[]).is_err());
        assert!(verify_consistency(0, 1, &empty, &leaf_hash(b""), &[]).is_err());
        assert!(verify_inclusion(0, 0, &empty, &[], &empty).is_err());
    }

    #[test]
    fn extreme_sizes_are_refused_and_do_not_overflow() {
        let hash = leaf_hash(b"");
        let proof = [hash; 70];
        for size in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) + 1] {
            for index in [0, 1, 1 << 62, 1 << 63, u64::MAX - 1, u64::MAX] {
                for len in [0, 1, 63, 64, 65, 70] {
                    let proof = &proof[..len];
                    assert!(verify_inclusion(index, size, &hash, proof, &hash).is_err());
                    assert!(verify_subtree_inclusion(index, 1, size, &hash, proof, &hash).is_err());
                    let larger = verify_consistency(index, size, &hash, &hash, proof);
                    assert!(larger.is_err() || index == size && len == 0);
                }
            }
        }
    }
}
