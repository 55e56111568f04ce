//! Typed values of personal data: each is parsed once and from then on known to be well formed.
//!
//! A type keeps what was typed (trimmed) and offers a normal form that compares, for uniqueness and
//! blind indexes. All of them are zeroised when dropped and tell nothing by `Debug`; errors carry a
//! code `pii.<type>_<why>`, positions and lengths, never the value. Parsing is all they do: whether
//! a value goes through the card guard afterwards is [`ItemType::is_guarded`], and the guard is
//! called by whoever keeps the value.
//!
//! To add a kind of data item: a file with the type, its codes in [`CODES`], a variant of
//! [`ItemType`] and its line in [`parse`].

pub mod address;
pub mod category;
pub mod country;
pub mod date;
pub mod digest;
pub mod email;
mod item;
pub mod name;
mod normal;
mod sensitive;
pub mod text;
mod value;
pub mod vat;

pub use address::{Address, City, PostalCode};
pub use country::Country;
pub use date::CalendarDate;
pub use digest::Sha256Digest;
pub use email::Email;
pub use item::{ItemType, TYPE_UNKNOWN};
pub use name::{CompanyName, PersonName};
pub use sensitive::Sensitive;
pub use text::PlainText;
pub use value::{PASSWORD_NOT_KEPT, VALUE_CONTROL, VALUE_EMPTY, VALUE_TOO_LONG, Value, parse};
pub use vat::VatNumber;

use crate::error::Code;

/// The codes of this room.
pub static CODES: &[&Code] = &[
    &address::ADDRESS_EMPTY,
    &address::ADDRESS_TOO_LONG,
    &address::ADDRESS_CONTROL,
    &address::POSTAL_CODE_EMPTY,
    &address::POSTAL_CODE_TOO_LONG,
    &address::POSTAL_CODE_CONTROL,
    &address::CITY_EMPTY,
    &address::CITY_TOO_LONG,
    &address::CITY_CONTROL,
    &category::CATEGORY_UNKNOWN,
    &country::COUNTRY_UNKNOWN,
    &date::DATE_MALFORMED,
    &digest::DIGEST_MALFORMED,
    &email::EMAIL_EMPTY,
    &email::EMAIL_CONTROL,
    &email::EMAIL_AT,
    &email::EMAIL_TOO_LONG,
    &email::EMAIL_LOCAL,
    &email::EMAIL_DOMAIN,
    &item::TYPE_UNKNOWN,
    &name::NAME_EMPTY,
    &name::NAME_TOO_LONG,
    &name::NAME_CONTROL,
    &name::COMPANY_EMPTY,
    &name::COMPANY_TOO_LONG,
    &name::COMPANY_CONTROL,
    &text::TEXT_EMPTY,
    &text::TEXT_TOO_LONG,
    &text::TEXT_CONTROL,
    &value::PASSWORD_NOT_KEPT,
    &value::VALUE_EMPTY,
    &value::VALUE_TOO_LONG,
    &value::VALUE_CONTROL,
    &vat::VAT_PREFIX,
    &vat::VAT_FORMAT,
    &vat::VAT_CHECKSUM,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_all_listed_named_after_the_room_and_unique() {
        let modules = [
            address::CODES,
            category::CODES,
            country::CODES,
            date::CODES,
            digest::CODES,
            email::CODES,
            item::CODES,
            name::CODES,
            text::CODES,
            value::CODES,
            vat::CODES,
        ];
        assert_eq!(CODES, modules.concat());
        let mut names: Vec<_> = CODES.iter().map(|code| code.name).collect();
        assert!(names.iter().all(|name| name.starts_with("pii.")));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CODES.len());
    }
}
