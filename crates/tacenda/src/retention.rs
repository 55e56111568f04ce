//! Retention: the plan of a sweep, and the sweep.

use tacenda_core::Result;
use tacenda_core::vault::{Actor, Vault};
use tacenda_gdpr::erasure::{Swept, sweep};
use tacenda_gdpr::retention::{RetentionPlan, plan};

/// Retention of a [`crate::Tacenda`].
#[derive(Debug, Clone, Copy)]
pub struct Retention<'a> {
    pub(crate) vault: &'a Vault,
}

impl Retention<'_> {
    /// What a sweep would erase now. Changes nothing.
    ///
    /// # Errors
    /// As [`plan`].
    pub async fn plan(&self) -> Result<RetentionPlan> {
        plan(self.vault).await
    }

    /// Erases what the policy no longer keeps; a large plan, or one under a doubtful clock, only
    /// if its digest is confirmed.
    ///
    /// # Errors
    /// As [`sweep`].
    pub async fn sweep(
        &self,
        confirmed: Option<[u8; 32]>,
        actor: &Actor,
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Swept> {
        sweep(self.vault, confirmed, actor, progress).await
    }
}
