//! PostgreSQL: the vault store and the safe, each in a database of its own, shared by many
//! processes on many machines.
//!
//! Every key begins with a bucket, so that the same tables can be spread over machines. No sequence
//! orders anything; the leaves of a bucket are numbered under the lock of its head, and a sequencer
//! gives them their places in the log afterwards. The design is `docs/decisions/0004-postgresql.md`.
//!
//! - `worker`, `database`, `fault`, `migrate`, `bucket`: what both share;
//! - `store` with `change`, `commit`, `write`, `copy`, `judge`, `lone`, `read`, `holding`, `scan`,
//!   `claim`, `lease`, `log`, `head`: the vault store;
//! - `sequencer` with `place` and `epoch`: how leaves get their places;
//! - `adopt`: moving a store here from another;
//! - `keyring` with `safe`, `keys`, `scrub`, `servers`: the safe.

mod adopt;
mod bucket;
mod change;
mod claim;
mod commit;
mod copy;
mod database;
mod epoch;
mod fault;
mod head;
mod holding;
mod judge;
mod keyring;
mod keys;
mod lease;
mod log;
mod lone;
mod migrate;
mod options;
mod place;
mod read;
mod safe;
mod scan;
mod scrub;
mod sequencer;
mod servers;
mod store;
mod worker;
mod write;

pub use adopt::{Adopted, Origin, adopt};
pub use keyring::PostgresKeyring;
pub use options::PostgresOptions;
pub use store::PostgresStore;

/// `roles.sql`: an operator, an application and an auditor with no more than they need, for `psql`.
pub static ROLES_SQL: &str = include_str!("schema/roles.sql");
/// `distribute.sql`: spreads empty tables over a Citus cluster; does nothing on plain PostgreSQL.
pub static DISTRIBUTE_SQL: &str = include_str!("schema/distribute.sql");
