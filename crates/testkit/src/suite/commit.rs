//! A change: all of it, or nothing.

use tacenda_core::error::Context;
use tacenda_core::id::SubjectId;
use tacenda_core::name::Name;
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::store::{CONFLICT, NOT_UNIQUE, OLDER_POLICY};
use tacenda_core::ports::{Change, Expect, PolicyMark, Store};
use tacenda_core::row::{Row, RowKey, Token};

use super::Factory;
use super::samples::{
    at, change, leaf, marked, next_version, put, row, row_id, snapshot, subject, token, wait,
    with_tokens,
};

pub(super) fn rows_come_back_as_they_were_written(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let mut rows: Vec<Row> = (1..8).map(row).collect();
    rows[0].key.subject = SubjectId::CONTROLLER;
    rows[1].key.id = row_id(255);
    (rows[2].class, rows[2].state) = (None, Name::parse("paid offer").unwrap());
    (rows[3].held, rows[3].anchor_at) = (true, Some(at(i64::MIN)));
    (rows[4].due_at, rows[4].anchor_at) = (Some(at(i64::MAX)), Some(at(0)));
    rows[5].tokens = vec![token(1, true), token(2, false), token(2, false)];
    rows[6].body = Vec::new();
    wait(store.commit(put(&rows))).unwrap();
    for row in &rows {
        assert_eq!(wait(store.rows(std::slice::from_ref(&row.key))).unwrap(), [Some(row.clone())]);
    }
    let mut other = next_version(rows[5].clone());
    (other.class, other.held, other.due_at) = (None, true, Some(at(3)));
    (other.body, other.tokens) = (vec![7; 5_000], vec![token(9, true)]);
    wait(store.commit(put(&[other.clone()]))).unwrap();
    assert_eq!(wait(store.rows(&[other.key.clone()])).unwrap(), [Some(other)]);
}

pub(super) fn rows_answer_in_the_order_asked(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    wait(store.commit(put(&[row(1), row(2), row(3)]))).unwrap();
    let keys = [row(3).key, row(9).key, row(1).key, row(3).key];
    let found = wait(store.rows(&keys)).unwrap();
    assert_eq!(found, [Some(row(3)), None, Some(row(1)), Some(row(3))]);
    assert!(wait(store.rows(&[])).unwrap().is_empty());
}

pub(super) fn a_failed_expectation_writes_nothing(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let kept = with_tokens(row(1), &[token(1, true)]);
    wait(store.commit(put(&[kept.clone(), row(2)]))).unwrap();
    let before = snapshot(store);
    let fresh = || vec![with_tokens(row(5), &[token(5, true)])];
    let skips = next_version(next_version(row(2)));
    let (stale, ghost) = (next_version(row(2)), next_version(row(8)));
    let requires =
        |key: RowKey, expect| Change { requires: vec![(key, expect)], ..change(fresh(), &[&kept]) };
    let wrong = [
        change([fresh(), vec![row(2)]].concat(), &[&kept]),
        change([fresh(), vec![skips]].concat(), &[&kept]),
        change([fresh(), vec![ghost]].concat(), &[&kept]),
        change(fresh(), &[&kept, &stale]),
        change(fresh(), &[&kept, &row(8)]),
        requires(row(2).key, Expect::Absent),
        requires(row(2).key, Expect::Version(2)),
        requires(row(8).key, Expect::Version(1)),
        requires(row(5).key, Expect::Version(1)),
        Change { new_epoch: Some(3), ..change(fresh(), &[&kept]) },
    ];
    for (n, change) in wrong.into_iter().enumerate() {
        let about_a_row = change.new_epoch.is_none();
        let error = wait(store.commit(change)).unwrap_err();
        assert!(error.is(&CONFLICT), "case {n}: {error}");
        assert_eq!(error.context("subject").is_some(), about_a_row, "case {n}: {error}");
        assert_eq!(error.context("kind").is_some(), about_a_row, "case {n}: {error}");
        assert_eq!(snapshot(store), before, "case {n}");
        assert_eq!(super::samples::keys_under(store, 1), [kept.key.clone()], "case {n}");
        assert!(super::samples::keys_under(store, 5).is_empty(), "case {n}");
    }
    let mut good = requires(row(2).key, Expect::Version(1));
    good.requires.push((row(8).key, Expect::Absent));
    good.requires.push((kept.key.clone(), Expect::Version(1)));
    wait(store.commit(good)).unwrap();
    assert_eq!(wait(store.rows(&[kept.key])).unwrap(), [None]);
}

pub(super) fn nonsense_is_refused_and_writes_nothing(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    wait(store.commit(put(&[row(1)]))).unwrap();
    let before = snapshot(store);
    let mut ahead = put(&[row(2)]);
    ahead.writes[0].row.version = 2;
    let wrong = [
        ahead,
        put(&[row(2), row(2)]),
        change(vec![next_version(row(1))], &[&row(1)]),
        Change { leaves: vec![], ..put(&[row(2)]) },
        Change { new_epoch: Some(1), ..put(&[row(2)]) },
    ];
    for (n, change) in wrong.into_iter().enumerate() {
        assert!(wait(store.commit(change)).unwrap_err().is(&BAD_REQUEST), "case {n}");
        assert_eq!(snapshot(store), before, "case {n}");
    }
}

pub(super) fn marks_keep_the_highest(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let policy = Some(PolicyMark { version: 2, digest: [4; 32] });
    let first = Change {
        safe_sequence: 7,
        policy: policy.clone(),
        leaves: vec![leaf(1, 50), leaf(1, 90), leaf(1, 20)],
        ..Change::default()
    };
    wait(store.commit(first)).unwrap();
    wait(store.commit(Change { safe_sequence: 5, ..put(&[row(1)]) })).unwrap();
    let status = wait(store.status()).unwrap().unwrap();
    assert_eq!((status.safe_sequence, &status.policy), (7, &policy));
    assert_eq!(status.last_leaf_at, Some(at(90)));
    // A mark alone is no change of rows and needs no leaf.
    let nothing = Change { safe_sequence: 9, ..Change::default() };
    assert!(wait(store.commit(nothing)).unwrap().leaves.is_empty());
    wait(store.settle()).unwrap();
    let status = wait(store.status()).unwrap().unwrap();
    assert_eq!((status.safe_sequence, status.head.size), (9, 4));
}

pub(super) fn a_change_may_be_large(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let mut rows: Vec<Row> = (0..1_500u64).rev().map(|n| row(n * 7919 % 1_500)).collect();
    for row in &mut rows {
        row.anchor_at = Some(at(1));
        row.tokens = vec![token(3, false)];
    }
    rows[77].body = (0..1_000_000u32).map(|n| n.to_le_bytes()[0]).collect();
    let leaves = (0..1_500).map(|n| leaf(n, 1)).collect();
    wait(store.commit(Change { leaves, ..put(&rows) })).unwrap();
    let keys: Vec<RowKey> = rows.iter().map(|row| row.key.clone()).collect();
    let found: Vec<Row> = wait(store.rows(&keys)).unwrap().into_iter().flatten().collect();
    assert!(found == rows, "every row as it was written");
    assert_eq!(super::samples::keys_under(store, 3).len(), 1_500);
    let all: Vec<&Row> = rows.iter().collect();
    let gone = change(vec![], &all);
    wait(store.commit(gone)).unwrap();
    let left = snapshot(store);
    assert_eq!((left.rows.len(), left.leaves.len()), (0, 1_501));
    assert!(super::samples::keys_under(store, 3).is_empty());
}

/// However many rows it has, it is told which one may not be written, and nothing is.
pub(super) fn a_large_change_is_refused_whole(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let unique = |n: u64| Token { value: u128::from(n).to_be_bytes(), ..token(0, true) };
    let with_token = |n: u64, of: u64| Row { tokens: vec![unique(of)], ..row(n) };
    wait(store.commit(put(&[with_token(5_000, 700)]))).unwrap();
    let before = snapshot(store);
    let rows: Vec<Row> = (0..1_000).map(|n| with_token(n, n)).collect();
    let leaves: Vec<_> = (0..1_000).map(|n| leaf(n, 1)).collect();
    let commit = |rows: &[Row]| wait(store.commit(Change { leaves: leaves.clone(), ..put(rows) }));
    let error = commit(&rows).unwrap_err();
    assert!(error.is(&NOT_UNIQUE), "{error}");
    assert_eq!(error.context("subject"), Some(&Context::Subject(subject(700))));
    let mut taken = rows;
    taken[700] = row(5_000);
    assert!(commit(&taken).unwrap_err().is(&CONFLICT));
    assert_eq!(snapshot(store), before);
    taken.remove(700);
    commit(&taken).unwrap();
    assert_eq!(snapshot(store).rows.len(), 1_000);
}

pub(super) fn a_change_under_an_older_policy_writes_nothing(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let adopt = |version| Change {
        policy: Some(PolicyMark { version, digest: [1; 32] }),
        under: Some(version),
        ..change(vec![], &[])
    };
    let under = |n, under| Change { under, ..put(&[row(n)]) };
    wait(store.commit(under(1, Some(1)))).unwrap();
    wait(store.commit(adopt(2))).unwrap();
    let before = snapshot(store);
    for refused in [under(2, Some(1)), under(2, Some(0)), adopt(1)] {
        assert!(wait(store.commit(refused)).unwrap_err().is(&OLDER_POLICY));
    }
    assert_eq!(snapshot(store), before);
    for taken in [under(2, Some(2)), under(3, Some(3)), under(4, None)] {
        wait(store.commit(taken)).unwrap();
    }
}
