//! Where something may begin: a pass over whole blocks that the compiler turns into vector code.
//!
//! It may point at places where nothing is, and never misses one where something is.

use std::ops::ControlFlow;

/// A run of digits and single separators of at least twelve characters begins here.
pub(super) const CARD: u8 = 1;
/// A word begins here with two letters and two digits.
pub(super) const IBAN: u8 = 2;
/// A word begins here with `cv`.
pub(super) const CODE: u8 = 4;

/// How many bytes are classified at once; everything fits in the first-level cache.
const BLOCK: usize = 1024;
/// Bytes before a block that its first byte looks at.
const FRONT: usize = 4;
/// Bytes after a block that its last byte looks at.
const BACK: usize = 20;
const WIDTH: usize = FRONT + BLOCK + BACK;

const DIGIT: u8 = 1;
const LETTER: u8 = 2;
const SEPARATOR: u8 = 4;
/// Part of a character beyond ASCII (a no-break space, a dash), or half of a line break.
const WIDE: u8 = 8;
const LETTER_C: u8 = 16;
const LETTER_V: u8 = 32;

/// Calls `visit` with every place from `from` to `to` where something may begin, in order, until it
/// breaks.
pub(super) fn visit<B>(
    text: &[u8],
    from: usize,
    to: usize,
    mut visit: impl FnMut(usize, u8) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let mut classes = [0; WIDTH];
    let mut events = [0; BLOCK];
    let mut base = from;
    while base < to {
        classify(text, base, &mut classes);
        mark(&classes, &mut events);
        for (n, eight) in events.as_chunks::<8>().0.iter().enumerate() {
            if u64::from_ne_bytes(*eight) == 0 {
                continue;
            }
            for (i, event) in eight.iter().enumerate().filter(|(_, event)| **event != 0) {
                let at = base + n * 8 + i;
                if at >= to {
                    return ControlFlow::Continue(());
                }
                visit(at, *event)?;
            }
        }
        base += BLOCK;
    }
    ControlFlow::Continue(())
}

/// The classes of the bytes from `base - FRONT` on; nothing where the text does not reach.
fn classify(text: &[u8], base: usize, classes: &mut [u8; WIDTH]) {
    let start = base.saturating_sub(FRONT);
    let skip = FRONT - (base - start);
    let part = text.get(start..).unwrap_or_default();
    if skip > 0 || part.len() < WIDTH {
        classes.fill(0);
    }
    for (to, from) in classes.iter_mut().skip(skip).zip(part) {
        *to = class(*from);
    }
}

/// What one byte is. Selections of constants, so that sixteen are done at once.
#[inline]
fn class(b: u8) -> u8 {
    let lower = b | 0x20;
    let is = |holds: bool, class: u8| if holds { class } else { 0 };
    let separator =
        (b.wrapping_sub(b'-') < 3) | (b.wrapping_sub(b'\t') < 5) | (b == b' ') | (b == b'_');
    is(b.wrapping_sub(b'0') < 10, DIGIT)
        | is(lower.wrapping_sub(b'a') < 26, LETTER)
        | is(separator, SEPARATOR)
        | is((b >= 0x80) | (b == b'\r'), WIDE)
        | is(lower == b'c', LETTER_C)
        | is(lower == b'v', LETTER_V)
}

fn mark(classes: &[u8; WIDTH], events: &mut [u8; BLOCK]) {
    // All bits where a byte can stand inside a number: a digit, a wide character, or a separator
    // between two of them. Indexed as `classes`, from its second byte on.
    let mut inside = [0u8; WIDTH];
    let sides = classes.iter().zip(&classes[1..]).zip(&classes[2..]);
    for (to, ((before, here), after)) in inside[1..].iter_mut().zip(sides) {
        // A separator counts if both of its sides have one of the bits.
        let sides = (before | (before >> 3)) & (after | (after >> 3));
        let within = (here & (DIGIT | WIDE)) | ((here >> 2) & sides & 1);
        *to = if within == 0 { 0 } else { u8::MAX };
    }
    let two = both(&inside, &inside[1..]);
    let four = both(&two, &two[2..]);
    let eight = both(&four, &four[4..]);
    let twelve = both(&eight, &four[8..]);

    // Two letters, two digits, and pairs of letters and digits.
    let letters = both(classes, &classes[1..]);
    let heads = letters.iter().zip(&letters[2..]);
    let mut starts = [0u8; WIDTH];
    for (to, (first, second)) in starts.iter_mut().zip(heads) {
        // `cv` leaves its own bit; LETTER and DIGIT are neighbours.
        *to = (first >> 1) & second & DIGIT;
    }
    let rows = events
        .iter_mut()
        .zip(&classes[FRONT - 1..])
        .zip(&classes[FRONT..])
        .zip(&classes[FRONT + 1..])
        .zip(&starts[FRONT..])
        .zip(&twelve[FRONT..]);
    for (((((event, before), here), next), start), run) in rows {
        let card = run & here & !before & DIGIT;
        let no_letter = (!before >> 1) & 1;
        let code = no_letter & (here >> 4) & (next >> 5) & 1;
        let iban = no_letter & !before & start;
        *event = card | (iban << 1) | (code << 2);
    }
}

/// The bits that both have; none beyond the shorter.
fn both(a: &[u8; WIDTH], b: &[u8]) -> [u8; WIDTH] {
    let mut out = [0; WIDTH];
    for ((to, a), b) in out.iter_mut().zip(a).zip(b) {
        *to = a & b;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &[u8], from: usize, to: usize) -> Vec<(usize, u8)> {
        let mut events = Vec::new();
        let _ = visit(text, from, to, |at, event| {
            events.push((at, event));
            ControlFlow::<()>::Continue(())
        });
        events
    }

    /// The same, one byte after the other.
    fn slowly(text: &[u8]) -> Vec<(usize, u8)> {
        let at = |i: usize| text.get(i).copied().unwrap_or(b'!');
        let wide = |b: u8| b.is_ascii_digit() || b >= 0x80 || b == b'\r';
        let inside = |i: usize| {
            wide(at(i))
                || (b" \t\n\x0b\x0c-./_".contains(&at(i))
                    && i > 0
                    && wide(at(i - 1))
                    && wide(at(i + 1)))
        };
        let mut events = Vec::new();
        for i in 0..text.len() {
            let before = if i == 0 { b'!' } else { at(i - 1) };
            let mut event = 0;
            if at(i).is_ascii_digit() && !before.is_ascii_digit() && (i..i + 12).all(inside) {
                event |= CARD;
            }
            if !before.is_ascii_alphanumeric()
                && (at(i).is_ascii_alphabetic() && at(i + 1).is_ascii_alphabetic())
                && (at(i + 2).is_ascii_digit() && at(i + 3).is_ascii_digit())
            {
                event |= IBAN;
            }
            let cv = at(i).eq_ignore_ascii_case(&b'c') && at(i + 1).eq_ignore_ascii_case(&b'v');
            if cv && !before.is_ascii_alphabetic() {
                event |= CODE;
            }
            if event != 0 {
                events.push((i, event));
            }
        }
        events
    }

    proptest! {
        #[test]
        fn the_fast_pass_finds_what_the_slow_one_finds(
            unit in "[0-9]{1,20}[ \\-./_aZcV!\r\n\u{a0}é0-9]{0,30}",
            times in 1usize..60,
            more in "[0-9 \\-./_a-dXcvCV!\r\n\u{a0}é]{0,300}",
        ) {
            let text = format!("{}{more}", unit.repeat(times)).into_bytes();
            let slow = slowly(&text);
            prop_assert_eq!(&all(&text, 0, text.len()), &slow);
            let (from, to) = (text.len() / 3, text.len() - text.len() / 4);
            let part: Vec<_> = slow.into_iter().filter(|e| (from..to).contains(&e.0)).collect();
            prop_assert_eq!(all(&text, from, to), part);
        }
    }
}
