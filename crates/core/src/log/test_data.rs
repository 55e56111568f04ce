//! Trees for tests, by the recursive definitions of RFC 6962 section 2.1, which share no code with
//! what they test but the two hash functions.

use super::tree::{Hash, leaf_hash, node_hash};

/// The hashes of the leaves 0, 1, 2, …
pub(super) fn small_leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|i| leaf_hash(&i.to_be_bytes())).collect()
}

/// The root, written `MTH(D)` there.
pub(super) fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&naive_root(left), &naive_root(right))
        }
    }
}

/// The proof of inclusion, written `PATH(m, D)` there.
pub(super) fn naive_inclusion(index: u64, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut path, sibling) = if index < k as u64 {
        (naive_inclusion(index, left), naive_root(right))
    } else {
        (naive_inclusion(index - k as u64, right), naive_root(left))
    };
    path.push(sibling);
    path
}

/// The proof of consistency, written `PROOF(m, D)` there.
pub(super) fn naive_consistency(size1: u64, leaves: &[Hash]) -> Vec<Hash> {
    subproof(size1 as usize, leaves, true)
}

fn subproof(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if whole { Vec::new() } else { vec![naive_root(leaves)] };
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut path, sibling) = if m <= k {
        (subproof(m, left, whole), naive_root(right))
    } else {
        (subproof(m - k, right, false), naive_root(left))
    };
    path.push(sibling);
    path
}

/// The largest power of two below `len`.
fn split(len: usize) -> usize {
    len.next_power_of_two() / 2
}
