//! What a column of a record means, and what a paid plan does.

use tacenda_core::policy::Policy;
use tacenda_core::{Name, Result};

use super::PLAN_UNDECLARED;

/// What the words of a record say of an account under the policy. A file has a plan and the policy
/// has facts; which of them a plan states is the decision of who imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    paid: Vec<Name>,
}

impl Default for Mapping {
    /// A paid plan is a `paid offer`, and no more: whether somebody was invoiced, say, is told by a
    /// column of that name, or by another mapping.
    fn default() -> Self {
        Self::paid_means([Name::fixed("paid offer")])
    }
}

impl Mapping {
    /// A paid plan states these facts of the policy. A record with a paid plan is refused if one of
    /// them is not declared, or if there are none.
    pub fn paid_means(facts: impl IntoIterator<Item = Name>) -> Self {
        Self { paid: facts.into_iter().collect() }
    }

    /// The facts that a paid plan states under a policy.
    pub(super) fn paid(&self, policy: &Policy) -> Result<&[Name]> {
        match self.paid.iter().find(|fact| !policy.facts.contains_key(*fact)) {
            Some(fact) => Err(PLAN_UNDECLARED.error().with("fact", fact)),
            None if self.paid.is_empty() => PLAN_UNDECLARED.err(),
            None => Ok(&self.paid),
        }
    }
}

/// The columns of a record, besides the policy's items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Column {
    /// An item of the policy.
    Item(Name),
    /// A fact of the policy: `yes` or `no`.
    Fact(Name),
    /// The SHA-256 digest of a password, in hexadecimal.
    PasswordSha256,
    /// The language and region of the customer, kept as the item `language` if there is one.
    Locale,
    /// `free` or `paid`.
    Plan,
    /// `none`, `card` or `sepa`.
    Payment,
    /// The provider's token of a card.
    CardToken,
    /// The brand of a card.
    CardBrand,
    /// The last four digits of a card.
    CardLastFour,
    /// The expiry of a card.
    CardExpiry,
    /// An IBAN; the policy says how much of it is kept.
    Iban,
    /// The reference of a SEPA mandate.
    MandateReference,
    /// The day a SEPA mandate was signed.
    MandateSignedOn,
    /// When the account was made.
    RegisteredAt,
    /// The last login.
    LastLoginAt,
    /// When the account was closed.
    ClosedAt,
}

const FIXED: [(&str, Column); 14] = [
    ("password_sha256", Column::PasswordSha256),
    ("locale", Column::Locale),
    ("plan", Column::Plan),
    ("payment", Column::Payment),
    ("card_token", Column::CardToken),
    ("card_brand", Column::CardBrand),
    ("card_last4", Column::CardLastFour),
    ("card_expiry", Column::CardExpiry),
    ("iban", Column::Iban),
    ("mandate_reference", Column::MandateReference),
    ("mandate_signed_on", Column::MandateSignedOn),
    ("registered_at", Column::RegisteredAt),
    ("last_login_at", Column::LastLoginAt),
    ("closed_at", Column::ClosedAt),
];

impl Column {
    /// What a column of this name means under a policy; `None` if it means nothing.
    pub(super) fn parse(name: &str, policy: &Policy) -> Option<Self> {
        if let Some((_, column)) = FIXED.iter().find(|(known, _)| *known == name) {
            return Some(column.clone());
        }
        let name = Name::parse(name).ok()?;
        if policy.item(&name).is_some() {
            return Some(Self::Item(name));
        }
        policy.facts.contains_key(&name).then_some(Self::Fact(name))
    }
}
