//! What counts from the receipt on, whoever logs it; and that nothing is said to be granted that is not.

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::policy::records::{OBJECTIONS, REQUESTS};
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, NewRecord, OnRestore, RecordItems, RecordKey, Standing, Vault,
};
use tacenda_core::{Name, SubjectId};
use tacenda_gdpr::consent::{self, Giver, Giving, How};
use tacenda_gdpr::objection;
use tacenda_gdpr::requests::{
    self, Answer, Arrival, Channel, Decision, Effect, Event, Evidence, Hints, IdentityAnswer,
    IdentityAsk, IdentityOutcome, IdentityQuestion, Received, RequestId, RestrictionGround, Right,
    Scope, Whom, step,
};
use tacenda_testkit::world::{POLICY, World, ada, staff};

use crate::support::*;

const NEWS: Name = Name::fixed("newsletter");
const OFFERS: Name = Name::fixed("offers");
const ANALYSIS: Name = Name::fixed("analysis");

fn give(vault: &Vault, subject: SubjectId) {
    give_to(vault, subject, NEWS);
}

fn give_to(vault: &Vault, subject: SubjectId, text: Name) {
    let giving = Giving {
        text,
        language: "en".into(),
        how: How::Account,
        given_at: vault.now(),
        by: Giver::Person,
        age: None,
        country: None,
    };
    wait(consent::give(vault, subject, &giving, &Actor::subject(subject))).unwrap();
}

fn read(vault: &Vault, subject: SubjectId, purpose: &Name) -> &'static str {
    code(wait(vault.read(subject, purpose, &staff("marketing"))))
}

fn receive(vault: &Vault, arrival: Arrival) -> Received {
    wait(requests::receive(vault, &utc(), arrival, &staff("support"))).unwrap()
}

fn letter(vault: &Vault, subject: SubjectId, right: Right) -> Arrival {
    arrival(vault, Whom::Known(subject), right)
}

/// Enters an answer that grants what was asked for, once it is known who asks.
fn grant(vault: &Vault, key: &RecordKey) -> &'static str {
    let (now, dpo) = (vault.now(), staff("support"));
    let enter = |event| wait(step(vault, &utc(), key, event, &dpo));
    let ask = IdentityQuestion { asked_at: now, ask: IdentityAsk::EmailRoundTrip };
    let outcome = IdentityOutcome::Confirmed(Evidence::EmailRoundTrip);
    let confirmed = IdentityAnswer { answered_at: now, outcome };
    let hints = Hints { complaint: false, court: false };
    if enter(Event::IdentityAsked(ask)).is_ok() {
        enter(Event::IdentityAnswered(confirmed)).unwrap();
        enter(Event::Decided(Decision::Granted(None))).unwrap();
    }
    code(enter(Event::Answered(Answer { sent_at: now, by: Channel::Email, hints })))
}

#[test]
fn who_writes_no_adverts_is_sent_none_from_then_on() {
    let vault = World::default().open();
    let subject = ada(&vault);
    give(&vault, subject);
    let id = Some(RequestId::from_bytes([5; 16]));
    let arrival = Arrival { id, ..letter(&vault, subject, Right::MarketingObjection) };
    let got = receive(&vault, arrival.clone());
    assert_eq!(got.effect, Effect::Counts);
    assert_eq!(read(&vault, subject, &OFFERS), "policy.objected");
    assert_eq!(read(&vault, subject, &NEWS), "policy.objected");
    assert_eq!(read(&vault, subject, &ANALYSIS), "ok");
    // A second try makes neither a second file nor a second objection.
    let again = receive(&vault, arrival);
    assert_eq!((again.effect, again.is_new), (Effect::Counts, false));
    assert_eq!(wait(vault.records_of(subject, &OBJECTIONS)).unwrap().len(), 1);
    assert_eq!(grant(&vault, &got.key), "ok");
    wait(vault.audit()).unwrap();
}

#[test]
fn who_writes_that_they_withdraw_is_heard_at_once() {
    for purpose in [None, Some(NEWS)] {
        let world = World::default();
        let vault = world.open();
        let subject = ada(&vault);
        give(&vault, subject);
        world.clock.advance(Span::days(3));
        let arrival = Arrival {
            purpose: purpose.clone(),
            ..letter(&vault, subject, Right::ConsentWithdrawal)
        };
        let got = receive(&vault, arrival);
        assert_eq!(got.effect, Effect::Counts);
        assert_eq!(read(&vault, subject, &NEWS), "policy.no_consent");
        assert_eq!(read(&vault, subject, &OFFERS), "ok");
        // Who consents anew is no reason not to say that the withdrawal counted.
        world.clock.advance(Span::days(3));
        give(&vault, subject);
        assert_eq!(grant(&vault, &got.key), "ok");
    }
}

#[test]
fn an_objection_that_names_its_purpose_stops_it_until_it_is_decided() {
    let vault = World::default().open();
    let subject = ada(&vault);
    let to = |purpose| Arrival { purpose, ..letter(&vault, subject, Right::Objection) };
    let silent = receive(&vault, to(None));
    assert_eq!(silent.effect, Effect::Waits);
    assert_eq!(read(&vault, subject, &ANALYSIS), "ok");
    assert_eq!(grant(&vault, &silent.key), "requests.not_so", "nothing is objected to");
    let got = receive(&vault, to(Some(ANALYSIS)));
    assert_eq!(got.effect, Effect::Counts);
    assert_eq!(read(&vault, subject, &ANALYSIS), "policy.objected");
    assert_eq!(receive(&vault, to(Some(ANALYSIS))).effect, Effect::Counts);
    let kept = wait(objection::objections_of(&vault, subject, &ACCOUNT, &staff("support")));
    let kept = kept.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].objection.as_ref().unwrap().entries().len(), 1);
    assert_eq!(grant(&vault, &silent.key), "ok");
    // What nobody may object to is a file all the same.
    let contract = receive(&vault, to(Some(ACCOUNT)));
    assert_eq!(contract.effect, Effect::Failed("objection.other_basis"));
    assert!(contract.is_new);
    let nothing = receive(&vault, to(Some(Name::fixed("nothing"))));
    assert_eq!(nothing.effect, Effect::Failed("policy.unknown_purpose"));
    assert_eq!(wait(vault.records_of(subject, &REQUESTS)).unwrap().len(), 5);
}

#[test]
fn nothing_is_granted_that_does_not_count() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    give(&vault, subject);
    world.clock.advance(Span::days(1));
    let restated = |right| {
        let key = receive(&vault, letter(&vault, subject, Right::Access)).key;
        let event = Event::Restated(right, Scope::ALL, note("It says so further down."));
        wait(step(&vault, &utc(), &key, event, &staff("support"))).unwrap();
        key
    };
    let accuracy = Right::Restriction(RestrictionGround::Accuracy);
    for right in [Right::MarketingObjection, Right::ConsentWithdrawal, Right::Objection] {
        assert_eq!(grant(&vault, &restated(right)), "requests.not_so", "{right:?}");
    }
    let restriction = restated(accuracy);
    assert_eq!(grant(&vault, &restriction), "requests.not_so");
    let restrict = |classes: &[&'static str]| {
        let restricted = classes.iter().map(|class| (Name::fixed(class), true)).collect();
        let new = NewRecord {
            subject: Some(subject),
            standing: Standing::Open { state: Name::fixed("received"), due_at: None },
            items: RecordItems::default().with(MODEL, b"restriction".to_vec()),
            entry: Entry::new("request.opened"),
            effects: Effects { restricted, ..Effects::default() },
        };
        wait(vault.add_record(&REQUESTS, new, &staff("support"))).unwrap();
    };
    restrict(&["account"]);
    assert_eq!(grant(&vault, &restriction), "requests.not_so", "all of it was asked for");
    restrict(&["billing", "payment"]);
    assert_eq!(grant(&vault, &restriction), "ok");
}

#[test]
fn whoever_has_no_account_is_answered_all_the_same() {
    let vault = World::default().open();
    let letter = arrival(&vault, Whom::Unknown, Right::MarketingObjection);
    let got = receive(&vault, letter);
    assert_eq!(got.effect, Effect::Waits);
    assert_eq!(grant(&vault, &got.key), "ok");
}

#[test]
fn nobody_is_told_that_it_counts_whose_account_was_never_looked_up() {
    let world = World::default();
    let vault = world.open();
    let _ = ada(&vault);
    let email = |text: &str| {
        // The role may not look anybody up for this purpose.
        Whom::HasEmail(tacenda_core::pii::Email::parse(text).unwrap(), Name::fixed("billing"))
    };
    for (of, expected) in [("ada@example.org", "requests.not_so"), ("eve@example.org", "ok")] {
        let at = receive(&vault, arrival(&vault, email(of), Right::MarketingObjection));
        assert_eq!(at.effect, Effect::Waits);
        assert_eq!(grant(&vault, &at.key), expected, "{of}");
    }
}

#[test]
fn a_no_to_one_purpose_is_no_answer_about_another() {
    let vault = World::default().open();
    let subject = ada(&vault);
    let to = |purpose| Arrival { purpose, ..letter(&vault, subject, Right::Objection) };
    let analysis = receive(&vault, to(Some(ANALYSIS)));
    let contract = receive(&vault, to(Some(ACCOUNT)));
    assert_eq!(contract.effect, Effect::Failed("objection.other_basis"));
    assert_eq!(grant(&vault, &contract.key), "requests.not_so");
    assert_eq!(grant(&vault, &analysis.key), "ok");
    // To all marketing is to each purpose of it.
    let offers = receive(&vault, to(Some(OFFERS)));
    assert_eq!(offers.effect, Effect::Counts);
    assert_eq!(grant(&vault, &offers.key), "ok");
}

#[test]
fn a_withdrawal_is_granted_once_all_that_it_is_about_is_withdrawn() {
    let survey = Name::fixed("survey");
    let policy = POLICY
        .replace("purposes = [\"newsletter\",", "purposes = [\"survey\", \"newsletter\",")
        + "\n[purposes.survey]\nactivity = \"accounts\"\ndescription = \"A survey.\"\n\
           basis = \"consent\"\nitems = [\"email\"]\n\n[consents.survey]\npurpose = \"survey\"\n\
           version = 1\ntext = \"Ask me.\"\n";
    let world = World::default();
    let vault = world.try_open(&policy, OnRestore::Refuse).unwrap().0;
    let subject = ada(&vault);
    let restated = || {
        let key = receive(&vault, letter(&vault, subject, Right::Access)).key;
        let all = Event::Restated(Right::ConsentWithdrawal, Scope::ALL, note("Further down."));
        wait(step(&vault, &utc(), &key, all, &staff("support"))).unwrap();
        key
    };
    give(&vault, subject);
    give_to(&vault, subject, survey.clone());
    world.clock.advance(Span::days(1));
    let all = restated();
    let withdraw = |purpose: &Name| {
        let when = (vault.now(), How::Email);
        wait(consent::withdraw(&vault, subject, purpose, when, &staff("support"))).unwrap();
    };
    withdraw(&NEWS);
    assert_eq!(grant(&vault, &all), "requests.not_so", "the other stands");
    withdraw(&survey);
    assert_eq!(grant(&vault, &all), "ok");
}

#[test]
fn a_second_try_of_a_withdrawal_ends_no_consent_that_is_newer() {
    for purpose in [None, Some(NEWS)] {
        let world = World::default();
        let vault = world.open();
        let subject = ada(&vault);
        give(&vault, subject);
        world.clock.advance(Span::days(1));
        let id = Some(RequestId::from_bytes([5; 16]));
        let withdrawal = Arrival {
            id,
            purpose: purpose.clone(),
            ..letter(&vault, subject, Right::ConsentWithdrawal)
        };
        assert!(receive(&vault, withdrawal.clone()).is_new);
        world.clock.advance(Span::days(1));
        give(&vault, subject);
        let again = receive(&vault, withdrawal);
        assert_eq!((again.is_new, again.effect), (false, Effect::Counts));
        assert_eq!(read(&vault, subject, &NEWS), "ok");
        // What is said after the new consent ends it.
        world.clock.advance(Span::days(1));
        receive(&vault, Arrival { purpose, ..letter(&vault, subject, Right::ConsentWithdrawal) });
        assert_eq!(read(&vault, subject, &NEWS), "policy.no_consent");
    }
}
