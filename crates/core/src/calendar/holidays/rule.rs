//! What makes a day a public holiday: one rule per holiday, with its years.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::easter;

/// A rule that names one day of each year it is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holiday {
    name: &'static str,
    source: Option<&'static str>,
    day: Day,
    weekend: Weekend,
    weekend_since: u16,
    from: u16,
    until: u16,
    every: u16,
}

/// How the day of a year is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    /// The same date each year.
    Fixed { month: u8, day: u8 },
    /// Days after Easter Sunday of the Western churches; before it if negative.
    Easter(i16),
    /// Days after Easter Sunday of the Orthodox churches; before it if negative.
    OrthodoxEaster(i16),
    /// The first such weekday that is not before a date.
    OnOrAfter { weekday: Weekday, month: u8, day: u8 },
    /// The last such weekday that is not after a date.
    OnOrBefore { weekday: Weekday, month: u8, day: u8 },
    /// 1 February if that is a Friday, else the first Monday of February (Ireland).
    SaintBrigid,
}

/// What becomes of a holiday that falls on a weekend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weekend {
    /// Nothing: it is lost.
    Lost,
    /// A Sunday moves it to the day before.
    SundayToSaturday,
    /// A Sunday makes the Monday after it a holiday.
    SundayToMonday,
    /// The next day that is neither on a weekend nor a holiday becomes one.
    NextWorkingDay,
}

impl Holiday {
    /// Its name in English.
    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    /// The law of this one rule, where it is not that of the whole region.
    pub(super) const fn own_source(&self) -> Option<&'static str> {
        self.source
    }

    /// What a weekend does to it in a given year.
    pub(super) fn weekend(&self, year: i32) -> Weekend {
        if year < i32::from(self.weekend_since) { Weekend::Lost } else { self.weekend }
    }

    /// The day in a given year; `None` if the rule is not in force.
    pub(super) fn in_year(&self, year: i32) -> Option<NaiveDate> {
        let (from, until) = (i32::from(self.from), i32::from(self.until));
        if year < from || year > until || (year - from) % i32::from(self.every) != 0 {
            return None;
        }
        let date = self.day.in_year(year)?;
        if self.weekend(year) == Weekend::SundayToSaturday && date.weekday() == Weekday::Sun {
            return date.pred_opt();
        }
        Some(date)
    }
}

impl Day {
    fn in_year(self, year: i32) -> Option<NaiveDate> {
        let ymd = |month: u8, day: u8| NaiveDate::from_ymd_opt(year, month.into(), day.into());
        match self {
            Self::Fixed { month, day } => ymd(month, day),
            Self::Easter(offset) => shifted(easter::western_easter(year)?, offset),
            Self::OrthodoxEaster(offset) => shifted(easter::orthodox(year)?, offset),
            Self::OnOrAfter { weekday, month, day } => {
                let date = ymd(month, day)?;
                date.checked_add_days(Days::new(weekday.days_since(date.weekday()).into()))
            }
            Self::OnOrBefore { weekday, month, day } => {
                let date = ymd(month, day)?;
                date.checked_sub_days(Days::new(date.weekday().days_since(weekday).into()))
            }
            Self::SaintBrigid => match ymd(2, 1)? {
                friday if friday.weekday() == Weekday::Fri => Some(friday),
                _ => Self::OnOrAfter { weekday: Weekday::Mon, month: 2, day: 1 }.in_year(year),
            },
        }
    }
}

/// The same date each year.
pub(super) const fn fixed(name: &'static str, month: u8, day: u8) -> Holiday {
    Holiday::new(name, Day::Fixed { month, day })
}

/// Days from Easter Sunday of the Western churches.
pub(super) const fn easter(name: &'static str, offset: i16) -> Holiday {
    Holiday::new(name, Day::Easter(offset))
}

/// Days from Easter Sunday of the Orthodox churches.
pub(super) const fn orthodox(name: &'static str, offset: i16) -> Holiday {
    Holiday::new(name, Day::OrthodoxEaster(offset))
}

/// The first such weekday from a date on.
pub(super) const fn first(name: &'static str, weekday: Weekday, month: u8, day: u8) -> Holiday {
    Holiday::new(name, Day::OnOrAfter { weekday, month, day })
}

/// The last such weekday up to a date.
pub(super) const fn last(name: &'static str, weekday: Weekday, month: u8, day: u8) -> Holiday {
    Holiday::new(name, Day::OnOrBefore { weekday, month, day })
}

/// One day of one year.
pub(super) const fn once(name: &'static str, year: u16, month: u8, day: u8) -> Holiday {
    fixed(name, month, day).only(year)
}

/// The bank holiday of February in Ireland.
pub(super) const fn saint_brigid(name: &'static str) -> Holiday {
    Holiday::new(name, Day::SaintBrigid)
}

impl Holiday {
    const fn new(name: &'static str, day: Day) -> Self {
        let (source, weekend, weekend_since) = (None, Weekend::Lost, 0);
        Self { name, source, day, weekend, weekend_since, from: 0, until: u16::MAX, every: 1 }
    }

    /// From this year on.
    pub(super) const fn from(mut self, year: u16) -> Self {
        self.from = year;
        self
    }

    /// Up to and with this year.
    pub(super) const fn until(mut self, year: u16) -> Self {
        self.until = year;
        self
    }

    /// In this year alone.
    pub(super) const fn only(self, year: u16) -> Self {
        self.from(year).until(year)
    }

    /// Every so many years, counted from the first.
    pub(super) const fn every(mut self, years: u16) -> Self {
        self.every = years;
        self
    }

    /// By a law of its own.
    pub(super) const fn by(mut self, source: &'static str) -> Self {
        self.source = Some(source);
        self
    }

    /// A Sunday moves it to Saturday.
    pub(super) const fn or_saturday(mut self) -> Self {
        self.weekend = Weekend::SundayToSaturday;
        self
    }

    /// A Sunday adds the Monday.
    pub(super) const fn or_monday(mut self) -> Self {
        self.weekend = Weekend::SundayToMonday;
        self
    }

    /// A weekend adds the next working day.
    pub(super) const fn or_next(mut self) -> Self {
        self.weekend = Weekend::NextWorkingDay;
        self
    }

    /// From this year on, a weekend adds the next working day.
    pub(super) const fn or_next_since(mut self, year: u16) -> Self {
        self.weekend_since = year;
        self.or_next()
    }
}

fn shifted(date: NaiveDate, days: i16) -> Option<NaiveDate> {
    let by = Days::new(days.unsigned_abs().into());
    if days < 0 { date.checked_sub_days(by) } else { date.checked_add_days(by) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn each_kind_of_rule_finds_its_day() {
        for (rule, year, expected) in [
            (fixed("", 2, 29), 2028, Some("2028-02-29")),
            (fixed("", 2, 29), 2027, None),
            (easter("", -48), 2026, Some("2026-02-16")),
            (easter("", 39), 2026, Some("2026-05-14")),
            (orthodox("", 50), 2026, Some("2026-06-01")),
            (first("", Weekday::Mon, 5, 1), 2028, Some("2028-05-01")),
            (first("", Weekday::Sat, 6, 20), 2027, Some("2027-06-26")),
            (last("", Weekday::Mon, 5, 31), 2027, Some("2027-05-31")),
            (last("", Weekday::Wed, 11, 22), 2028, Some("2028-11-22")),
            (last("", Weekday::Wed, 11, 22), 2027, Some("2027-11-17")),
            (saint_brigid(""), 2030, Some("2030-02-01")),
            (saint_brigid(""), 2026, Some("2026-02-02")),
            (fixed("", 4, 27).or_saturday(), 2025, Some("2025-04-26")),
            (fixed("", 4, 27).or_saturday(), 2026, Some("2026-04-27")),
            (fixed("", 5, 5).from(2000).every(5), 2025, Some("2025-05-05")),
            (fixed("", 5, 5).from(2000).every(5), 2026, None),
            (once("", 2026, 1, 2), 2026, Some("2026-01-02")),
            (once("", 2026, 1, 2), 2027, None),
            (fixed("", 12, 24).from(2025), 2024, None),
            (easter("", 26).until(2023), 2023, Some("2023-05-05")),
            (easter("", 26).until(2023), 2024, None),
        ] {
            assert_eq!(rule.in_year(year), expected.map(day), "{rule:?} {year}");
        }
    }
}
