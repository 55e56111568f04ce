//! Warnings before data is erased for want of use: once per dormancy, and long enough before.

mod told;
mod warn;

use std::collections::BTreeSet;

use tacenda_core::calendar::{self, EndRule, Period, Rule, StartRule, Zone};
use tacenda_core::policy::Policy;
use tacenda_core::policy::records::OUTBOX;
use tacenda_core::ports::Cursor;
use tacenda_core::row::state;
use tacenda_core::vault::{Outline, PersonRows, Vault};
use tacenda_core::{Kind, Name, Result, SubjectId, Timestamp};

use self::told::{End, Told, told_each};
pub(super) use self::warn::to_warn;
pub use self::warn::warn;
use super::rules::schedule;

/// What a warning says where the whole account goes; its value is `date`.
pub const ACCOUNT_EXPIRING: Name = Name::fixed("account_expiring");
/// What a warning says where some data goes and the account stays; its value is `date`.
pub const DATA_EXPIRING: Name = Name::fixed("data_expiring");

/// How many rows are looked at at once.
const PAGE: usize = 512;

/// A class of which nobody loses data for want of use without a warning.
pub(crate) struct Warning {
    /// How long before.
    before: Rule,
    /// What keeps the class.
    rules: Vec<Rule>,
    says: Name,
    class: Name,
}

impl Warning {
    /// The warning that the policy promises for a class in a state, if it does. Of several rules the
    /// earliest warning holds.
    pub(crate) fn of(policy: &Policy, class: &Name, row_state: &Name) -> Option<Self> {
        if *row_state != state::LIVE {
            return None;
        }
        let rule = |keep: Period| Rule { keep, start: StartRule::Event, end: EndRule::SameDay };
        let length = |period: &Period| {
            calendar::due(Timestamp::from_micros(0), &[rule(*period)], &calendar::Utc)
        };
        let before = policy.live_rules(class).filter_map(|rule| rule.warn_before);
        let before = rule(before.max_by_key(length)?);
        let account = class == policy.primary_class();
        let says = if account { ACCOUNT_EXPIRING } else { DATA_EXPIRING };
        Some(Self { before, rules: schedule(policy, class, row_state), says, class: class.clone() })
    }

    /// The latest anchor of which a warning is due.
    fn cutoff(&self, now: Timestamp, zone: &dyn Zone) -> Option<Timestamp> {
        calendar::cutoff(self.from(now, zone), &self.rules, zone)
    }

    /// The first instant at which whoever was warned at a time has had it long enough.
    fn from(&self, warned_at: Timestamp, zone: &dyn Zone) -> Timestamp {
        calendar::due(warned_at, &[self.before], zone)
    }

    /// The rows of somebody that are due by their clocks.
    fn rows(&self, of: &PersonRows, cutoff: Timestamp) -> Vec<Outline> {
        let due = |row: &Outline| {
            row.class == self.class
                && row.state == state::LIVE
                && !row.held
                && row.anchor_at.is_some_and(|at| at <= cutoff)
        };
        of.outlines().into_iter().filter(due).collect()
    }

    /// The end of what somebody's clock, started at `anchor`, counts.
    fn end<'a>(&'a self, of: &'a PersonRows, anchor: Timestamp, zone: &dyn Zone) -> End<'a> {
        End { of, says: &self.says, due: self.due(anchor, zone) }
    }

    /// When data ends whose clock started at `anchor`, warned of or not.
    fn due(&self, anchor: Timestamp, zone: &dyn Zone) -> Timestamp {
        calendar::due(anchor, &self.rules, zone)
    }
}

/// Of rows whose clocks started at these times, each of somebody of whom this is kept: whether they may
/// go now as far as the warning is concerned. It was sent, or the address takes none, at least as long
/// ago as the policy says. Who closed the account knows, and is owed none.
pub(crate) async fn was_warned_each(
    vault: &Vault,
    warning: &Warning,
    rows: &[(&PersonRows, Timestamp)],
    now: Timestamp,
) -> Result<Vec<Result<bool>>> {
    let zone = vault.ports().zone.as_ref();
    let ends: Vec<_> = rows.iter().map(|(of, anchor)| warning.end(of, *anchor, zone)).collect();
    let told = told_each(vault, &ends).await?;
    let long_ago = |told: &Told| matches!(told, Told::At(at) if warning.from(*at, zone) <= now);
    let open = |told: &Result<Told>| told.as_ref().is_ok_and(|told| !long_ago(told));
    let asked = rows.iter().zip(&told).filter(|(_, told)| open(told));
    let asked: Vec<_> = asked.map(|((of, _), _)| *of).collect();
    let mut facts = vault.account_facts_each(&asked).await?.into_iter();
    let closed = told.into_iter().map(|told| match told {
        Ok(told) if long_ago(&told) => Ok(true),
        Ok(_) => facts.next().map_or(Ok(false), |one| one.map(|one| one.closed_at.is_some())),
        Err(error) => Err(error),
    });
    Ok(closed.collect())
}

/// [`was_warned_each`] of one row of a subject.
pub(crate) async fn was_warned(
    vault: &Vault,
    warning: &Warning,
    subject: SubjectId,
    anchor: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    for person in vault.person_rows(&[subject], &OUTBOX).await? {
        let person = person?;
        if let Some(one) = was_warned_each(vault, warning, &[(&person, anchor)], now).await?.pop() {
            return one;
        }
    }
    Ok(false)
}

/// How many of the rows of a class that are due wait for their warning. What somebody altered, and whose
/// erasure is under way, is not among them: the sweep counts it as refused, or finishes it.
pub(super) async fn waiting(
    vault: &Vault,
    warning: &Warning,
    cutoff: Timestamp,
    now: Timestamp,
) -> Result<u64> {
    let (mut count, mut after) = (0u64, None);
    loop {
        let page = page_of(vault, warning, cutoff, after.as_ref()).await?;
        let due = |of| warning.rows(of, cutoff).into_iter().filter_map(|row| row.anchor_at);
        let rows: Vec<_> =
            page.people.iter().flat_map(|of| due(of).map(move |anchor| (of, anchor))).collect();
        let warned = was_warned_each(vault, warning, &rows, now).await?;
        let unwarned = warned.iter().filter(|one| matches!(one, Ok(false))).count();
        count = count.saturating_add(unwarned as u64);
        after = page.next;
        if after.is_none() {
            return Ok(count);
        }
    }
}

/// Some of those of whom a row of a class may be due.
struct Page {
    people: Vec<PersonRows>,
    next: Option<Cursor>,
}

/// A page of rows whose clock started at `cutoff` or before, with what is kept of those whose rows are
/// what the log states: an anchor that somebody altered, or invented, warns nobody.
async fn page_of(
    vault: &Vault,
    warning: &Warning,
    cutoff: Timestamp,
    after: Option<&Cursor>,
) -> Result<Page> {
    let page = vault.anchored(&warning.class, &state::LIVE, cutoff, after, PAGE).await?;
    let subjects: BTreeSet<_> = page.iter().map(|at| at.key.subject).collect();
    let subjects: Vec<_> = subjects.into_iter().collect();
    let mut people = Vec::with_capacity(subjects.len());
    for person in vault.person_rows(&subjects, &OUTBOX).await? {
        match person {
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            person => people.extend(person),
        }
    }
    let full = page.len() >= PAGE;
    Ok(Page { people, next: page.into_iter().next_back().filter(|_| full) })
}
