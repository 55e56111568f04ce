//! The log: in order, under the right root, and readable by place and by subject.

use std::sync::Arc;

use tacenda_core::id::SubjectId;
use tacenda_core::log::leaf_hash;
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::{Change, LeafId, LogPosition, NewLeaf, Store, StoredLeaf};

use super::Factory;
use super::samples::{at, leaf, marked, naive_root, placed, put, row, subject, wait};

fn append(store: &Arc<dyn Store>, leaves: Vec<NewLeaf>) -> Vec<LogPosition> {
    placed(store, Change { leaves, ..Change::default() })
}

fn bytes(leaves: &[NewLeaf]) -> Vec<&[u8]> {
    leaves.iter().map(|leaf| leaf.bytes.as_slice()).collect()
}

fn root(store: &Arc<dyn Store>) -> [u8; 32] {
    wait(store.status()).unwrap().unwrap().head.root
}

pub(super) fn leaves_stand_in_order_under_the_rfc_6962_root(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let mut all: Vec<NewLeaf> = Vec::new();
    for (n, len) in [1usize, 1, 2, 3, 0, 1, 8, 17, 1, 5, 30].into_iter().enumerate() {
        let n = n as u64;
        let mut leaves: Vec<NewLeaf> = (0..len as i64).map(|i| leaf(n, i)).collect();
        if let Some(first) = leaves.first_mut().filter(|_| n == 3) {
            first.bytes.clear();
        }
        let places = append(store, leaves.clone());
        let expected = (all.len() as u64..).zip(&leaves);
        let expected = expected.map(|(index, _)| LogPosition { epoch: 1, index });
        assert_eq!(places, expected.collect::<Vec<_>>());
        all.extend(leaves);
        assert_eq!(root(store), naive_root(&bytes(&all)));
    }
    let size = all.len() as u64;
    assert_eq!(wait(store.status()).unwrap().unwrap().head.size, size);
    let stored = wait(store.leaves(1, 0, size + 9)).unwrap();
    assert_eq!(stored.len(), all.len());
    for (n, (stored, leaf)) in stored.iter().zip(&all).enumerate() {
        assert_eq!(stored.position, Some(LogPosition { epoch: 1, index: n as u64 }));
        assert_eq!(stored.bytes.as_ref(), Some(&leaf.bytes));
        assert_eq!(stored.hash, *leaf_hash(&leaf.bytes).as_bytes());
    }
    assert_eq!(wait(store.leaves(1, 3, 5)).unwrap(), stored[3..5]);
    for (epoch, from, to) in [(1, 5, 5), (1, 9, 2), (1, size, size + 5), (2, 0, 5), (0, 0, 5)] {
        assert!(wait(store.leaves(epoch, from, to)).unwrap().is_empty());
        assert!(wait(store.hashes(epoch, 0, from, to)).unwrap().is_empty());
    }
    assert!(wait(store.leaves(u32::MAX, 0, u64::MAX)).unwrap().is_empty());
    assert_eq!(wait(store.leaves(1, 0, u64::MAX)).unwrap(), stored);
}

pub(super) fn nodes_are_those_of_the_tree(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let leaves: Vec<NewLeaf> = (0..700).map(|n| leaf(7, n)).collect();
    for part in leaves.chunks(97) {
        append(store, part.to_vec());
    }
    let all = bytes(&leaves);
    assert_eq!(root(store), naive_root(&all));
    let nodes = wait(store.hashes(1, 8, 0, 99)).unwrap();
    assert_eq!(nodes, [naive_root(&all[..256]), naive_root(&all[256..512])]);
    assert_eq!(wait(store.hashes(1, 8, 1, 2)).unwrap(), nodes[1..]);
    assert!(wait(store.hashes(1, 8, 2, 9)).unwrap().is_empty());
    assert!(wait(store.hashes(1, 16, 0, 9)).unwrap().is_empty());
    let hashes = wait(store.hashes(1, 0, 250, 900)).unwrap();
    assert_eq!(hashes.len(), 450);
    assert_eq!(hashes[0], *leaf_hash(all[250]).as_bytes());
    assert!(wait(store.hashes(1, 3, 0, 9)).unwrap_err().is(&BAD_REQUEST));
}

pub(super) fn leaves_are_found_by_subject(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let writes = |n: u64| n.is_multiple_of(3);
    let leaves: Vec<NewLeaf> =
        (0..60).map(|n| NewLeaf { writes: writes(n), ..leaf(n % 4, n as i64) }).collect();
    append(store, leaves.clone());
    let next = Change { new_epoch: Some(2), leaves: leaves.clone(), ..Change::default() };
    placed(store, next);

    for (who, only) in (0..4).flat_map(|who| [(who, false), (who, true)]) {
        let mine = leaves.iter().filter(|leaf| leaf.subject == subject(who));
        let mine = mine.rev().filter(|leaf| leaf.writes || !only).map(|leaf| &leaf.bytes);
        let expected: Vec<_> =
            [2, 1].into_iter().flat_map(|epoch| mine.clone().map(move |b| (epoch, b))).collect();
        let find =
            |before, limit| wait(store.leaves_of(subject(who), only, before, limit)).unwrap();
        let found = find(None, 99);
        let seen: Vec<_> =
            found.iter().map(|leaf| (leaf.id.epoch, leaf.bytes.as_ref().unwrap())).collect();
        assert_eq!(seen, expected);
        assert!(found.iter().all(|leaf| leaf.id.chain == found[0].id.chain), "one chain");
        assert!(found.is_sorted_by(|later, earlier| later.id > earlier.id));
        assert!(found.is_sorted_by(|later, earlier| later.position > earlier.position));
        let ids: Vec<_> = found.iter().map(|leaf| leaf.id).collect();
        let places = found.iter().map(|leaf| leaf.position.unwrap()).collect::<Vec<_>>();
        assert_eq!(wait(store.places(&ids)).unwrap(), places);
        assert_eq!(find(None, 2), found[..2]);
        for (n, id) in ids.iter().enumerate() {
            assert_eq!(find(Some(*id), 4), found[n + 1..(n + 5).min(found.len())]);
        }
        let end = LeafId { number: u64::MAX, ..ids[0] };
        assert_eq!(find(Some(end), 99), found);
        let ghost = LeafId { number: ids[0].number + 1_000, ..ids[0] };
        assert!(wait(store.places(&[ids[1], ghost])).unwrap_err().is(&BAD_REQUEST));
    }
    let found = wait(store.leaves_of(SubjectId::CONTROLLER, false, None, 1)).unwrap();
    assert_eq!(found[0].bytes, Some(leaves[56].bytes.clone()));
    assert!(wait(store.leaves_of(subject(9), false, None, 9)).unwrap().is_empty());
    assert!(wait(store.places(&[])).unwrap().is_empty());
}

pub(super) fn pruning_keeps_hashes_and_roots(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let leaves: Vec<NewLeaf> = (0..300).map(|n| leaf(n % 2, n as i64)).collect();
    for two in leaves.chunks(2) {
        append(store, two.to_vec());
    }
    let before = (wait(store.leaves(1, 0, 300)).unwrap(), root(store));
    let is_of_one = |leaf: &&StoredLeaf| leaf.bytes.as_ref().unwrap().starts_with(b"leaf of 1 ");
    let nodes = wait(store.hashes(1, 8, 0, 9)).unwrap();
    assert_eq!(wait(store.prune(1, 0, 100, &[0, 7, 99, 100, 250])).unwrap().leaves, 97);
    let after = wait(store.leaves(1, 0, 300)).unwrap();
    for (n, (was, is)) in before.0.iter().zip(&after).enumerate() {
        assert_eq!((was.hash, was.position), (is.hash, is.position));
        let kept = n >= 100 || [0, 7, 99].contains(&n);
        assert_eq!(is.bytes, was.bytes.clone().filter(|_| kept), "leaf {n}");
    }
    assert_eq!((root(store), wait(store.hashes(1, 8, 0, 9)).unwrap()), (before.1, nodes));
    let mine = wait(store.leaves_of(subject(1), false, None, 999)).unwrap();
    let kept = before.0.iter().filter(|leaf| {
        let index = leaf.position.unwrap().index;
        (index >= 100 || [0, 7, 99].contains(&index)) && is_of_one(leaf)
    });
    assert_eq!(mine.len(), kept.count(), "pruned leaves are nobody's any more");
    assert_eq!(wait(store.prune(1, 0, 100, &[0, 7, 99])).unwrap().leaves, 0);
    for (from, to) in [(1, 7), (8, 99), (99, 8), (7, 7)] {
        assert_eq!(wait(store.prune(1, from, to, &[])).unwrap().leaves, 0);
    }
    assert_eq!(wait(store.prune(1, 0, 100, &[])).unwrap().leaves, 3);
    assert_eq!(wait(store.prune(2, 0, 100, &[])).unwrap().leaves, 0);
    assert_eq!(wait(store.prune(1, 0, u64::MAX, &[])).unwrap().leaves, 200);
    assert!(wait(store.leaves_of(subject(1), false, None, 9)).unwrap().is_empty());
    append(store, vec![leaf(1, 1)]);
    assert_eq!(wait(store.leaves_of(subject(1), false, None, 9)).unwrap().len(), 1);
}

pub(super) fn an_epoch_follows_the_one_before(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    append(store, (0..260).map(|n| leaf(n, 5)).collect());
    let first = wait(store.leaves(1, 0, 300)).unwrap();
    let next = Change { new_epoch: Some(2), leaves: vec![leaf(9, 1)], ..Change::default() };
    assert_eq!(placed(store, next.clone()), [LogPosition { epoch: 2, index: 0 }]);
    assert!(wait(store.commit(next)).is_err());
    placed(store, put(&[row(1)]));
    let status = wait(store.status()).unwrap().unwrap();
    assert_eq!((status.head.epoch, status.head.size), (2, 2));
    assert_eq!(status.head.root, naive_root(&[&leaf(9, 1).bytes, &leaf(0, 1).bytes]));
    assert_eq!(status.last_leaf_at, Some(at(5)));
    assert_eq!(wait(store.leaves(1, 0, 300)).unwrap(), first);
    assert_eq!(wait(store.hashes(1, 8, 0, 9)).unwrap().len(), 1);
    assert!(wait(store.hashes(2, 8, 0, 9)).unwrap().is_empty());
}
