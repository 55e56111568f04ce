//! The trails of the store against the store in memory, which has none.

use pollster::block_on as wait;
use proptest::prelude::*;
use rusqlite::Connection;
use tacenda_core::memory::MemoryStore;
use tacenda_core::ports::{Change, LeafId, Store, StoredLeaf};
use tacenda_store::sqlite::{SqliteOptions, SqliteStore};

use super::{change, is_forgotten, key, leaf, marked, subject};

const SUBJECTS: u8 = 4;

#[derive(Debug, Clone)]
enum Step {
    Change { rows: Vec<(u8, bool, bool)>, leaves: Vec<(u8, bool)> },
    Prune { to: u64, keep: Vec<u64> },
    Epoch,
}

fn step() -> impl Strategy<Value = Step> {
    let rows = prop::collection::vec((0..SUBJECTS, any::<bool>(), any::<bool>()), 0..4);
    let rows = rows.prop_map(|mut rows| {
        rows.sort_unstable();
        rows.dedup_by_key(|(who, other, _)| (*who, *other));
        rows
    });
    let leaves = prop::collection::vec((0..SUBJECTS, prop::bool::weighted(0.8)), 1..4);
    prop_oneof![
        12 => (rows, leaves).prop_map(|(rows, leaves)| Step::Change { rows, leaves }),
        2 => (1u64..40, prop::collection::vec(0u64..40, 0..3))
            .prop_map(|(to, keep)| Step::Prune { to, keep }),
        1 => Just(Step::Epoch),
    ]
}

fn found(store: &impl Store, who: u8, before: Option<LeafId>, limit: usize) -> Vec<StoredLeaf> {
    wait(store.leaves_of(subject(who), true, before, limit)).unwrap()
}

/// All pages of the leaves, and those before any of them, are the same in both stores.
fn compare(store: &SqliteStore, model: &MemoryStore) {
    for who in 0..SUBJECTS {
        let all = found(model, who, None, 999);
        assert_eq!(found(store, who, None, 999), all);
        assert_eq!(found(store, who, None, 2), found(model, who, None, 2));
        for (n, leaf) in all.iter().enumerate() {
            let before = Some(leaf.id);
            assert_eq!(found(store, who, before, 2), found(model, who, before, 2), "{n}");
            let between = Some(LeafId { number: leaf.id.number + 1, ..leaf.id });
            assert_eq!(found(store, who, between, 99), found(model, who, between, 99));
        }
        let keys = [key(who, false), key(who, true)];
        let both = wait(store.rows_with_leaves(subject(who), &keys, 9)).unwrap();
        assert_eq!(both, wait(model.rows_with_leaves(subject(who), &keys, 9)).unwrap());
        let holdings = wait(store.holdings(&[subject(who)], 3)).unwrap();
        assert_eq!(holdings, wait(model.holdings(&[subject(who)], 3)).unwrap());
    }
}

/// Takes a step in both stores.
fn take(step: &Step, n: u64, store: &SqliteStore, model: &MemoryStore, epoch: &mut u32) {
    match step {
        Step::Change { rows, leaves } => {
            let rows: Vec<_> =
                rows.iter().map(|(who, other, gone)| (key(*who, *other), *gone)).collect();
            let leaves = leaves.iter().map(|(who, writes)| leaf(*who, *writes, n));
            let change = change(model, &rows, leaves.collect());
            wait(model.commit(change.clone())).unwrap();
            wait(store.commit(change)).unwrap();
        }
        Step::Prune { to, keep } => {
            for epoch in 1..=*epoch {
                let pruned = wait(model.prune(epoch, 0, *to, keep)).unwrap();
                let here = wait(store.prune(epoch, 0, *to, keep)).unwrap();
                assert_eq!(here.leaves, pruned.leaves);
            }
        }
        Step::Epoch => {
            *epoch += 1;
            let leaves = vec![leaf(0, true, n)];
            let change = Change { new_epoch: Some(*epoch), leaves, ..Change::default() };
            wait(model.commit(change.clone())).unwrap();
            wait(store.commit(change)).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn trails_lead_where_the_memory_store_looks(steps in prop::collection::vec(step(), 1..30)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.db");
        let store = marked(SqliteStore::open(&path, SqliteOptions::default()).unwrap());
        let (model, mut epoch) = (marked(MemoryStore::new()), 1);
        for (n, step) in (0u64..).zip(&steps) {
            take(step, n, &store, &model, &mut epoch);
            is_forgotten(&path);
        }
        compare(&store, &model);
    }
}

/// What somebody does to the trails that rows name.
#[derive(Debug, Clone)]
enum Spoil {
    Nothing,
    Name {
        who: u8,
        trail: &'static str,
    },
    /// Keeps what they name now.
    Copy,
    PutBack,
}

fn spoil() -> impl Strategy<Value = Spoil> {
    let trail = prop::sample::select(vec!["1", "2", "3", "4", "7", "999", "'none'"]);
    prop_oneof![
        3 => Just(Spoil::Nothing),
        2 => (0..SUBJECTS, trail).prop_map(|(who, trail)| Spoil::Name { who, trail }),
        1 => Just(Spoil::Copy),
        2 => Just(Spoil::PutBack),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 32,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Who writes to rows alone hides no leaf.
    #[test]
    fn whatever_rows_name_all_leaves_are_found(
        steps in prop::collection::vec((step(), spoil()), 1..30),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.db");
        let store = marked(SqliteStore::open(&path, SqliteOptions::default()).unwrap());
        let (model, mut epoch) = (marked(MemoryStore::new()), 1);
        let beside = Connection::open(&path).unwrap();
        let copy = "CREATE TEMP TABLE old AS SELECT subject, kind, trail FROM rows";
        beside.execute_batch(copy).unwrap();
        for (n, (step, spoil)) in (0u64..).zip(&steps) {
            take(step, n, &store, &model, &mut epoch);
            match spoil {
                Spoil::Nothing => {}
                Spoil::Name { who, trail } => {
                    let sql = format!("UPDATE rows SET trail = {trail} WHERE subject = ?1");
                    beside.execute(&sql, [subject(*who).as_bytes()]).unwrap();
                }
                Spoil::Copy => beside.execute_batch(&format!("DROP TABLE old; {copy}")).unwrap(),
                Spoil::PutBack => beside
                    .execute_batch(
                        "UPDATE rows SET trail = old.trail FROM old
                            WHERE old.subject = rows.subject AND old.kind = rows.kind",
                    )
                    .unwrap(),
            }
            compare(&store, &model);
        }
    }
}
