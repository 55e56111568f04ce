//! PostgreSQL under faults: many sequencers, a server that crashes, connections that are cut.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod crash;
mod crossed;
mod cut;
mod freeze;
mod limits;
mod migrations;
mod proxy;
mod refusals;
mod roles;
mod scrub;
mod sequencers;
mod standby;
mod stopped;
mod support;
