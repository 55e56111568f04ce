//! Grants of staff: who may act, until when, with which certificate; a model; the stored form.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod bytes;
mod door;
mod life;
mod model;
mod support;
mod work;

#[expect(dead_code, reason = "shared with the tests of the core")]
#[path = "../../../core/src/vectors.rs"]
mod files;
