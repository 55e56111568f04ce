//! After a restore: what was erased since is erased again before anything can be read.

use std::collections::{BTreeMap, BTreeSet};

use super::destroy::archived;
use super::journal::Draft;
use super::keys::signing_key;
use super::{Actor, Vault};
use crate::error::{Context, Result};
use crate::id::SubjectId;
use crate::leaf::Leaf;
use crate::name::Name;
use crate::ports::{Expect, KeyId, KeyState, LogPosition, RowWrite, Scan, Tombstone};
use crate::row::{Row, RowKey, state};
use crate::seal::Body;

/// What opening had to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovery {
    /// The rows were older than the safe.
    pub rows_restored: bool,
    /// The safe was older than the rows.
    pub safe_restored: bool,
    /// Rows of erased data that were there again, and went again.
    pub rows_erased_again: u64,
    /// Keys that were there again, and were destroyed again.
    pub keys_destroyed_again: u64,
}

const PAGE: usize = 512;
const CONTROLLER: SubjectId = SubjectId::CONTROLLER;

/// The job row of a repair under way.
fn repair() -> RowKey {
    RowKey::only(CONTROLLER, Name::fixed("repair"))
}

impl Vault {
    pub(super) async fn recover(
        &self,
        rows_restored: bool,
        safe_restored: bool,
        heard: Option<LogPosition>,
    ) -> Result<Recovery> {
        let mut recovery = Recovery { rows_restored, safe_restored, ..Recovery::default() };
        let Some(store) = self.ports.store.status().await? else { return Ok(recovery) };
        // Whoever lost the key that signs this log goes on with another.
        let key = self.ports.keyring.secret(&signing_key(store.head.epoch)).await?;
        if rows_restored || (safe_restored && key.is_none()) {
            self.begin_epoch(heard).await?;
        } else if safe_restored {
            let leaf = self.leaf(self.now(), &Actor::system(), "safe.restored", CONTROLLER);
            self.begin_repair(Draft::new(0), leaf).await?;
        }
        let job = self.ports.store.rows(&[repair()]).await?.pop().flatten();
        if let Some(job) = job {
            recovery.keys_destroyed_again = self.destroy_again().await?;
            recovery.rows_erased_again = self.replay_tombstones().await?;
            // From now on the safe counts as the newest.
            self.ports.keyring.raise_sequence(store.safe_sequence).await?;
            let leaf = self.leaf(self.now(), &Actor::system(), "restore.repaired", CONTROLLER);
            let mut draft = Draft::new(0);
            draft.record(leaf, Vec::new(), std::slice::from_ref(&job));
            self.commit(draft).await?;
        }
        Ok(recovery)
    }

    /// A log that lost its end goes on as a new one, which begins with the last checkpoint of the
    /// old: never a fork.
    async fn begin_epoch(&self, heard: Option<LogPosition>) -> Result<()> {
        let Some(store) = self.ports.store.status().await? else { return Ok(()) };
        let last = heard.map_or(0, |heard| heard.epoch).max(store.head.epoch);
        let safe = self.ports.keyring.status().await?;
        let checkpoint = safe.and_then(|safe| safe.checkpoint).map(|(_, text)| text);
        for epoch in store.head.epoch.saturating_add(1)..=last.saturating_add(1) {
            self.add_signing_key(epoch).await?;
            let mut leaf = self
                .leaf(self.now(), &Actor::system(), "log.epoch_begun", CONTROLLER)
                .detail("epoch", epoch);
            if let Some(text) = &checkpoint {
                // A checkpoint is public: an origin, a size, a root and a signature.
                leaf = leaf.detail("checkpoint", Context::published(text));
            }
            let mut draft = Draft::new(0);
            draft.change().new_epoch = Some(epoch);
            self.begin_repair(draft, leaf).await?;
        }
        Ok(())
    }

    /// The repair is a job row, so that a process killed in the middle of it is not taken for one
    /// that was done: the marks of the files no longer tell.
    async fn begin_repair(&self, mut draft: Draft, leaf: Leaf) -> Result<()> {
        let before = self.ports.store.rows(&[repair()]).await?.pop().flatten();
        let row = Row {
            key: repair(),
            class: None,
            state: state::PENDING,
            held: false,
            anchor_at: None,
            due_at: None,
            version: 1,
            tokens: Vec::new(),
            body: Vec::new(),
        };
        let write = RowWrite { row, expect: Expect::Absent };
        draft.record(leaf, before.is_none().then_some(write).into_iter().collect(), &[]);
        // No checkpoint is signed before the repair is done.
        self.ports.store.commit(std::mem::take(draft.change())).await?;
        Ok(())
    }

    /// Rows whose keys were destroyed go, whatever the restored store says about them. By subject
    /// and class, never by a row's number: a restored store numbers nothing anew.
    async fn replay_tombstones(&self) -> Result<u64> {
        let (mut erased, mut after) = (0, None::<KeyId>);
        loop {
            let page = self.ports.keyring.tombstones(after.as_ref(), PAGE).await?;
            let last = page.len() < PAGE;
            after = page.last().map(|tombstone| tombstone.key.clone());
            for tombstone in page {
                erased += self.replay(&tombstone).await?;
            }
            if last {
                return Ok(erased);
            }
        }
    }

    async fn replay(&self, tombstone: &Tombstone) -> Result<u64> {
        let KeyId { subject, class, number } = &tombstone.key;
        let (mut rows, mut others, mut cursor) = (Vec::new(), Vec::new(), None);
        loop {
            let scan = Scan::Subject(*subject);
            let page = self.ports.store.scan(&scan, cursor.as_ref(), PAGE).await?;
            for row in page.rows {
                match row.class.as_ref() == Some(class) {
                    true if is_sealed_by(&row, *number) => rows.push(row),
                    true => {}
                    false => others.push(row),
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        if rows.is_empty() {
            return Ok(0);
        }
        let mut leaf = self
            .leaf(self.now(), &Actor::system(), "erasure.replayed", *subject)
            .detail("erased", class);
        if *number > 0 {
            leaf = leaf.detail("keys", *number);
        }
        leaf = leaf.detail("destroyed_at", tombstone.at);
        // The account took everything with it but what a law keeps: that goes to the archive again.
        let mut writes = Vec::new();
        for row in others {
            let Some(kept) = row.class.clone().filter(|_| *class == *self.policy.primary_class())
            else {
                continue;
            };
            if row.state == state::LIVE {
                writes.push(archived(row, &self.items_of_laws(&kept), Some(tombstone.at))?);
                leaf = leaf.detail("archived", &kept);
            }
        }
        let mut draft = Draft::new(0);
        draft.record(leaf, writes, &rows);
        self.commit(draft).await?;
        Ok(rows.len() as u64)
    }

    /// The items of a class that any law of the policy asks for: of the account's facts, which would
    /// say more, the key is gone.
    fn items_of_laws(&self, class: &Name) -> BTreeSet<Name> {
        let every = self.policy.facts.keys().cloned().collect();
        self.policy.archived(class, &every).into_iter().flat_map(|(_, items)| items).collect()
    }

    /// Keys that the log says were destroyed, and that an older safe still holds, go again.
    async fn destroy_again(&self) -> Result<u64> {
        let Some(store) = self.ports.store.status().await? else { return Ok(0) };
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
                    let Some(bytes) = stored.bytes else { continue };
                    let keys = self.destroyed_by(&Leaf::decode(&bytes)?).await?;
                    if !keys.is_empty() {
                        let at = self.now();
                        self.ports.keyring.destroy(&keys, stored.position, at).await?;
                        destroyed += keys.len() as u64;
                    }
                }
            }
        }
        self.ports.keyring.scrub().await?;
        Ok(destroyed)
    }

    /// The keys that a leaf of an erasure names and that the safe does not know to be destroyed.
    async fn destroyed_by(&self, leaf: &Leaf) -> Result<Vec<KeyId>> {
        if leaf.action != *"erasure.done" && leaf.action != *"erasure.replayed" {
            return Ok(Vec::new());
        }
        let mut erased: BTreeMap<Name, u16> = BTreeMap::new();
        let mut last = None;
        for (key, value) in &leaf.details {
            match (key.as_str(), &last) {
                ("erased", _) => {
                    let class = Name::parse(value)?;
                    erased.insert(class.clone(), 0);
                    last = Some(class);
                }
                ("keys", Some(class)) => {
                    let number = value.parse().map_err(|_| crate::codec::MALFORMED.error())?;
                    erased.insert(class.clone(), number);
                }
                _ => {}
            }
        }
        // Of the numbers up to the last one only those that the safe knows can be live.
        let known = self.ports.keyring.keys_of(leaf.subject).await?;
        let mut ids: BTreeSet<_> =
            erased.keys().map(|class| KeyId::first(leaf.subject, class.clone())).collect();
        let within = |key: &KeyId| erased.get(&key.class).is_some_and(|last| key.number <= *last);
        ids.extend(known.into_iter().map(|(key, _)| key).filter(within));
        let ids: Vec<_> = ids.into_iter().collect();
        let states = self.ports.keyring.fetch(&ids).await?;
        let gone = |state: &KeyState| matches!(state, KeyState::Destroyed(_));
        let keys = ids.into_iter().zip(states).filter(|(_, state)| !gone(state));
        let keys: Vec<_> = keys.map(|(id, _)| id).collect();
        Ok(keys)
    }
}

/// Whether the key with this number sealed the row; a row that cannot tell goes.
fn is_sealed_by(row: &Row, number: u16) -> bool {
    let sealed = Body::decode(&row.body).ok().and_then(|body| body.key_number());
    sealed.is_none_or(|sealed| sealed == number)
}
