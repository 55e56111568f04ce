//! The floor: SQLite itself, with the settings of our store, and values as they are.

use std::path::Path;

use rusqlite::{Connection, params};
use tacenda::SubjectId;
use tacenda_store::sqlite::SqliteOptions;

use crate::measure::Result;
use crate::people::{OF_ACCOUNT, Person};

/// The rows as ours stores them, but for what sealing and proving add.
const TABLES: &str = "
CREATE TABLE rows (
    subject BLOB NOT NULL, kind TEXT NOT NULL, class TEXT NOT NULL, state TEXT NOT NULL,
    anchor_at INTEGER, email TEXT, body BLOB NOT NULL,
    PRIMARY KEY (subject, kind)
) WITHOUT ROWID;
CREATE UNIQUE INDEX rows_email ON rows (email) WHERE email IS NOT NULL;
CREATE INDEX rows_anchor ON rows (class, state, anchor_at) WHERE anchor_at IS NOT NULL;
CREATE TABLE log (place INTEGER PRIMARY KEY, hash BLOB NOT NULL, bytes BLOB NOT NULL);
";

/// A file of plain rows.
pub(crate) struct Plain(pub(crate) Connection);

/// A row of the floor.
pub(crate) struct PlainRow {
    pub(crate) subject: SubjectId,
    pub(crate) class: &'static str,
    pub(crate) anchor_at: i64,
    pub(crate) email: Option<String>,
    pub(crate) body: String,
}

impl Plain {
    /// A new file, with every setting that our store has.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let connection = connect(path)?;
        connection.execute_batch(TABLES)?;
        Ok(Self(connection))
    }

    /// Writes rows in one transaction.
    pub(crate) fn insert(&mut self, rows: &[PlainRow]) -> Result<()> {
        let transaction = self.0.transaction()?;
        {
            let mut statement = transaction.prepare_cached(
                "INSERT INTO rows (subject, kind, class, state, anchor_at, email, body)
                VALUES (?1, ?2, ?3, 'live', ?4, ?5, ?6)",
            )?;
            for row in rows {
                let kind =
                    if row.class == "account" { "profile.account" } else { "profile.billing" };
                let (subject, body) = (row.subject.as_bytes(), row.body.as_bytes());
                statement.execute(params![
                    subject,
                    kind,
                    row.class,
                    row.anchor_at,
                    row.email,
                    body
                ])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Deletes all rows of subjects in one transaction.
    pub(crate) fn delete(&mut self, subjects: &[SubjectId]) -> Result<()> {
        let transaction = self.0.transaction()?;
        {
            let mut statement =
                transaction.prepare_cached("DELETE FROM rows WHERE subject = ?1")?;
            for subject in subjects {
                statement.execute([subject.as_bytes()])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

/// Opens a file with the settings of our store's writer.
pub(crate) fn connect(path: &Path) -> Result<Connection> {
    let options = SqliteOptions::default();
    let connection = Connection::open(path)?;
    connection.busy_timeout(options.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "page_size", 4096)?;
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "temp_store", "memory")?;
    let kibibytes = i64::try_from(options.writer_cache >> 10)?;
    connection.pragma_update(None, "cache_size", -kibibytes)?;
    let pages = options.checkpoint_pages;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", pages, |_| Ok(()))?;
    Ok(connection)
}

/// A person's rows: one per class, the values with a byte between them.
pub(crate) fn rows(
    subject: SubjectId,
    person: &Person,
    anchor_at: i64,
    items: usize,
) -> Vec<PlainRow> {
    let (account, billing) = person.values.split_at(OF_ACCOUNT);
    let email = account.first().cloned();
    let mut rows = vec![PlainRow {
        subject,
        class: "account",
        anchor_at,
        email,
        body: account.join("\u{1f}"),
    }];
    if items > OF_ACCOUNT {
        let body = billing.join("\u{1f}");
        rows.push(PlainRow { subject, class: "billing", anchor_at, email: None, body });
    }
    rows
}
