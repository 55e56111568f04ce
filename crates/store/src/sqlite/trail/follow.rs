//! Following a trail from its end back.

use rusqlite::{Connection, OptionalExtension, Row as SqlRow};
use tacenda_core::error::Result;
use tacenda_core::id::SubjectId;
use tacenda_core::ports::{LeafId, StoredLeaf};

use super::{NUMBER, earlier, number_of};
use crate::sqlite::apply::position;
use crate::sqlite::fault::fault;

pub(super) const LEAF: &str = "SELECT place, hash, bytes, subject, writes, earlier FROM leaves
    WHERE place = ?1";
pub(super) const LAST_LEAF: &str = "SELECT place, hash, bytes, subject, writes, earlier FROM trails
    CROSS JOIN leaves ON leaves.place = trails.latest WHERE trails.number = ?1";

/// How far a trail led.
pub(in crate::sqlite) enum Led {
    /// To its beginning, or as far as was asked for.
    ToTheEnd,
    /// To where only the blocks tell what came before this place.
    Off { before: i64 },
}

/// The leaves of a subject that wrote rows before a place, latest first, as far as its trail leads;
/// `named` is the number of the trail, if a row of the subject is at hand that says it.
pub(in crate::sqlite) fn follow(
    connection: &Connection,
    subject: SubjectId,
    named: Option<i64>,
    before: i64,
    limit: usize,
    leaves: &mut Vec<StoredLeaf>,
) -> Result<Led> {
    let mut statement = connection.prepare_cached(LEAF).map_err(fault)?;
    let mut read = |place: i64| statement.query_row([place], read_step).optional().map_err(fault);
    let at_hand = if before == i64::MAX { None } else { read(before)? };
    let at_hand = at_hand.filter(|step| step.is_of(subject) == Some(true));
    // A trail that ends at no leaf of the subject may be anybody's, or one that it left.
    let is_theirs = at_hand.is_some();
    let (mut next, mut last) = match at_hand {
        Some(step) => (step.earlier, None),
        None => {
            let last = last_leaf(connection, subject, named)?;
            (last.as_ref().map(|(place, _)| *place), last)
        }
    };
    // The trail is believed as far as the last leaf on it that is the subject's.
    let (mut bound, mut off) = (before, Led::Off { before });
    while leaves.len() < limit {
        let believed = is_theirs || !leaves.is_empty();
        let Some(place) = next else { return Ok(if believed { Led::ToTheEnd } else { off }) };
        // The trail does not lead past here, or not to a leaf of this subject.
        if place >= bound {
            return Ok(off);
        }
        let step = match last.take() {
            Some((_, step)) => Some(step),
            None => read(place)?,
        };
        let Some(step) = step else { return Ok(off) };
        let earlier = step.earlier;
        match step.is_of(subject) {
            Some(true) => {
                leaves.push(step.leaf(place)?);
                off = Led::Off { before: place };
            }
            // Pruned.
            None if believed => {}
            _ => return Ok(off),
        }
        (next, bound) = (earlier, place);
    }
    Ok(Led::ToTheEnd)
}

/// Where the trail ends that a subject names, and the leaf there; nothing if it ends at none.
fn last_leaf(
    connection: &Connection,
    subject: SubjectId,
    named: Option<i64>,
) -> Result<Option<(i64, Step)>> {
    let number = match named {
        Some(number) => Some(number),
        None => {
            let mut numbers = connection.prepare_cached(NUMBER).map_err(fault)?;
            number_of(&mut numbers, subject)?.and_then(|(number, _)| number)
        }
    };
    let Some(number) = number else { return Ok(None) };
    let mut statement = connection.prepare_cached(LAST_LEAF).map_err(fault)?;
    let last = statement.query_row([number], |row| Ok((row.get(0)?, read_step(row)?)));
    last.optional().map_err(fault)
}

pub(super) struct Step {
    hash: [u8; 32],
    bytes: Option<Vec<u8>>,
    pub(super) subject: Option<[u8; 16]>,
    pub(super) writes: bool,
    pub(super) earlier: Option<i64>,
}

impl Step {
    /// Whether it is a leaf of this subject that wrote rows; `None` if it is nobody's any more.
    pub(super) fn is_of(&self, subject: SubjectId) -> Option<bool> {
        self.subject.map(|of| of == *subject.as_bytes() && self.writes)
    }

    fn leaf(self, place: i64) -> Result<StoredLeaf> {
        let at = position(place)?;
        let Self { hash, bytes, .. } = self;
        Ok(StoredLeaf { id: LeafId::at(at), position: Some(at), hash, bytes })
    }
}

pub(super) fn read_step(row: &SqlRow<'_>) -> rusqlite::Result<Step> {
    Ok(Step {
        hash: row.get(1)?,
        bytes: row.get(2)?,
        subject: row.get(3)?,
        writes: row.get(4)?,
        earlier: earlier(row, 5)?,
    })
}
