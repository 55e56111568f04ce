//! The server crashes while writers write.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tacenda_core::ports::Store;
use tacenda_core::ports::store::{NOT_MERGED, NOT_UNIQUE, UNAVAILABLE, UNKNOWN_OUTCOME};
use tacenda_testkit::{Cluster, Durability};

use crate::support::{INIT, change, check, open, subjects, wait};

const ROUNDS: u32 = 20;
const WRITERS: u32 = 3;

#[test]
fn a_server_that_crashes_loses_nothing_and_leaves_nothing_half_done() {
    let cluster = Cluster::own(Durability::Full);
    let (url, schema) = (cluster.url("postgres"), "crash");
    wait(open(&url, schema).initialise(INIT)).unwrap();
    let (done, heads) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let outcomes: Vec<_> = thread::scope(|scope| {
        let (done, heads, url) = (&done, &heads, &url);
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn(move || {
                    let store = open(url, schema);
                    let (mut acked, mut asked) = (BTreeSet::new(), BTreeSet::new());
                    let mut n = 0;
                    while !done.load(Ordering::SeqCst) {
                        let change = change(writer, n, n % 3);
                        let mine = subjects(&change);
                        asked.extend(mine.iter().copied());
                        match wait(store.commit(change)) {
                            Ok(_) => acked.extend(mine),
                            Err(error) => assert!(
                                error.is(&UNAVAILABLE) || error.is(&UNKNOWN_OUTCOME),
                                "{error}"
                            ),
                        }
                        if n.is_multiple_of(16)
                            && let Ok(Some(status)) = wait(store.status())
                        {
                            heads.lock().unwrap().push(status.head);
                        }
                        n += 1;
                    }
                    (acked, asked)
                })
            })
            .collect();
        for _ in 0..ROUNDS {
            thread::sleep(Duration::from_millis(250));
            cluster.crash();
        }
        thread::sleep(Duration::from_millis(250));
        done.store(true, Ordering::SeqCst);
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    let store = open(&url, schema);
    let seen = check(&store, &heads.into_inner().unwrap());
    let acked: BTreeSet<_> = outcomes.iter().flat_map(|(acked, _)| acked).copied().collect();
    let asked: BTreeSet<_> = outcomes.iter().flat_map(|(_, asked)| asked).copied().collect();
    assert!(acked.len() > 100, "{}", acked.len());
    assert!(acked.is_subset(&seen), "what was answered is lost");
    assert!(seen.is_subset(&asked));
}

#[test]
fn a_server_that_is_away_is_said_to_be_and_comes_back() {
    let cluster = Cluster::own(Durability::None);
    let (url, schema) = (cluster.url("postgres"), "away");
    let store = open(&url, schema);
    wait(store.initialise(INIT)).unwrap();
    wait(store.commit(change(1, 0, 0))).unwrap();
    cluster.stop();
    assert!(wait(store.commit(change(1, 1, 0))).unwrap_err().is(&UNAVAILABLE));
    assert!(wait(store.status()).unwrap_err().is(&UNAVAILABLE));
    cluster.start();
    wait(store.commit(change(1, 1, 0))).unwrap();
    let again = wait(store.commit(change(1, 1, 0))).unwrap_err();
    assert!(!again.is(&NOT_UNIQUE) && !again.is(&NOT_MERGED), "{again}");
    assert_eq!(check(&store, &[]).len(), 2);
}
