//! What a requester says later, and where the answer goes from then on.

use tacenda_core::Result;
use tacenda_core::codec::MALFORMED;
use tacenda_core::vault::{
    Actor, Effects, Entry, OpenedRecord, RecordChange, RecordItems, RecordKey, Standing, Vault,
};

use super::codes::{FILE_CLOSED, NOT_THE_SUBJECT};
use super::file::{self, REPLY_TO, WORDS};
use super::reply::ReplyTo;
use super::words::Words;

/// Adds what the requester wrote later to what they wrote before.
///
/// # Errors
/// `requests.file_closed`; `requests.not_the_subject` for a subject whose request it is not; those of
/// [`Vault::change_record`].
pub async fn hear(vault: &Vault, key: &RecordKey, words: &Words, actor: &Actor) -> Result<()> {
    check(key, actor)?;
    let decide = |record: &OpenedRecord| {
        let before = record.items.get(&WORDS).map(text).transpose()?;
        let words = before.map_or_else(|| words.clone(), |before| before.and(words));
        let set = RecordItems::default().with_words(WORDS, words.as_text());
        beside(record, set, "request.heard")
    };
    vault.change_record(key, &[WORDS], actor, decide).await.map(drop)
}

/// Changes where the answer goes.
///
/// # Errors
/// As [`hear`].
pub async fn readdress(
    vault: &Vault,
    key: &RecordKey,
    reply_to: &ReplyTo,
    actor: &Actor,
) -> Result<()> {
    check(key, actor)?;
    let decide = |record: &OpenedRecord| {
        let set = RecordItems::default().with(REPLY_TO, reply_to.encode());
        beside(record, set, "request.readdressed")
    };
    vault.change_record(key, &[], actor, decide).await.map(drop)
}

pub(super) fn text(bytes: &[u8]) -> Result<Words> {
    std::str::from_utf8(bytes).map(Words::new).map_err(|_| MALFORMED.error())
}

fn check(key: &RecordKey, actor: &Actor) -> Result<()> {
    let strange = file::is_a_subject(actor) && !file::is_the_subject(actor, key.subject);
    if strange { NOT_THE_SUBJECT.err() } else { Ok(()) }
}

/// An item beside the file, which stays as it is.
fn beside(record: &OpenedRecord, set: RecordItems, action: &'static str) -> Result<RecordChange> {
    let standing = record.outline.standing.clone();
    if matches!(standing, Standing::Closed { .. }) {
        return FILE_CLOSED.err();
    }
    let (entry, effects) = (Entry::new(action), Effects::default());
    Ok(RecordChange { standing, set, remove: [].into(), entry, effects })
}
