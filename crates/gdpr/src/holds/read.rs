//! Reading a hold for a purpose.

use tacenda_core::vault::{Actor, MODEL, RecordKey, Vault};
use tacenda_core::{Name, Result};

use super::file;
use super::state::Hold;

/// Reads a hold: its history, with ground, reasons and owner.
///
/// # Errors
/// As [`Vault::read_record`].
pub async fn read(vault: &Vault, key: &RecordKey, purpose: &Name, actor: &Actor) -> Result<Hold> {
    file::of(&vault.read_record(key, &[MODEL], purpose, actor).await?)
}
