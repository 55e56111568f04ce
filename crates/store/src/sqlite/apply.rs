//! Writing a change.

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};
use tacenda_core::clock::Timestamp;
use tacenda_core::error::{Error, Result};
use tacenda_core::log::{Frontier, Hash};
use tacenda_core::name::Name;
use tacenda_core::ports::check::{BAD_REQUEST, check_policy};
use tacenda_core::ports::store::{CONFLICT, CORRUPT, NOT_UNIQUE};
use tacenda_core::ports::{Committed, Expect, LeafId, LogPosition, NewLeaf, RowDelete};
use tacenda_core::row::RowKey;

use super::change::{Lookup, Prepared, RowWrite, id_bytes, lookups, read_tokens};
use super::fault::{fault, is_taken};
use super::head::{Marked, StoreHead};
use super::lease;
use super::trail::Trails;

/// The most leaves in an epoch: the index has 48 bits in [`place`].
const MAX_LEAVES: u64 = 1 << 48;

/// The primary key of a leaf.
///
/// Past the last place of an epoch it is the first of the next, so that it can bound a range.
pub(super) fn place(epoch: u32, index: u64) -> i64 {
    let index = i64::try_from(index.min(MAX_LEAVES)).unwrap_or(i64::MAX);
    match i64::from(epoch) {
        epoch @ 0..=0x7fff => (epoch << 48).saturating_add(index),
        _ => i64::MAX,
    }
}

/// Reads [`place`].
pub(super) fn position(place: i64) -> Result<LogPosition> {
    let place = u64::try_from(place).map_err(|_| CORRUPT.error())?;
    let epoch = u32::try_from(place >> 48).map_err(|_| CORRUPT.error())?;
    Ok(LogPosition { epoch, index: place & (MAX_LEAVES - 1) })
}

/// Writes a change into the transaction. If it fails, the transaction is to be taken back.
pub(super) fn apply(
    connection: &Connection,
    head: &mut StoreHead,
    mut change: Prepared,
) -> Result<Committed> {
    let head = head.marked()?;
    check_policy(head.policy.as_ref(), change.under)?;
    require(connection, &change.requires)?;
    lease::check(connection, &change.leased)?;
    let mut trails = Trails::of(connection, &change)?;
    let (mut freed, mut taken) = (Vec::new(), std::mem::take(&mut change.lookups));
    delete(connection, &change.deletes, &mut freed)?;
    for (write, version) in &change.updates {
        update(connection, write, *version, &mut freed, &mut taken)?;
    }
    insert(connection, &change.inserts, &trails)?;
    move_lookups(connection, freed, taken)?;
    if let Some(epoch) = change.new_epoch {
        if head.epoch.checked_add(1) != Some(epoch) {
            return CONFLICT.err();
        }
        (head.epoch, head.frontier) = (epoch, Frontier::new());
    }
    head.safe_sequence = head.safe_sequence.max(change.safe_sequence);
    head.policy = change.policy.take().or(head.policy.take());
    let committed = append(connection, head, &change.leaves, &mut trails)?;
    trails.write(connection, &change)?;
    Ok(committed)
}

fn conflict(key: &RowKey) -> Error {
    CONFLICT.error().with("subject", key.subject).with("kind", &key.kind)
}

fn require(connection: &Connection, requires: &[(RowKey, Expect)]) -> Result<()> {
    let sql = "SELECT version FROM rows WHERE subject = ?1 AND kind = ?2 AND id = ?3";
    for (key, expect) in requires {
        let mut statement = connection.prepare_cached(sql).map_err(fault)?;
        let version: Option<i64> = statement
            .query_row(params![key.subject.as_bytes(), key.kind.as_str(), id_bytes(&key.id)], |r| {
                r.get(0)
            })
            .optional()
            .map_err(fault)?;
        let is = version.map_or(Expect::Absent, |n| Expect::Version(n.cast_unsigned()));
        if is != *expect {
            return Err(conflict(key));
        }
    }
    Ok(())
}

fn delete(connection: &Connection, deletes: &[RowDelete], freed: &mut Vec<Lookup>) -> Result<()> {
    if deletes.is_empty() {
        return Ok(());
    }
    let sql = "DELETE FROM rows WHERE subject = ?1 AND kind = ?2 AND id = ?3 AND version = ?4
        RETURNING tokens";
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    for RowDelete { key, version } in deletes {
        let (subject, id) = (key.subject.as_bytes(), id_bytes(&key.id));
        let tokens: Option<Vec<u8>> = statement
            .query_row(params![subject, key.kind.as_str(), id, version.cast_signed()], |row| {
                row.get(0)
            })
            .optional()
            .map_err(fault)?;
        let tokens = tokens.ok_or_else(|| conflict(key))?;
        freed.extend(lookups(key, &read_tokens(&tokens)?, 0));
    }
    Ok(())
}

fn update(
    connection: &Connection,
    write: &RowWrite,
    version: u64,
    freed: &mut Vec<Lookup>,
    taken: &mut Vec<Lookup>,
) -> Result<()> {
    let (row, key) = (&write.row, &write.row.key);
    let sql = "SELECT tokens FROM rows
        WHERE subject = ?1 AND kind = ?2 AND id = ?3 AND version = ?4";
    let (subject, kind, id) = (key.subject.as_bytes(), key.kind.as_str(), id_bytes(&key.id));
    let tokens: Option<Vec<u8>> = connection
        .prepare_cached(sql)
        .map_err(fault)?
        .query_row(params![subject, kind, id, version.cast_signed()], |row| row.get(0))
        .optional()
        .map_err(fault)?;
    let tokens = tokens.ok_or_else(|| conflict(key))?;
    if tokens != write.tokens {
        let before = read_tokens(&tokens)?;
        let (was, is) = (&before, &row.tokens);
        freed.extend(lookups(key, was, 0).filter(|lookup| !is.iter().any(|t| lookup.is_of(t))));
        taken.extend(write.lookups().filter(|lookup| !was.iter().any(|t| lookup.is_of(t))));
    }
    let sql = "UPDATE rows SET class = ?4, state = ?5, held = ?6, anchor_at = ?7, due_at = ?8,
        version = ?9, tokens = ?10, body = ?11, trail = coalesce(?12, trail), lease_until = NULL
        WHERE subject = ?1 AND kind = ?2 AND id = ?3";
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    execute(&mut statement, write, None).map_err(fault)
}

fn insert(connection: &Connection, inserts: &[RowWrite], trails: &Trails) -> Result<()> {
    if inserts.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO rows (subject, kind, id, class, state, held, anchor_at, due_at, version,
        tokens, body, trail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    for write in inserts {
        let trail = trails.number(write.row.key.subject)?;
        execute(&mut statement, write, Some(trail)).map_err(|error| {
            if is_taken(&error) { conflict(&write.row.key) } else { fault(error) }
        })?;
    }
    Ok(())
}

/// Gives up tokens before others take them; each in the order of the index.
fn move_lookups(
    connection: &Connection,
    mut freed: Vec<Lookup>,
    mut taken: Vec<Lookup>,
) -> Result<()> {
    if !freed.is_empty() {
        freed.sort_unstable();
        let sql = "DELETE FROM lookups WHERE index_name = ?1 AND token = ?2 AND owner = ?3";
        let mut statement = connection.prepare_cached(sql).map_err(fault)?;
        for Lookup { index, token, owner, .. } in freed {
            statement.execute(params![index.as_str(), token, owner]).map_err(fault)?;
        }
    }
    if !taken.is_empty() {
        taken.sort_unstable();
        let sql = "INSERT INTO lookups (index_name, token, owner, row) VALUES (?1, ?2, ?3, ?4)";
        let mut statement = connection.prepare_cached(sql).map_err(fault)?;
        for Lookup { index, token, owner, row, subject, .. } in taken {
            statement.execute(params![index.as_str(), token, owner, row]).map_err(|error| {
                if is_taken(&error) {
                    NOT_UNIQUE.error().with("index", index).with("subject", subject)
                } else {
                    fault(error)
                }
            })?;
        }
    }
    Ok(())
}

fn append(
    connection: &Connection,
    head: &mut Marked,
    leaves: &[(NewLeaf, Hash)],
    trails: &mut Trails,
) -> Result<Committed> {
    let mut ids = Vec::with_capacity(leaves.len());
    let sql = "INSERT INTO leaves (place, hash, subject, writes, earlier, bytes)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    let mut nodes = Vec::new();
    for (leaf, hash) in leaves {
        let index = head.frontier.size();
        if index >= MAX_LEAVES {
            return Err(BAD_REQUEST.error().with("reason", "log epoch is full"));
        }
        let (place, subject) = (place(head.epoch, index), leaf.subject.as_bytes());
        let earlier = if leaf.writes { trails.pass(leaf.subject, place)? } else { None };
        let values = params![place, hash.as_bytes(), subject, leaf.writes, earlier, leaf.bytes];
        // A place that is taken means that the head in the file is not that of its leaves.
        statement.execute(values).map_err(fault)?;
        ids.push(LeafId::at(LogPosition { epoch: head.epoch, index }));
        head.frontier.append(*hash, |node| nodes.push(node));
        head.last_leaf_at = head.last_leaf_at.max(Some(leaf.at));
    }
    for node in nodes {
        let sql = "INSERT INTO nodes (epoch, level, idx, hash) VALUES (?1, ?2, ?3, ?4)";
        let mut statement = connection.prepare_cached(sql).map_err(fault)?;
        let index = node.index.cast_signed();
        let values = params![head.epoch, node.level, index, node.hash.as_bytes()];
        statement.execute(values).map_err(fault)?;
    }
    Ok(Committed { leaves: ids })
}

/// Runs a statement over the columns of a row, in the order of the table. The values are not copied
/// before SQLite takes them.
fn execute(
    statement: &mut CachedStatement<'_>,
    write: &RowWrite,
    trail: Option<i64>,
) -> rusqlite::Result<()> {
    let (row, key) = (&write.row, &write.row.key);
    let values = params![
        key.subject.as_bytes(),
        key.kind.as_str(),
        id_bytes(&key.id),
        row.class.as_ref().map(Name::as_str),
        row.state.as_str(),
        row.held,
        row.anchor_at.map(Timestamp::as_micros),
        row.due_at.map(Timestamp::as_micros),
        row.version.cast_signed(),
        write.tokens,
        row.body,
        trail,
    ];
    statement.execute(values).map(|_| ())
}
