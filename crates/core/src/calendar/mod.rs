//! Calendar periods, local days, and the end of retention.
//!
//! Periods follow Regulation (EEC, Euratom) 1182/71; local days follow a [`Zone`], which is an
//! argument like the time itself. A [`Rule`] says how long something is kept, [`due`] when that
//! has passed, and [`cutoff`] up to which anchor everything is due at a given time. A new way to
//! start or end a period is a variant of [`StartRule`] or [`EndRule`], and a line in its tests.
//!
//! Working days and public holidays (Article 3(4) and (5) of the Regulation) are not in here: a
//! duty to keep or to erase ends on its day, whether or not somebody works on it.

mod period;
mod retention;
mod zone;

pub use period::{BAD_MONTH_DAY, BAD_PERIOD, MonthDay, Period, add};
pub use retention::{EndRule, Rule, StartRule, cutoff, due};
pub use zone::{TimeZoneRules, Utc, Zone};

use crate::error::Code;

/// The codes of this room.
pub static CODES: &[&Code] = &[&BAD_PERIOD, &BAD_MONTH_DAY];
