//! Names of persons and of companies.

use crate::error::Code;
use crate::pii::text::text_type;

text_type! {
    /// A person's name or one part of it, 1 to 200 characters, as the person writes it.
    ///
    /// No rule says what a name looks like: apostrophes, hyphens, digits and any script are kept,
    /// and so is text that would be code elsewhere; whoever shows it escapes it. Guarded: the caller
    /// passes it through the card guard after parsing.
    PersonName, "name", max 200, lines false, NAME_EMPTY, NAME_TOO_LONG, NAME_CONTROL
}

text_type! {
    /// The name of a company or other organisation, 1 to 200 characters.
    ///
    /// Guarded: the caller passes it through the card guard after parsing.
    CompanyName, "company", max 200, lines false, COMPANY_EMPTY, COMPANY_TOO_LONG, COMPANY_CONTROL
}

/// The codes of this module.
pub static CODES: &[&Code] = &[
    &NAME_EMPTY,
    &NAME_TOO_LONG,
    &NAME_CONTROL,
    &COMPANY_EMPTY,
    &COMPANY_TOO_LONG,
    &COMPANY_CONTROL,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_names_as_people_write_them() {
        for name in ["O'Brien-Łączyńska", "<script>alert(1)</script>", "王小明", "X Æ A-12"]
        {
            assert_eq!(PersonName::parse(name).unwrap().as_typed(), name);
        }
        for name in ["Żabka 🐸 sp. z o.o.", "=HYPERLINK(\"http://evil.example\",\"x\")", "3M"] {
            assert_eq!(CompanyName::parse(name).unwrap().as_typed(), name);
        }
        assert_eq!(PersonName::parse(" Ada ").unwrap(), PersonName::parse("Ada").unwrap());
        assert_eq!(PersonName::parse("ADA").unwrap().normal(), "ada");
    }

    #[test]
    fn refuses_nul_length_and_nothing() {
        assert!(PersonName::parse("Ad\0a").unwrap_err().is(&NAME_CONTROL));
        assert!(PersonName::parse(&"K".repeat(10_000)).unwrap_err().is(&NAME_TOO_LONG));
        assert!(PersonName::parse(&"K".repeat(200)).is_ok());
        assert!(PersonName::parse(&"K".repeat(201)).unwrap_err().is(&NAME_TOO_LONG));
        assert!(CompanyName::parse("  ").unwrap_err().is(&COMPANY_EMPTY));
        assert!(CompanyName::parse("A\nB").unwrap_err().is(&COMPANY_CONTROL));
    }
}
