//! The words of the catalogue: what a period starts from, what sort of rule it is, how sure it is.

use crate::policy::words::KeepGround;

/// The day that a period starts from, as its event finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Start {
    /// The day of the event.
    Event,
    /// The end of the financial year that the event falls in.
    EndOfFinancialYear,
    /// 31 December of the year of the event.
    EndOfCalendarYear,
    /// 31 December of the year in which the financial year of the event ends.
    EndOfCalendarYearOfFinancialYear,
    /// The period runs backwards: it ends with the event.
    BeforeEvent,
}

/// The event whose day must be known: a field of what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Anchor {
    /// The document was made, received or sent.
    Document,
    /// The last entry in the book, or the document where there is no book.
    LastEntry,
    /// The tax became payable.
    TaxDue,
    /// The tax period ended.
    TaxPeriodEnd,
    /// The transaction took place, or was completed.
    Transaction,
    /// The contract was concluded, or its performance ended if that is later.
    Performance,
    /// The contract ended, or the account was closed.
    ContractEnd,
    /// The commercial relationship ended.
    RelationshipEnd,
    /// The person last made contact; to open a mail is none.
    LastContact,
    /// The user was last active.
    LastActivity,
    /// The person objected.
    Objection,
    /// The person chose.
    Choice,
    /// The entry was logged.
    LogEntry,
    /// The connection was made.
    Connection,
    /// The payment was authorised.
    Authorisation,
    /// The last instalment was paid, or the subscription ended.
    LastInstalment,
    /// The account was debited.
    Debit,
    /// The account was last debited under the mandate.
    LastCollection,
    /// The last debit was handed to the bank.
    LastSubmission,
    /// The debit will fall due.
    CollectionDue,
    /// The claim fell due.
    ClaimDue,
    /// No event: the law sets no period.
    Unset,
}

/// What sort of rule a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PeriodKind {
    /// The law has it kept for at least so long.
    LegalMin,
    /// The law allows it to be kept no longer.
    LegalMax,
    /// Claims can be brought for so long.
    Limitation,
    /// The rules of a payment scheme have it kept for at least so long.
    SchemeMin,
    /// A usual contract has it kept for at least so long.
    ContractMin,
    /// An authority thinks so long enough.
    GuidanceMax,
    /// An authority thinks so long needed.
    GuidanceMin,
    /// A period of a payment scheme.
    Scheme,
    /// What a payment scheme lets lapse.
    SchemeExpiry,
    /// Nothing binding: what controllers usually decide.
    Policy,
    /// The state keeps it, and the controller need not.
    KeptByState,
    /// No rule.
    None,
}

/// What a period is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// A duty to keep, against a request to erase.
    Duty,
    /// A need to keep, for legal claims, against a request to erase.
    Claims,
    /// No reason to keep: to keep it longer needs one.
    UpperBound,
    /// Advice on a period, and no reason to keep against a request.
    Advice,
    /// For information.
    Information,
}

/// How sure an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// From memory; to be checked before it is relied on.
    Low,
    /// One reliable source, or a partial check.
    Medium,
    /// The provision was read, or two independent sources agree.
    High,
}

impl PeriodKind {
    /// Its name in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LegalMin => "legal_min",
            Self::LegalMax => "legal_max",
            Self::Limitation => "limitation",
            Self::SchemeMin => "scheme_min",
            Self::ContractMin => "contract_min",
            Self::GuidanceMax => "guidance_max",
            Self::GuidanceMin => "guidance_min",
            Self::Scheme => "scheme",
            Self::SchemeExpiry => "scheme_expiry",
            Self::Policy => "policy",
            Self::KeptByState => "kept_by_state",
            Self::None => "none",
        }
    }

    /// What a period of this kind is good for.
    ///
    /// # Law
    /// Art. 17(3)(b) GDPR needs a legal obligation of the controller; (e) the establishment,
    /// exercise or defence of legal claims.
    #[must_use]
    pub const fn effect(self) -> Effect {
        match self {
            Self::LegalMin => Effect::Duty,
            Self::Limitation | Self::SchemeMin | Self::ContractMin => Effect::Claims,
            Self::GuidanceMax | Self::LegalMax => Effect::UpperBound,
            Self::GuidanceMin | Self::Scheme | Self::SchemeExpiry | Self::Policy => Effect::Advice,
            Self::KeptByState | Self::None => Effect::Information,
        }
    }
}

impl Effect {
    /// The exception that refuses an erasure to that extent; `None` if there is none.
    #[must_use]
    pub const fn ground(self) -> Option<KeepGround> {
        match self {
            Self::Duty => Some(KeepGround::LegalObligation),
            Self::Claims => Some(KeepGround::LegalClaims),
            Self::UpperBound | Self::Advice | Self::Information => None,
        }
    }
}
