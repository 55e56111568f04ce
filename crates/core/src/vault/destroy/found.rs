//! A job found again after a process stopped: where its leaves stand.

use super::{JOB, Job, SCAN_PAGE, Vault};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{RowId, SubjectId};
use crate::leaf::Leaf;
use crate::policy::records::RESERVED;
use crate::ports::{LeafId, LogPosition};
use crate::row::{Row, state};
use crate::vault::codes::UNDER_WAY;

/// How many leaves of a subject are read at once: the one in question is among its last.
const PAGE: usize = 16;

impl Vault {
    /// The job of a row: with the place of its intent, or of the leaves that say what went.
    pub(super) async fn found(&self, row: Row) -> Result<Job> {
        let id = row.key.id;
        if row.state == state::PENDING {
            let intent = self.leaf_of(SubjectId::CONTROLLER, states(id)).await?;
            let (intent, _) = intent.ok_or_else(|| UNDER_WAY.error())?;
            let at = self.ports.store.places(&[intent]).await?;
            return Job::decode(row, at);
        }
        let gone = self.rows_gone(id).await?.ok_or_else(|| UNDER_WAY.error())?;
        let mut job = Job::decode(row, Vec::new())?;
        job.at = self.places_of(&job.subjects(), gone).await?;
        Ok(job)
    }

    /// When the rows of a job went, if they did.
    pub(super) async fn rows_gone(&self, job: RowId) -> Result<Option<Timestamp>> {
        let states = states(job);
        let gone = move |leaf: &Leaf| leaf.action == *"erasure.rows_gone" && states(leaf);
        let found = self.leaf_of(SubjectId::CONTROLLER, gone).await?;
        Ok(found.map(|(_, leaf)| leaf.at))
    }

    /// Where the leaves stand that say what went of each subject at that time. They are of one
    /// change and bear one time.
    pub(super) async fn places_of(
        &self,
        subjects: &[SubjectId],
        gone: Timestamp,
    ) -> Result<Vec<LogPosition>> {
        let mut leaves = Vec::with_capacity(subjects.len());
        for subject in subjects {
            let found = self.gone_of(*subject, gone).await?;
            leaves.push(found.ok_or_else(|| UNDER_WAY.error())?);
        }
        self.ports.store.places(&leaves).await
    }

    /// The leaf that says what went of a subject at that time, if anything did.
    pub(super) async fn gone_of(
        &self,
        subject: SubjectId,
        gone: Timestamp,
    ) -> Result<Option<LeafId>> {
        let done = move |leaf: &Leaf| leaf.action == *"erasure.done" && leaf.at == gone;
        Ok(self.leaf_of(subject, done).await?.map(|(leaf, _)| leaf))
    }

    /// Where the latest leaf stands that says what went of a subject's own data at `since` or later, if
    /// something did: [`receipt`](Vault::receipt) proves it. Records alone that went do not count.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn latest_erasure(
        &self,
        subject: SubjectId,
        since: Timestamp,
    ) -> Result<Option<LogPosition>> {
        let own = |(what, class): &(String, String)| {
            matches!(what.as_str(), "erased" | "archived" | "reduced")
                && !class.starts_with(RESERVED)
        };
        let done = move |leaf: &Leaf| {
            leaf.action == *"erasure.done" && leaf.at >= since && leaf.details.iter().any(own)
        };
        let Some((leaf, _)) = self.leaf_of(subject, done).await? else { return Ok(None) };
        Ok(self.ports.store.places(&[leaf]).await?.into_iter().next())
    }

    /// The latest leaf of a subject that is wanted, with its text.
    async fn leaf_of(
        &self,
        subject: SubjectId,
        wanted: impl Fn(&Leaf) -> bool + Send + Sync,
    ) -> Result<Option<(LeafId, Leaf)>> {
        // The controller has a leaf for almost everything; the one that states a job wrote its row.
        let (writes, page) = match subject {
            SubjectId::CONTROLLER => (true, SCAN_PAGE),
            _ => (false, PAGE),
        };
        let mut before = None;
        loop {
            let leaves = self.ports.store.leaves_of(subject, writes, before, page).await?;
            for stored in &leaves {
                before = Some(stored.id);
                let Some(bytes) = &stored.bytes else { continue };
                let leaf = Leaf::decode(bytes)?;
                if wanted(&leaf) {
                    return Ok(Some((stored.id, leaf)));
                }
            }
            if leaves.len() < page {
                return Ok(None);
            }
        }
    }
}

/// Whether a leaf states the row of a job.
fn states(job: RowId) -> impl Fn(&Leaf) -> bool + Copy + Send + Sync {
    move |leaf| leaf.rows.iter().any(|row| row.kind == JOB && row.id == job)
}
