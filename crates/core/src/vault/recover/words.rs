//! What was said since the backup and is lost with its rows, as far as the safe tells that it was said.

use super::super::{LostRecords, Vault};
use super::{PAGE, Recovery};
use crate::clock::Timestamp;
use crate::error::{Kind, Result};
use crate::ports::Expect;
use crate::ports::store::CONFLICT;
use crate::row::Row;

impl Vault {
    /// Counts the records that are lost, and does what they may have asked for.
    pub(super) async fn heed_lost_words(
        &self,
        job: &Row,
        ended: Timestamp,
        recovery: &mut Recovery,
    ) -> Result<()> {
        let under = (job.key.clone(), Expect::Version(job.version));
        let mut after = None;
        recovery.lost = LostRecords::default();
        for one in self.withdrawn_since(ended).await? {
            recovery.lost.withdrawals = recovery.lost.withdrawals.saturating_add(1);
            heeded(self.withdraw_again(one, &under).await, recovery)?;
        }
        loop {
            let page = self.lost_records(after.as_ref(), PAGE).await?;
            for key in page.records {
                recovery.lost.count(key.kind);
                heeded(self.heed_lost(&key, &under).await, recovery)?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

fn heeded(done: Result<bool>, recovery: &mut Recovery) -> Result<()> {
    match done {
        Err(error) if error.kind() == Kind::Unavailable || error.is(&CONFLICT) => Err(error),
        Err(error) if error.kind() == Kind::Integrity => {
            recovery.unread = recovery.unread.saturating_add(1);
            Ok(())
        }
        // It is about to go, or is gone.
        Ok(_) | Err(_) => Ok(()),
    }
}
