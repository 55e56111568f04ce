//! Taking in what the provider tells: each event once, and what it says of a debit.

use tacenda_core::policy::records::{DEBITS, PAYERS, PAYMENT_EVENTS};
use tacenda_core::vault::codes::NOT_FOUND;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, NewRecord, Numbered, OpenedRecord, RecordChange, RecordItems,
    RecordKey, Standing, Vault,
};
use tacenda_core::{Name, Result};

use super::debits::change;
use super::entry::{Stored, theirs};
use super::event::{self, found_by, is_kept, only, word};
use super::kept;
use super::payer::{of_customer, of_method};
use super::payers::alter;
use crate::events::{Event, What};
use crate::provider::Reference;

/// The state of an event of which the effect is not written yet.
const NEW: Name = Name::fixed("new");

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenIn {
    /// It became this row, and what it says was entered.
    Kept(RecordKey),
    /// It was taken in before.
    Again(RecordKey),
    /// It becomes no row; what it says of a debit was entered.
    Entered,
}

/// Takes in an event whose signature was verified
/// ([`Webhook::verify`](crate::stripe::Webhook::verify)). Payments that failed, cards that expire, mandates
/// that ended and disputes become rows, each once by the id of the event; a stop in between is made good
/// when the provider sends it again. Whose it is tells the debit, the customer or the method that it names, also
/// when the account is erased: then the row stands beside the debit that is kept, and nobody comes back. An event
/// about nobody who is known is kept under an id of its own.
///
/// # Errors
/// [`LEDGER_MISMATCH`](crate::ledger::LEDGER_MISMATCH) if the provider took another amount than was ordered:
/// the row is there then, and open; `vault.unknown_kind`; those of [`Vault::add_record`] and
/// [`Vault::change_record`].
pub async fn take_in(vault: &Vault, event: &Event, actor: &Actor) -> Result<TakenIn> {
    let event = only(event.clone(), kept(vault));
    if !is_kept(&event.what) {
        enter(vault, &event, actor).await?;
        return Ok(TakenIn::Entered);
    }
    let key = match write(vault, &event, actor).await? {
        Numbered::Added(key) => key,
        Numbered::There(key) => match vault.record(&key).await?.standing {
            Standing::Closed { .. } => return Ok(TakenIn::Again(key)),
            // Whoever took it in was stopped.
            Standing::Open { .. } => key,
        },
    };
    enter(vault, &event, actor).await?;
    let close = |_: &OpenedRecord| {
        Ok(RecordChange {
            standing: Standing::Closed { at: vault.now() },
            set: RecordItems::default(),
            remove: [].into(),
            entry: Entry::new("payment_event.entered").detail("event", word(&event.what)),
            effects: Effects::default(),
        })
    };
    vault.change_record(&key, &[], actor, close).await?;
    Ok(TakenIn::Kept(key))
}

async fn write(vault: &Vault, event: &Event, actor: &Actor) -> Result<Numbered> {
    let about = whose(vault, event).await?;
    let new = || NewRecord {
        subject: about.as_ref().map(|key| key.subject),
        standing: Standing::Open { state: NEW, due_at: Some(vault.now()) },
        items: RecordItems::default().with(MODEL, event::encode(event)),
        entry: Entry::new("payment_event.taken_in").detail("event", word(&event.what)),
        effects: Effects::default(),
    };
    let found_by = found_by(event);
    match vault.add_indexed_record(&PAYMENT_EVENTS, &found_by, new(), actor).await {
        // Of whom the log says nothing any more.
        Err(error) if error.is(&NOT_FOUND) => {
            let new = NewRecord { subject: None, ..new() };
            vault.add_indexed_record(&PAYMENT_EVENTS, &found_by, new, actor).await
        }
        added => added,
    }
}

/// The record that tells whose an event is: a debit, or a payer.
async fn whose(vault: &Vault, event: &Event) -> Result<Option<RecordKey>> {
    if let Some(key) = debit(vault, event).await? {
        return Ok(Some(key));
    }
    let (customer, method) = match &event.what {
        What::PaymentFailed(failed) => (failed.customer.as_ref(), None),
        What::CardExpiring(expiring) => (expiring.customer.as_ref(), Some(&expiring.method)),
        What::MandateInactive { method, .. } => (None, method.as_ref()),
        _ => (None, None),
    };
    for number in customer.map(of_customer).into_iter().chain(method.map(of_method)) {
        if let Some(key) = vault.find_record(&PAYERS, &number).await? {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// The debit that an event is about.
async fn debit(vault: &Vault, event: &Event) -> Result<Option<RecordKey>> {
    let named: [Option<&Reference>; 2] = match &event.what {
        What::PaymentSucceeded { debit, .. } | What::Refunded { debit, .. } => [Some(debit), None],
        What::PaymentFailed(failed) => [Some(&failed.debit), None],
        What::Dispute(dispute) => [dispute.debit.as_ref(), Some(&dispute.charge)],
        _ => [None, None],
    };
    for reference in named.into_iter().flatten() {
        if let Some(key) = vault.find_record(&DEBITS, &theirs(reference)).await? {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// Enters what an event says where it belongs; again, that changes nothing.
async fn enter(vault: &Vault, event: &Event, actor: &Actor) -> Result<()> {
    if let What::MandateInactive { method: Some(method), .. } = &event.what {
        let Some(key) = vault.find_record(&PAYERS, &of_method(method)).await? else {
            return Ok(());
        };
        let step = |mut payer: super::Payer| {
            let known = payer.methods.iter_mut().filter(|known| known.method == *method);
            known.for_each(|known| known.inactive = true);
            Ok(payer)
        };
        return alter(vault, &key, "payer.method_inactive", actor, step).await.map(drop);
    }
    let Some(key) = debit(vault, event).await? else { return Ok(()) };
    let before = vault.consult_record(&key, &[MODEL], Stored::of).await?;
    if before.entry.clone().heard(&event.what)? == before.entry {
        return Ok(());
    }
    let kept = kept(vault);
    let decide = |opened: &OpenedRecord| {
        let Stored { entry, means } = Stored::of(opened)?;
        let stored = Stored { entry: entry.heard(&event.what)?, means }.only(kept);
        Ok((change(vault, &stored), stored.found_by()))
    };
    vault.change_indexed_record(&key, &[MODEL], actor, decide).await.map(drop)
}
