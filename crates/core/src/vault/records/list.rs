//! Finding records without opening any: one, those of a subject, those that are due.

use std::collections::BTreeSet;

use super::{RecordKey, RecordOutline, Vault};
use crate::clock::Timestamp;
use crate::error::{Kind, Result};
use crate::id::{RowId, SubjectId};
use crate::name::Name;
use crate::policy::records::RecordKind;
use crate::ports::{Cursor, KeyState, Scan};
use crate::row::{Row, RowKey};
use crate::vault::codes::NO_SUCH_RECORD;
use crate::vault::keys::key_of;

const PAGE: usize = 64;

/// A record of which something is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueRecord {
    /// Which one.
    pub key: RecordKey,
    /// Since when, or from when on.
    pub due_at: Timestamp,
}

impl Vault {
    /// A record as it stands, compared with the log.
    ///
    /// # Errors
    /// [`NO_SUCH_RECORD`]; the integrity codes; the codes of the store.
    pub async fn record(&self, key: &RecordKey) -> Result<RecordOutline> {
        RecordOutline::of(key.clone(), &self.record_row(key).await?)
    }

    /// A subject's records of a kind, the oldest first, each compared with the log. One that
    /// somebody took out of the store is missed.
    ///
    /// # Errors
    /// The integrity codes; the codes of the ports.
    pub async fn records_of(
        &self,
        subject: SubjectId,
        kind: &'static RecordKind,
    ) -> Result<Vec<RecordOutline>> {
        let keys = self.keys_of_kind(subject, kind).await?;
        let rows = self.checked(subject, &keys).await?.into_iter().flatten();
        rows.map(|row| outline(&row, kind)).collect()
    }

    /// [`Vault::records_of`], of which one that is altered or was taken away stops no other: each is
    /// what it is found to be.
    ///
    /// # Errors
    /// The codes of the ports.
    pub async fn records_each(
        &self,
        subject: SubjectId,
        kind: &'static RecordKind,
    ) -> Result<Vec<(RecordKey, Result<RecordOutline>)>> {
        let mut each = Vec::new();
        for at in self.keys_of_kind(subject, kind).await? {
            let found = match self.checked(subject, std::slice::from_ref(&at)).await {
                Err(error) if error.kind() != Kind::Integrity => return Err(error),
                Err(error) => Some(Err(error)),
                Ok(rows) => rows.into_iter().flatten().next().map(|row| outline(&row, kind)),
            };
            let key = RecordKey { subject, kind, id: at.id };
            each.extend(found.map(|found| (key, found)));
        }
        Ok(each)
    }

    /// Where a subject's records of a kind are, and where those must be that the safe has a key of.
    async fn keys_of_kind(
        &self,
        subject: SubjectId,
        kind: &'static RecordKind,
    ) -> Result<Vec<RowKey>> {
        let found = self.rows_of_kind(subject, kind).await?;
        let sealing: BTreeSet<_> = found.iter().filter_map(key_of).collect();
        let mut keys: BTreeSet<_> = found.into_iter().map(|row| row.key).collect();
        for (key, state) in self.ports.keyring.keys_of(subject).await? {
            let of_kind = key.class == kind.class && matches!(state, KeyState::Live(_));
            if of_kind && !sealing.contains(&key) {
                let id = RowId::of_key(key.number);
                keys.insert(RowKey { subject, kind: kind.kind.clone(), id });
            }
        }
        Ok(keys.into_iter().collect())
    }

    /// Open records of a kind and state on which something is to be done at `until` or before, the
    /// earliest first, from behind one of an earlier page on. Rows are not read: whoever works on a
    /// record reads it, and finds then whether somebody else was first.
    ///
    /// # Properties
    /// Its cost grows with what is due, not with what is kept.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn records_due(
        &self,
        kind: &'static RecordKind,
        state: &Name,
        until: Timestamp,
        after: Option<&DueRecord>,
        limit: usize,
    ) -> Result<Vec<DueRecord>> {
        let scan = Scan::Due { kind: kind.kind.clone(), state: state.clone(), until };
        let after = after.map(|one| Cursor { at: Some(one.due_at), key: one.key.row() });
        let page = self.ports.store.cursors(&scan, after.as_ref(), limit).await?;
        let due = |Cursor { at, key: RowKey { subject, id, .. } }| {
            Some(DueRecord { key: RecordKey { subject, kind, id }, due_at: at? })
        };
        Ok(page.into_iter().filter_map(due).collect())
    }

    /// A record's row, compared with the log.
    pub(super) async fn record_row(&self, key: &RecordKey) -> Result<Row> {
        let at = key.row();
        let row = self.checked(key.subject, std::slice::from_ref(&at)).await?.pop().flatten();
        let is_it = |row: &Row| row.class.as_ref() == Some(&key.kind.class);
        row.filter(is_it).ok_or_else(|| {
            NO_SUCH_RECORD.error().with("subject", key.subject).with("kind", &key.kind.kind)
        })
    }

    /// A subject's rows of a kind, by id, as the store has them.
    pub(super) async fn rows_of_kind(
        &self,
        subject: SubjectId,
        kind: &RecordKind,
    ) -> Result<Vec<Row>> {
        // No record has this id.
        let first = RowKey { subject, kind: kind.kind.clone(), id: RowId::ONLY };
        let (mut rows, mut cursor) = (Vec::new(), Some(Cursor { at: None, key: first }));
        while cursor.is_some() {
            let scan = Scan::Subject(subject);
            let page = self.ports.store.scan(&scan, cursor.as_ref(), PAGE).await?;
            let of_kind = page.rows.iter().take_while(|row| row.key.kind == kind.kind).count();
            cursor = page.next.filter(|_| of_kind == page.rows.len());
            rows.extend(page.rows.into_iter().take(of_kind));
        }
        Ok(rows)
    }
}

fn outline(row: &Row, kind: &'static RecordKind) -> Result<RecordOutline> {
    let key = RecordKey { subject: row.key.subject, kind, id: row.key.id };
    RecordOutline::of(key, row)
}
