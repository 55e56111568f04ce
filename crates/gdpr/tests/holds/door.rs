//! Holds over the vault: placed, looked at, released.

use pollster::block_on as wait;
use tacenda_core::policy::records::HOLDS;
use tacenda_core::vault::{Actor, Amendment, OnRestore, RestrictedUse, Standing};
use tacenda_core::{ActorId, Name};
use tacenda_gdpr::holds::{self, Scope, Stage};
use tacenda_gdpr::{erasure, requests};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};

use crate::support::*;

#[test]
fn what_is_held_outlives_its_time_and_goes_with_the_sweep_after_the_release() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = place(&vault, subject, classes(&["billing"])).unwrap();
    let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
    let told: Vec<_> = leaf.rows.iter().map(|row| row.kind.as_str()).collect();
    assert_eq!(
        (leaf.action.to_string().as_str(), told),
        ("hold.placed", vec!["profile.billing", "hold"])
    );
    assert_eq!(held(&vault, subject), names(&["billing"]));
    world.set_time("2030-01-01T00:00:00Z");
    assert_eq!(sweep(&vault), 1, "card and account go, and what is held outlives them");
    let left = own(&vault, subject);
    assert_eq!((left.len(), left[0].items.len()), (1, 2), "whole");
    assert_eq!(code(wait(erasure::erase(&vault, subject, &staff("support")))), "erasure.held");
    let released = release(&vault, &key).unwrap();
    assert_eq!((released.classes, released.reopened), (names(&["billing"]), 0));
    assert!(held(&vault, subject).is_empty());
    assert_eq!(sweep(&vault), 1);
    assert_eq!(own(&vault, subject)[0].items, names(&["address"]), "a law keeps the invoice");
    let closed = wait(vault.record(&key)).unwrap().standing;
    assert_eq!(closed, Standing::Closed { at: vault.now() });
    assert_eq!(code(release(&vault, &key)), "holds.wrong_step");
    // Its own record ends as well.
    world.set_time("2035-01-02T00:00:00Z");
    sweep(&vault);
    assert_eq!(code(wait(vault.record(&key))), "vault.no_such_record");
    wait(vault.audit()).unwrap();
}

#[test]
fn a_release_frees_only_what_no_other_hold_keeps() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let all = place(&vault, subject, Scope::Subject).unwrap();
    let bills = place(&vault, subject, classes(&["billing", "payment"])).unwrap();
    let card = place(&vault, subject, Scope::Items(names(&["card_last4"]))).unwrap();
    assert_eq!(held(&vault, subject), names(&["account", "billing", "payment"]));
    assert_eq!(release(&vault, &all).unwrap().classes, names(&["account"]));
    assert_eq!(release(&vault, &bills).unwrap().classes, names(&["billing"]));
    assert_eq!(held(&vault, subject), names(&["payment"]), "the row of the item");
    assert_eq!(release(&vault, &card).unwrap().classes, names(&["payment"]));
    assert!(held(&vault, subject).is_empty());
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    wait(vault.audit()).unwrap();
}

#[test]
fn a_hold_on_nothing_is_refused_and_nothing_is_written() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let eve = request(&vault, &[("email", "eve@example.org")], false);
    let eve = wait(vault.register(eve, &staff("support"))).unwrap().subject();
    let before = wait(vault.log_ends()).unwrap();
    let none = |scope| code(place(&vault, eve, scope));
    assert_eq!(none(classes(&["billing"])), "holds.nothing");
    assert_eq!(none(classes(&["account", "billing"])), "holds.nothing", "all that is named");
    assert_eq!(none(Scope::Items(names(&["first_name"]))), "holds.nothing");
    assert_eq!(none(classes(&["bills"])), "vault.undeclared_class");
    assert_eq!(none(classes(&["tacenda.holds"])), "vault.undeclared_class");
    assert_eq!(none(Scope::Items(names(&["frist_name"]))), "vault.undeclared_item");
    assert_eq!(none(classes(&[])), "holds.no_scope");
    assert_eq!(none(Scope::Items([].into())), "holds.no_scope");
    let nobody = tacenda_core::SubjectId::from_bytes([3; 16]);
    assert_eq!(code(place(&vault, nobody, Scope::Subject)), "holds.nothing");

    let good = terms(&vault, Scope::Subject);
    let place = |terms: &holds::Terms, actor: &Actor| {
        code(wait(holds::place(&vault, subject, terms, actor)))
    };
    for actor in [Actor::system(), Actor::subject(subject)] {
        assert_eq!(place(&good, &actor), "case.no_role");
    }
    assert_eq!(place(&good, &staff("ghost")), "policy.unknown_role");
    let far = holds::Terms { review_on: day("2026-12-02"), ..good.clone() };
    assert_eq!(place(&far, &staff("support")), "case.review_far");
    let past = holds::Terms { review_on: day("2026-05-31"), ..good };
    assert_eq!(place(&past, &staff("support")), "case.review_past");
    assert_eq!(wait(vault.log_ends()).unwrap(), before);
    assert!(wait(vault.records_of(subject, &HOLDS)).unwrap().is_empty());
}

#[test]
fn reviews_are_listed_once_due_and_overdue_holds_hold() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = place(&vault, subject, classes(&["billing"])).unwrap();
    let all = place(&vault, subject, Scope::Subject).unwrap();
    let due = |until: &str| {
        let found = wait(holds::agenda(&vault, day(until), &staff("support"))).unwrap();
        found.into_iter().map(|one| (one.key, one.stage, one.due)).collect::<Vec<_>>()
    };
    assert!(due("2026-08-31").is_empty());
    let on = day("2026-09-01");
    let mut both = due("2026-09-01");
    both.sort_by_key(|one| one.1);
    assert_eq!(both, [(all.clone(), Stage::Whole, on), (key.clone(), Stage::Part, on)]);
    world.set_time("2027-03-01T00:00:00Z");
    assert_eq!(due("2027-02-28").len(), 2, "overdue");
    assert_eq!(held(&vault, subject).len(), 3, "and it holds");

    let review = |next: &str, actor: &Actor| {
        code(wait(holds::review(&vault, &key, day(next), &note("Still pending."), actor)))
    };
    assert_eq!(review("2027-09-02", &staff("support")), "case.review_far");
    assert_eq!(review("2027-09-01", &Actor::system()), "case.no_role");
    assert_eq!(review("2027-09-01", &staff("support")), "ok");
    assert_eq!(due("2027-08-31").len(), 1);
    let new = ActorId::from_bytes([8; 16]);
    wait(holds::hand_over(&vault, &key, new, &note("On leave."), &staff("support"))).unwrap();
    let read = |key| wait(holds::read(&vault, key, &ACCOUNT, &staff("support"))).unwrap();
    let hold = read(&key);
    assert_eq!((hold.owner(), hold.review_on()), (new, day("2027-09-01")));
    assert_eq!(hold.entries().len(), 3);
    assert_eq!(read(&all).owner(), OWNER);
    release(&vault, &key).unwrap();
    assert_eq!(review("2027-09-01", &staff("support")), "holds.wrong_step");
    let open = wait(holds::agenda(&vault, chrono::NaiveDate::MAX, &staff("support"))).unwrap();
    assert_eq!(open.into_iter().map(|one| one.key).collect::<Vec<_>>(), [all]);
    let stranger = wait(holds::read(&vault, &key, &Name::fixed("billing"), &staff("support")));
    assert_eq!(code(stranger), "policy.role_not_allowed");
}

#[test]
fn what_is_added_to_what_is_held_is_held_as_well() {
    let world = World::default();
    let vault = world.open();
    let add = |subject, item, text| {
        let set = vec![vault.item(&Name::fixed(item), text).unwrap()];
        let amendment = Amendment { set, ..Amendment::default() };
        wait(vault.amend(subject, amendment, &staff("support"))).unwrap();
    };
    let register = |email| {
        let new = request(&vault, &[("email", email)], false);
        wait(vault.register(new, &staff("support"))).unwrap().subject()
    };
    // Everything about a subject.
    let eve = register("eve@example.org");
    let key = place(&vault, eve, Scope::Subject).unwrap();
    add(eve, "card_last4", "4242");
    assert_eq!(held(&vault, eve), names(&["account", "payment"]));
    release(&vault, &key).unwrap();
    add(eve, "country", "FR");
    assert!(held(&vault, eve).is_empty(), "and only while it is held");
    // A class alone.
    let kim = register("kim@example.org");
    place(&vault, kim, classes(&["account"])).unwrap();
    add(kim, "card_last4", "4242");
    assert_eq!(held(&vault, kim), names(&["account"]));
    wait(vault.audit()).unwrap();
}

#[test]
fn what_a_policy_moves_stays_held_until_the_release() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = place(&vault, subject, Scope::Items(names(&["card_last4"]))).unwrap();
    let other = place(&vault, subject, classes(&["billing"])).unwrap();
    drop(vault);
    // The card moves to the account, and the class is for the note.
    let policy = POLICY
        .replace("version = 1", "version = 2")
        .replace("\"first_name\", \"note\"]\nclock", "\"first_name\", \"card_last4\"]\nclock")
        .replace("items = [\"card_last4\"]", "items = [\"note\"]");
    let (vault, _) = world.try_open(&policy, OnRestore::Refuse).unwrap();
    assert!(held(&vault, subject).contains(&ACCOUNT), "with its new class");
    assert!(release(&vault, &key).unwrap().classes.contains(&ACCOUNT));
    assert_eq!(held(&vault, subject), names(&["billing"]));
    release(&vault, &other).unwrap();
    assert!(held(&vault, subject).is_empty());
}

/// With a purpose for claims.
fn with_claims() -> String {
    let claims = "[purposes.claims]\nactivity = \"accounts\"\ndescription = \"Claims.\"\n\
        basis = \"legitimate interests\"\ninterest = \"Defence against claims.\"\n\
        items = [\"address\"]\n\n[roles.support]";
    let policy = POLICY.replace("[roles.support]", claims);
    let role = "[\"account\", \"billing\", \"accounting\"]";
    assert!(policy.contains(role));
    policy.replace(role, "[\"account\", \"billing\", \"accounting\", \"claims\"]")
}

#[test]
fn what_a_law_keeps_is_held_beyond_its_day() {
    // What a law keeps is held, and so is what begins again beside it.
    let world = World::default();
    let (vault, _) = world.try_open(&with_claims(), OnRestore::Refuse).unwrap();
    let subject = ada(&vault);
    world.set_time("2030-01-01T00:00:00Z");
    sweep(&vault);
    assert_eq!(own(&vault, subject).len(), 1, "an archive");
    let key = place(&vault, subject, Scope::Subject).unwrap();
    world.set_time("2050-01-01T00:00:00Z");
    sweep(&vault);
    assert_eq!(held(&vault, subject), names(&["billing"]), "it outlives its law");
    // But not for the law's purpose: for the claim that it is held for, and on the log.
    let (accounting, me) = (Name::fixed("accounting"), staff("billing"));
    assert_eq!(code(wait(vault.read(subject, &accounting, &me))), "vault.not_live");
    let read = |purpose, ground| {
        let view = wait(vault.read_restricted(subject, &Name::fixed(purpose), ground, &me));
        view.map(|view| view.get("address").map(str::to_owned)).map_err(|error| error.code())
    };
    assert_eq!(read("account", RestrictedUse::Claims), Ok(None), "only what it may see");
    assert_eq!(read("claims", RestrictedUse::Claims), Ok(Some("ul. Prosta 1".to_owned())));
    assert_eq!(read("claims", RestrictedUse::PublicInterest), Err("vault.not_live"));
    assert_eq!(read("billing", RestrictedUse::Claims), Err("vault.not_live"), "on a condition");
    release(&vault, &key).unwrap();
    sweep(&vault);
    assert!(own(&vault, subject).is_empty());
    assert_eq!(code(place(&vault, subject, Scope::Subject)), "holds.nothing");
}

#[test]
fn a_hold_of_everything_keeps_the_files_about_somebody_as_well() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let closed = |at: &requests::Received| {
        let taken = requests::Event::Withdrawn(vault.now());
        wait(requests::step(&vault, &calendar(), &at.key, taken, &staff("support"))).unwrap();
    };
    let before = asked_for(&vault, subject, requests::Right::Access);
    closed(&before);
    let key = place(&vault, subject, Scope::Subject).unwrap();
    let part = place(&vault, subject, classes(&["payment"])).unwrap();
    let later = asked_for(&vault, subject, requests::Right::Portability);
    closed(&later);
    world.set_time("2032-01-01T00:00:00Z");
    sweep(&vault);
    let there = |at: &requests::Received| wait(vault.record(&at.key)).is_ok();
    assert!(there(&before) && there(&later), "three years are over");
    wait(vault.audit()).unwrap();
    release(&vault, &key).unwrap();
    sweep(&vault);
    assert!(!there(&before) && !there(&later), "a hold of a part is of no records");
    assert_eq!(held(&vault, subject), names(&["payment"]));
    release(&vault, &part).unwrap();
    wait(vault.audit()).unwrap();
}

#[test]
fn of_two_holds_of_everything_nothing_stays_held_after_the_last() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let all = [(); 2].map(|()| place(&vault, subject, Scope::Subject).unwrap());
    for key in &all {
        release(&vault, key).unwrap();
    }
    let rows = wait(vault.outline(subject)).unwrap();
    assert!(rows.iter().all(|row| !row.held), "{rows:?}");
    world.set_time("2033-01-01T00:00:00Z");
    sweep(&vault);
    let rows = wait(vault.outline(subject)).unwrap();
    assert!(!rows.iter().any(|row| row.is_record()), "{rows:?}");
}
