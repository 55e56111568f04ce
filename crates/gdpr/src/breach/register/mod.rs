//! The register of breaches (Art. 33(5) GDPR): each is a record that nobody removes before its time.
//!
//! A breach is nobody's: its record has an id of its own, under which the log tells its steps. Each
//! step opens the record, asks the rules of [`state`](super::state), and writes it with one entry more,
//! in one change with its leaf. No step takes an entry away. The record is closed with the breach, and
//! its retention begins then; taken up again, it is kept until it is closed again.

mod file;
mod id;
mod look;
mod step;
mod suspect;

pub(super) use file::{check_open, opened};
pub use id::BreachId;
pub use look::{Work, agenda, find, read};
pub(super) use step::enter;
pub use step::{Entered, Step, step};
pub use suspect::{Raised, suspect};
