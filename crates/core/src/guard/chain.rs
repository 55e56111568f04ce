//! Groups of digits, and which of them are a card number together.
//!
//! A *group* is a run of digits with nothing but invisible characters inside; a *chain* is groups
//! with nothing but separators between them. A card number is a whole group, or several whole
//! groups that stand by themselves in their chain: the chain begins or ends there, the separator
//! changes, the groups have a form that cards are written in, or what follows is an expiry date or
//! a verification code. So a part of a longer number, grouped or not, is never taken for a card.

use std::ops::Range;

use super::code;
use super::digits::gap;
use super::iin::{LONGEST, Network, SHORTEST, card_number};
use super::{Hit, Reason};

/// A run of digits.
#[derive(Debug, Clone)]
struct Group {
    span: Range<usize>,
    /// How many digits; stops counting above [`LONGEST`].
    len: usize,
    /// The first [`LONGEST`] digits.
    digits: [u8; LONGEST],
    /// The kinds of separator between the group before and this one.
    gap: u8,
}

impl Group {
    fn digits(&self) -> &[u8] {
        self.digits.get(..self.len.min(LONGEST)).unwrap_or_default()
    }

    fn value(&self) -> u32 {
        self.digits().iter().take(8).fold(0, |sum, d| sum * 10 + u32::from(*d))
    }
}

/// Forms in which cards are embossed and printed.
pub(super) const FORMS: &[&[usize]] =
    &[&[4, 4, 4, 4], &[4, 4, 4, 4, 3], &[4, 4, 4, 4, 2], &[4, 6, 5], &[4, 6, 4]];

/// Groups on either side that can matter to a decision, and more.
const CONTEXT: usize = 32;
/// So many groups are judged at once, so that a chain of any length needs bounded memory.
const BATCH: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    /// Belongs to a hit.
    Taken,
    /// Belongs to a date or an IP address.
    Known,
}

/// The chain that is being read.
#[derive(Debug, Default)]
pub(super) struct Chain {
    groups: Vec<Group>,
    states: Vec<State>,
    /// Groups before this index are only context: they have been judged.
    judged: usize,
    /// A plus sign stands right before the first group.
    plus: bool,
}

impl Chain {
    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Notes whether a plus sign stands before the chain.
    pub(super) fn begin(&mut self, plus: bool) {
        self.plus = plus;
    }

    /// Adds a digit to the last group.
    pub(super) fn extend(&mut self, value: u8, end: usize) {
        if let Some(group) = self.groups.last_mut() {
            if let Some(place) = group.digits.get_mut(group.len) {
                *place = value;
            }
            group.len = (group.len + 1).min(LONGEST + 1);
            group.span.end = end;
        }
    }

    /// Adds a group of one digit, and judges the older groups when there are many.
    pub(super) fn push(
        &mut self,
        value: u8,
        span: Range<usize>,
        gap: u8,
        text: &str,
        hits: &mut Vec<Hit>,
    ) {
        if self.groups.len() >= BATCH {
            let limit = self.groups.len() - CONTEXT;
            self.judge(limit, text, hits);
            self.groups.drain(..limit - CONTEXT);
            self.states.drain(..limit - CONTEXT);
            self.judged = CONTEXT;
        }
        let mut digits = [0; LONGEST];
        if let Some(first) = digits.first_mut() {
            *first = value;
        }
        self.groups.push(Group { span, len: 1, digits, gap });
        self.states.push(State::Free);
    }

    /// Judges what is left and empties the chain.
    pub(super) fn finish(&mut self, text: &str, hits: &mut Vec<Hit>) {
        if !self.groups.is_empty() {
            self.judge(self.groups.len(), text, hits);
            self.groups.clear();
            self.states.clear();
        }
        self.judged = 0;
        self.plus = false;
    }

    /// Finds what begins at a group from `judged` up to `limit`. The clearest forms come first, so
    /// that a number beside a card cannot be joined to it.
    fn judge(&mut self, limit: usize, text: &str, hits: &mut Vec<Hit>) {
        let near = (limit + CONTEXT / 2).min(self.groups.len());
        for i in self.judged..near {
            self.mark_known(i);
        }
        for i in self.judged..near {
            if self.is_card(i, i, text) {
                self.take(i, i, hits);
            }
        }
        for i in self.judged..limit {
            let form = FORMS.iter().find(|form| self.has_form(i, form));
            if let Some(j) = form.map(|form| i + form.len() - 1)
                && self.stands_alone(i, j, true)
                && self.is_card(i, j, text)
            {
                self.take(i, j, hits);
            }
        }
        for i in self.judged..limit {
            if let Some(j) = self.loose(i, text) {
                self.take(i, j, hits);
            }
        }
        for i in self.judged..limit {
            self.find_code(i, text, hits);
        }
        self.judged = limit;
    }

    /// The end of a card number of two or more groups in any form that begins at group `i`.
    fn loose(&self, i: usize, text: &str) -> Option<usize> {
        let mut total = 0;
        let mut single = true;
        for j in i..i.saturating_add(LONGEST).min(self.groups.len()) {
            let group = self.groups.get(j).filter(|_| self.is_free(j))?;
            total += group.len;
            single &= group.len == 1;
            if total > LONGEST {
                return None;
            }
            if j > i
                && total >= SHORTEST
                && self.stands_alone(i, j, single)
                && self.is_card(i, j, text)
            {
                return Some(j);
            }
        }
        None
    }

    /// Whether the free groups `i..=j` together are a card number.
    fn is_card(&self, i: usize, j: usize, text: &str) -> bool {
        let Some(groups) = self.groups.get(i..=j) else { return false };
        let total: usize = groups.iter().map(|group| group.len).sum();
        if !(SHORTEST..=LONGEST).contains(&total) || !(i..=j).all(|k| self.is_free(k)) {
            return false;
        }
        let mut digits = [0; LONGEST];
        for (to, from) in digits.iter_mut().zip(groups.iter().flat_map(Group::digits)) {
            *to = *from;
        }
        let network = digits.get(..total).and_then(card_number);
        // Maestro's prefixes take a tenth of all numbers of 12 to 19 digits, telephone numbers of a
        // dozen countries among them.
        match network {
            None => false,
            Some(Network::Maestro) => {
                let grouped_like_a_card = i == j
                    || (self.inner_gaps(i, j).count_ones() == 1
                        && !groups.iter().all(|group| group.len == 3));
                grouped_like_a_card && !(total <= 13 && self.is_telephone(i, text))
            }
            Some(_) => true,
        }
    }

    /// Whether nothing on either side of the groups `i..=j` belongs to the same number. `formed`:
    /// they have a form that is known by its lengths, so that another length ends it too.
    fn stands_alone(&self, i: usize, j: usize, formed: bool) -> bool {
        let inner = self.inner_gaps(i, j);
        let ends = |inside: usize, outside: Option<usize>, border: usize| {
            let (Some(inside), Some(outside)) =
                (self.groups.get(inside), outside.filter(|k| self.is_free(*k)))
            else {
                return true;
            };
            let border = self.groups.get(border).map_or(0, |group| group.gap);
            let outside = self.groups.get(outside).map_or(0, |group| group.len);
            border & !inner != 0 || (formed && outside != inside.len)
        };
        ends(i, i.checked_sub(1), i) && (ends(j, j.checked_add(1), j + 1) || self.tail(j).is_some())
    }

    /// What follows a card number up to the end of its chain, if it is an expiry date, a
    /// verification code or both: the index of the code.
    fn tail(&self, j: usize) -> Option<Option<usize>> {
        let k = j.checked_add(1)?;
        let rest = self.groups.get(k..k.saturating_add(4).min(self.groups.len()))?;
        let rest: Vec<&Group> = rest
            .iter()
            .enumerate()
            .take_while(|(n, _)| self.is_free(k + n))
            .map(|(_, g)| g)
            .collect();
        match rest.as_slice() {
            [code] if code.len == 3 => Some(Some(k)),
            [month_year] if is_month_year(month_year) => Some(None),
            [month_year, code] if is_month_year(month_year) && is_code(code) => Some(Some(k + 1)),
            [month, year] if is_expiry(month, year) => Some(None),
            [month, year, code] if is_expiry(month, year) && is_code(code) => Some(Some(k + 2)),
            [code, month, year] if is_expiry(month, year) && is_code(code) => Some(Some(k)),
            _ => None,
        }
    }

    fn take(&mut self, i: usize, j: usize, hits: &mut Vec<Hit>) {
        let code = self.tail(j).flatten();
        self.hit(i, j, Reason::CardNumber, hits);
        if let Some(k) = code {
            self.hit(k, k, Reason::VerificationCode, hits);
        }
    }

    fn hit(&mut self, i: usize, j: usize, reason: Reason, hits: &mut Vec<Hit>) {
        if let (Some(first), Some(last)) = (self.groups.get(i), self.groups.get(j)) {
            hits.push(Hit { span: first.span.start..last.span.end, reason });
        }
        for state in self.states.iter_mut().take(j + 1).skip(i) {
            *state = State::Taken;
        }
    }

    /// A labelled verification code that begins at group `i`: three or four digits, or as many
    /// groups of one digit.
    fn find_code(&mut self, i: usize, text: &str, hits: &mut Vec<Hit>) {
        let Some(group) = self.groups.get(i).filter(|_| self.is_free(i)) else { return };
        // Right before the digits stands no other number but the 2 of CVV2 or `(3 digits)`.
        let before = i.checked_sub(1).and_then(|k| self.groups.get(k));
        if before.is_some_and(|before| before.len != 1 || !(2..=4).contains(&before.value())) {
            return;
        }
        let j = match group.len {
            3 | 4 => i,
            1 => {
                let singles = self.groups.iter().skip(i).take(5).take_while(|g| g.len == 1).count();
                match singles {
                    3 | 4 => i + singles - 1,
                    _ => return,
                }
            }
            _ => return,
        };
        let Some(last) = self.groups.get(j) else { return };
        let alone = match self.groups.get(j + 1) {
            Some(next) => next.gap & (gap::SPACE | gap::LINE | gap::COMMA) != 0,
            None => {
                let rest = text.get(last.span.end..).unwrap_or_default();
                !rest.chars().next().is_some_and(char::is_alphanumeric)
            }
        };
        if code::labelled(text.get(..group.span.start).unwrap_or_default(), alone) {
            self.hit(i, j, Reason::VerificationCode, hits);
        }
    }

    /// Marks the date or IPv4 address that begins at group `i`: an address beside a date would give
    /// card numbers by chance.
    fn mark_known(&mut self, i: usize) {
        let len = if self.is_date(i) {
            3
        } else if self.is_ipv4(i) {
            4
        } else {
            return;
        };
        for state in self.states.iter_mut().skip(i).take(len) {
            *state = State::Known;
        }
    }

    fn is_date(&self, i: usize) -> bool {
        let Some([a, b, c]) = self.groups.get(i..i.saturating_add(3)) else { return false };
        let (year, day, month) = match (a.len, b.len, c.len) {
            (4, 1..=2, 1..=2) => (a.value(), b.value(), c.value()),
            (1..=2, 1..=2, 4) => (c.value(), a.value(), b.value()),
            _ => return false,
        };
        matches!(b.gap, gap::DASH | gap::DOT | gap::SLASH)
            && self.joined_only_by(b.gap, i, 3)
            && (1900..2100).contains(&year)
            && (1..=31).contains(&day.max(month))
            && (1..=12).contains(&day.min(month))
    }

    fn is_ipv4(&self, i: usize) -> bool {
        let Some(octets) = self.groups.get(i..i.saturating_add(4)) else { return false };
        self.joined_only_by(gap::DOT, i, 4)
            && octets.iter().all(|octet| octet.len <= 3 && octet.value() <= 255)
            && octets.iter().any(|octet| octet.len > 1)
    }

    /// Whether `count` groups from `i` are joined by `kind`, and their neighbours are not.
    fn joined_only_by(&self, kind: u8, i: usize, count: usize) -> bool {
        let joined = |k: usize| k > 0 && self.groups.get(k).is_some_and(|group| group.gap == kind);
        !joined(i) && (1..count).all(|n| joined(i + n)) && !joined(i + count)
    }

    fn inner_gaps(&self, i: usize, j: usize) -> u8 {
        self.groups.iter().take(j + 1).skip(i + 1).fold(0, |kinds, group| kinds | group.gap)
    }

    fn is_free(&self, i: usize) -> bool {
        self.states.get(i) == Some(&State::Free)
    }

    fn has_form(&self, i: usize, form: &[usize]) -> bool {
        let groups = self.groups.get(i..i.saturating_add(form.len())).unwrap_or_default();
        groups.len() == form.len() && groups.iter().zip(form).all(|(group, len)| group.len == *len)
    }

    fn is_telephone(&self, i: usize, text: &str) -> bool {
        let start = self.groups.get(i).map_or(0, |group| group.span.start);
        (i == 0 && self.plus) || code::is_telephone_label(text.get(..start).unwrap_or_default())
    }
}

fn is_code(group: &Group) -> bool {
    matches!(group.len, 3 | 4)
}

fn is_expiry(month: &Group, year: &Group) -> bool {
    month.len <= 2
        && (1..=12).contains(&month.value())
        && match year.len {
            2 => (20..50).contains(&year.value()),
            4 => (2020..2050).contains(&year.value()),
            _ => false,
        }
}

/// A month and a year of two digits each, written together.
fn is_month_year(group: &Group) -> bool {
    let value = group.value();
    group.len == 4 && (1..=12).contains(&(value / 100)) && (20..50).contains(&(value % 100))
}
