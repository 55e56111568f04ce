//! What is to be looked at by a day, found by the index.

use chrono::NaiveDate;
use tacenda_core::Result;
use tacenda_core::policy::records::HOLDS;
use tacenda_core::vault::{DueRecord, RecordKey, Vault};

use super::state::Stage;
use crate::case::watch;

const PAGE: usize = 256;

/// A hold of which something is to be done, as the index has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Where its record is.
    pub key: RecordKey,
    /// Where it is.
    pub stage: Stage,
    /// The last day of its review; of one that is released and not settled, the day before its release.
    pub due: NaiveDate,
}

/// The holds to be reviewed by this day, overdue ones too, and those that are released and not settled,
/// the earliest first. With [`NaiveDate::MAX`] all that are open. No record is opened and no leaf is left:
/// it shows ids, stages and days.
///
/// # Properties
/// Its cost grows with what is due by then, not with what is kept.
///
/// # Errors
/// The codes of the store.
pub async fn agenda(vault: &Vault, until: NaiveDate) -> Result<Vec<Work>> {
    let mut found = Vec::new();
    for stage in [Stage::Whole, Stage::Part, Stage::Released] {
        let mut last = None;
        loop {
            let page = page(vault, stage, until, last.as_ref()).await?;
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

/// A page of the holds in a stage that are due by a day, from behind one of an earlier page on.
async fn page(
    vault: &Vault,
    stage: Stage,
    until: NaiveDate,
    last: Option<&DueRecord>,
) -> Result<Vec<DueRecord>> {
    vault.records_due(&HOLDS, &stage.name(), watch::after(vault, until), last, PAGE).await
}

/// A page of all open holds in a stage; whether it is the last.
pub(super) async fn open(
    vault: &Vault,
    stage: Stage,
    last: Option<&DueRecord>,
) -> Result<(Vec<DueRecord>, bool)> {
    let page = page(vault, stage, NaiveDate::MAX, last).await?;
    let at_end = page.len() < PAGE;
    Ok((page, at_end))
}
