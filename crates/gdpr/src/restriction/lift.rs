//! Lifting a restriction: what no other restricts is in use again.

use std::collections::{BTreeMap, BTreeSet};

use tacenda_core::policy::records::RESTRICTIONS;
use tacenda_core::row::state;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, OpenedRecord, Outline, RecordKey, Standing, Vault,
};
use tacenda_core::{Name, Result};

use super::file;
use super::state::Stage;
use crate::case::watch;
use crate::requests::{self, Calendar};

/// What the end of a restriction comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifted {
    /// The classes that are in use again, or archived if their account is gone.
    pub classes: BTreeSet<Name>,
    /// How many requests for erasure are on the agenda again that were refused for it.
    pub reopened: u64,
    /// How many files of requests could not be read: an audit names what is wrong with them.
    pub unread: u64,
}

/// Lifts a restriction of which the person was told before. What no other restriction of the subject
/// restricts is in use again, in the same change. What was due meanwhile goes with the next sweep.
///
/// Before, requests for erasure are opened again that were refused for it, as far as they are about what it
/// frees: whoever is stopped in between has them on the agenda, and lifts it then.
///
/// # Law
/// Art. 18(3), 17(1) GDPR.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; `restriction.not_told`; `restriction.wrong_step` if it is lifted already;
/// those of [`Vault::change_record_beside`], also if any other restriction or row of the subject is not what the
/// log says: nothing is in use again then.
pub async fn lift(
    vault: &Vault,
    calendar: &Calendar<'_>,
    key: &RecordKey,
    actor: &Actor,
) -> Result<Lifted> {
    watch::check_role(vault, &RESTRICTIONS, actor)?;
    let (reopened, unread) = reopen(vault, calendar, key, actor).await?;
    let mut classes = BTreeSet::new();
    let decide = |record: &OpenedRecord, others: &[OpenedRecord], rows: &[Outline]| {
        let restriction = file::of(record)?;
        let others = others.iter().map(file::of).collect::<Result<Vec<_>>>()?;
        let stays = |class: &Name| others.iter().any(|other| other.restricts(class));
        let rows = rows.iter().filter(|row| row.state == state::RESTRICTED);
        let own = rows.map(|row| row.class.clone()).filter(|class| restriction.restricts(class));
        // Those that stay are written as well: two that are lifted at once meet, and one of them decides
        // again.
        let restricted: BTreeMap<_, _> = own.map(|class| (class.clone(), stays(&class))).collect();
        let goes = restricted.iter().filter(|(_, stays)| !**stays);
        classes = goes.map(|(class, _)| class.clone()).collect();
        let restriction = restriction.lift(file::stamp(vault, actor))?;
        let entry = Entry::new("restriction.lifted").detail("classes", classes.len());
        let effects = Effects { restricted, ..Effects::default() };
        Ok(file::change(vault, &restriction, entry, effects))
    };
    vault.change_record_beside(key, &[MODEL], actor, decide).await?;
    Ok(Lifted { classes, reopened, unread })
}

/// Opens the requests again that the restriction has kept from being carried out.
async fn reopen(
    vault: &Vault,
    calendar: &Calendar<'_>,
    key: &RecordKey,
    actor: &Actor,
) -> Result<(u64, u64)> {
    let restriction = vault.consult_record(key, &[MODEL], file::of).await?;
    if restriction.stage() != Stage::Announced {
        // It is not lifted now.
        return Ok((0, 0));
    }
    let mut free = restriction.placing().classes.clone();
    for (other, outline) in vault.records_each(key.subject, &RESTRICTIONS).await? {
        let open = matches!(outline?.standing, Standing::Open { .. });
        if open && other != *key {
            let other = vault.consult_record(&other, &[MODEL], file::of).await?;
            free.retain(|class| !other.restricts(class));
        }
    }
    let rows = vault.outline(key.subject).await?;
    free.retain(|class| !rows.iter().any(|row| row.class == *class && row.held));
    let since = restriction.placed_at();
    requests::reopen_refused(vault, calendar, key.subject, since, &free, actor).await
}
