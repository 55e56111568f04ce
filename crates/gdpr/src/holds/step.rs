//! Going on with a hold: it is looked at again, or somebody else looks after it.

use chrono::NaiveDate;
use tacenda_core::policy::records::HOLDS;
use tacenda_core::vault::{Actor, Effects, Entry, MODEL, OpenedRecord, RecordKey, Vault};
use tacenda_core::{ActorId, Result};

use super::file;
use super::state::Hold;
use crate::case::{Note, Stamp, watch};

/// Notes that a hold was looked at and is still needed, until `next` at least.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`, `case.review_past`, `case.review_far`; `holds.wrong_step` if it
/// is not in force; those of [`Vault::change_record`].
pub async fn review(
    vault: &Vault,
    key: &RecordKey,
    next: NaiveDate,
    reason: &Note,
    actor: &Actor,
) -> Result<()> {
    let step = |hold: Hold, stamp: Stamp| {
        hold.review(next, reason.clone(), watch::today(vault, stamp.at), stamp)
    };
    enter(
        vault,
        key,
        Entry::new("hold.reviewed").detail("until", watch::after(vault, next)),
        step,
        actor,
    )
    .await
}

/// Gives a hold to somebody else to look after.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; `holds.wrong_step` if it is not in force; those of
/// [`Vault::change_record`].
pub async fn hand_over(
    vault: &Vault,
    key: &RecordKey,
    owner: ActorId,
    reason: &Note,
    actor: &Actor,
) -> Result<()> {
    let step = |hold: Hold, stamp: Stamp| hold.hand_over(owner, reason.clone(), stamp);
    enter(vault, key, Entry::new("hold.handed_over"), step, actor).await
}

/// A step that leaves what is held as it is.
async fn enter(
    vault: &Vault,
    key: &RecordKey,
    entry: Entry,
    step: impl Fn(Hold, Stamp) -> Result<Hold> + Send + Sync,
    actor: &Actor,
) -> Result<()> {
    watch::check_role(vault, &HOLDS, actor)?;
    let decide = |record: &OpenedRecord| {
        let hold = step(file::of(record)?, file::stamp(vault, actor))?;
        Ok(file::change(vault, &hold, entry.clone(), Effects::default()))
    };
    vault.change_record(key, &[MODEL], actor, decide).await.map(drop)
}
