//! The erasures under way that take something of somebody.

use super::{ATTEMPTS, Job, Result, Row, SCAN_PAGE, SubjectId, SubjectPlan, Vault, jobs_in, state};
use crate::error::Kind;
use crate::ports::store::CONFLICT;

/// What a job's row is to the log.
enum Standing {
    /// It is as the log says, or somebody altered one that the log has alive.
    UnderWay,
    /// The log knows nothing of it, or says that it is gone: somebody wrote it, or put it back.
    NotThere,
    /// It went on meanwhile.
    Moved,
}

impl Vault {
    /// The plans of erasures under way of whoever is named. The others' jobs are not compared with the
    /// log, which may be long before one that waits.
    ///
    /// # Errors
    /// `store.conflict` if jobs keep going on; the codes of the store.
    pub(super) async fn plans_pending(
        &self,
        named: impl Fn(SubjectId) -> bool,
    ) -> Result<Vec<SubjectPlan>> {
        for _ in 1..ATTEMPTS {
            if let Some(plans) = self.try_pending(&named).await? {
                return Ok(plans);
            }
        }
        self.try_pending(&named).await?.ok_or_else(|| CONFLICT.error())
    }

    /// `None` if a job went on meanwhile: whom it could not take is in another one by now.
    async fn try_pending(
        &self,
        named: impl Fn(SubjectId) -> bool,
    ) -> Result<Option<Vec<SubjectPlan>>> {
        let (scan, mut found, mut cursor) = (jobs_in(&state::PENDING), Vec::new(), None);
        loop {
            // One page at a time: of many jobs that wait the plans of everybody do not fit into memory.
            let page = self.ports.store.scan(&scan, cursor.as_ref(), SCAN_PAGE).await?;
            for row in page.rows {
                // A job that cannot be read is told by whoever resumes it, and keeps nobody out.
                let Ok(Job { row, mut plans, .. }) = Job::decode(row, Vec::new()) else { continue };
                plans.retain(|plan| named(plan.subject));
                if plans.is_empty() {
                    continue;
                }
                match self.standing_of(&row).await? {
                    Standing::UnderWay => found.extend(plans),
                    Standing::NotThere => {}
                    Standing::Moved => return Ok(None),
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(Some(found));
            }
        }
    }

    async fn standing_of(&self, row: &Row) -> Result<Standing> {
        let keys = std::slice::from_ref(&row.key);
        let error = match self.checked(row.key.subject, keys).await {
            Ok(now) if now.iter().flatten().any(|now| now == row) => return Ok(Standing::UnderWay),
            Ok(_) => return Ok(Standing::Moved),
            Err(error) if error.is(&CONFLICT) => return Ok(Standing::Moved),
            Err(error) => error,
        };
        if error.kind() != Kind::Integrity {
            return Err(error);
        }
        // What is altered is told by whoever resumes it, and keeps out as it did before: only of what
        // the log does not have alive is it known that nothing goes.
        Ok(match self.stated_alive(&row.key).await {
            Ok(false) => Standing::NotThere,
            Err(error) if error.kind() != Kind::Integrity => return Err(error),
            Ok(true) | Err(_) => Standing::UnderWay,
        })
    }
}
