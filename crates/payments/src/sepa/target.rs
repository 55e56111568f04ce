//! Days on which TARGET is open: the business days of the SEPA schemes.
//!
//! TARGET is closed on Saturdays, Sundays, 1 January, Good Friday, Easter Monday, 1 May, 25 and 26
//! December, everywhere alike (decision of the European Central Bank of 14 December 2000, in force
//! since 2002; T2 kept the calendar in 2023). National holidays play no part.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use tacenda_core::calendar::western_easter;

/// Whether payments are settled on this day. For days since 2002.
#[must_use]
pub fn is_open(day: NaiveDate) -> bool {
    if matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
        return false;
    }
    if matches!((day.month(), day.day()), (1 | 5, 1) | (12, 25 | 26)) {
        return false;
    }
    let from_easter = western_easter(day.year()).map(|easter| (day - easter).num_days());
    !matches!(from_easter, Some(-2 | 1))
}

/// This day if TARGET is open, else the next on which it is; none at the end of the calendar.
#[must_use]
pub fn at_or_after(day: NaiveDate) -> Option<NaiveDate> {
    // Never closed for more than five days in a row.
    day.iter_days().take(8).find(|day| is_open(*day))
}

/// The day that many business days later; none at the end of the calendar. Zero is the day itself if
/// it is one, else the next.
#[must_use]
pub fn after(day: NaiveDate, business_days: u32) -> Option<NaiveDate> {
    (0..business_days).try_fold(at_or_after(day)?, |day, _| at_or_after(day.succ_opt()?))
}

/// The day that many business days earlier; none at the beginning of the calendar. Zero is the day
/// itself if it is one, else the one before.
#[must_use]
pub fn before(day: NaiveDate, business_days: u32) -> Option<NaiveDate> {
    let at_or_before = |day: NaiveDate| {
        (0..8).filter_map(|n| day.checked_sub_days(Days::new(n))).find(|d| is_open(*d))
    };
    (0..business_days).try_fold(at_or_before(day)?, |day, _| at_or_before(day.pred_opt()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tacenda_core::calendar::{Region, WorkingDays};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_calendar_of_working_days_agrees() {
        let working = WorkingDays::of(Region::parse("TARGET").unwrap());
        for day in day("2002-01-01").iter_days().take_while(|day| day.year() <= 2100) {
            assert_eq!(is_open(day), working.is_working_day(day), "{day}");
        }
    }

    #[test]
    fn closing_days_are_the_six_and_weekends() {
        for closed in [
            "2026-01-01",
            "2026-04-03",
            "2026-04-06",
            "2026-05-01",
            "2026-12-25",
            "2026-12-26",
            "2026-05-02",
            "2026-05-03",
        ] {
            assert!(!is_open(day(closed)), "{closed}");
        }
        // Holidays in many states: 2 January, Ascension, Whit Monday, 15 August, 24 and 31 December.
        for open in
            ["2026-01-02", "2026-05-14", "2026-05-25", "2025-08-15", "2026-12-24", "2026-12-31"]
        {
            assert!(is_open(day(open)), "{open}");
        }
        let closed_weekdays = day("2026-01-01")
            .iter_days()
            .take(365)
            .filter(|d| !matches!(d.weekday(), Weekday::Sat | Weekday::Sun) && !is_open(*d));
        // 26 December 2026 is a Saturday.
        assert_eq!(closed_weekdays.count(), 5);
    }

    #[test]
    fn counts_business_days_over_easter_and_christmas() {
        assert_eq!(after(day("2026-04-02"), 1), Some(day("2026-04-07")));
        assert_eq!(before(day("2026-04-07"), 1), Some(day("2026-04-02")));
        assert_eq!(after(day("2025-12-24"), 5), Some(day("2026-01-05")));
        assert_eq!(after(day("2026-04-04"), 0), Some(day("2026-04-07")));
        assert_eq!(before(day("2026-04-04"), 0), Some(day("2026-04-02")));
        assert_eq!(after(NaiveDate::MAX, 3), None);
        assert_eq!(before(NaiveDate::MIN, 3), None);
    }

    proptest! {
        #[test]
        fn going_forth_and_back_ends_where_it_began(days in 0u64..40_000, count in 0u32..300) {
            let start = at_or_after(day("2002-01-01") + Days::new(days)).unwrap();
            let end = after(start, count).unwrap();
            prop_assert!(is_open(end));
            prop_assert_eq!(before(end, count), Some(start));
            let open = start.iter_days().take_while(|d| *d < end).filter(|d| is_open(*d)).count();
            prop_assert_eq!(open, count as usize);
        }
    }
}
