//! PostgreSQL under faults: many sequencers, a server that crashes, connections that are cut.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod crash;
mod cut;
mod limits;
mod refusals;
mod sequencers;
mod support;
