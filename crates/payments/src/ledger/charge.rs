//! Debits an order once, whatever fails in between.

use tacenda_core::clock::Timestamp;
use tacenda_core::error::Result;
use tacenda_core::rng::Rng;

use super::{Book, Entry, LEDGER_MISMATCH, Next, Order, State};
use crate::provider::{Failure, PaymentProvider};

/// Writes down an order with its key, calls the provider, and writes down what it answered. An order
/// whose entry exists is taken up where it stands.
///
/// # Properties
/// However often this is called for one order, from however many processes, and wherever one of them is
/// killed: money is taken once. An entry that is [`Written`](State::Written) afterwards is to be
/// taken up again later.
///
/// # Errors
/// [`LEDGER_MISMATCH`] if the reference stands for another order; errors of the [`Book`]. A failure of
/// the provider is no error: the entry says how the debit stands.
pub async fn charge(
    book: &dyn Book,
    provider: &dyn PaymentProvider,
    order: Order,
    rng: &dyn Rng,
    now: Timestamp,
) -> Result<(Entry, Option<Failure>)> {
    let entry = match book.find(&order.reference).await? {
        Some(entry) if entry.order == order => entry,
        Some(_) => return LEDGER_MISMATCH.err(),
        None => {
            let entry = Entry::write(order, rng, now);
            book.put(&entry).await?;
            entry
        }
    };
    resume(book, provider, entry, now).await
}

/// Takes up an entry where it stands; the failure is that of the provider, if it left the entry open.
///
/// # Errors
/// Those of [`charge`].
pub async fn resume(
    book: &dyn Book,
    provider: &dyn PaymentProvider,
    mut entry: Entry,
    now: Timestamp,
) -> Result<(Entry, Option<Failure>)> {
    if entry.next(now) == Next::Look {
        let order = &entry.order;
        let found = match provider.list(&order.customer, &order.reference).await {
            Ok(found) => found,
            Err(failure) => return Ok((entry, Some(failure))),
        };
        entry = entry.looked(&found, now)?;
        book.put(&entry).await?;
    }
    let State::Written { key, .. } = &entry.state else { return Ok((entry, None)) };
    let answer = provider.debit(&entry.order.request(key)).await;
    let before = entry.version;
    let entry = entry.answered(&answer)?;
    if entry.version != before {
        book.put(&entry).await?;
    }
    let open = matches!(entry.state, State::Written { .. });
    Ok((entry, answer.err().filter(|_| open)))
}
