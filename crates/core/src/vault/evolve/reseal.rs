//! The job: rows become what the policy in force says, a page at a time.

use std::collections::BTreeSet;

use super::super::codes::BLOCKED;
use super::super::journal::{Draft, next_version, own_row};
use super::super::records::is_record;
use super::judge::is_clocked;
use super::subject::Resealed;
use super::{Actor, NotMoved, PAGE, Vault};
use crate::codec::{Decoder, Encoder};
use crate::error::{Kind, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::ports::keyring::DESTROYED;
use crate::ports::store::{CONFLICT, NOT_UNIQUE};
use crate::ports::{Cursor, Expect, RowWrite, Scan};
use crate::row::{Row, RowKey, state};
use crate::seal::Body;

const JOB: RowKey = RowKey::only(SubjectId::CONTROLLER, Name::fixed("reseal"));
const DOMAIN: &str = "tacenda/reseal/1";

/// What is to be done, as its row says it.
pub(super) struct Job {
    row: Row,
    /// Classes whose clocks are set anew.
    pub(super) clocks: BTreeSet<Name>,
}

impl Job {
    fn encode(clocks: &BTreeSet<Name>) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        e.names(clocks);
        e.finish()
    }

    fn decode(row: Row) -> Result<Self> {
        let mut d = Decoder::new(&row.body, DOMAIN)?;
        let clocks = d.names()?;
        d.end()?;
        Ok(Self { row, clocks })
    }
}

/// Subjects of whom some could not be changed.
#[derive(Default)]
struct Passed {
    /// Their rows are not what the log says.
    altered: Vec<SubjectId>,
    /// Keys of theirs are destroyed, and the rows are about to go.
    dying: BTreeSet<SubjectId>,
    /// Whether items of others wait until they are no longer restricted.
    waits: bool,
}

impl Vault {
    /// The job that is adopted together with a policy; with what one before it has left to do.
    pub(super) async fn reseal_job(&self, mut clocks: BTreeSet<Name>) -> Result<RowWrite> {
        let known = self.job().await?;
        clocks.extend(known.iter().flat_map(|job| job.clocks.iter().cloned()));
        let body = Job::encode(&clocks);
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

    /// Carries the job out, if there is one. What was being erased under the policy before goes
    /// first, and as that one said.
    pub(super) async fn finish_reseal(&self) -> Result<NotMoved> {
        let mut left = NotMoved::default();
        let Some(job) = self.job().await? else { return Ok(left) };
        self.finish_erasures().await?;
        let mut cursor: Option<Cursor> = None;
        loop {
            let scan = Scan::All { kind: None };
            let page = self.ports.store.scan(&scan, cursor.as_ref(), PAGE).await?;
            let misplaced = page.rows.iter().filter(|row| self.is_misplaced(row, &job));
            let subjects: BTreeSet<_> = misplaced.map(|row| row.key.subject).collect();
            match self.reseal(&subjects, &job).await {
                // Somebody else does the same: look at the page again.
                Err(error) if error.is(&CONFLICT) => continue,
                passed => {
                    let Passed { altered, waits, .. } = passed?;
                    altered.into_iter().for_each(|subject| left.add(subject));
                    left.restricted |= waits;
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        if left.subjects > 0 || left.restricted {
            return Ok(left);
        }
        let leaf =
            self.leaf(self.now(), &Actor::system(), "policy.items_moved", SubjectId::CONTROLLER);
        let mut draft = Draft::new(0);
        draft.record(leaf, Vec::new(), &[job.row]);
        match self.commit(draft).await {
            Err(error) if error.is(&CONFLICT) => Ok(left),
            other => other.map(|_| left),
        }
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
            passed.waits |= again.waits;
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
                    passed.waits |= waits;
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
        if changes.is_empty() {
            return Ok(());
        }
        let mut draft = Draft::new(sequence);
        for (subject, writes, deletes) in changes {
            let leaf = self.leaf(self.now(), &Actor::system(), "policy.resealed", subject);
            draft.record(leaf, writes, &deletes);
        }
        draft.under_fence(fence);
        self.commit(draft).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_of_the_job_is_frozen() {
        for case in crate::vectors::cases("reseal") {
            let bytes = case.hex("bytes");
            let decoded = Job::decode(Row { body: bytes.clone(), ..own_row(JOB) });
            if let Some(code) = case.error() {
                assert_eq!(decoded.err().unwrap().code(), code, "{}", case.name);
                continue;
            }
            let clocks = case.all("clock").iter().map(|c| Name::parse(c).unwrap()).collect();
            assert_eq!(Job::encode(&clocks), bytes, "{}", case.name);
            assert_eq!(decoded.unwrap().clocks, clocks, "{}", case.name);
        }
    }
}
