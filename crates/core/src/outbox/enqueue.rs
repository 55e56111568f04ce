//! Putting messages into the outbox, and taking them back.

use super::model::{Failure, Letter, Message, Progress, Recipient};
use super::settle::ended;
use super::{ADDRESS, QUEUED, VALUES};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::SubjectId;
use crate::name::Name;
use crate::policy::records::OUTBOX;
use crate::ports::Scan;
use crate::ports::store::LONGEST_LEASE;
use crate::vault::{
    Actor, Effects, Entry, MODEL, NewRecord, Numbered, OpenedRecord, PersonRows, RecordChange,
    RecordItems, RecordKey, Standing, Vault,
};

/// Puts a message to a subject into the outbox; `None` for somebody unknown, who has no account. Whoever
/// acts in a role writes for the purposes of that role.
///
/// # Errors
/// [`TOO_LONG`](super::TOO_LONG); those of [`may_write`] and of [`Vault::add_record`].
pub async fn enqueue(
    vault: &Vault,
    subject: Option<SubjectId>,
    message: &Message,
    actor: &Actor,
) -> Result<RecordKey> {
    may_write(vault, &message.purpose, actor)?;
    let new = new_record(message, vault.now())?;
    vault.add_record(&OUTBOX, NewRecord { subject, ..new }, actor).await
}

/// [`enqueue`] under a number of the caller's, unless there is a message of this number already, sent
/// or not: whoever tries again makes no second one.
///
/// # Errors
/// As [`enqueue`].
pub async fn enqueue_once(
    vault: &Vault,
    number: &[u8; 16],
    subject: Option<SubjectId>,
    message: &Message,
    actor: &Actor,
) -> Result<Numbered> {
    may_write(vault, &message.purpose, actor)?;
    let new = new_record(message, vault.now())?;
    vault.add_record_once(&OUTBOX, number, NewRecord { subject, ..new }, actor).await
}

/// Whether somebody may write to people for a purpose, and take back what was written: in a role, for the
/// purposes of that role. Who acts in none is the embedding program, or a person in their own matters.
///
/// # Law
/// Art. 5(1)(b) GDPR.
///
/// # Errors
/// `policy.unknown_purpose`, `policy.unknown_role`, `policy.role_not_allowed`.
pub fn may_write(vault: &Vault, purpose: &Name, actor: &Actor) -> Result<()> {
    if let Some(role) = &actor.role {
        vault.policy().may_ask(purpose, role)?;
    }
    Ok(())
}

/// [`enqueue_once`] of many messages, each to a subject of its own: in one change, as far as nothing
/// else has to be looked at. It does not ask for the purposes of the actor's role: a room sends so what the
/// policy itself wants sent (`[sweep] warn_for`), whoever runs the sweep. What is wrong with one of them is its own result.
///
/// # Errors
/// The codes of the ports; those of [`Vault::check_grant`]. Of one message: as [`enqueue_once`].
pub async fn enqueue_each(
    vault: &Vault,
    messages: &[([u8; 16], SubjectId, Message)],
    actor: &Actor,
) -> Result<Vec<Result<Numbered>>> {
    let now = vault.now();
    let new = messages.iter().map(|(number, subject, message)| {
        let new = new_record(message, now)?;
        Ok((*number, NewRecord { subject: Some(*subject), ..new }))
    });
    vault.add_records_once(&OUTBOX, new.collect::<Result<Vec<_>>>()?, actor).await
}

/// The record of a message.
pub(crate) fn new_record(message: &Message, now: Timestamp) -> Result<NewRecord> {
    message.check()?;
    let letter = Letter::of(message, now);
    let mut items =
        RecordItems::default().with(MODEL, letter.encode()).with(VALUES, message.values.encode());
    if let Recipient::Address(address) = &message.to {
        // EXPOSE: it is sealed in the message.
        items = items.with(ADDRESS, address.expose().clone().into_bytes());
    }
    Ok(NewRecord {
        subject: None,
        standing: Standing::Open { state: QUEUED, due_at: Some(message.send_at.unwrap_or(now)) },
        items,
        entry: Entry::new("message.enqueued").detail("says", &message.says),
        effects: Effects::default(),
    })
}

/// Takes a message back that was not sent yet. Who is just sending it may be faster.
///
/// # Errors
/// [`ENDED`](super::ENDED); those of [`may_write`] for the purpose of the message, and of
/// [`Vault::change_record`].
pub async fn cancel(vault: &Vault, key: &RecordKey, actor: &Actor) -> Result<()> {
    let may = |letter: &Letter| may_write(vault, &letter.purpose, actor);
    give_up(vault, key, Failure::Cancelled, actor, may).await
}

/// Takes back all messages to the account of a subject that were not sent yet: the account is gone.
/// Those with an address of their own stay. Answers with how many.
///
/// # Errors
/// Those of [`Vault::change_record`].
pub async fn withdraw(vault: &Vault, subject: SubjectId, actor: &Actor) -> Result<u64> {
    let mut taken = 0;
    for one in vault.records_of(subject, &OUTBOX).await? {
        if matches!(one.standing, Standing::Closed { .. }) {
            continue;
        }
        if vault.consult_record(&one.key, &[MODEL], letter).await?.own_address {
            continue;
        }
        match give_up(vault, &one.key, Failure::Gone, actor, |_| Ok(())).await {
            Err(error) if error.is(&super::ENDED) => {}
            other => other.map(|()| taken += 1)?,
        }
    }
    Ok(taken)
}

async fn give_up(
    vault: &Vault,
    key: &RecordKey,
    failure: Failure,
    actor: &Actor,
    may: impl Fn(&Letter) -> Result<()> + Send + Sync,
) -> Result<()> {
    let decide = |opened: &OpenedRecord| -> Result<RecordChange> {
        let at = vault.now();
        let letter = letter(opened)?;
        may(&letter)?;
        let letter = letter.with(Progress::GivenUp { failure, at }, false)?;
        Ok(ended(&letter, at))
    };
    vault.change_record(key, &[MODEL], actor, decide).await.map(|_| ())
}

/// The end of a message that waited when its row was copied: whether it has gone since nobody can say.
pub(crate) fn restored(opened: &OpenedRecord, at: Timestamp) -> Result<RecordChange> {
    let end = Progress::GivenUp { failure: Failure::Restored, at };
    Ok(ended(&letter(opened)?.with(end, false)?, at))
}

/// How far a message got.
///
/// # Errors
/// Those of [`Vault::consult_record`].
pub async fn progress(vault: &Vault, key: &RecordKey) -> Result<Progress> {
    vault.consult_record(key, &[MODEL], |opened| letter(opened).map(|letter| letter.progress)).await
}

/// How far the message of a number got ([`enqueue_once`]), if there is one.
///
/// # Errors
/// Those of [`Vault::find_record`] and [`progress`].
pub async fn progress_of(vault: &Vault, number: &[u8; 16]) -> Result<Option<Progress>> {
    match vault.find_record(&OUTBOX, number).await? {
        Some(key) => progress(vault, &key).await.map(Some),
        None => Ok(None),
    }
}

/// How many messages have been due for longer than a lease can last, counted up to `limit`: nobody sends
/// them, or somebody rewrites their leases, which no digest covers.
///
/// # Errors
/// The codes of the store.
pub async fn overdue(vault: &Vault, limit: u64) -> Result<u64> {
    let until = vault.now().minus(LONGEST_LEASE);
    let scan = Scan::Due { kind: OUTBOX.kind.clone(), state: QUEUED, until };
    vault.ports().store.count(&scan, limit).await
}

/// How far the messages of many people got, each found by its number among the rows that are kept of
/// the person it goes to ([`Vault::person_rows`] with the kind [`OUTBOX`]); `None` where there is none.
///
/// # Errors
/// Those of [`Vault::consult_numbered`].
pub async fn progress_each(
    vault: &Vault,
    asked: &[(&PersonRows, [u8; 16])],
) -> Result<Vec<Result<Option<Progress>>>> {
    let opened = vault.consult_numbered(asked, &[MODEL]).await?;
    let progress = |opened: Option<OpenedRecord>| {
        opened.map(|opened| letter(&opened).map(|letter| letter.progress)).transpose()
    };
    Ok(opened.into_iter().map(|one| one.and_then(progress)).collect())
}

/// What is kept of a message, from its record.
pub(super) fn letter(opened: &OpenedRecord) -> Result<Letter> {
    Letter::decode(opened.items.get(&MODEL).unwrap_or_default())
}
