//! What holds many digits and is no card number: bank accounts by IBAN, and UUIDs.
//!
//! Both are recognised before the guard looks for card numbers, because a part of them may pass
//! every test of one.

use super::digits::{Mark, mark};

/// Lengths of IBANs by country: facts of ISO 13616 as registered with SWIFT (release 101, January
/// 2026, 89 countries).
const IBAN_LENGTHS: &[(usize, &str)] = &[
    (15, "NO"),
    (16, "BE"),
    (18, "DK FI FK FO GL NL SD"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU MN XK"),
    (21, "CH HR LI LV"),
    (22, "BG BH CR DE GB GE IE ME RS VA"),
    (23, "AE GI IL IQ OM SO TL"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
    (25, "LY PT ST"),
    (26, "IS TR"),
    (27, "BI DJ FR GR IT MC MR SM"),
    (28, "AL AZ BY CY DO GT HN HU LB NI PL SV"),
    (29, "BR EG PS QA UA"),
    (30, "JO KW MU YE"),
    (31, "MT SC"),
    (32, "LC"),
    (33, "RU"),
];

/// The length of an IBAN of this country, in characters, if it has any. The code is in upper case.
#[must_use]
pub fn iban_length(country: &str) -> Option<usize> {
    let &[first, second] = country.as_bytes() else { return None };
    let length = BY_COUNTRY.get(letter(first)?)?.get(letter(second)?)?;
    (*length > 0).then_some(usize::from(*length))
}

/// [`IBAN_LENGTHS`] by the two letters, 0 where there is none: the guard asks at every word.
static BY_COUNTRY: [[u8; 26]; 26] = by_country();

fn letter(byte: u8) -> Option<usize> {
    byte.is_ascii_uppercase().then(|| usize::from(byte - b'A'))
}

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "worked out when the program is compiled, where a mistake does not compile"
)]
const fn by_country() -> [[u8; 26]; 26] {
    let mut table = [[0; 26]; 26];
    let mut line = 0;
    while line < IBAN_LENGTHS.len() {
        let (length, countries) = IBAN_LENGTHS[line];
        let letters = countries.as_bytes();
        let mut at = 0;
        while at + 1 < letters.len() {
            table[(letters[at] - b'A') as usize][(letters[at + 1] - b'A') as usize] = length as u8;
            at += 3;
        }
        line += 1;
    }
    table
}

/// Whether a compact IBAN (no spaces, either case) has check digits that are right: two decimal
/// digits from 02 to 98, and 1 as the remainder modulo 97 (ISO 7064, MOD 97-10) once the first four
/// characters stand at the end and letters count from A = 10. Says nothing of country and structure.
#[must_use]
pub fn iban_checksum(iban: &str) -> bool {
    let Some((head, account)) = iban.as_bytes().split_at_checked(4) else { return false };
    let country_is_letters = head.iter().take(2).all(u8::is_ascii_alphabetic);
    let check = head
        .iter()
        .skip(2)
        .try_fold(0u32, |sum, b| b.is_ascii_digit().then(|| sum * 10 + u32::from(*b - b'0')));
    if !country_is_letters || !check.is_some_and(|check| (2..=98).contains(&check)) {
        return false;
    }
    let remainder = account.iter().chain(head).try_fold(0u32, |sum, b| {
        Some(match b {
            b'0'..=b'9' => (sum * 10 + u32::from(*b - b'0')) % 97,
            b'A'..=b'Z' => (sum * 100 + u32::from(*b - b'A') + 10) % 97,
            b'a'..=b'z' => (sum * 100 + u32::from(*b - b'a') + 10) % 97,
            _ => return None,
        })
    });
    remainder == Some(1)
}

/// The length in bytes of the IBAN or UUID that `text` begins with, if it begins with one. The
/// caller has seen that a word begins here. Looks at no more than 68 characters.
pub(super) fn known(text: &str) -> Option<usize> {
    iban(text).or_else(|| uuid(text))
}

/// An IBAN of a registered country at its exact length, single spaces or dashes between groups.
fn iban(text: &str) -> Option<usize> {
    let mut start = text.bytes();
    let country: [u8; 2] = [start.next()?, start.next()?].map(|b| b.to_ascii_uppercase());
    if !country.iter().all(u8::is_ascii_uppercase) {
        return None;
    }
    let length = iban_length(std::str::from_utf8(&country).ok()?)?;
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
    let head = text.as_bytes().get(..36)?;
    let formed = head.iter().enumerate().all(|(i, b)| match i {
        8 | 13 | 18 | 23 => *b == b'-',
        _ => b.is_ascii_hexdigit(),
    });
    let next = text.get(36..)?.chars().next();
    (formed && !next.is_some_and(|c| c.is_alphanumeric() || c == '-')).then_some(36)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_table_has_the_89_countries_once() {
        let mut all: Vec<&str> = IBAN_LENGTHS.iter().flat_map(|(_, c)| c.split(' ')).collect();
        assert_eq!(all.len(), 89);
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 89);
        assert_eq!((iban_length("PL"), iban_length("RU")), (Some(28), Some(33)));
        assert_eq!(iban_length(""), None);
    }

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
        assert_eq!(known("DE89 3704 0044 0532 0130 00 and more"), Some(27));
        assert_eq!(known("de89370400440532013000."), Some(22));
        assert_eq!(known("DE893704004405320130001"), None);
        assert_eq!(known("DE89 3704 0044 0532 0130 01"), None);
        assert_eq!(known("XX89370400440532013000"), None);
        assert_eq!(known("550e8400-e29b-41d4-a716-446655440000"), Some(36));
        assert_eq!(known("550e8400-e29b-41d4-a716-4466554400001"), None);
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,80}") {
            let _ = (known(&text), iban_checksum(&text), iban_length(&text));
        }
    }
}
