//! From a request to bytes.

use tacenda_core::codec::Encoder;

use crate::case::write::{day, flag, name, note, option, time};
use crate::requests::decision::{Decision, Refusal};
use crate::requests::identity::{
    Evidence, IdentityAnswer, IdentityAsk, IdentityOutcome, IdentityQuestion, Proof,
};
use crate::requests::intake::{Intake, Requester, Scope};
use crate::requests::rights::Right;
use crate::requests::state::{Clarification, Correction, Entry, Event, Extension};

pub(super) fn entry(e: &mut Encoder, entry: &Entry) {
    let Entry { at, by, event } = entry;
    time(e, *at);
    e.raw(by.as_bytes()).text(event.as_str());
    match event {
        Event::Received(intake) => intake_of(e, intake),
        Event::Acknowledged(at) | Event::SessionSeen(at) | Event::Withdrawn(at) => time(e, *at),
        Event::Linked(earlier) => drop(e.raw(earlier.as_bytes())),
        Event::Restated(right, scope, reason) => {
            right_of(e, *right);
            scope_of(e, scope);
            note(e, reason);
        }
        Event::AuthorityShown(proof) => proof_of(e, proof),
        Event::IdentityAsked(IdentityQuestion { asked_at, ask }) => {
            time(e, *asked_at);
            e.text(ask.as_str());
            if let IdentityAsk::Document(reason) = ask {
                note(e, reason);
            }
        }
        Event::IdentityAnswered(answer) => answer_of(e, answer),
        Event::ClarificationAsked(Clarification { asked_at, question }) => {
            time(e, *asked_at);
            note(e, question);
        }
        Event::ClarificationAnswered(at, scope) => {
            time(e, *at);
            option(e, scope.as_ref(), scope_of);
        }
        Event::Extended(Extension { sent_at, reasons }) => {
            time(e, *sent_at);
            note(e, reasons);
        }
        Event::Decided(decision) => decision_of(e, decision),
        Event::Answered(answer) => {
            time(e, answer.sent_at);
            e.text(answer.by.as_str());
            flag(e, answer.hints.complaint);
            flag(e, answer.hints.court);
        }
        Event::Corrected(Correction { received_at, requester, channel }, reason) => {
            time(e, *received_at);
            requester_of(e, requester);
            e.text(channel.as_str());
            note(e, reason);
        }
        Event::Heard | Event::Readdressed => {}
        Event::OpenedInError(text) | Event::Remarked(text) => note(e, text),
        Event::Reopened(reason) => note(e, reason),
    }
}

fn intake_of(e: &mut Encoder, intake: &Intake) {
    let Intake { id, right, requester, channel, scope, received_at, purpose } = intake;
    e.raw(id.as_bytes());
    right_of(e, *right);
    requester_of(e, requester);
    e.text(channel.as_str());
    scope_of(e, scope);
    time(e, *received_at);
    option(e, purpose.as_ref(), name);
}

fn requester_of(e: &mut Encoder, requester: &Requester) {
    e.text(requester.as_str());
    match requester {
        Requester::Subject => {}
        Requester::Proxy(proof) | Requester::Heir(proof) => option(e, proof.as_ref(), proof_of),
    }
}

fn right_of(e: &mut Encoder, right: Right) {
    e.text(right.as_str());
    if let Right::Restriction(ground) = right {
        e.text(ground.as_str());
    }
}

fn scope_of(e: &mut Encoder, scope: &Scope) {
    e.text(scope.items.as_str()).names(&scope.classes);
}

fn proof_of(e: &mut Encoder, proof: &Proof) {
    e.text(proof.kind.as_str()).raw(proof.seen_by.as_bytes());
    day(e, proof.seen_on);
}

fn answer_of(e: &mut Encoder, answer: &IdentityAnswer) {
    time(e, answer.answered_at);
    match &answer.outcome {
        IdentityOutcome::NotConfirmed(reason) => {
            flag(e, false);
            note(e, reason);
        }
        IdentityOutcome::Confirmed(evidence) => {
            flag(e, true);
            e.text(evidence.as_str());
            if let Evidence::Document(document) = evidence {
                e.text(document.document.as_str()).raw(document.seen_by.as_bytes());
                day(e, document.seen_on);
            }
        }
    }
}

fn decision_of(e: &mut Encoder, decision: &Decision) {
    e.text(decision.as_str());
    match decision {
        Decision::Granted(charge) => option(e, charge.as_ref(), |e, charge| {
            e.text(charge.ground.as_str());
            note(e, &charge.reason);
        }),
        Decision::PartlyRefused(part) => refusals(e, part.grounds()),
        Decision::Refused(all, delay) => {
            refusals(e, all.grounds());
            option(e, delay.as_ref(), note);
        }
        Decision::NothingHeld => {}
        Decision::ErasedBefore(on) => day(e, *on),
    }
}

fn refusals(e: &mut Encoder, grounds: &[Refusal]) {
    e.list(grounds.len());
    for Refusal { class, item, ground, reason } in grounds {
        for name in [class, item] {
            option(e, name.as_ref(), |e, name| {
                e.text(name.as_str());
            });
        }
        e.text(ground.as_str());
        note(e, reason);
    }
}
