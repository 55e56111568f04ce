//! Finding files: one by its number, those of a subject.

use tacenda_core::policy::records::REQUESTS;
use tacenda_core::vault::{Actor, RecordKey, RecordOutline, Vault};
use tacenda_core::{Result, SubjectId};

use super::codes::NOT_THE_SUBJECT;
use super::file;
use super::intake::RequestId;

/// The file with this number, as it stands in a letter; `None` if there is none, or none any more. It
/// opens nothing.
///
/// # Errors
/// `requests.not_the_subject` for a subject whose file it is not; `policy.unknown_role`,
/// `policy.role_without_records`; the integrity codes; the codes of the ports.
pub async fn find(vault: &Vault, number: RequestId, actor: &Actor) -> Result<Option<RecordKey>> {
    file::check_role(vault, actor)?;
    let found = vault.find_record(&REQUESTS, number.as_bytes()).await?;
    let strange = |key: &RecordKey| !file::is_the_subject(actor, key.subject);
    if file::is_a_subject(actor) && found.as_ref().is_none_or(strange) {
        return NOT_THE_SUBJECT.err();
    }
    Ok(found)
}

/// The files of a subject's requests, open and closed, the oldest first. It opens nothing; that somebody
/// was told is in the log.
///
/// # Errors
/// As [`held`](super::held()).
pub async fn files(vault: &Vault, subject: SubjectId, actor: &Actor) -> Result<Vec<RecordOutline>> {
    file::check_told(vault, subject, actor)?;
    vault.note_look_up(subject, actor).await?;
    vault.records_of(subject, &REQUESTS).await
}
