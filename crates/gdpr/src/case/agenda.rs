//! What is to be looked at by a day, found by the index: of holds and of restrictions.

use chrono::NaiveDate;
use tacenda_core::policy::records::RecordKind;
use tacenda_core::vault::{Actor, DueRecord, RecordKey, Vault};
use tacenda_core::{Name, Result};

use super::watch;

pub(crate) const PAGE: usize = 256;

/// A case of which something is to be done, as the index has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work<S> {
    /// Where its record is.
    pub key: RecordKey,
    /// Where it is.
    pub stage: S,
    /// The last day of its review; where something else is to be done, the day before it could be.
    pub due: NaiveDate,
}

/// The cases in these stages that are due by a day, the earliest first. No record is opened; that they
/// were shown is in the log, with how many.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; the codes of the ports.
pub(crate) async fn of<S: Copy + Send + Sync>(
    vault: &Vault,
    kind: &'static RecordKind,
    stages: &[(S, Name)],
    until: NaiveDate,
    actor: &Actor,
) -> Result<Vec<Work<S>>> {
    watch::check_role(vault, kind, actor)?;
    let mut found = Vec::new();
    for (stage, state) in stages {
        let mut last = None;
        loop {
            let page = page(vault, kind, state, until, last.as_ref()).await?;
            found.extend(page.iter().map(|one| Work {
                key: one.key.clone(),
                stage: *stage,
                due: watch::today(vault, one.due_at).pred_opt().unwrap_or(NaiveDate::MIN),
            }));
            last = page.last().cloned();
            if page.len() < PAGE {
                break;
            }
        }
    }
    found.sort_by_key(|one| (one.due, one.key.subject, one.key.id));
    vault.note_listing(kind, found.len(), actor).await?;
    Ok(found)
}

/// A page of those in a state that are due by a day, from behind one of an earlier page on.
pub(crate) async fn page(
    vault: &Vault,
    kind: &'static RecordKind,
    state: &Name,
    until: NaiveDate,
    last: Option<&DueRecord>,
) -> Result<Vec<DueRecord>> {
    vault.records_due(kind, state, watch::after(vault, until), last, PAGE).await
}
