//! What a store holds of many subjects at once.

use super::leaf::StoredLeaf;
use super::store::{Scan, Store};
use crate::error::Result;
use crate::id::SubjectId;
use crate::row::Row;

/// How many rows one page of a scan has here.
const PAGE: usize = 256;

/// What a store holds of a subject.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holding {
    /// All of its rows, by kind and id.
    pub rows: Vec<Row>,
    /// Its latest leaves that wrote rows, latest first.
    pub leaves: Vec<StoredLeaf>,
}

/// Asks one subject after the other: for stores that have no better way.
pub(super) async fn one_by_one<S: Store + ?Sized>(
    store: &S,
    subjects: &[SubjectId],
    leaves: usize,
) -> Result<Vec<Holding>> {
    let mut holdings = Vec::with_capacity(subjects.len());
    for subject in subjects {
        let (mut holding, mut cursor) = (Holding::default(), None);
        loop {
            let page = store.scan(&Scan::Subject(*subject), cursor.as_ref(), PAGE).await?;
            holding.rows.extend(page.rows);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        if leaves > 0 {
            holding.leaves = store.leaves_of(*subject, true, None, leaves).await?;
        }
        holdings.push(holding);
    }
    Ok(holdings)
}
