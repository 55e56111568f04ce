//! What the law asks of each step. Pure.

use chrono::NaiveDate;
use tacenda_core::calendar::{Utc, Zone};
use tacenda_core::{ActorId, Result, Timestamp};

use super::codes::{
    ABSOLUTE_RIGHT, ALREADY_LINKED, ANSWER_BEFORE_QUESTION, ANSWER_WITHOUT_QUESTION,
    AUTHORITY_MISSING, AUTHORITY_NOT_NEEDED, BEFORE_RECEIPT, CLOCK_WENT_BACK, DOCUMENT_NOT_ASKED,
    EXTENDED_LATE, GROUND_UNFIT, IDENTITY_OPEN, IN_FUTURE, JUDGED_BY_NOBODY, LINKED_TO_ITSELF,
    NO_EXTENSION, NOT_THE_SUBJECT, REFUSAL_LATE, REMEDIES_MISSING, SEEN_BY_NOBODY, SENT_TOO_SOON,
    SESSION_SUFFICES,
};
use super::decision::{Answer, Charge, ChargeGround, Decision, Ground};
use super::due::Calendar;
use super::identity::{Evidence, Identity, IdentityAnswer, IdentityAsk, IdentityOutcome, Proof};
use super::intake::{Channel, Intake, Requester};
use super::state::{Correction, Entry, Event, Request, State};

/// Whether a request may be opened by this.
pub(super) fn check_intake(intake: &Intake, at: Timestamp) -> Result<()> {
    if intake.received_at > at {
        return IN_FUTURE.err();
    }
    intake.requester.proof().map_or(Ok(()), |proof| seen(proof.seen_by, proof.seen_on, at))
}

/// Whether an entry may be added, so far as its place in the history matters.
pub(super) fn check_order(request: &Request, entry: &Entry) -> Result<()> {
    if request.entries.last().is_some_and(|last| entry.at < last.at) {
        return CLOCK_WENT_BACK.err();
    }
    let closed = matches!(request.state, State::Closed(_));
    let (identity, asked) = match &request.state {
        State::IdentityAsked(_) => (true, false),
        State::ClarificationAsked { .. } => (false, true),
        _ => (false, false),
    };
    match &entry.event {
        _ if closed => Ok(()),
        Event::IdentityAnswered(_) if !identity => ANSWER_WITHOUT_QUESTION.err(),
        Event::ClarificationAnswered(..) if !asked => ANSWER_WITHOUT_QUESTION.err(),
        Event::Decided(decision) => settled(request, decision),
        _ => Ok(()),
    }
}

/// Whether an entry that follows from the state may be added as the law has it.
pub(super) fn check(request: &Request, entry: &Entry) -> Result<()> {
    let timely = |at: Timestamp| timely(request, entry, at);
    match &entry.event {
        Event::Acknowledged(at) | Event::SessionSeen(at) | Event::Withdrawn(at) => timely(*at),
        Event::Linked(earlier) if *earlier == request.id() => LINKED_TO_ITSELF.err(),
        Event::Linked(earlier) if request.links.contains(earlier) => ALREADY_LINKED.err(),
        Event::AuthorityShown(proof) => authority(request, proof, entry.at),
        Event::IdentityAsked(question) => {
            timely(question.asked_at)?;
            let Intake { channel, requester, .. } = &request.intake;
            let signed_in = *channel == Channel::Account && *requester == Requester::Subject;
            if signed_in { SESSION_SUFFICES.err() } else { Ok(()) }
        }
        Event::IdentityAnswered(answer) => {
            timely(answer.answered_at)?;
            identified(request, answer, entry.at)
        }
        Event::ClarificationAsked(question) => timely(question.asked_at),
        Event::ClarificationAnswered(at, _) => {
            timely(*at)?;
            match &request.state {
                State::ClarificationAsked { question, .. } if *at < question.asked_at => {
                    ANSWER_BEFORE_QUESTION.err()
                }
                _ => Ok(()),
            }
        }
        Event::Extended(extension) => {
            timely(extension.sent_at)?;
            match request.right() {
                right if right.is_extendable() => Ok(()),
                right => Err(NO_EXTENSION.error().with("right", right.as_str())),
            }
        }
        Event::Decided(decision) => decided(request, decision, entry),
        Event::Answered(answer) => {
            timely(answer.sent_at)?;
            answered(request, answer)
        }
        Event::Corrected(correction, _) => {
            by_a_person(entry)?;
            corrected(request, correction, entry.at)
        }
        Event::OpenedInError(_) => by_a_person(entry),
        Event::Received(_)
        | Event::Linked(_)
        | Event::Restated(..)
        | Event::Heard
        | Event::Readdressed
        | Event::Remarked(_) => Ok(()),
    }
}

/// A slip is seen by a person, and the history says by whom.
fn by_a_person(entry: &Entry) -> Result<()> {
    if entry.by == ActorId::SYSTEM {
        return Err(JUDGED_BY_NOBODY.error().with("step", entry.event.as_str()));
    }
    Ok(())
}

/// Nothing that was entered since happened before it came in, and nobody turns a letter into a session.
fn corrected(request: &Request, correction: &Correction, at: Timestamp) -> Result<()> {
    let Correction { received_at, requester, channel } = correction;
    if *received_at > at {
        return IN_FUTURE.err();
    }
    let since = request.entries.iter().filter_map(|entry| happened(&entry.event));
    if since.min().is_some_and(|first| first < *received_at) {
        return BEFORE_RECEIPT.err();
    }
    if *channel == Channel::Account && request.intake.channel != Channel::Account {
        return NOT_THE_SUBJECT.err();
    }
    requester.proof().map_or(Ok(()), |proof| seen(proof.seen_by, proof.seen_on, at))
}

/// When what is entered happened, if that is said.
const fn happened(event: &Event) -> Option<Timestamp> {
    match event {
        Event::Acknowledged(at)
        | Event::SessionSeen(at)
        | Event::Withdrawn(at)
        | Event::ClarificationAnswered(at, _) => Some(*at),
        Event::IdentityAsked(question) => Some(question.asked_at),
        Event::IdentityAnswered(answer) => Some(answer.answered_at),
        Event::ClarificationAsked(question) => Some(question.asked_at),
        Event::Extended(extension) => Some(extension.sent_at),
        Event::Answered(answer) => Some(answer.sent_at),
        _ => None,
    }
}

/// What an answer tells of, and that it was not sent before it was known to whom.
fn answered(request: &Request, answer: &Answer) -> Result<()> {
    let Some(decision) = request.state.decision() else { return Ok(()) };
    if !answer.hints.cover(decision.owed_hints()) {
        return REMEDIES_MISSING.err();
    }
    let to_somebody = !matches!(decision, Decision::NothingHeld | Decision::Refused(..));
    let too_soon = |confirmed| answer.sent_at < confirmed;
    if to_somebody && request.confirmed_at().is_some_and(too_soon) {
        return SENT_TOO_SOON.err();
    }
    Ok(())
}

/// Whether an entry comes in time, where it has to.
pub(super) fn check_dates(request: &Request, entry: &Entry, calendar: &Calendar<'_>) -> Result<()> {
    match &entry.event {
        Event::Extended(extension) => {
            let first = request.first_due(calendar, extension.sent_at)?;
            if first.is_met_at(extension.sent_at, calendar.zone) {
                return Ok(());
            }
            let due = first.over_at(calendar.zone);
            Err(EXTENDED_LATE.error().with("sent_at", extension.sent_at).with("due", due))
        }
        // When it was decided nobody is told: what counts is when the answer is sent.
        Event::Answered(answer) => match request.state.decision() {
            Some(decision) => in_time(request, decision, answer.sent_at, calendar),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Between receipt and now.
fn timely(request: &Request, entry: &Entry, at: Timestamp) -> Result<()> {
    if at > entry.at {
        return IN_FUTURE.err();
    }
    if at < request.received_at() { BEFORE_RECEIPT.err() } else { Ok(()) }
}

/// A person saw it, and on no day to come; a zone may be a day ahead of UTC.
fn seen(by: ActorId, on: NaiveDate, at: Timestamp) -> Result<()> {
    if by == ActorId::SYSTEM {
        return SEEN_BY_NOBODY.err();
    }
    not_to_come(on, at)
}

fn not_to_come(day: NaiveDate, at: Timestamp) -> Result<()> {
    let latest = Utc.local_date(at).succ_opt();
    if latest.is_some_and(|latest| day > latest) { IN_FUTURE.err() } else { Ok(()) }
}

fn authority(request: &Request, proof: &Proof, at: Timestamp) -> Result<()> {
    if *request.requester() == Requester::Subject {
        return AUTHORITY_NOT_NEEDED.err();
    }
    seen(proof.seen_by, proof.seen_on, at)
}

/// What an answer shows, and whether it was asked for.
fn identified(request: &Request, answer: &IdentityAnswer, at: Timestamp) -> Result<()> {
    let State::IdentityAsked(question) = &request.state else { return Ok(()) };
    if answer.answered_at < question.asked_at {
        return ANSWER_BEFORE_QUESTION.err();
    }
    match &answer.outcome {
        IdentityOutcome::Confirmed(Evidence::Document(document)) => {
            if !matches!(question.ask, IdentityAsk::Document(_)) {
                return DOCUMENT_NOT_ASKED.err();
            }
            seen(document.seen_by, document.seen_on, at)
        }
        _ => Ok(()),
    }
}

/// Whether it is settled who asks, as far as this decision needs it. A link to an earlier request
/// settles nothing.
fn settled(request: &Request, decision: &Decision) -> Result<()> {
    let identity = request.state.identity();
    let mut grounds = decision.grounds().iter().map(|one| one.ground);
    let about_who_asks = grounds.all(|g| matches!(g, Ground::NotIdentified | Ground::NotEntitled));
    match decision {
        Decision::NothingHeld => Ok(()),
        // To grant it hurts nobody, whoever asks.
        Decision::Granted(None) if request.right().is_absolute() => Ok(()),
        // That is the answer to a doubt that nothing removed.
        Decision::Refused(..) if about_who_asks => Ok(()),
        _ if !identity.is_confirmed() => IDENTITY_OPEN.err(),
        _ if !request.requester().is_entitled() => AUTHORITY_MISSING.err(),
        _ => Ok(()),
    }
}

fn decided(request: &Request, decision: &Decision, entry: &Entry) -> Result<()> {
    let right = request.right();
    for refusal in decision.grounds() {
        let ground = refusal.ground;
        if !ground.refuses(right) && right.is_absolute() {
            return Err(ABSOLUTE_RIGHT.error().with("right", right.as_str()));
        }
        if !ground.refuses(right) || !fits(request, ground) {
            let error = GROUND_UNFIT.error().with("ground", ground.as_str());
            return Err(error.with("right", right.as_str()));
        }
        if ground.needs_a_person() && entry.by == ActorId::SYSTEM {
            return Err(JUDGED_BY_NOBODY.error().with("ground", ground.as_str()));
        }
    }
    match decision {
        Decision::Granted(Some(charge)) => charged(request, charge, entry.by),
        Decision::ErasedBefore(on) => not_to_come(*on, entry.at),
        // Whoever is unknown to a machine may be known to a person.
        Decision::NothingHeld if entry.by == ActorId::SYSTEM => {
            Err(JUDGED_BY_NOBODY.error().with("decision", decision.as_str()))
        }
        _ => Ok(()),
    }
}

/// Whether the state bears out a ground that is about who asks.
fn fits(request: &Request, ground: Ground) -> bool {
    match ground {
        Ground::NotIdentified => {
            matches!(request.state.identity(), Identity::Asked(_) | Identity::NotConfirmed(_))
        }
        Ground::NotEntitled => !request.requester().is_entitled(),
        _ => true,
    }
}

fn charged(request: &Request, charge: &Charge, by: ActorId) -> Result<()> {
    let right = request.right();
    if right.is_absolute() {
        return Err(ABSOLUTE_RIGHT.error().with("right", right.as_str()));
    }
    if charge.ground == ChargeGround::FurtherCopy && right != super::Right::Access {
        let error = GROUND_UNFIT.error().with("ground", charge.ground.as_str());
        return Err(error.with("right", right.as_str()));
    }
    let weighed = charge.ground != ChargeGround::FurtherCopy;
    if weighed && by == ActorId::SYSTEM {
        return Err(JUDGED_BY_NOBODY.error().with("ground", charge.ground.as_str()));
    }
    Ok(())
}

/// A refusal comes before the first due date, or says why it does not (Art. 12(4) GDPR).
fn in_time(
    request: &Request,
    decision: &Decision,
    at: Timestamp,
    calendar: &Calendar<'_>,
) -> Result<()> {
    let Decision::Refused(_, None) = decision else { return Ok(()) };
    let first = request.first_due(calendar, at)?;
    if first.is_met_at(at, calendar.zone) {
        return Ok(());
    }
    Err(REFUSAL_LATE.error().with("due", first.over_at(calendar.zone)))
}
