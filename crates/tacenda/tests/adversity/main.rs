//! What the facade over SQLite promises when things go wrong: several processes at once, processes
//! that are killed, files from backups, files that leak, and every wrong input.
//!
//! Other processes are this test binary again: a test that finds [`support::ROLE`] in its
//! environment plays the part that it names.
#![cfg(feature = "sqlite")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests and their helpers fail loudly, and children tell what they did"
)]

mod cuts;
mod kill;
mod kill_jobs;
mod kill_prune;
mod kill_runner;
mod leak;
mod processes;
mod pruned;
mod restores;
mod support;
#[cfg(unix)]
mod wrong_input;
