//! The rows that a plan meets: which go, which a law keeps.

use std::collections::BTreeSet;

use super::{ErasedClass, SubjectPlan, Vault, next_version};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::name::Name;
use crate::ports::{KeyId, RowWrite};
use crate::row::{Row, RowKey, state};
use crate::seal::Body;

/// The rows that a plan met.
#[derive(Default)]
pub(super) struct Found {
    pub(super) writes: Vec<RowWrite>,
    pub(super) deletes: Vec<Row>,
    /// Classes that nobody had planned for, with the keys of their rows.
    pub(super) late: Vec<(ErasedClass, KeyId)>,
    /// Rows that stay as they are.
    pub(super) kept: Vec<RowKey>,
}

impl Vault {
    /// The rows of a subject that a plan rewrites and deletes. With the account goes whatever was
    /// added to it after the plan was made.
    pub(super) fn meet(&self, plan: &SubjectPlan, rows: Vec<Row>) -> Result<Found> {
        let whole = plan.erases(self.policy.primary_class());
        let mut found = Found::default();
        for row in rows {
            let Some(class) = row.class.clone() else { continue };
            let live = row.state == state::LIVE;
            if plan.erases(&class) {
                found.deletes.push(row);
            } else if let Some(kept) = plan.archive.iter().find(|kept| kept.class == class) {
                if live {
                    found.writes.push(archived(row, &kept.items, plan.closed_at)?);
                } else {
                    found.kept.push(row.key);
                }
            } else if whole && live {
                let number = Body::decode(&row.body)?.key_number().unwrap_or(0);
                let key = KeyId { number, ..KeyId::first(plan.subject, class.clone()) };
                let reason = plan.erase.first().map(|erased| erased.reason.clone());
                let reason = reason.unwrap_or(Name::fixed("request"));
                found.late.push((ErasedClass { class, reason }, key));
                found.deletes.push(row);
            } else {
                found.kept.push(row.key);
            }
        }
        Ok(found)
    }
}

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
