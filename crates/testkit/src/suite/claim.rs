//! Leases: work is handed out once, and comes back when the lease ends.

use tacenda_core::name::Name;
use tacenda_core::ports::store::{CONFLICT, LONGEST_LEASE};
use tacenda_core::ports::{Change, Store};
use tacenda_core::row::{Row, state};

use super::Factory;
use super::samples::{at, marked, next_version, put, row, snapshot, wait};

const JOB: Name = Name::fixed("job");

fn job(n: u64, due: i64) -> Row {
    let mut row = row(n);
    (row.key.kind, row.class) = (JOB, None);
    (row.state, row.due_at) = (state::PENDING, Some(at(due)));
    row
}

pub(super) fn work_is_leased_oldest_first_and_once(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let jobs = [job(1, 30), job(2, 10), job(3, 20), job(4, 20), job(5, 21)];
    let started = Row { state: state::LIVE, ..job(6, 1) };
    let other = Row { due_at: Some(at(1)), state: state::PENDING, ..row(7) };
    wait(store.commit(put(&[jobs.to_vec(), vec![started, other]].concat()))).unwrap();
    let before = snapshot(store);
    let claim = |now, until, limit| {
        wait(store.claim(&JOB, &state::PENDING, at(now), at(until), limit)).unwrap()
    };
    assert!(claim(9, 100, 9).is_empty() && claim(20, 100, 0).is_empty());
    assert_eq!(claim(20, 50, 2), [jobs[1].clone(), jobs[2].clone()]);
    assert_eq!(claim(20, 60, 9), [jobs[3].clone()]);
    assert!(claim(20, 60, 9).is_empty());
    assert_eq!(claim(30, 99, 9), [jobs[4].clone(), jobs[0].clone()]);
    assert!(claim(49, 99, 9).is_empty());
    assert_eq!(claim(50, 99, 9), [jobs[1].clone(), jobs[2].clone()]);
    assert_eq!(claim(98, 99, 9), [jobs[3].clone()]);
    assert_eq!(snapshot(store), before, "a claim is no change");
}

pub(super) fn a_lease_of_a_clock_that_was_ahead_is_over(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let longest = LONGEST_LEASE.as_micros();
    wait(store.commit(put(&[job(1, 10), job(2, 11)]))).unwrap();
    let claim = |now, until, limit| {
        wait(store.claim(&JOB, &state::PENDING, at(now), at(until), limit)).unwrap()
    };
    let ahead = 9 * longest;
    assert_eq!(claim(ahead, ahead + 60, 1), [job(1, 10)]);
    assert_eq!(claim(20, 50, 9), [job(1, 10), job(2, 11)], "the clock was set right");
    let renew = |held, until| wait(store.renew(&job(1, 10).key, at(held), at(until))).unwrap();
    assert!(!renew(ahead + 60, ahead + 90), "it was taken over");
    assert!(renew(50, 20 + longest), "the longest there is");
    assert_eq!(claim(50, 60, 9), [job(2, 11)]);
    assert!(claim(20, 60, 9).is_empty());
    assert_eq!(claim(19, 60, 9), [job(1, 10)], "one that ends later is none");
}

pub(super) fn writing_a_row_ends_its_lease(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    wait(store.commit(put(&[job(1, 10)]))).unwrap();
    let claim = |now| wait(store.claim(&JOB, &state::PENDING, at(now), at(1_000), 9)).unwrap();
    assert_eq!(claim(10).len(), 1);
    let again = Row { due_at: Some(at(40)), ..next_version(job(1, 10)) };
    wait(store.commit(put(&[again.clone()]))).unwrap();
    assert!(claim(39).is_empty());
    assert_eq!(claim(40), [again.clone()]);
    let done = Row { due_at: None, ..next_version(again) };
    wait(store.commit(put(&[done.clone()]))).unwrap();
    assert!(claim(2_000).is_empty());
    wait(store.commit(super::samples::change(vec![], &[&done]))).unwrap();
    wait(store.commit(put(&[job(1, 10)]))).unwrap();
    assert_eq!(claim(10).len(), 1, "a new row under an old key has no lease");
}

pub(super) fn a_lease_is_renewed_by_its_holder_alone(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let job = job(1, 10);
    wait(store.commit(put(std::slice::from_ref(&job)))).unwrap();
    let claim =
        |now, until| wait(store.claim(&JOB, &state::PENDING, at(now), at(until), 9)).unwrap();
    let renew = |held, until| wait(store.renew(&job.key, at(held), at(until))).unwrap();
    assert!(!renew(50, 60), "nobody has a lease");
    assert_eq!(claim(10, 50).len(), 1);
    assert!(renew(50, 60) && renew(50, 60), "the answer to the first may have been lost");
    assert!(!renew(50, 70) && !renew(59, 70));
    assert!(claim(50, 99).is_empty());
    assert!(renew(60, 70), "nobody took it when it was over");
    assert_eq!(claim(70, 99), [job.clone()]);
    assert!(!renew(70, 120), "it was taken over");
    let again = Row { due_at: Some(at(40)), ..next_version(job.clone()) };
    wait(store.commit(put(std::slice::from_ref(&again)))).unwrap();
    assert!(!renew(99, 120), "a write has ended it");
    wait(store.commit(super::samples::change(vec![], &[&again]))).unwrap();
    assert!(!renew(99, 120));
}

pub(super) fn a_change_needs_the_lease_that_it_names(factory: &Factory<dyn Store>) {
    let fixture = marked(factory);
    let store = &fixture.port;
    let (first, other) = (job(1, 10), job(2, 10));
    wait(store.commit(put(&[first.clone(), other.clone()]))).unwrap();
    let claim =
        |now, until| wait(store.claim(&JOB, &state::PENDING, at(now), at(until), 9)).unwrap();
    let end = |held: &[(&Row, i64)]| {
        let leased = held.iter().map(|(row, until)| (row.key.clone(), at(*until))).collect();
        let done = Row { due_at: Some(at(500)), ..next_version(first.clone()) };
        wait(store.commit(Change { leased, ..put(&[done, row(9)]) })).map(|_| ())
    };
    assert!(end(&[(&first, 50)]).unwrap_err().is(&CONFLICT), "nobody has a lease");
    assert_eq!(claim(10, 50).len(), 2);
    assert_eq!(claim(50, 90).len(), 2);
    let before = snapshot(store);
    assert!(end(&[(&first, 50)]).unwrap_err().is(&CONFLICT), "it was taken over");
    assert!(end(&[(&first, 90), (&other, 50)]).unwrap_err().is(&CONFLICT));
    assert!(end(&[(&first, 90), (&row(7), 90)]).unwrap_err().is(&CONFLICT), "no such row");
    assert_eq!(snapshot(store), before);
    end(&[(&other, 90), (&first, 90)]).unwrap();
    assert_eq!(claim(500, 900).len(), 2, "the write ended one lease, the other was over");
}
