//! Placing a restriction: its record and the state of the rows are one change.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use tacenda_core::codec::MALFORMED;
use tacenda_core::policy::records::{REQUESTS, RESTRICTIONS};
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::row::state;
use tacenda_core::vault::codes::UNDECLARED_CLASS;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, NewRecord, OpenedRecord, RecordItems, RecordKey, Vault,
};
use tacenda_core::{Name, Result, SubjectId};

use super::codes::NOTHING;
use super::file;
use super::state::{Asked, Placing, Restriction};
use crate::case::{Note, watch};
use crate::requests::{NO_SUCH_REQUEST, Request, RequestId, RestrictionGround, Right};

/// How often a restriction is placed anew because a class began meanwhile, or ended.
const ATTEMPTS: usize = 5;

/// What a restriction is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// On which ground.
    pub ground: RestrictionGround,
    /// Why here.
    pub reason: Note,
    /// Who wants it.
    pub asked: Asked,
    /// Which classes; all that are in use if it is empty.
    pub classes: BTreeSet<Name>,
    /// The last day of the first review, six months from now at most.
    pub review_on: NaiveDate,
}

/// A restriction that was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Where its record is.
    pub key: RecordKey,
    /// The classes that it restricts.
    pub classes: BTreeSet<Name>,
}

/// Restricts what is in use of a subject: from now on it is stored, and nothing else. All classes that
/// the terms name have to be there. Where all is restricted the account is, and no class begins beside it.
///
/// # Law
/// Art. 18(1) and (2) GDPR.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; `case.review_past`, `case.review_far`; `restriction.bad_time`;
/// `vault.undeclared_class`; `restriction.nothing` for a restriction of nothing;
/// `requests.no_such_request` for one by a request that is none for restriction of this subject; `erasure.under_way` if it is
/// being erased; those of [`Vault::add_record`].
pub async fn place(
    vault: &Vault,
    subject: SubjectId,
    terms: &Terms,
    actor: &Actor,
) -> Result<Placed> {
    watch::check_role(vault, &RESTRICTIONS, actor)?;
    for _ in 1..ATTEMPTS {
        match try_place(vault, subject, terms, actor).await {
            Err(error) if error.is(&CONFLICT) => {}
            done => return done,
        }
    }
    try_place(vault, subject, terms, actor).await
}

async fn try_place(
    vault: &Vault,
    subject: SubjectId,
    terms: &Terms,
    actor: &Actor,
) -> Result<Placed> {
    let policy = vault.policy();
    if !terms.classes.iter().all(|class| policy.classes.contains_key(class)) {
        return UNDECLARED_CLASS.err();
    }
    let mut classes = BTreeSet::new();
    for row in vault.outline(subject).await? {
        let asked = terms.classes.is_empty() || terms.classes.contains(&row.class);
        if asked && !row.is_record() && row.state != state::ARCHIVED {
            classes.insert(row.class);
        }
    }
    if classes.is_empty() || !terms.classes.is_subset(&classes) {
        return Err(NOTHING.error().with("subject", subject));
    }
    if let Asked::Request(id) = terms.asked {
        check_request(vault, subject, id).await?;
    }
    let Terms { ground, reason, asked, review_on, .. } = terms.clone();
    let placing = Placing { ground, reason, asked, classes: classes.clone(), review_on };
    let stamp = file::stamp(vault, actor);
    let restriction = Restriction::place(placing, watch::today(vault, stamp.at), stamp)?;
    let restricted = classes.iter().map(|class| (class.clone(), true)).collect();
    let new = NewRecord {
        subject: Some(subject),
        standing: file::standing(vault, &restriction),
        items: RecordItems::default().with(MODEL, restriction.encode()),
        entry: Entry::new("restriction.placed")
            .detail("ground", ground.as_str())
            .detail("asked", asked.as_str())
            .detail("until", watch::after(vault, review_on)),
        effects: Effects { restricted, all: terms.classes.is_empty(), ..Effects::default() },
    };
    let key = vault.add_record(&RESTRICTIONS, new, actor).await?;
    Ok(Placed { key, classes })
}

/// Whether a request is the subject's, and one for restriction.
async fn check_request(vault: &Vault, subject: SubjectId, id: RequestId) -> Result<()> {
    let found = vault.find_record(&REQUESTS, id.as_bytes()).await?;
    let Some(key) = found.filter(|key| key.subject == subject) else {
        return NO_SUCH_REQUEST.err();
    };
    let right = |record: &OpenedRecord| match record.items.get(&MODEL) {
        Some(model) => Ok(Request::decode(model)?.right()),
        None => MALFORMED.err(),
    };
    match vault.consult_record(&key, &[MODEL], right).await? {
        Right::Restriction(_) => Ok(()),
        _ => NO_SUCH_REQUEST.err(),
    }
}
