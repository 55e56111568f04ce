//! The PostgreSQL store, against plain statements on the same server, in turns. A cluster is made for
//! the run, with `fsync` and everything as in production, and removed afterwards.

pub(crate) mod claims;
pub(crate) mod import;
mod plain;
pub(crate) mod read;
pub(crate) mod scale;
pub(crate) mod sweep;

use std::sync::OnceLock;

use tacenda::SystemRng;
use tacenda_core::seal::MasterKey;
use tacenda_testkit::{Cluster, Durability};

use crate::measure::Result;
use crate::world::World;

/// The cluster of this run.
fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::own(Durability::Full))
}

/// A pair of new databases, which several worlds can share.
struct Databases {
    rows: String,
    keys: String,
    master: MasterKey,
}

impl Databases {
    fn new() -> Self {
        let master = MasterKey::generate(&SystemRng);
        Self { rows: cluster().database(), keys: cluster().database(), master }
    }

    /// As a process that starts.
    fn open(&self) -> Result<World> {
        World::over(self.master.clone(), |builder| builder.postgres(&self.rows, &self.keys))
    }
}
