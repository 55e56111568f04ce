//! Giving leaves their places: what the sequencer and the beginning of an epoch write.

use deadpool_postgres::Client;
use futures_util::future::join4;
use tacenda_core::log::{Frontier, Hash, StoredNode};

use super::fault::Fault;

/// A leaf that has no place yet.
pub(super) struct Pending {
    pub(super) bucket: i16,
    pub(super) number: i64,
    pub(super) hash: Hash,
}

/// The log's right edge, as its row has it; the row is locked.
pub(super) struct Edge {
    pub(super) epoch: i32,
    pub(super) frontier: Frontier,
}

/// Leaves that follow each other in a chain and in the log.
#[derive(Default)]
pub(super) struct Runs {
    buckets: Vec<i16>,
    numbers: Vec<i64>,
    indices: Vec<i64>,
    counts: Vec<i64>,
}

impl Runs {
    pub(super) fn add(&mut self, bucket: i16, number: i64, index: i64) {
        let follows = self.buckets.last() == Some(&bucket)
            && self.numbers.last().zip(self.counts.last()).map(|(n, count)| n + count)
                == Some(number);
        if follows {
            if let Some(count) = self.counts.last_mut() {
                *count += 1;
            }
            return;
        }
        self.buckets.push(bucket);
        self.numbers.push(number);
        self.indices.push(index);
        self.counts.push(1);
    }

    /// How far each chain is merged now.
    fn marks(&self) -> std::collections::BTreeMap<i16, i64> {
        let ends = self.numbers.iter().zip(&self.counts).map(|(number, count)| number + count);
        let mut marks = std::collections::BTreeMap::new();
        for (bucket, end) in self.buckets.iter().zip(ends) {
            let mark = marks.entry(*bucket).or_insert(end);
            *mark = end.max(*mark);
        }
        marks
    }
}

/// Places leaves at the end of the log, in this order. Whoever calls it holds the row of the log
/// until the transaction ends, so that no place is given twice.
pub(super) async fn place(
    client: &Client,
    edge: &mut Edge,
    leaves: &[Pending],
) -> Result<(), Fault> {
    let (mut runs, mut nodes): (Runs, Vec<StoredNode>) = (Runs::default(), Vec::new());
    for leaf in leaves {
        runs.add(leaf.bucket, leaf.number, edge.frontier.size().cast_signed());
        edge.frontier.append(leaf.hash, |node| nodes.push(node));
    }
    let marks = runs.marks();
    let (buckets, ends): (Vec<i16>, Vec<i64>) = marks.into_iter().unzip();
    let mark = client
        .prepare_cached(
            "INSERT INTO marks AS m (bucket, number)
                SELECT * FROM unnest($1::int2[], $2::int8[])
                ON CONFLICT (bucket) DO UPDATE SET number = excluded.number",
        )
        .await?;
    let save =
        client.prepare_cached("UPDATE log SET epoch = $1, frontier = $2 WHERE bucket = 0").await?;
    let frontier = edge.frontier.encode();
    let (inserted, marked, kept, saved) = join4(
        keep_runs(client, edge.epoch, &runs),
        client.execute(&mark, &[&buckets, &ends]),
        keep_nodes(client, edge.epoch, &nodes),
        client.execute(&save, &[&edge.epoch, &frontier]),
    )
    .await;
    inserted?;
    marked?;
    kept?;
    saved?;
    Ok(())
}

pub(super) async fn keep_runs(client: &Client, epoch: i32, runs: &Runs) -> Result<(), Fault> {
    let sql = "INSERT INTO runs (bucket, number, epoch, idx, count)
        SELECT bucket, number, $5::int4, idx, count
        FROM unnest($1::int2[], $2::int8[], $3::int8[], $4::int8[])
            AS n(bucket, number, idx, count)";
    let insert = client.prepare_cached(sql).await?;
    let columns = (&runs.buckets, &runs.numbers, &runs.indices, &runs.counts);
    client.execute(&insert, &[columns.0, columns.1, columns.2, columns.3, &epoch]).await?;
    Ok(())
}

pub(super) async fn keep_nodes(
    client: &Client,
    epoch: i32,
    nodes: &[StoredNode],
) -> Result<(), Fault> {
    if nodes.is_empty() {
        return Ok(());
    }
    let levels: Vec<i16> = nodes.iter().map(|node| i16::from(node.level)).collect();
    let indices: Vec<i64> = nodes.iter().map(|node| node.index.cast_signed()).collect();
    let hashes: Vec<&[u8]> = nodes.iter().map(|node| node.hash.as_bytes().as_slice()).collect();
    let sql = "INSERT INTO nodes (bucket, epoch, level, idx, hash)
        SELECT 0, $1::int4, level, idx, hash
        FROM unnest($2::int2[], $3::int8[], $4::bytea[]) AS n(level, idx, hash)";
    let insert = client.prepare_cached(sql).await?;
    client.execute(&insert, &[&epoch, &levels, &indices, &hashes]).await?;
    Ok(())
}
