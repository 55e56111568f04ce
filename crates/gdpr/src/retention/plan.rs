//! The plan of a sweep: what, how many, by which rule, until when; and whether the brake holds.

use sha2::{Digest as _, Sha256};
use tacenda_core::calendar;
use tacenda_core::policy::records::{KINDS, OUTBOX, SUPPRESSIONS};
use tacenda_core::policy::{RetentionRule, StartRule};
use tacenda_core::row::state;
use tacenda_core::vault::{Outline, Vault};
use tacenda_core::{Name, Result, Timestamp};

use super::rules::{rules_in, schedule};
use super::warning::{self, Warning};

/// How many archived rows are looked at at once.
const PAGE: usize = 512;

/// What a line of a plan reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Rows whose last rule has ended.
    Rows,
    /// Archived rows in which the last law has ended that asks for some of the items, or for all of
    /// them, although another law keeps others of the class for longer.
    Items,
}

/// One line of a plan: the rows of a class and state whose time is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepLine {
    /// The class.
    pub class: Name,
    /// Live or archived; of records, closed.
    pub state: Name,
    /// Whether the rows are due, or some of their items.
    pub reach: Reach,
    /// Rows whose clock started then or before are due; for items, those that end then or before.
    pub cutoff: Timestamp,
    /// How many rows are due.
    pub due: u64,
    /// Whether more are due than the policy's share of the class allows without a confirmation.
    pub over_share: bool,
    /// The rules that have ended, or of which one has where items are due, as periods: `3 years`, `10 years from the end of financial year`.
    pub rules: Vec<String>,
    /// The laws behind these rules, as they are cited.
    pub laws: Vec<String>,
}

impl SweepLine {
    /// What the policy promises of its rows before they go, if it does.
    pub(crate) fn warning(&self, vault: &Vault) -> Option<Warning> {
        let warning = Warning::of(vault.policy(), &self.class, &self.state);
        warning.filter(|_| self.reach == Reach::Rows)
    }
}

/// What a sweep would do. Making it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionPlan {
    /// The time it was made for.
    pub now: Timestamp,
    /// The classes with due rows; a class of which nothing is due has no line.
    pub lines: Vec<SweepLine>,
    /// How many rows are due and stay, because whom they are about was not warned long enough ago.
    pub waiting: u64,
    /// How many people a sweep puts a warning into the outbox for.
    pub to_warn: u64,
    /// Whether the clock is behind the last entry of the log, or further ahead of it, or of the last
    /// sweep, than the policy's `max_clock_ahead`.
    pub clock_in_doubt: bool,
    /// What a person confirms who has seen the plan.
    pub digest: [u8; 32],
}

impl RetentionPlan {
    /// How many rows are due.
    #[must_use]
    pub fn due(&self) -> u64 {
        self.lines.iter().map(|line| line.due).sum()
    }

    /// Whether a sweep refuses to run this plan unless its digest is confirmed.
    #[must_use]
    pub fn needs_confirmation(&self) -> bool {
        self.clock_in_doubt || self.lines.iter().any(|line| line.over_share)
    }
}

/// Makes the plan of a sweep at the vault's time.
///
/// # Properties
/// Its cost grows with what is due, not with what is kept.
///
/// # Errors
/// The codes of the store.
pub async fn plan(vault: &Vault) -> Result<RetentionPlan> {
    let policy = vault.policy();
    let now = vault.now();
    // At once: counting takes a while, and others write meanwhile.
    let clock_in_doubt = vault.clock_in_doubt(now).await?;
    let zone = vault.ports().zone.as_ref();
    let (mut lines, mut waiting) = (Vec::new(), 0u64);
    for class in policy.classes.keys() {
        for row_state in [state::LIVE, state::ARCHIVED] {
            lines.extend(rows_line(vault, class, row_state, now, &mut waiting).await?);
        }
        lines.extend(items_line(vault, class, now).await?);
    }
    for kind in KINDS {
        lines.extend(rows_line(vault, &kind.class, state::CLOSED, now, &mut waiting).await?);
    }
    let day = zone.start_of_day(zone.local_date(now));
    let digest = digest(day, clock_in_doubt, &lines);
    let to_warn = warning::to_warn(vault).await?;
    Ok(RetentionPlan { now, lines, waiting, to_warn, clock_in_doubt, digest })
}

/// The rows of a class and state whose last rule has ended.
async fn rows_line(
    vault: &Vault,
    class: &Name,
    row_state: Name,
    now: Timestamp,
    waiting: &mut u64,
) -> Result<Option<SweepLine>> {
    let (policy, zone) = (vault.policy(), vault.ports().zone.as_ref());
    let rules = schedule(policy, class, &row_state);
    let cutoff = match &rules[..] {
        // A policy without the list any more ends what is on it.
        [] if *class == SUPPRESSIONS.class => Some(now),
        [] => None,
        rules => calendar::cutoff(now, rules, zone),
    };
    let Some(cutoff) = cutoff else { return Ok(None) };
    let mut due = rows_due(vault, class, &row_state, cutoff, now).await?;
    if let Some(warning) = Warning::of(policy, class, &row_state).filter(|_| due > 0) {
        let unwarned = warning::waiting(vault, &warning, cutoff, now).await?;
        due = due.saturating_sub(unwarned);
        *waiting = waiting.saturating_add(unwarned);
    }
    if due == 0 {
        return Ok(None);
    }
    let ended = rules_in(policy, class, &row_state);
    let laws = ended.iter().filter_map(|rule| policy.laws.get(rule.law.as_ref()?));
    Ok(Some(SweepLine {
        over_share: over_share(vault, class, due).await?,
        class: class.clone(),
        state: row_state,
        reach: Reach::Rows,
        cutoff,
        due,
        laws: laws.map(|law| law.citation.clone()).collect(),
        rules: ended.iter().map(|rule| told(rule)).collect(),
    }))
}

/// How many rows of a class and state are due whose clock started at `cutoff` or before. Where a
/// law of another class may keep an item that has moved there since its row was archived, such rows
/// are looked at, and do not count until it ends.
async fn rows_due(
    vault: &Vault,
    class: &Name,
    row_state: &Name,
    cutoff: Timestamp,
    now: Timestamp,
) -> Result<u64> {
    let others = vault.policy().classes.values().filter(|other| other.name != *class);
    let mut laws = others.flat_map(|other| &other.rules).filter(|rule| rule.archive);
    if *row_state != state::ARCHIVED || laws.next().is_none() {
        return vault.count_anchored(class, row_state, cutoff, u64::MAX).await;
    }
    vault.count_archived(class, cutoff, now).await
}

/// The archived rows of a class of which a part has ended, and that do not end whole.
async fn items_line(vault: &Vault, class: &Name, now: Timestamp) -> Result<Option<SweepLine>> {
    let (policy, zone) = (vault.policy(), vault.ports().zone.as_ref());
    let whole = calendar::cutoff(now, &schedule(policy, class, &state::ARCHIVED), zone);
    let goes_on = |row: &Outline| row.anchor_at > whole && !row.held;
    let (mut due, mut after) = (0u64, None);
    loop {
        let page = vault.ended(class, now, after.as_ref(), PAGE).await?;
        due = due.saturating_add(page.iter().filter(|row| goes_on(row)).count() as u64);
        after = page.last().cloned();
        if page.len() < PAGE {
            break;
        }
    }
    if due == 0 {
        return Ok(None);
    }
    let some = rules_in(policy, class, &state::ARCHIVED);
    let laws = some.iter().filter_map(|rule| policy.laws.get(rule.law.as_ref()?));
    Ok(Some(SweepLine {
        over_share: over_share(vault, class, due).await?,
        class: class.clone(),
        state: state::ARCHIVED,
        reach: Reach::Items,
        cutoff: now,
        due,
        laws: laws.map(|law| law.citation.clone()).collect(),
        rules: some.iter().map(|rule| told(rule)).collect(),
    }))
}

/// A rule as a person reads it.
fn told(rule: &RetentionRule) -> String {
    match rule.start {
        StartRule::Event => rule.keep.to_string(),
        start => format!("{} from the {}", rule.keep, start.as_str()),
    }
}

/// Whether `due` rows are more than the allowed share of the class. The class is counted only as
/// far as the answer needs.
async fn over_share(vault: &Vault, class: &Name, due: u64) -> Result<bool> {
    let sweep = &vault.policy().sweep;
    // A letter to everybody ends for everybody on one day.
    let ends_at_once = [&OUTBOX, &SUPPRESSIONS].iter().any(|kind| kind.class == *class);
    if due <= sweep.min_rows || ends_at_once {
        return Ok(false);
    }
    // due / total > share / 1000, so enough rows are ceil(due * 1000 / share).
    let share = u64::from(sweep.max_share).max(1);
    let enough = due.saturating_mul(1000).div_ceil(share);
    Ok(vault.count_class(class, enough).await? < enough)
}

/// Binds a confirmation to the classes, states and numbers of a plan and to its day, given by its
/// beginning in the controller's zone, not to the microsecond: a person needs time to read it.
fn digest(day: Timestamp, clock_in_doubt: bool, lines: &[SweepLine]) -> [u8; 32] {
    let mut hasher = Sha256::new_with_prefix(b"tacenda/sweep/1");
    hasher.update(day.as_micros().to_be_bytes());
    hasher.update([u8::from(clock_in_doubt)]);
    for line in lines {
        for word in [line.class.as_str(), line.state.as_str()] {
            hasher.update((word.len() as u64).to_be_bytes());
            hasher.update(word);
        }
        if line.reach == Reach::Rows {
            hasher.update(line.cutoff.as_micros().to_be_bytes());
        } else {
            hasher.update(b"items");
        }
        hasher.update(line.due.to_be_bytes());
    }
    hasher.finalize().into()
}
