//! The sweep: what the policy no longer keeps goes, in batches, on the same path as a request.

use std::collections::BTreeSet;

use tacenda_core::ports::keyring::DESTROYED;
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::row::state;
use tacenda_core::vault::{Actor, Outline, SubjectPlan, Vault};
use tacenda_core::{Kind, Name, Result, SubjectId, Timestamp};

use super::NOT_CONFIRMED;
use super::plan::{ErasurePlan, Fate, Line, of_rows};
use crate::retention::{Reach, RetentionPlan, SweepLine, ended, plan};

/// How often a page is planned again that changes meanwhile.
const ATTEMPTS: usize = 5;

/// After how many batches destroyed keys are scrubbed from the safe's files.
const SCRUB_EVERY: usize = 16;

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Subjects of whom something went.
    pub subjects: u64,
    /// Batches.
    pub batches: u64,
    /// Due rows of subjects of whom nothing went, because their rows are not the ones that the log
    /// states. They stop nobody else's; an audit names them.
    pub refused: u64,
    /// Fingerprints of imported records whose period had ended.
    pub fingerprints: u64,
}

/// Carries out a plan of [`plan`], made anew first.
///
/// A row of the primary class that is due takes the whole account with it, and what a law still
/// keeps of it is archived; a row of another class goes alone. Killed at any point, the next sweep
/// or the next start goes on. `progress` is told after each batch how many subjects are done.
///
/// # Law
/// Art. 5(1)(e) GDPR.
///
/// # Errors
/// [`NOT_CONFIRMED`] if the plan exceeds the share that the policy allows or the clock is in doubt,
/// and `confirmed` is not the digest of the plan as it is now; the codes of
/// [`Vault::destroy`].
pub async fn sweep(
    vault: &Vault,
    confirmed: Option<[u8; 32]>,
    actor: &Actor,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Swept> {
    // The plan comes first: whatever is written before it would move the log's last time.
    let plan: RetentionPlan = plan(vault).await?;
    if plan.needs_confirmation() && confirmed != Some(plan.digest) {
        return Err(NOT_CONFIRMED.error().with("due", plan.due()));
    }
    vault.note_sweep(plan.due(), actor).await?;
    let fingerprints = vault.forget_fingerprints().await?;
    vault.resume_destroys().await?;
    let mut swept = Swept { fingerprints, ..Swept::default() };
    for line in &plan.lines {
        sweep_line(vault, line, actor, &mut swept, progress).await?;
    }
    Ok(swept)
}

async fn sweep_line(
    vault: &Vault,
    line: &SweepLine,
    actor: &Actor,
    swept: &mut Swept,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<()> {
    let batch = usize::try_from(vault.policy().sweep.batch).unwrap_or(1000).max(1);
    let mut after: Option<Outline> = None;
    let mut again = 0;
    let mut unscrubbed = Vec::new();
    loop {
        if unscrubbed.len() >= SCRUB_EVERY {
            vault.scrub_all(std::mem::take(&mut unscrubbed)).await?;
        }
        let page = match line.reach {
            Reach::Rows => {
                let (class, state, cutoff) = (&line.class, &line.state, line.cutoff);
                vault.anchored(class, state, cutoff, after.as_ref(), batch).await?
            }
            Reach::Items => vault.ended(&line.class, line.cutoff, after.as_ref(), batch).await?,
        };
        let Some(last) = page.last() else { break };
        let (last, full) = (last.clone(), page.len() >= batch);
        let (plans, refused) = plans(vault, line, &page).await?;
        let subjects = plans.len() as u64;
        match vault.destroy_unscrubbed(plans, actor).await {
            // Somebody logged in or was amended since the page was read: it is read again.
            Err(error) if error.is(&CONFLICT) && again < ATTEMPTS => {
                again += 1;
                continue;
            }
            done => unscrubbed.extend(done?),
        }
        again = 0;
        swept.refused += refused;
        if subjects > 0 {
            swept.subjects += subjects;
            swept.batches += 1;
            progress(swept.subjects);
        }
        if !full {
            break;
        }
        // Rows that a hold or a law keeps stay where they are: the next page begins behind them.
        after = Some(last);
    }
    vault.scrub_all(unscrubbed).await
}

/// The plans for a page of due rows, one per subject, and how many subjects have none because
/// their rows are not what the log states; none for what a hold keeps.
async fn plans(
    vault: &Vault,
    line: &SweepLine,
    page: &[Outline],
) -> Result<(Vec<SubjectPlan>, u64)> {
    let reason = Name::fixed("retention");
    let subjects: BTreeSet<_> = page.iter().map(|row| row.subject).collect();
    let subjects: Vec<_> = subjects.into_iter().collect();
    let (mut plans, mut refused) = (Vec::with_capacity(subjects.len()), 0);
    for (subject, rows) in subjects.iter().zip(vault.outlines(&subjects).await?) {
        match plan_one(vault, line, *subject, rows).await {
            Ok(plan) => plans.extend(plan.map(|plan| plan.to_vault(&reason))),
            Err(error) if error.kind() == Kind::Integrity => refused += 1,
            // Its erasure is under way.
            Err(error) if error.is(&DESTROYED) => {}
            Err(error) => return Err(error),
        }
    }
    Ok((plans, refused))
}

async fn plan_one(
    vault: &Vault,
    line: &SweepLine,
    subject: SubjectId,
    rows: Result<Vec<Outline>>,
) -> Result<Option<ErasurePlan>> {
    let rows = rows?;
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
    let fates: Vec<_> = match line.reach {
        Reach::Rows if line.state == state::LIVE => {
            let plan = of_rows(vault, subject, &rows).await?;
            return Ok(live_ended(vault, plan, &line.class));
        }
        Reach::Rows => due.map(|row| (row.key, Fate::Erase)).collect(),
        Reach::Items => due
            .filter_map(|row| Some((row.key, items_ended(row, ended(policy, row, now, zone))?)))
            .collect(),
    };
    let line = |(key, fate)| Line { class: line.class.clone(), key, archived: true, fate };
    let lines: Vec<_> = fates.into_iter().map(line).collect();
    let seen = of_class.iter().map(|row| row.seen()).collect();
    let plan = ErasurePlan { subject, lines, closed_at: Timestamp::MIN, seen };
    Ok((!plan.lines.is_empty()).then_some(plan))
}

/// A live row whose time is up: the account takes everything with it, another class goes alone;
/// what a law still keeps of either is archived.
fn live_ended(vault: &Vault, mut plan: ErasurePlan, class: &Name) -> Option<ErasurePlan> {
    if class != vault.policy().primary_class() {
        plan.lines.retain(|line| line.class == *class && !line.archived);
    }
    let goes = |line: &Line| matches!(line.fate, Fate::Erase | Fate::Archive { .. });
    (!plan.is_held() && plan.lines.iter().any(goes)).then_some(plan)
}

/// An archived row loses the items whose last law has ended, and goes if it has no others.
fn items_ended(row: &Outline, items: BTreeSet<Name>) -> Option<Fate> {
    match items.len() {
        0 => None,
        all if all == row.items.len() => Some(Fate::Erase),
        _ => Some(Fate::Reduce { items }),
    }
}
