//! Store and safe pass the suite as `tacenda_app`, with no more rights than `roles.sql` gives it.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use std::fs;
use std::process::Command;
use std::sync::Arc;

use tacenda_core::ports::{Keyring, Store};
use tacenda_store::postgres::{PostgresKeyring, PostgresOptions, PostgresStore, ROLES_SQL};
use tacenda_testkit::Cluster;
use tacenda_testkit::suite::Fixture;

/// The database of that URL with its roles; answers with its URL for an application's login.
fn application(cluster: &Cluster, url: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roles.sql");
    fs::write(&file, ROLES_SQL).unwrap();
    let run = || {
        let mut psql = Command::new("psql");
        psql.args(["-X", "-q", "-v", "schema=tacenda", "-f"]).arg(&file).arg(url);
        psql.output().unwrap().status.success()
    };
    // Roles are the cluster's, and other tests make them too.
    assert!((0..50).any(|_| run()), "roles.sql");
    let login = cluster.unique_name();
    let made = || {
        let mut psql = Command::new("psql");
        let sql = format!("CREATE ROLE {login} LOGIN IN ROLE tacenda_app");
        psql.args(["-X", "-q", "-c", &sql]).arg(url).output().unwrap().status.success()
    };
    assert!((0..50).any(|_| made()), "a login");
    url.replace("postgres@", &format!("{login}@"))
}

mod store {
    use super::*;

    /// A log whose application may prune it, as one does by hand where no operator's process does.
    fn fixture() -> Fixture<dyn Store> {
        let cluster = Cluster::shared();
        let url = cluster.database();
        let open = |url: &str| -> Arc<dyn Store> {
            let store = PostgresStore::open(url, PostgresOptions::default());
            Arc::new(pollster::block_on(store).unwrap())
        };
        pollster::block_on(open(&url).close()).unwrap();
        let app = application(cluster, &url);
        let name = url.rsplit('/').next().and_then(|name| name.split('?').next());
        let owned = "ALTER TABLE tacenda.leaves OWNER TO tacenda_app";
        cluster.sql(name.expect("a database"), owned);
        Fixture::durable(open(&app), move || open(&app))
    }

    tacenda_testkit::store_suite!(fixture);
    tacenda_testkit::durable_store_suite!(fixture);
}

mod keyring {
    use super::*;

    fn fixture() -> Fixture<dyn Keyring> {
        let cluster = Cluster::shared();
        let url = cluster.database();
        let open = |url: &str| -> Arc<dyn Keyring> {
            let safe = PostgresKeyring::open(url, PostgresOptions::default());
            Arc::new(pollster::block_on(safe).unwrap())
        };
        pollster::block_on(open(&url).close()).unwrap();
        let app = application(cluster, &url);
        Fixture::durable(open(&app), move || open(&app))
    }

    tacenda_testkit::keyring_suite!(fixture);
    tacenda_testkit::durable_keyring_suite!(fixture);
}
