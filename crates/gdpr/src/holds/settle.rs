//! Marks of holds that no hold explains any more: taken off once everything can be read.

use std::collections::BTreeSet;

use tacenda_core::policy::records::HOLDS;
use tacenda_core::ports::Cursor;
use tacenda_core::vault::{
    Actor, Effects, Entry, Outline, RecordChange, RecordItems, RecordKey, Standing, Vault,
};
use tacenda_core::{Kind, Result, SubjectId};

use super::release::is_declared;

/// What a page of people came to of whom a hold is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Freed {
    /// Of how many something was held that no hold is about any more.
    pub freed: usize,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Cursor>,
}

/// Looks at a page of the people of whom a hold is kept, from behind one of an earlier page on, and lets
/// go what is marked as held of whom no hold is open: while a hold could not be read, what was added is
/// held from its beginning. To be run now and then.
///
/// # Law
/// Art. 5(1)(e), 17(3) GDPR: the exception ends with its ground.
///
/// # Errors
/// The codes of the ports. Of whom a row is altered, or just changes, nothing is let go.
pub async fn settle(vault: &Vault, after: Option<&Cursor>, limit: usize) -> Result<Freed> {
    let (page, next) = vault.subjects_of(&HOLDS.class, after, limit).await?;
    let mut freed = 0usize;
    for subject in page.into_iter().collect::<BTreeSet<_>>() {
        match free(vault, subject).await {
            Ok(true) => freed = freed.saturating_add(1),
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            Ok(false) | Err(_) => {}
        }
    }
    Ok(Freed { freed, next })
}

/// Lets go what is marked of a subject of whom no hold is open; whether anything was.
async fn free(vault: &Vault, subject: SubjectId) -> Result<bool> {
    // Before the holds: whoever places one writes these rows again.
    let rows = vault.outline(subject).await?;
    if !rows.iter().any(|row| row.held) {
        return Ok(false);
    }
    let Some((key, standing)) = last_closed(vault, subject).await? else { return Ok(false) };
    let own = || rows.iter().filter(|row| !row.is_record());
    let held = own().filter(|row| row.held && is_declared(vault, &row.class));
    let effects = Effects {
        held: held.map(|row| (row.class.clone(), false)).collect(),
        records: Some(false),
        seen: own().map(Outline::seen).collect(),
        ..Effects::default()
    };
    let change = |_: &_| {
        Ok(RecordChange {
            standing: standing.clone(),
            set: RecordItems::default(),
            remove: [].into(),
            entry: Entry::new("hold.freed").detail("classes", effects.held.len()),
            effects: effects.clone(),
        })
    };
    vault.change_record(&key, &[], &Actor::system(), change).await.map(|_| true)
}

/// The last hold of a subject, if all are closed and what the log states.
async fn last_closed(vault: &Vault, subject: SubjectId) -> Result<Option<(RecordKey, Standing)>> {
    let mut last = None;
    for (key, hold) in vault.records_each(subject, &HOLDS).await? {
        let standing = hold?.standing;
        if matches!(standing, Standing::Open { .. }) {
            return Ok(None);
        }
        last = Some((key, standing));
    }
    Ok(last)
}
