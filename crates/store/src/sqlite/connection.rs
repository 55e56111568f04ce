//! A file in use: its writer thread and its readers.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use futures_channel::oneshot;
use rusqlite::Connection;
use tacenda_core::error::Result;
use tacenda_core::ports::store::{CLOSED, UNAVAILABLE, UNKNOWN_OUTCOME};

use super::fault::{Fault, fault};
use super::open;
use super::options::SqliteOptions;
use super::schema::Schema;
use super::writer::{self, Job, Message, Reply};

/// What a file says in its one row of `head`: read when a transaction has begun, changed by the
/// work in it, and written before it commits.
pub(super) trait Head: Clone + PartialEq + Send + 'static {
    /// The tables of the file.
    fn schema() -> &'static Schema;

    /// Reads it.
    fn load(connection: &Connection) -> Result<Self, Fault>;

    /// Writes it.
    fn save(&self, connection: &Connection) -> Result<(), Fault>;
}

/// A file in use.
pub(super) struct Database<H> {
    path: PathBuf,
    options: SqliteOptions,
    closed: AtomicBool,
    readers: Mutex<Vec<Connection>>,
    // `None` only while it is dropped.
    queue: Option<Sender<Message<H>>>,
    thread: Option<JoinHandle<()>>,
}

impl<H: Head> Database<H> {
    /// Opens a file, or makes it.
    pub(super) fn open(path: &Path, options: SqliteOptions) -> Result<Self> {
        let connection = open::writer(path, &options, H::schema())?;
        let (queue, messages) = channel();
        let (pages, file, settings) = (options.checkpoint_pages, path.to_owned(), options.clone());
        let thread = thread::Builder::new()
            .name("tacenda-sqlite".to_owned())
            .spawn(move || {
                let second = || open::reader(&file, &settings);
                let stopped = writer::run(&connection, &messages, pages, second);
                drop(connection);
                if let Some(stopped) = stopped {
                    // Nobody may be waiting any more.
                    let _ = stopped.send(Ok(()));
                }
            })
            .map_err(|error| UNAVAILABLE.error().caused_by(error))?;
        Ok(Self {
            path: path.to_owned(),
            options,
            closed: AtomicBool::new(false),
            readers: Mutex::new(Vec::new()),
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Does work in a transaction, together with whatever else waits; answers when it is durable.
    /// Bulk work waits behind other work.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        bulk: bool,
        work: impl FnOnce(&Connection, &mut H) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.ask(bulk, false, work).await
    }

    /// As [`Database::write`], for work that checks first and then only adds. It is not taken back
    /// alone: if it fails after it has written, all that shares its transaction fails.
    pub(super) async fn append<T: Send + 'static>(
        &self,
        bulk: bool,
        work: impl FnOnce(&Connection, &mut H) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.ask(bulk, true, work).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        bulk: bool,
        appends: bool,
        work: impl FnOnce(&Connection, &mut H) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.check_open()?;
        let (reply, answer) = Reply::new();
        self.send(Message::Work { bulk, job: Job::boxed(appends, work, reply) })?;
        // The thread ends without an answer only if it panicked.
        answer.await.unwrap_or_else(|_| UNKNOWN_OUTCOME.err())
    }

    /// Does something on the writer's connection outside of any transaction.
    pub(super) async fn outside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.check_open()?;
        let (mut reply, answer) = Reply::new();
        self.send(Message::Outside(Box::new(move |connection| {
            reply.begin();
            reply.send(work(connection));
        })))?;
        answer.await.unwrap_or_else(|_| UNKNOWN_OUTCOME.err())
    }

    /// Reads in the calling thread; all statements see the same state.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.read_one(|connection| {
            connection.prepare_cached("BEGIN").and_then(|mut s| s.execute([])).map_err(fault)?;
            let outcome = work(connection);
            let end = connection.prepare_cached("COMMIT").and_then(|mut s| s.execute([]));
            outcome.and_then(|value| end.map(|_| value).map_err(fault))
        })
    }

    /// Reads with a single statement.
    pub(super) fn read_one<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.check_open()?;
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open::reader(&self.path, &self.options)?,
        };
        let outcome = work(&connection);
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let open = !self.closed.load(Ordering::Acquire);
        if open && connection.is_autocommit() && readers.len() < self.options.readers {
            readers.push(connection);
        }
        outcome
    }

    /// Ends the readers, and the writer once it has done what waits.
    pub(super) async fn close(&self) -> Result<()> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return CLOSED.err();
        }
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let (reply, answer) = oneshot::channel();
        self.send(Message::Stop(reply))?;
        answer.await.unwrap_or_else(|_| UNKNOWN_OUTCOME.err())
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) { CLOSED.err() } else { Ok(()) }
    }

    pub(super) fn send(&self, message: Message<H>) -> Result<()> {
        let queue = self.queue.as_ref().ok_or_else(|| CLOSED.error())?;
        queue.send(message).map_err(|_| CLOSED.error())
    }
}

/// Waits for the writer: what was asked for is done, and the file is closed.
impl<H> Drop for Database<H> {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the writer was told to those who waited for it.
            let _ = thread.join();
        }
    }
}
