//! The leaves that wrote a subject's rows are found as in memory, whatever came before, and whatever
//! somebody does to the rows.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod laid;
mod model;

use std::path::PathBuf;

use pollster::block_on as wait;
use rusqlite::Connection;
use tacenda_core::clock::Timestamp;
use tacenda_core::error::Result;
use tacenda_core::id::SubjectId;
use tacenda_core::name::Name;
use tacenda_core::ports::{Change, Expect, NewLeaf, RowDelete, RowWrite, Store, StoreInit};
use tacenda_core::row::{Row, RowKey, state};
use tacenda_store::sqlite::{SqliteOptions, SqliteStore};

/// A day in 2011, some hours after it began: the ids of subjects 0 and 1 are older, that of
/// `TOMORROW` is of the day after, the others are of that day.
const TODAY: Timestamp = Timestamp::from_micros(1_300_000_000_000_000);
const TOMORROW: u8 = 9;

fn subject(n: u8) -> SubjectId {
    let mut bytes = [n; 16];
    if n > 1 {
        let day = TODAY.as_micros().cast_unsigned() / 86_400_000_000 + u64::from(n == TOMORROW);
        bytes[..6].copy_from_slice(&(day * 86_400_000).to_be_bytes()[2..]);
    }
    SubjectId::from_bytes(bytes)
}

fn key(who: u8, other: bool) -> RowKey {
    let kind = if other { "profile.billing" } else { "profile.account" };
    RowKey::only(subject(who), Name::fixed(kind))
}

fn leaf(who: u8, writes: bool, text: u64) -> NewLeaf {
    let bytes = format!("leaf {text} of {who}").into_bytes();
    NewLeaf { subject: subject(who), at: TODAY, writes, bytes }
}

fn marked<S: Store>(store: S) -> S {
    wait(store.initialise(StoreInit { store: [1; 16], safe: [2; 16] })).unwrap();
    store
}

/// A change that writes or deletes these rows, as they are there or not, with these leaves.
fn change(store: &impl Store, rows: &[(RowKey, bool)], leaves: Vec<NewLeaf>) -> Change {
    let mut change = Change { leaves, ..Change::default() };
    for (key, delete) in rows {
        let row = wait(store.rows(std::slice::from_ref(key))).unwrap().remove(0);
        let (version, body) = (row.as_ref().map_or(0, |row| row.version), vec![7; 40]);
        match (row, delete) {
            (Some(_), true) => change.deletes.push(RowDelete { key: key.clone(), version }),
            (None, true) => {}
            (row, false) => {
                let expect = row.map_or(Expect::Absent, |_| Expect::Version(version));
                let row = Row {
                    key: key.clone(),
                    class: None,
                    state: state::LIVE,
                    held: false,
                    anchor_at: None,
                    due_at: None,
                    version: version + 1,
                    tokens: Vec::new(),
                    body,
                };
                change.writes.push(RowWrite { row, expect });
            }
        }
    }
    change
}

/// Nothing is left of subjects that have neither rows nor leaves; nor of trails that nobody names.
fn is_forgotten(path: &PathBuf) {
    let connection = Connection::open(path).unwrap();
    for left in [
        "gone WHERE subject NOT IN
            (SELECT subject FROM leaves WHERE subject IS NOT NULL AND writes = 1)",
        "gone WHERE subject IN (SELECT subject FROM rows)",
        "trails WHERE number NOT IN (SELECT trail FROM rows UNION SELECT trail FROM gone)",
    ] {
        let sql = format!("SELECT count(*) FROM {left}");
        let count: i64 = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(count, 0, "{left}");
    }
}

/// A store in a file with two subjects, of whom each was written twice; and a connection beside it.
fn written() -> (tempfile::TempDir, SqliteStore, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.db");
    let store = marked(SqliteStore::open(&path, SqliteOptions::default()).unwrap());
    for n in 0..2 {
        for who in [1, 2] {
            let rows = [(key(who, false), false), (key(who, true), false)];
            let change = change(&store, &rows, vec![leaf(who, true, n)]);
            wait(store.commit(change)).unwrap();
        }
    }
    let beside = Connection::open(&path).unwrap();
    (folder, store, beside)
}

fn erase(store: &SqliteStore, who: u8) {
    let rows = [(key(who, false), true), (key(who, true), true)];
    let change = change(store, &rows, vec![leaf(who, true, 9)]);
    wait(store.commit(change)).unwrap();
}

fn latest(store: &SqliteStore, who: u8) -> Result<Vec<String>> {
    let leaves = wait(store.leaves_of(subject(who), true, None, 9))?;
    let texts = leaves.into_iter().map(|leaf| String::from_utf8(leaf.bytes.unwrap()).unwrap());
    Ok(texts.collect())
}

/// Older rows of a subject, one or all of them, do not bring an older trail with them.
#[test]
fn rows_that_are_put_back_do_not_hide_the_leaves_after_them() {
    for only in ["profile.account", "profile.%"] {
        let (_folder, store, beside) = written();
        beside.execute_batch("CREATE TEMP TABLE old AS SELECT * FROM rows").unwrap();
        let change = change(&store, &[(key(1, false), false)], vec![leaf(1, true, 5)]);
        wait(store.commit(change)).unwrap();
        let put_back =
            format!("INSERT OR REPLACE INTO rows SELECT * FROM old WHERE kind LIKE '{only}'");
        beside.execute_batch(&put_back).unwrap();
        assert_eq!(latest(&store, 1).unwrap(), ["leaf 5 of 1", "leaf 1 of 1", "leaf 0 of 1"]);
        erase(&store, 1);
        beside.execute_batch(&put_back).unwrap();
        let now = ["leaf 9 of 1", "leaf 5 of 1", "leaf 1 of 1", "leaf 0 of 1"];
        assert_eq!(latest(&store, 1).unwrap(), now);
    }
}

#[test]
fn leaves_are_found_without_rows_and_by_rows_of_others() {
    let (_folder, store, beside) = written();
    let expected = ["leaf 1 of 1", "leaf 0 of 1"];
    for tampering in [
        "UPDATE leaves SET earlier = 'none'",
        "UPDATE trails SET latest = 'none'",
        "UPDATE rows SET trail = 'none'",
        "UPDATE rows SET trail = (SELECT trail FROM rows WHERE subject > ?1)",
        "UPDATE trails SET latest = (SELECT max(latest) FROM trails)",
        "UPDATE trails SET latest = latest + 1000",
        "UPDATE trails SET latest = NULL",
        "DELETE FROM rows",
    ] {
        beside
            .execute(&tampering.replace("?1", "x'01010101010101010101010101010101'"), [])
            .unwrap();
        assert_eq!(latest(&store, 1).unwrap(), expected, "{tampering}");
    }
    // Nor is somebody's trail believed of which all leaves are pruned.
    let (_folder, store, beside) = written();
    wait(store.prune(1, 3, 4, &[])).unwrap();
    wait(store.prune(1, 1, 2, &[])).unwrap();
    beside.execute("UPDATE rows SET trail = 2", []).unwrap();
    assert_eq!(latest(&store, 1).unwrap(), expected);
    // And of the one who was erased, at once.
    let (_folder, store, beside) = written();
    erase(&store, 1);
    assert_eq!(latest(&store, 1).unwrap().len(), 3);
    beside.execute_batch("DELETE FROM gone").unwrap();
    assert_eq!(latest(&store, 1).unwrap().len(), 3);
}

/// Who takes away all rows of a subject hides nothing once it is written to again. An id of the day
/// itself is not looked for: what is done to it on that day only an audit finds. An id of a later day
/// is none: some clock was wrong.
#[test]
fn a_subject_that_lost_all_its_rows_keeps_its_leaves() {
    for (who, old) in [(0, 2), (1, 2), (2, 0), (TOMORROW, 2)] {
        let (_folder, store, beside) = written();
        if who == 0 || who == TOMORROW {
            for n in 0..2 {
                let change = change(&store, &[(key(who, false), false)], vec![leaf(who, true, n)]);
                wait(store.commit(change)).unwrap();
            }
        }
        beside.execute_batch("DELETE FROM rows").unwrap();
        for n in 5..7 {
            let change = change(&store, &[(key(who, false), false)], vec![leaf(who, true, n)]);
            wait(store.commit(change)).unwrap();
        }
        let found = latest(&store, who).unwrap();
        assert_eq!(found.len(), 2 + old, "{who}: {found:?}");
    }
}

/// Rows of an erased subject that somebody puts back can be taken away as any others.
#[test]
fn who_is_erased_is_erased_again() {
    let (folder, store, beside) = written();
    beside.execute_batch("CREATE TEMP TABLE old AS SELECT * FROM rows").unwrap();
    erase(&store, 1);
    beside.execute_batch("INSERT OR IGNORE INTO rows SELECT * FROM old").unwrap();
    erase(&store, 1);
    assert_eq!(latest(&store, 1).unwrap().len(), 4);
    is_forgotten(&folder.path().join("rows.db"));
}

/// An erased subject is in no table once its leaves are pruned.
#[test]
fn who_is_erased_and_pruned_is_nowhere() {
    let (folder, store, beside) = written();
    erase(&store, 1);
    let count = |sql| beside.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM gone"), 1);
    assert_eq!(wait(store.prune(1, 0, 3, &[])).unwrap().leaves, 3);
    assert_eq!(count("SELECT count(*) FROM gone"), 1);
    assert_eq!(wait(store.prune(1, 3, 5, &[])).unwrap().leaves, 2);
    assert_eq!(count("SELECT count(*) FROM gone"), 0);
    assert_eq!(count("SELECT count(*) FROM trails"), 1);
    assert_eq!(count("SELECT count(*) FROM leaves WHERE earlier IS NOT NULL"), 0);
    is_forgotten(&folder.path().join("rows.db"));
}

/// What pruning costs does not grow with the log: nobody who is gone is searched for in its blocks.
#[test]
fn who_is_erased_is_forgotten_without_a_search() {
    let (folder, store, beside) = written();
    erase(&store, 1);
    beside.execute_batch("DROP INDEX leaves_blocks").unwrap();
    assert!(wait(store.leaves_of(subject(1), false, None, 9)).is_err());
    assert_eq!(wait(store.prune(1, 0, 5, &[])).unwrap().leaves, 5);
    let count = |sql| beside.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM gone"), 0);
    is_forgotten(&folder.path().join("rows.db"));
}

/// Nor does somebody who is gone and forgotten take another's trail along.
#[test]
fn who_is_forgotten_takes_no_trail_of_another_along() {
    let (_folder, store, beside) = written();
    erase(&store, 1);
    beside.execute_batch("UPDATE gone SET trail = 2").unwrap();
    for place in [0, 2, 4] {
        assert_eq!(wait(store.prune(1, place, place + 1, &[])).unwrap().leaves, 1);
    }
    let count = |sql| beside.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM gone"), 0);
    assert_eq!(count("SELECT count(*) FROM trails WHERE number = 2"), 1);
    assert_eq!(latest(&store, 2).unwrap().len(), 2);
}
