//! What a provider tells us afterwards, in types that hold ids, last four and what the policy declares.
//!
//! A new event is a variant of [`What`]; each provider reads its own messages into it.

use std::fmt;

use tacenda_core::clock::Timestamp;
use tacenda_core::name::Name;
use tacenda_core::pii::Country;
use tacenda_core::policy::Policy;

use crate::card::{Brand, Expiry, LastFour};
use crate::provider::{DeclineCode, Money, Reference};
use crate::sepa::IbanTail;

/// The provider's id of an event.
pub type EventId = Reference;

/// Which facts beside ids and the last four may be kept: those for which the policy declares an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    brand: bool,
    expiry: bool,
    country: bool,
    fingerprint: bool,
    decline_code: bool,
}

impl Kept {
    /// Nothing beside ids and the last four.
    pub const NOTHING: Self = Self {
        brand: false,
        expiry: false,
        country: false,
        fingerprint: false,
        decline_code: false,
    };

    /// What a policy declares, by the names of its items: `card_brand`, `card_expiry`, `card_country`,
    /// `card_fingerprint`, `decline_code`.
    #[must_use]
    pub fn declared_by(policy: &Policy) -> Self {
        Self::declared(|name| policy.item(&name).is_some())
    }

    /// The same, where the items are known otherwise.
    #[must_use]
    pub fn declared(is_item: impl Fn(Name) -> bool) -> Self {
        Self {
            brand: is_item(Name::fixed("card_brand")),
            expiry: is_item(Name::fixed("card_expiry")),
            country: is_item(Name::fixed("card_country")),
            fingerprint: is_item(Name::fixed("card_fingerprint")),
            decline_code: is_item(Name::fixed("decline_code")),
        }
    }

    /// The decline code, if it may be kept.
    #[must_use]
    pub fn decline(self, code: Option<DeclineCode>) -> Option<DeclineCode> {
        code.filter(|_| self.decline_code)
    }

    /// Of a card, what may be kept.
    #[must_use]
    pub fn card(self, card: Card) -> Card {
        Card {
            last_four: card.last_four,
            brand: card.brand.filter(|_| self.brand),
            expiry: card.expiry.filter(|_| self.expiry),
            country: card.country.filter(|_| self.country),
            fingerprint: card.fingerprint.filter(|_| self.fingerprint),
        }
    }
}

/// A card as a provider shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Card {
    /// The last four digits.
    pub last_four: LastFour,
    /// Only if the policy declares it.
    pub brand: Option<Brand>,
    /// Only if the policy declares it.
    pub expiry: Option<Expiry>,
    /// Where it was issued; only if the policy declares it.
    pub country: Option<Country>,
    /// The provider's word for one number wherever it is used, a pseudonym of its holder; only if the
    /// policy declares it.
    pub fingerprint: Option<Reference>,
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Card(..)")
    }
}

/// With what was paid.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Means {
    /// A card.
    Card(Card),
    /// An account debited under a SEPA mandate.
    Account(IbanTail),
    /// Another way, or one that the provider did not name.
    Other,
}

impl Means {
    /// The last four characters of card or account.
    #[must_use]
    pub fn last_four(&self) -> Option<&str> {
        match self {
            Self::Card(card) => Some(card.last_four.expose()),
            Self::Account(tail) => Some(tail.last_four()),
            Self::Other => None,
        }
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The provider's id; the same however often the event comes.
    pub id: EventId,
    /// When it happened, as the provider says.
    pub at: Timestamp,
    /// Whether real money moved; `false` for the provider's test mode.
    pub live: bool,
    /// What happened.
    pub what: What,
}

impl Event {
    /// The last four of the card or account, for finding payment problems (S14).
    #[must_use]
    pub fn last_four(&self) -> Option<&str> {
        match &self.what {
            What::PaymentFailed(failed) => failed.means.last_four(),
            What::CardExpiring(expiring) => Some(expiring.card.last_four.expose()),
            _ => None,
        }
    }

    /// Why a debit was declined, if the policy declares it (S14).
    #[must_use]
    pub fn decline_code(&self) -> Option<&DeclineCode> {
        match &self.what {
            What::PaymentFailed(failed) => failed.decline.as_ref(),
            _ => None,
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// A debit arrived.
    PaymentSucceeded {
        /// The debit.
        debit: Reference,
        /// How much.
        money: Money,
    },
    /// A debit failed.
    PaymentFailed(PaymentFailed),
    /// Money went back.
    Refunded {
        /// The debit that it was taken by.
        debit: Reference,
        /// How much in all went back.
        money: Money,
    },
    /// A card will soon work no more.
    CardExpiring(CardExpiring),
    /// A mandate was cancelled, or lost its account: no debit under it succeeds.
    MandateInactive {
        /// The mandate, by the provider's reference.
        mandate: Reference,
        /// The method that it belongs to.
        method: Option<Reference>,
    },
    /// The debtor or the bank wants a debit back. It may come thirteen months later, when everything
    /// else about the subject is erased.
    Dispute(Dispute),
    /// An event that nothing here acts on.
    Other {
        /// The provider's word for it.
        kind: Name,
    },
}

/// A debit that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentFailed {
    /// The debit.
    pub debit: Reference,
    /// Whose, by the provider's reference.
    pub customer: Option<Reference>,
    /// How much it was to be.
    pub money: Option<Money>,
    /// With what.
    pub means: Means,
    /// Why; only if the policy declares it.
    pub decline: Option<DeclineCode>,
}

/// A card that will soon work no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardExpiring {
    /// The method, by the provider's reference.
    pub method: Reference,
    /// Whose.
    pub customer: Option<Reference>,
    /// The card.
    pub card: Card,
}

/// A debit that somebody wants back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// The dispute.
    pub dispute: Reference,
    /// The charge in dispute.
    pub charge: Reference,
    /// The debit, if the provider names it.
    pub debit: Option<Reference>,
    /// How much is wanted back.
    pub money: Money,
    /// Where it stands.
    pub state: DisputeState,
}

/// Where a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DisputeState {
    /// We are asked: by when, if the provider says.
    NeedsResponse {
        /// The last moment of an answer.
        by: Option<Timestamp>,
    },
    /// The bank decides.
    UnderReview,
    /// The money stays.
    Won,
    /// The money is gone.
    Lost,
    /// An inquiry that ended without a dispute.
    Closed,
    /// In a state that this version does not know.
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLPI: &str = include_str!("../../../examples/glpi-network-cloud/privacy.toml");

    #[test]
    fn the_policy_of_the_example_keeps_the_decline_code_alone() {
        let kept = Kept::declared_by(&Policy::parse(GLPI).unwrap());
        assert_eq!(kept, Kept { decline_code: true, ..Kept::NOTHING });
    }

    #[test]
    fn a_card_is_not_printed() {
        let last_four = LastFour::parse("4242").unwrap();
        let brand = Some(Brand::Visa);
        let card = Card { last_four, brand, expiry: None, country: None, fingerprint: None };
        assert_eq!(format!("{:?}", Means::Card(card)), "Card(Card(..))");
    }
}
