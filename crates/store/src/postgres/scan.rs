//! Scans, counts and claims.

use std::collections::BTreeMap;

use deadpool_postgres::Client;
use futures_util::future::{join3, try_join_all};
use tacenda_core::clock::Timestamp;
use tacenda_core::name::Name;
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::store::LONGEST_LEASE;
use tacenda_core::ports::{Cursor, Page, Scan};
use tacenda_core::row::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::bucket;
use super::fault::Fault;
use super::read::{COLUMNS, read_row};

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
    let start = Start::of(scan, after)?;
    let (range, order) = range(scan);
    let limit = limit.max(1);
    let mut values = values(&start, &range, scan);
    let number = values.len() + 1;
    let sql = format!(
        "SELECT {COLUMNS} FROM rows r WHERE {} ORDER BY {order} LIMIT ${number}::int8",
        range.sql
    );
    let statement = client.prepare_cached(&sql).await?;
    // One more than the page has, to know whether it is the last.
    let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    values.push(&most);
    let found = client.query(&statement, &values).await?;
    let mut rows = found.iter().map(read_row).collect::<Result<Vec<Row>, Fault>>()?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| {
        let at = match scan {
            Scan::Anchored { .. } => row.anchor_at,
            Scan::Due { .. } => row.due_at,
            Scan::Subject(_) | Scan::Class { .. } | Scan::All { .. } => None,
        };
        Cursor { at, key: row.key.clone() }
    });
    Ok(Page { rows, next })
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

/// What work to claim.
pub(super) struct Claim {
    pub(super) kind: Name,
    pub(super) state: Name,
    pub(super) now: Timestamp,
    pub(super) until: Timestamp,
    pub(super) limit: usize,
}

impl Claim {
    /// From when on the end of a lease is that of a clock that was ahead.
    fn far(&self) -> i64 {
        self.now.plus(LONGEST_LEASE).as_micros()
    }
}

/// When work is due, of whom, which, and in which bucket.
type Seen = (i64, Uuid, Uuid, i16);

/// Work that nobody has.
const FREE: &str = "SELECT bucket, subject, id, due_at FROM rows
    WHERE kind = $1 AND state = $2 AND due_at <= $3 AND lease_until IS NULL
    ORDER BY due_at, subject, id LIMIT $4 OFFSET $5";
/// Work whose lease is over: it ends within a range of times. What is added to `due_at` keeps the planner from the index of all work.
const OVER: &str = "SELECT bucket, subject, id, due_at FROM rows
    WHERE kind = $1 AND state = $2 AND due_at + 0 <= $3 AND lease_until BETWEEN $6 AND $7
    ORDER BY due_at + 0, subject, id LIMIT $4 OFFSET $5";

/// How often to look again when others took all that was seen.
const LOOKS: i64 = 6;

/// Looks which work is due, without a lock, and then takes it bucket by bucket.
pub(super) async fn claim(client: &Client, claim: &Claim) -> Result<Vec<Row>, Fault> {
    if claim.limit == 0 {
        return Ok(Vec::new());
    }
    let (free, over) = (client.prepare_cached(FREE).await?, client.prepare_cached(OVER).await?);
    let (now, limit) = (claim.now.as_micros(), i64::try_from(claim.limit).unwrap_or(i64::MAX));
    let (kind, state) = (claim.kind.as_str(), claim.state.as_str());
    let (first, far, last) = (i64::MIN, claim.far().saturating_add(1), i64::MAX);
    for look in 0..LOOKS {
        // Whoever came too late looks further on.
        let skip = limit.saturating_mul(look);
        let values: [&(dyn ToSql + Sync); 5] = [&kind, &state, &now, &limit, &skip];
        let past: [&(dyn ToSql + Sync); 7] = [&kind, &state, &now, &limit, &skip, &first, &now];
        let ahead: [&(dyn ToSql + Sync); 7] = [&kind, &state, &now, &limit, &skip, &far, &last];
        let (free, past, ahead) = join3(
            client.query(&free, &values),
            client.query(&over, &past),
            client.query(&over, &ahead),
        )
        .await;
        let mut seen = free?;
        seen.extend(past?);
        seen.extend(ahead?);
        if seen.is_empty() && look == 0 {
            return Ok(Vec::new());
        }
        let place = |row: &tokio_postgres::Row| -> Result<Seen, Fault> {
            Ok((row.try_get(3)?, row.try_get(1)?, row.try_get(2)?, row.try_get(0)?))
        };
        let mut seen = seen.iter().map(place).collect::<Result<Vec<Seen>, Fault>>()?;
        seen.sort_unstable();
        seen.truncate(claim.limit);
        let mut buckets: BTreeMap<i16, (Vec<Uuid>, Vec<Uuid>)> = BTreeMap::new();
        for (_, subject, id, bucket) in seen {
            let (subjects, ids) = buckets.entry(bucket).or_default();
            subjects.push(subject);
            ids.push(id);
        }
        let taken = take(client, claim, &buckets).await?;
        if !taken.is_empty() {
            return Ok(taken);
        }
    }
    Ok(Vec::new())
}

async fn take(
    client: &Client,
    claim: &Claim,
    buckets: &BTreeMap<i16, (Vec<Uuid>, Vec<Uuid>)>,
) -> Result<Vec<Row>, Fault> {
    let sql = client
        .prepare_cached(&format!(
            "WITH c AS MATERIALIZED (SELECT subject, kind, id FROM rows
                WHERE bucket = $1 AND kind = $2 AND state = $3 AND due_at <= $4
                    AND (lease_until IS NULL OR lease_until <= $4 OR lease_until > $8)
                    AND (subject, id) IN (SELECT * FROM unnest($6::uuid[], $7::uuid[]))
                FOR UPDATE SKIP LOCKED)
            UPDATE rows r SET lease_until = $5 FROM c
                WHERE r.bucket = $1 AND r.subject = c.subject AND r.kind = c.kind AND r.id = c.id
                RETURNING {COLUMNS}"
        ))
        .await?;
    client.batch_execute("BEGIN").await?;
    let taken = take_each(client, &sql, claim, buckets).await;
    client.batch_execute(if taken.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    let mut rows = taken?;
    rows.sort_by_cached_key(|row| (row.due_at, row.key.clone()));
    Ok(rows)
}

async fn take_each(
    client: &Client,
    sql: &tokio_postgres::Statement,
    claim: &Claim,
    buckets: &BTreeMap<i16, (Vec<Uuid>, Vec<Uuid>)>,
) -> Result<Vec<Row>, Fault> {
    let (kind, state) = (claim.kind.as_str(), claim.state.as_str());
    let (now, until, far) = (claim.now.as_micros(), claim.until.as_micros(), claim.far());
    // Nobody waits for a lock here, and so all are asked before the first has answered.
    let (kind, state, now, until, far) = (&kind, &state, &now, &until, &far);
    let taken = try_join_all(buckets.iter().map(|(bucket, (subjects, ids))| async move {
        let values: [&(dyn ToSql + Sync); 8] =
            [&bucket, kind, state, now, until, &subjects, &ids, far];
        client.query(sql, &values).await
    }))
    .await?;
    taken.iter().flatten().map(read_row).collect()
}
