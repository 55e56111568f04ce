//! SQLite: the vault store and the safe, each a file of its own.
//!
//! A store has one writer thread, which merges the changes that wait for it into one transaction
//! and answers when that is on the disk, and a few connections for readers, which run in the
//! thread that asks: a read is a page at most, and a hand-over between threads would cost more. So
//! nothing here needs an async runtime.
//!
//! Several processes may use one file: each change begins by taking the write lock and reading the
//! log's right edge from the file, so that the log can neither fork nor gap.
//!
//! - `connection`, `writer` and `copy`: what both stores share;
//! - `open` and `schema`: how a file is made and recognised;
//! - `store` with `change`, `apply`, `read`, `scan`, `lease`, `head`: the vault store;
//! - `keyring` with `safe`: the safe.

mod apply;
mod change;
mod connection;
mod copy;
mod fault;
mod head;
mod keyring;
mod lease;
mod open;
mod options;
mod prune;
mod read;
mod safe;

mod scan;
mod schema;
mod store;
mod trail;
mod writer;

pub use keyring::SqliteKeyring;
pub use options::SqliteOptions;
pub use store::SqliteStore;
