//! The authority's form: the common template, filled from a breach, and what it lacks.
//!
//! [`Form::fill`] answers what policy and breach know; [`Form::set`] takes the rest from a person,
//! and refuses to overrule what is known. [`Form::problems`] says what is missing or out of place by
//! the template's own conditions, [`Form::to_json`] gives the template's JSON, and [`Form::letter`]
//! a readable page in Markdown or HTML with headings in the authority's language. What people wrote
//! stays in their language.
//!
//! The template holds one letter per choice. Where more apply, the first goes into the field and all
//! of them, by name, into the field beside it that describes it in words.

mod authority;
mod field;
mod fields;
mod fill;
mod labels;
mod letter;
mod rules;

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use tacenda_core::{Result, Timestamp};

use super::codes::{BAD_FIELD, FIELD_KNOWN, UNKNOWN_FIELD};
use crate::case::Note;

pub use authority::{AUTHORITIES, Authority, Competent, competent, find};
pub use field::{Field, FieldKind, Need};
pub use fields::FIELDS;
pub use fill::Stage;
pub use labels::Language;
pub use letter::Markup;
pub use rules::{Problem, Why};

/// What stands in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text.
    Text(Note),
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(u64),
    /// A calendar day.
    Day(NaiveDate),
    /// A point in time.
    Time(Timestamp),
    /// The letter of an option.
    Letter(char),
}

/// A notification to the authority.
///
/// Its `Debug` tells how many fields are filled, and no more.
#[derive(Clone, PartialEq, Eq)]
pub struct Form {
    values: BTreeMap<u16, Value>,
    /// The fields that the breach or the policy answered.
    known: std::collections::BTreeSet<u16>,
    /// All letters of a choice of which more than one applies.
    all: BTreeMap<u16, Vec<char>>,
    /// Whether it is sent after the time to keep.
    late: bool,
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Form({} fields)", self.values.len())
    }
}

impl Form {
    /// What stands in a field.
    #[must_use]
    pub fn value(&self, number: u16) -> Option<&Value> {
        self.values.get(&number)
    }

    /// Answers a field that the breach does not answer by itself. Asked anew, the later answer
    /// counts.
    ///
    /// # Errors
    /// [`UNKNOWN_FIELD`]; [`BAD_FIELD`] for another kind of value, or a letter that is no option;
    /// [`FIELD_KNOWN`]. Each with the `field`.
    pub fn set(&mut self, number: u16, value: Value) -> Result<()> {
        let field = Field::find(number).ok_or_else(|| UNKNOWN_FIELD.error().field_is(number))?;
        if self.known.contains(&number) {
            return Err(FIELD_KNOWN.error().field_is(number));
        }
        if !fits(field, &value) {
            return Err(BAD_FIELD.error().field_is(number));
        }
        self.values.insert(number, value);
        Ok(())
    }

    /// The template's JSON: an object with a member for each field that is filled.
    ///
    /// # Properties
    /// The other parties (39, 40, 41) are `not applicable` where there are none: the template's own
    /// schema asks for them always. The lists of authorities (118, 123) are left out: it has one
    /// letter for them, and they stand by name in 116 and 121.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let mut object = serde_json::Map::new();
        if self.letter_of(38) == Some('b') {
            for number in [39, 40, 41] {
                object.insert(format!("field_{number}"), "not applicable".into());
            }
        }
        for (number, value) in &self.values {
            let value = match value {
                // EXPOSE: the form is what goes to the authority
                Value::Text(note) => note.as_text().into(),
                Value::Flag(flag) => (*flag).into(),
                Value::Number(n) => (*n).into(),
                Value::Day(day) => day.to_string().into(),
                Value::Time(at) => at.to_string().into(),
                Value::Letter(letter) => letter.to_string().into(),
            };
            object.insert(format!("field_{number}"), value);
        }
        object.into()
    }

    fn letter_of(&self, number: u16) -> Option<char> {
        match self.values.get(&number) {
            Some(Value::Letter(letter)) => Some(*letter),
            _ => None,
        }
    }

    /// Whether a letter is among those that apply.
    fn chose(&self, number: u16, letter: char) -> bool {
        match self.all.get(&number) {
            Some(all) => all.contains(&letter),
            None => self.letter_of(number) == Some(letter),
        }
    }
}

fn fits(field: &Field, value: &Value) -> bool {
    match (field.kind, value) {
        (FieldKind::Text, Value::Text(_))
        | (FieldKind::Flag, Value::Flag(_))
        | (FieldKind::Number, Value::Number(_))
        | (FieldKind::Day, Value::Day(_))
        | (FieldKind::Time, Value::Time(_)) => true,
        (FieldKind::Choice(_), Value::Letter(letter)) => field.option(*letter).is_some(),
        _ => false,
    }
}
