//! Leaves and the changes they belong to: one transaction, or none.

use std::sync::atomic::Ordering;

use sha2::{Digest as _, Sha256};

use super::collect::FENCE;
use super::{Actor, Vault};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::SubjectId;
use crate::leaf::{Leaf, RowStamp};
use crate::name::Name;
use crate::ports::{Change, Committed, Expect, NewLeaf, RowDelete, RowWrite};
use crate::rng;
use crate::row::{Row, RowKey, state};

/// A change in the making. Rows enter it only together with the leaf that states them.
pub(super) struct Draft {
    change: Change,
}

impl Draft {
    pub(super) fn new(safe_sequence: u64) -> Self {
        Self { change: Change { safe_sequence, ..Change::default() } }
    }

    /// Adds a leaf with the rows of its subject that it writes and deletes.
    pub(super) fn record(&mut self, leaf: Leaf, writes: Vec<RowWrite>, deletes: &[Row]) {
        let gone = |row: &Row| RowDelete { key: row.key.clone(), version: row.version };
        self.record_gone(leaf, writes, deletes.iter().map(gone).collect());
    }

    /// [`Draft::record`] where the rows that go need not be at hand.
    pub(super) fn record_gone(
        &mut self,
        mut leaf: Leaf,
        writes: Vec<RowWrite>,
        deletes: Vec<RowDelete>,
    ) {
        // INVARIANT 5: a row and the leaf that states it enter the same change.
        leaf.rows.extend(writes.iter().map(|write| RowStamp {
            kind: write.row.key.kind.clone(),
            id: write.row.key.id,
            digest: Some(write.row.digest()),
        }));
        leaf.rows.extend(deletes.iter().map(|row| RowStamp {
            kind: row.key.kind.clone(),
            id: row.key.id,
            digest: None,
        }));
        self.change.leaves.push(NewLeaf {
            subject: leaf.subject,
            at: leaf.at,
            writes: !leaf.rows.is_empty(),
            bytes: leaf.encode(),
        });
        self.change.writes.extend(writes);
        self.change.deletes.extend(deletes);
    }

    /// Makes the change depend on a row that it does not write.
    pub(super) fn require(&mut self, key: RowKey, expect: Expect) {
        self.change.requires.push((key, expect));
    }

    /// Makes the change depend on [`Vault::key_fence`] as it was before its new keys were made.
    pub(super) fn under_fence(&mut self, fence: Expect) {
        self.require(FENCE.clone(), fence);
    }

    pub(super) fn change(&mut self) -> &mut Change {
        &mut self.change
    }

    pub(super) fn is_empty(&self) -> bool {
        self.change.leaves.is_empty()
    }
}

impl Vault {
    /// A leaf about something that happens now.
    pub(super) fn leaf(
        &self,
        at: Timestamp,
        actor: &Actor,
        action: &'static str,
        subject: SubjectId,
    ) -> Leaf {
        Leaf {
            at,
            actor: actor.id,
            action: Name::fixed(action),
            purpose: None,
            subject,
            details: Vec::new(),
            policy: self.digest,
            salt: rng::generate(self.ports.rng.as_ref()),
            rows: Vec::new(),
        }
    }

    /// Commits a draft, and signs a checkpoint if one is due. A checkpoint that fails then does not
    /// fail the call, whose change is durable: it fails the next one, before anything is written.
    pub(super) async fn commit(&self, draft: Draft) -> Result<Committed> {
        let leaves = draft.change.leaves.len() as u64;
        let at = draft.change.leaves.last().map_or(Timestamp::MIN, |leaf| leaf.at);
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.make_good().await?;
        // A process that runs under the policy before a changed one writes nothing any more.
        let change = Change { under: Some(self.policy.version), ..draft.change };
        let committed = self.ports.store.commit(change).await?;
        self.checkpoint_if_due(leaves, at).await;
        Ok(committed)
    }
}

/// A digest over a list of subjects, for a leaf that is about many.
pub(super) fn digest_of(subjects: impl Iterator<Item = SubjectId>) -> String {
    let mut hasher = Sha256::new();
    for subject in subjects {
        hasher.update(subject.as_bytes());
    }
    hex(&hasher.finalize())
}

/// Bytes as a leaf's detail shows them.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The write that follows this version of a row.
pub(super) fn next_version(row: Row) -> RowWrite {
    let expect = Expect::Version(row.version);
    RowWrite { row: Row { version: row.version.saturating_add(1), ..row }, expect }
}

/// A new row of the controller's: pending, without a time or a body.
pub(super) const fn own_row(key: RowKey) -> Row {
    Row {
        key,
        class: None,
        state: state::PENDING,
        held: false,
        anchor_at: None,
        due_at: None,
        version: 1,
        tokens: Vec::new(),
        body: Vec::new(),
    }
}
