//! The file of a request: what was entered, and where that leads.
//!
//! ```text
//! received ─→ identity asked ─→ in work ─→ extended ─→ decided ─→ answered
//!     │ ↘        ↓   ↑      ↗      ↓  ↑       ↓  ↑        ↑
//!     │   ↘  not confirmed      clarification asked       │
//!     └──────────┴───────── nothing held, not identified ─┘      … ─→ withdrawn, opened in error
//! ```
//!
//! Who asks can be asked anew until the answer was sent: a confirmation may turn out to be wrong.

use tacenda_core::{ActorId, Name, Timestamp};

use super::decision::{Answer, Decision};
use super::identity::{Evidence, Identity, IdentityAnswer, IdentityQuestion, Proof};
use super::intake::{Channel, Intake, RequestId, Requester, Scope};
use super::rights::Right;
use crate::case::{Note, choice};

/// A question on what the request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clarification {
    /// When it was asked.
    pub asked_at: Timestamp,
    /// What was asked.
    pub question: Note,
}

/// That the time to answer is extended by two further months.
///
/// # Law
/// Art. 12(3) GDPR: for complexity or number of requests, told with the reasons within the first month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// When the letter was sent.
    pub sent_at: Timestamp,
    /// The reasons in it.
    pub reasons: Note,
}

/// How a request came in, as it turned out to be: what replaces what was logged at first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// When it reached the controller.
    pub received_at: Timestamp,
    /// Who asks. If it is somebody else than was logged, it is open again who they are.
    pub requester: Requester,
    /// By which way it came.
    pub channel: Channel,
}

/// Where a request is, with what has been settled on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is logged.
    Received,
    /// It waits for the requester to show who they are.
    IdentityAsked(IdentityQuestion),
    /// The answer did not remove the doubt, and why.
    NotConfirmed(Note),
    /// It is settled who asks, and it is worked on.
    InWork {
        /// What removed the doubt.
        identity: Evidence,
    },
    /// It waits for the requester to say what it is about.
    ClarificationAsked {
        /// What removed the doubt.
        identity: Evidence,
        /// The extension, if there is one already.
        extension: Option<Extension>,
        /// The question.
        question: Clarification,
    },
    /// It is worked on for two further months.
    Extended {
        /// What removed the doubt.
        identity: Evidence,
        /// The extension.
        extension: Extension,
    },
    /// It is decided; the answer is to be sent.
    Decided {
        /// How far it is settled who asks.
        identity: Identity,
        /// The extension, if there was one.
        extension: Option<Extension>,
        /// What was decided.
        decision: Decision,
    },
    /// Nothing more is owed.
    Closed(Closed),
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// The answer was sent.
    Answered {
        /// How far it is settled who asks.
        identity: Identity,
        /// What was decided.
        decision: Decision,
        /// The answer.
        answer: Answer,
    },
    /// The requester took it back.
    Withdrawn(Timestamp),
    /// It was no request, or belongs into another file; why.
    OpenedInError(Note),
}

choice! {
    /// The name of a state: what an index and a list tell of it.
    Stage {
        /// [`State::Received`].
        Received = "received",
        /// [`State::IdentityAsked`].
        IdentityAsked = "identity asked",
        /// [`State::NotConfirmed`].
        NotConfirmed = "not confirmed",
        /// [`State::InWork`].
        InWork = "in work",
        /// [`State::ClarificationAsked`].
        ClarificationAsked = "clarification asked",
        /// [`State::Extended`].
        Extended = "extended",
        /// [`State::Decided`].
        Decided = "decided",
        /// [`Closed::Answered`].
        Answered = "answered",
        /// [`Closed::Withdrawn`].
        Withdrawn = "withdrawn",
        /// [`Closed::OpenedInError`].
        OpenedInError = "opened in error",
    }
}

impl Stage {
    /// Whether something is still owed.
    #[must_use]
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Answered | Self::Withdrawn | Self::OpenedInError)
    }
}

impl State {
    /// Its name.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        match self {
            Self::Received => Stage::Received,
            Self::IdentityAsked(_) => Stage::IdentityAsked,
            Self::NotConfirmed(_) => Stage::NotConfirmed,
            Self::InWork { .. } => Stage::InWork,
            Self::ClarificationAsked { .. } => Stage::ClarificationAsked,
            Self::Extended { .. } => Stage::Extended,
            Self::Decided { .. } => Stage::Decided,
            Self::Closed(Closed::Answered { .. }) => Stage::Answered,
            Self::Closed(Closed::Withdrawn(_)) => Stage::Withdrawn,
            Self::Closed(Closed::OpenedInError(_)) => Stage::OpenedInError,
        }
    }

    /// What was decided, if it was.
    #[must_use]
    pub const fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Decided { decision, .. } | Self::Closed(Closed::Answered { decision, .. }) => {
                Some(decision)
            }
            _ => None,
        }
    }

    /// How far it is settled who asks; for one that ended without an answer that no longer matters.
    #[must_use]
    pub fn identity(&self) -> Identity {
        match self {
            Self::Received | Self::Closed(Closed::Withdrawn(_) | Closed::OpenedInError(_)) => {
                Identity::Open
            }
            Self::IdentityAsked(question) => Identity::Asked(question.clone()),
            Self::NotConfirmed(reason) => Identity::NotConfirmed(reason.clone()),
            Self::InWork { identity }
            | Self::ClarificationAsked { identity, .. }
            | Self::Extended { identity, .. } => Identity::Confirmed(identity.clone()),
            Self::Decided { identity, .. } | Self::Closed(Closed::Answered { identity, .. }) => {
                identity.clone()
            }
        }
    }
}

/// Something that was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It came in.
    Received(Intake),
    /// The requester was told that it came in, at this time.
    Acknowledged(Timestamp),
    /// It repeats an earlier request. Each keeps its own clock and its own answer.
    Linked(RequestId),
    /// It is about something else than was logged at first, and why.
    Restated(Right, Scope, Note),
    /// It came in otherwise than was logged at first, and why that was wrong.
    Corrected(Correction, Note),
    /// The proxy or heir has shown their authority.
    AuthorityShown(Proof),
    /// The requester was asked to show who they are.
    IdentityAsked(IdentityQuestion),
    /// They answered.
    IdentityAnswered(IdentityAnswer),
    /// They were seen in a signed-in session, at this time.
    SessionSeen(Timestamp),
    /// The requester was asked what it is about.
    ClarificationAsked(Clarification),
    /// They answered at this time; what it is about now, if that changed.
    ClarificationAnswered(Timestamp, Option<Scope>),
    /// The time to answer is extended.
    Extended(Extension),
    /// It is decided, or decided anew.
    Decided(Decision),
    /// The answer was sent.
    Answered(Answer),
    /// The requester took it back, at this time.
    Withdrawn(Timestamp),
    /// There was no request, or it belongs into another file; why.
    OpenedInError(Note),
    /// The requester wrote more, which lies beside the file.
    Heard,
    /// The answer goes elsewhere from now on; the address lies beside the file.
    Readdressed,
    /// Something worth keeping, that changes nothing.
    Remarked(Note),
    /// What it was refused for stands no longer, and why: it is to be answered again.
    Reopened(Note),
}

impl Event {
    /// Its name.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Received(_) => "received",
            Self::Acknowledged(_) => "acknowledged",
            Self::Linked(_) => "linked",
            Self::Restated(..) => "restated",
            Self::AuthorityShown(_) => "authority_shown",
            Self::IdentityAsked(_) => "identity_asked",
            Self::IdentityAnswered(_) => "identity_answered",
            Self::SessionSeen(_) => "session_seen",
            Self::ClarificationAsked(_) => "clarification_asked",
            Self::ClarificationAnswered(..) => "clarification_answered",
            Self::Extended(_) => "extended",
            Self::Decided(_) => "decided",
            Self::Answered(_) => "answered",
            Self::Withdrawn(_) => "withdrawn",
            Self::Corrected(..) => "corrected",
            Self::OpenedInError(_) => "opened_in_error",
            Self::Heard => "heard",
            Self::Readdressed => "readdressed",
            Self::Remarked(_) => "remarked",
            Self::Reopened(_) => "reopened",
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

/// A request: its history, and what it adds up to.
///
/// # Properties
/// The entries only grow. State and the rest follow from them alone, so that what is stored is the
/// entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub(super) entries: Vec<Entry>,
    pub(super) state: State,
    /// As it is known now: what was restated, specified and shown since is in it.
    pub(super) intake: Intake,
    pub(super) links: Vec<RequestId>,
}

impl Request {
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

    /// Its number.
    #[must_use]
    pub const fn id(&self) -> RequestId {
        self.intake.id
    }

    /// What is asked for, as it was last stated.
    #[must_use]
    pub const fn right(&self) -> Right {
        self.intake.right
    }

    /// What it is about, as it was last stated.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.intake.scope
    }

    /// The purpose that it is about, where it names one: an objection, or a withdrawal of consent.
    #[must_use]
    pub const fn purpose(&self) -> Option<&Name> {
        self.intake.purpose.as_ref()
    }

    /// Who asks, with the proof of authority as far as it has been shown.
    #[must_use]
    pub const fn requester(&self) -> &Requester {
        &self.intake.requester
    }

    /// The request as it is known now.
    #[must_use]
    pub const fn intake(&self) -> &Intake {
        &self.intake
    }

    /// When it reached the controller: here its clock starts.
    #[must_use]
    pub const fn received_at(&self) -> Timestamp {
        self.intake.received_at
    }

    /// When it was logged.
    #[must_use]
    pub fn recorded_at(&self) -> Timestamp {
        self.entries.first().map_or(self.intake.received_at, |entry| entry.at)
    }

    /// The earlier requests that it repeats, in the order in which they were linked.
    #[must_use]
    pub fn links(&self) -> &[RequestId] {
        &self.links
    }

    /// When it was closed: that was entered then. Here the retention of the file starts, whatever day
    /// is told for the answer or the withdrawal itself; `None` while something is owed.
    #[must_use]
    pub fn closed_at(&self) -> Option<Timestamp> {
        if !matches!(self.state, State::Closed(_)) {
            return None;
        }
        let closes = |entry: &&Entry| !matches!(entry.event, Event::Remarked(_));
        self.entries.iter().rev().find(closes).map(|entry| entry.at)
    }

    /// When it was last shown who asks, if that stands.
    pub(super) fn confirmed_at(&self) -> Option<Timestamp> {
        if !self.state.identity().is_confirmed() {
            return None;
        }
        self.entries.iter().rev().find_map(|entry| match &entry.event {
            Event::SessionSeen(at) => Some(*at),
            Event::IdentityAnswered(answer) => Some(answer.answered_at),
            _ => None,
        })
    }

    /// Whether the address for the answer is still needed: until the file is closed.
    #[must_use]
    pub const fn needs_reply_to(&self) -> bool {
        !matches!(self.state, State::Closed(_))
    }
}
