//! What an erasure would do to each class of a subject's data.

use std::collections::BTreeSet;

use tacenda_core::ports::keyring::DESTROYED;
use tacenda_core::row::state;
use tacenda_core::vault::codes::{NOT_FOUND, UNDER_WAY};
use tacenda_core::vault::{
    AccountFacts, Actor, ArchivedClass, ErasedClass, KeptUnder, Outline, ReducedClass, Seen,
    SubjectPlan, Vault,
};
use tacenda_core::{Name, Result, SubjectId, Timestamp};

use crate::retention::{Duty, duty};

/// What happens to a row of a subject's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It goes.
    Erase,
    /// Laws keep it until then; it is readable only for their purposes.
    Archive {
        /// The laws, the one that keeps longest first.
        laws: Vec<KeptUnder>,
        /// The items that the laws ask for; all others go.
        items: BTreeSet<Name>,
        /// The first instant at which nothing keeps it any more.
        until: Timestamp,
    },
    /// It is archived already, until its law ends.
    Archived,
    /// It is archived, and some of its items go because their laws have ended.
    Reduce {
        /// The items that go.
        items: BTreeSet<Name>,
    },
    /// A legal hold keeps it; without its account, as an archive.
    Held,
    /// It is restricted (Art. 18 GDPR): nothing is done to it before that is lifted.
    Restricted,
    /// A record of what was done, such as the file of a request: it shows that the law was kept
    /// (Art. 5(2), 17(3)(e) GDPR), outlives the account, and ends by its own period.
    Kept,
}

/// A line of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The class.
    pub class: Name,
    /// The number of the key that seals the row, which tells it from others of its class; `None` if it
    /// holds no items.
    pub key: Option<u16>,
    /// Whether it is archived already.
    pub archived: bool,
    /// What happens to it.
    pub fate: Fate,
}

/// What an erasure would do. Making it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasurePlan {
    /// Whose data.
    pub subject: SubjectId,
    /// A line per row: its class in use, and what laws keep of the class from before.
    pub lines: Vec<Line>,
    /// The end of the account, from which laws count: when it was closed, or else the time of the plan.
    /// What they keep may have been made on any day until then, whatever the clock of its class says;
    /// what was written later has set that clock.
    pub closed_at: Timestamp,
    /// The rows that it was made for.
    pub seen: Vec<Seen>,
}

impl ErasurePlan {
    /// Whether a legal hold keeps some of it.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.lines.iter().any(|line| line.fate == Fate::Held)
    }

    /// Whether a restriction keeps some of it.
    #[must_use]
    pub fn is_restricted(&self) -> bool {
        self.lines.iter().any(|line| line.fate == Fate::Restricted)
    }

    /// Whether something goes, or is archived: what laws keep already stays as it is.
    #[must_use]
    pub fn takes_something(&self) -> bool {
        let goes =
            |fate: &Fate| matches!(fate, Fate::Erase | Fate::Archive { .. } | Fate::Reduce { .. });
        self.lines.iter().any(|line| goes(&line.fate))
    }

    /// Whether the account itself goes, or is archived.
    pub(crate) fn ends_account(&self, primary: &Name) -> bool {
        let ends = |fate: &Fate| matches!(fate, Fate::Erase | Fate::Archive { .. });
        self.lines.iter().any(|one| one.class == *primary && !one.archived && ends(&one.fate))
    }

    /// As the vault carries it out.
    #[must_use]
    pub fn to_vault(&self, reason: &Name) -> SubjectPlan {
        let mut plan = SubjectPlan {
            subject: self.subject,
            erase: Vec::new(),
            archive: Vec::new(),
            reduce: Vec::new(),
            closed_at: Some(self.closed_at),
            seen: self.seen.clone(),
        };
        for Line { class, key, fate, .. } in &self.lines {
            let (class, reason) = (class.clone(), reason.clone());
            match (fate, *key) {
                (Fate::Erase, key) => {
                    match plan.erase.iter_mut().find(|erased| erased.class == class) {
                        Some(erased) => erased.keys.extend(key),
                        None => {
                            let keys = key.into_iter().collect();
                            plan.erase.push(ErasedClass { class, reason, keys });
                        }
                    }
                }
                (Fate::Archive { laws, items, .. }, Some(key)) => {
                    let (laws, items) = (laws.clone(), items.clone());
                    plan.archive.push(ArchivedClass { class, key, items, laws });
                }
                (Fate::Reduce { items }, Some(key)) => {
                    plan.reduce.push(ReducedClass { class, key, reason, items: items.clone() });
                }
                (Fate::Archived | Fate::Held | Fate::Restricted | Fate::Kept, _)
                | (Fate::Archive { .. } | Fate::Reduce { .. }, None) => {}
            }
        }
        plan
    }
}

/// Plans the erasure of everything about a subject.
///
/// # Law
/// Art. 17(1) GDPR; a class with a statutory rule that has not ended is archived instead, as far as
/// Art. 17(3)(b) reaches. Records of what was done are kept for their own period.
///
/// # Errors
/// `vault.not_found` if nothing is held about the subject but records; [`UNDER_WAY`] if an erasure has
/// begun that takes some of it, and its rows wait for whoever resumes that one; the codes of the store.
pub async fn plan(vault: &Vault, subject: SubjectId) -> Result<ErasurePlan> {
    Ok(planned(vault, subject).await?.0)
}

/// [`plan`], to be carried out: what a law keeps goes on by the clock of its row, and one that a login
/// could not move is set first.
pub(crate) async fn plan_now(
    vault: &Vault,
    subject: SubjectId,
    actor: &Actor,
) -> Result<ErasurePlan> {
    match planned(vault, subject).await? {
        (plan, false) => Ok(plan),
        (_, true) => {
            vault.set_late_clocks(subject, actor).await?;
            plan(vault, subject).await
        }
    }
}

async fn planned(vault: &Vault, subject: SubjectId) -> Result<(ErasurePlan, bool)> {
    let rows = vault.outline(subject).await?;
    if rows.iter().all(Outline::is_record) {
        return Err(NOT_FOUND.error().with("subject", subject));
    }
    let planned = of_rows(vault, subject, &rows).await.map_err(|error| match error {
        error if error.is(&DESTROYED) => UNDER_WAY.error().with("subject", subject),
        error => error,
    })?;
    vault.none_leaves(&[planned.0.to_vault(&Name::fixed("request"))]).await?;
    Ok(planned)
}

/// The plan for rows that are at hand, and whether what it archives has a clock that the account's
/// state says otherwise: the plan tells what will be once [`Vault::set_late_clocks`] has set it.
pub(super) async fn of_rows(
    vault: &Vault,
    subject: SubjectId,
    rows: &[Outline],
) -> Result<(ErasurePlan, bool)> {
    let (policy, now, zone) = (vault.policy(), vault.now(), vault.ports().zone.as_ref());
    // Where there is no account any more its facts cannot be asked, and every duty is assumed. Where no
    // class has a duty nothing depends on them, and the account need not be opened.
    let is_account =
        |row: &Outline| row.class == *policy.primary_class() && row.state != state::ARCHIVED;
    // What is held outlives its account as an archive, which counts from the end of the account too.
    let archives = |row: &Outline| !policy.archives(&row.class, &row.items).is_empty();
    let AccountFacts { facts, closed_at } = if !rows.iter().any(|row| row.held || archives(row)) {
        AccountFacts::default()
    } else if rows.iter().any(is_account) {
        vault.account_facts(subject).await?
    } else {
        AccountFacts { facts: policy.facts.keys().cloned().collect(), closed_at: None }
    };
    let closed_at = closed_at.unwrap_or(now);
    let late = vault.late_clocks(subject, &kept_by_laws(vault, rows)).await?;
    let mut lines: Vec<Line> = Vec::new();
    for row in rows {
        let set = late.get(&row.class).copied().filter(|_| row.state == state::LIVE);
        let archived = row.state == state::ARCHIVED;
        let clock = set.or(row.anchor_at);
        let anchor =
            if archived { clock.unwrap_or(now) } else { clock.unwrap_or(closed_at).max(closed_at) };
        let fate = match duty(policy, &row.class, &row.items, &facts, anchor, now, zone) {
            _ if row.is_record() => Fate::Kept,
            _ if row.held => Fate::Held,
            _ if row.state == state::RESTRICTED => Fate::Restricted,
            // What was archived once stays until its law ends; only the sweep takes it.
            _ if archived => Fate::Archived,
            Some(Duty { laws, items, until }) => Fate::Archive { laws, items, until },
            None => Fate::Erase,
        };
        lines.push(Line { class: row.class.clone(), key: row.key, archived, fate });
    }
    // What becomes of a record meanwhile does not matter to it.
    let seen = rows.iter().filter(|row| !row.is_record()).map(Outline::seen).collect();
    Ok((ErasurePlan { subject, lines, closed_at, seen }, !late.is_empty()))
}

/// The account's row and those of which laws ask for something: whose clocks tell until when.
pub(super) fn kept_by_laws<'a>(vault: &Vault, rows: &'a [Outline]) -> Vec<&'a Outline> {
    let policy = vault.policy();
    let asks = |row: &&Outline| {
        row.class == *policy.primary_class() || !policy.archives(&row.class, &row.items).is_empty()
    };
    rows.iter().filter(asks).collect()
}
