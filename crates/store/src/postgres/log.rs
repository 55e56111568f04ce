//! The log: leaves by chain and by place, and waiting until they have one.

use std::collections::BTreeMap;
use std::time::Duration;

use deadpool_postgres::Client;
use futures_util::future::join_all;
use tacenda_core::id::SubjectId;
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::store::{CORRUPT, NOT_MERGED};
use tacenda_core::ports::{LeafId, LogPosition, StoredLeaf};
use tokio::time::{Instant, timeout};
use tokio_postgres::{Row as SqlRow, Statement};

use super::bucket;
use super::database::{Database, again};
use super::fault::Fault;
use super::sequencer::Bell;

/// How long to wait before looking again; another process may be the one that merges.
const MOMENT: Duration = Duration::from_millis(20);
/// How many places one statement of a pruning looks at.
const PRUNE: i64 = 4096;

/// The place of leaf `l` of chain `$1`: the run with the highest number at or below its own, if it
/// reaches it.
const PLACE: &str = "LEFT JOIN LATERAL (
        SELECT r.epoch, r.idx + (l.number - r.number) AS idx, r.number + r.count AS past
            FROM runs r WHERE r.bucket = $1 AND r.number <= l.number
            ORDER BY r.number DESC LIMIT 1
    ) p ON p.past > l.number";
/// The run in which leaf `$2` of chain `$1` would lie.
const RUN: &str = "SELECT epoch, idx + ($2 - number) AS idx, number + count AS past FROM runs
    WHERE bucket = $1 AND number <= $2 ORDER BY number DESC LIMIT 1";

pub(super) async fn leaves_of(
    client: &Client,
    subject: SubjectId,
    writes: bool,
    before: Option<LeafId>,
    limit: usize,
) -> Result<Vec<StoredLeaf>, Fault> {
    let statement = prepare_leaves_of(client, writes).await?;
    leaves_by(client, &statement, subject, before, limit).await
}

/// The statement for a subject's leaves, all or those that wrote rows.
pub(super) async fn prepare_leaves_of(client: &Client, writes: bool) -> Result<Statement, Fault> {
    // Two ranges of the index, each as long as the page at most.
    let part = |writes: &str| {
        format!(
            "(SELECT bucket, number, epoch, hash, bytes FROM leaves
                WHERE bucket = $1 AND subject = $2 AND writes = {writes} AND number < $3
                ORDER BY number DESC LIMIT $4)"
        )
    };
    let parts = match writes {
        true => part("true"),
        false => format!("{} UNION ALL {}", part("true"), part("false")),
    };
    let sql = format!(
        "SELECT l.bucket, l.number, l.epoch, l.hash, l.bytes, p.epoch, p.idx
            FROM (SELECT * FROM ({parts}) b ORDER BY number DESC LIMIT $4) l {PLACE}
            ORDER BY l.number DESC"
    );
    Ok(client.prepare_cached(&sql).await?)
}

/// A subject's latest leaves. The statement is sent when this is first polled.
pub(super) async fn leaves_by(
    client: &Client,
    statement: &Statement,
    subject: SubjectId,
    before: Option<LeafId>,
    limit: usize,
) -> Result<Vec<StoredLeaf>, Fault> {
    let bucket = bucket::of_subject(&subject);
    let before = before.map_or(i64::MAX, |id| i64::try_from(id.number).unwrap_or(i64::MAX));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = client.query(statement, &[&bucket, &subject.as_uuid(), &before, &limit]).await?;
    found.iter().map(read_leaf).collect()
}

pub(super) fn read_leaf(row: &SqlRow) -> Result<StoredLeaf, Fault> {
    let (chain, number, epoch): (i16, i64, i32) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let place: (Option<i32>, Option<i64>) = (row.try_get(5)?, row.try_get(6)?);
    Ok(StoredLeaf {
        id: LeafId {
            epoch: epoch.cast_unsigned(),
            chain: chain.cast_unsigned(),
            number: number.cast_unsigned(),
        },
        position: place.0.zip(place.1).map(position),
        hash: hash(row.try_get(3)?)?,
        bytes: row.try_get(4)?,
    })
}

fn hash(bytes: &[u8]) -> Result<[u8; 32], Fault> {
    Ok(bytes.try_into().map_err(|_| CORRUPT.error())?)
}

fn position((epoch, index): (i32, i64)) -> LogPosition {
    LogPosition { epoch: epoch.cast_unsigned(), index: index.cast_unsigned() }
}

/// The leaves at the places `$2..$3` of epoch `$1`, from the run in which `$2` lies.
const BY_PLACE: &str = "FROM runs r JOIN leaves l ON l.bucket = r.bucket AND l.number >= r.number
        AND l.number < r.number + r.count
    WHERE r.epoch = $1 AND r.idx < $3 AND r.idx >= COALESCE(
            (SELECT idx FROM runs WHERE epoch = $1 AND idx <= $2 ORDER BY idx DESC LIMIT 1), $2)
        AND r.idx + (l.number - r.number) >= $2 AND r.idx + (l.number - r.number) < $3";

fn bounds(epoch: u32, from: u64, to: u64) -> (i32, i64, i64) {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    (i32::try_from(epoch).unwrap_or(i32::MAX), number(from), number(to))
}

pub(super) async fn leaves(
    client: &Client,
    epoch: u32,
    from: u64,
    to: u64,
) -> Result<Vec<StoredLeaf>, Fault> {
    let sql = format!(
        "SELECT l.bucket, l.number, l.epoch, l.hash, l.bytes, r.epoch,
                r.idx + (l.number - r.number)
            {BY_PLACE} ORDER BY r.idx, l.number"
    );
    let statement = client.prepare_cached(&sql).await?;
    let (epoch, from, to) = bounds(epoch, from, to);
    let found = client.query(&statement, &[&epoch, &from, &to]).await?;
    found.iter().map(read_leaf).collect()
}

pub(super) async fn hashes(
    client: &Client,
    epoch: u32,
    level: u8,
    from: u64,
    to: u64,
) -> Result<Vec<[u8; 32]>, Fault> {
    if !level.is_multiple_of(8) {
        return Err(BAD_REQUEST.error().with("reason", "level is not stored").into());
    }
    let (epoch, from, to) = bounds(epoch, from, to);
    let found = if level == 0 {
        let sql = format!("SELECT l.hash {BY_PLACE} ORDER BY r.idx, l.number");
        let statement = client.prepare_cached(&sql).await?;
        client.query(&statement, &[&epoch, &from, &to]).await?
    } else {
        let sql = "SELECT hash FROM nodes WHERE bucket = 0 AND epoch = $1 AND level = $4
            AND idx >= $2 AND idx < $3 ORDER BY idx";
        let statement = client.prepare_cached(sql).await?;
        client.query(&statement, &[&epoch, &from, &to, &i16::from(level)]).await?
    };
    found.iter().map(|row| hash(row.try_get(0)?)).collect()
}

/// Waits until all of these leaves have places.
#[expect(
    clippy::disallowed_methods,
    reason = "how long we wait for our own merge; no clock of the data"
)]
pub(super) async fn places(
    database: &Database,
    bell: &Bell,
    leaves: &[LeafId],
) -> tacenda_core::error::Result<Vec<LogPosition>> {
    let deadline = Instant::now() + database.options.merge_timeout;
    loop {
        // A merge begins, if one is needed, while we look whether it is.
        let given = bell.want();
        if again!(database, client => are_merged(client, leaves))? {
            let found = again!(database, client => find(client, leaves))?;
            let places: Option<Vec<LogPosition>> = found.into_iter().collect();
            return places.ok_or_else(|| CORRUPT.error());
        }
        if Instant::now() >= deadline {
            return NOT_MERGED.err();
        }
        let _ = timeout(MOMENT, given).await;
    }
}

/// Whether all of these leaves are merged; [`BAD_REQUEST`] if one was never committed.
async fn are_merged(client: &Client, leaves: &[LeafId]) -> Result<bool, Fault> {
    let mut last: BTreeMap<i16, i64> = BTreeMap::new();
    for LeafId { chain, number, .. } in leaves {
        let number = i64::try_from(*number).unwrap_or(i64::MAX);
        let of_chain = last.entry(chain.cast_signed()).or_insert(number);
        *of_chain = number.max(*of_chain);
    }
    let sql = "SELECT count(*) FILTER (WHERE h.next > n.number),
            count(*) FILTER (WHERE m.number > n.number)
        FROM unnest($1::int2[], $2::int8[]) AS n(bucket, number)
        JOIN heads h ON h.bucket = n.bucket JOIN marks m ON m.bucket = n.bucket";
    let statement = client.prepare_cached(sql).await?;
    let (buckets, numbers): (Vec<i16>, Vec<i64>) = last.into_iter().unzip();
    let row = client.query_one(&statement, &[&buckets, &numbers]).await?;
    let (there, merged): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    let all = i64::try_from(buckets.len()).unwrap_or(i64::MAX);
    match there == all {
        true => Ok(merged == all),
        false => Err(BAD_REQUEST.error().with("reason", "no such leaf").into()),
    }
}

/// One question for each, all sent before the first answer: a join over the chains is more than a
/// database of several machines can do.
async fn find(client: &Client, leaves: &[LeafId]) -> Result<Vec<Option<LogPosition>>, Fault> {
    let statement = client.prepare_cached(RUN).await?;
    let place = async |id: &LeafId| {
        let (bucket, number) = (id.chain.cast_signed(), id.number.cast_signed());
        let Some(run) = client.query_opt(&statement, &[&bucket, &number]).await? else {
            return Ok(None);
        };
        let (epoch, index, past): (i32, i64, i64) =
            (run.try_get(0)?, run.try_get(1)?, run.try_get(2)?);
        Ok((past > number).then(|| position((epoch, index))))
    };
    join_all(leaves.iter().map(place)).await.into_iter().collect()
}

/// Waits until everything that was committed before has its place.
#[expect(
    clippy::disallowed_methods,
    reason = "how long we wait for our own merge; no clock of the data"
)]
pub(super) async fn settle(database: &Database, bell: &Bell) -> tacenda_core::error::Result<()> {
    let deadline = Instant::now() + database.options.merge_timeout;
    let mut open = again!(database, client => unmerged(client))?;
    while !open.0.is_empty() {
        if Instant::now() >= deadline {
            return NOT_MERGED.err();
        }
        let _ = timeout(MOMENT, bell.want()).await;
        open = again!(database, client => still_unmerged(client, &open))?;
    }
    Ok(())
}

type Ends = (Vec<i16>, Vec<i64>);

async fn unmerged(client: &Client) -> Result<Ends, Fault> {
    let sql = "SELECT h.bucket, h.next FROM heads h JOIN marks m ON m.bucket = h.bucket
        WHERE h.next > m.number";
    let statement = client.prepare_cached(sql).await?;
    ends(&client.query(&statement, &[]).await?)
}

async fn still_unmerged(client: &Client, open: &Ends) -> Result<Ends, Fault> {
    let sql = "SELECT n.bucket, n.next FROM unnest($1::int2[], $2::int8[]) AS n(bucket, next)
        JOIN marks m ON m.bucket = n.bucket WHERE n.next > m.number";
    let statement = client.prepare_cached(sql).await?;
    ends(&client.query(&statement, &[&open.0, &open.1]).await?)
}

fn ends(rows: &[SqlRow]) -> Result<Ends, Fault> {
    let mut ends = Ends::default();
    for row in rows {
        ends.0.push(row.try_get(0)?);
        ends.1.push(row.try_get(1)?);
    }
    Ok(ends)
}

/// Prunes some of the leaves of the places `from..to`: how many, and where to go on.
pub(super) async fn prune(
    client: &Client,
    epoch: u32,
    from: i64,
    to: u64,
    keep: &[i64],
) -> Result<(u64, Option<i64>), Fault> {
    let (epoch, _, to) = bounds(epoch, 0, to);
    let sql = "SELECT max(idx + count) FROM runs WHERE epoch = $1";
    let end: Option<i64> = client.query_one(sql, &[&epoch]).await?.try_get(0)?;
    let to = to.min(end.unwrap_or_default());
    if from >= to {
        return Ok((0, None));
    }
    let to = from.saturating_add(PRUNE).min(to);
    let sql = format!(
        "UPDATE leaves SET bytes = NULL, subject = NULL FROM (
            SELECT l.bucket AS b, l.number AS n {BY_PLACE} AND l.bytes IS NOT NULL
                AND NOT (r.idx + (l.number - r.number) = ANY($4::int8[]))) p
            WHERE bucket = p.b AND number = p.n"
    );
    let statement = client.prepare_cached(&sql).await?;
    let pruned = client.execute(&statement, &[&epoch, &from, &to, &keep]).await?;
    Ok((pruned, Some(to)))
}
