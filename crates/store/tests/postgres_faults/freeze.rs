//! A process is frozen while it holds something, without a word and with its connections open: others
//! wait for a lease and no longer.

use std::thread;
use std::time::Duration;

use tacenda_core::error::Error;
use tacenda_core::ports::Store;
use tacenda_core::ports::store::CONFLICT;
use tacenda_store::postgres::{PostgresOptions, PostgresStore};
use tacenda_testkit::Cluster;

use crate::proxy::{Cut, Proxy};
use crate::support::{INIT, change, check, open, options, subject, wait};

#[test]
fn a_frozen_sequencer_keeps_the_log_no_longer_than_its_lease() {
    let cluster = Cluster::shared();
    let (proxy, schema) = (Proxy::to(cluster.port(), Cut::Hold), cluster.unique_name());
    let frozen = open(&proxy.url(cluster, "postgres"), &schema);
    wait(frozen.initialise(INIT)).unwrap();
    let owner = format!("SELECT count(owner) FROM {schema}.log");
    while cluster.sql("postgres", &owner) == "0" {
        thread::sleep(Duration::from_millis(5));
    }
    let other = open(&cluster.url("postgres"), &schema);
    proxy.arm(1);
    let committed = wait(other.commit(change(1, 0, 2))).unwrap();
    while !proxy.has_cut() {
        thread::sleep(Duration::from_millis(5));
    }
    // Its merge is written and not committed: it holds the row of the log.
    assert_eq!(wait(other.places(&committed.leaves)).unwrap().len(), 3);
    // It wakes up, finds that it was thought dead, and goes on as one of many.
    proxy.release();
    for n in 1..4 {
        let committed = wait(frozen.commit(change(1, n, 0))).unwrap();
        wait(frozen.places(&committed.leaves)).unwrap();
    }
    assert_eq!(check(&frozen, &[]).len(), 6);
}

#[test]
fn a_frozen_commit_lets_go_of_what_it_wrote() {
    let cluster = Cluster::shared();
    let (proxy, schema) = (Proxy::to(cluster.port(), Cut::Hold), cluster.unique_name());
    let url = cluster.url("postgres");
    // Its merges go past the proxy, so that only its commits are held.
    let sequencer = open(&url, &schema);
    wait(sequencer.initialise(INIT)).unwrap();
    wait(sequencer.commit(change(9, 0, 0))).unwrap();
    wait(sequencer.settle()).unwrap();
    let frozen = open(&proxy.url(cluster, "postgres"), &schema);
    wait(frozen.commit(change(2, 0, 0))).unwrap();
    proxy.arm(1);
    thread::scope(|scope| {
        let held = scope.spawn(|| wait(frozen.commit(change(1, 0, 1))));
        while !proxy.has_cut() {
            thread::sleep(Duration::from_millis(5));
        }
        // The same customers: one of the two comes first, and neither is kept waiting for ever. Who
        // comes second may take the other's leaves for his own, as these have no salt.
        let other = wait(sequencer.commit(change(1, 0, 1)));
        proxy.release();
        let outcomes = [held.join().unwrap(), other];
        assert!(outcomes.iter().any(Result::is_ok), "{outcomes:?}");
        let refused = |told: &Error| told.is(&CONFLICT);
        assert!(
            outcomes.iter().all(|told| told.as_ref().err().is_none_or(refused)),
            "{outcomes:?}"
        );
    });
    assert_eq!(check(&sequencer, &[]).len(), 4);
}

/// The server waits inside the COPY, where none of its own limits reaches: another process ends it.
#[test]
fn a_process_that_is_frozen_while_it_copies_lets_go_within_the_time_of_a_statement() {
    /// The row in the middle of a bulk.
    const MIDDLE: [u8; 16] = (2u128 << 64 | 200).to_be_bytes();
    assert_eq!(*subject(2, 200).as_bytes(), MIDDLE);
    let cluster = Cluster::shared();
    let schema = cluster.unique_name();
    let proxy = Proxy::on(cluster.port(), Cut::Hold, &MIDDLE);
    let url = cluster.url("postgres");
    let hasty = |url: &str| {
        let statement_timeout = Duration::from_secs(2);
        let few = PostgresOptions { statement_timeout, ..options(&schema) };
        wait(PostgresStore::open(url, few)).unwrap()
    };
    let other = hasty(&url);
    wait(other.initialise(INIT)).unwrap();
    // Only the bulk goes through the proxy's cut; what it holds is a row that others need.
    let frozen = hasty(&proxy.url(cluster, "postgres"));
    proxy.arm(1);
    thread::scope(|scope| {
        let held = scope.spawn(|| wait(frozen.commit(change(2, 0, 499))));
        while !proxy.has_cut() {
            thread::sleep(Duration::from_millis(5));
        }
        let copying = format!(
            "SELECT count(*) FROM pg_stat_activity
                WHERE application_name = 'tacenda {schema}' AND query LIKE 'COPY %'
                    AND state = 'active' AND wait_event = 'ClientRead'"
        );
        while cluster.sql("postgres", &copying) == "0" {
            thread::sleep(Duration::from_millis(5));
        }
        let ended = (0..200).any(|_| {
            thread::sleep(Duration::from_millis(50));
            cluster.sql("postgres", &copying) == "0"
        });
        assert!(ended, "it holds what it wrote for ever");
        // The same customers, and one of the two comes first: who was ended may wake up and try again.
        let outcomes = [wait(other.commit(change(2, 0, 1))), held.join().unwrap()];
        proxy.release();
        assert_eq!(outcomes.iter().filter(|told| told.is_ok()).count(), 1, "{outcomes:?}");
    });
    assert!([2, 500].contains(&check(&other, &[]).len()));
}
