//! Placing a hold: its record and its mark on the rows are one change.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use tacenda_core::policy::records::{HELD_WHOLE, HOLDS};
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, NewRecord, OpenedRecord, Outline, RecordChange, RecordItems,
    RecordKey, Standing, Vault,
};
use tacenda_core::{ActorId, Name, Result, RowId, SubjectId};

use super::codes::{OF_GROUP, WRONG_STEP};
use super::file;
use super::scope::{Covered, Scope};
use super::state::{Ground, GroupId, Hold, Placing};
use crate::case::{Note, watch};

/// How often a hold is placed anew because a class began meanwhile, or ended.
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
/// `vault.undeclared_item`, `holds.no_scope`; `holds.nothing` for a hold on nothing; `erasure.under_way` if it is being
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

/// Holds one subject, as one of a group or alone. One of a group holds what is there of its scope. Where
/// everything is held, also what begins before the hold does: then it is placed anew.
pub(crate) async fn place_in(
    vault: &Vault,
    subject: SubjectId,
    terms: &Terms,
    group: Option<GroupId>,
    actor: &Actor,
) -> Result<Placed> {
    for _ in 1..ATTEMPTS {
        match try_place(vault, subject, terms, group, actor).await {
            Err(error) if error.is(&CONFLICT) => {}
            done => return with_added(vault, terms, done?, actor).await,
        }
    }
    let placed = try_place(vault, subject, terms, group, actor).await?;
    with_added(vault, terms, placed, actor).await
}

/// Holds the records as well that were added just before the hold of everything was: those that come
/// from now on see it.
async fn with_added(vault: &Vault, terms: &Terms, placed: Placed, actor: &Actor) -> Result<Placed> {
    if terms.scope != Scope::Subject {
        return Ok(placed);
    }
    let rows = vault.outline(placed.key.subject).await?;
    let is_own = |row: &Outline| {
        row.key.map(RowId::of_key) == Some(placed.key.id) && row.class == HOLDS.class
    };
    if !rows.iter().any(|row| row.is_record() && !row.held && !is_own(row)) {
        return Ok(placed);
    }
    let decide = |opened: &OpenedRecord| {
        let standing = opened.outline.standing.clone();
        match &standing {
            Standing::Open { state, .. } if *state == HELD_WHOLE => Ok(RecordChange {
                standing,
                set: RecordItems::default(),
                remove: [].into(),
                entry: Entry::new("hold.extended"),
                effects: Effects { records: Some(true), ..Effects::default() },
            }),
            // Somebody released it by now.
            _ => WRONG_STEP.err(),
        }
    };
    match vault.change_record(&placed.key, &[], actor, decide).await {
        Err(error) if !error.is(&WRONG_STEP) => Err(error),
        _ => Ok(placed),
    }
}

async fn try_place(
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
    let all = terms.scope == Scope::Subject;
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
        effects: Effects { held, records: all.then_some(true), all, ..Effects::default() },
    })
}
