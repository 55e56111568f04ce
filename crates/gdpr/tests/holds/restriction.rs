//! Restrictions over the vault: placed, read on a ground, announced, lifted.

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::row::state;
use tacenda_core::vault::{Actor, OnRestore, RecordKey, RestrictedUse, Standing, Vault};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_gdpr::requests::{self, Channel, RequestId, RestrictionGround, Right};
use tacenda_gdpr::restriction::{self, Announcement, Asked, Placed, Stage, Terms};
use tacenda_gdpr::{erasure, holds};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};

use crate::support::*;

fn terms(vault: &Vault, classes: &[&'static str]) -> Terms {
    Terms {
        ground: RestrictionGround::Claims,
        reason: note("Needed for a claim against the bank."),
        asked: Asked::Person(vault.now()),
        classes: names(classes),
        review_on: day("2026-07-01"),
    }
}

fn restrict(vault: &Vault, subject: SubjectId, classes: &[&'static str]) -> Result<Placed> {
    wait(restriction::place(vault, subject, &terms(vault, classes), &staff("support")))
}

fn announce(vault: &Vault, key: &RecordKey, sent_at: tacenda_core::Timestamp) -> &'static str {
    let reason = note("The claim is settled.");
    let letter = Announcement { sent_at, by: Channel::Letter, reason };
    code(wait(restriction::announce(vault, key, &letter, &staff("support"))))
}

fn lift(vault: &Vault, key: &RecordKey) -> &'static str {
    code(wait(restriction::lift(vault, &calendar(), key, &staff("support"))))
}

#[test]
fn a_restriction_is_lifted_after_the_person_was_told() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = restrict(&vault, subject, &[]).unwrap().key;
    assert_eq!(restricted(&vault, subject), names(&["account", "billing", "payment"]));
    assert_eq!(
        code(wait(erasure::erase(&vault, subject, &staff("support")))),
        "erasure.restricted"
    );
    assert_eq!(lift(&vault, &key), "restriction.not_told");
    let now = vault.now();
    assert_eq!(announce(&vault, &key, now.plus(Span::days(1))), "restriction.bad_time");
    assert_eq!(announce(&vault, &key, now.minus(Span::days(1))), "restriction.bad_time");
    world.set_time("2026-06-10T08:00:00Z");
    assert_eq!(announce(&vault, &key, now.plus(Span::days(2))), "ok");
    assert_eq!(restricted(&vault, subject).len(), 3, "until it is lifted");
    wait(restriction::keep(&vault, &key, &note("Another claim."), &staff("support"))).unwrap();
    assert_eq!(lift(&vault, &key), "restriction.not_told", "that letter is spent");
    assert_eq!(announce(&vault, &key, now.plus(Span::days(2))), "restriction.bad_time");
    assert_eq!(announce(&vault, &key, vault.now()), "ok");
    assert_eq!(announce(&vault, &key, vault.now()), "restriction.wrong_step");
    assert_eq!(lift(&vault, &key), "ok");
    assert!(restricted(&vault, subject).is_empty());
    assert_eq!(lift(&vault, &key), "restriction.wrong_step");
    let closed = wait(vault.record(&key)).unwrap().standing;
    assert_eq!(closed, Standing::Closed { at: vault.now() });
    let file = wait(restriction::read(&vault, &key, &ACCOUNT, &staff("support"))).unwrap();
    assert_eq!((file.entries().len(), file.stage()), (5, Stage::Lifted));
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    wait(vault.audit()).unwrap();
}

#[test]
fn what_two_restrict_is_in_use_again_with_the_last() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let all = restrict(&vault, subject, &[]).unwrap().key;
    let card = restrict(&vault, subject, &["payment"]).unwrap().key;
    let end = |key| {
        assert_eq!(announce(&vault, key, vault.now()), "ok");
        wait(restriction::lift(&vault, &calendar(), key, &staff("support"))).unwrap().classes
    };
    assert_eq!(end(&all), names(&["account", "billing"]));
    assert_eq!(restricted(&vault, subject), names(&["payment"]));
    assert_eq!(end(&card), names(&["payment"]));
    assert!(restricted(&vault, subject).is_empty());
}

#[test]
fn what_is_restricted_is_read_on_a_ground_that_the_log_names() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let billing = Name::fixed("billing");
    let read =
        |ground, actor: &Actor| wait(vault.read_restricted(subject, &billing, ground, actor));
    restrict(&vault, subject, &[]).unwrap();
    let plain = wait(vault.read(subject, &billing, &staff("billing")));
    assert_eq!(code(plain), "vault.not_live", "refused as ever");
    for ground in RestrictedUse::ALL {
        let view = read(ground, &staff("billing")).unwrap();
        assert_eq!((view.get("country"), view.get("card_last4")), (Some("PL"), Some("4242")));
        let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
        assert_eq!(
            (leaf.action.to_string(), leaf.purpose),
            ("subject.read".into(), Some(billing.clone()))
        );
        let told = leaf.details.iter().find(|(key, _)| *key == *"restricted");
        assert_eq!(told.unwrap().1.to_string(), ground.as_str());
    }
    assert_eq!(code(read(RestrictedUse::Claims, &staff("support"))), "policy.role_not_allowed");
    let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
    assert_eq!(leaf.action.to_string(), "subject.read_refused");
    assert_eq!(code(read(RestrictedUse::Claims, &Actor::subject(subject))), "policy.unknown_role");
    let card = tacenda_core::vault::Amendment {
        set: vec![vault.item(&Name::fixed("card_last4"), "1881").unwrap()],
        ..Default::default()
    };
    let amended = wait(vault.amend(subject, card, &staff("support")));
    assert_eq!(code(amended), "vault.not_live", "to be read is not to be used");
}

#[test]
fn a_restriction_of_nothing_is_refused() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let before = wait(vault.log_ends()).unwrap();
    assert_eq!(code(restrict(&vault, subject, &["bills"])), "vault.undeclared_class");
    let nobody = SubjectId::from_bytes([3; 16]);
    assert_eq!(code(restrict(&vault, nobody, &[])), "restriction.nothing");
    let place = |terms: &Terms, actor: &Actor| {
        code(wait(restriction::place(&vault, subject, terms, actor)))
    };
    let good = terms(&vault, &[]);
    assert_eq!(place(&good, &Actor::subject(subject)), "case.no_role");
    assert_eq!(place(&good, &staff("ghost")), "policy.unknown_role");
    let late = Asked::Authority(vault.now().plus(Span::days(1)));
    assert_eq!(
        place(&Terms { asked: late, ..good.clone() }, &staff("support")),
        "restriction.bad_time"
    );
    let far = Terms { review_on: day("2027-01-01"), ..good };
    assert_eq!(place(&far, &staff("support")), "case.review_far");
    assert_eq!(wait(vault.log_ends()).unwrap(), before);
    world.set_time("2030-01-01T00:00:00Z");
    sweep(&vault);
    assert_eq!(own(&vault, subject).len(), 1, "an archive, under its law alone already");
    let archived = Terms { review_on: day("2030-02-01"), ..terms(&vault, &["billing"]) };
    assert_eq!(place(&archived, &staff("support")), "restriction.nothing");
}

#[test]
fn restrictions_are_listed_for_review_and_once_announced() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let mut terms = terms(&vault, &["billing"]);
    // By a request of this person for a restriction, and no other.
    let me = staff("support");
    let place = |terms: &Terms| code(wait(restriction::place(&vault, subject, terms, &me)));
    let eve = wait(vault.register(request(&vault, &[("email", "eve@example.org")], false), &me));
    let restriction = Right::Restriction(RestrictionGround::Claims);
    let others = [
        RequestId::from_bytes([7; 16]),
        asked_for(&vault, subject, Right::Erasure).id,
        asked_for(&vault, eve.unwrap().subject(), restriction).id,
    ];
    for other in others {
        terms.asked = Asked::Request(other);
        assert_eq!(place(&terms), "requests.no_such_request");
    }
    let asked = Asked::Request(asked_for(&vault, subject, restriction).id);
    terms.asked = asked;
    let key = wait(restriction::place(&vault, subject, &terms, &staff("support"))).unwrap().key;
    let due = |until| {
        let found = wait(restriction::agenda(&vault, day(until), &staff("support"))).unwrap();
        found.into_iter().map(|one| (one.stage, one.due)).collect::<Vec<_>>()
    };
    assert!(due("2026-06-30").is_empty());
    assert_eq!(due("2026-07-01"), [(Stage::InForce, day("2026-07-01"))]);
    let me = staff("support");
    wait(restriction::review(&vault, &key, day("2026-12-01"), &note("So far."), &me)).unwrap();
    assert!(due("2026-11-30").is_empty());
    assert_eq!(announce(&vault, &key, vault.now()), "ok");
    assert_eq!(due("2026-06-01"), [(Stage::Announced, day("2026-05-31"))]);
    let file = wait(restriction::read(&vault, &key, &ACCOUNT, &staff("support"))).unwrap();
    assert_eq!(file.placing().asked, asked);
    assert_eq!(lift(&vault, &key), "ok");
    assert!(due("9999-01-01").is_empty());
}

#[test]
fn a_hold_and_a_restriction_are_two_things() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let hold = place(&vault, subject, holds::Scope::Subject).unwrap();
    let key = restrict(&vault, subject, &["payment"]).unwrap().key;
    release(&vault, &hold).unwrap();
    assert_eq!(restricted(&vault, subject), names(&["payment"]));
    world.set_time("2030-01-01T00:00:00Z");
    assert_eq!(sweep(&vault), 1, "the account goes");
    assert_eq!(own(&vault, subject).len(), 2, "the bills are kept by a law, and");
    assert_eq!(restricted(&vault, subject), names(&["payment"]), "what is restricted stays so");
    // Nothing is left that could say whether its conditions are met.
    let read = |purpose| {
        let (claims, me) = (RestrictedUse::Claims, staff("billing"));
        code(wait(vault.read_restricted(subject, &Name::fixed(purpose), claims, &me)))
    };
    assert_eq!(read("billing"), "vault.not_live");
    assert_eq!(announce(&vault, &key, vault.now()), "ok");
    assert_eq!(lift(&vault, &key), "ok");
    let archived: Vec<_> = own(&vault, subject).into_iter().map(|row| row.state).collect();
    assert_eq!(
        archived,
        [state::ARCHIVED, state::ARCHIVED],
        "without an account nothing is in use"
    );
    assert_eq!(sweep(&vault), 1);
    assert_eq!(own(&vault, subject).len(), 1);
    wait(vault.audit()).unwrap();
}

#[test]
fn what_is_restricted_outlives_an_erasure_and_is_read_for_claims() {
    // Without a condition, as a purpose that needs neither facts nor consent.
    let policy =
        POLICY.replace("basis = \"contract\"\nif = \"paid offer\"", "basis = \"contract\"");
    assert_ne!(policy, POLICY);
    let world = World::default();
    let (vault, _) = world.try_open(&policy, OnRestore::Refuse).unwrap();
    let subject = ada(&vault);
    restrict(&vault, subject, &["payment"]).unwrap();
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
    assert_eq!(leaf.find("restricted"), Some("payment"));
    let (billing, me) = (Name::fixed("billing"), staff("billing"));
    assert_eq!(code(wait(vault.read(subject, &billing, &me))), "vault.not_live");
    let view = wait(vault.read_restricted(subject, &billing, RestrictedUse::Claims, &me)).unwrap();
    assert_eq!((view.get("card_last4"), view.get("email")), (Some("4242"), None));
    let again = wait(erasure::erase(&vault, subject, &staff("support")));
    assert_eq!(code(again), "erasure.restricted");
    wait(vault.audit()).unwrap();
}

#[test]
fn what_was_refused_for_a_restriction_is_to_be_answered_again() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = restrict(&vault, subject, &["payment"]).unwrap().key;
    let at = asked_for(&vault, subject, Right::Erasure);
    let me = staff("support");
    let erase = || wait(requests::erase(&vault, &calendar(), &at.key, &me)).unwrap();
    let first = erase();
    let grounds: Vec<_> = first.decision.grounds().iter().map(|one| one.ground).collect();
    assert_eq!(grounds, [requests::Ground::Restricted, requests::Ground::LegalObligation]);
    let hints = requests::Hints { complaint: true, court: true };
    let answer = requests::Answer { sent_at: vault.now(), by: Channel::Email, hints };
    let answered = requests::Event::Answered(answer);
    wait(requests::step(&vault, &calendar(), &at.key, answered, &me)).unwrap();
    assert_eq!(announce(&vault, &key, vault.now()), "ok");
    let lifted = wait(restriction::lift(&vault, &calendar(), &key, &me)).unwrap();
    assert_eq!((lifted.reopened, lifted.unread), (1, 0));
    assert_eq!(erase().decision.grounds().len(), 1, "a law keeps the bill");
    assert_eq!(own(&vault, subject).len(), 1);
}

#[test]
fn a_letter_from_before_it_was_kept_is_spent() {
    let world = World::default();
    let vault = world.open();
    let key = restrict(&vault, ada(&vault), &[]).unwrap().key;
    let letter = vault.now();
    assert_eq!(announce(&vault, &key, letter), "ok");
    world.set_time("2026-06-10T08:00:00Z");
    wait(restriction::keep(&vault, &key, &note("Another claim."), &staff("support"))).unwrap();
    assert_eq!(announce(&vault, &key, letter), "restriction.bad_time");
    assert_eq!(announce(&vault, &key, vault.now()), "ok");
}
