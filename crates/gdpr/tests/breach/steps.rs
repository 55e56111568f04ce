//! What the law asks of each step.

use tacenda_core::ActorId;
use tacenda_core::policy::OperatorRole::{Controller, Processor};
use tacenda_gdpr::breach::Breach;
use tacenda_gdpr::breach::severity::Risk;
use tacenda_gdpr::breach::state::{
    Closed, DutyState, Exemption, KeysOutside, Means, Notice, NoticeKind, Notices, PeopleAnswer,
    Stamp, State,
};

use crate::support::*;

fn states(breach: &Breach) -> Vec<(String, DutyState)> {
    breach.duties().into_iter().map(|duty| (duty.recipient.to_string(), duty.state)).collect()
}

fn duty(breach: &Breach, recipient: &str) -> DutyState {
    states(breach).into_iter().find(|(name, _)| name == recipient).unwrap().1
}

#[test]
fn the_whole_way() {
    let policy = unpromised();
    let breach = aware(Controller, &policy);
    let due = breach.duties()[0].due.unwrap();
    assert_eq!(due.keep, hour(72));
    assert_eq!(due.hour_rule.to_string(), "2026-11-23T16:00:00Z");
    assert_eq!(duty(&breach, "authority"), DutyState::Unjudged);
    // The first notice need not wait for the judgement, and comes in phases.
    let first = Notice { complete: false, ..notice("authority", NoticeKind::Initial, 30) };
    let breach = breach.notify(first, stamp(30)).unwrap();
    assert_eq!(duty(&breach, "authority"), DutyState::Begun);
    let breach = breach.judge(judgement(Risk::High), stamp(40)).unwrap();
    assert!(breach.state().judgement().unwrap().overrides(), "the method said medium");
    let breach = breach.settle_notices(Notices::Made, stamp(41)).unwrap();
    assert_eq!(duty(&breach, "data subjects"), DutyState::Owed);
    assert_eq!(
        code(breach.clone().settle_people(PeopleAnswer::Told, stamp(42))),
        "breach.telling_missing"
    );
    let breach = breach.tell(telling(Means::Individual, 42), stamp(42)).unwrap();
    let breach = breach.settle_people(PeopleAnswer::Told, stamp(43)).unwrap();
    assert_eq!(duty(&breach, "data subjects"), DutyState::Done);
    assert_eq!(code(breach.clone().close(remedy(), stamp(44))), "breach.notice_incomplete");
    let rest = notice("authority", NoticeKind::Complementary, 90);
    let breach = breach.notify(rest, stamp(90)).unwrap().close(remedy(), stamp(91)).unwrap();
    assert!(matches!(breach.state(), State::Closed(Closed::Handled { .. })));
    assert_eq!(breach.entries().len(), 9);
    assert!(breach.duties().iter().all(|duty| duty.state == DutyState::Done));
}

#[test]
fn late_needs_reasons_and_exactly_at_the_end_is_not_late() {
    let policy = unpromised();
    let breach = || aware(Controller, &policy);
    let initial = |hours| notice("authority", NoticeKind::Initial, hours);
    assert_eq!(code(breach().notify(initial(72), stamp(72))), "ok");
    assert_eq!(code(breach().notify(initial(73), stamp(73))), "breach.reasons_for_delay");
    let explained = Notice { delay: Some(note("The forensics took long.")), ..initial(73) };
    assert_eq!(code(breach().notify(explained, stamp(73))), "ok");
    // What counts is when it was sent, not when it was entered.
    assert_eq!(code(breach().notify(initial(72), stamp(100))), "ok");
    assert_eq!(code(breach().notify(initial(101), stamp(100))), "breach.in_future");
    // An awareness that is corrected to an earlier time makes a notice late after the fact.
    let told = breach().notify(initial(72), stamp(72)).unwrap();
    let earlier = told.become_aware(hour(-1), note("Since the tip."), &policy, &paris(), stamp(73));
    let settled = |breach: Breach| {
        let breach = breach.judge(judgement(Risk::Risk), stamp(74)).unwrap();
        let breach = breach.settle_notices(Notices::Made, stamp(74)).unwrap();
        breach.settle_people(not_required().1, stamp(74)).unwrap()
    };
    let late = settled(earlier.unwrap());
    assert_eq!(code(late.clone().close(remedy(), stamp(75))), "breach.reasons_for_delay");
    let why = Notice {
        delay: Some(note("The tip was not passed on.")),
        ..notice("authority", NoticeKind::Complementary, 75)
    };
    assert_eq!(code(late.notify(why, stamp(75)).unwrap().close(remedy(), stamp(76))), "ok");
}

#[test]
fn the_risk_decides_and_the_score_does_not() {
    let policy = unpromised();
    for (risk, authority, people) in [
        (Risk::Unlikely, DutyState::NotOwed, DutyState::NotOwed),
        (Risk::Risk, DutyState::Owed, DutyState::NotOwed),
        (Risk::High, DutyState::Owed, DutyState::Owed),
    ] {
        let breach = judged(risk, &policy);
        assert_eq!(duty(&breach, "authority"), authority);
        assert_eq!(duty(&breach, "data subjects"), people);
    }
    let (no_notice, no_telling) = not_required();
    let settle = |risk| judged(risk, &policy).settle_notices(no_notice.clone(), stamp(3));
    assert_eq!(code(settle(Risk::Unlikely)), "ok");
    assert_eq!(code(settle(Risk::Risk)), "breach.notice_required");
    assert_eq!(
        code(judged(Risk::Risk, &policy).settle_notices(Notices::Made, stamp(3))),
        "breach.notice_missing"
    );
    assert_eq!(
        code(judged(Risk::Unlikely, &policy).settle_notices(Notices::Made, stamp(3))),
        "breach.notice_missing",
        "nothing was made"
    );
    let people = |risk| notified(risk, &policy).settle_people(no_telling.clone(), stamp(4));
    assert_eq!(code(people(Risk::Risk)), "ok");
    assert_eq!(code(people(Risk::High)), "breach.telling_required");
}

#[test]
fn a_processor_tells_its_controllers_whatever_the_risk() {
    let policy = unpromised();
    let breach = aware(Processor, &policy);
    let all: Vec<_> =
        breach.duties().into_iter().map(|d| (d.recipient.to_string(), d.due)).collect();
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].0.as_str(), all[0].1.unwrap().keep), ("controllers", hour(48)));
    assert_eq!(duty(&breach, "controllers"), DutyState::Owed);
    let breach = breach.judge(judgement(Risk::Unlikely), stamp(2)).unwrap();
    let none = breach.clone().settle_notices(not_required().0, stamp(3));
    assert_eq!(code(none), "breach.notice_required");
    let breach = breach.notify(notice("controllers", NoticeKind::Initial, 3), stamp(3)).unwrap();
    let breach = breach.settle_notices(Notices::Made, stamp(3)).unwrap();
    assert_eq!(duty(&breach, "controllers"), DutyState::Done);
    // Whom the controllers tell is theirs to decide, even at a high risk.
    let breach = breach.judge(judgement(Risk::High), stamp(4)).unwrap();
    let breach = breach.settle_notices(Notices::Made, stamp(4)).unwrap();
    assert_eq!(code(breach.settle_people(not_required().1, stamp(4))), "ok");
}

#[test]
fn other_roles_open_what_was_settled() {
    let policy = unpromised();
    let breach = notified(Risk::Risk, &policy);
    let mut both = facts(Controller);
    let same = breach.clone().correct(both.clone(), &policy, &paris(), stamp(4)).unwrap();
    assert_eq!(same.state().as_str(), "notified");
    assert!(both.roles.insert(Processor));
    let breach = breach.correct(both, &policy, &paris(), stamp(4)).unwrap();
    assert_eq!(breach.state().as_str(), "assessed");
    assert_eq!(duty(&breach, "controllers"), DutyState::Owed);
    assert_eq!(code(breach.settle_notices(Notices::Made, stamp(5))), "breach.notice_missing");
}

#[test]
fn exemptions_need_their_evidence() {
    let policy = unpromised();
    let settle = |risk, answer| code(notified(risk, &policy).settle_people(answer, stamp(5)));
    assert_eq!(settle(Risk::High, encrypted(OUTSIDE)), "ok");
    assert_eq!(settle(Risk::Risk, encrypted(OUTSIDE)), "breach.exemption_without_duty");
    for (inside, key) in [
        (KeysOutside { keys: false, ..OUTSIDE }, "keys"),
        (KeysOutside { master_key: false, ..OUTSIDE }, "master_key"),
        (KeysOutside { safe_mirror: false, ..OUTSIDE }, "safe_mirror"),
        (KeysOutside { live_grants: false, ..OUTSIDE }, "live_grants"),
    ] {
        let error = notified(Risk::High, &policy).settle_people(encrypted(inside), stamp(5));
        let error = error.unwrap_err();
        assert_eq!(error.code(), "breach.keys_not_outside");
        assert_eq!(error.context("key").unwrap().plain(), key);
    }
    let mitigated = Exemption::Mitigated(note("All passwords were reset."));
    assert_eq!(settle(Risk::High, PeopleAnswer::Exempt(mitigated)), "ok");
    let effort = || PeopleAnswer::Exempt(Exemption::Disproportionate(note("No addresses.")));
    assert_eq!(settle(Risk::High, effort()), "breach.public_missing");
    let public = notified(Risk::High, &policy).tell(telling(Means::Public, 4), stamp(4)).unwrap();
    assert_eq!(code(public.settle_people(effort(), stamp(5))), "ok");
}

#[test]
fn an_order_of_the_authority_leaves_no_way_around() {
    let policy = unpromised();
    let breach = notified(Risk::High, &policy).settle_people(encrypted(OUTSIDE), stamp(5)).unwrap();
    let breach = breach.order_telling(note("Decision of the authority."), stamp(6)).unwrap();
    assert_eq!(breach.state().as_str(), "notified");
    assert_eq!(duty(&breach, "data subjects"), DutyState::Owed);
    let exempt = breach.clone().settle_people(encrypted(OUTSIDE), stamp(7));
    assert_eq!(code(exempt), "breach.telling_required");
    let breach = breach.tell(telling(Means::Individual, 7), stamp(7)).unwrap();
    assert_eq!(code(breach.settle_people(PeopleAnswer::Told, stamp(8))), "ok");
}

#[test]
fn who_cannot_be_reached_is_told_in_public() {
    let policy = unpromised();
    let breach = notified(Risk::High, &policy);
    let mut some = telling(Means::AccountEmail, 4);
    some.unreachable = 3;
    let breach = breach.tell(some, stamp(4)).unwrap();
    let told = |breach: Breach| code(breach.settle_people(PeopleAnswer::Told, stamp(6)));
    assert_eq!(told(breach.clone()), "breach.public_missing");
    assert_eq!(told(breach.tell(telling(Means::Public, 5), stamp(5)).unwrap()), "ok");
}

#[test]
fn steps_out_of_order_are_refused_by_name() {
    let policy = unpromised();
    let suspected = || Breach::suspect(facts(Controller), &policy, stamp(0)).unwrap();
    let wrong = "breach.wrong_step";
    assert_eq!(code(suspected().judge(judgement(Risk::High), stamp(1))), wrong);
    let early = notice("authority", NoticeKind::Initial, 1);
    assert_eq!(code(suspected().notify(early, stamp(1))), wrong);
    assert_eq!(code(suspected().close(remedy(), stamp(1))), wrong);
    assert_eq!(code(suspected().reopen(note("Again."), stamp(1))), wrong);
    let error = aware(Controller, &policy).settle_people(PeopleAnswer::Told, stamp(2)).unwrap_err();
    let said = error.to_string();
    assert!(said.contains("state aware") && said.contains("step people_settled"), "{said}");
    let complementary = notice("authority", NoticeKind::Complementary, 3);
    let breach = judged(Risk::Risk, &policy);
    assert_eq!(code(breach.clone().notify(complementary, stamp(3))), "breach.not_notified_yet");
    let initial = || notice("authority", NoticeKind::Initial, 3);
    let breach = breach.notify(initial(), stamp(3)).unwrap();
    assert_eq!(code(breach.clone().notify(initial(), stamp(4))), "breach.already_notified");
    assert_eq!(code(breach.remark(note("Later."), stamp(2))), "breach.clock_went_back");
    let machine = Stamp { at: hour(2), by: ActorId::SYSTEM };
    let by_nobody = aware(Controller, &policy).judge(judgement(Risk::Risk), machine);
    assert_eq!(code(by_nobody), "breach.judged_by_nobody");
    let mut nobody = facts(Controller);
    nobody.roles.clear();
    assert_eq!(code(Breach::suspect(nobody, &policy, stamp(0))), "breach.no_role");
}

#[test]
fn a_closed_breach_takes_remarks_and_is_reopened() {
    let policy = unpromised();
    let breach = notified(Risk::Unlikely, &policy);
    let breach = breach.settle_people(not_required().1, stamp(4)).unwrap();
    let breach = breach.close(remedy(), stamp(5)).unwrap();
    let breach = breach.remark(note("The authority has no questions."), stamp(6)).unwrap();
    assert_eq!(breach.state().as_str(), "closed");
    let again = breach.clone().correct(facts(Controller), &policy, &paris(), stamp(7));
    assert_eq!(code(again), "breach.wrong_step");
    let breach = breach.reopen(note("A second copy was found."), stamp(7)).unwrap();
    assert_eq!(breach.state().as_str(), "aware");
    let unfounded = Breach::suspect(facts(Controller), &policy, stamp(0)).unwrap();
    let unfounded = unfounded.find_unfounded(unfounded_alone(), stamp(1)).unwrap();
    assert!(unfounded.duties().iter().all(|duty| duty.state == DutyState::NotOwed));
    let again = unfounded.reopen(note("It was ours after all."), stamp(2)).unwrap();
    assert_eq!(again.state().as_str(), "suspected");
}

#[test]
fn a_notice_withdrawn_after_it_was_settled_is_missing_at_the_end() {
    let policy = unpromised();
    let breach = notified(Risk::Risk, &policy);
    let breach = breach.settle_people(not_required().1, stamp(4)).unwrap();
    let breach = breach.notify(notice("authority", NoticeKind::Withdrawal, 5), stamp(5)).unwrap();
    assert_eq!(code(breach.clone().close(remedy(), stamp(6))), "breach.notice_missing");
    let breach = breach.notify(notice("authority", NoticeKind::Initial, 7), stamp(7)).unwrap();
    assert_eq!(code(breach.close(remedy(), stamp(8))), "ok");
}

fn unfounded_alone() -> tacenda_gdpr::breach::state::Unfounded {
    unfounded(None)
}

#[test]
fn what_was_notified_is_withdrawn_before_it_is_unfounded() {
    let policy = unpromised();
    let breach = notified(Risk::Risk, &policy);
    let found = breach.clone().find_unfounded(unfounded_alone(), stamp(4));
    assert_eq!(code(found), "breach.notice_not_withdrawn");
    let breach = breach.notify(notice("authority", NoticeKind::Withdrawal, 4), stamp(4)).unwrap();
    assert_eq!(code(breach.find_unfounded(unfounded_alone(), stamp(5))), "ok");
}
