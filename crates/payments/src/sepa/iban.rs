//! Account numbers: IBAN by ISO 13616, and the little of one that this SDK keeps (S3).

use std::fmt;

use tacenda_core::error::{Code, Kind, Result};
use tacenda_core::guard;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::national;
use super::registry;

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
/// 02 to 98 and right. National checks inside the account number are asked for apart
/// ([`Iban::national_check`]): they reject numbers that are valid by the standard. Nothing is
/// allocated.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Iban {
    characters: [u8; LONGEST],
    len: usize,
}

impl Iban {
    /// From what somebody typed: letters of either case, white space anywhere.
    ///
    /// # Errors
    /// [`IBAN_COUNTRY`], [`IBAN_STRUCTURE`] or [`IBAN_CHECKSUM`], in this order.
    ///
    /// # Law
    /// ISO 13616-1; structures as registered with SWIFT, release 101 (January 2026).
    pub fn parse(text: &str) -> Result<Self> {
        let mut iban = Self { characters: [0; LONGEST], len: 0 };
        // Where digits and where letters stand.
        let (mut digits, mut letters) = (0u64, 0u64);
        for c in text.chars() {
            let (byte, place) = match u8::try_from(c) {
                Ok(digit @ b'0'..=b'9') => (digit, &mut digits),
                Ok(letter @ (b'A'..=b'Z' | b'a'..=b'z')) => (letter, &mut letters),
                _ if c.is_whitespace() => continue,
                _ => return IBAN_STRUCTURE.err(),
            };
            let to = iban.characters.get_mut(iban.len).ok_or_else(|| IBAN_STRUCTURE.error())?;
            *to = byte.to_ascii_uppercase();
            *place |= 1 << iban.len;
            iban.len += 1;
        }
        let [first, second, ..] = iban.characters;
        let structure = guard::iban_structure([first, second]);
        if !structure.ok_or_else(|| IBAN_COUNTRY.error())?.admits(iban.len, digits, letters) {
            return IBAN_STRUCTURE.err();
        }
        if guard::iban_checksum(iban.expose()) { Ok(iban) } else { IBAN_CHECKSUM.err() }
    }

    /// The account number, compact and in upper case. For the payment provider and for sealing;
    /// under `iban = "provider"` it is kept nowhere.
    #[must_use]
    pub fn expose(&self) -> &str {
        let characters = self.characters.get(..self.len).unwrap_or_default();
        std::str::from_utf8(characters).unwrap_or_default()
    }

    /// The country's code, ISO 3166-1 alpha-2 (and XK).
    #[must_use]
    pub fn country(&self) -> &str {
        self.expose().get(..2).unwrap_or_default()
    }

    /// The last four characters; letters in some countries.
    #[must_use]
    pub fn last_four(&self) -> &str {
        self.len.checked_sub(4).and_then(|at| self.expose().get(at..)).unwrap_or_default()
    }

    /// Whether the account's country takes part in SEPA, as of 2026.
    #[must_use]
    pub fn is_sepa(&self) -> bool {
        registry::is_sepa(self.country())
    }

    /// Whether the check digits that the country's own banks put into the account number are right;
    /// none where the country has none, or none that is certain.
    ///
    /// A number that fails is valid by the standard all the same: ask the person to look again, do not
    /// refuse it.
    #[must_use]
    pub fn national_check(&self) -> Option<bool> {
        national::check(self.country(), self.expose().get(4..).unwrap_or_default())
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
        let known = guard::iban_length(country).is_some();
        if !known || !formed {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
