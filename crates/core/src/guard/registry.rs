//! The registry of account numbers: what an IBAN of each country looks like.
//!
//! Facts of the SWIFT registry, release 101 (January 2026, 89 countries).

/// What the characters of a country's account numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IbanStructure {
    /// How many characters there are; 0 for no country.
    len: usize,
    /// Where a digit must stand: bit 0 is the first place.
    digits: u64,
    /// Where a letter must stand.
    letters: u64,
}

impl IbanStructure {
    /// How many characters there are.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.len
    }

    /// Whether an account number of `length` characters fits that has digits where `digits` has bits,
    /// and letters where `letters` has; bit 0 is its first character.
    #[must_use]
    pub const fn admits(&self, length: usize, digits: u64, letters: u64) -> bool {
        length == self.len && self.digits & !digits == 0 && self.letters & !letters == 0
    }
}

/// The structure of a country's account numbers, if it is in the registry. The code is in upper case.
#[must_use]
pub fn iban_structure(country: [u8; 2]) -> Option<&'static IbanStructure> {
    let [first, second] = country.map(|b| usize::from(b.wrapping_sub(b'A')));
    BY_COUNTRY.get(first)?.get(second).filter(|structure| structure.len > 0)
}

/// The length of an IBAN of this country, in characters, if it has any. The code is in upper case.
#[must_use]
pub fn iban_length(country: &str) -> Option<usize> {
    iban_structure(country.as_bytes().try_into().ok()?).map(IbanStructure::length)
}

/// The most characters of an IBAN by its standard (ISO 13616).
pub(super) const LONGEST: usize = 34;

/// What follows the country and the check digits: counts with `n` for digits, `a` for letters and
/// `c` for both; neighbouring parts of one kind are added up.
const STRUCTURES: &[(&str, &str)] = &[
    ("AD", "8n12c"),
    ("AE", "19n"),
    ("AL", "8n16c"),
    ("AT", "16n"),
    ("AZ", "4a20c"),
    ("BA", "16n"),
    ("BE", "12n"),
    ("BG", "4a6n8c"),
    ("BH", "4a14c"),
    ("BI", "23n"),
    ("BR", "23n1a1c"),
    ("BY", "4c4n16c"),
    ("CH", "5n12c"),
    ("CR", "18n"),
    ("CY", "8n16c"),
    ("CZ", "20n"),
    ("DE", "18n"),
    ("DJ", "23n"),
    ("DK", "14n"),
    ("DO", "4c20n"),
    ("EE", "16n"),
    ("EG", "25n"),
    ("ES", "20n"),
    ("FI", "14n"),
    ("FK", "2a12n"),
    ("FO", "14n"),
    ("FR", "10n11c2n"),
    ("GB", "4a14n"),
    ("GE", "2a16n"),
    ("GI", "4a15c"),
    ("GL", "14n"),
    ("GR", "7n16c"),
    ("GT", "24c"),
    ("HN", "4a20n"),
    ("HR", "17n"),
    ("HU", "24n"),
    ("IE", "4a14n"),
    ("IL", "19n"),
    ("IQ", "4a15n"),
    ("IS", "22n"),
    ("IT", "1a10n12c"),
    ("JO", "4a4n18c"),
    ("KW", "4a22c"),
    ("KZ", "3n13c"),
    ("LB", "4n20c"),
    ("LC", "4a24c"),
    ("LI", "5n12c"),
    ("LT", "16n"),
    ("LU", "3n13c"),
    ("LV", "4a13c"),
    ("LY", "21n"),
    ("MC", "10n11c2n"),
    ("MD", "20c"),
    ("ME", "18n"),
    ("MK", "3n10c2n"),
    ("MN", "16n"),
    ("MR", "23n"),
    ("MT", "4a5n18c"),
    ("MU", "4a19n3a"),
    ("NI", "4a20n"),
    ("NL", "4a10n"),
    ("NO", "11n"),
    ("OM", "3n16c"),
    ("PK", "4a16c"),
    ("PL", "24n"),
    ("PS", "4a21c"),
    ("PT", "21n"),
    ("QA", "4a21c"),
    ("RO", "4a16c"),
    ("RS", "18n"),
    ("RU", "14n15c"),
    ("SA", "2n18c"),
    ("SC", "4a20n3a"),
    ("SD", "14n"),
    ("SE", "20n"),
    ("SI", "15n"),
    ("SK", "20n"),
    ("SM", "1a10n12c"),
    ("SO", "19n"),
    ("ST", "21n"),
    ("SV", "4a20n"),
    ("TL", "19n"),
    ("TN", "20n"),
    ("TR", "6n16c"),
    ("UA", "6n19c"),
    ("VA", "18n"),
    ("VG", "4a16n"),
    ("XK", "16n"),
    ("YE", "4a4n18c"),
];

static BY_COUNTRY: [[IbanStructure; 26]; 26] = by_country();

#[expect(
    clippy::indexing_slicing,
    reason = "worked out when the program is compiled, where a mistake does not compile"
)]
const fn by_country() -> [[IbanStructure; 26]; 26] {
    let mut table = [[IbanStructure { len: 0, digits: 0, letters: 0 }; 26]; 26];
    let mut line = 0;
    while line < STRUCTURES.len() {
        let (country, kinds) = STRUCTURES[line];
        let (country, kinds) = (country.as_bytes(), kinds.as_bytes());
        // The country's letters and the check digits.
        let mut structure = IbanStructure { len: 4, digits: 0b1100, letters: 0b0011 };
        let (mut at, mut count) = (0, 0);
        while at < kinds.len() {
            match kinds[at] {
                digit @ b'0'..=b'9' => count = count * 10 + (digit - b'0') as usize,
                kind => {
                    let places = ((1 << count) - 1) << structure.len;
                    match kind {
                        b'n' => structure.digits |= places,
                        b'a' => structure.letters |= places,
                        _ => {}
                    }
                    structure.len += count;
                    count = 0;
                }
            }
            at += 1;
        }
        table[(country[0] - b'A') as usize][(country[1] - b'A') as usize] = structure;
        line += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_89_countries_once() {
        assert_eq!(STRUCTURES.len(), 89);
        assert!(STRUCTURES.is_sorted_by(|a, b| a.0 < b.0));
        let known = |country: [u8; 2]| iban_structure(country).is_some();
        let all = (b'A'..=b'Z').flat_map(|a| (b'A'..=b'Z').map(move |b| [a, b]));
        assert_eq!(all.filter(|country| known(*country)).count(), 89);
        assert!([*b"pl", *b"P1", *b"\xff\xff", *b"ZZ"].iter().all(|bad| !known(*bad)));
        for (country, length) in [("NO", 15), ("PL", 28), ("MT", 31), ("LC", 32), ("RU", 33)] {
            assert_eq!(iban_length(country), Some(length));
        }
        assert_eq!((iban_length(""), iban_length("P"), iban_length("PLN")), (None, None, None));
    }

    #[test]
    fn a_structure_says_what_stands_where() {
        // GB: two letters, two digits, four letters, fourteen digits.
        let gb = iban_structure(*b"GB").unwrap();
        assert_eq!((gb.len, gb.letters, gb.digits), (22, 0b1111_0011, 0x3f_ff0c));
        assert!(gb.admits(22, 0x3f_ff0c, 0xf3) && !gb.admits(22, 0x3f_ff08, 0xf7));
        assert!(!gb.admits(21, u64::MAX, u64::MAX));
        // MD: nothing is said of the twenty characters of the account.
        let md = iban_structure(*b"MD").unwrap();
        assert_eq!((md.len, md.letters, md.digits), (24, 0b11, 0b1100));
    }
}
