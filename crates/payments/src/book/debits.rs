//! Debiting: the entry and its key are durable before the provider is called.

use async_trait::async_trait;
use tacenda_core::policy::records::DEBITS;
use tacenda_core::vault::codes::NO_SUCH_RECORD;
use tacenda_core::vault::{
    Actor, Effects, Entry as Said, MODEL, NewRecord, Numbered, RecordChange, RecordItems,
    RecordKey, Vault,
};
use tacenda_core::{Name, Result, SubjectId};

use super::entry::{Stored, ours, word};
use super::payers::method_of;
use super::{kept, may_ask};
use crate::events::Means;
use crate::ledger::{Book, Entry, LEDGER_CONFLICT, LEDGER_MISMATCH, Order, charge, resume};
use crate::provider::{Failure, Money, PaymentProvider, Reference};

/// What a customer is to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Our reference: one debit, however often it is asked for.
    pub reference: Reference,
    /// For what, as the policy names it.
    pub purpose: Name,
    /// With what: a method that is attached.
    pub method: Reference,
    /// How much.
    pub money: Money,
    /// Whether the customer is away.
    pub off_session: bool,
}

impl Ask {
    fn is(&self, order: &Order) -> bool {
        let Self { reference, purpose, method, money, off_session } = self;
        order.reference == *reference
            && order.purpose == *purpose
            && order.method == *method
            && order.money == *money
            && order.off_session == *off_session
    }
}

/// A debit, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debited {
    /// Where its record is.
    pub key: RecordKey,
    /// How it stands. One that is [`Written`](crate::ledger::State::Written) is to be asked for again.
    pub entry: Entry,
    /// Why the provider left it open.
    pub failure: Option<Failure>,
}

/// Debits a customer, or takes up a debit of the same reference where it stands.
///
/// # Properties
/// However often this is called for one reference, from however many processes, wherever one of them is
/// killed, and whatever becomes of the provider's answers: money is taken once.
///
/// # Law
/// Art. 5(1)(b), 28(3)(a) GDPR: a new debit is a disclosure to the provider, for a purpose that gives it
/// what the policy says that it is given.
///
/// # Errors
/// [`LEDGER_MISMATCH`] if the reference stands for another debit, or another's;
/// [`NO_METHOD`](super::NO_METHOD), [`LEAVING`](super::LEAVING), [`NO_PROVIDER`](super::NO_PROVIDER); those
/// of [`Vault::disclose`], [`Vault::add_record`] and [`Vault::change_record`]. After an error it may have been
/// written down: the same call again finds out. A failure of the provider is no error.
pub async fn debit(
    vault: &Vault,
    provider: &dyn PaymentProvider,
    subject: SubjectId,
    ask: &Ask,
    actor: &Actor,
) -> Result<Debited> {
    let mut book = VaultBook { vault, subject, means: Means::Other, actor };
    let (rng, now) = (vault.ports().rng.as_ref(), vault.now());
    let (entry, failure) = match book.find(&ask.reference).await? {
        Some(entry) if !ask.is(&entry.order) => return LEDGER_MISMATCH.err(),
        Some(entry) => resume(&book, provider, entry, now).await?,
        None => {
            may_ask(vault, subject, &ask.purpose, actor).await?;
            let (customer, method) = method_of(vault, subject, &ask.method).await?;
            book.means = method.means.clone().unwrap_or(Means::Other);
            let order = Order {
                reference: ask.reference.clone(),
                purpose: ask.purpose.clone(),
                customer,
                method: ask.method.clone(),
                setting: method.setting,
                money: ask.money,
                off_session: ask.off_session,
            };
            charge(&book, provider, order, rng, now).await?
        }
    };
    let key = book.key(&ask.reference).await?;
    let key = key.ok_or_else(|| NO_SUCH_RECORD.error().with("subject", subject))?;
    Ok(Debited { key, entry, failure })
}

/// Where the debit with our reference is kept, if there is one.
///
/// # Errors
/// Those of [`Vault::find_record`].
pub async fn debit_of(vault: &Vault, reference: &Reference) -> Result<Option<RecordKey>> {
    vault.find_record(&DEBITS, &ours(reference)).await
}

/// Reads a debit for a purpose: what was asked for, and what became of it.
///
/// # Errors
/// As [`Vault::read_record`].
pub async fn read_debit(
    vault: &Vault,
    key: &RecordKey,
    purpose: &Name,
    actor: &Actor,
) -> Result<Entry> {
    let opened = vault.read_record(key, &[MODEL], purpose, actor).await?;
    Ok(Stored::of(&opened)?.entry)
}

/// The debits of a subject, in the vault.
pub(super) struct VaultBook<'a> {
    pub(super) vault: &'a Vault,
    pub(super) subject: SubjectId,
    /// With what a new entry is paid.
    pub(super) means: Means,
    pub(super) actor: &'a Actor,
}

impl VaultBook<'_> {
    async fn key(&self, reference: &Reference) -> Result<Option<RecordKey>> {
        match debit_of(self.vault, reference).await? {
            // Whose else it is, nobody is told.
            Some(key) if key.subject != self.subject => LEDGER_MISMATCH.err(),
            found => Ok(found),
        }
    }

    async fn write(&self, entry: &Entry) -> Result<()> {
        let stored = Stored { entry: entry.clone(), means: self.means.clone() };
        let stored = stored.only(kept(self.vault));
        let new = NewRecord {
            subject: Some(self.subject),
            standing: stored.standing(self.vault.now()),
            items: RecordItems::default().with(MODEL, stored.encode()),
            entry: said("debit.written", entry),
            effects: Effects::default(),
        };
        let found_by = stored.found_by();
        match self.vault.add_indexed_record(&DEBITS, &found_by, new, self.actor).await? {
            Numbered::Added(_) => Ok(()),
            Numbered::There(_) => LEDGER_CONFLICT.err(),
        }
    }
}

#[async_trait]
impl Book for VaultBook<'_> {
    async fn put(&self, entry: &Entry) -> Result<()> {
        if entry.version == 1 {
            return self.write(entry).await;
        }
        let key = self.key(&entry.order.reference).await?;
        let Some(key) = key else { return LEDGER_CONFLICT.err() };
        let kept = kept(self.vault);
        let decide = |opened: &tacenda_core::vault::OpenedRecord| {
            let Stored { entry: before, means } = Stored::of(opened)?;
            if before.version.checked_add(1) != Some(entry.version) || before.order != entry.order {
                return LEDGER_CONFLICT.err();
            }
            let stored = Stored { entry: entry.clone(), means }.only(kept);
            Ok((change(self.vault, &stored), stored.found_by()))
        };
        self.vault.change_indexed_record(&key, &[MODEL], self.actor, decide).await.map(drop)
    }

    async fn find(&self, reference: &Reference) -> Result<Option<Entry>> {
        let Some(key) = self.key(reference).await? else { return Ok(None) };
        let stored = self.vault.consult_record(&key, &[MODEL], Stored::of).await?;
        Ok(Some(stored.entry))
    }
}

/// The change that puts an entry in the place of the one before.
pub(super) fn change(vault: &Vault, stored: &Stored) -> RecordChange {
    RecordChange {
        standing: stored.standing(vault.now()),
        set: RecordItems::default().with(MODEL, stored.encode()),
        remove: [].into(),
        entry: said("debit.changed", &stored.entry),
        effects: Effects::default(),
    }
}

fn said(action: &'static str, entry: &Entry) -> Said {
    Said::new(action).detail("state", word(&entry.state)).detail("for", &entry.order.purpose)
}
