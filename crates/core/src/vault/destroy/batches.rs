//! Many batches with one scrub of the safe's files at the end: what a sweep does.

use super::{CONFLICT, Cause, Draft, Job, Left, Resumed, Scrub, SubjectPlan, Vacated, Vault};
use crate::error::Result;
use crate::id::SubjectId;
use crate::vault::Actor;
use crate::vault::codes::BLOCKED;

/// A batch whose keys are destroyed and whose rows are gone; its job row stands until the safe's
/// files are scrubbed.
#[must_use = "`Vault::scrub_all` finishes it"]
pub struct Unscrubbed(Job);

impl std::fmt::Debug for Unscrubbed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Unscrubbed({} subjects)", self.0.plans.len())
    }
}

/// What became of a batch.
#[derive(Debug, Default)]
#[must_use = "`Vault::scrub_all` finishes it"]
pub struct Batch {
    /// What is gone and not scrubbed yet; `None` if nothing is, or another process has seen to it.
    pub unscrubbed: Option<Unscrubbed>,
    /// What could not go.
    pub left: Option<Left>,
    /// Subjects whose plans were dropped: an erasure that was under way takes what they name.
    pub elsewhere: u64,
}

impl Vault {
    /// Carries out plans for what is due as [`Vault::destroy`] does, but for the scrub, which costs
    /// the disk as much for one batch as for many: [`Vault::scrub_all`] does it, or
    /// [`Vault::resume_destroys`] after a crash.
    ///
    /// # Properties
    /// The intent decides. A change of a row before it, a login among them, fails the batch with
    /// `store.conflict`, and it is planned anew; a login after it is refused, however long the rest
    /// takes and whoever carries it out. So what fails after it is not planned again: it is `left` to
    /// [`Vault::resume_destroys`], and what another erasure takes is left to that one: nobody is erased
    /// twice.
    ///
    /// # Errors
    /// `store.conflict` before the intent; the codes of the ports; [`BLOCKED`] if another process has
    /// finished the batch but for the scrub.
    pub async fn destroy_unscrubbed(
        &self,
        plans: Vec<SubjectPlan>,
        actor: &Actor,
    ) -> Result<Batch> {
        if plans.is_empty() {
            return Ok(Batch::default());
        }
        let planned = plans.len() as u64;
        let Some(job) = self.intend(plans, actor, Cause::Due).await? else {
            return Ok(Batch { elsewhere: planned, ..Batch::default() });
        };
        let (id, subjects) = (job.row.key.id, job.subjects());
        let all = subjects.len() as u64;
        let elsewhere = planned.saturating_sub(all);
        let error = match self.vacate(job).await {
            Err(error) if error.is(&CONFLICT) => error,
            vacated => {
                let Vacated { job, left } = vacated?;
                return Ok(Batch { unscrubbed: job.map(Unscrubbed), left, elsewhere });
            }
        };
        // Another process took the job up too, and is further; or changes came without end.
        let mut done = Resumed::default();
        match self.carried_out(id, subjects, error, &mut done).await {
            Err(error) if error.is(&CONFLICT) => done.leave(Left { subjects: all, error }),
            other => other?,
        }
        done.blocked.map_or(Ok(Batch { unscrubbed: None, left: done.left, elsewhere }), Err)
    }

    /// Finishes batches: no byte of a destroyed key is left in the safe's files when it returns.
    ///
    /// # Errors
    /// As [`Vault::destroy`].
    pub async fn scrub_all(&self, batches: Vec<Unscrubbed>) -> Result<()> {
        if batches.is_empty() {
            return Ok(());
        }
        if self.ports.keyring.scrub().await? == Scrub::Blocked {
            return BLOCKED.err();
        }
        let mut draft = Draft::new(0);
        for Unscrubbed(job) in &batches {
            self.record_scrubbed(&mut draft, job);
        }
        match self.commit(draft).await {
            // Another process finished some of them.
            Err(error) if error.is(&CONFLICT) => {}
            other => return other.map(|_| ()),
        }
        for Unscrubbed(job) in batches {
            match self.scrub(job).await {
                Err(error) if error.is(&CONFLICT) => {}
                other => drop(other?),
            }
        }
        Ok(())
    }

    /// The job row goes, and a leaf says that the files are clean.
    pub(super) fn record_scrubbed(&self, draft: &mut Draft, job: &Job) {
        let actor = Actor { id: job.actor, ..Actor::system() };
        let leaf = self
            .leaf(self.now(), &actor, "erasure.scrubbed", SubjectId::CONTROLLER)
            .detail("subjects", job.plans.len());
        draft.record(leaf, Vec::new(), std::slice::from_ref(&job.row));
    }
}
