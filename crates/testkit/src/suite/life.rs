//! From a new store to a closed one.

use tacenda_core::id::SubjectId;
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::store::{CLOSED, CONFLICT};
use tacenda_core::ports::{Change, PolicyMark, Scan, Store};
use tacenda_core::row::state;

use super::Factory;
use super::samples::{
    ACCOUNT, EMAIL, INIT, PROFILE, at, change, keys_under, leaf, marked, next_version, put, row,
    snapshot, token, wait, with_tokens,
};

pub(super) fn a_new_store_refuses_changes_until_it_is_marked(factory: &Factory<dyn Store>) {
    let fixture = factory();
    let store = &fixture.port;
    assert_eq!(wait(store.status()).unwrap(), None);
    assert!(wait(store.commit(put(&[row(1)]))).unwrap_err().is(&BAD_REQUEST));
    assert_eq!(wait(store.rows(&[row(1).key])).unwrap(), [None]);
    assert!(wait(store.scan(&Scan::All { kind: None }, None, 5)).unwrap().rows.is_empty());
    assert!(wait(store.leaves(1, 0, 9)).unwrap().is_empty());
    assert!(wait(store.leaves_of(SubjectId::CONTROLLER, false, None, 9)).unwrap().is_empty());

    wait(store.initialise(INIT)).unwrap();
    let status = wait(store.status()).unwrap().unwrap();
    assert_eq!((status.init, status.safe_sequence, status.policy), (INIT, 0, None));
    assert_eq!((status.head.epoch, status.head.size, status.last_leaf_at), (1, 0, None));
    assert_eq!(status.head.root, super::samples::naive_root(&[]));
    assert!(wait(store.initialise(INIT)).unwrap_err().is(&CONFLICT));
    wait(store.commit(put(&[row(1)]))).unwrap();
}

pub(super) fn a_closed_store_says_so(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    wait(store.commit(put(&[row(1)]))).unwrap();
    wait(store.close()).unwrap();
    let now = at(9);
    let answers = [
        wait(store.status()).err(),
        wait(store.initialise(INIT)).err(),
        wait(store.commit(put(&[row(2)]))).err(),
        wait(store.rows(&[row(1).key])).err(),
        wait(store.lookup(&EMAIL, &[[0; 16]])).err(),
        wait(store.scan(&Scan::All { kind: None }, None, 5)).err(),
        wait(store.count(&Scan::All { kind: None }, 5)).err(),
        wait(store.claim(&PROFILE, &state::LIVE, now, now, 5)).err(),
        wait(store.hashes(1, 0, 0, 9)).err(),
        wait(store.leaves(1, 0, 9)).err(),
        wait(store.leaves_of(SubjectId::CONTROLLER, false, None, 9)).err(),
        wait(store.places(&[])).err(),
        wait(store.settle()).err(),
        wait(store.prune(1, 0, 1, &[])).err(),
        wait(store.close()).err(),
    ];
    for (n, answer) in answers.into_iter().enumerate() {
        assert!(answer.expect("an error").is(&CLOSED), "call {n}");
    }
}

pub(super) fn everything_survives_reopening(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let reopen = fixture.reopen.as_ref().expect("a backend that can be reopened");
    let store = &fixture.port;
    let mut kept = with_tokens(row(1), &[token(1, true), token(2, false)]);
    (kept.anchor_at, kept.due_at, kept.held) = (Some(at(-5)), Some(at(7)), true);
    wait(store.commit(put(&[kept.clone(), row(2), row(3)]))).unwrap();
    let policy = Some(PolicyMark { version: 3, digest: [9; 32] });
    let more = Change { policy, safe_sequence: 8, ..change(vec![], &[&row(3)]) };
    wait(store.commit(more)).unwrap();
    let leaves = (0..300).map(|n| leaf(n, 100 - i64::try_from(n).unwrap())).collect();
    wait(store.commit(Change { leaves, ..Change::default() })).unwrap();
    wait(store.settle()).unwrap();
    wait(store.prune(1, 0, 2, &[0])).unwrap();
    let next = Change { new_epoch: Some(2), leaves: vec![leaf(0, 50)], ..Change::default() };
    wait(store.commit(next)).unwrap();
    let due = next_version(kept);
    wait(store.commit(put(&[due.clone()]))).unwrap();
    assert_eq!(wait(store.claim(&PROFILE, &due.state, at(7), at(90), 9)).unwrap(), [due.clone()]);

    let before = snapshot(store);
    let nodes = wait(store.hashes(1, 8, 0, 9)).unwrap();
    assert_eq!(nodes.len(), 1);
    wait(store.close()).unwrap();
    let store = &reopen();
    assert_eq!(snapshot(store), before);
    assert_eq!(wait(store.hashes(1, 8, 0, 9)).unwrap(), nodes);
    assert_eq!(
        (keys_under(store, 1), keys_under(store, 2)),
        (vec![due.key.clone()], vec![due.key])
    );
    assert!(wait(store.claim(&PROFILE, &due.state, at(89), at(99), 9)).unwrap().is_empty());
    let until = at(i64::MAX);
    let anchored = Scan::Anchored { class: ACCOUNT, state: state::LIVE, until };
    assert!(wait(store.scan(&anchored, None, 9)).unwrap().rows.is_empty(), "held");
    wait(store.commit(put(&[row(4)]))).unwrap();
    wait(store.settle()).unwrap();
    assert_eq!(wait(store.status()).unwrap().unwrap().head.size, 3);
    wait(store.close()).unwrap();
}
