//! A real standby: what can be read there, what it keeps alive, and what survives when it takes over.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tacenda_core::clock::Timestamp;
use tacenda_core::name::Name;
use tacenda_core::ports::store::{READ_ONLY, UNAVAILABLE, UNKNOWN_OUTCOME};
use tacenda_core::ports::{
    KekId, KeyId, Keyring, LogPosition, NewKeys, SafeInit, Scrub, Store, WrappedKey,
};
use tacenda_store::postgres::PostgresKeyring;
use tacenda_testkit::{Cluster, Durability};

use crate::scrub::Session;
use crate::support::{INIT, change, check, open, options, subject, subjects, wait};

/// Until a query of that cluster says yes.
fn until(cluster: &Cluster, sql: &str) {
    while cluster.sql("postgres", sql) != "t" {
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_standby_that_takes_over_has_what_was_answered_where_commits_wait_for_it() {
    let primary = Cluster::own(Durability::Full);
    let standby = primary.standby();
    primary.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'standby'");
    primary.sql("postgres", "SELECT pg_reload_conf()");
    until(&primary, "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'");
    let url = primary.url("postgres");
    wait(open(&url, "tacenda").initialise(INIT)).unwrap();
    let gone = AtomicBool::new(false);
    let (acked, heads) = thread::scope(|scope| {
        let (gone, url) = (&gone, &url);
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                scope.spawn(move || {
                    let store = open(url, "tacenda");
                    let (mut acked, mut heads) = (Vec::new(), Vec::new());
                    for n in 0.. {
                        let change = change(writer, n, n % 3);
                        let mine = subjects(&change);
                        match wait(store.commit(change)) {
                            Ok(_) => acked.extend(mine),
                            Err(error) => {
                                let lost = error.is(&UNAVAILABLE) || error.is(&UNKNOWN_OUTCOME);
                                assert!(lost && gone.load(Ordering::SeqCst), "{error}");
                                break;
                            }
                        }
                        if n % 8 == 0
                            && let Ok(Some(status)) = wait(store.status())
                        {
                            heads.push(status.head);
                        }
                    }
                    (acked, heads)
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(1_500));
        gone.store(true, Ordering::SeqCst);
        primary.kill();
        let told = writers.into_iter().map(|writer| writer.join().unwrap());
        let (acked, heads): (Vec<_>, Vec<_>) = told.unzip();
        (acked.concat(), heads.concat())
    });
    standby.promote();
    standby.sql("postgres", "ALTER SYSTEM RESET synchronous_standby_names");
    standby.sql("postgres", "SELECT pg_reload_conf()");
    let store = open(&standby.url("postgres"), "tacenda");
    let seen = check(&store, &heads);
    assert!(acked.len() > 30, "{}", acked.len());
    let acked: BTreeSet<_> = acked.into_iter().collect();
    assert!(acked.is_subset(&seen), "what was answered is lost");
    wait(store.commit(change(9, 0, 2))).unwrap();
    assert_eq!(check(&store, &heads).len(), seen.len() + 3);
}

#[test]
fn a_standby_is_read_and_writes_nothing() {
    let primary = Cluster::own(Durability::None);
    let store = open(&primary.url("postgres"), "tacenda");
    wait(store.initialise(INIT)).unwrap();
    let standby = primary.standby();
    let there = open(&standby.url("postgres"), "tacenda");
    let added = change(1, 0, 2);
    let committed = wait(store.commit(added.clone())).unwrap();
    // The places arrive as everything does.
    assert_eq!(wait(there.places(&committed.leaves)).unwrap().len(), 3);
    let keys: Vec<_> = added.writes.iter().map(|write| write.row.key.clone()).collect();
    assert!(wait(there.rows(&keys)).unwrap().iter().all(Option::is_some));
    assert!(wait(there.commit(change(1, 1, 0))).unwrap_err().is(&READ_ONLY));
    assert_eq!(check(&there, &[]).len(), 3);
}

#[test]
fn who_reads_on_a_standby_keeps_destroyed_keys_on_the_primary() {
    let primary = Cluster::own(Durability::None);
    let safe = wait(PostgresKeyring::open(&primary.url("postgres"), options("tacenda"))).unwrap();
    let kek = KekId([3; 8]);
    let init = SafeInit { safe: [2; 16], store: [1; 16], kek, secrets: Vec::new() };
    wait(safe.initialise(init)).unwrap();
    let key = KeyId::first(subject(1, 1), Name::fixed("account"));
    let wrapped = WrappedKey { kek, bytes: vec![7; 60] };
    wait(safe.create(NewKeys { keys: vec![(key.clone(), wrapped)], ..NewKeys::default() }))
        .unwrap();
    let standby = primary.standby();
    assert!(wait(safe.is_archived()).unwrap(), "it sends its write-ahead log away");
    let mut reader = Session::open(&standby.url("postgres"));
    reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
    reader.run("SELECT count(*) FROM tacenda.keys");
    let feedback = "SELECT backend_xmin IS NOT NULL FROM pg_stat_replication";
    until(&primary, feedback);
    let position = LogPosition { epoch: 1, index: 0 };
    wait(safe.destroy(&[key], position, Timestamp::from_micros(0))).unwrap();
    assert_eq!(wait(safe.scrub()).unwrap(), Scrub::Blocked);
    reader.run("COMMIT");
    // The standby says within a second or two that nobody reads there any more.
    while wait(safe.scrub()).unwrap() == Scrub::Blocked {
        thread::sleep(Duration::from_millis(50));
    }
    let dead = "SELECT vacuum_count > 0 FROM pg_stat_user_tables WHERE relname = 'keys'";
    until(&primary, dead);
}
