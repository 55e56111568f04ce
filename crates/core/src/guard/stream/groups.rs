//! Groups of digits in a stream, with one kind of separator between them and one at a time.

use crate::guard::digits::{Mark, gap, mark};
use crate::guard::iin::LONGEST;

/// The most groups that are read: a card number of single digits, and one more.
const MOST: usize = LONGEST + 1;
/// So many digits of one run are read; a longer one is no number.
pub(super) const RUN: usize = 64;

/// A run of digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Group {
    /// How many digits, at most [`RUN`].
    pub(super) const fn len(&self) -> usize {
        self.end - self.start
    }
}

/// Groups that follow each other, with one separator of the same kind in every gap.
#[derive(Debug)]
pub(super) struct Groups {
    groups: [Group; MOST],
    count: usize,
    total: usize,
    /// The kind of separator; 0 for one group.
    pub(super) kind: u8,
}

impl Groups {
    /// Reads groups from a digit on, as long as they can be one card number, and one group more.
    pub(super) fn read(text: &[u8], start: usize) -> Self {
        let none = Group { start: 0, end: 0 };
        let mut groups = Self { groups: [none; MOST], count: 0, total: 0, kind: 0 };
        let mut at = start;
        while let Some(place) = groups.groups.get_mut(groups.count) {
            let end = run(text, at);
            *place = Group { start: at, end };
            groups.count += 1;
            groups.total += end - at;
            if groups.total > LONGEST {
                break;
            }
            let Some((kind, next)) = separator(text, end) else { break };
            if !is_digit(text, next) || (groups.kind != 0 && groups.kind != kind) {
                break;
            }
            groups.kind = kind;
            at = next;
        }
        groups
    }

    /// How many digits there are.
    pub(super) const fn total(&self) -> usize {
        self.total
    }

    pub(super) fn all(&self) -> &[Group] {
        self.groups.get(..self.count).unwrap_or_default()
    }

    /// The digits of the first `count` groups, if they can be a card number.
    pub(super) fn digits(&self, text: &[u8], count: usize) -> Option<Digits> {
        let mut digits = Digits::default();
        for group in self.all().get(..count)? {
            for b in text.get(group.start..group.end)? {
                *digits.values.get_mut(digits.len)? = b.wrapping_sub(b'0');
                digits.len += 1;
            }
        }
        Some(digits)
    }
}

/// The values of at most [`LONGEST`] digits.
#[derive(Default)]
pub(super) struct Digits {
    values: [u8; LONGEST],
    len: usize,
}

impl Digits {
    pub(super) fn all(&self) -> &[u8] {
        self.values.get(..self.len).unwrap_or_default()
    }
}

/// What stands right beside a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    /// Nothing that could belong to it.
    Nothing,
    /// A letter, or a digit.
    Glued,
    /// One separator of this kind, and beyond it so many digits (at most [`RUN`]).
    Joined(u8, usize),
}

/// What stands before `start`, no further than `floor`.
pub(super) fn before(text: &[u8], floor: usize, start: usize) -> Beside {
    let head = text.get(floor..start).unwrap_or_default();
    let Some((last, len)) = last_char(head) else { return Beside::Nothing };
    let Mark::Separator(kind) = mark(last) else {
        return if last.is_alphanumeric() { Beside::Glued } else { Beside::Nothing };
    };
    let head = head.get(..head.len() - len).unwrap_or_default();
    match head.iter().rev().take(RUN).take_while(|b| b.is_ascii_digit()).count() {
        0 => Beside::Nothing,
        digits => Beside::Joined(kind, digits),
    }
}

/// What stands from `end` on.
pub(super) fn after(text: &[u8], end: usize) -> Beside {
    match separator(text, end) {
        Some((kind, next)) if is_digit(text, next) => Beside::Joined(kind, run(text, next) - next),
        Some(_) => Beside::Nothing,
        None if is_alphanumeric(text, end) => Beside::Glued,
        None => Beside::Nothing,
    }
}

/// The kind of the separator that stands at `at`, and where it ends. A line break of two characters
/// is one.
pub(super) fn separator(text: &[u8], at: usize) -> Option<(u8, usize)> {
    if text.get(at..)?.starts_with(b"\r\n") {
        return Some((gap::LINE, at + 2));
    }
    let (c, len) = first_char(text.get(at..)?)?;
    match mark(c) {
        Mark::Separator(kind) => Some((kind, at + len)),
        _ => None,
    }
}

pub(super) fn is_digit(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(u8::is_ascii_digit)
}

/// Whether a letter or a digit of any script stands at `at`.
pub(super) fn is_alphanumeric(text: &[u8], at: usize) -> bool {
    let first = text.get(at..).and_then(first_char);
    first.is_some_and(|(c, _)| c.is_alphanumeric())
}

/// Where the digits end that begin at `at`; no further than [`RUN`].
pub(super) fn run(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().take(RUN).take_while(|b| b.is_ascii_digit()).count()
}

fn first_char(text: &[u8]) -> Option<(char, usize)> {
    let first = *text.first()?;
    if first.is_ascii() {
        return Some((char::from(first), 1));
    }
    (2..=4).find_map(|len| {
        let c = std::str::from_utf8(text.get(..len)?).ok()?.chars().next()?;
        Some((c, len))
    })
}

fn last_char(text: &[u8]) -> Option<(char, usize)> {
    let last = *text.last()?;
    if last.is_ascii() {
        return Some((char::from(last), 1));
    }
    (2..=4).find_map(|len| {
        let tail = text.get(text.len().checked_sub(len)?..)?;
        Some((std::str::from_utf8(tail).ok()?.chars().next()?, len))
    })
}
