//! Working days of a region, laid out year by year.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, Weekday};

use super::tables::Region;
use super::year::{Year, is_weekend, resolve};
use crate::error::{Code, Kind, Result};

/// The first year whose holidays are known.
pub const FIRST_YEAR: i32 = 2000;
/// The last year whose holidays are known.
pub const LAST_YEAR: i32 = 2100;

/// A holiday was added or removed where no holidays are known.
pub static YEAR_OUTSIDE: Code = Code::new(
    "calendar.year_outside",
    Kind::Input,
    "public holidays are known for the years 2000 to 2100",
);

/// The working days of one region: all days but Saturdays, Sundays and its public holidays.
///
/// Before 2000 and after 2100 no holidays are known, and all days from Monday to Friday are taken
/// for working days: a deadline is then early rather than late, and its trace says so.
///
/// Laying out the years takes less than a millisecond and five kilobytes; make one and keep it.
/// Asking it about a day allocates nothing.
///
/// # Law
/// Regulation (EEC, Euratom) 1182/71, Article 2: working days are all days but public holidays,
/// Sundays and Saturdays; the holidays are those of the member state where the action is taken.
///
/// ```
/// use tacenda_core::calendar::{Region, WorkingDays};
///
/// let poland = WorkingDays::of(Region::parse("PL")?);
/// assert!(poland.is_working_day("2024-12-24".parse()?));
/// assert!(!poland.is_working_day("2025-12-24".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct WorkingDays {
    region: Region,
    years: Vec<Year>,
    added: BTreeSet<NaiveDate>,
}

/// What a day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayKind {
    /// A working day.
    Working,
    /// A Saturday, holiday or not.
    Saturday,
    /// A Sunday, holiday or not.
    Sunday,
    /// A public holiday between Monday and Friday.
    Holiday(PublicHoliday),
    /// A day between Monday and Friday that the embedder named a holiday.
    Added,
}

/// Which holiday, and by which law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicHoliday {
    /// Its name in English.
    pub name: &'static str,
    /// The law, or the source where the law leaves it to practice.
    pub source: &'static str,
    /// Whether the day stands in for one that fell on a weekend.
    pub substitute: bool,
}

impl WorkingDays {
    /// The working days of a region.
    #[must_use]
    pub fn of(region: Region) -> Self {
        let years = FIRST_YEAR..=LAST_YEAR;
        let lay_out = |year| resolve(region.table(), year, &mut |_, _, _, _| {});
        Self { region, years: years.map(lay_out).collect(), added: BTreeSet::new() }
    }

    /// The same, with one more holiday: a local one, or one that was decreed since.
    ///
    /// # Errors
    /// [`YEAR_OUTSIDE`].
    pub fn with_holiday(mut self, day: NaiveDate) -> Result<Self> {
        self.set(day, true)?;
        self.added.insert(day);
        Ok(self)
    }

    /// The same, with one holiday less: one that was abolished since, or is none where the
    /// controller acts. A day that is none already stays as it is.
    ///
    /// # Errors
    /// [`YEAR_OUTSIDE`].
    pub fn without_holiday(mut self, day: NaiveDate) -> Result<Self> {
        self.set(day, false)?;
        self.added.remove(&day);
        Ok(self)
    }

    /// The region.
    #[must_use]
    pub const fn region(&self) -> Region {
        self.region
    }

    /// Whether the holidays of the year of this day are known.
    #[must_use]
    pub fn knows(&self, day: NaiveDate) -> bool {
        self.year(day).is_some()
    }

    /// Whether it is a public holiday, on a weekend or not.
    #[must_use]
    pub fn is_public_holiday(&self, day: NaiveDate) -> bool {
        self.year(day).is_some_and(|year| year.has(day))
    }

    /// Whether it is a working day.
    #[must_use]
    pub fn is_working_day(&self, day: NaiveDate) -> bool {
        !is_weekend(day) && !self.is_public_holiday(day)
    }

    /// The first working day that is not before this day; `None` at the end of the calendar.
    #[must_use]
    pub fn next_working_day(&self, day: NaiveDate) -> Option<NaiveDate> {
        // A year without a working day does not exist: the embedder would have to add 260 days.
        day.iter_days().find(|day| self.is_working_day(*day))
    }

    /// What a day is, with the law that makes it a holiday.
    #[must_use]
    pub fn kind(&self, day: NaiveDate) -> DayKind {
        match day.weekday() {
            Weekday::Sat => return DayKind::Saturday,
            Weekday::Sun => return DayKind::Sunday,
            _ if !self.is_public_holiday(day) => return DayKind::Working,
            _ => {}
        }
        let mut found = DayKind::Added;
        resolve(self.region.table(), day.year(), &mut |date, table, rule, substitute| {
            if date == day && found == DayKind::Added {
                let source = rule.own_source().unwrap_or(table.law);
                found = DayKind::Holiday(PublicHoliday { name: rule.name(), source, substitute });
            }
        });
        found
    }

    /// The public holidays of a year in their order, those on weekends included; none if the year
    /// is not known. Days that the embedder added have no provenance.
    #[must_use]
    pub fn holidays(&self, year: i32) -> Vec<(NaiveDate, Option<PublicHoliday>)> {
        if self.at(year).is_none() {
            return Vec::new();
        }
        let mut days = Vec::new();
        resolve(self.region.table(), year, &mut |date, table, rule, substitute| {
            let source = rule.own_source().unwrap_or(table.law);
            if self.is_public_holiday(date) {
                days.push((date, Some(PublicHoliday { name: rule.name(), source, substitute })));
            }
        });
        let of_year = self.added.iter().filter(|day| day.year() == year);
        days.extend(of_year.map(|day| (*day, None)));
        // The first that names a day keeps it: what the law of the whole state says.
        days.sort_by_key(|(day, _)| *day);
        days.dedup_by_key(|(day, _)| *day);
        days
    }

    fn year(&self, day: NaiveDate) -> Option<&Year> {
        self.at(day.year())
    }

    fn at(&self, year: i32) -> Option<&Year> {
        self.years.get(usize::try_from(year.checked_sub(FIRST_YEAR)?).ok()?)
    }

    fn set(&mut self, day: NaiveDate, holiday: bool) -> Result<()> {
        let index = usize::try_from(i64::from(day.year()) - i64::from(FIRST_YEAR)).ok();
        match index.and_then(|index| self.years.get_mut(index)) {
            Some(year) => year.set(day, holiday),
            None => return YEAR_OUTSIDE.err(),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tables::REGION_UNKNOWN;
    use super::*;
    use chrono::Days;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn of(code: &str) -> WorkingDays {
        WorkingDays::of(Region::parse(code).unwrap())
    }

    #[test]
    fn years_of_change_and_days_that_move() {
        for (region, date, is_holiday) in [
            ("PL", "2024-12-24", false),
            ("PL", "2025-12-24", true),
            ("DK", "2023-05-05", true),
            ("DK", "2024-04-26", false),
            ("FR", "2026-04-03", false),
            ("FR-57", "2026-04-03", true),
            ("FR-6AE", "2026-07-14", true),
            ("NL", "2025-04-26", true),
            ("NL", "2025-04-27", false),
            // Christmas on Saturday, so both days are made up for; in Scotland 2 January as well.
            ("GB", "2021-12-27", true),
            ("GB", "2021-12-28", true),
            ("GB", "2021-12-29", false),
            ("GB-ENG", "2028-01-03", true),
            ("GB-ENG", "2028-01-04", false),
            ("GB-SCT", "2028-01-04", true),
            ("GB-SCT", "2023-01-03", true),
            // In 2027, 1 May is Holy Saturday and 3 May Easter Monday.
            ("BG", "2027-05-04", true),
            ("BG", "2016-05-02", true),
            ("BG", "2015-12-28", false),
            ("SK", "2025-11-17", false),
            ("DE-BY", "2026-01-06", true),
            ("DE-BY-AUGSBURG", "2026-08-08", true),
            ("DE-BY-AUGSBURG", "2026-10-03", true),
            ("DE", "2026-01-06", false),
            ("TARGET", "2026-12-26", true),
        ] {
            assert_eq!(of(region).is_public_holiday(day(date)), is_holiday, "{region} {date}");
        }
    }

    #[test]
    fn a_holiday_knows_its_law() {
        let moselle = of("FR-57");
        let friday = PublicHoliday {
            name: "Good Friday",
            source: "Code du travail L3134-13",
            substitute: false,
        };
        assert_eq!(moselle.kind(day("2026-04-03")), DayKind::Holiday(friday));
        assert_eq!(moselle.kind(day("2026-07-14")), of("FR").kind(day("2026-07-14")));
        assert_eq!(moselle.kind(day("2026-07-15")), DayKind::Working);
        assert_eq!(moselle.kind(day("2026-08-15")), DayKind::Saturday);
        assert_eq!(moselle.kind(day("2026-11-01")), DayKind::Sunday);
        match of("GB").kind(day("2027-12-28")) {
            DayKind::Holiday(holiday) => {
                assert_eq!((holiday.name, holiday.substitute), ("Boxing Day", true));
            }
            other => panic!("{other:?}"),
        }
        for region in Region::all() {
            let working = WorkingDays::of(region);
            let holidays = working.holidays(2026);
            assert!(holidays.len() >= 4, "{region}");
            assert!(holidays.is_sorted_by(|a, b| a.0 < b.0), "{region}");
            for (day, holiday) in holidays {
                assert!(working.is_public_holiday(day));
                assert!(holiday.is_some_and(|h| !h.name.is_empty() && !h.source.is_empty()));
            }
        }
    }

    #[test]
    fn the_embedder_has_the_last_word() {
        let (added, removed) = (day("2026-08-17"), day("2026-11-11"));
        let mine = of("FR").with_holiday(added).unwrap().without_holiday(removed).unwrap();
        assert_eq!(mine.kind(added), DayKind::Added);
        assert_eq!(mine.kind(removed), DayKind::Working);
        assert_eq!(of("FR").kind(added), DayKind::Working);
        let listed = mine.holidays(2026);
        assert!(listed.contains(&(added, None)) && !listed.iter().any(|(day, _)| *day == removed));
        let back = mine.without_holiday(added).unwrap().with_holiday(removed).unwrap();
        assert!(back.is_working_day(added) && !back.is_working_day(removed));
        for outside in ["1999-12-31", "2101-01-01"] {
            assert!(of("FR").with_holiday(day(outside)).unwrap_err().is(&YEAR_OUTSIDE));
        }
    }

    #[test]
    fn outside_the_known_years_only_weekends_are_free() {
        let france = of("FR");
        assert!(!france.knows(day("1999-07-14")) && france.knows(day("2000-07-14")));
        assert!(france.is_working_day(day("1999-07-14")));
        assert!(!france.is_working_day(day("1999-07-17")));
        assert!(france.is_working_day(day("2101-07-14")));
        assert!(france.holidays(2101).is_empty() && france.holidays(i32::MIN).is_empty());
    }

    #[test]
    fn regions_are_told_apart_and_nothing_else_is_one() {
        let mut codes: Vec<_> = Region::all().map(Region::code).collect();
        assert_eq!(codes.len(), 76);
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), 76);
        for code in codes {
            assert_eq!(Region::parse(code).unwrap().to_string(), code);
        }
        for bad in ["", "pl", "UK", "EL", "PL ", "DE-", "DE-XX", "FR-75", "XX"] {
            assert!(Region::parse(bad).unwrap_err().is(&REGION_UNKNOWN), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn reading_a_region_never_panics(code in ".{0,12}") {
            prop_assert!(Region::parse(&code).map_or(true, |region| region.code() == code));
        }

        #[test]
        fn every_day_has_one_kind(index in 0usize..76, ordinal in 0i32..1_000_000) {
            let working = WorkingDays::of(Region::all().nth(index).unwrap());
            let day = NaiveDate::from_num_days_from_ce_opt(ordinal).unwrap();
            let kind = working.kind(day);
            prop_assert_eq!(working.is_working_day(day), kind == DayKind::Working);
            // Nobody added a day, so each holiday has a law.
            prop_assert_ne!(kind, DayKind::Added);
            let next = working.next_working_day(day).unwrap();
            prop_assert!(next >= day && next <= day + Days::new(12));
            prop_assert!(working.is_working_day(next));
            prop_assert!(day.iter_days().take_while(|d| *d < next).all(|d| !working.is_working_day(d)));
        }
    }
}
