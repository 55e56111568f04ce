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
const OPEN: [(u16, char); 15] = [
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
    (85, 'o'),
    (87, 'd'),
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
        OPEN.contains(&(number, letter)) && self.letter_of(4) != Some('b')
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// A field, the letters of another that make it apply, and that other field.
    const ASKED: &[(u16, &[u16], &str)] = &[
        (3, &[6], "b"),
        (15, &[16], "d"),
        (120, &[18, 19, 121, 122, 123], "a"),
        (23, &[24], "c"),
        (33, &[34, 35, 36], "c"),
        (38, &[39, 40, 41], "a"),
        (44, &[46], "abc"),
        (44, &[47], "ab"),
        (50, &[52], "bcdef"),
        (55, &[56, 57, 79], "a"),
        (55, &[58, 81], "b"),
        (55, &[59, 83], "c"),
        (67, &[68], "ab"),
        (79, &[80], "d"),
        (81, &[82], "c"),
        (83, &[84], "c"),
        (85, &[86], "n"),
        (97, &[98, 102, 104, 106], "a"),
        (97, &[99], "b"),
        (97, &[100, 101], "e"),
        (102, &[103], "b"),
        (104, &[105], "c"),
        (113, &[114, 115, 116, 117, 118], "a"),
        (125, &[126], "j"),
    ];

    fn form(letters: &[(u16, char)], late: bool) -> Form {
        let values = letters.iter().map(|(number, letter)| (*number, Value::Letter(*letter)));
        let values = values.collect();
        Form { values, known: BTreeSet::new(), all: BTreeMap::new(), late }
    }

    fn applies(form: &Form, number: u16) -> bool {
        form.applies(Field::find(number).unwrap())
    }

    #[test]
    fn an_answer_asks_for_others_and_no_other_answer_does() {
        for (question, asked, letters) in ASKED {
            let options = Field::find(*question).unwrap();
            for letter in ('a'..='z').filter(|letter| options.option(*letter).is_some()) {
                for number in *asked {
                    let given = applies(&form(&[(*question, letter)], false), *number);
                    assert_eq!(given, letters.contains(letter), "{question}{letter} {number}");
                }
            }
            assert!(asked.iter().all(|number| !applies(&form(&[], false), *number)), "{question}");
        }
    }

    #[test]
    fn two_answers_together() {
        let withdrawn = |kind, stage| applies(&form(&[(3, kind), (4, stage)], false), 5);
        assert!(withdrawn('b', 'c') && !withdrawn('a', 'c') && !withdrawn('b', 'a'));
        let late = |kind, late| applies(&form(&[(3, kind)], late), 49);
        assert!(late('a', true) && !late('a', false) && !late('b', true));
        let others = |police, bodies| applies(&form(&[(109, police), (110, bodies)], false), 111);
        assert!(others('a', 'b') && others('b', 'a') && !others('b', 'c'));
        assert!(applies(&form(&[], false), 15) && !applies(&form(&[(14, 'b')], false), 15));
        // A choice of which more than one applies asks for what each of them asks for.
        let mut both = form(&[(55, 'a')], false);
        both.all.insert(55, vec!['a', 'c']);
        assert!(applies(&both, 56) && applies(&both, 59) && !applies(&both, 58));
    }

    #[test]
    fn not_known_yet_is_for_incomplete_notifications() {
        for (number, letter) in OPEN {
            let why = |stage| {
                let form = form(&[(4, stage), (number, letter), (55, 'a')], false);
                let problem = form.problem(Field::find(number).unwrap());
                problem.map(|problem| problem.why)
            };
            if [81, 83].contains(&number) {
                continue;
            }
            assert_eq!(why('a'), Some(Why::OnlyIncomplete), "{number}");
            assert_eq!(why('b'), None, "{number}");
        }
    }
}
