//! Scans and claims: pages of rows by an index.

use std::cmp::Ordering;

use rusqlite::{Connection, Row as SqlRow, ToSql, named_params};
use tacenda_core::clock::Timestamp;
use tacenda_core::error::Result;
use tacenda_core::id::SubjectId;
use tacenda_core::name::Name;
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::store::{CORRUPT, LONGEST_LEASE};
use tacenda_core::ports::{Cursor, Holding, Page, Scan};
use tacenda_core::row::{Row, RowKey};

use super::change::{id_bytes, read_id, read_name, read_tokens};
use super::fault::fault;
use super::read::leaves_of;
use crate::columns::Columns;

/// The columns that [`read_row`] reads.
pub(super) const COLUMNS: &str =
    "subject, kind, id, class, state, held, anchor_at, due_at, version, tokens, body";

/// Reads a row. The outer error is SQLite's, the inner one says that its key is none. If another column
/// cannot be read the row is one that nobody wrote, and the log finds it.
pub(super) fn read_row(row: &SqlRow<'_>) -> rusqlite::Result<Result<Row>> {
    let subject = SubjectId::from_bytes(row.get(0)?);
    let (kind, id) = (row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_blob()?);
    let key = || Ok(RowKey { subject, kind: read_name(kind)?, id: read_id(id)? });
    let key = key().map_err(|error: tacenda_core::Error| error.with("subject", subject));
    Ok(key.map(|key| read_columns(row, key)))
}

/// The columns behind the key.
fn read_columns(row: &SqlRow<'_>, key: RowKey) -> Row {
    let class = || match row.get_ref(3).ok()?.as_str_or_null().ok()? {
        Some(class) => read_name(class).ok().map(Some),
        None => Some(None),
    };
    let time = |column| {
        let at: Option<i64> = row.get(column).ok()?;
        Some(at.map(Timestamp::from_micros))
    };
    let blob = |column| row.get_ref(column).ok()?.as_blob().ok();
    Columns {
        class: class(),
        state: row.get_ref(4).ok().and_then(|state| read_name(state.as_str().ok()?).ok()),
        held: row.get(5).ok(),
        anchor_at: time(6),
        due_at: time(7),
        version: row.get(8).ok().and_then(|version: i64| u64::try_from(version).ok()),
        tokens: blob(9).and_then(|tokens| read_tokens(tokens).ok()),
        body: blob(10).map(<[u8]>::to_vec),
    }
    .into_row(key)
}

/// Where a page begins, with the least values where there is no cursor.
struct Start<'a> {
    at: i64,
    subject: &'a [u8],
    kind: &'a str,
    id: &'a [u8],
}

impl<'a> Start<'a> {
    const LEAST: Self = Self { at: i64::MIN, subject: &[], kind: "", id: &[] };

    fn new(after: Option<&'a Cursor>, timed: bool) -> Result<Self> {
        let Some(Cursor { at, key }) = after else {
            return Ok(Self::LEAST);
        };
        if timed && at.is_none() {
            return Err(BAD_REQUEST.error().with("reason", "cursor without a time"));
        }
        let at = at.map_or(i64::MIN, Timestamp::as_micros);
        Ok(Self {
            at,
            subject: key.subject.as_bytes(),
            kind: key.kind.as_str(),
            id: id_bytes(&key.id),
        })
    }
}

const SUBJECT: &str = "FROM rows WHERE subject = :subject AND (kind, id) > (:kind, :id)
    ORDER BY subject, kind, id LIMIT :limit";
const ALL: &str = "FROM rows WHERE (subject, kind, id) > (:subject, :kind, :id)
    ORDER BY subject, kind, id LIMIT :limit";
const KIND: &str = "FROM rows WHERE (subject, kind, id) > (:subject, :kind, :id)
    AND +kind = :only ORDER BY subject, kind, id LIMIT :limit";
const CLASS: &str = "FROM rows WHERE (subject, kind, id) > (:subject, :kind, :id)
    AND +class = :class ORDER BY subject, kind, id LIMIT :limit";
const ANCHORED: &str = "FROM rows INDEXED BY rows_anchor
    WHERE class = :class AND state = :state AND held = 0 AND anchor_at <= :until
    AND (anchor_at, subject, kind, id) > (:at, :subject, :kind, :id)
    ORDER BY anchor_at, subject, kind, id LIMIT :limit";
const DUE: &str = "FROM rows INDEXED BY rows_due
    WHERE kind = :only AND state = :state AND due_at <= :until
    AND (due_at, subject, kind, id) > (:at, :subject, :kind, :id)
    ORDER BY due_at, subject, id LIMIT :limit";
const CLAIM: &str = "FROM rows INDEXED BY rows_due
    WHERE kind = :only AND state = :state AND due_at <= :now
    AND (lease_until IS NULL OR lease_until <= :now OR lease_until > :far)
    ORDER BY due_at, subject, id LIMIT :limit";

/// A page of a scan.
pub(super) fn scan(
    connection: &Connection,
    scan: &Scan,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page> {
    let timed = matches!(scan, Scan::Anchored { .. } | Scan::Due { .. });
    let mut from = Start::new(after, timed)?;
    if let Scan::Subject(who) = scan {
        match from.subject.cmp(who.as_bytes().as_slice()) {
            Ordering::Less => from = Start { subject: who.as_bytes(), ..Start::LEAST },
            Ordering::Equal => {}
            Ordering::Greater => return Ok(Page { rows: Vec::new(), next: None }),
        }
    }
    let limit = limit.max(1);
    // One more than asked for tells whether there is another page.
    let more = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
    let mut rows = along(scan, &from, more, |range, values| query(connection, range, values))?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more).map(|row| scan.cursor(row));
    Ok(Page { rows, next })
}

/// Where the rows of a page by a time stand: the index says it all, and no row is read.
pub(super) fn timed(
    connection: &Connection,
    scan: &Scan,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Vec<Cursor>> {
    let from = Start::new(after, true)?;
    let limit = i64::try_from(limit.max(1)).unwrap_or(i64::MAX);
    let place = if matches!(scan, Scan::Due { .. }) { PLACE_DUE } else { PLACE };
    along(scan, &from, limit, |range, values| {
        let sql = format!("SELECT {place} {range}");
        let mut statement = connection.prepare_cached(&sql).map_err(fault)?;
        let values: Vec<(&str, &dyn ToSql)> = values.concat();
        let places = statement.query_map(values.as_slice(), read_cursor).map_err(fault)?;
        places.map(|place| place.map_err(fault).and_then(|place| place)).collect()
    })
}

/// The columns that [`read_cursor`] reads.
const PLACE: &str = "subject, kind, id, anchor_at";
/// These, for rows by when they are due.
const PLACE_DUE: &str = "subject, kind, id, due_at";

fn read_cursor(row: &SqlRow<'_>) -> rusqlite::Result<Result<Cursor>> {
    let subject = SubjectId::from_bytes(row.get(0)?);
    let (kind, id) = (row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_blob()?);
    let at = Some(Timestamp::from_micros(row.get(3)?));
    let read =
        || Ok(Cursor { at, key: RowKey { subject, kind: read_name(kind)?, id: read_id(id)? } });
    Ok(read().map_err(|error: tacenda_core::Error| error.with("subject", subject)))
}

/// The rows and the latest leaves of each subject.
pub(super) fn holdings(
    connection: &Connection,
    subjects: &[SubjectId],
    leaves: usize,
) -> Result<Vec<Holding>> {
    let sql = format!("SELECT {COLUMNS} FROM rows WHERE subject = ?1 ORDER BY subject, kind, id");
    let mut statement = connection.prepare_cached(&sql).map_err(fault)?;
    let mut holding = |subject: &SubjectId| {
        let rows = statement.query_map([subject.as_bytes()], read_row).map_err(fault)?;
        let rows: Result<_> = rows.map(|row| row.map_err(fault).and_then(|row| row)).collect();
        let leaves = if leaves > 0 {
            leaves_of(connection, *subject, true, None, leaves)?
        } else {
            Vec::new()
        };
        Ok(Holding { rows: rows?, leaves })
    };
    subjects.iter().map(&mut holding).collect()
}

/// How many rows a scan meets, up to `limit`.
pub(super) fn count(connection: &Connection, scan: &Scan, limit: u64) -> Result<u64> {
    let mut from = Start::LEAST;
    if let Scan::Subject(who) = scan {
        from.subject = who.as_bytes();
    }
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    along(scan, &from, limit, |range, values| {
        let sql = format!("SELECT count(*) FROM (SELECT 1 {range})");
        let mut statement = connection.prepare_cached(&sql).map_err(fault)?;
        let values: Vec<(&str, &dyn ToSql)> = values.concat();
        let count: i64 = statement.query_row(values.as_slice(), |row| row.get(0)).map_err(fault)?;
        u64::try_from(count).map_err(|_| CORRUPT.error())
    })
}

type Values<'a> = &'a [&'a [(&'a str, &'a dyn ToSql)]];

/// Runs `work` with the range of a scan and the values that it binds.
fn along<T>(
    scan: &Scan,
    from: &Start<'_>,
    limit: i64,
    work: impl FnOnce(&'static str, Values<'_>) -> Result<T>,
) -> Result<T> {
    let key = named_params! {
        ":subject": from.subject, ":kind": from.kind, ":id": from.id, ":limit": limit
    };
    match scan {
        Scan::Subject(_) => work(SUBJECT, &[key]),
        Scan::All { kind: None } => work(ALL, &[key]),
        Scan::All { kind: Some(kind) } => {
            work(KIND, &[key, named_params! { ":only": kind.as_str() }])
        }
        Scan::Class { class } => work(CLASS, &[key, named_params! { ":class": class.as_str() }]),
        Scan::Anchored { class, state, until } => {
            let range = named_params! {
                ":class": class.as_str(), ":state": state.as_str(),
                ":until": until.as_micros(), ":at": from.at
            };
            work(ANCHORED, &[key, range])
        }
        Scan::Due { kind, state, until } => {
            let range = named_params! {
                ":only": kind.as_str(), ":state": state.as_str(),
                ":until": until.as_micros(), ":at": from.at
            };
            work(DUE, &[key, range])
        }
    }
}

/// Leases rows that are due and free.
pub(super) fn claim(
    connection: &Connection,
    kind: &Name,
    state: &Name,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<Row>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = named_params! {
        ":only": kind.as_str(), ":state": state.as_str(),
        ":now": now.as_micros(), ":far": now.plus(LONGEST_LEASE).as_micros(), ":limit": limit
    };
    let rows = query(connection, CLAIM, &[values])?;
    let sql = "UPDATE rows SET lease_until = ?4 WHERE subject = ?1 AND kind = ?2 AND id = ?3";
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    for Row { key, .. } in &rows {
        let (subject, id) = (key.subject.as_bytes(), id_bytes(&key.id));
        let values = rusqlite::params![subject, key.kind.as_str(), id, until.as_micros()];
        statement.execute(values).map_err(fault)?;
    }
    Ok(rows)
}

fn query(connection: &Connection, from: &'static str, values: Values<'_>) -> Result<Vec<Row>> {
    let sql = format!("SELECT {COLUMNS} {from}");
    let mut statement = connection.prepare_cached(&sql).map_err(fault)?;
    let values: Vec<(&str, &dyn ToSql)> = values.concat();
    let rows = statement.query_map(values.as_slice(), read_row).map_err(fault)?;
    rows.map(|row| row.map_err(fault).and_then(|row| row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema::STORE;

    /// A page costs what it holds: no scan sorts, and none reads more than its range.
    #[test]
    fn every_scan_runs_along_an_index() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(STORE.sql).unwrap();
        let plan = |columns: &str, from: &str| -> String {
            let sql = format!("EXPLAIN QUERY PLAN SELECT {columns} {from}");
            let mut statement = connection.prepare(&sql).unwrap();
            let steps = statement.raw_query().mapped(|row| row.get::<_, String>(3));
            steps.map(Result::unwrap).collect::<Vec<_>>().join("; ")
        };
        for (from, index) in [
            (SUBJECT, "USING PRIMARY KEY (subject=? AND (kind"),
            (ALL, "USING PRIMARY KEY ((subject"),
            (KIND, "USING PRIMARY KEY ((subject"),
            (CLASS, "USING PRIMARY KEY ((subject"),
            (ANCHORED, "rows_anchor (class=? AND state=? AND (anchor_at"),
            (DUE, "rows_due (kind=? AND state=? AND (due_at"),
            (CLAIM, "rows_due (kind=? AND state=? AND due_at<?)"),
        ] {
            let plan = plan(COLUMNS, from);
            assert!(plan.contains(index), "{plan}");
            assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN"), "{plan}");
        }
        for (place, from, index) in [(PLACE, ANCHORED, "rows_anchor"), (PLACE_DUE, DUE, "rows_due")]
        {
            let place = plan(place, from);
            assert!(place.contains(&format!("USING COVERING INDEX {index}")), "{place}");
        }
    }
}
