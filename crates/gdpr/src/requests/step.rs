//! Taking a step of a request: the file is opened, the rules decide, and it is written with its leaf.

use chrono::NaiveDate;
use tacenda_core::calendar::day_of;
use tacenda_core::pii::{Email, Sensitive};
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::policy::{About, Policy};
use tacenda_core::row::state;
use tacenda_core::vault::{Actor, Entry, MODEL, OpenedRecord, Outline, RecordKey, Standing, Vault};
use tacenda_core::{Name, Result};

use super::codes::{NO_SUCH_REQUEST, NOT_SO, NOT_THE_SUBJECT, WRONG_STEP};
use super::decision::{Decision, Ground, Refusal};
use super::due::Calendar;
use super::effect::{self, Stands};
use super::file::{self, ABOUT, REPLY_TO};
use super::held::{self, Held};
use super::identity::{Evidence, IdentityOutcome};
use super::intake::{Items, Requester};
use super::read::email;
use super::reply::ReplyTo;
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
/// `policy.unknown_role`, `policy.role_without_records`; `requests.no_such_request` for a link to none;
/// `requests.not_so` for a decision that nothing is held, or was erased on a day, where that is not so,
/// also if the address that was named, or that the subject asked from, has an account, and for the answer to a granted request for erasure while what it is about is in use, or for an objection,
/// a withdrawal of consent or a restriction that does not count; those of [`Vault::change_record`].
pub async fn step(
    vault: &Vault,
    calendar: &Calendar<'_>,
    key: &RecordKey,
    event: Event,
    actor: &Actor,
) -> Result<Entered> {
    if matches!(event, Event::Heard | Event::Readdressed) {
        // What they say lies beside the file: `hear` and `readdress` enter both.
        return Err(WRONG_STEP.error().with("step", event.as_str()));
    }
    file::check_role(vault, actor)?;
    check_actor(key, &event, actor)?;
    check_link(vault, &event).await?;
    check_held(vault, key, &event, actor).await?;
    let in_use = in_use(vault, key, &event).await?;
    let stands = match event {
        Event::Answered(_) => effect::look(vault, key.subject).await?,
        _ => Stands::Nobody,
    };
    let unlinked = matches!(event, Event::Answered(_))
        && held::of(vault, key.subject).await? == Held::Nothing
        && has_account(vault, key, actor).await?;
    let check = |request: &Request| {
        check_session(request, &event)?;
        check_granted(vault.policy(), request, &stands, &in_use, unlinked)
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
        let request = file::of(record)?;
        check(&request)?;
        let stamp = file::stamp_after(vault, actor, &request);
        let request = request.step(event.clone(), calendar, stamp)?;
        stage = request.state().stage();
        file::change(&request, calendar, vault.now(), told(event))
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

/// A request repeats one that there is.
async fn check_link(vault: &Vault, event: &Event) -> Result<()> {
    let Event::Linked(earlier) = event else { return Ok(()) };
    let found = vault.find_record(&REQUESTS, earlier.as_bytes()).await?;
    if found.is_some() { Ok(()) } else { NO_SUCH_REQUEST.err() }
}

/// Nobody is told that nothing is held where something is. Whoever is unknown may have an account by the
/// address that they named, or asked from: it is looked up once more.
async fn check_held(vault: &Vault, key: &RecordKey, event: &Event, actor: &Actor) -> Result<()> {
    let claimed = match event {
        Event::Decided(Decision::NothingHeld) => Held::Nothing,
        Event::Decided(Decision::ErasedBefore(day)) => Held::ErasedOn(*day),
        _ => return Ok(()),
    };
    if held::of(vault, key.subject).await? != claimed {
        return NOT_SO.err();
    }
    if claimed == Held::Nothing && has_account(vault, key, actor).await? {
        return NOT_SO.err();
    }
    Ok(())
}

/// Whether there is an account by an address in the file of somebody of whom nothing is held.
async fn has_account(vault: &Vault, key: &RecordKey, actor: &Actor) -> Result<bool> {
    let needed = [MODEL, ABOUT, REPLY_TO];
    Ok(vault.find_by_record(key, &needed, actor, addresses).await?.is_some())
}

/// The addresses in a file by which its subject may have an account. That of a proxy is not one.
fn addresses(record: &OpenedRecord) -> Result<Vec<Sensitive<String>>> {
    let mut found: Vec<Email> =
        record.items.get(&ABOUT).map(email).transpose()?.into_iter().collect();
    let reply_to = record.items.get(&REPLY_TO).map(ReplyTo::decode).transpose()?;
    if let Some(ReplyTo::Email(email)) = reply_to
        && *file::of(record)?.requester() == Requester::Subject
    {
        found.push(email);
    }
    // EXPOSE: the vault looks them up.
    Ok(found.iter().map(|email| email.as_typed().to_owned().into()).collect())
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

/// Nobody is told that something was granted that is not so; least of all of an account that the file
/// was never linked to (`unlinked`).
fn check_granted(
    policy: &Policy,
    request: &Request,
    stands: &Stands,
    in_use: &[Outline],
    unlinked: bool,
) -> Result<()> {
    let Some(decision @ (Decision::Granted(_) | Decision::PartlyRefused(_))) =
        request.state().decision()
    else {
        return Ok(());
    };
    if unlinked {
        return NOT_SO.err();
    }
    if request.right() == Right::Erasure {
        return check_gone(policy, request, decision, in_use);
    }
    effect::check(policy, request, stands, in_use)
}

/// Nobody is told that something was erased that is in use. What is refused stays; but what is refused
/// because a law keeps it is archived.
fn check_gone(
    policy: &Policy,
    request: &Request,
    decision: &Decision,
    in_use: &[Outline],
) -> Result<()> {
    let scope = request.scope();
    let part = |one: &&Refusal| (one.class.clone(), one.item.clone());
    let by_law = |one: &&Refusal| one.ground == Ground::LegalObligation;
    // An order to keep it is a duty as well, and leaves it where it is.
    let (duties, others): (Vec<_>, Vec<_>) = decision.grounds().iter().partition(by_law);
    let (duties, others): (Vec<_>, Vec<_>) =
        (duties.iter().map(part).collect(), others.iter().map(part).collect());
    let asked = |row: &&Outline| scope.classes.is_empty() || scope.classes.contains(&row.class);
    let mut asked = in_use.iter().filter(asked);
    let gone = asked.all(|row| {
        let of = |item: Option<&Name>| (Some(row.class.clone()), item.cloned());
        let stays = |part| others.contains(&part) || row.held && duties.contains(&part);
        let refused = |item| stays(of(None)) || stays(of(Some(item)));
        row.items.iter().filter(|item| is_about(policy, item, scope.items)).all(refused)
    });
    if gone { Ok(()) } else { NOT_SO.err() }
}

/// Whether an item is among those that a request is about. What the policy does not know is the person's.
pub(super) fn is_about(policy: &Policy, item: &Name, items: Items) -> bool {
    let of_organisation = policy.item(item).is_some_and(|of| of.about == About::Organisation);
    match items {
        Items::Both => true,
        Items::Person => !of_organisation,
        Items::Organisation => of_organisation,
    }
}
