//! Adding a record beside others of its subject: the room decides what it holds by those.

use super::{NewRecord, OpenedRecord, RecordKey, Vault};
use crate::error::{Kind, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::policy::records::RecordKind;
use crate::row::state;
use crate::vault::Actor;

impl Vault {
    /// Opens what a room needs of a subject's open records of a kind, lets it decide what a new one
    /// holds, and adds that ([`Vault::add_record`]); whose it is, is no part of the decision. What is
    /// opened is for the decision alone, as in [`Vault::change_record`].
    ///
    /// A record that cannot be opened is left out: what somebody altered stands in the way of no new
    /// one, and an audit finds it. So is one that is added at the same time.
    ///
    /// # Errors
    /// The error with which `decide` refuses; those of [`Vault::add_record`].
    pub async fn add_record_beside(
        &self,
        kind: &'static RecordKind,
        subject: SubjectId,
        needed: &[Name],
        actor: &Actor,
        decide: impl FnOnce(&[OpenedRecord]) -> Result<NewRecord> + Send,
    ) -> Result<RecordKey> {
        let others = self.open_records_of(subject, kind, needed).await?;
        let new = NewRecord { subject: Some(subject), ..decide(&others)? };
        drop(others);
        self.add_record(kind, new, actor).await
    }

    async fn open_records_of(
        &self,
        subject: SubjectId,
        kind: &'static RecordKind,
        needed: &[Name],
    ) -> Result<Vec<OpenedRecord>> {
        let mut opened = Vec::new();
        for row in self.rows_of_kind(subject, kind).await? {
            if row.state == state::CLOSED {
                continue;
            }
            match self.open_whole(&RecordKey { subject, kind, id: row.key.id }, needed).await {
                Ok(record) => opened.push(record),
                Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                Err(_) => {}
            }
        }
        Ok(opened)
    }

    pub(super) async fn open_whole(
        &self,
        key: &RecordKey,
        needed: &[Name],
    ) -> Result<OpenedRecord> {
        let row = self.record_row(key).await?;
        let data = self.row_key(&row).await?;
        self.open_record(key, &row, &data, needed)
    }
}
