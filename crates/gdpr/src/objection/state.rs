//! An objection: its steps, and how it stands after them.

use tacenda_core::policy::Against;
use tacenda_core::{ActorId, Result, Timestamp};

use super::codes::{
    BEFORE_DECISION, BEFORE_RECEIPT, IN_FUTURE, MARKETING_FINAL, REMEDIES_MISSING, WRONG_STEP,
};
use crate::case::{Note, SKEW, Stamp, choice};

choice! {
    /// On what it rests.
    Ground {
        /// The person's particular situation, against Art. 6(1)(e) or (f) (Art. 21(1) GDPR).
        Situation = "situation",
        /// Nothing more is needed against direct marketing (Art. 21(2)).
        Marketing = "marketing",
    }

    /// By which way it came, or an answer went.
    Way {
        /// From a signed-in session of the account.
        Account = "account",
        /// By a link in what was sent, or by automated means (Art. 21(5)).
        Automated = "automated",
        /// By e-mail.
        Email = "e-mail",
        /// By letter.
        Letter = "letter",
        /// By phone.
        Phone = "phone",
        /// In person.
        InPerson = "in person",
        /// In another way.
        Other = "other",
    }

    /// What overrides an objection (Art. 21(1), second sentence).
    Overriding {
        /// Compelling legitimate grounds, which the controller demonstrates.
        CompellingGrounds = "compelling grounds",
        /// The establishment, exercise or defence of legal claims.
        LegalClaims = "legal claims",
    }
}

/// How an objection came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// On what it rests.
    pub ground: Ground,
    /// By which way it came.
    pub way: Way,
    /// When it reached the controller; it may lie before it was entered.
    pub received_at: Timestamp,
}

impl Made {
    /// Whether an objection may rest on this ground: one to marketing as such on nothing else.
    pub(super) fn fits(&self, against: &Against) -> bool {
        *against != Against::Marketing || self.ground == Ground::Marketing
    }
}

/// What was decided, with the controller's reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The person's reasons weigh more.
    Upheld(Note),
    /// The controller's do.
    Overruled(Overriding, Note),
}

/// That the person was told of the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// When the answer was sent.
    pub sent_at: Timestamp,
    /// By which way.
    pub way: Way,
    /// Whether it names the complaint to an authority and the way to a court.
    pub remedies: bool,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It was made.
    Made(Made),
    /// The person said it again, perhaps with further reasons; the purpose may be one of marketing
    /// by now.
    Repeated(Made),
    /// It was decided.
    Decided(Decision),
    /// The person was told.
    Told(Told),
    /// The person took it back.
    Withdrawn(Timestamp),
    /// The account is gone.
    Ended,
}

/// An entry of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was entered.
    pub at: Timestamp,
    /// By whom.
    pub by: ActorId,
    /// What happened.
    pub event: Event,
}

/// How an objection stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It waits for a decision, and the purpose is not read.
    Pending,
    /// It is upheld, or one to marketing: the purpose is not read.
    Stands,
    /// It is overruled, and the person was not told yet: the purpose is not read.
    Overruled,
    /// The person was told, and the purpose is read again.
    Overridden,
    /// The person took it back at this time.
    Withdrawn(Timestamp),
    /// The account is gone.
    Ended,
}

impl State {
    /// The word of an open state; `None` once it is over.
    #[must_use]
    pub const fn open_as(&self) -> Option<&'static str> {
        match self {
            Self::Pending => Some("pending"),
            Self::Stands => Some("stands"),
            Self::Overruled => Some("overruled"),
            Self::Overridden | Self::Withdrawn(_) | Self::Ended => None,
        }
    }
}

/// A person's objection to a purpose, from its receipt to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    against: Against,
    made: Made,
    ground: Ground,
    pub(super) entries: Vec<Entry>,
    state: State,
}

impl Objection {
    /// An objection. One to direct marketing as such rests on that alone.
    ///
    /// # Errors
    /// `objection.in_future`.
    pub fn make(against: Against, made: Made, stamp: Stamp) -> Result<Self> {
        not_after(made.received_at, stamp)?;
        let ground = if against == Against::Marketing { Ground::Marketing } else { made.ground };
        let (made, Stamp { at, by }) = (Made { ground, ..made }, stamp);
        Ok(Self::opened(against, made, Entry { at, by, event: Event::Made(made) }))
    }

    /// The person says it again. One that was overruled, and of which they were not told, is weighed
    /// anew. If the purpose is one of direct marketing by now, the objection is final from here on.
    ///
    /// # Errors
    /// `objection.in_future`; `objection.wrong_step` once it is over.
    pub fn repeat(self, made: Made, stamp: Stamp) -> Result<Self> {
        not_after(made.received_at, stamp)?;
        self.enter(Event::Repeated(made), stamp)
    }

    /// Decides it. As long as the person was not told that it is overruled, it can be upheld.
    ///
    /// # Law
    /// Art. 21(1) GDPR: the burden is on the controller.
    ///
    /// # Errors
    /// `objection.marketing_final`; `objection.wrong_step`.
    pub fn decide(self, decision: Decision, stamp: Stamp) -> Result<Self> {
        if self.ground == Ground::Marketing {
            return MARKETING_FINAL.err();
        }
        self.enter(Event::Decided(decision), stamp)
    }

    /// Enters that the person was told, in a letter since the last decision. One that is overruled ends
    /// with it.
    ///
    /// # Law
    /// Art. 12(4) and 18(3) GDPR.
    ///
    /// # Errors
    /// `objection.in_future`, `objection.before_receipt`, `objection.before_decision`;
    /// `objection.remedies_missing`; `objection.wrong_step` while nothing is decided.
    pub fn tell(self, told: Told, stamp: Stamp) -> Result<Self> {
        self.between(told.sent_at, stamp)?;
        if self.state == State::Overruled && !told.remedies {
            return REMEDIES_MISSING.err();
        }
        let decided = self.entries.iter().rfind(|one| matches!(one.event, Event::Decided(_)));
        if decided.is_some_and(|decided| told.sent_at < decided.at.minus(SKEW)) {
            return BEFORE_DECISION.err();
        }
        self.enter(Event::Told(told), stamp)
    }

    /// The person takes it back.
    ///
    /// # Errors
    /// `objection.in_future`, `objection.before_receipt`; `objection.wrong_step` once it is over.
    pub fn withdraw(self, at: Timestamp, stamp: Stamp) -> Result<Self> {
        self.between(at, stamp)?;
        self.enter(Event::Withdrawn(at), stamp)
    }

    /// Ends it with its account.
    ///
    /// # Errors
    /// `objection.wrong_step` once it is over.
    pub fn end(self, stamp: Stamp) -> Result<Self> {
        self.enter(Event::Ended, stamp)
    }

    /// What it is to.
    #[must_use]
    pub const fn against(&self) -> &Against {
        &self.against
    }

    /// How it came first.
    #[must_use]
    pub const fn made(&self) -> &Made {
        &self.made
    }

    /// On what it rests: as it was made, or as it was said again.
    #[must_use]
    pub const fn ground(&self) -> Ground {
        self.ground
    }

    /// What happened, the oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How it stands.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    pub(super) fn opened(against: Against, made: Made, entry: Entry) -> Self {
        let state = match made.ground {
            Ground::Situation => State::Pending,
            Ground::Marketing => State::Stands,
        };
        Self { against, made, ground: made.ground, entries: vec![entry], state }
    }

    fn between(&self, at: Timestamp, stamp: Stamp) -> Result<()> {
        not_after(at, stamp)?;
        if at < self.made.received_at { BEFORE_RECEIPT.err() } else { Ok(()) }
    }

    fn enter(self, event: Event, Stamp { at, by }: Stamp) -> Result<Self> {
        // A clock that was ahead for an hour holds nobody up.
        let at = self.entries.last().map_or(at, |last| at.max(last.at));
        self.apply(Entry { at, by, event })
    }

    /// The history with an entry more: the structure alone, as when it is read again.
    pub(super) fn apply(mut self, entry: Entry) -> Result<Self> {
        let over = self.state.open_as().is_none();
        let in_order = self.entries.last().is_none_or(|last| last.at <= entry.at);
        if over || !in_order {
            return WRONG_STEP.err();
        }
        let next = match (&self.state, &entry.event) {
            (_, Event::Made(_)) => return WRONG_STEP.err(),
            (_, Event::Repeated(Made { ground: Ground::Marketing, .. })) => State::Stands,
            (State::Overruled, Event::Repeated(_)) => State::Pending,
            (state, Event::Repeated(_)) => state.clone(),
            (State::Pending | State::Overruled, Event::Decided(decision)) => match decision {
                Decision::Upheld(_) => State::Stands,
                Decision::Overruled(..) => State::Overruled,
            },
            (_, Event::Decided(_)) | (State::Pending, Event::Told(_)) => return WRONG_STEP.err(),
            (State::Overruled, Event::Told(_)) => State::Overridden,
            (state, Event::Told(_)) => state.clone(),
            (_, Event::Withdrawn(at)) => State::Withdrawn(*at),
            (_, Event::Ended) => State::Ended,
        };
        if let Event::Repeated(Made { ground: Ground::Marketing, .. }) = entry.event {
            self.ground = Ground::Marketing;
        }
        self.state = next;
        self.entries.push(entry);
        Ok(self)
    }
}

fn not_after(at: Timestamp, stamp: Stamp) -> Result<()> {
    if at > stamp.at { IN_FUTURE.err() } else { Ok(()) }
}
