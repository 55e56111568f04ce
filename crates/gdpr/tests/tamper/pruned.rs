//! A log that was pruned, in the hands of somebody who can write it; others who act meanwhile; and
//! what an older safe, or an older row, can still be used for.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::leaf::Leaf;
use tacenda_core::memory::MemoryStore;
use tacenda_core::ports::{LogPosition, Store, StoredLeaf};
use tacenda_core::vault::{Actor, OnRestore, Vault};
use tacenda_core::{Name, SubjectId};
use tacenda_gdpr::erasure;
use tacenda_testkit::world::{POLICY, World, ada, staff};

use super::adversary::{Adversary, At, LeafLie};
use super::restores::mirror;
use super::swap::Swap;
use super::{code, eve, met, profile, reopened, set};

/// More than the policy keeps texts, with a sweep on the way that the brake trusts.
fn a_year(world: &World, vault: &Vault) {
    for days in [200, 170] {
        world.clock.advance(Span::days(days));
        wait(vault.note_sweep(0, &Actor::system())).unwrap();
    }
}

fn leaves(store: &dyn Store) -> Vec<(LogPosition, Option<Leaf>)> {
    let leaves = wait(store.leaves(1, 0, u64::MAX)).unwrap();
    let read = |leaf: StoredLeaf| {
        (leaf.position.unwrap(), leaf.bytes.map(|bytes| Leaf::decode(&bytes).unwrap()))
    };
    leaves.into_iter().map(read).collect()
}

/// Where the first leaf with this action stands.
fn first(store: &dyn Store, action: &str) -> LogPosition {
    let found = leaves(store)
        .into_iter()
        .find(|(_, leaf)| leaf.as_ref().is_some_and(|leaf| leaf.action == *action));
    found.unwrap().0
}

/// Ada and Eve of long ago, pruned.
fn pruned() -> (World, Arc<Adversary>, Vault, SubjectId) {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let (ada, _) = (ada(&vault), eve(&vault));
    a_year(&world, &vault);
    let done = wait(vault.prune_log()).unwrap();
    assert!(done.leaves >= 2 && done.carried >= 5, "{done:?}");
    (world, store, vault, ada)
}

#[test]
fn after_a_pruning_altered_rows_are_found_as_before() {
    let (_world, store, vault, ada) = pruned();
    let account = profile(ada, "account");
    store.edit(&account, |row| row.held = true);
    assert_eq!(met(&vault, ada), ["vault.altered_row"; 4]);
    store.put(&account, None);
    assert_eq!(met(&vault, ada), ["vault.missing_row"; 4]);
    store.repent();
    let billing = profile(ada, "billing");
    store.edit(&billing, |row| row.body[40] ^= 1);
    let altered = "vault.altered_row";
    assert_eq!(met(&vault, ada), [altered, "ok", altered, altered]);
    store.repent();
    assert_eq!(met(&vault, ada), ["ok"; 4]);
}

#[test]
fn a_text_behind_the_mark_must_not_be_gone() {
    let (_world, store, vault, ada) = pruned();
    for action in ["log.carried", "log.pruned", "sweep.begun", "log.texts_gone"] {
        store.leaf(first(&*store, action), LeafLie::Pruned);
        assert_eq!(code(wait(vault.audit())), "log.pruned", "{action}");
        store.repent();
    }
    // The carry leaf is all that vouches for Ada's card.
    let (at, leaf) = leaves(&*store)
        .into_iter()
        .filter_map(|(at, leaf)| Some((at, leaf?)))
        .find(|(_, leaf)| leaf.subject == ada && leaf.action == *"log.carried")
        .unwrap();
    assert!(leaf.rows.iter().any(|row| row.kind == *"profile.payment"));
    for lie in [LeafLie::Pruned, LeafLie::Dropped] {
        store.leaf(at, lie);
        let read = wait(vault.read(ada, &Name::fixed("billing"), &staff("billing")));
        assert_eq!(code(read), "vault.altered_row");
        store.repent();
    }
    // A hash in the place of a pruned text's is another tree.
    let other = Leaf { salt: [1; 16], ..leaf }.encode();
    store.leaf(LogPosition { epoch: 1, index: 1 }, LeafLie::Rehashed(other));
    assert_eq!(code(wait(vault.audit())), "log.forked");
}

#[test]
fn an_old_row_put_back_before_or_after_the_pruning_is_found() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let account = profile(subject, "account");
    let old = store.row(&account);
    wait(vault.amend(subject, set(&vault, "first_name", "Augusta"), &staff("support"))).unwrap();
    // Put back while the texts go: the carry leaf says what the log said, not what the row is.
    store.put(&account, Some(old.clone()));
    a_year(&world, &vault);
    wait(vault.prune_log()).unwrap();
    assert_eq!(met(&vault, subject), ["vault.altered_row"; 4]);
    store.repent();
    assert_eq!(met(&vault, subject), ["ok"; 4]);
    store.put(&account, Some(old));
    assert_eq!(met(&vault, subject), ["vault.altered_row"; 4]);
    // Likewise a row that somebody took away.
    store.put(&account, None);
    a_year(&world, &vault);
    wait(vault.prune_log()).unwrap();
    assert_eq!(met(&vault, subject), ["vault.missing_row"; 4]);
}

#[test]
fn nothing_is_carried_from_a_forged_text() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    a_year(&world, &vault);
    let (account, size) = (profile(subject, "account"), leaves(&*store).len());
    store.edit(&account, |row| row.held = true);
    let mut row = store.row(&account);
    row.held = true;
    let (at, mut leaf) = store.last_leaf(subject);
    let truth = leaf.clone();
    leaf.rows.iter_mut().find(|r| r.kind == account.kind).unwrap().digest = Some(row.digest());
    // With its hash, for as long as the pruning runs: afterwards nobody would have noticed.
    for lie in [LeafLie::Bytes(leaf.encode()), LeafLie::Rehashed(leaf.encode())] {
        store.leaf(at, lie);
        assert_eq!(code(wait(vault.prune_log())), "log.forked");
        assert_eq!(leaves(&*store).len(), size, "nothing is written either");
    }
    store.leaf(at, LeafLie::Bytes(truth.encode()));
    wait(vault.prune_log()).unwrap();
    assert_eq!(code(wait(vault.audit())), "vault.altered_row");
}

#[test]
fn a_blanked_text_stops_the_pruning_and_keeps_the_traces() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    a_year(&world, &vault);
    let (at, _) = store.last_leaf(subject);
    store.leaf(at, LeafLie::Pruned);
    assert_eq!(code(wait(vault.prune_log())), "log.pruned");
    assert!(leaves(&*store).iter().filter(|(_, leaf)| leaf.is_none()).count() == 1);
    assert_eq!(code(wait(vault.audit())), "log.pruned");
}

#[test]
fn a_change_while_a_row_is_carried_wins() {
    let (world, store) = Adversary::world();
    let (vault, other) = (world.open(), world.open());
    let subject = ada(&vault);
    a_year(&world, &vault);
    // The mark's row is read first, then the rows to carry: the change comes after these.
    store.act(At::Rows, {
        let store = store.clone();
        move || {
            store.act(At::Rows, move || {
                let name = set(&other, "first_name", "Augusta");
                wait(other.amend(subject, name, &staff("support"))).unwrap();
            });
        }
    });
    wait(vault.prune_log()).unwrap();
    let actions: Vec<_> = wait(vault.history(subject, 9)).unwrap();
    let actions: Vec<_> = actions.iter().map(|leaf| leaf.action.as_str()).collect();
    assert!(actions.contains(&"subject.amended") && actions.contains(&"log.carried"));
    assert_eq!(met(&vault, subject), ["ok"; 4]);
    let view = wait(vault.read(subject, &Name::fixed("account"), &staff("support"))).unwrap();
    assert_eq!(view.get("first_name"), Some("Augusta"));
}

#[test]
fn two_who_prune_at_once_do_no_harm() {
    for step in ["log.carried", "log.pruned", "log.texts_gone"] {
        let (world, store) = Adversary::world();
        let (vault, other) = (world.open(), world.open());
        let subject = ada(&vault);
        let _ = eve(&vault);
        a_year(&world, &vault);
        store.act(At::Committed(step), move || {
            wait(other.prune_log()).unwrap();
        });
        wait(vault.prune_log()).unwrap();
        let marks = leaves(&*store);
        let marks = marks.iter().flat_map(|(_, leaf)| leaf);
        assert_eq!(marks.filter(|leaf| leaf.action == *"log.pruned").count(), 1, "{step}");
        assert_eq!(wait(vault.prune_log()).unwrap().leaves, 0);
        assert_eq!(met(&vault, subject), ["ok"; 4], "{step}");
    }
}

#[test]
fn an_older_safe_needs_the_texts_of_what_was_erased_since() {
    let world = World::default();
    let vault = world.open();
    let (ada, eve) = (ada(&vault), eve(&vault));
    wait(vault.checkpoint()).unwrap();
    let before_ada = mirror(&world);
    wait(erasure::erase(&vault, ada, &staff("support"))).unwrap();
    a_year(&world, &vault);
    wait(vault.checkpoint()).unwrap();
    let before_eve = mirror(&world);
    wait(erasure::erase(&vault, eve, &staff("support"))).unwrap();
    assert!(wait(vault.prune_log()).unwrap().leaves > 0);
    drop(vault);
    // Ada's erasure is without its text: nobody could tell this safe of it.
    let restored = World { keyring: before_ada, ..world.clone() };
    for on_restore in [OnRestore::Refuse, OnRestore::Replay] {
        assert_eq!(reopened(&restored, on_restore), "vault.safe_too_old");
    }
    // Eve's still has its own.
    let restored = World { keyring: before_eve, ..world };
    assert_eq!(reopened(&restored, OnRestore::Refuse), "vault.safe_restored");
    let (vault, recovery) = restored.try_open(POLICY, OnRestore::Replay).unwrap();
    assert!(recovery.safe_restored && recovery.keys_destroyed_again > 0);
    wait(vault.audit()).unwrap();
}

#[test]
fn a_pruning_does_not_run_over_an_older_safe() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    // A process over the safe of today, under which the rows of a later day appear.
    let (old, rows) = (mirror(&world), Swap::new(store.forge(|_| {})));
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let _ = eve(&vault);
    a_year(&world, &vault);
    let running = World { keyring: old, store: rows.clone(), ..world }.open();
    rows.to(store);
    assert_eq!(code(wait(running.prune_log())), "vault.safe_restored");
}

#[test]
fn a_blanked_erasure_is_not_passed_over_by_a_repair() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let old = mirror(&world);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    store.leaf(first(&*store, "erasure.done"), LeafLie::Pruned);
    let restored = World { keyring: old, ..world };
    assert_eq!(reopened(&restored, OnRestore::Replay), "log.pruned");
    store.repent();
    assert_eq!(reopened(&restored, OnRestore::Replay), "ok");
}

#[test]
fn rows_of_a_backup_from_before_the_pruning_are_pruned_again() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    a_year(&world, &vault);
    wait(vault.prune_log()).unwrap();
    wait(vault.checkpoint()).unwrap();
    drop(vault);
    // The tape knows of no pruning: as a backup of the day before.
    let backup: Arc<MemoryStore> = store.forge(|tape| {
        let carried = tape.iter().position(|change| {
            let leaf = change.leaves.first();
            leaf.is_some_and(|leaf| Leaf::decode(&leaf.bytes).unwrap().action == *"log.carried")
        });
        tape.truncate(carried.unwrap());
    });
    let restored = World { store: backup, ..world };
    assert_eq!(reopened(&restored, OnRestore::Refuse), "vault.rows_restored");
    let (vault, _) = restored.try_open(POLICY, OnRestore::Replay).unwrap();
    wait(vault.audit()).unwrap();
    assert!(wait(vault.prune_log()).unwrap().leaves >= 1);
    assert_eq!(met(&vault, subject), ["ok"; 4]);
}

#[test]
fn look_ups_are_held_against_the_rows() {
    let (_world, store, vault, ada) = pruned();
    let audit = wait(vault.audit()).unwrap();
    assert_eq!(audit.lookups, 2);
    store.redirect(&profile(ada, "account"), &profile(ada, "billing"));
    assert_eq!(code(wait(vault.audit())), "vault.altered_lookup");
    store.repent();
    store.stray(1);
    assert_eq!(code(wait(vault.audit())), "vault.altered_lookup");
    store.repent();
    assert_eq!(wait(vault.audit()).unwrap(), audit);
}
