//! Objections (Art. 21 GDPR): to what rests on a task or an interest, until it is decided; to direct
//! marketing, for good.
//!
//! An [`Objection`] is a history to which things are added and from which nothing goes. The purpose is
//! unreadable from the next read on: [`object`] writes record and account in one change. One on grounds
//! of the person's situation (21(1)) is decided by a person: upheld, the purpose stays unreadable;
//! overruled, it is read again once the person was told why. One to direct marketing (21(2)) is final:
//! [`object`] for one purpose of it, [`stop_marketing`] for all, also those that come later. Whoever
//! objected can take it back.
//!
//! The time for an answer runs from receipt (Art. 12(3)): [`agenda`] tells what waits, and until when. If
//! the objection came as a request, its file (`requests`) has the same day. [`settle`] ends the records whose accounts are gone.

mod agenda;
mod codec;
mod codes;
mod decide;
mod list;
mod object;
mod settle;
mod state;
mod step;

pub use agenda::{Work, agenda};
pub use codes::CODES;
pub use codes::*;
pub use decide::{decide, tell, withdraw};
pub use list::{Listed, objections_of, read_words};
pub use object::{Objected, Objecting, object, stop_marketing};
pub use settle::settle;
pub use state::{Decision, Entry, Event, Ground, Made, Objection, Overriding, State, Told, Way};
