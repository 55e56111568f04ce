//! The safe as a whole: its life, its secrets, its checkpoint, fingerprints, rotation.

use std::sync::Arc;

use tacenda_core::clock::Timestamp;
use tacenda_core::id::SubjectId;
use tacenda_core::name::Name;
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::kek::WRONG_KEY;
use tacenda_core::ports::keyring::DESTROYED;
use tacenda_core::ports::store::{CLOSED, CONFLICT};
use tacenda_core::ports::{
    KekId, KeyId, KeyState, Keyring, LogPosition, NewKeys, SafeInit, SafeStatus, Scrub, WrapId,
    WrappedKey,
};

use super::samples::{at, subject, wait};
use super::{Factory, Fixture};

pub(super) const KEK: KekId = KekId([1; 8]);
pub(super) const NEXT: KekId = KekId([2; 8]);
pub(super) const SECRET: Name = Name::fixed("index.email");

pub(super) fn init() -> SafeInit {
    let secrets = vec![(SECRET, wrapped(200))];
    SafeInit { safe: [2; 16], store: [1; 16], kek: KEK, secrets }
}

pub(super) fn filled(factory: &Factory<dyn Keyring>) -> Fixture<dyn Keyring> {
    let fixture = factory();
    wait(fixture.port.initialise(init())).unwrap();
    fixture
}

pub(super) fn wrapped(n: u8) -> WrappedKey {
    WrappedKey { kek: KEK, bytes: vec![n; 60] }
}

pub(super) fn key(n: u64, class: &'static str, number: u16) -> KeyId {
    KeyId { subject: subject(n), class: Name::fixed(class), number }
}

pub(super) fn account(n: u64) -> KeyId {
    key(n, "account", 0)
}

pub(super) fn place(index: u64) -> LogPosition {
    LogPosition { epoch: 1, index }
}

pub(super) fn keys(keys: &[(KeyId, u8)]) -> NewKeys {
    let keys = keys.iter().map(|(id, n)| (id.clone(), wrapped(*n))).collect();
    NewKeys { keys, ..NewKeys::default() }
}

/// The same under the key of the next rotation.
fn under_next(of: &[(KeyId, u8)]) -> NewKeys {
    let mut new = keys(of);
    new.keys.iter_mut().for_each(|(_, wrapped)| wrapped.kek = NEXT);
    new
}

pub(super) fn status(safe: &Arc<dyn Keyring>) -> SafeStatus {
    wait(safe.status()).unwrap().expect("the safe is filled")
}

pub(super) fn state(safe: &Arc<dyn Keyring>, id: &KeyId) -> KeyState {
    wait(safe.fetch(std::slice::from_ref(id))).unwrap().remove(0)
}

pub(super) fn a_new_safe_refuses_changes_until_it_is_filled(factory: &Factory<dyn Keyring>) {
    let fixture = factory();
    let safe = &fixture.port;
    assert_eq!(wait(safe.status()).unwrap(), None);
    let refusals = [
        wait(safe.create(keys(&[(account(1), 1)]))).err(),
        wait(safe.destroy(&[account(1)], place(0), at(0))).err(),
        wait(safe.add_secret(&SECRET, wrapped(1))).err(),
        wait(safe.keep_checkpoint(place(0), "x")).err(),
        wait(safe.begin_rotation(KEK, NEXT)).err(),
        wait(safe.raise_sequence(9)).err(),
    ];
    for refusal in refusals {
        assert!(refusal.expect("an error").is(&BAD_REQUEST));
    }
    assert_eq!(state(safe, &account(1)), KeyState::Unknown);
    assert_eq!(wait(safe.secret(&SECRET)).unwrap(), None);
    wait(safe.initialise(init())).unwrap();
    let expected = SafeStatus {
        safe: [2; 16],
        store: [1; 16],
        kek: KEK,
        rotating: false,
        sequence: 1,
        log: None,
        checkpoint: None,
    };
    assert_eq!(status(safe), expected);
    assert_eq!(wait(safe.secret(&SECRET)).unwrap(), Some(wrapped(200)));
    assert!(wait(safe.initialise(init())).unwrap_err().is(&CONFLICT));
    assert_eq!(status(safe), expected);
}

pub(super) fn a_closed_safe_says_so(factory: &Factory<dyn Keyring>) {
    let fixture = filled(factory);
    let safe = &fixture.port;
    wait(safe.close()).unwrap();
    let answers = [
        wait(safe.status()).err(),
        wait(safe.initialise(init())).err(),
        wait(safe.create(NewKeys::default())).err(),
        wait(safe.fetch(&[account(1)])).err(),
        wait(safe.keys_of(subject(1))).err(),
        wait(safe.destroy(&[], place(0), at(0))).err(),
        wait(safe.scrub()).err(),
        wait(safe.tombstones(None, 1)).err(),
        wait(safe.live_keys(None, 1)).err(),
        wait(safe.forget(&[])).err(),
        wait(safe.fingerprints(&[[1; 16]])).err(),
        wait(safe.forget_fingerprints(at(0))).err(),
        wait(safe.secret(&SECRET)).err(),
        wait(safe.add_secret(&SECRET, wrapped(1))).err(),
        wait(safe.keep_checkpoint(place(0), "")).err(),
        wait(safe.begin_rotation(KEK, NEXT)).err(),
        wait(safe.raise_sequence(9)).err(),
        wait(safe.wrapped_otherwise(KEK, 1)).err(),
        wait(safe.rewrap(vec![])).err(),
        wait(safe.close()).err(),
    ];
    for (n, answer) in answers.into_iter().enumerate() {
        assert!(answer.expect("an error").is(&CLOSED), "call {n}");
    }
}

pub(super) fn everything_in_the_safe_survives_reopening(factory: &Factory<dyn Keyring>) {
    let fixture = filled(factory);
    let reopen = fixture.reopen.as_ref().expect("a backend that can be reopened");
    let safe = &fixture.port;
    let new = NewKeys {
        fingerprints: vec![([5; 16], subject(1), at(4))],
        log: Some(place(3)),
        ..keys(&[(account(1), 1), (key(1, "invoice", 2026), 2), (account(2), 3)])
    };
    wait(safe.create(new)).unwrap();
    wait(safe.destroy(&[account(1), account(9)], place(7), at(8))).unwrap();
    wait(safe.keep_checkpoint(place(8), "origin\n9\n")).unwrap();
    wait(safe.begin_rotation(KEK, NEXT)).unwrap();
    let seen = |safe: &Arc<dyn Keyring>| {
        (
            status(safe),
            wait(safe.tombstones(None, 9)).unwrap(),
            wait(safe.keys_of(subject(1))).unwrap(),
            wait(safe.live_keys(None, 9)).unwrap(),
            wait(safe.fingerprints(&[[5; 16], [6; 16]])).unwrap(),
            wait(safe.secret(&SECRET)).unwrap(),
        )
    };
    let before = seen(safe);
    assert_eq!((before.0.sequence, before.0.rotating, before.1.len()), (5, true, 2));
    wait(safe.close()).unwrap();
    let safe = &reopen();
    assert_eq!(seen(safe), before);
    assert!(wait(safe.create(under_next(&[(account(9), 1)]))).unwrap_err().is(&DESTROYED));
    assert_eq!(wait(safe.scrub()).unwrap(), Scrub::Done);
    assert_eq!(seen(safe), before);
    wait(safe.close()).unwrap();
}

pub(super) fn secrets_are_added_once(factory: &Factory<dyn Keyring>) {
    let fixture = filled(factory);
    let safe = &fixture.port;
    let name = Name::fixed("log.signer");
    assert_eq!(wait(safe.secret(&name)).unwrap(), None);
    wait(safe.add_secret(&name, wrapped(1))).unwrap();
    assert_eq!(status(safe).sequence, 2);
    for taken in [&name, &SECRET] {
        assert!(wait(safe.add_secret(taken, wrapped(9))).unwrap_err().is(&CONFLICT));
    }
    assert_eq!(status(safe).sequence, 2);
    assert_eq!(wait(safe.secret(&name)).unwrap(), Some(wrapped(1)));
    assert_eq!(wait(safe.secret(&SECRET)).unwrap(), Some(wrapped(200)));
    let mut all = vec![(name, wrapped(1)), (SECRET, wrapped(200))];
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    assert_eq!(wait(safe.secrets()).unwrap(), all);
}

pub(super) fn the_latest_checkpoint_is_kept(factory: &Factory<dyn Keyring>) {
    let fixture = filled(factory);
    let safe = &fixture.port;
    let steps: [(LogPosition, &str, &str); 5] = [
        (place(5), "five", "five"),
        (place(4), "four", "five"),
        (place(5), "five again", "five again"),
        (LogPosition { epoch: 2, index: 0 }, "second epoch", "second epoch"),
        (place(900), "late", "second epoch"),
    ];
    for (n, (head, text, kept)) in steps.into_iter().enumerate() {
        wait(safe.keep_checkpoint(head, text)).unwrap();
        let status = status(safe);
        let epoch = if n < 3 { 1 } else { 2 };
        assert_eq!(status.checkpoint, Some((epoch, kept.to_owned())));
        assert_eq!(status.sequence, n as u64 + 2);
    }
    assert_eq!(status(safe).log, Some(LogPosition { epoch: 2, index: 0 }));
    wait(safe.create(NewKeys { log: Some(place(2)), ..NewKeys::default() })).unwrap();
    wait(safe.destroy(&[], LogPosition { epoch: 2, index: 4 }, at(0))).unwrap();
    assert_eq!(status(safe).log, Some(LogPosition { epoch: 2, index: 4 }));
}

pub(super) fn the_sequence_is_raised_and_never_lowered(factory: &Factory<dyn Keyring>) {
    let fixture = filled(factory);
    let safe = &fixture.port;
    for (asked, is) in [(10, 10), (3, 11), (11, 12), (12, 13), (4_294_967_295, 4_294_967_295)] {
        wait(safe.raise_sequence(asked)).unwrap();
        assert_eq!(status(safe).sequence, is, "{asked}");
    }
    wait(safe.forget(&[])).unwrap();
    assert_eq!(status(safe).sequence, 4_294_967_296);
}

pub(super) fn fingerprints_name_the_latest_subject(factory: &Factory<dyn Keyring>) {
    let fixture = filled(factory);
    let safe = &fixture.port;
    let seen = |prints: &[(u8, u64, i64)], id: u64| NewKeys {
        fingerprints: prints.iter().map(|(p, who, t)| ([*p; 16], subject(*who), at(*t))).collect(),
        ..keys(&[(account(id), 1)])
    };
    let found = || -> Vec<Option<SubjectId>> {
        wait(safe.fingerprints(&[[3; 16], [1; 16], [2; 16]])).unwrap()
    };
    wait(safe.create(seen(&[(1, 1, 10), (2, 2, 20)], 1))).unwrap();
    assert_eq!(found(), [None, Some(subject(1)), Some(subject(2))]);
    assert!(wait(safe.create(seen(&[(3, 3, 30)], 1))).is_err());
    assert_eq!(found()[0], None, "nothing was written");
    wait(safe.create(seen(&[(1, 4, 40)], 2))).unwrap();
    assert_eq!(found()[1], Some(subject(4)));
    assert_eq!(wait(safe.forget_fingerprints(at(20))).unwrap(), 0);
    assert_eq!(wait(safe.forget_fingerprints(at(21))).unwrap(), 1);
    assert_eq!(found(), [None, Some(subject(4)), None]);
    wait(safe.destroy(&[account(4)], place(1), at(1))).unwrap();
    assert_eq!(found()[1], Some(subject(4)), "they outlive an erasure");
    let more = (5..9u8).map(|n| (n, u64::from(n), 50)).collect::<Vec<_>>();
    wait(safe.create(seen(&more, 9))).unwrap();
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = wait(safe.fingerprints_after(after, 2)).unwrap();
        after = page.last().map(|(print, ..)| *print);
        all.extend(page.iter().copied());
        if page.len() < 2 {
            break;
        }
    }
    all.sort_unstable();
    let kept = more.iter().map(|(n, who, t)| ([*n; 16], subject(*who), at(*t)));
    assert_eq!(all, std::iter::once(([1; 16], subject(4), at(40))).chain(kept).collect::<Vec<_>>());
    assert_eq!(wait(safe.forget_fingerprints(Timestamp::MAX)).unwrap(), 5);
}

pub(super) fn rotation_rewraps_what_is_still_the_same(factory: &Factory<dyn Keyring>) {
    let fixture = filled(factory);
    let safe = &fixture.port;
    let ids: Vec<(KeyId, u8)> = (0..9u8).map(|n| (account(u64::from(n)), n)).collect();
    wait(safe.create(keys(&ids))).unwrap();
    assert!(wait(safe.wrapped_otherwise(KEK, 99)).unwrap().is_empty());
    assert!(!status(safe).rotating);
    wait(safe.begin_rotation(KEK, NEXT)).unwrap();
    assert_eq!((status(safe).kek, status(safe).rotating), (NEXT, true));
    assert_eq!(wait(safe.wrapped_otherwise(NEXT, 99)).unwrap().len(), 10);
    assert_eq!(wait(safe.wrapped_otherwise(NEXT, 4)).unwrap().len(), 4);

    let renewed = |old: &WrappedKey| WrappedKey { kek: NEXT, bytes: old.bytes.clone() };
    // A key destroyed under way, and one that changed since, must not be written over.
    let victim = (WrapId::Key(account(3)), wrapped(3), renewed(&wrapped(3)));
    let stale = (WrapId::Key(account(4)), wrapped(77), renewed(&wrapped(77)));
    let never = (WrapId::Key(account(44)), wrapped(1), renewed(&wrapped(1)));
    wait(safe.destroy(&[account(3)], place(1), at(1))).unwrap();
    wait(safe.rewrap(vec![victim, stale, never])).unwrap();
    assert_eq!(state(safe, &account(3)), KeyState::Destroyed(place(1)));
    assert_eq!(state(safe, &account(4)), KeyState::Live(wrapped(4)));
    assert_eq!(state(safe, &account(44)), KeyState::Unknown);

    while let [_, ..] = wait(safe.wrapped_otherwise(NEXT, 4)).unwrap()[..] {
        assert!(status(safe).rotating);
        let old = wait(safe.wrapped_otherwise(NEXT, 4)).unwrap();
        let changed = old.into_iter().map(|(id, old)| (id, old.clone(), renewed(&old))).collect();
        wait(safe.rewrap(changed)).unwrap();
    }
    assert!(!status(safe).rotating);
    assert_eq!(state(safe, &account(4)), KeyState::Live(renewed(&wrapped(4))));
    assert_eq!(wait(safe.secret(&SECRET)).unwrap(), Some(renewed(&wrapped(200))));
    // What is left under the former key may also end by being destroyed.
    let fixture = filled(factory);
    let safe = &fixture.port;
    wait(safe.create(keys(&[(account(50), 50)]))).unwrap();
    wait(safe.begin_rotation(KEK, NEXT)).unwrap();
    let secret = (WrapId::Secret(SECRET), wrapped(200), renewed(&wrapped(200)));
    wait(safe.rewrap(vec![secret])).unwrap();
    assert!(status(safe).rotating);
    wait(safe.destroy(&[account(50)], place(2), at(2))).unwrap();
    assert!(!status(safe).rotating);
}

pub(super) fn nothing_new_is_kept_under_another_master_key(factory: &Factory<dyn Keyring>) {
    let fixture = filled(factory);
    let safe = &fixture.port;
    wait(safe.create(keys(&[(account(1), 1)]))).unwrap();
    // One process rotates; another does not know of it, or is ahead of it.
    let refused = |safe: &Arc<dyn Keyring>, foreign: KekId| {
        let before = status(safe);
        let foreign = |n: u8| WrappedKey { kek: foreign, bytes: vec![n; 60] };
        let new = NewKeys {
            keys: vec![
                (account(3), WrappedKey { kek: before.kek, ..foreign(3) }),
                (account(2), foreign(2)),
            ],
            fingerprints: vec![([1; 16], subject(2), at(1))],
            log: Some(place(9)),
        };
        let changed = vec![(WrapId::Key(account(1)), wrapped(1), foreign(1))];
        for answer in [
            wait(safe.create(new)).err(),
            wait(safe.add_secret(&Name::fixed("late"), foreign(4))).err(),
            wait(safe.rewrap(changed)).err(),
        ] {
            assert!(answer.expect("an error").is(&WRONG_KEY));
        }
        assert_eq!(status(safe), before);
        let states = wait(safe.fetch(&[account(2), account(3)])).unwrap();
        assert_eq!(states, [KeyState::Unknown, KeyState::Unknown]);
        assert_eq!(state(safe, &account(1)), KeyState::Live(wrapped(1)));
        assert_eq!(wait(safe.fingerprints(&[[1; 16]])).unwrap(), [None]);
        assert_eq!(wait(safe.secret(&Name::fixed("late"))).unwrap(), None);
    };
    refused(safe, NEXT);
    wait(safe.begin_rotation(KEK, NEXT)).unwrap();
    refused(safe, KEK);
}

pub(super) fn a_rotation_is_not_turned_back(factory: &Factory<dyn Keyring>) {
    let fixture = filled(factory);
    let safe = &fixture.port;
    let third = KekId([3; 8]);
    // The safe's key is the one before, or the new one already.
    wait(safe.create(keys(&[(account(1), 1)]))).unwrap();
    wait(safe.begin_rotation(KEK, NEXT)).unwrap();
    wait(safe.begin_rotation(KEK, NEXT)).unwrap();
    // While anything lies under the key before, there is no third: not under a data key, and not
    // under a secret.
    let renewed = |old: &WrappedKey| WrappedKey { kek: NEXT, bytes: old.bytes.clone() };
    for (n, id) in [WrapId::Secret(SECRET), WrapId::Key(account(1))].into_iter().enumerate() {
        let before = status(safe);
        assert!(before.rotating);
        assert!(wait(safe.begin_rotation(NEXT, third)).unwrap_err().is(&WRONG_KEY), "{id:?}");
        assert_eq!(status(safe), before);
        let old = wrapped(if n == 0 { 200 } else { 1 });
        wait(safe.rewrap(vec![(id, old.clone(), renewed(&old))])).unwrap();
    }
    wait(safe.begin_rotation(NEXT, third)).unwrap();
    let before = status(safe);
    assert_eq!((before.kek, before.sequence), (third, 7));
    for (from, to) in [(KEK, KEK), (KEK, NEXT), (NEXT, NEXT), (NEXT, KEK)] {
        assert!(wait(safe.begin_rotation(from, to)).unwrap_err().is(&WRONG_KEY));
        assert_eq!(status(safe), before);
    }
}
