//! What is to be looked at by a day, found by the index.

use chrono::NaiveDate;
use tacenda_core::Result;
use tacenda_core::policy::records::HOLDS;
use tacenda_core::vault::{Actor, DueRecord, Vault};

use super::state::Stage;
use crate::case::{self, agenda as cases};

/// A hold of which something is to be done, as the index has it. Of one that is released and not settled
/// it is due on the day before its release.
pub type Work = case::Work<Stage>;

/// The holds to be reviewed by this day, overdue ones too, and those that are released and not settled,
/// the earliest first. With [`NaiveDate::MAX`] all that are open. No record is opened: it shows ids, stages
/// and days. That they were shown is in the log, with how many.
///
/// # Properties
/// Its cost grows with what is due by then, not with what is kept.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; the codes of the ports.
pub async fn agenda(vault: &Vault, until: NaiveDate, actor: &Actor) -> Result<Vec<Work>> {
    let stages = [Stage::Whole, Stage::Part, Stage::Released].map(|stage| (stage, stage.name()));
    cases::of(vault, &HOLDS, &stages, until, actor).await
}

/// A page of all open holds in a stage; whether it is the last.
pub(super) async fn open(
    vault: &Vault,
    stage: Stage,
    last: Option<&DueRecord>,
) -> Result<(Vec<DueRecord>, bool)> {
    let page = cases::page(vault, &HOLDS, &stage.name(), NaiveDate::MAX, last).await?;
    let at_end = page.len() < cases::PAGE;
    Ok((page, at_end))
}
