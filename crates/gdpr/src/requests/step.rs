//! Taking a step of a request: the file is opened, the rules decide, and it is written with its leaf.

use chrono::NaiveDate;
use tacenda_core::Result;
use tacenda_core::calendar::day_of;
use tacenda_core::row::state;
use tacenda_core::vault::{Actor, Entry, MODEL, OpenedRecord, Outline, RecordKey, Standing, Vault};

use super::codes::{NOT_SO, NOT_THE_SUBJECT};
use super::decision::{Decision, Ground};
use super::due::Calendar;
use super::file;
use super::held::{Held, held};
use super::identity::{Evidence, IdentityOutcome};
use super::intake::{Items, Requester};
use super::rights::Right;
use super::state::{Event, Request, Stage};

/// Where a request is after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entered {
    /// Its stage.
    pub stage: Stage,
    /// The last day on which it can be answered in time; `None` once it is closed.
    pub due: Option<NaiveDate>,
}

/// Takes a step: what happened is entered in the file, now and by this actor, if the rules of the
/// room allow it. If another step comes first, the rules are asked again.
///
/// The due date in the index is reckoned anew. Once the file is closed its retention clock runs, and
/// the address for the answer is gone.
///
/// # Law
/// As the step of [`Request`] with the event's name.
///
/// # Errors
/// Those of that step; `requests.not_the_subject` for a session that is not the subject's own, or that
/// is to show who a proxy or heir is, and for a step that a subject takes in the controller's place;
/// `requests.not_so` for a decision that nothing is held, or was erased on a day, where that is not so,
/// and for the answer to a granted request for erasure while what it is about is in use; those of
/// [`Vault::change_record`].
pub async fn step(
    vault: &Vault,
    calendar: &Calendar<'_>,
    key: &RecordKey,
    event: Event,
    actor: &Actor,
) -> Result<Entered> {
    check_actor(key, &event, actor)?;
    check_held(vault, key, &event).await?;
    let in_use = in_use(vault, key, &event).await?;
    let check = |request: &Request| {
        check_session(request, &event)?;
        check_gone(request, &in_use)
    };
    enter(vault, calendar, key, &event, actor, check).await
}

/// Enters an event in a file of which something else is asked first.
pub(super) async fn enter(
    vault: &Vault,
    calendar: &Calendar<'_>,
    key: &RecordKey,
    event: &Event,
    actor: &Actor,
    check: impl Fn(&Request) -> Result<()> + Send + Sync,
) -> Result<Entered> {
    check_actor(key, event, actor)?;
    let mut stage = Stage::Received;
    let decide = |record: &OpenedRecord| {
        let stamp = file::stamp(vault, actor);
        let request = file::of(record)?;
        check(&request)?;
        let request = request.step(event.clone(), calendar, stamp)?;
        stage = request.state().stage();
        file::change(&request, calendar, stamp.at, told(event))
    };
    let due = match vault.change_record(key, &[MODEL], actor, decide).await?.standing {
        Standing::Open { due_at, .. } => due_at,
        Standing::Closed { .. } => None,
    };
    let due = due.and_then(|at| day_of(calendar.zone, at).pred_opt());
    Ok(Entered { stage, due })
}

/// What the log says of a step: words of the room, and nothing that anybody wrote.
fn told(event: &Event) -> Entry {
    let entry = Entry::new(file::action(event));
    match event {
        Event::Restated(right, ..) => entry.detail("right", right.as_str()),
        Event::IdentityAsked(question) => entry.detail("ask", question.ask.as_str()),
        Event::IdentityAnswered(answer) => match &answer.outcome {
            IdentityOutcome::Confirmed(evidence) => entry.detail("identity", evidence.as_str()),
            IdentityOutcome::NotConfirmed(_) => entry.detail("identity", "not confirmed"),
        },
        Event::Decided(decision) => entry.detail("decision", decision.as_str()),
        _ => entry,
    }
}

/// Whether it is settled by a session who asks.
fn is_by_session(event: &Event) -> bool {
    match event {
        Event::SessionSeen(_) => true,
        Event::IdentityAnswered(answer) => {
            matches!(answer.outcome, IdentityOutcome::Confirmed(Evidence::Session))
        }
        _ => false,
    }
}

/// The session of an account does not show who a proxy or an heir is.
fn check_session(request: &Request, event: &Event) -> Result<()> {
    let shown = !is_by_session(event) || *request.requester() == Requester::Subject;
    if shown { Ok(()) } else { NOT_THE_SUBJECT.err() }
}

/// A session is the subject's own; a subject enters what is its own to say.
fn check_actor(key: &RecordKey, event: &Event, actor: &Actor) -> Result<()> {
    let by_session = is_by_session(event);
    let own = by_session || matches!(event, Event::ClarificationAnswered(..) | Event::Withdrawn(_));
    let is_the_subject = file::is_the_subject(actor, key.subject);
    let refused = if file::is_a_subject(actor) { !(own && is_the_subject) } else { by_session };
    if refused { NOT_THE_SUBJECT.err() } else { Ok(()) }
}

/// Nobody is told that nothing is held where something is.
async fn check_held(vault: &Vault, key: &RecordKey, event: &Event) -> Result<()> {
    let claimed = match event {
        Event::Decided(Decision::NothingHeld) => Held::Nothing,
        Event::Decided(Decision::ErasedBefore(day)) => Held::ErasedOn(*day),
        _ => return Ok(()),
    };
    if held(vault, key.subject).await? == claimed { Ok(()) } else { NOT_SO.err() }
}

/// What is in use of the subject's own, where an answer is entered.
async fn in_use(vault: &Vault, key: &RecordKey, event: &Event) -> Result<Vec<Outline>> {
    if !matches!(event, Event::Answered(_)) {
        return Ok(Vec::new());
    }
    let mut rows = vault.outline(key.subject).await?;
    rows.retain(|row| !row.is_record() && row.state != state::ARCHIVED);
    Ok(rows)
}

/// Nobody is told that something was erased that is in use. What is refused stays; but what is refused
/// because a law keeps it is archived.
fn check_gone(request: &Request, in_use: &[Outline]) -> Result<()> {
    let Some(decision @ (Decision::Granted(_) | Decision::PartlyRefused(_))) =
        request.state().decision()
    else {
        return Ok(());
    };
    // Which items are about the person alone the rows do not tell.
    let scope = request.scope();
    if request.right() != Right::Erasure || scope.items != Items::Both {
        return Ok(());
    }
    let grounds = decision.grounds().iter().filter(|one| one.ground != Ground::LegalObligation);
    let stays: Vec<_> = grounds.map(|one| (one.class.as_ref(), one.item.as_ref())).collect();
    let asked = |row: &&Outline| scope.classes.is_empty() || scope.classes.contains(&row.class);
    let mut asked = in_use.iter().filter(asked);
    let gone = asked.all(|row| {
        let class = Some(&row.class);
        let refused = |item| stays.contains(&(class, None)) || stays.contains(&(class, Some(item)));
        row.items.iter().all(refused)
    });
    if gone { Ok(()) } else { NOT_SO.err() }
}
