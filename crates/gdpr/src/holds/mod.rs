//! Legal holds (Art. 17(3) GDPR): what is to be kept from erasure and sweep, why, and who looks again.
//!
//! A [`Hold`] is a history to which things are added; its [`Stage`] follows from it, and the rules are
//! pure. It is placed by a person on a [`Ground`], with a reason and an owner, and is looked at again
//! after six months at most. That a review is overdue frees nothing: it is shown until it is made.
//!
//! Operations over the vault are a file each: [`place`] holds one subject, [`place_many`] whom a
//! [`Selection`] finds, under one number, [`review`] and [`hand_over`] go on, [`release`] and
//! [`release_group`] let go what no other hold keeps, [`agenda`] finds what is to be looked at, [`read`]
//! shows a hold for a purpose, [`restate`] ends one whose record is lost, [`settle`] takes off marks that no hold
//! is about any more. What is held is a mark on the rows (`Effects`), set in the change of the
//! hold itself: a row is held whole, so that a hold of an item keeps all items of its class.
//!
//! A hold of classes keeps what is there of them, also what is archived, and what begins again beside it.
//! A hold of a subject keeps what is added later as well, and the records about it, such as files of
//! requests, beyond their period.

mod agenda;
mod codec;
mod codes;
mod file;
mod many;
mod place;
mod read;
mod release;
mod restate;
mod rules;
mod scope;
mod settle;
mod state;
mod step;

pub use crate::case::{Note, Stamp};
pub use agenda::{Work, agenda};
pub use codes::CODES;
pub use codes::*;
pub use many::{GroupReleased, Many, Selection, place_many, release_group};
pub(crate) use place::place_in;
pub use place::{Placed, Terms, place};
pub(crate) use read::in_force;
pub use read::read;
pub(crate) use release::release_in;
pub use release::{Released, release};
pub use restate::restate;
pub use scope::{Covered, Scope};
pub use settle::{Freed, settle};
pub use state::{Entry, Event, Ground, GroupId, Hold, Placing, Stage};
pub use step::{hand_over, review};
