//! What every store checks of a change before it looks at the database.
//!
//! The checks are here and not in the stores, so that no two stores disagree about them.

use std::collections::BTreeSet;

use crate::error::{Code, Kind, Result};
use crate::ports::store::{Change, Expect, OLDER_POLICY, PolicyMark};

/// What was asked of a store contradicts itself or the port's documentation; nothing was written.
pub static BAD_REQUEST: Code =
    Code::new("store.bad_request", Kind::Input, "what was asked of the store contradicts itself");

/// The longest log epoch that a store can number.
const MAX_EPOCH: u32 = 32_767;

impl Change {
    /// Whether the change can be understood at all. Stores call it first.
    ///
    /// # Errors
    /// [`BAD_REQUEST`], with the reason under `reason` and the row's subject under `subject`:
    /// - a row is written or deleted more than once;
    /// - the version of a written row is not the expected one plus 1, or not 1 for a new row;
    /// - rows, the policy or the epoch change without a leaf (invariant 5);
    /// - the epoch is below 2 or above 32,767.
    pub fn check(&self) -> Result<()> {
        let mut seen = BTreeSet::new();
        for write in &self.writes {
            let subject = write.row.key.subject;
            if !seen.insert(&write.row.key) {
                return Err(bad("row changed twice").with("subject", subject));
            }
            let next = match write.expect {
                Expect::Absent => Some(1),
                Expect::Version(version) => version.checked_add(1),
            };
            if next != Some(write.row.version) || i64::try_from(write.row.version).is_err() {
                return Err(bad("version does not follow").with("subject", subject));
            }
        }
        for delete in &self.deletes {
            if !seen.insert(&delete.key) {
                return Err(bad("row changed twice").with("subject", delete.key.subject));
            }
        }
        let changes = !seen.is_empty() || self.policy.is_some() || self.new_epoch.is_some();
        if changes && self.leaves.is_empty() {
            return Err(bad("change without a leaf"));
        }
        match self.new_epoch {
            Some(epoch) if !(2..=MAX_EPOCH).contains(&epoch) => Err(bad("epoch out of range")),
            _ => Ok(()),
        }
    }
}

/// Whether a change made under a version of the policy may still happen. Stores call it inside
/// the transaction.
///
/// # Errors
/// [`OLDER_POLICY`] if a later version is in force.
pub fn check_policy(in_force: Option<&PolicyMark>, under: Option<u64>) -> Result<()> {
    match (in_force, under) {
        (Some(mark), Some(under)) if mark.version > under => {
            Err(OLDER_POLICY.error().with("in_force", mark.version))
        }
        _ => Ok(()),
    }
}

fn bad(reason: &'static str) -> crate::error::Error {
    BAD_REQUEST.error().with("reason", reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::id::SubjectId;
    use crate::ports::leaf::NewLeaf;
    use crate::ports::store::{RowDelete, RowWrite};
    use crate::row::tests::sample;

    fn good() -> Change {
        Change {
            writes: vec![RowWrite { row: sample(), expect: Expect::Absent }],
            leaves: vec![NewLeaf {
                subject: SubjectId::CONTROLLER,
                at: Timestamp::from_micros(0),
                writes: true,
                bytes: vec![],
            }],
            ..Change::default()
        }
    }

    #[test]
    fn a_change_must_make_sense() {
        good().check().unwrap();
        Change::default().check().unwrap();
        let wrong: [fn(&mut Change); 8] = [
            |c| c.leaves.clear(),
            |c| c.writes.push(c.writes[0].clone()),
            |c| c.deletes.push(RowDelete { key: sample().key, version: 1 }),
            |c| c.writes[0].row.version = 2,
            |c| c.writes[0].expect = Expect::Version(1),
            |c| c.writes[0].expect = Expect::Version(u64::MAX),
            |c| c.new_epoch = Some(1),
            |c| c.new_epoch = Some(40_000),
        ];
        for (n, spoil) in wrong.into_iter().enumerate() {
            let mut change = good();
            spoil(&mut change);
            assert!(change.check().unwrap_err().is(&BAD_REQUEST), "case {n}");
        }
        let mut update = good();
        update.writes[0].expect = Expect::Version(4);
        update.writes[0].row.version = 5;
        update.check().unwrap();
    }
}
