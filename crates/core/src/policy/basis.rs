//! Lawful bases.

use crate::name::Name;

use super::model::Texts;
use super::words::Basis;

/// On what a purpose rests.
///
/// # Law
/// Art. 6(1) GDPR, letters (a) to (f).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LawfulBasis {
    /// (a) consent.
    Consent,
    /// (b) a contract with the data subject, or steps before one.
    Contract,
    /// (c) a legal obligation.
    LegalObligation {
        /// The law that obliges.
        law: Name,
    },
    /// (d) vital interests.
    VitalInterests,
    /// (e) a task in the public interest or official authority.
    PublicTask {
        /// The law that gives the task.
        law: Name,
    },
    /// (f) legitimate interests.
    LegitimateInterests {
        /// The interest that is pursued (Art. 13(1)(d)).
        interest: Texts,
    },
}

impl LawfulBasis {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Basis {
        match self {
            Self::Consent => Basis::Consent,
            Self::Contract => Basis::Contract,
            Self::LegalObligation { .. } => Basis::LegalObligation,
            Self::VitalInterests => Basis::VitalInterests,
            Self::PublicTask { .. } => Basis::PublicTask,
            Self::LegitimateInterests { .. } => Basis::LegitimateInterests,
        }
    }
}
