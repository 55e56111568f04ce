//! Grants of staff: who may act in which role, with which certificate, until when.

use chrono::NaiveDate;
use tacenda_core::vault::{Actor, DueRecord, RecordKey, Vault};
use tacenda_core::{ActorId, Name, Result};
use tacenda_gdpr::case::Settled;
use tacenda_gdpr::staff::{self, Granted, Ground, Identity, Listed, Note, Offer, Work};

/// How many records are looked at in one page.
const PAGE: usize = 256;

/// Grants of a [`crate::Tacenda`]. They decide who may act where the policy says
/// `[staff] grants = "required"`.
#[derive(Debug, Clone, Copy)]
pub struct Staff<'a> {
    pub(crate) vault: &'a Vault,
}

impl Staff<'_> {
    /// Grants roles to a person, somebody new or somebody of whom a grant is kept. The first grant
    /// of all is given by [`Actor::system`].
    ///
    /// # Errors
    /// As [`staff::give`].
    pub async fn give(
        &self,
        person: Option<ActorId>,
        identity: &Identity,
        offer: &Offer,
        actor: &Actor,
    ) -> Result<Granted> {
        staff::give(self.vault, person, identity, offer, actor).await
    }

    /// Renews a grant, from now on.
    ///
    /// # Errors
    /// As [`staff::renew`].
    pub async fn renew(&self, key: &RecordKey, offer: &Offer, actor: &Actor) -> Result<()> {
        staff::renew(self.vault, key, offer, actor).await
    }

    /// Revokes every open grant of a person, from its next step on, in every process.
    ///
    /// # Errors
    /// As [`staff::revoke`].
    pub async fn revoke(
        &self,
        person: ActorId,
        ground: Ground,
        reason: &Note,
        actor: &Actor,
    ) -> Result<Vec<RecordKey>> {
        staff::revoke(self.vault, person, ground, reason, actor).await
    }

    /// The grants that a restore of rows brought back and that nobody has confirmed since. After a
    /// restore nobody has a grant, so that [`Actor::system`] asks.
    ///
    /// # Errors
    /// As [`staff::unconfirmed`].
    pub async fn unconfirmed(&self, actor: &Actor) -> Result<Vec<Work>> {
        staff::unconfirmed(self.vault, actor).await
    }

    /// Lets the grants of a person count again that a restore brought back. The first is confirmed by
    /// [`Actor::system`].
    ///
    /// # Errors
    /// As [`staff::confirm`].
    pub async fn confirm(&self, person: ActorId, actor: &Actor) -> Result<Vec<RecordKey>> {
        staff::confirm(self.vault, person, actor).await
    }

    /// Whether an actor may act in its role now: to be asked before a session begins, for instance.
    /// Every step asks it again.
    ///
    /// # Errors
    /// As [`Vault::check_grant`].
    pub async fn check(&self, actor: &Actor) -> Result<()> {
        self.vault.check_grant(actor).await
    }

    /// The grants that end by this day, the earliest first.
    ///
    /// # Errors
    /// As [`staff::agenda`].
    pub async fn agenda(&self, until: NaiveDate, actor: &Actor) -> Result<Vec<Work>> {
        staff::agenda(self.vault, until, actor).await
    }

    /// Reads the grants of a person for a purpose.
    ///
    /// # Errors
    /// As [`staff::grants_of`].
    pub async fn of(&self, person: ActorId, purpose: &str, actor: &Actor) -> Result<Vec<Listed>> {
        staff::grants_of(self.vault, person, &Name::parse(purpose)?, actor).await
    }

    /// Notes which grants have run out, so that their retention begins; how many.
    ///
    /// # Errors
    /// As [`staff::settle`].
    pub async fn settle(&self) -> Result<u64> {
        let (mut ended, mut after) = (0u64, None::<DueRecord>);
        loop {
            let Settled { ended: more, next } =
                staff::settle(self.vault, after.as_ref(), PAGE).await?;
            ended = ended.saturating_add(more as u64);
            after = next;
            if after.is_none() {
                return Ok(ended);
            }
        }
    }
}
