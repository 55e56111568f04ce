//! What was said since the backup and is lost with its rows, as far as the safe tells that it was said.

use super::super::{LostRecords, Vault};
use super::{PAGE, Recovery};
use crate::error::{Kind, Result};
use crate::ports::Expect;
use crate::ports::store::CONFLICT;
use crate::row::Row;

impl Vault {
    /// Counts the records that are lost, and does what they may have asked for.
    pub(super) async fn heed_lost_words(&self, job: &Row, recovery: &mut Recovery) -> Result<()> {
        let under = (job.key.clone(), Expect::Version(job.version));
        let mut after = None;
        recovery.lost = LostRecords::default();
        loop {
            let page = self.lost_records(after.as_ref(), PAGE).await?;
            for key in page.records {
                recovery.lost.count(key.kind);
                match self.heed_lost(&key, &under).await {
                    Err(error) if error.kind() == Kind::Unavailable || error.is(&CONFLICT) => {
                        return Err(error);
                    }
                    Err(error) if error.kind() == Kind::Integrity => {
                        recovery.unread = recovery.unread.saturating_add(1);
                    }
                    // It is about to go, or is gone.
                    Ok(_) | Err(_) => {}
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}
