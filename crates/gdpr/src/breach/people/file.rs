//! Somebody whom a breach affects as a record: where it is, how it stands, what the log says.

use sha2::{Digest as _, Sha256};
use tacenda_core::codec::{Encoder, MALFORMED};
use tacenda_core::policy::records::{BREACH_PEOPLE, BREACHES, HOLDS};
use tacenda_core::vault::{
    Actor, DueRecord, Effects, Entry, MODEL, OpenedRecord, RecordChange, RecordItems, Standing,
    Vault,
};
use tacenda_core::{Error, Kind, Name, Result, RowId, SubjectId, Timestamp};

use super::affected::{Affected, Reach};
use crate::case::{Note, watch};
use crate::holds::{self, GroupId};
use crate::requests::Calendar;

/// How many people are looked at at once.
pub(super) const PAGE: usize = 256;

/// Whoever works on the people of a breach works on breaches and on their lists.
pub(super) fn check_role(vault: &Vault, actor: &Actor) -> Result<()> {
    watch::check_role(vault, &BREACHES, actor)?;
    watch::check_role(vault, &BREACH_PEOPLE, actor)
}

/// The number of what there is once for a breach and a person.
pub(super) fn number(what: &str, breach: SubjectId, of: &[u8], letter: u64) -> [u8; 16] {
    let mut e = Encoder::new("tacenda/breach-number/1");
    e.text(what).raw(breach.as_bytes()).bytes(of).u64(letter);
    let digest: [u8; 32] = Sha256::digest(e.finish()).into();
    let mut number = [0; 16];
    number.copy_from_slice(digest.first_chunk::<16>().unwrap_or(&[0; 16]));
    number
}

/// The number of a person's place on the list.
pub(super) fn place(breach: SubjectId, subject: SubjectId) -> [u8; 16] {
    number("person", breach, subject.as_bytes(), 0)
}

/// The group of the holds that keep addresses until their people were told.
pub(super) const fn group(breach: SubjectId) -> GroupId {
    GroupId::from_bytes(*breach.as_bytes())
}

/// The state of the rows of one breach's people: the index finds them by it, and no others.
pub(super) fn state(reach: Reach, breach: SubjectId) -> Result<Name> {
    let id: String = breach.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    Name::parse(&format!("{}.{id}", reach.as_str()))
}

pub(super) fn of(record: &OpenedRecord) -> Result<Affected> {
    match record.items.get(&MODEL) {
        Some(model) => Affected::decode(model),
        None => MALFORMED.err(),
    }
}

/// What the log says of it: which breach, and how far.
pub(super) fn told(action: &'static str, affected: &Affected) -> Entry {
    let breach = RowId::from_bytes(*affected.breach.as_bytes());
    Entry::new(action).detail("breach", breach).detail("reach", affected.reached.reach().as_str())
}

/// Puts a person in the place of the one before. On the list they keep the time since when they are on it.
pub(super) fn change(
    record: &OpenedRecord,
    affected: &Affected,
    action: &'static str,
) -> Result<RecordChange> {
    let due_at = match record.outline.standing {
        Standing::Open { due_at, .. } => due_at,
        Standing::Closed { at } => Some(at),
    };
    let state = state(affected.reached.reach(), affected.breach)?;
    Ok(write(affected, Standing::Open { state, due_at }, action))
}

pub(super) fn write(affected: &Affected, standing: Standing, action: &'static str) -> RecordChange {
    RecordChange {
        standing,
        set: RecordItems::default().with(MODEL, affected.encode()),
        remove: [].into(),
        entry: told(action, affected),
        effects: Effects::default(),
    }
}

/// A page of the people of a breach so far as they were told, from behind one of an earlier page on.
pub(super) async fn page(
    vault: &Vault,
    breach: SubjectId,
    reach: Reach,
    after: Option<&DueRecord>,
    limit: usize,
) -> Result<Vec<DueRecord>> {
    let state = state(reach, breach)?;
    vault.records_due(&BREACH_PEOPLE, &state, Timestamp::MAX, after, limit).await
}

/// Lets a person's address go, if the breach still holds it.
pub(super) async fn let_go(
    vault: &Vault,
    calendar: &Calendar<'_>,
    breach: SubjectId,
    subject: SubjectId,
    actor: &Actor,
) -> Result<()> {
    let reason = Note::stored("The person was told of the breach, or it is closed.");
    for (key, outline) in vault.records_each(subject, &HOLDS).await? {
        if !matches!(outline, Ok(outline) if matches!(outline.standing, Standing::Open { .. })) {
            continue;
        }
        let group = Some(group(breach));
        match holds::release_in(vault, calendar, &key, &reason, group, actor).await {
            Err(error) if error.is(&holds::NOT_OF_GROUP) || error.is(&holds::WRONG_STEP) => {}
            done => done.map(drop)?,
        }
    }
    Ok(())
}

/// Whether what went wrong is wrong with one person, and stops nobody else's letter.
pub(super) fn is_of_one(error: &Error) -> bool {
    !matches!(error.kind(), Kind::Unavailable | Kind::Configuration)
}
