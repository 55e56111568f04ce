//! What SQLite's answers mean in the codes of the ports.

use std::fmt;

use rusqlite::ffi;
use tacenda_core::error::{Code, Error};
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::store::{CORRUPT, FULL, READ_ONLY, UNAVAILABLE};

/// A failure of SQLite: our code for it, and SQLite's own as the cause.
///
/// SQLite's message stays behind: it can quote SQL and paths.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    pub(super) code: &'static Code,
    cause: SqliteCode,
}

/// An extended result code of SQLite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SqliteCode(i32);

impl fmt::Display for SqliteCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sqlite result code {}: {}", self.0, ffi::code_to_str(self.0))
    }
}

impl std::error::Error for SqliteCode {}

impl Fault {
    pub(super) fn of(error: &rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(failure, _) = error else {
            // The rest are values of other types than the schema gives them.
            return Self { code: &CORRUPT, cause: SqliteCode(ffi::SQLITE_MISMATCH) };
        };
        let code = match failure.extended_code & 0xff {
            ffi::SQLITE_FULL => &FULL,
            ffi::SQLITE_READONLY => &READ_ONLY,
            ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB | ffi::SQLITE_ERROR | ffi::SQLITE_SCHEMA => {
                &CORRUPT
            }
            ffi::SQLITE_CONSTRAINT | ffi::SQLITE_MISMATCH => &CORRUPT,
            ffi::SQLITE_TOOBIG => &BAD_REQUEST,
            _ => &UNAVAILABLE,
        };
        Self { code, cause: SqliteCode(failure.extended_code) }
    }

    /// The whole transaction was taken back for the failure of a part of it.
    pub(super) fn taken_back() -> Self {
        Self { code: &UNAVAILABLE, cause: SqliteCode(ffi::SQLITE_ABORT_ROLLBACK) }
    }

    /// Bytes in the file that the store did not write.
    pub(super) fn malformed() -> Self {
        Self { code: &CORRUPT, cause: SqliteCode(ffi::SQLITE_MISMATCH) }
    }

    /// Whether it is an error of the disk, after which nobody knows what the disk holds.
    pub(super) const fn is_io(self) -> bool {
        self.cause.0 & 0xff == ffi::SQLITE_IOERR
    }

    pub(super) const fn is_busy(self) -> bool {
        self.cause.0 & 0xff == ffi::SQLITE_BUSY
    }

    pub(super) const fn is_cannot_open(self) -> bool {
        self.cause.0 & 0xff == ffi::SQLITE_CANTOPEN
    }

    pub(super) fn with_code(self, code: &'static Code) -> Self {
        Self { code, ..self }
    }

    pub(super) fn error(self) -> Error {
        self.code.error().caused_by(self.cause)
    }
}

/// For `map_err`.
#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` asks for")]
pub(super) fn fault(error: rusqlite::Error) -> Error {
    Fault::of(&error).error()
}

/// Whether a key that is there once was taken.
pub(super) fn is_taken(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(failure, _)
        if [ffi::SQLITE_CONSTRAINT_PRIMARYKEY, ffi::SQLITE_CONSTRAINT_UNIQUE]
            .contains(&failure.extended_code))
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn codes_are_mapped_and_messages_stay_behind() {
        let failure = |code: i32| {
            let secret = Some("no such table: anna@example.org".to_owned());
            fault(rusqlite::Error::SqliteFailure(ffi::Error::new(code), secret))
        };
        for (code, expected) in [
            (ffi::SQLITE_FULL, &FULL),
            (ffi::SQLITE_READONLY_DBMOVED, &READ_ONLY),
            (ffi::SQLITE_READONLY_DIRECTORY, &READ_ONLY),
            (ffi::SQLITE_NOTADB, &CORRUPT),
            (ffi::SQLITE_CORRUPT_VTAB, &CORRUPT),
            (ffi::SQLITE_BUSY_SNAPSHOT, &UNAVAILABLE),
            (ffi::SQLITE_IOERR_FSYNC, &UNAVAILABLE),
        ] {
            let error = failure(code);
            assert!(error.is(expected), "{error}");
            let shown =
                format!("{error} {error:?} {:?} {}", error.source(), error.source().unwrap());
            assert!(!shown.contains("anna"), "{shown}");
        }
    }
}
