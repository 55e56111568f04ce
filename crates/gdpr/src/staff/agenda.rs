//! What ends by a day, found by the index.

use chrono::NaiveDate;
use tacenda_core::policy::records::{GRANTED, GRANTS};
use tacenda_core::vault::{Actor, RecordKey, Vault};
use tacenda_core::{ActorId, Result};

use crate::case::watch;

const PAGE: usize = 256;

/// A grant that ends, as the index has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Where it is.
    pub key: RecordKey,
    /// Whose it is.
    pub person: ActorId,
    /// Its last day.
    pub until: NaiveDate,
}

/// The grants that end by this day and were not revoked, also those that are over and not noted to
/// be, the earliest first. With [`NaiveDate::MAX`] all that are open. No record is opened: it shows
/// ids and days. That they were shown is in the log, with how many.
///
/// # Properties
/// Its cost grows with what ends by then, not with what is kept.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; those of
/// [`Vault::check_grant`]; the codes of the ports.
pub async fn agenda(vault: &Vault, until: NaiveDate, actor: &Actor) -> Result<Vec<Work>> {
    watch::check_role(vault, &GRANTS, actor)?;
    let (by, mut last, mut found) = (watch::after(vault, until), None, Vec::new());
    loop {
        let page = vault.records_due(&GRANTS, &GRANTED, by, last.as_ref(), PAGE).await?;
        found.extend(page.iter().map(|one| Work {
            person: ActorId::from(one.key.subject.as_uuid()),
            key: one.key.clone(),
            until: watch::today(vault, one.due_at).pred_opt().unwrap_or(NaiveDate::MIN),
        }));
        last = page.last().cloned();
        if page.len() < PAGE {
            break;
        }
    }
    vault.note_listing(&GRANTS, found.len(), actor).await?;
    Ok(found)
}
