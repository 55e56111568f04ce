//! A role that works on no records of a kind decides about none: what people or staff wrote in them
//! is neither its to read nor its to end.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use chrono::NaiveDate;
use pollster::block_on as wait;
use tacenda_core::calendar::{Region, Utc, WorkingDays};
use tacenda_core::vault::{Actor, OnRestore, RestrictedUse, Vault};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_gdpr::consent::{self, Giver, Giving, How};
use tacenda_gdpr::holds::{self, Ground, GroupId, Scope, Selection};
use tacenda_gdpr::objection::{self, Decision, Objecting, Told, Way};
use tacenda_gdpr::requests::{Calendar, Channel, Note, RestrictionGround, Words};
use tacenda_gdpr::restriction::{self, Announcement, Asked};
use tacenda_testkit::world::{POLICY, World, ada, staff};

const NONE: &str = "policy.role_without_records";

fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

fn note() -> Note {
    Note::parse("A claim.").unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn world() -> (World, Vault, SubjectId) {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    (world, vault, subject)
}

fn marketing() -> Actor {
    staff("marketing")
}

#[test]
fn holds_are_placed_and_released_by_those_who_work_on_them() {
    let (world, vault, subject) = world();
    let terms = holds::Terms {
        ground: Ground::LegalClaims,
        reason: note(),
        owner: staff("support").id,
        review_on: day("2026-08-01"),
        scope: Scope::Subject,
    };
    assert_eq!(code(wait(holds::place(&vault, subject, &terms, &marketing()))), NONE);
    let group = GroupId::generate(world.rng.as_ref());
    let all = Selection::Subjects(vec![subject]);
    let (nobody, mut silent) = (marketing(), |_: &holds::Many| {});
    let many = holds::place_many(&vault, group, &all, &terms, &nobody, &mut silent);
    assert_eq!(code(wait(many)), NONE);
    let key = wait(holds::place(&vault, subject, &terms, &staff("support"))).unwrap().key;
    let next = day("2026-09-01");
    assert_eq!(code(wait(holds::review(&vault, &key, next, &note(), &marketing()))), NONE);
    let days = WorkingDays::of(Region::parse("FR").unwrap());
    let calendar = Calendar::new(&Utc, &days);
    let release = |actor| wait(holds::release(&vault, &calendar, &key, &note(), &actor));
    assert_eq!(code(release(marketing())), NONE);
    assert!(wait(vault.outline(subject)).unwrap().iter().any(|row| row.held));
    assert_eq!(code(release(staff("billing"))), "ok");
}

#[test]
fn restrictions_are_lifted_and_read_through_by_those_who_work_on_them() {
    let (_, vault, subject) = world();
    let terms = restriction::Terms {
        ground: RestrictionGround::Claims,
        reason: note(),
        asked: Asked::Person(vault.now()),
        classes: BTreeSet::new(),
        review_on: day("2026-08-01"),
    };
    assert_eq!(code(wait(restriction::place(&vault, subject, &terms, &marketing()))), NONE);
    let key = wait(restriction::place(&vault, subject, &terms, &staff("support"))).unwrap().key;
    let told = Announcement { sent_at: vault.now(), by: Channel::Letter, reason: note() };
    assert_eq!(code(wait(restriction::announce(&vault, &key, &told, &marketing()))), NONE);
    let days = WorkingDays::of(Region::parse("FR").unwrap());
    let calendar = Calendar::new(&Utc, &days);
    assert_eq!(code(wait(restriction::lift(&vault, &calendar, &key, &marketing()))), NONE);
    let until = day("2026-12-01");
    assert_eq!(code(wait(restriction::agenda(&vault, until, &marketing()))), NONE);
    assert_eq!(code(wait(holds::agenda(&vault, until, &marketing()))), NONE);
    assert_eq!(code(wait(holds::agenda(&vault, until, &Actor::subject(subject)))), "case.no_role");
    let read = |actor: &Actor, purpose: &'static str| {
        let purpose = Name::fixed(purpose);
        let ground = RestrictedUse::Claims;
        code(wait(vault.read_restricted(subject, &purpose, ground, actor)))
    };
    assert_eq!(read(&marketing(), "offers"), NONE, "whatever it reads else");
    let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
    assert_eq!(leaf.action, *"subject.read_refused");
    assert!(leaf.find("code").is_some(), "the log says so");
    assert_eq!(read(&Actor::subject(subject), "account"), "policy.unknown_role");
    assert_eq!(read(&staff("support"), "account"), "ok");
}

#[test]
fn objections_are_heard_by_all_and_decided_by_those_who_work_on_them() {
    let (_, vault, subject) = world();
    let objecting = Objecting {
        purpose: Name::fixed("analysis"),
        way: Way::Phone,
        received_at: vault.now(),
        words: Some(Words::new("I am ill.")),
    };
    // Whoever answers the phone writes it down.
    let key = wait(objection::object(&vault, subject, &objecting, &marketing())).unwrap().key;
    let reasons = Decision::Upheld(note());
    assert_eq!(code(wait(objection::decide(&vault, &key, reasons, &marketing()))), NONE);
    let told = Told { sent_at: vault.now(), way: Way::Letter, remedies: true };
    assert_eq!(code(wait(objection::tell(&vault, &key, told, &marketing()))), NONE);
    assert_eq!(code(wait(objection::withdraw(&vault, &key, vault.now(), &marketing()))), NONE);
    let analysis = Name::fixed("analysis");
    let words = code(wait(objection::read_words(&vault, &key, &analysis, &marketing())));
    assert_eq!(words, "policy.not_for_records");
    assert_eq!(code(wait(vault.read(subject, &analysis, &marketing()))), "policy.objected");
    let me = Actor::subject(subject);
    assert_eq!(code(wait(objection::withdraw(&vault, &key, vault.now(), &me))), "ok");
}

#[test]
fn a_policy_can_say_who_enters_consents() {
    let world = World::default();
    let named = POLICY.replacen(
        "consents = { keep = \"5 years\"",
        "consents = { keep = \"5 years\", purposes = [\"account\"]",
        1,
    );
    let vault = world.try_open(&named, OnRestore::Refuse).unwrap().0;
    let subject = ada(&vault);
    let giving = Giving {
        text: Name::fixed("newsletter"),
        language: "en".into(),
        how: How::Paper,
        given_at: vault.now(),
        by: Giver::Person,
        age: None,
        country: None,
    };
    let give = |actor: &Actor| code(wait(consent::give(&vault, subject, &giving, actor)));
    assert_eq!(give(&marketing()), NONE);
    assert_eq!(give(&staff("support")), "ok");
    // A "no" is written down by whoever hears it.
    let news = Name::fixed("newsletter");
    let when = (vault.now(), How::Phone);
    assert_eq!(code(wait(consent::withdraw(&vault, subject, &news, when, &marketing()))), "ok");
}
