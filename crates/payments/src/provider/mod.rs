//! What a payment provider must offer, in words that no provider owns.
//!
//! A new provider is a folder beside [`stripe`](crate::stripe) that implements [`PaymentProvider`].
//! Cards and accounts go from the browser to the provider; here there are references, amounts, the last
//! four, and what the policy declares.

mod failure;
pub mod money;
pub mod words;

use std::fmt;

use async_trait::async_trait;

use crate::events::Means;

pub use failure::{
    DECLINED, Failure, KEY_REUSED, NEEDS_AUTHENTICATION, NOT_FOUND, RATE_LIMITED, REFUSED,
    TEMPORARY, UNKNOWN_OUTCOME,
};
pub use money::{Currency, Money};
pub use words::{ClientSecret, DeclineCode, IdempotencyKey, Reference};

/// A payment provider.
///
/// # Properties
/// A call that carries an idempotency key happens once for that key, however often it is made and
/// whatever became of the answers; with the same key and other arguments it is [`Failure::KeyReused`].
/// To detach or delete what is gone succeeds. [`Failure::UnknownOutcome`] says that it may have happened:
/// the same call with the same key finds out, and so does [`list`](Self::list) when the provider has
/// forgotten the key (Stripe does so after 24 hours at the earliest).
#[async_trait]
pub trait PaymentProvider: fmt::Debug + Send + Sync {
    /// Starts to set up a card or an account for debits while the customer is away; makes the customer
    /// there if there is none. The customer's browser goes on with the secret. Without a customer, as long as
    /// the provider knows keys, an account has one customer, however many set-ups are started.
    ///
    /// # Errors
    /// A [`Failure`].
    async fn start_setup(&self, request: &SetupRequest) -> Result<Setup, Failure>;

    /// Gives up a set-up that nobody finished.
    ///
    /// # Errors
    /// A [`Failure`].
    async fn cancel_setup(&self, setup: &Reference) -> Result<(), Failure>;

    /// Attaches a method that the browser made to a customer, and says what it is.
    ///
    /// # Errors
    /// A [`Failure`].
    async fn attach(&self, request: &AttachRequest) -> Result<Method, Failure>;

    /// Debits a method.
    ///
    /// # Errors
    /// A [`Failure`]; [`Failure::Declined`] and [`Failure::NeedsAuthentication`] are final for their key.
    async fn debit(&self, request: &DebitRequest) -> Result<Debit, Failure>;

    /// Sends money of a debit back.
    ///
    /// # Errors
    /// A [`Failure`].
    async fn refund(&self, request: &RefundRequest) -> Result<Refund, Failure>;

    /// Detaches a method from its customer, after which nobody can debit it.
    ///
    /// # Errors
    /// A [`Failure`].
    async fn detach(&self, method: &Reference) -> Result<(), Failure>;

    /// Deletes a customer there. Debits stay with the provider, as its law obliges it.
    ///
    /// # Errors
    /// A [`Failure`].
    async fn delete_customer(&self, customer: &Reference) -> Result<(), Failure>;

    /// The debits of a customer that carry our reference, latest first.
    ///
    /// # Errors
    /// A [`Failure`].
    async fn list(
        &self,
        customer: &Reference,
        reference: &Reference,
    ) -> Result<Vec<Debit>, Failure>;
}

/// What is set up and debited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    /// A card.
    Card,
    /// An account under a SEPA mandate.
    SepaDebit,
}

/// Asks for a set-up.
#[derive(Debug, Clone)]
pub struct SetupRequest {
    /// Our reference to the account: opaque, so that the provider learns nobody's name from us.
    pub account: Reference,
    /// The customer at the provider, if there is one.
    pub customer: Option<Reference>,
    /// What is set up.
    pub setting: Setting,
    /// What makes it happen once.
    pub key: IdempotencyKey,
}

/// A set-up that the browser finishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// The set-up.
    pub setup: Reference,
    /// Whose, at the provider.
    pub customer: Reference,
    /// For the customer's page and nobody else.
    pub secret: ClientSecret,
}

/// Asks to attach a method.
#[derive(Debug, Clone)]
pub struct AttachRequest {
    /// The method that the browser made.
    pub method: Reference,
    /// To whom.
    pub customer: Reference,
    /// What makes it happen once.
    pub key: IdempotencyKey,
}

/// A card or an account as the provider shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// The method.
    pub method: Reference,
    /// What it is.
    pub means: Means,
}

/// Asks for a debit.
#[derive(Debug, Clone)]
pub struct DebitRequest {
    /// Our reference, by which it is found again.
    pub reference: Reference,
    /// Whose, at the provider.
    pub customer: Reference,
    /// With what.
    pub method: Reference,
    /// What that is.
    pub setting: Setting,
    /// How much.
    pub money: Money,
    /// Whether the customer is away, and so cannot be asked by the bank.
    pub off_session: bool,
    /// What makes it happen once.
    pub key: IdempotencyKey,
}

/// A debit as the provider shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debit {
    /// The provider's reference.
    pub debit: Reference,
    /// Ours, if the provider shows it.
    pub reference: Option<Reference>,
    /// How much.
    pub money: Money,
    /// Where it stands.
    pub progress: Progress,
}

/// Where a debit stands at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// The money arrived, as far as the provider knows.
    Succeeded,
    /// Under way; an account takes days.
    Processing,
    /// The customer has to be asked.
    NeedsAuthentication,
    /// Declined, with the code if the policy declares it.
    Declined {
        /// Why.
        code: Option<DeclineCode>,
    },
    /// Given up.
    Cancelled,
}

/// Asks for a refund.
#[derive(Debug, Clone)]
pub struct RefundRequest {
    /// The debit, by the provider's reference.
    pub debit: Reference,
    /// How much of it.
    pub money: Money,
    /// What makes it happen once.
    pub key: IdempotencyKey,
}

/// Money on its way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The provider's reference.
    pub refund: Reference,
    /// How much.
    pub money: Money,
    /// Whether it has arrived, as far as the provider knows.
    pub is_done: bool,
}
