//! Moving a customer store here from any other: rows, look-ups, log, keys, tombstones, fingerprints.
//!
//! It reads through the ports and knows nothing of the other store's files. The log goes on: every
//! leaf keeps its place and every receipt verifies. Leases stay behind.

mod keys;
mod rows;
mod verify;

use std::fmt;
use std::sync::Arc;

use tacenda_core::error::{Error, Result};
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::store::{UNAVAILABLE, UNKNOWN_OUTCOME};
use tacenda_core::ports::{Keyring, SafeStatus, Store, StoreStatus};

use super::database::Database;
use super::fault::Fault;
use super::migrate::{SAFE, STORE};
use super::worker::Worker;
use super::{PostgresKeyring, PostgresOptions, PostgresStore};

/// How much is read and written at once.
const PAGE: usize = 2_000;

/// The origin is read inside the transaction, and may take its time.
const BEGIN: &str = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0";

/// A store and its safe, to be moved. Nobody may write them meanwhile, or ever after.
#[derive(Clone)]
pub struct Origin {
    /// Rows and log.
    pub store: Arc<dyn Store>,
    /// Keys.
    pub keyring: Arc<dyn Keyring>,
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Origin(..)")
    }
}

/// What was moved, and found to be the same in both places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Adopted {
    /// Rows.
    pub rows: u64,
    /// Look-ups.
    pub lookups: u64,
    /// Leaves of the log, pruned ones among them.
    pub leaves: u64,
    /// Keys.
    pub keys: u64,
    /// Tombstones.
    pub tombstones: u64,
    /// Fingerprints of imported records.
    pub fingerprints: u64,
}

/// Both, as they were when the move began.
struct From {
    origin: Origin,
    store: StoreStatus,
    safe: SafeStatus,
}

/// Moves a store and its safe into two new PostgreSQL databases, and then compares every row, leaf,
/// key, tombstone and fingerprint in both. `told` hears after each page how far it is.
///
/// The keys go first, in one transaction, then rows and log in another: a database has all of it or
/// nothing. Cut off anywhere, the same call goes on: what is there whole is not moved again.
///
/// When it has answered, **destroy the old files**, the safe's first of all: no erasure here reaches
/// them, and whoever keeps both opens whomever is erased from now on, whatever the receipt says. A
/// store that goes on in two places also forks its log. An
/// [`audit`](tacenda_core::vault::Vault::audit) of the new one holds it against its log once more.
///
/// # Errors
/// `keys.older_copy`: an earlier call moved the keys and not the rows, and the origin has gone on since;
/// the database must be emptied, for it holds keys that the origin may have destroyed.
/// `store.bad_request`: the origin was never marked, it changed during the move, or a database holds
/// something else already. `store.corrupt`: a leaf of the origin is not what its hash says, or what
/// arrived is not what was sent. The `store.*` codes of [`PostgresStore::open`].
pub async fn adopt(
    origin: Origin,
    rows: &str,
    keys: &str,
    options: PostgresOptions,
    told: impl Fn(Adopted) + Send + Sync + 'static,
) -> Result<Adopted> {
    let from = Arc::new(From::of(origin).await?);
    let databases = (Database::new(rows, options.clone())?, Database::new(keys, options.clone())?);
    let worker = Worker::start()?;
    let ours = Arc::clone(&from);
    let moving = async move {
        let (rows, keys) = databases;
        let moved = move_all(&ours, &rows, &keys, &told).await;
        rows.disconnect();
        keys.disconnect();
        moved.map_err(Fault::error)
    };
    worker.run(moving).await.unwrap_or_else(|_| UNKNOWN_OUTCOME.err())?;
    from.is_unchanged().await?;
    let store = PostgresStore::open(rows, options.clone()).await?;
    let keyring = PostgresKeyring::open(keys, options).await?;
    let adopted = verify::compare(&from, &store, &keyring).await;
    store.close().await?;
    keyring.close().await?;
    adopted
}

impl From {
    async fn of(origin: Origin) -> Result<Self> {
        origin.store.settle().await?;
        let unmarked = || refused("nothing to move");
        let store = origin.store.status().await?.ok_or_else(unmarked)?;
        let safe = origin.keyring.status().await?.ok_or_else(unmarked)?;
        if (safe.store, safe.safe) != (store.init.store, store.init.safe) {
            return Err(refused("store and safe are no pair"));
        }
        Ok(Self { origin, store, safe })
    }

    /// Whether the origin is as it was when the move began.
    async fn is_unchanged(&self) -> Result<()> {
        let now = Self::of(self.origin.clone()).await?;
        if now.store == self.store && now.safe == self.safe {
            Ok(())
        } else {
            Err(refused("origin changed"))
        }
    }
}

fn refused(reason: &'static str) -> Error {
    BAD_REQUEST.error().with("reason", reason)
}

async fn move_all(
    from: &From,
    rows: &Database,
    keys: &Database,
    told: &(dyn Fn(Adopted) + Send + Sync),
) -> Result<(), Fault> {
    let mut adopted = Adopted::default();
    // Both are there, before anything is moved into one.
    let connected = async |database: &Database, name: &'static str| {
        let client = database.client().await;
        client.map_err(|fault| Fault::from(fault.error().with("database", name)))
    };
    let (client, of_keys) = (connected(rows, "rows").await?, connected(keys, "keys").await?);
    {
        let client = of_keys;
        SAFE.migrate(&client, &keys.options.schema).await?;
        client.batch_execute(BEGIN).await?;
        let moved = keys::move_safe(&client, from, &mut adopted, told).await;
        end(&client, from, moved).await?;
    }
    STORE.migrate(&client, &rows.options.schema).await?;
    client.batch_execute(BEGIN).await?;
    let moved = rows::move_store(&client, from, &mut adopted, told).await;
    end(&client, from, moved).await
}

/// Commits what was moved, unless it failed or is no longer what the origin holds.
async fn end(
    client: &deadpool_postgres::Client,
    from: &From,
    moved: Result<(), Fault>,
) -> Result<(), Fault> {
    // What does not fit together may be so because somebody wrote meanwhile: that is said first.
    let moved = from.is_unchanged().await.map_err(Fault::from).and(moved);
    match moved {
        Ok(()) => client.batch_execute("COMMIT").await.map_err(|_| UNAVAILABLE.error().into()),
        Err(fault) => {
            // If this fails too, the connection is gone, and the transaction with it.
            let _ = client.batch_execute("ROLLBACK").await;
            Err(fault)
        }
    }
}
