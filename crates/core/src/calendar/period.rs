//! Periods in days, weeks, months and years, and days of the year.

use std::fmt;

use chrono::{Datelike, Days, Months, NaiveDate};

use crate::error::{Code, Kind, Result};

/// Text that is not a period.
pub static BAD_PERIOD: Code = Code::new(
    "calendar.period",
    Kind::Input,
    "a period is a whole number and a unit, such as `30 days`, `2 weeks`, `1 month` or `3 years`",
);

/// A day of the year that does not exist.
pub static BAD_MONTH_DAY: Code = Code::new(
    "calendar.month_day",
    Kind::Input,
    "a day of the year is written as month and day, such as `12-31`, and exists in a leap year",
);

/// A period as laws and policies state it: a month is a month, not 30 days.
///
/// # Properties
/// `Period::parse(&p.to_string()) == Ok(p)` for every period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// Calendar days.
    Days(u32),
    /// Weeks of seven days.
    Weeks(u32),
    /// Calendar months.
    Months(u32),
    /// Calendar years.
    Years(u32),
}

impl Period {
    /// From text: a whole number without sign or leading zero, one space, and a unit. The unit is
    /// in the singular after 1 and in the plural after any other number.
    ///
    /// # Errors
    /// [`BAD_PERIOD`] for anything else, and for a number past 32 bits.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| BAD_PERIOD.error())
    }

    fn read(text: &str) -> Option<Self> {
        let (number, unit) = text.split_once(' ')?;
        let digits = number.bytes().all(|b| b.is_ascii_digit());
        if !digits || (number.len() > 1 && number.starts_with('0')) {
            return None;
        }
        let count: u32 = number.parse().ok()?;
        let singular = match (count, unit.strip_suffix('s')) {
            (1, None) => unit,
            (0 | 2.., Some(unit)) => unit,
            _ => return None,
        };
        match singular {
            "day" => Some(Self::Days(count)),
            "week" => Some(Self::Weeks(count)),
            "month" => Some(Self::Months(count)),
            "year" => Some(Self::Years(count)),
            _ => None,
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match self {
            Self::Days(count) => (count, "day"),
            Self::Weeks(count) => (count, "week"),
            Self::Months(count) => (count, "month"),
            Self::Years(count) => (count, "year"),
        };
        write!(f, "{count} {unit}{}", if *count == 1 { "" } else { "s" })
    }
}

/// The last day of a period that runs from an event on `date`: `None` past the last day that can
/// be represented (in the year 262,142).
///
/// The period ends with the last hour of the day returned, so what it ends is over at the first
/// instant of the next day.
///
/// # Law
/// Regulation 1182/71, Article 3: the day of the event is not counted (1); a period in days ends
/// with its last day (2)(b); one in weeks, months or years ends on the same weekday or the same
/// date, or on the last day of the month where that date is missing (2)(c).
///
/// # Properties
/// Monotone in `date`. Not additive: a month after a month after 31 January is 28 March, two
/// months after it is 31 March.
#[must_use]
pub fn add(date: NaiveDate, period: Period) -> Option<NaiveDate> {
    match period {
        Period::Days(count) => date.checked_add_days(Days::new(count.into())),
        Period::Weeks(count) => date.checked_add_days(Days::new(u64::from(count) * 7)),
        Period::Months(count) => date.checked_add_months(Months::new(count)),
        Period::Years(count) => date.checked_add_months(Months::new(count.checked_mul(12)?)),
    }
}

/// A day of every year, such as the end of a financial year.
///
/// 29 February stands for the last day of February.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MonthDay {
    month: u8,
    day: u8,
}

impl MonthDay {
    /// 31 December, the end of the calendar year.
    pub const DECEMBER_31: Self = Self { month: 12, day: 31 };

    /// From a month (1 to 12) and a day (1 to 31).
    ///
    /// # Errors
    /// [`BAD_MONTH_DAY`] for a day that no year has, such as 30 February.
    pub fn new(month: u8, day: u8) -> Result<Self> {
        const LEAP_YEAR: i32 = 2024;
        match NaiveDate::from_ymd_opt(LEAP_YEAR, month.into(), day.into()) {
            Some(_) => Ok(Self { month, day }),
            None => BAD_MONTH_DAY.err(),
        }
    }

    /// From text in the form `MM-DD`.
    ///
    /// # Errors
    /// [`BAD_MONTH_DAY`] for another form, or a day that no year has.
    pub fn parse(text: &str) -> Result<Self> {
        let two = |digits: &str| match digits.as_bytes() {
            [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Ok((a - b'0') * 10 + (b - b'0')),
            _ => BAD_MONTH_DAY.err(),
        };
        let (month, day) = text.split_once('-').ok_or_else(|| BAD_MONTH_DAY.error())?;
        Self::new(two(month)?, two(day)?)
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// This day in a given year; `None` for years that cannot be represented.
    #[must_use]
    pub fn in_year(self, year: i32) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(year, self.month.into(), self.day.into())
            .or_else(|| NaiveDate::from_ymd_opt(year, 2, 28))
    }

    /// The first such day that is not before `date`; `None` past the end of the calendar.
    #[must_use]
    pub fn on_or_after(self, date: NaiveDate) -> Option<NaiveDate> {
        match self.in_year(date.year()) {
            Some(day) if day >= date => Some(day),
            _ => self.in_year(date.year().checked_add(1)?),
        }
    }
}

impl fmt::Display for MonthDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}-{:02}", self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn any_period() -> impl Strategy<Value = Period> {
        prop_oneof![
            any::<u32>().prop_map(Period::Days),
            any::<u32>().prop_map(Period::Weeks),
            any::<u32>().prop_map(Period::Months),
            any::<u32>().prop_map(Period::Years),
        ]
    }

    #[test]
    fn the_same_number_or_the_last_day_of_the_month() {
        // The first two are examples of EDPB Guidelines 01/2022; none is moved to a working day.
        for (from, period, to) in [
            ("2026-03-05", Period::Months(1), "2026-04-05"),
            ("2026-08-31", Period::Months(1), "2026-09-30"),
            ("2026-09-03", Period::Months(1), "2026-10-03"),
            ("2026-01-31", Period::Months(1), "2026-02-28"),
            ("2028-01-31", Period::Months(1), "2028-02-29"),
            ("2026-01-31", Period::Months(3), "2026-04-30"),
            ("2024-02-29", Period::Years(1), "2025-02-28"),
            ("2024-02-29", Period::Years(4), "2028-02-29"),
            ("2023-02-28", Period::Years(1), "2024-02-28"),
            ("2024-02-28", Period::Days(1), "2024-02-29"),
            ("2026-11-22", Period::Weeks(2), "2026-12-06"),
            ("2026-11-22", Period::Days(0), "2026-11-22"),
        ] {
            assert_eq!(add(day(from), period), Some(day(to)), "{from} + {period}");
        }
        assert_eq!(add(day("2026-01-01"), Period::Years(u32::MAX)), None);
        assert_eq!(add(day("2026-01-01"), Period::Weeks(u32::MAX)), None);
    }

    #[test]
    fn only_plain_periods_are_read() {
        assert_eq!(Period::parse("3 years").unwrap(), Period::Years(3));
        assert_eq!(Period::parse("1 month").unwrap(), Period::Months(1));
        assert_eq!(Period::parse("30 days").unwrap(), Period::Days(30));
        assert_eq!(Period::parse("0 days").unwrap(), Period::Days(0));
        for bad in [
            "",
            " ",
            "3",
            "years",
            "3years",
            "3  years",
            " 3 years",
            "3 years ",
            "03 years",
            "+3 years",
            "-3 years",
            "3.5 years",
            "1 years",
            "3 year",
            "3 Years",
            "3 hours",
            "3 yearss",
            "4294967296 days",
            "٣ years",
            "3\u{a0}years",
        ] {
            assert!(Period::parse(bad).unwrap_err().is(&BAD_PERIOD), "{bad:?}");
        }
    }

    #[test]
    fn a_financial_year_ends_on_a_day_that_exists() {
        let june = MonthDay::parse("06-30").unwrap();
        assert_eq!((june.month(), june.day(), june.to_string().as_str()), (6, 30, "06-30"));
        assert_eq!(june.on_or_after(day("2026-06-30")), Some(day("2026-06-30")));
        assert_eq!(june.on_or_after(day("2026-07-01")), Some(day("2027-06-30")));
        let february = MonthDay::new(2, 29).unwrap();
        assert_eq!(february.on_or_after(day("2026-02-28")), Some(day("2026-02-28")));
        assert_eq!(february.on_or_after(day("2027-03-01")), Some(day("2028-02-29")));
        for bad in ["02-30", "13-01", "00-10", "12-32", "12-00", "1-31", "12/31", "12-31 ", "", "-"]
        {
            assert!(MonthDay::parse(bad).unwrap_err().is(&BAD_MONTH_DAY), "{bad:?}");
        }
        assert_eq!(MonthDay::DECEMBER_31.on_or_after(NaiveDate::MAX), Some(NaiveDate::MAX));
    }

    proptest! {
        #[test]
        fn periods_survive_their_text(period in any_period()) {
            prop_assert_eq!(Period::parse(&period.to_string()).unwrap(), period);
        }

        #[test]
        fn parsing_never_panics(text in ".{0,24}") {
            let _ = Period::parse(&text);
            let _ = MonthDay::parse(&text);
        }

        #[test]
        fn adding_is_monotone(start in 0i32..4_000_000, gap in 0u64..800, period in any_period()) {
            let early = NaiveDate::from_num_days_from_ce_opt(start).unwrap();
            let late = early + Days::new(gap);
            match (add(early, period), add(late, period)) {
                (Some(early_end), Some(late_end)) => {
                    prop_assert!(early_end <= late_end);
                    prop_assert!(early_end >= early);
                }
                (early_end, late_end) => prop_assert!(late_end.is_none() || early_end.is_some()),
            }
        }
    }
}
