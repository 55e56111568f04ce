//! What the cases write.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tacenda_core::clock::Timestamp;
use tacenda_core::id::{RowId, SubjectId};
use tacenda_core::name::Name;
use tacenda_core::ports::{
    Change, Cursor, Expect, LeafId, LogPosition, NewLeaf, RowDelete, RowWrite, Scan, Store,
    StoreInit, StoreStatus, StoredLeaf,
};
use tacenda_core::row::{Row, RowKey, Token, state};

use super::Factory;

pub(super) use pollster::block_on as wait;

pub(super) const INIT: StoreInit = StoreInit { store: [1; 16], safe: [2; 16] };
pub(super) const ACCOUNT: Name = Name::fixed("account");
pub(super) const PROFILE: Name = Name::fixed("profile.account");
pub(super) const EMAIL: Name = Name::fixed("email");

/// A store that is marked, with what keeps it alive.
pub(super) fn marked(factory: &Factory<dyn Store>) -> super::Fixture<dyn Store> {
    let fixture = factory();
    wait(fixture.port.initialise(INIT)).unwrap();
    fixture
}

pub(super) fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

pub(super) fn subject(n: u64) -> SubjectId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&n.to_be_bytes());
    SubjectId::from_bytes(bytes)
}

pub(super) fn row_id(n: u8) -> RowId {
    RowId::from_bytes([n; 16])
}

/// The only row of its kind, live, of the class `account`, without a token.
pub(super) fn row(n: u64) -> Row {
    Row {
        key: RowKey::only(subject(n), PROFILE),
        class: Some(ACCOUNT),
        state: state::LIVE,
        held: false,
        anchor_at: None,
        due_at: None,
        version: 1,
        tokens: Vec::new(),
        body: n.to_be_bytes().to_vec(),
    }
}

pub(super) fn token(value: u8, unique: bool) -> Token {
    Token { index: EMAIL, value: [value; 16], unique }
}

pub(super) fn with_tokens(mut row: Row, tokens: &[Token]) -> Row {
    row.tokens = tokens.to_vec();
    row
}

pub(super) fn leaf(n: u64, micros: i64) -> NewLeaf {
    let bytes = format!("leaf of {n} at {micros}").into_bytes();
    NewLeaf { subject: subject(n), at: at(micros), writes: false, bytes }
}

/// Writes rows at the versions they bear, deletes others, with one leaf.
pub(super) fn change(rows: Vec<Row>, deletes: &[&Row]) -> Change {
    let expect = |row: &Row| match row.version {
        1 => Expect::Absent,
        n => Expect::Version(n - 1),
    };
    let writes = rows.into_iter().map(|row| RowWrite { expect: expect(&row), row }).collect();
    let delete = |row: &&Row| RowDelete { key: row.key.clone(), version: row.version };
    let deletes = deletes.iter().map(delete).collect();
    Change { writes, deletes, leaves: vec![leaf(0, 1)], ..Change::default() }
}

pub(super) fn put(rows: &[Row]) -> Change {
    change(rows.to_vec(), &[])
}

pub(super) fn next_version(mut row: Row) -> Row {
    row.version += 1;
    row
}

/// All that can be seen of a store.
#[derive(Debug, PartialEq)]
pub(super) struct Snapshot {
    pub(super) status: Option<StoreStatus>,
    pub(super) rows: Vec<Row>,
    pub(super) leaves: Vec<StoredLeaf>,
}

pub(super) fn snapshot(store: &Arc<dyn Store>) -> Snapshot {
    wait(store.settle()).unwrap();
    let status = wait(store.status()).unwrap();
    let epochs = 1..=status.as_ref().map_or(0, |status| status.head.epoch);
    Snapshot {
        status,
        rows: by_key(scan_all(store, &Scan::All { kind: None }, 7)),
        leaves: epochs.flat_map(|epoch| leaves(store, epoch)).collect(),
    }
}

/// All leaves of an epoch; in which chain they were is the store's own business.
fn leaves(store: &Arc<dyn Store>, epoch: u32) -> Vec<StoredLeaf> {
    let leaves = wait(store.leaves(epoch, 0, 1 << 40)).unwrap().into_iter();
    leaves.map(|leaf| StoredLeaf { id: LeafId::at(leaf.position.unwrap()), ..leaf }).collect()
}

/// All rows of a scan, read in pages of this size.
pub(super) fn scan_all(store: &Arc<dyn Store>, scan: &Scan, limit: usize) -> Vec<Row> {
    let (mut rows, mut after) = (Vec::new(), None::<Cursor>);
    loop {
        let page = wait(store.scan(scan, after.as_ref(), limit)).unwrap();
        assert!(page.rows.len() <= limit.max(1), "a page is no longer than its limit");
        let places: Vec<_> = page.rows.iter().map(|row| scan.cursor(row)).collect();
        assert_eq!(wait(store.cursors(scan, after.as_ref(), limit)).unwrap(), places);
        rows.extend(page.rows);
        match page.next {
            Some(next) => after = Some(next),
            None => return rows,
        }
    }
}

/// For scans whose order is the store's own.
pub(super) fn by_key(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    rows
}

/// Commits, and answers with the place of each leaf.
pub(super) fn placed(store: &Arc<dyn Store>, change: Change) -> Vec<LogPosition> {
    let committed = wait(store.commit(change)).unwrap();
    wait(store.places(&committed.leaves)).unwrap()
}

pub(super) fn keys_under(store: &Arc<dyn Store>, value: u8) -> Vec<RowKey> {
    let found = wait(store.lookup(&EMAIL, &[[value; 16]])).unwrap();
    found.into_iter().flatten().map(|found| found.key).collect()
}

/// The Merkle tree hash as RFC 6962 section 2.1 defines it, from the leaves' bytes.
pub(super) fn naive_root(leaves: &[&[u8]]) -> [u8; 32] {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => Sha256::new().chain_update([0]).chain_update(leaf).finalize().into(),
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            let (left, right) = (naive_root(left), naive_root(right));
            Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
        }
    }
}
