//! By which day, or by which hour, a duty must be met, with the rules that led there.
//!
//! [`Deadline`] is the end of a period in days, weeks, months or years, [`AnswerDeadline`] that of a
//! request under Article 12(3) of the GDPR, [`HoursDeadline`] that of a period in hours such as the
//! 72 of Article 33(1). All are pure: days and instants in, days and instants out. Days are those of
//! the controller's zone ([`day_of`](super::day_of)); working days those of the place where the
//! controller acts. A new rule is a [`Step`] and a line in `docs/law.md`.

mod answer;
mod hours;
mod step;

use chrono::{Datelike, NaiveDate};

pub use answer::{AnswerDeadline, PAUSE_ORDER, Pause, Term};
pub use hours::{HoursDeadline, next_full_hour};
pub use step::Step;

use super::holidays::WorkingDays;
use super::period::{Period, add};
use super::zone::Zone;
use crate::clock::Timestamp;
use crate::error::{Code, Kind, Result};

/// A period that leaves the calendar.
pub static BEYOND_CALENDAR: Code = Code::new(
    "calendar.beyond_calendar",
    Kind::Input,
    "the period ends past the last day that can be represented",
);

/// The last day of a duty to act, and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    nominal: NaiveDate,
    last_day: NaiveDate,
    trace: Vec<Step>,
}

impl Deadline {
    /// The end of a period that runs from an event on a day.
    ///
    /// # Errors
    /// [`BEYOND_CALENDAR`].
    ///
    /// # Law
    /// Regulation (EEC, Euratom) 1182/71, Article 3(1), (2)(b) and (c), (4) and (5).
    ///
    /// # Properties
    /// Never before [`add`]; on a working day, always.
    ///
    /// ```
    /// use tacenda_core::calendar::{Deadline, Period, Region, WorkingDays};
    ///
    /// let france = WorkingDays::of(Region::parse("FR")?);
    /// // A month after 31 January is 28 February, in 2026 a Saturday.
    /// let deadline = Deadline::of("2026-01-31".parse()?, Period::Months(1), &france)?;
    /// assert_eq!(deadline.nominal().to_string(), "2026-02-28");
    /// assert_eq!(deadline.last_day().to_string(), "2026-03-02");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(event: NaiveDate, period: Period, working: &WorkingDays) -> Result<Self> {
        let mut trace = Vec::new();
        let nominal = run(event, period, &mut trace)?;
        let two_days_or_more = match period {
            Period::Days(days) => days >= 2,
            Period::Weeks(count) | Period::Months(count) | Period::Years(count) => count > 0,
        };
        let mut last_day = move_to_working_day(nominal, working, &mut trace)?;
        if two_days_or_more {
            last_day = two_working_days(event, last_day, working, &mut trace)?;
        }
        Ok(Self { nominal, last_day, trace })
    }

    /// The day on which the period ends before it is moved to a working day.
    #[must_use]
    pub const fn nominal(&self) -> NaiveDate {
        self.nominal
    }

    /// The last day on which the duty can be met, to its last instant.
    #[must_use]
    pub const fn last_day(&self) -> NaiveDate {
        self.last_day
    }

    /// The rules that were applied, in their order.
    #[must_use]
    pub fn trace(&self) -> &[Step] {
        &self.trace
    }

    /// The first instant that is too late: the start of the day after the last.
    #[must_use]
    pub fn over_at(&self, zone: &dyn Zone) -> Timestamp {
        self.last_day.succ_opt().map_or(Timestamp::MAX, |next| zone.start_of_day(next))
    }

    /// Whether an act at this time is in time.
    #[must_use]
    pub fn is_met_at(&self, at: Timestamp, zone: &dyn Zone) -> bool {
        at < self.over_at(zone)
    }
}

/// Runs a period from an event, and says so.
fn run(event: NaiveDate, period: Period, trace: &mut Vec<Step>) -> Result<NaiveDate> {
    let to = add(event, period).ok_or_else(|| BEYOND_CALENDAR.error())?;
    trace.push(Step::EventNotCounted { day: event });
    trace.push(Step::Ran { period, to });
    let has_a_date = matches!(period, Period::Months(_) | Period::Years(_));
    if has_a_date && to.day() != event.day() {
        trace.push(Step::DateMissing { missing: event.day(), to });
    }
    Ok(to)
}

/// The day itself, or the next working day; each day passed over is in the trace.
fn move_to_working_day(
    day: NaiveDate,
    working: &WorkingDays,
    trace: &mut Vec<Step>,
) -> Result<NaiveDate> {
    let to = working.next_working_day(day).ok_or_else(|| BEYOND_CALENDAR.error())?;
    for day in day.iter_days().take_while(|day| *day < to) {
        trace.push(Step::PassedOver { day, kind: working.kind(day) });
    }
    if !working.knows(to) {
        trace.push(Step::HolidaysUnknown { year: to.year() });
    }
    Ok(to)
}

/// The last day, or a later one, so that two working days lie between the event and its end.
fn two_working_days(
    event: NaiveDate,
    last_day: NaiveDate,
    working: &WorkingDays,
    trace: &mut Vec<Step>,
) -> Result<NaiveDate> {
    let second = event
        .iter_days()
        .skip(1)
        .filter(|day| working.is_working_day(*day))
        .nth(1)
        .ok_or_else(|| BEYOND_CALENDAR.error())?;
    if second > last_day {
        trace.push(Step::TwoWorkingDays { to: second });
    }
    Ok(second.max(last_day))
}

#[cfg(test)]
mod tests;
