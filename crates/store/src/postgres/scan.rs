//! Scans and counts.

use deadpool_postgres::Client;
use tacenda_core::clock::Timestamp;
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::{Cursor, Page, Scan};
use tacenda_core::row::Row;
use tokio_postgres::Row as SqlRow;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::bucket;
use super::fault::Fault;
use super::read::{COLUMNS, read_key, read_row};

type Values<'a> = Vec<&'a (dyn ToSql + Sync)>;

/// Where a page begins: after this place in the order of the scan.
struct Start<'a> {
    bucket: i16,
    subject: Uuid,
    kind: &'a str,
    id: Uuid,
    at: i64,
}

impl<'a> Start<'a> {
    fn of(scan: &Scan, after: Option<&'a Cursor>) -> Result<Self, Fault> {
        let least = Uuid::nil();
        let Some(cursor) = after else {
            // Before every key: no kind is empty.
            return Ok(Self { bucket: -1, subject: least, kind: "", id: least, at: i64::MIN });
        };
        let timed = matches!(scan, Scan::Anchored { .. } | Scan::Due { .. });
        if timed && cursor.at.is_none() {
            return Err(BAD_REQUEST.error().with("reason", "cursor without a time").into());
        }
        Ok(Self {
            bucket: bucket::of_subject(&cursor.key.subject),
            subject: cursor.key.subject.as_uuid(),
            kind: cursor.key.kind.as_str(),
            id: cursor.key.id.as_uuid(),
            at: cursor.at.map_or(i64::MIN, Timestamp::as_micros),
        })
    }
}

/// What a scan asks for: its condition, its order, and the values of its own. The first five are
/// those of the start.
struct Range {
    sql: String,
    own_bucket: i16,
    own_subject: Uuid,
    first: Option<String>,
    second: Option<String>,
    until: i64,
}

const KEYS: &str = "(r.bucket, r.subject, r.kind, r.id) > ($1::int2, $2::uuid, $3::text, $4::uuid)
    AND $5::int8 IS NOT NULL";
const KEY_ORDER: &str = "r.bucket, r.subject, r.kind, r.id";

fn range(scan: &Scan) -> (Range, &'static str) {
    let mut range = Range {
        sql: String::new(),
        own_bucket: 0,
        own_subject: Uuid::nil(),
        first: None,
        second: None,
        until: i64::MAX,
    };
    let timed = |column: &str| {
        format!(
            "(r.{column}, r.subject, r.kind, r.id) > ($5::int8, $2::uuid, $3::text, $4::uuid)
                AND $1::int2 IS NOT NULL AND r.{column} IS NOT NULL AND r.{column} <= $8::int8"
        )
    };
    let order = match scan {
        Scan::Subject(subject) => {
            (range.own_bucket, range.own_subject) =
                (bucket::of_subject(subject), subject.as_uuid());
            range.sql = format!("{KEYS} AND r.bucket = $6::int2 AND r.subject = $7::uuid");
            KEY_ORDER
        }
        Scan::Class { class } => {
            range.first = Some(class.as_str().to_owned());
            range.sql = format!("{KEYS} AND r.class = $6::text");
            KEY_ORDER
        }
        Scan::All { kind: None } => {
            range.sql = KEYS.to_owned();
            KEY_ORDER
        }
        Scan::All { kind: Some(kind) } => {
            range.first = Some(kind.as_str().to_owned());
            range.sql = format!("{KEYS} AND r.kind = $6::text");
            KEY_ORDER
        }
        Scan::Anchored { class, state, until } => {
            range.until = until.as_micros();
            range.first = Some(class.as_str().to_owned());
            range.second = Some(state.as_str().to_owned());
            let timed = timed("anchor_at");
            range.sql =
                format!("r.class = $6::text AND r.state = $7::text AND NOT r.held AND {timed}");
            "r.anchor_at, r.subject, r.kind, r.id"
        }
        Scan::Due { kind, state, until } => {
            range.until = until.as_micros();
            range.first = Some(kind.as_str().to_owned());
            range.second = Some(state.as_str().to_owned());
            let timed = timed("due_at");
            range.sql = format!("r.kind = $6::text AND r.state = $7::text AND {timed}");
            "r.due_at, r.subject, r.kind, r.id"
        }
    };
    (range, order)
}

/// The values that a range binds, and the number of the next.
fn values<'a>(start: &'a Start<'_>, range: &'a Range, scan: &Scan) -> Values<'a> {
    let mut values: Values<'a> =
        vec![&start.bucket, &start.subject, &start.kind, &start.id, &start.at];
    match scan {
        Scan::Subject(_) => {
            values.push(&range.own_bucket);
            values.push(&range.own_subject);
        }
        _ => {
            if let Some(first) = &range.first {
                values.push(first);
            }
            if let Some(second) = &range.second {
                values.push(second);
                values.push(&range.until);
            }
        }
    }
    values
}

/// One page.
pub(super) async fn scan(
    client: &Client,
    scan: &Scan,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page, Fault> {
    let limit = limit.max(1);
    // One more than the page has, to know whether it is the last.
    let found = page(client, COLUMNS, scan, after, limit.saturating_add(1)).await?;
    let mut rows = found.iter().map(read_row).collect::<Result<Vec<Row>, Fault>>()?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| scan.cursor(row));
    Ok(Page { rows, next })
}

/// Where the rows of a page stand.
pub(super) async fn cursors(
    client: &Client,
    scan: &Scan,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Vec<Cursor>, Fault> {
    let at = match scan {
        Scan::Anchored { .. } => "r.anchor_at",
        Scan::Due { .. } => "r.due_at",
        Scan::Subject(_) | Scan::Class { .. } | Scan::All { .. } => "NULL::int8",
    };
    let columns = format!("r.subject, r.kind, r.id, {at}");
    let found = page(client, &columns, scan, after, limit.max(1)).await?;
    let cursor = |row: &SqlRow| {
        let at: Option<i64> = row.try_get(3)?;
        Ok(Cursor { at: at.map(Timestamp::from_micros), key: read_key(row, 0)? })
    };
    found.iter().map(cursor).collect()
}

async fn page(
    client: &Client,
    columns: &str,
    scan: &Scan,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Vec<SqlRow>, Fault> {
    let start = Start::of(scan, after)?;
    let (range, order) = range(scan);
    let mut values = values(&start, &range, scan);
    let number = values.len() + 1;
    let sql = format!(
        "SELECT {columns} FROM rows r WHERE {} ORDER BY {order} LIMIT ${number}::int8",
        range.sql
    );
    let statement = client.prepare_cached(&sql).await?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    values.push(&limit);
    Ok(client.query(&statement, &values).await?)
}

/// How many rows a scan meets, up to `limit`.
pub(super) async fn count(client: &Client, scan: &Scan, limit: u64) -> Result<u64, Fault> {
    let start = Start::of(scan, None)?;
    let (range, _) = range(scan);
    let mut values = values(&start, &range, scan);
    let sql = format!(
        "SELECT count(*) FROM (SELECT 1 FROM rows r WHERE {} LIMIT ${}::int8) n",
        range.sql,
        values.len() + 1
    );
    let statement = client.prepare_cached(&sql).await?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    values.push(&limit);
    let count: i64 = client.query_one(&statement, &values).await?.try_get(0)?;
    Ok(count.cast_unsigned())
}
