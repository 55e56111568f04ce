//! The log and the marks between rows and safe.

use std::sync::{Arc, Mutex};

use pollster::block_on as wait;
use tacenda_core::leaf::Leaf;
use tacenda_core::ports::{LogPosition, PolicyMark, Store};
use tacenda_core::vault::OnRestore;
use tacenda_core::{Name, log};
use tacenda_gdpr::erasure;
use tacenda_testkit::world::{POLICY, World, ada, staff};

use super::adversary::{Adversary, At, LeafLie};
use super::swap::Swap;
use super::{code, eve, met, over, profile, reopened, set};

#[test]
fn an_altered_or_missing_leaf_is_found_by_the_audit() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let (at, leaf) = store.last_leaf(subject);
    let mut other = leaf.clone();
    other.details.push(("code".into(), "other".into()));
    for lie in [
        LeafLie::Bytes(other.encode()),
        LeafLie::Rehashed(other.encode()),
        LeafLie::Bytes(leaf.encode()[..9].to_vec()),
        LeafLie::Rehashed(Leaf { salt: [0; 16], ..leaf }.encode()),
    ] {
        store.leaf(at, lie);
        assert_eq!(code(wait(vault.audit())), "log.forked");
        store.repent();
    }
    // The row is there, and no leaf says how it should be: nothing opens it.
    store.leaf(at, LeafLie::Dropped);
    assert_eq!(
        met(&vault, subject),
        ["vault.altered_row", "vault.altered_row", "vault.altered_row", "log.forked",]
    );
    store.leaf(at, LeafLie::Pruned);
    let altered = "vault.altered_row";
    assert_eq!(met(&vault, subject), [altered, altered, altered, "log.pruned"]);
    store.repent();
    assert_eq!(code(wait(vault.audit())), "ok");
}

#[test]
fn a_checkpoint_beside_a_faster_process_goes_back_nowhere() {
    let (world, store) = Adversary::world();
    let (vault, other) = (world.open(), world.open());
    let _ = ada(&vault);
    let faster = Arc::new(Mutex::new(String::new()));
    let signed = faster.clone();
    store.act(At::Status, move || {
        let _ = eve(&other);
        *signed.lock().unwrap() = wait(other.checkpoint()).unwrap();
    });
    let slower = wait(vault.checkpoint()).unwrap();
    let (_, kept) = wait(world.keyring.status()).unwrap().unwrap().checkpoint.unwrap();
    assert_eq!(kept, *faster.lock().unwrap());
    assert_ne!(kept, slower);
    assert_eq!(reopened(&world, OnRestore::Refuse), "ok");
}

#[test]
fn a_log_that_lost_its_end_is_not_opened() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let _ = (ada(&vault), eve(&vault));
    wait(vault.checkpoint()).unwrap();
    for lost in 1..=2 {
        let short = over(&world, store.forge(|tape| tape.truncate(tape.len() - lost)));
        assert_eq!(reopened(&short, OnRestore::Refuse), "vault.rows_restored");
    }
    let again = over(&world, store.forge(|_| {}));
    assert_eq!(reopened(&again, OnRestore::Refuse), "ok");
}

#[test]
fn a_forked_log_is_not_opened_whatever_its_length() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    wait(vault.checkpoint()).unwrap();
    let fork = |extra: usize| {
        store.forge(|tape| {
            let last = tape.last_mut().unwrap();
            for leaf in &mut last.leaves {
                let other = Leaf { salt: [0; 16], ..Leaf::decode(&leaf.bytes).unwrap() };
                leaf.bytes = other.encode();
            }
            let mut more = tape.last().unwrap().clone();
            more.writes.clear();
            for _ in 0..extra {
                tape.push(more.clone());
            }
        })
    };
    for extra in [0, 1, 2, 7, 300] {
        let forked = over(&world, fork(extra));
        for on_restore in [OnRestore::Refuse, OnRestore::Replay] {
            assert_eq!(reopened(&forked, on_restore), "log.forked", "{extra} more leaves");
        }
    }
    // The same leaves in another order are another log.
    let _ = wait(vault.read(subject, &Name::fixed("account"), &staff("support")));
    let _ = wait(vault.read(subject, &Name::fixed("billing"), &staff("support")));
    wait(vault.checkpoint()).unwrap();
    let swapped = store.forge(|tape| {
        let last = tape.len() - 1;
        tape.swap(last, last - 1);
    });
    assert_eq!(reopened(&over(&world, swapped), OnRestore::Refuse), "log.forked");
}

#[test]
fn a_receipt_speaks_for_its_own_log_and_leaf_only() {
    let worlds = [World::default(), Adversary::world().0];
    let mut others = World::default();
    others.master = tacenda_core::seal::MasterKey::generate(others.rng.as_ref());
    let receipts: Vec<_> = worlds
        .iter()
        .chain([&others])
        .map(|world| {
            let vault = world.open();
            let subject = ada(&vault);
            let erased = wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
            let keys = log::parse_vkeys(&wait(vault.verifier_keys()).unwrap()).unwrap();
            (erased.receipt, keys)
        })
        .collect();
    let [(ours, keys), _, (theirs, other_keys)] = receipts.as_slice() else { unreachable!() };
    assert_eq!(code(log::verify(&ours.text, keys)), "ok");
    // Two logs of one origin have one name; their keys differ all the same.
    assert_eq!(code(log::verify(&theirs.text, keys)), "log.unknown_key");
    assert_eq!(code(log::verify(&ours.text, other_keys)), "log.unknown_key");
    let proof = log::Proof::parse(&ours.text).unwrap();
    let mut leaf = ours.leaf.clone();
    leaf.details.retain(|(key, _)| key != "archived");
    let edited = log::Proof { extra: Some(leaf.encode()), ..proof.clone() };
    assert_eq!(code(log::verify(&edited.to_text(), keys)), "log.inclusion_failed");
    for index in [proof.index - 1, proof.index + 1] {
        let moved = log::Proof { index, ..proof.clone() };
        assert_eq!(code(log::verify(&moved.to_text(), keys)), "log.inclusion_failed");
    }
    let head = log::Proof::parse(&theirs.text).unwrap().checkpoint;
    let under = log::Proof { checkpoint: head, ..proof };
    assert_eq!(code(log::verify(&under.to_text(), keys)), "log.unknown_key");
}

#[test]
fn rows_and_safe_of_two_vaults_do_not_open_together() {
    let (one, two) = (World::default(), Adversary::world().0);
    let _ = (ada(&one.open()), ada(&two.open()));
    // The same bytes of randomness: only what differs between the two may tell them apart.
    let mut other = World::default();
    other.master = tacenda_core::seal::MasterKey::generate(other.rng.as_ref());
    let _ = ada(&other.open());
    let mixed = World { keyring: other.keyring.clone(), ..one.clone() };
    assert_eq!(reopened(&mixed, OnRestore::Replay), "keys.wrong_master_key");
    let mixed = World { store: other.store.clone(), ..one.clone() };
    assert_eq!(reopened(&mixed, OnRestore::Replay), "vault.wrong_pair");
    let empty = World::default();
    let rows_only = World { keyring: empty.keyring, ..one };
    assert_eq!(reopened(&rows_only, OnRestore::Replay), "vault.wrong_pair");
}

#[test]
fn the_tape_makes_the_same_store_again() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let (at, _) = store.last_leaf(subject);
    assert_eq!(at, LogPosition { epoch: 1, index: 1 });
    let again = store.forge(|_| {});
    let (one, two) = (wait(store.status()).unwrap(), wait(again.status()).unwrap());
    assert_eq!(one, two);
}

#[test]
fn a_rollback_behind_a_leaf_without_its_text_is_found_by_the_audit() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let key = profile(subject, "account");
    let old = store.row(&key);
    wait(vault.amend(subject, set(&vault, "first_name", "Augusta"), &staff("support"))).unwrap();
    store.put(&key, Some(old));
    let (at, _) = store.last_leaf(subject);
    store.leaf(at, LeafLie::Pruned);
    assert_ne!(code(wait(vault.audit())), "ok", "audit");
}

#[test]
fn a_log_cut_off_under_a_running_process_is_found() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let _ = (ada(&vault), eve(&vault));
    wait(vault.checkpoint()).unwrap();
    let short = store.forge(|tape| tape.truncate(tape.len() - 1));
    // A process that opened in time: its store is exchanged for the shorter one.
    let swap = Swap::new(world.store.clone());
    let running = World { store: swap.clone(), ..world }.open();
    swap.to(short);
    assert_ne!(code(wait(running.audit())), "ok", "audit");
    assert_ne!(code(wait(running.checkpoint())), "ok", "checkpoint");
}

#[test]
fn a_forged_epoch_does_not_hide_a_fork() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let _ = (ada(&vault), eve(&vault));
    wait(vault.checkpoint()).unwrap();
    let forged = store.forge(|tape| {
        let _ = tape.pop();
        let mut epoch = tape[0].clone();
        epoch.writes.clear();
        (epoch.policy, epoch.new_epoch) = (None::<PolicyMark>, Some(2));
        tape.push(epoch);
    });
    let world = World { store: forged, ..world };
    let opened = world.try_open(POLICY, OnRestore::Refuse);
    let found = match opened {
        Ok((vault, _)) => code(wait(vault.audit())),
        Err(error) => error.code(),
    };
    assert_eq!(found, "log.forked", "eve was cut out of the log");
}

#[test]
fn a_receipt_that_does_not_verify_is_not_given() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let (at, mut leaf) = store.last_leaf(subject);
    leaf.details.push(("erased".into(), "everything".into()));
    store.leaf(at, LeafLie::Bytes(leaf.encode()));
    let keys = log::parse_vkeys(&wait(vault.verifier_keys()).unwrap()).unwrap();
    if let Ok(receipt) = wait(vault.receipt(at)) {
        assert_eq!(code(log::verify(&receipt.text, &keys)), "ok");
    }
}
