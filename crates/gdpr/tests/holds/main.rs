//! Holds and restrictions: their steps alone and over the vault, groups, what a release brings back,
//! models of both.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod deferred;
mod door;
mod groups;
mod kept;
mod plain;
mod restriction;
mod support;
mod vectors;

#[expect(dead_code, reason = "shared with the tests of the core")]
#[path = "../../../core/src/vectors.rs"]
mod files;
