//! Withdrawn consents that outlive the rows: a backup of before would read by the consent again.
//!
//! A withdrawal changes the record of a consent, which has a key already, so that the safe would know
//! nothing of it. So it leaves a tombstone of a key that never was, before its change commits. After
//! a restore the tombstones since the backup say who withdrew something; to which purpose they do not.

use std::collections::BTreeMap;

use super::journal::Draft;
use super::open::SKEW;
use super::{Actor, StanceChange, Vault};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{RowId, SubjectId};
use crate::name::Name;
use crate::ports::{Expect, KeyId, LogPosition};
use crate::row::RowKey;

/// The class of the tombstones. No row is of it.
pub(super) const WITHDRAWN: Name = Name::fixed("tacenda.withdrawn");

const PAGE: usize = 512;

impl Vault {
    /// Notes in the safe that a person withdraws a consent now, before the change that says so commits:
    /// whoever is stopped in between has a note too many. A change of how a person stands to purposes
    /// does so by itself.
    ///
    /// # Law
    /// Art. 7(3) GDPR: no restore undoes a withdrawal.
    ///
    /// # Errors
    /// The codes of the ports.
    pub async fn note_withdrawal(&self, subject: SubjectId) -> Result<()> {
        let known = self.ports.keyring.keys_of(subject).await?;
        let notes = known.iter().map(|(key, _)| key).filter(|key| key.class == WITHDRAWN);
        let last = notes.map(|key| key.number).max();
        let number = last.map_or(0, |last| last.saturating_add(1));
        let note = KeyId { number, ..KeyId::first(subject, WITHDRAWN) };
        // The safe must have heard of no leaf that there is not.
        let head = self.ports.store.status().await?.map(|status| status.head);
        let at = head.and_then(|head| Some((head.epoch, head.size.checked_sub(1)?)));
        let position = at.map_or(LogPosition { epoch: 1, index: 0 }, |(epoch, index)| {
            LogPosition { epoch, index }
        });
        self.ports.keyring.destroy(&[note], position, self.now()).await.map(drop)
    }

    /// [`Vault::note_withdrawal`], if one of the changes is a withdrawal.
    pub(super) async fn note_withdrawals(
        &self,
        subject: SubjectId,
        changes: &[StanceChange],
    ) -> Result<()> {
        let is_one =
            |change: &StanceChange| matches!(change, StanceChange::ConsentWithdrawn { .. });
        if changes.iter().any(is_one) { self.note_withdrawal(subject).await } else { Ok(()) }
    }

    /// Who has withdrawn a consent since the end of a log that was restored, and when last.
    pub(super) async fn withdrawn_since(
        &self,
        ended: Timestamp,
    ) -> Result<BTreeMap<SubjectId, Timestamp>> {
        // A note may be older than the change that it is for, and clocks of two machines differ.
        let since = ended.minus(SKEW);
        let (mut found, mut after) = (BTreeMap::new(), None);
        loop {
            let page = self.ports.keyring.tombstones(after.as_ref(), PAGE).await?;
            for stone in page.iter().filter(|one| one.key.class == WITHDRAWN && one.at >= since) {
                let last = found.entry(stone.key.subject).or_insert(stone.at);
                *last = (*last).max(stone.at);
            }
            if page.len() < PAGE {
                return Ok(found);
            }
            after = page.into_iter().next_back().map(|stone| stone.key);
        }
    }

    /// Withdraws every consent of somebody in rows that were restored who has withdrawn one since, while
    /// `under` stands; whether one stood.
    ///
    /// # Errors
    /// The integrity codes; the codes of the ports.
    pub(super) async fn withdraw_again(
        &self,
        (subject, at): (SubjectId, Timestamp),
        under: &(RowKey, Expect),
    ) -> Result<bool> {
        let Some(stance) = self.stance(subject).await? else { return Ok(false) };
        let purposes = stance.consents.keys().cloned();
        let ends: Vec<_> =
            purposes.map(|purpose| StanceChange::ConsentWithdrawn { purpose, at }).collect();
        if ends.is_empty() {
            return Ok(false);
        }
        let (mut draft, mut writes) = (Draft::new(0), Vec::new());
        let seen = Some(&stance);
        self.take_stance(subject, RowId::ONLY, seen, &ends, (&mut draft, &mut writes)).await?;
        let leaf = self.leaf(self.now(), &Actor::system(), "restore.heeded", subject);
        let mut leaf = leaf.detail("kind", "withdrawal");
        for purpose in stance.consents.keys() {
            leaf = leaf.detail("purpose", purpose);
        }
        draft.record(leaf, writes, &[]);
        draft.require(under.0.clone(), under.1);
        self.commit(draft).await.map(|_| true)
    }
}
