//! A value of any type: what was typed, and the form that compares.

use std::fmt;

use zeroize::Zeroizing;

use crate::error::{Code, Kind, Result};
use crate::pii::normal::{is_refused, trim};
use crate::pii::{
    Address, CalendarDate, City, CompanyName, Country, Email, ItemType, PersonName, PlainText,
    PostalCode, VatNumber,
};

/// A password where a value is expected.
pub static PASSWORD_NOT_KEPT: Code = Code::new(
    "pii.password_not_kept",
    Kind::Refused,
    "a password is never kept as a value, only what verifies it",
);
/// A payment value with nothing in it.
pub static VALUE_EMPTY: Code = Code::new("pii.value_empty", Kind::Input, "nothing is given");
/// A payment value past any length that such values have.
pub static VALUE_TOO_LONG: Code = Code::new(
    "pii.value_too_long",
    Kind::Input,
    "there are more characters than a value of this type may have",
);
/// A payment value with a control character.
pub static VALUE_CONTROL: Code = Code::new(
    "pii.value_control",
    Kind::Input,
    "control characters and characters that override the writing direction are refused",
);

/// The codes of this module.
#[cfg(test)]
pub(super) static CODES: &[&Code] =
    &[&PASSWORD_NOT_KEPT, &VALUE_EMPTY, &VALUE_TOO_LONG, &VALUE_CONTROL];

/// Most characters of a payment value that core passes on unparsed.
const MAX_OPAQUE_CHARS: usize = 255;

/// A parsed value of some [`ItemType`]; zeroised when dropped, and tells nothing by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    item: ItemType,
    typed: Zeroizing<String>,
    normal: Zeroizing<String>,
}

impl Value {
    /// A value whose own type, in another crate, has parsed it already (the payment types).
    #[must_use]
    pub fn from_parsed(item: ItemType, typed: String, normal: String) -> Self {
        Self { item, typed: Zeroizing::new(typed), normal: Zeroizing::new(normal) }
    }

    /// Its type.
    #[must_use]
    pub const fn item(&self) -> ItemType {
        self.item
    }

    /// What was typed, trimmed.
    #[must_use]
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// The form that compares.
    #[must_use]
    pub fn normal(&self) -> &str {
        &self.normal
    }

    /// Whether it goes through the card guard before it is kept, see [`ItemType::is_guarded`].
    #[must_use]
    pub const fn is_guarded(&self) -> bool {
        self.item.is_guarded()
    }

    /// What was typed and the normal form, without a copy.
    #[must_use]
    pub fn into_parts(self) -> (Zeroizing<String>, Zeroizing<String>) {
        (self.typed, self.normal)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({}, ..)", self.item)
    }
}

/// Parses a value of a type.
///
/// The payment types (card token, last four, brand, expiry, IBAN tail, IBAN, mandate reference) have
/// their rules in the payments crate: here their length (1 to 255 characters) and their characters are
/// checked and the normal form is what was typed, of a mandate reference in upper case, since the schemes
/// compare it so; the facade passes what those types have parsed by
/// [`Value::from_parsed`].
///
/// # Errors
/// Those of the type's own `parse`; for payment types [`VALUE_EMPTY`], [`VALUE_TOO_LONG`],
/// [`VALUE_CONTROL`]; for passwords always [`PASSWORD_NOT_KEPT`].
pub fn parse(item: ItemType, text: &str) -> Result<Value> {
    let (typed, normal) = match item {
        ItemType::Email => both(&Email::parse(text)?, Email::as_typed, Email::normal),
        ItemType::Password => return PASSWORD_NOT_KEPT.err(),
        ItemType::PersonName => {
            both(&PersonName::parse(text)?, PersonName::as_typed, PersonName::normal)
        }
        ItemType::Company => {
            both(&CompanyName::parse(text)?, CompanyName::as_typed, CompanyName::normal)
        }
        ItemType::Address => both(&Address::parse(text)?, Address::as_typed, Address::normal),
        ItemType::PostalCode => {
            both(&PostalCode::parse(text)?, PostalCode::as_typed, PostalCode::normal)
        }
        ItemType::City => both(&City::parse(text)?, City::as_typed, City::normal),
        ItemType::Country => (trim(text).to_owned(), Country::parse(text)?.as_str().to_owned()),
        ItemType::VatNumber => {
            both(&VatNumber::parse(text)?, VatNumber::as_typed, VatNumber::normal)
        }
        ItemType::Date => {
            let text = CalendarDate::parse(text)?.to_text();
            (text.clone(), text)
        }
        ItemType::Text => both(&PlainText::parse(text)?, PlainText::as_typed, PlainText::normal),
        ItemType::CardToken
        | ItemType::LastFour
        | ItemType::CardBrand
        | ItemType::CardExpiry
        | ItemType::IbanTail
        | ItemType::Iban => {
            let text = opaque(text)?.to_owned();
            (text.clone(), text)
        }
        ItemType::MandateReference => {
            let text = opaque(text)?;
            (text.to_owned(), text.to_ascii_uppercase())
        }
    };
    Ok(Value::from_parsed(item, typed, normal))
}

fn both<T>(value: &T, typed: fn(&T) -> &str, normal: fn(&T) -> &str) -> (String, String) {
    (typed(value).to_owned(), normal(value).to_owned())
}

fn opaque(text: &str) -> Result<&str> {
    let typed = trim(text);
    if typed.is_empty() {
        return VALUE_EMPTY.err();
    }
    if let Some(at) = typed.chars().position(is_refused) {
        return Err(VALUE_CONTROL.error().with("position", at));
    }
    let length = typed.chars().count();
    if length > MAX_OPAQUE_CHARS {
        return Err(VALUE_TOO_LONG.error().with("length", length).with("limit", MAX_OPAQUE_CHARS));
    }
    Ok(typed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parses_each_type_by_its_own_rules() {
        for (item, typed, normal) in [
            (ItemType::Email, "Ada@Example.org", "ada@example.org"),
            (ItemType::PersonName, "Ada  KING", "ada king"),
            (ItemType::Company, "Tur S.A.", "tur s.a."),
            (ItemType::Address, "ul. Prosta 1\nm. 2", "ul. prosta 1 m. 2"),
            (ItemType::PostalCode, "00-001", "00-001"),
            (ItemType::City, "Łódź", "łódź"),
            (ItemType::Country, "pl", "PL"),
            (ItemType::VatNumber, "PL 526-104-08-28", "PL5261040828"),
            (ItemType::CardToken, "pm_1PXyzAb", "pm_1PXyzAb"),
            (ItemType::LastFour, "4242", "4242"),
            (ItemType::IbanTail, "PL 2874", "PL 2874"),
            (ItemType::Iban, "PL61 1090 1014", "PL61 1090 1014"),
            (ItemType::MandateReference, "Tec-0000000003 a", "TEC-0000000003 A"),
            (ItemType::CardBrand, "visa", "visa"),
            (ItemType::CardExpiry, "04/2031", "04/2031"),
            (ItemType::Date, "2024-05-01", "2024-05-01"),
            (ItemType::Text, "Mail only", "mail only"),
        ] {
            let value = parse(item, &format!(" {typed} ")).unwrap();
            assert_eq!((value.typed(), value.normal()), (typed, normal));
            assert_eq!(value.is_guarded(), item.is_guarded());
            assert_eq!(format!("{value:?}"), format!("Value({item}, ..)"));
        }
    }

    #[test]
    fn refuses_passwords_and_odd_payment_values() {
        assert!(parse(ItemType::Password, "x").unwrap_err().is(&PASSWORD_NOT_KEPT));
        for item in ItemType::ALL.into_iter().filter(|item| item.is_payment()) {
            assert!(parse(item, " ").unwrap_err().is(&VALUE_EMPTY));
            assert!(parse(item, "a\0").unwrap_err().is(&VALUE_CONTROL));
            assert!(parse(item, &"a".repeat(256)).unwrap_err().is(&VALUE_TOO_LONG));
            assert!(parse(item, &"a".repeat(255)).is_ok());
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_never_prints(text in any::<String>(), digits in "[ -~]{8,20}") {
            for item in ItemType::ALL {
                for text in [&text, &digits] {
                    match parse(item, text) {
                        Ok(value) => {
                            prop_assert!(parse(item, value.typed()).unwrap() == value);
                        }
                        Err(error) if text.len() >= 8 => {
                            let told = format!("{error} {error:?}");
                            prop_assert!(!told.contains(text.as_str()));
                        }
                        Err(_) => {}
                    }
                }
            }
        }
    }
}
