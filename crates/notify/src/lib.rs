//! Letters to people: what they say, in their language, and how they are delivered.
//!
//! A [`Text`] is written from the [`catalogue`], goes into a [`Letter`], and is delivered by a
//! [`Transport`]. A new language is a folder in `locales/` and a line in `catalogue.rs`; a new
//! message is a file in each of those folders and a variant of [`Message`]; a new way to deliver is
//! a file that implements [`Transport`]. Tests fail on what is missing.
//!
//! Letters are plain text: no HTML, no pictures, no tracking.
#![forbid(unsafe_code)]

mod address;
pub mod catalogue;
#[cfg(feature = "file")]
mod file;
mod letter;
mod template;

pub use address::{Address, BAD_ADDRESS, BAD_SENDER, Sender};
pub use catalogue::{Message, UNKNOWN_LANGUAGE};
#[cfg(feature = "file")]
pub use file::{FileTransport, NOT_WRITTEN};
pub use letter::{BAD_LETTER, Letter, Text, Transport};
pub use template::{BAD_TEMPLATE, MISSING_VALUE, Template};

use tacenda_core::Code;

/// The codes of this crate.
pub static CODES: &[&Code] = &[
    &BAD_ADDRESS,
    &BAD_SENDER,
    &UNKNOWN_LANGUAGE,
    &BAD_LETTER,
    &BAD_TEMPLATE,
    &MISSING_VALUE,
    #[cfg(feature = "file")]
    &NOT_WRITTEN,
];
