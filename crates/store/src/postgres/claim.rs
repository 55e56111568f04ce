//! Claims: work that is due, leased to one of those who ask for it.

use std::collections::BTreeMap;

use deadpool_postgres::Client;
use futures_util::future::{join_all, join3};
use tacenda_core::clock::Timestamp;
use tacenda_core::name::Name;
use tacenda_core::ports::store::LONGEST_LEASE;
use tacenda_core::row::Row;
use tokio::sync::Mutex;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::bucket;
use super::fault::Fault;
use super::read::{COLUMNS, read_row};

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

/// Work that was taken, and whose COMMIT was not answered.
pub(super) struct Taken {
    /// The server's name of the transaction.
    transaction: String,
    rows: Vec<Row>,
}

/// Looks which work is due, without a lock, and then takes it bucket by bucket. Where the answer to the
/// attempt before was `lost`, it is first found out whether the work is taken: else it would lie there
/// until its lease ends, and nobody would do it.
pub(super) async fn claim(
    client: &Client,
    claim: &Claim,
    lost: &Mutex<Option<Taken>>,
) -> Result<Vec<Row>, Fault> {
    if claim.limit == 0 {
        return Ok(Vec::new());
    }
    let mut lost = lost.lock().await;
    if let Some(before) = lost.as_ref() {
        let happened = happened(client, before).await?;
        let before = lost.take().map(|before| before.rows);
        if let Some(rows) = before.filter(|_| happened) {
            return Ok(rows);
        }
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
        let taken = take(client, claim, &buckets, &mut lost).await?;
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
    lost: &mut Option<Taken>,
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
    let own = client.prepare_cached("SELECT pg_current_xact_id_if_assigned()::text").await?;
    // Nobody waits for a lock here, and so all is asked before the first has answered.
    let (begun, taken, own) = join3(
        client.batch_execute("BEGIN"),
        take_each(client, &sql, claim, buckets),
        client.query_one(&own, &[]),
    )
    .await;
    let written = begun.map_err(Fault::from).and(taken).and_then(|mut rows| {
        rows.sort_by_cached_key(|row| (row.due_at, row.key.clone()));
        let transaction: Option<String> = own?.try_get(0)?;
        Ok((rows, transaction))
    });
    let (rows, transaction) = match written {
        Ok(written) => written,
        Err(fault) => {
            client.batch_execute("ROLLBACK").await?;
            return Err(fault);
        }
    };
    // While nobody knows how COMMIT ends, whoever comes next has to ask: also if this is given up.
    *lost = transaction.map(|transaction| Taken { transaction, rows: rows.clone() });
    let ended = client.batch_execute("COMMIT").await.map_err(Fault::from);
    if ended.is_ok() || ended.as_ref().is_err_and(Fault::says_rolled_back) {
        *lost = None;
    }
    ended.map(|()| rows)
}

/// How a transaction ended whose COMMIT was not answered. It holds the rows that it took to its end,
/// which is waited for.
async fn happened(client: &Client, taken: &Taken) -> Result<bool, Fault> {
    if let Some(row) = taken.rows.first() {
        let sql = "SELECT 1 FROM rows
            WHERE bucket = $1 AND subject = $2 AND kind = $3 AND id = $4 FOR UPDATE";
        let (bucket, subject) = (bucket::of_subject(&row.key.subject), row.key.subject.as_uuid());
        let (kind, id) = (row.key.kind.as_str(), row.key.id.as_uuid());
        client.query(sql, &[&bucket, &subject, &kind, &id]).await?;
    }
    let sql = "SELECT pg_xact_status($1::text::xid8)";
    let status: Option<String> = client.query_one(sql, &[&taken.transaction]).await?.try_get(0)?;
    match status.as_deref() {
        Some("in progress") => Err(Fault::LOST),
        status => Ok(status == Some("committed")),
    }
}

async fn take_each(
    client: &Client,
    sql: &tokio_postgres::Statement,
    claim: &Claim,
    buckets: &BTreeMap<i16, (Vec<Uuid>, Vec<Uuid>)>,
) -> Result<Vec<Row>, Fault> {
    let (kind, state) = (claim.kind.as_str(), claim.state.as_str());
    let (now, until, far) = (claim.now.as_micros(), claim.until.as_micros(), claim.far());
    let (kind, state, now, until, far) = (&kind, &state, &now, &until, &far);
    let taken = join_all(buckets.iter().map(|(bucket, (subjects, ids))| async move {
        let values: [&(dyn ToSql + Sync); 8] =
            [&bucket, kind, state, now, until, &subjects, &ids, far];
        client.query(sql, &values).await
    }))
    .await;
    let taken = taken.into_iter().collect::<Result<Vec<_>, _>>()?;
    taken.iter().flatten().map(read_row).collect()
}
