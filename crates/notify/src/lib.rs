//! Letters to people: what they say, in their language, and how they are delivered.
//!
//! A [`Text`] is written from the [`catalogue`]; with the feature `letter` it goes into a `Letter`,
//! which a `Transport` delivers (`file`: into a folder; `smtp`: to a mail server). A new language is a folder in `locales/`
//! and a line in `catalogue.rs`; a new message is a file in each of those folders and a variant of
//! [`Message`]; a new way to deliver is a file that implements `Transport`. Tests fail on what is
//! missing.
//!
//! What is due in the outbox is written and delivered by `drain`.
//!
//! Letters are plain text: no HTML, no pictures, no tracking.
#![forbid(unsafe_code)]

#[cfg(feature = "letter")]
mod address;
pub mod catalogue;
#[cfg(feature = "letter")]
mod drain;
#[cfg(feature = "file")]
mod file;
#[cfg(feature = "letter")]
mod letter;
#[cfg(feature = "smtp")]
pub mod smtp;
mod template;
mod text;

#[cfg(feature = "letter")]
pub use address::{Address, BAD_ADDRESS, BAD_SENDER, Sender};
pub use catalogue::{Message, UNKNOWN_LANGUAGE};
#[cfg(feature = "letter")]
pub use drain::{Desk, Drained, drain};
#[cfg(feature = "file")]
pub use file::{FileTransport, NOT_WRITTEN};
#[cfg(feature = "letter")]
pub use letter::{Letter, Transport};
pub use template::{BAD_TEMPLATE, MISSING_VALUE, Template};
pub use text::{BAD_LETTER, Text};

use tacenda_core::Code;

/// The codes of this crate, without those of `smtp`, which are a list of their own.
pub static CODES: &[&Code] = &[
    #[cfg(feature = "letter")]
    &BAD_ADDRESS,
    #[cfg(feature = "letter")]
    &BAD_SENDER,
    &UNKNOWN_LANGUAGE,
    &BAD_LETTER,
    &BAD_TEMPLATE,
    &MISSING_VALUE,
    #[cfg(feature = "file")]
    &NOT_WRITTEN,
];
