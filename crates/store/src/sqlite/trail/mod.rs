//! The trail of a subject: its leaves that wrote rows, from the latest back.
//!
//! Each read of a row asks for them. An index by subject would be one more large tree with random
//! keys, and so one more page to write for each leaf. So a row names its subject's trail by number;
//! numbers are given in turn, and the few bytes that say where a trail ends lie close together. Each
//! leaf says where the one before it stands.
//!
//! What a row says of its trail is no proof. Where it leads to no leaf of its subject, the blocks of
//! the log are searched instead, in which every leaf is found by its subject, and the next change of
//! the subject lays its trail anew, under a number of its own, and takes away the one that it had: rows
//! that are put back lead nowhere then. Blocks are searched for a subject that
//! has no trail, too: who has leaves but no rows is in `gone` until the leaves are pruned, and nothing
//! is left of its trail then. A trail begins anew for an id of the day alone; any other subject may
//! have had rows that were taken away.

mod cut;
mod follow;

use std::collections::BTreeMap;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row as SqlRow, params};
use tacenda_core::clock::{Span, Timestamp};
use tacenda_core::error::Result;
use tacenda_core::id::SubjectId;
use tacenda_core::ports::store::CORRUPT;

use super::apply::place;
use super::change::Prepared;
use super::fault::fault;
use super::read::leaves_of;

pub(super) use cut::CutTrails;
use cut::forget;
pub(super) use follow::{Led, follow};

const OF_ROWS: &str = "SELECT trail FROM rows WHERE subject = ?1 LIMIT 1";
const NUMBER: &str = "SELECT trail, 0 FROM rows WHERE subject = ?1
    UNION ALL SELECT trail, 1 FROM gone WHERE subject = ?1 LIMIT 1";
const GONE: &str = "INSERT OR REPLACE INTO gone (subject, trail) VALUES (?1, ?2)";
const NOT_GONE: &str = "DELETE FROM gone WHERE subject = ?1";
const LATEST: &str = "SELECT latest FROM trails WHERE number = ?1";
const END: &str = "SELECT trails.latest, leaves.writes AND leaves.subject = ?2 FROM trails
    LEFT JOIN leaves ON leaves.place = trails.latest WHERE trails.number = ?1";
const LAST: &str = "SELECT number FROM trails AS last WHERE number BETWEEN 1 AND ?1
    AND NOT EXISTS (SELECT 1 FROM trails WHERE number = last.number + 1)
    ORDER BY number DESC LIMIT 1";
/// Numbers are given in turn: so many are never given.
const LAST_GIVEN: i64 = 1 << 62;

/// The trails that a change goes on with.
pub(super) struct Trails(BTreeMap<SubjectId, Trail>);

struct Trail {
    number: i64,
    /// Where it ends.
    latest: Option<i64>,
    /// Where one ends that the subject may have had and names no more.
    left: Option<i64>,
    state: State,
    laid: Laid,
    moved: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Neither rows nor leaves are known; the rows come with the change.
    New,
    HasRows,
    /// It has leaves at most.
    Gone,
}

/// What has to be laid of a trail.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Laid {
    /// Nothing: it is there.
    Before,
    /// Where it ends: only the number is left of it.
    Anew,
    /// A trail under a number that nobody has.
    First,
}

impl Trails {
    /// Those of all subjects that the change writes to, before it does.
    pub(super) fn of(connection: &Connection, change: &Prepared) -> Result<Self> {
        let inserts = change.inserts.iter().map(|write| write.row.key.subject);
        let deletes = change.deletes.iter().map(|delete| delete.key.subject);
        let leaves = change.leaves.iter().filter(|(leaf, _)| leaf.writes);
        let leaves = leaves.map(|(leaf, _)| leaf.subject);
        let comes = |subject: &SubjectId| {
            // They are by key.
            change.inserts.binary_search_by(|write| write.row.key.subject.cmp(subject)).is_ok()
        };
        let mut subjects: Vec<SubjectId> = inserts.chain(deletes).chain(leaves).collect();
        subjects.sort_unstable();
        subjects.dedup();
        let now = change.leaves.iter().map(|(leaf, _)| leaf.at).max();
        let (mut trails, mut last_number) = (BTreeMap::new(), None);
        let mut numbers = connection.prepare_cached(NUMBER).map_err(fault)?;
        for subject in subjects {
            let known = number_of(&mut numbers, subject)?;
            let end = known.map(|(number, _)| End::of(connection, number, subject)).transpose()?;
            let (latest, laid) = match end {
                Some(End::At(latest)) => (Some(latest), Laid::Before),
                Some(End::Lost) => (latest_in_blocks(connection, subject)?, Laid::Anew),
                Some(End::NotTheirs) => (latest_in_blocks(connection, subject)?, Laid::First),
                None if is_of_today(subject, now) => (None, Laid::First),
                None => (latest_in_blocks(connection, subject)?, Laid::First),
            };
            let number = match known.and_then(|(number, _)| number) {
                Some(number) if laid != Laid::First => number,
                _ => {
                    let last = last_number.map_or_else(|| last_of_all(connection), Ok)?;
                    *last_number.insert(last.checked_add(1).ok_or_else(|| CORRUPT.error())?)
                }
            };
            let state = match known {
                Some((_, state)) => state,
                None if comes(&subject) => State::New,
                None => State::Gone,
            };
            let moved = laid != Laid::Before;
            let left = latest.filter(|_| moved);
            trails.insert(subject, Trail { number, latest, left, state, laid, moved });
        }
        Ok(Self(trails))
    }

    /// The number for a new row of a subject.
    pub(super) fn number(&self, subject: SubjectId) -> Result<i64> {
        self.0.get(&subject).map(|trail| trail.number).ok_or_else(|| CORRUPT.error())
    }

    /// Appends a leaf that wrote rows: which one came before.
    pub(super) fn pass(&mut self, subject: SubjectId, place: i64) -> Result<Option<i64>> {
        let trail = self.0.get_mut(&subject).ok_or_else(|| CORRUPT.error())?;
        trail.moved = true;
        Ok(trail.latest.replace(place))
    }

    /// Writes where they end now, and which are those of subjects without rows.
    pub(super) fn write(&self, connection: &Connection, change: &Prepared) -> Result<()> {
        let prepare = |sql| connection.prepare_cached(sql).map_err(fault);
        let mut lay = prepare("INSERT OR REPLACE INTO trails (number, latest) VALUES (?1, ?2)")?;
        let mut go_on = prepare("UPDATE trails SET latest = ?2 WHERE number = ?1")?;
        let mut rows = prepare(OF_ROWS)?;
        // Rows that name it and are put back would bring it back.
        for left in self.0.values().filter_map(|trail| trail.left) {
            prepare("DELETE FROM trails WHERE latest = ?1")?.execute([left]).map_err(fault)?;
        }
        for (subject, trail) in &self.0 {
            let (subject, is_first) = (subject.as_bytes(), trail.laid == Laid::First);
            if trail.moved {
                let goes_on = trail.laid == Laid::Before;
                let statement = if goes_on { &mut go_on } else { &mut lay };
                statement.execute(params![trail.number, trail.latest]).map_err(fault)?;
            }
            if trail.state == State::HasRows && is_first {
                let sql = "UPDATE rows SET trail = ?2 WHERE subject = ?1";
                prepare(sql)?.execute(params![subject, trail.number]).map_err(fault)?;
            }
            if trail.state == State::Gone {
                if rows.exists([subject]).map_err(fault)? {
                    prepare(NOT_GONE)?.execute([subject]).map_err(fault)?;
                } else if is_first {
                    prepare(GONE)?.execute(params![subject, trail.number]).map_err(fault)?;
                }
            }
        }
        let mut before = None;
        for subject in change.deletes.iter().map(|delete| delete.key.subject) {
            if before.replace(subject) == Some(subject) {
                continue;
            }
            let Some(trail) = self.0.get(&subject) else { continue };
            if !rows.exists([subject.as_bytes()]).map_err(fault)? {
                let values = params![subject.as_bytes(), trail.number];
                prepare(GONE)?.execute(values).map_err(fault)?;
                if !trail.moved || trail.latest.is_none() {
                    forget(connection, subject)?;
                }
            }
        }
        Ok(())
    }
}

/// Whether a subject is as new as its id says, so that nobody need look for its leaves.
fn is_of_today(subject: SubjectId, now: Option<Timestamp>) -> bool {
    let day = subject.day();
    let is_of = |now| day <= now && now < day.plus(Span::days(1));
    subject != SubjectId::CONTROLLER && now.is_some_and(is_of)
}

/// The last number that was given. One that somebody chose is passed by once those up to the limit
/// are used up.
fn last_of_all(connection: &Connection) -> Result<i64> {
    let mut statement = connection.prepare_cached(LAST).map_err(fault)?;
    let last = statement.query_row([LAST_GIVEN], |row| row.get(0)).optional();
    Ok(last.map_err(fault)?.unwrap_or(0))
}

/// A number of a trail or a place. What somebody put there that is none leads nowhere.
pub(super) fn number(row: &SqlRow<'_>, column: usize) -> rusqlite::Result<Option<i64>> {
    Ok(row.get_ref(column)?.as_i64().ok())
}

/// Where the leaf before one stands, if there is one. What is no place is past all of them, so that
/// the trail leads off there.
pub(super) fn earlier(row: &SqlRow<'_>, column: usize) -> rusqlite::Result<Option<i64>> {
    Ok(row.get_ref(column)?.as_i64_or_null().unwrap_or(Some(i64::MAX)))
}

/// The number of a subject's trail, and whether it has rows; nothing if it is nowhere.
fn number_of(
    numbers: &mut CachedStatement<'_>,
    subject: SubjectId,
) -> Result<Option<(Option<i64>, State)>> {
    let state = |gone: bool| if gone { State::Gone } else { State::HasRows };
    let number = numbers
        .query_row([subject.as_bytes()], |row| Ok((number(row, 0)?, state(row.get(1)?))))
        .optional();
    number.map_err(fault)
}

/// Where a trail ends.
fn latest(connection: &Connection, of: i64) -> Result<Option<i64>> {
    let mut statement = connection.prepare_cached(LATEST).map_err(fault)?;
    let latest = statement.query_row([of], |row| number(row, 0)).optional();
    Ok(latest.map_err(fault)?.flatten())
}

fn latest_in_blocks(connection: &Connection, subject: SubjectId) -> Result<Option<i64>> {
    let leaves = leaves_of(connection, subject, true, None, 1)?;
    Ok(leaves.first().map(|leaf| place(leaf.id.epoch, leaf.id.number)))
}

/// Where the trail ends that a subject names.
enum End {
    At(i64),
    /// At no leaf that is anybody's.
    Lost,
    /// It is another's, or there is none of that number.
    NotTheirs,
}

impl End {
    fn of(connection: &Connection, of: Option<i64>, subject: SubjectId) -> Result<Self> {
        let mut statement = connection.prepare_cached(END).map_err(fault)?;
        let end = |row: &SqlRow<'_>| Ok((number(row, 0)?, row.get(1)?));
        let end = statement.query_row(params![of, subject.as_bytes()], end).optional();
        Ok(match end.map_err(fault)? {
            Some((Some(latest), Some(true))) => Self::At(latest),
            Some((_, Some(false))) | None => Self::NotTheirs,
            _ => Self::Lost,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::follow::{LAST_LEAF, LEAF};
    use super::*;
    use crate::sqlite::schema::STORE;

    /// A step of a trail costs one look-up, however long it is.
    #[test]
    fn every_step_of_a_trail_is_a_search_by_key() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(STORE.sql).unwrap();
        let (rows, gone) = (
            "SEARCH rows USING PRIMARY KEY (subject=?)",
            "SEARCH gone USING PRIMARY KEY (subject=?)",
        );
        let trail = "SEARCH trails USING INTEGER PRIMARY KEY (rowid=?)";
        let leaf = "SEARCH leaves USING INTEGER PRIMARY KEY (rowid=?)";
        let end = format!("{trail}; {leaf} LEFT-JOIN");
        let both = ["COMPOUND QUERY", "LEFT-MOST SUBQUERY", rows, "UNION ALL", gone].join("; ");
        let taken = "CORRELATED SCALAR SUBQUERY 1";
        let last = "SEARCH last USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)";
        let last = [last, taken, trail].join("; ");
        for (sql, search) in [
            (OF_ROWS, rows),
            (NUMBER, &both),
            (LATEST, trail),
            (END, &end),
            (LEAF, leaf),
            (LAST_LEAF, &[trail, leaf].join("; ")),
            (LAST, &last),
        ] {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps = statement.raw_query().mapped(|row| row.get::<_, String>(3));
            assert_eq!(steps.map(Result::unwrap).collect::<Vec<_>>().join("; "), search);
        }
    }
}
