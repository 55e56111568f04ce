//! The PostgreSQL store and safe pass the suite on a Citus cluster, given the URL of one.
//!
//! Citus is in no package registry, so that no test can start it: `TACENDA_TEST_CITUS_URL` names a
//! database on a coordinator, with the extension and with workers. The default filter of the test
//! runner leaves this file out; `cargo xtask citus` runs it where the variable is set, one case after
//! the other: a scrub waits for whoever reads in the same database.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tacenda_core::ports::{Keyring, Store};
use tacenda_store::postgres::{DISTRIBUTE_SQL, PostgresKeyring, PostgresOptions, PostgresStore};
use tacenda_testkit::suite::Fixture;

static SCHEMAS: AtomicU32 = AtomicU32::new(0);

/// A schema of its own; it is dropped when the case is done.
struct Schema {
    url: String,
    name: String,
}

impl Schema {
    fn new() -> Self {
        let url = std::env::var("TACENDA_TEST_CITUS_URL").expect("TACENDA_TEST_CITUS_URL");
        let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
        Self { url, name: format!("t{}_{number}", std::process::id()) }
    }

    /// What opens its store; its tables are spread before anything is in them.
    fn store(&self) -> impl Fn() -> Arc<dyn Store> + 'static {
        let (url, options) = (self.url.clone(), self.options());
        let open = move || -> Arc<dyn Store> {
            let store = pollster::block_on(PostgresStore::open(&url, options.clone()));
            Arc::new(store.unwrap())
        };
        pollster::block_on(open().close()).unwrap();
        self.distribute();
        open
    }

    /// The same for a safe.
    fn safe(&self) -> impl Fn() -> Arc<dyn Keyring> + 'static {
        let (url, options) = (self.url.clone(), self.options());
        let open = move || -> Arc<dyn Keyring> {
            let safe = pollster::block_on(PostgresKeyring::open(&url, options.clone()));
            Arc::new(safe.unwrap())
        };
        pollster::block_on(open().close()).unwrap();
        self.distribute();
        open
    }

    fn options(&self) -> PostgresOptions {
        PostgresOptions { schema: self.name.clone(), ..PostgresOptions::default() }
    }

    fn distribute(&self) {
        let count = "SELECT count(*) FROM pg_dist_partition p
            JOIN pg_class c ON c.oid = p.logicalrelid
            WHERE c.relnamespace = current_setting('tacenda.schema')::regnamespace";
        let sql = format!("SET tacenda.schema = '{}'; {DISTRIBUTE_SQL}; {count}", self.name);
        let spread: i64 = psql(&self.url, &sql).trim().parse().unwrap();
        assert!(spread > 0, "the tables are spread");
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            psql(&self.url, &format!("DROP SCHEMA {} CASCADE", self.name));
        }
    }
}

fn psql(url: &str, sql: &str) -> String {
    let output = std::process::Command::new("psql")
        .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
        .arg(url)
        .output()
        .expect("psql");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

mod store {
    use super::*;

    fn fixture() -> Fixture<dyn Store> {
        let schema = Schema::new();
        let open = schema.store();
        Fixture::durable(open(), open).keeping(schema)
    }

    tacenda_testkit::store_suite!(fixture);
    tacenda_testkit::durable_store_suite!(fixture);
}

mod keyring {
    use super::*;

    fn fixture() -> Fixture<dyn Keyring> {
        let schema = Schema::new();
        let open = schema.safe();
        Fixture::durable(open(), open).keeping(schema)
    }

    tacenda_testkit::keyring_suite!(fixture);
    tacenda_testkit::durable_keyring_suite!(fixture);
}

mod scrub {
    use std::process::{Command, Stdio};
    use std::thread;
    use std::time::Duration;

    use pollster::block_on as wait;
    use tacenda_core::clock::Timestamp;
    use tacenda_core::id::SubjectId;
    use tacenda_core::name::Name;
    use tacenda_core::ports::{KekId, KeyId, LogPosition, NewKeys, SafeInit, Scrub, WrappedKey};

    use super::*;

    /// The segment of the write-ahead log in which each server writes.
    fn segments(url: &str) -> Vec<String> {
        let sql = "SELECT result FROM run_command_on_all_nodes(
            'SELECT pg_walfile_name(pg_current_wal_lsn())') ORDER BY nodeid";
        psql(url, sql).lines().map(str::to_owned).collect()
    }

    /// The keys lie on the workers, and so do their former states.
    #[test]
    fn every_server_is_scrubbed_and_a_reader_on_any_is_waited_for() {
        const KEK: KekId = KekId([9; 8]);
        let schema = Schema::new();
        let safe = schema.safe()();
        let init = SafeInit { safe: [2; 16], store: [1; 16], kek: KEK, secrets: Vec::new() };
        wait(safe.initialise(init)).unwrap();
        let key = KeyId::first(SubjectId::from_bytes([7; 16]), Name::fixed("account"));
        let wrapped = WrappedKey { kek: KEK, bytes: vec![5; 60] };
        let new = NewKeys { keys: vec![(key.clone(), wrapped)], ..NewKeys::default() };
        wait(safe.create(new)).unwrap();

        // Workers that listen on the coordinator's host.
        let own = psql(&schema.url, "SELECT current_setting('port')");
        let port = psql(&schema.url, "SELECT max(nodeport) FROM pg_dist_node WHERE groupid > 0");
        let worker = schema.url.replace(&format!(":{}", own.trim()), &format!(":{}", port.trim()));
        let mut reader = Command::new("psql");
        reader.args(["-X", "-c", "SELECT pg_sleep(300)", &worker]).stdout(Stdio::null());
        let mut reader = reader.stderr(Stdio::null()).spawn().unwrap();
        let sleeping = "FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(300)'
            AND backend_xmin IS NOT NULL";
        while psql(&worker, &format!("SELECT count(*) {sleeping}")).trim() == "0" {
            thread::sleep(Duration::from_millis(20));
        }
        let position = LogPosition { epoch: 1, index: 0 };
        let at = Timestamp::from_micros(0);
        wait(safe.destroy(&[key], position, at)).unwrap();
        assert_eq!(wait(safe.scrub()).unwrap(), Scrub::Blocked);
        psql(&worker, &format!("SELECT pg_terminate_backend(pid) {sleeping}"));
        reader.wait().unwrap();
        let before = segments(&schema.url);
        assert_eq!(wait(safe.scrub()).unwrap(), Scrub::Done);
        let after = segments(&schema.url);
        assert!(before.len() > 1 && before.iter().zip(&after).all(|(b, a)| b != a), "{before:?}");
        wait(safe.close()).unwrap();
    }
}
