//! Reading the proofs of a subject's consents, for a purpose.

use tacenda_core::codec::MALFORMED;
use tacenda_core::policy::records::CONSENTS;
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::vault::{Actor, MODEL, OpenedRecord, RecordKey, Vault};
use tacenda_core::{Name, Result, SubjectId};

use super::state::{Consent, State};

/// A proof that was read, or why it was not.
#[derive(Debug)]
pub struct Listed {
    /// Where it is.
    pub key: RecordKey,
    /// What it says.
    pub consent: Result<Consent>,
}

/// Reads all proofs of a subject's consents, the oldest first: those that stand, and those that were
/// withdrawn and are kept. A leaf each.
///
/// # Errors
/// Those of [`Vault::records_of`]; those of [`Vault::read_record`] stand with each.
pub async fn consents_of(
    vault: &Vault,
    subject: SubjectId,
    purpose: &Name,
    actor: &Actor,
) -> Result<Vec<Listed>> {
    let mut listed = Vec::new();
    for outline in vault.records_of(subject, &CONSENTS).await? {
        let key = outline.key;
        let record = vault.read_record(&key, &[MODEL], purpose, actor).await;
        listed.push(Listed { key, consent: record.and_then(|record| of(&record)) });
    }
    Ok(listed)
}

/// The consent in a record that the account names; another change came in between if it stands no
/// longer, and what is to be done is decided again.
pub(super) fn standing_of(record: &OpenedRecord) -> Result<Consent> {
    let consent = of(record)?;
    if matches!(consent.state(), State::Stands(_)) { Ok(consent) } else { CONFLICT.err() }
}

/// The consent in a record of which [`MODEL`] is open.
pub(super) fn of(record: &OpenedRecord) -> Result<Consent> {
    match record.items.get(&MODEL) {
        Some(model) => Consent::decode(model),
        None => MALFORMED.err(),
    }
}
