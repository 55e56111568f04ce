//! Records: rows that the SDK itself makes, each sealed under a key of its own.
//!
//! A data subject's request is a record, a hold, a restriction; so will be consents, grants, breaches, messages. The
//! room says what a record holds, how it stands and what is told of it in the log; keys, sealing,
//! the log and retention are here, and no room has any of its own. An operation is a file: `add`,
//! `beside`, `numbered`, `indexed`, `change`, `claim`, `read`, `list`, `lost`; many people at a time are `pages`. What a change does to the subject's own data is `effects`, and to
//! what is added later, `later`.
//!
//! A record is open, in a state of its room, or closed. Its retention clock runs exactly while it is
//! closed, so that a sweep finds what is due by class and that one state.

mod add;
mod beside;
mod change;
mod claim;
mod effects;
mod indexed;
mod items;
mod later;
mod list;
mod lost;
mod numbered;
mod pages;
mod read;
mod restate;

use super::Vault;
use super::codes::{IN_FUTURE, RECORD_STATE, RECORD_WITHOUT_MODEL};
use super::journal::Draft;
use super::keys::number_of;
use super::rows::class_of;
use crate::clock::Timestamp;
use crate::codec::MALFORMED;
use crate::error::{Context, Result};
use crate::id::{RowId, SubjectId};
use crate::leaf::Leaf;
use crate::name::Name;
use crate::policy::records::RecordKind;
use crate::row::{Row, RowKey, state};

pub use add::NewRecord;
pub use change::RecordChange;
pub use claim::{ClaimedLook, ClaimedRecord, Lease};
pub use effects::Effects;
pub use indexed::{FoundBy, Searched};
pub use items::{MODEL, RecordItems};
pub use list::DueRecord;
pub use lost::{LostPage, LostRecords};
pub use numbered::Numbered;
pub use pages::PersonRows;
pub use restate::RestatedRecord;

/// How often an operation starts again after another change of the same rows came first.
const ATTEMPTS: usize = 5;

/// Which record: whose, of which kind, and which one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordKey {
    /// Whom it is about; somebody unknown has an id of its own.
    pub subject: SubjectId,
    /// What it is.
    pub kind: &'static RecordKind,
    /// Which one of the subject's.
    pub id: RowId,
}

impl RecordKey {
    fn row(&self) -> RowKey {
        RowKey { subject: self.subject, kind: self.kind.kind.clone(), id: self.id }
    }
}

/// How a record stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Work goes on, and its retention clock has not started.
    Open {
        /// A word of its room; never one of the states of other rows.
        state: Name,
        /// When the next thing is to be done.
        due_at: Option<Timestamp>,
    },
    /// Nothing is to be done any more; its retention clock runs.
    Closed {
        /// Since when.
        at: Timestamp,
    },
}

/// What is known of a record without opening it. No personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordOutline {
    /// Which one.
    pub key: RecordKey,
    /// How it stands.
    pub standing: Standing,
    /// Counts its writes, from 1.
    pub version: u64,
}

/// A record of which some items are open.
#[derive(Debug)]
pub struct OpenedRecord {
    /// What is known without opening it.
    pub outline: RecordOutline,
    /// Those of the items asked for that it holds.
    pub items: RecordItems,
}

/// What the log says of a step: an action and details, never values.
#[derive(Debug, Clone)]
pub struct Entry {
    action: &'static str,
    details: Vec<(&'static str, Context)>,
}

impl Entry {
    /// An action, such as `request.opened`.
    #[must_use]
    pub const fn new(action: &'static str) -> Self {
        Self { action, details: Vec::new() }
    }

    /// Adds a detail: a code, a class, a law, a date, a number.
    #[must_use]
    pub fn detail(mut self, key: &'static str, value: impl Into<Context>) -> Self {
        self.details.push((key, value.into()));
        self
    }

    pub(in crate::vault) const fn action(&self) -> &'static str {
        self.action
    }

    pub(in crate::vault) fn told(self, leaf: Leaf) -> Leaf {
        self.details.into_iter().fold(leaf, |leaf, (key, value)| leaf.detail(key, value))
    }
}

impl Standing {
    /// Whether the record may stand so.
    fn check(&self, now: Timestamp) -> Result<()> {
        const OTHERS: [Name; 4] = [state::LIVE, state::ARCHIVED, state::RESTRICTED, state::CLOSED];
        match self {
            Self::Open { state, .. } if OTHERS.contains(state) => RECORD_STATE.err(),
            Self::Closed { at } if *at > now => Err(IN_FUTURE.error().field_is("closed_at")),
            Self::Open { .. } | Self::Closed { .. } => Ok(()),
        }
    }

    fn of(row: &Row) -> Result<Self> {
        match row.anchor_at {
            Some(at) if row.state == state::CLOSED => Ok(Self::Closed { at }),
            None if row.state != state::CLOSED => {
                Ok(Self::Open { state: row.state.clone(), due_at: row.due_at })
            }
            _ => MALFORMED.err(),
        }
    }

    /// The row that stands so.
    fn put(self, row: Row) -> Row {
        match self {
            Self::Open { state, due_at } => Row { state, due_at, anchor_at: None, ..row },
            Self::Closed { at } => {
                Row { state: state::CLOSED, due_at: None, anchor_at: Some(at), ..row }
            }
        }
    }
}

impl RecordOutline {
    fn of(key: RecordKey, row: &Row) -> Result<Self> {
        Ok(Self { key, standing: Standing::of(row)?, version: row.version })
    }
}

/// The place of the record that a key of a class seals; `None` if the class is none of records.
pub(super) fn place_of(subject: SubjectId, class: &Name, number: u16) -> Option<RowKey> {
    let kind = RecordKind::of_class(class)?;
    Some(RowKey { subject, kind: kind.kind.clone(), id: RowId::of_key(number) })
}

/// Whether a row is a record, of this release or of another.
pub(super) fn is_record(row: &Row) -> bool {
    class_of(row).is_some_and(|class| RecordKind::is_reserved(&class))
}

/// Refuses what no room can mean.
fn check_new(standing: &Standing, items: &RecordItems, now: Timestamp) -> Result<()> {
    standing.check(now)?;
    if items.get(&MODEL).is_none() { RECORD_WITHOUT_MODEL.err() } else { Ok(()) }
}
