//! Grants of staff (Art. 29 and 32(4) GDPR): who may act in which role, with which certificate,
//! until when.
//!
//! A [`Grant`] is a history to which things are added and from which nothing goes: given for a year
//! at most, renewed, revoked with a reason. Its record is the person's, whose id is the
//! [`tacenda_core::ActorId`] of everything that the person does; name and work e-mail address lie
//! sealed beside it. Where the policy says `[staff] grants = "required"`, the vault holds whoever
//! acts against the grant at every step ([`tacenda_core::vault::Vault::check_grant`]).
//!
//! Grants that a restore of rows brought back may have been revoked since: none counts until it is
//! confirmed ([`confirm`]).
//!
//! While a grant may count its record is open; revoked or run out, its retention begins. A further
//! reason is a word of [`Ground`]; a further step is an [`Event`], a rule in `state`, its bytes in
//! `codec`.

mod agenda;
mod codec;
mod codes;
mod confirm;
mod file;
mod give;
mod list;
mod renew;
mod revoke;
mod settle;
mod state;

pub use agenda::{Work, agenda, unconfirmed};
pub use codes::CODES;
pub use codes::*;
pub use confirm::confirm;
pub use give::{Granted, Identity, Offer, give};
pub use list::{Listed, grants_of};
pub use renew::renew;
pub use revoke::revoke;
pub use settle::settle;
pub use state::{Entry, Event, Grant, Ground, State, Terms, Told};

pub use crate::case::{NO_ROLE, Note};
