//! Which rows a scan meets, in which order, and where its pages end.

use crate::clock::Timestamp;
use crate::id::{RowId, SubjectId};
use crate::name::Name;
use crate::row::{Row, RowKey};

/// Which rows to scan, and in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scan {
    /// All rows of one subject, by kind and id.
    Subject(SubjectId),
    /// Rows of a class and state whose clock started at `until` or before and that no hold keeps,
    /// by anchor and then key.
    Anchored {
        /// The class.
        class: Name,
        /// The state.
        state: Name,
        /// The latest anchor.
        until: Timestamp,
    },
    /// Rows of a kind and state with work due at `until` or before, by due time and then key.
    Due {
        /// The kind.
        kind: Name,
        /// The state.
        state: Name,
        /// The latest due time.
        until: Timestamp,
    },
    /// All rows of a class, in any state, in the store's own fixed order.
    Class {
        /// The class.
        class: Name,
    },
    /// All rows of a kind, or of every kind, in the store's own fixed order, in which the rows of
    /// a subject stand together.
    All {
        /// The kind, if only one.
        kind: Option<Name>,
    },
}

/// Where a page ended. The scans ordered by a time need `at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The anchor or due time of the last row, for the scans ordered by one.
    pub at: Option<Timestamp>,
    /// The key of the last row.
    pub key: RowKey,
}

/// A page of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// Where the next page begins; `None` if this is the last.
    pub next: Option<Cursor>,
}

/// A row found under a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The row's key.
    pub key: RowKey,
}

impl Scan {
    /// Where a row stands in it.
    #[must_use]
    pub fn cursor(&self, row: &Row) -> Cursor {
        let at = match self {
            Self::Anchored { .. } => row.anchor_at,
            Self::Due { .. } => row.due_at,
            Self::Subject(_) | Self::Class { .. } | Self::All { .. } => None,
        };
        Cursor { at, key: row.key.clone() }
    }
}

impl Cursor {
    /// Just before the first row of a subject.
    #[must_use]
    pub const fn before_subject(subject: SubjectId) -> Self {
        Self { at: None, key: RowKey { subject, kind: Name::NONE, id: RowId::ONLY } }
    }
}
