//! Payments: means of payment, debits, events of the provider, invoices, and leaving the provider.

use std::sync::Arc;

use async_trait::async_trait;
use tacenda_core::clock::Span;
use tacenda_core::policy::records::PAYERS;
use tacenda_core::row::state;
use tacenda_core::vault::{Actor, RecordKey, Vault};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_payments::book::{
    self, Ask, Debited, Invoice, Leaving, Left, NO_PROVIDER, Payer, Problems, ProviderProcessor,
    Resumed, TakenIn,
};
use tacenda_payments::events::Event;
use tacenda_payments::ledger::Entry;
use tacenda_payments::provider::{DeclineCode, Method, PaymentProvider, Reference, Setting, Setup};

use crate::{Job, JobReport, Tacenda};

/// For how long one worker deletes customers at the provider.
const LEASE: Span = Span::seconds(300);
/// How many of them at once.
const BATCH: usize = 20;

/// Payments of a [`crate::Tacenda`] through a provider.
#[derive(Debug, Clone)]
pub struct Payments<'a> {
    pub(crate) vault: &'a Vault,
    pub(crate) provider: Arc<dyn PaymentProvider>,
}

impl Payments<'_> {
    /// Starts to set up a card or an account; the customer's browser goes on with the secret.
    ///
    /// # Errors
    /// As [`book::set_up`].
    pub async fn set_up(
        &self,
        subject: SubjectId,
        setting: Setting,
        purpose: &str,
        actor: &Actor,
    ) -> Result<Setup> {
        let purpose = Name::parse(purpose)?;
        book::set_up(self.vault, self.provider.as_ref(), subject, setting, &purpose, actor).await
    }

    /// Attaches a method that the browser made.
    ///
    /// # Errors
    /// As [`book::attach`].
    pub async fn attach(
        &self,
        subject: SubjectId,
        method: &Reference,
        setting: Setting,
        purpose: &str,
        actor: &Actor,
    ) -> Result<Method> {
        let (purpose, method) = (Name::parse(purpose)?, (method, setting));
        book::attach(self.vault, self.provider.as_ref(), subject, method, &purpose, actor).await
    }

    /// Detaches a method, which nobody can debit any more.
    ///
    /// # Errors
    /// As [`book::detach`].
    pub async fn detach(
        &self,
        subject: SubjectId,
        method: &Reference,
        actor: &Actor,
    ) -> Result<()> {
        book::detach(self.vault, self.provider.as_ref(), subject, method, actor).await
    }

    /// Reads for a purpose how a customer pays; `None` if nothing was set up.
    ///
    /// # Errors
    /// As [`book::read_payer`].
    pub async fn payer(
        &self,
        subject: SubjectId,
        purpose: &str,
        actor: &Actor,
    ) -> Result<Option<Payer>> {
        let purpose = Name::parse(purpose)?;
        match book::payer_of(self.vault, subject).await? {
            Some(key) => book::read_payer(self.vault, &key, &purpose, actor).await.map(Some),
            None => Ok(None),
        }
    }

    /// Debits a customer once, however often this is called for one reference.
    ///
    /// # Errors
    /// As [`book::debit`].
    pub async fn debit(&self, subject: SubjectId, ask: &Ask, actor: &Actor) -> Result<Debited> {
        book::debit(self.vault, self.provider.as_ref(), subject, ask, actor).await
    }

    /// Reads a debit for a purpose.
    ///
    /// # Errors
    /// As [`book::read_debit`].
    pub async fn read_debit(&self, key: &RecordKey, purpose: &str, actor: &Actor) -> Result<Entry> {
        book::read_debit(self.vault, key, &Name::parse(purpose)?, actor).await
    }

    /// Goes on with debits that nobody settled.
    ///
    /// # Errors
    /// As [`book::resume_due`].
    pub async fn resume(&self, actor: &Actor) -> Result<Resumed> {
        book::resume_due(self.vault, self.provider.as_ref(), actor).await
    }

    /// Takes in an event of the provider, once.
    ///
    /// # Errors
    /// As [`book::take_in`].
    pub async fn take_in(&self, event: &Event, actor: &Actor) -> Result<TakenIn> {
        book::take_in(self.vault, event, actor).await
    }

    /// Finds payment problems by the last four of a card or account, by decline code, or by both (S14).
    ///
    /// # Errors
    /// As [`book::search`].
    pub async fn search(
        &self,
        last_four: Option<&str>,
        code: Option<&DeclineCode>,
        purpose: &str,
        actor: &Actor,
    ) -> Result<Problems> {
        book::search(self.vault, last_four, code, &Name::parse(purpose)?, actor).await
    }

    /// Keeps an invoice as long as its law says.
    ///
    /// # Errors
    /// As [`book::issue`].
    pub async fn issue(
        &self,
        subject: SubjectId,
        invoice: &Invoice,
        actor: &Actor,
    ) -> Result<RecordKey> {
        book::issue(self.vault, subject, invoice, actor).await
    }

    /// Reads an invoice for a purpose.
    ///
    /// # Errors
    /// As [`book::read_invoice`].
    pub async fn read_invoice(
        &self,
        key: &RecordKey,
        purpose: &str,
        actor: &Actor,
    ) -> Result<Invoice> {
        book::read_invoice(self.vault, key, &Name::parse(purpose)?, actor).await
    }

    /// What an erasure means for payments: what is owed, and what stays, under which law, until when.
    ///
    /// # Errors
    /// As [`book::plan`].
    pub async fn plan(&self, subject: SubjectId) -> Result<Leaving> {
        book::plan(self.vault, subject).await
    }

    /// Ends what a customer pays by; [`Payments::run_leaving`] deletes them at the provider. An erasure
    /// does this too.
    ///
    /// # Errors
    /// As [`book::leave`].
    pub async fn leave(&self, subject: SubjectId, actor: &Actor) -> Result<bool> {
        book::leave(self.vault, subject, actor).await
    }

    /// Deletes at the provider whoever leaves, and whose account is gone.
    ///
    /// # Errors
    /// `payments.no_provider`; as [`book::leave_gone`] and [`book::run`].
    pub async fn run_leaving(&self, actor: &Actor) -> Result<Left> {
        let name = self.vault.policy().payments.provider.clone();
        let name = name.ok_or_else(|| NO_PROVIDER.error())?;
        book::leave_gone(self.vault, actor).await?;
        let processor = ProviderProcessor::new(name, self.provider.clone());
        let turn = (LEASE, BATCH);
        book::run(self.vault, self.provider.as_ref(), &processor, turn, actor).await
    }

    /// The job `payments`, to be added to [`crate::Jobs`]: settles debits and deletes whoever left, every ten
    /// minutes.
    #[must_use]
    pub fn job(&self) -> PaymentsJob {
        PaymentsJob(self.provider.clone())
    }
}

/// What payments need now and then.
#[derive(Debug, Clone)]
pub struct PaymentsJob(Arc<dyn PaymentProvider>);

#[async_trait]
impl Job for PaymentsJob {
    fn name(&self) -> Name {
        Name::fixed("payments")
    }

    fn every(&self) -> Span {
        Span::seconds(600)
    }

    async fn run(&self, t: &Tacenda, actor: &Actor) -> Result<JobReport> {
        let payments = t.payments(self.0.clone());
        let resumed = payments.resume(actor).await?;
        let left = payments.run_leaving(actor).await?;
        Ok(JobReport {
            done: resumed.settled.saturating_add(left.done),
            busy: resumed.open.saturating_add(left.pending),
            refused: resumed.refused.saturating_add(left.refused).saturating_add(left.manual),
            ..JobReport::default()
        })
    }
}

/// Whoever was erased leaves the provider. The erasure is done, so that nothing that fails here is an
/// error of it: [`book::leave_gone`] finds whoever was missed.
pub(crate) async fn erased_too(vault: &Vault, subject: SubjectId, actor: &Actor) {
    if vault.policy().record_rule(&PAYERS).is_some() && !has_account(vault, subject).await {
        let _ = book::leave(vault, subject, actor).await;
    }
}

/// Whether an account is still in use, or may be.
async fn has_account(vault: &Vault, subject: SubjectId) -> bool {
    let primary = vault.policy().primary_class();
    match vault.outline(subject).await {
        Ok(rows) => rows.iter().any(|row| row.class == *primary && row.state != state::ARCHIVED),
        Err(_) => true,
    }
}
