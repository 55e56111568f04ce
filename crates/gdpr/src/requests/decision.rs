//! What is decided about a request, on which grounds, and what its answer says.

use chrono::NaiveDate;
use tacenda_core::{Name, Result, Timestamp};

use super::codes::{NO_REASONS, PART_WITHOUT_CLASS};
use super::intake::Channel;
use super::rights::Right;
use crate::case::{Note, choice};

choice! {
    /// On what ground a request, or a part of it, is refused. What a hint on screen says of a right
    /// and a lawful basis is none.
    Ground {
        /// Art. 17(3)(a): expression and information.
        Expression = "expression",
        /// Art. 17(3)(b): a legal obligation to keep, or a public task.
        LegalObligation = "legal obligation",
        /// Art. 17(3)(c): public health.
        PublicHealth = "public health",
        /// Art. 17(3)(d): archiving, research, statistics.
        Archiving = "archiving",
        /// Art. 17(3)(e), 21(1): legal claims.
        LegalClaims = "legal claims",
        /// Art. 18(2): it is restricted, and stored until that is lifted.
        Restricted = "restricted",
        /// None of the conditions of the right is met: Art. 17(1), 18(1), 20(1), 22(1), or data that is
        /// correct and complete (Art. 16).
        ConditionsNotMet = "conditions not met",
        /// Art. 21(1): compelling legitimate grounds that outweigh; the burden is the controller's.
        CompellingGrounds = "compelling grounds",
        /// Art. 15(4), 20(4): the rights and freedoms of others.
        RightsOfOthers = "rights of others",
        /// Art. 12(5): manifestly unfounded; the burden is the controller's.
        Unfounded = "unfounded",
        /// Art. 12(5): excessive, such as by repetition; the burden is the controller's.
        Excessive = "excessive",
        /// A law that restricts the right (Art. 23); the reason names it.
        RestrictedByLaw = "restricted by law",
        /// Another is the controller; the reason names it (Art. 28(3)(e): a processor passes it on).
        OtherController = "other controller",
        /// Art. 12(2), (6): it could not be settled who asks.
        NotIdentified = "not identified",
        /// The proxy or heir has not shown their authority.
        NotEntitled = "not entitled",
    }

    /// On what ground a fee is asked for.
    ChargeGround {
        /// Art. 12(5)(a): manifestly unfounded.
        Unfounded = "unfounded",
        /// Art. 12(5)(a): excessive, such as by repetition.
        Excessive = "excessive",
        /// Art. 15(3): a further copy.
        FurtherCopy = "further copy",
    }
}

impl Ground {
    /// Whether the law gives this ground against this right.
    ///
    /// # Law
    /// Art. 17(3) and 18(2) are about erasure, 15(4) and 20(4) about copies, 21(1) about objections; Art. 12, 23
    /// and who the controller is concern every right, except that nothing refuses an absolute one but
    /// that it is not known who asks, or that another is asked.
    #[must_use]
    pub const fn refuses(self, right: Right) -> bool {
        match self {
            Self::NotIdentified | Self::NotEntitled | Self::OtherController => true,
            _ if right.is_absolute() => false,
            Self::Expression
            | Self::LegalObligation
            | Self::PublicHealth
            | Self::Archiving
            | Self::Restricted => matches!(right, Right::Erasure),
            Self::LegalClaims => matches!(right, Right::Erasure | Right::Objection),
            Self::CompellingGrounds => matches!(right, Right::Objection),
            Self::RightsOfOthers => matches!(right, Right::Access | Right::Portability),
            Self::ConditionsNotMet => !matches!(right, Right::Access),
            Self::Unfounded | Self::Excessive | Self::RestrictedByLaw => true,
        }
    }

    /// Whether a person has to weigh it: a machine neither balances interests nor calls a request
    /// excessive.
    #[must_use]
    pub const fn needs_a_person(self) -> bool {
        matches!(
            self,
            Self::Unfounded
                | Self::Excessive
                | Self::CompellingGrounds
                | Self::RightsOfOthers
                | Self::RestrictedByLaw
        )
    }
}

/// A ground against a request or a part of it, with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The class refused; `None` for all that was asked for.
    pub class: Option<Name>,
    /// The item of the class; `None` for all of them.
    pub item: Option<Name>,
    /// The ground.
    pub ground: Ground,
    /// Why it holds here.
    pub reason: Note,
}

/// The grounds of a refusal: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusals(Vec<Refusal>);

impl Refusals {
    /// From the grounds of a refusal of the whole request.
    ///
    /// # Errors
    /// [`NO_REASONS`] if there are none; [`PART_WITHOUT_CLASS`] for an item without its class.
    pub fn new(grounds: Vec<Refusal>) -> Result<Self> {
        if grounds.is_empty() {
            return NO_REASONS.err();
        }
        if grounds.iter().any(|one| one.class.is_none() && one.item.is_some()) {
            return PART_WITHOUT_CLASS.err();
        }
        Ok(Self(grounds))
    }

    /// The grounds, in the order in which they were given.
    #[must_use]
    pub fn grounds(&self) -> &[Refusal] {
        &self.0
    }
}

/// The grounds of a refusal of a part: at least one, each with its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialRefusal(Refusals);

impl PartialRefusal {
    /// From the grounds, each for a class or an item of one.
    ///
    /// # Errors
    /// [`NO_REASONS`] if there are none; [`PART_WITHOUT_CLASS`] for one without a class.
    ///
    /// # Law
    /// Art. 17(3): "to the extent that": per class and item, never per person.
    pub fn new(grounds: Vec<Refusal>) -> Result<Self> {
        if grounds.iter().any(|one| one.class.is_none()) {
            return PART_WITHOUT_CLASS.err();
        }
        Refusals::new(grounds).map(Self)
    }

    /// The grounds, in the order in which they were given.
    #[must_use]
    pub fn grounds(&self) -> &[Refusal] {
        self.0.grounds()
    }
}

/// Why a fee is asked for. The amount is a matter of the bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The ground.
    pub ground: ChargeGround,
    /// Why it holds here; the burden is the controller's.
    pub reason: Note,
}

/// What is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// What was asked for is done, for a fee if one is asked for.
    Granted(Option<Charge>),
    /// It is done but for these parts.
    PartlyRefused(PartialRefusal),
    /// It is refused, and why it was decided after the first due date, if it was.
    Refused(Refusals, Option<Note>),
    /// Nothing is held about whoever asks. It needs no proof of identity.
    NothingHeld,
    /// What was held was erased on a day before.
    ErasedBefore(NaiveDate),
}

impl Decision {
    /// Its word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Granted(_) => "granted",
            Self::PartlyRefused(_) => "partly refused",
            Self::Refused(..) => "refused",
            Self::NothingHeld => "nothing held",
            Self::ErasedBefore(_) => "erased before",
        }
    }

    /// The grounds against the request or parts of it.
    #[must_use]
    pub fn grounds(&self) -> &[Refusal] {
        match self {
            Self::PartlyRefused(part) => part.grounds(),
            Self::Refused(all, _) => all.grounds(),
            Self::Granted(_) | Self::NothingHeld | Self::ErasedBefore(_) => &[],
        }
    }

    /// Whether no action is taken, so that no extension holds (Art. 12(4) GDPR).
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(..))
    }

    /// What its answer has to tell of: a refusal, in part or in whole, of complaint and court.
    ///
    /// # Law
    /// Art. 12(4), 77 and 79 GDPR.
    #[must_use]
    pub fn owed_hints(&self) -> Hints {
        let owed = !self.grounds().is_empty();
        Hints { complaint: owed, court: owed }
    }
}

/// What a letter tells of the ways to object to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hints {
    /// The complaint to a supervisory authority (Art. 77 GDPR).
    pub complaint: bool,
    /// The judicial remedy (Art. 79).
    pub court: bool,
}

impl Hints {
    /// Whether it tells of all that is owed.
    #[must_use]
    pub const fn cover(self, owed: Self) -> bool {
        (self.complaint || !owed.complaint) && (self.court || !owed.court)
    }
}

/// The answer, once it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// When it was sent.
    pub sent_at: Timestamp,
    /// By which way.
    pub by: Channel,
    /// What it told of complaint and court.
    pub hints: Hints,
}
