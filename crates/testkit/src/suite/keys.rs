//! Keys: made once, destroyed for ever.

use std::sync::{Arc, Barrier};
use std::thread;

use tacenda_core::error::Context;
use tacenda_core::name::Name;
use tacenda_core::ports::keyring::DESTROYED;
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::ports::{KeyId, KeyState, Keyring, NewKeys, Scrub, Tombstone};

use super::Factory;
use super::keyring::{account, filled, key, keys, place, state, status, wrapped};
use super::samples::{at, subject, wait};

pub(super) fn keys_are_made_once_and_all_or_none(factory: &Factory<dyn Keyring>) {
    let fixture = filled(factory);
    let safe = &fixture.port;
    let ids = [(account(1), 1), (key(1, "invoice", 2026), 2), (key(1, "invoice", 2025), 3)];
    assert_eq!(wait(safe.create(keys(&ids))).unwrap(), 2);
    for (id, n) in &ids {
        assert_eq!(state(safe, id), KeyState::Live(wrapped(*n)));
    }
    let asked = [account(2), account(1), key(1, "invoice", 0), account(1)];
    let live = KeyState::Live(wrapped(1));
    let expected = [KeyState::Unknown, live.clone(), KeyState::Unknown, live];
    assert_eq!(wait(safe.fetch(&asked)).unwrap(), expected);
    let before = status(safe);
    for taken in [vec![(account(5), 5), (account(1), 9)], vec![(account(5), 5), (account(5), 6)]] {
        let new = NewKeys { log: Some(place(9)), ..keys(&taken) };
        let error = wait(safe.create(new)).unwrap_err();
        assert!(error.is(&CONFLICT));
        assert!(error.context("subject").is_some() && error.context("class").is_some());
        assert_eq!((state(safe, &account(5)), status(safe)), (KeyState::Unknown, before.clone()));
    }
    let mine: Vec<KeyId> =
        wait(safe.keys_of(subject(1))).unwrap().into_iter().map(|k| k.0).collect();
    assert_eq!(mine, [account(1), key(1, "invoice", 2025), key(1, "invoice", 2026)]);
    assert_eq!(wait(safe.create(NewKeys::default())).unwrap(), 3);
}

pub(super) fn a_destroyed_key_stays_destroyed(factory: &Factory<dyn Keyring>) {
    let fixture = filled(factory);
    let safe = &fixture.port;
    wait(safe.create(keys(&[(account(1), 1), (account(2), 2)]))).unwrap();
    let both = [account(1), account(7), account(1)];
    assert_eq!(wait(safe.destroy(&both, place(10), at(100))).unwrap(), 3);
    assert_eq!(wait(safe.destroy(&both, place(20), at(200))).unwrap(), 4);
    assert_eq!(wait(safe.scrub()).unwrap(), Scrub::Done);
    let gone = KeyState::Destroyed(place(10));
    for id in [account(1), account(7)] {
        assert_eq!(state(safe, &id), gone);
        let new = NewKeys {
            fingerprints: vec![([1; 16], subject(1), at(1))],
            log: Some(place(90)),
            ..keys(&[(account(3), 3), (id.clone(), 1)])
        };
        let error = wait(safe.create(new)).unwrap_err();
        assert!(error.is(&DESTROYED));
        assert_eq!(error.context("subject"), Some(&Context::Subject(id.subject)));
        assert_eq!(error.context("class"), Some(&Context::Name(Name::fixed("account"))));
        assert_eq!(state(safe, &account(3)), KeyState::Unknown);
        assert_eq!(wait(safe.fingerprints(&[[1; 16]])).unwrap(), [None]);
        wait(safe.forget(std::slice::from_ref(&id))).unwrap();
        assert_eq!(state(safe, &id), gone);
    }
    let status = status(safe);
    assert_eq!((status.sequence, status.log), (6, Some(place(20))));
    assert_eq!(state(safe, &account(2)), KeyState::Live(wrapped(2)));
    let stone = |key| Tombstone { key, position: place(10), at: at(100) };
    let expected = [stone(account(1)), stone(account(7))];
    let mut stones = wait(safe.tombstones(None, 9)).unwrap();
    stones.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(stones, expected);
    assert_eq!(wait(safe.live_keys(None, 9)).unwrap(), [account(2)]);
    let mine = wait(safe.keys_of(subject(7))).unwrap();
    assert_eq!(mine, [(account(7), gone)]);
    let asked = [subject(7), subject(9), subject(2), subject(7)];
    let each = wait(safe.keys_of_each(&asked)).unwrap();
    assert_eq!(each, asked.map(|subject| wait(safe.keys_of(subject)).unwrap()));
}

pub(super) fn forgotten_keys_leave_nothing(factory: &Factory<dyn Keyring>) {
    let fixture = filled(factory);
    let safe = &fixture.port;
    let prints = |who: u64, n: u8| ([n; 16], subject(who), at(5));
    let new = NewKeys {
        fingerprints: vec![prints(1, 1), prints(2, 2), prints(1, 3)],
        ..keys(&[(account(1), 1), (account(2), 2)])
    };
    wait(safe.create(new)).unwrap();
    wait(safe.forget(&[account(1), account(9)])).unwrap();
    assert_eq!(state(safe, &account(1)), KeyState::Unknown);
    assert_eq!(state(safe, &account(2)), KeyState::Live(wrapped(2)));
    let left = wait(safe.fingerprints(&[[1; 16], [2; 16], [3; 16]])).unwrap();
    assert_eq!(left, [None, Some(subject(2)), None]);
    assert!(wait(safe.tombstones(None, 9)).unwrap().is_empty());
    assert!(wait(safe.keys_of(subject(1))).unwrap().is_empty());
    wait(safe.create(keys(&[(account(1), 4)]))).unwrap();
    assert_eq!(state(safe, &account(1)), KeyState::Live(wrapped(4)));
}

pub(super) fn pages_of_keys_show_each_once(factory: &Factory<dyn Keyring>) {
    let fixture = filled(factory);
    let safe = &fixture.port;
    let all: Vec<KeyId> =
        (0..7).flat_map(|n| [account(n), key(n, "invoice", 7), key(n, "invoice", 400)]).collect();
    let live: Vec<(KeyId, u8)> = all.iter().rev().map(|id| (id.clone(), 1)).collect();
    wait(safe.create(keys(&live))).unwrap();
    let (gone, kept): (Vec<_>, Vec<_>) =
        all.into_iter().enumerate().partition(|(n, _)| n % 3 == 1 || *n > 15);
    let (gone, kept): (Vec<KeyId>, Vec<KeyId>) =
        (gone.into_iter().map(|k| k.1).collect(), kept.into_iter().map(|k| k.1).collect());
    wait(safe.destroy(&gone, place(1), at(1))).unwrap();
    for limit in [1, 2, 3, 50] {
        let (mut stones, mut lives) = (Vec::<KeyId>::new(), Vec::<KeyId>::new());
        loop {
            let page = wait(safe.tombstones(stones.last(), limit)).unwrap();
            let last = page.len() < limit;
            stones.extend(page.into_iter().map(|stone| stone.key));
            if last {
                break;
            }
        }
        loop {
            let page = wait(safe.live_keys(lives.last(), limit)).unwrap();
            let last = page.len() < limit;
            lives.extend(page);
            if last {
                break;
            }
        }
        // The order is the safe's own.
        stones.sort();
        lives.sort();
        assert_eq!((&stones, &lives), (&gone, &kept), "limit {limit}");
    }
}

/// What each of six threads answers that begin at one moment, each at another of these instances of
/// one safe than the one before it.
fn threads<T: Send>(
    instances: &[Arc<dyn Keyring>],
    work: impl Fn(u64, &dyn Keyring) -> T + Sync,
) -> Vec<T> {
    let begin = Barrier::new(6);
    thread::scope(|scope| {
        let (work, begin) = (&work, &begin);
        let run = |(n, safe): (u64, &Arc<dyn Keyring>)| {
            let safe = Arc::clone(safe);
            scope.spawn(move || {
                begin.wait();
                work(n, &*safe)
            })
        };
        let handles: Vec<_> = (0..6).zip(instances.iter().cycle()).map(run).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    })
}

pub(super) fn one_of_many_makes_a_key(factory: &Factory<dyn Keyring>) {
    let fixture = filled(factory);
    one_makes_a_key(std::slice::from_ref(&fixture.port));
}

pub(super) fn one_makes_a_key(instances: &[Arc<dyn Keyring>]) {
    for round in 0..8 {
        let wanted = account(round);
        let other = |n: u64| account(100 + round * 10 + n);
        let made = threads(instances, |n, safe| {
            let mine = u8::try_from(n).unwrap();
            let won = wait(safe.create(keys(&[(wanted.clone(), mine), (other(n), mine)])));
            won.map_err(|error| assert!(error.is(&CONFLICT), "{error}")).ok().map(|_| n)
        });
        let winners: Vec<u64> = made.into_iter().flatten().collect();
        let [winner] = winners[..] else { panic!("round {round}: {winners:?}") };
        let key = KeyState::Live(wrapped(u8::try_from(winner).unwrap()));
        for safe in instances {
            assert_eq!(state(safe, &wanted), key);
            let others = (0..6).filter(|n| state(safe, &other(*n)) != KeyState::Unknown);
            assert_eq!(others.collect::<Vec<_>>(), [winner]);
            assert_eq!(status(safe).sequence, 2 + round);
        }
    }
}

pub(super) fn destroying_wins_over_making(factory: &Factory<dyn Keyring>) {
    let fixture = filled(factory);
    destroying_wins(std::slice::from_ref(&fixture.port));
}

pub(super) fn destroying_wins(instances: &[Arc<dyn Keyring>]) {
    for round in 0..8 {
        let id = account(round);
        threads(instances, |n, safe| match n {
            0 | 1 => {
                wait(safe.destroy(std::slice::from_ref(&id), place(round), at(0))).unwrap();
            }
            2 => wait(safe.forget(std::slice::from_ref(&id))).unwrap(),
            _ => {
                if let Err(error) = wait(safe.create(keys(&[(id.clone(), 1)]))) {
                    assert!(error.is(&DESTROYED) || error.is(&CONFLICT), "{error}");
                }
            }
        });
        for safe in instances {
            assert_eq!(state(safe, &id), KeyState::Destroyed(place(round)));
            assert!(wait(safe.create(keys(&[(id.clone(), 1)]))).unwrap_err().is(&DESTROYED));
        }
    }
}
