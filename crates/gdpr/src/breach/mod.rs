//! Personal data breaches (Art. 33 and 34 GDPR): the clock, the severity, the duties, the form.
//!
//! Rules, in four parts. [`clock`] says who is told by when, from dated data. [`severity`]
//! suggests how severe a breach is, by ENISA's method; it only suggests. [`state`] is the register's
//! entry: a history to which things are added and from which nothing goes, the state that follows
//! from it, and the duties that follow from the risk that a person has judged. [`form`] fills the
//! authority's template from it, says what is missing, and writes it as JSON or as a letter.
//!
//! These are pure. [`register`] keeps breaches as records, each step one change with its leaf;
//! [`people`] finds whom one affects, and has them told.
//!
//! A further clock is a line in the policy, a law's new version of one a line in
//! [`clock::statutory`]. A step that somebody can take is an [`Event`](state::Event), a rule in
//! `state/rules`, and its bytes in `state/codec`. A language of the letter is a column in
//! `form/labels`.

pub mod clock;
mod codes;
pub mod form;
pub mod people;
pub mod register;
pub mod severity;
pub mod state;

pub use crate::case::Note;
pub use codes::CODES;
pub use codes::*;
pub use state::{Breach, State};
