//! The rows that a plan meets: which go, which a law keeps.

use super::{ErasedClass, SubjectPlan, Vault, archived};
use crate::error::Result;
use crate::name::Name;
use crate::ports::{KeyId, KeyState, RowWrite};
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
    /// With the account go its keys that seal no row any more: a backup may still hold what one
    /// sealed before its items moved to another class.
    pub(super) async fn spare_keys(
        &self,
        plan: &SubjectPlan,
        known: &[(KeyId, KeyState)],
    ) -> Result<Vec<KeyId>> {
        let planned = |class: &Name| {
            plan.erases(class) || plan.archive.iter().any(|kept| kept.class == *class)
        };
        let live = known.iter().filter(|(_, state)| matches!(state, KeyState::Live(_)));
        let mut spare: Vec<_> =
            live.map(|(key, _)| key.clone()).filter(|key| !planned(&key.class)).collect();
        if spare.is_empty() || !plan.erases(self.policy.primary_class()) {
            return Ok(Vec::new());
        }
        for holding in self.ports.store.holdings(&[plan.subject], 0).await? {
            let sealed =
                |key: &KeyId| holding.rows.iter().any(|row| row.class.as_ref() == Some(&key.class));
            spare.retain(|key| !sealed(key));
        }
        Ok(spare)
    }

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
