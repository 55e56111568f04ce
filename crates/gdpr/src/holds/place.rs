//! Placing a hold: its record and its mark on the rows are one change.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use tacenda_core::policy::records::HOLDS;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, NewRecord, OpenedRecord, RecordChange, RecordItems, RecordKey,
    Vault,
};
use tacenda_core::{ActorId, Name, Result, SubjectId};

use super::codes::OF_GROUP;
use super::file;
use super::scope::{Covered, Scope};
use super::state::{Ground, GroupId, Hold, Placing};
use crate::case::{Note, watch};

/// How often what was added while a hold was placed is looked for.
const ATTEMPTS: usize = 5;

/// What a hold is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Why.
    pub ground: Ground,
    /// Why here.
    pub reason: Note,
    /// Who looks after it.
    pub owner: ActorId,
    /// The last day of the first review, six months from now at most.
    pub review_on: NaiveDate,
    /// What it is about.
    pub scope: Scope,
}

/// A hold that was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Where its record is.
    pub key: RecordKey,
    /// The classes of which rows are held by it.
    pub classes: BTreeSet<Name>,
}

/// Holds what is kept of a subject, in use and archived: no erasure and no sweep takes it until every
/// hold on it is released. All that the terms name has to be there.
///
/// # Law
/// Art. 17(3) GDPR; Art. 5(2): who holds what, why and until when is on record.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; `case.review_past`, `case.review_far`; `vault.undeclared_class`,
/// `vault.undeclared_item`, `holds.no_scope`; `holds.nothing` for a hold on nothing; `keys.destroyed` if it is being
/// erased; those of [`Vault::add_record`].
pub async fn place(
    vault: &Vault,
    subject: SubjectId,
    terms: &Terms,
    actor: &Actor,
) -> Result<Placed> {
    watch::check_role(vault, &HOLDS, actor)?;
    terms.scope.check(vault.policy())?;
    place_in(vault, subject, terms, None, actor).await
}

/// Holds one subject, as one of a group or alone. One of a group holds what is there of its scope.
pub(super) async fn place_in(
    vault: &Vault,
    subject: SubjectId,
    terms: &Terms,
    group: Option<GroupId>,
    actor: &Actor,
) -> Result<Placed> {
    let rows = vault.outline(subject).await?;
    let covered = terms.scope.among(vault.policy(), &rows, group.is_none());
    let covered = covered.map_err(|error| error.with("subject", subject))?;
    let classes = covered.classes.clone();
    let decide = |others: &[OpenedRecord]| {
        let of_group = |hold: Hold| hold.placing().group == group && hold.stage().is_in_force();
        if group.is_some() && others.iter().filter_map(|one| file::of(one).ok()).any(of_group) {
            return OF_GROUP.err();
        }
        new(vault, terms, covered, group, actor)
    };
    let key = vault.add_record_beside(&HOLDS, subject, &[MODEL], actor, decide).await?;
    if terms.scope == Scope::Subject {
        hold_rest(vault, &key, actor).await?;
    }
    Ok(Placed { key, classes })
}

fn new(
    vault: &Vault,
    terms: &Terms,
    covered: Covered,
    group: Option<GroupId>,
    actor: &Actor,
) -> Result<NewRecord> {
    let held = covered.classes.iter().map(|class| (class.clone(), true)).collect();
    let Terms { ground, reason, owner, review_on, scope } = terms.clone();
    let mut entry = Entry::new("hold.placed")
        .detail("ground", ground.as_str())
        .detail("scope", scope.as_str())
        .detail("until", watch::after(vault, review_on));
    if let Some(group) = group {
        entry = entry.detail("group", group.row());
    }
    let placing = Placing { ground, reason, owner, review_on, scope, covered, group };
    let stamp = file::stamp(vault, actor);
    let hold = Hold::place(placing, watch::today(vault, stamp.at), stamp)?;
    Ok(NewRecord {
        subject: None,
        standing: file::standing(vault, &hold),
        items: RecordItems::default().with(MODEL, hold.encode()),
        entry,
        effects: Effects { held, ..Effects::default() },
    })
}

/// Holds what was added while a hold of everything was placed: whoever added it may not have seen the
/// hold yet.
async fn hold_rest(vault: &Vault, key: &RecordKey, actor: &Actor) -> Result<()> {
    for _ in 0..ATTEMPTS {
        let rows = vault.outline(key.subject).await?;
        let free = rows.into_iter().filter(|row| !row.is_record() && !row.held);
        let held: BTreeMap<Name, bool> = free.map(|row| (row.class, true)).collect();
        if held.is_empty() {
            break;
        }
        let decide = |record: &OpenedRecord| {
            Ok(RecordChange {
                standing: record.outline.standing.clone(),
                set: RecordItems::default(),
                remove: [].into(),
                entry: Entry::new("hold.extended"),
                effects: Effects { held: held.clone(), ..Effects::default() },
            })
        };
        vault.change_record(key, &[], actor, decide).await?;
    }
    Ok(())
}
