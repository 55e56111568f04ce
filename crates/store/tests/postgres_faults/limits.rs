//! What runs out: connections, time, room on the disk.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tacenda_core::ports::store::{FULL, UNAVAILABLE};
use tacenda_core::ports::{Change, Store};
use tacenda_store::postgres::{PostgresOptions, PostgresStore};
use tacenda_testkit::{Cluster, Durability};

use crate::scrub::Session;
use crate::support::{INIT, change, check, open, options, wait};

/// A session that keeps every commit of a schema waiting until it is ended.
struct Holder {
    psql: Child,
    schema: String,
}

impl Holder {
    fn new(cluster: &Cluster, schema: &str) -> Self {
        let sql = format!("BEGIN; LOCK TABLE {schema}.rows IN EXCLUSIVE MODE; SELECT pg_sleep(60)");
        let mut psql = Command::new("psql");
        psql.args(["-X", "-q", "-c", &sql]).arg(cluster.url("postgres"));
        let psql = psql.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let holder = Self { psql, schema: schema.to_owned() };
        while cluster.sql("postgres", &holder.locks("count(*)", "granted")) == "0" {
            thread::yield_now();
        }
        holder
    }

    fn locks(&self, what: &str, which: &str) -> String {
        format!(
            "SELECT {what} FROM pg_locks WHERE {which} AND relation = '{}.rows'::regclass",
            self.schema
        )
    }

    fn end(mut self, cluster: &Cluster) {
        let mine = "mode = 'ExclusiveLock' AND granted";
        cluster.sql("postgres", &self.locks("pg_terminate_backend(pid)", mine));
        self.psql.wait().unwrap();
    }
}

#[test]
fn whoever_gets_no_connection_in_time_is_told() {
    let cluster = Cluster::shared();
    let (url, schema) = (cluster.url("postgres"), cluster.unique_name());
    let few = PostgresOptions {
        connections: 3,
        connect_timeout: Duration::from_millis(300),
        ..options(&schema)
    };
    let store = wait(PostgresStore::open(&url, few)).unwrap();
    wait(store.initialise(INIT)).unwrap();
    let holder = Holder::new(cluster, &schema);
    let refused = thread::scope(|scope| {
        let store = &store;
        let waiting: Vec<_> =
            (0..3).map(|n| scope.spawn(move || wait(store.commit(change(1, n, 0))))).collect();
        // Some of the three may have lost the last connection to the sequencer for a moment.
        while cluster.sql("postgres", &holder.locks("count(*)", "NOT granted")) != "3" {
            if waiting.iter().any(|thread| thread.is_finished()) {
                break;
            }
        }
        let refused = (3..6).map(|n| wait(store.commit(change(1, n, 0))).unwrap_err());
        let refused: Vec<_> = refused.collect();
        holder.end(cluster);
        for thread in waiting {
            if let Err(error) = thread.join().unwrap() {
                assert!(error.is(&UNAVAILABLE), "{error}");
            }
        }
        refused
    });
    assert!(refused.iter().all(|error| error.is(&UNAVAILABLE)), "{refused:?}");
    let there = check(&store, &[]).len();
    assert!((1..=3).contains(&there), "{there}");
    wait(store.commit(change(1, 3, 0))).unwrap();
    assert_eq!(check(&store, &[]).len(), there + 1);
}

#[test]
fn a_pool_that_has_run_out_stops_no_merge() {
    let cluster = Cluster::shared();
    let (url, schema) = (cluster.url("postgres"), cluster.unique_name());
    let few = PostgresOptions {
        connections: 2,
        lease: Duration::from_secs(100),
        merge_timeout: Duration::from_secs(200),
        lock_timeout: Duration::from_secs(50),
        ..options(&schema)
    };
    let store = wait(PostgresStore::open(&url, few)).unwrap();
    wait(store.initialise(INIT)).unwrap();
    wait(store.commit(change(1, 0, 0))).unwrap();
    wait(store.settle()).unwrap();
    // Everybody but the first customer waits for the head of his chain.
    let mut holder = Session::open(&url);
    holder.run("BEGIN");
    holder.run(&format!(
        "SELECT count(*) FROM (SELECT 1 FROM {schema}.heads WHERE bucket NOT IN
            (SELECT bucket FROM {schema}.rows) FOR UPDATE) h"
    ));
    let waiting = format!(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'tuple' AND relation = '{schema}.heads'::regclass
            OR locktype = 'transactionid' AND NOT granted"
    );
    thread::scope(|scope| {
        let store = &store;
        for n in 1..3 {
            scope.spawn(move || wait(store.commit(change(1, n, 0))).unwrap());
        }
        while cluster.sql("postgres", &waiting).parse::<u32>().unwrap() < 2 {
            thread::sleep(Duration::from_millis(5));
        }
        let other = open(&url, &schema);
        let leaves = change(1, 0, 0).leaves;
        let again = wait(other.commit(Change { leaves, ..Change::default() })).unwrap();
        wait(other.places(&again.leaves)).unwrap();
        holder.run("ROLLBACK");
    });
}

#[test]
fn a_statement_that_takes_too_long_is_ended_and_nothing_is_written() {
    let cluster = Cluster::shared();
    let (url, schema) = (cluster.url("postgres"), cluster.unique_name());
    let hasty = PostgresOptions {
        statement_timeout: Duration::from_millis(300),
        lock_timeout: Duration::from_secs(60),
        ..options(&schema)
    };
    let patient = open(&url, &schema);
    wait(patient.initialise(INIT)).unwrap();
    let store = wait(PostgresStore::open(&url, hasty)).unwrap();
    let holder = Holder::new(cluster, &schema);
    // Single rows and a bulk, which is copied.
    assert!(wait(store.commit(change(1, 0, 2))).unwrap_err().is(&UNAVAILABLE));
    assert!(wait(store.commit(change(2, 0, 499))).unwrap_err().is(&UNAVAILABLE));
    holder.end(cluster);
    assert!(check(&patient, &[]).is_empty());
    wait(store.commit(change(1, 0, 2))).unwrap();
    wait(store.commit(change(2, 0, 499))).unwrap();
    assert_eq!(check(&patient, &[]).len(), 503);
}

/// The kernel itself says that there is no room: the file of one table is `/dev/full` meanwhile.
#[test]
fn a_full_disk_is_told_and_nothing_is_written() {
    let cluster = Cluster::own(Durability::Full);
    let (url, schema) = (cluster.url("postgres"), "tacenda");
    let store = open(&url, schema);
    wait(store.initialise(INIT)).unwrap();
    let path = cluster.sql("postgres", "SELECT pg_relation_filepath('tacenda.lookups')");
    let file = cluster.data().join(path);
    let away = file.with_extension("away");
    cluster.stop();
    assert_eq!(fs::metadata(&file).unwrap().len(), 0, "nothing was ever looked up");
    fs::rename(&file, &away).unwrap();
    symlink("/dev/full", &file).unwrap();
    cluster.start();
    for more in [0, 2, 499] {
        let error = wait(store.commit(change(1, 0, more))).unwrap_err();
        assert!(error.is(&FULL), "{error:?}");
        assert!(!format!("{error:?}").contains("/dev"));
    }
    cluster.stop();
    fs::remove_file(&file).unwrap();
    fs::rename(&away, &file).unwrap();
    cluster.start();
    assert!(check(&store, &[]).is_empty());
    wait(store.commit(change(1, 0, 499))).unwrap();
    assert_eq!(check(&store, &[]).len(), 500);
}
