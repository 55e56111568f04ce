//! Pruning leaf texts, so that no page keeps a copy of one.
//!
//! `secure_delete` zeroes what is freed, but where a tree merges pages that became too empty it
//! moves the cells that are left, and may leave a copy of one in the free middle of its old page
//! (see [`super::schema::SAFE`]). So a text is first overwritten with zeros of its own length, which
//! moves nothing; leaves are only ever added at the end, so that nothing moved before either. The
//! zeros go afterwards, but for the last ones: pages with them stay between those that may merge and
//! those that hold texts.
//!
//! A leaf is pruned when its subject is null. The subject's 16 bytes go to the zeros: the record
//! keeps its length.

use std::collections::BTreeSet;

use rusqlite::Connection;
use tacenda_core::error::Result;

use super::apply::place;
use super::connection::Database;
use super::copy::checkpoint;
use super::fault::fault;
use super::head::StoreHead;

/// How many leaves one transaction prunes at most, so that changes need not wait long.
const BATCH: i64 = 2_000;
/// How many of the last leaves keep their zeros: more than any two pages hold.
const MARGIN: u64 = 1_024;

/// Some of the leaves of a range: how many were changed, and where to go on.
type Step = (u64, Option<i64>);

/// Prunes the leaves `from..to` of an epoch, but for those to keep; how many it were.
pub(super) async fn prune(
    database: &Database<StoreHead>,
    epoch: u32,
    from: u64,
    to: u64,
    keep: &[u64],
) -> Result<u64> {
    let keep: BTreeSet<i64> = keep.iter().map(|index| place(epoch, *index)).collect();
    let keep = std::sync::Arc::new(keep);
    let (mut total, end) = (0u64, place(epoch, to));
    let mut next = Some(place(epoch, from));
    while let Some(from) = next {
        let keep = std::sync::Arc::clone(&keep);
        let batch = move |c: &_, _: &mut _| overwrite(c, from, end, &keep);
        let step = database.write(true, batch).await?;
        (total, next) = (total.saturating_add(step.0), step.1);
    }
    // Those that the call before left their zeros.
    next = Some(place(epoch, from.saturating_sub(MARGIN)));
    let end = place(epoch, to.saturating_sub(MARGIN));
    while let Some(from) = next {
        next = database.write(true, move |c: &_, _: &mut _| shrink(c, from, end)).await?.1;
    }
    // Whoever still reads old pages keeps them in the write-ahead log until it begins anew.
    database.outside(|connection| checkpoint(connection, "TRUNCATE")).await?;
    Ok(total)
}

fn overwrite(connection: &Connection, from: i64, to: i64, keep: &BTreeSet<i64>) -> Result<Step> {
    let sql = "SELECT place FROM leaves WHERE place >= ?1 AND place < ?2 AND subject IS NOT NULL
        ORDER BY place LIMIT ?3";
    let places = places(connection, sql, from, to)?;
    let sql = "UPDATE leaves SET subject = NULL, bytes = zeroblob(length(bytes) + 16)
        WHERE place = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    let mut pruned = 0;
    for place in places.iter().filter(|place| !keep.contains(place)) {
        statement.execute([place]).map_err(fault)?;
        pruned += 1;
    }
    Ok((pruned, places.last().map(|place| place.saturating_add(1))))
}

fn shrink(connection: &Connection, from: i64, to: i64) -> Result<Step> {
    let sql = "SELECT place FROM leaves WHERE place >= ?1 AND place < ?2 AND subject IS NULL
        AND bytes IS NOT NULL ORDER BY place LIMIT ?3";
    let places = places(connection, sql, from, to)?;
    let sql = "UPDATE leaves SET bytes = NULL WHERE place = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    for place in &places {
        statement.execute([place]).map_err(fault)?;
    }
    Ok((places.len() as u64, places.last().map(|place| place.saturating_add(1))))
}

fn places(connection: &Connection, sql: &str, from: i64, to: i64) -> Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    let places = statement.query_map([from, to, BATCH], |row| row.get(0)).map_err(fault)?;
    places.collect::<rusqlite::Result<_>>().map_err(fault)
}
