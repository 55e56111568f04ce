//! A small world: Paris, its working days, and each step in its plainest form.

use std::sync::LazyLock;

use chrono::NaiveDate;
use chrono_tz::Tz;
use tacenda_core::calendar::{Region, TimeZoneRules, WorkingDays};
use tacenda_core::clock::Span;
use tacenda_core::vault::{Actor, Vault};
use tacenda_core::{ActorId, Name, Result, SubjectId, Timestamp};
use tacenda_gdpr::requests::{
    Answer, Arrival, Calendar, Channel, Clarification, Decision, Document, Evidence, Extension,
    Ground, Hints, IdentityAnswer, IdentityAsk, IdentityOutcome, IdentityQuestion, Intake, Note,
    PartialRefusal, Proof, ProofKind, Refusal, Refusals, Request, RequestId, Requester, Right,
    Scope, SeenDocument, Stamp, Whom,
};

pub(crate) const DPO: ActorId = ActorId::from_bytes([1; 16]);

pub(crate) const ID: RequestId = RequestId::from_bytes([7; 16]);
pub(crate) const EARLIER: RequestId = RequestId::from_bytes([6; 16]);

pub(crate) fn france() -> Calendar<'static> {
    static PARIS: LazyLock<TimeZoneRules<Tz>> =
        LazyLock::new(|| TimeZoneRules::new("Europe/Paris", Tz::Europe__Paris));
    static WORKING: LazyLock<WorkingDays> =
        LazyLock::new(|| WorkingDays::of(Region::parse("FR").unwrap()));
    Calendar::new(&*PARIS, &WORKING)
}

pub(crate) fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// So many days after Thursday, 5 March 2026, at nine in Paris: the first due date is Tuesday,
/// 7 April, after Easter.
pub(crate) fn day(days: i64) -> Timestamp {
    Timestamp::parse_rfc3339("2026-03-05T08:00:00Z").unwrap().plus(Span::days(days))
}

pub(crate) fn stamp(days: i64) -> Stamp {
    Stamp { at: day(days), by: DPO }
}

pub(crate) fn system(days: i64) -> Stamp {
    Stamp { at: day(days), by: ActorId::SYSTEM }
}

pub(crate) fn note(text: &str) -> Note {
    Note::parse(text).unwrap()
}

pub(crate) fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

pub(crate) fn intake(right: Right) -> Intake {
    Intake {
        id: ID,
        right,
        requester: Requester::Subject,
        channel: Channel::Email,
        scope: Scope::ALL,
        received_at: day(0),
        purpose: None,
    }
}

pub(crate) fn received(right: Right) -> Request {
    Request::receive(intake(right), stamp(0)).unwrap()
}

/// A request of which it is settled who asks.
pub(crate) fn in_work(right: Right) -> Request {
    received(right).see_session(day(0), stamp(0)).unwrap()
}

pub(crate) fn ask(days: i64, ask: IdentityAsk) -> IdentityQuestion {
    IdentityQuestion { asked_at: day(days), ask }
}

pub(crate) fn confirmed(days: i64, evidence: Evidence) -> IdentityAnswer {
    IdentityAnswer { answered_at: day(days), outcome: IdentityOutcome::Confirmed(evidence) }
}

pub(crate) fn doubtful(days: i64) -> IdentityAnswer {
    let outcome = IdentityOutcome::NotConfirmed(note("The address is another."));
    IdentityAnswer { answered_at: day(days), outcome }
}

pub(crate) fn passport(seen_by: ActorId, seen_on: NaiveDate) -> Evidence {
    Evidence::Document(SeenDocument { document: Document::Passport, seen_by, seen_on })
}

pub(crate) fn power_of_attorney() -> Proof {
    Proof { kind: ProofKind::PowerOfAttorney, seen_by: DPO, seen_on: date("2026-03-05") }
}

pub(crate) fn what(days: i64) -> Clarification {
    Clarification { asked_at: day(days), question: note("Which of your instances?") }
}

pub(crate) fn letter(days: i64) -> Extension {
    Extension { sent_at: day(days), reasons: note("There are forty instances.") }
}

pub(crate) fn refusal(ground: Ground, class: Option<&'static str>) -> Refusal {
    let class = class.map(Name::fixed);
    Refusal { class, item: None, ground, reason: note("As the law says.") }
}

pub(crate) fn refused(ground: Ground) -> Decision {
    Decision::Refused(Refusals::new(vec![refusal(ground, None)]).unwrap(), None)
}

pub(crate) fn refused_late(ground: Ground) -> Decision {
    let grounds = Refusals::new(vec![refusal(ground, None)]).unwrap();
    Decision::Refused(grounds, Some(note("It was mislaid.")))
}

pub(crate) fn partly(ground: Ground) -> Decision {
    Decision::PartlyRefused(PartialRefusal::new(vec![refusal(ground, Some("invoice"))]).unwrap())
}

pub(crate) fn answer(days: i64, hints: bool) -> Answer {
    let hints = Hints { complaint: hints, court: hints };
    Answer { sent_at: day(days), by: Channel::Email, hints }
}

/// In the world of the other tests: its zone, and France.
pub(crate) fn utc() -> Calendar<'static> {
    Calendar::new(&tacenda_core::calendar::Utc, france().working)
}

pub(crate) const ACCOUNT: Name = Name::fixed("account");
pub(crate) const ADDRESS: &str = "ada@elsewhere.example";
pub(crate) const WROTE: &str = "Everything, please. My card is 4111 1111 1111 1111.";

/// A letter that arrives now.
pub(crate) fn arrival(vault: &Vault, whom: Whom, right: Right) -> Arrival {
    Arrival {
        id: None,
        whom,
        right,
        requester: Requester::Subject,
        channel: Channel::Letter,
        scope: Scope::ALL,
        purpose: None,
        received_at: vault.now(),
        reply_to: Some(tacenda_gdpr::requests::ReplyTo::email(ADDRESS).unwrap()),
        words: Some(tacenda_gdpr::requests::Words::new(WROTE)),
    }
}

/// One from the account of a subject, with its actor.
pub(crate) fn from_account(vault: &Vault, subject: SubjectId, right: Right) -> (Arrival, Actor) {
    let letter = arrival(vault, Whom::Known(subject), right);
    (Arrival { channel: Channel::Account, ..letter }, Actor::subject(subject))
}
