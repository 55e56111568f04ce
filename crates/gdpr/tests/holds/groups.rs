//! Holds by a query: one number, all or those that a stopped call left.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::Name;
use tacenda_core::SubjectId;
use tacenda_core::vault::{OnRestore, Vault};
use tacenda_gdpr::erasure;
use tacenda_gdpr::holds::{self, GroupId, Many, Scope, Selection, place_many, release_group};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};
use tacenda_testkit::{After, Cut, FailingKeyring, FailingStore, Faults};

use crate::support::*;

fn place_all(vault: &Vault, group: GroupId, of: &Selection, scope: Scope) -> Many {
    let (terms, me) = (terms(vault, scope), staff("support"));
    wait(place_many(vault, group, of, &terms, &me, &mut |_| {})).unwrap()
}

fn counts(many: &Many) -> (u64, u64, u64, usize) {
    (many.placed, many.before, many.nothing, many.refused.len())
}

fn people(vault: &Vault) -> Vec<SubjectId> {
    let one = |n: usize| {
        let email = format!("c{n}@example.org");
        let mut items = vec![("email", email.as_str())];
        if n.is_multiple_of(2) {
            items.push(("card_last4", "4242"));
        }
        let request = request(vault, &items, n.is_multiple_of(3));
        wait(vault.register(request, &staff("support"))).unwrap().subject()
    };
    (0..6).map(one).collect()
}

#[test]
fn whom_a_query_finds_is_held_and_released_together() {
    let world = World::default();
    let vault = world.open();
    let people = people(&vault);
    let group = GroupId::generate(vault.ports().rng.as_ref());
    let card = Selection::Class(Name::fixed("payment"));
    let done = place_all(&vault, group, &card, classes(&["payment", "account"]));
    assert_eq!(counts(&done), (3, 0, 0, 0));
    for (n, one) in people.iter().enumerate() {
        let expected: &[_] = if n.is_multiple_of(2) { &["account", "payment"] } else { &[] };
        assert_eq!(held(&vault, *one), names(expected));
    }
    // Again, as whoever was stopped would, and with some who came since.
    let again = place_all(&vault, group, &card, classes(&["payment"]));
    assert_eq!(counts(&again), (0, 3, 0, 0));
    let ada = ada(&vault);
    let more = place_all(&vault, group, &card, classes(&["billing"]));
    assert_eq!(counts(&more), (1, 0, 3, 0), "the others have none of that class");
    assert_eq!(held(&vault, ada), names(&["billing"]));

    let invoiced = GroupId::generate(vault.ports().rng.as_ref());
    let fact = Selection::Fact(Name::fixed("invoiced"));
    let done = place_all(&vault, invoiced, &fact, Scope::Subject);
    assert_eq!(counts(&done), (3, 0, 0, 0), "the first, the fourth, Ada");
    let list = Selection::Subjects(vec![people[1], people[5], SubjectId::from_bytes([3; 16])]);
    let listed = GroupId::generate(vault.ports().rng.as_ref());
    let done = place_all(&vault, listed, &list, classes(&["payment", "account"]));
    assert_eq!(counts(&done), (2, 0, 1, 0), "what is there of the scope");
    assert_eq!(held(&vault, people[1]), names(&["account"]));

    let reason = note("It is settled.");
    let end = |group| {
        let me = staff("support");
        let end = wait(release_group(&vault, &calendar(), group, &reason, &me)).unwrap();
        assert!(end.refused.is_empty());
        end.released
    };
    assert_eq!(end(group), 4);
    assert_eq!(held(&vault, people[0]), names(&["account", "payment"]), "invoiced");
    assert!(held(&vault, people[2]).is_empty());
    assert_eq!((end(invoiced), end(invoiced), end(listed)), (3, 0, 2));
    assert!(people.iter().all(|one| held(&vault, *one).is_empty()));
    assert!(
        wait(holds::agenda(&vault, chrono::NaiveDate::MAX, &staff("support"))).unwrap().is_empty()
    );
    wait(vault.audit()).unwrap();
}

#[test]
fn a_query_for_what_is_not_declared_finds_nobody() {
    let world = World::default();
    let vault = world.open();
    let _ = ada(&vault);
    let group = GroupId::from_bytes([1; 16]);
    let (good, me) = (terms(&vault, Scope::Subject), staff("support"));
    let run = |of: &Selection| code(wait(place_many(&vault, group, of, &good, &me, &mut |_| {})));
    assert_eq!(run(&Selection::Class(Name::fixed("bills"))), "vault.undeclared_class");
    assert_eq!(run(&Selection::Fact(Name::fixed("rich"))), "vault.undeclared_fact");
    let far = holds::Terms { review_on: day("2027-01-01"), ..terms(&vault, Scope::Subject) };
    let of = Selection::Class(ACCOUNT);
    let far = wait(place_many(&vault, group, &of, &far, &me, &mut |_| {}));
    assert_eq!(code(far), "case.review_far");
    assert!(
        wait(holds::agenda(&vault, chrono::NaiveDate::MAX, &staff("support"))).unwrap().is_empty()
    );
}

#[test]
fn of_whose_account_nobody_can_tell_any_more_is_held_too() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let eve = request(&vault, &[("email", "eve@example.org")], false);
    let eve = wait(vault.register(eve, &staff("support"))).unwrap().subject();
    let restrict = tacenda_gdpr::restriction::Terms {
        ground: tacenda_gdpr::requests::RestrictionGround::Accuracy,
        reason: note("The name is contested."),
        asked: tacenda_gdpr::restriction::Asked::Person(vault.now()),
        classes: names(&["account"]),
        review_on: day("2026-07-01"),
    };
    let me = staff("support");
    wait(tacenda_gdpr::restriction::place(&vault, subject, &restrict, &me)).unwrap();
    let fact = Selection::Fact(Name::fixed("invoiced"));
    let done = place_all(&vault, GroupId::from_bytes([1; 16]), &fact, Scope::Subject);
    assert_eq!(counts(&done), (1, 0, 0, 0));
    assert_eq!((held(&vault, subject).len(), held(&vault, eve).len()), (3, 0));
}

#[test]
fn an_erasure_that_was_stopped_keeps_a_group_from_nobody_behind_it() {
    let world = World::default();
    let vault = world.open();
    let people = people(&vault);
    let mut calls = 0;
    while wait(vault.destroys_under_way()).unwrap() == 0 {
        let faults = Faults::cut(calls, Cut::After, After::StaysDown);
        let killed = World {
            store: Arc::new(FailingStore::new(world.store.clone(), faults.clone())),
            keyring: Arc::new(FailingKeyring::new(world.keyring.clone(), faults)),
            ..world.clone()
        };
        if let Ok((vault, _)) = killed.try_open(POLICY, OnRestore::Refuse) {
            assert!(wait(erasure::erase(&vault, people[2], &staff("support"))).is_err());
        }
        calls += 1;
    }
    let group = GroupId::from_bytes([1; 16]);
    let all = Selection::Subjects(people);
    let done = place_all(&vault, group, &all, classes(&["account"]));
    assert_eq!(counts(&done), (5, 0, 1, 0));
    wait(vault.resume_destroys()).unwrap();
    let again = place_all(&vault, group, &all, classes(&["account"]));
    assert_eq!(counts(&again), (0, 5, 1, 0));
}
