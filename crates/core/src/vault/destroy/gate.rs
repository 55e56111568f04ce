//! The gate between an erasure and whoever comes back to what it takes.
//!
//! What an erasure takes is over when its intent enters the log: that change requires the rows in the
//! versions that the plan saw, so a login, an amendment or a hold before it counts. From then on nothing
//! that comes later may say otherwise, whether the erasure goes on at once or is resumed days after. So
//! every login, amendment, hold and restriction, and every move of items under a new policy, reads a row
//! of this module (the *gate*), looks at the erasures under way, and requires the gate unchanged in its
//! change; each intent changes it, of a sweep and on request. So two erasures that saw the same rows take
//! them once.

use std::collections::{BTreeMap, BTreeSet};

use super::rows::erases;
use super::{Draft, Expect, Name, Result, Row, RowKey, RowWrite, SubjectId, SubjectPlan};
use super::{UNDER_WAY, Vault, next_version, own_row, state};
use crate::error::{Context, Error, Kind};
use crate::ports::store::CONFLICT;
use crate::vault::keys::number_of;
use crate::vault::records::is_record;
use crate::vault::sweeps::DONE;

/// Its version rises with every intent.
static GATE: RowKey = RowKey::only(SubjectId::CONTROLLER, Name::fixed("gate"));

/// How often an operation begins again because an erasure came first, of whomever.
const BESIDE_OTHERS: usize = 100;

/// What erasures under way take of a subject, and the gate as it was before that was asked.
pub(in crate::vault) struct Leaving {
    gate: Expect,
    plans: Vec<SubjectPlan>,
    /// Whether the account goes, and with it whatever is in use.
    whole: bool,
}

/// How often an operation may still begin again.
pub(in crate::vault) struct Tries {
    changed: usize,
    moved: usize,
}

impl Tries {
    /// So many tries, of which those do not count where only the gate had moved: another erasure
    /// takes mostly somebody else. They have a bound of their own.
    pub(in crate::vault) const fn new(tries: usize) -> Self {
        Self { changed: tries.saturating_sub(1), moved: BESIDE_OTHERS }
    }

    /// Whether to begin again after this error, which came of another's change.
    pub(in crate::vault) fn again(&mut self, error: &Error) -> bool {
        let left = if is_of_gate(error) { &mut self.moved } else { &mut self.changed };
        let again = *left > 0;
        *left = left.saturating_sub(1);
        again
    }
}

/// Whether a change was refused for the gate: whatever it requires before is as it was.
fn is_of_gate(error: &Error) -> bool {
    let of_controller = error.context("subject") == Some(&Context::Subject(GATE.subject));
    let of_gate = error.context("kind") == Some(&Context::Name(GATE.kind.clone()));
    error.is(&CONFLICT) && of_controller && of_gate
}

impl Leaving {
    /// Whether a live row is about to go, or to be archived.
    pub(in crate::vault) fn takes(&self, row: &Row) -> bool {
        row.state == state::LIVE && self.touches(row)
    }

    /// Whether a row is about to go, to be archived, or to lose items, as [`Vault::meet`] does it.
    pub(in crate::vault) fn touches(&self, row: &Row) -> bool {
        let Some(class) = &row.class else { return false };
        let (number, live) = (number_of(row), row.state != state::ARCHIVED);
        let is = |of: &Name, key| of == class && Some(key) == number;
        // Also what was not there when it was planned.
        let with_account = self.whole && live && !is_record(row);
        with_account
            || self.plans.iter().any(|plan| {
                erases(plan, class, number, live)
                    || live && plan.archive.iter().any(|kept| is(&kept.class, kept.key))
                    || !live && plan.reduce.iter().any(|reduced| is(&reduced.class, reduced.key))
            })
    }

    /// Whether anything of the subject is about to go.
    pub(in crate::vault) const fn is_any(&self) -> bool {
        !self.plans.is_empty()
    }

    /// Makes a change depend on no erasure having come since.
    pub(in crate::vault) fn require(&self, draft: &mut Draft) {
        draft.require(GATE.clone(), self.gate);
    }
}

/// Of whom erasures under way take something, and the gate as it was before that was asked.
pub(in crate::vault) struct Intended {
    gate: Expect,
    subjects: BTreeSet<SubjectId>,
}

impl Intended {
    /// Whether anything of the subject is about to go.
    pub(in crate::vault) fn is_of(&self, subject: SubjectId) -> bool {
        self.subjects.contains(&subject)
    }

    /// Makes a change depend on no erasure having come since.
    pub(in crate::vault) fn require(&self, draft: &mut Draft) {
        draft.require(GATE.clone(), self.gate);
    }
}

impl Vault {
    /// Of which of these subjects erasures under way take something: for a change of many at once.
    pub(in crate::vault) async fn intended(
        &self,
        subjects: &BTreeSet<SubjectId>,
    ) -> Result<Intended> {
        // The gate first, as in `leaving`.
        let gate = expected(self.gate_row().await?.as_ref());
        let plans = self.plans_pending(|subject| subjects.contains(&subject)).await?;
        Ok(Intended { gate, subjects: plans.iter().map(|plan| plan.subject).collect() })
    }

    /// What erasures under way take of a subject.
    pub(in crate::vault) async fn leaving(&self, subject: SubjectId) -> Result<Leaving> {
        // First the gate: of what was intended before, either the job is there or the rows are gone.
        let gate = expected(self.gate_row().await?.as_ref());
        let plans = self.plans_pending(|named| named == subject).await?;
        let mut leaving = Leaving { gate, plans, whole: false };
        leaving.whole = self.takes_account(subject, &leaving).await?;
        Ok(leaving)
    }

    /// Whether an erasure under way takes the account of a subject, of which rows are still there.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn account_leaves(&self, subject: SubjectId) -> Result<bool> {
        Ok(self.leaving(subject).await?.whole)
    }

    /// Whether the account goes; what a law kept of its class may go and leave it.
    async fn takes_account(&self, subject: SubjectId, leaving: &Leaving) -> Result<bool> {
        let primary = self.policy.primary_class();
        if !leaving.plans.iter().any(|plan| plan.ends_account(primary, |_| false)) {
            return Ok(false);
        }
        match self.checked_where(subject, |class| class == primary).await {
            // It goes once it is mended.
            Err(error) if error.kind() == Kind::Integrity => Ok(true),
            rows => {
                let in_use = |row: &&Row| row.state != state::ARCHIVED;
                Ok(rows?.iter().filter(in_use).any(|row| leaving.touches(row)))
            }
        }
    }

    /// Leaves out plans for what erasures under way take, as far as their rows are still there.
    pub(super) async fn without_leaving(&self, plans: &mut Vec<SubjectPlan>) -> Result<()> {
        let pending = self.pending_of(plans).await?;
        plans.retain(|plan| !leaves(plan, &pending));
        Ok(())
    }

    /// Refuses plans for what an erasure under way takes, as far as its rows are still there: each
    /// thing is erased, and told, once.
    ///
    /// # Errors
    /// [`UNDER_WAY`]; the codes of the store.
    pub async fn none_leaves(&self, plans: &[SubjectPlan]) -> Result<()> {
        let pending = self.pending_of(plans).await?;
        match plans.iter().find(|plan| leaves(plan, &pending)) {
            Some(plan) => Err(UNDER_WAY.error().with("subject", plan.subject)),
            None => Ok(()),
        }
    }

    /// What erasures under way take of whom these plans are about.
    async fn pending_of(
        &self,
        plans: &[SubjectPlan],
    ) -> Result<BTreeMap<SubjectId, Vec<SubjectPlan>>> {
        let subjects: BTreeSet<_> = plans.iter().map(|plan| plan.subject).collect();
        let mut pending: BTreeMap<SubjectId, Vec<SubjectPlan>> = BTreeMap::new();
        for plan in self.plans_pending(|subject| subjects.contains(&subject)).await? {
            pending.entry(plan.subject).or_default().push(plan);
        }
        Ok(pending)
    }

    /// The gate as the next intent writes it.
    pub(super) async fn next_gate(&self) -> Result<RowWrite> {
        Ok(match self.gate_row().await? {
            Some(row) => next_version(row),
            None => {
                let row = Row { state: DONE, ..own_row(GATE.clone()) };
                RowWrite { row, expect: Expect::Absent }
            }
        })
    }

    /// Whether another intent came first.
    pub(super) async fn gate_moved(&self, write: &RowWrite) -> Result<bool> {
        Ok(expected(self.gate_row().await?.as_ref()) != write.expect)
    }

    async fn gate_row(&self) -> Result<Option<Row>> {
        Ok(self.ports.store.rows(std::slice::from_ref(&GATE)).await?.pop().flatten())
    }
}

fn expected(row: Option<&Row>) -> Expect {
    row.map_or(Expect::Absent, |row| Expect::Version(row.version))
}

/// Whether erasures under way take some of what a plan takes.
fn leaves(plan: &SubjectPlan, pending: &BTreeMap<SubjectId, Vec<SubjectPlan>>) -> bool {
    pending.get(&plan.subject).is_some_and(|others| others.iter().any(|other| other.meets(plan)))
}
