//! A promise to customers binds above the law (S27).

use tacenda_core::policy::OperatorRole::{Controller, Processor};
use tacenda_core::policy::Policy;
use tacenda_core::{ActorId, Name};
use tacenda_gdpr::breach::Breach;
use tacenda_gdpr::breach::severity::Risk;
use tacenda_gdpr::breach::state::{DutyState, Means, Nature, PeopleAnswer, State};

use crate::support::*;

fn suspected() -> Breach {
    Breach::suspect(facts(Controller), &policy(), stamp(0)).unwrap()
}

#[test]
fn it_binds_on_the_suspicion() {
    let breach = suspected();
    assert_eq!(breach.state(), &State::Suspected);
    assert!(breach.promise_binds());
    let duties = breach.duties();
    assert_eq!(duties.len(), 1);
    assert_eq!((duties[0].recipient.as_str(), duties[0].promised), ("data subjects", true));
    assert_eq!(duties[0].state, DutyState::Owed);
    // And it is kept on the suspicion: customers are told before anything else is known.
    let breach = breach.tell(telling(Means::AccountEmail, 1), stamp(1)).unwrap();
    assert_eq!(breach.duties()[0].state, DutyState::Done);
}

#[test]
fn neither_low_severity_nor_an_exemption_closes_it() {
    for risk in [Risk::Unlikely, Risk::Risk, Risk::High] {
        let breach = notified(risk, &policy());
        let settle = |answer| code(breach.clone().settle_people(answer, stamp(4)));
        assert_eq!(settle(not_required().1), "breach.promise_binds");
        assert_eq!(settle(encrypted(OUTSIDE)), "breach.promise_binds");
        assert_eq!(settle(PeopleAnswer::Told), "breach.telling_missing");
        let otherwise = breach.clone().tell(telling(Means::Individual, 4), stamp(4)).unwrap();
        let told = otherwise.settle_people(PeopleAnswer::Told, stamp(5));
        assert_eq!(code(told), "breach.telling_missing", "promised was an e-mail");
        let promised = breach.tell(telling(Means::AccountEmail, 4), stamp(4)).unwrap();
        assert_eq!(code(promised.settle_people(PeopleAnswer::Told, stamp(5))), "ok");
    }
}

#[test]
fn an_unfounded_suspicion_needs_a_second_person() {
    let find = |by| code(suspected().find_unfounded(unfounded(by), stamp(1)));
    assert_eq!(find(None), "breach.second_approver");
    assert_eq!(find(Some(DPO)), "breach.second_approver", "the same person");
    assert_eq!(find(Some(ActorId::SYSTEM)), "breach.second_approver", "not a person");
    assert_eq!(find(Some(BOSS)), "ok");
}

#[test]
fn it_is_about_its_nature_and_classes() {
    let binds = |nature, classes: &[&'static str]| {
        let mut facts = facts(Controller);
        facts.nature = nature;
        facts.classes = classes.iter().copied().map(Name::fixed).collect();
        Breach::suspect(facts, &policy(), stamp(0)).unwrap().promise_binds()
    };
    assert!(binds(Nature::THEFT, &["account"]) && binds(Nature::THEFT, &["payment", "other"]));
    assert!(binds(Nature::THEFT, &[]), "while no class is known, every class may be");
    assert!(!binds(Nature::THEFT, &["other"]));
    assert!(!binds(Nature::new(true, false, false, false).unwrap(), &["account"]));
    assert!(!binds(Nature::new(false, false, true, false).unwrap(), &["account"]));
}

#[test]
fn it_binds_a_processor_too_if_its_data_is_concerned() {
    let breach = Breach::suspect(facts(Processor), &policy(), stamp(0)).unwrap();
    assert!(breach.promise_binds());
}

#[test]
fn a_correction_binds_and_does_not_release() {
    let policy = policy();
    let mut other = facts(Controller);
    other.classes = [Name::fixed("other")].into();
    let breach = Breach::suspect(other.clone(), &policy, stamp(0)).unwrap();
    let breach = breach.become_aware(hour(0), note("Ours."), &policy, &paris(), stamp(1)).unwrap();
    let breach = breach.judge(judgement(Risk::Unlikely), stamp(2)).unwrap();
    let (no_notice, no_telling) = not_required();
    let breach = breach.settle_notices(no_notice, stamp(2)).unwrap();
    let breach = breach.settle_people(no_telling, stamp(3)).unwrap();
    // It turns out that accounts are concerned: what was settled is open again.
    let breach = breach.correct(facts(Controller), &policy, &paris(), stamp(4)).unwrap();
    assert_eq!(breach.state().as_str(), "notified");
    assert!(breach.promise_binds());
    // And that they are not, after all: the promise is lifted by two people, or stays.
    let lift = |breach: Breach, by| breach.lift_promise(unfounded(by), stamp(6));
    assert_eq!(code(lift(breach.clone(), Some(BOSS))), "breach.promise_binds");
    let breach = breach.correct(other, &policy, &paris(), stamp(5)).unwrap();
    assert!(breach.promise_binds());
    assert_eq!(code(lift(breach.clone(), Some(DPO))), "breach.second_approver");
    let breach = lift(breach, Some(BOSS)).unwrap();
    assert!(!breach.promise_binds());
    assert_eq!(
        code(breach.clone().lift_promise(unfounded(Some(BOSS)), stamp(7))),
        "breach.wrong_step"
    );
    assert_eq!(code(breach.settle_people(not_required().1, stamp(7))), "ok");
}

#[test]
fn what_was_told_in_another_way_before_it_bound_does_not_keep_it() {
    let policy = policy();
    let mut loss = facts(Controller);
    loss.nature = Nature::new(false, false, true, false).unwrap();
    let breach = Breach::suspect(loss, &policy, stamp(0)).unwrap();
    let breach = breach.become_aware(hour(0), note("Ours."), &policy, &paris(), stamp(1)).unwrap();
    let breach = breach.judge(judgement(Risk::Unlikely), stamp(2)).unwrap();
    let breach = breach.settle_notices(not_required().0, stamp(2)).unwrap();
    let breach = breach.tell(telling(Means::Individual, 3), stamp(3)).unwrap();
    let breach = breach.settle_people(PeopleAnswer::Told, stamp(3)).unwrap();
    let duty = |breach: &Breach| {
        let mut duties = breach.duties().into_iter();
        duties.find(|duty| duty.recipient.as_str() == "data subjects").unwrap().state
    };
    assert_eq!(duty(&breach), DutyState::Done);
    // It was a theft, and what was promised was an e-mail.
    let breach = breach.correct(facts(Controller), &policy, &paris(), stamp(4)).unwrap();
    assert!(breach.promise_binds());
    assert_eq!(duty(&breach), DutyState::Begun);
    assert_eq!(code(breach.clone().close(remedy(), stamp(5))), "breach.telling_missing");
    let breach = breach.tell(telling(Means::AccountEmail, 5), stamp(5)).unwrap();
    assert_eq!(duty(&breach), DutyState::Done);
    assert_eq!(code(breach.close(remedy(), stamp(6))), "ok");
}

#[test]
fn it_may_wait_for_the_awareness() {
    let text = EXAMPLE.replace("trigger = \"suspicion\"", "trigger = \"awareness\"");
    let policy = Policy::parse(&text).unwrap();
    let breach = Breach::suspect(facts(Controller), &policy, stamp(0)).unwrap();
    assert!(breach.promise().is_some() && !breach.promise_binds());
    let aware = breach.become_aware(hour(0), note("Ours."), &policy, &paris(), stamp(1)).unwrap();
    assert!(aware.promise_binds());
}
