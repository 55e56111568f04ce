//! What the facade over SQLite promises when things go wrong: several processes at once, processes
//! that are killed, files from backups, files that leak, and every wrong input.
//!
//! Other processes are this test binary again: a test that finds [`support::ROLE`] in its
//! environment plays the part that it names.
#![cfg(feature = "sqlite")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests and their helpers fail loudly"
)]

mod kill;
mod leak;
mod processes;
mod restores;
mod support;
mod wrong_input;
