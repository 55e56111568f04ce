//! Going on with a restriction: its reviews, and what the person is told of its end.

use chrono::NaiveDate;
use tacenda_core::Result;
use tacenda_core::policy::records::RESTRICTIONS;
use tacenda_core::vault::{Actor, Effects, Entry, MODEL, OpenedRecord, RecordKey, Vault};

use super::file;
use super::state::{Announcement, Restriction};
use crate::case::{Note, Stamp, watch};

/// Notes that a restriction was looked at and goes on, until `next` at least.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; those of [`Restriction::review`] and
/// [`Vault::change_record`].
pub async fn review(
    vault: &Vault,
    key: &RecordKey,
    next: NaiveDate,
    reason: &Note,
    actor: &Actor,
) -> Result<()> {
    let step = |one: Restriction, stamp: Stamp| {
        one.review(next, reason.clone(), watch::today(vault, stamp.at), stamp)
    };
    let entry = Entry::new("restriction.reviewed").detail("until", watch::after(vault, next));
    enter(vault, key, entry, step, actor).await
}

/// Notes the letter that tells the person that a restriction will be lifted, and why. What was restricted
/// stays so until it is.
///
/// # Law
/// Art. 18(3) GDPR.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; those of [`Restriction::announce`] and
/// [`Vault::change_record`].
pub async fn announce(
    vault: &Vault,
    key: &RecordKey,
    announcement: &Announcement,
    actor: &Actor,
) -> Result<()> {
    let step = |one: Restriction, stamp: Stamp| one.announce(announcement.clone(), stamp);
    let entry = Entry::new("restriction.announced").detail("sent", announcement.sent_at);
    enter(vault, key, entry, step, actor).await
}

/// Notes that a restriction goes on although its end was announced.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; those of [`Restriction::keep`] and [`Vault::change_record`].
pub async fn keep(vault: &Vault, key: &RecordKey, reason: &Note, actor: &Actor) -> Result<()> {
    let step = |one: Restriction, stamp: Stamp| one.keep(reason.clone(), stamp);
    enter(vault, key, Entry::new("restriction.kept"), step, actor).await
}

/// A step that leaves what is restricted as it is.
async fn enter(
    vault: &Vault,
    key: &RecordKey,
    entry: Entry,
    step: impl Fn(Restriction, Stamp) -> Result<Restriction> + Send + Sync,
    actor: &Actor,
) -> Result<()> {
    watch::check_role(vault, &RESTRICTIONS, actor)?;
    let decide = |record: &OpenedRecord| {
        let restriction = step(file::of(record)?, file::stamp(vault, actor))?;
        Ok(file::change(vault, &restriction, entry.clone(), Effects::default()))
    };
    vault.change_record(key, &[MODEL], actor, decide).await.map(drop)
}
