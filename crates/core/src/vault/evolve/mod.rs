//! A policy that changes: what rows may stay as they are, and how the others become what it says.
//!
//! A new policy comes in two steps. First the store refuses everybody who still runs under the one
//! before, so that no row changes any more while all of them are judged; then the policy is adopted,
//! or what it cannot be adopted for is an error and the one before is in force again, be it a row or
//! a store that does not answer. So nothing that is forbidden slips in between the judgement and the
//! adoption.
//!
//! Adopted together with the policy is a job, if rows are to change: items are sealed anew under the
//! key of the class that they belong to now, look-ups and clocks are set. It runs before the vault
//! opens, page by page, and whoever opens next goes on with it. A subject whose rows are not what
//! the log says stops nobody else: its items stay where they are, and unread; the job stays too, names
//! it, and whoever opens next tries again. So it is with items of a row that is restricted.

mod in_force;
mod job;
mod judge;
mod reseal;
mod since;
mod subject;

use std::collections::BTreeSet;

pub use since::CONSENT_VERSION;
pub(super) use subject::first_version;

use self::in_force::{IN_FORCE, InForce, Standing};
use self::reseal::Ended;
use super::codes::{ITEMS_NOT_MOVED, SAME_VERSION};
use super::journal::{Draft, next_version, own_row};
use super::sweeps::DONE;
use super::{Actor, Vault};
use crate::error::Result;
use crate::id::SubjectId;
use crate::ports::store::{CONFLICT, OLDER_POLICY};
use crate::ports::{Expect, PolicyMark, RowWrite};
use crate::row::{Row, state};

const PAGE: usize = 256;

/// Subjects whose rows could not become what the policy says: they are not what the log says, or
/// were not when all others were judged, and what they hold is somebody else's alone by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NotMoved {
    /// How many.
    pub subjects: u64,
    /// The first of them.
    pub first: Option<SubjectId>,
    /// Whether items of others are in restricted rows (Art. 18 GDPR), and wait there until the
    /// restriction is lifted.
    pub restricted: bool,
    /// The one met last: a subject's rows may lie on two pages.
    last: Option<SubjectId>,
}

impl NotMoved {
    fn add(&mut self, subject: SubjectId) {
        if self.last.replace(subject) != Some(subject) {
            self.subjects = self.subjects.saturating_add(1);
            self.first.get_or_insert(subject);
        }
    }
}

impl Vault {
    /// Refuses an older policy and a silent change of the one in force, before anything is written.
    pub(super) async fn precedes(&self, mark: Option<PolicyMark>) -> Result<()> {
        match mark {
            Some(mark) => self.follows(&self.standing(mark).await?),
            None => Ok(()),
        }
    }

    /// Takes the policy into force: a new one has a leaf; then finishes what it changes in rows.
    /// Answers with whose items could not move.
    pub(super) async fn adopt_policy(&self, mark: Option<PolicyMark>) -> Result<NotMoved> {
        match mark {
            Some(mark) => {
                let standing = self.standing(mark).await?;
                self.follows(&standing)?;
                match &standing.coming {
                    _ if standing.in_force.mark != self.policy_mark() => {
                        self.change_policy(standing).await?;
                    }
                    // Whoever brought a later policy was killed before it was judged. If it still
                    // judges, it begins again.
                    Some(coming) => self.withdraw(&standing, coming).await?,
                    None => {}
                }
            }
            None => self.adopt(None, None, None).await?,
        }
        Ok(self.finish_reseal().await?.not_moved)
    }

    /// Moves items that were left when the policy changed, because their rows were not what the log
    /// says; for when these rows are as they were again. Opening does the same. So do items move that
    /// were restricted; those that still are stay, and are no error. Answers with how many subjects
    /// had rows that changed; it costs what is left, and one read where nothing is.
    ///
    /// # Errors
    /// [`ITEMS_NOT_MOVED`] with how many `subjects` are left and the first `subject`, once all
    /// others are moved; the codes of the ports.
    pub async fn move_items(&self) -> Result<u64> {
        let Ended { not_moved, changed, .. } = self.finish_reseal().await?;
        let Some(first) = not_moved.first else { return Ok(changed) };
        Err(ITEMS_NOT_MOVED.error().with("subjects", not_moved.subjects).with("subject", first))
    }

    const fn policy_mark(&self) -> PolicyMark {
        PolicyMark { version: self.policy.version, digest: self.digest }
    }

    /// Which policy is in force under the store's mark, and which one is about to come.
    async fn standing(&self, mark: PolicyMark) -> Result<Standing> {
        let row = self.ports.store.rows(&[IN_FORCE]).await?.pop().flatten();
        let is_ours = mark == self.policy_mark();
        let is_pending = row.as_ref().is_some_and(|row| row.state != DONE);
        // By far most openings: nothing has changed, and the row is not needed.
        if is_ours && !is_pending {
            return Ok(Standing { row, in_force: InForce::unknown(mark), coming: None });
        }
        let row = self.checked(SubjectId::CONTROLLER, &[IN_FORCE]).await?.pop().flatten();
        Standing::of(mark, row)
    }

    fn follows(&self, standing: &Standing) -> Result<()> {
        let (old, new) = (&standing.in_force.mark, self.policy_mark());
        if old.version > new.version {
            return Err(OLDER_POLICY.error().with("in_force", old.version));
        }
        if old.version == new.version && *old != new {
            return Err(SAME_VERSION.error().with("version", new.version));
        }
        Ok(())
    }

    async fn change_policy(&self, standing: Standing) -> Result<()> {
        if standing.coming.as_ref() != Some(&self.policy_mark()) {
            // What is found now is found before anything is written, and disturbs nobody.
            self.judge(&standing.in_force).await?;
        }
        let refused = match self.bring_policy(standing).await {
            Err(error) if !error.is(&CONFLICT) => error,
            other => return other,
        };
        // Who runs under the policy before would be refused until somebody opens again, whether
        // it is the policy that is at fault or a store that did not answer. If it cannot be taken
        // back either, why it did not come is still what is to be told.
        drop(self.take_back().await);
        Err(refused)
    }

    /// Both steps.
    async fn bring_policy(&self, mut standing: Standing) -> Result<()> {
        if standing.coming.as_ref() != Some(&self.policy_mark()) {
            standing = self.fence_policy(standing).await?;
        }
        let moves = self.judge(&standing.in_force).await?;
        let clocks = standing.in_force.clocks_changed(&self.policy);
        let before = Some(&standing.in_force);
        self.adopt(standing.row.as_ref(), before, Some(clocks).filter(|_| moves)).await
    }

    /// Withdraws our policy if it is still coming: a step whose answer was lost may have been taken.
    async fn take_back(&self) -> Result<()> {
        let mark = self.ports.store.status().await?.and_then(|store| store.policy);
        let Some(mark) = mark.filter(|mark| *mark == self.policy_mark()) else { return Ok(()) };
        let standing = self.standing(mark).await?;
        match &standing.coming {
            Some(coming) => self.withdraw(&standing, coming).await,
            None => Ok(()),
        }
    }

    /// The first step: who runs under the policy before writes nothing any more.
    async fn fence_policy(&self, standing: Standing) -> Result<Standing> {
        let mark = self.policy_mark();
        let write = policy_row(standing.row.as_ref(), &standing.in_force, false);
        let row = Some(write.row.clone());
        self.mark_policy("policy.coming", mark.version, write, mark.clone()).await?;
        Ok(Standing { row, coming: Some(mark), ..standing })
    }

    /// A policy that was coming is not adopted, and the one before is in force again.
    async fn withdraw(&self, standing: &Standing, coming: &PolicyMark) -> Result<()> {
        let before = standing.in_force.mark.clone();
        let write = policy_row(standing.row.as_ref(), &standing.in_force, true);
        self.mark_policy("policy.withdrawn", coming.version, write, before).await
    }

    /// Sets the store's mark, whatever policy it is under now: the row says whether others did.
    async fn mark_policy(
        &self,
        action: &'static str,
        version: u64,
        write: RowWrite,
        mark: PolicyMark,
    ) -> Result<()> {
        let leaf = self
            .leaf(self.now(), &Actor::system(), action, SubjectId::CONTROLLER)
            .detail("version", version);
        let mut draft = Draft::new(0);
        draft.record(leaf, vec![write], &[]);
        draft.change().policy = Some(mark);
        self.ports.store.commit(std::mem::take(draft.change())).await.map(|_| ())
    }

    /// The second step; or the only one in a new store. With the job, if rows are to change: the
    /// classes whose clocks are set anew.
    async fn adopt(
        &self,
        row: Option<&Row>,
        before: Option<&InForce>,
        job: Option<BTreeSet<crate::Name>>,
    ) -> Result<()> {
        let mark = self.policy_mark();
        let in_force = InForce::of(&self.policy, mark.clone(), before);
        let mut writes = vec![policy_row(row, &in_force, true)];
        if let Some(clocks) = job {
            writes.push(self.reseal_job(clocks).await?);
        }
        let leaf = self
            .leaf(self.now(), &Actor::system(), "policy.adopted", SubjectId::CONTROLLER)
            .detail("version", mark.version);
        let mut draft = Draft::new(0);
        draft.record(leaf, writes, &[]);
        draft.change().policy = Some(mark);
        self.commit(draft).await.map(|_| ())
    }
}

/// The row that tells what is in force, instead of the one there is; `judged` unless a later policy
/// is coming.
fn policy_row(before: Option<&Row>, in_force: &InForce, judged: bool) -> RowWrite {
    let (state, body) = (if judged { DONE } else { state::PENDING }, in_force.encode());
    match before {
        Some(row) => next_version(Row { state, body, ..row.clone() }),
        None => {
            let row = Row { state, body, ..own_row(IN_FORCE) };
            RowWrite { row, expect: Expect::Absent }
        }
    }
}
