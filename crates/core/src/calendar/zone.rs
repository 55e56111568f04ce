//! Where a day begins: the port to the tables of time zones.

use chrono::{DateTime, LocalResult, NaiveDate, NaiveTime, TimeZone};

use crate::clock::{Span, Timestamp};

/// The first and the last day that are told apart; times before and after are taken for these.
pub(super) const FIRST_DAY: NaiveDate = day_of_year(1, 1);
pub(super) const LAST_DAY: NaiveDate = day_of_year(9999, 365);

/// The ends of what a table is asked about: a year past those days, far inside chrono's own range.
const EARLIEST: NaiveDate = day_of_year(0, 1);
const LATEST: NaiveDate = day_of_year(10_000, 365);

/// A time zone: a port, because the tables change several times a year and lie outside the core.
///
/// Both methods must answer for every argument; outside the years 1 to 9999 any answer will do
/// that keeps their order. [`TimeZoneRules`] implements this over any table that chrono can read.
pub trait Zone: Send + Sync {
    /// Its IANA name, such as `Europe/Paris`.
    fn name(&self) -> &str;

    /// The date that a calendar on the wall shows at this instant.
    fn local_date(&self, at: Timestamp) -> NaiveDate;

    /// The first instant at which the wall shows this day or a later one.
    ///
    /// Where clocks skip midnight that is the first instant after the gap; where a zone skipped the
    /// whole day (Samoa, 30 December 2011), the first instant of the next.
    ///
    /// # Properties
    /// Monotone: a later day never begins before an earlier one.
    fn start_of_day(&self, day: NaiveDate) -> Timestamp;
}

/// Coordinated Universal Time, the zone that needs no table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Utc;

impl Zone for Utc {
    fn name(&self) -> &'static str {
        "Etc/UTC"
    }

    fn local_date(&self, at: Timestamp) -> NaiveDate {
        within_range(at).date_naive()
    }

    fn start_of_day(&self, day: NaiveDate) -> Timestamp {
        midnight_utc(day.clamp(EARLIEST, LATEST))
    }
}

/// A [`Zone`] over a table that chrono can read, such as those of chrono-tz.
///
/// A day that a zone repeats, or comes back to for some minutes after midnight, began when the
/// wall first showed it.
#[derive(Debug, Clone)]
pub struct TimeZoneRules<T> {
    name: String,
    rules: T,
}

impl<T: TimeZone> TimeZoneRules<T> {
    /// A zone from its IANA name and its table.
    #[must_use]
    pub fn new(name: impl Into<String>, rules: T) -> Self {
        Self { name: name.into(), rules }
    }

    fn date_at(&self, at: Timestamp) -> NaiveDate {
        within_range(at).with_timezone(&self.rules).date_naive()
    }

    /// The first instant at which the wall shows `day` or later, by halving four days around its
    /// midnight in UTC; transitions happen on whole seconds.
    fn search(&self, day: NaiveDate) -> Timestamp {
        let midnight = midnight_utc(day);
        let (mut before, mut after) = (-2 * 86_400i64, 2 * 86_400i64);
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if self.date_at(midnight.plus(Span::seconds(middle))) >= day {
                after = middle;
            } else {
                before = middle;
            }
        }
        midnight.plus(Span::seconds(after))
    }
}

impl<T> Zone for TimeZoneRules<T>
where
    T: TimeZone + Send + Sync,
    T::Offset: Send + Sync,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn local_date(&self, at: Timestamp) -> NaiveDate {
        self.date_at(at)
    }

    fn start_of_day(&self, day: NaiveDate) -> Timestamp {
        let day = day.clamp(EARLIEST, LATEST);
        match self.rules.from_local_datetime(&day.and_time(NaiveTime::MIN)) {
            LocalResult::Single(time) => time.with_timezone(&chrono::Utc).into(),
            LocalResult::Ambiguous(first, _) => first.with_timezone(&chrono::Utc).into(),
            LocalResult::None => self.search(day),
        }
    }
}

/// The day that `at` belongs to: the latest that has begun.
///
/// This is what the wall shows, but for the minutes in which some zones went back over midnight
/// (St. John's, 00:01 to 23:01): a day that has begun is not undone, so that time has one order.
#[must_use]
pub fn day_of(zone: &dyn Zone, at: Timestamp) -> NaiveDate {
    let mut day = zone.local_date(at).clamp(FIRST_DAY, LAST_DAY);
    while let Some(next) = day.succ_opt() {
        if next > LAST_DAY || zone.start_of_day(next) > at {
            break;
        }
        day = next;
    }
    day
}

fn midnight_utc(day: NaiveDate) -> Timestamp {
    day.and_time(NaiveTime::MIN).and_utc().into()
}

fn within_range(at: Timestamp) -> DateTime<chrono::Utc> {
    let (first, last) = (EARLIEST.and_time(NaiveTime::MIN), LATEST.and_time(NaiveTime::MIN));
    match at.to_utc() {
        Some(time) => time.clamp(first.and_utc(), last.and_utc()),
        None if at.as_micros() < 0 => first.and_utc(),
        None => last.and_utc(),
    }
}

const fn day_of_year(year: i32, ordinal: u32) -> NaiveDate {
    match NaiveDate::from_yo_opt(year, ordinal) {
        Some(date) => date,
        None => NaiveDate::MIN,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use chrono_tz::Tz;
    use proptest::prelude::*;

    /// Zones that move an hour at night (Paris, Warsaw), at midnight (Sao Paulo, Beirut), a minute
    /// past it (St. John's), that skipped a day (Apia, Manila) or lived one twice (Kwajalein).
    pub(in super::super) const ZONES: [Tz; 9] = [
        Tz::UTC,
        Tz::Europe__Paris,
        Tz::Europe__Warsaw,
        Tz::America__Sao_Paulo,
        Tz::Asia__Beirut,
        Tz::America__St_Johns,
        Tz::Pacific__Apia,
        Tz::Asia__Manila,
        Tz::Pacific__Kwajalein,
    ];

    pub(in super::super) fn zone(tz: Tz) -> TimeZoneRules<Tz> {
        TimeZoneRules::new(tz.name(), tz)
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn days_begin_where_the_tables_say() {
        for (tz, day, start) in [
            (Tz::Europe__Paris, "2026-03-29", "2026-03-28T23:00:00Z"),
            (Tz::Europe__Paris, "2026-03-30", "2026-03-29T22:00:00Z"),
            (Tz::Europe__Warsaw, "2026-10-26", "2026-10-25T23:00:00Z"),
            // Midnight skipped: the day began at 01:00.
            (Tz::America__Sao_Paulo, "2018-11-04", "2018-11-04T03:00:00Z"),
            // Clocks went back at midnight, before the day had begun.
            (Tz::America__Sao_Paulo, "2018-02-18", "2018-02-18T03:00:00Z"),
            // Clocks went back a minute into the day: it began when it was first shown.
            (Tz::America__St_Johns, "2010-11-07", "2010-11-07T02:30:00Z"),
            // The day that Samoa skipped begins, and ends, with the next.
            (Tz::Pacific__Apia, "2011-12-29", "2011-12-29T10:00:00Z"),
            (Tz::Pacific__Apia, "2011-12-30", "2011-12-30T10:00:00Z"),
            (Tz::Pacific__Apia, "2011-12-31", "2011-12-30T10:00:00Z"),
            (Tz::Pacific__Apia, "2012-01-01", "2011-12-31T10:00:00Z"),
        ] {
            assert_eq!(zone(tz).start_of_day(day.parse().unwrap()), at(start), "{tz} {day}");
        }
        let johns = zone(Tz::America__St_Johns);
        let again = at("2010-11-07T03:00:00Z");
        assert_eq!(johns.local_date(again), "2010-11-06".parse().unwrap());
        assert_eq!(day_of(&johns, again), "2010-11-07".parse().unwrap());
        assert_eq!(johns.name(), "America/St_Johns");
    }

    #[test]
    fn utc_agrees_with_its_table_and_the_ends_of_time_have_a_day() {
        for micros in [i64::MIN, i64::MIN + 1, -1, 0, 1, 1_700_000_000_000_000, i64::MAX] {
            let at = Timestamp::from_micros(micros);
            assert_eq!(Utc.local_date(at), zone(Tz::UTC).local_date(at));
            for tz in ZONES {
                let day = day_of(&zone(tz), at);
                assert!((FIRST_DAY..=LAST_DAY).contains(&day));
            }
        }
        for day in [NaiveDate::MIN, FIRST_DAY, LAST_DAY, NaiveDate::MAX] {
            assert_eq!(Utc.start_of_day(day), zone(Tz::UTC).start_of_day(day));
        }
        assert_eq!(LAST_DAY.to_string(), "9999-12-31");
    }

    proptest! {
        #[test]
        fn a_day_starts_at_its_first_instant(index in 0usize..ZONES.len(), day in 600_000i32..760_000) {
            let zone = zone(ZONES[index]);
            let day = NaiveDate::from_num_days_from_ce_opt(day).unwrap();
            let start = zone.start_of_day(day);
            prop_assert!(zone.local_date(start) >= day);
            prop_assert!(zone.local_date(start.minus(Span::micros(1))) < day);
            prop_assert!(zone.start_of_day(day.succ_opt().unwrap()) >= start);
        }

        #[test]
        fn the_day_of_an_instant_is_the_latest_that_began(
            index in 0usize..ZONES.len(),
            micros in -4_000_000_000_000_000i64..4_000_000_000_000_000,
        ) {
            let (zone, at) = (zone(ZONES[index]), Timestamp::from_micros(micros));
            let day = day_of(&zone, at);
            prop_assert!(zone.start_of_day(day) <= at);
            prop_assert!(zone.start_of_day(day.succ_opt().unwrap()) > at);
        }
    }
}
