//! The PostgreSQL store passes the suite on a Citus cluster, given the URL of one.
//!
//! Citus is in no package registry, so that no test can start it: `TACENDA_TEST_CITUS_URL` names a
//! database on a coordinator, with the extension and with workers. The default filter of the test
//! runner leaves this file out; `cargo xtask test` runs it where the variable is set.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tacenda_core::ports::Store;
use tacenda_store::postgres::{DISTRIBUTE_SQL, PostgresOptions, PostgresStore};
use tacenda_testkit::suite::Fixture;

static SCHEMAS: AtomicU32 = AtomicU32::new(0);

/// A schema of its own, whose tables are spread before anything is in them.
fn fixture() -> Fixture<dyn Store> {
    let url = std::env::var("TACENDA_TEST_CITUS_URL").expect("TACENDA_TEST_CITUS_URL");
    let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
    let schema = format!("t{}_{number}", std::process::id());
    let options = PostgresOptions { schema: schema.clone(), ..PostgresOptions::default() };
    let open = {
        let url = url.clone();
        move || -> Arc<dyn Store> {
            let store = pollster::block_on(PostgresStore::open(&url, options.clone()));
            Arc::new(store.unwrap())
        }
    };
    pollster::block_on(open().close()).unwrap();
    assert!(distributed(&url, &schema) > 0, "the tables are spread");
    Fixture::durable(open(), open).keeping(Schema { url, schema })
}

/// Runs `distribute.sql`; answers with how many tables of the schema are spread.
fn distributed(url: &str, schema: &str) -> i64 {
    let count = "SELECT count(*) FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid
        WHERE c.relnamespace = current_setting('tacenda.schema')::regnamespace";
    let sql = format!("SET tacenda.schema = '{schema}'; {DISTRIBUTE_SQL}; {count}");
    psql(url, &sql).trim().parse().unwrap()
}

/// Drops the schema when the case is done.
struct Schema {
    url: String,
    schema: String,
}

impl Drop for Schema {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            psql(&self.url, &format!("DROP SCHEMA {} CASCADE", self.schema));
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

tacenda_testkit::store_suite!(fixture);
tacenda_testkit::durable_store_suite!(fixture);
