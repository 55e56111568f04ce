//! Confirming what a restore brought back: nobody knows but people whether it was revoked since.

use tacenda_core::policy::records::{GRANTS, UNCONFIRMED};
use tacenda_core::vault::{Actor, Entry, MODEL, OpenedRecord, RecordKey, Standing, Vault};
use tacenda_core::{ActorId, Result, SubjectId};

use super::codes::{NOTHING_GRANTED, WRONG_STEP};
use super::file;
use crate::case::watch;

/// Lets the grants of a person count again that a restore of rows brought back, on their terms. After a
/// restore nobody has a grant, so that the SDK itself confirms the first: the embedding program answers
/// for it, as for the first grant of all. What was granted since the backup is lost, and given anew.
///
/// # Law
/// Art. 32(4) GDPR.
///
/// # Errors
/// `staff.nothing_granted` if none waits for it; `staff.own_grant`, `case.no_role`,
/// `policy.unknown_role`, `policy.role_without_records`; those of [`Vault::change_grant`]. A grant whose
/// last day is over is not confirmed.
pub async fn confirm(vault: &Vault, person: ActorId, actor: &Actor) -> Result<Vec<RecordKey>> {
    file::check_grantor(vault, Some(person), actor)?;
    let mut confirmed = Vec::new();
    for outline in vault.records_of(SubjectId::from(person.as_uuid()), &GRANTS).await? {
        if !waits(&outline.standing) {
            continue;
        }
        let decide = |record: &OpenedRecord| {
            let grant = file::of(record)?;
            let over = grant.terms().until < watch::today(vault, vault.now());
            if over || !waits(&record.outline.standing) {
                return WRONG_STEP.err();
            }
            Ok(file::change(vault, &grant, Entry::new("grant.confirmed")))
        };
        match vault.change_grant(&outline.key, &[MODEL], actor, decide).await {
            Err(error) if error.is(&WRONG_STEP) => {}
            done => done.map(|_| confirmed.push(outline.key))?,
        }
    }
    if confirmed.is_empty() { NOTHING_GRANTED.err() } else { Ok(confirmed) }
}

fn waits(standing: &Standing) -> bool {
    matches!(standing, Standing::Open { state, .. } if *state == UNCONFIRMED)
}
