//! Going on with debits that nobody settled: a process stopped, or the provider was silent.

use tacenda_core::policy::records::DEBITS;
use tacenda_core::vault::{Actor, DueRecord, MODEL, OpenedRecord, RecordKey, Vault};
use tacenda_core::{Kind, Name, Result};

use super::debits::{VaultBook, change};
use super::entry::{PROCESSING, Stored, WRITTEN};
use super::kept;
use crate::events::Means;
use crate::ledger::{Book as _, Entry, LEDGER_CONFLICT, State, resume};
use crate::provider::{Failure, PaymentProvider};

const PAGE: usize = 64;

/// What became of debits that were open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resumed {
    /// Settled: the money came, was refused, or the customer has to be asked.
    pub settled: u64,
    /// Still open.
    pub open: u64,
    /// Refused by the provider, not what the log states, or not what the provider speaks of: left for a
    /// person.
    pub refused: u64,
}

/// Takes up every debit that is due: one that was written down and not settled is asked for again under its
/// key, and of one that is under way the provider is asked what became of it. To be called now and then,
/// by as many processes as there are.
///
/// # Errors
/// The codes of the ports. One debit stops no other.
pub async fn resume_due(
    vault: &Vault,
    provider: &dyn PaymentProvider,
    actor: &Actor,
) -> Result<Resumed> {
    let mut resumed = Resumed::default();
    for state in [WRITTEN, PROCESSING] {
        let mut after: Option<DueRecord> = None;
        loop {
            let page = due(vault, &state, after.as_ref()).await?;
            for one in &page {
                match settle(vault, provider, &one.key, actor).await {
                    Ok(Settling::Settled) => resumed.settled += 1,
                    Ok(Settling::UnderWay | Settling::Open) => resumed.open += 1,
                    Ok(Settling::Refused(..)) => resumed.refused += 1,
                    Err(error) if error.is(&LEDGER_CONFLICT) => resumed.open += 1,
                    Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                    Err(_) => resumed.refused += 1,
                }
            }
            after = page.last().cloned();
            if page.len() < PAGE {
                break;
            }
        }
    }
    Ok(resumed)
}

async fn due(vault: &Vault, state: &Name, after: Option<&DueRecord>) -> Result<Vec<DueRecord>> {
    vault.records_due(&DEBITS, state, vault.now(), after, PAGE).await
}

/// How a debit stands that was gone on with.
pub(super) enum Settling {
    /// Nothing is left to be done about it.
    Settled,
    /// It is at the provider, and takes its time.
    UnderWay,
    /// It is to be asked for again.
    Open,
    /// The provider will never make it; as it stands.
    Refused(Box<Entry>, Failure),
}

/// Goes on with one debit.
pub(super) async fn settle(
    vault: &Vault,
    provider: &dyn PaymentProvider,
    key: &RecordKey,
    actor: &Actor,
) -> Result<Settling> {
    let Stored { entry, .. } = vault.consult_record(key, &[MODEL], Stored::of).await?;
    match &entry.state {
        State::Written { .. } => {
            let book = VaultBook { vault, subject: key.subject, means: Means::Other, actor };
            let (entry, failure) = resume(&book, provider, entry, vault.now()).await?;
            Ok(match failure {
                Some(failure @ (Failure::NotFound | Failure::Refused)) => {
                    Settling::Refused(Box::new(entry), failure)
                }
                _ => of(&entry.state),
            })
        }
        State::Processing { .. } => look(vault, provider, key, &entry, actor).await,
        _ => Ok(Settling::Settled),
    }
}

/// Gives up a debit that the provider refused, once its list shows that none was made: the one that was
/// made after all is taken in. While the provider shows no list the debit stays as it is.
pub(super) async fn abandon(
    vault: &Vault,
    provider: &dyn PaymentProvider,
    (key, entry): (&RecordKey, Entry),
    failure: &Failure,
    actor: &Actor,
) -> Result<Entry> {
    let order = &entry.order;
    let Ok(found) = provider.list(&order.customer, &order.reference).await else {
        return Ok(entry);
    };
    let entry = entry.abandon(failure, &found)?;
    let book = VaultBook { vault, subject: key.subject, means: Means::Other, actor };
    book.put(&entry).await?;
    Ok(entry)
}

/// Asks the provider what became of a debit that was under way.
async fn look(
    vault: &Vault,
    provider: &dyn PaymentProvider,
    key: &RecordKey,
    entry: &Entry,
    actor: &Actor,
) -> Result<Settling> {
    let order = &entry.order;
    let Ok(found) = provider.list(&order.customer, &order.reference).await else {
        return Ok(Settling::UnderWay);
    };
    let kept = kept(vault);
    let mut settling = Settling::UnderWay;
    let decide = |opened: &OpenedRecord| {
        let Stored { entry, means } = Stored::of(opened)?;
        let entry = entry.shown(&found)?;
        settling = of(&entry.state);
        let stored = Stored { entry, means }.only(kept);
        Ok((change(vault, &stored), stored.found_by()))
    };
    vault.change_indexed_record(key, &[MODEL], actor, decide).await?;
    Ok(settling)
}

const fn of(state: &State) -> Settling {
    match state {
        State::Written { .. } => Settling::Open,
        State::Processing { .. } => Settling::UnderWay,
        _ => Settling::Settled,
    }
}
