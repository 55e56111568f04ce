//! The public holidays of one year, as bits.

use chrono::{Datelike, NaiveDate, Weekday};

use super::rule::{Holiday, Weekend};
use super::tables::Table;

/// One bit for each day of a year.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Year([u64; 6]);

impl Year {
    /// Whether the bit of this day is set; the year of the date does not matter.
    pub(super) fn has(&self, day: NaiveDate) -> bool {
        let (word, bit) = place(day);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    pub(super) fn set(&mut self, day: NaiveDate, holiday: bool) {
        let (word, bit) = place(day);
        if let Some(word) = self.0.get_mut(word) {
            *word = if holiday { *word | bit } else { *word & !bit };
        }
    }
}

fn place(day: NaiveDate) -> (usize, u64) {
    let ordinal = day.ordinal0();
    // An ordinal is below 366.
    (usize::try_from(ordinal / 64).unwrap_or(usize::MAX), 1 << (ordinal % 64))
}

/// Whether it is a Saturday or a Sunday.
pub(super) fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// Works out the holidays of a region in a year, and shows each of them: its day, the table and
/// the rule it is from, and whether it stands in for a day on a weekend. A day may be shown twice.
///
/// All holidays are laid first, then the days that stand in for others, earlier ones first, so that
/// none of them falls on a holiday. None of them leaves its year: no rule of that kind names a day
/// of the last week but Christmas, which has room.
pub(super) fn resolve(
    table: &'static Table,
    year: i32,
    show: &mut dyn FnMut(NaiveDate, &'static Table, &'static Holiday, bool),
) -> Year {
    let mut days = Year::default();
    for (table, rule, day) in rules(table, year) {
        days.set(day, true);
        show(day, table, rule, false);
        if rule.weekend(year) == Weekend::SundayToMonday
            && day.weekday() == Weekday::Sun
            && let Some(monday) = day.succ_opt()
        {
            days.set(monday, true);
            show(monday, table, rule, true);
        }
    }
    for (table, rule, day) in rules(table, year) {
        if rule.weekend(year) != Weekend::NextWorkingDay || !is_weekend(day) {
            continue;
        }
        let free = |next: &NaiveDate| !is_weekend(*next) && !days.has(*next);
        if let Some(next) = day.iter_days().take_while(|next| next.year() == year).find(free) {
            days.set(next, true);
            show(next, table, rule, true);
        }
    }
    days
}

/// The rules of a region and of what it is a part of, with their days in a year.
fn rules(
    table: &'static Table,
    year: i32,
) -> impl Iterator<Item = (&'static Table, &'static Holiday, NaiveDate)> {
    table.layers().flat_map(move |table| {
        table.holidays.iter().filter_map(move |rule| Some((table, rule, rule.in_year(year)?)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_for_each_day() {
        let mut year = Year::default();
        let days: Vec<NaiveDate> = NaiveDate::from_ymd_opt(2028, 1, 1)
            .unwrap()
            .iter_days()
            .take_while(|day| day.year() == 2028)
            .collect();
        for day in &days {
            assert!(!year.has(*day));
            year.set(*day, true);
            assert!(year.has(*day));
        }
        year.set(days[59], false);
        assert!(days.iter().all(|day| year.has(*day) == (*day != days[59])));
    }

    #[test]
    fn what_is_made_up_for_comes_in_the_order_of_its_days() {
        for region in crate::calendar::Region::all() {
            for year in 2000..=2100 {
                let days: Vec<_> = rules(region.table(), year)
                    .filter(|(_, rule, _)| rule.weekend(year) == Weekend::NextWorkingDay)
                    .map(|(table, _, day)| (table.code, day))
                    .collect();
                // In a table they are sorted; a part has none within a week after those of its state,
                // but for 2 January in Scotland, which comes after the day it could meet.
                for table in region.table().layers() {
                    let own = days.iter().filter(|(code, _)| *code == table.code);
                    assert!(own.is_sorted(), "{region} {year}");
                }
            }
        }
    }
}
