//! What ends by a day, and what waits to be confirmed, found by the index.

use chrono::NaiveDate;
use tacenda_core::policy::records::{GRANTED, GRANTS, UNCONFIRMED};
use tacenda_core::vault::{Actor, DueRecord, RecordKey, Vault};
use tacenda_core::{ActorId, Name, Result, Timestamp};

use crate::case::watch;
use crate::case::who::is_system;

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
    /// Whether it counts until then: one that a restore brought back does once it is confirmed.
    pub confirmed: bool,
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
    let by = watch::after(vault, until);
    let mut found = in_state(vault, &GRANTED, by).await?;
    found.extend(in_state(vault, &UNCONFIRMED, by).await?);
    found.sort_by_key(|(due, _)| due.due_at);
    vault.note_listing(&GRANTS, found.len(), actor).await?;
    Ok(found.into_iter().map(|(_, work)| work).collect())
}

/// The grants that a restore brought back and that nobody has confirmed since ([`confirm`](super::confirm)).
/// Somebody in a role that works on grants asks, or the SDK itself, since nobody has a grant then.
///
/// # Errors
/// As [`agenda`].
pub async fn unconfirmed(vault: &Vault, actor: &Actor) -> Result<Vec<Work>> {
    if !is_system(actor) {
        watch::check_role(vault, &GRANTS, actor)?;
    }
    let found = in_state(vault, &UNCONFIRMED, Timestamp::MAX).await?;
    vault.note_listing(&GRANTS, found.len(), actor).await?;
    Ok(found.into_iter().map(|(_, work)| work).collect())
}

async fn in_state(vault: &Vault, state: &Name, by: Timestamp) -> Result<Vec<(DueRecord, Work)>> {
    let (mut last, mut found) = (None, Vec::new());
    loop {
        let page = vault.records_due(&GRANTS, state, by, last.as_ref(), PAGE).await?;
        let (is_last, next) = (page.len() < PAGE, page.last().cloned());
        found.extend(page.into_iter().map(|one| {
            let work = Work {
                person: ActorId::from(one.key.subject.as_uuid()),
                key: one.key.clone(),
                until: watch::today(vault, one.due_at).pred_opt().unwrap_or(NaiveDate::MIN),
                confirmed: *state == GRANTED,
            };
            (one, work)
        }));
        last = next;
        if is_last {
            return Ok(found);
        }
    }
}
