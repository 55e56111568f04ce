//! Scans: in order, page by page, and never past their bound.

use tacenda_core::id::RowId;
use tacenda_core::name::Name;
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::{Cursor, NewLeaf, Scan, Store};
use tacenda_core::row::{Row, state};

use super::Factory;
use super::samples::{
    ACCOUNT, PROFILE, at, by_key, change, leaf, marked, put, row, row_id, scan_all, subject, wait,
};

const JOB: Name = Name::fixed("job");

fn of_kind(n: u64, kind: Name, id: u8) -> Row {
    let mut row = row(n);
    (row.key.kind, row.key.id) = (kind, row_id(id));
    row
}

pub(super) fn pages_show_every_row_once(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    // In the order of their keys: a name that begins another sorts before it.
    let longer = Name::fixed("job-2");
    let rows: Vec<Row> = (0..4)
        .flat_map(|n| {
            [of_kind(n, JOB, 0), of_kind(n, JOB, 1), of_kind(n, JOB, 9)]
                .into_iter()
                .chain([of_kind(n, longer.clone(), 3), row(n)])
        })
        .collect();
    wait(store.commit(put(&rows.iter().rev().cloned().collect::<Vec<_>>()))).unwrap();
    let jobs: Vec<Row> = rows.iter().filter(|row| row.key.kind == JOB).cloned().collect();
    // The order of all rows is the store's own, but fixed, and a subject's rows stand together.
    let order = scan_all(store, &Scan::All { kind: None }, 99);
    assert_eq!(by_key(order.clone()), rows);
    let subjects: Vec<_> = order.chunks(5).map(|rows| rows[0].key.subject).collect();
    assert!(order.chunks(5).zip(&subjects).all(|(chunk, who)| {
        chunk.is_sorted_by_key(|row| &row.key) && chunk.iter().all(|row| row.key.subject == *who)
    }));
    for limit in [0, 1, 2, 3, 5, 19, 20, 21] {
        let (all, some) = (Scan::All { kind: None }, Scan::All { kind: Some(JOB) });
        assert_eq!(scan_all(store, &all, limit), order, "limit {limit}");
        assert_eq!(by_key(scan_all(store, &some, limit)), jobs, "limit {limit}");
        assert_eq!(scan_all(store, &Scan::Subject(subject(2)), limit), rows[10..15]);
    }
    let page = wait(store.scan(&Scan::All { kind: None }, None, 20)).unwrap();
    assert_eq!(page.next, None, "the last page says so even when it is full");
    assert!(scan_all(store, &Scan::Subject(subject(77)), 3).is_empty());
    let before = Cursor::before_subject(subject(3));
    let page = wait(store.scan(&Scan::All { kind: None }, Some(&before), 99)).unwrap();
    let third = subjects.iter().position(|who| *who == subject(3)).unwrap();
    assert_eq!(page.rows, order[third * 5..]);
    let mut seen = Vec::new();
    for (n, who) in subjects.iter().enumerate() {
        let page = wait(store.scan(&Scan::Subject(*who), Some(&before), 99)).unwrap();
        let expected = if n < third { &[][..] } else { &order[n * 5..n * 5 + 5] };
        assert_eq!(page.rows, expected, "a cursor may stand before or behind the subject");
        seen.extend(page.rows);
    }
    assert_eq!(seen, order[third * 5..]);
}

pub(super) fn the_anchored_scan_ends_at_its_bound(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let mut rows: Vec<Row> = (0..9).map(row).collect();
    for (row, anchor) in rows.iter_mut().zip([30, 10, 20, 20, 21, i64::MIN, 5, 5, 5]) {
        row.anchor_at = Some(at(anchor));
    }
    rows[6].held = true;
    rows[7].anchor_at = None;
    rows[8].state = state::RESTRICTED;
    let mut other = row(9);
    (other.class, other.anchor_at) = (Some(Name::fixed("account-2")), Some(at(1)));
    let mut without = row(10);
    (without.class, without.anchor_at) = (None, Some(at(1)));
    let expected = [5, 1, 2, 3].map(|n| rows[n].clone());
    wait(store.commit(put(&[rows, vec![other, without]].concat()))).unwrap();
    let scan = |until| Scan::Anchored { class: ACCOUNT, state: state::LIVE, until: at(until) };
    for limit in 1..6 {
        assert_eq!(scan_all(store, &scan(20), limit), expected, "limit {limit}");
        assert_eq!(scan_all(store, &scan(19), limit), expected[..2]);
        assert_eq!(scan_all(store, &scan(i64::MIN), limit), expected[..1]);
        assert_eq!(scan_all(store, &scan(i64::MAX), limit).len(), 6);
    }
    let timeless = Cursor { at: None, key: row(1).key };
    let error = wait(store.scan(&scan(20), Some(&timeless), 5)).unwrap_err();
    assert!(error.is(&BAD_REQUEST));
}

pub(super) fn counts_are_those_of_the_scans(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let mut rows: Vec<Row> = (0..9).map(row).collect();
    for (row, anchor) in rows.iter_mut().zip(10..) {
        row.anchor_at = Some(at(anchor));
    }
    rows[8].class = Some(Name::fixed("other"));
    rows[7].state = state::ARCHIVED;
    wait(store.commit(put(&rows))).unwrap();
    let class = |class| Scan::Class { class };
    let anchored = |until| Scan::Anchored { class: ACCOUNT, state: state::LIVE, until: at(until) };
    for (scan, expected) in [
        (class(ACCOUNT), 8),
        (class(Name::fixed("other")), 1),
        (class(Name::fixed("none")), 0),
        (anchored(12), 3),
        (anchored(99), 7),
        (Scan::All { kind: Some(PROFILE) }, 9),
        (Scan::All { kind: None }, 9),
        (Scan::Subject(subject(3)), 1),
    ] {
        assert_eq!(scan_all(store, &scan, 2).len() as u64, expected, "{scan:?}");
        for limit in [0, 1, expected, u64::MAX] {
            assert_eq!(wait(store.count(&scan, limit)).unwrap(), expected.min(limit), "{scan:?}");
        }
    }
}

pub(super) fn the_due_scan_ends_at_its_bound(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let mut rows: Vec<Row> = (0..6).map(row).collect();
    for (row, due) in rows.iter_mut().zip([40, 10, 10, 11, 9, 9]) {
        row.due_at = Some(at(due));
    }
    rows[2].held = true;
    rows[4].state = state::PENDING;
    rows[5].due_at = None;
    let other = Row { due_at: Some(at(1)), ..of_kind(7, JOB, 1) };
    let expected = [1, 2, 3].map(|n| rows[n].clone());
    wait(store.commit(put(&[rows, vec![other]].concat()))).unwrap();
    let scan = |until| Scan::Due { kind: PROFILE, state: state::LIVE, until: at(until) };
    for limit in 1..5 {
        assert_eq!(scan_all(store, &scan(11), limit), expected, "limit {limit}");
        assert_eq!(scan_all(store, &scan(10), limit), expected[..2]);
        assert!(scan_all(store, &scan(9), limit).is_empty());
    }
}

pub(super) fn a_cursor_survives_changes_between_pages(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let rows: Vec<Row> = (1..9).map(|n| Row { anchor_at: Some(at(5)), ..row(n * 10) }).collect();
    wait(store.commit(put(&rows))).unwrap();
    let scan = Scan::Anchored { class: ACCOUNT, state: state::LIVE, until: at(5) };
    let page = wait(store.scan(&scan, None, 3)).unwrap();
    assert_eq!(page.rows, rows[..3]);
    // The row that the cursor stands on goes, and others come on both sides of it.
    let new = |n| Row { anchor_at: Some(at(5)), ..row(n) };
    let moved = Row { version: 2, anchor_at: Some(at(6)), ..rows[0].clone() };
    wait(store.commit(change(vec![new(5), new(35), moved], &[&rows[2], &rows[4]]))).unwrap();
    let page = wait(store.scan(&scan, page.next.as_ref(), 99)).unwrap();
    assert_eq!(
        page.rows,
        [new(35), rows[3].clone(), rows[5].clone(), rows[6].clone(), rows[7].clone()]
    );
}

pub(super) fn holdings_are_the_rows_and_latest_leaves(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    for n in 0..4 {
        let mut rows: Vec<Row> = (0..300u64 * u64::from(n == 2))
            .map(|id| {
                let mut row = of_kind(n, JOB, 0);
                row.key.id = RowId::from_bytes(u128::from(id + 1).to_be_bytes());
                row
            })
            .collect();
        rows.push(row(n));
        let mut change = put(&rows);
        change.leaves = (0..5).map(|i| NewLeaf { writes: i % 2 == 0, ..leaf(n, i) }).collect();
        wait(store.commit(change)).unwrap();
    }
    wait(store.settle()).unwrap();
    let asked = [subject(2), subject(0), subject(9), subject(2)];
    for leaves in [0, 1, 2, 9] {
        let found = wait(store.holdings(&asked, leaves)).unwrap();
        assert_eq!(found.len(), asked.len());
        for (who, holding) in asked.iter().zip(found) {
            assert_eq!(holding.rows, scan_all(store, &Scan::Subject(*who), 99));
            let latest = wait(store.leaves_of(*who, true, None, leaves)).unwrap();
            assert_eq!(holding.leaves, if leaves == 0 { Vec::new() } else { latest });
        }
    }
    assert!(wait(store.holdings(&[], 3)).unwrap().is_empty());
    let keys = [row(2).key, row(9).key, row(0).key];
    let found = wait(store.rows_with_leaves(subject(2), &keys, 2)).unwrap();
    assert_eq!(found.0, [Some(row(2)), None, Some(row(0))]);
    assert_eq!(found.1, wait(store.leaves_of(subject(2), true, None, 2)).unwrap());
}
