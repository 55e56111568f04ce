//! What a requester says later, and where the answer goes from then on.

use tacenda_core::Result;
use tacenda_core::codec::MALFORMED;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, OpenedRecord, RecordChange, RecordItems, RecordKey, Standing,
    Vault,
};

use super::codes::FILE_CLOSED;
use super::file::{self, REPLY_TO, WORDS};
use super::reply::ReplyTo;
use super::state::Event;
use super::words::Words;

/// Adds what the requester wrote later to what they wrote before.
///
/// # Errors
/// `requests.file_closed`; `requests.not_the_subject` for a subject whose request it is not;
/// `policy.unknown_role`, `policy.role_without_records`; those of [`Vault::change_record`].
pub async fn hear(vault: &Vault, key: &RecordKey, words: &Words, actor: &Actor) -> Result<()> {
    file::check_told(vault, key.subject, actor)?;
    let decide = |record: &OpenedRecord| {
        let before = record.items.get(&WORDS).map(text).transpose()?;
        let words = before.map_or_else(|| words.clone(), |before| before.and(words));
        let set = RecordItems::default().with_words(WORDS, words.as_text());
        beside(vault, actor, record, set, Event::Heard)
    };
    vault.change_record(key, &[MODEL, WORDS], actor, decide).await.map(drop)
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
    file::check_told(vault, key.subject, actor)?;
    let decide = |record: &OpenedRecord| {
        let set = RecordItems::default().with(REPLY_TO, reply_to.encode());
        beside(vault, actor, record, set, Event::Readdressed)
    };
    vault.change_record(key, &[MODEL], actor, decide).await.map(drop)
}

pub(super) fn text(bytes: &[u8]) -> Result<Words> {
    std::str::from_utf8(bytes).map(Words::new).map_err(|_| MALFORMED.error())
}

/// An item beside the file, in which it is noted that it changed.
fn beside(
    vault: &Vault,
    actor: &Actor,
    record: &OpenedRecord,
    set: RecordItems,
    event: Event,
) -> Result<RecordChange> {
    let standing = record.outline.standing.clone();
    if matches!(standing, Standing::Closed { .. }) {
        return FILE_CLOSED.err();
    }
    let entry = Entry::new(file::action(&event));
    let request = file::of(record)?;
    let stamp = file::stamp_after(vault, actor, &request);
    let set = set.with(MODEL, request.beside(event, stamp)?.encode());
    Ok(RecordChange { standing, set, remove: [].into(), entry, effects: Effects::default() })
}
