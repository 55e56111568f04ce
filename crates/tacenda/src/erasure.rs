//! Erasure on request.

use tacenda_core::vault::{Actor, Destroyed, Vault};
use tacenda_core::{Result, SubjectId};
use tacenda_gdpr::erasure::{self, Erasure, ErasurePlan};

use crate::paying::erased_too;

/// Erasures of a [`crate::Tacenda`].
#[derive(Debug, Clone, Copy)]
pub struct Erasures<'a> {
    pub(crate) vault: &'a Vault,
}

impl Erasures<'_> {
    /// What an erasure would do. Changes nothing.
    ///
    /// # Errors
    /// As [`erasure::plan`].
    pub async fn plan(&self, subject: SubjectId) -> Result<ErasurePlan> {
        erasure::plan(self.vault, subject).await
    }

    /// Erases everything about a customer that no law keeps, and proves it. Who pays through a provider is
    /// to be deleted there too ([`crate::Payments::run_leaving`]).
    ///
    /// # Errors
    /// As [`erasure::erase`].
    pub async fn erase(&self, subject: SubjectId, actor: &Actor) -> Result<Erasure> {
        let erased = erasure::erase(self.vault, subject, actor).await?;
        erased_too(self.vault, subject, actor).await;
        Ok(erased)
    }

    /// Finishes erasures that were under way when a process stopped.
    ///
    /// # Errors
    /// As [`Vault::resume_destroys`].
    pub async fn resume(&self) -> Result<Vec<Destroyed>> {
        self.vault.resume_destroys().await
    }
}
