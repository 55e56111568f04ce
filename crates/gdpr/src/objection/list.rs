//! Reading a subject's objections, and what they wrote, for a purpose.

use tacenda_core::codec::MALFORMED;
use tacenda_core::policy::records::OBJECTIONS;
use tacenda_core::vault::{Actor, MODEL, OpenedRecord, RecordKey, Vault};
use tacenda_core::{Name, Result, SubjectId};

use super::object::WORDS;
use super::state::Objection;
use crate::requests::Words;

/// An objection that was read, or why it was not.
#[derive(Debug)]
pub struct Listed {
    /// Where it is.
    pub key: RecordKey,
    /// What it says.
    pub objection: Result<Objection>,
}

/// Reads all objections of a subject that are kept, the oldest first. A leaf each.
///
/// # Errors
/// Those of [`Vault::records_of`]; those of [`Vault::read_record`] stand with each.
pub async fn objections_of(
    vault: &Vault,
    subject: SubjectId,
    purpose: &Name,
    actor: &Actor,
) -> Result<Vec<Listed>> {
    let mut listed = Vec::new();
    for outline in vault.records_of(subject, &OBJECTIONS).await? {
        let key = outline.key;
        let record = vault.read_record(&key, &[MODEL], purpose, actor).await;
        listed.push(Listed { key, objection: record.and_then(|record| of(&record)) });
    }
    Ok(listed)
}

/// Reads what the person wrote, if anything is kept.
///
/// # Errors
/// As [`Vault::read_record`].
pub async fn read_words(
    vault: &Vault,
    key: &RecordKey,
    purpose: &Name,
    actor: &Actor,
) -> Result<Option<Words>> {
    let opened = vault.read_record(key, &[WORDS], purpose, actor).await?;
    Ok(opened.items.words(&WORDS).map(Words::new))
}

/// The objection in a record of which [`MODEL`] is open.
pub(super) fn of(record: &OpenedRecord) -> Result<Objection> {
    match record.items.get(&MODEL) {
        Some(model) => Objection::decode(model),
        None => MALFORMED.err(),
    }
}
