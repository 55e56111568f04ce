//! By when a duty is met that is set in hours (Art. 33(1) GDPR: 72).

use chrono::NaiveDate;

use super::super::holidays::{DayKind, WorkingDays};
use super::super::zone::{Zone, day_of};
use super::Step;
use crate::clock::{Span, Timestamp};

/// The end of a period in hours, by each of the three readings that there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoursDeadline {
    /// The event plus so many elapsed hours: the reading to keep, since it is the earliest.
    pub strict: Timestamp,
    /// The same from the hour after that of the event, so up to an hour later.
    pub hour_rule: Timestamp,
    /// The day at whose end a period with two working days would be over, where that is later
    /// than the hour rule; a minority in the literature, refused by authorities.
    pub two_working_days: Option<NaiveDate>,
    /// The rules behind `strict` and `hour_rule`, in their order.
    pub trace: Vec<Step>,
}

impl HoursDeadline {
    /// The end of a period of so many hours from an event.
    ///
    /// Hours are elapsed time: where clocks go forward in between, the wall shows an hour more.
    /// Neither weekends nor holidays move it.
    ///
    /// # Law
    /// GDPR Art. 33(1) for 72 hours; Regulation 1182/71, Article 3(1), (2)(a) for the hour rule,
    /// (4) and (5) for weekends: (4) leaves out periods in hours, and by the authorities' reading
    /// so does (5). The day of the event counts as a working day in the minority's reading.
    ///
    /// # Properties
    /// `event + hours = strict <= hour_rule`, and the hour rule adds at most an hour.
    #[must_use]
    pub fn of(event: Timestamp, hours: u32, zone: &dyn Zone, working: &WorkingDays) -> Self {
        let span = Span::hours(hours.into());
        let strict = event.plus(span);
        let from = next_full_hour(event, zone);
        let hour_rule = from.plus(span);
        let mut trace = vec![
            Step::Elapsed { hours, to: strict },
            Step::HourNotCounted { from },
            Step::Elapsed { hours, to: hour_rule },
        ];
        let last_day = day_of(zone, strict);
        let kind = working.kind(last_day);
        if kind != DayKind::Working {
            trace.push(Step::NotMoved { day: last_day, kind });
        }
        let two_working_days = if hours >= 48 {
            // The period ends within the hour before this instant.
            let end = day_of(zone, hour_rule.minus(Span::micros(1)));
            let days = day_of(zone, event).iter_days();
            days.filter(|day| working.is_working_day(*day)).nth(1).filter(|second| *second > end)
        } else {
            None
        };
        Self { strict, hour_rule, two_working_days, trace }
    }
}

/// The first full hour by the clocks of a zone after an instant; an instant on a full hour waits for
/// the next: the hour in which the event falls is not counted.
///
/// Full hours are counted from the beginning of the local day and back from its end, so that zones
/// half an hour off have theirs. Where the two differ, because a zone moved by half an hour on that
/// day, the earlier one is taken: a deadline is then early rather than late.
///
/// # Law
/// Regulation (EEC, Euratom) 1182/71, Article 3(1).
///
/// # Properties
/// After the instant, and at most an hour after it.
#[must_use]
pub fn next_full_hour(at: Timestamp, zone: &dyn Zone) -> Timestamp {
    const HOUR: i64 = 3_600_000_000;
    let day = day_of(zone, at);
    let after = |origin: Timestamp| {
        let into = at.as_micros().saturating_sub(origin.as_micros()).rem_euclid(HOUR);
        at.plus(Span::micros(HOUR - into))
    };
    let from_start = after(zone.start_of_day(day));
    let from_end = day.succ_opt().map(|next| after(zone.start_of_day(next)));
    from_end.map_or(from_start, |from_end| from_start.min(from_end))
}
