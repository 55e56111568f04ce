//! Jobs where a clock was ahead, a policy has changed, a row was altered, an answer was lost.

use tacenda::RegisterRequest;
use tacenda_core::ports::{Change, Expect, NewLeaf, RowWrite};
use tacenda_core::row::{Row, RowKey};
use tacenda_testkit::{After, Cut};

use super::*;

pub(super) const ALL: [&str; 8] = [
    "collect-keys",
    "erasures",
    "move-items",
    "prune",
    "rotate-keys",
    "settle",
    "sweep",
    "wrap-passwords",
];

fn sorted(run: &JobsRun) -> Vec<&str> {
    let mut names = names(run);
    names.sort_unstable();
    names
}

fn codes(run: &JobsRun) -> Vec<&'static str> {
    run.ran.iter().map(|ran| ran.outcome.as_ref().map_or_else(|e| e.code(), |_| "ok")).collect()
}

fn put_off(place: &Place) {
    let start = place.clock.now();
    place.open();
    // A year ahead everything is run, and one job is begun by a worker who dies.
    place.clock.advance(Span::days(366));
    let ahead = place.open();
    assert_eq!(sorted(&run_due(&ahead.jobs())), ALL);
    let planned = Name::fixed("planned ahead");
    block_on(ahead.vault().plan_jobs(std::slice::from_ref(&planned), &Actor::system())).unwrap();
    place.clock.advance(Span::days(1));
    let sweep = Name::fixed("sweep");
    assert!(block_on(ahead.vault().begin_job(&sweep, MINUTE)).unwrap().is_some());
    // The clock is set right.
    place.clock.set(start.plus(Span::hours(1)));
    let t = block_on(place.builder().accept_clock().open()).unwrap();
    let run = run_due(&t.jobs());
    assert_eq!((sorted(&run), &run.elsewhere[..]), (ALL.to_vec(), &[][..]), "{run:?}");
    let now = place.clock.now();
    assert!(run.next_due.unwrap() <= now.plus(Span::seconds(600)), "{run:?}");
    let state = block_on(t.vault().plan_jobs(&[planned], &Actor::system())).unwrap().remove(0);
    assert_eq!(state.unwrap().due_at, now, "what was only planned is due too");
    assert!(names(&run_due(&t.jobs())).is_empty(), "once is enough");
    block_on(t.log().audit()).unwrap();
}

#[test]
fn what_a_clock_put_off_that_was_ahead_is_due_once_it_is_right() {
    put_off(&Place::memory());
    put_off(&Place::sqlite());
    put_off(&Place::postgres());
}

#[test]
fn clocks_that_differ_by_a_little_put_nothing_off() {
    let place = Place::memory();
    let t = place.open();
    run_due(&t.jobs());
    place.clock.advance(Span::seconds(-300));
    assert!(names(&run_due(&t.jobs())).is_empty());
    place.clock.advance(Span::seconds(-1));
    assert_eq!(sorted(&run_due(&t.jobs())), ALL);
}

#[test]
fn a_process_under_the_policy_before_takes_no_job() {
    let place = Place::memory();
    let before = place.open();
    run_due(&before.jobs());
    place.clock.advance(Span::days(1));
    let policy = POLICY.replace("version = 1", "version = 2");
    let t = block_on(place.builder().policy_text(&policy).open()).unwrap();
    let refused = run_due(&before.jobs());
    assert_eq!(
        (sorted(&refused), codes(&refused)),
        (ALL.to_vec(), vec!["policy.older_version"; 8])
    );
    let run = run_due(&t.jobs());
    assert_eq!((sorted(&run), &run.elsewhere[..]), (ALL.to_vec(), &[][..]));
}

#[test]
fn a_policy_that_comes_while_a_job_runs_leaves_it_to_others() {
    let place = Place::memory();
    let before = place.open();
    let Stores::Memory(store, keyring) = &place.stores else { return };
    let policy = POLICY.replace("version = 1", "version = 2");
    let builder = place.builder().policy_text(&policy).stores(store.clone(), keyring.clone());
    let builder = std::sync::Mutex::new(Some(builder));
    let job = Does(move || {
        drop(block_on(builder.lock().unwrap().take().unwrap().open()).unwrap());
        Ok(1)
    });
    let refused = run_due(&only(&before, job));
    assert_eq!((names(&refused), codes(&refused)), (vec!["count"], vec!["policy.older_version"]));
    let t = block_on(place.builder().policy_text(&policy).open()).unwrap();
    assert_eq!(names(&run_due(&only(&t, Does(|| Ok(1))))), ["count"], "nobody has it");
}

#[test]
fn a_job_whose_end_cannot_be_written_is_free_and_hides_no_other() {
    let run_under = |faults: &Faults, place: &Place| -> Result<(JobsRun, u64)> {
        let Stores::Memory(store, keyring) = &place.stores else { panic!() };
        let watched = Arc::new(FailingStore::new(store.clone(), faults.clone()));
        let t = block_on(place.builder().stores(watched, keyring.clone()).open())?;
        let (at, seen) = (Arc::new(AtomicU64::new(0)), faults.clone());
        let begun = at.clone();
        let job = Does(move || {
            begun.store(seen.operations(), Ordering::SeqCst);
            Ok(1)
        });
        let jobs = t.jobs().without("sweep").without("wrap-passwords").with(job);
        let run = block_on(jobs.run_due(&Actor::system()))?;
        Ok((run, at.load(Ordering::SeqCst)))
    };
    let place = Place::memory();
    place.open();
    let faults = Faults::none();
    let (whole, _) = run_under(&faults, &place).unwrap();
    assert_eq!(
        names(&whole),
        ["collect-keys", "count", "erasures", "move-items", "prune", "rotate-keys", "settle"]
    );
    let mut failed = 0;
    for operation in 0..faults.operations() {
        let place = Place::memory();
        place.open();
        let faults = Faults::cut(operation, Cut::Before, After::Recovers);
        let Ok((run, begun)) = run_under(&faults, &place) else {
            // It fell while the vault opened, or before it was known which jobs are due.
            continue;
        };
        assert!(faults.tripped());
        assert_eq!(names(&run).len(), 7, "{operation}: {run:?}");
        let of_ours = run.ran.iter().find(|ran| ran.job == JOB).unwrap();
        let Err(error) = &of_ours.outcome else { continue };
        assert_eq!(error.code(), "store.unavailable");
        failed += usize::from(begun > 0);
        let other = place.open();
        assert_eq!(names(&run_due(&only(&other, Does(|| Ok(1))))), ["count"], "{operation}");
    }
    assert!(failed > 0, "the end itself was cut");
}

/// Writes a job's row as somebody would who may write the database: no leaf states it.
fn alter(place: &Place, job: &'static str, alter: impl Fn(Row) -> Row) {
    let kind = Name::parse(&format!("job.{job}")).unwrap();
    alter_row(place, RowKey::only(tacenda::SubjectId::CONTROLLER, kind), alter);
}

fn alter_row(place: &Place, key: RowKey, alter: impl Fn(Row) -> Row) {
    let Stores::Memory(store, _) = &place.stores else { return };
    let row = block_on(store.rows(&[key])).unwrap().remove(0).unwrap();
    let (expect, version) = (Expect::Version(row.version), row.version + 1);
    let write = RowWrite { row: alter(Row { version, ..row }), expect };
    let leaf = Leaf {
        at: place.clock.now(),
        actor: Actor::system().id,
        action: Name::fixed("test"),
        purpose: None,
        subject: tacenda::SubjectId::CONTROLLER,
        details: Vec::new(),
        policy: [0; 32],
        salt: [0; 16],
        rows: Vec::new(),
    };
    let leaf = NewLeaf { subject: leaf.subject, at: leaf.at, writes: false, bytes: leaf.encode() };
    let change = Change { writes: vec![write], leaves: vec![leaf], ..Change::default() };
    block_on(store.commit(change)).unwrap();
}

#[test]
fn an_altered_job_stops_no_other_and_is_named() {
    type Alter = fn(Row) -> Row;
    let unread: Alter = |row| Row { body: b"\0\0\0\x0dtacenda/job/2".to_vec(), ..row };
    let failed: Alter = |mut row| {
        // It has failed often, somebody says.
        let at = row.body.len() - 5;
        row.body[at] = 20;
        row
    };
    let far: Alter = |row| Row { due_at: Some(tacenda::Timestamp::MAX), ..row };
    let later: Alter = |row| Row { due_at: row.due_at.map(|at| at.plus(Span::days(1))), ..row };
    // No worker takes what is not pending, somebody says.
    let done: Alter = |row| Row { state: Name::fixed("done"), ..row };
    for (alteration, code, days) in [
        (done, "vault.altered_row", 1),
        (unread, "codec.malformed", 1),
        (failed, "vault.altered_row", 1),
        (far, "vault.altered_row", 1),
        // Due a day late, and found as soon as no interval explains it.
        (later, "vault.altered_row", 0),
    ] {
        let place = Place::memory();
        let t = place.open();
        run_due(&t.jobs());
        alter(&place, "sweep", alteration);
        place.clock.advance(Span::days(days));
        let run = run_due(&t.jobs());
        let ran = run.ran.iter().find(|ran| ran.job == *"sweep").unwrap();
        let error = ran.outcome.as_ref().unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains("sweep"), "{error}");
        let ok = codes(&run).iter().filter(|code| **code == "ok").count();
        assert_eq!((ok, run.elsewhere.len()), (if days == 1 { 7 } else { 0 }, 0), "{run:?}");
    }
}

#[test]
fn a_job_that_is_leased_for_ever_is_told() {
    let place = Place::memory();
    let t = place.open();
    run_due(&t.jobs());
    place.clock.advance(Span::days(1));
    let (sweep, lease) = (Name::fixed("sweep"), Span::hours(1));
    let mut turn = block_on(t.vault().begin_job(&sweep, lease)).unwrap().unwrap();
    for minutes in [0, 40, 80, 120] {
        let run = run_due(&place.open().jobs());
        assert_eq!(run.elsewhere, std::slice::from_ref(&sweep), "{minutes}: {run:?}");
        place.clock.advance(Span::seconds(if minutes < 120 { 40 * 60 } else { 0 }));
        assert!(block_on(t.vault().renew_job(&mut turn, lease)).unwrap());
    }
    place.clock.advance(Span::micros(1));
    // Each process tells, and not only one that was there all the time.
    for t in [&t, &place.open(), &place.open()] {
        let run = run_due(&t.jobs());
        let ran = run.ran.iter().find(|ran| ran.job == sweep).unwrap();
        let error = ran.outcome.as_ref().unwrap_err();
        assert_eq!((error.code(), run.elsewhere.len()), ("jobs.overdue", 0));
        assert!(error.to_string().contains("sweep"), "{error}");
    }
    // Whoever has it may end it all the same, and the next lease is another.
    let due_at = turn.until();
    block_on(t.vault().end_job(turn, due_at, None, &Actor::system())).unwrap();
    place.clock.advance(lease);
    let turn = block_on(t.vault().begin_job(&sweep, lease)).unwrap().unwrap();
    assert_eq!(run_due(&t.jobs()).elsewhere, std::slice::from_ref(&sweep));
    block_on(t.vault().release_job(turn)).unwrap();
    assert!(codes(&run_due(&t.jobs())).iter().all(|code| *code == "ok"));
}

#[test]
fn whom_a_sweep_had_to_leave_is_told() {
    let place = Place::memory();
    let t = place.open();
    let email = t.customers().item("email", "ada@example.org").unwrap();
    let registered_at = Some(tacenda::Timestamp::parse_rfc3339("2019-01-01T00:00:00Z").unwrap());
    let request = RegisterRequest { items: vec![email], registered_at, ..Default::default() };
    let ada = block_on(t.customers().register(request, &Actor::system())).unwrap().subject();
    // Somebody wrote the row, in a form that no leaf states.
    let key = RowKey::only(ada, Name::fixed("profile.account"));
    alter_row(&place, key, |row| Row { due_at: row.anchor_at, ..row });
    let run = run_due(&t.jobs());
    let swept = run.ran.iter().find(|ran| ran.job == *"sweep").unwrap().outcome.as_ref().unwrap();
    assert_eq!(*swept, JobReport { refused: 1, ..JobReport::default() });
}

#[test]
fn what_was_altered_is_not_vouched_for_by_planning_it_anew() {
    let place = Place::memory();
    let t = place.open();
    block_on(t.jobs().states(&Actor::system())).unwrap();
    alter(&place, "sweep", |row| Row { due_at: Some(tacenda::Timestamp::MAX), ..row });
    let error = block_on(t.jobs().states(&Actor::system())).unwrap_err();
    assert_eq!(error.code(), "vault.altered_row");
    assert_eq!(names(&run_due(&t.jobs())).len(), 8);
    assert!(block_on(t.log().audit()).is_err(), "an audit still finds it");
}

#[test]
fn a_renewal_whose_answer_was_lost_loses_no_turn() {
    type End = fn(&Tacenda, tacenda_core::vault::Turn) -> Result<bool>;
    let renewed: End = |t, mut turn| block_on(t.vault().renew_job(&mut turn, MINUTE));
    let ended: End = |t, turn| {
        let due_at = turn.until();
        block_on(t.vault().end_job(turn, due_at, None, &Actor::system())).map(|_| true)
    };
    let released: End = |t, turn| {
        block_on(t.vault().release_job(turn))?;
        Ok(block_on(t.vault().begin_job(&JOB, MINUTE))?.is_some())
    };
    for (end, cut) in [renewed, ended, released]
        .into_iter()
        .flat_map(|end| [Cut::Before, Cut::After].map(|cut| (end, cut)))
    {
        let run = |faults: &Faults| {
            let place = Place::memory();
            let Stores::Memory(store, keyring) = &place.stores else { panic!() };
            let watched = Arc::new(FailingStore::new(store.clone(), faults.clone()));
            let t = block_on(place.builder().stores(watched, keyring.clone()).open()).unwrap();
            block_on(t.vault().plan_jobs(&[JOB], &Actor::system())).unwrap();
            let mut turn = block_on(t.vault().begin_job(&JOB, MINUTE)).unwrap().unwrap();
            place.clock.advance(Span::seconds(20));
            let before = faults.operations();
            let lost = block_on(t.vault().renew_job(&mut turn, MINUTE));
            assert_eq!(lost.is_err(), faults.tripped());
            place.clock.advance(Span::seconds(20));
            assert!(end(&t, turn).unwrap(), "{cut:?}");
            before
        };
        let before = run(&Faults::none());
        run(&Faults::cut(before, cut, After::Recovers));
    }
}
