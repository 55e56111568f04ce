//! Who asks: questions and answers on identity, and the proof of authority.
//!
//! # Law
//! Art. 12(6) GDPR: more information may be asked for where there is *reasonable doubt*; Art. 5(1)(c):
//! no more than is needed. So a signed-in session suffices, an answer from the address on file is
//! next, and a document is asked for with a reason only. Of a document its type, who saw it and the
//! day are kept, never the document, a copy, or its number.

use chrono::NaiveDate;
use tacenda_core::{ActorId, Timestamp};

use crate::case::{Note, choice};

choice! {
    /// What sort of document somebody showed.
    Document {
        /// An identity card.
        IdentityCard = "identity card",
        /// A passport.
        Passport = "passport",
        /// A residence permit.
        ResidencePermit = "residence permit",
        /// A driving licence.
        DrivingLicence = "driving licence",
        /// Another.
        Other = "other",
    }

    /// What sort of proof shows the authority of a proxy or heir.
    ProofKind {
        /// A power of attorney.
        PowerOfAttorney = "power of attorney",
        /// A lawyer's mandate.
        LawyersMandate = "lawyer's mandate",
        /// Parental responsibility.
        ParentalResponsibility = "parental responsibility",
        /// A guardianship.
        Guardianship = "guardianship",
        /// A certificate of inheritance.
        CertificateOfInheritance = "certificate of inheritance",
        /// Another.
        Other = "other",
    }
}

/// The proof of an authority: its kind, who saw it, and when. Never the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// What sort.
    pub kind: ProofKind,
    /// Who saw it: a person.
    pub seen_by: ActorId,
    /// On which day.
    pub seen_on: NaiveDate,
}

/// A document that was shown: its type, who saw it, and when. Never the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenDocument {
    /// What sort.
    pub document: Document,
    /// Who saw it: a person.
    pub seen_by: ActorId,
    /// On which day.
    pub seen_on: NaiveDate,
}

/// What removes the doubt, the least first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// A signed-in session.
    Session,
    /// An answer from the e-mail address of the account.
    EmailRoundTrip,
    /// Knowledge of facts of the account.
    AccountFacts,
    /// A document.
    Document(SeenDocument),
}

impl Evidence {
    /// Its word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::EmailRoundTrip => "e-mail round trip",
            Self::AccountFacts => "account facts",
            Self::Document(_) => "document",
        }
    }
}

/// What is asked for where there is reasonable doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityAsk {
    /// An answer from the e-mail address of the account.
    EmailRoundTrip,
    /// Facts of the account that nobody else knows.
    AccountFacts,
    /// A document, and why nothing less removes the doubt.
    Document(Note),
}

impl IdentityAsk {
    /// Its word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::EmailRoundTrip => "e-mail round trip",
            Self::AccountFacts => "account facts",
            Self::Document(_) => "document",
        }
    }
}

/// A question about who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityQuestion {
    /// When it was asked.
    pub asked_at: Timestamp,
    /// For what.
    pub ask: IdentityAsk,
}

/// The answer to a question about who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityAnswer {
    /// When it came.
    pub answered_at: Timestamp,
    /// What it showed.
    pub outcome: IdentityOutcome,
}

/// What an answer showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityOutcome {
    /// They are who they say.
    Confirmed(Evidence),
    /// The doubt remains, and why.
    NotConfirmed(Note),
}

/// How far it is settled who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// Nobody has asked or shown anything.
    Open,
    /// A question waits for its answer.
    Asked(IdentityQuestion),
    /// The answer did not remove the doubt, and why.
    NotConfirmed(Note),
    /// There is no reasonable doubt, and what removed it.
    Confirmed(Evidence),
}

impl Identity {
    /// Whether there is no reasonable doubt.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        matches!(self, Self::Confirmed(_))
    }
}
