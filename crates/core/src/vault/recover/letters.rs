//! Letters that waited when the backup was made: they may have gone since.

use super::super::{MODEL, Vault};
use super::{PAGE, Recovery};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::outbox;
use crate::policy::records::OUTBOX;
use crate::ports::{Expect, Scan};
use crate::row::Row;

impl Vault {
    /// Gives every letter up that waits, and none of those that are written after the repair.
    pub(super) async fn end_letters(&self, job: &Row, recovery: &mut Recovery) -> Result<()> {
        let under = (job.key.clone(), Expect::Version(job.version));
        let (kind, state) = (OUTBOX.kind.clone(), outbox::QUEUED);
        let (scan, mut after) = (Scan::Due { kind, state, until: Timestamp::MAX }, None);
        loop {
            let page = self.ports.store.scan(&scan, after.as_ref(), PAGE).await?;
            let decide = |opened: &_| outbox::restored(opened, self.now());
            let (ended, unread) =
                self.end_unclaimed(&OUTBOX, page.rows, &[MODEL], &under, decide).await?;
            recovery.letters_ended = recovery.letters_ended.saturating_add(ended);
            recovery.unread = recovery.unread.saturating_add(unread);
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}
