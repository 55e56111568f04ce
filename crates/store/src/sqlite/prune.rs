//! Pruning leaf texts, so that no page keeps a copy of one.
//!
//! `secure_delete` zeroes what is freed, but where a tree splits or merges pages it moves the cells
//! that are left, and may leave a copy of one in the free middle of its old page (see
//! [`super::schema::SAFE`]). So a text is first overwritten with zeros of its own length, which moves
//! nothing; leaves are only ever added at the end, so that nothing moved before either. Only then do
//! the zeros go, and only those far from any text: pages that split or merge hold none.
//!
//! A leaf is pruned when its subject is null. The subject's 16 bytes go to the zeros: the record
//! keeps its length.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{Connection, Row, params};
use tacenda_core::error::Result;
use tacenda_core::ports::PrunedTexts;

use super::apply::place;
use super::connection::Database;
use super::copy::empty;
use super::fault::fault;
use super::head::StoreHead;
use super::trail::{CutTrails, earlier};

/// How many leaves one transaction prunes at most, so that changes need not wait long.
const BATCH: i64 = 2_000;
/// How far zeros lie from any text when they go: more leaves than the pages hold that SQLite
/// balances together.
const MARGIN: i64 = 1_024;

/// Some of the leaves of a range: how many were changed, and where to go on.
type Step = (u64, Option<i64>);

/// Prunes the leaves `from..to` of an epoch, but for those to keep.
pub(super) async fn prune(
    database: &Database<StoreHead>,
    epoch: u32,
    from: u64,
    to: u64,
    keep: &[u64],
) -> Result<PrunedTexts> {
    let keep: BTreeSet<i64> = keep.iter().map(|index| place(epoch, *index)).collect();
    let keep = Arc::new(keep);
    let (start, end) = (place(epoch, from), place(epoch, to));
    let (mut total, mut next) = (0u64, Some(start));
    while let Some(from) = next {
        let keep = Arc::clone(&keep);
        let batch = move |c: &_, _: &mut _| overwrite(c, from, end, &keep);
        let step = database.write(true, batch).await?;
        (total, next) = (total.saturating_add(step.0), step.1);
    }
    // The call before left zeros that had texts beside them.
    next = Some(start.saturating_sub(MARGIN).max(place(epoch, 0)));
    while let Some(from) = next {
        next = database.write(true, move |c: &_, _: &mut _| remove_zeros(c, from, end)).await?.1;
    }
    // Whoever still reads old pages keeps them in the write-ahead log until it begins anew.
    let scrub = database.outside(empty).await?;
    Ok(PrunedTexts { leaves: total, scrub })
}

fn overwrite(connection: &Connection, from: i64, to: i64, keep: &BTreeSet<i64>) -> Result<Step> {
    let sql = "SELECT place FROM leaves WHERE place >= ?1 AND place < ?2 AND subject IS NOT NULL
        ORDER BY place LIMIT ?3";
    let places = places(connection, sql, from, to, BATCH)?;
    let mut trails = CutTrails::default();
    let sql = "UPDATE leaves SET subject = NULL, earlier = ?2,
        bytes = zeroblob(length(bytes) + iif(earlier IS NOT NULL AND ?2 IS NULL, 24, 16))
        WHERE place = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    let mut pruned = 0;
    for place in places.iter().filter(|place| !keep.contains(place)) {
        let earlier = trails.cut(connection, *place)?;
        statement.execute(params![place, earlier]).map_err(fault)?;
        pruned += 1;
    }
    trails.forget(connection)?;
    Ok((pruned, places.last().map(|place| place.saturating_add(1))))
}

/// Rows that an update makes shorter leave their page as it is: only a page from which rows are
/// deleted gives its room away.
fn remove_zeros(connection: &Connection, from: i64, to: i64) -> Result<Step> {
    let sql = "SELECT place, hash, writes, earlier FROM leaves WHERE place >= ?1 AND place < ?2
        AND subject IS NULL AND bytes IS NOT NULL ORDER BY place LIMIT ?3";
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, earlier(row, 3)?));
    let leaves = statement.query_map([from, to, BATCH], read).map_err(fault)?;
    let mut leaves: Vec<(i64, [u8; 32], bool, Option<i64>)> =
        leaves.collect::<rusqlite::Result<_>>().map_err(fault)?;
    let Some((last, ..)) = leaves.last().copied() else { return Ok((0, None)) };
    let sql = "SELECT place FROM leaves WHERE place >= ?1 AND place <= ?2 AND subject IS NOT NULL
        ORDER BY place LIMIT ?3";
    let around = (from.saturating_sub(MARGIN), last.saturating_add(MARGIN));
    let texts = places(connection, sql, around.0, around.1, i64::MAX)?;
    leaves.retain(|(place, ..)| {
        let next = texts.partition_point(|text| text < place);
        let beside = [next.checked_sub(1).and_then(|n| texts.get(n)), texts.get(next)];
        beside.into_iter().flatten().all(|text| text.abs_diff(*place) > MARGIN.unsigned_abs())
    });
    let sql = "DELETE FROM leaves WHERE place = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    for (place, ..) in &leaves {
        statement.execute([place]).map_err(fault)?;
    }
    let sql = "INSERT INTO leaves (place, hash, subject, writes, earlier, bytes)
        VALUES (?1, ?2, NULL, ?3, ?4, NULL)";
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    for (place, hash, writes, earlier) in &leaves {
        statement.execute(params![place, hash, writes, earlier]).map_err(fault)?;
    }
    Ok((leaves.len() as u64, Some(last.saturating_add(1))))
}

fn places(c: &Connection, sql: &str, from: i64, to: i64, most: i64) -> Result<Vec<i64>> {
    let mut statement = c.prepare_cached(sql).map_err(fault)?;
    let places = statement.query_map([from, to, most], |row| row.get(0)).map_err(fault)?;
    places.collect::<rusqlite::Result<_>>().map_err(fault)
}
