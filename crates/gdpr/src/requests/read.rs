//! Reading a file, each part by itself, for a purpose.

use tacenda_core::vault::{Actor, MODEL, RecordKey, Vault};
use tacenda_core::{Name, Result};

use super::file::{self, REPLY_TO, WORDS};
use super::hear::text;
use super::reply::ReplyTo;
use super::state::Request;
use super::words::Words;

/// Reads the file of a request: its history, without what the requester wrote and where the answer
/// goes.
///
/// # Errors
/// As [`Vault::read_record`].
pub async fn read(
    vault: &Vault,
    key: &RecordKey,
    purpose: &Name,
    actor: &Actor,
) -> Result<Request> {
    file::of(&vault.read_record(key, &[MODEL], purpose, actor).await?)
}

/// Reads what the requester wrote, if anything is kept.
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
    opened.items.get(&WORDS).map(text).transpose()
}

/// Reads where the answer goes; `None` if nobody said, or once the file is closed.
///
/// # Errors
/// As [`Vault::read_record`].
pub async fn read_reply_to(
    vault: &Vault,
    key: &RecordKey,
    purpose: &Name,
    actor: &Actor,
) -> Result<Option<ReplyTo>> {
    let opened = vault.read_record(key, &[REPLY_TO], purpose, actor).await?;
    opened.items.get(&REPLY_TO).map(ReplyTo::decode).transpose()
}
