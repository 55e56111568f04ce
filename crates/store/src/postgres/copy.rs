//! The rows, look-ups and leaves of a large change by COPY: the server reads them as they come, and
//! makes no arrays and no plan.
//!
//! A key that is taken fails a COPY as it fails an INSERT. The careful second attempt, which has to
//! say whose key it is, does without.

use std::pin::pin;

use deadpool_postgres::Client;
use tacenda_core::clock::Timestamp;
use tacenda_core::name::Name;
use tacenda_core::ports::LeafId;
use tokio_postgres::Statement;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::change::{Leaf, Lookup, Put};
use super::fault::Fault;

/// From how many on it pays: a COPY waits for the server once more.
pub(super) const MANY: usize = 256;

pub(super) const ROWS: &str = "COPY rows (bucket, subject, kind, id, class, state, held, anchor_at,
    due_at, version, tokens, body) FROM STDIN BINARY";
pub(super) const LOOKUPS: &str =
    "COPY lookups (bucket, index_name, token, owner, subject, kind, id)
    FROM STDIN BINARY";
pub(super) const LEAVES: &str = "COPY leaves (bucket, number, epoch, subject, writes, hash, bytes)
    FROM STDIN BINARY";

pub(super) async fn rows(client: &Client, sql: &Statement, puts: &[Put]) -> Result<(), Fault> {
    let types = [
        Type::INT2,
        Type::UUID,
        Type::TEXT,
        Type::UUID,
        Type::TEXT,
        Type::TEXT,
        Type::BOOL,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::BYTEA,
        Type::BYTEA,
    ];
    let sink = client.copy_in(sql).await?;
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
    for Put { bucket, row, tokens, .. } in puts {
        let (subject, id) = (row.key.subject.as_uuid(), row.key.id.as_uuid());
        let class = row.class.as_ref().map(Name::as_str);
        let anchor = row.anchor_at.map(Timestamp::as_micros);
        let (due, version) = (row.due_at.map(Timestamp::as_micros), row.version.cast_signed());
        let (kind, state) = (row.key.kind.as_str(), row.state.as_str());
        let (held, tokens, body) = (row.held, tokens.as_slice(), row.body.as_slice());
        writer
            .as_mut()
            .write(&[
                bucket, &subject, &kind, &id, &class, &state, &held, &anchor, &due, &version,
                &tokens, &body,
            ])
            .await?;
    }
    writer.finish().await?;
    Ok(())
}

pub(super) async fn lookups(
    client: &Client,
    sql: &Statement,
    taken: &[Lookup],
) -> Result<(), Fault> {
    let types =
        [Type::INT2, Type::TEXT, Type::BYTEA, Type::BYTEA, Type::UUID, Type::TEXT, Type::UUID];
    let sink = client.copy_in(sql).await?;
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
    for Lookup { bucket, token, owner, key, .. } in taken {
        let (index, value, owner) = (token.index.as_str(), &token.value[..], owner.as_slice());
        let (subject, kind, id) = (key.subject.as_uuid(), key.kind.as_str(), key.id.as_uuid());
        writer.as_mut().write(&[bucket, &index, &value, &owner, &subject, &kind, &id]).await?;
    }
    writer.finish().await?;
    Ok(())
}

pub(super) async fn leaves(
    client: &Client,
    sql: &Statement,
    leaves: &[Leaf],
    numbers: &[LeafId],
) -> Result<(), Fault> {
    let types =
        [Type::INT2, Type::INT8, Type::INT4, Type::UUID, Type::BOOL, Type::BYTEA, Type::BYTEA];
    let sink = client.copy_in(sql).await?;
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
    for (leaf, id) in leaves.iter().zip(numbers) {
        let (number, epoch) = (id.number.cast_signed(), id.epoch.cast_signed());
        let (subject, hash) = (leaf.subject.as_uuid(), &leaf.hash.as_bytes()[..]);
        let bytes = leaf.bytes.as_slice();
        writer
            .as_mut()
            .write(&[&leaf.bucket, &number, &epoch, &subject, &leaf.writes, &hash, &bytes])
            .await?;
    }
    writer.finish().await?;
    Ok(())
}
