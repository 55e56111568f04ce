//! Trails that somebody spoiled are laid anew by the next change, and no other subject pays for them.

use pollster::block_on as wait;
use rusqlite::Connection;
use tacenda_core::ports::store::CORRUPT;
use tacenda_core::ports::{Change, Store as _};
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

/// Numbers that somebody used up are refused, and nothing is written.
#[test]
fn a_number_past_the_last_is_refused() {
    let (_folder, store, beside) = written();
    beside.execute("INSERT INTO trails VALUES (9223372036854775807, NULL)", []).unwrap();
    let change = |who| change(&store, &[(key(who, false), false)], vec![leaf(who, true, 5)]);
    assert!(wait(store.commit(change(3))).unwrap_err().is(&CORRUPT));
    wait(store.commit(change(1))).unwrap();
    assert_eq!(latest(&store, 3).unwrap(), [""; 0]);
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
