//! Requests of data subjects (Art. 12, 15 to 22 and 7(3) GDPR): the file of each, and its clock.
//!
//! The rules are pure. A [`Request`] is a history to which things are added and from which nothing goes; its
//! [`State`] follows from it. A step takes the request by value and gives it back with one entry
//! more, or an error with a code. [`Request::due`] reckons by when it is answered, with the rules applied;
//! [`lists`] sorts many by their due dates and [`feed`] writes these as a calendar.
//!
//! Operations over the vault are a file each: [`receive`] opens a file and lets count what waits for nobody, [`step`] enters what happened,
//! [`hear`] and [`readdress`] add to what lies beside it, [`agenda`] finds what is due, [`find`] and
//! [`files`] one by its number and those of a subject, [`erase`] decides a request for erasure and carries
//! it out, [`read`] and [`lines`] show files for a purpose, [`held`] tells whether anything is held of
//! whoever asks. Nothing here sends. What the requester wrote ([`Words`]) and where the answer goes ([`ReplyTo`]) are no
//! part of the file: its row seals them beside it, each as an item of its own, so that working with
//! files opens neither, and the address goes when the file is closed.
//!
//! Two readings run through the room. A person is never turned away: what arrives is recorded,
//! whoever sent it, whatever it says, and through whatever channel. And every doubt about a date is
//! settled for the earlier one.
//!
//! A further right is a variant of [`Right`] and its lines in `rights`; a further step is an
//! [`Event`], a rule in `rules`, and its bytes in `codec`.

mod agenda;
mod apply;
mod codec;
mod codes;
mod decision;
mod due;
mod effect;
mod erase;
mod feed;
mod file;
mod find;
mod hear;
mod held;
mod identity;
mod intake;
mod kept;
mod lists;
mod read;
mod receive;
mod reopen;
mod reply;
mod rights;
mod rules;
mod state;
mod step;
mod steps;
mod words;

pub use crate::case::{Note, Stamp};
pub use agenda::{Listing, Work, agenda, lines};
pub use codes::CODES;
pub use codes::*;
pub use decision::{
    Answer, Charge, ChargeGround, Decision, Ground, Hints, PartialRefusal, Refusal, Refusals,
};
pub use due::{Asked, Calendar, Due, Uncounted, Waited};
pub use effect::Effect;
pub use erase::{Carried, Erased, erase};
pub use feed::{feed, folded};
pub use find::{files, find};
pub use hear::{hear, readdress};
pub use held::{Held, held};
pub use identity::{
    Document, Evidence, Identity, IdentityAnswer, IdentityAsk, IdentityOutcome, IdentityQuestion,
    Proof, ProofKind, SeenDocument,
};
pub use intake::{Channel, Intake, Items, RequestId, Requester, Scope};
pub use lists::{Line, Lists, lists};
pub use read::{read, read_about, read_reply_to, read_words};
pub use receive::{Arrival, Received, Whom, receive};
pub(crate) use reopen::{free, reopen_refused};
pub use reply::{PostalLines, ReplyTo};
pub use rights::{RestrictionGround, Right};
pub use state::{
    Clarification, Closed, Correction, Entry, Event, Extension, Request, Stage, State,
};
pub use step::{Entered, step};
pub use words::Words;
