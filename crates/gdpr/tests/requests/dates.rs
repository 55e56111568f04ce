//! By when a request is answered: pauses, the extension, the refusal.

use tacenda_core::calendar::{Step, Utc};
use tacenda_gdpr::requests::{
    Asked, Calendar, Channel, Correction, Decision, Due, Evidence, Ground, IdentityAsk, Request,
    Requester, Right, Stage, Stamp, State, Uncounted,
};

use crate::support::*;

fn due(request: &Request, days: i64) -> Due {
    request.due(&france(), day(days)).unwrap()
}

#[test]
fn a_month_from_receipt_moved_to_a_working_day() {
    let due = due(&received(Right::Access), 0);
    let line = received(Right::Access).line(&france(), day(0)).unwrap();
    assert_eq!((line.id, line.right, line.due), (ID, Right::Access, date("2026-04-07")));
    assert_eq!(line.stage, Stage::Received);
    assert_eq!((due.last_day(), due.unpaused_day()), (date("2026-04-07"), date("2026-04-07")));
    let trace = due.counts().due.trace();
    assert!(trace.contains(&Step::EventNotCounted { day: date("2026-03-05") }));
    assert_eq!(trace.iter().filter(|step| matches!(step, Step::PassedOver { .. })).count(), 2);
    assert_eq!(due.over_at(france().zone), day(34).minus(tacenda_core::clock::Span::hours(10)));
    // The day of receipt is that of the controller's zone: 5 March 23:30 UTC is the 6th in Paris.
    let mut late = intake(Right::Access);
    late.received_at = tacenda_core::Timestamp::parse_rfc3339("2026-03-05T23:30:00Z").unwrap();
    let late = Request::receive(late, stamp(9)).unwrap();
    let nominal = |calendar: &Calendar<'_>| late.first_due(calendar, day(9)).unwrap().nominal();
    assert_eq!(nominal(&france()), date("2026-04-06"));
    assert_eq!(nominal(&Calendar { zone: &Utc, ..france() }), date("2026-04-05"));
}

#[test]
fn a_prompt_question_pauses_and_the_other_date_is_kept() {
    let asked = received(Right::Access)
        .ask_identity(ask(5, IdentityAsk::EmailRoundTrip), stamp(5))
        .unwrap();
    // While it is open, it has waited up to now.
    assert_eq!(due(&asked, 5).last_day(), date("2026-04-07"));
    assert_eq!(due(&asked, 15).counts().due.nominal(), date("2026-04-15"));
    let answered =
        asked.answer_identity(confirmed(15, Evidence::EmailRoundTrip), stamp(15)).unwrap();
    let found = due(&answered, 30);
    assert_eq!((found.last_day(), found.unpaused_day()), (date("2026-04-15"), date("2026-04-07")));
    assert_eq!(found.waited.len(), 1);
    assert_eq!((found.waited[0].asked, found.waited[0].uncounted), (Asked::Identity, None));
    // A second question is prompt from the first one's answer on.
    let twice = answered.ask_clarification(what(20), stamp(20)).unwrap();
    let twice = twice.answer_clarification(day(22), None, stamp(22)).unwrap();
    assert_eq!(due(&twice, 30).counts().due.nominal(), date("2026-04-17"));
    // An answer that leaves the doubt ends the pause all the same.
    let doubtful = received(Right::Access)
        .ask_identity(ask(1, IdentityAsk::AccountFacts), stamp(1))
        .unwrap()
        .answer_identity(doubtful(4), stamp(9))
        .unwrap();
    assert_eq!(due(&doubtful, 30).counts().due.nominal(), date("2026-04-08"));
}

#[test]
fn a_slow_question_pauses_nothing() {
    for (asked_on, uncounted) in [(7, None), (8, Some(Uncounted::NotPrompt))] {
        let request = in_work(Right::Access).ask_clarification(what(asked_on), stamp(8)).unwrap();
        let request = request.answer_clarification(day(18), None, stamp(18)).unwrap();
        let found = due(&request, 30);
        assert_eq!(found.waited[0].uncounted, uncounted);
        assert_eq!(found.last_day() > found.unpaused_day(), uncounted.is_none());
    }
    let request = in_work(Right::Access).ask_clarification(what(12), stamp(12)).unwrap();
    let patient = Calendar { prompt_days: 12, ..france() };
    assert!(request.due(&patient, day(14)).unwrap().waited[0].uncounted.is_none());
}

#[test]
fn some_rights_know_no_pause() {
    for (right, identity, clarification) in [
        (Right::Access, true, true),
        (Right::MarketingObjection, false, false),
        (Right::HumanReview, false, true),
        (Right::ConsentWithdrawal, false, false),
    ] {
        let asked = received(right).ask_identity(ask(0, IdentityAsk::AccountFacts), stamp(0));
        let asked = asked.unwrap();
        let found = due(&asked, 9);
        assert_eq!(found.last_day() > found.unpaused_day(), identity, "{right:?}");
        let asked = in_work(right).ask_clarification(what(0), stamp(0)).unwrap();
        let found = due(&asked, 9);
        assert_eq!(found.last_day() > found.unpaused_day(), clarification, "{right:?}");
        let why = found.waited[0].uncounted;
        assert_eq!(why, (!clarification).then_some(Uncounted::NotThisRight));
    }
}

#[test]
fn an_extension_is_sent_before_the_first_due_date() {
    let request = in_work(Right::Access);
    // 7 April in Paris ends ten hours before day 34.
    let last = day(34).minus(tacenda_core::clock::Span::hours(10));
    let mut letter = letter(0);
    letter.sent_at = last;
    let late = request.clone().extend(letter.clone(), &france(), stamp(40));
    let error = late.unwrap_err();
    assert_eq!(error.code(), "requests.extended_late");
    assert_eq!(error.context("due"), Some(&last.into()));
    letter.sent_at = last.minus(tacenda_core::clock::Span::micros(1));
    // What counts is when it was sent, not when that was entered.
    let extended = request.extend(letter.clone(), &france(), stamp(40)).unwrap();
    let found = due(&extended, 40);
    assert_eq!(found.last_day(), date("2026-06-05"));
    assert_eq!(found.first.due.last_day(), date("2026-04-07"));
    assert!(found.counts().due.trace().contains(&Step::Extended));
    let twice = extended.extend(letter.clone(), &france(), stamp(41));
    assert_eq!(code(twice), "requests.wrong_step");
    letter.sent_at = day(50);
    let to_come = in_work(Right::Access).extend(letter.clone(), &france(), stamp(40));
    assert_eq!(code(to_come), "requests.in_future");
    letter.sent_at = day(-1);
    let before = in_work(Right::Access).extend(letter, &france(), stamp(40));
    assert_eq!(code(before), "requests.before_receipt");
}

#[test]
fn what_is_absolute_is_not_extended() {
    for right in [Right::ConsentWithdrawal, Right::MarketingObjection] {
        let error = in_work(right).extend(letter(1), &france(), stamp(1));
        assert_eq!(code(error), "requests.no_extension");
    }
    // Nor does an extension hold for what turns out to be one.
    let extended = in_work(Right::Access).extend(letter(1), &france(), stamp(1)).unwrap();
    let all = tacenda_gdpr::requests::Scope::ALL;
    let restated =
        extended.restate(Right::ConsentWithdrawal, all, note("It is."), stamp(2)).unwrap();
    assert!(restated.extension().is_none());
    assert_eq!(due(&restated, 3).last_day(), date("2026-04-07"));
}

#[test]
fn a_refusal_never_uses_the_extension() {
    let extended = in_work(Right::Erasure).extend(letter(20), &france(), stamp(20)).unwrap();
    assert_eq!(due(&extended, 20).last_day(), date("2026-06-05"));
    // In the first month it can be refused, and its date is the first one again.
    let in_time = extended.clone().decide(refused(Ground::LegalClaims), &france(), stamp(21));
    let in_time = in_time.unwrap();
    assert_eq!(due(&in_time, 21).last_day(), date("2026-04-07"));
    // A grant and a part refused have their three months; a refusal sent after the first says why.
    let decide = |decision: Decision| extended.clone().decide(decision, &france(), stamp(40));
    let late = |decision: Decision, sent_on: i64| {
        code(decide(decision).unwrap().answer(answer(sent_on, true), &france(), stamp(40)))
    };
    assert_eq!(late(refused(Ground::LegalClaims), 40), "requests.refusal_late");
    assert_eq!(late(partly(Ground::LegalClaims), 40), "ok");
    assert_eq!(late(Decision::Granted(None), 40), "ok");
    // What counts is when it was sent: it may be logged a few days later.
    assert_eq!(late(refused(Ground::LegalClaims), 32), "ok");
    let said = decide(refused_late(Ground::LegalClaims)).unwrap();
    assert!(!due(&said, 40).is_met_at(day(40), france().zone));
    // Decided in time and sent too late.
    let sent = in_time.clone().answer(answer(40, true), &france(), stamp(40));
    assert_eq!(code(sent), "requests.refusal_late");
    let again = in_time.decide(refused_late(Ground::LegalClaims), &france(), stamp(40)).unwrap();
    assert_eq!(code(again.answer(answer(40, true), &france(), stamp(40))), "ok");
}

#[test]
fn who_asks_can_be_asked_anew_and_the_extension_stays() {
    let request = in_work(Right::Access).ask_clarification(what(2), stamp(2)).unwrap();
    let request = request.extend(letter(10), &france(), stamp(10)).unwrap();
    let asked = request.ask_identity(ask(12, IdentityAsk::AccountFacts), stamp(12)).unwrap();
    // It waited from the second day to the twelfth, and what is asked now is not prompt.
    let found = due(&asked, 20);
    let waited: Vec<_> = found.waited.iter().map(|one| (one.from, one.to)).collect();
    let days = ["2026-03-07", "2026-03-17", "2026-03-17", "2026-03-25"].map(date);
    assert_eq!(waited, [(days[0], days[1]), (days[2], days[3])]);
    assert_eq!(found.waited[1].uncounted, None, "within a week of the last that counted");
    let doubted = asked.clone().answer_identity(doubtful(14), stamp(14)).unwrap();
    let no = doubted.decide(refused(Ground::NotIdentified), &france(), stamp(15)).unwrap();
    let State::Decided { extension, .. } = no.state() else { panic!("{no:?}") };
    assert!(extension.is_some());
    let sure = asked.answer_identity(confirmed(14, Evidence::AccountFacts), stamp(14)).unwrap();
    assert!(matches!(sure.state(), State::Extended { .. }), "{:?}", sure.state());
    // A decision that was not sent falls with what it rested on.
    let granted = sure.decide(Decision::Granted(None), &france(), stamp(15)).unwrap();
    let again = granted.ask_identity(ask(16, IdentityAsk::EmailRoundTrip), stamp(16)).unwrap();
    let sent = again.clone().answer(answer(16, true), &france(), stamp(16));
    assert_eq!(code(sent), "requests.wrong_step");
    let sure = again.answer_identity(confirmed(18, Evidence::EmailRoundTrip), stamp(18)).unwrap();
    let granted = sure.decide(Decision::Granted(None), &france(), stamp(18)).unwrap();
    let early = granted.clone().answer(answer(17, true), &france(), stamp(19));
    assert_eq!(code(early), "requests.sent_too_soon");
    assert_eq!(code(granted.answer(answer(18, true), &france(), stamp(19))), "ok");
}

#[test]
fn a_wrong_receipt_is_corrected_and_its_dates_with_it() {
    let mut past = intake(Right::Access);
    past.received_at = day(-365);
    let request = Request::receive(past, stamp(0)).unwrap();
    let request = request.acknowledge(day(0), stamp(0)).unwrap();
    let correction = |days: i64, requester: Requester, channel: Channel| Correction {
        received_at: day(days),
        requester,
        channel,
    };
    let letter = |days| correction(days, Requester::Subject, Channel::Letter);
    let slip = || note("Last year's stamp.");
    let try_it = |correction, by: Stamp| code(request.clone().correct(correction, slip(), by));
    assert_eq!(try_it(letter(0), system(1)), "requests.judged_by_nobody");
    assert_eq!(try_it(letter(2), stamp(1)), "requests.in_future");
    assert_eq!(
        try_it(letter(1), stamp(1)),
        "requests.before_receipt",
        "it was acknowledged before"
    );
    let account = correction(0, Requester::Subject, Channel::Account);
    assert_eq!(try_it(account, stamp(1)), "requests.not_the_subject");
    let right = request.clone().correct(letter(0), slip(), stamp(1)).unwrap();
    assert_eq!((right.received_at(), due(&right, 1).last_day()), (day(0), date("2026-04-07")));
    assert_eq!(right.intake().channel, Channel::Letter);
    assert_eq!(right.entries().len(), 3, "what was logged first stays");

    // Somebody else asks: it is open again who they are, and nobody waits for the former.
    let asked = right.ask_identity(ask(2, IdentityAsk::AccountFacts), stamp(2)).unwrap();
    let sure =
        asked.clone().answer_identity(confirmed(3, Evidence::AccountFacts), stamp(3)).unwrap();
    let proxy = || correction(0, Requester::Proxy(None), Channel::Letter);
    let other = sure.correct(proxy(), slip(), stamp(4)).unwrap();
    assert_eq!(*other.state(), State::Received);
    let shown = other.show_authority(power_of_attorney(), stamp(4)).unwrap();
    let same = shown.correct(proxy(), slip(), stamp(5)).unwrap();
    assert!(same.requester().is_entitled(), "a proof that was shown stays");
    let other = asked.correct(proxy(), slip(), stamp(4)).unwrap();
    let waited = due(&other, 30).waited;
    assert_eq!((waited.len(), waited[0].to), (1, date("2026-03-09")));
}

#[test]
fn a_file_that_should_not_be_there_is_closed_as_such() {
    let request = in_work(Right::Erasure).decide(Decision::Granted(None), &france(), stamp(1));
    let request = request.unwrap();
    let by_system = request.clone().close_as_error(note("A bill."), system(2));
    assert_eq!(code(by_system), "requests.judged_by_nobody");
    let closed = request.close_as_error(note("A bill."), stamp(2)).unwrap();
    assert_eq!((closed.state().stage(), closed.needs_reply_to()), (Stage::OpenedInError, false));
    assert_eq!(closed.closed_at(), Some(day(2)));
    let closed = closed.remark(note("It went on."), stamp(9)).unwrap();
    assert_eq!(closed.closed_at(), Some(day(2)), "a remark moves no clock");
    assert_eq!(code(closed.acknowledge(day(2), stamp(9))), "requests.wrong_step");
    // A day that is told for it moves the clock no further back than its entry.
    let withdrawn = in_work(Right::Access).withdraw(day(0), stamp(7)).unwrap();
    assert_eq!(withdrawn.closed_at(), Some(day(7)));
}

#[test]
fn a_list_tells_since_when_it_waits() {
    let line = |request: &Request| request.line(&france(), day(60)).unwrap().waits_since;
    let asked = received(Right::Access).ask_identity(ask(1, IdentityAsk::AccountFacts), stamp(1));
    let asked = asked.unwrap();
    assert_eq!(line(&asked), Some(date("2026-03-06")));
    assert_eq!(line(&asked.answer_identity(doubtful(4), stamp(4)).unwrap()), None);
    let asked = in_work(Right::Access).ask_clarification(what(2), stamp(2)).unwrap();
    assert_eq!(line(&asked), Some(date("2026-03-07")));
}

#[test]
fn a_date_past_the_calendar_is_an_error_and_no_panic() {
    let mut far = intake(Right::Access);
    far.received_at = tacenda_core::Timestamp::MAX;
    let stamp = tacenda_gdpr::requests::Stamp { at: tacenda_core::Timestamp::MAX, by: DPO };
    let request = Request::receive(far, stamp).unwrap();
    let _ = request.due(&france(), tacenda_core::Timestamp::MAX);
    let _ = request.due(&france(), tacenda_core::Timestamp::MIN);
}
