//! An audit beside others who write: what they change is no forgery, and a forgery is found all the
//! same.

use std::sync::atomic::{AtomicBool, Ordering};

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::vault::{Actor, Amendment};
use tacenda_core::{Name, SubjectId};
use tacenda_gdpr::erasure;
use tacenda_testkit::world::{World, ada, request, staff};

use super::{Cuttable, between, try_open};

fn two(world: &Cuttable) -> SubjectId {
    let vault = world.sound.open();
    let eve = request(
        &vault,
        &[("email", "eve@example.org"), ("address", "Rue 1"), ("country", "FR")],
        true,
    );
    wait(vault.register(eve, &staff("support"))).unwrap();
    ada(&vault)
}

/// Whatever others do before whichever operation of an audit, it finds nothing wrong.
fn beside(
    prepare: impl Fn(&Cuttable) -> SubjectId,
    other: impl Fn(&World, SubjectId) + Clone + Send + 'static,
) {
    between(
        prepare,
        |world, _| wait(try_open(world).unwrap().audit()),
        other,
        |world, _, audit| {
            audit.unwrap();
            let calm = wait(world.sound.open().audit()).unwrap();
            assert!(calm.leaves > 0 && calm.rows > 0);
        },
    );
}

#[test]
fn a_customer_who_comes_or_moves_meanwhile_is_no_forgery() {
    beside(two, |world, subject| {
        let vault = try_open(world).unwrap();
        let bob = request(&vault, &[("email", "bob@example.org")], true);
        wait(vault.register(bob, &staff("support"))).unwrap();
        let set = vec![vault.item(&Name::fixed("email"), "ada@example.net").unwrap()];
        wait(vault.amend(subject, Amendment { set, ..Amendment::default() }, &staff("support")))
            .unwrap();
    });
}

#[test]
fn a_customer_who_goes_meanwhile_is_no_forgery() {
    beside(two, |world, subject| {
        let vault = try_open(world).unwrap();
        wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    });
}

#[test]
fn texts_pruned_meanwhile_are_no_forgery() {
    beside(
        |world| {
            let subject = two(world);
            let vault = world.sound.open();
            for days in [200, 170] {
                world.sound.clock.advance(Span::days(days));
                wait(vault.note_sweep(0, &Actor::system())).unwrap();
            }
            subject
        },
        |world, _| {
            let pruned = wait(try_open(world).unwrap().prune_log()).unwrap();
            assert!(pruned.leaves > 0 && pruned.carried > 0, "{pruned:?}");
        },
    );
}

#[test]
fn beside_somebody_who_never_stops_an_audit_says_so_or_ends() {
    let world = Cuttable::new();
    let subject = two(&world);
    let (writer, auditor) = (world.sound.open(), world.sound.open());
    let done = AtomicBool::new(false);
    let audits = std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in (0..).take_while(|_| !done.load(Ordering::Relaxed)) {
                let text = format!("ada.{n}@example.org");
                let set = vec![writer.item(&Name::fixed("email"), &text).unwrap()];
                let amendment = Amendment { set, ..Amendment::default() };
                wait(writer.amend(subject, amendment, &staff("support"))).unwrap();
            }
        });
        let audits: Vec<_> = (0..40).map(|_| wait(auditor.audit())).collect();
        done.store(true, Ordering::Relaxed);
        audits
    });
    for audit in audits {
        match audit {
            Ok(audit) => assert_eq!(audit.lookups, 2),
            Err(error) => assert_eq!(error.code(), "vault.audit_overtaken"),
        }
    }
    assert_eq!(wait(auditor.audit()).unwrap().lookups, 2);
}
