//! Reading a hold for a purpose, and what is in force, for a decision.

use tacenda_core::policy::records::HOLDS;
use tacenda_core::vault::{Actor, MODEL, RecordKey, Standing, Vault};
use tacenda_core::{Kind, Name, Result, SubjectId};

use super::file;
use super::state::Hold;

/// Reads a hold: its history, with ground, reasons and owner.
///
/// # Errors
/// As [`Vault::read_record`].
pub async fn read(vault: &Vault, key: &RecordKey, purpose: &Name, actor: &Actor) -> Result<Hold> {
    file::of(&vault.read_record(key, &[MODEL], purpose, actor).await?)
}

/// The holds of a subject that are in force, for a decision; they are shown to nobody. One that cannot be
/// read is left out: what it keeps is held all the same, and an audit finds it.
///
/// # Errors
/// The codes of the ports.
pub(crate) async fn in_force(vault: &Vault, subject: SubjectId) -> Result<Vec<Hold>> {
    let mut holds = Vec::new();
    for (key, outline) in vault.records_each(subject, &HOLDS).await? {
        if matches!(outline, Ok(outline) if matches!(outline.standing, Standing::Closed { .. })) {
            continue;
        }
        match vault.consult_record(&key, &[MODEL], file::of).await {
            Ok(hold) if hold.stage().is_in_force() => holds.push(hold),
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(holds)
}
