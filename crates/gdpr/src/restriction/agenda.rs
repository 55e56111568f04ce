//! What is to be looked at by a day, found by the index; and reading a restriction for a purpose.

use chrono::NaiveDate;
use tacenda_core::policy::records::RESTRICTIONS;
use tacenda_core::vault::{Actor, MODEL, RecordKey, Vault};
use tacenda_core::{Name, Result};

use super::file;
use super::state::{Restriction, Stage};
use crate::case::{self, agenda as cases};

/// A restriction of which something is to be done, as the index has it. One that was announced is due on
/// the day before the letter.
pub type Work = case::Work<Stage>;

/// The restrictions to be reviewed by this day, overdue ones too, and those of which the end was
/// announced, the earliest first. With [`NaiveDate::MAX`] all that are in force. No record is opened: it
/// shows ids, stages and days. That they were shown is in the log, with how many.
///
/// # Properties
/// Its cost grows with what is due by then, not with what is kept.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; the codes of the ports.
pub async fn agenda(vault: &Vault, until: NaiveDate, actor: &Actor) -> Result<Vec<Work>> {
    let stages = [Stage::InForce, Stage::Announced].map(|stage| (stage, stage.name()));
    cases::of(vault, &RESTRICTIONS, &stages, until, actor).await
}

/// Reads a restriction: its history, with ground and reasons.
///
/// # Errors
/// As [`Vault::read_record`].
pub async fn read(
    vault: &Vault,
    key: &RecordKey,
    purpose: &Name,
    actor: &Actor,
) -> Result<Restriction> {
    file::of(&vault.read_record(key, &[MODEL], purpose, actor).await?)
}
