//! Whom a breach affects, and how they are told of it (Art. 34 GDPR).
//!
//! Who is affected is computed ([`Selection`]), counted first ([`count`]), then listed ([`list`]): one
//! record for each person and breach, under a number that is made of both. With it the class of the
//! account's address is held, so that nobody is erased before they were told. A letter goes to those on
//! the list ([`send`]) once a test of it went to somebody ([`test()`]) and whoever the policy asks for has
//! approved it; what became of each message is taken from the outbox ([`follow`]), and the register hears
//! the numbers ([`tell`]) and nothing else.
//!
//! Each of these is a job that goes on where it was stopped: what was done for a person stands in their
//! record. It looks at a page at a time.

mod affected;
mod file;
mod follow;
mod letter;
mod list;
mod selection;
mod send;

pub use affected::{Affected, Reach, Reached, Why};
pub use follow::{Followed, follow, tell};
pub use list::{Listing, Tally, count, list, people, tally};
pub use selection::Selection;
pub use send::{Sent, send, test};
