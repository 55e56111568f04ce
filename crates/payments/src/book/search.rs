//! Finding payment problems by the last four of a card or account and by decline code (S14).

use tacenda_core::policy::records::{DEBITS, PAYMENT_EVENTS};
use tacenda_core::vault::{Actor, MODEL, RecordKey, Vault};
use tacenda_core::{Kind, Name, Result};

use super::entry::Stored;
use super::{DECLINE, LAST_FOUR, SEARCH, event};
use crate::events::Event;
use crate::ledger::Entry;
use crate::provider::DeclineCode;

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems {
    /// Debits that were declined, wait for the customer or are disputed.
    pub debits: Vec<(RecordKey, Entry)>,
    /// Events of problems.
    pub events: Vec<(RecordKey, Event)>,
    /// How many rows are not what the log states, and so are not shown.
    pub altered: u64,
}

/// Finds payment problems by the last four, the decline code, or both, for a purpose. The log says who
/// searched for what, by which indexes and never with which values, and who was shown which record.
///
/// # Law
/// Art. 5(1)(b) GDPR; S14: the last four digits serve to identify and analyse payment problems.
///
/// # Errors
/// [`SEARCH`] for a search by nothing or by anything but four letters or digits; those of
/// [`Vault::search_records`] and [`Vault::read_record`].
pub async fn search(
    vault: &Vault,
    last_four: Option<&str>,
    code: Option<&DeclineCode>,
    purpose: &Name,
    actor: &Actor,
) -> Result<Problems> {
    let formed = |text: &str| text.len() == 4 && text.bytes().all(|b| b.is_ascii_alphanumeric());
    let upper = last_four.map(str::to_ascii_uppercase);
    if !upper.as_deref().is_none_or(formed) || (upper.is_none() && code.is_none()) {
        return SEARCH.err();
    }
    let mut values: Vec<(Name, &str)> = Vec::new();
    values.extend(upper.as_deref().map(|last_four| (LAST_FOUR, last_four)));
    // EXPOSE: the code is hashed under the index key.
    values.extend(code.map(|code| (DECLINE, code.expose())));
    let mut problems = Problems::default();
    let debits = vault.search_records(&DEBITS, &values, purpose, actor).await?;
    let events = vault.search_records(&PAYMENT_EVENTS, &values, purpose, actor).await?;
    problems.altered = debits.altered.saturating_add(events.altered);
    for key in debits.keys {
        let opened = vault.read_record(&key, &[MODEL], purpose, actor).await;
        match opened.and_then(|opened| Stored::of(&opened)) {
            Ok(stored) => problems.debits.push((key, stored.entry)),
            Err(error) => problems.pass_over(error)?,
        }
    }
    for key in events.keys {
        let opened = vault.read_record(&key, &[MODEL], purpose, actor).await;
        match opened.and_then(|opened| event::of(&opened)) {
            Ok(event) => problems.events.push((key, event)),
            Err(error) => problems.pass_over(error)?,
        }
    }
    Ok(problems)
}

impl Problems {
    /// One that somebody altered, or that has just ended, keeps the others from nobody.
    fn pass_over(&mut self, error: tacenda_core::Error) -> Result<()> {
        match error.kind() {
            Kind::Integrity => self.altered = self.altered.saturating_add(1),
            Kind::NotFound => {}
            _ => return Err(error),
        }
        Ok(())
    }
}
