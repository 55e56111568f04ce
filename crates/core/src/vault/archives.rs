//! Rows that a law keeps beside the account: where they lie, when they end, how they make room.
//!
//! What is archived first stays where it was, as the profile row of its class. When the class begins
//! again it moves to a row of its own, `archive.` and the class, told from others by the number of
//! its key, and stays under that key: envelopes are bound to their place, so that moving seals anew.

use std::collections::BTreeSet;

use super::Vault;
use super::journal::next_version;
use super::keys::{key_of, number_of};
use super::records::place_of;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{RowId, SubjectId};
use crate::name::Name;
use crate::ports::{Expect, KeyId, KeyState, RowWrite};
use crate::row::{Row, RowKey, state};
use crate::seal::{Body, Place};

impl Vault {
    /// Where the archived row of a class lies that made room and that this key seals.
    pub(super) fn archive_key(&self, subject: SubjectId, class: &Name, number: u16) -> RowKey {
        RowKey { subject, kind: archive_kind(class), id: RowId::of_key(number) }
    }

    /// An archived row on its way to a place of its own; `None` if it holds nothing.
    ///
    /// # Errors
    /// `keys.destroyed` if its law has just ended; the codes of `seal` and of the safe.
    pub(super) async fn make_room(&self, row: &Row) -> Result<Option<RowWrite>> {
        let (Some(class), Some(number)) = (row.class.clone(), number_of(row)) else {
            return Ok(None);
        };
        let to = self.archive_key(row.key.subject, &class, number);
        let key = self.row_key(row).await?;
        let places = (Place { row: &row.key, class: &class }, Place { row: &to, class: &class });
        let rng = self.ports.rng.as_ref();
        let body = Body::decode(&row.body)?.moved(places.0, places.1, &key.cipher(), rng)?;
        let row = Row { key: to, version: 1, body: body.encode(), ..row.clone() };
        let row = Row { due_at: self.due(&row), ..row };
        Ok(Some(RowWrite { row, expect: Expect::Absent }))
    }

    /// The row as laws keep it: only the items that they ask for, and found by nothing any more. They
    /// count from the end of the account, or from the row's clock if that is later.
    pub(super) fn archived(
        &self,
        row: Row,
        kept: &BTreeSet<Name>,
        closed_at: Option<Timestamp>,
    ) -> Result<RowWrite> {
        let row = without(row, |item| !kept.contains(item))?;
        let anchor_at = row.anchor_at.max(closed_at);
        let row = Row { state: state::ARCHIVED, anchor_at, tokens: Vec::new(), ..row };
        Ok(next_version(Row { due_at: self.due(&row), ..row }))
    }

    /// The archived row after some of its items went.
    pub(super) fn reduced(&self, row: Row, gone: &BTreeSet<Name>) -> Result<RowWrite> {
        let row = without(row, |item| gone.contains(item))?;
        Ok(next_version(Row { due_at: self.due(&row), ..row }))
    }

    /// When items of an archived row end before the row does, under the policy in force.
    pub(super) fn due(&self, row: &Row) -> Option<Timestamp> {
        let (class, anchor) = (row.class.as_ref()?, row.anchor_at?);
        let items = Body::contents(&row.body).ok()?.0;
        self.policy.archive_due(class, &items, anchor, self.ports.zone.as_ref())
    }

    /// Whether an archived row is found at another time than the policy in force says.
    pub(super) fn is_misdated(&self, row: &Row) -> bool {
        row.state == state::ARCHIVED && row.class.is_some() && row.due_at != self.due(row)
    }

    /// Where rows of some classes must lie if they were not taken away: those that the safe still
    /// has the keys of, besides the rows that were `found`. Of a kind of records, each its record.
    pub(super) async fn expected_archives(
        &self,
        subject: SubjectId,
        found: &[Row],
        wanted: impl Fn(&Name) -> bool + Send + Sync,
    ) -> Result<Vec<RowKey>> {
        let known = self.ports.keyring.keys_of(subject).await?;
        let found: BTreeSet<_> = found.iter().filter_map(key_of).collect();
        let live = known.into_iter().filter(|(key, state)| {
            wanted(&key.class) && matches!(state, KeyState::Live(_)) && !found.contains(key)
        });
        let place = |key: KeyId| {
            let record = place_of(subject, &key.class, key.number);
            record.unwrap_or_else(|| self.archive_key(subject, &key.class, key.number))
        };
        Ok(live.map(|(key, _)| place(key)).collect())
    }
}

/// The kind of archived rows that made room.
pub(super) fn archive_kind(class: &Name) -> Name {
    // INVARIANT: as long as the kind of the profile row, which `open` has made.
    Name::parse(&format!("archive.{class}")).unwrap_or(Name::fixed("archive"))
}

fn without(row: Row, goes: impl Fn(&Name) -> bool) -> Result<Row> {
    let mut body = Body::decode(&row.body)?;
    let gone: Vec<_> = body.items().filter(|item| goes(item)).cloned().collect();
    for item in &gone {
        body.remove(item);
    }
    Ok(Row { body: body.encode(), ..row })
}
