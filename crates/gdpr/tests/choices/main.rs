//! Consents, objections and notices over the vault: what is read at the next read, and what proves it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail loudly")]

mod ages;
mod bytes;
mod consents;
mod model;
mod notices;
mod objections;
mod shown;
mod support;
