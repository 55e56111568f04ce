//! Postal addresses: the street lines, the postal code and the city.

use crate::error::Code;
use crate::pii::text::text_type;

text_type! {
    /// The street lines of an address, 1 to 500 characters; line breaks are allowed and kept as LF.
    ///
    /// Guarded: the caller passes it through the card guard after parsing.
    ///
    /// ```
    /// use tacenda_core::pii::Address;
    ///
    /// let address = Address::parse("ul. Prosta 1\r\nm. 2\r\n")?;
    /// assert_eq!(address.as_typed(), "ul. Prosta 1\nm. 2");
    /// assert_eq!(address.normal(), "ul. prosta 1 m. 2");
    /// # Ok::<(), tacenda_core::Error>(())
    /// ```
    Address, "address", max 500, lines true, ADDRESS_EMPTY, ADDRESS_TOO_LONG, ADDRESS_CONTROL
}

text_type! {
    /// A postal code, 1 to 20 characters, not checked against a country's form.
    ///
    /// Guarded: it is text, so the caller passes it through the card guard after parsing.
    PostalCode, "postal_code", max 20, lines false,
    POSTAL_CODE_EMPTY, POSTAL_CODE_TOO_LONG, POSTAL_CODE_CONTROL
}

text_type! {
    /// The name of a city, town or village, 1 to 200 characters.
    ///
    /// Guarded: the caller passes it through the card guard after parsing.
    City, "city", max 200, lines false, CITY_EMPTY, CITY_TOO_LONG, CITY_CONTROL
}

/// The codes of this module.
pub static CODES: &[&Code] = &[
    &ADDRESS_EMPTY,
    &ADDRESS_TOO_LONG,
    &ADDRESS_CONTROL,
    &POSTAL_CODE_EMPTY,
    &POSTAL_CODE_TOO_LONG,
    &POSTAL_CODE_CONTROL,
    &CITY_EMPTY,
    &CITY_TOO_LONG,
    &CITY_CONTROL,
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn line_breaks_are_one_kind_and_only_in_addresses() {
        for typed in ["a\nb", "a\r\nb", "a\rb", "\n a\r\nb \n\n"] {
            assert_eq!(Address::parse(typed).unwrap().as_typed(), "a\nb");
        }
        assert_eq!(Address::parse("a\n\nb").unwrap().normal(), "a b");
        assert!(Address::parse("a\tb").unwrap_err().is(&ADDRESS_CONTROL));
        assert!(Address::parse("a\u{2029}b").unwrap_err().is(&ADDRESS_CONTROL));
        assert!(Address::parse("\r\n").unwrap_err().is(&ADDRESS_EMPTY));
        assert!(Address::parse(&"a".repeat(501)).unwrap_err().is(&ADDRESS_TOO_LONG));
        assert!(City::parse("a\nb").unwrap_err().is(&CITY_CONTROL));
    }

    #[test]
    fn postal_codes_are_text() {
        for code in ["00-001", "9421 ZX", "SW1A 1AA", "AD500"] {
            assert_eq!(PostalCode::parse(code).unwrap().as_typed(), code);
        }
        assert_eq!(PostalCode::parse("9421  zx").unwrap().normal(), "9421 zx");
        assert!(PostalCode::parse(&"1".repeat(21)).unwrap_err().is(&POSTAL_CODE_TOO_LONG));
        assert!(PostalCode::parse("").unwrap_err().is(&POSTAL_CODE_EMPTY));
        assert_eq!(City::parse("ŁÓDŹ").unwrap().normal(), City::parse("Łódź").unwrap().normal());
    }

    proptest! {
        #[test]
        fn never_panics_and_is_stable(text in any::<String>()) {
            if let Ok(value) = Address::parse(&text) {
                let again = Address::parse(value.as_typed()).unwrap();
                prop_assert_eq!(again.as_typed(), value.as_typed());
                prop_assert_eq!(again.normal(), value.normal());
                prop_assert!(!value.as_typed().contains('\r'));
            }
        }
    }
}
