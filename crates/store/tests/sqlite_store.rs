//! The SQLite store passes the suite.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use tacenda_core::ports::Store;
use tacenda_store::sqlite::{SqliteOptions, SqliteStore};
use tacenda_testkit::suite::Fixture;

fn fixture() -> Fixture<dyn Store> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.db");
    let open = move || -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(&path, SqliteOptions::default()).unwrap())
    };
    Fixture::durable(open(), open).keeping(folder)
}

tacenda_testkit::store_suite!(fixture);
tacenda_testkit::durable_store_suite!(fixture);
