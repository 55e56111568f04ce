//! Rows or a safe of an earlier day, under what is newer than they are.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::leaf::Leaf;
use tacenda_core::memory::{MemoryKeyring, MemoryStore};
use tacenda_core::ports::{
    Change, KeyId, KeyState, Keyring, LogPosition, NewKeys, SafeInit, Store,
};
use tacenda_core::vault::OnRestore;
use tacenda_core::{Name, SubjectId, log};
use tacenda_gdpr::erasure;
use tacenda_testkit::world::{POLICY, World, ada, request, staff};
use tacenda_testkit::{After, Cut, FailingKeyring, FailingStore, Faults};

use super::adversary::Adversary;
use super::{code, eve};

#[test]
fn a_repair_that_was_killed_goes_on() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    for operation in 0..60 {
        let backup = before_the_erasure(&store);
        let faults = Faults::cut(operation, Cut::After, After::StaysDown);
        let cut: Arc<dyn Store> = Arc::new(FailingStore::new(backup.clone(), faults.clone()));
        let keyring = mirror(&world);
        let killed = World { store: cut, keyring: keyring.clone(), ..world.clone() };
        let _ = killed.try_open(POLICY, OnRestore::Replay);
        let next = World { store: backup, keyring, ..world.clone() };
        let Ok((vault, _)) = next.try_open(POLICY, OnRestore::Replay) else {
            panic!("operation {operation}: closed for ever");
        };
        let left = wait(vault.outline(subject)).unwrap();
        let account = left.iter().any(|row| row.class == *"account");
        assert!(!account, "killed at operation {operation}, and the erased account is there again");
        wait(vault.audit()).unwrap();
        if !faults.tripped() {
            break;
        }
    }
}

#[test]
fn a_restore_archives_again_what_a_law_keeps() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let backup = before_the_erasure(&store);
    let restored = World { store: backup, ..world };
    let (vault, _) = restored.try_open(POLICY, OnRestore::Replay).unwrap();
    let view = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing")));
    let items = view.map(|view| view.items().map(Name::to_string).collect::<Vec<_>>());
    assert!(items.is_err(), "erased, restored, and read for billing again: {items:?}");
    let law = wait(vault.read(subject, &Name::fixed("accounting"), &staff("billing"))).unwrap();
    assert_eq!((law.get("address"), law.get("country")), (Some("ul. Prosta 1"), None));
    wait(vault.audit()).unwrap();
}

#[test]
fn rows_that_are_gone_altogether_are_missed() {
    let world = World::default();
    let vault = world.open();
    let _ = ada(&vault);
    let lost = World { store: World::default().store, ..world };
    for _ in 0..2 {
        assert_eq!(code(lost.try_open(POLICY, OnRestore::Refuse)), "vault.rows_restored");
    }
    assert!(wait(lost.store.status()).unwrap().is_none(), "nothing was written");
    let (vault, recovery) = lost.try_open(POLICY, OnRestore::Replay).unwrap();
    assert!(recovery.rows_restored);
    let _ = ada(&vault);
    wait(vault.audit()).unwrap();
    assert_eq!(code(lost.try_open(POLICY, OnRestore::Refuse)), "ok");
}

#[test]
fn the_safe_restored_opens_once_and_for_all() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let old = mirror(&world);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    for n in 0..20 {
        let email: &'static str = Box::leak(format!("c{n}@example.org").into_boxed_str());
        wait(vault.register(request(&vault, &[("email", email)], false), &staff("support")))
            .unwrap();
    }
    let restored = World { keyring: old, ..world };
    assert_eq!(code(restored.try_open(POLICY, OnRestore::Refuse)), "vault.safe_restored");
    let (_, recovery) = restored.try_open(POLICY, OnRestore::Replay).unwrap();
    assert_eq!(recovery.keys_destroyed_again, 2);
    assert_eq!(code(restored.try_open(POLICY, OnRestore::Refuse)), "ok");
}

#[test]
fn a_restored_safe_whose_old_pages_are_read_stays_closed() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let old = mirror(&world);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let read_from = FailingKeyring::new(old.clone(), Faults::none()).under_readers();
    let blocked = World { keyring: Arc::new(read_from), ..world.clone() };
    for on_restore in [OnRestore::Replay, OnRestore::Refuse] {
        assert_eq!(code(blocked.try_open(POLICY, on_restore)), "erasure.scrub_blocked");
    }
    let restored = World { keyring: old, ..world };
    let (vault, _) = restored.try_open(POLICY, OnRestore::Refuse).unwrap();
    assert_eq!(wait(vault.outline(subject)).unwrap().len(), 1);
    wait(vault.audit()).unwrap();
}

#[test]
fn the_safe_of_the_epoch_before_signs_again() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let _ = (ada(&vault), eve(&vault));
    wait(vault.checkpoint()).unwrap();
    let old = mirror(&world);
    let backup = store.forge(|tape| tape.truncate(tape.len() - 1));
    let restored = World { store: backup, ..world };
    let (vault, _) = restored.try_open(POLICY, OnRestore::Replay).unwrap();
    let third = request(&vault, &[("email", "third@example.org")], false);
    wait(vault.register(third, &staff("support"))).unwrap();
    wait(vault.checkpoint()).unwrap();
    let both = World { keyring: old, ..restored };
    let (vault, _) = both.try_open(POLICY, OnRestore::Replay).unwrap();
    assert_eq!(code(wait(vault.checkpoint())), "ok");
    let keys = log::parse_vkeys(&wait(vault.verifier_keys()).unwrap()).unwrap();
    let names: Vec<_> = keys.iter().map(log::VerifierKey::name).collect();
    assert_eq!(names, ["example.org/tacenda", "example.org/tacenda/3"], "one was lost");
    wait(vault.audit()).unwrap();
    assert_eq!(code(both.try_open(POLICY, OnRestore::Refuse)), "ok");
}

#[test]
fn what_no_law_asks_for_any_more_goes_with_its_key() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let restored = World { store: before_the_erasure(&store), ..world };
    let archive = "\n[[classes.billing.retention]]\nkeep = \"10 years\"\n\
        start = \"end of financial year\"\nlaw = \"vouchers\"\narchive = true\n";
    let later = POLICY.replace("version = 1\n", "version = 2\n").replace(archive, "");
    let later = later.replace("archive_of = [\"vouchers\"]\n", "");
    let (vault, recovery) = restored.try_open(&later, OnRestore::Replay).unwrap();
    assert_eq!(recovery.rows_erased_again, 3);
    assert!(wait(vault.outline(subject)).unwrap().is_empty());
    let key = KeyId::first(subject, Name::fixed("billing"));
    let state = wait(restored.keyring.fetch(&[key])).unwrap().remove(0);
    assert!(matches!(state, KeyState::Destroyed(_)), "{state:?}");
    wait(vault.audit()).unwrap();
}

#[test]
fn a_log_of_many_epochs_is_never_taken_up_where_it_was_lost() {
    let (world, store) = Adversary::world();
    let subject = ada(&world.open());
    // The safe has heard of more than the rows hold: twice a restore, and then the first backup.
    hear(&world, 1, 90);
    let (vault, _) = world.try_open(POLICY, OnRestore::Replay).unwrap();
    wait(vault.audit()).unwrap();
    hear(&world, 2, 90);
    let (vault, _) = world.try_open(POLICY, OnRestore::Replay).unwrap();
    wait(vault.audit()).unwrap();
    killed_anywhere(&world, &store, subject, 4);
}

#[test]
fn a_repair_that_was_killed_between_two_epochs_goes_on_to_the_last() {
    let (world, store) = Adversary::world();
    let subject = ada(&world.open());
    // Of the second epoch the safe has heard of one leaf: the marks agree once it begins again.
    hear(&world, 2, 0);
    killed_anywhere(&world, &store, subject, 3);
}

#[test]
fn an_epoch_that_has_ended_cannot_be_written_anew() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let _ = (ada(&vault), eve(&vault));
    hear(&world, 1, 90);
    let (vault, _) = world.try_open(POLICY, OnRestore::Replay).unwrap();
    wait(vault.audit()).unwrap();
    let edits: [fn(&mut Vec<Change>); 3] = [
        // Eve is cut out of the first epoch; another salt; one more leaf at its end.
        |tape| drop(tape.remove(2)),
        |tape| {
            let leaf = Leaf::decode(&tape[1].leaves[0].bytes).unwrap();
            tape[1].leaves[0].bytes = Leaf { salt: [0; 16], ..leaf }.encode();
        },
        |tape| {
            let leaves = tape[1].leaves.clone();
            tape.insert(3, Change { leaves, ..Change::default() });
        },
    ];
    for edit in edits {
        let forged = World { store: store.forge(edit), ..world.clone() };
        let found = match forged.try_open(POLICY, OnRestore::Refuse) {
            Ok((vault, _)) => code(wait(vault.audit())),
            Err(error) => error.code(),
        };
        assert_eq!(found, "log.forked");
    }
}

#[test]
fn an_older_policy_or_clock_is_refused_before_anything_is_erased_again() {
    let (world, store) = Adversary::world();
    let vault =
        world.try_open(&POLICY.replace("version = 1\n", "version = 2\n"), OnRestore::Refuse);
    let subject = ada(&vault.unwrap().0);
    let marks = || (wait(store.status()).unwrap(), wait(world.keyring.status()).unwrap());
    hear(&world, 1, 90);
    let before = marks();
    assert_eq!(code(world.try_open(POLICY, OnRestore::Replay)), "policy.older_version");
    let silent =
        POLICY.replace("version = 1\n", "version = 2\n").replace("Billing the", "Bill the");
    assert_eq!(code(world.try_open(&silent, OnRestore::Replay)), "policy.version_not_raised");
    world.clock.advance(Span::days(-1));
    let same = POLICY.replace("version = 1\n", "version = 2\n");
    assert_eq!(code(world.try_open(&same, OnRestore::Replay)), "vault.clock_behind");
    assert_eq!(marks(), before);
    world.clock.advance(Span::days(1));
    let (vault, _) = world.try_open(&same, OnRestore::Replay).unwrap();
    assert_eq!(wait(vault.outline(subject)).unwrap().len(), 3);
}

/// Opens a backup of the first two changes, killed after each operation of the store in turn: the
/// next start leads to this epoch.
fn killed_anywhere(world: &World, store: &Adversary, subject: SubjectId, epoch: u32) {
    for operation in 0.. {
        assert!(operation < 60, "there are more operations than were cut");
        let backup = store.forge(|tape| tape.truncate(2));
        let keyring = mirror(world);
        let faults = Faults::cut(operation, Cut::After, After::StaysDown);
        let cut = Arc::new(FailingStore::new(backup.clone(), faults.clone()));
        let killed = World { store: cut, keyring: keyring.clone(), ..world.clone() };
        let _ = killed.try_open(POLICY, OnRestore::Replay);
        let next = World { store: backup, keyring, ..world.clone() };
        let opened = next.try_open(POLICY, OnRestore::Replay);
        let (vault, _) = opened.unwrap();
        wait(vault.audit()).unwrap();
        wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
        assert_eq!(wait(next.store.status()).unwrap().unwrap().head.epoch, epoch, "{operation}");
        assert_eq!(code(next.try_open(POLICY, OnRestore::Refuse)), "ok");
        if !faults.tripped() {
            return;
        }
    }
}

/// The rows as they were before the first erasure.
pub(crate) fn before_the_erasure(store: &Adversary) -> Arc<MemoryStore> {
    let intended = |change: &Change| {
        let mut leaves = change.leaves.iter().map(|leaf| Leaf::decode(&leaf.bytes).unwrap());
        leaves.any(|leaf| leaf.action == *"erasure.intended")
    };
    store.forge(|tape| {
        let at = tape.iter().position(intended);
        tape.truncate(at.unwrap());
    })
}

/// The safe hears of a place in the log, as from a process whose leaves were lost since.
pub(crate) fn hear(world: &World, epoch: u32, index: u64) {
    let log = Some(LogPosition { epoch, index });
    wait(world.keyring.create(NewKeys { log, ..NewKeys::default() })).unwrap();
}

/// A safe made again from what another says of itself: the copy of an earlier day.
pub(crate) fn mirror(world: &World) -> Arc<dyn Keyring> {
    let (from, to) = (&world.keyring, MemoryKeyring::new());
    let status = wait(from.status()).unwrap().unwrap();
    let mut secrets = Vec::new();
    for name in ["index", "fingerprints", "log.1", "log.2", "log.3"] {
        let name = Name::parse(name).unwrap();
        if let Some(secret) = wait(from.secret(&name)).unwrap() {
            secrets.push((name, secret));
        }
    }
    let (safe, store, kek) = (status.safe, status.store, status.kek);
    wait(to.initialise(SafeInit { safe, store, kek, secrets })).unwrap();
    let ids = wait(from.live_keys(None, usize::MAX)).unwrap();
    let states = wait(from.fetch(&ids)).unwrap();
    let keys = ids
        .into_iter()
        .zip(states)
        .filter_map(|(id, state)| match state {
            KeyState::Live(wrapped) => Some((id, wrapped)),
            _ => None,
        })
        .collect();
    wait(to.create(NewKeys { keys, log: status.log, ..NewKeys::default() })).unwrap();
    for tombstone in wait(from.tombstones(None, usize::MAX)).unwrap() {
        wait(to.destroy(&[tombstone.key], tombstone.position, tombstone.at)).unwrap();
    }
    if let (Some((_, text)), Some(at)) = (status.checkpoint, status.log) {
        wait(to.keep_checkpoint(at, &text)).unwrap();
    }
    while wait(to.status()).unwrap().unwrap().sequence < status.sequence {
        wait(to.forget(&[])).unwrap();
    }
    Arc::new(to)
}

#[test]
fn rows_whose_leaves_have_no_place_yet_are_not_lost() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    store.lag();
    let other = world.open();
    assert_eq!(code(wait(other.read(subject, &Name::fixed("account"), &staff("support")))), "ok");
}
