//! The SQLite safe passes the suite.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use tacenda_core::ports::Keyring;
use tacenda_store::sqlite::{SqliteKeyring, SqliteOptions};
use tacenda_testkit::suite::Fixture;

fn fixture() -> Fixture<dyn Keyring> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    let open = move || -> Arc<dyn Keyring> {
        Arc::new(SqliteKeyring::open(&path, SqliteOptions::default()).unwrap())
    };
    Fixture::durable(open(), open).keeping(folder)
}

tacenda_testkit::keyring_suite!(fixture);
tacenda_testkit::durable_keyring_suite!(fixture);
