//! Adding and changing a record beside others of its subject: the room decides by those.

use super::{
    ATTEMPTS, NewRecord, OpenedRecord, RecordChange, RecordKey, RecordOutline, Standing, Vault,
};
use crate::error::{Kind, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::policy::records::RecordKind;
use crate::ports::store::CONFLICT;
use crate::row::state;
use crate::vault::destroy::Tries;
use crate::vault::{Actor, Outline};

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

    /// [`Vault::change_record`] where the room decides by the other open records of the same subject
    /// and kind as well, and by what is kept of the subject's own: such as whether another hold keeps
    /// what this one lets go. If rows that the change affects are written meanwhile, or if another
    /// change comes first, the room decides again.
    ///
    /// # Errors
    /// As [`Vault::change_record`]; the integrity codes also for any of those records and rows: by
    /// what somebody altered or took away, nothing is let go.
    pub async fn change_record_beside(
        &self,
        key: &RecordKey,
        needed: &[Name],
        actor: &Actor,
        mut decide: impl FnMut(&OpenedRecord, &[OpenedRecord], &[Outline]) -> Result<RecordChange>
        + Send,
    ) -> Result<RecordOutline> {
        let mut tries = Tries::new(ATTEMPTS);
        loop {
            match self.try_change_beside(key, needed, actor, &mut decide).await {
                Err(error) if error.is(&CONFLICT) && tries.again(&error) => {}
                other => return other,
            }
        }
    }

    async fn try_change_beside(
        &self,
        key: &RecordKey,
        needed: &[Name],
        actor: &Actor,
        decide: &mut (
                 impl FnMut(&OpenedRecord, &[OpenedRecord], &[Outline]) -> Result<RecordChange> + Send
             ),
    ) -> Result<RecordOutline> {
        // Before the others: whoever adds one of them writes these rows again.
        let rows = self.outline(key.subject).await?;
        let own: Vec<_> = rows.into_iter().filter(|row| !row.is_record()).collect();
        let mut others = Vec::new();
        for other in self.records_of(key.subject, key.kind).await? {
            if other.key != *key && matches!(other.standing, Standing::Open { .. }) {
                others.push(self.open_whole(&other.key, needed).await?);
            }
        }
        let mut decide = |record: &OpenedRecord| {
            let mut change = decide(record, &others, &own)?;
            change.effects.seen = own.iter().map(Outline::seen).collect();
            Ok(change)
        };
        self.try_change(key, needed, actor, &mut decide).await
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
