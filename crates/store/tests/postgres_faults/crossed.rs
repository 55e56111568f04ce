//! Two changes that wait for each other.

use std::thread;
use std::time::Duration;

use tacenda_core::id::SubjectId;
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::ports::{Change, Expect, RowDelete, Store};
use tacenda_testkit::Cluster;

use crate::scrub::Session;
use crate::support::{INIT, change, open, wait};

/// One rewrites what the other deletes, and the other way round: rewriting comes before deleting, and
/// no order of keys helps. The database ends one of them, which is made again and finds that it came
/// second.
#[test]
fn two_changes_in_a_circle_end_with_one_of_them() {
    let cluster = Cluster::shared();
    let (url, schema) = (cluster.url("postgres"), cluster.unique_name());
    let store = open(&url, &schema);
    wait(store.initialise(INIT)).unwrap();
    let added = change(1, 0, 3);
    wait(store.commit(added.clone())).unwrap();
    let in_order = format!("SELECT subject FROM {schema}.rows ORDER BY bucket, subject");
    let in_order = cluster.sql("postgres", &in_order);
    let rows: Vec<_> = in_order
        .lines()
        .map(|id| SubjectId::parse(id).unwrap())
        .map(|id| added.writes.iter().find(|write| write.row.key.subject == id).unwrap().clone())
        .collect();
    // Both rewrite another row too, on which they wait until each has the first of the other.
    let crossed = |rewrites: [usize; 2], deletes: usize| {
        let mut change = Change { leaves: added.leaves.clone(), ..Change::default() };
        for n in rewrites {
            let mut write = rows[n].clone();
            (write.row.version, write.expect) = (2, Expect::Version(1));
            change.writes.push(write);
        }
        change.deletes.push(RowDelete { key: rows[deletes].row.key.clone(), version: 1 });
        change
    };
    let mut holder = Session::open(&url);
    holder.run("BEGIN");
    let held = [2, 3].map(|n| format!("'{}'", rows[n].row.key.subject)).join(", ");
    holder.run(&format!("SELECT 1 FROM {schema}.rows WHERE subject IN ({held}) FOR UPDATE"));
    let waiting = "SELECT count(*) FROM pg_locks w JOIN pg_stat_activity a USING (pid)
        WHERE NOT w.granted AND a.query LIKE 'UPDATE rows%'
            AND a.datname = current_database() AND pg_blocking_pids(w.pid) <> '{}'";
    let outcomes: Vec<_> = thread::scope(|scope| {
        let store = &store;
        let both = [crossed([0, 2], 1), crossed([1, 3], 0)];
        let both = both.map(|change| scope.spawn(move || wait(store.commit(change))));
        while cluster.sql("postgres", waiting).parse::<u32>().unwrap() < 2 {
            thread::sleep(Duration::from_millis(5));
        }
        holder.run("ROLLBACK");
        both.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let lost: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert_eq!(lost.len(), 1, "{outcomes:?}");
    assert!(lost.iter().all(|told| told.is(&CONFLICT)), "{lost:?}");
    let left = format!("SELECT count(*), sum(version) FROM {schema}.rows");
    assert_eq!(cluster.sql("postgres", &left), "3|5");
    let circles = "SELECT deadlocks > 0 FROM pg_stat_database WHERE datname = current_database()";
    while cluster.sql("postgres", circles) != "t" {
        thread::sleep(Duration::from_millis(20));
    }
}
