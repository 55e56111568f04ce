//! The catalogue of types that an item of the policy can have.

use std::fmt;

use crate::error::{Code, Kind, Result};

/// A type that the catalogue does not have.
pub static TYPE_UNKNOWN: Code = Code::new(
    "pii.type_unknown",
    Kind::Configuration,
    "an item has one of the built-in types: email, password, name, company, address, postal code, \
     city, country, VAT number, card token, last four, card brand, card expiry, IBAN tail, IBAN, \
     mandate reference, date, plain text",
);

/// The codes of this module.
#[cfg(test)]
pub(super) static CODES: &[&Code] = &[&TYPE_UNKNOWN];

/// The built-in types of data items, as `privacy.toml` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ItemType {
    /// `email`: an [`Email`](super::Email).
    Email,
    /// `password`: kept only as a verifier, never as a value.
    Password,
    /// `name`: a [`PersonName`](super::PersonName).
    PersonName,
    /// `company`: a [`CompanyName`](super::CompanyName).
    Company,
    /// `address`: an [`Address`](super::Address).
    Address,
    /// `postal code`: a [`PostalCode`](super::PostalCode).
    PostalCode,
    /// `city`: a [`City`](super::City).
    City,
    /// `country`: a [`Country`](super::Country).
    Country,
    /// `VAT number`: a [`VatNumber`](super::VatNumber).
    VatNumber,
    /// `card token`: the payment provider's name for a card.
    CardToken,
    /// `last four`: the last four digits of a card.
    LastFour,
    /// `card brand`: the brand of a card, as the provider names it.
    CardBrand,
    /// `card expiry`: month and year in which a card ends.
    CardExpiry,
    /// `IBAN tail`: country and last four characters of an account number.
    IbanTail,
    /// `IBAN`: an account number.
    Iban,
    /// `mandate reference`: the reference of a SEPA mandate.
    MandateReference,
    /// `date`: a [`CalendarDate`](super::CalendarDate).
    Date,
    /// `plain text`: a [`PlainText`](super::PlainText).
    Text,
}

impl ItemType {
    /// Every type, in the order in which documents list them.
    pub const ALL: [Self; 18] = [
        Self::Email,
        Self::Password,
        Self::PersonName,
        Self::Company,
        Self::Address,
        Self::PostalCode,
        Self::City,
        Self::Country,
        Self::VatNumber,
        Self::CardToken,
        Self::LastFour,
        Self::CardBrand,
        Self::CardExpiry,
        Self::IbanTail,
        Self::Iban,
        Self::MandateReference,
        Self::Date,
        Self::Text,
    ];

    /// The type as the policy writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Password => "password",
            Self::PersonName => "name",
            Self::Company => "company",
            Self::Address => "address",
            Self::PostalCode => "postal code",
            Self::City => "city",
            Self::Country => "country",
            Self::VatNumber => "VAT number",
            Self::CardToken => "card token",
            Self::LastFour => "last four",
            Self::CardBrand => "card brand",
            Self::CardExpiry => "card expiry",
            Self::IbanTail => "IBAN tail",
            Self::Iban => "IBAN",
            Self::MandateReference => "mandate reference",
            Self::Date => "date",
            Self::Text => "plain text",
        }
    }

    /// The type of that name, written exactly so.
    ///
    /// # Errors
    /// [`TYPE_UNKNOWN`].
    pub fn parse(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or_else(|| TYPE_UNKNOWN.error())
    }

    /// Whether a value of this type, although its parser took it, goes through the card guard.
    ///
    /// True where the form leaves room for a card number: text, and e-mail addresses, whose local
    /// part may be any digits. Not for types with a form of their own (a VAT number or an IBAN may
    /// contain a run that passes the Luhn check); what their parsers refuse is guarded as text.
    #[must_use]
    pub const fn is_guarded(self) -> bool {
        match self {
            Self::Email
            | Self::PersonName
            | Self::Company
            | Self::Address
            | Self::PostalCode
            | Self::City
            | Self::Text => true,
            Self::Password
            | Self::Country
            | Self::VatNumber
            | Self::CardToken
            | Self::LastFour
            | Self::CardBrand
            | Self::CardExpiry
            | Self::IbanTail
            | Self::Iban
            | Self::MandateReference
            | Self::Date => false,
        }
    }

    /// Whether the type's own rules are in the payments crate; [`parse`](super::parse) then only
    /// sees to length and characters.
    #[must_use]
    pub const fn is_payment(self) -> bool {
        matches!(
            self,
            Self::CardToken
                | Self::LastFour
                | Self::CardBrand
                | Self::CardExpiry
                | Self::IbanTail
                | Self::Iban
                | Self::MandateReference
        )
    }
}

impl fmt::Display for ItemType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_one_name_and_the_summary_lists_it() {
        for item in ItemType::ALL {
            assert_eq!(ItemType::parse(item.as_str()).unwrap(), item);
            assert!(TYPE_UNKNOWN.summary.contains(item.as_str()), "{item}");
        }
        for bad in ["", "Email", "vat number", "text", "email "] {
            assert!(ItemType::parse(bad).unwrap_err().is(&TYPE_UNKNOWN));
        }
    }
}
