//! Wiring: a policy, a store, a safe, a master key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tacenda_core::memory::{MemoryKeyring, MemoryStore};
use tacenda_core::password::PasswordWorker;
use tacenda_core::policy::Policy;
use tacenda_core::ports::{Kek, Keyring, Store};
use tacenda_core::seal::LocalKek;
use tacenda_core::vault::{OnRestore, OpenOptions, Ports, Vault};
use tacenda_core::{Clock, Code, Kind, Result, Rng};

use crate::keys::{MasterKeySource, NO_KEY, OPEN_TO_OTHERS};
use crate::{PasswordThreads, Tacenda, zone};

/// No policy was given.
pub static NO_POLICY: Code =
    Code::new("builder.no_policy", Kind::Configuration, "no policy was given");
/// The policy file cannot be read.
pub static POLICY_UNREADABLE: Code =
    Code::new("builder.policy_unreadable", Kind::Configuration, "the policy file cannot be read");
/// The policy has errors; the cause lists them.
pub static POLICY_INVALID: Code =
    Code::new("builder.policy_invalid", Kind::Configuration, "the policy has errors");

/// No clock or no randomness was given, and without the feature `system` there is no other.
pub static NO_SYSTEM: Code = Code::new(
    "builder.no_system",
    Kind::Configuration,
    "no clock or no randomness was given, and this build does without those of the system",
);

/// Every code of this crate's wiring.
pub static CODES: &[&Code] =
    &[&NO_POLICY, &POLICY_UNREADABLE, &POLICY_INVALID, &NO_SYSTEM, &NO_KEY, &OPEN_TO_OTHERS];

enum PolicySource {
    File(PathBuf),
    Text(String),
    Parsed(Box<Policy>),
}

enum Stores {
    Memory,
    #[cfg(feature = "sqlite")]
    Sqlite {
        rows: PathBuf,
        safe: PathBuf,
    },
    #[cfg(feature = "postgres")]
    Postgres {
        rows: String,
        safe: String,
        options: Box<tacenda_store::postgres::PostgresOptions>,
    },
    Given {
        store: Arc<dyn Store>,
        keyring: Arc<dyn Keyring>,
    },
}

/// The key above the keys: one that this process holds, or one that is elsewhere.
enum MasterKey {
    Local(MasterKeySource),
    Elsewhere(Arc<dyn Kek>),
}

impl MasterKey {
    fn kek(self, rng: &Arc<dyn Rng>) -> Result<Arc<dyn Kek>> {
        Ok(match self {
            Self::Local(source) => Arc::new(LocalKek::new(&source.load()?, rng.clone())),
            Self::Elsewhere(kek) => kek,
        })
    }

    fn is_to_be_made(&self) -> bool {
        matches!(self, Self::Local(source) if source.is_to_be_made())
    }

    fn make(&self, begun: bool, rng: &dyn Rng) -> Result<()> {
        match self {
            Self::Local(source) => source.make(begun, rng),
            Self::Elsewhere(_) => Ok(()),
        }
    }
}

/// What a [`Tacenda`] is made of. The defaults: stores in memory, the master key from the
/// environment, the system's clock and randomness (with the feature `system`; without it both must be
/// given), a password thread per core.
pub struct Builder {
    policy: Option<PolicySource>,
    stores: Stores,
    master_key: MasterKey,
    former_master_key: Option<MasterKey>,
    on_restore: OnRestore,
    accept_clock: bool,
    clock: Option<Arc<dyn Clock>>,
    rng: Option<Arc<dyn Rng>>,
    passwords: Option<Arc<dyn PasswordWorker>>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            policy: None,
            stores: Stores::Memory,
            master_key: MasterKey::Local(MasterKeySource::default()),
            former_master_key: None,
            on_restore: OnRestore::default(),
            accept_clock: false,
            clock: system_clock(),
            rng: system_rng(),
            passwords: None,
        }
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Builder(..)")
    }
}

impl Builder {
    /// The policy, from a file.
    #[must_use]
    pub fn policy_file(mut self, path: impl AsRef<Path>) -> Self {
        self.policy = Some(PolicySource::File(path.as_ref().to_owned()));
        self
    }

    /// The policy, as text.
    #[must_use]
    pub fn policy_text(mut self, text: impl Into<String>) -> Self {
        self.policy = Some(PolicySource::Text(text.into()));
        self
    }

    /// The policy, parsed already.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(PolicySource::Parsed(Box::new(policy)));
        self
    }

    /// Rows and log in one SQLite file, keys in another. Both are made if they are not there.
    #[cfg(feature = "sqlite")]
    #[must_use]
    pub fn sqlite(mut self, rows: impl AsRef<Path>, safe: impl AsRef<Path>) -> Self {
        self.stores = Stores::Sqlite { rows: rows.as_ref().into(), safe: safe.as_ref().into() };
        self
    }

    /// Rows and log in one PostgreSQL database, keys in another, which should be on another cluster:
    /// both by URL. The tables are made if they are not there. Many processes may use them at once.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn postgres(self, rows: impl Into<String>, safe: impl Into<String>) -> Self {
        self.postgres_with(rows, safe, tacenda_store::postgres::PostgresOptions::default())
    }

    /// [`Builder::postgres`] with the schema, the timeouts and the number of connections told.
    #[cfg(feature = "postgres")]
    #[must_use]
    pub fn postgres_with(
        mut self,
        rows: impl Into<String>,
        safe: impl Into<String>,
        options: tacenda_store::postgres::PostgresOptions,
    ) -> Self {
        let options = Box::new(options);
        self.stores = Stores::Postgres { rows: rows.into(), safe: safe.into(), options };
        self
    }

    /// A store and a safe of the caller's own.
    #[must_use]
    pub fn stores(mut self, store: Arc<dyn Store>, keyring: Arc<dyn Keyring>) -> Self {
        self.stores = Stores::Given { store, keyring };
        self
    }

    /// Where the master key comes from.
    #[must_use]
    pub fn master_key(mut self, source: MasterKeySource) -> Self {
        self.master_key = MasterKey::Local(source);
        self
    }

    /// The master key before, for as long as [`Tacenda::rotate_master_key`] has not finished.
    #[must_use]
    pub fn former_master_key(mut self, source: MasterKeySource) -> Self {
        self.former_master_key = Some(MasterKey::Local(source));
        self
    }

    /// A master key that this process does not hold, in the place of [`Builder::master_key`]: a KMS
    /// behind the [`Kek`] port.
    #[must_use]
    pub fn kek(mut self, kek: Arc<dyn Kek>) -> Self {
        self.master_key = MasterKey::Elsewhere(kek);
        self
    }

    /// A former master key that this process does not hold, in the place of
    /// [`Builder::former_master_key`].
    #[must_use]
    pub fn former_kek(mut self, kek: Arc<dyn Kek>) -> Self {
        self.former_master_key = Some(MasterKey::Elsewhere(kek));
        self
    }

    /// What to do about rows or a safe that were restored; by default, to refuse.
    #[must_use]
    pub const fn on_restore(mut self, on_restore: OnRestore) -> Self {
        self.on_restore = on_restore;
        self
    }

    /// Opens although the clock is behind the last entry of the log, once: for a clock that was
    /// ahead when that was written and has been set right. The log records it.
    #[must_use]
    pub const fn accept_clock(mut self) -> Self {
        self.accept_clock = true;
        self
    }

    /// Another clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Another source of randomness.
    #[must_use]
    pub fn rng(mut self, rng: Arc<dyn Rng>) -> Self {
        self.rng = Some(rng);
        self
    }

    /// Where Argon2id runs.
    #[must_use]
    pub fn passwords(mut self, worker: Arc<dyn PasswordWorker>) -> Self {
        self.passwords = Some(worker);
        self
    }

    /// Opens it: checks everything against everything, and finishes what a killed process left.
    ///
    /// # Errors
    /// `builder.*` for the policy, `keys.*` for the master key (said before any write), the codes
    /// of [`Vault::open`] and of the stores.
    pub async fn open(self) -> Result<Tacenda> {
        let policy = load(self.policy)?;
        let zone = zone(&policy.time_zone)?;
        let clock = self.clock.ok_or_else(|| NO_SYSTEM.error().field_is("clock"))?;
        let rng = self.rng.ok_or_else(|| NO_SYSTEM.error().field_is("rng"))?;
        let former_kek = self.former_master_key.map(|key| key.kek(&rng)).transpose()?;
        let (kek, (store, keyring)) = if self.master_key.is_to_be_made() {
            // Only the safe knows whether a key is missing or none was made yet.
            let (store, keyring) = open_stores(self.stores).await?;
            self.master_key.make(keyring.status().await?.is_some(), &*rng)?;
            (self.master_key.kek(&rng)?, (store, keyring))
        } else {
            (self.master_key.kek(&rng)?, open_stores(self.stores).await?)
        };
        let passwords = self.passwords.unwrap_or_else(|| Arc::new(PasswordThreads::per_core()));
        let ports = Ports { store, keyring, kek, former_kek, clock, rng, zone, passwords };
        let options = OpenOptions { on_restore: self.on_restore, accept_clock: self.accept_clock };
        let (vault, recovery) = Vault::open(policy, ports, options).await?;
        match vault.resume_destroys().await {
            // Somebody still reads old pages of the safe: it will be finished later. Or somebody altered
            // what one of them is about: `erasure().resume()` and the job `erasures` go on saying so.
            Err(error)
                if error.is(&tacenda_core::vault::codes::BLOCKED)
                    || error.kind() == Kind::Integrity => {}
            other => {
                other?;
            }
        }
        Ok(Tacenda { vault: Arc::new(vault), recovery })
    }
}

#[cfg(feature = "system")]
fn system_clock() -> Option<Arc<dyn Clock>> {
    Some(Arc::new(crate::SystemClock))
}

#[cfg(feature = "system")]
fn system_rng() -> Option<Arc<dyn Rng>> {
    Some(Arc::new(crate::SystemRng))
}

#[cfg(not(feature = "system"))]
fn system_clock() -> Option<Arc<dyn Clock>> {
    None
}

#[cfg(not(feature = "system"))]
fn system_rng() -> Option<Arc<dyn Rng>> {
    None
}

fn load(source: Option<PolicySource>) -> Result<Policy> {
    let text = match source {
        None => return NO_POLICY.err(),
        Some(PolicySource::Parsed(policy)) => return Ok(*policy),
        Some(PolicySource::Text(text)) => text,
        Some(PolicySource::File(path)) => std::fs::read_to_string(path)
            .map_err(|error| POLICY_UNREADABLE.error().caused_by(error))?,
    };
    Policy::parse(&text).map_err(|problems| POLICY_INVALID.error().caused_by(problems))
}

type Opened = (Arc<dyn Store>, Arc<dyn Keyring>);

async fn open_stores(stores: Stores) -> Result<Opened> {
    Ok(match stores {
        Stores::Memory => (Arc::new(MemoryStore::default()), Arc::new(MemoryKeyring::default())),
        Stores::Given { store, keyring } => (store, keyring),
        #[cfg(feature = "sqlite")]
        Stores::Sqlite { rows, safe } => {
            use tacenda_store::sqlite::{SqliteKeyring, SqliteOptions, SqliteStore};
            let store = SqliteStore::open(rows, SqliteOptions::default())?;
            let keyring = SqliteKeyring::open(safe, SqliteOptions::default())?;
            (Arc::new(store), Arc::new(keyring))
        }
        #[cfg(feature = "postgres")]
        Stores::Postgres { rows, safe, options } => {
            use tacenda_store::postgres::{PostgresKeyring, PostgresStore};
            let store = PostgresStore::open(&rows, (*options).clone()).await?;
            let keyring = PostgresKeyring::open(&safe, *options).await?;
            (Arc::new(store), Arc::new(keyring))
        }
    })
}

#[cfg(test)]
mod tests {
    use tacenda_core::Timestamp;
    use tacenda_core::clock::FixedClock;
    use tacenda_core::seal;

    use super::*;

    const POLICY: &str = include_str!("../../../examples/glpi-network-cloud/privacy.toml");

    struct Zeros;

    impl Rng for Zeros {
        fn fill(&self, out: &mut [u8]) {
            out.fill(0);
        }
    }

    #[test]
    fn a_build_without_the_system_must_be_given_clock_and_randomness() {
        let given = || {
            let key = MasterKeySource::Given(seal::MasterKey::generate(&Zeros));
            Builder::default().policy_text(POLICY).master_key(key)
        };
        let no_clock = Builder { clock: None, ..given() };
        let no_rng = Builder { rng: None, ..given().clock(Arc::new(FixedClock(Timestamp::MAX))) };
        for (builder, field) in [(no_clock, "clock"), (no_rng, "rng")] {
            let error = pollster::block_on(builder.open()).unwrap_err();
            assert!(error.is(&NO_SYSTEM), "{error}");
            assert_eq!(error.field().as_deref(), Some(field));
        }
    }
}
