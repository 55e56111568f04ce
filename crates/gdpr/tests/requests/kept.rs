//! Any steps, over the vault and on a file in memory: what is kept is that file.

use pollster::block_on as wait;
use proptest::prelude::*;
use tacenda_core::clock::Span;
use tacenda_core::vault::Standing;
use tacenda_core::{Result, Timestamp};
use tacenda_gdpr::requests::{
    self, Arrival, Channel, Charge, ChargeGround, Correction, Decision, Event, Evidence, Ground,
    IdentityAnswer, IdentityAsk, IdentityOutcome, IdentityQuestion, Request, RequestId, Requester,
    Right, Scope, Stamp, State, Whom, step,
};
use tacenda_testkit::world::{World, ada, staff};

use crate::support::*;

/// So many days before now.
fn event((what, how, ago): (u8, u8, i64), now: Timestamp) -> Event {
    let at = now.minus(Span::days(ago));
    let fee = Charge { ground: ChargeGround::Excessive, reason: note("Again.") };
    match what {
        0 => Event::Acknowledged(at),
        1 => Event::Linked(RequestId::from_bytes([how % 2; 16])),
        2 => Event::Restated(Right::ALL[usize::from(how) % 12], Scope::ALL, note("It is.")),
        3 => Event::AuthorityShown(power_of_attorney()),
        4 | 5 => {
            let asks = [IdentityAsk::EmailRoundTrip, IdentityAsk::Document(note("No other."))];
            let ask = asks[usize::from(how % 2)].clone();
            Event::IdentityAsked(IdentityQuestion { asked_at: at, ask })
        }
        6 | 7 => {
            let outcome = match how % 3 {
                0 => IdentityOutcome::NotConfirmed(note("Another address.")),
                1 => IdentityOutcome::Confirmed(Evidence::EmailRoundTrip),
                _ => IdentityOutcome::Confirmed(passport(DPO, date("2026-05-31"))),
            };
            Event::IdentityAnswered(IdentityAnswer { answered_at: at, outcome })
        }
        8 => {
            let question = note("Which?");
            Event::ClarificationAsked(requests::Clarification { asked_at: at, question })
        }
        9 => Event::ClarificationAnswered(at, (how % 2 == 0).then_some(Scope::ALL)),
        10 => {
            let reasons = note("There are forty.");
            Event::Extended(requests::Extension { sent_at: at, reasons })
        }
        11 | 12 => Event::Decided(match how % 5 {
            0 => Decision::Granted(None),
            1 => Decision::Granted(Some(fee)),
            2 => partly(Ground::LegalObligation),
            3 => refused(Ground::NotIdentified),
            _ => refused_late(Ground::Excessive),
        }),
        13 => {
            let hints = requests::Hints { complaint: how % 2 == 0, court: true };
            Event::Answered(requests::Answer { sent_at: at, by: Channel::Email, hints })
        }
        14 if how % 4 == 0 => Event::Withdrawn(at),
        14 if how % 4 == 1 => Event::OpenedInError(note("It was no request.")),
        15 if how % 2 == 0 => {
            let requester = if how % 4 == 0 { Requester::Subject } else { Requester::Heir(None) };
            let correction = Correction { received_at: at, requester, channel: Channel::Phone };
            Event::Corrected(correction, note("It was."))
        }
        _ => Event::Remarked(note("A remark.")),
    }
}

/// The same step in memory.
fn attempt(request: Request, event: Event, stamp: Stamp) -> Result<Request> {
    let calendar = utc();
    match event {
        Event::Received(_)
        | Event::SessionSeen(_)
        | Event::Heard
        | Event::Readdressed
        | Event::Reopened(_) => {
            panic!("not drawn")
        }
        Event::Corrected(correction, reason) => request.correct(correction, reason, stamp),
        Event::OpenedInError(reason) => request.close_as_error(reason, stamp),
        Event::Acknowledged(at) => request.acknowledge(at, stamp),
        Event::Linked(earlier) => request.link(earlier, stamp),
        Event::Restated(right, scope, reason) => request.restate(right, scope, reason, stamp),
        Event::AuthorityShown(proof) => request.show_authority(proof, stamp),
        Event::IdentityAsked(question) => request.ask_identity(question, stamp),
        Event::IdentityAnswered(answer) => request.answer_identity(answer, stamp),
        Event::ClarificationAsked(question) => request.ask_clarification(question, stamp),
        Event::ClarificationAnswered(at, scope) => request.answer_clarification(at, scope, stamp),
        Event::Extended(extension) => request.extend(extension, &calendar, stamp),
        Event::Decided(decision) => request.decide(decision, &calendar, stamp),
        Event::Answered(answer) => request.answer(answer, &calendar, stamp),
        Event::Withdrawn(at) => request.withdraw(at, stamp),
        Event::Remarked(remark) => request.remark(remark, stamp),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_kept_is_the_file_that_the_rules_make(
        known: bool,
        subject: bool,
        steps in prop::collection::vec((0u8..16, any::<u8>(), 0i64..3, 0i64..9), 1..24),
    ) {
        let world = World::default();
        let vault = world.open();
        let actor = staff("support");
        let whom = if known { Whom::Known(ada(&vault)) } else { Whom::Unknown };
        let requester = if subject { Requester::Subject } else { Requester::Proxy(None) };
        let letter = Arrival { requester, ..arrival(&vault, whom, Right::Erasure) };
        let at = wait(requests::receive(&vault, &utc(), letter, &actor)).unwrap();
        let read = || wait(requests::read(&vault, &at.key, &ACCOUNT, &actor)).unwrap();
        let mut file = read();
        prop_assert_eq!(file.entries().len(), 1);
        let (mut address, mut taken) = (true, 1);
        for (what, how, ago, later) in steps {
            world.clock.advance(Span::days(later));
            let now = vault.now();
            let event = event((what, how, ago), now);
            // Nothing goes here of what an erasure was granted for, and nothing counts that was asked
            // for by another word than that at the receipt.
            let granted = matches!(
                file.state(),
                State::Decided { decision: Decision::Granted(_) | Decision::PartlyRefused(_), .. }
            );
            let not_so = known
                && granted
                && matches!(
                    file.right(),
                    Right::Erasure
                        | Right::MarketingObjection
                        | Right::Objection
                        | Right::Restriction(_)
                )
                && matches!(event, Event::Answered(_));
            let linked = matches!(event, Event::Linked(_));
            let alone = attempt(file.clone(), event.clone(), Stamp { at: now, by: actor.id });
            let kept = wait(step(&vault, &utc(), &at.key, event, &actor));
            match (alone, kept) {
                (_, kept) if linked => prop_assert_eq!(code(kept), "requests.no_such_request"),
                (_, kept) if not_so => prop_assert_eq!(code(kept), "requests.not_so"),
                (Ok(next), Ok(entered)) => {
                    taken += 1;
                    file = next;
                    prop_assert_eq!(entered.stage, file.state().stage());
                    let due = file.due(&utc(), now).unwrap();
                    let (last, over) = (due.last_day(), due.over_at(utc().zone));
                    let open = file.closed_at().is_none();
                    prop_assert_eq!(entered.due, open.then_some(last));
                    address &= open;
                    // As of the last step that was taken.
                    let stage = tacenda_core::Name::fixed(file.state().stage().as_str());
                    let expected = match file.closed_at() {
                        Some(at) => Standing::Closed { at },
                        None => Standing::Open { state: stage, due_at: Some(over) },
                    };
                    prop_assert_eq!(wait(vault.record(&at.key)).unwrap().standing, expected);
                }
                (Err(alone), Err(kept)) => prop_assert_eq!(alone.code(), kept.code()),
                (alone, kept) => prop_assert!(false, "{alone:?}, {kept:?}"),
            }
        }
        prop_assert_eq!(&read(), &file);
        prop_assert_eq!(file.entries().len(), taken);
        let reply_to = wait(requests::read_reply_to(&vault, &at.key, &ACCOUNT, &actor)).unwrap();
        prop_assert_eq!(reply_to.is_some(), address);
        wait(vault.audit()).unwrap();
    }
}
