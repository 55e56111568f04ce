//! What a letter says.

use std::fmt;

use tacenda_core::{Code, Kind, Result};

/// A text or a date that cannot stand in a letter.
pub static BAD_LETTER: Code = Code::new(
    "notify.letter",
    Kind::Input,
    "a letter has a subject of one line, a body without control characters, and a date from 1970 to 9998",
);

/// What a letter says. Never printed: it may hold personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    language: &'static str,
    subject: String,
    body: String,
}

impl Text {
    /// From a language's tag, a subject of 1 to 200 characters on one line (white space around it is
    /// cut off, and spaces in a row become one: RFC 2047 drops what stands between encoded words),
    /// and a body whose only control characters are line feeds.
    ///
    /// # Errors
    /// [`BAD_LETTER`] with the field.
    pub fn new(language: &'static str, subject: &str, body: &str) -> Result<Self> {
        let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        let subject = subject.trim();
        let mut last = None;
        let subject: String =
            subject.chars().filter(|c| last.replace(*c) != Some(' ') || *c != ' ').collect();
        let length = (1..=200).contains(&subject.chars().count());
        if !length || subject.contains(breaks) {
            return Err(BAD_LETTER.error().field_is("subject"));
        }
        if body.contains(|c| c != '\n' && char::is_control(c)) {
            return Err(BAD_LETTER.error().field_is("body"));
        }
        Ok(Self { language, subject, body: body.to_owned() })
    }

    /// The tag of its language.
    #[must_use]
    pub const fn language(&self) -> &'static str {
        self.language
    }

    /// The subject, on one line.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The body, its lines ended by line feeds.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Text").field("language", &self.language).finish_non_exhaustive()
    }
}
