//! Wrong input, missing rights, and a database that will not.

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use tacenda_core::error::{Code, Error};
use tacenda_core::ports::Store;
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::store::{ACCESS_REFUSED, NEWER_SCHEMA, READ_ONLY, UNAVAILABLE};
use tacenda_store::postgres::{PostgresKeyring, PostgresOptions, PostgresStore};
use tacenda_testkit::Cluster;

use crate::support::{INIT, change, check, open, options, wait};

fn refused(url: &str, options: PostgresOptions) -> Error {
    wait(PostgresStore::open(url, options)).unwrap_err()
}

#[test]
fn what_cannot_be_opened_says_why() {
    let cluster = Cluster::shared();
    let (url, schema) = (cluster.url("postgres"), cluster.unique_name());
    drop(open(&url, &schema));
    let newer = format!("UPDATE {schema}.tacenda_schema SET version = 99");
    cluster.sql("postgres", &newer);
    let quick = |schema: &str| PostgresOptions {
        connect_timeout: Duration::from_millis(500),
        ..options(schema)
    };
    let role = format!("r{}", cluster.unique_name());
    cluster.sql("postgres", &format!("CREATE ROLE {role} LOGIN"));
    let nobody_listens = url.replace(&format!(":{}", cluster.port()), ":1");
    let other = cluster.unique_name();
    drop(open(&url, &other));
    let cases: [(String, &str, &'static Code); 8] = [
        (url.clone(), &schema, &NEWER_SCHEMA),
        (url.replace("postgres@", &format!("{role}@")), &other, &ACCESS_REFUSED),
        (url.replace("postgres@", &format!("{role}@")), "new", &ACCESS_REFUSED),
        (url.replace("postgres@", "no_such_role@"), &other, &ACCESS_REFUSED),
        (cluster.url("no_such_database"), "s", &ACCESS_REFUSED),
        (nobody_listens, "s", &UNAVAILABLE),
        ("postgresql://host:not-a-port/".to_owned(), "s", &BAD_REQUEST),
        (url, "s; drop schema public", &BAD_REQUEST),
    ];
    for (n, (url, schema, code)) in cases.into_iter().enumerate() {
        let error = refused(&url, quick(schema));
        assert!(error.is(code), "case {n}: {error}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(&role) && !shown.contains("127.0.0.1"), "{shown}");
    }
}

#[test]
fn a_database_that_is_read_only_is_read() {
    let cluster = Cluster::shared();
    let url = cluster.database();
    let name = url.rsplit('/').next().unwrap().split('?').next().unwrap();
    let store = open(&url, "tacenda");
    wait(store.initialise(INIT)).unwrap();
    wait(store.commit(change(1, 0, 0))).unwrap();
    wait(store.close()).unwrap();
    let sql = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    cluster.sql("postgres", &sql);
    let store = open(&url, "tacenda");
    assert!(wait(store.status()).unwrap().is_some());
    assert!(wait(store.commit(change(1, 1, 0))).unwrap_err().is(&READ_ONLY));
}

#[test]
fn who_waits_too_long_for_a_lock_is_told_and_nothing_is_written() {
    let cluster = Cluster::shared();
    let (url, schema) = (cluster.url("postgres"), cluster.unique_name());
    let patience = Duration::from_millis(200);
    let impatient = PostgresOptions { lock_timeout: patience, ..options(&schema) };
    let store = wait(PostgresStore::open(&url, impatient)).unwrap();
    wait(store.initialise(INIT)).unwrap();
    let sql = format!("BEGIN; LOCK TABLE {schema}.heads IN EXCLUSIVE MODE; SELECT pg_sleep(60)");
    let mut holder = Command::new("psql")
        .args(["-X", "-q", "-c", &sql, &url])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let held = format!(
        "SELECT count(*) FROM pg_locks WHERE mode = 'ExclusiveLock' AND granted
            AND relation = '{schema}.heads'::regclass"
    );
    while cluster.sql("postgres", &held) == "0" {
        thread::sleep(Duration::from_millis(20));
    }
    assert!(wait(store.commit(change(1, 0, 2))).unwrap_err().is(&UNAVAILABLE));
    let sql = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE mode = 'ExclusiveLock'
            AND relation = '{schema}.heads'::regclass"
    );
    cluster.sql("postgres", &sql);
    let _ = holder.wait();
    assert!(check(&store, &[]).is_empty());
    wait(store.commit(change(1, 0, 2))).unwrap();
    assert_eq!(check(&store, &[]).len(), 3);
}

/// The database's own default is another.
#[test]
fn a_transaction_reads_what_is_committed_whatever_the_database_says() {
    let cluster = Cluster::shared();
    let url = cluster.database();
    let name = url.rsplit('/').next().unwrap().split('?').next().unwrap();
    let sql = format!("ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'");
    cluster.sql("postgres", &sql);
    let store = open(&url, "tacenda");
    wait(store.initialise(INIT)).unwrap();
    cluster.sql(
        name,
        "CREATE FUNCTION tacenda.judge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF current_setting('transaction_isolation') <> 'read committed' THEN
                RAISE EXCEPTION 'another isolation';
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER judge AFTER INSERT OR UPDATE ON tacenda.heads
            FOR EACH STATEMENT EXECUTE FUNCTION tacenda.judge();
        CREATE TRIGGER judge AFTER UPDATE ON tacenda.log
            FOR EACH STATEMENT EXECUTE FUNCTION tacenda.judge()",
    );
    wait(store.commit(change(1, 0, 2))).unwrap();
    assert_eq!(check(&store, &[]).len(), 3);
}

#[test]
fn old_fingerprints_are_found_by_an_index() {
    let cluster = Cluster::shared();
    let (url, schema) = (cluster.url("postgres"), cluster.unique_name());
    drop(wait(PostgresKeyring::open(&url, options(&schema))).unwrap());
    let sql =
        format!("SET enable_seqscan = off; EXPLAIN DELETE FROM {schema}.fingerprints WHERE at < 5");
    let plan = cluster.sql("postgres", &sql);
    assert!(plan.contains("fingerprints_at"), "{plan}");
}
