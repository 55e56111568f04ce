//! A request for erasure: decided by the plan, carried out, and its receipt noted in the file.

use std::collections::BTreeSet;

use tacenda_core::calendar::day_of;
use tacenda_core::clock::Span;
use tacenda_core::vault::{Actor, KeptUnder, Outline, RecordKey, Vault};
use tacenda_core::{Name, Result};

use super::codes::{DECIDED_OTHERWISE, NO_ERASURE, NOT_THE_SUBJECT, PART_OF_ALL};
use super::decision::{Decision, Ground, PartialRefusal, Refusal};
use super::due::Calendar;
use super::file;
use super::rights::Right;
use super::state::{Event, Request, State};
use super::step::{enter, step};
use crate::case::Note;
use crate::erasure::{self, Erasure, ErasurePlan, Fate};
use crate::retention::{Duty, duty};

/// What was decided about a request for erasure, and what was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// Granted, or refused as far as laws keep something.
    pub decision: Decision,
    /// The plan that was carried out, with its receipt.
    pub erasure: Erasure,
}

/// Decides a request for erasure by the plan of the erasure, carries it out, and notes in the file
/// where the log has its receipt. What a law keeps is a partial refusal, item by item, with the law and
/// its last day. The answer is to be sent then.
///
/// The decision is durable before anything goes, and what goes is what was decided by: if the rows
/// changed since, nothing goes (`store.conflict`). Whoever was stopped in between calls it again: it is
/// decided anew by what is there then. Whoever was stopped once something went leaves the rest to the
/// next start or `resume_destroys`; the receipt is in the log then, and the file does not name it.
///
/// # Law
/// Art. 17(1) and (3)(b), 12(4) GDPR.
///
/// # Errors
/// `requests.no_erasure` for another right; `requests.part_of_all` if it is not about everything;
/// `requests.decided_otherwise` if it was decided already, for a fee, as a refusal, or with a refusal of a
/// part that no law of the policy keeps: it is decided anew first, by [`step`]; as [`step`] and
/// [`erasure::erase`], so `vault.not_found` if nothing is left. After `erasure.scrub_blocked`, or if it cannot be noted any
/// more, everything has gone.
pub async fn erase(
    vault: &Vault,
    calendar: &Calendar<'_>,
    key: &RecordKey,
    actor: &Actor,
) -> Result<Erased> {
    // What stands in the way is told to nobody who may not decide.
    if file::is_a_subject(actor) {
        return NOT_THE_SUBJECT.err();
    }
    let plan = erasure::plan_now(vault, key.subject, actor).await?;
    erasure::check_free(&plan)?;
    let decision = decision(vault, calendar, &plan).await?;
    let event = Event::Decided(decision.clone());
    let check = |request: &Request| {
        is_about_everything(request)?;
        is_not_decided_otherwise(request, &decision)
    };
    enter(vault, calendar, key, &event, actor, check).await?;
    let erasure = erasure::carry_out(vault, plan, actor).await?;
    let (epoch, index) = (erasure.receipt.position.epoch, erasure.receipt.position.index);
    let text = format!("Erased. The receipt is entry {index} of epoch {epoch} of the log.");
    step(vault, calendar, key, Event::Remarked(Note::parse(&text)?), actor).await?;
    Ok(Erased { decision, erasure })
}

fn is_about_everything(request: &Request) -> Result<()> {
    if request.right() != Right::Erasure {
        return Err(NO_ERASURE.error().with("right", request.right().as_str()));
    }
    let scope = request.scope();
    let all = scope.classes.is_empty() && scope.items == super::Items::Both;
    if all { Ok(()) } else { PART_OF_ALL.err() }
}

/// What was decided before is not overruled: it was granted, or nothing was refused that is not refused
/// now.
fn is_not_decided_otherwise(request: &Request, now: &Decision) -> Result<()> {
    let State::Decided { decision: before, .. } = request.state() else { return Ok(()) };
    let still = |one: &Refusal| {
        let same = |other: &Refusal| {
            (&other.class, &other.item, other.ground) == (&one.class, &one.item, one.ground)
        };
        now.grounds().iter().any(same)
    };
    let follows = match before {
        Decision::Granted(charge) => charge.is_none(),
        Decision::PartlyRefused(part) => part.grounds().iter().all(still),
        Decision::Refused(..) | Decision::NothingHeld | Decision::ErasedBefore(_) => false,
    };
    if follows { Ok(()) } else { DECIDED_OTHERWISE.err() }
}

/// What the plan comes to: granted but for what laws keep.
async fn decision(vault: &Vault, calendar: &Calendar<'_>, plan: &ErasurePlan) -> Result<Decision> {
    let mut kept: Vec<(Name, BTreeSet<Name>, Vec<KeptUnder>)> = Vec::new();
    for line in &plan.lines {
        if let Fate::Archive { laws, items, .. } = &line.fate {
            kept.push((line.class.clone(), items.clone(), laws.clone()));
        }
    }
    for row in vault.outline(plan.subject).await? {
        let archived = |line: &erasure::Line| {
            (&line.class, line.key) == (&row.class, row.key) && line.fate == Fate::Archived
        };
        if plan.lines.iter().any(archived) {
            kept.extend(
                archive(vault, &row).map(|Duty { laws, items, .. }| (row.class, items, laws)),
            );
        }
    }
    let mut refusals = Vec::new();
    for (class, items, laws) in kept {
        let reason = Note::parse(&reason(calendar, &laws))?;
        for item in items {
            let (class, ground) = (Some(class.clone()), Ground::LegalObligation);
            let refusal = Refusal { class, item: Some(item), ground, reason: reason.clone() };
            if !refusals.contains(&refusal) {
                refusals.push(refusal);
            }
        }
    }
    if refusals.is_empty() {
        return Ok(Decision::Granted(None));
    }
    PartialRefusal::new(refusals).map(Decision::PartlyRefused)
}

/// By which laws a row is archived already.
fn archive(vault: &Vault, row: &Outline) -> Option<Duty> {
    let (policy, now, zone) = (vault.policy(), vault.now(), vault.ports().zone.as_ref());
    let facts = policy.facts.keys().cloned().collect();
    duty(policy, &row.class, &row.items, &facts, row.anchor_at?, now, zone)
}

/// Each law with the last day on which it keeps something.
fn reason(calendar: &Calendar<'_>, laws: &[KeptUnder]) -> String {
    let told = laws.iter().map(|law| match law.until {
        Some(until) => {
            let last = day_of(calendar.zone, until.minus(Span::micros(1)));
            format!("{}, until {last}", law.citation)
        }
        None => law.citation.clone(),
    });
    told.collect::<Vec<_>>().join("; ")
}
