//! Destroying keys, and with them the data that they seal.
//!
//! Four steps, each durable before the next, each safe to repeat:
//! 1. *intent*: a job row and a leaf say what will go;
//! 2. *fence*: the keys are blanked and leave tombstones in the safe; nothing can bring them back;
//! 3. *rows*: the rows and their look-ups go, a leaf per subject says which;
//! 4. *scrub*: no byte of a destroyed key is left in the safe's files; the job row goes.
//!
//! A process killed anywhere leaves the job row; [`Vault::resume_destroys`] takes it up again.

mod archive;
mod batches;
mod job;
mod rows;

use std::collections::BTreeMap;

pub(super) use archive::archived;
pub use batches::Unscrubbed;
use job::Job;
pub use job::{ArchivedClass, Destroyed, ErasedClass, SubjectPlan};
use rows::Found;

use super::codes::{BLOCKED, UNDER_WAY};
use super::journal::{Draft, digest_of};
use super::login::next_version;
use super::{Actor, Seen, Vault};
use crate::clock::Timestamp;
use crate::error::{Context, Error, Result};
use crate::id::{RowId, SubjectId};
use crate::leaf::Leaf;
use crate::name::Name;
use crate::ports::store::CONFLICT;
use crate::ports::{Expect, KeyId, LogPosition, RowWrite, Scan, Scrub};
use crate::row::{Row, RowKey, state};

const JOB: Name = Name::fixed("destroy");
const SCRUBBING: Name = Name::fixed("scrubbing");
const SCAN_PAGE: usize = 256;
/// How often rows that change meanwhile are tried again.
const ATTEMPTS: usize = 5;

/// The highest number of the keys of each class that were destroyed.
type Through = BTreeMap<Name, u16>;

impl Vault {
    /// Carries out plans for one or many subjects, whole: when it returns, the keys are gone from
    /// the safe's files, the rows are gone, and each subject's leaf can be proven.
    ///
    /// # Law
    /// Art. 17(1), 5(1)(e) GDPR. EDPB CEF 2025: erasure must reach backups; here it does by the
    /// keys, which no dated backup holds.
    ///
    /// # Errors
    /// [`BLOCKED`] if the safe's old pages are still read: everything else is done, the next
    /// [`Vault::resume_destroys`] finishes it. The codes of the ports: what is under way then is
    /// resumed likewise.
    pub async fn destroy(&self, plans: Vec<SubjectPlan>, actor: &Actor) -> Result<Vec<Destroyed>> {
        if plans.is_empty() {
            return Ok(Vec::new());
        }
        let job = self.intend(plans, actor).await?;
        self.carry_out(job).await
    }

    /// Finishes every erasure that was under way when a process stopped; answers with what it
    /// finished.
    ///
    /// # Errors
    /// As [`Vault::destroy`].
    pub async fn resume_destroys(&self) -> Result<Vec<Destroyed>> {
        let mut done = Vec::new();
        let mut blocked = None;
        for key_state in [state::PENDING, SCRUBBING] {
            for row in self.jobs(&key_state).await? {
                match self.resume(row).await {
                    Ok(more) => done.extend(more),
                    Err(error) if error.is(&BLOCKED) => blocked = Some(error),
                    // Another process took it up and is further.
                    Err(error) if error.is(&CONFLICT) || error.is(&UNDER_WAY) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        blocked.map_or(Ok(done), Err)
    }

    /// How many erasures are under way.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn destroys_under_way(&self) -> Result<usize> {
        Ok(self.jobs(&state::PENDING).await?.len() + self.jobs(&SCRUBBING).await?.len())
    }

    async fn jobs(&self, state: &Name) -> Result<Vec<Row>> {
        let scan = Scan::Due { kind: JOB, state: state.clone(), until: Timestamp::MAX };
        let (mut rows, mut cursor) = (Vec::new(), None);
        loop {
            let page = self.ports.store.scan(&scan, cursor.as_ref(), SCAN_PAGE).await?;
            rows.extend(page.rows);
            cursor = page.next;
            if cursor.is_none() {
                return Ok(rows);
            }
        }
    }

    async fn resume(&self, row: Row) -> Result<Vec<Destroyed>> {
        let key = row.key.clone();
        let row = self.checked(key.subject, std::slice::from_ref(&key)).await?.pop().flatten();
        let row = row.ok_or_else(|| UNDER_WAY.error())?;
        let at = self.last_leaf_of(row.key.id).await?;
        self.carry_out(Job::decode(row, at)?).await
    }

    async fn carry_out(&self, job: Job) -> Result<Vec<Destroyed>> {
        let (id, plans) = (job.row.key.id, job.plans.clone());
        match self.try_carry_out(job).await {
            // Another process took the job up too, and is further.
            Err(error) if error.is(&CONFLICT) => self.carried_out(id, plans, error).await,
            other => other,
        }
    }

    async fn try_carry_out(&self, job: Job) -> Result<Vec<Destroyed>> {
        let job = self.vacate(job).await?;
        self.scrub(job).await
    }

    /// Steps 2 and 3, if they are not done.
    async fn vacate(&self, job: Job) -> Result<Job> {
        if job.row.state != state::PENDING {
            return Ok(job);
        }
        let through = self.fence(&job).await?;
        self.remove_rows(&job, &through).await
    }

    /// What another process made of a job: finished, or about to be scrubbed.
    async fn carried_out(
        &self,
        job: RowId,
        plans: Vec<SubjectPlan>,
        error: Error,
    ) -> Result<Vec<Destroyed>> {
        let key = RowKey { subject: SubjectId::CONTROLLER, kind: JOB, id: job };
        let row = self.ports.store.rows(std::slice::from_ref(&key)).await?.pop().flatten();
        let at = self.leaf_of(job, |leaf| leaf.action == *"erasure.rows_gone").await?;
        match (row, at) {
            (Some(row), Some(at)) if row.state == SCRUBBING => {
                let done = self.scrub(Job::decode(row, at)?).await;
                match done {
                    Err(error) if error.is(&CONFLICT) => Ok(destroyed(plans, at)),
                    other => other,
                }
            }
            (None, Some(at)) => Ok(destroyed(plans, at)),
            _ => Err(error),
        }
    }

    /// Step 1: what will go is in the log before anything goes.
    async fn intend(&self, plans: Vec<SubjectPlan>, actor: &Actor) -> Result<Job> {
        let now = self.now();
        let rng = self.ports.rng.as_ref();
        let key = RowKey { subject: SubjectId::CONTROLLER, kind: JOB, id: RowId::generate(rng) };
        let row = Row {
            key,
            class: None,
            state: state::PENDING,
            held: false,
            anchor_at: None,
            due_at: Some(now),
            version: 1,
            tokens: Vec::new(),
            body: Vec::new(),
        };
        let at = LogPosition { epoch: 0, index: 0 };
        let mut job = Job { row, actor: actor.id, plans, at };
        job.row.body = job.encode();
        let subjects = job.plans.iter().map(|plan| plan.subject);
        let leaf = self
            .leaf(now, actor, "erasure.intended", SubjectId::CONTROLLER)
            .detail("subjects", job.plans.len())
            .detail("digest", Context::published(&digest_of(subjects)));
        let mut draft = Draft::new(0);
        let write = RowWrite { row: job.row.clone(), expect: Expect::Absent };
        draft.record(leaf, vec![write], &[]);
        // What goes is what the log says was written, and what the plan saw.
        for Seen(key, version) in job.plans.iter().flat_map(|plan| &plan.seen) {
            draft.require(key.clone(), Expect::Version(*version));
        }
        job.at = self.commit(draft).await?.first;
        Ok(job)
    }

    /// Step 2. INVARIANT 4: the tombstone is durable before a row goes, and nothing lifts it.
    /// Answers with the highest key number of each class that is gone, plan by plan.
    async fn fence(&self, job: &Job) -> Result<Vec<Through>> {
        let (mut keys, mut through) = (Vec::new(), Vec::with_capacity(job.plans.len()));
        let known = self.ports.keyring.keys_of_each(&job.subjects()).await?;
        for (plan, known) in job.plans.iter().zip(known) {
            let mut last = Through::new();
            for erased in &plan.erase {
                let of_class = known.iter().map(|(key, _)| key).filter(|k| k.class == erased.class);
                keys.push(KeyId::first(plan.subject, erased.class.clone()));
                keys.extend(of_class.clone().filter(|key| key.number != 0).cloned());
                let number = of_class.map(|key| key.number).max().unwrap_or(0);
                last.insert(erased.class.clone(), number);
            }
            keys.extend(self.spare_keys(plan, &known).await?);
            through.push(last);
        }
        self.ports.keyring.destroy(&keys, job.at, self.now()).await?;
        Ok(through)
    }

    /// Where the leaf stands that last wrote a job's row.
    async fn last_leaf_of(&self, job: RowId) -> Result<LogPosition> {
        self.leaf_of(job, |_| true).await?.ok_or_else(|| UNDER_WAY.error())
    }

    /// Where the latest leaf stands that speaks of a job's row and that is wanted.
    async fn leaf_of(
        &self,
        job: RowId,
        wanted: impl Fn(&Leaf) -> bool + Send + Sync,
    ) -> Result<Option<LogPosition>> {
        let mut before = None;
        loop {
            let page =
                self.ports.store.leaves_of(SubjectId::CONTROLLER, true, before, SCAN_PAGE).await?;
            for stored in &page {
                before = Some(stored.position);
                let Some(bytes) = &stored.bytes else { continue };
                let leaf = Leaf::decode(bytes)?;
                if wanted(&leaf) && leaf.rows.iter().any(|r| r.kind == JOB && r.id == job) {
                    return Ok(Some(stored.position));
                }
            }
            if page.len() < SCAN_PAGE {
                return Ok(None);
            }
        }
    }

    /// Step 3. Whoever had a key in hand when it was destroyed may still write a row: it goes too.
    async fn remove_rows(&self, job: &Job, through: &[Through]) -> Result<Job> {
        for _ in 1..ATTEMPTS {
            match self.try_remove_rows(job, through).await {
                Err(error) if error.is(&CONFLICT) => {}
                other => return other,
            }
        }
        self.try_remove_rows(job, through).await
    }

    /// The rows go, and each subject's leaf says which.
    async fn try_remove_rows(&self, job: &Job, through: &[Through]) -> Result<Job> {
        let now = self.now();
        let actor = Actor { id: job.actor, role: None };
        let sequence = self.ports.keyring.status().await?.map_or(0, |safe| safe.sequence);
        let mut draft = Draft::new(sequence);
        let holdings = self.ports.store.holdings(&job.subjects(), 0).await?;
        for ((plan, through), holding) in job.plans.iter().zip(through).zip(holdings) {
            let Found { writes, deletes, late, kept } = self.meet(plan, holding.rows)?;
            let mut leaf = self.leaf(now, &actor, "erasure.done", plan.subject);
            if !late.is_empty() {
                let keys: Vec<_> = late.iter().map(|(_, key)| key.clone()).collect();
                self.ports.keyring.destroy(&keys, job.at, now).await?;
            }
            for (erased, key) in &late {
                leaf = leaf.detail("erased", &erased.class).detail("reason", &erased.reason);
                if key.number > 0 {
                    leaf = leaf.detail("keys", key.number);
                }
            }
            if plan.erases(self.policy.primary_class()) {
                // Nothing is added to an account that goes.
                let written = writes.iter().map(|write| &write.row.key);
                let met: Vec<_> =
                    written.chain(deletes.iter().map(|row| &row.key)).chain(&kept).collect();
                let others = self.policy.classes.keys();
                for key in others.map(|class| self.profile_key(plan.subject, class)) {
                    if !met.contains(&&key) {
                        draft.require(key, Expect::Absent);
                    }
                }
            }
            for erased in &plan.erase {
                leaf = leaf.detail("erased", &erased.class).detail("reason", &erased.reason);
                // Of most classes there was one key, and nothing more to say.
                if let Some(number) = through.get(&erased.class).filter(|number| **number > 0) {
                    leaf = leaf.detail("keys", *number);
                }
            }
            for kept in &plan.archive {
                leaf = leaf
                    .detail("archived", &kept.class)
                    .detail("law", Context::published(&kept.citation));
                if let Some(until) = kept.until {
                    leaf = leaf.detail("until", until);
                }
            }
            draft.record(leaf, writes, &deletes);
        }
        let row = Row { state: SCRUBBING, ..job.row.clone() };
        let leaf = self
            .leaf(now, &actor, "erasure.rows_gone", SubjectId::CONTROLLER)
            .detail("subjects", job.plans.len());
        let write = next_version(row);
        let row = write.row.clone();
        draft.record(leaf, vec![write], &[]);
        // The leaves of one change stand next to each other: the subjects' first, the job's last.
        let first = self.commit(draft).await?.first;
        let at = LogPosition { index: first.index.saturating_add(job.plans.len() as u64), ..first };
        Ok(Job { row, actor: job.actor, plans: job.plans.clone(), at })
    }

    /// Step 4: what was destroyed is gone from the files too.
    async fn scrub(&self, job: Job) -> Result<Vec<Destroyed>> {
        if self.ports.keyring.scrub().await? == Scrub::Blocked {
            return BLOCKED.err();
        }
        let mut draft = Draft::new(0);
        self.record_scrubbed(&mut draft, &job);
        self.commit(draft).await?;
        Ok(destroyed(job.plans, job.at))
    }
}

/// Where each subject's leaf stands, in front of the job's own at `at`.
fn destroyed(plans: Vec<SubjectPlan>, at: LogPosition) -> Vec<Destroyed> {
    let first = at.index.saturating_sub(plans.len() as u64);
    let places = (first..).map(|index| LogPosition { index, ..at });
    let subjects = plans.into_iter().map(|plan| plan.subject);
    let pairs = subjects.zip(places);
    pairs.map(|(subject, position)| Destroyed { subject, position }).collect()
}

#[cfg(test)]
mod tests;
