//! What a scrub of the safe waits for, and what it leaves in the table's file.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use tacenda_core::clock::Timestamp;
use tacenda_core::id::SubjectId;
use tacenda_core::name::Name;
use tacenda_core::ports::{
    KekId, KeyId, Keyring, LogPosition, NewKeys, SafeInit, Scrub, WrappedKey,
};
use tacenda_store::postgres::{PostgresKeyring, PostgresOptions};
use tacenda_testkit::{Cluster, Durability};

use crate::support::wait;

const KEK: KekId = KekId([9; 8]);
const NEEDLE: &[u8] = b"the sealed key of somebody who leaves";

/// Another session, which stays open between its statements.
pub(crate) struct Session(Child, BufReader<ChildStdout>);

impl Session {
    pub(crate) fn open(url: &str) -> Self {
        let mut psql = Command::new("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]).arg(url);
        let mut child = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self(child, out)
    }

    /// Runs a statement and waits until it is done.
    pub(crate) fn run(&mut self, sql: &str) {
        writeln!(self.0.stdin.as_mut().unwrap(), "{sql};\n\\echo done").unwrap();
        let mut line = String::new();
        while line.trim() != "done" {
            line.clear();
            assert!(self.1.read_line(&mut line).unwrap() > 0, "{sql}");
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

fn key() -> KeyId {
    KeyId::first(SubjectId::from_bytes([7; 16]), Name::fixed("account"))
}

/// A safe with one key, in a database of its own.
fn safe(cluster: &Cluster) -> (String, PostgresKeyring) {
    let database = cluster.unique_name();
    cluster.sql("postgres", &format!("CREATE DATABASE {database}"));
    let url = cluster.url(&database);
    let safe = wait(PostgresKeyring::open(&url, PostgresOptions::default())).unwrap();
    let init = SafeInit { safe: [2; 16], store: [1; 16], kek: KEK, secrets: Vec::new() };
    wait(safe.initialise(init)).unwrap();
    let wrapped = WrappedKey { kek: KEK, bytes: NEEDLE.to_vec() };
    wait(safe.create(NewKeys { keys: vec![(key(), wrapped)], ..NewKeys::default() })).unwrap();
    (database, safe)
}

fn destroy(safe: &PostgresKeyring) {
    let position = LogPosition { epoch: 1, index: 0 };
    wait(safe.destroy(&[key()], position, Timestamp::from_micros(0))).unwrap();
}

fn schema_of(cluster: &Cluster, database: &str) -> String {
    cluster.sql(database, "SELECT schemaname FROM pg_tables WHERE tablename = 'keys'")
}

/// Whether the file of the table holds the wrapped key.
fn is_in_file(cluster: &Cluster, database: &str) -> bool {
    cluster.sql(database, "CHECKPOINT");
    let table = "SELECT pg_relation_filepath(c.oid) FROM pg_class c WHERE relname = 'keys'";
    let file = cluster.data().join(cluster.sql(database, table));
    std::fs::read(file).unwrap().windows(NEEDLE.len()).any(|bytes| bytes == NEEDLE)
}

#[test]
fn a_destroyed_key_is_gone_from_the_file_once_nobody_can_see_it() {
    let cluster = Cluster::shared();
    let (database, safe) = safe(cluster);
    assert!(is_in_file(cluster, &database));
    // It has written and rests between two statements: it has no snapshot, and keeps dead rows.
    let mut writer = Session::open(&cluster.url(&database));
    writer.run("BEGIN");
    writer.run("CREATE TABLE other (n int)");
    destroy(&safe);
    assert_eq!(wait(safe.scrub()).unwrap(), Scrub::Blocked);
    assert!(is_in_file(cluster, &database), "the reason to wait");
    writer.run("COMMIT");
    assert_eq!(wait(safe.scrub()).unwrap(), Scrub::Done);
    assert!(!is_in_file(cluster, &database));
    wait(safe.close()).unwrap();
}

#[test]
fn another_vacuum_of_the_keys_is_waited_for_and_then_blocks() {
    let cluster = Cluster::shared();
    let (database, safe) = safe(cluster);
    wait(safe.close()).unwrap();
    let options = PostgresOptions {
        lock_timeout: std::time::Duration::from_millis(200),
        ..PostgresOptions::default()
    };
    let safe = wait(PostgresKeyring::open(&cluster.url(&database), options)).unwrap();
    destroy(&safe);
    // As a vacuum has it, and without a transaction that has written.
    let mut other = Session::open(&cluster.url(&database));
    other.run("BEGIN");
    let schema = schema_of(cluster, &database);
    other.run(&format!("LOCK TABLE {schema}.keys IN SHARE UPDATE EXCLUSIVE MODE"));
    assert_eq!(wait(safe.scrub()).unwrap(), Scrub::Blocked);
    other.run("COMMIT");
    assert_eq!(wait(safe.scrub()).unwrap(), Scrub::Done);
    wait(safe.close()).unwrap();
}

#[test]
fn who_does_not_own_the_keys_is_told_and_does_not_scrub() {
    let cluster = Cluster::shared();
    let (database, safe) = safe(cluster);
    wait(safe.close()).unwrap();
    let role = cluster.unique_name();
    cluster.sql(&database, &format!("CREATE ROLE {role} LOGIN; GRANT pg_monitor TO {role}"));
    let schema = schema_of(cluster, &database);
    cluster.sql(
        &database,
        &format!(
            "GRANT USAGE ON SCHEMA {schema} TO {role};
             GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {role}"
        ),
    );
    let url = cluster.url(&database).replace("postgres@", &format!("{role}@"));
    let safe = wait(PostgresKeyring::open(&url, PostgresOptions::default())).unwrap();
    destroy(&safe);
    assert_eq!(wait(safe.scrub()).unwrap_err().code(), "store.access_refused");
    assert!(is_in_file(cluster, &database));
    wait(safe.close()).unwrap();
}

/// Segments that a server keeps for standbys hold what was in them.
#[test]
fn a_write_ahead_log_that_is_kept_is_told() {
    let cluster = Cluster::own(Durability::None);
    let (_, safe) = safe(&cluster);
    assert!(!wait(safe.is_archived()).unwrap());
    cluster.sql("postgres", "ALTER SYSTEM SET wal_keep_size = '64MB'");
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    while cluster.sql("postgres", "SHOW wal_keep_size") != "64MB" {
        std::thread::yield_now();
    }
    assert!(wait(safe.is_archived()).unwrap());
    wait(safe.close()).unwrap();
}
