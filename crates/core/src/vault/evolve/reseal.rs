//! The job: rows become what the policy in force says, a page at a time.

use std::collections::BTreeSet;

use super::super::codes::BLOCKED;
use super::super::destroy::Tries;
use super::super::journal::{Draft, next_version, own_row};
use super::super::records::is_record;
use super::job::{JOB, Job};
use super::judge::is_clocked;
use super::subject::Resealed;
use super::{Actor, NotMoved, PAGE, Vault};
use crate::error::{Kind, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::ports::keyring::DESTROYED;
use crate::ports::store::{CONFLICT, NOT_UNIQUE};
use crate::ports::{Cursor, Expect, RowWrite, Scan};
use crate::row::{Row, state};
use crate::seal::Body;

/// How many subjects a job names that are left over; of more it names none, and each opening passes
/// over all rows.
const NAMED: usize = 4096;

/// Subjects of whom some could not be changed.
#[derive(Default)]
struct Passed {
    /// Their rows are not what the log says.
    altered: Vec<SubjectId>,
    /// An erasure under way takes something of theirs: what moved into it would go with it.
    dying: BTreeSet<SubjectId>,
    /// Items of theirs wait until they are no longer restricted.
    waiting: BTreeSet<SubjectId>,
    /// How many were changed.
    changed: u64,
}

/// What a run of the job came to.
#[derive(Default)]
pub(super) struct Ended {
    pub(super) not_moved: NotMoved,
    /// How many subjects had rows that changed.
    pub(super) changed: u64,
    /// Who is left over, up to one more than a job names.
    left: BTreeSet<SubjectId>,
}

impl Ended {
    fn add(&mut self, passed: Passed) {
        let Passed { altered, waiting, changed, .. } = passed;
        self.changed = self.changed.saturating_add(changed);
        self.not_moved.restricted |= !waiting.is_empty();
        for subject in &altered {
            self.not_moved.add(*subject);
        }
        let room = NAMED.saturating_add(1).saturating_sub(self.left.len());
        self.left.extend(altered.into_iter().chain(waiting).take(room));
    }

    /// What the row says next: who is left, and the clocks that some of them wait for. Those whose
    /// items are restricted have theirs.
    fn body(&self, job: &Job) -> Vec<u8> {
        if self.left.len() > NAMED {
            return Job::encode(&job.clocks, None);
        }
        let none = BTreeSet::new();
        let clocks = if self.not_moved.subjects > 0 { &job.clocks } else { &none };
        Job::encode(clocks, Some(&self.left))
    }
}

impl Vault {
    /// The job that is adopted together with a policy; with what one before it has left to do.
    ///
    /// # Errors
    /// The integrity codes, if the job is not what the log says: nobody knows then what is left.
    pub(super) async fn reseal_job(&self, mut clocks: BTreeSet<Name>) -> Result<RowWrite> {
        let known = match self.job().await? {
            Some(job) => self.checked(SubjectId::CONTROLLER, &[job.row.key]).await?.pop().flatten(),
            None => None,
        };
        let known = known.map(Job::decode).transpose()?;
        clocks.extend(known.iter().flat_map(|job| job.clocks.iter().cloned()));
        let body = Job::encode(&clocks, None);
        Ok(match known {
            Some(job) => next_version(Row { body, ..job.row }),
            None => {
                let row = Row { due_at: Some(self.now()), body, ..own_row(JOB) };
                RowWrite { row, expect: Expect::Absent }
            }
        })
    }

    async fn job(&self) -> Result<Option<Job>> {
        let row = self.ports.store.rows(&[JOB]).await?.pop().flatten();
        row.map(Job::decode).transpose()
    }

    /// Carries the job out, if there is one: over all rows once, and then over those of whoever was
    /// left. What was being erased under the policy before goes first, and as that one said.
    pub(super) async fn finish_reseal(&self) -> Result<Ended> {
        let mut ended = Ended::default();
        let Some(job) = self.job().await? else { return Ok(ended) };
        self.finish_erasures().await?;
        match &job.left {
            Some(left) => self.reseal_left(left, &job, &mut ended).await?,
            None => self.reseal_all(&job, &mut ended).await?,
        }
        match self.note_left(job, &ended).await {
            // Somebody else did the same.
            Err(error) if error.is(&CONFLICT) => Ok(ended),
            other => other.map(|()| ended),
        }
    }

    async fn reseal_all(&self, job: &Job, ended: &mut Ended) -> Result<()> {
        let mut cursor: Option<Cursor> = None;
        loop {
            let scan = Scan::All { kind: None };
            let page = self.ports.store.scan(&scan, cursor.as_ref(), PAGE).await?;
            let misplaced = page.rows.iter().filter(|row| self.is_misplaced(row, job));
            let subjects: BTreeSet<_> = misplaced.map(|row| row.key.subject).collect();
            match self.reseal(&subjects, job).await {
                // Somebody else does the same: look at the page again.
                Err(error) if error.is(&CONFLICT) => continue,
                passed => ended.add(passed?),
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }

    /// Nobody else has rows that the policy in force did not write: one who is left is so until all
    /// of his rows are what the log says, whatever they look like.
    async fn reseal_left(
        &self,
        left: &BTreeSet<SubjectId>,
        job: &Job,
        ended: &mut Ended,
    ) -> Result<()> {
        let mut rest = left.iter().copied().peekable();
        while rest.peek().is_some() {
            let page: BTreeSet<_> = rest.by_ref().take(PAGE).collect();
            loop {
                match self.reseal(&page, job).await {
                    Err(error) if error.is(&CONFLICT) => {}
                    passed => break ended.add(passed?),
                }
            }
        }
        Ok(())
    }

    /// The job's row goes, or says who is left.
    async fn note_left(&self, job: Job, ended: &Ended) -> Result<()> {
        let is_over = ended.left.is_empty();
        let body = ended.body(&job);
        // Whoever writes a row vouches for all of it.
        if !is_over && body == job.row.body || !self.stands(&job.row).await? {
            return Ok(());
        }
        let leaf = |action| self.leaf(self.now(), &Actor::system(), action, SubjectId::CONTROLLER);
        let mut draft = Draft::new(0);
        if is_over {
            draft.record(leaf("policy.items_moved"), Vec::new(), &[job.row]);
        } else {
            let write = next_version(Row { body, ..job.row });
            draft.record(leaf("policy.items_left"), vec![write], &[]);
        }
        self.commit(draft).await.map(|_| ())
    }

    /// Erasures that are under way are finished, as far as they can be now.
    async fn finish_erasures(&self) -> Result<()> {
        match self.resume_destroys().await {
            // The rows are gone, and the safe's files are scrubbed later; or the job is altered, and
            // whoever it is about is passed over.
            Err(error) if error.is(&BLOCKED) || error.kind() == Kind::Integrity => Ok(()),
            other => other.map(|_| ()),
        }
    }

    fn is_misplaced(&self, row: &Row, job: &Job) -> bool {
        if is_record(row) {
            return false;
        }
        if self.is_misdated(row) {
            return true;
        }
        let Some(class) = row.class.as_ref().filter(|_| row.state != state::ARCHIVED) else {
            return false;
        };
        // A body that cannot be read may hold anything; that it is altered is found by the log.
        is_clocked(row, &job.clocks)
            || Body::contents(&row.body).map_or(true, |(items, _)| {
                !self.has_its_tokens(row, &items)
                    || items.iter().any(|item| self.leaves(item, class))
            })
    }

    /// Changes a page of subjects. Answers with who is passed over; nobody is dying any more.
    async fn reseal(&self, subjects: &BTreeSet<SubjectId>, job: &Job) -> Result<Passed> {
        let mut passed = self.reseal_page(subjects, job).await?;
        let dying = std::mem::take(&mut passed.dying);
        if !dying.is_empty() {
            // An erasure that another process began a moment ago.
            self.finish_erasures().await?;
            let again = self.reseal_page(&dying, job).await?;
            passed.altered.extend(again.altered.into_iter().chain(again.dying));
            passed.altered.sort_unstable();
            passed.waiting.extend(again.waiting);
            passed.changed = passed.changed.saturating_add(again.changed);
        }
        Ok(passed)
    }

    /// A leaf for each subject, one commit.
    async fn reseal_page(&self, subjects: &BTreeSet<SubjectId>, job: &Job) -> Result<Passed> {
        let mut passed = Passed::default();
        match self.try_reseal(subjects, job, &mut passed).await {
            // The value of a row that was altered when all others were judged is somebody else's.
            Err(error) if error.is(&NOT_UNIQUE) => {}
            other => return other.map(|()| passed),
        }
        passed = Passed::default();
        for subject in subjects {
            match self.try_reseal(&BTreeSet::from([*subject]), job, &mut passed).await {
                Err(error) if error.is(&NOT_UNIQUE) => passed.altered.push(*subject),
                other => other?,
            }
        }
        Ok(passed)
    }

    async fn try_reseal(
        &self,
        subjects: &BTreeSet<SubjectId>,
        job: &Job,
        passed: &mut Passed,
    ) -> Result<()> {
        let fence = self.key_fence().await?;
        let mut sequence = 0;
        let mut changes = Vec::with_capacity(subjects.len());
        for subject in subjects {
            match self.reseal_one(*subject, job, &mut sequence).await {
                Ok(Resealed { writes, deletes, waits }) => {
                    if waits {
                        passed.waiting.insert(*subject);
                    }
                    if !(writes.is_empty() && deletes.is_empty()) {
                        changes.push((*subject, writes, deletes));
                    }
                }
                Err(error) if error.is(&DESTROYED) => {
                    passed.dying.insert(*subject);
                }
                Err(error) if matches!(error.kind(), Kind::Integrity | Kind::NotFound) => {
                    passed.altered.push(*subject);
                }
                Err(error) => return Err(error),
            }
        }
        self.commit_resealed(changes, sequence, fence, passed).await
    }

    /// Commits what was sealed, but of nobody of whom an erasure under way takes something. Another
    /// erasure that comes first, of whomever, has that looked at again, and nothing sealed again.
    async fn commit_resealed(
        &self,
        mut changes: Vec<(SubjectId, Vec<RowWrite>, Vec<Row>)>,
        sequence: u64,
        fence: Expect,
        passed: &mut Passed,
    ) -> Result<()> {
        let mut tries = Tries::new(1);
        loop {
            let subjects = changes.iter().map(|(subject, ..)| *subject).collect();
            let intended = self.intended(&subjects).await?;
            passed.dying.extend(subjects.into_iter().filter(|subject| intended.is_of(*subject)));
            changes.retain(|(subject, ..)| !intended.is_of(*subject));
            if changes.is_empty() {
                return Ok(());
            }
            let mut draft = Draft::new(sequence);
            for (subject, writes, deletes) in &changes {
                let leaf = self.leaf(self.now(), &Actor::system(), "policy.resealed", *subject);
                draft.record(leaf, writes.clone(), deletes);
            }
            draft.under_fence(fence);
            intended.require(&mut draft);
            match self.commit(draft).await {
                Err(error) if tries.again(&error) => {}
                committed => {
                    committed?;
                    passed.changed = passed.changed.saturating_add(changes.len() as u64);
                    return Ok(());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_more_than_a_row_can_name_none_is_named() {
        let id = |n: usize| SubjectId::from_bytes((n as u128).to_be_bytes());
        let clocks = BTreeSet::from([Name::fixed("billing")]);
        let job = |body| Job::decode(Row { body, ..own_row(JOB) }).unwrap();
        let all = job(Job::encode(&clocks, None));
        for (count, named) in [(NAMED, true), (NAMED + 1, false), (2 * NAMED, false)] {
            let mut ended = Ended::default();
            for page in (0..count).map(id).collect::<Vec<_>>().chunks(PAGE) {
                ended.add(Passed { waiting: page.iter().copied().collect(), ..Passed::default() });
            }
            let next = job(ended.body(&all));
            assert_eq!(next.left.map(|left| left.len()), named.then_some(count));
            assert_eq!(next.clocks.is_empty(), named, "whoever is restricted has his clocks");
        }
    }

    #[test]
    fn a_clock_is_set_anew_for_whoever_is_altered() {
        let clocks = BTreeSet::from([Name::fixed("billing")]);
        let all = Job { row: own_row(JOB), clocks: clocks.clone(), left: None };
        let mut ended = Ended::default();
        let altered = vec![SubjectId::CONTROLLER];
        ended.add(Passed { altered: altered.clone(), ..Passed::default() });
        let next = Job::decode(Row { body: ended.body(&all), ..own_row(JOB) }).unwrap();
        assert_eq!((next.clocks, next.left), (clocks, Some(altered.into_iter().collect())));
    }
}
