//! What a column of a record means.

use tacenda_core::Name;
use tacenda_core::policy::Policy;

/// The columns of a record, besides the policy's items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Column {
    /// An item of the policy.
    Item(Name),
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
        let item = Name::parse(name).ok()?;
        policy.item(&item).map(|_| Self::Item(item))
    }
}
