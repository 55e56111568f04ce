//! A safe that fails by plan.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tacenda_core::clock::Timestamp;
use tacenda_core::error::Result;
use tacenda_core::id::SubjectId;
use tacenda_core::name::Name;
use tacenda_core::ports::{
    Fingerprint, KekId, KeyCopies, KeyId, KeyState, Keyring, LogPosition, NewKeys, SafeInit,
    SafeStatus, Scrub, Tombstone, WrapId, WrappedKey,
};

use crate::fault::Faults;

/// A [`Keyring`] in front of another that cuts operations by a plan.
pub struct FailingKeyring {
    keyring: Arc<dyn Keyring>,
    faults: Faults,
    is_read: bool,
}

impl FailingKeyring {
    /// Puts a plan in front of a safe.
    #[must_use]
    pub fn new(keyring: Arc<dyn Keyring>, faults: Faults) -> Self {
        Self { keyring, faults, is_read: false }
    }

    /// Somebody reads the safe's old pages all the time: every scrub is blocked.
    #[must_use]
    pub const fn under_readers(mut self) -> Self {
        self.is_read = true;
        self
    }
}

impl fmt::Debug for FailingKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailingKeyring").field("faults", &self.faults).finish_non_exhaustive()
    }
}

#[async_trait]
impl Keyring for FailingKeyring {
    async fn status(&self) -> Result<Option<SafeStatus>> {
        self.faults.run(false, self.keyring.status()).await
    }

    async fn initialise(&self, init: SafeInit) -> Result<()> {
        self.faults.run(true, self.keyring.initialise(init)).await
    }

    async fn create(&self, new: NewKeys) -> Result<u64> {
        self.faults.run(true, self.keyring.create(new)).await
    }

    async fn fetch(&self, keys: &[KeyId]) -> Result<Vec<KeyState>> {
        self.faults.run(false, self.keyring.fetch(keys)).await
    }

    async fn keys_of(&self, subject: SubjectId) -> Result<Vec<(KeyId, KeyState)>> {
        self.faults.run(false, self.keyring.keys_of(subject)).await
    }

    async fn keys_of_each(&self, subjects: &[SubjectId]) -> Result<Vec<Vec<(KeyId, KeyState)>>> {
        self.faults.run(false, self.keyring.keys_of_each(subjects)).await
    }

    async fn destroy(&self, keys: &[KeyId], position: LogPosition, at: Timestamp) -> Result<u64> {
        self.faults.run(true, self.keyring.destroy(keys, position, at)).await
    }

    async fn scrub(&self) -> Result<Scrub> {
        let scrubbed = self.faults.run(true, self.keyring.scrub()).await?;
        Ok(if self.is_read { Scrub::Blocked } else { scrubbed })
    }

    async fn copies(&self) -> Result<KeyCopies> {
        self.faults.run(false, self.keyring.copies()).await
    }

    async fn tombstones(&self, after: Option<&KeyId>, limit: usize) -> Result<Vec<Tombstone>> {
        self.faults.run(false, self.keyring.tombstones(after, limit)).await
    }

    async fn live_keys(&self, after: Option<&KeyId>, limit: usize) -> Result<Vec<KeyId>> {
        self.faults.run(false, self.keyring.live_keys(after, limit)).await
    }

    async fn forget(&self, keys: &[KeyId]) -> Result<()> {
        self.faults.run(true, self.keyring.forget(keys)).await
    }

    async fn fingerprints(&self, of: &[Fingerprint]) -> Result<Vec<Option<SubjectId>>> {
        self.faults.run(false, self.keyring.fingerprints(of)).await
    }

    async fn fingerprints_after(
        &self,
        after: Option<Fingerprint>,
        limit: usize,
    ) -> Result<Vec<(Fingerprint, SubjectId, Timestamp)>> {
        self.faults.run(false, self.keyring.fingerprints_after(after, limit)).await
    }

    async fn forget_fingerprints(&self, before: Timestamp) -> Result<u64> {
        self.faults.run(true, self.keyring.forget_fingerprints(before)).await
    }

    async fn secret(&self, name: &Name) -> Result<Option<WrappedKey>> {
        self.faults.run(false, self.keyring.secret(name)).await
    }

    async fn secrets(&self) -> Result<Vec<(Name, WrappedKey)>> {
        self.faults.run(false, self.keyring.secrets()).await
    }

    async fn add_secret(&self, name: &Name, secret: WrappedKey) -> Result<()> {
        self.faults.run(true, self.keyring.add_secret(name, secret)).await
    }

    async fn raise_sequence(&self, sequence: u64) -> Result<()> {
        self.faults.run(true, self.keyring.raise_sequence(sequence)).await
    }

    async fn keep_checkpoint(&self, head: LogPosition, checkpoint: &str) -> Result<()> {
        self.faults.run(true, self.keyring.keep_checkpoint(head, checkpoint)).await
    }

    async fn begin_rotation(&self, from: KekId, to: KekId) -> Result<()> {
        self.faults.run(true, self.keyring.begin_rotation(from, to)).await
    }

    async fn wrapped_otherwise(
        &self,
        kek: KekId,
        limit: usize,
    ) -> Result<Vec<(WrapId, WrappedKey)>> {
        self.faults.run(false, self.keyring.wrapped_otherwise(kek, limit)).await
    }

    async fn rewrap(&self, changed: Vec<(WrapId, WrappedKey, WrappedKey)>) -> Result<()> {
        self.faults.run(true, self.keyring.rewrap(changed)).await
    }

    async fn close(&self) -> Result<()> {
        self.faults.run(true, self.keyring.close()).await
    }
}
