//! Payments as rows: each operation cut at every step, a model, and what is left after an erasure.
#![expect(clippy::unwrap_used, reason = "tests")]

mod cuts;
mod events;
mod invoices;
mod leave;
mod mandates;
mod model;
mod support;
