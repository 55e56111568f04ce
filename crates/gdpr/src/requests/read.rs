//! Reading a file, each part by itself, for a purpose.

use tacenda_core::codec::MALFORMED;
use tacenda_core::pii::Email;
use tacenda_core::vault::{Actor, MODEL, RecordKey, Vault};
use tacenda_core::{Name, Result};

use super::file::{self, ABOUT, REPLY_TO, WORDS};
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

/// Reads the e-mail address of whom it is about, where nobody was found by it when it was received;
/// `None` otherwise, or once the file is closed.
///
/// # Errors
/// As [`Vault::read_record`].
pub async fn read_about(
    vault: &Vault,
    key: &RecordKey,
    purpose: &Name,
    actor: &Actor,
) -> Result<Option<Email>> {
    let opened = vault.read_record(key, &[ABOUT], purpose, actor).await?;
    opened.items.get(&ABOUT).map(email).transpose()
}

/// The address in the item [`ABOUT`].
pub(super) fn email(bytes: &[u8]) -> Result<Email> {
    let text = std::str::from_utf8(bytes).map_err(|_| MALFORMED.error())?;
    Email::parse(text).map_err(|_| MALFORMED.error())
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
