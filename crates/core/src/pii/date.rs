//! A day of the calendar.

use std::fmt;

use chrono::NaiveDate;

use crate::error::{Code, Kind, Result};

/// Text that is no day.
pub static DATE_MALFORMED: Code =
    Code::new("pii.date_malformed", Kind::Input, "a date is a day that exists, as YYYY-MM-DD");

/// The codes of this module.
pub static CODES: &[&Code] = &[&DATE_MALFORMED];

/// A day of the Gregorian calendar, kept about a person; for deadlines see `calendar`.
///
/// # Properties
/// Written `YYYY-MM-DD` (ISO 8601 extended, RFC 3339 `full-date`) and nothing else: ten ASCII
/// characters, years 0001 to 9999. Typed and normal form are the same text. `Debug` tells nothing,
/// since the day may be a birthday. Not guarded: eight digits are no card number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CalendarDate(NaiveDate);

impl CalendarDate {
    /// Reads a day; white space around it is trimmed.
    ///
    /// # Errors
    /// [`DATE_MALFORMED`] for any other form and for days that do not exist.
    pub fn parse(text: &str) -> Result<Self> {
        parse_ten(super::normal::trim(text)).map(Self).ok_or_else(|| DATE_MALFORMED.error())
    }

    /// The day.
    #[must_use]
    pub const fn day(self) -> NaiveDate {
        self.0
    }

    /// The day as `YYYY-MM-DD`, which is its normal form too.
    #[must_use]
    pub fn to_text(self) -> String {
        self.0.format("%Y-%m-%d").to_string()
    }
}

impl fmt::Debug for CalendarDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CalendarDate(..)")
    }
}

fn parse_ten(text: &str) -> Option<NaiveDate> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *text.as_bytes() else { return None };
    let number = |digits: &[u8]| {
        digits
            .iter()
            .try_fold(0u32, |sum, b| b.is_ascii_digit().then(|| sum * 10 + u32::from(*b - b'0')))
    };
    let year = i32::try_from(number(&[y0, y1, y2, y3])?).ok().filter(|year| *year >= 1)?;
    NaiveDate::from_ymd_opt(year, number(&[m0, m1])?, number(&[d0, d1])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_days_that_exist_in_one_form() {
        for good in ["2024-02-29", "0001-01-01", "9999-12-31", "2016-09-18", "2000-02-29"] {
            assert_eq!(CalendarDate::parse(good).unwrap().to_text(), good);
        }
        for bad in [
            "",
            "2023-02-29",
            "1900-02-29",
            "2024-02-30",
            "2024-13-01",
            "2024-00-01",
            "2024-01-00",
            "0000-01-01",
            "2024-1-1",
            "24-01-01",
            "2024/01/01",
            "2024-01-01T00:00:00Z",
            "+024-01-01",
            "-024-01-01",
            "2024-01-1 ",
            "２０２４-01-01",
            "2024-01-01\n",
            "20240101",
        ] {
            assert!(CalendarDate::parse(bad).unwrap_err().is(&DATE_MALFORMED), "{bad:?}");
        }
        let day = CalendarDate::parse(" 2024-02-29 ").unwrap();
        assert_eq!(day.day(), NaiveDate::from_ymd_opt(2024, 2, 29).unwrap());
        assert_eq!(format!("{day:?}"), "CalendarDate(..)");
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>(), near in "[0-9]{4}-[0-9]{2}-[0-9]{2}") {
            let _ = CalendarDate::parse(&text);
            if let Ok(day) = CalendarDate::parse(&near) {
                prop_assert_eq!(day.to_text(), near);
            }
        }
    }
}
