//! What is to be looked at by a day, found by the index; and reading a restriction for a purpose.

use chrono::NaiveDate;
use tacenda_core::policy::records::RESTRICTIONS;
use tacenda_core::vault::{Actor, MODEL, RecordKey, Vault};
use tacenda_core::{Name, Result};

use super::file;
use super::state::{Restriction, Stage};
use crate::case::watch;

const PAGE: usize = 256;

/// A restriction of which something is to be done, as the index has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Where its record is.
    pub key: RecordKey,
    /// Where it is.
    pub stage: Stage,
    /// The last day of its review; of one that was announced, the day before the letter.
    pub due: NaiveDate,
}

/// The restrictions to be reviewed by this day, overdue ones too, and those of which the end was
/// announced, the earliest first. With [`NaiveDate::MAX`] all that are in force. No record is opened and
/// no leaf is left: it shows ids, stages and days.
///
/// # Properties
/// Its cost grows with what is due by then, not with what is kept.
///
/// # Errors
/// The codes of the store.
pub async fn agenda(vault: &Vault, until: NaiveDate) -> Result<Vec<Work>> {
    let by = watch::after(vault, until);
    let mut found = Vec::new();
    for stage in [Stage::InForce, Stage::Announced] {
        let mut last = None;
        loop {
            let name = stage.name();
            let page = vault.records_due(&RESTRICTIONS, &name, by, last.as_ref(), PAGE).await?;
            found.extend(page.iter().map(|one| Work {
                key: one.key.clone(),
                stage,
                due: watch::today(vault, one.due_at).pred_opt().unwrap_or(NaiveDate::MIN),
            }));
            last = page.last().cloned();
            if page.len() < PAGE {
                break;
            }
        }
    }
    found.sort_by_key(|one| (one.due, one.key.subject, one.key.id));
    Ok(found)
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
