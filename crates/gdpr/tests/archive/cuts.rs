//! Every operation of the ports cut, before and after: an archived class that begins again, a law
//! that ends before another, an archive that ends beside a live row, and one whose item moves.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::memory::{MemoryKeyring, MemoryStore};
use tacenda_core::policy::Policy;
use tacenda_core::vault::{Actor, OnRestore, OpenOptions, Vault};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{World, ada, staff, two_laws};
use tacenda_testkit::{After, Cut, FailingKeyring, FailingStore, Faults};

use super::{addresses, archive, at, bill, billing, keys, open};

/// Runs `act` with a cut at every operation in turn, then `check` without faults on the next start.
fn everywhere(
    prepare: impl Fn(&World) -> SubjectId,
    act: impl Fn(&Vault, SubjectId) -> Result<()>,
    check: impl Fn(&World, SubjectId, bool),
) {
    let run = |faults: &Faults| {
        let (store, keyring) =
            (Arc::new(MemoryStore::default()), Arc::new(MemoryKeyring::default()));
        let sound = World::over(store.clone(), keyring.clone());
        let subject = prepare(&sound);
        let cut = World {
            store: Arc::new(FailingStore::new(store, faults.clone())),
            keyring: Arc::new(FailingKeyring::new(keyring, faults.clone())),
            ..sound.clone()
        };
        let opened = cut.try_open(&two_laws(), OnRestore::Refuse);
        let done = opened.and_then(|(vault, _)| act(&vault, subject)).is_ok();
        assert!(faults.tripped() || done);
        check(&sound, subject, done);
    };
    let counted = Faults::none();
    run(&counted);
    assert!(counted.operations() > 15, "{}", counted.operations());
    for operation in 0..counted.operations() {
        for side in [Cut::Before, Cut::After] {
            for after in [After::StaysDown, After::Recovers] {
                run(&Faults::cut(operation, side, after));
            }
        }
    }
}

fn unconfirmed_sweep(vault: &Vault) -> Result<()> {
    let digest = wait(retention::plan(vault))?.digest;
    wait(erasure::sweep(vault, Some(digest), &Actor::system(), &mut |_| {})).map(|_| ())
}

/// An archive of ada's under the key 0, and a live row under the key 1.
fn begun_again(world: &World) -> SubjectId {
    let vault = open(world, &two_laws());
    let subject = ada(&vault);
    archive(&vault, subject).unwrap();
    bill(&vault, subject, "Rue 1").unwrap();
    subject
}

#[test]
fn an_archived_class_begins_again_whole_or_not_at_all() {
    everywhere(
        |world| {
            let subject = begun_again(world);
            archive(&open(world, &two_laws()), subject).unwrap();
            subject
        },
        |vault, subject| bill(vault, subject, "Rue 2"),
        |world, subject, done| {
            let vault = open(world, &two_laws());
            let kept = ["0 archived address country", "1 archived address country"];
            let rows = billing(&vault, subject);
            let begun = rows.len() == 3;
            assert_eq!(rows[..2], kept);
            assert!(begun || (!done && rows.len() == 2), "{rows:?}");
            if begun {
                assert_eq!(rows[2], "2 live address country");
            } else {
                // What a killed process left in the safe does not stand in the way.
                bill(&vault, subject, "Rue 2").unwrap();
            }
            // A key that the killed process made seals nothing, and nobody takes it up.
            let live = billing(&vault, subject).pop().unwrap();
            let last = *keys(world, subject).last().unwrap();
            assert_eq!(live, format!("{last} live address country"));
            assert!(keys(world, subject).len() == 3 || !begun);
            assert_eq!(addresses(&vault, subject), ["ul. Prosta 1", "Rue 1", "Rue 2"]);
            let view = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing")));
            assert_eq!(view.unwrap().get("address"), Some("Rue 2"));
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn a_law_that_ends_earlier_takes_its_items_at_the_next_start() {
    everywhere(
        |world| {
            let subject = begun_again(world);
            let vault = open(world, &two_laws());
            wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
            world.clock.set(at("2032-06-02T00:00:00Z"));
            subject
        },
        |vault, _| unconfirmed_sweep(vault),
        |world, subject, done| {
            let vault = open(world, &two_laws());
            let begun = wait(vault.destroys_under_way()).unwrap() > 0;
            wait(vault.resume_destroys()).unwrap();
            let (after, before) = (
                ["0 archived address", "1 archived address"],
                ["0 archived address country", "1 archived address country"],
            );
            let rows = billing(&vault, subject);
            assert!(rows == after || (!done && !begun && rows == before), "{rows:?}");
            unconfirmed_sweep(&vault).unwrap();
            assert_eq!(billing(&vault, subject), after);
            assert_eq!(keys(world, subject), [0, 1]);
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn an_archive_that_ends_leaves_the_live_row_wherever_it_is_cut() {
    everywhere(
        |world| {
            let subject = begun_again(world);
            world.clock.set(at("2036-12-01T00:00:00Z"));
            let vault = open(world, &two_laws());
            wait(vault.login("ada@example.org", "correct horse")).unwrap();
            world.clock.set(at("2037-01-01T00:00:00Z"));
            subject
        },
        |vault, _| unconfirmed_sweep(vault),
        |world, subject, done| {
            let vault = open(world, &two_laws());
            let begun = wait(vault.destroys_under_way()).unwrap() > 0;
            wait(vault.resume_destroys()).unwrap();
            let rows = billing(&vault, subject);
            let gone = rows == ["1 live address country"];
            assert!(gone || (!done && !begun && rows.len() == 2), "{rows:?}");
            unconfirmed_sweep(&vault).unwrap();
            assert_eq!(billing(&vault, subject), ["1 live address country"]);
            assert_eq!(keys(world, subject), [1]);
            assert_eq!(addresses(&vault, subject), ["Rue 1"]);
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn an_item_moves_with_its_law_and_leaves_its_archive_where_it_is() {
    let moved = super::moved::with_its_law(&two_laws());
    everywhere(
        begun_again,
        |vault, _| {
            // The same ports under another policy, as the next process opens them.
            let ports = vault.ports().clone();
            let policy = Policy::parse(&moved).unwrap();
            wait(Vault::open(policy, ports, OpenOptions::default())).map(|_| ())
        },
        |world, subject, _| {
            let vault = open(world, &moved);
            assert_eq!(addresses(&vault, subject), ["ul. Prosta 1", "Rue 1"]);
            let rows = ["0 archived address country", "1 live country"];
            assert_eq!(billing(&vault, subject), rows);
            unconfirmed_sweep(&vault).unwrap();
            assert_eq!(billing(&vault, subject), rows);
            wait(vault.audit()).unwrap();
        },
    );
}
