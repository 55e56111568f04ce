//! Tables of an earlier release are brought to this one's, by one of many processes that start at once.

use std::thread;

use tacenda_core::ports::Store;
use tacenda_testkit::Cluster;

use crate::support::{INIT, change, check, open, wait};

const FIRST: &str = include_str!("../../src/postgres/schema/store_1.sql");

#[test]
fn processes_that_start_at_once_bring_tables_of_the_first_version_to_this_one() {
    let cluster = Cluster::shared();
    let (url, schema) = (cluster.url("postgres"), cluster.unique_name());
    let marks = "CREATE TABLE tacenda_schema
        (name text COLLATE \"C\" PRIMARY KEY, version integer NOT NULL);
        INSERT INTO tacenda_schema VALUES ('store', 1)";
    let first = format!("CREATE SCHEMA {schema}; SET search_path = {schema}; {FIRST}; {marks}");
    cluster.sql("postgres", &first);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| drop(open(&url, &schema)));
        }
    });
    let version = format!("SELECT version FROM {schema}.tacenda_schema WHERE name = 'store'");
    assert_eq!(cluster.sql("postgres", &version), "2");
    let index = format!("SELECT to_regclass('{schema}.rows_free') IS NOT NULL");
    assert_eq!(cluster.sql("postgres", &index), "t");
    let store = open(&url, &schema);
    wait(store.initialise(INIT)).unwrap();
    wait(store.commit(change(1, 0, 2))).unwrap();
    assert_eq!(check(&store, &[]).len(), 3);
}

#[test]
fn processes_that_start_at_once_make_the_tables_once() {
    let cluster = Cluster::shared();
    let (url, schema) = (cluster.url("postgres"), cluster.unique_name());
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| drop(open(&url, &schema)));
        }
    });
    let store = open(&url, &schema);
    wait(store.initialise(INIT)).unwrap();
    wait(store.commit(change(1, 0, 2))).unwrap();
    assert_eq!(check(&store, &[]).len(), 3);
}
