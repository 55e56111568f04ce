//! What begins at a place of a stream: a card number, an account number, a verification code.
//!
//! Everything here depends on at most [`BEHIND`] bytes before and [`AHEAD`] bytes after the place,
//! and on where the hit before ended, so that it makes no difference how a stream is cut.

use std::ops::Range;

use super::groups::{
    Beside, Group, Groups, RUN, after, before, is_alphanumeric, is_digit, run, separator,
};
use super::words;
use crate::guard::digits::gap;
use crate::guard::iin::{LONGEST, Network, SHORTEST, card_number, network};
use crate::guard::registry::{LONGEST as IBAN, iban_structure};
use crate::guard::{Reason, code, known};

/// Bytes before a place that are looked at.
pub(super) const BEHIND: usize = 128;
/// Bytes after a place that are looked at.
pub(super) const AHEAD: usize = 384;

/// Forms that are a card's whatever stands around them, but for a group of the same length.
const FORMS: &[&[usize]] =
    &[&[4, 4, 4, 4, 3], &[4, 4, 4, 4, 2], &[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[6, 13]];
/// Separators that need no card word beside them.
const PLAIN: u8 = gap::SPACE | gap::DASH | gap::SLASH | gap::OTHER;
/// Separators that join digits to a longer number: a decimal or a dotted one.
const DECIMAL: u8 = gap::DOT;

/// A hit, and how many of its last characters may stay when it is masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) span: Range<usize>,
    pub(super) reason: Reason,
    pub(super) keep: usize,
}

/// The hits that begin at `start`, a digit with no digit before it: a card number, and the
/// verification code that goes with it. `floor` is where the hit before ended.
pub(super) fn card(text: &[u8], floor: usize, start: usize) -> Option<(Found, Option<Found>)> {
    let groups = Groups::read(text, start);
    let left = || before(text, floor, start);
    let end = match groups.all() {
        [group] if group.len() > LONGEST => inside(text, *group),
        _ if groups.total() < SHORTEST => None,
        [group, ..] if group.len() >= SHORTEST => {
            single(text, &groups, *group, left).or_else(|| whole(text, &groups, left))
        }
        _ => formed(text, &groups, left).or_else(|| whole(text, &groups, left)),
    }?;
    let number = Found { span: start..end, reason: Reason::CardNumber, keep: kept(text, end) };
    Some((number, code_after(text, end)))
}

/// A card number in one run.
fn single(text: &[u8], groups: &Groups, group: Group, left: impl Fn() -> Beside) -> Option<usize> {
    let digits = groups.digits(text, 1)?;
    let network = card_number(digits.all());
    if network.is_none() && !without_check_digit(digits.all()) {
        return None;
    }
    let alone = network.is_some() && stands_free(left()) && stands_free(after(text, group.end));
    let by_word = || words::near(text, group.start, group.end);
    let accepted = (alone || by_word())
        && !(network == Some(Network::Maestro)
            && is_telephone(text, group.start, digits.all().len()))
        && !in_uuid(text, group.start, group.end);
    accepted.then_some(group.end)
}

/// A card number in groups as cards are printed, with other groups beside it or none.
fn formed(text: &[u8], groups: &Groups, left: impl Fn() -> Beside) -> Option<usize> {
    let all = groups.all();
    FORMS.iter().find_map(|form| {
        let part = all.get(..form.len())?;
        if !part.iter().map(Group::len).eq(form.iter().copied()) {
            return None;
        }
        let (first, last) = (part.first()?, part.last()?);
        let digits = groups.digits(text, form.len())?;
        let checked = card_number(digits.all()).is_some();
        if !checked && !without_check_digit(digits.all()) {
            return None;
        }
        let (left, right) = (left(), after(text, last.end));
        // A group of the same length on either side makes it a part of something longer.
        let longer = |beside: Beside, len| beside == Beside::Joined(groups.kind, len);
        let alone = checked
            && groups.kind & PLAIN != 0
            && stands_free(left)
            && stands_free(right)
            && !longer(left, first.len())
            && (!longer(right, last.len()) || code_after(text, last.end).is_some());
        (alone || words::near(text, first.start, last.end)).then_some(last.end)
    })
}

/// A card number in any groups, which are all that there are.
fn whole(text: &[u8], groups: &Groups, left: impl Fn() -> Beside) -> Option<usize> {
    let all = groups.all();
    let total = groups.total();
    if all.len() < 2 || !(SHORTEST..=LONGEST).contains(&total) {
        return None;
    }
    let (first, last) = (all.first()?, all.last()?);
    let network = card_number(groups.digits(text, all.len())?.all())?;
    let (left, right) = (left(), after(text, last.end));
    let joined = |beside| matches!(beside, Beside::Joined(kind, _) if kind == groups.kind);
    if joined(left) || joined(right) {
        return None;
    }
    let alone = groups.kind & PLAIN != 0
        && is_regular(all, network)
        && stands_free(left)
        && stands_free(right);
    let accepted = (alone || words::near(text, first.start, last.end))
        && !(network == Network::Maestro && is_telephone(text, first.start, total));
    accepted.then_some(last.end)
}

/// A longer run beside a card word that begins with a card number and goes on with an expiry date
/// and a code, or ends with one after zeros.
fn inside(text: &[u8], group: Group) -> Option<usize> {
    if group.len() >= RUN {
        return None;
    }
    let digits = text.get(group.start..group.end)?;
    let is_card = |part: &[u8]| {
        let mut values = [0; LONGEST];
        let Some(values) = values.get_mut(..part.len()) else { return false };
        values.iter_mut().zip(part).for_each(|(to, from)| *to = from.wrapping_sub(b'0'));
        card_number(values).is_some()
    };
    let zeros = digits.iter().take_while(|b| **b == b'0').count();
    let ends = zeros > 0 && digits.get(zeros..).is_some_and(is_card);
    let begins = || (14..=LONGEST).any(|len| digits.get(..len).is_some_and(is_card));
    let accepted = (ends || begins())
        && after(text, group.end) != Beside::Glued
        && words::near(text, group.start, group.end);
    accepted.then_some(group.end)
}

/// The account number that begins at `start`, the beginning of a word: in one piece, or in groups of
/// four with one kind of separator.
pub(super) fn account(text: &[u8], floor: usize, start: usize) -> Option<Found> {
    let country = text.get(start..)?.first_chunk::<2>()?.map(|b| b.to_ascii_uppercase());
    let structure = iban_structure(country)?;
    let length = structure.length();
    let mut compact = [0; IBAN];
    let (mut digits, mut letters) = (0u64, 0u64);
    let (mut at, mut kind) = (start, 0);
    for (n, place) in compact.iter_mut().enumerate().take(length) {
        let mut byte = *text.get(at)?;
        if !byte.is_ascii_alphanumeric() {
            let (found, next) = separator(text, at)?;
            if n % 4 != 0 || (n > 4 && kind != found) {
                return None;
            }
            (kind, at) = (found, next);
            byte = *text.get(at)?;
        } else if kind != 0 && n % 4 == 0 {
            return None;
        }
        match byte {
            b'0'..=b'9' => digits |= 1 << n,
            b'A'..=b'Z' | b'a'..=b'z' => letters |= 1 << n,
            _ => return None,
        }
        *place = byte;
        at += 1;
    }
    // A dashed word that goes on is something else: a UUID, a part number.
    let goes_on = kind == gap::DASH
        && separator(text, at).is_some_and(|(k, next)| k == kind && is_alphanumeric(text, next));
    let accepted = structure.admits(length, digits, letters)
        && !goes_on
        && !is_alphanumeric(text, at)
        && before(text, floor, start) != Beside::Glued
        && known::checksum(compact.get(..length)?);
    accepted.then(|| Found { span: start..at, reason: Reason::AccountNumber, keep: kept(text, at) })
}

/// The verification code whose label begins at `start` (`cvv`, `CVC2`, …): three or four digits.
pub(super) fn labelled_code(text: &[u8], start: usize) -> Option<Found> {
    /// From the label to the digits.
    const REACH: usize = 40;
    let rest = text.get(start..text.len().min(start + REACH))?;
    // The 2 of CVV2, and `3 digits`, are no code.
    let label = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let mut at = start + label + usize::from(rest.get(label) == Some(&b'2'));
    loop {
        at += text.get(at..start + rest.len())?.iter().position(u8::is_ascii_digit)?;
        let end = run(text, at);
        if matches!(end - at, 3 | 4) {
            let between = text.get(start..at)?;
            let alone = match after(text, end) {
                Beside::Nothing => true,
                Beside::Glued => false,
                Beside::Joined(kind, _) => {
                    let next = end + text.get(end..)?.iter().position(u8::is_ascii_digit)?;
                    kind & (gap::SPACE | gap::LINE | gap::COMMA) != 0
                        // The card itself, which is none of the code's digits.
                        || card(text, at, next).is_some()
                }
            };
            let said = alone
                && !between.contains(&b'*')
                && !between.contains(&b'\n')
                && code::labelled(std::str::from_utf8(between).ok()?, true);
            let found = Found { span: at..end, reason: Reason::VerificationCode, keep: 0 };
            return (said && card(text, at, at).is_none()).then_some(found);
        }
        if end - at != 1 {
            return None;
        }
        at = end;
    }
}

/// The verification code after the expiry date after a card number.
fn code_after(text: &[u8], end: usize) -> Option<Found> {
    let month = between(text, end)?;
    let (value, next) = number(text, month)?;
    let year = match next - month {
        // Month and year written together.
        4 if is_month(value / 100) && is_year(value % 100) => next,
        1 | 2 if is_month(value) => {
            let start = between(text, next)?;
            let (value, next) = number(text, start)?;
            (matches!(next - start, 2 | 4) && is_year(value)).then_some(next)?
        }
        _ => return None,
    };
    let start = between(text, year)?;
    let end = run(text, start);
    let whole = matches!(end - start, 3 | 4) && !is_alphanumeric(text, end);
    whole.then_some(Found { span: start..end, reason: Reason::VerificationCode, keep: 0 })
}

/// Where the digits begin after one separator or semicolon, and a space or none.
fn between(text: &[u8], at: usize) -> Option<usize> {
    let next = match text.get(at)? {
        b';' | b':' => at + 1,
        _ => separator(text, at)?.1,
    };
    let next = if text.get(next) == Some(&b' ') { next + 1 } else { next };
    is_digit(text, next).then_some(next)
}

fn number(text: &[u8], start: usize) -> Option<(u32, usize)> {
    let end = run(text, start);
    let digits = text.get(start..end).filter(|digits| digits.len() <= 4)?;
    Some((digits.iter().fold(0, |sum, b| sum * 10 + u32::from(b.wrapping_sub(b'0'))), end))
}

fn is_month(value: u32) -> bool {
    (1..=12).contains(&value)
}

fn is_year(value: u32) -> bool {
    (20..50).contains(&value) || (2020..2050).contains(&value)
}

/// Whether a number ends or begins here, unless groups join it.
fn stands_free(beside: Beside) -> bool {
    match beside {
        Beside::Nothing => true,
        Beside::Glued => false,
        Beside::Joined(kind, _) => kind & DECIMAL == 0,
    }
}

/// UnionPay has issued numbers whose last digit checks nothing.
fn without_check_digit(digits: &[u8]) -> bool {
    matches!(digits.len(), 16..=19) && network(digits) == Some(Network::UnionPay)
}

/// Groups of one length but for the last, or a prefix of six and the rest. A number of Maestro, whose
/// prefixes take a tenth of all numbers, is in groups of four or of one.
fn is_regular(groups: &[Group], network: Network) -> bool {
    let Some(((last, front), first)) = groups.split_last().zip(groups.first()) else {
        return false;
    };
    let len = first.len();
    if network == Network::Maestro && !matches!(len, 1 | 4) {
        return false;
    }
    let even = front.iter().all(|group| group.len() == len) && last.len() <= len;
    even || (front.len() == 1 && len == 6)
}

/// Maestro's short numbers are telephone numbers in a dozen countries.
fn is_telephone(text: &[u8], start: usize, digits: usize) -> bool {
    let head = text.get(start.saturating_sub(48)..start).unwrap_or_default();
    let tail = head.utf8_chunks().last().filter(|last| last.invalid().is_empty());
    digits <= 13
        && (head.ends_with(b"+") || tail.is_some_and(|t| code::is_telephone_label(t.valid())))
}

/// Whether the run is the last part of a UUID, or a part of one.
fn in_uuid(text: &[u8], start: usize, end: usize) -> bool {
    let is_part = |b: &u8| b.is_ascii_hexdigit() || *b == b'-';
    let head = text.get(start.saturating_sub(36)..start).unwrap_or_default();
    let head = head.iter().rev().take_while(|b| is_part(b)).count();
    let tail = text.get(end..text.len().min(end + 36)).unwrap_or_default();
    let tail = tail.iter().take_while(|b| is_part(b)).count();
    text.get(start - head..end + tail).is_some_and(known::is_uuid)
}

/// How many characters of a hit may stay: four, unless digits follow that could form a number with
/// them.
fn kept(text: &[u8], end: usize) -> usize {
    let (mut at, mut digits) = (end, 0);
    while digits < SHORTEST - 4 {
        let next = separator(text, at).map_or(at, |(_, next)| next);
        if !is_digit(text, next) {
            return 4;
        }
        let stop = run(text, next);
        digits += stop - next;
        at = stop;
    }
    0
}
