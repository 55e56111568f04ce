//! No live grant, no personal data: every door asks, and asks at every step.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::memory::MemoryStore;
use tacenda_core::vault::{Actor, Amendment, RestrictedUse};
use tacenda_core::{ActorId, Name, SubjectId};
use tacenda_gdpr::holds::{self, Scope};
use tacenda_gdpr::{erasure, staff};
use tacenda_testkit::world::{World, request};
use tacenda_testkit::{FailingStore, Faults};

use crate::support::*;

/// What each door says to an actor in a role that all of them are open to.
fn doors(
    vault: &tacenda_core::vault::Vault,
    subject: SubjectId,
    actor: &Actor,
) -> Vec<&'static str> {
    let (account, email) = (Name::fixed("account"), Name::fixed("email"));
    let terms = holds::Terms {
        ground: holds::Ground::LegalClaims,
        reason: note("A claim."),
        owner: actor.id,
        review_on: day("2026-08-01"),
        scope: Scope::Subject,
    };
    let eve = request(vault, &[("email", "eve@example.org")], false);
    let ground = RestrictedUse::Claims;
    let person = ActorId::from_bytes([8; 16]);
    vec![
        read(vault, subject, actor),
        code(wait(vault.read_by(&email, "ada@example.org", &account, actor))),
        code(wait(vault.find_by(&email, "ada@example.org", &account, actor))),
        code(
            wait(vault.read_page(None, 9, &account, actor))
                .and_then(|page| page.views.into_iter().try_for_each(|(_, view)| view.map(|_| ()))),
        ),
        code(wait(vault.read_restricted(subject, &account, ground, actor))),
        code(wait(vault.register(eve, actor))),
        code(wait(vault.amend(subject, Amendment::default(), actor))),
        code(wait(holds::place(vault, subject, &terms, actor))),
        code(wait(erasure::erase(vault, subject, actor))),
        code(wait(staff::agenda(vault, day("2027-01-01"), actor))),
        code(revoke(vault, person, actor)),
    ]
}

#[test]
fn every_door_asks_for_the_grant() {
    let world = World::default();
    let vault = open(&world);
    let (subject, stranger) = (ada(&vault), acting(ActorId::from_bytes([7; 16]), "support", 1));
    let open_doors = |codes: Vec<&'static str>| codes.iter().filter(|code| **code == "ok").count();
    let found = doors(&vault, subject, &stranger);
    // Nobody has a grant of that name: that is found before anybody is asked who asks.
    let (last, others) = found.split_last().unwrap();
    assert_eq!(*last, "staff.nothing_granted");
    assert!(others.iter().all(|code| *code == "staff.no_grant"), "{others:?}");
    assert!(wait(vault.outline(subject)).unwrap().iter().all(|row| !row.held));
    let leaves = wait(vault.history(subject, 9)).unwrap();
    let refused = leaves.iter().filter(|leaf| leaf.action == *"subject.read_refused");
    assert_eq!(refused.count(), 3, "each read, with its leaf");
    let granted = give(&vault, &["support"], 1, "2027-06-01");
    let found = doors(&vault, subject, &acting(granted.person, "support", 1));
    assert_eq!(open_doors(found.clone()), 9, "{found:?}");
    // Held by then, and nobody's grant.
    assert_eq!(found[8..], ["erasure.held", "ok", "staff.nothing_granted"]);
    // Who needs none goes on: people, the SDK itself, the roles that the policy names.
    assert_eq!(read(&vault, subject, &Actor::subject(subject)), "policy.unknown_role");
    let news = acting(ActorId::from_bytes([7; 16]), "marketing", 1);
    assert_eq!(read(&vault, subject, &news), "policy.role_not_allowed");
    assert_eq!(code(wait(vault.login("ada@example.org", "wrong"))), "login.refused");
    wait(vault.audit()).unwrap();
}

#[test]
fn where_no_grant_is_required_the_callers_word_counts() {
    let world = World::default();
    let vault = world.open();
    let (subject, me) = (ada(&vault), acting(ActorId::from_bytes([7; 16]), "support", 1));
    assert_eq!(read(&vault, subject, &me), "ok");
    // Grants can be kept all the same, and decide nothing.
    let granted = give(&vault, &["billing"], 2, "2027-06-01");
    assert_eq!(revoke(&vault, granted.person, &me).unwrap(), 1);
    assert_eq!(read(&vault, subject, &acting(granted.person, "billing", 2)), "ok");
}

#[test]
fn a_read_costs_one_look_more_and_none_where_no_grant_is_required() {
    let asked = |policy: &str, actor: fn(&tacenda_core::vault::Vault) -> Actor| {
        let (memory, faults) = (Arc::new(MemoryStore::default()), Faults::none());
        let world = World::default();
        let store = Arc::new(FailingStore::new(memory, faults.clone()));
        let world = World { store, ..world };
        let vault = world.try_open(policy, Default::default()).unwrap().0;
        let (subject, me) = (ada(&vault), actor(&vault));
        let before = faults.operations();
        assert_eq!(read(&vault, subject, &me), "ok");
        faults.operations() - before
    };
    let without = asked(tacenda_testkit::world::POLICY, |_| acting(ActorId::SYSTEM, "support", 1));
    let with = asked(&required(), boss);
    assert_eq!(with, without + 1, "what another process revoked is refused at the next read");
}

#[test]
fn a_certificate_prints_nothing_and_a_grant_shows_nobody() {
    let world = World::default();
    let vault = open(&world);
    let granted = give(&vault, &["billing"], 1, "2027-06-01");
    let shown = format!("{:?} {:?} {:?}", certificate(1), grace(), granted);
    assert!(!shown.contains("Grace") && shown.contains("Fingerprint(..)"), "{shown}");
    let leaves = wait(vault.history(granted.key.subject, 9)).unwrap();
    let told = format!("{leaves:?}");
    assert!(!told.contains("grace") && told.contains("billing"), "{told}");
}
