//! Many at once.

use std::sync::{Arc, Barrier};
use std::thread;

use tacenda_core::ports::store::{CONFLICT, NOT_UNIQUE};
use tacenda_core::ports::{Change, Expect, Store};
use tacenda_core::row::{Row, state};

use super::Factory;
use super::samples::{
    PROFILE, at, by_key, leaf, marked, naive_root, next_version, placed, put, row, scan_all,
    snapshot, token, wait, with_tokens,
};

/// What each of so many threads answers, each at another of these instances of one store than the
/// one before it.
fn threads<T: Send>(
    count: u64,
    instances: &[Arc<dyn Store>],
    work: impl Fn(u64, &Arc<dyn Store>) -> T + Sync,
) -> Vec<T> {
    thread::scope(|scope| {
        let work = &work;
        let run = |(n, store)| scope.spawn(move || work(n, store));
        let handles: Vec<_> = (0..count).zip(instances.iter().cycle()).map(run).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    })
}

pub(super) fn commits_leave_no_gap_and_share_no_index(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    commits_leave_no_gap(std::slice::from_ref(&fixture.port));
}

pub(super) fn commits_leave_no_gap(instances: &[Arc<dyn Store>]) {
    let store = &instances[0];
    let places = threads(8, instances, |n, store| {
        let mut places = Vec::new();
        for i in 0..25u64 {
            let leaves: Vec<_> = (0..=i % 4).map(|k| leaf(n * 100 + i, k as i64)).collect();
            let kept = row(5_000 + n * 100 + i);
            let change = Change { leaves: leaves.clone(), ..put(std::slice::from_ref(&kept)) };
            let indices = placed(store, change).into_iter().map(|place| place.index);
            places.extend(indices.zip(leaves.into_iter().map(|leaf| leaf.bytes)));
            // Every other change fails on its second row, and must leave no trace of its first.
            let fails = wait(store.commit(put(&[row(n * 100 + i), kept])));
            assert!(fails.unwrap_err().is(&CONFLICT));
        }
        places
    });
    let mut places = places.concat();
    places.sort();
    let seen = snapshot(store);
    assert_eq!(
        places.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
        (0..places.len() as u64).collect::<Vec<_>>()
    );
    let bytes: Vec<&[u8]> = places.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    assert_eq!(seen.status.unwrap().head.root, naive_root(&bytes));
    assert!(
        seen.leaves.iter().zip(&bytes).all(|(leaf, bytes)| leaf.bytes.as_deref() == Some(bytes))
    );
    assert_eq!((seen.leaves.len(), seen.rows.len()), (places.len(), 200));
}

pub(super) fn one_of_many_wins_a_unique_token(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    one_wins_a_unique_token(std::slice::from_ref(&fixture.port));
}

pub(super) fn one_wins_a_unique_token(instances: &[Arc<dyn Store>]) {
    let store = &instances[0];
    for round in 0..5u8 {
        let results = threads(6, instances, |n, store| {
            let row = with_tokens(row(u64::from(round) * 10 + n), &[token(round, true)]);
            wait(store.commit(put(&[row])))
        });
        let errors: Vec<_> = results.into_iter().filter_map(Result::err).collect();
        assert_eq!(errors.len(), 5);
        assert!(errors.iter().all(|error| error.is(&NOT_UNIQUE)));
        assert_eq!(super::samples::keys_under(store, round).len(), 1);
    }
    assert_eq!(snapshot(store).rows.len(), 5);
}

pub(super) fn no_update_is_lost(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    wait(store.commit(put(&[row(1)]))).unwrap();
    let counts = threads(4, std::slice::from_ref(store), |_, store| {
        let mut done = 0;
        while done < 10 {
            let now = wait(store.rows(&[row(1).key])).unwrap().remove(0).unwrap();
            match wait(store.commit(put(&[next_version(now)]))) {
                Ok(_) => done += 1,
                Err(error) => assert!(error.is(&CONFLICT)),
            }
        }
        done
    });
    let last = wait(store.rows(&[row(1).key])).unwrap().remove(0).unwrap();
    assert_eq!(last.version, 1 + counts.into_iter().sum::<u64>());
}

/// Two rows of different subjects of which at most one may be closed, as each change requires of the
/// other row: of two changes at once, only one happens.
pub(super) fn no_two_changes_undo_what_the_other_requires(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    for round in 0..20 {
        let pair = [row(round * 2), row(round * 2 + 1)];
        wait(store.commit(put(&pair))).unwrap();
        let together = Barrier::new(2);
        let results = threads(2, std::slice::from_ref(store), |n, store| {
            let (mine, other) = (&pair[n as usize], &pair[1 - n as usize]);
            let requires = vec![(other.key.clone(), Expect::Version(1))];
            // Nothing but what is required may make them wait for each other.
            let leaves = vec![leaf(round * 2 + n, 1)];
            let change = Change { requires, leaves, ..put(&[next_version(mine.clone())]) };
            together.wait();
            wait(store.commit(change))
        });
        let refused = results.iter().filter_map(|result| result.as_ref().err());
        assert!(refused.clone().all(|error| error.is(&CONFLICT)), "{results:?}");
        assert_eq!(refused.count(), 1, "round {round}: both happened, or none");
    }
}

pub(super) fn nobody_claims_the_same_work(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let jobs: Vec<Row> = (0..60).map(|n| Row { due_at: Some(at(n as i64)), ..row(n) }).collect();
    wait(store.commit(put(&jobs))).unwrap();
    let claimed = threads(4, std::slice::from_ref(store), |_, store| {
        let mut mine = Vec::new();
        loop {
            let work = wait(store.claim(&PROFILE, &state::LIVE, at(99), at(999), 7)).unwrap();
            if work.is_empty() {
                return mine;
            }
            mine.extend(work);
        }
    });
    let mut claimed = claimed.concat();
    claimed.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(claimed, jobs);
    let all = tacenda_core::ports::Scan::All { kind: None };
    assert_eq!(by_key(scan_all(store, &all, 50)), jobs);
}
