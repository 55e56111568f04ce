//! Any sequence of changes has the same answers and leaves the same content as in memory.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tacenda_core::error::Result;
use tacenda_core::memory::MemoryStore;
use tacenda_core::name::Name;
use tacenda_core::ports::{
    Change, Cursor, Expect, LogPosition, NewLeaf, PolicyMark, RowDelete, RowWrite, Scan, Store,
    StoredLeaf,
};
use tacenda_core::row::{Row, RowKey, Token, state};

use super::Factory;
use super::samples::{
    ACCOUNT, EMAIL, INIT, PROFILE, at, by_key, leaf, marked, row_id, scan_all, snapshot, subject,
    wait,
};

/// What a generated step does; versions and expectations are made from what is there, and then
/// sometimes spoiled.
#[derive(Debug, Clone)]
enum Step {
    Commit {
        writes: Vec<Row>,
        deletes: Vec<RowKey>,
        requires: Vec<RowKey>,
        leased: Option<(RowKey, i64)>,
        spoil: u8,
        leaves: u8,
    },
    Claim {
        now: i64,
        until: i64,
        limit: usize,
    },
    Renew {
        key: RowKey,
        held: i64,
        until: i64,
    },
    Prune {
        from: u64,
        to: u64,
        keep: Vec<u64>,
    },
    Epoch,
}

fn key() -> impl Strategy<Value = RowKey> {
    (0u64..4, prop_oneof![Just(PROFILE), Just(Name::fixed("job"))], 0u8..2)
        .prop_map(|(who, kind, id)| RowKey { subject: subject(who), kind, id: row_id(id) })
}

fn states() -> impl Strategy<Value = Name> {
    prop_oneof![3 => Just(state::LIVE), 1 => Just(state::PENDING)]
}

fn tokens() -> impl Strategy<Value = Vec<Token>> {
    let token =
        (any::<bool>(), 0u8..5, prop::bool::weighted(0.7)).prop_map(|(email, n, unique)| Token {
            index: if email { EMAIL } else { Name::fixed("vat") },
            value: [n; 16],
            unique,
        });
    prop::collection::vec(token, 0..3)
}

fn row() -> impl Strategy<Value = Row> {
    let time = || prop::option::of((0i64..6).prop_map(at));
    let class = prop_oneof![3 => Just(Some(ACCOUNT)), 1 => Just(None)];
    let body = prop::collection::vec(any::<u8>(), 0..40);
    let held = prop::bool::weighted(0.2);
    (key(), class, states(), held, time(), time(), tokens(), body).prop_map(
        |(key, class, state, held, anchor_at, due_at, tokens, body)| {
            let version = 1;
            Row { key, class, state, held, anchor_at, due_at, version, tokens, body }
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let keys = || prop::collection::vec(key(), 0..2);
    let leased = prop::option::weighted(0.2, (key(), 0i64..8));
    let commit = (prop::collection::vec(row(), 0..4), keys(), keys(), leased, 0u8..20, 0u8..4)
        .prop_map(|(writes, deletes, requires, leased, spoil, leaves)| Step::Commit {
            writes,
            deletes,
            requires,
            leased,
            spoil,
            leaves,
        });
    prop_oneof![
        12 => commit,
        2 => (0i64..8, 0i64..8, 0usize..4)
            .prop_map(|(now, more, limit)| Step::Claim { now, until: now + more, limit }),
        1 => (key(), 0i64..8, 0i64..8)
            .prop_map(|(key, held, until)| Step::Renew { key, held, until }),
        1 => (0u64..30, 0u64..30, prop::collection::vec(0u64..30, 0..3))
            .prop_map(|(from, to, keep)| Step::Prune { from: from / 3, to, keep }),
        1 => Just(Step::Epoch),
    ]
}

fn expectation(model: &Arc<dyn Store>, key: &RowKey) -> Expect {
    let row = wait(model.rows(std::slice::from_ref(key))).unwrap().remove(0);
    row.map_or(Expect::Absent, |row| Expect::Version(row.version))
}

fn build(model: &Arc<dyn Store>, step: &Step, n: u64) -> Change {
    let one = |i: u8| NewLeaf { writes: i != 1, ..leaf(n % 5, i64::from(i)) };
    let Step::Commit { writes, deletes, requires, leased, spoil, leaves } = step else {
        let epoch = wait(model.status()).unwrap().unwrap().head.epoch;
        return Change { new_epoch: Some(epoch + 1), leaves: vec![one(0)], ..Change::default() };
    };
    let mut change = Change::default();
    for row in writes {
        let expect = expectation(model, &row.key);
        let version = if let Expect::Version(version) = expect { version + 1 } else { 1 };
        change.writes.push(RowWrite { row: Row { version, ..row.clone() }, expect });
    }
    for key in deletes {
        if let Expect::Version(version) = expectation(model, key) {
            change.deletes.push(RowDelete { key: key.clone(), version });
        }
    }
    change.requires = requires.iter().map(|key| (key.clone(), expectation(model, key))).collect();
    change.leased = leased.iter().map(|(key, until)| (key.clone(), at(*until))).collect();
    change.leaves = (0..*leaves).map(one).collect();
    change.safe_sequence = n;
    match spoil {
        0 => change.writes.iter_mut().for_each(|write| {
            (write.expect, write.row.version) = (Expect::Version(9), 10);
        }),
        1 => change.deletes.iter_mut().for_each(|delete| delete.version += 1),
        2 => change.requires.iter_mut().for_each(|require| require.1 = Expect::Version(99)),
        3 => change.policy = Some(PolicyMark { version: n, digest: [7; 32] }),
        _ => {}
    }
    change
}

fn same(left: &Result<Vec<LogPosition>>, right: &Result<Vec<LogPosition>>) {
    match (left, right) {
        (Ok(left), Ok(right)) => assert_eq!(left, right),
        (Err(left), Err(right)) => {
            assert_eq!(left.code(), right.code());
            assert_eq!(left.context("reason"), right.context("reason"));
        }
        _ => panic!("one store took the change and the other did not: {left:?}, {right:?}"),
    }
}

fn compare(model: &Arc<dyn Store>, store: &Arc<dyn Store>, limit: usize) {
    assert_eq!(snapshot(store), snapshot(model));
    for scan in [Scan::All { kind: Some(PROFILE) }, Scan::Class { class: ACCOUNT }] {
        let all = |store: &Arc<dyn Store>| by_key(scan_all(store, &scan, limit));
        assert_eq!(all(store), all(model), "{scan:?}");
        let count = |store: &Arc<dyn Store>| wait(store.count(&scan, 4)).unwrap();
        assert_eq!(count(store), count(model), "{scan:?}");
    }
    let mut scans = vec![Scan::Subject(subject(1))];
    for until in [at(0), at(3), at(9)] {
        for state in [state::LIVE, state::PENDING] {
            scans.push(Scan::Anchored { class: ACCOUNT, state: state.clone(), until });
            scans.push(Scan::Due { kind: PROFILE, state, until });
        }
    }
    for scan in scans {
        assert_eq!(scan_all(store, &scan, limit), scan_all(model, &scan, limit), "{scan:?}");
        let count = |store: &Arc<dyn Store>| wait(store.count(&scan, 4)).unwrap();
        assert_eq!(count(store), count(model), "{scan:?}");
        // Subjects are in an order of the store's own, but for the scans ordered by a time.
        let who = if matches!(scan, Scan::Subject(_)) { subject(1) } else { subject(2) };
        let cursor = Cursor { at: Some(at(2)), key: RowKey::only(who, Name::fixed("m")) };
        let page = |store: &Arc<dyn Store>| wait(store.scan(&scan, Some(&cursor), 3)).unwrap();
        assert_eq!(page(store), page(model), "{scan:?}");
    }
    let tokens: Vec<[u8; 16]> = (0..5).map(|n| [n; 16]).collect();
    for index in [EMAIL, Name::fixed("vat")] {
        let find = |store: &Arc<dyn Store>| wait(store.lookup(&index, &tokens)).unwrap();
        assert_eq!(find(store), find(model));
    }
    let lookups = |store: &Arc<dyn Store>| wait(store.count_lookups()).unwrap();
    assert_eq!(lookups(store), lookups(model));
    for who in (0..5).map(subject) {
        for writes in [false, true] {
            let all = |store: &Arc<dyn Store>| {
                let (mut found, mut before) = (Vec::new(), None);
                loop {
                    let page = wait(store.leaves_of(who, writes, before, limit)).unwrap();
                    before = page.last().map(|leaf| leaf.id);
                    found.extend(page);
                    if before.is_none() {
                        return placed(found);
                    }
                }
            };
            assert_eq!(all(store), all(model), "{who:?}, {writes}");
        }
        let keys = [RowKey::only(who, PROFILE), RowKey::only(who, Name::fixed("job"))];
        let one = |store: &Arc<dyn Store>| {
            let (rows, leaves) = wait(store.rows_with_leaves(who, &keys, limit)).unwrap();
            (rows, placed(leaves))
        };
        assert_eq!(one(store), one(model));
        let held = |store: &Arc<dyn Store>| {
            let mut holding = wait(store.holdings(&[who], limit)).unwrap().remove(0);
            (placed(std::mem::take(&mut holding.leaves)), holding.rows)
        };
        assert_eq!(held(store), held(model));
    }
}

/// Leaves without their chain, which is the store's own business.
fn placed(leaves: Vec<StoredLeaf>) -> Vec<impl PartialEq + std::fmt::Debug> {
    leaves.into_iter().map(|leaf| (leaf.position, leaf.hash, leaf.bytes)).collect()
}

pub(super) fn behaves_as_the_memory_store(factory: &Factory<dyn Store>) {
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let steps = prop::collection::vec(step(), 1..25);
    let outcome = TestRunner::new(config).run(&(steps, 1usize..5), |(steps, limit)| {
        let fixture = marked(factory);
        let store = &fixture.port;
        let model: Arc<dyn Store> = Arc::new(MemoryStore::new());
        wait(model.initialise(INIT)).unwrap();
        for (n, step) in steps.iter().enumerate() {
            match step {
                Step::Claim { now, until, limit } => {
                    let claim = |store: &Arc<dyn Store>| {
                        wait(store.claim(&PROFILE, &state::LIVE, at(*now), at(*until), *limit))
                    };
                    assert_eq!(claim(store).unwrap(), claim(&model).unwrap());
                }
                Step::Renew { key, held, until } => {
                    let renew =
                        |store: &Arc<dyn Store>| wait(store.renew(key, at(*held), at(*until)));
                    assert_eq!(renew(store).unwrap(), renew(&model).unwrap());
                }
                Step::Prune { from, to, keep } => {
                    let prune = |store: &Arc<dyn Store>| {
                        wait(store.prune(1, *from, *to, keep)).unwrap().leaves
                    };
                    assert_eq!(prune(store), prune(&model));
                }
                Step::Commit { .. } | Step::Epoch => {
                    let change = build(&model, step, n as u64);
                    let places = |store: &Arc<dyn Store>, change| {
                        let committed = wait(store.commit(change))?;
                        wait(store.settle())?;
                        wait(store.places(&committed.leaves))
                    };
                    same(&places(store, change.clone()), &places(&model, change));
                }
            }
        }
        compare(&model, store, limit);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
