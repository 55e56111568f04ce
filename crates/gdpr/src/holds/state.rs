//! A hold: what was entered, and where that leads.
//!
//! ```text
//! placed ─→ whole, or part of it ─→ released ─→ settled
//!               ↑     │
//!               └─────┘ reviewed, handed over
//! ```

use std::fmt;

use chrono::NaiveDate;
use tacenda_core::policy::Policy;
use tacenda_core::policy::records::HELD_WHOLE;
use tacenda_core::{ActorId, Name, Result, Rng, RowId, Timestamp};

use super::codes::WRONG_STEP;
use super::scope::{Covered, Scope};
use crate::case::{Note, choice};

choice! {
    /// Why something is held.
    Ground {
        /// Legal claims are established, exercised or defended.
        LegalClaims = "legal claims",
        /// An authority or a court has ordered that it be kept, or asks for it.
        Authority = "authority",
        /// It is examined: by the tax office, by whoever audits the accounts.
        Audit = "audit",
        /// An accident or a loss is being settled with an insurer.
        Insurance = "insurance",
        /// It is the evidence of an incident or a breach that is being looked into.
        Incident = "incident",
    }

    /// Where a hold is: what an index and a list tell of it.
    Stage {
        /// In force, for everything about the subject.
        Whole = "whole",
        /// In force, for a part.
        Part = "part",
        /// Nothing is held by it any more; what it had kept from being erased is still to be looked for.
        Released = "released",
        /// Nothing more is to be done.
        Settled = "settled",
    }
}

impl Ground {
    /// Its provision.
    #[must_use]
    pub const fn law(self) -> &'static str {
        match self {
            Self::LegalClaims | Self::Insurance => "GDPR Art. 17(3)(e)",
            Self::Authority | Self::Audit => "GDPR Art. 17(3)(b)",
            Self::Incident => "GDPR Art. 33(5), 17(3)(b) and (e)",
        }
    }
}

impl Stage {
    /// Whether it holds something.
    #[must_use]
    pub const fn is_in_force(self) -> bool {
        matches!(self, Self::Whole | Self::Part)
    }

    /// The state of the row.
    pub(super) const fn name(self) -> Name {
        match self {
            Self::Whole => HELD_WHOLE,
            stage => Name::fixed(stage.as_str()),
        }
    }
}

/// The number of a group of holds that were placed together: random, so that it tells nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(RowId);

impl GroupId {
    /// A new group's number: 122 random bits.
    #[must_use]
    pub fn generate(rng: &dyn Rng) -> Self {
        Self(RowId::generate(rng))
    }

    /// From its 16 bytes, as they are stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(RowId::from_bytes(bytes))
    }

    /// The number as the log has it.
    pub(super) const fn row(self) -> RowId {
        self.0
    }

    /// Its 16 bytes, as they are stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GroupId({})", self.0)
    }
}

/// How a hold is placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placing {
    /// Why.
    pub ground: Ground,
    /// Why here.
    pub reason: Note,
    /// Who looks after it.
    pub owner: ActorId,
    /// The last day of the next review.
    pub review_on: NaiveDate,
    /// What it is about.
    pub scope: Scope,
    /// What that came to.
    pub covered: Covered,
    /// With which others it was placed.
    pub group: Option<GroupId>,
}

/// Something that was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It was placed.
    Placed(Placing),
    /// It was looked at and is still needed, for this reason; the last day of the next review.
    Reviewed(NaiveDate, Note),
    /// Somebody else looks after it, and why.
    HandedOver(ActorId, Note),
    /// It is needed no longer, and why.
    Released(Note),
    /// What it had kept from being erased was looked for.
    Settled,
}

impl Event {
    /// Its name.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Placed(_) => "placed",
            Self::Reviewed(..) => "reviewed",
            Self::HandedOver(..) => "handed_over",
            Self::Released(_) => "released",
            Self::Settled => "settled",
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

/// A hold: its history, and what it adds up to.
///
/// # Properties
/// The entries only grow, and everything else follows from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    entries: Vec<Entry>,
    placing: Placing,
    stage: Stage,
    owner: ActorId,
    review_on: NaiveDate,
    released_at: Option<Timestamp>,
}

impl Hold {
    /// A hold of one entry.
    pub(super) fn opened(at: Timestamp, by: ActorId, placing: Placing) -> Self {
        let stage = if placing.scope == Scope::Subject { Stage::Whole } else { Stage::Part };
        let (owner, review_on) = (placing.owner, placing.review_on);
        let entry = Entry { at, by, event: Event::Placed(placing.clone()) };
        Self { entries: vec![entry], placing, stage, owner, review_on, released_at: None }
    }

    /// The hold with one entry more.
    ///
    /// # Errors
    /// [`WRONG_STEP`] with the `state` and the `step`.
    pub(super) fn apply(mut self, entry: Entry) -> Result<Self> {
        match (&entry.event, self.stage) {
            (Event::Reviewed(on, _), stage) if stage.is_in_force() => self.review_on = *on,
            (Event::HandedOver(owner, _), stage) if stage.is_in_force() => self.owner = *owner,
            (Event::Released(_), stage) if stage.is_in_force() => {
                self.released_at = Some(entry.at);
                self.stage = Stage::Released;
            }
            (Event::Settled, Stage::Released) => self.stage = Stage::Settled,
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

    /// Who looks after it now.
    #[must_use]
    pub const fn owner(&self) -> ActorId {
        self.owner
    }

    /// The last day of the next review.
    #[must_use]
    pub const fn review_on(&self) -> NaiveDate {
        self.review_on
    }

    /// When it was placed.
    #[must_use]
    pub fn placed_at(&self) -> Timestamp {
        self.entries.first().map_or(Timestamp::MIN, |entry| entry.at)
    }

    /// When it was released: here the retention of its record starts.
    #[must_use]
    pub const fn released_at(&self) -> Option<Timestamp> {
        self.released_at
    }

    /// Whether it holds rows of a class, under the policy as it is now.
    #[must_use]
    pub fn holds(&self, policy: &Policy, class: &Name) -> bool {
        let covers = self.placing.scope == Scope::Subject;
        self.stage.is_in_force() && (covers || self.placing.covered.has(policy, class))
    }
}
