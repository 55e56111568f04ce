//! Going on with debits that nobody settled: a process stopped, or the provider was silent.

use tacenda_core::policy::records::DEBITS;
use tacenda_core::vault::{Actor, DueRecord, MODEL, RecordKey, Vault};
use tacenda_core::{Kind, Name, Result};

use super::debits::{VaultBook, change};
use super::entry::{PROCESSING, Stored, WRITTEN};
use super::kept;
use crate::events::Means;
use crate::ledger::{LEDGER_CONFLICT, State, resume};
use crate::provider::PaymentProvider;

const PAGE: usize = 64;

/// What became of debits that were open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resumed {
    /// Settled: the money came, was refused, or the customer has to be asked.
    pub settled: u64,
    /// Still open.
    pub open: u64,
    /// Not what the log states, or not what the provider speaks of: left for a person.
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
                    Ok(true) => resumed.settled += 1,
                    Ok(false) => resumed.open += 1,
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

/// Goes on with one debit; whether nothing is left to be done about it.
pub(super) async fn settle(
    vault: &Vault,
    provider: &dyn PaymentProvider,
    key: &RecordKey,
    actor: &Actor,
) -> Result<bool> {
    let Stored { entry, .. } = vault.consult_record(key, &[MODEL], Stored::of).await?;
    let is_settled =
        |state: &State| !matches!(state, State::Written { .. } | State::Processing { .. });
    match &entry.state {
        State::Written { .. } => {
            let book = VaultBook { vault, subject: key.subject, means: Means::Other, actor };
            let (entry, _) = resume(&book, provider, entry, vault.now()).await?;
            Ok(is_settled(&entry.state))
        }
        State::Processing { .. } => {
            let order = &entry.order;
            let Ok(found) = provider.list(&order.customer, &order.reference).await else {
                return Ok(false);
            };
            let kept = kept(vault);
            let mut settled = false;
            let decide = |opened: &tacenda_core::vault::OpenedRecord| {
                let Stored { entry, means } = Stored::of(opened)?;
                let entry = entry.shown(&found)?;
                settled = is_settled(&entry.state);
                let stored = Stored { entry, means }.only(kept);
                Ok((change(vault, &stored), stored.found_by()))
            };
            vault.change_indexed_record(key, &[MODEL], actor, decide).await?;
            Ok(settled)
        }
        _ => Ok(true),
    }
}
