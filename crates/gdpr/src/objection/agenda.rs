//! Which objections wait for a decision or for a letter, and until when: found by the index.

use chrono::{Days, NaiveDate};
use tacenda_core::calendar::{AnswerDeadline, Term, day_of};
use tacenda_core::policy::records::OBJECTIONS;
use tacenda_core::vault::{Actor, RecordKey, Vault};
use tacenda_core::{ActorId, Name, Result};

use super::codes::NOT_THE_SUBJECT;
use super::state::State;
use crate::requests::Calendar;

const PAGE: usize = 256;
/// How many days the shortest month has.
const SHORTEST: Days = Days::new(28);

/// An objection of which something is to be done, as the index has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Where its record is.
    pub key: RecordKey,
    /// Whether it waits for a decision, or overruled for the letter that says so.
    pub state: State,
    /// The last day on which the person can be told in time.
    pub due: NaiveDate,
    /// Whether that day is over.
    pub overdue: bool,
}

/// The objections that wait, of which the last day is this one or before, overdue ones too, the earliest
/// first. With [`NaiveDate::MAX`] all that wait. No record is opened: it shows ids, states and days.
/// That they were shown is in the log, with how many.
///
/// # Law
/// Art. 12(3) GDPR: the person is told within one month of receipt. Nothing extends it here; who extends
/// it, and why, stands in the file of the request.
///
/// # Properties
/// Its cost grows with what was received 28 days before that day or earlier and still waits.
///
/// # Errors
/// `objection.not_the_subject` for a subject; `policy.unknown_role`, `policy.role_without_records`;
/// `calendar.beyond_calendar`; the codes of the ports.
pub async fn agenda(
    vault: &Vault,
    calendar: &Calendar<'_>,
    until: NaiveDate,
    actor: &Actor,
) -> Result<Vec<Work>> {
    match &actor.role {
        Some(role) => vault.policy().may_work_on(&OBJECTIONS, role)?,
        None if actor.id != ActorId::SYSTEM => return NOT_THE_SUBJECT.err(),
        None => {}
    }
    let today = day_of(calendar.zone, vault.now());
    // What came later has its last day later.
    let latest = until.checked_sub_days(SHORTEST).and_then(|day| day.succ_opt());
    let latest = calendar.zone.start_of_day(latest.unwrap_or(NaiveDate::MIN));
    let mut found = Vec::new();
    for state in [State::Pending, State::Overruled] {
        let Some(word) = state.open_as() else { continue };
        let (word, mut last) = (Name::fixed(word), None);
        loop {
            let page = vault.records_due(&OBJECTIONS, &word, latest, last.as_ref(), PAGE).await?;
            for one in &page {
                let received = day_of(calendar.zone, one.due_at);
                let due = AnswerDeadline::of(received, Term::OneMonth, &[], calendar.working)?;
                let due = due.due.last_day();
                if due <= until {
                    let (key, state) = (one.key.clone(), state.clone());
                    found.push(Work { key, state, due, overdue: due < today });
                }
            }
            last = page.last().cloned();
            if page.len() < PAGE {
                break;
            }
        }
    }
    found.sort_by_key(|one| (one.due, one.key.subject, one.key.id));
    vault.note_listing(&OBJECTIONS, found.len(), actor).await?;
    Ok(found)
}
