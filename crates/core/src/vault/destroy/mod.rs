//! Destroying keys, and with them the data that they seal.
//!
//! Four steps, each durable before the next, each safe to repeat:
//! 1. *intent*: a job row and a leaf say what will go; for what is due this is the point of no return;
//! 2. *fence*: the keys are blanked and leave tombstones in the safe; nothing can bring them back;
//! 3. *rows*: the rows and their look-ups go, a leaf per subject says which;
//! 4. *scrub*: no byte of a destroyed key is left in the safe's files; the job row goes.
//!
//! A process killed anywhere leaves the job row; [`Vault::resume_destroys`] takes it up again.

mod batches;
mod found;
mod gate;
mod job;
mod rows;

pub use batches::Unscrubbed;
pub(super) use gate::Leaving;
use job::Job;
pub use job::{ArchivedClass, Destroyed, ErasedClass, KeptUnder, ReducedClass, SubjectPlan};
use rows::Found;

use super::codes::{BLOCKED, UNDER_WAY};
use super::journal::{Draft, digest_of};
use super::journal::{next_version, own_row};
use super::{Actor, Seen, Vault};
use crate::clock::{Span, Timestamp};
use crate::error::{Context, Error, Kind, Result};
use crate::id::{RowId, SubjectId};
use crate::leaf::Leaf;
use crate::name::Name;
use crate::policy::records::RecordKind;
use crate::ports::store::CONFLICT;
use crate::ports::{
    Expect, KeyCopies, KeyId, KeyState, LeafId, LogPosition, RowWrite, Scan, Scrub,
};
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
    /// Somebody asked: whatever comes in between, it goes.
    Request,
    /// Its time is up: from the intent on nothing makes it last longer.
    Due,
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
    /// [`BLOCKED`] if the safe's old pages are still read: everything else is done, the next
    /// [`Vault::resume_destroys`] finishes it. The codes of the ports: what is under way then is
    /// resumed likewise.
    pub async fn destroy(&self, plans: Vec<SubjectPlan>, actor: &Actor) -> Result<Vec<Destroyed>> {
        if plans.is_empty() {
            return Ok(Vec::new());
        }
        let job = self.intend(plans, actor, Cause::Request).await?;
        self.carry_out(job).await
    }

    /// Finishes every erasure that was under way when a process stopped; answers with what it
    /// finished. One that cannot be finished stops no other.
    ///
    /// # Errors
    /// As [`Vault::destroy`], once all others are finished; the integrity codes of a job or a row that
    /// somebody altered.
    pub async fn resume_destroys(&self) -> Result<Vec<Destroyed>> {
        let mut done = Vec::new();
        let (mut altered, mut blocked) = (None, None);
        for key_state in [state::PENDING, SCRUBBING] {
            for row in self.jobs(&key_state).await? {
                match self.resume(row).await {
                    Ok(more) => done.extend(more),
                    Err(error) if error.is(&BLOCKED) => blocked = Some(error),
                    Err(error) if error.kind() == Kind::Integrity => altered = Some(error),
                    // Another process took it up and is further.
                    Err(error) if error.is(&CONFLICT) || error.is(&UNDER_WAY) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        altered.or(blocked).map_or(Ok(done), Err)
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
        self.carry_out(self.found(row).await?).await
    }

    async fn carry_out(&self, job: Job) -> Result<Vec<Destroyed>> {
        let (id, subjects) = (job.row.key.id, job.subjects());
        match self.try_carry_out(job).await {
            // Another process took the job up too, and is further.
            Err(error) if error.is(&CONFLICT) => self.carried_out(id, subjects, error).await,
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
        self.fence(&job).await?;
        self.remove_rows(job).await
    }

    /// What another process made of a job: finished, or about to be scrubbed.
    async fn carried_out(
        &self,
        job: RowId,
        subjects: Vec<SubjectId>,
        error: Error,
    ) -> Result<Vec<Destroyed>> {
        let key = RowKey { subject: SubjectId::CONTROLLER, kind: JOB, id: job };
        let row = self.ports.store.rows(std::slice::from_ref(&key)).await?.pop().flatten();
        let Some(gone) = self.rows_gone(job).await? else { return Err(error) };
        match row {
            Some(row) if row.state == SCRUBBING => match self.scrub(self.found(row).await?).await {
                Err(error) if error.is(&CONFLICT) => {}
                other => return other,
            },
            None => {}
            Some(_) => return Err(error),
        }
        let places = self.places_of(&subjects, gone).await?;
        Ok(destroyed(subjects, places))
    }

    /// Step 1: what will go is in the log before anything goes.
    async fn intend(
        &self,
        mut plans: Vec<SubjectPlan>,
        actor: &Actor,
        cause: Cause,
    ) -> Result<Job> {
        self.name_idle_keys(&mut plans).await?;
        let rng = self.ports.rng.as_ref();
        let key = RowKey { subject: SubjectId::CONTROLLER, kind: JOB, id: RowId::generate(rng) };
        let row = Row { due_at: Some(self.now()), ..own_row(key) };
        let at = vec![LogPosition { epoch: 0, index: 0 }];
        let mut job = Job { row, actor: actor.id, plans, at };
        job.row.body = job.encode();
        let intent = loop {
            let gate = match cause {
                Cause::Due => Some(self.next_gate().await?),
                Cause::Request => None,
            };
            match self.try_intend(&job, actor, gate.clone()).await {
                // Another batch came first; what this one saw may still be so.
                Err(error) if error.is(&CONFLICT) => match gate {
                    Some(gate) if self.gate_moved(&gate).await? => {}
                    _ => return Err(error),
                },
                intent => break intent?,
            }
        };
        job.at = self.ports.store.places(&intent).await?;
        Ok(job)
    }

    async fn try_intend(
        &self,
        job: &Job,
        actor: &Actor,
        gate: Option<RowWrite>,
    ) -> Result<Vec<LeafId>> {
        let subjects = job.plans.iter().map(|plan| plan.subject);
        let leaf = self
            .leaf(self.now(), actor, "erasure.intended", SubjectId::CONTROLLER)
            .detail("subjects", job.plans.len())
            .detail("digest", Context::published(&digest_of(subjects)));
        let mut writes = vec![RowWrite { row: job.row.clone(), expect: Expect::Absent }];
        writes.extend(gate);
        let mut draft = Draft::new(0);
        draft.record(leaf, writes, &[]);
        // What goes is what the log says was written, and what the plan saw.
        for Seen { row, version, .. } in job.plans.iter().flat_map(|plan| &plan.seen) {
            draft.require(row.clone(), Expect::Version(*version));
        }
        Ok(self.commit(draft).await?.leaves)
    }

    /// Adds to plans the keys that seal no row: with an account all of them, of whatever class, whose
    /// writes never came, whose items moved to another class, or whose rows a restore took away, which
    /// a backup may still hold; and that of a row that holds nothing.
    async fn name_idle_keys(&self, plans: &mut [SubjectPlan]) -> Result<()> {
        let subjects: Vec<_> = plans.iter().map(|plan| plan.subject).collect();
        let known = self.ports.keyring.keys_of_each(&subjects).await?;
        for (plan, known) in plans.iter_mut().zip(known) {
            let whole = plan.erases(self.policy.primary_class());
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
            if !whole || plan.seen.is_empty() {
                continue;
            }
            let reason =
                plan.erase.first().map_or(Name::fixed("request"), |one| one.reason.clone());
            for (key, state) in known {
                let idle = matches!(state, KeyState::Live(_))
                    && !RecordKind::is_reserved(&key.class)
                    && !plan.seen.iter().any(|seen| seen.class == key.class);
                if !idle {
                    continue;
                }
                match plan.erase.iter_mut().find(|erased| erased.class == key.class) {
                    Some(erased) => erased.keys.extend([key.number]),
                    None => plan.erase.push(ErasedClass {
                        class: key.class,
                        reason: reason.clone(),
                        keys: [key.number].into(),
                    }),
                }
            }
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

    /// Step 3. Whoever had a key in hand when it was destroyed may still write a row: it goes too.
    async fn remove_rows(&self, job: Job) -> Result<Job> {
        let mut attempt = 1;
        let (row, at) = loop {
            // Mostly they are those that the plan saw: then they need not be read again.
            match self.try_remove_rows(&job, attempt > 1).await {
                Err(error) if error.is(&CONFLICT) && attempt < ATTEMPTS => attempt += 1,
                other => break other?,
            }
        };
        Ok(Job { row, at, ..job })
    }

    /// The rows go, and each subject's leaf says which. Either it looks at all of them, or only at
    /// those of plans that cannot do without; the change then requires that the others are as seen.
    async fn try_remove_rows(&self, job: &Job, look: bool) -> Result<(Row, Vec<LogPosition>)> {
        let now = self.now();
        let actor = Actor { id: job.actor, role: None };
        let sequence = self.ports.keyring.status().await?.map_or(0, |safe| safe.sequence);
        let copies = self.ports.keyring.copies().await?;
        let mut draft = Draft::new(sequence);
        let seen = |plan| if look { None } else { self.meet_as_seen(plan) };
        let seen: Vec<_> = job.plans.iter().map(seen).collect();
        let unseen = job.plans.iter().zip(&seen).filter(|(_, seen)| seen.is_none());
        let unseen: Vec<_> = unseen.map(|(plan, _)| plan.subject).collect();
        // What is taken over into an archive, or names a key that goes, is what the log states.
        let mut rows = match unseen.as_slice() {
            [] => Vec::new(),
            unseen => self.checked_each(unseen).await?,
        }
        .into_iter();
        for (plan, seen) in job.plans.iter().zip(seen) {
            let looked = seen.is_none();
            let found = match seen {
                Some(found) => found,
                None => self.meet(plan, rows.next().unwrap_or_else(|| Ok(Vec::new()))?)?,
            };
            for key in self.not_met(plan, &found, looked) {
                draft.require(key, Expect::Absent);
            }
            let Found { writes, deletes, late, kept } = found;
            let keys: Vec<_> = late.iter().flat_map(|erased| erased.ids(plan.subject)).collect();
            if !keys.is_empty() {
                let sequence = self.ports.keyring.destroy(&keys, job.intent()?, now).await?;
                // A safe from before that does not know of these keys.
                draft.change().safe_sequence = sequence;
            }
            if plan.erases(self.policy.primary_class()) {
                for (key, expect) in kept {
                    draft.require(key, expect);
                }
            }
            let leaf = self.leaf(now, &actor, "erasure.done", plan.subject);
            let leaf = copies_told(plan.told(leaf, &late), copies, now);
            draft.record_gone(leaf, writes, deletes);
        }
        let row = Row { state: SCRUBBING, ..job.row.clone() };
        let leaf = self
            .leaf(now, &actor, "erasure.rows_gone", SubjectId::CONTROLLER)
            .detail("subjects", job.plans.len());
        let write = next_version(row);
        let row = write.row.clone();
        draft.record(leaf, vec![write], &[]);
        // The subjects' leaves, in the order of the plans, and the job's own last.
        let leaves = self.commit(draft).await?.leaves;
        let at = self.ports.store.places(leaves.get(..job.plans.len()).unwrap_or_default()).await?;
        Ok((row, at))
    }

    /// Step 4: what was destroyed is gone from the files too.
    async fn scrub(&self, job: Job) -> Result<Vec<Destroyed>> {
        if self.ports.keyring.scrub().await? == Scrub::Blocked {
            return BLOCKED.err();
        }
        let mut draft = Draft::new(0);
        self.record_scrubbed(&mut draft, &job);
        self.commit(draft).await?;
        Ok(destroyed(job.subjects(), job.at))
    }
}

/// Says in a leaf by when the last copies are gone that the safe made of the keys, with a day for the
/// scrub that follows; nothing if it makes none.
fn copies_told(leaf: Leaf, copies: KeyCopies, now: Timestamp) -> Leaf {
    match copies {
        KeyCopies::None => leaf,
        KeyCopies::KeptFor(span) => {
            leaf.detail("key_copies_gone_by", now.plus(span).plus(Span::days(1)))
        }
        KeyCopies::Unlimited => leaf.detail("key_copies_gone_by", "unlimited"),
    }
}

/// Each subject with where its leaf stands.
fn destroyed(subjects: Vec<SubjectId>, places: Vec<LogPosition>) -> Vec<Destroyed> {
    let pairs = subjects.into_iter().zip(places);
    pairs.map(|(subject, position)| Destroyed { subject, position }).collect()
}

#[cfg(test)]
mod tests;
