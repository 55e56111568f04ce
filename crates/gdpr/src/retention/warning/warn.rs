//! Warnings put into the outbox.

use std::collections::BTreeSet;

use tacenda_core::outbox::{self, Message, Values};
use tacenda_core::ports::Cursor;
use tacenda_core::row::state;
use tacenda_core::vault::{Actor, Numbered, Outline, PersonRows, Vault};
use tacenda_core::{Error, Kind, Name, Result, SubjectId, Timestamp};

use super::told::{Told, told_each};
use super::{Warning, page_of};

const DATE: Name = Name::fixed("date");

/// A letter that somebody is owed.
struct Owed {
    subject: SubjectId,
    number: [u8; 16],
    /// When the data ends.
    due: Timestamp,
}

/// Puts a warning into the outbox for everybody whose data would be erased for want of use within the
/// time that the policy says (`warn_before`), and who has none for this dormancy yet; answers with how
/// many. A login makes the next dormancy another. Whose account is closed is owed none, and whose rows
/// are not what the log states is passed over, as by a sweep. A sweep does so first; it may be done as
/// often as one likes.
///
/// # Law
/// Art. 5(1)(a) GDPR: whoever was promised a warning gets one.
///
/// # Properties
/// Its cost grows with whose warning is due and who waits for the end after it, not with what is kept.
/// The ports are asked of a page at a time, and the new letters of a page are one change.
///
/// # Errors
/// The codes of the ports; those of [`Vault::check_grant`].
pub async fn warn(vault: &Vault, actor: &Actor) -> Result<u64> {
    let Some(purpose) = &vault.policy().sweep.warn_for else { return Ok(0) };
    let mut warned = 0u64;
    for warning in warnings(vault) {
        let mut after = None;
        loop {
            let (owed, next) = owed(vault, &warning, after.as_ref()).await?;
            let letter =
                |one: Owed| (one.number, one.subject, message(vault, &warning, purpose, one.due));
            let letters: Vec<_> = owed.into_iter().map(letter).collect();
            for one in outbox::enqueue_each(vault, &letters, actor).await? {
                match one {
                    Ok(Numbered::Added(_)) => warned = warned.saturating_add(1),
                    // One person's account keeps nobody else's warning.
                    Err(error) if !is_of_one(&error) => return Err(error),
                    Ok(Numbered::There(_)) | Err(_) => {}
                }
            }
            after = next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(warned)
}

/// How many people [`warn`] would warn now.
pub(in crate::retention) async fn to_warn(vault: &Vault) -> Result<u64> {
    if vault.policy().sweep.warn_for.is_none() {
        return Ok(0);
    }
    // What ends together has one letter.
    let mut ends = BTreeSet::new();
    for warning in warnings(vault) {
        let mut after = None;
        loop {
            let (owed, next) = owed(vault, &warning, after.as_ref()).await?;
            ends.extend(owed.into_iter().map(|one| (one.subject, one.due)));
            after = next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(ends.len() as u64)
}

/// What the policy promises to warn of. Of what ends together the account says the most, so that it
/// comes first.
fn warnings(vault: &Vault) -> Vec<Warning> {
    let policy = vault.policy();
    let primary = policy.primary_class();
    let others = policy.classes.keys().filter(|class| *class != primary);
    let all = std::iter::once(primary).chain(others);
    all.filter_map(|class| Warning::of(policy, class, &state::LIVE)).collect()
}

/// The letters that the people of a page are owed and have not got, and where the next page begins. Nobody
/// is whose data cannot be looked at: a sweep erases none of it either.
async fn owed(
    vault: &Vault,
    warning: &Warning,
    after: Option<&Cursor>,
) -> Result<(Vec<Owed>, Option<Cursor>)> {
    let zone = vault.ports().zone.as_ref();
    let Some(cutoff) = warning.cutoff(vault.now(), zone) else { return Ok((Vec::new(), None)) };
    let page = page_of(vault, warning, cutoff, after).await?;
    let mut ends = Vec::new();
    for person in &page.people {
        for row in warning.rows(person, cutoff) {
            let anchor = anchor(vault, person, &row).await?;
            ends.extend(anchor.filter(|at| *at <= cutoff).map(|at| warning.end(person, at, zone)));
        }
    }
    let told = told_each(vault, &ends).await?.into_iter().zip(&ends);
    let nothing = |(told, end)| match told {
        Ok(Told::Nothing(number)) => Some((number, end)),
        _ => None,
    };
    let untold: Vec<_> = told.filter_map(nothing).collect();
    let people: Vec<_> = untold.iter().map(|(_, end)| end.of).collect();
    let facts = vault.account_facts_each(&people).await?;
    let open = untold
        .into_iter()
        .zip(facts)
        .filter(|(_, facts)| facts.as_ref().is_ok_and(|facts| facts.closed_at.is_none()));
    let owed =
        open.map(|((number, end), _)| Owed { subject: end.of.subject(), number, due: end.due });
    Ok((owed.collect(), page.next))
}

/// When the clock of a row started, as the account has it: a login could not move that of a row which
/// was altered then. `None` if that cannot be told.
async fn anchor(vault: &Vault, person: &PersonRows, row: &Outline) -> Result<Option<Timestamp>> {
    let account = vault.policy().primary_class();
    let mut rows = person.outlines();
    rows.retain(|one| one.class == *account || one.class == row.class);
    let asked: Vec<_> = rows.iter().collect();
    match vault.late_clocks(person.subject(), &asked).await {
        Err(error) if error.kind() == Kind::Unavailable => Err(error),
        Err(_) => Ok(None),
        Ok(late) => Ok(late.get(&row.class).copied().or(row.anchor_at)),
    }
}

/// What somebody is told whose data ends then. Whoever is warned late has the time all the same.
fn message(vault: &Vault, warning: &Warning, purpose: &Name, due: Timestamp) -> Message {
    let zone = vault.ports().zone.as_ref();
    let day = zone.local_date(due.max(warning.from(vault.now(), zone)));
    let message = Message::to_account(warning.says.clone(), purpose.clone());
    Message { values: Values::default().with(DATE, &day.to_string()), ..message }
}

/// Whether it says something of one person alone.
fn is_of_one(error: &Error) -> bool {
    matches!(error.kind(), Kind::Integrity | Kind::NotFound | Kind::Conflict)
}
