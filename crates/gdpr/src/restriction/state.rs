//! A restriction: what was entered, and where that leads.
//!
//! ```text
//! placed ─→ in force ⇄ announced ─→ lifted
//! ```

use std::collections::BTreeSet;

use chrono::NaiveDate;
use tacenda_core::{ActorId, Name, Result, Timestamp};

use super::codes::{NOT_TOLD, WRONG_STEP};
use crate::case::{Note, choice};
use crate::requests::{Channel, RequestId, RestrictionGround};

choice! {
    /// Where a restriction is: what an index and a list tell of it.
    Stage {
        /// In force.
        InForce = "in force",
        /// In force, and the person was told that it will be lifted.
        Announced = "announced",
        /// Lifted.
        Lifted = "lifted",
    }
}

impl Stage {
    /// Whether it restricts something.
    #[must_use]
    pub const fn is_in_force(self) -> bool {
        !matches!(self, Self::Lifted)
    }

    /// The state of the row.
    pub(super) const fn name(self) -> Name {
        Name::fixed(self.as_str())
    }
}

/// Who wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The person, by a request that has a file.
    Request(RequestId),
    /// The person, at this time, without a file.
    Person(Timestamp),
    /// An authority, at this time (Art. 58(2)(g) GDPR).
    Authority(Timestamp),
}

impl Asked {
    /// Its word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Request(_) => "request",
            Self::Person(_) => "person",
            Self::Authority(_) => "authority",
        }
    }
}

/// How a restriction is placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placing {
    /// On which ground.
    pub ground: RestrictionGround,
    /// Why here.
    pub reason: Note,
    /// Who wants it.
    pub asked: Asked,
    /// The classes that are restricted, at least one.
    pub classes: BTreeSet<Name>,
    /// The last day of the next review.
    pub review_on: NaiveDate,
}

/// What tells the person that a restriction will be lifted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// When it was sent.
    pub sent_at: Timestamp,
    /// By which way.
    pub by: Channel,
    /// Why it is lifted.
    pub reason: Note,
}

/// Something that was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It was placed.
    Placed(Placing),
    /// It was looked at and goes on, for this reason; the last day of the next review.
    Reviewed(NaiveDate, Note),
    /// The person was told that it will be lifted.
    Announced(Announcement),
    /// It goes on although its end was announced, and why.
    Kept(Note),
    /// It is lifted.
    Lifted,
}

impl Event {
    /// Its name.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Placed(_) => "placed",
            Self::Reviewed(..) => "reviewed",
            Self::Announced(_) => "announced",
            Self::Kept(_) => "kept",
            Self::Lifted => "lifted",
        }
    }
}

/// One entry of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was entered.
    pub at: Timestamp,
    /// Who entered it.
    pub by: ActorId,
    /// What it says.
    pub event: Event,
}

/// A restriction: its history, and what it adds up to.
///
/// # Properties
/// The entries only grow, and everything else follows from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    entries: Vec<Entry>,
    placing: Placing,
    stage: Stage,
    review_on: NaiveDate,
    announcement: Option<Announcement>,
    lifted_at: Option<Timestamp>,
}

impl Restriction {
    /// A restriction of one entry.
    pub(super) fn opened(at: Timestamp, by: ActorId, placing: Placing) -> Self {
        let review_on = placing.review_on;
        let entry = Entry { at, by, event: Event::Placed(placing.clone()) };
        Self {
            entries: vec![entry],
            placing,
            stage: Stage::InForce,
            review_on,
            announcement: None,
            lifted_at: None,
        }
    }

    /// The restriction with one entry more.
    ///
    /// # Errors
    /// [`NOT_TOLD`]; [`WRONG_STEP`] with the `state` and the `step`.
    pub(super) fn apply(mut self, entry: Entry) -> Result<Self> {
        match (&entry.event, self.stage) {
            (Event::Reviewed(on, _), Stage::InForce) => self.review_on = *on,
            (Event::Announced(announcement), Stage::InForce) => {
                self.announcement = Some(announcement.clone());
                self.stage = Stage::Announced;
            }
            (Event::Kept(_), Stage::Announced) => {
                self.announcement = None;
                self.stage = Stage::InForce;
            }
            (Event::Lifted, Stage::Announced) => {
                self.lifted_at = Some(entry.at);
                self.stage = Stage::Lifted;
            }
            (Event::Lifted, Stage::InForce) => return NOT_TOLD.err(),
            (event, stage) => {
                let error = WRONG_STEP.error().with("state", stage.as_str());
                return Err(error.with("step", event.as_str()));
            }
        }
        self.entries.push(entry);
        Ok(self)
    }

    /// Everything that was entered, the oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Where it is.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// How it was placed.
    #[must_use]
    pub const fn placing(&self) -> &Placing {
        &self.placing
    }

    /// The last day of the next review.
    #[must_use]
    pub const fn review_on(&self) -> NaiveDate {
        self.review_on
    }

    /// What told the person that it will be, or was, lifted.
    #[must_use]
    pub const fn announcement(&self) -> Option<&Announcement> {
        self.announcement.as_ref()
    }

    /// When it was placed.
    #[must_use]
    pub fn placed_at(&self) -> Timestamp {
        self.entries.first().map_or(Timestamp::MIN, |entry| entry.at)
    }

    /// When it was lifted: here the retention of its record starts.
    #[must_use]
    pub const fn lifted_at(&self) -> Option<Timestamp> {
        self.lifted_at
    }

    /// Whether it restricts a class.
    #[must_use]
    pub fn restricts(&self, class: &Name) -> bool {
        self.stage.is_in_force() && self.placing.classes.contains(class)
    }
}
