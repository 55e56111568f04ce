//! Holds by a query: whom it finds is held under one number, and released together.

use tacenda_core::policy::records::HOLDS;
use tacenda_core::ports::Cursor;
use tacenda_core::ports::keyring::DESTROYED;
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::vault::codes::{NOTHING_OF_CLASS, UNDECLARED_CLASS, UNDECLARED_FACT, UNDER_WAY};
use tacenda_core::vault::{Actor, Vault};
use tacenda_core::{Code, Error, Kind, Name, Result, SubjectId};

use super::agenda;
use super::codes::{NOT_OF_GROUP, NOTHING, OF_GROUP};
use super::place::{Terms, place_in};
use super::release::release_in;
use super::state::{GroupId, Stage};
use crate::case::{Note, watch};
use crate::requests::Calendar;

/// How many subjects are looked at at once.
const PAGE: usize = 256;

/// There is nothing to hold, or nothing any more once an erasure under way has ended.
const NONE: [&Code; 4] = [&NOTHING, &NOTHING_OF_CLASS, &DESTROYED, &UNDER_WAY];

/// Whom a group of holds is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Of whom something of this class is kept, also archived.
    Class(Name),
    /// Of whose account this fact holds. Of a closed account that is archived or restricted nobody can
    /// tell any more: it is held too.
    Fact(Name),
    /// These.
    Subjects(Vec<SubjectId>),
}

/// What came of a group.
#[derive(Debug, Default)]
pub struct Many {
    /// How many were held now.
    pub placed: u64,
    /// How many the group held before.
    pub before: u64,
    /// How many had nothing of the scope, or were being erased.
    pub nothing: u64,
    /// Whose rows are not what the log says, as an audit tells, or changed whenever they were to be held:
    /// they were not held. Whoever calls it again tries these again.
    pub refused: Vec<(SubjectId, Error)>,
}

/// What came of the release of a group.
#[derive(Debug, Default)]
pub struct GroupReleased {
    /// How many holds were released.
    pub released: u64,
    /// How many requests for erasure are on the agenda again.
    pub reopened: u64,
    /// Whose rows or holds are not what the log says, as an audit tells, changed whenever they were to be
    /// let go, or wait for an erasure under way: nothing was let go, or the hold is released and not
    /// settled. Whoever calls it again goes on.
    pub refused: Vec<(SubjectId, Error)>,
}

/// Holds everybody whom a selection finds, each with a hold of its own under the number of the group.
/// Of the scope, what is there is held. Page by page; `progress` is told after each page what has been
/// done.
///
/// Whoever was stopped calls it again with the same number: whom the group holds is passed over. Who
/// comes to belong to the selection later is not held.
///
/// # Errors
/// As [`place`](super::place); `vault.undeclared_fact`; the codes of the ports.
pub async fn place_many(
    vault: &Vault,
    group: GroupId,
    selection: &Selection,
    terms: &Terms,
    actor: &Actor,
    progress: &mut (dyn FnMut(&Many) + Send),
) -> Result<Many> {
    watch::check_role(vault, &HOLDS, actor)?;
    terms.scope.check(vault.policy())?;
    selection.check(vault)?;
    let (mut done, mut after) = (Many::default(), After::Start);
    while let Some(page) = selection.page(vault, &mut after).await? {
        for subject in page {
            if !selection.takes(vault, subject).await? {
                continue;
            }
            match place_in(vault, subject, terms, Some(group), actor).await {
                Ok(_) => done.placed += 1,
                Err(error) if error.is(&OF_GROUP) => done.before += 1,
                Err(error) if NONE.iter().any(|code| error.is(code)) => done.nothing += 1,
                Err(error) if is_of_one(&error) => done.refused.push((subject, error)),
                Err(error) => return Err(error),
            }
        }
        progress(&done);
    }
    Ok(done)
}

/// Releases every hold of a group. It looks at each open hold once, of whatever group.
///
/// Whoever was stopped calls it again.
///
/// # Errors
/// As [`release`](super::release), but that what is wrong with one subject stops nobody else's.
pub async fn release_group(
    vault: &Vault,
    calendar: &Calendar<'_>,
    group: GroupId,
    reason: &Note,
    actor: &Actor,
) -> Result<GroupReleased> {
    watch::check_role(vault, &HOLDS, actor)?;
    let mut done = GroupReleased::default();
    // Those first that somebody else was stopped at: those of this call are settled.
    for stage in [Stage::Released, Stage::Whole, Stage::Part] {
        let mut last = None;
        loop {
            let (page, at_end) = agenda::open(vault, stage, last.as_ref()).await?;
            for one in &page {
                let key = &one.key;
                match release_in(vault, calendar, key, reason, Some(group), actor).await {
                    Ok(released) => {
                        done.released += 1;
                        done.reopened += released.reopened;
                    }
                    Err(error) if error.is(&NOT_OF_GROUP) || error.kind() == Kind::NotFound => {}
                    Err(error) if is_of_one(&error) => done.refused.push((key.subject, error)),
                    Err(error) => return Err(error),
                }
            }
            last = page.last().cloned();
            if at_end {
                break;
            }
        }
    }
    Ok(done)
}

/// Whether what went wrong is wrong with one subject: its rows are not what the log says, or others were
/// faster whenever it was tried.
fn is_of_one(error: &Error) -> bool {
    error.kind() == Kind::Integrity || error.is(&CONFLICT) || error.is(&UNDER_WAY)
}

/// Behind what the next page begins.
enum After {
    Start,
    Row(Cursor),
    Subject(SubjectId),
    End,
}

impl Selection {
    fn check(&self, vault: &Vault) -> Result<()> {
        let policy = vault.policy();
        match self {
            Self::Class(class) if !policy.classes.contains_key(class) => UNDECLARED_CLASS.err(),
            Self::Fact(fact) if !policy.facts.contains_key(fact) => UNDECLARED_FACT.err(),
            Self::Class(_) | Self::Fact(_) | Self::Subjects(_) => Ok(()),
        }
    }

    /// The next subjects that may belong to it; `None` behind the last.
    async fn page(&self, vault: &Vault, after: &mut After) -> Result<Option<Vec<SubjectId>>> {
        if matches!(after, After::End) {
            return Ok(None);
        }
        let (page, next) = match self {
            Self::Subjects(subjects) => (subjects.clone(), After::End),
            Self::Class(class) => {
                let from = if let After::Row(row) = after { Some(&*row) } else { None };
                let (mut page, next) = vault.subjects_of(class, from, PAGE).await?;
                page.dedup();
                (page, next.map_or(After::End, After::Row))
            }
            Self::Fact(_) => {
                let from = if let After::Subject(last) = after { Some(*last) } else { None };
                let page = vault.subjects(from, PAGE).await?;
                let last = page.last().filter(|_| page.len() >= PAGE).copied();
                (page, last.map_or(After::End, After::Subject))
            }
        };
        *after = next;
        Ok(Some(page))
    }

    /// Whether a subject of a page belongs to it.
    async fn takes(&self, vault: &Vault, subject: SubjectId) -> Result<bool> {
        let Self::Fact(fact) = self else { return Ok(true) };
        match vault.account_facts(subject).await.map(|known| known.facts) {
            Ok(facts) if facts.contains(fact) => Ok(true),
            // None at all: there may be no live account to ask.
            Ok(facts) if facts.is_empty() => is_unasked(vault, subject).await,
            Ok(_) => Ok(false),
            // It is found, and told, where the hold is placed.
            Err(error) if error.kind() == Kind::Integrity => Ok(true),
            Err(error) => Err(error),
        }
    }
}

/// Whether a subject has no account in use of which facts could be told.
async fn is_unasked(vault: &Vault, subject: SubjectId) -> Result<bool> {
    use tacenda_core::row::state;
    let primary = vault.policy().primary_class();
    let rows = match vault.outline(subject).await {
        Ok(rows) => rows,
        Err(error) if error.kind() == Kind::Integrity => return Ok(true),
        Err(error) => return Err(error),
    };
    Ok(!rows.iter().any(|row| row.class == *primary && row.state == state::LIVE))
}
