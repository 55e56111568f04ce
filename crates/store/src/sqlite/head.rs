//! The one row of the vault store's `head` table: its marks and the log's right edge.

use rusqlite::{Connection, OptionalExtension, params};
use tacenda_core::clock::Timestamp;
use tacenda_core::error::Result;
use tacenda_core::log::Frontier;
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::ports::{LogHead, PolicyMark, StoreInit, StoreStatus};

use super::connection::Head;
use super::fault::Fault;
use super::schema::{STORE, Schema};

/// `None` while the store is not marked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StoreHead(pub(super) Option<Marked>);

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Marked {
    init: StoreInit,
    pub(super) epoch: u32,
    pub(super) frontier: Frontier,
    pub(super) safe_sequence: u64,
    pub(super) policy: Option<PolicyMark>,
    pub(super) last_leaf_at: Option<Timestamp>,
}

impl StoreHead {
    pub(super) fn initialise(&mut self, init: StoreInit) -> Result<()> {
        if self.0.is_some() {
            return CONFLICT.err();
        }
        self.0 = Some(Marked {
            init,
            epoch: 1,
            frontier: Frontier::new(),
            safe_sequence: 0,
            policy: None,
            last_leaf_at: None,
        });
        Ok(())
    }

    pub(super) fn marked(&mut self) -> Result<&mut Marked> {
        let refusal = || BAD_REQUEST.error().with("reason", "store was never marked");
        self.0.as_mut().ok_or_else(refusal)
    }
}

impl Marked {
    pub(super) fn status(self) -> StoreStatus {
        StoreStatus {
            init: self.init,
            safe_sequence: self.safe_sequence,
            policy: self.policy,
            head: LogHead {
                epoch: self.epoch,
                size: self.frontier.size(),
                root: *self.frontier.root().as_bytes(),
            },
            last_leaf_at: self.last_leaf_at,
        }
    }
}

type Columns =
    (([u8; 16], [u8; 16]), (u32, Vec<u8>, i64), (Option<i64>, Option<[u8; 32]>), Option<i64>);

impl Head for StoreHead {
    fn schema() -> &'static Schema {
        &STORE
    }

    fn load(connection: &Connection) -> Result<Self, Fault> {
        let sql = "SELECT store, safe, epoch, frontier, safe_sequence, policy_version,
            policy_digest, last_leaf_at FROM head";
        let columns: Option<Columns> = connection
            .prepare_cached(sql)
            .and_then(|mut statement| {
                let row = statement.query_row([], |row| {
                    Ok((
                        (row.get(0)?, row.get(1)?),
                        (row.get(2)?, row.get(3)?, row.get(4)?),
                        (row.get(5)?, row.get(6)?),
                        row.get(7)?,
                    ))
                });
                row.optional()
            })
            .map_err(|error| Fault::of(&error))?;
        let Some(((store, safe), (epoch, frontier, sequence), policy, at)) = columns else {
            return Ok(Self(None));
        };
        let (version, digest) = policy;
        let policy = version.map(i64::cast_unsigned).zip(digest);
        Ok(Self(Some(Marked {
            init: StoreInit { store, safe },
            epoch,
            frontier: Frontier::decode(&frontier).map_err(|_| Fault::malformed())?,
            safe_sequence: sequence.cast_unsigned(),
            policy: policy.map(|(version, digest)| PolicyMark { version, digest }),
            last_leaf_at: at.map(Timestamp::from_micros),
        })))
    }

    fn save(&self, connection: &Connection) -> Result<(), Fault> {
        let Some(head) = &self.0 else { return Ok(()) };
        let sql = "INSERT INTO head (one, store, safe, epoch, frontier, safe_sequence,
            policy_version, policy_digest, last_leaf_at)
            VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT (one) DO UPDATE SET store = ?1, safe = ?2, epoch = ?3, frontier = ?4,
            safe_sequence = ?5, policy_version = ?6, policy_digest = ?7, last_leaf_at = ?8";
        let policy = head.policy.as_ref();
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement.execute(params![
                    head.init.store,
                    head.init.safe,
                    head.epoch,
                    head.frontier.encode(),
                    head.safe_sequence.cast_signed(),
                    policy.map(|mark| mark.version.cast_signed()),
                    policy.map(|mark| mark.digest),
                    head.last_leaf_at.map(Timestamp::as_micros),
                ])
            })
            .map(|_| ())
            .map_err(|error| Fault::of(&error))
    }
}
