//! What the cases share: writers, and a check of everything that they left.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub(crate) use pollster::block_on as wait;
use tacenda_core::clock::Timestamp;
use tacenda_core::id::{RowId, SubjectId};
use tacenda_core::log::{Frontier, leaf_hash};
use tacenda_core::name::Name;
use tacenda_core::ports::{
    Change, Cursor, Expect, LogHead, NewLeaf, RowWrite, Scan, Store, StoreInit,
};
use tacenda_core::row::{Row, RowKey, Token, state};
use tacenda_store::postgres::{PostgresOptions, PostgresStore};

pub(crate) const INIT: StoreInit = StoreInit { store: [1; 16], safe: [2; 16] };
const KIND: Name = Name::fixed("profile.account");

pub(crate) fn options(schema: &str) -> PostgresOptions {
    PostgresOptions {
        schema: schema.to_owned(),
        connections: 4,
        merge_interval: Duration::from_millis(5),
        lease: Duration::from_millis(500),
        ..PostgresOptions::default()
    }
}

pub(crate) fn open(url: &str, schema: &str) -> Arc<PostgresStore> {
    Arc::new(wait(PostgresStore::open(url, options(schema))).unwrap())
}

/// Who wrote it, and which of his it is.
pub(crate) fn subject(writer: u32, n: u32) -> SubjectId {
    SubjectId::from_bytes((u128::from(writer) << 64 | u128::from(n)).to_be_bytes())
}

/// A row with a look-up, and a leaf whose text is the subject's id; with `more` subjects in all.
pub(crate) fn change(writer: u32, n: u32, more: u32) -> Change {
    let mut change = Change::default();
    for part in 0..=more {
        let who = subject(writer, n * 8 + part);
        let token = Token { index: Name::fixed("email"), value: *who.as_bytes(), unique: true };
        let row = Row {
            key: RowKey { subject: who, kind: KIND, id: RowId::ONLY },
            class: Some(Name::fixed("account")),
            state: state::LIVE,
            held: false,
            anchor_at: None,
            due_at: None,
            version: 1,
            tokens: vec![token],
            body: vec![7; 100],
        };
        change.writes.push(RowWrite { row, expect: Expect::Absent });
        change.leaves.push(NewLeaf {
            subject: who,
            at: Timestamp::from_micros(i64::from(n)),
            writes: true,
            bytes: who.as_bytes().to_vec(),
        });
    }
    change
}

/// The subjects of a change.
pub(crate) fn subjects(change: &Change) -> Vec<SubjectId> {
    change.leaves.iter().map(|leaf| leaf.subject).collect()
}

/// Everything fits together: every leaf has one place, the root is theirs, every head that anybody
/// saw is one that the log went through, and rows, look-ups and leaves speak of the same subjects.
pub(crate) fn check(store: &PostgresStore, heads: &[LogHead]) -> BTreeSet<SubjectId> {
    let mut seen = BTreeSet::new();
    for text in texts(store, heads) {
        let who = SubjectId::from_bytes(text.as_slice().try_into().unwrap());
        assert!(seen.insert(who), "a change happened twice");
    }
    let rows: BTreeSet<SubjectId> = versions(store).into_keys().collect();
    assert_eq!(rows, seen, "half of a change");
    assert_eq!(wait(store.count_lookups()).unwrap(), rows.len() as u64);
    seen
}

/// The texts of the log in its order. Every leaf has one place, the root is theirs, and every head that
/// anybody saw is one that the log went through.
pub(crate) fn texts(store: &PostgresStore, heads: &[LogHead]) -> Vec<Vec<u8>> {
    wait(store.settle()).unwrap();
    let head = wait(store.status()).unwrap().unwrap().head;
    let leaves = wait(store.leaves(1, 0, u64::MAX)).unwrap();
    assert_eq!(leaves.len() as u64, head.size);
    let (mut tree, mut roots, mut texts) = (Frontier::new(), BTreeMap::new(), Vec::new());
    roots.insert(0, *tree.root().as_bytes());
    for (n, leaf) in leaves.into_iter().enumerate() {
        assert_eq!(leaf.position.unwrap().index, n as u64, "a gap");
        let bytes = leaf.bytes.unwrap();
        tree.append(leaf_hash(&bytes), |_| {});
        roots.insert(tree.size(), *tree.root().as_bytes());
        texts.push(bytes);
    }
    assert_eq!(*tree.root().as_bytes(), head.root);
    for head in heads {
        assert_eq!(roots[&head.size], head.root, "a fork");
    }
    let nodes = wait(store.hashes(1, 8, 0, u64::MAX)).unwrap();
    assert_eq!(nodes.len() as u64, head.size / 256);
    texts
}

/// Who has a row, and in which version.
pub(crate) fn versions(store: &PostgresStore) -> BTreeMap<SubjectId, u64> {
    let (mut rows, mut after) = (BTreeMap::new(), None::<Cursor>);
    loop {
        let page = wait(store.scan(&Scan::All { kind: None }, after.as_ref(), 1_000)).unwrap();
        rows.extend(page.rows.iter().map(|row| (row.key.subject, row.version)));
        after = page.next;
        if after.is_none() {
            return rows;
        }
    }
}
