//! Lifting a restriction: what no other restricts is in use again.

use std::collections::{BTreeMap, BTreeSet};

use tacenda_core::policy::records::RESTRICTIONS;
use tacenda_core::row::state;
use tacenda_core::vault::{Actor, Effects, Entry, MODEL, OpenedRecord, Outline, RecordKey, Vault};
use tacenda_core::{Name, Result};

use super::file;
use crate::case::watch;

/// What the end of a restriction comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifted {
    /// The classes that are in use again.
    pub classes: BTreeSet<Name>,
}

/// Lifts a restriction of which the person was told before. What no other restriction of the subject
/// restricts is in use again, in the same change. What was due meanwhile goes with the next sweep.
///
/// # Law
/// Art. 18(3) GDPR.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; `restriction.not_told`; `restriction.wrong_step` if it is lifted already;
/// those of [`Vault::change_record_beside`], also if any other restriction or row of the subject is not what the
/// log says: nothing is in use again then.
pub async fn lift(vault: &Vault, key: &RecordKey, actor: &Actor) -> Result<Lifted> {
    watch::check_role(vault, &RESTRICTIONS, actor)?;
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
    Ok(Lifted { classes })
}
