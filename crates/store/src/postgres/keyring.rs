//! The safe.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use tacenda_core::clock::{Span, Timestamp};
use tacenda_core::error::Result;
use tacenda_core::id::SubjectId;
use tacenda_core::name::Name;
use tacenda_core::ports::store::{UNAVAILABLE, UNKNOWN_OUTCOME};
use tacenda_core::ports::{
    Fingerprint, KekId, KeyCopies, KeyId, KeyState, Keyring, LogPosition, NewKeys, SafeInit,
    SafeStatus, Scrub, Tombstone, WrapId, WrappedKey,
};

use super::database::{Database, again};
use super::migrate::SAFE;
use super::safe::{Call, Done, make};
use super::worker::Worker;
use super::{PostgresOptions, keys, scrub};

/// A [`Keyring`] in a PostgreSQL database, which should be another than the store's, on another
/// cluster, whose write-ahead log nobody archives.
///
/// # Properties
/// A destroyed key is blanked at once. Its former row is dead then: [`Keyring::scrub`] vacuums it
/// and has the write-ahead log recycled. PostgreSQL does not overwrite the bytes of a vacuumed row
/// or a recycled segment until it uses the room again; what was in them was wrapped under the master
/// key.
pub struct PostgresKeyring {
    database: Arc<Database>,
    worker: Worker,
}

impl PostgresKeyring {
    /// Connects, and makes the tables if they are missing. The URL is as for
    /// [`PostgresStore::open`](super::PostgresStore::open).
    ///
    /// # Errors
    /// As [`PostgresStore::open`](super::PostgresStore::open).
    pub async fn open(url: &str, options: PostgresOptions) -> Result<Self> {
        let database = Database::new(url, options)?;
        let worker = Worker::start()?;
        let begun = Arc::clone(&database);
        let begin =
            async move { again!(begun, client => SAFE.migrate(client, &begun.options.schema)) };
        worker.run(begin).await.unwrap_or_else(|_| UNAVAILABLE.err())?;
        Ok(Self { database, worker })
    }

    /// Whether the cluster archives its write-ahead log or feeds a replica: then copies of
    /// destroyed keys live on there for as long as whoever keeps them decides.
    ///
    /// # Errors
    /// The `store.*` codes.
    pub async fn is_archived(&self) -> Result<bool> {
        self.run(|db| async move { again!(db, c => scrub::is_archived(c)) }).await
    }

    async fn run<T, F>(&self, work: impl FnOnce(Arc<Database>) -> F + Send) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        self.database.open()?;
        let done = self.worker.run(work(Arc::clone(&self.database)));
        done.await.unwrap_or_else(|_| UNAVAILABLE.err())
    }

    async fn write(&self, call: Call) -> Result<Done> {
        self.database.open()?;
        let database = Arc::clone(&self.database);
        let done = self.worker.run(async move { make(&database, &call).await });
        done.await.unwrap_or_else(|_| UNKNOWN_OUTCOME.err())
    }
}

impl fmt::Debug for PostgresKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresKeyring")
    }
}

#[async_trait]
impl Keyring for PostgresKeyring {
    async fn status(&self) -> Result<Option<SafeStatus>> {
        self.run(|db| async move { again!(db, c => keys::status(c)) }).await
    }

    async fn initialise(&self, init: SafeInit) -> Result<()> {
        let attempted = AtomicBool::new(false);
        let work = move |db: Arc<Database>| async move {
            again!(db, c => keys::initialise(c, &init, &attempted))
        };
        self.run(work).await
    }

    async fn create(&self, new: NewKeys) -> Result<u64> {
        Ok(self.write(Call::Create(new)).await?.sequence)
    }

    async fn fetch(&self, keys: &[KeyId]) -> Result<Vec<KeyState>> {
        let keys = keys.to_vec();
        self.run(move |db| async move { again!(db, c => keys::fetch(c, &keys)) }).await
    }

    async fn keys_of(&self, subject: SubjectId) -> Result<Vec<(KeyId, KeyState)>> {
        Ok(self.keys_of_each(&[subject]).await?.pop().unwrap_or_default())
    }

    async fn keys_of_each(&self, subjects: &[SubjectId]) -> Result<Vec<Vec<(KeyId, KeyState)>>> {
        let subjects = subjects.to_vec();
        self.run(move |db| async move { again!(db, c => keys::keys_of_each(c, &subjects)) }).await
    }

    async fn destroy(&self, keys: &[KeyId], position: LogPosition, at: Timestamp) -> Result<u64> {
        let call = Call::Destroy { keys: keys.to_vec(), position, at };
        Ok(self.write(call).await?.sequence)
    }

    async fn scrub(&self) -> Result<Scrub> {
        self.run(|db| async move { again!(patiently db, c => scrub::scrub(c, "keys")) }).await
    }

    async fn copies(&self) -> Result<KeyCopies> {
        if !self.is_archived().await? {
            return Ok(KeyCopies::None);
        }
        let micros = |kept: std::time::Duration| i64::try_from(kept.as_micros()).ok();
        let kept = self.database.options.wal_copies_kept.and_then(micros);
        Ok(kept.map_or(KeyCopies::Unlimited, |kept| KeyCopies::KeptFor(Span::micros(kept))))
    }

    async fn tombstones(&self, after: Option<&KeyId>, limit: usize) -> Result<Vec<Tombstone>> {
        let after = after.cloned();
        let work = move |db: Arc<Database>| async move {
            again!(db, c => keys::tombstones(c, after.as_ref(), limit))
        };
        self.run(work).await
    }

    async fn live_keys(&self, after: Option<&KeyId>, limit: usize) -> Result<Vec<KeyId>> {
        let after = after.cloned();
        let work = move |db: Arc<Database>| async move {
            again!(db, c => keys::live_keys(c, after.as_ref(), limit))
        };
        self.run(work).await
    }

    async fn forget(&self, keys: &[KeyId]) -> Result<()> {
        self.write(Call::Forget(keys.to_vec())).await.map(|_| ())
    }

    async fn fingerprints(&self, of: &[Fingerprint]) -> Result<Vec<Option<SubjectId>>> {
        let of = of.to_vec();
        self.run(move |db| async move { again!(db, c => keys::fingerprints(c, &of)) }).await
    }

    async fn fingerprints_after(
        &self,
        after: Option<Fingerprint>,
        limit: usize,
    ) -> Result<Vec<(Fingerprint, SubjectId, Timestamp)>> {
        let work = move |db: Arc<Database>| async move {
            again!(db, c => keys::fingerprints_after(c, after, limit))
        };
        self.run(work).await
    }

    async fn forget_fingerprints(&self, before: Timestamp) -> Result<u64> {
        Ok(self.write(Call::ForgetFingerprints(before)).await?.count)
    }

    async fn secret(&self, name: &Name) -> Result<Option<WrappedKey>> {
        let name = name.clone();
        self.run(move |db| async move { again!(db, c => keys::secret(c, &name)) }).await
    }

    async fn secrets(&self) -> Result<Vec<(Name, WrappedKey)>> {
        self.run(|db| async move { again!(db, c => keys::secrets(c)) }).await
    }

    async fn add_secret(&self, name: &Name, secret: WrappedKey) -> Result<()> {
        self.write(Call::AddSecret(name.clone(), secret)).await.map(|_| ())
    }

    async fn raise_sequence(&self, sequence: u64) -> Result<()> {
        self.write(Call::RaiseSequence(sequence)).await.map(|_| ())
    }

    async fn keep_checkpoint(&self, head: LogPosition, checkpoint: &str) -> Result<()> {
        self.write(Call::KeepCheckpoint(head, checkpoint.to_owned())).await.map(|_| ())
    }

    async fn begin_rotation(&self, from: KekId, to: KekId) -> Result<()> {
        self.write(Call::BeginRotation(from, to)).await.map(|_| ())
    }

    async fn wrapped_otherwise(
        &self,
        kek: KekId,
        limit: usize,
    ) -> Result<Vec<(WrapId, WrappedKey)>> {
        let work = move |db: Arc<Database>| async move {
            again!(db, c => keys::wrapped_otherwise(c, kek, limit))
        };
        self.run(work).await
    }

    async fn rewrap(&self, changed: Vec<(WrapId, WrappedKey, WrappedKey)>) -> Result<()> {
        self.write(Call::Rewrap(changed)).await.map(|_| ())
    }

    async fn close(&self) -> Result<()> {
        self.database.close()?;
        self.database.disconnect();
        Ok(())
    }
}
