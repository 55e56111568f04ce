//! What an erasure would do to each class of a subject's data.

use std::collections::BTreeSet;

use tacenda_core::row::state;
use tacenda_core::vault::codes::NOT_FOUND;
use tacenda_core::vault::{ArchivedClass, ErasedClass, Outline, Seen, SubjectPlan, Vault};
use tacenda_core::{Name, Result, SubjectId, Timestamp};

use crate::retention::duty;

/// What happens to a class of a subject's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It goes.
    Erase,
    /// A law keeps it until then; it is readable only for that law's purpose.
    Archive {
        /// The policy's name of the law.
        law: Name,
        /// How the law is cited.
        citation: String,
        /// The items that the law asks for; all others go.
        items: BTreeSet<Name>,
        /// The first instant at which nothing keeps it any more.
        until: Timestamp,
    },
    /// It is archived already, until its law ends.
    Archived,
    /// A legal hold keeps it.
    Held,
}

/// A line of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The class.
    pub class: Name,
    /// What happens to it.
    pub fate: Fate,
}

/// What an erasure would do. Making it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasurePlan {
    /// Whose data.
    pub subject: SubjectId,
    /// A line per class that the subject has rows of.
    pub lines: Vec<Line>,
    /// The time that counts as the closing of the account, for clocks that had not started.
    pub closed_at: Timestamp,
    /// The rows that it was made for.
    pub seen: Vec<Seen>,
}

impl ErasurePlan {
    /// Whether a legal hold stands against it.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.lines.iter().any(|line| line.fate == Fate::Held)
    }

    /// As the vault carries it out.
    #[must_use]
    pub fn to_vault(&self, reason: &Name) -> SubjectPlan {
        let mut plan = SubjectPlan {
            subject: self.subject,
            erase: Vec::new(),
            archive: Vec::new(),
            closed_at: Some(self.closed_at),
            seen: self.seen.clone(),
        };
        for Line { class, fate } in &self.lines {
            match fate {
                Fate::Erase => {
                    plan.erase.push(ErasedClass { class: class.clone(), reason: reason.clone() });
                }
                Fate::Archive { law, citation, items, until } => plan.archive.push(ArchivedClass {
                    class: class.clone(),
                    items: items.clone(),
                    law: law.clone(),
                    citation: citation.clone(),
                    until: Some(*until),
                }),
                Fate::Archived | Fate::Held => {}
            }
        }
        plan
    }
}

/// Plans the erasure of everything about a subject.
///
/// # Law
/// Art. 17(1) GDPR; a class with a statutory rule that has not ended is archived instead, as far as
/// Art. 17(3)(b) reaches.
///
/// # Errors
/// `vault.not_found` if nothing is held about the subject; the codes of the store.
pub async fn plan(vault: &Vault, subject: SubjectId) -> Result<ErasurePlan> {
    let rows = vault.outline(subject).await?;
    if rows.is_empty() {
        return Err(NOT_FOUND.error().with("subject", subject));
    }
    of_rows(vault, subject, &rows).await
}

/// The plan for rows that are at hand.
pub(super) async fn of_rows(
    vault: &Vault,
    subject: SubjectId,
    rows: &[Outline],
) -> Result<ErasurePlan> {
    let (policy, now, zone) = (vault.policy(), vault.now(), vault.ports().zone.as_ref());
    // Where the account is not live its facts cannot be asked, and every duty is assumed. Where no
    // class has a duty nothing depends on them, and the account need not be opened.
    let live = |row: &Outline| row.class == *policy.primary_class() && row.state == state::LIVE;
    let archives = |row: &Outline| policy.rules_of(&row.class).iter().any(|rule| rule.archive);
    let facts = if !rows.iter().any(archives) {
        BTreeSet::new()
    } else if rows.iter().any(live) {
        vault.facts(subject).await?
    } else {
        policy.facts.keys().cloned().collect()
    };
    let mut lines: Vec<Line> = Vec::new();
    for row in rows {
        if lines.iter().any(|line| line.class == row.class) {
            continue;
        }
        let of_class = rows.iter().filter(|other| other.class == row.class);
        let held = of_class.clone().any(|row| row.held);
        let anchor = of_class.filter_map(|row| row.anchor_at).max().unwrap_or(now);
        let fate = match duty(policy, &row.class, &facts, anchor, now, zone) {
            _ if held => Fate::Held,
            // What was archived once stays until its law ends; only the sweep takes it.
            _ if row.state == state::ARCHIVED => Fate::Archived,
            Some(duty) => Fate::Archive {
                law: duty.name.clone(),
                citation: duty.citation,
                items: duty.items,
                until: duty.until,
            },
            None => Fate::Erase,
        };
        lines.push(Line { class: row.class.clone(), fate });
    }
    let seen = rows.iter().map(Outline::seen).collect();
    Ok(ErasurePlan { subject, lines, closed_at: now, seen })
}
