//! Objections: what is read while one waits, and after it is decided.

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::vault::{Actor, Standing, Vault};
use tacenda_core::{ActorId, Name, SubjectId};
use tacenda_gdpr::erasure;
use tacenda_gdpr::objection::{
    self, Decision, Ground, Objecting, Overriding, State, Told, Way, decide, stop_marketing, tell,
    withdraw,
};
use tacenda_gdpr::requests::Words;
use tacenda_testkit::world::{World, ada, staff};

use crate::support::*;

fn upheld() -> Decision {
    Decision::Upheld(note("It is so."))
}

fn overruled() -> Decision {
    Decision::Overruled(Overriding::CompellingGrounds, note("The service fails without."))
}

fn objections(vault: &Vault, subject: SubjectId) -> Vec<objection::Objection> {
    let dpo = staff("support");
    let listed = wait(objection::objections_of(vault, subject, &ACCOUNT, &dpo)).unwrap();
    listed.into_iter().map(|one| one.objection.unwrap()).collect()
}

#[test]
fn marketing_stops_at_the_next_read_for_good() {
    let vault = World::default().open();
    let subject = ada(&vault);
    give(&vault, subject).unwrap();
    assert_eq!((read(&vault, subject, &OFFERS), read(&vault, subject, &NEWS)), ("ok", "ok"));
    let me = Actor::subject(subject);
    let entered =
        wait(stop_marketing(&vault, subject, (vault.now(), Way::Automated), &me)).unwrap();
    assert_eq!(entered.len(), 2, "whatever they rest on");
    assert_eq!(read(&vault, subject, &OFFERS), "policy.objected");
    assert_eq!(read(&vault, subject, &NEWS), "policy.objected");
    assert_eq!(read(&vault, subject, &ANALYSIS), "ok", "which is no marketing");
    let made: Vec<_> = objections(&vault, subject).iter().map(|one| one.made().ground).collect();
    assert_eq!(made, [Ground::Marketing; 2]);
    for one in &entered {
        let weighed = wait(decide(&vault, &one.key, overruled(), &staff("support")));
        assert_eq!(code(weighed), "objection.marketing_final");
    }
    let leaves = wait(vault.history(subject, 99)).unwrap().len();
    let again = wait(stop_marketing(&vault, subject, (vault.now(), Way::Automated), &me)).unwrap();
    assert!(again.iter().zip(&entered).all(|(a, b)| a.repeated && a.key == b.key));
    assert_eq!(wait(vault.history(subject, 99)).unwrap().len(), leaves, "there is nothing to add");
    // Not even a new consent brings it back, before the person takes the objection back.
    withdraw_consent_and_ask_again(&vault, subject);
    let news = entered.iter().zip(objections(&vault, subject));
    let (news, _) = news.into_iter().find(|(_, one)| *one.purpose() == NEWS).unwrap();
    let taken_back = wait(withdraw(&vault, &news.key, vault.now(), &me)).unwrap();
    assert!(matches!(taken_back, State::Withdrawn(_)));
    assert_eq!(read(&vault, subject, &NEWS), "policy.no_consent");
    give(&vault, subject).unwrap();
    assert_eq!(read(&vault, subject, &NEWS), "ok");
    assert_eq!(read(&vault, subject, &OFFERS), "policy.objected");
    wait(vault.audit()).unwrap();
}

fn withdraw_consent_and_ask_again(vault: &Vault, subject: SubjectId) {
    crate::support::withdraw(vault, subject).unwrap();
    assert_eq!(code(give(vault, subject)), "consent.objected");
}

#[test]
fn an_objection_stops_reads_until_it_is_decided_and_the_person_told() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    assert_eq!(read(&vault, subject, &ANALYSIS), "ok");
    let key = object(&vault, subject, &ANALYSIS).unwrap().key;
    assert_eq!(read(&vault, subject, &ANALYSIS), "policy.objected");
    let dpo = staff("support");
    let letter = told(vault.now());
    assert_eq!(code(wait(tell(&vault, &key, letter, &dpo))), "objection.wrong_step");
    for nobody in [Actor::system(), Actor::subject(subject)] {
        let decided = wait(decide(&vault, &key, overruled(), &nobody));
        assert_eq!(code(decided), "objection.decided_by_nobody");
    }
    let ghost = Actor::staff(ActorId::from_bytes([9; 16]), Name::fixed("ghost"));
    assert_eq!(code(wait(decide(&vault, &key, overruled(), &ghost))), "policy.unknown_role");
    assert_eq!(wait(decide(&vault, &key, overruled(), &dpo)).unwrap(), State::Overruled);
    assert_eq!(read(&vault, subject, &ANALYSIS), "policy.objected", "nobody was told yet");
    let silent = Told { remedies: false, ..letter };
    assert_eq!(code(wait(tell(&vault, &key, silent, &dpo))), "objection.remedies_missing");
    let early = Told { sent_at: vault.now().minus(Span::days(1)), ..letter };
    assert_eq!(code(wait(tell(&vault, &key, early, &dpo))), "objection.before_receipt");
    let late = Told { sent_at: vault.now().plus(Span::days(1)), ..letter };
    assert_eq!(code(wait(tell(&vault, &key, late, &dpo))), "objection.in_future");
    assert_eq!(wait(tell(&vault, &key, letter, &dpo)).unwrap(), State::Overridden);
    assert_eq!(read(&vault, subject, &ANALYSIS), "ok");
    assert!(matches!(wait(vault.record(&key)).unwrap().standing, Standing::Closed { .. }));
    assert_eq!(code(wait(decide(&vault, &key, upheld(), &dpo))), "objection.wrong_step");

    // Another one, of new reasons.
    pass(&world, 30);
    let next = object(&vault, subject, &ANALYSIS).unwrap();
    assert!(!next.repeated && next.key != key);
    wait(decide(&vault, &next.key, upheld(), &dpo)).unwrap();
    assert_eq!(wait(tell(&vault, &next.key, told(vault.now()), &dpo)).unwrap(), State::Stands);
    assert_eq!(read(&vault, subject, &ANALYSIS), "policy.objected");
    assert_eq!(objections(&vault, subject)[1].entries().len(), 3);
    wait(vault.audit()).unwrap();
}

#[test]
fn who_says_it_again_before_being_told_is_weighed_again() {
    let vault = World::default().open();
    let subject = ada(&vault);
    let key = object(&vault, subject, &ANALYSIS).unwrap().key;
    wait(decide(&vault, &key, overruled(), &staff("support"))).unwrap();
    let again = object(&vault, subject, &ANALYSIS).unwrap();
    assert!(again.repeated && again.key == key);
    let one = objections(&vault, subject).remove(0);
    assert_eq!(one.state(), &State::Pending);
    let words = wait(objection::read_words(&vault, &key, &ACCOUNT, &staff("support"))).unwrap();
    let both = "I am in a situation.\n\nI am in a situation.";
    assert_eq!(words, Some(Words::new(both)), "nothing of what was said is lost");
    assert_eq!(wait(decide(&vault, &key, upheld(), &staff("support"))).unwrap(), State::Stands);
    assert_eq!(read(&vault, subject, &ANALYSIS), "policy.objected");
}

#[test]
fn wrong_objections_are_refused() {
    let vault = World::default().open();
    let subject = ada(&vault);
    let tried = |objecting: Objecting, actor: &Actor| {
        code(wait(objection::object(&vault, subject, &objecting, actor)))
    };
    let me = Actor::subject(subject);
    let contract = objecting(&vault, &ACCOUNT, None);
    assert_eq!(tried(contract, &me), "objection.other_basis");
    let unknown = objecting(&vault, &Name::fixed("nothing"), None);
    assert_eq!(tried(unknown, &me), "policy.unknown_purpose");
    let good = objecting(&vault, &ANALYSIS, None);
    let early = Objecting { received_at: vault.now().plus(Span::days(1)), ..good.clone() };
    assert_eq!(tried(early, &me), "objection.in_future");
    let stranger = Actor::subject(SubjectId::generate(vault.now(), vault.ports().rng.as_ref()));
    assert_eq!(tried(good, &stranger), "objection.not_the_subject");
    assert_eq!(read(&vault, subject, &ANALYSIS), "ok");
    let key = object(&vault, subject, &ANALYSIS).unwrap().key;
    let taken = wait(withdraw(&vault, &key, vault.now(), &stranger));
    assert_eq!(code(taken), "objection.not_the_subject");
    let nobody = SubjectId::generate(vault.now(), vault.ports().rng.as_ref());
    assert_eq!(code(object(&vault, nobody, &ANALYSIS)), "vault.not_found");
}

#[test]
fn the_objections_of_an_erased_account_begin_their_retention() {
    let vault = World::default().open();
    let subject = ada(&vault);
    let pending = object(&vault, subject, &ANALYSIS).unwrap().key;
    let stands = object(&vault, subject, &OFFERS).unwrap().key;
    let settle = |state: &State| wait(objection::settle(&vault, state, None, 9)).unwrap().ended;
    assert_eq!((settle(&State::Pending), settle(&State::Stands)), (0, 0));
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let all = [State::Pending, State::Stands, State::Overruled, State::Ended];
    assert_eq!(all.each_ref().map(settle), [1, 1, 0, 0]);
    for key in [pending, stands] {
        assert!(matches!(wait(vault.record(&key)).unwrap().standing, Standing::Closed { .. }));
    }
    assert!(objections(&vault, subject).iter().all(|one| *one.state() == State::Ended));
}
