//! Breaches: the steps and what is asked of each, a model of them, the stored form, the cases of the
//! European Data Protection Board, and the authority's form.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod cases;
mod edpb;
mod form;
mod forms;
mod letters;
mod model;
mod people;
mod promise;
mod steps;
mod stored;
mod support;
mod vectors;

#[expect(dead_code, reason = "shared with the tests of the core")]
#[path = "../../../core/src/vectors.rs"]
mod files;
