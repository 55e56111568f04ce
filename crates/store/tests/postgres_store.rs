//! The PostgreSQL store passes the suite.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use tacenda_core::ports::Store;
use tacenda_store::postgres::{PostgresOptions, PostgresStore};
use tacenda_testkit::Cluster;
use tacenda_testkit::suite::Fixture;

fn fixture() -> Fixture<dyn Store> {
    let cluster = Cluster::shared();
    let options = PostgresOptions { schema: cluster.unique_name(), ..PostgresOptions::default() };
    let open = move || -> Arc<dyn Store> {
        let url = cluster.url("postgres");
        let store = pollster::block_on(PostgresStore::open(&url, options.clone()));
        Arc::new(store.unwrap())
    };
    Fixture::durable(open(), open)
}

tacenda_testkit::store_suite!(fixture);
tacenda_testkit::durable_store_suite!(fixture);
