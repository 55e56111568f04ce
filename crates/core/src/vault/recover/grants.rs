//! Grants that a restore brought back: each may have been revoked since, and none counts until somebody
//! has confirmed it.

use super::super::codes::ALTERED_ROW;
use super::super::journal::{Draft, next_version};
use super::super::records::place_of;
use super::super::{Actor, Vault};
use super::{PAGE, Recovery};
use crate::clock::Timestamp;
use crate::error::{Kind, Result};
use crate::policy::records::{GRANTED, GRANTS, UNCONFIRMED};
use crate::ports::{Expect, KeyId, Scan};
use crate::row::{Row, state};

impl Vault {
    /// Takes every grant out of force. One that somebody altered is closed for good, so that nobody who
    /// puts it back as it was has a grant by it.
    ///
    /// # Law
    /// Art. 32(4) GDPR.
    pub(super) async fn suspend_grants(&self, job: &Row, recovery: &mut Recovery) -> Result<()> {
        let (kind, state) = (GRANTS.kind.clone(), GRANTED);
        let (scan, mut after) = (Scan::Due { kind, state, until: Timestamp::MAX }, None);
        loop {
            let page = self.ports.store.scan(&scan, after.as_ref(), PAGE).await?;
            self.suspend_each(page.rows, job, recovery).await?;
            after = page.next;
            if after.is_none() {
                return self.suspend_hidden(job, recovery).await;
            }
        }
    }

    /// Whoever writes rows can have one found in no scan for as long as it takes: the safe knows where
    /// each grant lies.
    async fn suspend_hidden(&self, job: &Row, recovery: &mut Recovery) -> Result<()> {
        let mut after: Option<KeyId> = None;
        loop {
            let keys = self.ports.keyring.live_keys(after.as_ref(), PAGE).await?;
            after = keys.last().filter(|_| keys.len() >= PAGE).cloned();
            let of_grants = keys.iter().filter(|key| key.class == GRANTS.class);
            let places = of_grants.filter_map(|key| place_of(key.subject, &key.class, key.number));
            let places: Vec<_> = places.collect();
            if !places.is_empty() {
                let rows = self.ports.store.rows(&places).await?;
                self.suspend_each(rows.into_iter().flatten().collect(), job, recovery).await?;
            }
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Takes those of these rows out of force that are in force or may be.
    async fn suspend_each(&self, rows: Vec<Row>, job: &Row, recovery: &mut Recovery) -> Result<()> {
        let (mut draft, mut suspended, mut altered) = (Draft::new(0), 0u64, 0u64);
        for row in rows {
            let leaf =
                self.leaf(self.now(), &Actor::system(), "grant.unconfirmed", row.key.subject);
            let (leaf, row) = match self.is_sound(&row).await? {
                true if row.state != GRANTED => continue,
                true => {
                    suspended = suspended.saturating_add(1);
                    (leaf, Row { state: UNCONFIRMED, ..row })
                }
                false => {
                    altered = altered.saturating_add(1);
                    let (anchor_at, tokens) = (Some(self.now()), Vec::new());
                    let state = state::CLOSED;
                    let closed = Row { state, anchor_at, due_at: None, tokens, ..row };
                    (leaf.detail("code", ALTERED_ROW.error().code()), closed)
                }
            };
            draft.record(leaf, vec![next_version(row)], &[]);
        }
        if !draft.is_empty() {
            draft.require(job.key.clone(), Expect::Version(job.version));
            self.commit(draft).await?;
        }
        recovery.grants_unconfirmed = recovery.grants_unconfirmed.saturating_add(suspended);
        recovery.unread = recovery.unread.saturating_add(altered);
        Ok(())
    }

    /// Whether a row is what the log states.
    async fn is_sound(&self, row: &Row) -> Result<bool> {
        match self.checked(row.key.subject, std::slice::from_ref(&row.key)).await {
            Ok(found) => Ok(found.into_iter().flatten().any(|found| found == *row)),
            Err(error) if error.kind() == Kind::Integrity => Ok(false),
            Err(error) => Err(error),
        }
    }
}
