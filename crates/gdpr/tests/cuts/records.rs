//! Records, cut at every step: added, changed, read, swept, and what they do to a subject's data.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use pollster::block_on as wait;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::ports::KeyState;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, NewRecord, RecordChange, RecordItems, RecordKey, Standing, Vault,
};
use tacenda_core::{Name, Result, RowId, SubjectId, Timestamp};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{World, ada, request, staff};
use tacenda_testkit::{After, Cut, FailingKeyring, FailingStore, Faults};

use super::{Cuttable, between, everywhere, try_open};

const BILLING: Name = Name::fixed("billing");

pub(super) fn holding(on: bool) -> Effects {
    Effects { held: [(BILLING, on)].into(), ..Effects::default() }
}

pub(super) fn add(
    vault: &Vault,
    subject: Option<SubjectId>,
    effects: Effects,
) -> Result<RecordKey> {
    let standing = Standing::Open { state: Name::fixed("received"), due_at: None };
    let items = RecordItems::default().with(MODEL, b"access".to_vec());
    let entry = Entry::new("request.opened");
    let new = NewRecord { subject, standing, items, entry, effects };
    wait(vault.add_record(&REQUESTS, new, &staff("support")))
}

fn close(vault: &Vault, key: &RecordKey, at: Timestamp, effects: &Effects) -> Result<()> {
    let closed = wait(vault.change_record(key, &[MODEL], &staff("support"), |opened| {
        assert_eq!(opened.items.get(&MODEL), Some(b"access".as_slice()), "closed once");
        Ok(RecordChange {
            standing: Standing::Closed { at },
            set: RecordItems::default().with(MODEL, b"answered".to_vec()),
            remove: [].into(),
            entry: Entry::new("request.closed"),
            effects: effects.clone(),
        })
    }));
    closed.map(|_| ())
}

const fn first(subject: SubjectId) -> RecordKey {
    let id = RowId::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    RecordKey { subject, kind: &REQUESTS, id }
}

fn model(vault: &Vault, key: &RecordKey) -> Vec<u8> {
    let purpose = Name::fixed("account");
    let read = wait(vault.read_record(key, &[MODEL], &purpose, &staff("support"))).unwrap();
    read.items.get(&MODEL).unwrap().to_vec()
}

fn count(vault: &Vault, subject: SubjectId) -> usize {
    wait(vault.records_of(subject, &REQUESTS)).unwrap().len()
}

pub(super) fn is_held(vault: &Vault, subject: SubjectId) -> bool {
    let rows = wait(vault.outline(subject)).unwrap();
    rows.iter().any(|row| row.class == BILLING && row.held)
}

#[test]
fn a_record_and_what_it_holds_are_written_together_or_not_at_all() {
    let operations = everywhere(
        |world| ada(&world.sound.open()),
        |world, subject| add(&try_open(world)?, Some(subject), holding(true)).map(|_| ()),
        |world, subject, done| {
            let vault = world.sound.open();
            let records = count(&vault, subject);
            assert!(records == 1 || (records == 0 && !done));
            assert_eq!(is_held(&vault, subject), records == 1, "both or neither");
            // What a killed process left in the safe does not stand in the way.
            let next = add(&vault, Some(subject), Effects::default()).unwrap();
            assert_eq!(model(&vault, &next), b"access");
            assert_eq!(count(&vault, subject), records + 1);
            wait(vault.audit()).unwrap();
        },
    );
    assert!(operations > 10, "{operations}");
}

#[test]
fn a_record_of_somebody_unknown_is_written_or_leaves_no_more_than_a_key() {
    everywhere(
        |world| {
            drop(world.sound.open());
            SubjectId::CONTROLLER
        },
        |world, _| add(&try_open(world)?, None, Effects::default()).map(|_| ()),
        |world, _, done| {
            let vault = world.sound.open();
            let keys = wait(world.sound.keyring.live_keys(None, 9)).unwrap();
            assert!(keys.len() <= 1);
            let written = keys.iter().filter(|key| count(&vault, key.subject) == 1).count();
            assert!(written == 1 || !done);
            world.sound.clock.advance(tacenda_core::clock::Span::days(9));
            let collected = wait(vault.collect_keys(&Actor::system())).unwrap();
            assert_eq!(collected.forgotten as usize, keys.len() - written);
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn a_step_of_a_record_happens_whole_or_not_at_all() {
    let operations = everywhere(
        |world| {
            let vault = world.sound.open();
            let subject = ada(&vault);
            add(&vault, Some(subject), holding(true)).unwrap();
            subject
        },
        |world, subject| {
            let vault = try_open(world)?;
            close(&vault, &first(subject), vault.now(), &holding(false))
        },
        |world, subject, done| {
            let vault = world.sound.open();
            let outline = wait(vault.record(&first(subject))).unwrap();
            let closed = matches!(outline.standing, Standing::Closed { .. });
            assert!(closed || !done);
            assert_eq!(is_held(&vault, subject), !closed);
            let expected: &[u8] = if closed { b"answered" } else { b"access" };
            assert_eq!(model(&vault, &first(subject)), expected);
            assert_eq!(outline.version, if closed { 2 } else { 1 });
            wait(vault.audit()).unwrap();
        },
    );
    assert!(operations > 8, "{operations}");
}

#[test]
fn what_was_read_is_in_the_log() {
    everywhere(
        |world| {
            let vault = world.sound.open();
            add(&vault, None, Effects::default()).unwrap().subject
        },
        |world, subject| {
            let vault = try_open(world)?;
            let (key, purpose) = (first(subject), Name::fixed("account"));
            wait(vault.read_record(&key, &[MODEL], &purpose, &staff("support"))).map(|_| ())
        },
        |world, subject, done| {
            let history = wait(world.sound.open().history(subject, 9)).unwrap();
            let read = history.iter().filter(|leaf| leaf.action == *"record.read").count();
            assert!(read == 1 || (read == 0 && !done));
        },
    );
}

/// A sweep, confirmed.
fn sweep(world: &World) -> Result<erasure::Swept> {
    let vault = try_open(world)?;
    let digest = wait(retention::plan(&vault))?.digest;
    wait(erasure::sweep(&vault, Some(digest), &Actor::system(), &mut |_| {}))
}

/// Two records of one subject, of which the first is due.
fn with_one_due(world: &Cuttable) -> SubjectId {
    let vault = world.sound.open();
    let key = add(&vault, None, Effects::default()).unwrap();
    add(&vault, Some(key.subject), Effects::default()).unwrap();
    let since = Timestamp::parse_rfc3339("2023-01-01T00:00:00Z").unwrap();
    close(&vault, &key, since, &Effects::default()).unwrap();
    key.subject
}

#[test]
fn a_sweep_of_records_is_finished_by_the_next() {
    let operations = everywhere(
        with_one_due,
        |world, _| sweep(world).map(|_| ()),
        |world, subject, done| {
            let vault = world.sound.open();
            let finished = wait(vault.resume_destroys()).unwrap();
            assert!(!done || finished.is_empty());
            let again = sweep(&world.sound).unwrap();
            assert!(!done || again.subjects == 0);
            assert_eq!(wait(vault.destroys_under_way()).unwrap(), 0);
            let left = wait(vault.records_of(subject, &REQUESTS)).unwrap();
            assert_eq!(left.iter().map(|one| one.key.id).collect::<Vec<_>>(), [RowId::of_key(1)]);
            for (key, state) in wait(world.sound.keyring.keys_of(subject)).unwrap() {
                assert_eq!(matches!(state, KeyState::Destroyed(_)), key.number == 0, "{key:?}");
            }
            let leaves = wait(vault.history(subject, 99)).unwrap();
            let erased = leaves.iter().filter(|leaf| leaf.action == *"erasure.done").count();
            assert_eq!(erased, 1, "it is erased once");
            wait(vault.audit()).unwrap();
        },
    );
    assert!(operations > 15, "{operations}");
}

fn reopen(world: &World, subject: SubjectId) -> Result<()> {
    let vault = try_open(world)?;
    let reopened = wait(vault.change_record(&first(subject), &[MODEL], &staff("support"), |_| {
        Ok(RecordChange {
            standing: Standing::Open { state: Name::fixed("received"), due_at: None },
            set: RecordItems::default(),
            remove: [].into(),
            entry: Entry::new("request.reopened"),
            effects: Effects::default(),
        })
    }));
    reopened.map(drop)
}

/// Once all that was under way is finished: it is there, and open, if that was said, and else gone.
fn check_reopened(world: &World, subject: SubjectId, reopened: &Result<()>) -> &'static str {
    let vault = world.open();
    wait(vault.resume_destroys()).unwrap();
    let code = reopened.as_ref().err().map_or("ok", tacenda_core::Error::code);
    assert!(["ok", "erasure.under_way", "vault.no_such_record", "keys.destroyed"].contains(&code));
    let rows = count(&vault, subject);
    assert_eq!(rows, if code == "ok" { 2 } else { 1 }, "{code}");
    if code == "ok" {
        let standing = wait(vault.record(&first(subject))).unwrap().standing;
        assert!(matches!(standing, Standing::Open { .. }));
        assert_eq!(model(&vault, &first(subject)), b"answered");
    }
    let keys = wait(world.keyring.keys_of(subject)).unwrap();
    let live = keys.iter().filter(|(_, state)| matches!(state, KeyState::Live(_))).count();
    assert_eq!(rows, live, "no row without its key, no key without its row");
    wait(vault.audit()).unwrap();
    code
}

#[test]
fn a_record_that_is_opened_again_while_it_is_swept_stays_or_is_refused() {
    let said = Arc::new(Mutex::new(None));
    let theirs = said.clone();
    between(
        with_one_due,
        |world, _| sweep(world),
        move |world, subject| *theirs.lock().unwrap() = Some(reopen(world, subject)),
        |world, subject, swept| {
            swept.unwrap();
            let reopened = said.lock().unwrap().take().unwrap();
            check_reopened(&world.sound, subject, &reopened);
        },
    );
}

#[test]
fn a_record_that_is_opened_again_behind_the_intent_of_a_sweep_is_refused() {
    let codes = RefCell::new(BTreeSet::new());
    everywhere(
        with_one_due,
        |world, _| sweep(world).map(drop),
        |world, subject, _| {
            let reopened = reopen(&world.sound, subject);
            codes.borrow_mut().insert(check_reopened(&world.sound, subject, &reopened));
        },
    );
    assert_eq!(codes.take().len(), 4);
    // The sweep comes while somebody opens it again, and is killed behind its intent.
    let begun = (0..).find(|killed| {
        let world = Cuttable::new();
        let _ = (with_one_due(&world), sweep(&dying(&world.sound, *killed)));
        wait(world.sound.open().destroys_under_way()).unwrap() > 0
    });
    for killed in begun.into_iter().flat_map(|begun| begun..begun + 2) {
        between(
            with_one_due,
            reopen,
            move |world, _| drop(sweep(&dying(world, killed))),
            |world, subject, reopened| {
                codes.borrow_mut().insert(check_reopened(&world.sound, subject, &reopened));
            },
        );
    }
    assert!(codes.take().contains("erasure.under_way"));
}

#[test]
fn a_hold_that_comes_while_an_account_is_erased_holds_all_or_is_refused() {
    between(
        |world| {
            let vault = world.sound.open();
            ada(&vault)
        },
        |world, subject| {
            wait(erasure::erase(&try_open(world)?, subject, &staff("support"))).map(|_| ())
        },
        |world, subject| drop(add(&world.open(), Some(subject), holding(true))),
        |world, subject, erased: Result<()>| {
            let vault = world.sound.open();
            let rows = wait(vault.outline(subject)).unwrap();
            let account = rows.iter().any(|row| row.class == *"account");
            match erased {
                Ok(()) => assert!(!account),
                Err(error) => {
                    let code = error.code();
                    assert!(account && (code == "erasure.held" || code == "store.conflict"));
                    assert!(is_held(&vault, subject), "{code}");
                }
            }
            assert_eq!(is_held(&vault, subject), rows.iter().any(|row| row.held));
            assert_eq!(wait(vault.destroys_under_way()).unwrap(), 0);
            wait(vault.audit()).unwrap();
        },
    );
}

/// Somebody whose account is due, and a sweep.
fn due(vault: &Vault) -> SubjectId {
    let items = [("email", "eve@example.org"), ("address", "Rue 1"), ("country", "FR")];
    let mut eve = request(vault, &items, false);
    eve.registered_at = Timestamp::parse_rfc3339("2019-01-01T00:00:00Z").ok();
    wait(vault.register(eve, &staff("support"))).unwrap().subject()
}

/// The same world, in which a process dies after so many operations.
pub(super) fn dying(world: &World, killed: u64) -> World {
    let faults = Faults::cut(killed, Cut::After, After::StaysDown);
    let (store, keyring) = (world.store.clone(), world.keyring.clone());
    let store = Arc::new(FailingStore::new(store, faults.clone()));
    World { store, keyring: Arc::new(FailingKeyring::new(keyring, faults)), ..world.clone() }
}

#[test]
fn a_hold_behind_the_intent_of_a_sweep_is_refused() {
    let check = |world: &World, subject: SubjectId, hold: Result<RecordKey>| {
        let vault = world.open();
        wait(vault.resume_destroys()).unwrap();
        let code = hold.err().map_or("ok", |error| error.code());
        assert!(["ok", "erasure.under_way", "vault.nothing_of_class"].contains(&code), "{code}");
        assert_eq!(is_held(&vault, subject), code == "ok");
        wait(vault.audit()).unwrap();
        code
    };
    let codes = RefCell::new(BTreeSet::new());
    everywhere(
        |world| due(&world.sound.open()),
        |world, _| sweep(world).map(drop),
        |world, subject, _| {
            let hold = add(&world.sound.open(), Some(subject), holding(true));
            codes.borrow_mut().insert(check(&world.sound, subject, hold));
        },
    );
    assert_eq!(codes.take().len(), 3);
    // The sweep comes while the hold stands still, and is killed behind its intent.
    let begun = (0..).find(|killed| {
        let world = Cuttable::new();
        let _ = (due(&world.sound.open()), sweep(&dying(&world.sound, *killed)));
        wait(world.sound.open().destroys_under_way()).unwrap() > 0
    });
    for killed in begun.into_iter().flat_map(|begun| begun..begun + 2) {
        between(
            |world| due(&world.sound.open()),
            |world, subject| add(&try_open(world)?, Some(subject), holding(true)),
            move |world, _| drop(sweep(&dying(world, killed))),
            |world, subject, hold| {
                codes.borrow_mut().insert(check(&world.sound, subject, hold));
            },
        );
    }
    assert!(codes.take().contains("erasure.under_way"));
}

#[test]
fn a_record_that_is_added_while_keys_are_collected_is_not_lost() {
    between(
        |world| {
            let vault = world.sound.open();
            let subject = ada(&vault);
            world.sound.clock.advance(tacenda_core::clock::Span::days(9));
            subject
        },
        |world, subject| add(&world.open(), Some(subject), Effects::default()).unwrap(),
        |world, _| drop(wait(world.open().collect_keys(&Actor::system()))),
        |world, subject, key| {
            let vault = world.sound.open();
            assert_eq!(model(&vault, &key), b"access");
            assert_eq!(count(&vault, subject), 1);
            wait(vault.audit()).unwrap();
        },
    );
}
