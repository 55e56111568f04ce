//! The outbox: messages to people, from the change that causes one until it is sent.
//!
//! A room puts a [`Message`] into the outbox, in the change that causes it
//! ([`Effects::messages`](crate::vault::Effects)) or by itself ([`enqueue`]). Any number of workers
//! [`take`] what is due, under leases; whoever takes a message opens the address in that moment, looks once
//! more before each is sent ([`confirm`]), and [`settle`]s how it went. `tacenda-notify` does so (`drain`); texts and transports are its own.
//!
//! A message is a record: sealed under a key of its own, with a rule of its own in the policy
//! (`[records] outbox`). It names what is to be said and holds the values for it, never an address of
//! an account's: that is read when it is sent, for the purpose that the message names, and so neither
//! restriction, nor objection, nor erasure comes too late. Once a message is sent or given up its values
//! go, and what remains says what was sent, and when.
//!
//! # Properties
//! - A message that is due is sent at least once, whoever is killed, and more than once only by workers
//!   that died, or lost their lease, between sending and settling; each time with the same id.
//! - What waits in rows that were restored from a backup is not sent, since it may have gone since.
//! - No two workers have one message at a time while their leases last. A hold of everything ends a lease: a
//!   worker that has sent by then settles all the same, one that has not leaves it to the next.

mod codec;
mod enqueue;
mod model;
mod settle;
mod take;

pub use enqueue::{
    cancel, enqueue, enqueue_each, enqueue_once, may_write, overdue, progress, progress_each,
    progress_of, withdraw,
};
pub(crate) use enqueue::{new_record, restored};
pub use model::{Failure, Letter, Message, Progress, Recipient, Values};
pub use settle::{Outcome, Settled, settle};
pub use take::{Batch, Confirmed, Outgoing, Taken, confirm, give_back, take};

use crate::error::{Code, Kind};
use crate::name::Name;

/// The state of a message that is to be sent.
pub const QUEUED: Name = Name::fixed("queued");
/// The item with the values of a message that is to be sent.
pub const VALUES: Name = Name::fixed("values");
/// The item with an address of the message's own.
pub const ADDRESS: Name = Name::fixed("address");

/// A message that was sent or given up already.
pub static ENDED: Code =
    Code::new("outbox.ended", Kind::Conflict, "the message was sent or given up already");
/// What a message is to be is more than a message can be.
pub static TOO_LONG: Code = Code::new(
    "outbox.too_long",
    Kind::Input,
    "a message has at most 64 values, each of at most 100,000 bytes, and an address of at most 320",
);

/// Every code of this room.
pub static CODES: &[&Code] = &[&ENDED, &TOO_LONG];
