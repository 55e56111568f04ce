//! Releasing a hold: what no other hold keeps is let go, and what it had kept is looked for.

use std::collections::{BTreeMap, BTreeSet};

use tacenda_core::policy::records::HOLDS;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, OpenedRecord, Outline, RecordKey, Standing, Vault,
};
use tacenda_core::{Name, Result};

use super::codes::{NOT_OF_GROUP, WRONG_STEP};
use super::file;
use super::state::{GroupId, Hold, Stage};
use crate::case::{Note, watch};
use crate::requests::{self, Calendar};

/// What a release let go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// The classes of which rows are held by nothing any more.
    pub classes: BTreeSet<Name>,
    /// How many requests for erasure are on the agenda again that were refused while it was held.
    pub reopened: u64,
    /// How many files of requests could not be read: an audit names what is wrong with them.
    pub unread: u64,
}

/// Releases a hold. What no other hold of the subject keeps is held no longer, in the same change: what
/// was due meanwhile goes with the next sweep. Then requests for erasure that were refused while it was
/// held, for all or for a part that is in use and free now, are opened again, and the hold is settled.
///
/// Whoever was stopped before that calls it again; until then the hold is on the agenda.
///
/// # Law
/// Art. 17(1) and (3) GDPR: the exception ends with its ground.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; `holds.wrong_step` if it is settled already; those of
/// [`Vault::change_record_beside`], also if any other hold or row of the subject is not what the log says:
/// nothing is let go then. If what comes after the release fails, the hold is released all the same.
pub async fn release(
    vault: &Vault,
    calendar: &Calendar<'_>,
    key: &RecordKey,
    reason: &Note,
    actor: &Actor,
) -> Result<Released> {
    watch::check_role(vault, &HOLDS, actor)?;
    release_in(vault, calendar, key, reason, None, actor).await
}

/// Releases a hold if it is of the group, where one is given.
pub(crate) async fn release_in(
    vault: &Vault,
    calendar: &Calendar<'_>,
    key: &RecordKey,
    reason: &Note,
    group: Option<GroupId>,
    actor: &Actor,
) -> Result<Released> {
    let (mut before, mut classes) = (None, BTreeSet::new());
    let decide = |record: &OpenedRecord, others: &[OpenedRecord], rows: &[Outline]| {
        let hold = file::of(record)?;
        if group.is_some() && hold.placing().group != group {
            return NOT_OF_GROUP.err();
        }
        before = Some(hold.clone());
        let others = others.iter().map(file::of).collect::<Result<Vec<_>>>()?;
        classes = let_go(vault, &hold, &others, rows);
        // All of them are written, also those that stay: two releases at once meet, and one of them
        // decides again.
        let marked = rows.iter().filter(|row| row.held && is_declared(vault, &row.class));
        let held: BTreeMap<_, _> =
            marked.map(|row| (row.class.clone(), !classes.contains(&row.class))).collect();
        let records = frees_records(&others).then_some(false);
        let hold = hold.release(reason.clone(), file::stamp(vault, actor))?;
        let entry = Entry::new("hold.released").detail("classes", classes.len());
        let effects = Effects { held, records, ..Effects::default() };
        Ok(file::change(vault, &hold, entry, effects))
    };
    let done = vault.change_record_beside(key, &[MODEL], actor, decide).await;
    if let Err(error) = done {
        // Somebody was stopped behind it.
        if !error.is(&WRONG_STEP) || !is_released(vault, key).await? {
            return Err(error);
        }
    }
    let Some(hold) = before else { return Ok(Released { classes, reopened: 0, unread: 0 }) };
    let (reopened, unread) = settle(vault, calendar, key, &hold, actor).await?;
    Ok(Released { classes, reopened, unread })
}

/// The classes with held rows that this hold keeps and no other does. With the last hold everything is
/// let go, wherever policies have moved it.
fn let_go(vault: &Vault, hold: &Hold, others: &[Hold], rows: &[Outline]) -> BTreeSet<Name> {
    let policy = vault.policy();
    let last = !others.iter().any(|other| other.stage().is_in_force());
    let held: BTreeSet<_> = rows.iter().filter(|row| row.held).map(|row| &row.class).collect();
    let goes = |class: &&Name| {
        is_declared(vault, class)
            && (last || hold.holds(policy, class))
            && !others.iter().any(|other| other.holds(policy, class))
    };
    held.into_iter().filter(goes).cloned().collect()
}

/// Whether the subject's records are held by nothing any more: none of the other holds is of everything.
pub(super) fn frees_records(others: &[Hold]) -> bool {
    !others.iter().any(|other| other.stage() == Stage::Whole)
}

pub(super) fn is_declared(vault: &Vault, class: &Name) -> bool {
    vault.policy().classes.contains_key(class)
}

async fn is_released(vault: &Vault, key: &RecordKey) -> Result<bool> {
    let standing = vault.record(key).await?.standing;
    Ok(matches!(standing, Standing::Open { state, .. } if state == Stage::Released.name()))
}

/// Opens the requests again that the hold had kept from being carried out, and notes that it is done.
pub(super) async fn settle(
    vault: &Vault,
    calendar: &Calendar<'_>,
    key: &RecordKey,
    hold: &Hold,
    actor: &Actor,
) -> Result<(u64, u64)> {
    let rows = vault.outline(key.subject).await?;
    let free = requests::free(vault, &rows);
    let since = hold.placed_at();
    let (reopened, unread) =
        requests::reopen_refused(vault, calendar, key.subject, since, &free, actor).await?;
    let decide = |record: &OpenedRecord| {
        let hold = file::of(record)?.settle(file::stamp(vault, actor))?;
        let entry = Entry::new("hold.settled").detail("reopened", reopened);
        let entry = if unread > 0 { entry.detail("unread", unread) } else { entry };
        Ok(file::change(vault, &hold, entry, Effects::default()))
    };
    match vault.change_record(key, &[MODEL], actor, decide).await {
        // Another process was as far.
        Err(error) if error.is(&WRONG_STEP) => Ok((reopened, unread)),
        done => done.map(|_| (reopened, unread)),
    }
}
