//! What laws, holds and restrictions keep against a request for erasure, as its decision says.

use std::collections::{BTreeMap, BTreeSet};

use tacenda_core::calendar::{self, day_of};
use tacenda_core::clock::Span;
use tacenda_core::policy::KeepGround;
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::row::state;
use tacenda_core::vault::{Outline, Vault};
use tacenda_core::{Name, Result, Timestamp};

use super::decision::{Decision, Ground, PartialRefusal, Refusal};
use super::due::Calendar;
use crate::case::Note;
use crate::erasure::{ErasurePlan, Fate, Line};
use crate::holds;
use crate::retention::ended;

/// The rows that a plan was made for, but for records.
///
/// # Errors
/// `store.conflict` if they changed since; the integrity codes; the codes of the store.
pub(super) async fn rows(vault: &Vault, plan: &ErasurePlan) -> Result<Vec<Outline>> {
    let mut rows = vault.outline(plan.subject).await?;
    rows.retain(|row| !row.is_record());
    let same = rows.iter().map(Outline::seen).eq(plan.seen.iter().cloned());
    if same { Ok(rows) } else { CONFLICT.err() }
}

/// What is archived and no law asks for any more goes with the rest: a sweep would take it.
pub(super) fn end(vault: &Vault, plan: &mut ErasurePlan, rows: &[Outline]) {
    let (policy, now, zone) = (vault.policy(), vault.now(), vault.ports().zone.as_ref());
    for line in plan.lines.iter_mut().filter(|line| line.fate == Fate::Archived) {
        let Some(row) = row_of(line, rows) else { continue };
        let items = ended(policy, row, now, zone);
        match items.len() {
            0 => {}
            all if all == row.items.len() => line.fate = Fate::Erase,
            _ => line.fate = Fate::Reduce { items },
        }
    }
}

/// What the plan comes to: granted but for what laws, holds and restrictions keep.
///
/// # Law
/// Art. 17(3): "to the extent that": each item with the laws that ask for it, and no others.
pub(super) async fn decision(
    vault: &Vault,
    calendar: &Calendar<'_>,
    plan: &ErasurePlan,
    rows: &[Outline],
) -> Result<Decision> {
    let facts = facts(vault, plan, rows).await?;
    let every = vault.policy().facts.keys().cloned().collect();
    let mut refusals = standing(vault, plan).await?;
    for line in &plan.lines {
        let Some(row) = row_of(line, rows) else { continue };
        // What is archived has outlived the facts of its account: all are taken to hold.
        let (stays, facts) = match &line.fate {
            Fate::Archive { items, .. } => (items.clone(), &facts),
            Fate::Archived => (row.items.clone(), &every),
            // Without the hold it would be a law that keeps it.
            Fate::Held if line.archived => (row.items.clone(), &every),
            Fate::Held => (row.items.clone(), &facts),
            Fate::Reduce { items } => (row.items.difference(items).cloned().collect(), &every),
            Fate::Erase | Fate::Restricted | Fate::Kept => continue,
        };
        // As the plan counts: of what is in use from the end of the account on.
        let anchor =
            if line.archived { row.anchor_at } else { row.anchor_at.max(Some(plan.closed_at)) };
        for (item, laws) in laws(vault, row, facts, anchor) {
            if !stays.contains(&item) {
                continue;
            }
            for (ground, laws) in laws {
                let reason = Note::parse(&reason(calendar, &laws))?;
                let (class, item) = (Some(line.class.clone()), Some(item.clone()));
                let refusal = Refusal { class, item, ground, reason };
                if !refusals.contains(&refusal) {
                    refusals.push(refusal);
                }
            }
        }
    }
    if refusals.is_empty() {
        return Ok(Decision::Granted(None));
    }
    PartialRefusal::new(refusals).map(Decision::PartlyRefused)
}

/// What holds and restrictions keep, class by class.
///
/// # Law
/// Art. 17(3) GDPR by the ground of each hold; Art. 18(2): what is restricted is stored, and erasing it
/// is another processing.
async fn standing(vault: &Vault, plan: &ErasurePlan) -> Result<Vec<Refusal>> {
    let mut refusals = Vec::new();
    let mut refuse = |class: &Name, ground, reason: &str| {
        let (class, reason) = (Some(class.clone()), Note::parse(reason)?);
        let refusal = Refusal { class, item: None, ground, reason };
        if !refusals.contains(&refusal) {
            refusals.push(refusal);
        }
        Ok::<_, tacenda_core::Error>(())
    };
    let holds =
        if plan.is_held() { holds::in_force(vault, plan.subject).await? } else { Vec::new() };
    for Line { class, fate, .. } in &plan.lines {
        match fate {
            Fate::Held => {
                let about = holds.iter().filter(|hold| hold.holds(vault.policy(), class));
                let grounds: BTreeSet<_> = about.map(|hold| hold.placing().ground).collect();
                for ground in &grounds {
                    let reason = format!("It is held ({}), until that is released.", ground.law());
                    refuse(class, of_hold(*ground), &reason)?;
                }
                if grounds.is_empty() {
                    // Nobody can read why; that it is held, the log says.
                    refuse(class, Ground::LegalClaims, "It is held, until that is released.")?;
                }
            }
            Fate::Restricted => {
                let reason = "It is restricted (GDPR Art. 18(2)), until that is lifted.";
                refuse(class, Ground::Restricted, reason)?;
            }
            _ => {}
        }
    }
    Ok(refusals)
}

/// The exception on which a hold rests.
const fn of_hold(ground: holds::Ground) -> Ground {
    use holds::Ground as Of;
    match ground {
        Of::Authority | Of::Audit => Ground::LegalObligation,
        Of::LegalClaims | Of::Insurance | Of::Incident => Ground::LegalClaims,
    }
}

fn row_of<'a>(line: &Line, rows: &'a [Outline]) -> Option<&'a Outline> {
    let is_its = |row: &&Outline| {
        let archived = row.state == state::ARCHIVED;
        (&row.class, row.key, archived) == (&line.class, line.key, line.archived)
    };
    rows.iter().find(is_its)
}

/// The facts that the plan went by: those of the account while it is in use.
async fn facts(vault: &Vault, plan: &ErasurePlan, rows: &[Outline]) -> Result<BTreeSet<Name>> {
    let policy = vault.policy();
    let is_account =
        |row: &Outline| row.class == *policy.primary_class() && row.state != state::ARCHIVED;
    let asked =
        plan.lines.iter().any(|line| matches!(line.fate, Fate::Archive { .. } | Fate::Held));
    if asked && rows.iter().any(is_account) {
        return Ok(vault.account_facts(plan.subject).await?.facts);
    }
    Ok(policy.facts.keys().cloned().collect())
}

/// A law with the first instant at which it keeps nothing any more.
type Keeps<'a> = (Timestamp, &'a str);

/// The laws that keep an item, by the exception on which each rests, the one that keeps longest first.
type ByGround<'a> = Vec<(Ground, Vec<Keeps<'a>>)>;

/// What keeps each item of a row.
///
/// # Law
/// Art. 17(3)(b) and (e) GDPR: a duty to keep, or legal claims.
fn laws<'a>(
    vault: &'a Vault,
    row: &Outline,
    facts: &BTreeSet<Name>,
    anchor: Option<Timestamp>,
) -> BTreeMap<Name, ByGround<'a>> {
    let (policy, now, zone) = (vault.policy(), vault.now(), vault.ports().zone.as_ref());
    let anchor = anchor.unwrap_or(now);
    let mut keeping: Vec<_> = policy
        .archived(&row.class, &row.items, facts)
        .into_iter()
        .filter_map(|(rule, asked)| {
            let law = policy.laws.get(rule.law.as_ref()?)?;
            let ground = match law.ground? {
                KeepGround::LegalObligation => Ground::LegalObligation,
                // What is no duty is kept for claims.
                _ => Ground::LegalClaims,
            };
            let rule = rule.to_calendar(policy.financial_year_end);
            let until = calendar::due(anchor, &[rule], zone);
            (until > now).then_some((until, law.citation.as_str(), ground, asked))
        })
        .collect();
    keeping.sort_by_key(|(until, ..)| std::cmp::Reverse(*until));
    let mut kept: BTreeMap<Name, ByGround<'a>> = BTreeMap::new();
    for (until, citation, ground, asked) in keeping {
        for item in asked {
            let by_ground = kept.entry(item).or_default();
            match by_ground.iter_mut().find(|(of, _)| *of == ground) {
                Some((_, laws)) => laws.push((until, citation)),
                None => by_ground.push((ground, vec![(until, citation)])),
            }
        }
    }
    kept
}

/// Each law with the last day on which it keeps something.
fn reason(calendar: &Calendar<'_>, laws: &[Keeps<'_>]) -> String {
    let told = laws.iter().map(|(until, citation)| {
        let last = day_of(calendar.zone, until.minus(Span::micros(1)));
        format!("{citation}, until {last}")
    });
    told.collect::<Vec<_>>().join("; ")
}
