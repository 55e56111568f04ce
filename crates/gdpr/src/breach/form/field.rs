//! What the table says of a field.

use super::fields::FIELDS;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Text.
    Text,
    /// Yes or no.
    Flag,
    /// A number, not negative.
    Number,
    /// A calendar day.
    Day,
    /// A point in time.
    Time,
    /// One of these, divided by `|`, by letter: the first is `a`.
    Choice(&'static str),
}

/// Whether a field must be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// In every notification.
    Always,
    /// If another field asks for it.
    Asked,
    /// If somebody wants to.
    Free,
}

/// A field of the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its number.
    pub number: u16,
    /// Its section.
    pub section: &'static str,
    /// The articles of the GDPR that it serves; empty where none is named.
    pub articles: &'static str,
    /// Whether it must be filled.
    pub need: Need,
    /// What it holds.
    pub kind: FieldKind,
}

/// A line of the table.
pub(super) const fn field(
    number: u16,
    section: &'static str,
    articles: &'static str,
    need: Need,
    kind: FieldKind,
) -> Field {
    Field { number, section, articles, need, kind }
}

impl Field {
    /// The field of that number.
    #[must_use]
    pub fn find(number: u16) -> Option<&'static Self> {
        FIELDS.iter().find(|field| field.number == number)
    }

    /// Its name in the template's JSON.
    #[must_use]
    pub fn key(&self) -> String {
        format!("field_{}", self.number)
    }

    /// What a letter of it stands for.
    #[must_use]
    pub fn option(&self, letter: char) -> Option<&'static str> {
        let FieldKind::Choice(options) = self.kind else { return None };
        ('a'..='z').zip(options.split('|')).find(|(one, _)| *one == letter).map(|(_, words)| words)
    }
}
