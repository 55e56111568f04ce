//! Reading rows by key and token.

use std::collections::BTreeMap;

use deadpool_postgres::Client;
use tacenda_core::clock::Timestamp;
use tacenda_core::id::{RowId, SubjectId};
use tacenda_core::name::Name;
use tacenda_core::ports::Found;
use tacenda_core::ports::store::CORRUPT;
use tacenda_core::row::{Row, RowKey};
use tokio_postgres::{Row as SqlRow, Statement};
use uuid::Uuid;

use super::bucket;
use super::change::read_tokens;
use super::fault::Fault;
use crate::columns::Columns;

/// The columns of a row, in the order of [`read_row`].
pub(super) const COLUMNS: &str = "r.subject, r.kind, r.id, r.class, r.state, r.held, r.anchor_at,
    r.due_at, r.version, r.tokens, r.body";

/// Reads a row. If a column behind its key cannot be read the row is one that nobody wrote, and the log
/// finds it.
pub(super) fn read_row(row: &SqlRow) -> Result<Row, Fault> {
    let class = || match row.try_get::<_, Option<&str>>(3).ok()? {
        Some(class) => Name::parse(class).ok().map(Some),
        None => Some(None),
    };
    let time = |column: usize| {
        let at: Option<i64> = row.try_get(column).ok()?;
        Some(at.map(Timestamp::from_micros))
    };
    let columns = Columns {
        class: class(),
        state: row.try_get(4).ok().and_then(|state| Name::parse(state).ok()),
        held: row.try_get(5).ok(),
        anchor_at: time(6),
        due_at: time(7),
        version: row.try_get(8).ok().map(i64::cast_unsigned),
        tokens: row.try_get(9).ok().and_then(|tokens| read_tokens(tokens).ok()),
        body: row.try_get(10).ok(),
    };
    Ok(columns.into_row(read_key(row, 0)?))
}

/// A key in three columns, the first of which is this one.
pub(super) fn read_key(row: &SqlRow, at: usize) -> Result<RowKey, Fault> {
    let (subject, id): (Uuid, Uuid) = (row.try_get(at)?, row.try_get(at + 2)?);
    let kind = name(row.try_get(at + 1)?)?;
    Ok(RowKey { subject: SubjectId::from(subject), kind, id: RowId::from(id) })
}

/// A name that stands in the database.
pub(super) fn name(text: &str) -> Result<Name, Fault> {
    Ok(Name::parse(text).map_err(|_| CORRUPT.error())?)
}

pub(super) async fn rows(client: &Client, keys: &[RowKey]) -> Result<Vec<Option<Row>>, Fault> {
    rows_by(client, &prepare_rows(client, keys).await?, keys).await
}

/// The statement for as many keys as these.
pub(super) async fn prepare_rows(client: &Client, keys: &[RowKey]) -> Result<Statement, Fault> {
    let sql = match keys {
        [_] => format!(
            "SELECT {COLUMNS}, 1::int8 FROM rows r
                WHERE r.bucket = $1 AND r.subject = $2 AND r.kind = $3 AND r.id = $4"
        ),
        _ => format!(
            "SELECT {COLUMNS}, n.place
                FROM unnest($1::int2[], $2::uuid[], $3::text[], $4::uuid[])
                    WITH ORDINALITY AS n(bucket, subject, kind, id, place)
                JOIN rows r ON r.bucket = n.bucket AND r.subject = n.subject AND r.kind = n.kind
                    AND r.id = n.id"
        ),
    };
    Ok(client.prepare_cached(&sql).await?)
}

/// The rows with these keys. The statement is sent when this is first polled.
pub(super) async fn rows_by(
    client: &Client,
    statement: &Statement,
    keys: &[RowKey],
) -> Result<Vec<Option<Row>>, Fault> {
    let buckets: Vec<i16> = keys.iter().map(|key| bucket::of_subject(&key.subject)).collect();
    let subjects: Vec<Uuid> = keys.iter().map(|key| key.subject.as_uuid()).collect();
    let kinds: Vec<&str> = keys.iter().map(|key| key.kind.as_str()).collect();
    let ids: Vec<Uuid> = keys.iter().map(|key| key.id.as_uuid()).collect();
    let found = match (buckets.as_slice(), subjects.as_slice(), kinds.as_slice(), ids.as_slice()) {
        ([], ..) => return Ok(Vec::new()),
        ([bucket], [subject], [kind], [id]) => {
            client.query(statement, &[bucket, subject, kind, id]).await?
        }
        _ => client.query(statement, &[&buckets, &subjects, &kinds, &ids]).await?,
    };
    let mut rows = vec![None; keys.len()];
    for row in &found {
        let place: i64 = row.try_get(11)?;
        let at = usize::try_from(place).unwrap_or_default().wrapping_sub(1);
        if let Some(slot) = rows.get_mut(at) {
            *slot = Some(read_row(row)?);
        }
    }
    Ok(rows)
}

pub(super) async fn count_lookups(client: &Client) -> Result<u64, Fault> {
    let count: i64 = client.query_one("SELECT count(*) FROM lookups", &[]).await?.try_get(0)?;
    Ok(count.cast_unsigned())
}

pub(super) async fn lookup(
    client: &Client,
    index: &Name,
    tokens: &[[u8; 16]],
) -> Result<Vec<Vec<Found>>, Fault> {
    // The index stands in an array too: a condition on the look-ups alone would have the planner
    // read all of an index while it takes the table for small.
    let sql = "SELECT l.subject, l.kind, l.id, l.token
        FROM unnest($1::int2[], $2::text[], $3::bytea[]) AS n(bucket, name, token)
        JOIN lookups l ON l.bucket = n.bucket AND l.index_name = n.name AND l.token = n.token";
    let statement = client.prepare_cached(sql).await?;
    let buckets: Vec<i16> =
        tokens.iter().map(|token| bucket::of_token(index.as_str(), token)).collect();
    let values: Vec<&[u8]> = tokens.iter().map(<[u8; 16]>::as_slice).collect();
    let names = vec![index.as_str(); tokens.len()];
    let found = client.query(&statement, &[&buckets, &names, &values]).await?;
    let mut by_token: BTreeMap<Vec<u8>, Vec<RowKey>> = BTreeMap::new();
    for row in &found {
        by_token.entry(row.try_get(3)?).or_default().push(read_key(row, 0)?);
    }
    for keys in by_token.values_mut() {
        keys.sort_unstable();
        // The same token may be unique and not, and may be asked for twice.
        keys.dedup();
    }
    let of = |token: &[u8; 16]| {
        let keys = by_token.get(token.as_slice()).into_iter().flatten();
        keys.map(|key| Found { key: key.clone() }).collect()
    };
    Ok(tokens.iter().map(of).collect())
}
