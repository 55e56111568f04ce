//! Several instances of one store or safe, as several processes have them.

use std::sync::Arc;

use tacenda_core::ports::store::{CONFLICT, NOT_UNIQUE};
use tacenda_core::ports::{KeyState, Keyring, Store};
use tacenda_core::row::state as row_state;

use super::keyring::{account, filled, keys, place, state, status, wrapped};
use super::samples::{
    PROFILE, at, keys_under, leaf, marked, next_version, put, row, snapshot, token, wait,
    with_tokens,
};
use super::{Factory, Fixture, concurrent};

/// The instance of a fixture and another beside it.
fn two<P: ?Sized>(fixture: &Fixture<P>) -> [Arc<P>; 2] {
    let reopen = fixture.reopen.as_ref().expect("a backend that can be reopened");
    [Arc::clone(&fixture.port), reopen()]
}

/// Nothing that was answered waits for the store to be closed: whoever opens it beside the first
/// instance finds it.
pub(super) fn what_the_store_answered_is_durable_without_closing(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let beside = || two(&fixture)[1].clone();
    assert!(wait(beside().initialise(super::samples::INIT)).unwrap_err().is(&CONFLICT));
    let kept = with_tokens(row(1), &[token(1, true)]);
    wait(store.commit(put(&[kept.clone(), row(2)]))).unwrap();
    assert_eq!(snapshot(&beside()).rows, [kept.clone(), row(2)]);
    assert_eq!(keys_under(&beside(), 1), [kept.key.clone()]);
    let due = tacenda_core::row::Row { due_at: Some(at(7)), ..next_version(kept) };
    wait(store.commit(put(std::slice::from_ref(&due)))).unwrap();
    let claim = |store: &Arc<dyn Store>| {
        wait(store.claim(&PROFILE, &row_state::LIVE, at(7), at(90), 9)).unwrap()
    };
    assert_eq!(claim(store), [due]);
    assert!(claim(&beside()).is_empty(), "the lease is known");
    let leaves = (0..300).map(|n| leaf(n, 5)).collect();
    wait(store.commit(tacenda_core::ports::Change { leaves, ..Default::default() })).unwrap();
    wait(store.settle()).unwrap();
    assert_eq!(wait(store.prune(1, 2, 9, &[])).unwrap().leaves, 7);
    assert_eq!(snapshot(&beside()), snapshot(store));
    assert_eq!(snapshot(&beside()).leaves.iter().filter(|l| l.bytes.is_none()).count(), 7);
    // What the one wrote the other goes on from.
    let taken = with_tokens(row(3), &[token(1, true)]);
    assert!(wait(beside().commit(put(&[taken]))).unwrap_err().is(&NOT_UNIQUE));
    wait(beside().commit(put(&[row(4)]))).unwrap();
    assert_eq!(snapshot(store).rows.last(), Some(&row(4)));
}

pub(super) fn two_instances_of_a_store_leave_no_gap(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    concurrent::commits_leave_no_gap(&two(&fixture));
}

pub(super) fn one_of_two_instances_wins_a_unique_token(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    concurrent::one_wins_a_unique_token(&two(&fixture));
}

/// As for the store.
pub(super) fn what_the_safe_answered_is_durable_without_closing(factory: &Factory<dyn Keyring>) {
    let fixture = filled(factory);
    let safe = &fixture.port;
    let beside = || two(&fixture)[1].clone();
    wait(safe.create(keys(&[(account(1), 1), (account(2), 2)]))).unwrap();
    assert_eq!(state(&beside(), &account(1)), KeyState::Live(wrapped(1)));
    wait(safe.destroy(&[account(1)], place(7), at(8))).unwrap();
    assert_eq!(state(&beside(), &account(1)), KeyState::Destroyed(place(7)));
    wait(safe.forget(&[account(2)])).unwrap();
    assert_eq!(state(&beside(), &account(2)), KeyState::Unknown);
    wait(safe.keep_checkpoint(place(8), "origin\n9\n")).unwrap();
    wait(safe.raise_sequence(90)).unwrap();
    let seen = status(&beside());
    assert_eq!((&seen, seen.sequence), (&status(safe), 90));
    assert_eq!(seen.checkpoint, Some((1, "origin\n9\n".to_owned())));
    assert_eq!(wait(beside().create(keys(&[(account(3), 3)]))).unwrap(), 91);
    assert_eq!(state(safe, &account(3)), KeyState::Live(wrapped(3)));
}

pub(super) fn one_of_two_instances_makes_a_key(factory: &Factory<dyn Keyring>) {
    let fixture = filled(factory);
    super::keys::one_makes_a_key(&two(&fixture));
}

pub(super) fn destroying_wins_over_making_at_another_instance(factory: &Factory<dyn Keyring>) {
    let fixture = filled(factory);
    super::keys::destroying_wins(&two(&fixture));
}
