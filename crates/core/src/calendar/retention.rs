//! When the keeping of something ends, and up to which anchor it has ended.

use chrono::NaiveDate;

use super::period::{MonthDay, Period, add};
use super::zone::{FIRST_DAY, LAST_DAY, Zone, day_of};
use crate::clock::{Span, Timestamp};

/// The day that a period of retention runs from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StartRule {
    /// The day of the event itself ("3 years from the last contact").
    Event,
    /// The last day of the financial year that the event falls in; the day given is that last day
    /// ("10 years from the closing of the financial year").
    EndOfFinancialYear(MonthDay),
    /// 31 December of the year of the event ("from the end of the calendar year").
    EndOfCalendarYear,
    /// 31 December of the year in which the financial year of the event ends, which the day given
    /// does ("from the end of the calendar year in which the financial year ended").
    EndOfCalendarYearOfFinancialYear(MonthDay),
}

/// How the last day of a period of retention is found from its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndRule {
    /// The day that the period arrives at.
    SameDay,
    /// 31 December of the year that the period arrives in.
    EndOfCalendarYear,
}

/// One rule of retention: from where, how long, to where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rule {
    /// How long.
    pub keep: Period,
    /// From which day.
    pub start: StartRule,
    /// To which day.
    pub end: EndRule,
}

/// Four years with a leap day: whatever a rule makes of an event, it makes of one of these days too.
const EVENTS: (NaiveDate, u16) = (day(2024, 1, 1), 4 * 365 + 1);

const fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(date) => date,
        None => NaiveDate::MIN,
    }
}

impl Rule {
    /// Whether there is an event for which this rule ends sooner than another.
    ///
    /// # Properties
    /// Never of itself; if it does not, keeping by this rule keeps what the other asks for. Looks at
    /// every day of four years, so that it does not see what only the years 2100, 2200 and 2300
    /// without a leap day would do.
    #[must_use]
    pub fn ends_sooner(&self, other: &Self) -> bool {
        // Past the calendar is never, and so last of all.
        let last = |rule: &Self, event| rule.last_day(event).unwrap_or(NaiveDate::MAX);
        let (first, count) = EVENTS;
        self != other
            && first
                .iter_days()
                .take(usize::from(count))
                .any(|event| last(self, event) < last(other, event))
    }

    /// The last day of keeping; `None` if that is past the calendar.
    fn last_day(&self, event: NaiveDate) -> Option<NaiveDate> {
        let start = match self.start {
            StartRule::Event => event,
            StartRule::EndOfFinancialYear(day) => day.on_or_after(event)?,
            StartRule::EndOfCalendarYear => MonthDay::DECEMBER_31.on_or_after(event)?,
            StartRule::EndOfCalendarYearOfFinancialYear(day) => {
                MonthDay::DECEMBER_31.on_or_after(day.on_or_after(event)?)?
            }
        };
        let end = add(start, self.keep)?;
        match self.end {
            EndRule::SameDay => Some(end),
            EndRule::EndOfCalendarYear => MonthDay::DECEMBER_31.on_or_after(end),
        }
    }
}

/// The first instant at which something anchored at `anchor` is no longer kept: the start of the
/// local day after the last day of keeping, by the rule that keeps longest.
///
/// [`Timestamp::MAX`] means never: there is no rule, or it ends past the year 9999.
///
/// # Law
/// Article 5(1)(e) GDPR; the last day belongs to the period whole (Regulation 1182/71,
/// Article 3(2)).
///
/// # Properties
/// Monotone in `anchor`, always after it, and the same for all anchors of one local day.
#[must_use]
pub fn due(anchor: Timestamp, rules: &[Rule], zone: &dyn Zone) -> Timestamp {
    match last_day(day_of(zone, anchor), rules).and_then(|day| day.succ_opt()) {
        Some(next) => zone.start_of_day(next),
        None => Timestamp::MAX,
    }
}

/// The latest anchor that is due at `now`; `None` if nothing can be.
///
/// It is found by halving the days up to now, about twenty steps without a look at the zone's
/// tables, and never by subtracting periods: subtraction and addition of months do not undo each
/// other.
///
/// # Properties
/// For every anchor and every `now` before [`Timestamp::MAX`], which is never: `due(anchor) <= now`
/// exactly when `anchor <= cutoff(now)`.
#[must_use]
pub fn cutoff(now: Timestamp, rules: &[Rule], zone: &dyn Zone) -> Option<Timestamp> {
    let today = day_of(zone, now);
    // A day is due once its last day of keeping lies before today: that is what makes the start of
    // the day after it no later than now.
    let is_due = |day| last_day(day, rules).is_some_and(|last| last < today);
    // INVARIANT: `due` is due, `kept` is not. Today is always kept: no rule ends before its event.
    let (mut due, mut kept) = (FIRST_DAY, today);
    if !is_due(due) {
        return None;
    }
    loop {
        let half = kept.signed_duration_since(due) / 2;
        match due.checked_add_signed(half) {
            Some(middle) if middle > due => {
                if is_due(middle) {
                    due = middle;
                } else {
                    kept = middle;
                }
            }
            _ => break,
        }
    }
    Some(zone.start_of_day(kept).minus(Span::micros(1)))
}

/// The last day of keeping by the rule that keeps longest; `None` if there is no rule or one of
/// them reaches the end of the calendar.
fn last_day(event: NaiveDate, rules: &[Rule]) -> Option<NaiveDate> {
    let mut latest = None;
    for rule in rules {
        latest = latest.max(Some(rule.last_day(event)?));
    }
    latest.filter(|day| *day < LAST_DAY)
}

#[cfg(test)]
mod tests {
    use super::super::zone::tests::{ZONES, zone};
    use super::*;
    use crate::calendar::Utc;
    use chrono_tz::Tz;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn rule(keep: &str, start: StartRule, end: EndRule) -> Rule {
        Rule { keep: Period::parse(keep).unwrap(), start, end }
    }

    fn plain(keep: &str) -> Rule {
        rule(keep, StartRule::Event, EndRule::SameDay)
    }

    #[test]
    fn rules_of_law_end_on_their_days() {
        let paris = zone(Tz::Europe__Paris);
        let year_end = StartRule::EndOfCalendarYear;
        let june = StartRule::EndOfFinancialYear(MonthDay::new(6, 30).unwrap());
        for (rule, anchor, expected) in [
            // CNIL: three years after the last contact; the last day is kept whole.
            (plain("3 years"), "2026-03-05T12:00:00Z", "2029-03-05T23:00:00Z"),
            // 23:30 UTC on 4 March is already 5 March in Paris.
            (plain("3 years"), "2026-03-04T23:30:00Z", "2029-03-05T23:00:00Z"),
            // From a leap day, and over the end of summer time.
            (plain("1 year"), "2024-02-29T12:00:00Z", "2025-02-28T23:00:00Z"),
            (plain("1 month"), "2026-09-25T12:00:00Z", "2026-10-25T23:00:00Z"),
            (plain("1 month"), "2026-09-24T12:00:00Z", "2026-10-24T22:00:00Z"),
            (plain("0 days"), "2026-09-24T12:00:00Z", "2026-09-24T22:00:00Z"),
            // Code de commerce L123-22: ten years from the closing of the financial year.
            (
                rule("10 years", june, EndRule::SameDay),
                "2026-07-01T00:00:00Z",
                "2037-06-30T22:00:00Z",
            ),
            (
                rule("10 years", june, EndRule::SameDay),
                "2026-06-30T00:00:00Z",
                "2036-06-30T22:00:00Z",
            ),
            // Section 147 AO: eight years from the end of the calendar year.
            (
                rule("8 years", year_end, EndRule::SameDay),
                "2025-01-10T00:00:00Z",
                "2033-12-31T23:00:00Z",
            ),
            // Article 112 of the Polish VAT act: tax due on 25 January 2026 is kept to the end of 2031.
            (
                rule("5 years", year_end, EndRule::SameDay),
                "2026-01-25T00:00:00Z",
                "2031-12-31T23:00:00Z",
            ),
            // Thirteen months arrive in the next year, or in the one after.
            (
                rule("13 months", StartRule::Event, EndRule::EndOfCalendarYear),
                "2025-11-30T00:00:00Z",
                "2026-12-31T23:00:00Z",
            ),
            (
                rule("13 months", StartRule::Event, EndRule::EndOfCalendarYear),
                "2025-12-01T00:00:00Z",
                "2027-12-31T23:00:00Z",
            ),
        ] {
            assert_eq!(due(at(anchor), &[rule], &paris), at(expected), "{rule:?} {anchor}");
        }
    }

    #[test]
    fn the_longest_rule_wins_and_no_rule_keeps_for_ever() {
        let anchor = at("2026-05-01T10:00:00Z");
        let both =
            [plain("3 years"), rule("2 years", StartRule::EndOfCalendarYear, EndRule::SameDay)];
        assert_eq!(due(anchor, &both, &Utc), at("2029-05-02T00:00:00Z"));
        assert_eq!(due(anchor, &both[1..], &Utc), at("2029-01-01T00:00:00Z"));
        assert_eq!(due(anchor, &[], &Utc), Timestamp::MAX);
        assert_eq!(cutoff(anchor, &[], &Utc), None);
        let for_ever = [plain("3 years"), plain("4294967295 years")];
        assert_eq!(due(anchor, &for_ever, &Utc), Timestamp::MAX);
        assert_eq!(cutoff(Timestamp::MAX, &for_ever, &Utc), None);
    }

    #[test]
    fn a_month_ends_for_four_days_at_once() {
        let rules = [plain("1 month")];
        let now = at("2026-03-01T00:00:00Z");
        assert_eq!(cutoff(now, &rules, &Utc), Some(at("2026-01-31T23:59:59.999999Z")));
        let before = now.minus(Span::micros(1));
        assert_eq!(cutoff(before, &rules, &Utc), Some(at("2026-01-27T23:59:59.999999Z")));
    }

    #[test]
    fn nothing_is_due_at_the_beginning_and_not_everything_at_the_end() {
        let rules = [plain("1 day")];
        assert_eq!(cutoff(Timestamp::MIN, &rules, &Utc), None);
        let last = cutoff(Timestamp::MAX, &rules, &Utc).unwrap();
        assert_eq!(last, at("9999-12-29T23:59:59.999999Z"));
        assert_eq!(due(last, &rules, &Utc), at("9999-12-31T00:00:00Z"));
        assert_eq!(due(last.plus(Span::micros(1)), &rules, &Utc), Timestamp::MAX);
    }

    fn any_rule() -> impl Strategy<Value = Rule> {
        let keep = prop_oneof![
            (0u32..800).prop_map(Period::Days),
            (0u32..120).prop_map(Period::Weeks),
            (0u32..200).prop_map(Period::Months),
            (0u32..30).prop_map(Period::Years),
        ];
        let start = prop_oneof![
            Just(StartRule::Event),
            Just(StartRule::EndOfCalendarYear),
            ((1u8..=12), (1u8..=31))
                .prop_filter_map("a day that exists", |(month, day)| {
                    MonthDay::new(month, day).ok()
                })
                .prop_flat_map(|day| prop_oneof![
                    Just(StartRule::EndOfFinancialYear(day)),
                    Just(StartRule::EndOfCalendarYearOfFinancialYear(day)),
                ]),
        ];
        let end = prop_oneof![Just(EndRule::SameDay), Just(EndRule::EndOfCalendarYear)];
        (keep, start, end).prop_map(|(keep, start, end)| Rule { keep, start, end })
    }

    /// Instants from 1890 to 2070, half of them near a change of clocks or of the day.
    fn any_instant() -> impl Strategy<Value = Timestamp> {
        let near = |text: &str| {
            let centre = at(text).as_micros();
            (centre - 90_000_000_000..centre + 90_000_000_000).boxed()
        };
        prop_oneof![
            5 => -2_500_000_000_000_000i64..3_150_000_000_000_000,
            1 => near("2011-12-30T10:00:00Z"),
            1 => near("2018-11-04T03:00:00Z"),
            1 => near("2010-11-07T02:31:00Z"),
            1 => near("1969-09-30T13:00:00Z"),
            1 => near("2024-02-29T23:00:00Z"),
        ]
        .prop_map(Timestamp::from_micros)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn due_exactly_up_to_the_cutoff(
            index in 0usize..ZONES.len(),
            rules in proptest::collection::vec(any_rule(), 1..4),
            now in any_instant(),
            anchor in any_instant(),
            offset in -200_000_000_000i64..200_000_000_000,
        ) {
            let zone = zone(ZONES[index]);
            let cutoff = cutoff(now, &rules, &zone);
            let edge = cutoff.unwrap_or(now);
            // Far from the cut-off, near it, on it, and one microsecond to either side.
            for anchor in [
                anchor,
                edge.plus(Span::micros(offset)),
                edge,
                edge.plus(Span::micros(1)),
                edge.minus(Span::micros(1)),
            ] {
                let is_due = due(anchor, &rules, &zone) <= now;
                prop_assert_eq!(is_due, cutoff.is_some_and(|cutoff| anchor <= cutoff), "{}", anchor);
            }
        }

        #[test]
        fn due_is_monotone_and_after_its_anchor(
            index in 0usize..ZONES.len(),
            rules in proptest::collection::vec(any_rule(), 1..4),
            anchor in any_instant(),
            gap in 0i64..200_000_000_000,
        ) {
            let zone = zone(ZONES[index]);
            let (first, second) = (anchor, anchor.plus(Span::micros(gap)));
            prop_assert!(due(first, &rules, &zone) <= due(second, &rules, &zone));
            prop_assert!(due(first, &rules, &zone) > first);
        }

        #[test]
        fn any_time_has_an_answer(micros in any::<i64>(), rules in proptest::collection::vec(any_rule(), 0..3)) {
            let at = Timestamp::from_micros(micros);
            for tz in ZONES {
                let zone = zone(tz);
                let _ = cutoff(at, &rules, &zone);
                prop_assert!(due(at, &rules, &zone) >= at);
            }
        }
    }
}
