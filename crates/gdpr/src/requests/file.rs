//! The file of a request as a record: its items, how it stands, what the log says of a step.

use tacenda_core::codec::MALFORMED;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, OpenedRecord, RecordChange, RecordItems, Standing, Vault,
};
use tacenda_core::{ActorId, Name, Result, SubjectId, Timestamp};

use super::codes::NOT_THE_SUBJECT;
use super::due::Calendar;
use super::state::{Event, Request};
use crate::case::Stamp;

/// The item with the address for the answer; it goes when the file is closed.
pub(super) const REPLY_TO: Name = Name::fixed("reply_to");
/// The item with the e-mail address of whom it is about, where nobody was found by it; it goes when the
/// file is closed.
pub(super) const ABOUT: Name = Name::fixed("about");
/// The item with what the requester wrote.
pub(super) const WORDS: Name = Name::fixed("words");

/// The file in a record of which [`MODEL`] is open.
pub(super) fn of(record: &OpenedRecord) -> Result<Request> {
    match record.items.get(&MODEL) {
        Some(model) => Request::decode(model),
        None => MALFORMED.err(),
    }
}

/// How a request stands: in its stage until its due date, or closed.
pub(super) fn standing(
    request: &Request,
    calendar: &Calendar<'_>,
    now: Timestamp,
) -> Result<Standing> {
    if let Some(at) = request.closed_at() {
        // The clock of a step before may have been ahead.
        return Ok(Standing::Closed { at: at.min(now) });
    }
    let due_at = Some(request.due(calendar, now)?.over_at(calendar.zone));
    Ok(Standing::Open { state: Name::fixed(request.state().stage().as_str()), due_at })
}

/// The change that puts a request in the place of the one before.
pub(super) fn change(
    request: &Request,
    calendar: &Calendar<'_>,
    now: Timestamp,
    entry: Entry,
) -> Result<RecordChange> {
    let gone = if request.needs_reply_to() { [].into() } else { [REPLY_TO, ABOUT].into() };
    Ok(RecordChange {
        standing: standing(request, calendar, now)?,
        set: RecordItems::default().with(MODEL, request.encode()),
        remove: gone,
        entry,
        effects: Effects::default(),
    })
}

/// Now, by this actor.
pub(super) fn stamp(vault: &Vault, actor: &Actor) -> Stamp {
    Stamp { at: vault.now(), by: actor.id }
}

/// Now, or when the last entry was made: a clock that was ahead for a day stops nobody until then.
pub(super) fn stamp_after(vault: &Vault, actor: &Actor, request: &Request) -> Stamp {
    let last = request.entries().last().map_or(Timestamp::MIN, |entry| entry.at);
    Stamp { at: vault.now().max(last), by: actor.id }
}

/// Whoever works for the controller has a role that works on requests.
pub(super) fn check_role(vault: &Vault, actor: &Actor) -> Result<()> {
    let Some(role) = &actor.role else { return Ok(()) };
    Ok(vault.policy().may_work_on(&REQUESTS, role)?)
}

/// Who may be told of a subject's requests: who works on them, and the subject.
pub(super) fn check_told(vault: &Vault, subject: SubjectId, actor: &Actor) -> Result<()> {
    if is_a_subject(actor) && !is_the_subject(actor, subject) {
        return NOT_THE_SUBJECT.err();
    }
    check_role(vault, actor)
}

/// Whether the actor is a data subject, not staff and not the SDK itself.
pub(super) fn is_a_subject(actor: &Actor) -> bool {
    actor.role.is_none() && actor.id != ActorId::SYSTEM
}

/// Whether the actor is this data subject.
pub(super) fn is_the_subject(actor: &Actor, subject: SubjectId) -> bool {
    *actor == Actor::subject(subject)
}

/// What the log calls a step.
pub(super) const fn action(event: &Event) -> &'static str {
    match event {
        Event::Received(_) => "request.received",
        Event::Acknowledged(_) => "request.acknowledged",
        Event::Linked(_) => "request.linked",
        Event::Restated(..) => "request.restated",
        Event::AuthorityShown(_) => "request.authority_shown",
        Event::IdentityAsked(_) => "request.identity_asked",
        Event::IdentityAnswered(_) => "request.identity_answered",
        Event::SessionSeen(_) => "request.session_seen",
        Event::ClarificationAsked(_) => "request.clarification_asked",
        Event::ClarificationAnswered(..) => "request.clarification_answered",
        Event::Extended(_) => "request.extended",
        Event::Decided(_) => "request.decided",
        Event::Answered(_) => "request.answered",
        Event::Withdrawn(_) => "request.withdrawn",
        Event::Corrected(..) => "request.corrected",
        Event::OpenedInError(_) => "request.opened_in_error",
        Event::Heard => "request.heard",
        Event::Readdressed => "request.readdressed",
        Event::Remarked(_) => "request.remarked",
    }
}
