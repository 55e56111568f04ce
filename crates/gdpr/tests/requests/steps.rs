//! The steps: how a request comes in, who asks, what it repeats, and how it ends.

use tacenda_core::{ActorId, Name};
use tacenda_gdpr::requests::{
    Channel, Closed, Decision, Evidence, Ground, Identity, IdentityAsk, Intake, Items, Note,
    Request, Requester, RestrictionGround, Right, Scope, Stage, State,
};

use crate::support::*;

#[test]
fn from_receipt_to_answer() {
    let request = received(Right::Access);
    assert_eq!(request.state(), &State::Received);
    let request = request.acknowledge(day(0), stamp(0)).unwrap();
    let request = request.ask_identity(ask(1, IdentityAsk::EmailRoundTrip), stamp(1)).unwrap();
    assert_eq!(request.state().stage(), Stage::IdentityAsked);
    let shown = confirmed(3, Evidence::EmailRoundTrip);
    let request = request.answer_identity(shown, stamp(3)).unwrap();
    assert_eq!(request.state(), &State::InWork { identity: Evidence::EmailRoundTrip });
    let request = request.ask_clarification(what(4), stamp(4)).unwrap();
    let billing = Scope { items: Items::Person, classes: [Name::fixed("billing")].into() };
    let request = request.answer_clarification(day(6), Some(billing.clone()), stamp(6)).unwrap();
    assert_eq!(request.scope(), &billing);
    let request = request.extend(letter(20), &france(), stamp(20)).unwrap();
    assert_eq!(request.state().stage(), Stage::Extended);
    let request = request.decide(Decision::Granted(None), &france(), stamp(50)).unwrap();
    assert_eq!((request.closed_at(), request.needs_reply_to()), (None, true));
    let request = request.answer(answer(51, false), &france(), stamp(52)).unwrap();
    assert_eq!((request.closed_at(), request.needs_reply_to()), (Some(day(52)), false));
    let State::Closed(Closed::Answered { identity, decision, .. }) = request.state() else {
        panic!("{request:?}");
    };
    assert_eq!(identity, &Identity::Confirmed(Evidence::EmailRoundTrip));
    assert_eq!(decision, &Decision::Granted(None));
    assert_eq!(code(request.clone().withdraw(day(52), stamp(52))), "requests.wrong_step");
    let request = request.remark(note("They thanked us."), stamp(60)).unwrap();
    assert_eq!(request.entries().len(), 10);
    assert_eq!(request.state().stage(), Stage::Answered);
}

#[test]
fn it_counts_from_receipt_and_not_from_its_record() {
    let request = Request::receive(intake(Right::Erasure), stamp(9)).unwrap();
    assert_eq!((request.received_at(), request.recorded_at()), (day(0), day(9)));
    let due = request.due(&france(), day(9)).unwrap();
    assert_eq!(due.last_day(), date("2026-04-07"));
    let tomorrow = Intake { received_at: day(1), ..intake(Right::Erasure) };
    assert_eq!(code(Request::receive(tomorrow, stamp(0))), "requests.in_future");
}

#[test]
fn every_channel_and_everybody_is_recorded() {
    for channel in Channel::ALL {
        for requester in [Requester::Subject, Requester::Proxy(None), Requester::Heir(None)] {
            let intake = Intake { channel: *channel, requester, ..intake(Right::Access) };
            assert!(Request::receive(intake, system(0)).is_ok());
        }
    }
    let electronic: Vec<_> = Channel::ALL.iter().filter(|c| c.is_electronic()).collect();
    assert_eq!(electronic, [&Channel::Email, &Channel::Account, &Channel::SocialMedia]);
}

#[test]
fn a_signed_in_session_suffices() {
    let from_account = Intake { channel: Channel::Account, ..intake(Right::Access) };
    let request = Request::receive(from_account.clone(), stamp(0)).unwrap();
    for more in [IdentityAsk::EmailRoundTrip, IdentityAsk::Document(note("To be sure."))] {
        let asked = request.clone().ask_identity(ask(0, more), stamp(0));
        assert_eq!(code(asked), "requests.session_suffices");
    }
    let request = request.see_session(day(0), system(0)).unwrap();
    assert_eq!(request.state(), &State::InWork { identity: Evidence::Session });
    // Somebody else in that session is not the subject.
    let requester = Requester::Proxy(None);
    let proxy = Request::receive(Intake { requester, ..from_account }, stamp(0)).unwrap();
    assert!(proxy.ask_identity(ask(0, IdentityAsk::AccountFacts), stamp(0)).is_ok());
    // Who was asked may sign in instead of answering.
    let asked =
        received(Right::Access).ask_identity(ask(0, IdentityAsk::AccountFacts), stamp(0)).unwrap();
    assert_eq!(asked.see_session(day(1), stamp(1)).unwrap().state().stage(), Stage::InWork);
}

#[test]
fn an_answer_needs_its_question() {
    let facts = || confirmed(2, Evidence::AccountFacts);
    let request = received(Right::Access);
    assert_eq!(
        code(request.clone().answer_identity(facts(), stamp(2))),
        "requests.answer_without_question"
    );
    assert_eq!(
        code(request.clone().answer_clarification(day(2), None, stamp(2))),
        "requests.answer_without_question"
    );
    let asked = request.ask_identity(ask(3, IdentityAsk::AccountFacts), stamp(3)).unwrap();
    assert_eq!(
        code(asked.clone().answer_identity(facts(), stamp(4))),
        "requests.answer_before_question"
    );
    assert_eq!(
        code(asked.clone().ask_identity(ask(4, IdentityAsk::AccountFacts), stamp(4))),
        "requests.wrong_step"
    );
    let known = asked.answer_identity(confirmed(4, Evidence::AccountFacts), stamp(4)).unwrap();
    assert_eq!(
        code(known.clone().answer_identity(confirmed(4, Evidence::AccountFacts), stamp(4))),
        "requests.answer_without_question"
    );
    let asked = known.ask_clarification(what(5), stamp(5)).unwrap();
    assert_eq!(
        code(asked.answer_clarification(day(4), None, stamp(6))),
        "requests.answer_before_question"
    );
}

#[test]
fn a_document_is_asked_for_with_a_reason_and_seen_by_a_person() {
    let asked = |what| received(Right::Access).ask_identity(ask(0, what), stamp(0)).unwrap();
    let shown = |request: Request, by, on| {
        code(request.answer_identity(confirmed(1, passport(by, date(on))), stamp(1)))
    };
    let why = || IdentityAsk::Document(note("Two accounts bear the name."));
    assert_eq!(
        shown(asked(IdentityAsk::EmailRoundTrip), DPO, "2026-03-06"),
        "requests.document_not_asked"
    );
    assert_eq!(shown(asked(why()), ActorId::SYSTEM, "2026-03-06"), "requests.seen_by_nobody");
    assert_eq!(shown(asked(why()), DPO, "2026-03-08"), "requests.in_future");
    assert_eq!(shown(asked(why()), DPO, "2026-03-06"), "ok");
    // A reason is a text with something in it.
    assert_eq!(code(Note::parse("  ")), "case.bad_note");
}

#[test]
fn doubt_that_remains_can_be_asked_about_again() {
    let request = received(Right::Erasure)
        .ask_identity(ask(1, IdentityAsk::EmailRoundTrip), stamp(1))
        .unwrap()
        .answer_identity(doubtful(2), stamp(2))
        .unwrap();
    assert_eq!(request.state().stage(), Stage::NotConfirmed);
    let grant = request.clone().decide(Decision::Granted(None), &france(), stamp(3));
    assert_eq!(code(grant), "requests.identity_open");
    let no = request.clone().decide(refused(Ground::NotIdentified), &france(), stamp(3)).unwrap();
    assert!(matches!(no.state(), State::Decided { identity: Identity::NotConfirmed(_), .. }));
    let again = request.ask_identity(ask(3, IdentityAsk::AccountFacts), stamp(3)).unwrap();
    assert!(again.answer_identity(confirmed(4, Evidence::AccountFacts), stamp(4)).is_ok());
}

#[test]
fn a_duplicate_keeps_its_clock_and_is_asked_who_it_is() {
    let request = received(Right::Access);
    assert_eq!(code(request.clone().link(ID, stamp(0))), "requests.linked_to_itself");
    let request = request.link(EARLIER, stamp(1)).unwrap();
    assert_eq!(request.links(), [EARLIER]);
    assert_eq!(code(request.clone().link(EARLIER, stamp(1))), "requests.already_linked");
    let due = request.due(&france(), day(1)).unwrap();
    assert_eq!(due, received(Right::Access).due(&france(), day(1)).unwrap());
    for decision in [Decision::Granted(None), refused(Ground::Excessive)] {
        let decided = request.clone().decide(decision, &france(), stamp(2));
        assert_eq!(code(decided), "requests.identity_open");
    }
}

#[test]
fn what_was_logged_wrongly_is_stated_anew() {
    let request = in_work(Right::Access);
    let why = note("They want it corrected.");
    let request = request.restate(Right::Rectification, Scope::ALL, why.clone(), stamp(1)).unwrap();
    assert_eq!(request.right(), Right::Rectification);
    let logged = format!("{:?}", request.entries()[0].event);
    assert!(logged.contains("Access"), "the first entry stays: {logged}");
    let decided = request.decide(Decision::Granted(None), &france(), stamp(2)).unwrap();
    let late = decided.restate(Right::Access, Scope::ALL, why, stamp(3));
    assert_eq!(code(late), "requests.wrong_step");
}

#[test]
fn the_history_has_an_order() {
    let request = Request::receive(intake(Right::Access), stamp(3)).unwrap();
    assert_eq!(code(request.clone().remark(note("Late."), stamp(2))), "requests.clock_went_back");
    assert_eq!(code(request.clone().acknowledge(day(4), stamp(3))), "requests.in_future");
    assert_eq!(code(request.clone().acknowledge(day(-1), stamp(3))), "requests.before_receipt");
    assert_eq!(code(request.clone().see_session(day(-1), stamp(3))), "requests.before_receipt");
    assert_eq!(code(request.clone().withdraw(day(9), stamp(3))), "requests.in_future");
    assert_eq!(
        code(request.clone().answer(answer(3, true), &france(), stamp(3))),
        "requests.wrong_step"
    );
    assert_eq!(code(request.clone().extend(letter(3), &france(), stamp(3))), "requests.wrong_step");
    let gone = request.withdraw(day(3), stamp(3)).unwrap();
    assert_eq!((gone.closed_at(), gone.needs_reply_to()), (Some(day(3)), false));
    assert_eq!(code(gone.acknowledge(day(3), stamp(3))), "requests.wrong_step");
}

#[test]
fn nothing_of_what_people_wrote_is_printed() {
    let request = in_work(Right::Restriction(RestrictionGround::Claims))
        .ask_clarification(what(1), stamp(1))
        .unwrap();
    let printed = format!("{request:?}");
    assert!(printed.contains("Note(..)") && !printed.contains("instances"), "{printed}");
}
