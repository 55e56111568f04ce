//! A model of the steps: what is tried in whatever order is allowed, or refused with the code that a
//! second and plainer statement of the rules predicts.

use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use tacenda_core::{ActorId, Result};
use tacenda_gdpr::requests::{
    Channel, Charge, ChargeGround, Closed, Correction, Decision, Evidence, Ground, IdentityAsk,
    Intake, Request, RequestId, Requester, Right, Scope, Stage, Stamp, State,
};

use crate::plain::{Model, Step, Who};
use crate::support::*;

const OTHER: RequestId = RequestId::from_bytes([5; 16]);
const IDS: [RequestId; 3] = [ID, EARLIER, OTHER];

fn decision(how: u8) -> Decision {
    let fee = Charge { ground: ChargeGround::Excessive, reason: note("Again.") };
    match how % 12 {
        0 | 1 => Decision::Granted(None),
        2 => Decision::Granted(Some(fee)),
        3 => Decision::NothingHeld,
        4 => Decision::ErasedBefore(date("2025-12-01")),
        5 => partly(Ground::LegalObligation),
        6 => refused(Ground::LegalClaims),
        7 => refused_late(Ground::LegalClaims),
        8 => refused(Ground::NotIdentified),
        9 => refused(Ground::NotEntitled),
        10 => refused(Ground::Excessive),
        _ => refused(Ground::OtherController),
    }
}

fn evidence(how: u8, person: bool) -> Evidence {
    let by = if person { DPO } else { ActorId::SYSTEM };
    match how % 4 {
        0 => Evidence::EmailRoundTrip,
        1 => Evidence::AccountFacts,
        2 => Evidence::Session,
        _ => passport(by, date("2026-03-05")),
    }
}

fn attempt(request: Request, (what, how, more, by, ago): Step, at: i64) -> Result<Request> {
    let stamp = if by % 4 == 0 { system(at) } else { stamp(at) };
    let (on, then) = (day(at - ago), at - ago);
    let france = france();
    match what {
        0 => request.acknowledge(on, stamp),
        1 => request.link(IDS[usize::from(how % 3)], stamp),
        2 => {
            let right = Right::ALL[usize::from(how) % Right::ALL.len()];
            request.restate(right, Scope::ALL, note("It is."), stamp)
        }
        3 => {
            let mut proof = power_of_attorney();
            proof.seen_by = if more % 4 == 0 { ActorId::SYSTEM } else { DPO };
            request.show_authority(proof, stamp)
        }
        4 => request.see_session(on, stamp),
        5 => {
            let document = IdentityAsk::Document(note("Nothing else is left."));
            let asks = [IdentityAsk::EmailRoundTrip, IdentityAsk::AccountFacts, document];
            request.ask_identity(ask(then, asks[usize::from(how % 3)].clone()), stamp)
        }
        6 if more % 3 == 0 => request.answer_identity(doubtful(then), stamp),
        6 => {
            let shown = evidence(how, more % 3 == 1);
            request.answer_identity(confirmed(then, shown), stamp)
        }
        7 => request.ask_clarification(crate::support::what(then), stamp),
        8 => request.answer_clarification(on, (how % 2 == 0).then_some(Scope::ALL), stamp),
        9 => request.extend(letter(then), &france, stamp),
        10 => request.decide(decision(how), &france, stamp),
        11 => request.answer(answer(then, more % 2 == 0), &france, stamp),
        12 => request.withdraw(on, stamp),
        14 => {
            let requester = if how % 2 == 0 { Requester::Subject } else { Requester::Proxy(None) };
            let channel = if how % 4 > 1 { Channel::Account } else { Channel::Letter };
            let correction = Correction { received_at: day(0), requester, channel };
            request.correct(correction, note("It was."), stamp)
        }
        15 if how % 4 == 0 => request.close_as_error(note("It was no request."), stamp),
        _ => request.remark(note("A remark."), stamp),
    }
}

/// What must hold of every request that steps can make.
fn holds(request: &Request, model: &Model, now: i64) {
    assert_eq!(request.state().stage(), model.stage);
    assert!(request.entries().windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert_eq!(request.needs_reply_to(), model.stage.is_open());
    if let State::Closed(Closed::Answered { identity, decision, .. }) = request.state() {
        let no = decision.is_refusal()
            && decision
                .grounds()
                .iter()
                .all(|one| matches!(one.ground, Ground::NotIdentified | Ground::NotEntitled));
        let harmless = *decision == Decision::Granted(None) && model.absolute();
        let to_anybody = no || harmless || *decision == Decision::NothingHeld;
        assert!(identity.is_confirmed() || to_anybody);
        assert!(model.entitled || to_anybody);
    }
    let due = request.due(&france(), day(now)).unwrap();
    assert!(due.last_day() >= due.unpaused_day());
    let from = |days: i64| date("2026-03-05") + Days::new(u64::try_from(days).unwrap());
    let expected: NaiveDate = from(model.last_day(31, now));
    assert_eq!(due.first.due.last_day(), expected, "{due:?}");
    let extended = model.extended && !model.absolute();
    assert_eq!(due.extended.is_some(), extended);
    if let Some(extended) = &due.extended {
        assert_eq!(extended.due.last_day(), from(model.last_day(92, now)));
        let sent = request.extension().unwrap().sent_at;
        assert!(sent <= request.entries().last().unwrap().at);
    }
    let later = request.due(&france(), day(now + 5)).unwrap();
    assert!(later.last_day() >= due.last_day(), "time alone never brings it nearer");
}

fn opened(subject: bool, account: bool) -> (Request, Model) {
    let requester = if subject { Requester::Subject } else { Requester::Proxy(None) };
    let channel = if account { Channel::Account } else { Channel::Letter };
    let request =
        Request::receive(Intake { requester, channel, ..intake(Right::Erasure) }, stamp(2));
    let model = Model {
        stage: Stage::Received,
        who: Who::Open,
        right: Right::Erasure,
        subject,
        entitled: subject,
        account,
        sure_at: 0,
        extended: false,
        decided: 0,
        links: vec![],
        last: 2,
        open: None,
        waited: vec![],
    };
    (request.unwrap(), model)
}

/// The step that leads on from a state.
fn onward(stage: Stage, step: Step) -> Step {
    let third = step.1 % 3;
    let what = match stage {
        Stage::Received | Stage::NotConfirmed => [4, 5, 5][usize::from(third)],
        Stage::IdentityAsked => 6,
        Stage::InWork => [7, 9, 10][usize::from(third)],
        Stage::Extended => [7, 10, 10][usize::from(third)],
        Stage::ClarificationAsked => [8, 9, 10][usize::from(third)],
        Stage::Decided => 11,
        Stage::Answered | Stage::Withdrawn | Stage::OpenedInError => 13,
    };
    (what, step.1, step.2, step.3, step.4.max(0))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_is_tried_follows_the_model(
        subject: bool,
        account: bool,
        steps in prop::collection::vec(
            ((0u8..16, any::<u8>(), any::<u8>(), any::<u8>(), -1i64..4), any::<bool>(), 0i64..6),
            1..40,
        ),
    ) {
        let (mut request, mut model) = opened(subject, account);
        let mut at = 2;
        for (step, guided, wait) in steps {
            let step = if guided { onward(model.stage, step) } else { step };
            // Now and then a clock goes back.
            let then = if step.1 == 0 { at - 1 } else { at + wait };
            let mut after = model.clone();
            let expected = after.step(step, then).map_err(|why| format!("requests.{why}"));
            match (attempt(request.clone(), step, then), expected) {
                (Ok(next), Ok(())) => {
                    prop_assert_eq!(&next.entries()[..request.entries().len()], request.entries());
                    prop_assert_eq!(next.entries().len(), request.entries().len() + 1);
                    (request, model, at) = (next, after, then);
                }
                (Err(error), Err(code)) => prop_assert_eq!(error.code(), code),
                (found, expected) => prop_assert!(
                    false, "{step:?} at {then}: {found:?}, expected {expected:?}"
                ),
            }
            holds(&request, &model, at);
            let bytes = request.encode();
            let read = Request::decode(&bytes).unwrap();
            prop_assert_eq!(&read, &request);
            prop_assert_eq!(read.encode(), bytes);
        }
    }

    #[test]
    fn reading_never_panics(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
        byte: u8,
    ) {
        let _ = Request::decode(&bytes);
        let request = in_work(Right::Access).ask_clarification(what(1), stamp(1)).unwrap();
        let request = request.decide(partly(Ground::Excessive), &france(), stamp(2)).unwrap();
        let mut good = request.answer(answer(3, true), &france(), stamp(3)).unwrap().encode();
        let at = at.index(good.len());
        good[at] = byte;
        if let Ok(read) = Request::decode(&good) {
            prop_assert_eq!(read.encode(), good);
            let stamp = Stamp { at: day(9), by: DPO };
            let _ = read.due(&france(), stamp.at);
        }
    }
}
