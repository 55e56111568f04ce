//! Opening a file: whether it is ours, and the settings of every connection.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, OpenFlags, Row};
use tacenda_core::error::{Error, Result};
use tacenda_core::ports::store::{CORRUPT, FULL, NEWER_SCHEMA, READ_ONLY, UNAVAILABLE};

use super::fault::{Fault, fault};
use super::options::SqliteOptions;
use super::schema::Schema;

const PAGE_SIZE: u32 = 4_096;
const RETRY_EVERY: Duration = Duration::from_millis(10);

/// Opens the connection that writes; makes the tables in a new file.
pub(super) fn writer(path: &Path, options: &SqliteOptions, schema: &Schema) -> Result<Connection> {
    touch(path)?;
    // Turning the journal into a write-ahead log needs the file alone, and SQLite does not wait for
    // that by itself. So no statement waits, and all of them are tried again.
    let mut patience = options.busy_timeout.as_millis() / RETRY_EVERY.as_millis();
    loop {
        match try_writer(path, options, schema) {
            Err(Failed::Sqlite(fault)) if fault.is_busy() && patience > 0 => {
                patience -= 1;
                thread::sleep(RETRY_EVERY);
            }
            Err(Failed::Sqlite(fault)) if fault.is_cannot_open() => {
                return Err(fault.with_code(folder_fault(path)).error());
            }
            Err(Failed::Sqlite(fault)) => return Err(fault.error()),
            Err(Failed::Refused(error)) => return Err(error),
            Ok(connection) => return Ok(connection),
        }
    }
}

/// Opens a connection that only reads, on a file that the writer has opened.
pub(super) fn reader(path: &Path, options: &SqliteOptions) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(fault)?;
    wait_for(&connection, options).map_err(fault)?;
    settle(&connection, options, options.reader_cache).map_err(fault)?;
    connection.pragma_update(None, "query_only", true).map_err(fault)?;
    Ok(connection)
}

enum Failed {
    Sqlite(Fault),
    Refused(Error),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Fault::of(&error))
    }
}

fn try_writer(path: &Path, options: &SqliteOptions, schema: &Schema) -> Result<Connection, Failed> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::ZERO)?;
    if connection.is_readonly(MAIN_DB)? {
        return Err(Failed::Refused(READ_ONLY.error()));
    }
    connection.pragma_update(None, "page_size", PAGE_SIZE)?;
    settle(&connection, options, options.writer_cache)?;
    let new = identify(&connection, schema)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Failed::Refused(UNAVAILABLE.error().with("reason", "no write-ahead log")));
    }
    if new {
        create(&connection, schema)?;
    }
    wait_for(&connection, options)?;
    Ok(connection)
}

/// The settings of every connection, but for how long it waits. `secure_delete` is on before the
/// first insert: what is deleted is overwritten with zeros.
fn settle(connection: &Connection, options: &SqliteOptions, cache: u64) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(64);
    let secure: i64 =
        connection.pragma_update_and_check(None, "secure_delete", true, |row| row.get(0))?;
    if secure != 1 {
        return Err(rusqlite::Error::InvalidQuery);
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // The plan of a statement is that of its text: else every new value has it prepared again.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.query_row("PRAGMA mmap_size = 0", [], |_| Ok(())).or_else(|error| match error {
        rusqlite::Error::QueryReturnedNoRows => Ok(()),
        error => Err(error),
    })?;
    let kibibytes = i32::try_from(cache >> 10).unwrap_or(i32::MAX);
    connection.pragma_update(None, "cache_size", kibibytes.saturating_neg())?;
    if let Some(size) = options.max_size {
        let pages = i64::try_from((size / u64::from(PAGE_SIZE)).max(1)).unwrap_or(i64::MAX);
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    Ok(())
}

/// Other processes that write; SQLite counts milliseconds in 31 bits.
fn wait_for(connection: &Connection, options: &SqliteOptions) -> rusqlite::Result<()> {
    const LONGEST: Duration = Duration::from_millis(i32::MAX.unsigned_abs() as u64);
    connection.busy_timeout(options.busy_timeout.min(LONGEST))
}

/// Whether the file is new; an error if it is not ours. Writes nothing.
fn identify(connection: &Connection, schema: &Schema) -> Result<bool, Failed> {
    // One statement: another process may be making the file.
    let sql = "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
        FROM pragma_application_id, pragma_user_version";
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let found: (i32, i32, i64) = connection.query_row(sql, [], read)?;
    match found {
        (0, 0, 0) => Ok(true),
        (id, version, _) if id == schema.application && version > schema.version => {
            let newer = NEWER_SCHEMA.error().with("version", i64::from(version));
            Err(Failed::Refused(newer))
        }
        (id, version, 1..) if id == schema.application && version == schema.version => Ok(false),
        _ => Err(Failed::Refused(CORRUPT.error().with("reason", "file of another kind"))),
    }
}

/// Makes the tables, unless another process was first.
fn create(connection: &Connection, schema: &Schema) -> Result<(), Failed> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let made = identify(connection, schema).and_then(|new| {
        if new {
            connection.execute_batch(schema.sql)?;
            connection.pragma_update(None, "application_id", schema.application)?;
            connection.pragma_update(None, "user_version", schema.version)?;
        }
        Ok(connection.execute_batch("COMMIT")?)
    });
    if made.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    made
}

/// Makes sure that there is a file; a new one is its owner's alone. One that is there is not opened:
/// to close it again would take away the locks that this process has on it (POSIX, `fcntl`).
fn touch(path: &Path) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(io_fault(&error).error().caused_by(error)),
    }
}

fn io_fault(error: &io::Error) -> &'static tacenda_core::Code {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => &READ_ONLY,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => &FULL,
        _ => &UNAVAILABLE,
    }
}

/// Why SQLite cannot make its own files beside a file that can be written.
fn folder_fault(path: &Path) -> &'static tacenda_core::Code {
    let mut probe = path.as_os_str().to_owned();
    probe.push("-probe");
    match OpenOptions::new().write(true).create_new(true).open(&probe) {
        Ok(_) => {
            // If it cannot be removed, an empty file is left.
            let _ = std::fs::remove_file(&probe);
            &UNAVAILABLE
        }
        Err(error) => io_fault(&error),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

    use super::*;
    use crate::sqlite::schema::STORE;

    /// What another process makes between two looks is either not seen or seen whole.
    #[test]
    fn a_file_that_another_makes_meanwhile_is_not_of_another_kind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("customers.db");
        let connection = Connection::open(&path).unwrap();
        let options = SqliteOptions { busy_timeout: Duration::ZERO, ..SqliteOptions::default() };
        let (asked, is_asked) = std::sync::mpsc::channel();
        let hook = move |context: AuthContext<'_>| {
            if matches!(context.action, AuthAction::Pragma { pragma_name: "user_version", .. }) {
                asked.send(()).unwrap();
                // It may be refused while the file is looked at.
                drop(writer(&path, &options, &STORE));
            }
            Authorization::Allow
        };
        connection.authorizer(Some(hook)).unwrap();
        assert!(identify(&connection, &STORE).is_ok());
        is_asked.try_recv().unwrap();
    }

    #[test]
    fn every_connection_is_durable_and_erases_what_it_deletes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("customers.db");
        let options = SqliteOptions::default();
        let made = writer(&path, &options, &STORE).unwrap();
        let again = writer(&path, &options, &STORE).unwrap();
        let reading = reader(&path, &options).unwrap();
        for connection in [&made, &again, &reading] {
            let pragma = |name: &str| -> String {
                connection
                    .pragma_query_value(None, name, |row| {
                        Ok(row.get_ref(0)?.as_i64().map_or_else(
                            |_| row.get(0).unwrap_or_default(),
                            |number| number.to_string(),
                        ))
                    })
                    .unwrap()
            };
            for (name, value) in [
                ("journal_mode", "wal"),
                ("secure_delete", "1"),
                ("synchronous", "2"),
                ("temp_store", "2"),
                ("mmap_size", "0"),
                ("page_size", "4096"),
                ("trusted_schema", "0"),
                ("busy_timeout", "10000"),
            ] {
                assert_eq!(pragma(name), value, "{name}");
            }
        }
        assert!(reading.execute_batch("DELETE FROM rows").is_err());
    }

    /// As much as there is, and for ever.
    #[test]
    fn options_may_be_as_large_as_their_types() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("customers.db");
        let options = SqliteOptions {
            writer_cache: u64::MAX,
            reader_cache: u64::MAX,
            readers: usize::MAX,
            checkpoint_pages: u32::MAX,
            busy_timeout: Duration::MAX,
            max_size: Some(u64::MAX),
        };
        let made = writer(&path, &options, &STORE).unwrap();
        let reading = reader(&path, &options).unwrap();
        for connection in [&made, &reading] {
            let pragma = |name| connection.pragma_query_value(None, name, |row| row.get(0));
            let kibibytes: i64 = pragma("cache_size").unwrap();
            let milliseconds: i64 = pragma("busy_timeout").unwrap();
            assert_eq!((kibibytes, milliseconds), (-i64::from(i32::MAX), i64::from(i32::MAX)));
        }
    }
}
