//! Copying the write-ahead log into the file, in a thread of its own.
//!
//! The disk takes tens of megabytes at a time, which may last long; a read waits for its leaf, and
//! so for the writer. SQLite flushes the file only when a copy has caught up with the log, so the
//! thread copies until it has; then bulk work waits, and it copies what came meanwhile. The writer
//! is left with the few pages of single pieces of work, and begins the log anew.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::hooks::Wal;
use rusqlite::{Connection, Row};
use tacenda_core::error::Result;
use tacenda_core::ports::Scrub;

use super::fault::fault;

thread_local! {
    /// Pages in the write-ahead log after this thread's last commit.
    static WAL_PAGES: Cell<i32> = const { Cell::new(0) };
}

fn count_pages(_: &Wal, pages: i32) -> rusqlite::Result<()> {
    WAL_PAGES.set(pages);
    Ok(())
}

/// How often a copy is made again that a commit has overtaken.
const ATTEMPTS: u32 = 16;
/// How long to wait for readers of former states before saying that they block.
const PATIENCE: Duration = Duration::from_millis(100);

/// What the writer knows of copies.
pub(super) struct LogCopy<'a, F> {
    connection: &'a Connection,
    pages: i32,
    second: F,
    under_way: Option<UnderWay>,
}

struct UnderWay {
    thread: JoinHandle<()>,
    /// Whether the file has taken most of the log, and the rest is to stay short.
    ending: Arc<AtomicBool>,
    /// Dropped when the writer begins no more bulk work.
    go_on: Option<Sender<()>>,
}

impl<'a, F: Fn() -> Result<Connection>> LogCopy<'a, F> {
    /// Copies are made when the log of `connection` has so many pages, over another connection that
    /// `second` opens.
    pub(super) fn new(connection: &'a Connection, pages: u32, second: F) -> Self {
        // In place of SQLite's own checkpoint, which would run before the commit is answered.
        connection.wal_hook(Some(count_pages));
        let pages = i32::try_from(pages).unwrap_or(i32::MAX).max(1);
        Self { connection, pages, second, under_way: None }
    }

    pub(super) const fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Whether bulk work has to wait, so that the copy catches up with the log.
    pub(super) fn is_ending(&self) -> bool {
        self.under_way.as_ref().is_some_and(|copy| copy.go_on.is_none())
    }

    /// Begins a copy if the log is long.
    pub(super) fn begin_if_long(&mut self) {
        if WAL_PAGES.get() < self.pages || self.is_under_way() {
            return;
        }
        let ending = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&ending);
        let (go_on, held) = channel();
        let copy = |connection: Connection| {
            let builder = thread::Builder::new().name("tacenda-copy".to_owned());
            let work = move || {
                catch_up(&connection);
                flag.store(true, Ordering::Release);
                // An error is the answer: the sender is gone.
                let _ = held.recv();
                catch_up(&connection);
            };
            builder.spawn(work).ok()
        };
        let thread = (self.second)().ok().and_then(copy);
        self.under_way = thread.map(|thread| UnderWay { thread, ending, go_on: Some(go_on) });
        if self.under_way.is_none() {
            self.finish();
        }
    }

    /// Ends a copy that is done. Called before any bulk work.
    pub(super) fn look(&mut self) {
        let too_long = WAL_PAGES.get() >= self.pages.saturating_mul(2);
        if let Some(copy) = &mut self.under_way
            && (too_long || copy.ending.load(Ordering::Acquire))
        {
            copy.go_on = None;
        }
        if self.under_way.as_ref().is_some_and(|copy| copy.thread.is_finished()) {
            self.wait();
        }
    }

    /// Waits for the copy under way.
    pub(super) fn wait(&mut self) {
        if let Some(mut copy) = self.under_way.take() {
            copy.go_on = None;
            // A panic would have copied less: the next copy takes it.
            let _ = copy.thread.join();
            self.finish();
        }
    }

    /// Copies what was committed during the copy: then the log is whole in the file, and the next
    /// commit begins it anew.
    fn finish(&self) {
        WAL_PAGES.set(0);
        // What a reader is in the way of, the next copy takes.
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    }
}

/// Copies until nothing was committed meanwhile: only then SQLite flushes the file. What a reader
/// is in the way of, the next copy takes.
fn catch_up(connection: &Connection) {
    let mut before = 0;
    for _ in 0..ATTEMPTS {
        let pages = |row: &Row<'_>| row.get::<_, i64>(1);
        match connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], pages) {
            Ok(pages) if pages != before => before = pages,
            _ => return,
        }
    }
}

/// Copies the write-ahead log into the file and leaves nothing in it: then no former state of a
/// page is left. Whoever reads one is waited for only for a moment, as nobody else can write
/// meanwhile.
pub(super) fn empty(connection: &Connection) -> Result<Scrub> {
    let timeout = |row: &Row<'_>| row.get::<_, u32>(0);
    let before = connection.query_row("PRAGMA busy_timeout", [], timeout).map_err(fault)?;
    connection.busy_timeout(PATIENCE).map_err(fault)?;
    let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    let is_blocked = connection.query_row(sql, [], |row| row.get(0)).map_err(fault);
    connection.busy_timeout(Duration::from_millis(before.into())).map_err(fault)?;
    Ok(if is_blocked? { Scrub::Blocked } else { Scrub::Done })
}
