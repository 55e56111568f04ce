//! Requests: the steps and what is asked of each, their dates, a model of them, the stored form.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod agenda;
mod dates;
mod decisions;
mod door;
mod effects;
mod erasing;
mod kept;
mod model;
mod plain;
mod steps;
mod support;
mod unknown;
mod vectors;
mod waits;

#[expect(dead_code, reason = "shared with the tests of the core")]
#[path = "../../../core/src/vectors.rs"]
mod files;
