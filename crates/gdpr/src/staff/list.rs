//! Reading the grants of a person, for a purpose.

use tacenda_core::pii::Sensitive;
use tacenda_core::policy::records::GRANTS;
use tacenda_core::vault::{Actor, MODEL, OpenedRecord, RecordKey, Vault};
use tacenda_core::{ActorId, Name, Result, SubjectId};

use super::file;
use super::give::{EMAIL, NAME};
use super::state::Grant;

/// A grant that was read, or why it was not.
#[derive(Debug)]
pub struct Listed {
    /// Where it is.
    pub key: RecordKey,
    /// What it says.
    pub grant: Result<Grant>,
    /// Whose it is: name and work e-mail address.
    pub identity: Option<(Sensitive<String>, Sensitive<String>)>,
}

/// Reads the grants of a person, the oldest first: those that are open, and those that ended and
/// are kept. A leaf each.
///
/// # Errors
/// Those of [`Vault::records_of`]; those of [`Vault::read_record`] stand with each.
pub async fn grants_of(
    vault: &Vault,
    person: ActorId,
    purpose: &Name,
    actor: &Actor,
) -> Result<Vec<Listed>> {
    let mut listed = Vec::new();
    for outline in vault.records_of(SubjectId::from(person.as_uuid()), &GRANTS).await? {
        let key = outline.key;
        let record = vault.read_record(&key, &[MODEL, NAME, EMAIL], purpose, actor).await;
        let identity = record.as_ref().ok().and_then(identity);
        listed.push(Listed { key, grant: record.and_then(|record| file::of(&record)), identity });
    }
    Ok(listed)
}

fn identity(record: &OpenedRecord) -> Option<(Sensitive<String>, Sensitive<String>)> {
    let words = |item: &Name| record.items.words(item).map(|text| text.to_owned().into());
    Some((words(&NAME)?, words(&EMAIL)?))
}
