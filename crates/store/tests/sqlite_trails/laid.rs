//! Trails that somebody spoiled are laid anew by the next change, and no other subject pays for them.

use pollster::block_on as wait;
use rusqlite::Connection;
use tacenda_core::ports::{Change, Store as _};
use tacenda_core::row::RowKey;
use tacenda_store::sqlite::SqliteStore;

use super::{change, erase, is_forgotten, key, latest, leaf, subject, written};

/// Whether a read of all leaves of a subject searches the blocks: then it finds a leaf of another
/// that is made out to be the subject's, and on whose trail it is not.
fn is_searched(store: &SqliteStore, beside: &Connection, who: u8, planted: u64) -> bool {
    let sql = "UPDATE leaves SET subject = ?1, writes = ?2 WHERE place = (1 << 48) + ?3";
    let before = wait(store.leaves_of(subject(who), true, None, 99)).unwrap().len();
    let (of, writes): (Vec<u8>, bool) = beside
        .query_row(
            "SELECT subject, writes FROM leaves WHERE place = (1 << 48) + ?1",
            [planted.cast_signed()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    let planted = planted.cast_signed();
    beside.execute(sql, (subject(who).as_bytes(), true, planted)).unwrap();
    let found = wait(store.leaves_of(subject(who), true, None, 99)).unwrap().len();
    beside.execute(sql, (of, writes, planted)).unwrap();
    found > before
}

/// Leaves of a subject without rows, however far apart, are on a trail of its own, and no other
/// subject pays for them.
#[test]
fn leaves_without_rows_have_a_trail_too() {
    let (folder, store, beside) = written();
    let append = |who, text| {
        let leaves = vec![leaf(who, true, text)];
        wait(store.commit(Change { leaves, ..Change::default() })).unwrap();
    };
    let write = |who, text| {
        let change = change(&store, &[(key(who, false), false)], vec![leaf(who, true, text)]);
        wait(store.commit(change)).unwrap();
    };
    append(3, 4);
    append(1, 5);
    append(3, 6);
    for who in [0, 3, 4] {
        for text in [7, 8] {
            write(who, text);
            let seen = latest(&store, who).unwrap();
            let expected = if who == 3 { text as usize - 4 } else { text as usize - 6 };
            assert_eq!(seen.len(), expected, "{who}: {seen:?}");
            assert!(!is_searched(&store, &beside, who, 5), "{who}");
        }
    }
    is_forgotten(&folder.path().join("rows.db"));
}

/// A row that names another's trail: each of the two is found in the blocks until it is written to,
/// and on a trail of its own from then on.
#[test]
fn whoever_shares_a_trail_gets_one_of_their_own() {
    for first in [1, 2] {
        let (_folder, store, beside) = written();
        let sql = "UPDATE rows SET trail = 2";
        beside.execute(sql, []).unwrap();
        for (n, who) in (5..).zip([first, 3 - first, 1, 2]) {
            let change = change(&store, &[(key(who, n == 5), false)], vec![leaf(who, true, n)]);
            wait(store.commit(change)).unwrap();
            assert_eq!(latest(&store, who).unwrap().len(), if n < 7 { 3 } else { 4 });
            let of_another = if who == 1 { 1 } else { 0 };
            assert!(!is_searched(&store, &beside, who, of_another), "{who} after {n}");
        }
    }
    // And of the one who is gone.
    let (_folder, store, beside) = written();
    erase(&store, 1);
    beside.execute("UPDATE gone SET trail = 2", []).unwrap();
    for (n, who) in (5..).zip([1, 2]) {
        let leaves = vec![leaf(who, true, n)];
        wait(store.commit(Change { leaves, ..Change::default() })).unwrap();
        assert!(!is_searched(&store, &beside, who, if who == 1 { 1 } else { 0 }), "{who}");
    }
    assert_eq!(latest(&store, 1).unwrap().len(), 4);
}

/// A trail that ends nowhere, or at what is pruned, is laid again by the next change.
#[test]
fn a_trail_that_ends_at_no_leaf_is_laid_again() {
    for tampering in ["latest = NULL", "latest = latest + 1000", "latest = 7"] {
        let (_folder, store, beside) = written();
        beside.execute(&format!("UPDATE trails SET {tampering}"), []).unwrap();
        let change = change(&store, &[(key(1, false), false)], vec![leaf(1, true, 5)]);
        wait(store.commit(change)).unwrap();
        assert_eq!(latest(&store, 1).unwrap().len(), 3, "{tampering}");
        assert!(!is_searched(&store, &beside, 1, 1), "{tampering}");
    }
}

/// A number that is no trail's is given up for one of ours, and numbers that somebody used up end no
/// registration.
#[test]
fn numbers_that_somebody_chose_are_not_counted_on_from() {
    let chosen = "UPDATE rows SET trail = 9223372036854775807";
    let there = |number: i64| format!("INSERT INTO trails VALUES ({number}, NULL)");
    let both = format!("{}; {}", there(1 << 62), there((1 << 62) + 1));
    for tampering in [chosen.to_owned(), there(i64::MAX), both] {
        let (_folder, store, beside) = written();
        beside.execute_batch(&tampering).unwrap();
        let write = |rows: &[(RowKey, bool)], leaves| {
            wait(store.commit(change(&store, rows, leaves))).unwrap();
        };
        write(&[(key(1, false), false)], vec![leaf(1, true, 5)]);
        let rows = [(key(3, false), false), (key(4, false), false)];
        write(&rows, vec![leaf(3, true, 5), leaf(4, true, 5)]);
        for (who, leaves) in [(1, 3), (3, 1), (4, 1)] {
            let sql = "SELECT max(trail) FROM rows WHERE subject = ?1";
            let of = [*subject(who).as_bytes()];
            let number: i64 = beside.query_row(sql, of, |row| row.get(0)).unwrap();
            assert!(number < 9, "{tampering}: {number}");
            assert_eq!(latest(&store, who).unwrap().len(), leaves, "{tampering}");
            assert!(!is_searched(&store, &beside, who, 1), "{tampering}: {who}");
        }
    }
}

/// What stands for a number of one subject and is none stops nobody who is read or written with it,
/// and is a number again afterwards.
#[test]
fn what_is_no_number_stops_nobody_else() {
    let of = "WHERE subject = x'01010101010101010101010101010101'";
    for tampering in [
        format!("UPDATE rows SET trail = 'none' {of}"),
        "UPDATE trails SET latest = 'none' WHERE number = 1".to_owned(),
        format!("UPDATE leaves SET earlier = x'00' {of}"),
    ] {
        let (_folder, store, beside) = written();
        beside.execute_batch(&tampering).unwrap();
        let holdings = wait(store.holdings(&[subject(1), subject(2)], 9)).unwrap();
        assert_eq!(holdings.len(), 2, "{tampering}");
        for who in [1, 2] {
            let keys = [key(who, false), key(who, true)];
            let found = wait(store.rows_with_leaves(subject(who), &keys, 9)).unwrap();
            assert_eq!(found.1.len(), 2, "{tampering}");
        }
        let rows = [(key(1, false), false), (key(2, false), false)];
        let change = change(&store, &rows, vec![leaf(1, true, 5), leaf(2, true, 5)]);
        wait(store.commit(change)).unwrap();
        for who in [1, 2] {
            assert_eq!(latest(&store, who).unwrap().len(), 3, "{tampering}");
        }
        let sql = "SELECT count(*) FROM rows JOIN trails ON number = trail
            WHERE typeof(trail) = 'integer' AND typeof(latest) = 'integer'";
        let sound: i64 = beside.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(sound, 4, "{tampering}");
    }
    // Nor does it stop what is pruned, or the one who is gone.
    let (_folder, store, beside) = written();
    erase(&store, 1);
    beside.execute_batch("UPDATE gone SET trail = 'none'").unwrap();
    beside.execute_batch("UPDATE leaves SET earlier = 'none'").unwrap();
    assert_eq!(wait(store.prune(1, 0, 2, &[])).unwrap().leaves, 2);
    beside.execute_batch("UPDATE leaves SET earlier = 'none'").unwrap();
    assert_eq!(wait(store.prune(1, 0, 3, &[])).unwrap().leaves, 1);
    let leaves = vec![leaf(1, true, 6), leaf(2, true, 6)];
    wait(store.commit(Change { leaves, ..Change::default() })).unwrap();
    assert_eq!(latest(&store, 1).unwrap(), ["leaf 6 of 1", "leaf 9 of 1"]);
}

/// A trail that was given up for another is nobody's: rows that name it and are put back do not hide
/// what came after it.
#[test]
fn rows_that_are_put_back_find_no_trail_that_was_left() {
    let of = "WHERE subject = x'01010101010101010101010101010101'";
    for tampering in
        ["UPDATE rows SET trail = 2", "UPDATE rows SET trail = 999", "DELETE FROM rows"]
    {
        for pruned in [false, true] {
            let (_folder, store, beside) = written();
            if pruned {
                // Their latest leaf, behind one that stays.
                assert_eq!(wait(store.prune(1, 2, 3, &[])).unwrap().leaves, 1);
            }
            let copy = format!("CREATE TEMP TABLE old AS SELECT * FROM rows {of}");
            beside.execute_batch(&format!("{copy}; {tampering} {of}")).unwrap();
            let write = |text| {
                let rows = [(key(1, false), false)];
                wait(store.commit(change(&store, &rows, vec![leaf(1, true, text)]))).unwrap();
            };
            (5..7).for_each(write);
            beside.execute_batch("INSERT OR REPLACE INTO rows SELECT * FROM old").unwrap();
            let mut now = vec!["leaf 6 of 1", "leaf 5 of 1", "leaf 1 of 1", "leaf 0 of 1"];
            now.retain(|text| !pruned || *text != "leaf 1 of 1");
            assert_eq!(latest(&store, 1).unwrap(), now, "{tampering}, {pruned}");
            write(7);
            now.insert(0, "leaf 7 of 1");
            assert_eq!(latest(&store, 1).unwrap(), now, "{tampering}, {pruned}");
            let sql = format!("SELECT count(*) FROM trails JOIN leaves ON place = latest {of}");
            let count: i64 = beside.query_row(&sql, [], |row| row.get(0)).unwrap();
            assert_eq!(count, 1, "{tampering}, {pruned}");
        }
    }
}

/// Whoever takes a trail away hides nothing with it, and the next change lays it again.
#[test]
fn a_trail_that_is_lost_is_found_in_the_log() {
    let (_folder, store, beside) = written();
    let count = || beside.query_row("SELECT count(*) FROM trails", [], |row| row.get::<_, i64>(0));
    for who in [1, 2] {
        beside.execute("DELETE FROM trails WHERE number = ?1", [who]).unwrap();
        assert_eq!(latest(&store, who).unwrap().len(), 2);
        let change = change(&store, &[(key(who, false), false)], vec![leaf(who, true, 5)]);
        wait(store.commit(change)).unwrap();
        assert_eq!(latest(&store, who).unwrap().len(), 3);
        assert_eq!(count().unwrap(), 2);
    }
}
