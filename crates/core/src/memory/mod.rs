//! The reference store and safe, in memory: what the ports say, in the plainest form.
//!
//! Another store is right when it answers as these do; the suite in `tacenda-testkit` compares
//! them. They also serve tests, and pages in a browser that keep nothing. They are made to be read:
//! scans walk over all rows.
//!
//! # Not promised
//! Durability: what was written is gone with the value.

mod keyring;
mod state;
mod store;

pub use keyring::MemoryKeyring;
pub use store::MemoryStore;
