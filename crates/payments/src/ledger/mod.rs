//! The ledger of debits: what was to be debited, under which key, and what became of it.
//!
//! An [`Entry`] is written down with its key before the provider is called ([`charge`](charge())), so that a
//! call after a crash is the same call. The states are pure; where entries are kept is a port, [`Book`].

mod charge;
mod state;

use async_trait::async_trait;
use tacenda_core::clock::{Span, Timestamp};
use tacenda_core::error::{Code, Kind, Result, Retry};
use tacenda_core::name::Name;

use crate::provider::{DebitRequest, IdempotencyKey, Money, Reference, Setting};

pub use charge::{charge, resume};
pub use state::{Entry, Next, State};

/// Another change of the entry came first.
pub static LEDGER_CONFLICT: Code = Code::new(
    "payments.ledger_conflict",
    Kind::Conflict,
    "the entry was changed meanwhile, or exists already",
)
.retry(Retry::Safe);
/// A step that does not follow from the state of the entry.
pub static LEDGER_ORDER: Code = Code::new(
    "payments.ledger_order",
    Kind::Refused,
    "the step does not follow from the state of the debit",
);
/// An entry under one reference for two different debits.
pub static LEDGER_MISMATCH: Code = Code::new(
    "payments.ledger_mismatch",
    Kind::Conflict,
    "the reference stands for another debit, or the provider speaks of another amount",
);
/// Entries cannot be read or written.
pub static LEDGER_UNAVAILABLE: Code = Code::new(
    "payments.ledger_unavailable",
    Kind::Unavailable,
    "the entries of the ledger cannot be read or written",
)
.retry(Retry::Safe);

/// How long a provider certainly knows a key; Stripe forgets it after 24 hours at the earliest.
pub const KEY_LIFE: Span = Span::hours(23);

/// What is to be debited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Our reference: one debit, however often it is tried.
    pub reference: Reference,
    /// For what, as the policy names it.
    pub purpose: Name,
    /// Whose, at the provider.
    pub customer: Reference,
    /// With what.
    pub method: Reference,
    /// What that is.
    pub setting: Setting,
    /// How much.
    pub money: Money,
    /// Whether the customer is away.
    pub off_session: bool,
}

impl Order {
    /// The call to the provider, under a key.
    #[must_use]
    pub fn request(&self, key: &IdempotencyKey) -> DebitRequest {
        DebitRequest {
            reference: self.reference.clone(),
            customer: self.customer.clone(),
            method: self.method.clone(),
            setting: self.setting,
            money: self.money,
            off_session: self.off_session,
            key: key.clone(),
        }
    }
}

/// Where entries are kept.
#[async_trait]
pub trait Book: Send + Sync {
    /// Writes an entry, durable when this returns. Version 1 is a new entry; any other follows the one
    /// before it.
    ///
    /// # Errors
    /// [`LEDGER_CONFLICT`] if the stored version is not the one before, or a new entry exists;
    /// [`LEDGER_UNAVAILABLE`], or the codes of whatever keeps them, after which the entry may have been
    /// written.
    async fn put(&self, entry: &Entry) -> Result<()>;

    /// The entry with our reference.
    ///
    /// # Errors
    /// [`LEDGER_UNAVAILABLE`].
    async fn find(&self, reference: &Reference) -> Result<Option<Entry>>;
}

/// Whether a key that was first used then is certainly known now.
pub(crate) fn is_known(since: Timestamp, now: Timestamp) -> bool {
    since <= now && now < since.plus(KEY_LIFE)
}

#[cfg(test)]
mod tests;
