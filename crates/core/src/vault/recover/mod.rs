//! After a restore: what was erased since is erased again before anything can be read, and what the
//! rows of an earlier day would do a second time is ended.

mod grants;
mod job;
mod letters;
mod replay;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use super::codes::{BLOCKED, FORKED, PRUNED};
use super::journal::{Draft, hex};
use super::{Actor, LostRecords, NotMoved, Vault};
use crate::clock::Timestamp;
use crate::error::{Context, Result};
use crate::id::SubjectId;
use crate::leaf::Leaf;
use crate::log::leaf_hash;
use crate::name::Name;
use crate::ports::store::CONFLICT;
use crate::ports::{KeyCopies, KeyId, KeyState, LogPosition, Scrub};
use crate::row::RowKey;

use job::Repair;

/// What opening had to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovery {
    /// The rows were older than the safe.
    pub rows_restored: bool,
    /// The safe was older than the rows.
    pub safe_restored: bool,
    /// The end of the log in rows that were restored: what people and staff said later is lost with its
    /// rows, as far as nothing else here tells of it. [`Timestamp::MIN`] if nothing of the rows was
    /// left, `None` if none were restored.
    pub since: Option<Timestamp>,
    /// Letters that waited in rows that were restored and may have gone since: they are given up, so
    /// that nobody gets one twice.
    pub letters_ended: u64,
    /// Grants of staff in rows that were restored, which may have been revoked since: none of them counts
    /// until it is confirmed.
    pub grants_unconfirmed: u64,
    /// What was said since the backup, which went with the rows, and that the safe tells of;
    /// [`Vault::lost_records`] says whose the records are. Any other change of what was there already
    /// leaves no trace in the safe: a hold that was released holds again.
    pub lost: LostRecords,
    /// Records in rows that were restored that could not be looked at, since somebody altered them: an
    /// audit names them, and as long as they are so nothing comes of them.
    pub unread: u64,
    /// Rows of erased data that were there again, and went again.
    pub rows_erased_again: u64,
    /// Keys that were there again, and were destroyed again.
    pub keys_destroyed_again: u64,
    /// Which copies of destroyed keys the safe makes that no erasure reaches. Anything but
    /// [`KeyCopies::None`] is for the operator to end: see [`Keyring::copies`](crate::ports::Keyring).
    pub key_copies: KeyCopies,
    /// Whose items could not move to the class that the policy now has them in, altered or restricted
    /// as they are; the next opening, or [`Vault::move_items`], tries again. Nobody reads these items
    /// meanwhile.
    pub not_moved: NotMoved,
}

const PAGE: usize = 512;
const CONTROLLER: SubjectId = SubjectId::CONTROLLER;
/// The job row of a repair.
pub(super) const REPAIR: RowKey = RowKey::only(CONTROLLER, Name::fixed("repair"));

/// The action of the leaf with which an epoch begins: where the one before ended, and what was
/// signed last.
pub(super) const EPOCH_BEGUN: &str = "log.epoch_begun";

impl Vault {
    /// Begins the repair that a restored safe or restored rows need. It is a job row, so that a
    /// process killed in the middle of it is not taken for one that was done: the marks of the files
    /// no longer tell. [`Vault::finish_repair`] carries it out.
    pub(super) async fn recover(
        &self,
        rows_restored: bool,
        safe_restored: bool,
        heard: Option<LogPosition>,
    ) -> Result<Recovery> {
        let recovery = Recovery { rows_restored, safe_restored, ..Recovery::default() };
        let Some(store) = self.ports.store.status().await? else { return Ok(recovery) };
        let now = store.head.epoch;
        if rows_restored {
            let last = heard.map_or(now, |heard| heard.epoch).max(now);
            let ended = store.last_leaf_at.unwrap_or(Timestamp::MIN);
            let repair = Repair { epoch: last.saturating_add(1), rows: Some(ended) };
            self.begin_epoch(repair).await?;
        } else if let Some((_, repair)) = self.repair().await?.filter(|(_, job)| job.epoch > now) {
            // Killed between the first of these epochs and the last.
            self.begin_epoch(repair).await?;
        } else if safe_restored && !self.is_ours(now).await? {
            // Whoever lost the key that signs this log goes on with another.
            self.begin_epoch(Repair { epoch: now.saturating_add(1), rows: None }).await?;
        } else if safe_restored
            && let Some(job) = self.repair_job(Repair { epoch: now, rows: None }).await?
        {
            let leaf = self.leaf(self.now(), &Actor::system(), "safe.restored", CONTROLLER);
            let mut draft = Draft::new(0);
            draft.record(leaf, vec![job], &[]);
            match self.ports.store.commit(std::mem::take(draft.change())).await {
                // Another process begins the same.
                Err(error) if error.is(&CONFLICT) => {}
                other => drop(other?),
            }
        }
        Ok(recovery)
    }

    /// A log that lost its end goes on as a new one, which begins with the last checkpoint of the
    /// old: never a fork. Epochs are numbered without a gap; only the target is signed.
    async fn begin_epoch(&self, repair: Repair) -> Result<()> {
        loop {
            // The next epoch says where this one ended: with all that was committed.
            self.ports.store.settle().await?;
            let Some(store) = self.ports.store.status().await? else { return Ok(()) };
            let head = store.head;
            if head.epoch >= repair.epoch {
                // At once, so that the safe knows of the epoch.
                return self.checkpoint().await.map(|_| ());
            }
            let epoch = head.epoch.saturating_add(1);
            self.add_signing_key(epoch).await?;
            let safe = self.ports.keyring.status().await?;
            let mut leaf = self
                .leaf(self.now(), &Actor::system(), EPOCH_BEGUN, CONTROLLER)
                .detail("epoch", epoch)
                .detail("size", head.size)
                .detail("root", Context::published(&hex(&head.root)));
            if let Some((_, text)) = safe.as_ref().and_then(|safe| safe.checkpoint.as_ref()) {
                // A checkpoint is public: an origin, a size, a root and a signature.
                leaf = leaf.detail("checkpoint", Context::published(text));
            }
            let job = self.repair_job(repair).await?;
            let mut draft = Draft::new(safe.map_or(0, |safe| safe.sequence));
            draft.change().new_epoch = Some(epoch);
            draft.change().under = Some(self.policy.version);
            draft.record(leaf, job.into_iter().collect(), &[]);
            match self.ports.store.commit(std::mem::take(draft.change())).await {
                // Another process does the same: see how far it is.
                Err(error) if error.is(&CONFLICT) => {}
                other => drop(other?),
            }
        }
    }

    /// Carries out the repair that a restore began, now or in a process that was killed.
    pub(super) async fn finish_repair(&self, recovery: &mut Recovery) -> Result<()> {
        let Some((job, repair)) = self.repair().await? else { return Ok(()) };
        recovery.keys_destroyed_again += self.destroy_again().await?;
        recovery.rows_erased_again += self.replay_tombstones().await?;
        if let Some(ended) = repair.rows {
            recovery.rows_restored = true;
            recovery.since = Some(ended);
            recovery.unread = 0;
            self.suspend_grants(&job, recovery).await?;
            self.end_letters(&job, recovery).await?;
            self.heed_lost_words(&job, ended, recovery).await?;
        }
        // From now on the safe counts as the newest.
        let store = self.ports.store.status().await?;
        self.ports.keyring.raise_sequence(store.map_or(0, |store| store.safe_sequence)).await?;
        let mut leaf = self.leaf(self.now(), &Actor::system(), "restore.repaired", CONTROLLER);
        if let Some(ended) = repair.rows {
            leaf = leaf.detail("since", ended).detail("lost", recovery.lost.total());
        }
        let mut draft = Draft::new(0);
        draft.record(leaf, Vec::new(), &[job]);
        match self.commit(draft).await {
            // Another process finished it.
            Err(error) if error.is(&CONFLICT) => {}
            other => drop(other?),
        }
        self.checkpoint().await.map(|_| ())
    }

    /// Keys that the log says were destroyed, and that an older safe still holds, go again.
    async fn destroy_again(&self) -> Result<u64> {
        // An erasure whose leaf has no place yet is among them.
        self.ports.store.settle().await?;
        let Some(store) = self.ports.store.status().await? else { return Ok(0) };
        let mark = self.mark().await?.map(|mark| mark.before);
        let mut destroyed = 0;
        for epoch in 1..=store.head.epoch {
            let mut from = 0;
            loop {
                let leaves =
                    self.ports.store.leaves(epoch, from, from.saturating_add(PAGE as u64)).await?;
                if leaves.is_empty() {
                    break;
                }
                from = from.saturating_add(leaves.len() as u64);
                for stored in leaves {
                    let Some(position) = stored.position else { continue };
                    let Some(bytes) = stored.bytes else {
                        if mark.is_some_and(|mark| position < mark) {
                            continue;
                        }
                        // An erasure may have stood there.
                        let LogPosition { epoch, index } = position;
                        return Err(PRUNED.error().with("epoch", epoch).with("index", index));
                    };
                    if *leaf_hash(&bytes).as_bytes() != stored.hash {
                        return FORKED.err();
                    }
                    let keys = self.destroyed_by(&Leaf::decode(&bytes)?).await?;
                    if !keys.is_empty() {
                        let at = self.now();
                        self.ports.keyring.destroy(&keys, position, at).await?;
                        destroyed += keys.len() as u64;
                    }
                }
            }
        }
        if self.ports.keyring.scrub().await? == Scrub::Blocked {
            return BLOCKED.err();
        }
        Ok(destroyed)
    }

    /// The keys that a leaf of an erasure names and that the safe does not know to be destroyed.
    async fn destroyed_by(&self, leaf: &Leaf) -> Result<Vec<KeyId>> {
        if leaf.action != *"erasure.done" && leaf.action != *"erasure.replayed" {
            return Ok(Vec::new());
        }
        let mut erased: BTreeMap<Name, BTreeSet<u16>> = BTreeMap::new();
        let mut last = None;
        for (key, value) in &leaf.details {
            match (key.as_str(), &last) {
                ("erased", _) => {
                    let class = Name::parse(value)?;
                    erased.entry(class.clone()).or_default();
                    last = Some(class);
                }
                ("key", Some(class)) => {
                    let number = value.parse().map_err(|_| crate::codec::MALFORMED.error())?;
                    erased.entry(class.clone()).or_default().insert(number);
                }
                _ => {}
            }
        }
        let mut ids = BTreeSet::new();
        for (class, numbers) in erased {
            let first = KeyId::first(leaf.subject, class);
            // Those that this safe never saw get their tombstone all the same.
            ids.extend(numbers.iter().map(|number| KeyId { number: *number, ..first.clone() }));
            if numbers.is_empty() {
                ids.insert(first);
            }
        }
        let ids: Vec<_> = ids.into_iter().collect();
        let states = self.ports.keyring.fetch(&ids).await?;
        let gone = |state: &KeyState| matches!(state, KeyState::Destroyed(_));
        let keys = ids.into_iter().zip(states).filter(|(_, state)| !gone(state));
        let keys: Vec<_> = keys.map(|(id, _)| id).collect();
        Ok(keys)
    }
}
