//! A breach as a record: how it stands, who may change it, what the log says of a step.

use tacenda_core::codec::MALFORMED;
use tacenda_core::policy::records::BREACHES;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, OpenedRecord, RecordChange, RecordItems, RecordKey, Standing,
    Vault,
};
use tacenda_core::{Name, Result, Timestamp};

use super::super::codes::WRONG_STEP;
use super::super::state::{Breach, DutyState, Event, State};
use crate::case::who::is_system;
use crate::case::{Stamp, watch};

/// The breach in a record of which [`MODEL`] is open.
pub(super) fn of(record: &OpenedRecord) -> Result<Breach> {
    match record.items.get(&MODEL) {
        Some(model) => Breach::decode(model),
        None => MALFORMED.err(),
    }
}

/// The breach of a record, for a decision; it is shown to nobody.
pub(in crate::breach) async fn opened(vault: &Vault, key: &RecordKey) -> Result<Breach> {
    vault.consult_record(key, &[MODEL], of).await
}

/// Whoever works on breaches has a role for it; the SDK itself may where nobody has to judge.
pub(super) fn check_role(vault: &Vault, actor: &Actor) -> Result<()> {
    if is_system(actor) { Ok(()) } else { watch::check_role(vault, &BREACHES, actor) }
}

/// Refuses what is to be done about a breach that is closed.
pub(in crate::breach) fn check_open(breach: &Breach, step: &'static str) -> Result<()> {
    let state = breach.state();
    if !matches!(state, State::Closed(_)) {
        return Ok(());
    }
    Err(WRONG_STEP.error().with("state", state.as_str()).with("step", step))
}

/// Now, or when the last entry was made: a clock that was ahead for a day stops nobody until then.
pub(super) fn stamp_after(vault: &Vault, actor: &Actor, breach: &Breach) -> Stamp {
    let last = breach.entries().last().map_or(Timestamp::MIN, |entry| entry.at);
    Stamp { at: vault.now().max(last), by: actor.id }
}

/// Open in its state until the next clock ends, or closed since the step that closed it.
pub(super) fn standing(vault: &Vault, breach: &Breach) -> Standing {
    let ends = |event: &Event| matches!(event, Event::Closed(_) | Event::FoundUnfounded(_));
    match breach.state() {
        State::Closed(_) => {
            let end = breach.entries().iter().rfind(|entry| ends(&entry.event));
            // By a clock that was ahead it may have been closed later than now.
            let at = end.map_or(Timestamp::MAX, |entry| entry.at).min(vault.now());
            Standing::Closed { at }
        }
        state => {
            Standing::Open { state: Name::fixed(state.as_str()), due_at: Some(due_at(breach)) }
        }
    }
}

/// When the next clock ends; without one, since the breach was raised: there is no time to lose.
fn due_at(breach: &Breach) -> Timestamp {
    let runs = |state| matches!(state, DutyState::Unjudged | DutyState::Owed | DutyState::Begun);
    let dues = breach.duties().into_iter().filter(|duty| runs(duty.state));
    let raised = breach.entries().first().map_or(Timestamp::MIN, |entry| entry.at);
    dues.filter_map(|duty| duty.due).map(|due| due.keep).min().unwrap_or(raised)
}

/// The change that puts a breach in the place of the one before.
pub(super) fn change(vault: &Vault, breach: &Breach) -> RecordChange {
    RecordChange {
        standing: standing(vault, breach),
        set: RecordItems::default().with(MODEL, breach.encode()),
        remove: [].into(),
        entry: told(breach),
        effects: Effects::default(),
    }
}

/// What the log says of the last step: words of the room, and nothing that anybody wrote.
pub(super) fn told(breach: &Breach) -> Entry {
    let Some(last) = breach.entries().last() else { return Entry::new("breach.remarked") };
    let entry = Entry::new(action(&last.event)).detail("state", breach.state().as_str());
    match &last.event {
        Event::Judged(judgement) => entry.detail("risk", judgement.risk.as_str()),
        Event::Notified(notice) => {
            // INVARIANT 1: whom no clock names, anybody may have typed.
            let clocks = breach.state().awareness().into_iter().flat_map(|one| &one.deadlines);
            let named = clocks.map(|one| &one.recipient).find(|one| **one == notice.recipient);
            let entry = entry.detail("kind", notice.kind.as_str());
            named.into_iter().fold(entry, |entry, name| entry.detail("recipient", name))
        }
        Event::Told(telling) => {
            let entry = entry.detail("means", telling.means.as_str());
            entry.detail("told", telling.told).detail("unreachable", telling.unreachable)
        }
        Event::Approved(what, _) => entry.detail("approval", what.as_str()),
        Event::FoundUnfounded(unfounded) | Event::PromiseLifted(unfounded) => {
            let second =
                unfounded.approved_by.map(|by| tacenda_core::RowId::from_bytes(*by.as_bytes()));
            second.into_iter().fold(entry, |entry, by| entry.detail("approved_by", by))
        }
        _ => entry,
    }
}

/// What the log calls a step.
const fn action(event: &Event) -> &'static str {
    match event {
        Event::Suspected { .. } => "breach.suspected",
        Event::FactsCorrected { .. } => "breach.facts_corrected",
        Event::BecameAware(_) => "breach.became_aware",
        Event::Judged(_) => "breach.judged",
        Event::Notified(_) => "breach.notified",
        Event::NoticesSettled(_) => "breach.notices_settled",
        Event::Told(_) => "breach.told",
        Event::TellingOrdered(_) => "breach.telling_ordered",
        Event::PromiseLifted(_) => "breach.promise_lifted",
        Event::PeopleSettled(_) => "breach.people_settled",
        Event::Remarked(_) => "breach.remarked",
        Event::Closed(_) => "breach.closed",
        Event::FoundUnfounded(_) => "breach.found_unfounded",
        Event::Reopened(_) => "breach.reopened",
        Event::Drafted(_) => "breach.drafted",
        Event::Tested => "breach.tested",
        Event::Approved(..) => "breach.approved",
        Event::SendingBegan => "breach.sending_began",
    }
}
