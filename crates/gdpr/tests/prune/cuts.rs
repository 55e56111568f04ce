//! Every operation of the ports cut at every step of a pruning, before and after; then the next one.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::memory::{MemoryKeyring, MemoryStore};
use tacenda_core::ports::{Keyring, Store};
use tacenda_core::vault::Vault;
use tacenda_core::{Result, SubjectId};
use tacenda_gdpr::erasure;
use tacenda_testkit::world::{World, ada, staff};
use tacenda_testkit::{After, Cut, FailingKeyring, FailingStore, Faults};

use super::{amend, code, customer, leaves, read, size, sweep, sweep_only_notes, text};

/// A world whose log has something of everything to prune.
fn old() -> (World, Vault, SubjectId) {
    let world = World::over(Arc::new(MemoryStore::new()), Arc::new(MemoryKeyring::new()));
    let vault = world.open();
    let subject = ada(&vault);
    let gone = customer(&vault, 1);
    sweep(&vault);
    wait(erasure::erase(&vault, gone, &staff("support"))).unwrap();
    world.clock.advance(Span::days(370));
    // The address is stated young, the account and the card are not.
    amend(&vault, subject, "address", "Rue 2");
    sweep_only_notes(&vault);
    (world, vault, subject)
}

fn texts(world: &World) -> usize {
    leaves(world).iter().filter(|leaf| leaf.bytes.is_some()).count()
}

#[test]
fn a_pruning_that_was_killed_anywhere_goes_on() {
    let faults = Faults::none();
    let prune = |faults: &Faults| {
        let (world, vault, subject) = old();
        drop(vault);
        let store: Arc<dyn Store> =
            Arc::new(FailingStore::new(world.store.clone(), faults.clone()));
        let keyring: Arc<dyn Keyring> =
            Arc::new(FailingKeyring::new(world.keyring.clone(), faults.clone()));
        let cut = World { store, keyring, ..world.clone() };
        let done: Result<_> = cut
            .try_open(tacenda_testkit::world::POLICY, tacenda_core::vault::OnRestore::Refuse)
            .and_then(|(vault, _)| wait(vault.prune_log()));
        (world, subject, done)
    };
    let (world, _, done) = prune(&faults);
    let done = done.unwrap();
    assert!(done.leaves > 5 && done.carried >= 3, "{done:?}");
    let whole = (texts(&world), wait(world.open().audit()).unwrap().rows);
    let operations = faults.operations();
    assert!(operations > 15, "{operations}");
    for operation in 0..operations {
        for cut in [Cut::Before, Cut::After] {
            for after in [After::StaysDown, After::Recovers] {
                let faults = Faults::cut(operation, cut, after);
                let (world, subject, done) = prune(&faults);
                assert!(faults.tripped() || done.is_ok(), "operation {operation}");
                // Everything is vouched for whatever is left, and the next call ends it.
                let vault = world.open();
                wait(vault.audit()).unwrap();
                assert_eq!(read(&vault, subject), "ok", "operation {operation}");
                wait(vault.prune_log()).unwrap();
                let audit = wait(vault.audit()).unwrap();
                assert_eq!(read(&vault, subject), "ok");
                assert_eq!(audit.rows, whole.1);
                // At most a carry leaf more for each subject, where an answer was lost.
                assert!((whole.0..=whole.0 + 4).contains(&texts(&world)), "{}", texts(&world));
                let before = size(&world);
                assert_eq!(wait(vault.prune_log()).unwrap().leaves, 0);
                assert_eq!(size(&world), before);
            }
        }
    }
}

#[test]
fn a_disk_that_fails_once_is_said_and_loses_nothing() {
    let (world, vault, subject) = old();
    drop(vault);
    let faults = Faults::none();
    let count = |faults: &Faults| {
        let store = Arc::new(FailingStore::new(world.store.clone(), faults.clone()));
        World { store, ..world.clone() }.open()
    };
    drop(count(&faults));
    let faults = Faults::cut(faults.operations() + 6, Cut::Before, After::Recovers);
    let vault = count(&faults);
    assert_eq!(code(wait(vault.prune_log())), "store.unavailable");
    assert!(faults.tripped());
    assert!(wait(vault.prune_log()).unwrap().leaves > 0);
    wait(vault.audit()).unwrap();
    assert_eq!(read(&vault, subject), "ok");
}

/// While somebody reads the store's old pages the texts are not called gone; the next call goes on.
#[test]
fn texts_are_gone_once_nobody_reads_them() {
    let (world, vault, subject) = old();
    drop(vault);
    let readers = FailingStore::new(world.store.clone(), Faults::none()).under_readers();
    let read_world = World { store: Arc::new(readers), ..world.clone() };
    let said = |action: &str| -> Vec<_> {
        leaves(&world).iter().filter_map(text).filter(|leaf| leaf.action == *action).collect()
    };
    let before = texts(&world);
    let vault = read_world.open();
    for _ in 0..3 {
        assert_eq!(code(wait(vault.prune_log())), "log.prune_blocked");
        wait(vault.audit()).unwrap();
    }
    assert!(texts(&world) < before);
    assert_eq!((said("log.pruned").len(), said("log.texts_gone").len()), (1, 0));
    drop(vault);
    let vault = world.open();
    assert_eq!(wait(vault.prune_log()).unwrap().leaves, 0, "they went before");
    let [gone] = &said("log.texts_gone")[..] else { panic!("one part was pruned") };
    let without = leaves(&world).len() - texts(&world);
    assert_eq!(gone.find("leaves"), Some(without.to_string().as_str()));
    wait(vault.audit()).unwrap();
    assert_eq!(read(&vault, subject), "ok");
}
