//! Rows without their bodies: what retention and erasure decide by.

use super::Vault;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::SubjectId;
use crate::name::Name;
use crate::ports::{Cursor, Scan};
use crate::row::{Row, RowKey};

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
    version: u64,
    at: Cursor,
}

/// A row as a plan saw it: the plan is carried out only if it is still the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen(pub(super) RowKey, pub(super) u64);

impl Outline {
    /// The row in the version that was seen.
    #[must_use]
    pub fn seen(&self) -> Seen {
        Seen(self.at.key.clone(), self.version)
    }
}

impl Vault {
    /// The rows of a subject that hold personal data, each compared with the log.
    ///
    /// # Errors
    /// `vault.altered_row`, `vault.missing_row`; the codes of the store.
    pub async fn outline(&self, subject: SubjectId) -> Result<Vec<Outline>> {
        let rows = self.checked_all(subject).await?;
        Ok(rows.into_iter().filter_map(outline).collect())
    }

    /// [`Vault::outline`] for many subjects, in order; what is wrong with one subject's rows is its
    /// own result.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn outlines(&self, subjects: &[SubjectId]) -> Result<Vec<Result<Vec<Outline>>>> {
        let of = |rows: Vec<Row>| rows.into_iter().filter_map(outline).collect();
        Ok(self.checked_each(subjects).await?.into_iter().map(|rows| rows.map(of)).collect())
    }

    /// Rows of a class and state whose clock started at `until` or before and that no hold keeps,
    /// oldest first, from behind one of an earlier page on.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn anchored(
        &self,
        class: &Name,
        state: &Name,
        until: Timestamp,
        after: Option<&Outline>,
        limit: usize,
    ) -> Result<Vec<Outline>> {
        let scan = Scan::Anchored { class: class.clone(), state: state.clone(), until };
        let page = self.ports.store.scan(&scan, after.map(|one| &one.at), limit).await?;
        Ok(page.rows.into_iter().filter_map(outline).collect())
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

    /// How many rows a class has, in any state, counted up to `limit`.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn count_class(&self, class: &Name, limit: u64) -> Result<u64> {
        self.ports.store.count(&Scan::Class { class: class.clone() }, limit).await
    }

    /// The latest time that an entry of the log bears.
    ///
    /// # Errors
    /// The codes of the store.
    pub async fn last_leaf_at(&self) -> Result<Option<Timestamp>> {
        Ok(self.ports.store.status().await?.and_then(|status| status.last_leaf_at))
    }
}

fn outline(row: Row) -> Option<Outline> {
    let class = row.class?;
    let at = Cursor { at: row.anchor_at, key: row.key };
    Some(Outline {
        subject: at.key.subject,
        class,
        state: row.state,
        held: row.held,
        anchor_at: row.anchor_at,
        version: row.version,
        at,
    })
}
