//! What a column of a record means, and what a paid plan does.

use tacenda_core::policy::{Item, ItemType, Policy};
use tacenda_core::{Name, Result};

use super::{AMBIGUOUS_COLUMN, PLAN_UNDECLARED, UNKNOWN_COLUMN};

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
    /// What a column of this name means under a policy.
    ///
    /// # Errors
    /// [`UNKNOWN_COLUMN`] if it means nothing, [`AMBIGUOUS_COLUMN`] if it means two things.
    pub(super) fn parse(name: &str, policy: &Policy) -> Result<Self> {
        let fixed = FIXED.iter().find(|(known, _)| *known == name).map(|(_, column)| column);
        let name = Name::parse(name).map_err(|_| UNKNOWN_COLUMN.error())?;
        match (fixed, policy.item(&name), policy.facts.contains_key(&name)) {
            (Some(_), _, true) => AMBIGUOUS_COLUMN.err(),
            (Some(column), Some(item), false) => column.beside(item),
            (Some(column), None, false) => Ok(column.clone()),
            (None, Some(_), _) => Ok(Self::Item(name)),
            (None, None, true) => Ok(Self::Fact(name)),
            (None, None, false) => UNKNOWN_COLUMN.err(),
        }
    }

    /// What a word of the import means where the policy has an item of that name.
    fn beside(&self, item: &Item) -> Result<Self> {
        match self {
            Self::CardToken
            | Self::CardBrand
            | Self::CardLastFour
            | Self::CardExpiry
            | Self::MandateReference
            | Self::MandateSignedOn => Ok(self.clone()),
            Self::Iban if matches!(item.item_type, ItemType::Iban | ItemType::IbanTail) => {
                Ok(self.clone())
            }
            Self::Locale | Self::Plan | Self::Payment => Ok(Self::Item(item.name.clone())),
            // Without them an account's password or clocks would be other ones: neither is guessed.
            _ => AMBIGUOUS_COLUMN.err(),
        }
    }
}
