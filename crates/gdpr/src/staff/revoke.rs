//! Revoking what was granted to a person: from the next step on nothing of it counts.

use tacenda_core::policy::records::GRANTS;
use tacenda_core::vault::{Actor, Entry, MODEL, OpenedRecord, RecordKey, Standing, Vault};
use tacenda_core::{ActorId, Result, SubjectId};

use super::codes::{BY_NOBODY, NOTHING_GRANTED};
use super::file;
use super::state::Ground;
use crate::case::Note;
use crate::case::watch;
use crate::case::who::{is_system, stamp};

/// Revokes every open grant of a person; those that ended with it. Whoever works on grants may
/// revoke their own too.
///
/// # Errors
/// `staff.nothing_granted`; `staff.by_nobody` for the SDK itself; `case.no_role`,
/// `policy.unknown_role`, `policy.role_without_records`; those of [`Vault::records_of`] and
/// [`Vault::change_grant`]: one that somebody altered is no grant, and cannot be revoked before it
/// is mended.
pub async fn revoke(
    vault: &Vault,
    person: ActorId,
    ground: Ground,
    reason: &Note,
    actor: &Actor,
) -> Result<Vec<RecordKey>> {
    if is_system(actor) {
        return BY_NOBODY.err();
    }
    watch::check_role(vault, &GRANTS, actor)?;
    let mut revoked = Vec::new();
    for outline in vault.records_of(SubjectId::from(person.as_uuid()), &GRANTS).await? {
        if matches!(outline.standing, Standing::Closed { .. }) {
            continue;
        }
        let decide = |record: &OpenedRecord| {
            let grant = file::of(record)?;
            let grant = grant.revoke(ground, reason.clone(), stamp(vault, actor))?;
            let entry = Entry::new("grant.revoked").detail("ground", ground.as_str());
            Ok(file::change(vault, &grant, entry))
        };
        vault.change_grant(&outline.key, &[MODEL], actor, decide).await?;
        revoked.push(outline.key);
    }
    if revoked.is_empty() { NOTHING_GRANTED.err() } else { Ok(revoked) }
}
