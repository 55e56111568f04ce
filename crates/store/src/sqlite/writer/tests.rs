//! Tests of the writer.

use std::path::PathBuf;
use std::sync::mpsc;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use pollster::block_on as wait;
use tacenda_core::ports::store::{CLOSED, CONFLICT, CORRUPT, FULL, UNAVAILABLE, UNKNOWN_OUTCOME};

use super::*;
use crate::sqlite::SqliteOptions;
use crate::sqlite::connection::Database;
use crate::sqlite::fault::fault;
use crate::sqlite::schema::Schema;

/// How often it was saved, and a sum.
#[derive(Debug, Clone, PartialEq)]
struct Sum(i64, i64);

static SCHEMA: Schema = Schema {
    application: 7,
    version: 1,
    sql: "CREATE TABLE head (saves INTEGER, sum INTEGER); INSERT INTO head VALUES (0, 0);
        CREATE TABLE log (n INTEGER);",
};

impl Head for Sum {
    fn schema() -> &'static Schema {
        &SCHEMA
    }

    fn load(connection: &Connection) -> Result<Self, Fault> {
        let row = connection
            .query_row("SELECT saves, sum FROM head", [], |row| Ok(Self(row.get(0)?, row.get(1)?)));
        row.map_err(|error| Fault::of(&error))
    }

    fn save(&self, connection: &Connection) -> Result<(), Fault> {
        let sql = "UPDATE head SET saves = saves + 1, sum = ?1";
        connection.execute(sql, [self.1]).map(|_| ()).map_err(|error| Fault::of(&error))
    }
}

/// Adds to the sum and to the table, and then fails if the number is odd.
async fn add(database: &Database<Sum>, bulk: bool, number: i64) -> Result<i64> {
    database
        .write(bulk, move |connection, head| {
            head.1 += number;
            connection.execute("INSERT INTO log VALUES (?1)", [number]).map_err(fault)?;
            if number % 2 == 0 { Ok(number) } else { CONFLICT.err() }
        })
        .await
}

/// Opens a new file.
fn opened() -> (tempfile::TempDir, PathBuf, Database<Sum>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sum.db");
    let database = Database::<Sum>::open(&path, SqliteOptions::default()).unwrap();
    (folder, path, database)
}

/// Holds the writer until all of the work waits; then what each piece was answered.
fn together<T, F: Future<Output = Result<T>>>(
    database: &Database<Sum>,
    work: impl IntoIterator<Item = F>,
) -> Vec<Result<T>> {
    // A first poll sends the work.
    let (release, held) = mpsc::channel::<()>();
    let mut first = Box::pin(database.outside(move |_| Ok(held.recv().is_ok())));
    let mut context = Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(&mut context).is_pending());
    let mut work: Vec<_> = work.into_iter().map(Box::pin).collect();
    assert!(work.iter_mut().all(|work| work.as_mut().poll(&mut context).is_pending()));
    release.send(()).unwrap();
    assert!(wait(first).unwrap());
    work.into_iter().map(wait).collect()
}

#[test]
fn what_waits_shares_a_transaction_and_fails_alone() {
    let (_folder, _, database) = opened();
    let outcomes = together(&database, (2..26).map(|number| add(&database, number < 6, number)));
    for (number, outcome) in (2..).zip(outcomes) {
        assert_eq!(outcome.is_ok(), number % 2 == 0, "{number}");
        assert!(outcome.is_ok_and(|same| same == number) || number % 2 == 1);
    }
    let (log, head): (Vec<i64>, Sum) = database
        .read(|connection| {
            let mut statement = connection.prepare("SELECT n FROM log").map_err(fault)?;
            let log = statement.query_map([], |row| row.get(0)).map_err(fault)?;
            let log = log.collect::<rusqlite::Result<_>>().map_err(fault)?;
            Ok((log, Sum::load(connection).map_err(Fault::error)?))
        })
        .unwrap();
    // The bulk work came first and waited all the same.
    let expected: Vec<i64> = (6..26).chain(2..6).filter(|number| number % 2 == 0).collect();
    assert_eq!(log, expected);
    // One transaction for the single pieces, and one for each bulk piece that succeeded.
    assert_eq!(head, Sum(3, expected.iter().sum()));
}

/// What others wrote in the same transaction is no ground for a refusal if it came to nothing.
#[test]
fn nothing_is_decided_by_a_transaction_that_fails() {
    let (_folder, _, database) = opened();
    let refuse_commits = |refuse: bool| {
        let hook = move |c: &Connection| c.commit_hook(Some(move || refuse)).map_err(fault);
        wait(database.outside(hook)).unwrap();
    };
    refuse_commits(true);
    let outcomes = together(&database, (2..6).map(|number| add(&database, false, number)));
    for outcome in outcomes {
        assert!(outcome.unwrap_err().is(&CORRUPT), "what the failed commit answers");
    }
    // A refusal that nobody else's work is behind needs no commit.
    assert!(wait(add(&database, false, 3)).unwrap_err().is(&CONFLICT));
    refuse_commits(false);
    let outcomes = together(&database, (2..6).map(|number| add(&database, false, number)));
    let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    assert_eq!(refused.filter(|error| error.is(&CONFLICT)).count(), 2);
}

#[test]
fn who_fails_the_transaction_is_told_why_and_the_others_that_it_failed() {
    let (_folder, _, database) = opened();
    // Work that only adds is not taken back alone.
    let append = |number: i64| {
        let work = move |connection: &Connection, _: &mut Sum| {
            connection.execute("INSERT INTO log VALUES (?1)", [number]).map_err(fault)?;
            if number == 3 { FULL.err() } else { Ok(()) }
        };
        database.append(false, work)
    };
    let outcomes = together(&database, (0..6).map(append));
    for (number, outcome) in outcomes.into_iter().enumerate() {
        let code = if number == 3 { &FULL } else { &UNAVAILABLE };
        assert!(outcome.unwrap_err().is(code), "{number}");
    }
}

/// Whether the others' change is durable may be unknown; what was refused was not written.
#[test]
fn what_was_refused_is_never_of_unknown_outcome() {
    let connection = Connection::open_in_memory().unwrap();
    let answered = |outcome: Result<()>, transaction: Result<()>| {
        let (reply, answer) = Reply::new();
        let mut outcome = Some(outcome);
        let work = move |_: &Connection, _: &mut Sum| outcome.take().unwrap();
        let mut job = Job::boxed(false, work, reply);
        job.run(&connection, &mut Sum(0, 0));
        let mut transaction = Some(transaction);
        let transaction = std::cell::RefCell::new(move || transaction.take().unwrap());
        job.answer(&|| (transaction.borrow_mut())());
        wait(answer).unwrap().map_or_else(|error| error.code(), |()| "ok")
    };
    let unknown = || UNKNOWN_OUTCOME.err();
    assert_eq!(answered(Ok(()), unknown()), "store.unknown_outcome");
    assert_eq!(answered(CONFLICT.err(), unknown()), "store.unavailable");
    assert_eq!(answered(CONFLICT.err(), FULL.err()), "store.full");
    assert_eq!(answered(CONFLICT.err(), Ok(())), "store.conflict");
    assert_eq!(answered(Ok(()), Ok(())), "ok");
}

/// Work may arrive until the writer has ended: behind the call that closes, while the log is copied
/// for the last time.
#[test]
fn what_arrives_while_the_store_closes_is_told_so() {
    let (_folder, path, database) = opened();
    // Whoever reads old pages makes the last copy take its time.
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM head").unwrap();
    wait(add(&database, false, 2)).unwrap();
    let mut answers = Vec::new();
    thread::scope(|scope| {
        let closing = scope.spawn(|| wait(database.close()));
        loop {
            let (reply, answer) = Reply::<()>::new();
            let job = Job::boxed(false, |_: &Connection, _: &mut Sum| Ok(()), reply);
            let sent = database.send(Message::Work { bulk: false, job });
            answers.push(answer);
            let (mut reply, answer) = Reply::<()>::new();
            let outside = move |_: &Connection| {
                reply.begin();
                reply.send(Ok(()));
            };
            let _ = database.send(Message::Outside(Box::new(outside)));
            answers.push(answer);
            if sent.is_err() {
                break;
            }
            thread::sleep(Duration::from_millis(3));
        }
        closing.join().unwrap().unwrap();
    });
    let answers: Vec<_> = answers.into_iter().map(|answer| wait(answer).unwrap()).collect();
    let closed = answers.iter().filter_map(|answer| answer.as_ref().err());
    assert!(closed.clone().all(|error| error.is(&CLOSED)));
    assert!(closed.count() > 10, "some arrived while the log was copied");
    assert_eq!(answers.len() % 2, 0);
}

/// Whoever puts another file in its place must not meet the end of the one before, which takes the
/// write-ahead log of that name away.
#[test]
fn who_is_told_that_it_is_closed_finds_the_file_alone() {
    for _ in 0..30 {
        let (folder, _, database) = opened();
        wait(add(&database, false, 2)).unwrap();
        database.read(|connection| Sum::load(connection).map_err(Fault::error)).unwrap();
        wait(database.close()).unwrap();
        let files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
        assert_eq!(files.collect::<Vec<_>>(), ["sum.db"]);
    }
}
