//! Why a call to a provider failed, and whether it may be made again.

use std::fmt;

use tacenda_core::error::{Code, Error, Kind, Retry};

use super::words::{DeclineCode, Reference};

/// The bank said no.
pub static DECLINED: Code = Code::new("payments.declined", Kind::Refused, "the debit was declined");
/// The bank wants to ask the customer.
pub static NEEDS_AUTHENTICATION: Code = Code::new(
    "payments.needs_authentication",
    Kind::Refused,
    "the bank asks for the customer, who has to confirm the debit",
);
/// Too many calls.
pub static RATE_LIMITED: Code = Code::new(
    "payments.rate_limited",
    Kind::Unavailable,
    "the provider takes no more calls for a while",
)
.retry(Retry::Safe);
/// The provider did not do it, and may later.
pub static TEMPORARY: Code =
    Code::new("payments.temporary", Kind::Unavailable, "the provider is not available")
        .retry(Retry::Safe);
/// It may have happened.
pub static UNKNOWN_OUTCOME: Code = Code::new(
    "payments.unknown_outcome",
    Kind::Unavailable,
    "the provider gave no answer that can be relied on; the call may have happened",
)
.retry(Retry::Unknown);
/// A key for two different calls.
pub static KEY_REUSED: Code = Code::new(
    "payments.key_reused",
    Kind::Conflict,
    "the idempotency key was used for another call",
);
/// What was asked for is not there.
pub static NOT_FOUND: Code =
    Code::new("payments.not_found", Kind::NotFound, "the provider does not know the reference");
/// The provider will never do it.
pub static REFUSED: Code = Code::new(
    "payments.refused",
    Kind::Configuration,
    "the provider refuses the call: its key, its rights or its arguments are wrong",
);

/// Why a call to a provider failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The bank said no; another call with this key says the same.
    Declined {
        /// The debit, if the provider made one.
        debit: Option<Reference>,
        /// Why; only if the policy declares it.
        code: Option<DeclineCode>,
    },
    /// The bank wants to ask the customer, who was away.
    NeedsAuthentication {
        /// The debit that waits, if the provider made one.
        debit: Option<Reference>,
    },
    /// Too many calls; nothing happened.
    RateLimited,
    /// Nothing happened; the same call may succeed later.
    Temporary,
    /// It may have happened: make the same call again with the same key, or list.
    UnknownOutcome,
    /// The key was used for another call; nothing happened.
    KeyReused,
    /// The provider does not know a reference; nothing happened.
    NotFound,
    /// The provider refuses the call; nothing happened.
    Refused,
}

impl Failure {
    /// The code of this failure.
    #[must_use]
    pub const fn code(&self) -> &'static Code {
        match self {
            Self::Declined { .. } => &DECLINED,
            Self::NeedsAuthentication { .. } => &NEEDS_AUTHENTICATION,
            Self::RateLimited => &RATE_LIMITED,
            Self::Temporary => &TEMPORARY,
            Self::UnknownOutcome => &UNKNOWN_OUTCOME,
            Self::KeyReused => &KEY_REUSED,
            Self::NotFound => &NOT_FOUND,
            Self::Refused => &REFUSED,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code();
        write!(f, "{}: {}", code.name, code.summary)
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.code().error()
    }
}
