//! The server crashes while writers write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tacenda_core::clock::Timestamp;
use tacenda_core::id::SubjectId;
use tacenda_core::ports::store::{NOT_MERGED, NOT_UNIQUE, UNAVAILABLE, UNKNOWN_OUTCOME};
use tacenda_core::ports::{Change, Expect, NewLeaf, RowDelete, RowWrite, Store};
use tacenda_core::row::Row;
use tacenda_testkit::{Cluster, Durability};

use crate::support::{INIT, change, check, open, texts, versions, wait};

const ROUNDS: u32 = 20;
const WRITERS: u32 = 3;

const COMES: u8 = 1;
const REWRITTEN: u8 = 2;
const READ: u8 = 3;
const GOES: u8 = 4;

/// What a subject goes through: it comes, alone or with others, is rewritten and gives its look-up up, is
/// read, and every other one goes. A leaf's text is whose it is, and what happened.
fn life(writer: u32, n: u32) -> Vec<Change> {
    let mut comes = change(writer, n, n % 3);
    comes.leaves.iter_mut().for_each(|leaf| leaf.bytes.push(COMES));
    let first = comes.writes[0].row.clone();
    let (key, who) = (first.key.clone(), first.key.subject);
    let leaves = |writes, what: u8| {
        let bytes = [who.as_bytes().as_slice(), &[what]].concat();
        vec![NewLeaf { subject: who, at: Timestamp::from_micros(i64::from(n)), writes, bytes }]
    };
    let row = Row { version: 2, body: vec![8; 300], tokens: Vec::new(), ..first };
    let writes = vec![RowWrite { row, expect: Expect::Version(1) }];
    let rewritten = Change { writes, leaves: leaves(true, REWRITTEN), ..Change::default() };
    let read = Change { leaves: leaves(false, READ), ..Change::default() };
    let deletes = vec![RowDelete { key, version: 2 }];
    let goes = Change { deletes, leaves: leaves(true, GOES), ..Change::default() };
    let all = [comes, rewritten, read, goes];
    all.into_iter().take(if n.is_multiple_of(2) { 3 } else { 4 }).collect()
}

fn texts_of(change: &Change) -> Vec<Vec<u8>> {
    change.leaves.iter().map(|leaf| leaf.bytes.clone()).collect()
}

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
                        for change in life(writer, n) {
                            let mine = texts_of(&change);
                            asked.extend(mine.iter().cloned());
                            match wait(store.commit(change)) {
                                Ok(_) => acked.extend(mine),
                                Err(error) => {
                                    let lost = error.is(&UNAVAILABLE) || error.is(&UNKNOWN_OUTCOME);
                                    assert!(lost, "{error}");
                                    break;
                                }
                            }
                        }
                        if n.is_multiple_of(4)
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
    let log = texts(&store, &heads.into_inner().unwrap());
    let seen: BTreeSet<_> = log.iter().cloned().collect();
    assert_eq!(seen.len(), log.len(), "a change happened twice");
    let acked: BTreeSet<_> = outcomes.iter().flat_map(|(acked, _)| acked).cloned().collect();
    let asked: BTreeSet<_> = outcomes.iter().flat_map(|(_, asked)| asked).cloned().collect();
    assert!(acked.len() > 100, "{}", acked.len());
    assert!(acked.is_subset(&seen), "what was answered is lost");
    assert!(seen.is_subset(&asked));
    // Rows and look-ups are what the log tells.
    let mut rows = BTreeMap::new();
    for text in &log {
        let (what, who) = text.split_last().unwrap();
        let who = SubjectId::from_bytes(who.try_into().unwrap());
        match *what {
            COMES => assert_eq!(rows.insert(who, 1), None),
            REWRITTEN => assert_eq!(rows.insert(who, 2), Some(1)),
            GOES => assert_eq!(rows.remove(&who), Some(2)),
            _ => {}
        }
    }
    assert!(log.iter().any(|text| text.ends_with(&[GOES])), "nobody went");
    assert_eq!(versions(&store), rows, "half of a change");
    let lookups = rows.values().filter(|version| **version == 1).count() as u64;
    assert_eq!(wait(store.count_lookups()).unwrap(), lookups);
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
