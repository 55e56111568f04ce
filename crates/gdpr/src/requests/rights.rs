//! What is asked for, and what the law says of each right.

use crate::case::choice;

choice! {
    /// On what ground processing is to be restricted.
    ///
    /// # Law
    /// Art. 18(1) GDPR.
    RestrictionGround {
        /// (a) the accuracy of the data is contested.
        Accuracy = "accuracy",
        /// (b) the processing is unlawful, and the subject wants restriction instead of erasure.
        Unlawful = "unlawful",
        /// (c) the subject needs the data for legal claims.
        Claims = "claims",
        /// (d) an objection under Art. 21(1) is not decided yet.
        Objection = "objection",
    }
}

/// What is asked for. A letter that asks for two things is two requests, each with its own answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Right {
    /// Access and a copy (Art. 15 GDPR).
    Access,
    /// Correction or completion (Art. 16).
    Rectification,
    /// Erasure (Art. 17).
    Erasure,
    /// Restriction (Art. 18), on this ground.
    Restriction(RestrictionGround),
    /// The data in a machine-readable form (Art. 20).
    Portability,
    /// Objection to processing on Art. 6(1)(e) or (f) (Art. 21(1)).
    Objection,
    /// Objection to direct marketing (Art. 21(2)): absolute.
    MarketingObjection,
    /// That a person looks at an automated decision (Art. 22(3)).
    HumanReview,
    /// Withdrawal of consent (Art. 7(3)): absolute.
    ConsentWithdrawal,
}

impl Right {
    /// Every right, restriction with each of its grounds.
    pub const ALL: &'static [Self] = &[
        Self::Access,
        Self::Rectification,
        Self::Erasure,
        Self::Restriction(RestrictionGround::Accuracy),
        Self::Restriction(RestrictionGround::Unlawful),
        Self::Restriction(RestrictionGround::Claims),
        Self::Restriction(RestrictionGround::Objection),
        Self::Portability,
        Self::Objection,
        Self::MarketingObjection,
        Self::HumanReview,
        Self::ConsentWithdrawal,
    ];

    /// Its word; that of a restriction is without its ground.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Rectification => "rectification",
            Self::Erasure => "erasure",
            Self::Restriction(_) => "restriction",
            Self::Portability => "portability",
            Self::Objection => "objection",
            Self::MarketingObjection => "marketing objection",
            Self::HumanReview => "human review",
            Self::ConsentWithdrawal => "consent withdrawal",
        }
    }

    /// Its provision.
    #[must_use]
    pub const fn law(self) -> &'static str {
        match self {
            Self::Access => "GDPR Art. 15",
            Self::Rectification => "GDPR Art. 16",
            Self::Erasure => "GDPR Art. 17",
            Self::Restriction(RestrictionGround::Accuracy) => "GDPR Art. 18(1)(a)",
            Self::Restriction(RestrictionGround::Unlawful) => "GDPR Art. 18(1)(b)",
            Self::Restriction(RestrictionGround::Claims) => "GDPR Art. 18(1)(c)",
            Self::Restriction(RestrictionGround::Objection) => "GDPR Art. 18(1)(d)",
            Self::Portability => "GDPR Art. 20",
            Self::Objection => "GDPR Art. 21(1)",
            Self::MarketingObjection => "GDPR Art. 21(2)",
            Self::HumanReview => "GDPR Art. 22(3)",
            Self::ConsentWithdrawal => "GDPR Art. 7(3)",
        }
    }

    /// Whether it holds without conditions, so that nothing refuses it and no fee is asked for it.
    ///
    /// # Law
    /// Art. 21(3): after an objection data is no longer processed for direct marketing. Art. 7(3): at
    /// any time. That Art. 12(5) does not stand against these two is our reading.
    #[must_use]
    pub const fn is_absolute(self) -> bool {
        matches!(self, Self::MarketingObjection | Self::ConsentWithdrawal)
    }

    /// Whether its time to answer can be extended.
    ///
    /// # Law
    /// Art. 12(3) is about requests under Art. 15 to 22. What is absolute takes effect at once; the
    /// month is only the last day to say so. That this holds for an objection to marketing too, which
    /// Art. 21 names, is our reading: nothing in it is complex.
    #[must_use]
    pub const fn is_extendable(self) -> bool {
        !self.is_absolute()
    }

    /// Whether the time stands still while proof of identity is awaited.
    ///
    /// # Law
    /// Art. 12(6) is about requests under Art. 15 to 21. What is absolute does not wait for it: to
    /// grant it hurts nobody.
    #[must_use]
    pub const fn pauses_for_identity(self) -> bool {
        !matches!(self, Self::HumanReview) && !self.is_absolute()
    }

    /// Whether the time stands still while it is awaited what the request is about.
    ///
    /// # Law
    /// Recital 63 speaks of access; EDPB Guidelines 01/2022 are about access too. That it holds for
    /// the other rights of Art. 12(3) is our reading; for what is absolute it does not.
    #[must_use]
    pub const fn pauses_for_clarification(self) -> bool {
        !self.is_absolute()
    }
}
