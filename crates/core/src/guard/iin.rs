//! Which digits are a card number: check digit, issuer range and length.
//!
//! The ranges are facts published by the card networks, as collected by Braintree's
//! credit-card-type (MIT); ISO/IEC 7812-1 gives the form of a number and, in annex B, the check
//! digit (Luhn). Ranges that lie side by side and take the same lengths are written as one. Networks
//! overlap (Elo in Visa, Troy in Discover): the longest prefix decides.

/// A card network, as far as the lengths of its numbers and the trust in its prefix differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    Visa,
    Mastercard,
    Amex,
    Diners,
    Discover,
    Jcb,
    UnionPay,
    /// Its prefix `6` takes a tenth of all numbers, so grouped forms need more evidence.
    Maestro,
    Mir,
    Verve,
    /// Elo, Hiper, Hipercard, Naranja and Troy: 16 digits each.
    Regional,
}

impl Network {
    /// Whether a number of this network can have `len` digits. Visa's 13 digits are gone since the
    /// 1990s, and 13 digits that begin with 4 are German and Japanese article numbers today.
    const fn takes(self, len: usize) -> bool {
        match self {
            Self::Visa => matches!(len, 16 | 18 | 19),
            Self::Mastercard | Self::Regional => len == 16,
            Self::Amex => len == 15,
            Self::Diners => matches!(len, 14 | 16 | 19),
            Self::Discover => matches!(len, 16 | 19),
            Self::Jcb | Self::Mir => matches!(len, 16..=19),
            Self::UnionPay => matches!(len, 14..=19),
            Self::Maestro => matches!(len, 12..=19),
            Self::Verve => matches!(len, 16 | 18 | 19),
        }
    }
}

use Network::{
    Amex, Diners, Discover, Jcb, Maestro, Mastercard, Mir, Regional, UnionPay, Verve, Visa,
};

/// From a prefix to a prefix, both included.
type Prefixes = (u32, u32, Network);

/// Ranges of prefixes by their width in digits, widest first.
const RANGES: &[(usize, &[Prefixes])] = &[
    (
        8,
        &[
            // Hiper
            (63_737_423, 63_737_423, Regional),
            (63_743_358, 63_743_358, Regional),
            // Troy
            (65_083_700, 65_083_704, Regional),
            (65_085_800, 65_085_804, Regional),
            (65_085_900, 65_085_901, Regional),
            (65_086_000, 65_086_000, Regional),
            (65_086_100, 65_086_105, Regional),
            (65_086_200, 65_086_203, Regional),
            (65_875_000, 65_875_003, Regional),
            (65_875_009, 65_875_009, Regional),
            (65_875_101, 65_875_104, Regional),
            (65_875_200, 65_875_200, Regional),
            (65_875_501, 65_875_501, Regional),
            (65_875_601, 65_875_601, Regional),
            (65_875_900, 65_875_900, Regional),
            (65_876_000, 65_876_002, Regional),
            (65_876_100, 65_876_103, Regional),
            (65_876_110, 65_876_110, Regional),
            (65_876_115, 65_876_116, Regional),
            (65_876_200, 65_876_201, Regional),
            (65_876_500, 65_876_500, Regional),
            (65_876_504, 65_876_505, Regional),
            (65_876_600, 65_876_602, Regional),
            (65_877_100, 65_877_101, Regional),
            (65_877_600, 65_877_602, Regional),
            (65_877_700, 65_877_700, Regional),
            (65_877_801, 65_877_802, Regional),
            (65_878_200, 65_878_202, Regional),
            (65_878_300, 65_878_311, Regional),
            (65_878_400, 65_878_405, Regional),
            (65_878_500, 65_878_505, Regional),
            (65_878_600, 65_878_601, Regional),
            (65_879_800, 65_879_800, Regional),
            (65_880_800, 65_880_800, Regional),
            (65_880_900, 65_880_900, Regional),
        ],
    ),
    (
        6,
        &[
            // Elo
            (401_178, 401_179, Regional),
            (431_274, 431_274, Regional),
            (438_935, 438_935, Regional),
            (451_416, 451_416, Regional),
            (457_393, 457_393, Regional),
            (457_631, 457_632, Regional),
            (504_175, 504_175, Regional),
            (506_699, 506_778, Regional),
            (509_000, 509_999, Regional),
            (627_780, 627_780, Regional),
            (636_297, 636_297, Regional),
            (636_368, 636_368, Regional),
            (650_031, 650_033, Regional),
            (650_035, 650_051, Regional),
            (650_405, 650_439, Regional),
            (650_485, 650_538, Regional),
            (650_541, 650_598, Regional),
            (650_700, 650_718, Regional),
            (650_720, 650_727, Regional),
            (650_901, 650_978, Regional),
            (651_652, 651_679, Regional),
            (655_000, 655_019, Regional),
            (655_021, 655_058, Regional),
            // Troy
            (650_052, 650_052, Regional),
            (650_082, 650_083, Regional),
            (650_092, 650_092, Regional),
            (650_161, 650_161, Regional),
            (650_170, 650_170, Regional),
            (650_173, 650_173, Regional),
            (650_175, 650_175, Regional),
            (650_268, 650_268, Regional),
            (650_271, 650_271, Regional),
            (650_273, 650_274, Regional),
            (650_456, 650_457, Regional),
            (650_836, 650_836, Regional),
            (650_846, 650_850, Regional),
            (650_923, 650_923, Regional),
            (650_987, 650_987, Regional),
            (650_990, 650_990, Regional),
            (654_997, 654_997, Regional),
            (657_366, 657_366, Regional),
            (657_998, 657_998, Regional),
            (658_758, 658_758, Regional),
            (658_767, 658_768, Regional),
            // Hiper, Hipercard, Naranja
            (637_095, 637_095, Regional),
            (637_568, 637_568, Regional),
            (637_599, 637_599, Regional),
            (637_609, 637_609, Regional),
            (637_612, 637_612, Regional),
            (606_282, 606_282, Regional),
            (589_562, 589_562, Regional),
            (402_918, 402_918, Regional),
            (527_572, 527_572, Regional),
            (506_099, 506_127, Verve),
            (506_129, 506_129, Verve),
            (506_133, 506_150, Verve),
            (506_158, 506_163, Verve),
            (506_166, 506_166, Verve),
            (506_168, 506_168, Verve),
            (506_170, 506_170, Verve),
            (506_173, 506_173, Verve),
            (506_176, 506_180, Verve),
            (506_184, 506_184, Verve),
            (506_187, 506_188, Verve),
            (506_191, 506_191, Verve),
            (506_195, 506_195, Verve),
            (506_197, 506_197, Verve),
            (507_865, 507_866, Verve),
            (507_868, 507_877, Verve),
            (507_880, 507_888, Verve),
            (507_900, 507_900, Verve),
            (507_941, 507_941, Verve),
            (622_010, 622_999, UnionPay),
            (627_700, 627_779, UnionPay),
            (627_781, 627_799, UnionPay),
            (493_698, 493_698, Maestro),
            (500_000, 504_174, Maestro),
            (504_176, 506_698, Maestro),
            (506_779, 508_999, Maestro),
        ],
    ),
    (
        5,
        &[
            (62_100, 62_182, UnionPay),
            (62_184, 62_197, UnionPay),
            (62_200, 62_205, UnionPay),
            (62_207, 62_209, UnionPay),
        ],
    ),
    (
        4,
        &[
            (2_221, 2_229, Mastercard),
            (2_720, 2_720, Mastercard),
            (9_792, 9_792, Regional),
            (6_011, 6_011, Discover),
            (2_131, 2_131, Jcb),
            (1_800, 1_800, Jcb),
            (3_528, 3_589, Jcb),
            (6_270, 6_270, UnionPay),
            (6_272, 6_272, UnionPay),
            (6_276, 6_276, UnionPay),
            (6_282, 6_289, UnionPay),
            (6_291, 6_292, UnionPay),
            (8_110, 8_171, UnionPay),
            (2_200, 2_204, Mir),
        ],
    ),
    (
        3,
        &[
            (223, 229, Mastercard),
            (270, 271, Mastercard),
            (300, 305, Diners),
            (644, 649, Discover),
            (620, 620, UnionPay),
            (623, 626, UnionPay),
            (810, 810, UnionPay),
        ],
    ),
    (
        2,
        &[
            (51, 55, Mastercard),
            (23, 26, Mastercard),
            (34, 34, Amex),
            (37, 37, Amex),
            (36, 36, Diners),
            (38, 39, Diners),
            (65, 65, Discover),
            (56, 59, Maestro),
            (63, 63, Maestro),
            (67, 67, Maestro),
        ],
    ),
    (1, &[(4, 4, Visa), (6, 6, Maestro)]),
];

/// Which two digits any range begins with.
static BEGINNINGS: [bool; 100] = beginnings();

#[expect(
    clippy::indexing_slicing,
    reason = "worked out when the program is compiled, where a mistake does not compile"
)]
const fn beginnings() -> [bool; 100] {
    let mut table = [false; 100];
    let mut row = 0;
    while row < RANGES.len() {
        let (width, ranges) = RANGES[row];
        let mut i = 0;
        while i < ranges.len() {
            let (from, to, _) = ranges[i];
            let (mut first, mut last) = (from, to);
            if width == 1 {
                (first, last) = (from * 10, to * 10 + 9);
            }
            let mut digits = width;
            while digits > 2 {
                (first, last) = (first / 10, last / 10);
                digits -= 1;
            }
            while first <= last {
                table[first as usize] = true;
                first += 1;
            }
            i += 1;
        }
        row += 1;
    }
    table
}

/// UnionPay has issued numbers without a check digit; this published one is the only one known here.
const WITHOUT_LUHN: [u8; 16] = [6, 2, 2, 1, 5, 5, 8, 8, 1, 2, 3, 4, 0, 0, 0, 0];

/// The fewest digits of a card number.
pub(super) const SHORTEST: usize = 12;
/// The most digits of a card number (ISO/IEC 7812-1).
pub(super) const LONGEST: usize = 19;

/// The network of these digits (values 0 to 9), if they are a card number: Luhn, range and length.
pub(super) fn card_number(digits: &[u8]) -> Option<Network> {
    let &[first, second, ..] = digits else { return None };
    // Most numbers in a text go here.
    let begins = BEGINNINGS.get(usize::from(first) * 10 + usize::from(second)) == Some(&true);
    if !begins
        || !(SHORTEST..=LONGEST).contains(&digits.len())
        || !(luhn(digits) || digits == WITHOUT_LUHN)
    {
        return None;
    }
    network(digits).filter(|network| network.takes(digits.len()))
}

/// The network whose longest prefix these digits begin with.
pub(super) fn network(digits: &[u8]) -> Option<Network> {
    RANGES.iter().find_map(|(width, ranges)| {
        let prefix = digits.get(..*width)?.iter().fold(0, |sum, d| sum * 10 + u32::from(*d));
        ranges.iter().find(|(from, to, _)| (*from..=*to).contains(&prefix)).map(|(_, _, n)| *n)
    })
}

/// ISO/IEC 7812-1 annex B: from the right, every second digit doubled and its digits summed.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) if digit < 5 => digit * 2,
            (_, digit) => digit * 2 - 9,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().map(|b| b - b'0').collect()
    }

    #[test]
    fn every_range_has_its_width_and_order() {
        assert!(RANGES.is_sorted_by(|a, b| a.0 > b.0));
        for (width, ranges) in RANGES {
            for (from, to, _) in *ranges {
                assert!(from <= to);
                assert_eq!((from.to_string().len(), to.to_string().len()), (*width, *width));
            }
        }
    }

    #[test]
    fn knows_numbers_by_check_digit_range_and_length() {
        for (good, network) in [
            ("4242424242424242", Visa),
            ("5555555555554444", Mastercard),
            ("2223003122003222", Mastercard),
            ("378282246310005", Amex),
            ("36227206271667", Diners),
            ("6011000990139424", Discover),
            ("3566002020360505", Jcb),
            ("6205500000000000004", UnionPay),
            ("6221558812340000", UnionPay),
            ("5000000000000611", Maestro),
            ("5066991111111118", Regional),
            ("9792100000000001", Regional),
        ] {
            assert_eq!(card_number(&digits(good)), Some(network), "{good}");
        }
        for bad in [
            "4242424242424241",     // check digit
            "4222222222222",        // Visa of 13 digits
            "356938035643809",      // an IMEI: JCB's range, but 15 digits
            "1234567812345670",     // no network
            "41111111111111111111", // 20 digits
            "50000000000000000009", // 20 digits, Luhn passes
            "6221258812340000",     // UnionPay's range without Luhn
            "",
        ] {
            assert_eq!(card_number(&digits(bad)), None, "{bad}");
        }
    }

    #[test]
    fn only_beginnings_that_no_range_has_are_passed_over() {
        let known: String = BEGINNINGS.iter().map(|b| if *b { '1' } else { '0' }).collect();
        let expected = "0000000000 0000000010 0111111100 1111111111 1111111111 1111111111 \
            1111111111 0000000000 0100000000 0000000100"
            .replace(' ', "");
        // 18 and 21 are JCB's, 22 to 27 Mastercard's and Mir's, 81 UnionPay's, 97 Troy's.
        let threes = "0000000000".len() * 3;
        let threes = threes..threes + 10;
        assert_eq!(known[..30], expected[..30]);
        assert_eq!(&known[threes], "1000111111");
        assert_eq!(known[40..], expected[40..]);
    }

    #[test]
    fn the_longest_prefix_decides() {
        assert_eq!(network(&digits("4011780000000000")), Some(Regional));
        assert_eq!(network(&digits("4011770000000000")), Some(Visa));
        assert_eq!(network(&digits("6500520000000000")), Some(Regional));
        assert_eq!(network(&digits("6218300000000000")), Some(Maestro));
    }
}
