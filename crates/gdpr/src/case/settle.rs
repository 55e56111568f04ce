//! Records that say how a person stands to a purpose, once nothing of the person is in use.

use tacenda_core::policy::Stance;
use tacenda_core::policy::records::RecordKind;
use tacenda_core::vault::{DueRecord, RecordKey, Vault};
use tacenda_core::{Kind, Name, Result, RowId};

/// What a page of records came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// How many ended, and begin their retention.
    pub ended: usize,
    /// The last one that was looked at, to go on behind; `None` at the end.
    pub next: Option<DueRecord>,
}

/// A page of the open records in a state, and those among them that count no more by the account's
/// state, with that, or whose account is gone.
pub(crate) async fn without_account(
    vault: &Vault,
    kind: &'static RecordKind,
    state: &Name,
    (after, limit): (Option<&DueRecord>, usize),
    counts: impl Fn(&Stance, RowId) -> bool + Send,
) -> Result<(Vec<(RecordKey, Option<Stance>)>, Option<DueRecord>)> {
    let limit = limit.max(1);
    let page = vault.records_due(kind, state, vault.now(), after, limit).await?;
    let next = if page.len() < limit { None } else { page.last().cloned() };
    let mut gone = Vec::new();
    for due in page {
        match vault.stance(due.key.subject).await {
            Ok(Some(stance)) if counts(&stance, due.key.id) => {}
            Ok(stance) => gone.push((due.key, stance)),
            // An altered account ends nothing; an audit finds it.
            Err(error) if error.kind() == Kind::Integrity => {}
            Err(error) => return Err(error),
        }
    }
    Ok((gone, next))
}
