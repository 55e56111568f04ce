//! Receiving a request: its file is opened, whoever asks and whatever is known of them.

use chrono::NaiveDate;
use tacenda_core::pii::Email;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::policy::{Refusal, codes};
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, NewRecord, Numbered, RecordItems, RecordKey, Vault,
};
use tacenda_core::{Kind, Name, Result, SubjectId, Timestamp};

use super::codes::{NOT_THE_SUBJECT, NUMBER_TAKEN};
use super::due::Calendar;
use super::effect::{self, Effect};
use super::file::{self, ABOUT, REPLY_TO, WORDS};
use super::intake::{Channel, Intake, RequestId, Requester, Scope};
use super::reply::ReplyTo;
use super::rights::Right;
use super::state::{Request, Stage};
use super::words::Words;

/// Whom a request is about, so far as whoever logs it knows.
#[derive(Debug, Clone)]
pub enum Whom {
    /// A subject of whom something was written.
    Known(SubjectId),
    /// Whoever has this e-mail address, if there is an account with it, and if the actor may read for
    /// this purpose; nothing of it is opened. If not, the file is that of somebody unknown, with the
    /// address sealed beside it; who may not read is not told which of the two it was.
    HasEmail(Email, Name),
    /// Somebody unknown, who gets an id of its own.
    Unknown,
}

/// A request that arrives.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Its number, if whoever logs it may have to try again: a second try with the same number makes no
    /// second file. `None` for a new one.
    pub id: Option<RequestId>,
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
    /// The purpose that an objection is to, or from which consent is withdrawn, where it names one. An
    /// objection to direct marketing names none; a withdrawal that names none is of every consent.
    pub purpose: Option<Name>,
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
    /// Whether the file is new; not if there was one with this number.
    pub is_new: bool,
    /// What counts already of what was asked for.
    pub effect: Effect,
}

/// Opens the file of a request. The latest ones of the same subject that ask for the same are linked to
/// it, whether they are open or not. One that the subject makes from its account needs no further proof
/// of identity. Any role of the policy may log one.
///
/// An objection to direct marketing, a withdrawal of consent, and an objection that names its purpose
/// count before the file is opened: from the next read on, by whomever they were logged, as if entered in
/// `objection` and `consent`.
///
/// # Law
/// Art. 12(2) and (3) GDPR: whatever arrives is recorded, and its time runs from receipt. Art. 7(3),
/// 18(1)(d) and 21(3): these wait for nobody.
///
/// # Errors
/// As [`Request::receive`]; `requests.not_the_subject` for the channel of the account where the actor
/// is not its subject, and for a subject who asks about somebody else; `requests.number_taken` if its
/// number is that of a request for something else, or of somebody else; `vault.not_found` for a known
/// subject who is not; `policy.unknown_role`, `policy.unknown_purpose`; `calendar.beyond_calendar`; the
/// codes of the ports.
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
    if actor.role.as_ref().is_some_and(|role| !vault.policy().roles.contains_key(role)) {
        return Err(Refusal::UnknownRole.into());
    }
    let subject = find(vault, &arrival.whom, actor).await?;
    let effect = match subject {
        Some(subject) => effect::take(vault, subject, &arrival, actor).await,
        None => Effect::Waits,
    };
    let id = arrival.id.unwrap_or_else(|| RequestId::generate(vault.ports().rng.as_ref()));
    let mut due = NaiveDate::MAX;
    let decide = |others: &[_]| {
        // What cannot be read is no reason to turn somebody away.
        let earlier: Vec<_> = others.iter().filter_map(|one| file::of(one).ok()).collect();
        let known = subject.is_some();
        let (new, day) = open(vault, calendar, &arrival, (id, known), &earlier, actor)?;
        due = day;
        Ok(new)
    };
    let needed = [MODEL];
    let added = vault
        .add_numbered_record(&REQUESTS, id.as_bytes(), subject, &needed, actor, decide)
        .await?;
    match added {
        Numbered::Added(key) => Ok(Received { key, id, due, is_new: true, effect }),
        Numbered::There(key) => there(vault, calendar, key, (id, effect), &arrival).await,
    }
}

/// The file that was opened by an earlier try.
async fn there(
    vault: &Vault,
    calendar: &Calendar<'_>,
    key: RecordKey,
    (id, effect): (RequestId, Effect),
    arrival: &Arrival,
) -> Result<Received> {
    let of_another = matches!(arrival.whom, Whom::Known(subject) if subject != key.subject);
    let due = vault
        .consult_record(&key, &[MODEL], |record| {
            let request = file::of(record)?;
            if of_another || request.right() != arrival.right {
                return NUMBER_TAKEN.err();
            }
            Ok(request.due(calendar, vault.now())?.last_day())
        })
        .await?;
    Ok(Received { key, id, due, is_new: false, effect })
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
    match vault.find_by(&item, email.as_typed(), purpose, actor).await {
        // Who may not know is not told, and what somebody altered turns nobody away. That the purpose is
        // none is a slip of whoever calls, whoever is meant.
        Err(error) if error.is(&codes::ROLE_NOT_ALLOWED) || error.is(&codes::UNKNOWN_ROLE) => {
            Ok(None)
        }
        Err(error) if error.kind() == Kind::Integrity => Ok(None),
        found => found,
    }
}

/// The record of a new request, with its last day.
fn open(
    vault: &Vault,
    calendar: &Calendar<'_>,
    arrival: &Arrival,
    (id, known): (RequestId, bool),
    earlier: &[Request],
    actor: &Actor,
) -> Result<(NewRecord, NaiveDate)> {
    let Arrival { right, channel, received_at, .. } = *arrival;
    let (requester, scope) = (arrival.requester.clone(), arrival.scope.clone());
    let purpose = arrival.purpose.clone();
    let intake = Intake { id, right, requester, channel, scope, received_at, purpose };
    let stamp = file::stamp(vault, actor);
    let mut request = Request::receive(intake, stamp)?;
    let repeats = |other: &&Request| {
        // A restriction on another ground asks for a restriction all the same.
        other.right().as_str() == right.as_str() && other.state().stage() != Stage::OpenedInError
    };
    for other in earlier.iter().filter(repeats) {
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
    if let Whom::HasEmail(email, _) = &arrival.whom
        && !known
    {
        // EXPOSE: the row seals it.
        items = items.with(ABOUT, email.as_typed().as_bytes().to_vec());
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
