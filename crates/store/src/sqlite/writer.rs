//! The writer thread: merges the work that waits into one transaction, one flush to the disk.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use futures_channel::oneshot;
use rusqlite::Connection;
use tacenda_core::error::Result;
use tacenda_core::ports::store::{CLOSED, UNKNOWN_OUTCOME};

use super::connection::Head;
use super::copy::{LogCopy, empty};
use super::fault::Fault;

/// What the writer is asked for.
pub(super) enum Message<H> {
    Work { bulk: bool, job: Box<dyn Work<H>> },
    Outside(Box<dyn FnOnce(&Connection) + Send>),
    Stop(oneshot::Sender<Result<()>>),
}

/// Work in a transaction, with somebody who waits for it.
pub(super) trait Work<H>: Send {
    /// Whether it checks first and then only adds: it needs no savepoint.
    fn appends(&self) -> bool;

    /// Does it; `false` if it failed and must be taken back.
    fn run(&mut self, connection: &Connection, head: &mut H) -> bool;

    /// Tells the one who waits: its own outcome, or why its transaction came to nothing.
    fn answer(self: Box<Self>, transaction: &dyn Fn() -> Result<()>);
}

/// [`Work`] from a function.
pub(super) struct Job<T, F> {
    appends: bool,
    work: Option<F>,
    outcome: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T: Send + 'static, F: Send + 'static> Job<T, F> {
    pub(super) fn boxed<H>(
        appends: bool,
        work: F,
        reply: oneshot::Sender<Result<T>>,
    ) -> Box<dyn Work<H>>
    where
        F: FnOnce(&Connection, &mut H) -> Result<T>,
    {
        Box::new(Self { appends, work: Some(work), outcome: None, reply })
    }
}

impl<H, T: Send, F> Work<H> for Job<T, F>
where
    F: FnOnce(&Connection, &mut H) -> Result<T> + Send,
{
    fn appends(&self) -> bool {
        self.appends
    }

    fn run(&mut self, connection: &Connection, head: &mut H) -> bool {
        self.outcome = self.work.take().map(|work| work(connection, head));
        matches!(self.outcome, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, transaction: &dyn Fn() -> Result<()>) {
        let outcome = match self.outcome {
            Some(Err(error)) => Err(error),
            Some(Ok(value)) => transaction().map(|()| value),
            None => transaction().and(UNKNOWN_OUTCOME.err()),
        };
        // Nobody may be waiting any more.
        let _ = self.reply.send(outcome);
    }
}

/// How many pieces of work share a transaction at most.
const GROUP: usize = 256;
/// After how many other transactions waiting bulk work has its turn.
const PATIENCE: u32 = 8;

/// Works until it is told to stop or nobody can ask any more. `second` opens another connection, for
/// the thread that copies the write-ahead log.
pub(super) fn run<H: Head>(
    connection: &Connection,
    messages: &Receiver<Message<H>>,
    pages: u32,
    second: impl Fn() -> Result<Connection>,
) {
    let mut waiting = Waiting { single: VecDeque::new(), bulk: VecDeque::new(), passed: 0 };
    let mut copy = LogCopy::new(connection, pages, second);
    loop {
        copy.look();
        let message = if !waiting.is_empty(copy.is_ending()) {
            messages.try_recv().ok()
        } else if copy.is_under_way() {
            match messages.recv_timeout(LOOK_EVERY) {
                Err(RecvTimeoutError::Timeout) => continue,
                // Nobody asks any more; what was asked for is done first.
                Err(RecvTimeoutError::Disconnected) => {
                    copy.wait();
                    continue;
                }
                Ok(message) => Some(message),
            }
        } else {
            let Ok(message) = messages.recv() else { return };
            Some(message)
        };
        match message {
            Some(Message::Work { bulk, job }) => {
                waiting.push(bulk, job);
                if waiting.single.len() < GROUP {
                    continue;
                }
            }
            Some(Message::Outside(work)) => {
                copy.wait();
                waiting.finish(connection);
                work(connection);
                continue;
            }
            Some(Message::Stop(reply)) => {
                copy.wait();
                waiting.finish(connection);
                stop(connection, messages);
                // Nobody may be waiting any more.
                let _ = reply.send(Ok(()));
                return;
            }
            None => {}
        }
        transact(connection, waiting.group(copy.is_ending()));
        copy.begin_if_long();
    }
}

/// How often the writer looks whether a copy is done while it has nothing else to do.
const LOOK_EVERY: Duration = Duration::from_millis(2);

fn stop<H>(connection: &Connection, messages: &Receiver<Message<H>>) {
    while let Ok(message) = messages.try_recv() {
        if let Message::Work { job, .. } = message {
            job.answer(&|| CLOSED.err());
        }
    }
    // Another process may be reading; what is left in the log is found at the next opening.
    let _ = empty(connection);
}

struct Waiting<H> {
    single: VecDeque<Box<dyn Work<H>>>,
    bulk: VecDeque<Box<dyn Work<H>>>,
    /// How many transactions have passed the first in `bulk`.
    passed: u32,
}

impl<H: Head> Waiting<H> {
    /// Whether there is nothing to do now; bulk work that has to wait counts for nothing.
    fn is_empty(&self, bulk_waits: bool) -> bool {
        self.single.is_empty() && (bulk_waits || self.bulk.is_empty())
    }

    fn push(&mut self, bulk: bool, job: Box<dyn Work<H>>) {
        let queue = if bulk { &mut self.bulk } else { &mut self.single };
        queue.push_back(job);
    }

    fn group(&mut self, bulk_waits: bool) -> Vec<Box<dyn Work<H>>> {
        let bulk_turn =
            self.single.is_empty() || (self.passed >= PATIENCE && !self.bulk.is_empty());
        if bulk_turn && !bulk_waits {
            self.passed = 0;
            return self.bulk.pop_front().into_iter().collect();
        }
        self.passed = self.passed.saturating_add(1);
        self.single.drain(..self.single.len().min(GROUP)).collect()
    }

    fn finish(&mut self, connection: &Connection) {
        while !self.is_empty(false) {
            transact(connection, self.group(false));
        }
    }
}

fn transact<H: Head>(connection: &Connection, mut group: Vec<Box<dyn Work<H>>>) {
    let transaction = attempt(connection, &mut group);
    if transaction.is_err() && !connection.is_autocommit() {
        // What fails here fails again at the next `BEGIN`, and is answered then.
        let _ = connection.execute_batch("ROLLBACK");
    }
    for job in group {
        job.answer(&|| transaction.map_err(Fault::error));
    }
}

/// One transaction over all of the group. Work that fails alone is taken back alone.
fn attempt<H: Head>(connection: &Connection, group: &mut [Box<dyn Work<H>>]) -> Result<(), Fault> {
    let run = |sql: &str| {
        let mut statement = connection.prepare_cached(sql).map_err(|error| Fault::of(&error))?;
        statement.execute([]).map(|_| ()).map_err(|error| Fault::of(&error))
    };
    run("BEGIN IMMEDIATE")?;
    let loaded = H::load(connection)?;
    let (mut head, alone, mut done) = (loaded.clone(), group.len() == 1, 0usize);
    for job in group {
        let before = if alone { None } else { Some((head.clone(), connection.total_changes())) };
        let kept = !alone && !job.appends();
        if kept {
            run("SAVEPOINT work")?;
        }
        if job.run(connection, &mut head) {
            done += 1;
        } else if connection.is_autocommit() {
            // SQLite took everything back; the others may try again.
            return Err(Fault::taken_back());
        } else if let Some((before, changes)) = before {
            head = before;
            if kept {
                run("ROLLBACK TO work")?;
            } else if connection.total_changes() != changes {
                return Err(Fault::taken_back());
            }
        }
        if kept {
            run("RELEASE work")?;
        }
    }
    if done == 0 {
        return run("ROLLBACK");
    }
    if head != loaded {
        head.save(connection)?;
    }
    run("COMMIT").map_err(
        |fault| {
            if fault.is_io() { fault.with_code(&UNKNOWN_OUTCOME) } else { fault }
        },
    )
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::task::{Context, Waker};

    use pollster::block_on as wait;
    use tacenda_core::ports::store::CONFLICT;

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
            let row = connection.query_row("SELECT saves, sum FROM head", [], |row| {
                Ok(Self(row.get(0)?, row.get(1)?))
            });
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

    #[test]
    fn what_waits_shares_a_transaction_and_fails_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sum.db");
        let database = Database::<Sum>::open(&path, SqliteOptions::default()).unwrap();
        // A first poll sends the work; the writer is held until all of it waits.
        let (release, held) = mpsc::channel::<()>();
        let mut first = Box::pin(database.outside(move |_| Ok(held.recv().is_ok())));
        let mut context = Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(&mut context).is_pending());
        let mut work: Vec<_> =
            (2..26).map(|number| Box::pin(add(&database, number < 6, number))).collect();
        assert!(work.iter_mut().all(|work| work.as_mut().poll(&mut context).is_pending()));
        release.send(()).unwrap();
        for (number, work) in (2..).zip(work) {
            let outcome = wait(work);
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
}
