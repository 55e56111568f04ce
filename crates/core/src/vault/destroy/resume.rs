//! Erasures that were under way when a process stopped, or that waited for a scrub.

use super::{
    BLOCKED, CONFLICT, Destroyed, Resumed, Row, RowKey, SCRUBBING, Scrub, UNDER_WAY, Vault,
};
use super::{Result, SCAN_PAGE, SubjectId, state};
use crate::error::Kind;

impl Vault {
    /// Finishes every erasure that was under way when a process stopped; answers with what it
    /// finished. One that cannot be finished stops no other, nor does one altered row of a batch.
    ///
    /// # Errors
    /// As [`Vault::destroy`], once all others are finished; the integrity codes of a job or a row that
    /// somebody altered.
    pub async fn resume_destroys(&self) -> Result<Vec<Destroyed>> {
        self.resume_each().await?.or_what_is_left()
    }

    /// [`Vault::resume_destroys`], with what it finished beside what is left. The safe's files are
    /// scrubbed once for all of them.
    ///
    /// # Errors
    /// The codes of the ports.
    pub async fn resume_each(&self) -> Result<Resumed> {
        let mut resumed = Resumed::default();
        for key in self.job_keys(&state::PENDING).await? {
            let mut one = Resumed::default();
            let came = self.resume(key, &mut one).await;
            resumed.take_up(one);
            resumed.unless_told(came)?;
        }
        self.resume_scrubs(&mut resumed).await?;
        Ok(resumed)
    }

    /// Steps 2 and 3 of a job.
    async fn resume(&self, key: RowKey, resumed: &mut Resumed) -> Result<()> {
        let job = self.found(self.as_stated(&key).await?).await?;
        let (id, subjects) = (job.row.key.id, job.subjects());
        match self.vacate(job).await {
            // Another process took the job up too, and is further.
            Err(error) if error.is(&CONFLICT) => {
                self.carried_out(id, subjects, error, resumed).await
            }
            vacated => {
                vacated?.left.into_iter().for_each(|left| resumed.leave(left));
                Ok(())
            }
        }
    }

    /// Step 4 of all jobs whose rows are gone.
    async fn resume_scrubs(&self, resumed: &mut Resumed) -> Result<()> {
        let mut waiting = Vec::new();
        for page in self.job_keys(&SCRUBBING).await?.chunks(SCAN_PAGE) {
            let rows = self.each_as_stated(page, resumed).await?;
            waiting.extend(rows.into_iter().map(|row| row.key));
        }
        if waiting.is_empty() {
            return Ok(());
        }
        if self.ports.keyring.scrub().await? == Scrub::Blocked {
            resumed.blocked = Some(BLOCKED.error().with("jobs", waiting.len()));
            return Ok(());
        }
        for page in waiting.chunks(SCAN_PAGE) {
            for row in self.each_as_stated(page, resumed).await? {
                let done = match self.found(row).await {
                    Ok(job) => self.scrubbed(job).await,
                    Err(error) => Err(error),
                };
                let done = done.map(|done| resumed.done.extend(done));
                resumed.unless_told(done)?;
            }
        }
        Ok(())
    }

    /// The rows of jobs that are the ones that the log states. Of many the log is read back once.
    async fn each_as_stated(&self, keys: &[RowKey], resumed: &mut Resumed) -> Result<Vec<Row>> {
        match self.checked(SubjectId::CONTROLLER, keys).await {
            Ok(rows) => return Ok(rows.into_iter().flatten().collect()),
            Err(error) if error.kind() == Kind::Integrity || error.is(&CONFLICT) => {}
            Err(error) => return Err(error),
        }
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            let row = self.as_stated(key).await.map(|row| rows.push(row));
            resumed.unless_told(row)?;
        }
        Ok(rows)
    }

    /// A job's row, if it is the one that the log states.
    async fn as_stated(&self, key: &RowKey) -> Result<Row> {
        let row = self.checked(key.subject, std::slice::from_ref(key)).await?.pop().flatten();
        row.ok_or_else(|| UNDER_WAY.error())
    }
}
