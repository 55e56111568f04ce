//! Noting that grants have run out, so that their retention begins.

use tacenda_core::policy::records::{GRANTED, GRANTS, UNCONFIRMED};
use tacenda_core::vault::{Actor, DueRecord, Entry, MODEL, OpenedRecord, RecordKey, Vault};
use tacenda_core::{Kind, Result};

use super::codes::WRONG_STEP;
use super::file;
use crate::case::settle::Settled;
use crate::case::watch;
use crate::case::who::stamp;

/// Looks at a page of the grants whose last day is over, from behind one of an earlier page on, and
/// notes it. To be run now and then; they count for nothing before it already.
///
/// # Properties
/// Its cost grows with what has run out, not with what is kept.
///
/// # Errors
/// The codes of the ports. A record that was altered is passed over.
pub async fn settle(vault: &Vault, after: Option<&DueRecord>, limit: usize) -> Result<Settled> {
    let limit = limit.max(1);
    let page = vault.records_due(&GRANTS, &GRANTED, vault.now(), after, limit).await?;
    let next = if page.len() < limit { None } else { page.last().cloned() };
    // Those that were never confirmed after a restore end likewise.
    let unconfirmed = match after {
        None => vault.records_due(&GRANTS, &UNCONFIRMED, vault.now(), None, limit).await?,
        Some(_) => Vec::new(),
    };
    let mut ended = 0usize;
    for due in page.into_iter().chain(unconfirmed) {
        match run_out(vault, &due.key).await {
            Ok(true) => ended = ended.saturating_add(1),
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            Ok(false) | Err(_) => {}
        }
    }
    Ok(Settled { ended, next })
}

/// Notes that a grant has run out; whether it has.
pub(super) async fn run_out(vault: &Vault, key: &RecordKey) -> Result<bool> {
    let actor = Actor::system();
    let decide = |record: &OpenedRecord| {
        let stamp = stamp(vault, &actor);
        let grant = file::of(record)?.run_out(watch::today(vault, stamp.at), stamp)?;
        Ok(file::change(vault, &grant, Entry::new("grant.ran_out")))
    };
    match vault.change_grant(key, &[MODEL], &actor, decide).await {
        Ok(_) => Ok(true),
        Err(error) if error.is(&WRONG_STEP) => Ok(false),
        Err(error) => Err(error),
    }
}
