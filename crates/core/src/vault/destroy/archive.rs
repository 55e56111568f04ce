//! A row on its way into the archive.

use std::collections::BTreeSet;

use super::super::login::next_version;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::name::Name;
use crate::ports::RowWrite;
use crate::row::{Row, state};
use crate::seal::Body;

/// The row as a law keeps it: only the items that it asks for, and found by nothing any more.
pub(in crate::vault) fn archived(
    row: Row,
    kept: &BTreeSet<Name>,
    closed_at: Option<Timestamp>,
) -> Result<RowWrite> {
    let mut body = Body::decode(&row.body)?;
    let others: Vec<_> = body.items().filter(|item| !kept.contains(*item)).cloned().collect();
    for item in &others {
        body.remove(item);
    }
    let anchor_at = row.anchor_at.or(closed_at);
    Ok(next_version(Row {
        state: state::ARCHIVED,
        anchor_at,
        tokens: Vec::new(),
        body: body.encode(),
        ..row
    }))
}
