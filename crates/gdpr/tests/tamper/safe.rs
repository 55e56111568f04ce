//! The safe, the master key and the clock, with other processes and failures in between.

use std::sync::{Arc, Mutex};

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::seal::MasterKey;
use tacenda_core::vault::{OnRestore, OpenOptions, Vault};
use tacenda_core::{Name, SubjectId};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};
use tacenda_testkit::{After, Cut, FailingKeyring, Faults};

use super::adversary::{Adversary, At};
use super::{code, eve};

type Slot = Arc<Mutex<Option<&'static str>>>;

fn read(vault: &Vault, subject: SubjectId) -> &'static str {
    code(wait(vault.read(subject, &Name::fixed("account"), &staff("support"))))
}

#[test]
fn a_process_with_the_former_master_key_makes_no_keys() {
    let (world, store) = Adversary::world();
    let old = world.open();
    let mut rotated = world.clone();
    rotated.former = Some(world.master.clone());
    rotated.master = MasterKey::generate(world.rng.as_ref());
    let during = rotated.clone();
    // The rotation runs from beginning to end while a page is being registered.
    store.act(At::Lookup, move || {
        wait(during.open().rotate_master_key()).unwrap();
    });
    let late = request(&old, &[("email", "late@example.org")], false);
    let made = code(wait(old.register(late, &staff("support"))));
    rotated.former = None;
    let opened = code(rotated.try_open(POLICY, OnRestore::Refuse));
    assert_eq!(opened, "ok", "registered: {made}; the former key may be destroyed by now");
}

#[test]
fn a_process_with_the_former_key_does_not_rotate_back() {
    let world = World::default();
    let old = world.open();
    let mut rotated = world.clone();
    rotated.former = Some(world.master.clone());
    rotated.master = MasterKey::generate(world.rng.as_ref());
    wait(rotated.open().rotate_master_key()).unwrap();
    let _ = wait(old.rotate_master_key());
    rotated.former = None;
    assert_eq!(code(rotated.try_open(POLICY, OnRestore::Refuse)), "ok");
}

#[test]
fn what_may_be_tried_again_was_not_written() {
    for operation in 0..40 {
        let world = World::default();
        let _ = world.open();
        let faults = Faults::cut(operation, Cut::Before, After::StaysDown);
        let keyring = Arc::new(FailingKeyring::new(world.keyring.clone(), faults.clone()));
        let faulty = World { keyring, ..world.clone() };
        let Ok((vault, _)) = faulty.try_open(POLICY, OnRestore::Refuse) else { continue };
        world.clock.advance(Span::seconds(120));
        let size = || wait(world.store.status()).unwrap().unwrap().head.size;
        let before = size();
        let one = request(&vault, &[("email", "one@example.org")], false);
        let done = wait(vault.register(one, &staff("support")));
        if let Err(error) = done {
            let safe = error.retry() == tacenda_core::error::Retry::Safe;
            assert!(!safe || size() == before, "operation {operation}: {error} and yet written");
        }
    }
}

#[test]
fn two_first_starts_at_once() {
    let (world, store) = Adversary::world();
    let other = world.clone();
    let second: Slot = Arc::default();
    let told = second.clone();
    store.act(At::Status, move || {
        *told.lock().unwrap() = Some(code(other.try_open(POLICY, OnRestore::Refuse)));
    });
    let first = code(world.try_open(POLICY, OnRestore::Refuse));
    assert_eq!((first, *second.lock().unwrap()), ("ok", Some("ok")));
}

#[test]
fn a_clock_that_was_ahead_once_does_not_close_the_vault() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    world.clock.advance(Span::days(3000));
    let _ = read(&vault, subject);
    world.clock.advance(Span::days(-3000));
    for on_restore in [OnRestore::Refuse, OnRestore::Replay] {
        assert_eq!(code(world.try_open(POLICY, on_restore)), "vault.clock_behind");
    }
    let accept = OpenOptions { accept_clock: true, ..OpenOptions::default() };
    let (vault, _) = world.try_open_with(POLICY, accept).unwrap();
    let last = wait(vault.history(SubjectId::CONTROLLER, 1)).unwrap().remove(0);
    assert_eq!(last.action, *"clock.accepted");
    assert!(last.find("instead_of").unwrap().starts_with("2034-08-"), "{:?}", last.details);
    // Once is enough, and where nothing is to be accepted nothing is written.
    let size = || wait(world.store.status()).unwrap().unwrap().head.size;
    let before = size();
    assert_eq!(code(world.try_open(POLICY, OnRestore::Refuse)), "ok");
    assert_eq!(code(world.try_open_with(POLICY, accept)), "ok");
    assert_eq!(size(), before);
    world.clock.advance(Span::days(-1));
    assert_eq!(code(world.try_open(POLICY, OnRestore::Refuse)), "vault.clock_behind");
}

#[test]
fn what_was_due_and_failed_is_made_good_before_anything_more_is_written() {
    let world = World::default();
    let _ = world.open();
    let size = || wait(world.store.status()).unwrap().unwrap().head.size;
    let signed = || wait(world.keyring.status()).unwrap().unwrap().checkpoint;
    for operation in 0..60 {
        let faults = Faults::cut(operation, Cut::Before, After::StaysDown);
        let keyring = Arc::new(FailingKeyring::new(world.keyring.clone(), faults.clone()));
        let faulty = World { keyring, ..world.clone() };
        let Ok((vault, _)) = faulty.try_open(POLICY, OnRestore::Refuse) else { continue };
        world.clock.advance(Span::seconds(120));
        let read = || {
            code(wait(vault.read(
                SubjectId::CONTROLLER,
                &Name::fixed("account"),
                &staff("support"),
            )))
        };
        let before = (size(), signed());
        assert_eq!(read(), "vault.not_found", "the leaf is durable, and the answer is true");
        if signed() != before.1 {
            assert!(!faults.tripped());
            return;
        }
        assert!(faults.tripped() && size() == before.0 + 1);
        assert_eq!(read(), "store.unavailable");
        assert_eq!(size(), before.0 + 1, "nothing more is written");
        faults.heal();
        assert_eq!(read(), "vault.not_found");
        assert_ne!(signed(), before.1);
    }
    panic!("there are more operations than were cut");
}

#[test]
fn before_a_rotation_has_begun_new_keys_go_under_the_former_key() {
    let mut world = World::default();
    let subject = ada(&world.open());
    let new = MasterKey::generate(world.rng.as_ref());
    let before = World { former: None, ..world.clone() };
    world.former = Some(std::mem::replace(&mut world.master, new));
    let vault = world.open();
    let late = eve(&vault);
    let old = before.open();
    let (account, me) = (Name::fixed("account"), staff("support"));
    wait(old.read(late, &account, &me)).unwrap();
    wait(vault.rotate_master_key()).unwrap();
    world.former = None;
    let vault = world.open();
    for subject in [subject, late] {
        wait(vault.read(subject, &account, &me)).unwrap();
    }
}

#[test]
fn a_rotation_whose_old_pages_are_read_is_not_done() {
    let mut world = World::default();
    let subject = ada(&world.open());
    let new = MasterKey::generate(world.rng.as_ref());
    world.former = Some(std::mem::replace(&mut world.master, new));
    let keyring = FailingKeyring::new(world.keyring.clone(), Faults::none()).under_readers();
    let read_from = World { keyring: Arc::new(keyring), ..world.clone() }.open();
    let blocked = wait(read_from.rotate_master_key()).unwrap_err();
    assert_eq!(blocked.code(), "keys.rewrap_blocked");
    assert_eq!(blocked.retry(), tacenda_core::error::Retry::Safe);
    assert_eq!(read(&read_from, subject), "ok", "everything goes on meanwhile");
    let vault = world.open();
    assert_eq!(wait(vault.rotate_master_key()).unwrap(), 0, "only the pages were left");
    let last = wait(vault.history(SubjectId::CONTROLLER, 1)).unwrap().remove(0);
    assert_eq!(last.action, *"keys.rotated");
}
