//! Many processes want to sequence; one at a time does.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tacenda_core::ports::Store;
use tacenda_testkit::Cluster;

use crate::support::{INIT, change, check, open, subjects, wait};

#[test]
fn many_writers_and_sequencers_that_come_and_go_never_fork_or_gap_the_log() {
    let cluster = Cluster::shared();
    let (url, schema) = (cluster.url("postgres"), cluster.unique_name());
    wait(open(&url, &schema).initialise(INIT)).unwrap();
    let (done, heads) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let expected: BTreeSet<_> = thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (url, schema) = (&url, &schema);
                scope.spawn(move || {
                    let store = open(url, schema);
                    let mut mine = Vec::new();
                    for n in 0..80 {
                        let change = change(writer, n, n % 4);
                        mine.extend(subjects(&change));
                        let committed = wait(store.commit(change)).unwrap();
                        if n % 7 == 0 {
                            let places = wait(store.places(&committed.leaves)).unwrap();
                            assert_eq!(places.len(), committed.leaves.len());
                        }
                    }
                    mine
                })
            })
            .collect();
        // Sequencers that vanish without a word, as a killed process does.
        let (done, heads, url, schema) = (&done, &heads, &url, &schema);
        scope.spawn(move || {
            while !done.load(Ordering::SeqCst) {
                let store = open(url, schema);
                thread::sleep(Duration::from_millis(40));
                let head = wait(store.status()).unwrap().unwrap().head;
                heads.lock().unwrap().push(head);
                drop(store);
            }
        });
        let mine = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
        done.store(true, Ordering::SeqCst);
        mine
    });
    let heads = heads.into_inner().unwrap();
    assert!(heads.iter().any(|head| head.size > 0), "nothing was merged meanwhile");
    let store = open(&url, &schema);
    assert_eq!(check(&store, &heads), expected);
    let sql = format!("SELECT fence FROM {schema}.log");
    let fence: u64 = cluster.sql("postgres", &sql).parse().unwrap();
    assert!(fence > 1, "the lease never changed hands");
}

#[test]
fn a_sequencer_that_lost_its_lease_writes_nothing() {
    let cluster = Cluster::shared();
    let (url, schema) = (cluster.url("postgres"), cluster.unique_name());
    let store = open(&url, &schema);
    wait(store.initialise(INIT)).unwrap();
    wait(store.commit(change(1, 0, 0))).unwrap();
    wait(store.settle()).unwrap();
    let fence = || cluster.sql("postgres", &format!("SELECT fence FROM {schema}.log"));
    let before: u64 = fence().parse().unwrap();
    // Another takes the lease, and is slow.
    let steal = format!(
        "UPDATE {schema}.log SET owner = '00000000-0000-0000-0000-000000000001',
            fence = fence + 1, lease_until = now() + interval '2 seconds'"
    );
    cluster.sql("postgres", &steal);
    let change = change(1, 1, 3);
    let committed = wait(store.commit(change)).unwrap();
    thread::sleep(Duration::from_millis(600));
    let size = || wait(store.status()).unwrap().unwrap().head.size;
    assert_eq!(size(), 1, "merged without a lease");
    // Once that lease has ended, the leaves get their places.
    let places = wait(store.places(&committed.leaves)).unwrap();
    assert_eq!(places.iter().map(|at| at.index).max(), Some(4));
    let after: u64 = fence().parse().unwrap();
    assert_eq!(after, before + 2);
    check(&store, &[]);
}
