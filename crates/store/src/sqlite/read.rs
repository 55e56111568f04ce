//! Reading rows by key and token, and the log.

use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};
use tacenda_core::error::Result;
use tacenda_core::id::SubjectId;
use tacenda_core::name::Name;
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::{Found, LeafId, LogPosition, StoredLeaf};
use tacenda_core::row::{Row, RowKey};

use super::apply::{place, position};
use super::change::{id_bytes, read_key};
use super::fault::fault;
use super::scan::{COLUMNS, read_row};

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

const LEAVES_OF: &str = "SELECT place, hash, bytes FROM leaves INDEXED BY leaves_subject
    WHERE subject = ?1 AND writes = ?2 AND place < ?3 ORDER BY place DESC LIMIT ?4";

pub(super) fn leaves_of(
    connection: &Connection,
    subject: SubjectId,
    writes: bool,
    before: Option<LeafId>,
    limit: usize,
) -> Result<Vec<StoredLeaf>> {
    let before = before.map_or(i64::MAX, |before| place(before.epoch, before.number));
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(LEAVES_OF).map_err(fault)?;
    let mut find = |writes: bool| {
        let values = params![subject.as_bytes(), writes, before, most];
        let leaves = statement.query_map(values, read_leaf).map_err(fault)?;
        leaves.map(|leaf| leaf.map_err(fault).and_then(|l| l)).collect::<Result<Vec<_>>>()
    };
    // Two ranges of the index, each as long as the page at most.
    let mut leaves = find(true)?;
    if !writes {
        leaves.append(&mut find(false)?);
        leaves.sort_unstable_by_key(|leaf| std::cmp::Reverse(leaf.id));
        leaves.truncate(limit);
    }
    Ok(leaves)
}

fn read_leaf(row: &SqlRow<'_>) -> rusqlite::Result<Result<StoredLeaf>> {
    let (place, hash, bytes): (i64, _, _) = (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok(position(place).map(|at| StoredLeaf { id: LeafId::at(at), position: Some(at), hash, bytes }))
}

/// The places of leaves that are there.
pub(super) fn places(connection: &Connection, leaves: &[LeafId]) -> Result<Vec<LogPosition>> {
    let mut statement =
        connection.prepare_cached("SELECT 1 FROM leaves WHERE place = ?1").map_err(fault)?;
    let mut find = |id: &LeafId| {
        let at = id.place();
        let is_there = statement.exists([place(at.epoch, at.index)]).map_err(fault)?;
        if id.chain == 0 && is_there {
            return Ok(at);
        }
        Err(BAD_REQUEST.error().with("reason", "no such leaf"))
    };
    leaves.iter().map(&mut find).collect()
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
        let sql = format!("EXPLAIN QUERY PLAN {LEAVES_OF}");
        let mut statement = connection.prepare(&sql).unwrap();
        let plan: String = statement.raw_query().next().unwrap().unwrap().get(3).unwrap();
        assert!(plan.contains("leaves_subject (subject=? AND writes=? AND rowid<?)"), "{plan}");
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
