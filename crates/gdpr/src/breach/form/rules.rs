//! Which fields a form must fill, and which it may not: the template's own conditions.

use super::field::{Field, Need};
use super::fields::FIELDS;
use super::{Form, Value};

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It must be filled and is not.
    Missing,
    /// It is filled, and another answer says that it does not apply.
    NotApplicable,
    /// It says that something is not known yet, in a notification that says it is complete.
    OnlyIncomplete,
}

/// A field with something wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// The number of the field.
    pub field: u16,
    /// What is wrong.
    pub why: Why,
}

/// Options that stand for "not known yet".
const OPEN: [(u16, char); 13] = [
    (44, 'e'),
    (56, 'e'),
    (57, 'e'),
    (60, 'x'),
    (61, 'e'),
    (65, 'k'),
    (67, 'd'),
    (70, 't'),
    (72, 'd'),
    (79, 'e'),
    (81, 'd'),
    (83, 'd'),
    (97, 'c'),
];

impl Form {
    /// What is missing or out of place, in the order of the fields; none, and the form is in order.
    ///
    /// # Properties
    /// A form without problems is valid by the template's JSON schema.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        FIELDS.iter().filter_map(|field| self.problem(field)).collect()
    }

    fn problem(&self, field: &Field) -> Option<Problem> {
        let number = field.number;
        let why = match (self.values.get(&number), self.applies(field)) {
            (None, true) if self.needs(field) => Why::Missing,
            (Some(_), false) => Why::NotApplicable,
            (Some(Value::Letter(letter)), true) if self.is_open(number, *letter) => {
                Why::OnlyIncomplete
            }
            _ => return None,
        };
        Some(Problem { field: number, why })
    }

    fn is_open(&self, number: u16, letter: char) -> bool {
        let open =
            OPEN.contains(&(number, letter)) || matches!((number, letter), (85, 'o') | (87, 'd'));
        open && self.letter_of(4) != Some('b')
    }

    /// Whether a field that applies must be filled.
    fn needs(&self, field: &Field) -> bool {
        match (field.number, field.need) {
            // Free to give, or for where an authority asks for them.
            (6 | 10 | 11 | 25 | 26 | 53 | 99 | 118 | 123, _) | (_, Need::Free) => false,
            _ => true,
        }
    }

    /// Whether a field applies, by the answers to others.
    fn applies(&self, field: &Field) -> bool {
        let is =
            |number, letters: &str| self.letter_of(number).is_some_and(|l| letters.contains(l));
        match field.number {
            5 => is(3, "b") && is(4, "c"),
            6 => is(3, "b"),
            15 => !is(14, "b"),
            16 => is(15, "d"),
            18 | 19 => is(120, "a"),
            24 => is(23, "c"),
            34..=36 => is(33, "c"),
            39..=41 => is(38, "a"),
            46 => is(44, "abc"),
            47 => is(44, "ab"),
            49 => is(3, "a") && self.late,
            52 => is(50, "bcdef"),
            56 | 57 | 79 => self.chose(55, 'a'),
            58 | 81 => self.chose(55, 'b'),
            59 | 83 => self.chose(55, 'c'),
            68 => is(67, "ab"),
            80 => is(79, "d"),
            82 => is(81, "c"),
            84 => is(83, "c"),
            86 => self.chose(85, 'n'),
            98 | 102 | 104 | 106 => is(97, "a"),
            // Needed only if the day is known.
            99 => is(97, "b"),
            100 | 101 => is(97, "e"),
            103 => is(102, "b"),
            105 => is(104, "c"),
            111 => is(109, "a") || is(110, "a"),
            114..=118 => is(113, "a"),
            121..=123 => is(120, "a"),
            126 => self.chose(125, 'j'),
            _ => true,
        }
    }
}
