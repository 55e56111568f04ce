//! Databases for Tacenda: each is a folder that implements the ports of `tacenda-core` and passes
//! the suite of `tacenda-testkit`.
//!
//! A new database is a folder here and a test file of a few lines; nothing else changes.
#![forbid(unsafe_code)]

mod columns;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod sqlite;
