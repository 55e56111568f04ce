//! The whole store held against the whole log.

use std::collections::BTreeMap;

use super::Vault;
use super::codes::{ALTERED_ROW, FORKED, MISSING_ROW};
use crate::error::Result;
use crate::id::RowId;
use crate::id::SubjectId;
use crate::leaf::Leaf;
use crate::log::{self, Frontier};
use crate::name::Name;
use crate::ports::Scan;

/// What an audit went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Audit {
    /// Leaves whose hashes make up the tree, over all epochs.
    pub leaves: u64,
    /// Rows that are the ones their last leaf states.
    pub rows: u64,
}

const PAGE: usize = 1024;

impl Vault {
    /// Recomputes the tree of every epoch from its leaves, checks it against the head and the last
    /// checkpoint, and compares every row with the last leaf that wrote it.
    ///
    /// Needs memory for a digest per row; it is for a safe moment, not for every request.
    ///
    /// # Errors
    /// `log.forked`, `vault.altered_row`, `vault.missing_row`; the codes of the store.
    pub async fn audit(&self) -> Result<Audit> {
        let Some(status) = self.ports.store.status().await? else { return Ok(Audit::default()) };
        let mut audit = Audit::default();
        let mut stated: BTreeMap<(SubjectId, Name, RowId), [u8; 32]> = BTreeMap::new();
        for epoch in 1..=status.head.epoch {
            let mut tree = Frontier::default();
            let end = if epoch == status.head.epoch { status.head.size } else { u64::MAX };
            loop {
                let to = tree.size().saturating_add(PAGE as u64).min(end);
                let leaves = self.ports.store.leaves(epoch, tree.size(), to).await?;
                if leaves.is_empty() {
                    break;
                }
                for stored in leaves {
                    if let Some(bytes) = &stored.bytes {
                        if *log::leaf_hash(bytes).as_bytes() != stored.hash {
                            return FORKED.err();
                        }
                        take(&mut stated, Leaf::decode(bytes)?);
                    }
                    tree.append(stored.hash.into(), |_| {});
                    audit.leaves += 1;
                }
            }
            if epoch == status.head.epoch
                && (tree.size() != status.head.size || *tree.root().as_bytes() != status.head.root)
            {
                return FORKED.err();
            }
        }
        self.continues(status.head).await?;
        audit.rows = self.compare(&mut stated).await?;
        match stated.into_keys().next() {
            Some((subject, kind, _)) => {
                Err(MISSING_ROW.error().with("subject", subject).with("kind", kind))
            }
            None => Ok(audit),
        }
    }

    async fn compare(
        &self,
        stated: &mut BTreeMap<(SubjectId, Name, RowId), [u8; 32]>,
    ) -> Result<u64> {
        let (mut rows, mut cursor) = (0, None);
        loop {
            let scan = Scan::All { kind: None };
            let page = self.ports.store.scan(&scan, cursor.as_ref(), PAGE).await?;
            for row in page.rows {
                let key = (row.key.subject, row.key.kind.clone(), row.key.id);
                if stated.remove(&key) != Some(row.digest()) {
                    let error = ALTERED_ROW.error().with("subject", key.0);
                    return Err(error.with("kind", key.1));
                }
                rows += 1;
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(rows);
            }
        }
    }
}

fn take(stated: &mut BTreeMap<(SubjectId, Name, RowId), [u8; 32]>, leaf: Leaf) {
    for row in leaf.rows {
        let key = (leaf.subject, row.kind, row.id);
        match row.digest {
            Some(digest) => stated.insert(key, digest),
            None => stated.remove(&key),
        };
    }
}
