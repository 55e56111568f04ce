//! Any sequence of calls has the same answers and leaves the same content as in memory, and never
//! brings a destroyed key back.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tacenda_core::error::Result;
use tacenda_core::memory::MemoryKeyring;
use tacenda_core::ports::{KekId, KeyId, KeyState, Keyring, NewKeys, Scrub, WrapId, WrappedKey};

use super::Factory;
use super::keyring::{KEK, NEXT, filled, init, key, place, status};
use super::samples::{at, subject, wait};

#[derive(Debug, Clone)]
enum Call {
    Create(Vec<(KeyId, WrappedKey)>, Vec<u8>, Option<u64>),
    Destroy(Vec<KeyId>, u64),
    Forget(Vec<KeyId>),
    ForgetFingerprints(i64),
    Rotate(KekId, KekId),
    RaiseSequence(u64),
    Rewrap(Vec<(KeyId, WrappedKey, WrappedKey)>),
    RewrapAll(usize),
    Checkpoint(u64),
    Scrub,
}

fn id() -> impl Strategy<Value = KeyId> {
    (0u64..4, any::<bool>(), 0u16..2)
        .prop_map(|(n, invoice, year)| key(n, if invoice { "invoice" } else { "account" }, year))
}

fn kek() -> impl Strategy<Value = KekId> {
    prop_oneof![Just(KEK), Just(NEXT)]
}

fn wrapped() -> impl Strategy<Value = WrappedKey> {
    (prop_oneof![3 => Just(KEK), 1 => Just(NEXT)], 0u8..3)
        .prop_map(|(kek, n)| WrappedKey { kek, bytes: vec![n; 60] })
}

fn call() -> impl Strategy<Value = Call> {
    let ids = || prop::collection::vec(id(), 0..3);
    let new = prop::collection::vec((id(), wrapped()), 0..3);
    let prints = prop::collection::vec(0u8..6, 0..3);
    let changes = prop::collection::vec((id(), wrapped(), wrapped()), 0..4);
    prop_oneof![
        6 => (new, prints, prop::option::of(0u64..50)).prop_map(|(k, p, l)| Call::Create(k, p, l)),
        3 => (ids(), 0u64..50).prop_map(|(ids, n)| Call::Destroy(ids, n)),
        2 => ids().prop_map(Call::Forget),
        1 => (0i64..6).prop_map(Call::ForgetFingerprints),
        1 => (kek(), kek()).prop_map(|(from, to)| Call::Rotate(from, to)),
        1 => (0u64..40).prop_map(Call::RaiseSequence),
        2 => changes.prop_map(Call::Rewrap),
        2 => (1usize..9).prop_map(Call::RewrapAll),
        1 => (0u64..50).prop_map(Call::Checkpoint),
        1 => Just(Call::Scrub),
    ]
}

/// Makes the call; what it answers, as a number.
fn make(safe: &Arc<dyn Keyring>, call: &Call) -> Result<u64> {
    match call.clone() {
        Call::Create(keys, prints, log) => {
            let prints = prints.into_iter();
            let fingerprints =
                prints.map(|n| ([n; 16], subject(u64::from(n) % 4), at(i64::from(n)))).collect();
            wait(safe.create(NewKeys { keys, fingerprints, log: log.map(place) }))
        }
        Call::Destroy(ids, n) => wait(safe.destroy(&ids, place(n), at(9))),
        Call::Forget(ids) => wait(safe.forget(&ids)).map(|()| 0),
        Call::ForgetFingerprints(before) => wait(safe.forget_fingerprints(at(before))),
        Call::Rotate(from, to) => wait(safe.begin_rotation(from, to)).map(|()| 0),
        Call::RaiseSequence(to) => wait(safe.raise_sequence(to)).map(|()| 0),
        Call::Rewrap(changes) => {
            let changes = changes.into_iter().map(|(id, old, new)| (WrapId::Key(id), old, new));
            wait(safe.rewrap(changes.collect())).map(|()| 0)
        }
        Call::RewrapAll(limit) => {
            let kek = status(safe).kek;
            let old = wait(safe.wrapped_otherwise(kek, limit))?;
            let len = old.len() as u64;
            let new = |old: &WrappedKey| WrappedKey { kek, bytes: old.bytes.clone() };
            let changes = old.into_iter().map(|(id, old)| (id, old.clone(), new(&old))).collect();
            wait(safe.rewrap(changes)).map(|()| len)
        }
        Call::Checkpoint(n) => wait(safe.keep_checkpoint(place(n), &n.to_string())).map(|()| 0),
        Call::Scrub => wait(safe.scrub()).map(|scrub| u64::from(scrub == Scrub::Done)),
    }
}

fn compare(model: &Arc<dyn Keyring>, safe: &Arc<dyn Keyring>) {
    assert_eq!(status(safe), status(model));
    for n in 0..4 {
        let keys = |safe: &Arc<dyn Keyring>| wait(safe.keys_of(subject(n))).unwrap();
        // Which of several a bounded rotation page takes is open, so only `kek` may differ.
        let plain = |keys: Vec<(KeyId, KeyState)>| -> Vec<(KeyId, Option<Vec<u8>>)> {
            let bytes = |state| if let KeyState::Live(w) = state { Some(w.bytes) } else { None };
            keys.into_iter().map(|(id, state)| (id, bytes(state))).collect()
        };
        assert_eq!(plain(keys(safe)), plain(keys(model)));
    }
    let stones = |safe: &Arc<dyn Keyring>| {
        let mut stones = wait(safe.tombstones(None, 99)).unwrap();
        stones.sort_by(|a, b| a.key.cmp(&b.key));
        stones
    };
    assert_eq!(stones(safe), stones(model));
    let live = |safe: &Arc<dyn Keyring>| -> BTreeSet<KeyId> {
        wait(safe.live_keys(None, 99)).unwrap().into_iter().collect()
    };
    assert_eq!(live(safe), live(model));
    let prints: Vec<[u8; 16]> = (0..6).map(|n| [n; 16]).collect();
    let known = |safe: &Arc<dyn Keyring>| wait(safe.fingerprints(&prints)).unwrap();
    assert_eq!(known(safe), known(model));
}

pub(super) fn behaves_as_the_memory_safe(factory: &Factory<dyn Keyring>) {
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let calls = prop::collection::vec(call(), 1..25);
    let outcome = TestRunner::new(config).run(&calls, |calls| {
        let fixture = filled(factory);
        let safe = &fixture.port;
        let model: Arc<dyn Keyring> = Arc::new(MemoryKeyring::new());
        wait(model.initialise(init())).unwrap();
        let mut gone = BTreeSet::new();
        for call in &calls {
            match (make(safe, call), make(&model, call)) {
                (Ok(left), Ok(right)) => assert_eq!(left, right, "{call:?}"),
                (Err(left), Err(right)) => assert_eq!(left.code(), right.code(), "{call:?}"),
                (left, right) => panic!("{call:?}: {left:?}, {right:?}"),
            }
            if let Call::Destroy(ids, _) = call {
                gone.extend(ids.iter().cloned());
            }
            let ids: Vec<KeyId> = gone.iter().cloned().collect();
            let states = wait(safe.fetch(&ids)).unwrap();
            assert!(states.iter().all(|state| matches!(state, KeyState::Destroyed(_))), "{call:?}");
        }
        compare(&model, safe);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
