//! The list of the people whom a breach affects: counted, then written, and counted again by how far they
//! were told.

use chrono::Months;
use tacenda_core::policy::records::BREACH_PEOPLE;
use tacenda_core::row::state as rows;
use tacenda_core::vault::codes::NOT_FOUND;
use tacenda_core::vault::{
    Actor, DueRecord, Effects, MODEL, NewRecord, Numbered, OpenedRecord, RecordItems, RecordKey,
    Standing, Vault,
};
use tacenda_core::{Error, Kind, Result, SubjectId};

use super::super::register;
use super::affected::{Affected, Reach, Reached, Why};
use super::file;
use super::selection::{Finder, Selection};
use crate::case::{Note, watch};
use crate::holds::{self, Ground, Scope, Terms};

/// How many months a hold on an address may last before somebody looks at it again.
const REVIEW_MONTHS: u32 = 3;

/// What a selection came to.
#[derive(Debug, Default)]
pub struct Listing {
    /// How many are affected, whether they were on the list before or not.
    pub affected: u64,
    /// How many of them were on it before.
    pub before: u64,
    /// How many of them no letter reaches: their account is gone (Art. 34(3)(c) GDPR).
    pub unreachable: u64,
    /// Whose rows are not what the log says, or who is not known at all. Who is known is on the list
    /// all the same; whoever calls it again tries again.
    pub refused: Vec<(SubjectId, Error)>,
    /// How many entries of the log had lost their text where it was asked: what they told is missing.
    pub texts_gone: u64,
}

/// How many people of a breach were told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Not yet.
    pub listed: u64,
    /// Their letter is in the outbox.
    pub queued: u64,
    /// Their letter was sent.
    pub told: u64,
    /// None reaches them.
    pub unreachable: u64,
}

/// Counts whom a selection means, and writes nothing but that it was asked. Ids of those found are kept
/// in memory meanwhile, each once.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; `vault.undeclared_class`;
/// `disclose.not_declared` for a processor that the policy does not have; `breach.wrong_step` for a
/// closed breach; the integrity codes; the codes of the ports.
pub async fn count(
    vault: &Vault,
    key: &RecordKey,
    selection: &Selection,
    actor: &Actor,
) -> Result<Listing> {
    let listing = run(vault, key, selection, None, actor).await?;
    let shown = usize::try_from(listing.affected).unwrap_or(usize::MAX);
    vault.note_listing(&BREACH_PEOPLE, shown, actor).await?;
    Ok(listing)
}

/// Puts everybody whom a selection means on the list of a breach, and holds the class of their address
/// until they were told. Whoever was stopped calls it again: who is on the list is passed over. `progress`
/// is told after each page what has been done. Further selections add to the list.
///
/// # Law
/// Art. 34(1) GDPR; the hold rests on Art. 17(3)(b) and 33(5).
///
/// # Errors
/// As [`count`]; those of [`Vault::add_record`] where they are no one person's.
pub async fn list(
    vault: &Vault,
    key: &RecordKey,
    selection: &Selection,
    actor: &Actor,
    progress: &mut (dyn FnMut(&Listing) + Send),
) -> Result<Listing> {
    run(vault, key, selection, Some(progress), actor).await
}

/// How many people of a breach were told, by the index.
///
/// # Errors
/// The codes of the store.
pub async fn tally(vault: &Vault, key: &RecordKey) -> Result<Tally> {
    let mut tally = Tally::default();
    for reach in Reach::ALL {
        let (mut found, mut last) = (0u64, None);
        loop {
            let page = file::page(vault, key.subject, *reach, last.as_ref(), file::PAGE).await?;
            found = found.saturating_add(page.len() as u64);
            last = page.last().cloned();
            if page.len() < file::PAGE {
                break;
            }
        }
        match reach {
            Reach::Listed => tally.listed = found,
            Reach::Queued => tally.queued = found,
            Reach::Told => tally.told = found,
            Reach::Unreachable => tally.unreachable = found,
        }
    }
    Ok(tally)
}

/// A page of the people of a breach so far as they were told, such as those whom no letter reaches, for
/// another way. It shows ids; that they were shown is in the log, with how many.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; the codes of the ports.
pub async fn people(
    vault: &Vault,
    key: &RecordKey,
    reach: Reach,
    after: Option<&DueRecord>,
    limit: usize,
    actor: &Actor,
) -> Result<Vec<DueRecord>> {
    file::check_role(vault, actor)?;
    let page = file::page(vault, key.subject, reach, after, limit.max(1)).await?;
    vault.note_listing(&BREACH_PEOPLE, page.len(), actor).await?;
    Ok(page)
}

async fn run(
    vault: &Vault,
    key: &RecordKey,
    selection: &Selection,
    mut write: Option<&mut (dyn FnMut(&Listing) + Send)>,
    actor: &Actor,
) -> Result<Listing> {
    file::check_role(vault, actor)?;
    let breach = register::opened(vault, key).await?;
    register::check_open(&breach, "list")?;
    let mut finder = Finder::new(vault, &breach, selection).await?;
    let mut done = Listing::default();
    while let Some(page) = finder.page(vault).await? {
        for subject in page {
            let one = match &write {
                None => look(vault, key.subject, subject).await,
                Some(_) => enter(vault, key.subject, subject, actor).await,
            };
            match one {
                Ok(One { before, reachable }) => {
                    done.affected += 1;
                    done.before += u64::from(before);
                    done.unreachable += u64::from(!reachable);
                }
                Err(error) if file::is_of_one(&error) => done.refused.push((subject, error)),
                Err(error) => return Err(error),
            }
        }
        done.texts_gone = finder.texts_gone;
        if let Some(progress) = &mut write {
            progress(&done);
        }
    }
    Ok(done)
}

/// What was found of one person.
struct One {
    before: bool,
    reachable: bool,
}

async fn look(vault: &Vault, breach: SubjectId, subject: SubjectId) -> Result<One> {
    let number = file::place(breach, subject);
    let before = vault.find_record(&BREACH_PEOPLE, &number).await?.is_some();
    if vault.history(subject, 1).await?.is_empty() {
        return NOT_FOUND.err();
    }
    Ok(One { before, reachable: has_account(vault, subject).await? })
}

async fn enter(vault: &Vault, breach: SubjectId, subject: SubjectId, actor: &Actor) -> Result<One> {
    let reachable = has_account(vault, subject).await?;
    let reached = if reachable { Reached::Listed } else { Reached::Unreachable(0, Why::Erased) };
    let affected = Affected { breach, reached };
    let state = file::state(reached.reach(), breach)?;
    let new = NewRecord {
        subject: Some(subject),
        standing: Standing::Open { state, due_at: Some(vault.now()) },
        items: RecordItems::default().with(MODEL, affected.encode()),
        entry: file::told("breach.person_listed", &affected),
        effects: Effects::default(),
    };
    let number = file::place(breach, subject);
    let (key, before) = match vault.add_record_once(&BREACH_PEOPLE, &number, new, actor).await? {
        Numbered::Added(key) => (key, false),
        Numbered::There(key) => (key, true),
    };
    if before {
        take_up(vault, &key, actor).await?;
    }
    let waits = vault.consult_record(&key, &[MODEL], file::of).await?.reached;
    if reachable && matches!(waits, Reached::Listed | Reached::Queued(_)) {
        hold(vault, breach, subject, actor).await?;
    }
    Ok(One { before, reachable })
}

/// A breach that was closed and is taken up again has its people again.
async fn take_up(vault: &Vault, key: &RecordKey, actor: &Actor) -> Result<()> {
    if matches!(vault.record(key).await?.standing, Standing::Open { .. }) {
        return Ok(());
    }
    let decide =
        |record: &OpenedRecord| file::change(record, &file::of(record)?, "breach.person_listed");
    vault.change_record(key, &[MODEL], actor, decide).await.map(drop)
}

/// Whether there is an account to write to. One that somebody altered is tried.
pub(super) async fn has_account(vault: &Vault, subject: SubjectId) -> Result<bool> {
    let primary = vault.policy().primary_class();
    match vault.outline(subject).await {
        Ok(found) => {
            Ok(found.iter().any(|row| row.class == *primary && row.state != rows::ARCHIVED))
        }
        Err(error) if error.kind() == Kind::Integrity => Ok(true),
        Err(error) => Err(error),
    }
}

/// Holds the address of somebody who is to be told, where the policy has letters.
async fn hold(vault: &Vault, breach: SubjectId, subject: SubjectId, actor: &Actor) -> Result<()> {
    let policy = vault.policy();
    if policy.breach.as_ref().is_none_or(|breach| breach.letters.is_none()) {
        return Ok(());
    }
    let today = watch::today(vault, vault.now());
    let terms = Terms {
        ground: Ground::Incident,
        reason: Note::stored("The person is to be told of a breach."),
        owner: actor.id,
        review_on: today.checked_add_months(Months::new(REVIEW_MONTHS)).unwrap_or(today),
        scope: Scope::Items([policy.identifier().name.clone()].into()),
    };
    match holds::place_in(vault, subject, &terms, Some(file::group(breach)), actor).await {
        // It is held already, or somebody is just erased: their letter says so.
        Err(error) if error.is(&holds::OF_GROUP) || error.is(&holds::NOTHING) => Ok(()),
        done => done.map(drop),
    }
}
