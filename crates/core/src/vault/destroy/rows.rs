//! The rows that a plan meets: which go, which a law keeps, which lose items.

use std::collections::BTreeSet;

use super::{ErasedClass, SubjectPlan, Vault};
use crate::error::Result;
use crate::name::Name;
use crate::ports::{Expect, RowWrite};
use crate::row::{Row, RowKey, state};
use crate::vault::keys::number_of;

/// The rows that a plan met.
#[derive(Default)]
pub(super) struct Found {
    pub(super) writes: Vec<RowWrite>,
    pub(super) deletes: Vec<Row>,
    /// Rows that nobody had planned for, with their keys.
    pub(super) late: Vec<ErasedClass>,
    /// Rows that stay as they are.
    pub(super) kept: Vec<(RowKey, Expect)>,
}

impl Vault {
    /// The rows of a subject that a plan rewrites and deletes: those that its keys seal, wherever
    /// they lie by now. With the account goes whatever was added to it after the plan was made.
    pub(super) fn meet(&self, plan: &SubjectPlan, rows: Vec<Row>) -> Result<Found> {
        let whole = plan.erases(self.policy.primary_class());
        let mut found = Found::default();
        for row in rows {
            let Some(class) = row.class.clone() else { continue };
            let (live, number) = (row.state == state::LIVE, number_of(&row));
            let archived = plan.archive.iter().find(|k| k.class == class && Some(k.key) == number);
            let reduced = plan.reduce.iter().find(|r| r.class == class && Some(r.key) == number);
            if erases(plan, &class, number, live) {
                found.deletes.push(row);
            } else if let Some(kept) = archived.filter(|_| live) {
                found.writes.push(self.archived(row, &kept.items, plan.closed_at)?);
            } else if let Some(reduced) = reduced.filter(|_| row.state == state::ARCHIVED) {
                found.writes.push(self.reduced(row, &reduced.items)?);
            } else if whole && live {
                let reason = plan.erase.first().map(|erased| erased.reason.clone());
                let reason = reason.unwrap_or(Name::fixed("request"));
                let keys = BTreeSet::from_iter(number);
                found.late.push(ErasedClass { class, reason, keys });
                found.deletes.push(row);
            } else {
                found.kept.push((row.key, Expect::Version(row.version)));
            }
        }
        Ok(found)
    }
}

/// Whether a plan takes the row that this key seals. A live row without items has none, and goes
/// with its class.
fn erases(plan: &SubjectPlan, class: &Name, number: Option<u16>, live: bool) -> bool {
    let mut of_class = plan.erase.iter().filter(|erased| erased.class == *class);
    match number {
        Some(number) => of_class.any(|erased| erased.keys.contains(&number)),
        None => live && of_class.next().is_some(),
    }
}
