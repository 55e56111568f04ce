//! The sweep: what the policy no longer keeps goes, in batches, on the same path as a request.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;
use tacenda_core::error::Context;
use tacenda_core::outbox;
use tacenda_core::policy::records::OUTBOX;
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::row::state;
use tacenda_core::vault::codes::BLOCKED;
use tacenda_core::vault::{Actor, Batch, Left, Outline, SubjectPlan, Unscrubbed, Vault};
use tacenda_core::{Error, Kind, Name, Result, SubjectId, Timestamp};

use super::NOT_CONFIRMED;
use super::pages::Pages;
use super::plan::{ErasurePlan, Fate, Line, kept_by_laws, of_rows};
use crate::retention::{
    Reach, RetentionPlan, SweepLine, ended, plan, warn, was_warned, was_warned_each,
};

/// How often a page is planned again that changes meanwhile.
const ATTEMPTS: usize = 5;

/// How many batches are under way at once.
pub(super) const AT_ONCE: usize = 2;

/// After how many batches destroyed keys are scrubbed from the safe's files.
const SCRUB_EVERY: usize = 16;

/// How many messages are counted that nobody sends.
const MOST_OVERDUE: u64 = 100_000;

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Subjects of whom something went.
    pub subjects: u64,
    /// Batches.
    pub batches: u64,
    /// Due rows of subjects of whom nothing went, because their rows are not the ones that the log
    /// states. They stop nobody else's; an audit names them. Whose rows are altered only after their
    /// erasure has begun is told by an error.
    pub refused: u64,
    /// Subjects of whom nothing went because their rows changed whenever something was to go. They
    /// stop nobody else's; the next sweep tries again.
    pub busy: u64,
    /// Fingerprints of imported records whose period had ended.
    pub fingerprints: u64,
    /// People for whom a warning was put into the outbox.
    pub warned: u64,
    /// Rows that are due and stay, because whom they are about was not warned long enough ago.
    pub waiting: u64,
    /// Messages that have been due for longer than a lease can last, counted up to 100,000
    /// ([`outbox::overdue`]): without them nobody is warned.
    pub overdue: u64,
}

/// Carries out a plan of [`plan`], made anew first.
///
/// Whoever is to be warned is warned first ([`warn`]); nothing goes of which the warning was not sent long
/// enough ago. A row of the primary class that is due takes the whole account with it, and what a law still
/// keeps of it is archived; a row of another class goes alone. Killed at any point, the next sweep
/// or the next start goes on. `progress` is told after each batch how many subjects are done.
///
/// # Law
/// Art. 5(1)(e) GDPR.
///
/// # Errors
/// Those of [`Vault::check_grant`], before anything is noted. [`NOT_CONFIRMED`] if the plan exceeds the share that the policy allows or the clock is in doubt,
/// and `confirmed` is not the digest of the plan as it is now. Once everything else that is due is
/// gone: the first integrity code, with how many subjects are `left`, if rows were altered after their
/// erasure had begun, in this sweep or before; [`BLOCKED`] if somebody still reads the safe's old pages.
/// The codes of [`Vault::destroy`].
pub async fn sweep(
    vault: &Vault,
    confirmed: Option<[u8; 32]>,
    actor: &Actor,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Swept> {
    // Before the time is noted that the brake trusts.
    vault.check_grant(actor).await?;
    // The plan comes first: whatever is written before it would move the log's last time.
    let plan: RetentionPlan = plan(vault).await?;
    if plan.needs_confirmation() && confirmed != Some(plan.digest) {
        return Err(NOT_CONFIRMED.error().with("due", plan.due()));
    }
    vault.note_sweep(plan.due(), actor).await?;
    let fingerprints = vault.forget_fingerprints().await?;
    let warned = warn(vault, actor).await?;
    // What somebody altered stops nobody else's.
    let resumed = vault.resume_each().await?;
    let mut owed = Owed { blocked: resumed.blocked, left: resumed.left };
    let overdue = outbox::overdue(vault, MOST_OVERDUE).await?;
    let waiting = plan.waiting;
    let mut swept = Swept { fingerprints, warned, waiting, overdue, ..Swept::default() };
    for line in &plan.lines {
        sweep_line(vault, line, actor, &mut swept, &mut owed, progress).await?;
    }
    owed.left.map(Left::into_error).or(owed.blocked).map_or(Ok(swept), Err)
}

/// What stops no sweep, and is told in its end.
struct Owed {
    /// Destroying keys needs no scrub: a job row waits for it, and nothing else does.
    blocked: Option<Error>,
    /// Whose erasure has begun and cannot be finished.
    left: Option<Left>,
}

impl Owed {
    /// The result, unless it is that a scrub is blocked: that is kept.
    fn unless_blocked<T: Default>(&mut self, result: Result<T>) -> Result<T> {
        match result {
            Err(error) if error.is(&BLOCKED) => {
                self.blocked = Some(error);
                Ok(T::default())
            }
            other => other,
        }
    }
}

async fn sweep_line(
    vault: &Vault,
    line: &SweepLine,
    actor: &Actor,
    swept: &mut Swept,
    owed: &mut Owed,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<()> {
    let mut pages = Pages::new(vault, line);
    while !pages.at_end {
        let unscrubbed = sweep_pages(vault, &mut pages, actor, swept, owed, progress).await?;
        owed.unless_blocked(vault.scrub_all(unscrubbed).await)?;
    }
    Ok(())
}

/// Some pages, as many at once as [`AT_ONCE`]: while the stores write one batch, the next is read
/// and planned. If one fails, those under way are ended before it is told.
async fn sweep_pages(
    vault: &Vault,
    pages: &mut Pages<'_>,
    actor: &Actor,
    swept: &mut Swept,
    owed: &mut Owed,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Vec<Unscrubbed>> {
    let (mut under_way, mut unscrubbed) = (FuturesOrdered::new(), Vec::new());
    let (mut begun, mut failure) = (0, None);
    loop {
        while under_way.len() < AT_ONCE && begun < SCRUB_EVERY && failure.is_none() {
            match pages.next().await {
                Ok(Some(subjects)) => {
                    under_way.push_back(sweep_batch(vault, pages.line, subjects, actor));
                    begun += 1;
                }
                Ok(None) => break,
                Err(error) => failure = Some(error),
            }
        }
        match under_way.next().await {
            None => return failure.map_or(Ok(unscrubbed), Err),
            Some(Err(error)) => failure = failure.or(Some(error)),
            Some(Ok(page)) => {
                let batch = owed.unless_blocked(page.batch)?;
                unscrubbed.extend(batch.unscrubbed);
                let left = batch.left.as_ref().map_or(0, |left| left.subjects);
                batch.left.into_iter().for_each(|left| Left::add(&mut owed.left, left));
                swept.refused += page.refused;
                swept.busy += page.busy;
                let gone = page.subjects.saturating_sub(left);
                if gone > 0 {
                    swept.subjects += gone;
                    swept.batches += 1;
                    progress(swept.subjects);
                }
            }
        }
    }
}

/// What came of a page.
struct SweptPage {
    subjects: u64,
    refused: u64,
    busy: u64,
    /// [`BLOCKED`] if another process finished the batch but for the scrub.
    batch: Result<Batch>,
}

async fn sweep_batch(
    vault: &Vault,
    line: &SweepLine,
    subjects: Vec<SubjectId>,
    actor: &Actor,
) -> Result<SweptPage> {
    let mut again = 0;
    loop {
        let (mut plans, refused) = plans(vault, line, &subjects, actor).await?;
        let planned = plans.len() as u64;
        let (batch, busy) = if again < ATTEMPTS {
            (vault.destroy_unscrubbed(plans, actor).await, 0)
        } else {
            let batch = destroy_without_busy(vault, &mut plans, actor).await;
            (batch, planned.saturating_sub(plans.len() as u64))
        };
        let subjects = planned.saturating_sub(busy);
        let page = |subjects, batch| Ok(SweptPage { subjects, refused, busy, batch });
        return match batch {
            // Whom another sweep takes is counted there.
            Ok(batch) => page(subjects.saturating_sub(batch.elsewhere), Ok(batch)),
            // Somebody logged in or was amended since the rows were read: they are read again.
            Err(error) if error.is(&CONFLICT) && again < ATTEMPTS => {
                again += 1;
                continue;
            }
            // What somebody altered stops no other batch.
            Err(error) if error.kind() == Kind::Integrity => {
                let left = Some(Left { subjects, error });
                page(subjects, Ok(Batch { left, ..Batch::default() }))
            }
            Err(error) if error.is(&BLOCKED) => page(subjects, Err(error)),
            Err(error) => Err(error),
        };
    }
}

/// Leaves out of a batch each subject whose rows have changed again; the plans for all others stand.
async fn destroy_without_busy(
    vault: &Vault,
    plans: &mut Vec<SubjectPlan>,
    actor: &Actor,
) -> Result<Batch> {
    loop {
        let error = match vault.destroy_unscrubbed(plans.clone(), actor).await {
            Err(error) if error.is(&CONFLICT) => error,
            done => return done,
        };
        let planned = plans.len();
        if let Some(Context::Subject(busy)) = error.context("subject") {
            plans.retain(|plan| plan.subject != *busy);
        }
        if plans.len() == planned {
            return Err(error);
        }
    }
}

/// Whether somebody was warned of the end of a clock that started then.
type Warned = BTreeMap<(SubjectId, Timestamp), Result<bool>>;

/// The plans for the subjects of a page of due rows, and how many subjects have none because
/// their rows are not what the log states; none for what a hold keeps.
async fn plans(
    vault: &Vault,
    line: &SweepLine,
    subjects: &[SubjectId],
    actor: &Actor,
) -> Result<(Vec<SubjectPlan>, u64)> {
    let reason = Name::fixed("retention");
    let (mut plans, mut refused) = (Vec::with_capacity(subjects.len()), 0);
    let (rows, warned) = rows_of(vault, line, subjects).await?;
    for (subject, rows) in subjects.iter().zip(rows) {
        match plan_one(vault, line, *subject, rows, &warned, actor).await {
            Ok(plan) => plans.extend(plan.map(|plan| plan.to_vault(&reason))),
            Err(error) if error.kind() == Kind::Integrity => refused += 1,
            // Its erasure is under way, or that of its letter; or somebody came back as its clock was set.
            Err(error) if error.kind() == Kind::NotFound || error.is(&CONFLICT) => {}
            Err(error) => return Err(error),
        }
    }
    Ok((plans, refused))
}

/// What decides about the subjects of a page; and of whom it was looked up for all at once whether they
/// were warned, by the clock that the warning is about.
async fn rows_of(
    vault: &Vault,
    line: &SweepLine,
    subjects: &[SubjectId],
) -> Result<(Vec<Result<Vec<Outline>>>, Warned)> {
    let Some(warning) = line.warning(vault) else {
        return Ok((vault.outlines(subjects, &line.class).await?, Warned::new()));
    };
    let people = vault.person_rows(subjects, &OUTBOX).await?;
    let clock = |row: &Outline| {
        let is_due = row.class == line.class && row.state == line.state && !row.held;
        row.anchor_at.filter(|at| is_due && *at <= line.cutoff)
    };
    let mut asked = Vec::new();
    for person in people.iter().flatten() {
        asked.extend(person.outlines().iter().filter_map(clock).map(|at| (person, at)));
    }
    let each = was_warned_each(vault, &warning, &asked, vault.now()).await?;
    let by = asked.iter().map(|(person, at)| (person.subject(), *at));
    let warned = by.zip(each).collect();
    Ok((people.into_iter().map(|one| one.map(|one| one.outlines())).collect(), warned))
}

async fn plan_one(
    vault: &Vault,
    line: &SweepLine,
    subject: SubjectId,
    rows: Result<Vec<Outline>>,
    warned: &Warned,
    actor: &Actor,
) -> Result<Option<ErasurePlan>> {
    let rows = with_clocks(vault, line, subject, rows?, actor).await?;
    let of_class: Vec<_> = rows.iter().filter(|row| row.class == line.class).collect();
    // What the page showed may have changed since: somebody logged in, or the class began again.
    let is_due = |row: &&&Outline| {
        row.state == line.state
            && !row.held
            && (line.reach == Reach::Items || row.anchor_at.is_some_and(|at| at <= line.cutoff))
    };
    let mut due = of_class.iter().filter(is_due).peekable();
    if due.peek().is_none() {
        return Ok(None);
    }
    let (policy, now, zone) = (vault.policy(), vault.now(), vault.ports().zone.as_ref());
    if let Some(warning) = line.warning(vault) {
        let anchors = due.clone().filter_map(|row| row.anchor_at);
        for anchor in anchors.collect::<Vec<_>>() {
            let warned = match warned.get(&(subject, anchor)) {
                Some(Ok(warned)) => *warned,
                Some(Err(error)) => return Err(error.again()),
                // Its clock was set since.
                None => was_warned(vault, &warning, subject, anchor, now).await?,
            };
            if !warned {
                return Ok(None);
            }
        }
    }
    let fates: Vec<_> = match line.reach {
        Reach::Rows if line.state == state::LIVE => {
            let (plan, _) = of_rows(vault, subject, &rows).await?;
            return Ok(live_ended(vault, plan, &line.class));
        }
        // Of a row whose class's last law has ended a law may still keep what has moved since.
        Reach::Rows | Reach::Items => due
            .filter_map(|row| Some((row.key, items_ended(row, ended(policy, row, now, zone))?)))
            .collect(),
    };
    let archived = line.state == state::ARCHIVED;
    let line = |(key, fate)| Line { class: line.class.clone(), key, archived, fate };
    let lines: Vec<_> = fates.into_iter().map(line).collect();
    let seen = of_class.iter().map(|row| row.seen()).collect();
    let plan = ErasurePlan { subject, lines, closed_at: Timestamp::MIN, seen };
    Ok((!plan.lines.is_empty()).then_some(plan))
}

/// The rows, after the clocks were set that a login could not move, because the row was not what the
/// log stated: nobody's data goes as unused whom the account's own state has seen since. Asked of
/// the row that is due, and with an account of those that a law keeps from then on.
async fn with_clocks(
    vault: &Vault,
    line: &SweepLine,
    subject: SubjectId,
    rows: Vec<Outline>,
    actor: &Actor,
) -> Result<Vec<Outline>> {
    if line.state != state::LIVE {
        return Ok(rows);
    }
    let account = vault.policy().primary_class();
    let asked: Vec<_> = if line.class == *account {
        kept_by_laws(vault, &rows)
    } else {
        rows.iter().filter(|row| row.class == line.class || row.class == *account).collect()
    };
    if vault.late_clocks(subject, &asked).await?.is_empty() {
        return Ok(rows);
    }
    // What is late and stays so is another's to take, or to set.
    if !vault.set_late_clocks(subject, actor).await? {
        return CONFLICT.err();
    }
    vault.outline(subject).await
}

/// A live row whose time is up: the account takes everything with it, another class goes alone;
/// what a law still keeps of either is archived. What else is held or restricted outlives the account.
fn live_ended(vault: &Vault, mut plan: ErasurePlan, class: &Name) -> Option<ErasurePlan> {
    if class != vault.policy().primary_class() {
        plan.lines.retain(|line| line.class == *class && !line.archived);
    }
    let goes = |line: &Line| matches!(line.fate, Fate::Erase | Fate::Archive { .. });
    let of_class = |line: &&Line| line.class == *class && !line.archived;
    plan.lines.iter().filter(of_class).any(goes).then_some(plan)
}

/// An archived row loses the items whose last law has ended, and goes if it has no others.
fn items_ended(row: &Outline, items: BTreeSet<Name>) -> Option<Fate> {
    match items.len() {
        all if all == row.items.len() => Some(Fate::Erase),
        0 => None,
        _ => Some(Fate::Reduce { items }),
    }
}
