//! The register's entry of a breach: a history, the state that follows from it, and the duties.
//!
//! A [`Breach`] is a list of entries, each with its time and actor. A step takes the breach by value
//! and gives it back with one entry more, or an error; there is no step that removes or changes one,
//! so that a correction stands beside what it corrects (Art. 33(5) GDPR). The [`State`] is what the
//! entries add up to.
//!
//! ```text
//! suspected ─→ aware ─→ assessed ─→ notified ─→ told ─→ closed
//!      └────────┴─ unfounded ┴──────────┴─────────┴──────↗
//! ```
//!
//! Notices and what people are told are entered whenever they happen, from the first suspicion on
//! where a promise says so; `notified` and `told` settle them once the risk has been judged. Who
//! judges anew goes back to `assessed`, and settles again. A closed breach can be reopened.

mod apply;
mod codec;
mod facts;
mod letter;
mod model;
mod rules;
mod steps;

use tacenda_core::{ActorId, Timestamp};

use super::clock::Deadline;
use crate::case::Note;

pub use crate::case::Stamp;
pub use facts::{Cause, Count, Discovery, Facts, Incident, Nature, Occurrence, People};
pub use letter::{Approval, Draft, Letter, Wording};
pub use model::{
    Awareness, Exemption, Ground, Judgement, KeysOutside, Means, Notice, NoticeKind, Notices,
    PeopleAnswer, Promise, Remedy, Telling, Unfounded,
};
pub use rules::{Duty, DutyState};

/// Where a breach is, with what has been decided on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Something may have happened.
    Suspected,
    /// Something has: the clocks run.
    Aware {
        /// Since when, and by which clocks.
        awareness: Awareness,
    },
    /// A person has judged the risk.
    Assessed {
        /// Since when, and by which clocks.
        awareness: Awareness,
        /// The risk.
        judgement: Judgement,
    },
    /// Everybody who must be notified has been, or need not be.
    Notified {
        /// Since when, and by which clocks.
        awareness: Awareness,
        /// The risk.
        judgement: Judgement,
        /// Why this is settled.
        notices: Notices,
    },
    /// People have been told, or need not be.
    Told {
        /// Since when, and by which clocks.
        awareness: Awareness,
        /// The risk.
        judgement: Judgement,
        /// Why notices are settled.
        notices: Notices,
        /// Why this is settled.
        people: PeopleAnswer,
    },
    /// Nothing more is owed.
    Closed(Closed),
}

/// How a breach was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// All its steps were taken.
    Handled {
        /// Since when, and by which clocks.
        awareness: Awareness,
        /// The risk.
        judgement: Judgement,
        /// Why notices are settled.
        notices: Notices,
        /// Why people are settled.
        people: PeopleAnswer,
        /// Effects and remedial action.
        remedy: Remedy,
    },
    /// There was none.
    Unfounded {
        /// Since when the operator had thought otherwise, if it did.
        awareness: Option<Awareness>,
        /// Why, and who approved it.
        unfounded: Unfounded,
    },
}

impl State {
    /// Its name.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Suspected => "suspected",
            Self::Aware { .. } => "aware",
            Self::Assessed { .. } => "assessed",
            Self::Notified { .. } => "notified",
            Self::Told { .. } => "told",
            Self::Closed(_) => "closed",
        }
    }

    /// Since when the operator is aware, if it is.
    #[must_use]
    pub const fn awareness(&self) -> Option<&Awareness> {
        match self {
            Self::Suspected => None,
            Self::Aware { awareness }
            | Self::Assessed { awareness, .. }
            | Self::Notified { awareness, .. }
            | Self::Told { awareness, .. }
            | Self::Closed(Closed::Handled { awareness, .. }) => Some(awareness),
            Self::Closed(Closed::Unfounded { awareness, .. }) => awareness.as_ref(),
        }
    }

    /// The risk as it was last judged, if it was.
    #[must_use]
    pub const fn judgement(&self) -> Option<&Judgement> {
        match self {
            Self::Assessed { judgement, .. }
            | Self::Notified { judgement, .. }
            | Self::Told { judgement, .. }
            | Self::Closed(Closed::Handled { judgement, .. }) => Some(judgement),
            _ => None,
        }
    }

    /// Why people are settled, if they are.
    #[must_use]
    pub const fn people(&self) -> Option<&PeopleAnswer> {
        match self {
            Self::Told { people, .. } | Self::Closed(Closed::Handled { people, .. }) => {
                Some(people)
            }
            _ => None,
        }
    }
}

/// Something that was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Something may have happened.
    Suspected {
        /// What is known.
        facts: Facts,
        /// The promise that is about it.
        promise: Option<Promise>,
    },
    /// More is known, or something else than before.
    FactsCorrected {
        /// What is known now, whole.
        facts: Facts,
        /// The promise that is about it. One that bound before still does.
        promise: Option<Promise>,
        /// The clocks that run from now on, if the operator is aware.
        deadlines: Vec<Deadline>,
    },
    /// The operator is aware; or the time at which it became so is corrected.
    BecameAware(Awareness),
    /// A person has judged the risk.
    Judged(Judgement),
    /// Somebody was notified.
    Notified(Notice),
    /// Notices are settled.
    NoticesSettled(Notices),
    /// People were told.
    Told(Telling),
    /// The authority demands that people are told (Art. 34(4) GDPR).
    TellingOrdered(Note),
    /// The promise is not about this breach after all.
    PromiseLifted(Unfounded),
    /// People are settled.
    PeopleSettled(PeopleAnswer),
    /// Something worth keeping, that changes nothing.
    Remarked(Note),
    /// Nothing more is owed.
    Closed(Remedy),
    /// There was no breach.
    FoundUnfounded(Unfounded),
    /// It is taken up again.
    Reopened(Note),
    /// A letter to the people was written.
    Drafted(Draft),
    /// A test of the letter was put into the outbox.
    Tested,
    /// Somebody approves something that needs two.
    Approved(Approval, Note),
    /// The letter goes to people from now on.
    SendingBegan,
}

impl Event {
    /// Its name.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Suspected { .. } => "suspected",
            Self::FactsCorrected { .. } => "facts_corrected",
            Self::BecameAware(_) => "became_aware",
            Self::Judged(_) => "judged",
            Self::Notified(_) => "notified",
            Self::NoticesSettled(_) => "notices_settled",
            Self::Told(_) => "told",
            Self::TellingOrdered(_) => "telling_ordered",
            Self::PromiseLifted(_) => "promise_lifted",
            Self::PeopleSettled(_) => "people_settled",
            Self::Remarked(_) => "remarked",
            Self::Closed(_) => "closed",
            Self::FoundUnfounded(_) => "found_unfounded",
            Self::Reopened(_) => "reopened",
            Self::Drafted(_) => "drafted",
            Self::Tested => "tested",
            Self::Approved(..) => "approved",
            Self::SendingBegan => "sending_began",
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

/// A breach: its history, and what it adds up to.
///
/// # Properties
/// The entries only grow. State, facts and the rest follow from them alone, so that what is stored
/// is the entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    entries: Vec<Entry>,
    state: State,
    facts: Facts,
    promise: Option<Promise>,
    ordered: bool,
    notices: Vec<Notice>,
    tellings: Vec<Telling>,
    letter: Option<Letter>,
}

impl Breach {
    /// Everything that was entered, the oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Where it is.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// What is known, as it was last stated.
    #[must_use]
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The promise that is about it, whether or not it binds already.
    #[must_use]
    pub const fn promise(&self) -> Option<&Promise> {
        self.promise.as_ref()
    }

    /// The notices made, the oldest first.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// What people were told, the oldest first.
    #[must_use]
    pub fn tellings(&self) -> &[Telling] {
        &self.tellings
    }
}
