//! The rows that a plan meets: which go, which a law keeps, which lose items.

use std::collections::BTreeSet;

use super::{ErasedClass, SubjectPlan, Vault};
use crate::error::Result;
use crate::name::Name;
use crate::ports::{Expect, RowDelete, RowWrite};
use crate::row::{Row, RowKey, state};
use crate::vault::Seen;
use crate::vault::keys::number_of;
use crate::vault::records::is_record;

/// The rows that a plan met.
#[derive(Default)]
pub(super) struct Found {
    pub(super) writes: Vec<RowWrite>,
    pub(super) deletes: Vec<RowDelete>,
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
            // A restriction that came after the intent came too late.
            let live = row.state == state::LIVE || row.state == state::RESTRICTED;
            let number = number_of(&row);
            let archived = plan.archive.iter().find(|k| k.class == class && Some(k.key) == number);
            let reduced = plan.reduce.iter().find(|r| r.class == class && Some(r.key) == number);
            if erases(plan, &class, number, live) {
                found.deletes.push(RowDelete { key: row.key, version: row.version });
            } else if is_record(&row) {
                // It has a period of its own, whatever becomes of the account.
            } else if let Some(kept) = archived.filter(|_| live) {
                found.writes.push(self.archived(row, &kept.items, plan.closed_at)?);
            } else if let Some(reduced) = reduced.filter(|_| row.state == state::ARCHIVED) {
                found.writes.push(self.reduced(row, &reduced.items)?);
            } else if whole && live {
                let reason = plan.erase.first().map(|erased| erased.reason.clone());
                let reason = reason.unwrap_or(Name::fixed("request"));
                let keys = BTreeSet::from_iter(number);
                found.late.push(ErasedClass { class, reason, keys });
                found.deletes.push(RowDelete { key: row.key, version: row.version });
            } else {
                found.kept.push((row.key, Expect::Version(row.version)));
            }
        }
        Ok(found)
    }

    /// What [`Vault::meet`] would find if nothing came since the plan was made, where that can be
    /// told without the rows: those that go, in the versions that were seen, and what the change has
    /// to require so that nothing came indeed. `None` if the plan has to see the rows themselves.
    pub(super) fn meet_as_seen(&self, plan: &SubjectPlan) -> Option<Found> {
        if plan.seen.is_empty() || !plan.archive.is_empty() || !plan.reduce.is_empty() {
            return None;
        }
        let whole = plan.erases(self.policy.primary_class());
        let mut found = Found::default();
        for Seen { row, version, class, key, live } in &plan.seen {
            if erases(plan, class, *key, *live) {
                found.deletes.push(RowDelete { key: row.clone(), version: *version });
            } else if whole && *live {
                return None;
            } else {
                found.kept.push((row.clone(), Expect::Version(*version)));
            }
        }
        Some(found)
    }

    /// The profile rows of a plan's subject that it has not met and that may not come meanwhile:
    /// nothing is added to an account that goes, and no class of it begins again. What was `found`
    /// without looking must not have been added to either.
    pub(super) fn not_met(&self, plan: &SubjectPlan, found: &Found, looked: bool) -> Vec<RowKey> {
        let whole = plan.erases(self.policy.primary_class());
        let written = found.writes.iter().map(|write| &write.row.key);
        let gone = found.deletes.iter().map(|row| &row.key);
        let kept = found.kept.iter().map(|(key, _)| key);
        let met: Vec<_> = written.chain(gone).chain(kept).collect();
        let classes = self.policy.classes.keys();
        let classes = classes.filter(|class| whole || !looked && plan.erases(class));
        let keys = classes.map(|class| self.profile_key(plan.subject, class));
        keys.filter(|key| !met.contains(&key)).collect()
    }
}

/// Whether a plan takes the row that this key seals. A live row without items has none, and goes
/// with its class.
pub(super) fn erases(plan: &SubjectPlan, class: &Name, number: Option<u16>, live: bool) -> bool {
    let mut of_class = plan.erase.iter().filter(|erased| erased.class == *class);
    match number {
        Some(number) => of_class.any(|erased| erased.keys.contains(&number)),
        None => live && of_class.next().is_some(),
    }
}
