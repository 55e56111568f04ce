//! The PostgreSQL safe passes the suite.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use tacenda_core::ports::Keyring;
use tacenda_store::postgres::{PostgresKeyring, PostgresOptions};
use tacenda_testkit::Cluster;
use tacenda_testkit::suite::Fixture;

/// In a database of its own: whoever reads in the same one keeps dead rows.
fn fixture() -> Fixture<dyn Keyring> {
    let url = Cluster::shared().database();
    let open = move || -> Arc<dyn Keyring> {
        let safe = pollster::block_on(PostgresKeyring::open(&url, PostgresOptions::default()));
        Arc::new(safe.unwrap())
    };
    Fixture::durable(open(), open)
}

tacenda_testkit::keyring_suite!(fixture);
tacenda_testkit::durable_keyring_suite!(fixture);
