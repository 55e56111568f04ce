//! One suite for every store and safe, and the doubles that the tests of all rooms share.
//!
//! A backend proves itself with [`store_suite!`] and [`keyring_suite!`]: each case is listed once,
//! in [`suite`], and becomes a test of every backend. A new promise of a port is a function in
//! `suite/` and one word in its list. To test what a room does when the outside fails, wrap any
//! store and safe in [`FailingStore`] and [`FailingKeyring`] and cut at the n-th operation.
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cloned_ref_to_slice_refs,
    reason = "this crate is a test: a failed expectation is its answer"
)]

mod clock;
mod cluster;
mod failing_keyring;
mod failing_store;
mod fault;
mod rng;
pub mod suite;
pub mod world;

pub use clock::StepClock;
pub use cluster::{Cluster, Durability};
pub use failing_keyring::FailingKeyring;
pub use failing_store::FailingStore;
pub use fault::{After, Cut, Faults};
pub use rng::SeededRng;
