//! Embeddable compliance and privacy: one `privacy.toml` is enforced, recorded and published.
//!
//! [`Tacenda::builder`] wires a policy, a store, a safe and a master key together; the rooms are
//! methods of [`Tacenda`]: [`Tacenda::breaches`], [`Tacenda::customers`], [`Tacenda::erasure`], [`Tacenda::holds`],
//! [`Tacenda::requests`], [`Tacenda::restrictions`], [`Tacenda::retention`],
//! [`Tacenda::consents`], [`Tacenda::objections`], [`Tacenda::notices`], [`Tacenda::staff`],
//! [`Tacenda::payments`],
//! [`Tacenda::log`], [`Tacenda::jobs`]. Everything is async and needs no runtime: [`block_on`] runs any of it on the
//! thread you have.
//!
//! This crate wires and converts; the rules are in the crates below it. It alone reads the
//! system's clock and randomness (`SystemClock`, `SystemRng`, with the feature `system`).
#![forbid(unsafe_code)]

mod breaches;
mod builder;
mod choices;
mod customers;
mod erasure;
mod holds;
pub mod import;
pub mod jobs;
mod keys;
mod log;
mod outbox;
mod paying;
mod requests;
mod restrictions;
mod retention;
mod staff;
#[cfg(feature = "system")]
mod system;
#[cfg(feature = "tracing")]
pub mod trace;
mod workers;
mod zone;

use std::sync::Arc;

pub use breaches::Breaches;
pub use builder::{Builder, CODES, NO_POLICY, NO_SYSTEM, POLICY_INVALID, POLICY_UNREADABLE};
pub use choices::{Consents, Notices, Objections};
pub use customers::Customers;
pub use erasure::Erasures;
pub use holds::Holds;
pub use jobs::{Job, JobReport, Jobs, JobsRun, Ran};
pub use keys::{MASTER_KEY_VARIABLE, MasterKeySource, NO_KEY, OPEN_TO_OTHERS};
pub use log::{Log, VerifiedReceipt, verify_continuation, verify_receipt};
pub use outbox::Outbox;
pub use paying::{Payments, PaymentsJob};
pub use pollster::block_on;
pub use requests::Requests;
pub use restrictions::Restrictions;
pub use retention::Retention;
pub use staff::Staff;
#[cfg(feature = "system")]
pub use system::{SystemClock, SystemRng};
pub use workers::PasswordThreads;
pub use zone::zone;

pub use tacenda_core as core;
pub use tacenda_core::policy::Policy;
pub use tacenda_core::vault::{
    Actor, Amendment, Collected, Fingerprint, ItemValue, JobState, Kept, Login, NewPassword,
    OnRestore, PasswordCounts, Pruned, Receipt, Recovery, RegisterRequest, Registered,
    RestrictedUse, View, ViewPage,
};
pub use tacenda_core::{
    ActorId, Clock, Code, Error, Kind, Name, Result, Retry, RowId, SubjectId, Timestamp,
};
pub use tacenda_gdpr as gdpr;
pub use tacenda_notify as notify;
pub use tacenda_payments as payments;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use tacenda_store as store;

use tacenda_core::vault::Vault;

/// An open customer store under a policy. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct Tacenda {
    vault: Arc<Vault>,
    recovery: Recovery,
}

impl Tacenda {
    /// Begins to wire one together.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        self.vault.policy()
    }

    /// Customers: register, log in, read for a purpose, amend, close.
    #[must_use]
    pub fn customers(&self) -> Customers<'_> {
        Customers { vault: &self.vault }
    }

    /// Erasure on request (Art. 17 GDPR).
    #[must_use]
    pub fn erasure(&self) -> Erasures<'_> {
        Erasures { vault: &self.vault }
    }

    /// Requests of data subjects (Art. 12, 15 to 22 and 7(3) GDPR), by the working days of the
    /// controller's country.
    ///
    /// # Errors
    /// `calendar.region_unknown` for a country without a table of holidays:
    /// [`tacenda_gdpr::requests`] takes any [`tacenda_core::calendar::WorkingDays`].
    pub fn requests(&self) -> Result<Requests<'_>> {
        Requests::new(&self.vault)
    }

    /// Legal holds (Art. 17(3) GDPR); a release reckons days by the working days of the controller's
    /// country.
    ///
    /// # Errors
    /// As [`Tacenda::requests`].
    pub fn holds(&self) -> Result<Holds<'_>> {
        Holds::new(&self.vault)
    }

    /// Breaches (Art. 33 and 34 GDPR): the register, whom each affects, and how they are told; letting an
    /// address go reckons days as [`Tacenda::holds`] does.
    ///
    /// # Errors
    /// As [`Tacenda::requests`].
    pub fn breaches(&self) -> Result<Breaches<'_>> {
        Breaches::new(&self.vault)
    }

    /// Restriction of processing (Art. 18 GDPR); a lifting reckons days as [`Tacenda::holds`] does.
    ///
    /// # Errors
    /// As [`Tacenda::requests`].
    pub fn restrictions(&self) -> Result<Restrictions<'_>> {
        Restrictions::new(&self.vault)
    }

    /// Consents (Art. 7 GDPR), and their withdrawal.
    #[must_use]
    pub fn consents(&self) -> Consents<'_> {
        Consents { vault: &self.vault }
    }

    /// Objections (Art. 21 GDPR), and what is decided of them.
    #[must_use]
    pub fn objections(&self) -> Objections<'_> {
        Objections { vault: &self.vault }
    }

    /// What a person has chosen, to be shown to them.
    ///
    /// # Errors
    /// As [`tacenda_gdpr::choices::of`].
    pub async fn choices_of(
        &self,
        subject: SubjectId,
        actor: &Actor,
    ) -> Result<gdpr::choices::Choices> {
        gdpr::choices::of(&self.vault, subject, actor).await
    }

    /// Which notice each person was told of (Art. 13(3) GDPR).
    #[must_use]
    pub fn notices(&self) -> Notices<'_> {
        Notices { vault: &self.vault }
    }

    /// Grants of staff (Art. 32(4) GDPR): given for a year at most, renewed, revoked.
    #[must_use]
    pub fn staff(&self) -> Staff<'_> {
        Staff { vault: &self.vault }
    }

    /// Retention (Art. 5(1)(e) GDPR): the plan of a sweep, and the sweep.
    #[must_use]
    pub fn retention(&self) -> Retention<'_> {
        Retention { vault: &self.vault }
    }

    /// Messages to people, from the change that causes one until it is sent.
    #[must_use]
    pub fn outbox(&self) -> Outbox<'_> {
        Outbox { vault: &self.vault }
    }

    /// Payments through a provider: means of payment, debits, events, invoices, and leaving it.
    #[must_use]
    pub fn payments(&self, provider: Arc<dyn payments::PaymentProvider>) -> Payments<'_> {
        Payments { vault: &self.vault, provider }
    }

    /// The log: checkpoints, receipts, public keys, audit, and the pruning of old entries.
    #[must_use]
    pub fn log(&self) -> Log<'_> {
        Log { vault: &self.vault }
    }

    /// Jobs: sweep, pruning, wrapping of passwords and the like, shared by as many processes as
    /// there are.
    pub fn jobs(&self) -> jobs::Jobs<'_> {
        jobs::Jobs::new(self)
    }

    /// What opening had to repair after a restore, and whose items could not follow a policy that
    /// changed.
    #[must_use]
    pub const fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// Whose records a restore of rows has lost, and of which kind, as far as the safe tells it: each is
    /// something that somebody said, and is to be found out and entered anew.
    ///
    /// # Errors
    /// As [`Vault::lost_records`].
    pub async fn lost_records(&self) -> Result<Vec<tacenda_core::vault::RecordKey>> {
        let (mut lost, mut after) = (Vec::new(), None);
        loop {
            let page = self.vault.lost_records(after.as_ref(), 1000).await?;
            lost.extend(page.records);
            after = page.next;
            if after.is_none() {
                return Ok(lost);
            }
        }
    }

    /// Wraps everything in the safe under the master key that this was opened with, after the
    /// former one was given to [`Builder::former_master_key`]. Resumes where a killed call stopped.
    ///
    /// # Errors
    /// `keys.wrong_master_key`, and the codes of the stores.
    pub async fn rotate_master_key(&self) -> Result<u64> {
        self.vault.rotate_master_key().await
    }

    /// Takes keys that seal nothing out of the safe: what killed registrations and amendments, and
    /// a policy that moved items, left there. For a job that runs now and then, after
    /// [`Log::audit`].
    ///
    /// # Errors
    /// As [`Vault::collect_keys`].
    pub async fn collect_keys(&self, actor: &Actor) -> Result<Collected> {
        self.vault.collect_keys(actor).await
    }

    /// Signs a last checkpoint and closes store and safe in good order. A process that is killed
    /// instead loses nothing.
    ///
    /// # Errors
    /// The codes of the stores.
    pub async fn close(self) -> Result<()> {
        self.vault.ports().store.settle().await?;
        self.vault.checkpoint().await?;
        self.vault.ports().store.close().await?;
        self.vault.ports().keyring.close().await
    }

    /// The vault itself, for rooms that this facade does not show.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }
}
