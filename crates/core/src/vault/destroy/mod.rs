//! Destroying keys, and with them the data that they seal.
//!
//! Four steps, each durable before the next, each safe to repeat:
//! 1. *intent*: a job row and a leaf say what will go: from here on nothing makes it last longer;
//! 2. *fence*: the keys are blanked and leave tombstones in the safe; nothing can bring them back;
//! 3. *rows*: the rows and their look-ups go, a leaf per subject says which;
//! 4. *scrub*: no byte of a destroyed key is left in the safe's files; the job row goes.
//!
//! A process killed anywhere leaves the job row; [`Vault::resume_destroys`] takes it up again. Whose
//! rows are not the ones that the log states are left out of step 3: the others' go, and the plans of
//! these go into a job row of their own, which waits until the rows are mended.

mod batches;
mod found;
mod gate;
mod job;
mod left;
mod pending;
mod resume;
mod rows;

pub use batches::{Batch, Unscrubbed};
pub(super) use gate::{Leaving, Tries};
use job::Job;
pub use job::{ArchivedClass, Destroyed, ErasedClass, KeptUnder, ReducedClass, SubjectPlan};
pub use left::{Left, Resumed};
use rows::Vacated;

use super::codes::{BLOCKED, UNDER_WAY};
use super::grants::{Under, require};
use super::journal::{Draft, digest_of};
use super::journal::{next_version, own_row};
use super::keys::ENDED;
use super::{Actor, Seen, Vault};
use crate::clock::Timestamp;
use crate::error::{Context, Error, Result};
use crate::id::{RowId, SubjectId};
use crate::name::Name;
use crate::policy::records::RecordKind;
use crate::ports::store::CONFLICT;
use crate::ports::{Expect, KeyId, KeyState, LeafId, LogPosition, RowWrite, Scan, Scrub};
use crate::row::{Row, RowKey, state};

/// The kind of an erasure's job row.
pub(super) const JOB: Name = Name::fixed("destroy");
const SCRUBBING: Name = Name::fixed("scrubbing");
const SCAN_PAGE: usize = 256;
/// How often rows that change meanwhile are tried again.
const ATTEMPTS: usize = 5;

/// Why something goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// Somebody asked, and is told if it goes already.
    Request,
    /// Its time is up: what goes already is left out.
    Due,
}

impl Cause {
    /// What a leaf says of what goes along.
    const fn reason(self) -> Name {
        match self {
            Self::Request => Name::fixed("request"),
            Self::Due => Name::fixed("retention"),
        }
    }
}

impl Vault {
    /// Carries out plans for one or many subjects, whole: when it returns, the keys are gone from
    /// the safe's files, the rows are gone, and each subject's leaf can be proven.
    ///
    /// # Law
    /// Art. 17(1), 5(1)(e) GDPR. EDPB CEF 2025: erasure must reach backups; here it does by the
    /// keys, which no dated backup holds.
    ///
    /// # Errors
    /// [`UNDER_WAY`] if an erasure that has begun takes some of it, or this one has begun and others
    /// kept it from ending; `store.conflict` if a row is no longer the one that a plan saw, and nothing
    /// has gone. [`BLOCKED`] if the safe's old pages are still read: everything else is done, the next
    /// [`Vault::resume_destroys`] finishes it. The first integrity code, with how many subjects were
    /// `left`, if rows that were to go are not the ones that the log states: all others' are gone, and
    /// once they are mended they are resumed. The codes of the ports: what is under way then is resumed
    /// likewise.
    pub async fn destroy(&self, plans: Vec<SubjectPlan>, actor: &Actor) -> Result<Vec<Destroyed>> {
        if plans.is_empty() {
            return Ok(Vec::new());
        }
        let job = self.intend(plans, actor, Cause::Request).await?;
        let Some(job) = job else { return Ok(Vec::new()) };
        let (subjects, mut done) = (job.plans.len() as u64, Resumed::default());
        match self.carry_out(job, &mut done).await {
            // Behind the intent a conflict means no longer that nothing has gone.
            Err(error) if error.is(&CONFLICT) => {
                done.leave(Left { subjects, error: UNDER_WAY.error() });
            }
            carried => carried?,
        }
        done.or_what_is_left()
    }

    /// How many erasures are under way.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn destroys_under_way(&self) -> Result<usize> {
        let pending = self.job_keys(&state::PENDING).await?.len();
        Ok(pending.saturating_add(self.job_keys(&SCRUBBING).await?.len()))
    }

    /// Where the jobs stand: of many that wait the rows do not fit into memory.
    async fn job_keys(&self, state: &Name) -> Result<Vec<RowKey>> {
        let (scan, mut keys, mut cursor) = (jobs_in(state), Vec::new(), None);
        loop {
            let page = self.ports.store.cursors(&scan, cursor.as_ref(), SCAN_PAGE).await?;
            let full = page.len() >= SCAN_PAGE;
            cursor = page.last().cloned();
            keys.extend(page.into_iter().map(|cursor| cursor.key));
            if !full {
                return Ok(keys);
            }
        }
    }

    /// A job, as far as it can be carried out now.
    async fn carry_out(&self, job: Job, done: &mut Resumed) -> Result<()> {
        let (id, subjects) = (job.row.key.id, job.subjects());
        let vacated = match self.vacate(job).await {
            // Another process took the job up too, and is further.
            Err(error) if error.is(&CONFLICT) => {
                return self.carried_out(id, subjects, error, done).await;
            }
            other => other?,
        };
        vacated.left.into_iter().for_each(|left| done.leave(left));
        let Some(job) = vacated.job else { return Ok(()) };
        let subjects = job.subjects();
        match self.scrub(job).await {
            Err(error) if error.is(&CONFLICT) => self.carried_out(id, subjects, error, done).await,
            scrubbed => done.scrubbed(scrubbed),
        }
    }

    /// Steps 2 and 3, if they are not done.
    async fn vacate(&self, job: Job) -> Result<Vacated> {
        if job.row.state != state::PENDING {
            return Ok(Vacated { job: Some(job), left: None });
        }
        self.fence(&job).await?;
        self.remove_rows(job).await
    }

    /// What another process made of a job: finished, or about to be scrubbed. Subjects that it could
    /// not take are left to the job that it has made of them.
    async fn carried_out(
        &self,
        job: RowId,
        subjects: Vec<SubjectId>,
        error: Error,
        done: &mut Resumed,
    ) -> Result<()> {
        let key = RowKey { subject: SubjectId::CONTROLLER, kind: JOB, id: job };
        let row = self.ports.store.rows(std::slice::from_ref(&key)).await?.pop().flatten();
        let Some(gone) = self.rows_gone(job).await? else { return Err(error) };
        match row {
            Some(row) if row.state == SCRUBBING => match self.scrub(self.found(row).await?).await {
                Err(error) if error.is(&CONFLICT) => {}
                other => done.scrubbed(other.map(|_| Vec::new()))?,
            },
            None => {}
            Some(_) => return Err(error),
        }
        let (mut went, mut leaves, mut left) = (Vec::new(), Vec::new(), 0);
        for subject in subjects {
            match self.gone_of(subject, gone).await? {
                Some(leaf) => {
                    went.push(subject);
                    leaves.push(leaf);
                }
                None => left += 1,
            }
        }
        if left > 0 {
            done.leave(Left { subjects: left, error: UNDER_WAY.error() });
        }
        done.done.extend(destroyed(went, self.ports.store.places(&leaves).await?));
        Ok(())
    }

    /// Step 1: what will go is in the log before anything goes. What an erasure under way takes is left
    /// to that one: what is due is left out, `None` if that is all of it; whoever asked is told.
    async fn intend(
        &self,
        mut plans: Vec<SubjectPlan>,
        actor: &Actor,
        cause: Cause,
    ) -> Result<Option<Job>> {
        let mut under = self.under_grant(actor).await?;
        self.name_idle_keys(&mut plans, cause).await?;
        let rng = self.ports.rng.as_ref();
        let key = RowKey { subject: SubjectId::CONTROLLER, kind: JOB, id: RowId::generate(rng) };
        let row = Row { due_at: Some(self.now()), ..own_row(key) };
        let at = vec![LogPosition { epoch: 0, index: 0 }];
        let mut job = Job { row, actor: actor.id, plans, at };
        let intent = loop {
            // Behind the gate: two erasures that saw the same rows do not both take them.
            let gate = self.next_gate().await?;
            match cause {
                Cause::Due => self.without_leaving(&mut job.plans).await?,
                Cause::Request => self.none_leaves(&job.plans).await?,
            }
            if job.plans.is_empty() {
                return Ok(None);
            }
            job.row.body = job.encode();
            match self.try_intend(&job, (actor, under.as_ref()), gate.clone()).await {
                // Another intent came first; what this one saw may still be so.
                Err(error) if error.is(&CONFLICT) => {
                    // Or the grant was changed: who may not any more is told that.
                    under = self.under_grant(actor).await?;
                    if !self.gate_moved(&gate).await? {
                        return Err(error);
                    }
                }
                intent => break intent?,
            }
        };
        job.at = self.ports.store.places(&intent).await?;
        Ok(Some(job))
    }

    async fn try_intend(
        &self,
        job: &Job,
        (actor, under): (&Actor, Option<&Under>),
        gate: RowWrite,
    ) -> Result<Vec<LeafId>> {
        let subjects = job.plans.iter().map(|plan| plan.subject);
        let leaf = self
            .leaf(self.now(), actor, "erasure.intended", SubjectId::CONTROLLER)
            .detail("subjects", job.plans.len())
            .detail("digest", Context::published(&digest_of(subjects)));
        let writes = vec![RowWrite { row: job.row.clone(), expect: Expect::Absent }, gate];
        let mut draft = Draft::new(0);
        draft.record(leaf, writes, &[]);
        require(under, &mut draft);
        // What goes is what the log says was written, and what the plan saw.
        for Seen { row, version, .. } in job.plans.iter().flat_map(|plan| &plan.seen) {
            draft.require(row.clone(), Expect::Version(*version));
        }
        Ok(self.commit(draft).await?.leaves)
    }

    /// Adds to plans the keys that seal no row: with an account all of them, of whatever class, whose
    /// writes never came, whose items moved to another class, or whose rows a restore took away, which
    /// a backup may still hold; and that of a row that holds nothing. Where a law keeps an item of the
    /// account's own class, so that its key stays, the one that tells of the end.
    async fn name_idle_keys(&self, plans: &mut [SubjectPlan], cause: Cause) -> Result<()> {
        let subjects: Vec<_> = plans.iter().map(|plan| plan.subject).collect();
        let known = self.ports.keyring.keys_of_each(&subjects).await?;
        let primary = self.policy.primary_class();
        for (plan, known) in plans.iter_mut().zip(known) {
            let whole = plan.ends_account_seen(primary);
            let seals = |class: &Name, number| {
                plan.seen.iter().any(|seen| seen.class == *class && seen.key == Some(number))
            };
            // While the account goes on, an idle key may be in somebody's hands: it is collected later.
            for erased in plan.erase.iter_mut().filter(|erased| whole || erased.keys.is_empty()) {
                let idle = known.iter().filter(|(key, state)| {
                    key.class == erased.class
                        && matches!(state, KeyState::Live(_))
                        && !seals(&key.class, key.number)
                });
                // What nobody has looked at is not known to be idle.
                let idle = idle.filter(|_| !plan.seen.is_empty());
                erased.keys.extend(idle.map(|(key, _)| key.number));
            }
            let mut idle = Vec::new();
            if whole && !plan.seen.is_empty() {
                let live =
                    known.into_iter().filter(|(_, state)| matches!(state, KeyState::Live(_)));
                idle.extend(live.map(|(key, _)| key).filter(|key| {
                    !RecordKind::is_reserved(&key.class) && !seals(&key.class, key.number)
                }));
            }
            if plan.archive.iter().any(|kept| kept.class == *primary) {
                let end = KeyId::first(plan.subject, primary.clone());
                idle.push(KeyId { number: ENDED, ..end });
            }
            plan.erase_keys(idle, cause.reason());
        }
        Ok(())
    }

    /// Step 2. INVARIANT 4: the tombstone is durable before a row goes, and nothing lifts it.
    async fn fence(&self, job: &Job) -> Result<()> {
        let keys_of = |plan: &SubjectPlan| -> Vec<KeyId> {
            plan.erase.iter().flat_map(|erased| erased.ids(plan.subject)).collect()
        };
        let keys: Vec<_> = job.plans.iter().flat_map(keys_of).collect();
        if !keys.is_empty() {
            self.ports.keyring.destroy(&keys, job.intent()?, self.now()).await?;
        }
        Ok(())
    }

    /// Step 4: what was destroyed is gone from the files too.
    async fn scrub(&self, job: Job) -> Result<Vec<Destroyed>> {
        if self.ports.keyring.scrub().await? == Scrub::Blocked {
            return BLOCKED.err();
        }
        self.scrubbed(job).await
    }

    /// The end of step 4: the files are clean, and the job row goes.
    async fn scrubbed(&self, job: Job) -> Result<Vec<Destroyed>> {
        let mut draft = Draft::new(0);
        self.record_scrubbed(&mut draft, &job);
        self.commit(draft).await?;
        Ok(destroyed(job.subjects(), job.at))
    }
}

fn jobs_in(state: &Name) -> Scan {
    Scan::Due { kind: JOB, state: state.clone(), until: Timestamp::MAX }
}

/// Each subject with where its leaf stands.
fn destroyed(subjects: Vec<SubjectId>, places: Vec<LogPosition>) -> Vec<Destroyed> {
    let pairs = subjects.into_iter().zip(places);
    pairs.map(|(subject, position)| Destroyed { subject, position }).collect()
}

#[cfg(test)]
mod tests;
