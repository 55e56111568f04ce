//! Copying the write-ahead log into the file, in a thread of its own.
//!
//! The disk takes tens of megabytes at a time, which may last long; a read waits for its leaf, and
//! so for the writer. While a copy runs, single pieces of work go on and bulk work waits, so that
//! the log stays short and the copy catches up with it.

use std::cell::Cell;
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use rusqlite::hooks::Wal;
use tacenda_core::error::Result;

use super::fault::fault;

thread_local! {
    /// Pages in the write-ahead log after this thread's last commit.
    static WAL_PAGES: Cell<i32> = const { Cell::new(0) };
}

fn count_pages(_: &Wal, pages: i32) -> rusqlite::Result<()> {
    WAL_PAGES.set(pages);
    Ok(())
}

/// What the writer knows of copies.
pub(super) struct LogCopy<'a, F> {
    connection: &'a Connection,
    pages: i32,
    second: F,
    thread: Option<JoinHandle<()>>,
}

impl<'a, F: Fn() -> Result<Connection>> LogCopy<'a, F> {
    /// Copies are made when the log of `connection` has so many pages, over another connection that
    /// `second` opens.
    pub(super) fn new(connection: &'a Connection, pages: u32, second: F) -> Self {
        // In place of SQLite's own checkpoint, which would run before the commit is answered.
        connection.wal_hook(Some(count_pages));
        let pages = i32::try_from(pages).unwrap_or(i32::MAX).max(1);
        Self { connection, pages, second, thread: None }
    }

    pub(super) const fn is_under_way(&self) -> bool {
        self.thread.is_some()
    }

    /// Begins a copy if the log is long.
    pub(super) fn begin_if_long(&mut self) {
        if WAL_PAGES.get() < self.pages || self.is_under_way() {
            return;
        }
        let copy = |connection: Connection| {
            let builder = thread::Builder::new().name("tacenda-copy".to_owned());
            // What a reader is in the way of, the next copy takes.
            builder.spawn(move || drop(checkpoint(&connection, "PASSIVE"))).ok()
        };
        self.thread = (self.second)().ok().and_then(copy);
        if self.thread.is_none() {
            self.finish();
        }
    }

    /// Ends a copy that is done.
    pub(super) fn look(&mut self) {
        if self.thread.as_ref().is_some_and(JoinHandle::is_finished) {
            self.wait();
        }
    }

    /// Waits for the copy under way.
    pub(super) fn wait(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic would have copied less: the next copy takes it.
            let _ = thread.join();
            self.finish();
        }
    }

    /// Copies what was committed during the copy: then the log is whole in the file, and the next
    /// commit begins it anew.
    fn finish(&self) {
        WAL_PAGES.set(0);
        let _ = checkpoint(self.connection, "PASSIVE");
    }
}

/// Copies the write-ahead log into the file; whether another connection was in the way.
pub(super) fn checkpoint(connection: &Connection, mode: &'static str) -> Result<bool> {
    let sql = match mode {
        "TRUNCATE" => "PRAGMA wal_checkpoint(TRUNCATE)",
        _ => "PRAGMA wal_checkpoint(PASSIVE)",
    };
    connection.query_row(sql, [], |row| row.get(0)).map_err(fault)
}
