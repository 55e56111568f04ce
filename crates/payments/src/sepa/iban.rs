//! Account numbers: IBAN by ISO 13616, and the little of one that this SDK keeps (S3).

use std::fmt;

use tacenda_core::error::{Code, Kind, Result};
use tacenda_core::guard;
use zeroize::Zeroizing;

/// An account number of a country that is not registered, or none at all.
pub static IBAN_COUNTRY: Code = Code::new(
    "payments.iban_country",
    Kind::Input,
    "an IBAN begins with the code of a registered country",
);
/// An account number whose length or characters are not those of its country.
pub static IBAN_STRUCTURE: Code = Code::new(
    "payments.iban_structure",
    Kind::Input,
    "the IBAN does not have the length and characters of its country",
);
/// An account number whose check digits are wrong.
pub static IBAN_CHECKSUM: Code =
    Code::new("payments.iban_checksum", Kind::Input, "the check digits of the IBAN are wrong");
/// A valid account number of a country outside SEPA.
pub static IBAN_NOT_SEPA: Code = Code::new(
    "payments.iban_not_sepa",
    Kind::Input,
    "the account lies outside SEPA, where no SEPA debit can reach it",
);
/// Stored parts of an account number that cannot be parts of one.
pub static IBAN_TAIL: Code = Code::new(
    "payments.iban_tail",
    Kind::Input,
    "the tail of an IBAN is a registered country and four letters or digits",
);

/// The most characters of an IBAN.
const LONGEST: usize = 34;

/// A valid account number. Overwritten when dropped, never printed.
///
/// # Properties
/// Its country is in the registry, its length and characters are its country's, its check digits are
/// 02 to 98 and right. National checks inside the account number are not made: they reject numbers
/// that are valid by the standard.
#[derive(Clone, PartialEq, Eq)]
pub struct Iban(Zeroizing<String>);

impl Iban {
    /// From what somebody typed: letters of either case, white space anywhere.
    ///
    /// # Errors
    /// [`IBAN_COUNTRY`], [`IBAN_STRUCTURE`] or [`IBAN_CHECKSUM`], in this order.
    ///
    /// # Law
    /// ISO 13616-1; structures as registered with SWIFT, release 101 (January 2026).
    pub fn parse(text: &str) -> Result<Self> {
        // Room for the longest, so that no copy stays behind in freed memory.
        let mut iban = Zeroizing::new(String::with_capacity(LONGEST));
        for c in text.chars().filter(|c| !c.is_whitespace()) {
            if iban.len() == LONGEST || !c.is_ascii_alphanumeric() {
                return IBAN_STRUCTURE.err();
            }
            iban.push(c.to_ascii_uppercase());
        }
        let country = iban.get(..2).unwrap_or_default();
        let structure = structure(country).ok_or_else(|| IBAN_COUNTRY.error())?;
        let check = iban.get(2..4).unwrap_or_default();
        let account = iban.get(4..).unwrap_or_default();
        if !check.bytes().all(|b| b.is_ascii_digit()) || !matches(account, structure) {
            return IBAN_STRUCTURE.err();
        }
        if guard::iban_checksum(&iban) { Ok(Self(iban)) } else { IBAN_CHECKSUM.err() }
    }

    /// The account number, compact and in upper case. For the payment provider and for sealing;
    /// under `iban = "provider"` it is kept nowhere.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The country's code, ISO 3166-1 alpha-2 (and XK).
    #[must_use]
    pub fn country(&self) -> &str {
        self.0.get(..2).unwrap_or_default()
    }

    /// The last four characters; letters in some countries.
    #[must_use]
    pub fn last_four(&self) -> &str {
        self.0.len().checked_sub(4).and_then(|at| self.0.get(at..)).unwrap_or_default()
    }

    /// Whether the account's country takes part in SEPA, as of 2026.
    #[must_use]
    pub fn is_sepa(&self) -> bool {
        SEPA.split(' ').any(|country| country == self.country())
    }

    /// Refuses an account that no SEPA debit can reach.
    ///
    /// # Errors
    /// [`IBAN_NOT_SEPA`].
    pub fn require_sepa(&self) -> Result<()> {
        if self.is_sepa() { Ok(()) } else { IBAN_NOT_SEPA.err() }
    }

    /// What is kept of it where the provider holds the account.
    #[must_use]
    pub fn tail(&self) -> IbanTail {
        IbanTail { country: bytes(self.country()), last_four: bytes(self.last_four()) }
    }
}

impl fmt::Debug for Iban {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Iban(..)")
    }
}

/// Country and last four characters of an account number: all that is kept of it (S3).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct IbanTail {
    country: [u8; 2],
    last_four: [u8; 4],
}

impl IbanTail {
    /// From its stored parts, in upper case.
    ///
    /// # Errors
    /// [`IBAN_TAIL`] for an unregistered country or anything but four letters and digits.
    pub fn parse(country: &str, last_four: &str) -> Result<Self> {
        let formed = last_four.len() == 4
            && last_four.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        if structure(country).is_none() || !formed {
            return IBAN_TAIL.err();
        }
        Ok(Self { country: bytes(country), last_four: bytes(last_four) })
    }

    /// The country's code.
    #[must_use]
    pub fn country(&self) -> &str {
        std::str::from_utf8(&self.country).unwrap_or_default()
    }

    /// The last four characters.
    #[must_use]
    pub fn last_four(&self) -> &str {
        std::str::from_utf8(&self.last_four).unwrap_or_default()
    }
}

impl fmt::Debug for IbanTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IbanTail(..)")
    }
}

/// The first bytes of a text that is long enough.
fn bytes<const N: usize>(text: &str) -> [u8; N] {
    text.as_bytes().first_chunk().copied().unwrap_or([b'0'; N])
}

fn structure(country: &str) -> Option<&'static str> {
    STRUCTURES.iter().find(|(code, _)| *code == country).map(|(_, structure)| *structure)
}

/// Whether an account number has a structure: counts with `n` for digits, `a` for upper-case letters
/// and `c` for both, and nothing left over.
fn matches(account: &str, structure: &str) -> bool {
    let mut rest = account.as_bytes();
    let mut count = 0usize;
    for kind in structure.bytes() {
        if kind.is_ascii_digit() {
            count = count * 10 + usize::from(kind - b'0');
            continue;
        }
        let Some((part, tail)) = rest.split_at_checked(std::mem::take(&mut count)) else {
            return false;
        };
        let fits = part.iter().all(|b| match kind {
            b'n' => b.is_ascii_digit(),
            b'a' => b.is_ascii_uppercase(),
            _ => b.is_ascii_digit() || b.is_ascii_uppercase(),
        });
        if !fits {
            return false;
        }
        rest = tail;
    }
    rest.is_empty()
}

/// What follows the country and the check digits, by country: facts of the SWIFT registry, release
/// 101; neighbouring parts of one kind are added up.
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

/// SEPA as of 2026 by the decisions of the European Payments Council: the Union, the EEA, and AD AL
/// CH GB GI MC MD ME MK RS SM VA. Territories of France and Finland use the codes FR and FI.
const SEPA: &str = "AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE \
    IS IT LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS SE SI SK SM VA";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_table_agrees_with_the_lengths_that_the_guard_knows() {
        assert_eq!(STRUCTURES.len(), 89);
        assert!(STRUCTURES.is_sorted_by(|a, b| a.0 < b.0));
        for (country, structure) in STRUCTURES {
            let length: usize = structure
                .split(|c: char| c.is_ascii_lowercase())
                .filter_map(|count| count.parse::<usize>().ok())
                .sum();
            assert_eq!(guard::iban_length(country), Some(length + 4), "{country}");
        }
        assert_eq!(SEPA.split(' ').count(), 42);
        assert!(SEPA.split(' ').all(|country| structure(country).is_some()));
    }

    #[test]
    fn reads_what_people_type() {
        let iban = Iban::parse(" pl61 1090 1014\u{a0}0000 0712 1981 2874\n").unwrap();
        assert_eq!(iban.expose(), "PL61109010140000071219812874");
        assert_eq!((iban.country(), iban.last_four()), ("PL", "2874"));
        assert!(iban.is_sepa() && iban.require_sepa().is_ok());
        assert_eq!(format!("{iban:?} {:?}", iban.tail()), "Iban(..) IbanTail(..)");
        assert_eq!(IbanTail::parse("PL", "2874").unwrap(), iban.tail());
        let malta = Iban::parse("MT84MALT011000012345MTLCAST001S").unwrap();
        assert_eq!(malta.tail().last_four(), "001S");
        let egypt = Iban::parse("EG380019000500000000263180002").unwrap();
        assert!(egypt.require_sepa().unwrap_err().is(&IBAN_NOT_SEPA));
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, code) in [
            ("", &IBAN_COUNTRY),
            ("QQ9312345678", &IBAN_COUNTRY),
            ("DZ580002100001113000000570", &IBAN_COUNTRY),
            ("4111111111111111", &IBAN_COUNTRY),
            ("PL6110901014000007121981287", &IBAN_STRUCTURE),
            ("PL611090101400000712198128744", &IBAN_STRUCTURE),
            ("PL61-1090-1014-0000-0712-1981-2874", &IBAN_STRUCTURE),
            ("NL5630030A17164300", &IBAN_STRUCTURE),
            ("GB2LABBY09012857201707", &IBAN_STRUCTURE),
            ("PL61109010140000071219812875", &IBAN_CHECKSUM),
            ("GB00HLFX11016111455365", &IBAN_CHECKSUM),
            ("GB01BARC20714583608387", &IBAN_CHECKSUM),
        ] {
            assert!(Iban::parse(text).unwrap_err().is(code), "{text}");
        }
        assert!(Iban::parse(&"PL61".repeat(100_000)).is_err());
        for (country, last_four) in [("PL", "287"), ("PL", "28745"), ("pl", "2874"), ("PL", "28a4")]
        {
            assert!(IbanTail::parse(country, last_four).unwrap_err().is(&IBAN_TAIL));
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,60}", letters in "[A-Z]{2}[0-9A-Z ]{0,40}") {
            let _ = (Iban::parse(&text), Iban::parse(&letters), IbanTail::parse(&text, &letters));
        }

        #[test]
        fn one_wrong_digit_is_found(place in 2usize..28, digit in 0u8..10) {
            let mut iban = b"PL61109010140000071219812874".to_vec();
            let changed = iban[place] != b'0' + digit;
            iban[place] = b'0' + digit;
            prop_assert_eq!(Iban::parse(std::str::from_utf8(&iban).unwrap()).is_err(), changed);
        }
    }
}
