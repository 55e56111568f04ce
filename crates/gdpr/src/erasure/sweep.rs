//! The sweep: what the policy no longer keeps goes, in batches, on the same path as a request.

use std::collections::BTreeSet;

use tacenda_core::ports::keyring::DESTROYED;
use tacenda_core::row::state;
use tacenda_core::vault::{Actor, Outline, SubjectPlan, Vault};
use tacenda_core::{Name, Result, SubjectId, Timestamp};

use super::NOT_CONFIRMED;
use super::plan::{ErasurePlan, Fate, Line, of_rows};
use crate::retention::{RetentionPlan, SweepLine, plan};

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Subjects of whom something went.
    pub subjects: u64,
    /// Batches.
    pub batches: u64,
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
    vault.resume_destroys().await?;
    let plan: RetentionPlan = plan(vault).await?;
    if plan.needs_confirmation() && confirmed != Some(plan.digest) {
        return Err(NOT_CONFIRMED.error().with("due", plan.due()));
    }
    let mut swept = Swept::default();
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
    loop {
        let page =
            vault.anchored(&line.class, &line.state, line.cutoff, after.as_ref(), batch).await?;
        let Some(last) = page.last() else { return Ok(()) };
        let (last, full) = (last.clone(), page.len() >= batch);
        let plans = plans(vault, line, &page).await?;
        if !plans.is_empty() {
            swept.subjects += plans.len() as u64;
            swept.batches += 1;
            vault.destroy(plans, actor).await?;
            progress(swept.subjects);
        }
        if !full {
            return Ok(());
        }
        // Rows that a hold or a law keeps stay where they are: the next page begins behind them.
        after = Some(last);
    }
}

/// The plans for a page of due rows, one per subject; none for what a hold keeps.
async fn plans(vault: &Vault, line: &SweepLine, page: &[Outline]) -> Result<Vec<SubjectPlan>> {
    let reason = Name::fixed("retention");
    let subjects: BTreeSet<_> = page.iter().map(|row| row.subject).collect();
    let mut plans = Vec::with_capacity(subjects.len());
    for subject in subjects {
        let rows = vault.outline(subject).await?;
        let plan = if line.state == state::ARCHIVED {
            archive_ended(subject, &rows, &line.class)
        } else {
            match of_rows(vault, subject, &rows).await {
                Ok(plan) => live_ended(vault, plan, &line.class),
                // Its erasure is under way.
                Err(error) if error.is(&DESTROYED) => None,
                Err(error) => return Err(error),
            }
        };
        plans.extend(plan.map(|plan| plan.to_vault(&reason)));
    }
    Ok(plans)
}

/// A live row whose time is up: the account takes everything with it, another class goes alone;
/// what a law still keeps of either is archived.
fn live_ended(vault: &Vault, mut plan: ErasurePlan, class: &Name) -> Option<ErasurePlan> {
    if class != vault.policy().primary_class() {
        plan.lines.retain(|line| line.class == *class);
    }
    (!plan.is_held()).then_some(plan)
}

/// An archived row whose law has ended goes.
fn archive_ended(subject: SubjectId, rows: &[Outline], class: &Name) -> Option<ErasurePlan> {
    let mut of_class = rows.iter().filter(|row| row.class == *class).peekable();
    of_class.peek()?;
    if of_class.any(|row| row.held) {
        return None;
    }
    let line = Line { class: class.clone(), fate: Fate::Erase };
    Some(ErasurePlan { subject, lines: vec![line], closed_at: Timestamp::MIN })
}
