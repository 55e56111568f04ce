//! A process is frozen while it holds something, without a word and with its connections open: others
//! wait for a lease and no longer.

use std::thread;
use std::time::Duration;

use tacenda_core::error::Error;
use tacenda_core::ports::Store;
use tacenda_core::ports::store::CONFLICT;
use tacenda_testkit::Cluster;

use crate::proxy::{Cut, Proxy};
use crate::support::{INIT, change, check, open, wait};

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
