//! What holds many digits and is no card number: bank accounts by IBAN, and UUIDs.
//!
//! Both are recognised before the guard looks for card numbers, because a part of them may pass
//! every test of one.

use super::digits::{Mark, mark};
use super::registry::iban_structure;

/// Whether a compact IBAN (no spaces, either case) has check digits that are right: two decimal
/// digits from 02 to 98, and 1 as the remainder modulo 97 (ISO 7064, MOD 97-10) once the first four
/// characters stand at the end and letters count from A = 10. Says nothing of country and structure.
#[must_use]
pub fn iban_checksum(iban: &str) -> bool {
    checksum(iban.as_bytes())
}

/// [`iban_checksum`] of bytes.
pub(super) fn checksum(iban: &[u8]) -> bool {
    let Some((head, account)) = iban.split_at_checked(4) else { return false };
    let &[a, b, tens, ones] = head else { return false };
    let formed = a.is_ascii_alphabetic()
        && b.is_ascii_alphabetic()
        && tens.is_ascii_digit()
        && ones.is_ascii_digit();
    // The check digits 00, 01 and 99 leave the remainders of 97, 98 and 02.
    if !formed || matches!(head.get(2..), Some(b"00" | b"01" | b"99")) {
        return false;
    }
    remainder(account.iter().chain(head)) == Some(1)
}

/// The remainder modulo 97 of digits and letters (A = 10); none if there is another character. The
/// remainder is taken as seldom as 64 bits allow.
fn remainder<'a>(bytes: impl Iterator<Item = &'a u8>) -> Option<u64> {
    let mut sum = 0u64;
    for byte in bytes {
        let value = *VALUES.get(usize::from(*byte))?;
        match value {
            0..=9 => sum = sum * 10 + u64::from(value),
            10..=35 => sum = sum * 100 + u64::from(value),
            _ => return None,
        }
        if sum >= 100_000_000_000_000_000 {
            sum %= 97;
        }
    }
    Some(sum % 97)
}

/// What a byte counts: digits themselves, letters of either case from 10 on, all others nothing.
static VALUES: [u8; 256] = values();

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "worked out when the program is compiled, where a mistake does not compile"
)]
const fn values() -> [u8; 256] {
    let mut table = [u8::MAX; 256];
    let mut value = 0;
    while value < 36 {
        if value < 10 {
            table[b'0' as usize + value] = value as u8;
        } else {
            table[b'A' as usize + value - 10] = value as u8;
            table[b'a' as usize + value - 10] = value as u8;
        }
        value += 1;
    }
    table
}

/// What a text begins with, and its length in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Iban(usize),
    Uuid(usize),
}

impl Known {
    pub(super) const fn len(self) -> usize {
        match self {
            Self::Iban(len) | Self::Uuid(len) => len,
        }
    }
}

/// The IBAN or UUID that `text` begins with, if it begins with one. The caller has seen that a word
/// begins here. Looks at no more than 68 characters.
pub(super) fn known(text: &str) -> Option<Known> {
    iban(text).map(Known::Iban).or_else(|| uuid(text).map(Known::Uuid))
}

/// An IBAN of a registered country at its exact length, single spaces or dashes between groups.
fn iban(text: &str) -> Option<usize> {
    let mut start = text.bytes();
    let country = [start.next()?, start.next()?].map(|b| b.to_ascii_uppercase());
    let length = iban_structure(country)?.length();
    let mut compact = String::with_capacity(length);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c.is_ascii_alphanumeric() {
            compact.push(c);
        } else {
            let followed = chars.peek().is_some_and(|(_, next)| next.is_ascii_alphanumeric());
            if !followed || !matches!(mark(c), Mark::Separator(_)) {
                return None;
            }
        }
        if compact.len() == length {
            let whole = chars.peek().is_none_or(|(_, next)| !next.is_alphanumeric());
            return (whole && iban_checksum(&compact)).then_some(at + 1);
        }
    }
    None
}

/// A UUID in its hyphenated form (RFC 9562, section 4).
fn uuid(text: &str) -> Option<usize> {
    let formed = is_uuid(text.as_bytes().get(..36)?);
    let next = text.get(36..)?.chars().next();
    (formed && !next.is_some_and(|c| c.is_alphanumeric() || c == '-')).then_some(36)
}

/// Whether these bytes are a UUID in its hyphenated form.
pub(super) fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn knows_check_digits() {
        assert!(iban_checksum("PL61109010140000071219812874"));
        assert!(iban_checksum("gb82west12345698765432"));
        for bad in [
            "PL61109010140000071219812875",
            "GB00HLFX11016111455365", // remainder 1, but check digits are 02 to 98
            "GB01BARC20714583608387",
            "GB2LABBY09012857201707", // a letter in the check digits
            "PL61 1090",
            "PL6",
            "",
            "żółw",
        ] {
            assert!(!iban_checksum(bad), "{bad}");
        }
    }

    #[test]
    fn finds_the_end_of_an_iban_and_of_a_uuid() {
        assert_eq!(known("DE89 3704 0044 0532 0130 00 and more"), Some(Known::Iban(27)));
        assert_eq!(known("de89370400440532013000."), Some(Known::Iban(22)));
        assert_eq!(known("DE893704004405320130001"), None);
        assert_eq!(known("DE89 3704 0044 0532 0130 01"), None);
        assert_eq!(known("XX89370400440532013000"), None);
        assert_eq!(known("550e8400-e29b-41d4-a716-446655440000"), Some(Known::Uuid(36)));
        assert_eq!(known("550e8400-e29b-41d4-a716-4466554400001"), None);
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,80}") {
            let _ = (known(&text), iban_checksum(&text));
        }
    }
}
