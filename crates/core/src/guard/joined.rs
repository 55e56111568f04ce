//! Card numbers whose groups are joined by what otherwise ends a number: `%20`, `:`, `+`, `;`, `*`, and a
//! comma with a space.
//!
//! These stand between all sorts of numbers (times, sums, lists, addresses), so that here a card number
//! has one of the forms that cards are printed in, or is written digit by digit, with the same sign
//! between all its groups. What was found otherwise is left alone.

use std::ops::Range;

use super::chain::FORMS;
use super::digits::{Mark, mark};
use super::iin::{LONGEST, Network, SHORTEST, card_number};
use super::{Hit, Reason};

/// What stands between two groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Join {
    Colon,
    Plus,
    Semicolon,
    Star,
    List,
    Escape,
}

/// A run of digits, and what joins it to the run before.
struct Group {
    span: Range<usize>,
    /// The first of them, one more than the longest number has.
    digits: Vec<u8>,
    join: Option<Join>,
}

/// Adds the hits of a text that overlap no others.
pub(super) fn find(text: &str, hits: &mut Vec<Hit>) {
    let joins = |b: u8| matches!(b, b'%' | b':' | b'+' | b';' | b'*' | b',');
    if !text.bytes().any(joins) {
        return;
    }
    hits.sort_by_key(|hit| hit.span.start);
    let (groups, known) = (groups(text), hits.len());
    let mut i = 0;
    while i < groups.len() {
        let Some(j) = number(&groups, i, text) else {
            i += 1;
            continue;
        };
        if let (Some(first), Some(last)) = (groups.get(i), groups.get(j)) {
            let span = first.span.start..last.span.end;
            let found = hits.get(..known).unwrap_or_default();
            let next = found.partition_point(|hit| hit.span.end <= span.start);
            if found.get(next).is_none_or(|hit| hit.span.start >= span.end) {
                hits.push(Hit { span, reason: Reason::CardNumber });
            }
        }
        i = j + 1;
    }
}

/// The last group of the card number that begins at group `i`.
fn number(groups: &[Group], i: usize, text: &str) -> Option<usize> {
    let join = groups.get(i + 1)?.join?;
    let rest = groups.get(i + 1..).unwrap_or_default();
    let joined = 1 + rest.iter().take(LONGEST).take_while(|g| g.join == Some(join)).count();
    let run = groups.get(i..i + joined)?;
    let singles = run.iter().take_while(|group| group.digits.len() == 1).count();
    let fits = |form: &&&[usize]| {
        run.len() >= form.len() && run.iter().zip(form.iter()).all(|(g, n)| g.digits.len() == *n)
    };
    let formed = FORMS.iter().filter(fits).map(|form| form.len());
    let one_by_one = Some(singles).filter(|n| (SHORTEST..=LONGEST).contains(n));
    formed.chain(one_by_one).map(|count| i + count - 1).find(|j| {
        let number = groups.get(i..=*j).unwrap_or_default();
        let digits: Vec<u8> = number.iter().flat_map(|g| g.digits.iter().copied()).collect();
        stands_alone(groups, i, *j, join, text)
            && card_number(&digits).is_some_and(|network| {
                // Maestro has a tenth of all numbers: among times and addresses that is chance.
                join != Join::Colon || network != Network::Maestro
            })
    })
}

/// Whether what is joined to the groups `i..=j` in the same way is of another length, and so another
/// thing. Beside a colon nothing may stand that could be a part of an address.
fn stands_alone(groups: &[Group], i: usize, j: usize, join: Join, text: &str) -> bool {
    let len = |k: usize| groups.get(k).map_or(0, |group| group.digits.len());
    let is_joined = |k: usize| groups.get(k).is_some_and(|group| group.join == Some(join));
    let before = i.checked_sub(1).filter(|_| is_joined(i)).map(len);
    let after = Some(j + 1).filter(|k| is_joined(*k)).map(len);
    if join == Join::Colon {
        let start = groups.get(i).map_or(0, |group| group.span.start);
        let end = groups.get(j).map_or(0, |group| group.span.end);
        let word = |c: char| c.is_ascii_alphanumeric();
        let hex = |word: &str| word.len() <= 4 && word.bytes().all(|b| b.is_ascii_hexdigit());
        let left = text.get(..start).unwrap_or_default().strip_suffix(':').is_some_and(|left| {
            let rest = left.trim_end_matches(word);
            let word = left.get(rest.len()..).unwrap_or_default();
            hex(word) && (!word.is_empty() || rest.ends_with(':'))
        });
        let right = text.get(end..).unwrap_or_default().strip_prefix(':').is_some_and(|right| {
            let rest = right.trim_start_matches(word);
            let word = right.get(..right.len() - rest.len()).unwrap_or_default();
            hex(word) && (!word.is_empty() || rest.starts_with(':'))
        });
        let is_part = left || right;
        return !is_part && before.is_none() && after.is_none();
    }
    before.is_none_or(|before| before != len(i)) && after.is_none_or(|after| after != len(j))
}

fn groups(text: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let (mut open, mut skip_to) = (false, 0);
    for (at, c) in text.char_indices() {
        if at < skip_to {
            continue;
        }
        let Mark::Digit { value, raised: false } = mark(c) else {
            open = false;
            continue;
        };
        if !open {
            let last = groups.last().map(|last| last.span.end);
            let between = last.and_then(|end| text.get(end..at));
            // The digits of `%20` are no digits of a number.
            if between == Some("%") && text.get(at..).is_some_and(|rest| rest.starts_with("20")) {
                skip_to = at + 2;
                continue;
            }
            let join = between.and_then(join);
            groups.push(Group { span: at..at, digits: Vec::new(), join });
            open = true;
        }
        if let Some(group) = groups.last_mut() {
            group.span.end = at + c.len_utf8();
            if group.digits.len() <= LONGEST {
                group.digits.push(value);
            }
        }
    }
    groups
}

/// What joins two groups, spaces around it apart; a comma wants one behind it, since alone it is a
/// separator like others.
fn join(between: &str) -> Option<Join> {
    if between == "%20" {
        return Some(Join::Escape);
    }
    if between.len() > 3 {
        return None;
    }
    match between.trim_matches(' ') {
        ":" => Some(Join::Colon),
        "+" => Some(Join::Plus),
        ";" => Some(Join::Semicolon),
        "*" => Some(Join::Star),
        "," if between.ends_with(' ') => Some(Join::List),
        _ => None,
    }
}
