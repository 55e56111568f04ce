//! Reading rows by key and token, and the log.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};
use tacenda_core::error::Result;
use tacenda_core::id::SubjectId;
use tacenda_core::name::Name;
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::store::CORRUPT;
use tacenda_core::ports::{Found, LeafId, LogPosition, StoredLeaf};
use tacenda_core::row::{Row, RowKey};

use super::apply::{place, position};
use super::change::{id_bytes, read_key};
use super::fault::fault;
use super::scan::{COLUMNS, read_row};
use super::trail::{Led, follow, number};

pub(super) fn rows(connection: &Connection, keys: &[RowKey]) -> Result<Vec<Option<Row>>> {
    let sql = format!("SELECT {COLUMNS} FROM rows WHERE subject = ?1 AND kind = ?2 AND id = ?3");
    let mut statement = connection.prepare_cached(&sql).map_err(fault)?;
    keys.iter()
        .map(|key| {
            let id = id_bytes(&key.id);
            let values = params![key.subject.as_bytes(), key.kind.as_str(), id];
            statement.query_row(values, read_row).optional().map_err(fault)?.transpose()
        })
        .collect()
}

/// Rows of one subject with the latest leaves of it that wrote rows, and so the trail that its rows
/// name. Kinds that stand next to each other, as those of a profile do, take one statement.
pub(super) fn rows_with_leaves(
    connection: &Connection,
    subject: SubjectId,
    keys: &[RowKey],
    limit: usize,
) -> Result<(Vec<Option<Row>>, Vec<StoredLeaf>)> {
    let kinds = || keys.iter().map(|key| key.kind.as_str());
    let theirs = keys.len() > 1 && keys.iter().all(|key| key.subject == subject);
    let (rows, named) = match (kinds().min(), kinds().max()) {
        // Between two kinds of the controller's rows there may be any number of others.
        (Some(first), Some(last)) if theirs && subject != SubjectId::CONTROLLER => {
            rows_between(connection, subject, [first, last], keys)?
        }
        _ => (rows(connection, keys)?, None),
    };
    Ok((rows, latest_leaves(connection, subject, named, i64::MAX, limit)?))
}

/// Where the trail stands behind [`COLUMNS`].
const TRAIL: usize = 11;

fn rows_between(
    connection: &Connection,
    subject: SubjectId,
    [first, last]: [&str; 2],
    keys: &[RowKey],
) -> Result<(Vec<Option<Row>>, Option<i64>)> {
    let sql =
        format!("SELECT {COLUMNS}, trail FROM rows WHERE subject = ?1 AND kind BETWEEN ?2 AND ?3");
    let mut statement = connection.prepare_cached(&sql).map_err(fault)?;
    let mut found = statement.query(params![subject.as_bytes(), first, last]).map_err(fault)?;
    let mut rows: Vec<Option<Row>> = keys.iter().map(|_| None).collect();
    let mut named = None;
    while let Some(row) = found.next().map_err(fault)? {
        let text = |column| row.get_ref(column).map_err(fault);
        let malformed = |_| CORRUPT.error();
        let kind = text(1)?.as_str().map_err(malformed)?;
        let id = text(2)?.as_blob().map_err(malformed)?;
        let is_it = |key: &RowKey| key.kind.as_str() == kind && id_bytes(&key.id) == id;
        let mut places = keys.iter().zip(&mut rows).filter(|(key, _)| is_it(key));
        if let Some((_, place)) = places.next() {
            let read = read_row(row).map_err(fault)??;
            for (_, same) in places {
                *same = Some(read.clone());
            }
            *place = Some(read);
        }
        named = named.or(number(row, TRAIL).map_err(fault)?);
    }
    Ok((rows, named))
}

pub(super) fn lookup(
    connection: &Connection,
    index: &Name,
    tokens: &[[u8; 16]],
) -> Result<Vec<Vec<Found>>> {
    let sql = "SELECT owner, row FROM lookups WHERE index_name = ?1 AND token = ?2";
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    let mut find = |token: &[u8; 16]| {
        let found = statement
            .query_map(params![index.as_str(), token], |row| {
                let (owner, unique) = (row.get_ref(0)?.as_blob()?, row.get_ref(1)?.as_blob()?);
                Ok(read_key(if owner.is_empty() { unique } else { owner }))
            })
            .map_err(fault)?;
        let keys: Result<Vec<RowKey>> =
            found.map(|key| key.map_err(fault).and_then(|key| key)).collect();
        let mut keys = keys?;
        keys.sort_unstable();
        keys.dedup();
        Ok(keys.into_iter().map(|key| Found { key }).collect())
    };
    tokens.iter().map(&mut find).collect()
}

pub(super) fn count_lookups(connection: &Connection) -> Result<u64> {
    let mut statement = connection.prepare_cached("SELECT count(*) FROM lookups").map_err(fault)?;
    let count: i64 = statement.query_row([], |row| row.get(0)).map_err(fault)?;
    Ok(count.unsigned_abs())
}

pub(super) fn hashes(
    connection: &Connection,
    epoch: u32,
    level: u8,
    from: u64,
    to: u64,
) -> Result<Vec<[u8; 32]>> {
    if !level.is_multiple_of(8) {
        return Err(BAD_REQUEST.error().with("reason", "level is not stored"));
    }
    let (sql, values) = if level == 0 {
        let sql = "SELECT hash FROM leaves WHERE place >= ?1 AND place < ?2 ORDER BY place";
        (sql, vec![place(epoch, from), place(epoch, to)])
    } else {
        let sql = "SELECT hash FROM nodes WHERE idx >= ?1 AND idx < ?2 AND epoch = ?3
            AND level = ?4 ORDER BY idx";
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        (sql, vec![number(from), number(to), i64::from(epoch), i64::from(level)])
    };
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    let hashes = statement.query_map(rusqlite::params_from_iter(values), |row| row.get(0));
    hashes.and_then(Iterator::collect).map_err(fault)
}

pub(super) fn leaves(
    connection: &Connection,
    epoch: u32,
    from: u64,
    to: u64,
) -> Result<Vec<StoredLeaf>> {
    let sql = "SELECT place, hash, iif(subject IS NULL, NULL, bytes) FROM leaves
        WHERE place >= ?1 AND place < ?2 ORDER BY place";
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    let range = [place(epoch, from), place(epoch, to)];
    let leaves = statement.query_map(range, read_leaf).map_err(fault)?;
    leaves.map(|leaf| leaf.map_err(fault).and_then(|leaf| leaf)).collect()
}

const IN_BLOCK: &str = "SELECT place, hash, bytes FROM leaves INDEXED BY leaves_blocks
    WHERE place >> 10 = ?4 AND subject = ?1 AND place < ?2 AND +writes >= ?3
    ORDER BY place DESC LIMIT ?5";
const LAST_BLOCK: &str = "SELECT place >> 10 FROM leaves WHERE place < ?1
    ORDER BY place DESC LIMIT 1";
/// How many places a block of the index `leaves_blocks` has.
const BLOCK: i64 = 1 << 10;
/// How many blocks are searched before it is asked again which one has leaves.
const RUN: i64 = 16;

pub(super) fn leaves_of(
    connection: &Connection,
    subject: SubjectId,
    writes: bool,
    before: Option<LeafId>,
    limit: usize,
) -> Result<Vec<StoredLeaf>> {
    let before = before.map_or(i64::MAX, |before| place(before.epoch, before.number));
    if writes {
        return latest_leaves(connection, subject, None, before, limit);
    }
    let mut leaves = Vec::new();
    in_blocks(connection, subject, false, before, limit, &mut leaves)?;
    Ok(leaves)
}

/// The leaves of a subject that wrote rows before a place, latest first, along its trail.
fn latest_leaves(
    connection: &Connection,
    subject: SubjectId,
    named: Option<i64>,
    before: i64,
    limit: usize,
) -> Result<Vec<StoredLeaf>> {
    let mut leaves = Vec::new();
    if let Led::Off { before } = follow(connection, subject, named, before, limit, &mut leaves)? {
        in_blocks(connection, subject, true, before, limit, &mut leaves)?;
    }
    Ok(leaves)
}

/// The leaves of a subject before a place, latest first, found in one block after the other, until
/// there are as many as asked for.
fn in_blocks(
    connection: &Connection,
    subject: SubjectId,
    writes: bool,
    before: i64,
    limit: usize,
    leaves: &mut Vec<StoredLeaf>,
) -> Result<()> {
    let mut statement = connection.prepare_cached(IN_BLOCK).map_err(fault)?;
    let mut last_block = connection.prepare_cached(LAST_BLOCK).map_err(fault)?;
    let mut end = before;
    // The latest block that has leaves, then those before it; epochs leave gaps.
    while leaves.len() < limit
        && let Some(last) =
            last_block.query_row([end], |row| row.get::<_, i64>(0)).optional().map_err(fault)?
    {
        let first = last.saturating_sub(RUN - 1);
        for block in (first..=last).rev() {
            let left = i64::try_from(limit.saturating_sub(leaves.len())).unwrap_or(i64::MAX);
            let values = params![subject.as_bytes(), before, writes, block, left];
            for leaf in statement.query_map(values, read_leaf).map_err(fault)? {
                leaves.push(leaf.map_err(fault)??);
            }
            if leaves.len() >= limit {
                break;
            }
        }
        end = first.saturating_mul(BLOCK);
    }
    Ok(())
}

fn read_leaf(row: &SqlRow<'_>) -> rusqlite::Result<Result<StoredLeaf>> {
    let (place, hash, bytes): (i64, _, _) = (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok(position(place).map(|at| StoredLeaf { id: LeafId::at(at), position: Some(at), hash, bytes }))
}

/// The places of leaves that are there. The leaves of an epoch have no gap, so that the last of
/// those in question speaks for all before it.
pub(super) fn places(connection: &Connection, leaves: &[LeafId]) -> Result<Vec<LogPosition>> {
    let places: Vec<_> = leaves.iter().map(|id| id.place()).collect();
    let mut last: BTreeMap<u32, u64> = BTreeMap::new();
    for at in &places {
        last.entry(at.epoch).and_modify(|last| *last = at.index.max(*last)).or_insert(at.index);
    }
    let mut statement =
        connection.prepare_cached("SELECT 1 FROM leaves WHERE place = ?1").map_err(fault)?;
    let mut are_there = leaves.iter().all(|id| id.chain == 0);
    for (epoch, index) in last {
        are_there = are_there && statement.exists([place(epoch, index)]).map_err(fault)?;
    }
    if are_there { Ok(places) } else { Err(BAD_REQUEST.error().with("reason", "no such leaf")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema::STORE;

    /// The controller has a leaf for almost everything: a page of them must not cost all of them.
    #[test]
    fn the_leaves_of_a_subject_are_read_along_the_index() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(STORE.sql).unwrap();
        let plan = |sql: &str| -> String {
            let sql = format!("EXPLAIN QUERY PLAN {sql}");
            let mut statement = connection.prepare(&sql).unwrap();
            let steps = statement.raw_query().mapped(|row| row.get::<_, String>(3));
            steps.map(Result::unwrap).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(
            plan(IN_BLOCK),
            "SEARCH leaves USING INDEX leaves_blocks \
            (<expr>=? AND subject=? AND rowid<?)"
        );
        let last = "SEARCH leaves USING INTEGER PRIMARY KEY (rowid<?)";
        assert_eq!(plan(LAST_BLOCK), last);
    }

    /// Leaves of one subject in several blocks and epochs, found page by page.
    #[test]
    fn leaves_are_found_in_every_block() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(STORE.sql).unwrap();
        let block = BLOCK.cast_unsigned();
        let last = 40 * block + 7;
        let spots = [(1, 3), (1, block - 1), (1, block), (1, last), (2, 0), (4, block)];
        let mut statement = connection
            .prepare("INSERT INTO leaves VALUES (?1, zeroblob(32), ?2, ?3, NULL, x'00')")
            .unwrap();
        let (me, other) = (SubjectId::from_bytes([1; 16]), SubjectId::from_bytes([2; 16]));
        for (n, (epoch, index)) in spots.into_iter().enumerate() {
            let spot = place(epoch, index);
            statement.execute(params![spot, me.as_bytes(), n % 3 == 1]).unwrap();
            statement.execute(params![spot + 2, other.as_bytes(), false]).unwrap();
        }
        for limit in 1..=7 {
            let (mut seen, mut before) = (Vec::new(), None);
            loop {
                let page = leaves_of(&connection, me, false, before, limit).unwrap();
                seen.extend(page.iter().map(|leaf| (leaf.id.epoch, leaf.id.number)));
                before = page.last().map(|leaf| leaf.id).or(before);
                if page.len() < limit {
                    break;
                }
            }
            assert_eq!(seen, spots.iter().rev().copied().collect::<Vec<_>>(), "{limit}");
        }
    }

    #[test]
    fn places_are_positions() {
        for (epoch, index) in [(1, 0), (1, (1 << 48) - 1), (32_767, 5)] {
            assert_eq!(position(place(epoch, index)).unwrap(), LogPosition { epoch, index });
        }
        assert_eq!(place(1, u64::MAX), place(2, 0));
        assert_eq!(place(32_767, u64::MAX), i64::MAX);
        assert!(position(-1).is_err());
    }
}
