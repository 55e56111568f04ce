//! Rows without their bodies: what retention and erasure decide by.

use std::collections::BTreeSet;

use super::Vault;
use super::archives::archive_kind;
use super::records::is_record;
use super::rows::class_of;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::SubjectId;
use crate::name::Name;
use crate::policy::records::RecordKind;
use crate::ports::{Cursor, Scan};
use crate::row::{Row, RowKey, state};
use crate::seal::Body;

/// How many rows are looked at at once.
const PAGE: usize = 512;

/// What is known of a row without opening it. No personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Whose row it is.
    pub subject: SubjectId,
    /// Its class.
    pub class: Name,
    /// Its state.
    pub state: Name,
    /// Whether a legal hold keeps it.
    pub held: bool,
    /// When its clock started.
    pub anchor_at: Option<Timestamp>,
    /// When items of it end before the row does; only archived rows have it.
    pub due_at: Option<Timestamp>,
    /// The number of the key that seals it; `None` if it holds no items.
    pub key: Option<u16>,
    /// The items that it holds.
    pub items: BTreeSet<Name>,
    version: u64,
    at: RowKey,
}

/// A row as a plan saw it: the plan is carried out only if it is still the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub(super) row: RowKey,
    pub(super) version: u64,
    pub(super) class: Name,
    pub(super) key: Option<u16>,
    /// Whether it is in use, neither archived nor restricted.
    pub(super) live: bool,
    /// Whether it is restricted.
    pub(super) restricted: bool,
}

impl Seen {
    /// Whether the row is among these, in the version that was seen.
    pub(super) fn stands_in(&self, rows: &[Row]) -> bool {
        rows.iter().any(|row| row.key == self.row && row.version == self.version)
    }
}

impl Outline {
    /// The row in the version that was seen.
    #[must_use]
    pub fn seen(&self) -> Seen {
        let (class, key) = (self.class.clone(), self.key);
        let (live, restricted) = (self.state == state::LIVE, self.state == state::RESTRICTED);
        Seen { row: self.at.clone(), version: self.version, class, key, live, restricted }
    }

    /// Whether the row is a record: one that the SDK made, with a period of its own.
    #[must_use]
    pub fn is_record(&self) -> bool {
        RecordKind::is_reserved(&self.class)
    }

    fn cursor(&self, at: Option<Timestamp>) -> Cursor {
        Cursor { at, key: self.at.clone() }
    }
}

impl Vault {
    /// The rows of a subject that hold personal data: its own, each compared with the log; behind
    /// them its records as they stand, which are compared where they are opened. Each has a period of
    /// its own, and one that somebody altered does not decide about the account.
    ///
    /// # Errors
    /// `vault.altered_row`, `vault.missing_row`; the codes of the store.
    pub async fn outline(&self, subject: SubjectId) -> Result<Vec<Outline>> {
        let rows = self.as_they_stand(subject).await?;
        let (records, own) = rows.into_iter().partition::<Vec<_>, _>(is_record);
        let own = self.checked_found(subject, own, |class| !RecordKind::is_reserved(class)).await?;
        Ok(own.into_iter().chain(records).filter_map(outline).collect())
    }

    /// What decides about rows of a class, for many subjects, in order, each compared with the log:
    /// all that is a subject's own, or for a class of records those of that class alone. What is wrong
    /// with one subject's rows is its own result.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn outlines(
        &self,
        subjects: &[SubjectId],
        class: &Name,
    ) -> Result<Vec<Result<Vec<Outline>>>> {
        let reserved = RecordKind::is_reserved(class);
        let wanted =
            |_, of: &Name| if reserved { of == class } else { !RecordKind::is_reserved(of) };
        let of = |rows: Vec<Row>| rows.into_iter().filter_map(outline).collect();
        let each = self.checked_each(subjects, wanted).await?;
        Ok(each.into_iter().map(|rows| rows.map(of)).collect())
    }

    /// Where rows of a class and state stand whose clock started at `until` or before and that no
    /// hold keeps, oldest first, from behind one of an earlier page on. What the rows hold is not
    /// read.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn anchored(
        &self,
        class: &Name,
        state: &Name,
        until: Timestamp,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<Cursor>> {
        let scan = Scan::Anchored { class: class.clone(), state: state.clone(), until };
        self.ports.store.cursors(&scan, after, limit).await
    }

    /// Archived rows of a class in which items have ended at `until` or before although the row goes
    /// on, or that end before the last law that archives the class; those that made room for a new
    /// row last. From behind one of an earlier page on. A hold does not keep a row from this list.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn ended(
        &self,
        class: &Name,
        until: Timestamp,
        after: Option<&Outline>,
        limit: usize,
    ) -> Result<Vec<Outline>> {
        let (mut rows, moved) = (Vec::new(), archive_kind(class));
        for kind in [self.kind(class), moved.clone()] {
            let place = after.filter(|one| one.at.kind == kind);
            if rows.len() >= limit || place.is_none() && after.is_some_and(|o| o.at.kind == moved) {
                continue;
            }
            let after = place.map(|one| one.cursor(one.due_at));
            let scan = Scan::Due { kind, state: state::ARCHIVED, until };
            let left = limit.saturating_sub(rows.len());
            let page = self.ports.store.scan(&scan, after.as_ref(), left).await?;
            rows.extend(page.rows.into_iter().filter_map(outline));
        }
        Ok(rows)
    }

    /// How many rows of a class and state have a clock that started at `until` or before and no
    /// hold, counted up to `limit`.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn count_anchored(
        &self,
        class: &Name,
        state: &Name,
        until: Timestamp,
        limit: u64,
    ) -> Result<u64> {
        let scan = Scan::Anchored { class: class.clone(), state: state.clone(), until };
        self.ports.store.count(&scan, limit).await
    }

    /// How many archived rows of a class have a clock that started at `until` or before and no hold,
    /// but for those of which the next item ends after `now`.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn count_archived(
        &self,
        class: &Name,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<u64> {
        let scan = Scan::Anchored { class: class.clone(), state: state::ARCHIVED, until };
        let (mut count, mut cursor) = (0u64, None);
        loop {
            let page = self.ports.store.scan(&scan, cursor.as_ref(), PAGE).await?;
            let due = page.rows.iter().filter(|row| row.due_at.is_none_or(|at| at <= now));
            count = count.saturating_add(due.count() as u64);
            cursor = page.next;
            if cursor.is_none() {
                return Ok(count);
            }
        }
    }

    /// How many rows a class has, in any state, counted up to `limit`.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn count_class(&self, class: &Name, limit: u64) -> Result<u64> {
        self.ports.store.count(&Scan::Class { class: class.clone() }, limit).await
    }

    /// A page of the subjects of whom a row of a class is kept, in any state, and where the next page
    /// begins; `None` if this is the last. Somebody of whom there are several may be in it more often
    /// than once, also across pages. It shows ids alone, opens nothing and leaves no leaf.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn subjects_of(
        &self,
        class: &Name,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<(Vec<SubjectId>, Option<Cursor>)> {
        let scan = Scan::Class { class: class.clone() };
        let page = self.ports.store.cursors(&scan, after, limit.max(1)).await?;
        let next = page.last().filter(|_| page.len() >= limit.max(1)).cloned();
        Ok((page.into_iter().map(|at| at.key.subject).collect(), next))
    }

    /// The latest time that an entry of the log bears.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn last_leaf_at(&self) -> Result<Option<Timestamp>> {
        Ok(self.ports.store.status().await?.and_then(|status| status.last_leaf_at))
    }
}

pub(super) fn outline(row: Row) -> Option<Outline> {
    let class = class_of(&row)?.into_owned();
    // A body that cannot be read is found where the row is compared with the log.
    let (items, key) = Body::contents(&row.body).unwrap_or_default();
    Some(Outline {
        subject: row.key.subject,
        class,
        state: row.state,
        held: row.held,
        anchor_at: row.anchor_at,
        due_at: row.due_at,
        key,
        items,
        version: row.version,
        at: row.key,
    })
}
