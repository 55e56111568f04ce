//! Public holidays and working days of the member states and their neighbours.
//!
//! A table has one rule per holiday, with the law it is from and the years it is in force. A new
//! region is a table in [`tables`]; a changed holiday is an `until` on the old rule and a new rule
//! with a `from`. [`WorkingDays`] lays the tables out for 2000 to 2100 and answers without
//! allocating.
//!
//! Where sources disagree whether a day is a holiday, it is not one here: a deadline that is a day
//! early harms nobody. Days that a government decrees for a single year are listed from 2018, when
//! the General Data Protection Regulation began to apply, as far as they are known; who knows of
//! another one adds it with [`WorkingDays::with_holiday`].

mod easter;
mod rule;
mod tables;
mod working;
mod year;

pub use easter::western_easter;
pub use tables::{REGION_UNKNOWN, Region};
pub use working::{DayKind, FIRST_YEAR, LAST_YEAR, PublicHoliday, WorkingDays, YEAR_OUTSIDE};
