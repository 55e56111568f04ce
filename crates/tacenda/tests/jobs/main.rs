//! Jobs that several workers share: run by one at a time, taken over from the dead, ended by nobody
//! who has lost them.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod adverse;
mod moves;
mod who;

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::thread;

use async_trait::async_trait;
use tacenda::{
    Actor, Builder, Job, JobReport, Jobs, JobsRun, MasterKeySource, Name, Ran, Result, Tacenda,
    block_on,
};
use tacenda_core::clock::{Clock, Span};
use tacenda_core::leaf::Leaf;
use tacenda_core::memory::{MemoryKeyring, MemoryStore};
use tacenda_core::ports::{Keyring, Store};
use tacenda_core::seal::MasterKey;
use tacenda_core::vault::codes::UNDER_WAY;
use tacenda_testkit::world::POLICY;
use tacenda_testkit::{Cluster, FailingStore, Faults, StepClock};

const JOB: Name = Name::fixed("count");
const MINUTE: Span = Span::seconds(60);

/// Stores that several workers share, and a clock that stands.
struct Place {
    stores: Stores,
    clock: Arc<StepClock>,
}

enum Stores {
    Memory(Arc<dyn Store>, Arc<dyn Keyring>),
    Sqlite(tempfile::TempDir),
    Postgres(String, String),
}

impl Place {
    fn new(stores: Stores) -> Self {
        let start = tacenda::Timestamp::parse_rfc3339("2026-06-01T08:00:00Z").unwrap();
        Self { stores, clock: Arc::new(StepClock::standing(start)) }
    }

    fn memory() -> Self {
        let stores = (Arc::new(MemoryStore::default()), Arc::new(MemoryKeyring::default()));
        Self::new(Stores::Memory(stores.0, stores.1))
    }

    fn sqlite() -> Self {
        Self::new(Stores::Sqlite(tempfile::tempdir().unwrap()))
    }

    fn postgres() -> Self {
        let cluster = Cluster::shared();
        Self::new(Stores::Postgres(cluster.database(), cluster.database()))
    }

    fn builder(&self) -> Builder {
        let master = MasterKey::parse("dGhpcyBpcyBhIG1hc3RlciBrZXkgb2YgdGVzdHMhISE=").unwrap();
        let builder = Tacenda::builder()
            .policy_text(POLICY)
            .master_key(MasterKeySource::Given(master))
            .clock(self.clock.clone());
        match &self.stores {
            Stores::Memory(store, keyring) => builder.stores(store.clone(), keyring.clone()),
            Stores::Sqlite(dir) => builder.sqlite(dir.path().join("c.db"), dir.path().join("k.db")),
            Stores::Postgres(rows, keys) => builder.postgres(rows, keys),
        }
    }

    fn open(&self) -> Tacenda {
        block_on(self.builder().open()).unwrap()
    }
}

/// Does what it is told.
struct Does<F>(F);

#[async_trait]
impl<F: Fn() -> Result<u64> + Send + Sync> Job for Does<F> {
    fn name(&self) -> Name {
        JOB
    }

    fn every(&self) -> Span {
        Span::hours(1)
    }

    async fn run(&self, _: &Tacenda, _: &Actor) -> Result<JobReport> {
        self.0().map(JobReport::from)
    }
}

/// Never ends by itself.
struct Hangs(Arc<AtomicBool>);

#[async_trait]
impl Job for Hangs {
    fn name(&self) -> Name {
        JOB
    }

    fn every(&self) -> Span {
        Span::hours(1)
    }

    async fn run(&self, _: &Tacenda, _: &Actor) -> Result<JobReport> {
        self.0.store(true, Ordering::SeqCst);
        pending().await
    }
}

/// No jobs but this one.
fn only<'a>(t: &'a Tacenda, job: impl Job + 'static) -> Jobs<'a> {
    adverse::ALL.into_iter().fold(t.jobs(), Jobs::without).with(job)
}

fn run_due(jobs: &Jobs<'_>) -> JobsRun {
    block_on(jobs.run_due(&Actor::system())).unwrap()
}

fn names(run: &JobsRun) -> Vec<&str> {
    run.ran.iter().map(|ran| ran.job.as_str()).collect()
}

/// Whether a job did so many things, and left none.
fn did(ran: &Ran, done: u64) -> bool {
    matches!(ran.outcome, Ok(report) if report == JobReport::from(done))
}

/// The details of the leaves of ended jobs.
fn ended(t: &Tacenda) -> Vec<Vec<(String, String)>> {
    let store = &t.vault().ports().store;
    block_on(store.settle()).unwrap();
    let leaves = block_on(store.leaves(1, 0, 1 << 40)).unwrap().into_iter();
    let leaves = leaves.map(|leaf| Leaf::decode(&leaf.bytes.unwrap()).unwrap());
    leaves.filter(|leaf| leaf.action == *"job.ended").map(|leaf| leaf.details).collect()
}

fn until(met: impl Fn() -> bool) {
    while !met() {
        thread::yield_now();
    }
}

#[test]
fn each_job_runs_when_it_is_due() {
    let place = Place::memory();
    let (t, other) = (place.open(), place.open());
    let first = run_due(&t.jobs());
    assert_eq!(names(&first), adverse::ALL);
    assert!(first.ran.iter().all(|ran| did(ran, 0)), "{first:?}");
    assert!(first.elsewhere.is_empty());
    let now = place.clock.now();
    assert_eq!(first.next_due, Some(now.plus(Span::seconds(600))));
    assert!(names(&run_due(&other.jobs())).is_empty(), "the other worker has nothing left to do");
    place.clock.advance(Span::seconds(600));
    assert_eq!(names(&run_due(&other.jobs())), ["erasures", "move-items", "rotate-keys"]);
    place.clock.advance(Span::days(1));
    assert_eq!(names(&run_due(&t.jobs())).len(), 8);
    assert_eq!(ended(&t).len(), 19);
    block_on(t.log().audit()).unwrap();
}

#[test]
fn intervals_and_jobs_can_be_told() {
    let place = Place::memory();
    let t = place.open();
    let jobs = || t.jobs().without("prune").every("sweep", MINUTE).unwrap();
    assert_eq!(names(&run_due(&jobs())).len(), 7);
    place.clock.advance(MINUTE);
    assert_eq!(names(&run_due(&jobs())), ["sweep"]);
    let stop = Arc::new(AtomicBool::new(true));
    place.clock.advance(MINUTE);
    let stopped = run_due(&jobs().stop_when(stop));
    assert!(stopped.ran.is_empty() && stopped.next_due == Some(place.clock.now()), "{stopped:?}");
    let long = Name::parse(&"a".repeat(64)).unwrap();
    let error = block_on(t.vault().plan_jobs(&[long], &Actor::system())).unwrap_err();
    assert_eq!(error.code(), "name.malformed");
}

#[test]
fn a_job_that_fails_is_tried_again_and_stops_no_other() {
    let place = Place::memory();
    let t = place.open();
    let often = ["erasures", "move-items", "rotate-keys"];
    let jobs = || often.into_iter().fold(t.jobs().with(Does(|| UNDER_WAY.err())), Jobs::without);
    assert_eq!(names(&run_due(&jobs())).len(), 6, "the one that fails among them");
    for minutes in [1, 2, 4, 8] {
        let state = |jobs: Jobs<'_>| block_on(jobs.states(&Actor::system())).unwrap();
        let state = state(jobs()).into_iter().find(|job| job.name == JOB).unwrap();
        assert_eq!(state.code.as_deref(), Some("erasure.under_way"));
        let wait = Span::micros(MINUTE.as_micros() * minutes);
        assert_eq!(state.due_at, place.clock.now().plus(wait));
        place.clock.advance(wait);
        assert_eq!(names(&run_due(&jobs())), ["count"]);
    }
    place.clock.advance(Span::hours(1));
    let good = run_due(&only(&t, Does(|| Ok(3))));
    assert!(did(&good.ran[0], 3));
    assert_eq!(good.next_due, Some(place.clock.now().plus(Span::hours(1))));
    let details = ended(&t);
    let of_ours = details.iter().filter(|details| details[0].1 == "count");
    assert_eq!(of_ours.clone().filter(|details| details.len() == 2).count(), 5, "{details:?}");
    assert_eq!(of_ours.count(), 6);
}

fn elsewhere(place: &Place) {
    let (t, other) = (place.open(), place.open());
    let ours = Arc::new(AtomicBool::new(false));
    let hanging = only(&t, Hangs(ours.clone()));
    let actor = Actor::system();
    let mut run = pin!(hanging.run_due(&actor));
    // It runs until it hangs; its futures need no runtime.
    block_on(poll_fn(|context| {
        assert!(run.as_mut().poll(context).is_pending());
        let waker = context.waker();
        if ours.load(Ordering::SeqCst) {
            Poll::Ready(())
        } else {
            waker.wake_by_ref();
            Poll::Pending
        }
    }));
    let refused = run_due(&only(&other, Does(|| Ok(1))));
    assert_eq!((names(&refused), &refused.elsewhere[..]), (vec![], &[JOB][..]));
    place.clock.advance(Span::seconds(59));
    assert!(names(&run_due(&only(&other, Does(|| Ok(1))))).is_empty());
}

#[test]
fn a_job_that_another_worker_has_is_not_run() {
    elsewhere(&Place::memory());
    elsewhere(&Place::sqlite());
    elsewhere(&Place::postgres());
}

fn taken_over(place: &Place) {
    let (dead, t) = (place.open(), place.open());
    let jobs = || only(&t, Does(|| Ok(1)));
    block_on(jobs().states(&Actor::system())).unwrap();
    // Whoever began it says nothing more.
    let turn = block_on(dead.vault().begin_job(&JOB, MINUTE)).unwrap().unwrap();
    assert_eq!(run_due(&jobs()).elsewhere, [JOB]);
    place.clock.advance(MINUTE);
    let ours = block_on(t.vault().begin_job(&JOB, MINUTE)).unwrap().unwrap();
    let (mut late, actor) = (turn.clone(), Actor::system());
    place.clock.advance(Span::seconds(1));
    assert!(!block_on(dead.vault().renew_job(&mut late, MINUTE)).unwrap());
    block_on(dead.vault().release_job(turn.clone())).unwrap();
    assert_eq!(run_due(&jobs()).elsewhere, [JOB], "nothing was released");
    let due = place.clock.now();
    let error = block_on(dead.vault().end_job(turn.clone(), due, None, &actor)).unwrap_err();
    assert_eq!(error.code(), "jobs.taken_over");
    block_on(t.vault().end_job(ours, due, None, &actor)).unwrap();
    assert_eq!(names(&run_due(&jobs())), ["count"]);
    let error = block_on(dead.vault().end_job(turn, due, None, &actor)).unwrap_err();
    assert_eq!(error.code(), "jobs.taken_over");
    assert_eq!(ended(&t).len(), 2);
    block_on(t.log().audit()).unwrap();
}

#[test]
fn the_job_of_a_dead_worker_is_taken_over_and_the_dead_cannot_end_it() {
    taken_over(&Place::memory());
    taken_over(&Place::sqlite());
    taken_over(&Place::postgres());
}

#[test]
fn a_lease_is_renewed_while_its_job_runs() {
    let place = Place::memory();
    let Stores::Memory(store, keyring) = &place.stores else { return };
    let faults = Faults::none();
    let watched = Arc::new(FailingStore::new(store.clone(), faults.clone()));
    let t = block_on(place.builder().stores(watched, keyring.clone()).open()).unwrap();
    let (other, clock) = (place.open(), place.clock.clone());
    let job = Does(move || {
        for _ in 0..5 {
            let before = faults.writes();
            clock.advance(Span::micros(900_000));
            until(|| faults.writes() > before);
            let taken = block_on(other.vault().begin_job(&JOB, MINUTE)).unwrap();
            assert!(taken.is_none(), "it was renewed in time");
        }
        Ok(5)
    });
    let run = run_due(&only(&t, job).lease(Span::micros(0)));
    assert!(did(&run.ran[0], 5), "{run:?}");
}

#[test]
fn a_job_whose_lease_was_lost_is_dropped() {
    let place = Place::memory();
    let (t, other) = (place.open(), place.open());
    let begun = Arc::new(AtomicBool::new(false));
    let run = thread::scope(|scope| {
        let ours = begun.clone();
        let worker = scope.spawn(|| run_due(&only(&t, Hangs(ours)).lease(Span::seconds(1))));
        until(|| begun.load(Ordering::SeqCst));
        // A worker whose clock is far ahead takes it for dead.
        let far = place.clock.now().plus(Span::days(1));
        let kind = Name::fixed("job.count");
        let pending = tacenda_core::row::state::PENDING;
        let store = &other.vault().ports().store;
        let until = far.plus(MINUTE);
        assert_eq!(block_on(store.claim(&kind, &pending, far, until, 1)).unwrap().len(), 1);
        place.clock.advance(Span::seconds(1));
        worker.join().unwrap()
    });
    assert_eq!(run.ran[0].outcome.as_ref().unwrap_err().code(), "jobs.taken_over");
    assert!(ended(&t).is_empty());
}

#[test]
fn a_run_that_is_dropped_gives_its_lease_back() {
    let place = Place::memory();
    let (t, other) = (place.open(), place.open());
    let begun = Arc::new(AtomicBool::new(false));
    let actor = Actor::system();
    let jobs = only(&t, Hangs(begun.clone()));
    let mut run = Box::pin(jobs.run_due(&actor));
    block_on(poll_fn(|context| {
        assert!(run.as_mut().poll(context).is_pending());
        Poll::Ready(())
    }));
    assert!(begun.load(Ordering::SeqCst));
    drop(run);
    until(|| block_on(other.vault().begin_job(&JOB, MINUTE)).unwrap().is_some());
}

fn one_at_a_time(place: &Place) {
    const WORKERS: u64 = 4;
    let system = || place.builder().clock(Arc::new(tacenda::SystemClock));
    let workers: Vec<_> = (0..WORKERS).map(|_| block_on(system().open()).unwrap()).collect();
    let (inside, runs) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    thread::scope(|scope| {
        for t in &workers {
            let (inside, runs) = (inside.clone(), runs.clone());
            scope.spawn(move || {
                let count = runs.clone();
                let job = Does(move || {
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two at once");
                    thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                    Ok(count.fetch_add(1, Ordering::SeqCst))
                });
                let jobs = only(t, job).every("count", Span::micros(1)).unwrap();
                while runs.load(Ordering::SeqCst) < 20 {
                    let run = run_due(&jobs);
                    assert!(run.ran.iter().all(|ran| ran.outcome.is_ok()), "{run:?}");
                }
            });
        }
    });
    let t = block_on(system().open()).unwrap();
    assert_eq!(ended(&t).len() as u64, runs.load(Ordering::SeqCst));
    block_on(t.log().audit()).unwrap();
}

#[test]
fn no_two_workers_run_a_job_at_once() {
    one_at_a_time(&Place::sqlite());
    one_at_a_time(&Place::postgres());
}

#[test]
fn a_run_may_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let t = Place::memory().open();
    is_send(&t.jobs().run_due(&Actor::system()));
}
