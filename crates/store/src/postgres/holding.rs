//! What the store holds of subjects: their rows with their latest leaves, in one turn to the server
//! however many subjects there are.

use deadpool_postgres::Client;
use futures_util::future::{join, join_all};
use tacenda_core::id::SubjectId;
use tacenda_core::ports::{Holding, StoredLeaf};
use tacenda_core::row::{Row, RowKey};
use uuid::Uuid;

use super::bucket;
use super::fault::Fault;
use super::log::{leaves_by, prepare_leaves_of};
use super::read::{COLUMNS, prepare_rows, read_row, rows_by};

/// Rows before leaves: a row that is written in between is met by its leaf.
pub(super) async fn rows_with_leaves(
    client: &Client,
    subject: SubjectId,
    keys: &[RowKey],
    leaves: usize,
) -> Result<(Vec<Option<Row>>, Vec<StoredLeaf>), Fault> {
    let by_key = prepare_rows(client, keys).await?;
    let latest = prepare_leaves_of(client, true).await?;
    // Both are prepared, so that they are sent in this order, and the server answers in it.
    let (found, latest) =
        join(rows_by(client, &by_key, keys), leaves_by(client, &latest, subject, None, leaves))
            .await;
    Ok((found?, latest?))
}

/// All rows of each subject, and its latest leaves that wrote rows.
pub(super) async fn holdings(
    client: &Client,
    subjects: &[SubjectId],
    leaves: usize,
) -> Result<Vec<Holding>, Fault> {
    let rows = format!(
        "SELECT {COLUMNS}, n.place FROM unnest($1::int2[], $2::uuid[])
                WITH ORDINALITY AS n(bucket, subject, place)
            JOIN rows r ON r.bucket = n.bucket AND r.subject = n.subject
            ORDER BY n.place, r.kind, r.id"
    );
    let rows = client.prepare_cached(&rows).await?;
    let latest = prepare_leaves_of(client, true).await?;
    let buckets: Vec<i16> = subjects.iter().map(bucket::of_subject).collect();
    let ids: Vec<Uuid> = subjects.iter().map(SubjectId::as_uuid).collect();
    let ask_leaves = join_all(
        subjects
            .iter()
            .filter(|_| leaves > 0)
            .map(|subject| leaves_by(client, &latest, *subject, None, leaves)),
    );
    let (rows, latest) = join(client.query(&rows, &[&buckets, &ids]), ask_leaves).await;
    let mut holdings = vec![Holding::default(); subjects.len()];
    let at = |place: i64| usize::try_from(place).unwrap_or_default().wrapping_sub(1);
    for row in &rows? {
        if let Some(holding) = holdings.get_mut(at(row.try_get(11)?)) {
            holding.rows.push(read_row(row)?);
        }
    }
    for (holding, leaves) in holdings.iter_mut().zip(latest) {
        holding.leaves = leaves?;
    }
    Ok(holdings)
}
