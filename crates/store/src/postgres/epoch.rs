//! The beginning of an epoch, inside the transaction of the change that begins it.

use deadpool_postgres::Client;
use tacenda_core::log::Frontier;
use tacenda_core::ports::LeafId;
use tacenda_core::ports::store::CONFLICT;

use super::change::Prepared;
use super::fault::Fault;
use super::place::{Edge, Pending, place};

/// Ends the current epoch, which must be merged to its end, and gives the change's own leaves the
/// first places of the next. The change holds the heads of all chains: nobody commits meanwhile.
pub(super) async fn begin(
    client: &Client,
    change: &Prepared,
    epoch: u32,
    numbers: &[LeafId],
) -> Result<(), Fault> {
    let sql = "SELECT epoch FROM log WHERE bucket = 0 FOR UPDATE";
    let current: i32 = client.query_one(sql, &[]).await?.try_get(0)?;
    if current.checked_add(1) != Some(epoch.cast_signed()) {
        return Err(CONFLICT.error().into());
    }
    let sql = "SELECT h.bucket, h.next, m.number FROM heads h JOIN marks m USING (bucket)
        WHERE h.next > m.number";
    for row in client.query(sql, &[]).await? {
        let (bucket, next, merged): (i16, i64, i64) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let own = change.heads.get(&bucket).map_or(0, |touch| touch.count);
        if next.saturating_sub(own) != merged {
            return Err(CONFLICT.error().into());
        }
    }
    let pending = |(leaf, id): (&super::change::Leaf, &LeafId)| Pending {
        bucket: leaf.bucket,
        number: id.number.cast_signed(),
        hash: leaf.hash,
    };
    let leaves: Vec<Pending> = change.leaves.iter().zip(numbers).map(pending).collect();
    let mut edge = Edge { epoch: epoch.cast_signed(), frontier: Frontier::new() };
    place(client, &mut edge, &leaves).await
}
