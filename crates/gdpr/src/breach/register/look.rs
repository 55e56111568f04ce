//! Finding breaches: one by its number, those on which something is to be done; and reading one.

use tacenda_core::policy::records::BREACHES;
use tacenda_core::vault::{Actor, MODEL, RecordKey, Vault};
use tacenda_core::{Name, Result, Timestamp};

use super::super::state::Breach;
use super::file;
use super::id::BreachId;
use crate::case::watch;

const PAGE: usize = 256;
/// The states of open breaches.
const OPEN: [Name; 5] = [
    Name::fixed("suspected"),
    Name::fixed("aware"),
    Name::fixed("assessed"),
    Name::fixed("notified"),
    Name::fixed("told"),
];

/// An open breach, as the index has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Where it is.
    pub key: RecordKey,
    /// Its state.
    pub state: Name,
    /// When the next of its clocks ends; where none has hours, when it was raised.
    pub due_at: Timestamp,
}

/// The breach of this number, open or closed; `None` if there is none, or none any more. It opens nothing.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; the integrity codes; the codes of
/// the ports.
pub async fn find(vault: &Vault, id: BreachId, actor: &Actor) -> Result<Option<RecordKey>> {
    file::check_role(vault, actor)?;
    vault.find_record(&BREACHES, id.as_bytes()).await
}

/// Reads a breach: its history, whole.
///
/// # Errors
/// As [`Vault::read_record`].
pub async fn read(vault: &Vault, key: &RecordKey, purpose: &Name, actor: &Actor) -> Result<Breach> {
    file::of(&vault.read_record(key, &[MODEL], purpose, actor).await?)
}

/// The open breaches of which a clock ends until then, the earliest first; with [`Timestamp::MAX`] all
/// that are open. No record is opened; that they were shown is in the log, with how many.
///
/// # Errors
/// `case.no_role`, `policy.unknown_role`, `policy.role_without_records`; the codes of the ports.
pub async fn agenda(vault: &Vault, until: Timestamp, actor: &Actor) -> Result<Vec<Work>> {
    watch::check_role(vault, &BREACHES, actor)?;
    let mut found = Vec::new();
    for state in &OPEN {
        let mut last = None;
        loop {
            let page = vault.records_due(&BREACHES, state, until, last.as_ref(), PAGE).await?;
            found.extend(page.iter().map(|one| Work {
                key: one.key.clone(),
                state: state.clone(),
                due_at: one.due_at,
            }));
            last = page.last().cloned();
            if page.len() < PAGE {
                break;
            }
        }
    }
    found.sort_by_key(|one| (one.due_at, one.key.subject));
    vault.note_listing(&BREACHES, found.len(), actor).await?;
    Ok(found)
}
