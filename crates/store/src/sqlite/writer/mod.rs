//! The writer thread: merges the work that waits into one transaction, one flush to the disk.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use futures_channel::oneshot;
use rusqlite::Connection;
use tacenda_core::error::{Error, Result};
use tacenda_core::ports::store::{CLOSED, UNAVAILABLE, UNKNOWN_OUTCOME};

use crate::sqlite::connection::Head;
use crate::sqlite::copy::{LogCopy, empty};
use crate::sqlite::fault::Fault;

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
    reply: Reply<T>,
}

impl<T: Send + 'static, F: Send + 'static> Job<T, F> {
    pub(super) fn boxed<H>(appends: bool, work: F, reply: Reply<T>) -> Box<dyn Work<H>>
    where
        F: FnOnce(&Connection, &mut H) -> Result<T>,
    {
        Box::new(Self { appends, work: Some(work), outcome: None, reply })
    }
}

impl<T, F> Job<T, F> {
    /// Whether the others were written may be unknown; what was refused was not.
    fn not_written(transaction: Error) -> Error {
        if transaction.is(&UNKNOWN_OUTCOME) {
            return UNAVAILABLE.error().caused_by(transaction);
        }
        transaction
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
        self.reply.begin();
        self.outcome = self.work.take().map(|work| work(connection, head));
        matches!(self.outcome, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, transaction: &dyn Fn() -> Result<()>) {
        let outcome = match self.outcome {
            // What it was refused for may be what others wrote in the same transaction.
            Some(Err(error)) => Err(transaction().err().map_or(error, Self::not_written)),
            Some(Ok(value)) => transaction().map(|()| value),
            None => transaction().and(UNKNOWN_OUTCOME.err()),
        };
        self.reply.send(outcome);
    }
}

/// The one who waits for work. Work that is dropped before it has begun is answered: the store was
/// closed, and nothing happened.
pub(super) struct Reply<T> {
    waiting: Option<oneshot::Sender<Result<T>>>,
    begun: bool,
}

impl<T> Reply<T> {
    pub(super) fn new() -> (Self, oneshot::Receiver<Result<T>>) {
        let (waiting, answer) = oneshot::channel();
        (Self { waiting: Some(waiting), begun: false }, answer)
    }

    pub(super) fn begin(&mut self) {
        self.begun = true;
    }

    pub(super) fn send(mut self, outcome: Result<T>) {
        if let Some(waiting) = self.waiting.take() {
            // Nobody may be waiting any more.
            let _ = waiting.send(outcome);
        }
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        if let (false, Some(waiting)) = (self.begun, self.waiting.take()) {
            let _ = waiting.send(CLOSED.err());
        }
    }
}

/// How many pieces of work share a transaction at most.
const GROUP: usize = 256;
/// After how many other transactions waiting bulk work has its turn.
const PATIENCE: u32 = 8;

/// Works until it is told to stop or nobody can ask any more; who told it is to hear when the
/// connection is closed. `second` opens another one, for the thread that copies the write-ahead log.
pub(super) fn run<H: Head>(
    connection: &Connection,
    messages: &Receiver<Message<H>>,
    pages: u32,
    second: impl Fn() -> Result<Connection>,
) -> Option<oneshot::Sender<Result<()>>> {
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
            let Ok(message) = messages.recv() else { return None };
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
                // Another process may be reading; what is left in the log is found at the next
                // opening. Who asks from now on is told when `messages` goes.
                let _ = empty(connection);
                return Some(reply);
            }
            None => {}
        }
        transact(connection, waiting.group(copy.is_ending()));
        copy.begin_if_long();
    }
}

/// How often the writer looks whether a copy is done while it has nothing else to do.
const LOOK_EVERY: Duration = Duration::from_millis(2);

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
    for (n, job) in group.into_iter().enumerate() {
        job.answer(&|| match transaction {
            // It knows better what failed.
            Err(Failed { by: Some(culprit), .. }) if culprit == n => Ok(()),
            other => other.map_err(|failed| failed.fault.error()),
        });
    }
}

/// Why a transaction came to nothing.
#[derive(Clone, Copy)]
struct Failed {
    fault: Fault,
    /// The work in the group that it failed with.
    by: Option<usize>,
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self { fault, by: None }
    }
}

/// One transaction over all of the group. Work that fails alone is taken back alone.
fn attempt<H: Head>(connection: &Connection, group: &mut [Box<dyn Work<H>>]) -> Result<(), Failed> {
    let run = |sql: &str| {
        let mut statement = connection.prepare_cached(sql).map_err(|error| Fault::of(&error))?;
        statement.execute([]).map(|_| ()).map_err(|error| Fault::of(&error))
    };
    run("BEGIN IMMEDIATE")?;
    let loaded = H::load(connection)?;
    let (mut head, alone, mut done) = (loaded.clone(), group.len() == 1, 0usize);
    for (n, job) in group.iter_mut().enumerate() {
        let taken_back = Failed { fault: Fault::taken_back(), by: Some(n) };
        let before = if alone { None } else { Some((head.clone(), connection.total_changes())) };
        let kept = !alone && !job.appends();
        if kept {
            run("SAVEPOINT work")?;
        }
        if job.run(connection, &mut head) {
            done += 1;
        } else if connection.is_autocommit() {
            // SQLite took everything back; the others may try again.
            return Err(taken_back);
        } else if let Some((before, changes)) = before {
            head = before;
            if kept {
                run("ROLLBACK TO work")?;
            } else if connection.total_changes() != changes {
                return Err(taken_back);
            }
        }
        if kept {
            run("RELEASE work")?;
        }
    }
    if done == 0 {
        return Ok(run("ROLLBACK")?);
    }
    if head != loaded {
        head.save(connection)?;
    }
    run("COMMIT").map_err(|fault| {
        let fault = if fault.is_io() { fault.with_code(&UNKNOWN_OUTCOME) } else { fault };
        fault.into()
    })
}

#[cfg(test)]
mod tests;
