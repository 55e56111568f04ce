//! Tokens: one row for a unique one, and never one that its row no longer carries.

use tacenda_core::error::Context;
use tacenda_core::ports::Store;
use tacenda_core::ports::store::NOT_UNIQUE;

use super::Factory;
use super::samples::{
    EMAIL, change, keys_under, marked, next_version, put, row, snapshot, subject, token, wait,
    with_tokens,
};

pub(super) fn a_unique_token_has_one_row(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let holder = with_tokens(row(1), &[token(1, true), token(1, true), token(2, false)]);
    wait(store.commit(put(&[holder.clone(), row(4)]))).unwrap();
    let before = snapshot(store);
    let taken = [token(9, true), token(1, true)];
    let wrong = [
        (put(&[row(3), with_tokens(row(2), &taken)]), 2),
        (put(&[with_tokens(next_version(row(4)), &taken)]), 4),
        // Of two in one change the later loses.
        (put(&[with_tokens(row(6), &[token(5, true)]), with_tokens(row(5), &[token(5, true)])]), 5),
    ];
    for (change, loser) in wrong {
        let error = wait(store.commit(change)).unwrap_err();
        assert!(error.is(&NOT_UNIQUE), "{error}");
        assert_eq!(error.context("index"), Some(&Context::Name(EMAIL)));
        assert_eq!(error.context("subject"), Some(&Context::Subject(subject(loser))));
        assert_eq!(snapshot(store), before);
        assert!(keys_under(store, 9).is_empty() && keys_under(store, 5).is_empty());
    }
    // Others may share what is not unique, and a unique token says nothing about those.
    let shared = with_tokens(row(2), &[token(2, false), token(1, false), token(2, true)]);
    wait(store.commit(put(&[shared.clone()]))).unwrap();
    assert_eq!(keys_under(store, 2), [holder.key.clone(), shared.key.clone()]);
    assert_eq!(keys_under(store, 1), [holder.key, shared.key]);
    assert_eq!(wait(store.count_lookups()).unwrap(), 5);
}

pub(super) fn uniqueness_is_judged_on_the_outcome(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let one = with_tokens(row(1), &[token(1, true)]);
    let two = with_tokens(row(2), &[token(2, true)]);
    wait(store.commit(put(&[one.clone(), two.clone()]))).unwrap();
    let one = with_tokens(next_version(one), &[token(2, true)]);
    let two = with_tokens(next_version(two), &[token(1, true)]);
    wait(store.commit(put(&[one.clone(), two.clone()]))).unwrap();
    assert_eq!(
        (keys_under(store, 2), keys_under(store, 1)),
        (vec![one.key.clone()], vec![two.key])
    );
    let three = with_tokens(row(3), &[token(2, true)]);
    wait(store.commit(change(vec![three.clone()], &[&one]))).unwrap();
    assert_eq!(keys_under(store, 2), [three.key.clone()]);
    // A row that is written again keeps its own token.
    wait(store.commit(put(&[next_version(three.clone())]))).unwrap();
    assert_eq!(keys_under(store, 2), [three.key]);
}

pub(super) fn lookups_follow_their_rows(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let first = with_tokens(row(1), &[token(1, true), token(2, false), token(3, false)]);
    wait(store.commit(put(&[first.clone()]))).unwrap();
    assert_eq!(wait(store.count_lookups()).unwrap(), 3);
    let second = with_tokens(next_version(first), &[token(3, false), token(4, true)]);
    wait(store.commit(put(&[second.clone()]))).unwrap();
    assert_eq!(wait(store.count_lookups()).unwrap(), 2);
    for (value, rows) in [(1, 0), (2, 0), (3, 1), (4, 1)] {
        assert_eq!(keys_under(store, value).len(), rows, "token {value}");
    }
    let found = wait(store.lookup(&EMAIL, &[[4; 16], [1; 16], [4; 16]])).unwrap();
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0, 1]);
    let other = tacenda_core::Name::fixed("vat");
    assert_eq!(wait(store.lookup(&other, &[[4; 16]])).unwrap(), [vec![]]);
    wait(store.commit(change(vec![], &[&second]))).unwrap();
    for value in 1..5 {
        assert!(keys_under(store, value).is_empty(), "token {value}");
    }
    assert_eq!(wait(store.count_lookups()).unwrap(), 0);
    wait(store.commit(put(&[with_tokens(row(1), &[token(4, true)])]))).unwrap();
    assert_eq!(keys_under(store, 4).len(), 1);
}
