//! Receiving a request: its file is opened, whoever asks and whatever is known of them.

use chrono::NaiveDate;
use tacenda_core::pii::Email;
use tacenda_core::policy::codes::UNKNOWN_PURPOSE;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::vault::{Actor, Effects, Entry, MODEL, NewRecord, RecordItems, RecordKey, Vault};
use tacenda_core::{Kind, Name, Result, SubjectId, Timestamp};

use super::codes::NOT_THE_SUBJECT;
use super::due::Calendar;
use super::file::{self, REPLY_TO, WORDS};
use super::intake::{Channel, Intake, RequestId, Requester, Scope};
use super::reply::ReplyTo;
use super::rights::Right;
use super::state::Request;
use super::words::Words;

/// Whom a request is about, so far as whoever logs it knows.
#[derive(Debug, Clone)]
pub enum Whom {
    /// A subject of whom something was written.
    Known(SubjectId),
    /// Whoever has this e-mail address, if there is an account with it, and if the actor may read it
    /// for this purpose. If not, the file is that of somebody unknown; who may not read is not told
    /// which of the two it was.
    HasEmail(Email, Name),
    /// Somebody unknown, who gets an id of its own.
    Unknown,
}

/// A request that arrives.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Whom it is about.
    pub whom: Whom,
    /// What is asked for.
    pub right: Right,
    /// Who asks.
    pub requester: Requester,
    /// By which way it came.
    pub channel: Channel,
    /// What it is about.
    pub scope: Scope,
    /// When it reached the controller; it may lie in the past.
    pub received_at: Timestamp,
    /// Where the answer goes, as far as it is known.
    pub reply_to: Option<ReplyTo>,
    /// What the requester wrote.
    pub words: Option<Words>,
}

/// A request that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Where its file is.
    pub key: RecordKey,
    /// Its number.
    pub id: RequestId,
    /// The last day on which it can be answered in time.
    pub due: NaiveDate,
}

/// Opens the file of a request. Earlier ones of the same subject that are open and ask for the same
/// are linked to it. One that the subject makes from its account needs no further proof of identity.
///
/// # Law
/// Art. 12(2) and (3) GDPR: whatever arrives is recorded, and its time runs from receipt.
///
/// # Errors
/// As [`Request::receive`]; `requests.not_the_subject` for the channel of the account where the actor
/// is not its subject, and for a subject who asks about somebody else; `vault.not_found` for a known
/// subject who is not; `policy.unknown_purpose`; `calendar.beyond_calendar`; the codes of the ports.
pub async fn receive(
    vault: &Vault,
    calendar: &Calendar<'_>,
    arrival: Arrival,
    actor: &Actor,
) -> Result<Received> {
    let from_account = match arrival.whom {
        Whom::Known(subject) => file::is_the_subject(actor, subject),
        Whom::HasEmail(..) | Whom::Unknown => false,
    };
    let needs_account = arrival.channel == Channel::Account || file::is_a_subject(actor);
    if needs_account && !from_account {
        return NOT_THE_SUBJECT.err();
    }
    let subject = find(vault, &arrival.whom, actor).await?;
    let id = RequestId::generate(vault.ports().rng.as_ref());
    let mut due = NaiveDate::MAX;
    let key = match subject {
        Some(subject) => {
            let decide = |others: &[_]| {
                // What cannot be read is no reason to turn somebody away.
                let earlier: Vec<_> = others.iter().filter_map(|one| file::of(one).ok()).collect();
                let (new, day) = open(vault, calendar, &arrival, id, &earlier, actor)?;
                due = day;
                Ok(new)
            };
            vault.add_record_beside(&REQUESTS, subject, &[MODEL], actor, decide).await?
        }
        None => {
            let (new, day) = open(vault, calendar, &arrival, id, &[], actor)?;
            due = day;
            vault.add_record(&REQUESTS, new, actor).await?
        }
    };
    Ok(Received { key, id, due })
}

/// Whom it is about, as far as the actor may know.
async fn find(vault: &Vault, whom: &Whom, actor: &Actor) -> Result<Option<SubjectId>> {
    let (email, purpose) = match whom {
        Whom::Known(subject) => return Ok(Some(*subject)),
        Whom::Unknown => return Ok(None),
        Whom::HasEmail(email, purpose) => (email, purpose),
    };
    let item = vault.policy().identifier().name.clone();
    // EXPOSE: the vault looks it up.
    match vault.read_by(&item, email.as_typed(), purpose, actor).await {
        Ok(view) => Ok(Some(view.subject)),
        // A slip of whoever calls, whoever is meant.
        Err(error) if error.is(&UNKNOWN_PURPOSE) => Err(error),
        Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Refused | Kind::Input) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The record of a new request, with its last day.
fn open(
    vault: &Vault,
    calendar: &Calendar<'_>,
    arrival: &Arrival,
    id: RequestId,
    earlier: &[Request],
    actor: &Actor,
) -> Result<(NewRecord, NaiveDate)> {
    let Arrival { right, channel, received_at, .. } = *arrival;
    let (requester, scope) = (arrival.requester.clone(), arrival.scope.clone());
    let intake = Intake { id, right, requester, channel, scope, received_at };
    let stamp = file::stamp(vault, actor);
    let mut request = Request::receive(intake, stamp)?;
    for other in earlier.iter().filter(|other| other.right() == right) {
        request = request.link(other.id(), stamp)?;
    }
    let signed_in = channel == Channel::Account && arrival.requester == Requester::Subject;
    if signed_in {
        request = request.see_session(received_at, stamp)?;
    }
    let mut items = RecordItems::default().with(MODEL, request.encode());
    if let Some(reply_to) = &arrival.reply_to {
        items = items.with(REPLY_TO, reply_to.encode());
    }
    if let Some(words) = &arrival.words {
        items = items.with_words(WORDS, words.as_text());
    }
    let mut entry = Entry::new("request.received").detail("right", right.as_str());
    if !request.links().is_empty() {
        entry = entry.detail("repeats", request.links().len());
    }
    if signed_in {
        entry = entry.detail("identity", "session");
    }
    let standing = file::standing(&request, calendar, stamp.at)?;
    let due = request.due(calendar, stamp.at)?.last_day();
    Ok((NewRecord { subject: None, standing, items, entry, effects: Effects::default() }, due))
}
