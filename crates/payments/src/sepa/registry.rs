//! The registry of account numbers: what an IBAN of each country looks like, and who is in SEPA.
//!
//! Facts of the SWIFT registry, release 101 (January 2026, 89 countries), and of the European Payments
//! Council's list of the geographical scope, as of 2026. The lengths stand once more in the guard
//! (`tacenda_core::guard::iban_length`), which knows no structures; a test compares them.

/// What the characters of an account number are, place by place: bit 0 is its first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Structure {
    /// How many characters there are; 0 for no country.
    pub(super) len: usize,
    /// Where a digit must stand.
    pub(super) digits: u64,
    /// Where a letter must stand.
    pub(super) letters: u64,
}

/// The structure of a country's account numbers. The code is in upper case.
pub(super) fn structure(country: [u8; 2]) -> Option<&'static Structure> {
    let [first, second] = country.map(|b| usize::from(b.wrapping_sub(b'A')));
    BY_COUNTRY.get(first)?.get(second).filter(|structure| structure.len > 0)
}

/// Whether a country takes part in SEPA, as of 2026. Territories of France and Finland use the codes
/// FR and FI.
pub(super) fn is_sepa(country: &str) -> bool {
    SEPA.split(' ').any(|code| code == country)
}

/// By decisions of the European Payments Council: the Union, the EEA, and AD AL CH GB GI MC MD ME MK
/// RS SM VA.
const SEPA: &str = "AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE \
    IS IT LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS SE SI SK SM VA";

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

static BY_COUNTRY: [[Structure; 26]; 26] = by_country();

#[expect(
    clippy::indexing_slicing,
    reason = "worked out when the program is compiled, where a mistake does not compile"
)]
const fn by_country() -> [[Structure; 26]; 26] {
    let mut table = [[Structure { len: 0, digits: 0, letters: 0 }; 26]; 26];
    let mut line = 0;
    while line < STRUCTURES.len() {
        let (country, kinds) = STRUCTURES[line];
        let (country, kinds) = (country.as_bytes(), kinds.as_bytes());
        // The country's letters and the check digits.
        let mut structure = Structure { len: 4, digits: 0b1100, letters: 0b0011 };
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
    use tacenda_core::guard;

    #[test]
    fn the_table_agrees_with_the_lengths_that_the_guard_knows() {
        assert_eq!(STRUCTURES.len(), 89);
        assert!(STRUCTURES.is_sorted_by(|a, b| a.0 < b.0));
        for first in b'A'..=b'Z' {
            for second in b'A'..=b'Z' {
                let country = [first, second];
                let length = guard::iban_length(std::str::from_utf8(&country).unwrap());
                assert_eq!(structure(country).map(|s| s.len), length);
            }
        }
        assert_eq!(SEPA.split(' ').count(), 42);
        let known = |country: &str| structure(country.as_bytes().try_into().unwrap()).is_some();
        assert!(SEPA.split(' ').all(known));
        for bad in [*b"pl", *b"P1", *b"\xff\xff", *b"ZZ"] {
            assert_eq!(structure(bad), None);
        }
    }

    #[test]
    fn a_structure_says_what_stands_where() {
        // GB: two letters, two digits, four letters, fourteen digits.
        let gb = structure(*b"GB").unwrap();
        assert_eq!((gb.len, gb.letters, gb.digits), (22, 0b1111_0011, 0x3f_ff0c));
        // MD: nothing is said of the twenty characters of the account.
        let md = structure(*b"MD").unwrap();
        assert_eq!((md.len, md.letters, md.digits), (24, 0b11, 0b1100));
    }
}
