//! Restriction of processing (Art. 18 GDPR): what is stored and not used, on which ground, and its end.
//!
//! A [`Restriction`] is a history to which things are added; its [`Stage`] follows from it, and the
//! rules are pure. What is restricted is in a state of its own: nobody reads, amends or erases it. It is
//! read on the grounds of Art. 18(2) alone, which the log names
//! ([`tacenda_core::vault::Vault::read_restricted`]). The person is told before it is lifted (Art. 18(3)),
//! so that lifting is two steps: the letter, and then the end.
//!
//! Operations over the vault are a file each: [`place`], [`review`], [`announce`] and [`keep`], [`lift`], [`agenda`],
//! [`read`]. What is archived is under its law alone already, and stays so.

mod agenda;
mod codec;
mod codes;
mod file;
mod lift;
mod place;
mod rules;
mod state;
mod step;

pub use crate::case::{Note, Stamp};
pub use crate::requests::{Channel, RequestId, RestrictionGround};
pub use agenda::{Work, agenda, read};
pub use codes::CODES;
pub use codes::*;
pub use lift::{Lifted, lift};
pub use place::{Placed, Terms, place};
pub use state::{Announcement, Asked, Entry, Event, Placing, Restriction, Stage};
pub use step::{announce, keep, review};
