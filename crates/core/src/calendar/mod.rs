//! Calendar periods, local days, and the end of retention.
//!
//! Periods follow Regulation (EEC, Euratom) 1182/71; local days follow a [`Zone`], which is an
//! argument like the time itself. A [`Rule`] says how long something is kept, [`due`] when that
//! has passed, and [`cutoff`] up to which anchor everything is due at a given time. A new way to
//! start or end a period is a variant of [`StartRule`] or [`EndRule`], and a line in its tests.
//!
//! A duty to keep or to erase ends on its day, whether or not somebody works on it. A duty to act
//! by a day does not (Article 3(4) and (5) of the Regulation): [`WorkingDays`] knows the public
//! holidays, and a [`Deadline`] the rules that led to it.

mod deadline;
mod holidays;
mod period;
mod retention;
mod zone;

pub use deadline::{
    AnswerDeadline, BEYOND_CALENDAR, Deadline, HoursDeadline, PAUSE_ORDER, Pause, Step, Term,
    next_full_hour,
};
pub use holidays::{
    DayKind, FIRST_YEAR, LAST_YEAR, PublicHoliday, REGION_UNKNOWN, Region, WorkingDays,
    YEAR_OUTSIDE, western_easter,
};
pub use period::{BAD_MONTH_DAY, BAD_PERIOD, MonthDay, Period, add};
pub use retention::{EndRule, Rule, StartRule, cutoff, due};
pub use zone::{TimeZoneRules, Utc, Zone, day_of};

use crate::error::Code;

/// The codes of this room.
pub static CODES: &[&Code] =
    &[&BAD_PERIOD, &BAD_MONTH_DAY, &BEYOND_CALENDAR, &PAUSE_ORDER, &REGION_UNKNOWN, &YEAR_OUTSIDE];
