//! Card numbers, account numbers and verification codes in logs and large texts: the *stream*
//! profile, in constant memory, at the speed at which logs are written.
//!
//! A log is full of digits, so that less counts here than in a field:
//!
//! - A number is a run, or groups with one separator in each gap and the same kind in all: a space,
//!   dash, slash or the like. The groups are those of a card, or equal ones; other groups, dots, line
//!   breaks, letters glued to it, longer runs and UnionPay's numbers without a check digit count only
//!   beside a word for a card.
//! - IBANs are recognised first; they are masked, not refused.
//! - A verification code counts after `cvv`, `cvc` and their like, and after a card number and its
//!   expiry date.
//! - Digits are those of ASCII. The bytes need not be UTF-8.
//!
//! ```
//! use tacenda_core::guard::stream;
//!
//! let line = b"paid 4111 1111 1111 1111 from DE89370400440532013000, ref 9111111111111111";
//! let masked = stream::mask(line);
//! assert_eq!(&*masked,
//!     b"paid **** **** **** 1111 from DE****************3000, ref 9111111111111111".as_slice());
//! ```
//!
//! # Properties
//! It makes no difference how a stream is cut into pieces. Nothing is found in what was masked. Time
//! is linear; memory is one buffer.
//!
//! # Law
//! PCI DSS 4.0.1, requirements 3.3.1 (sensitive data are not stored after authorisation, logs
//! included), 3.4.1 (masked when shown) and 3.5.1 (unreadable wherever stored, logs included).

mod events;
mod groups;
mod judge;
mod masker;
mod words;

use std::borrow::Cow;
use std::ops::{ControlFlow, Range};

use super::{CARD_NUMBER, Reason, VERIFICATION_CODE};
use crate::error::Result;
use judge::{AHEAD, BEHIND, Found};

pub use masker::Masker;

/// Where something is that may not be kept or shown, and why; never what it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StreamHit {
    /// From its first to its last character, in bytes from the beginning of the stream.
    pub span: Range<u64>,
    /// Why.
    pub reason: Reason,
}

/// All card numbers, account numbers and verification codes in `text`, in order, without overlap.
#[must_use]
pub fn find(text: &[u8]) -> Vec<StreamHit> {
    let mut hits = Vec::new();
    scan(text, &mut Progress::default(), true, &mut |found| hits.push(found.at(0)));
    hits
}

/// Refuses a text that holds a card number or a verification code. An account number is let through.
///
/// # Errors
/// [`CARD_NUMBER`] or [`VERIFICATION_CODE`], whichever comes first. The error says nothing of the
/// text.
pub fn refuse(text: &[u8]) -> Result<()> {
    // By pieces, so that a large text is not read further than its first hit.
    let mut scanner = Scanner::default();
    let mut reason = None;
    let mut note = |hit: StreamHit| {
        if hit.reason != Reason::AccountNumber {
            reason.get_or_insert(hit.reason);
        }
    };
    for piece in text.chunks(PIECE) {
        scanner.push(piece, &mut note);
        if scanner.refused {
            break;
        }
    }
    scanner.finish(&mut note);
    match reason {
        None => Ok(()),
        Some(Reason::VerificationCode) => VERIFICATION_CODE.err(),
        Some(_) => CARD_NUMBER.err(),
    }
}

/// The text with every digit and letter found replaced by `*`, but for the last four of a card or
/// account number and the country of an account number. Where more digits follow that could form a
/// number with them, the last four go too.
#[must_use]
pub fn mask(text: &[u8]) -> Cow<'_, [u8]> {
    let mut masked = Vec::new();
    let mut done = 0;
    scan(text, &mut Progress::default(), true, &mut |found| {
        masked.reserve(text.len() - masked.len());
        masked.extend_from_slice(text.get(done..found.span.start).unwrap_or_default());
        done = found.span.end;
        masker::cover(text, &found, &mut masked);
    });
    if done == 0 {
        return Cow::Borrowed(text);
    }
    masked.extend_from_slice(text.get(done..).unwrap_or_default());
    Cow::Owned(masked)
}

/// Finds in a stream that comes in pieces.
///
/// ```
/// use tacenda_core::guard::stream::Scanner;
///
/// let mut hits = Vec::new();
/// let mut scanner = Scanner::default();
/// for piece in ["card 4111 11", "11 1111 1", "111, thank you"] {
///     scanner.push(piece.as_bytes(), &mut |hit| hits.push(hit.span));
/// }
/// scanner.finish(&mut |hit| hits.push(hit.span));
/// assert_eq!(hits, [5..24]);
/// ```
#[derive(Default)]
pub struct Scanner {
    window: Window,
    refused: bool,
}

impl Scanner {
    /// Reads a piece; `found` is called with what is certain by now, in order.
    pub fn push(&mut self, piece: &[u8], found: &mut impl FnMut(StreamHit)) {
        for piece in piece.chunks(PIECE) {
            self.window.take(piece);
            self.scan(false, found);
        }
    }

    /// Ends the stream: what was held back is decided.
    pub fn finish(mut self, found: &mut impl FnMut(StreamHit)) {
        self.scan(true, found);
    }

    fn scan(&mut self, is_end: bool, found: &mut impl FnMut(StreamHit)) {
        let Self { window, refused } = self;
        let base = window.base;
        window.scan(is_end, &mut |_, hit| {
            *refused |= hit.reason != Reason::AccountNumber;
            found(hit.at(base));
        });
    }
}

impl std::fmt::Debug for Scanner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scanner(..)")
    }
}

/// How much of a stream is looked at together.
const PIECE: usize = 64 * 1024;

/// The part of a stream that is not decided yet, and what stands before it.
#[derive(Default)]
struct Window {
    bytes: Vec<u8>,
    /// Where `bytes` begins in the stream.
    base: u64,
    progress: Progress,
}

impl Window {
    /// Adds a piece, and forgets what nothing depends on any more.
    fn take(&mut self, piece: &[u8]) {
        let forget = self.progress.at.saturating_sub(BEHIND);
        self.bytes.drain(..forget.min(self.bytes.len()));
        self.base += forget as u64;
        self.progress.at -= forget;
        self.progress.clear = self.progress.clear.saturating_sub(forget);
        self.bytes.extend_from_slice(piece);
    }

    /// Finds what is certain; everything if the stream ends here.
    fn scan(&mut self, is_end: bool, found: &mut impl FnMut(&[u8], Found)) {
        let bytes = &self.bytes;
        scan(bytes, &mut self.progress, is_end, &mut |hit| found(bytes, hit));
    }
}

/// How far a text has been decided.
#[derive(Debug, Default, Clone, Copy)]
struct Progress {
    /// Whatever begins before this place has been found.
    at: usize,
    /// Where the last hit ended; the next one cannot begin before.
    clear: usize,
}

fn scan(text: &[u8], progress: &mut Progress, is_end: bool, found: &mut impl FnMut(Found)) {
    let to = if is_end { text.len() } else { text.len().saturating_sub(AHEAD) };
    let mut clear = progress.clear;
    let mut take = |clear: &mut usize, hit: Found| {
        *clear = hit.span.end;
        found(hit);
    };
    let _ = events::visit(text, progress.at, to, |at, event| {
        if at < clear {
            return ControlFlow::<()>::Continue(());
        }
        if event & events::CARD != 0 {
            if let Some((number, code)) = judge::card(text, clear, at) {
                take(&mut clear, number);
                if let Some(code) = code {
                    take(&mut clear, code);
                }
            }
        } else if event & events::IBAN != 0
            && let Some(account) = judge::account(text, clear, at)
        {
            take(&mut clear, account);
        } else if event & events::CODE != 0
            && let Some(code) = judge::labelled_code(text, at)
        {
            take(&mut clear, code);
        }
        ControlFlow::Continue(())
    });
    *progress = Progress { at: to.max(clear).max(progress.at), clear };
}

impl Found {
    fn at(self, base: u64) -> StreamHit {
        let Self { span: Range { start, end }, reason, .. } = self;
        StreamHit { span: base + start as u64..base + end as u64, reason }
    }
}

#[cfg(test)]
mod tests;
