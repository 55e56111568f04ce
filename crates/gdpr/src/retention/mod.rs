//! How long each class of data is kept (Art. 5(1)(e) GDPR): schedules, and the plan of a sweep.
//!
//! Rows store when their clock started, not when it ends: a changed period touches no row.

mod plan;
mod rules;
mod warning;

pub use plan::{Reach, RetentionPlan, SweepLine, plan};
pub use rules::{Duty, duty, ended, schedule};
pub use warning::{ACCOUNT_EXPIRING, DATA_EXPIRING, warn};
pub(crate) use warning::{was_warned, was_warned_each};
