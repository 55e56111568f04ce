//! Consents (Art. 6(1)(a), 7, 8 and 9(2)(a) GDPR): the ledger that proves them, and their withdrawal.
//!
//! A [`Consent`] is a history to which things are added and from which nothing goes. A purpose that
//! rests on consent is read while the account's state says that one stands, and not a read longer:
//! [`give`] and [`withdraw`] write record and state in one change. Giving names a text of the policy
//! in a language, and the record keeps its version and digest. Withdrawing needs no reason and no more
//! than giving did.
//!
//! While a consent stands its record is open; withdrawn, its retention begins. Who consents again
//! gets a new record. [`settle`] ends the records that count no more.
//!
//! A further way to consent is a word of [`How`]; a further step is an [`Event`], a rule in `state`,
//! and its bytes in `codec`.

mod codec;
mod codes;
mod give;
mod list;
mod rules;
mod settle;
mod state;
mod unheeded;
mod withdraw;

pub use codes::CODES;
pub use codes::*;
pub use give::{Giving, Stands, give};
pub use list::{Listed, consents_of};
pub use settle::settle;
pub use state::{Consent, Entry, Event, Given, Giver, How, ParentCheck, State};
pub use withdraw::{Withdrawal, withdraw};
