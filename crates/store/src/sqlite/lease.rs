//! Leases: who holds one, and for how long.

use rusqlite::{Connection, OptionalExtension as _, params};
use tacenda_core::clock::Timestamp;
use tacenda_core::error::Result;
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::row::RowKey;

use super::change::id_bytes;
use super::fault::fault;

/// Moves the end of a lease, if it is the one that is held.
pub(super) fn renew(
    connection: &Connection,
    key: &RowKey,
    held: Timestamp,
    until: Timestamp,
) -> Result<bool> {
    let sql = "UPDATE rows SET lease_until = ?5
        WHERE subject = ?1 AND kind = ?2 AND id = ?3 AND lease_until IN (?4, ?5)";
    let (subject, id) = (key.subject.as_bytes(), id_bytes(&key.id));
    let values = params![subject, key.kind.as_str(), id, held.as_micros(), until.as_micros()];
    let moved = connection.prepare_cached(sql).map_err(fault)?.execute(values).map_err(fault)?;
    Ok(moved > 0)
}

/// Whether each of these rows has the lease that ends then.
pub(super) fn check(connection: &Connection, leased: &[(RowKey, Timestamp)]) -> Result<()> {
    let sql = "SELECT lease_until FROM rows WHERE subject = ?1 AND kind = ?2 AND id = ?3";
    for (key, until) in leased {
        let mut statement = connection.prepare_cached(sql).map_err(fault)?;
        let values = params![key.subject.as_bytes(), key.kind.as_str(), id_bytes(&key.id)];
        let is: Option<Option<i64>> =
            statement.query_row(values, |row| row.get(0)).optional().map_err(fault)?;
        if is.flatten() != Some(until.as_micros()) {
            return Err(CONFLICT.error().with("subject", key.subject).with("kind", &key.kind));
        }
    }
    Ok(())
}
