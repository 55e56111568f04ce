//! No card number and no verification code in any text: find, refuse, mask.
//!
//! Every text that an operator's field takes passes [`refuse`]; what a data subject writes passes
//! [`mask`]. This is the *strict* profile: digits of any script count, with separators (but for those
//! in *Limits*), line breaks and invisible characters between them, glued to letters. A
//! card number is what passes the check digit, an issuer's range and its length; a part of a longer
//! number never is one. IBANs, UUIDs, dates and IP addresses are recognised first.
//!
//! ```
//! use tacenda_core::guard;
//!
//! assert!(guard::refuse("Visa 4111 1111 1111 1111").is_err());
//! assert!(guard::refuse("order 4111111111111112, IMEI 356938035643809").is_ok());
//! assert_eq!(guard::mask("my card is 4111-1111-1111-1111, CVV 123"),
//!     "my card is ****-****-****-1111, CVV ***");
//! ```
//!
//! # Limits
//! A number spelled out in words, in pictures, or broken by letters is not found. `%20`, `:`, `+`, `;`, `*`
//! and a comma with a space separate times, sums and the members of a list far more often than the groups
//! of a card: between them a card number is found in the forms that cards are printed in, or digit by
//! digit, with the same sign throughout; beside `:`, numbers of Maestro and what could be a part of an
//! address are not. An IBAN whose
//! account number was chosen to be a card number is an IBAN. A verification code is found by its
//! label or beside a card number: three digits right after one are taken for it. Some article numbers
//! of 13 digits (EAN) and a few other numbers are card numbers of Maestro by the definition, and are
//! refused. A typed field runs its own parser first.
//!
//! # Law
//! PCI DSS 4.0.1, requirements 3.2.1 (keep nothing without need), 3.3.1.2 (verification codes are
//! never kept) and 3.4.1 (no more than the last four digits are shown here).

mod chain;
mod code;
mod digits;
mod iin;
mod joined;
mod known;
mod registry;
pub mod stream;

use std::borrow::Cow;
use std::ops::Range;

use crate::error::{Code, Kind, Result};
use chain::Chain;
use digits::{Mark, gap, mark};
use known::Known;

pub use known::iban_checksum;
pub use registry::{IbanStructure, iban_length, iban_structure};

/// A card number where none may be.
pub static CARD_NUMBER: Code =
    Code::new("guard.card_number", Kind::Refused, "the text contains a card number");
/// A card verification code where none may be.
pub static VERIFICATION_CODE: Code = Code::new(
    "guard.verification_code",
    Kind::Refused,
    "the text contains a card verification code",
);

/// The codes of this room.
pub static CODES: &[&Code] = &[&CARD_NUMBER, &VERIFICATION_CODE];

/// Why a part of a text may not be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// A card number (PAN).
    CardNumber,
    /// A card verification code (CVV, CVC, CID and its other names).
    VerificationCode,
    /// A bank account's number (IBAN). Nothing that is refused; found where it is to be masked.
    AccountNumber,
}

impl Reason {
    /// The reason as it is written in documents and in the bindings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CardNumber => "card_number",
            Self::VerificationCode => "verification_code",
            Self::AccountNumber => "account_number",
        }
    }
}

/// Where something is that may not be kept, and why; never what it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hit {
    /// From the first to the last digit, in bytes of the text; both ends lie between characters.
    pub span: Range<usize>,
    /// Why.
    pub reason: Reason,
}

/// All card numbers and verification codes in `text`, in order, without overlap.
///
/// # Properties
/// Time is linear in the length of the text; memory does not grow with the length of a number.
/// Never fails, never panics.
#[must_use]
pub fn find(text: &str) -> Vec<Hit> {
    search(text, false)
}

/// As [`find`], and account numbers (IBANs): for a text that is shown to somebody.
#[must_use]
pub fn find_all(text: &str) -> Vec<Hit> {
    search(text, true)
}

fn search(text: &str, accounts: bool) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut chain = Chain::default();
    let mut gap = Gap::Open { raised: false };
    let mut skip_to = 0;
    let mut before = None;
    for (at, c) in text.char_indices() {
        if at < skip_to {
            before = Some(c);
            continue;
        }
        let word_begins = c.is_ascii_alphanumeric() && !before.is_some_and(char::is_alphanumeric);
        if let Some(known) = word_begins.then(|| text.get(at..).and_then(known::known)).flatten() {
            chain.finish(text, &mut hits);
            skip_to = at + known.len();
            if accounts && matches!(known, Known::Iban(_)) {
                hits.push(Hit { span: at..skip_to, reason: Reason::AccountNumber });
            }
            before = Some(c);
            continue;
        }
        match mark(c) {
            Mark::Digit { value, raised } => {
                let span = at..at + c.len_utf8();
                match gap {
                    _ if chain.is_empty() => {
                        chain.begin(before == Some('+'));
                        chain.push(value, span, 0, text, &mut hits);
                    }
                    Gap::Open { raised: was } if was == raised => chain.extend(value, span.end),
                    Gap::Between { kinds, width, raised: was }
                        if was == raised && separates(kinds, width) =>
                    {
                        chain.push(value, span, kinds, text, &mut hits);
                    }
                    _ => {
                        chain.finish(text, &mut hits);
                        chain.push(value, span, 0, text, &mut hits);
                    }
                }
                gap = Gap::Open { raised };
            }
            Mark::Invisible => continue,
            Mark::Separator(kind) => gap = gap.wider(kind),
            Mark::Other => {
                chain.finish(text, &mut hits);
                gap = Gap::Open { raised: false };
            }
        }
        before = Some(c);
    }
    chain.finish(text, &mut hits);
    joined::find(text, &mut hits);
    hits.sort_by_key(|hit| hit.span.start);
    hits
}

/// Refuses a text that holds a card number or a verification code.
///
/// # Errors
/// [`CARD_NUMBER`] or [`VERIFICATION_CODE`]; a card number weighs more. The error says nothing of
/// the text: the caller adds the field.
pub fn refuse(text: &str) -> Result<()> {
    let hits = find(text);
    match hits.iter().find(|hit| hit.reason == Reason::CardNumber).or(hits.first()) {
        None => Ok(()),
        Some(Hit { reason: Reason::CardNumber, .. }) => CARD_NUMBER.err(),
        Some(_) => VERIFICATION_CODE.err(),
    }
}

/// The text with every digit found replaced by `*`, but for the last four of a card number.
///
/// # Properties
/// Nothing is found in what it returns. Everything else is as it was; a text in which nothing is
/// found is borrowed.
#[must_use]
pub fn mask(text: &str) -> Cow<'_, str> {
    hide(text, find)
}

/// As [`mask`], and every digit and letter of an account number but for its country and last four.
#[must_use]
pub fn mask_all(text: &str) -> Cow<'_, str> {
    hide(text, find_all)
}

fn hide(text: &str, find: fn(&str) -> Vec<Hit>) -> Cow<'_, str> {
    let hits = find(text);
    if hits.is_empty() {
        return Cow::Borrowed(text);
    }
    let masked = cover(text, &hits, 4);
    // The digits that stay may form a number with what stands beside them.
    let again = find(&masked);
    if again.is_empty() {
        return Cow::Owned(masked);
    }
    let masked = cover(&masked, &again, 0);
    if find(&masked).is_empty() {
        return Cow::Owned(masked);
    }
    let everything = Hit { span: 0..masked.len(), reason: Reason::VerificationCode };
    Cow::Owned(cover(&masked, &[everything], 0))
}

/// Covers the digits in the hits, which are in order, but for the last `keep` of a card number; of an
/// account number letters too, but for the country.
fn cover(text: &str, hits: &[Hit], keep: usize) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut done = 0;
    for hit in hits {
        let number = text.get(hit.span.clone()).unwrap_or_default();
        let counts = |c: &char| match hit.reason {
            Reason::AccountNumber => c.is_ascii_alphanumeric(),
            _ => matches!(mark(*c), Mark::Digit { .. }),
        };
        let (open, keep) = match hit.reason {
            Reason::CardNumber => (0, keep),
            Reason::VerificationCode => (0, 0),
            Reason::AccountNumber => (2, keep),
        };
        let hidden = open..number.chars().filter(counts).count().saturating_sub(keep);
        masked.push_str(text.get(done..hit.span.start).unwrap_or_default());
        let mut place = 0;
        for c in number.chars() {
            let is_hidden = counts(&c) && hidden.contains(&place);
            place += usize::from(counts(&c));
            masked.push(if is_hidden { '*' } else { c });
        }
        done = hit.span.end;
    }
    masked.push_str(text.get(done..).unwrap_or_default());
    masked
}

/// What stands since the last digit of a chain.
#[derive(Debug, Clone, Copy)]
enum Gap {
    /// Nothing: the next digit belongs to the same group.
    Open { raised: bool },
    /// Separators of these kinds.
    Between { kinds: u8, width: usize, raised: bool },
}

impl Gap {
    fn wider(self, kind: u8) -> Self {
        match self {
            Self::Open { raised } => Self::Between { kinds: kind, width: 1, raised },
            Self::Between { kinds, width, raised } => {
                Self::Between { kinds: kinds | kind, width: width.saturating_add(1), raised }
            }
        }
    }
}

/// Whether these separators keep two groups in one chain: at most 16 characters, and a comma only
/// alone (beside a space it separates the members of a list).
fn separates(kinds: u8, width: usize) -> bool {
    width <= 16 && (kinds & gap::COMMA == 0 || width == 1)
}

#[cfg(test)]
mod tests;
