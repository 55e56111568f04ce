//! The trail of a subject: its leaves that wrote rows, from the latest back.
//!
//! Each read of a row asks for them. An index by subject would be one more large tree with random
//! keys, and so one more page to write for each leaf. So a row names its subject's trail by number;
//! numbers are given in turn, and the few bytes that say where a trail ends lie close together. Each
//! leaf says where the one before it stands.
//!
//! What a row says of its trail is no proof. Where it leads to no leaf of its subject, the blocks of
//! the log are searched instead, in which every leaf is found by its subject; so they are for a
//! subject that has no row and is not among those in `gone`, which are the ones that had some. A trail
//! begins anew for an id of the day alone; any other subject may have had rows that were taken away.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row as SqlRow, ToSql, params};
use tacenda_core::clock::{Span, Timestamp};
use tacenda_core::error::Result;
use tacenda_core::id::SubjectId;
use tacenda_core::ports::store::CORRUPT;
use tacenda_core::ports::{LeafId, StoredLeaf};

use super::apply::{place, position};
use super::change::Prepared;
use super::fault::fault;
use super::head::Marked;
use super::read::leaves_of;

/// In the place of a leaf: what came before, only the blocks of the log tell. No leaf has it, for
/// epochs begin with 1.
pub(super) const UNLINKED: i64 = 0;

const OF_ROWS: &str = "SELECT trail FROM rows WHERE subject = ?1 LIMIT 1";
const NUMBER: &str = "SELECT trail, 0 FROM rows WHERE subject = ?1
    UNION ALL SELECT trail, 1 FROM gone WHERE subject = ?1 LIMIT 1";
const NOT_GONE: &str = "DELETE FROM gone WHERE subject = ?1";
const LATEST: &str = "SELECT latest FROM trails WHERE number = ?1";
const LEAF: &str = "SELECT place, hash, bytes, subject, writes, earlier FROM leaves
    WHERE place = ?1";

/// The trails that a change goes on with.
pub(super) struct Trails(BTreeMap<SubjectId, Trail>);

struct Trail {
    number: i64,
    /// Where it ends.
    latest: Option<i64>,
    state: State,
    /// Whether only the number is left of it.
    lost: bool,
    moved: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    HasRows,
    Gone,
}

impl Trails {
    /// Those of all subjects that the change writes to, before it does.
    pub(super) fn of(connection: &Connection, change: &Prepared, head: &Marked) -> Result<Self> {
        let inserts = change.inserts.iter().map(|write| write.row.key.subject);
        let deletes = change.deletes.iter().map(|delete| delete.key.subject);
        let leaves = change.leaves.iter().filter(|(leaf, _)| leaf.writes);
        let leaves = leaves.map(|(leaf, _)| leaf.subject);
        let is_fresh = |subject: &SubjectId| {
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
            if let Some((number, state)) = number_of(&mut numbers, subject)? {
                let (latest, lost) = match latest(connection, number)? {
                    Some(latest) => (latest, false),
                    None => (latest_in_blocks(connection, subject)?, true),
                };
                trails.insert(subject, Trail { number, latest, state, lost, moved: lost });
            } else if is_fresh(&subject) {
                let last = last_number.map_or_else(|| last_of_all(connection), Ok)?;
                let number = last + 1;
                last_number = Some(number);
                let latest = if is_of_today(subject, now) {
                    head.loose.map(|_| UNLINKED)
                } else {
                    latest_in_blocks(connection, subject)?
                };
                let state = State::New;
                trails.insert(subject, Trail { number, latest, state, lost: false, moved: true });
            }
        }
        Ok(Self(trails))
    }

    /// The number for a new row of a subject.
    pub(super) fn number(&self, subject: SubjectId) -> Result<i64> {
        self.0.get(&subject).map(|trail| trail.number).ok_or_else(|| CORRUPT.error())
    }

    /// Appends a leaf that wrote rows: what it says of the one before.
    pub(super) fn pass(
        &mut self,
        subject: SubjectId,
        place: i64,
        head: &mut Marked,
    ) -> Option<i64> {
        if let Some(trail) = self.0.get_mut(&subject) {
            trail.moved = true;
            return trail.latest.replace(place);
        }
        // It comes without a row, and nothing is known of its subject.
        let from = head.loose.map_or(place, |(from, _)| from);
        head.loose = Some((from, place));
        Some(UNLINKED)
    }

    /// Writes where they end now, and which are those of subjects without rows.
    pub(super) fn write(&self, connection: &Connection, change: &Prepared) -> Result<()> {
        let prepare = |sql| connection.prepare_cached(sql).map_err(fault);
        let mut lay = prepare("INSERT OR REPLACE INTO trails (number, latest) VALUES (?1, ?2)")?;
        let mut go_on = prepare("UPDATE trails SET latest = ?2 WHERE number = ?1")?;
        for (subject, trail) in &self.0 {
            if trail.moved {
                let is_new = trail.state == State::New || trail.lost;
                let statement = if is_new { &mut lay } else { &mut go_on };
                statement.execute(params![trail.number, trail.latest]).map_err(fault)?;
            }
            if trail.state == State::Gone {
                let mut rows = connection.prepare_cached(OF_ROWS).map_err(fault)?;
                if rows.exists([subject.as_bytes()]).map_err(fault)? {
                    let mut statement = connection.prepare_cached(NOT_GONE).map_err(fault)?;
                    statement.execute([subject.as_bytes()]).map_err(fault)?;
                }
            }
        }
        let mut before = None;
        for subject in change.deletes.iter().map(|delete| delete.key.subject) {
            if before.replace(subject) == Some(subject) {
                continue;
            }
            let Some(trail) = self.0.get(&subject) else { continue };
            let mut rows = connection.prepare_cached(OF_ROWS).map_err(fault)?;
            if !rows.exists([subject.as_bytes()]).map_err(fault)? {
                let sql = "INSERT OR REPLACE INTO gone (subject, trail) VALUES (?1, ?2)";
                let mut statement = connection.prepare_cached(sql).map_err(fault)?;
                statement.execute(params![subject.as_bytes(), trail.number]).map_err(fault)?;
                if !trail.moved {
                    forget(connection, subject)?;
                }
            }
        }
        Ok(())
    }
}

/// Whether a subject is as new as its id says, so that nobody need look for its leaves.
fn is_of_today(subject: SubjectId, now: Option<Timestamp>) -> bool {
    let until = subject.day().plus(Span::days(1));
    subject != SubjectId::CONTROLLER && now.is_some_and(|now| now < until)
}

fn last_of_all(connection: &Connection) -> Result<i64> {
    let sql = "SELECT coalesce(max(number), 0) FROM trails";
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    statement.query_row([], |row| row.get(0)).map_err(fault)
}

/// The number of a subject's trail, and whether it has rows.
fn number_of(
    numbers: &mut CachedStatement<'_>,
    subject: SubjectId,
) -> Result<Option<(i64, State)>> {
    let state = |gone: bool| if gone { State::Gone } else { State::HasRows };
    let number = numbers
        .query_row([subject.as_bytes()], |row| Ok((row.get(0)?, state(row.get(1)?))))
        .optional();
    number.map_err(fault)
}

/// Where a trail ends; the outer `None` if there is none of that number.
fn latest(connection: &Connection, number: i64) -> Result<Option<Option<i64>>> {
    let mut statement = connection.prepare_cached(LATEST).map_err(fault)?;
    statement.query_row([number], |row| row.get(0)).optional().map_err(fault)
}

fn latest_in_blocks(connection: &Connection, subject: SubjectId) -> Result<Option<i64>> {
    let leaves = leaves_of(connection, subject, true, None, 1)?;
    Ok(leaves.first().map(|leaf| place(leaf.id.epoch, leaf.id.number)))
}

/// How far a trail led.
pub(super) enum Led {
    /// To its beginning, or as far as was asked for.
    ToTheEnd,
    /// To where only the blocks tell what came before this place: all of them, or those in which
    /// leaves are that were on no trail when they came.
    Off { before: i64, only_loose: bool },
}

/// The leaves of a subject that wrote rows before a place, latest first, as far as its trail leads.
pub(super) fn follow(
    connection: &Connection,
    subject: SubjectId,
    before: i64,
    limit: usize,
    leaves: &mut Vec<StoredLeaf>,
) -> Result<Led> {
    let off = |before| Ok(Led::Off { before, only_loose: false });
    let mut statement = connection.prepare_cached(LEAF).map_err(fault)?;
    let mut read = |place: i64| statement.query_row([place], read_step).optional().map_err(fault);
    let at_hand = if before == i64::MAX { None } else { read(before)? };
    let mut next = match at_hand.filter(|step| step.is_of(subject) == Some(true)) {
        Some(step) => step.earlier,
        None => {
            let mut numbers = connection.prepare_cached(NUMBER).map_err(fault)?;
            let number = number_of(&mut numbers, subject)?;
            let latest = number.map(|(number, _)| latest(connection, number)).transpose()?;
            let Some(latest) = latest.flatten() else { return off(before) };
            latest
        }
    };
    let mut bound = before;
    while leaves.len() < limit {
        let Some(place) = next else { return Ok(Led::ToTheEnd) };
        if place == UNLINKED {
            return Ok(Led::Off { before: bound, only_loose: true });
        }
        // The trail does not lead past here, or not to a leaf of this subject.
        if place >= bound {
            return off(bound);
        }
        let Some(step) = read(place)? else { return off(bound) };
        match step.is_of(subject) {
            Some(true) => leaves.push(step.leaf(place)?),
            // Pruned.
            None => {}
            Some(false) => return off(bound),
        }
        (next, bound) = (step.earlier, place);
    }
    Ok(Led::ToTheEnd)
}

/// The trails of leaves that are pruned.
#[derive(Default)]
pub(super) struct CutTrails(BTreeSet<SubjectId>);

impl CutTrails {
    /// Before a leaf is pruned: what is left of its place in a trail. That is the next leaf back that
    /// is not pruned, so that those that stay are still found; older ones are pruned before it.
    pub(super) fn cut(&mut self, connection: &Connection, place: i64) -> Result<Option<i64>> {
        let mut statement = connection.prepare_cached(LEAF).map_err(fault)?;
        let mut read =
            |place: i64| statement.query_row([place], read_step).optional().map_err(fault);
        let Some(mut step) = read(place)? else { return Ok(None) };
        if let Some(subject) = step.subject.filter(|_| step.writes) {
            self.0.insert(SubjectId::from_bytes(subject));
        }
        let mut bound = place;
        while let Some(earlier) = step.earlier.filter(|earlier| (1..bound).contains(earlier)) {
            match read(earlier)? {
                Some(pruned) if pruned.subject.is_none() => (step, bound) = (pruned, earlier),
                _ => return Ok(Some(earlier)),
            }
        }
        Ok(step.earlier.filter(|earlier| *earlier == UNLINKED))
    }

    /// After they are: nothing says any more that there were subjects that have neither rows nor
    /// leaves.
    pub(super) fn forget(self, connection: &Connection) -> Result<()> {
        self.0.into_iter().try_for_each(|subject| forget(connection, subject))
    }
}

/// Forgets a subject that has neither rows nor leaves that wrote some.
fn forget(connection: &Connection, subject: SubjectId) -> Result<()> {
    let mut numbers = connection.prepare_cached(NUMBER).map_err(fault)?;
    let Some((number, State::Gone)) = number_of(&mut numbers, subject)? else { return Ok(()) };
    if !leaves_of(connection, subject, true, None, 1)?.is_empty() {
        return Ok(());
    }
    let run = |sql, value: &dyn ToSql| {
        let mut statement = connection.prepare_cached(sql).map_err(fault)?;
        statement.execute([value]).map_err(fault)
    };
    run(NOT_GONE, subject.as_bytes())?;
    run("DELETE FROM trails WHERE number = ?1", &number)?;
    Ok(())
}

struct Step {
    hash: [u8; 32],
    bytes: Option<Vec<u8>>,
    subject: Option<[u8; 16]>,
    writes: bool,
    earlier: Option<i64>,
}

impl Step {
    /// Whether it is a leaf of this subject that wrote rows; `None` if it is nobody's any more.
    fn is_of(&self, subject: SubjectId) -> Option<bool> {
        self.subject.map(|of| of == *subject.as_bytes() && self.writes)
    }

    fn leaf(&self, place: i64) -> Result<StoredLeaf> {
        let at = position(place)?;
        let (hash, bytes) = (self.hash, self.bytes.clone());
        Ok(StoredLeaf { id: LeafId::at(at), position: Some(at), hash, bytes })
    }
}

fn read_step(row: &SqlRow<'_>) -> rusqlite::Result<Step> {
    Ok(Step {
        hash: row.get(1)?,
        bytes: row.get(2)?,
        subject: row.get(3)?,
        writes: row.get(4)?,
        earlier: row.get(5)?,
    })
}

#[cfg(test)]
mod tests {
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
        let both = ["COMPOUND QUERY", "LEFT-MOST SUBQUERY", rows, "UNION ALL", gone].join("; ");
        for (sql, search) in [
            (OF_ROWS, rows),
            (NUMBER, &both),
            (LATEST, "SEARCH trails USING INTEGER PRIMARY KEY (rowid=?)"),
            (LEAF, "SEARCH leaves USING INTEGER PRIMARY KEY (rowid=?)"),
        ] {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps = statement.raw_query().mapped(|row| row.get::<_, String>(3));
            assert_eq!(steps.map(Result::unwrap).collect::<Vec<_>>().join("; "), search);
        }
    }
}
