//! VAT identification numbers of the European Union: form and check digit.
//!
//! The forms are those of Art. 214-215 of Directive 2006/112/EC as VIES publishes them; the check
//! digits are the national ones, written from their published descriptions, one file per part of
//! Europe. A number that passes is well formed; whether it is registered only VIES knows.

mod digits;
mod east;
mod north;
mod scheme;
mod south;
mod west;

use std::fmt;

use zeroize::Zeroize;

use crate::error::{Code, Kind, Result};
use crate::pii::{Country, Sensitive};

use digits::{Fault, Form, Verdict};

/// No VAT number begins like this.
pub static VAT_PREFIX: Code = Code::new(
    "pii.vat_prefix",
    Kind::Input,
    "a VAT number begins with the prefix of a member state (Greece: EL), XI or EU",
);
/// The prefix is known and the rest has not its form.
pub static VAT_FORMAT: Code = Code::new(
    "pii.vat_format",
    Kind::Input,
    "the VAT number does not have the form that its prefix asks for",
);
/// The form is right and the check digit is not.
pub static VAT_CHECKSUM: Code = Code::new(
    "pii.vat_checksum",
    Kind::Input,
    "the check digit of the VAT number is wrong: a digit is mistyped",
);

/// The codes of this module.
pub static CODES: &[&Code] = &[&VAT_PREFIX, &VAT_FORMAT, &VAT_CHECKSUM];

/// A VAT identification number of the EU-27 (Greece as `EL`), of Northern Ireland (`XI`) or of the
/// one-stop shop for traders outside the Union (`EU`).
///
/// # Properties
/// - The normal form is the prefix and the number without separators, in upper case; the nine digits
///   of an old Belgian number get the leading zero that they have had since 2008. Separators are
///   white space, dots, hyphens and dashes, slashes, colons and brackets; a comma is none.
/// - The prefix decides the state: `GR`, `GB`, `IM` (the import scheme) and a number without prefix
///   are refused.
/// - `EU` numbers have no published check digit: only their form and the number of the member state
///   of identification are checked.
/// - Not guarded: many contain a run that passes the Luhn check.
///
/// ```
/// use tacenda_core::pii::VatNumber;
///
/// let vat = VatNumber::parse("PL 526-104-08-28")?;
/// assert_eq!(vat.normal(), "PL5261040828");
/// assert!(!vat.is_natural_person_form());
/// assert_eq!(VatNumber::parse("PL5261040829").unwrap_err().code(), "pii.vat_checksum");
/// # Ok::<(), tacenda_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct VatNumber {
    typed: Sensitive<String>,
    compact: Sensitive<Compact>,
    form: Form,
}

impl VatNumber {
    /// Reads a VAT number.
    ///
    /// # Errors
    /// [`VAT_PREFIX`], [`VAT_FORMAT`], [`VAT_CHECKSUM`].
    pub fn parse(text: &str) -> Result<Self> {
        let (compact, form) = read(text)?;
        let typed = super::normal::trim(text).to_owned();
        Ok(Self { typed: typed.into(), compact: compact.into(), form })
    }

    /// Checks a VAT number without keeping it; allocates nothing unless it is refused.
    ///
    /// # Errors
    /// As [`VatNumber::parse`].
    pub fn check(text: &str) -> Result<()> {
        let (mut compact, _) = read(text)?;
        compact.zeroize();
        Ok(())
    }

    /// What was typed, trimmed.
    #[must_use]
    pub fn as_typed(&self) -> &str {
        // EXPOSE: the typed value is this type's content; its caller answers for the use
        self.typed.expose()
    }

    /// The form that compares: prefix and number without separators, in upper case.
    #[must_use]
    pub fn normal(&self) -> &str {
        // EXPOSE: the normal form goes into blind indexes
        self.compact.expose().as_str()
    }

    /// The two letters in front, `EL` for Greece.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.normal().get(..2).unwrap_or_default()
    }

    /// The country: `GR` for the prefix `EL`, `GB` for `XI`, none for `EU`.
    #[must_use]
    pub fn country(&self) -> Option<Country> {
        match self.prefix().as_bytes() {
            b"EL" => Country::find(*b"GR"),
            b"XI" => Country::find(*b"GB"),
            [a, b] => Country::find([*a, *b]),
            _ => None,
        }
    }

    /// Whether the form is one that only natural persons have, and so embeds a national personal
    /// number or stands for one.
    ///
    /// True for Bulgaria (10 digits), Czechia (9 and 10 digits), Spain (DNI, NIE and the letters K,
    /// L, M), Ireland (second letter W), Latvia (first digit 0 to 3), Romania (13 digits) and Sweden
    /// (third digit 0 or 1: a birth month). False means only that the form does not tell: elsewhere
    /// sole traders and companies have the same form (Austria, Croatia, Italy, Poland, Portugal, …).
    ///
    /// # Law
    /// GDPR Art. 4(1) and 87: the number is then personal data, and a national identification
    /// number at that.
    #[must_use]
    pub const fn is_natural_person_form(&self) -> bool {
        matches!(self.form, Form::NaturalPerson)
    }
}

impl fmt::Debug for VatNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VatNumber(..)")
    }
}

/// Prefix and number in upper case without separators. The longest is Romania's of 15 characters.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Compact {
    bytes: [u8; Self::MAX],
    len: usize,
}

impl Compact {
    const MAX: usize = 16;

    /// Leaves out separators; none if there is another character, or more of them than fit.
    fn read(text: &str) -> Option<Self> {
        let mut compact = Self::default();
        for c in text.chars() {
            match c {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '+' | '*' => {
                    compact.push(u8::try_from(c).ok()?.to_ascii_uppercase())?;
                }
                _ if is_separator(c) => {}
                _ => return None,
            }
        }
        Some(compact)
    }

    fn push(&mut self, byte: u8) -> Option<()> {
        *self.bytes.get_mut(self.len)? = byte;
        self.len += 1;
        Some(())
    }

    fn split(&self) -> Option<(&[u8; 2], &[u8])> {
        self.bytes.get(..self.len)?.split_first_chunk()
    }

    fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.len).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl Zeroize for Compact {
    fn zeroize(&mut self) {
        self.bytes.zeroize();
        self.len.zeroize();
    }
}

const fn is_separator(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t'
            | '.'
            | '-'
            | '/'
            | ':'
            | '('
            | ')'
            | '\u{a0}'
            | '\u{2009}'
            | '\u{202f}'
            | '\u{2010}'..='\u{2015}'
    )
}

fn read(text: &str) -> Result<(Compact, Form)> {
    let mut compact = Compact::read(text).ok_or_else(|| VAT_FORMAT.error())?;
    let (prefix, body) = compact.split().ok_or_else(|| VAT_PREFIX.error())?;
    if prefix == b"BE" && body.len() == 9 {
        compact = with_leading_zero(body).ok_or_else(|| VAT_FORMAT.error())?;
    }
    let (prefix, body) = compact.split().ok_or_else(|| VAT_PREFIX.error())?;
    let check = rule(*prefix).ok_or_else(|| VAT_PREFIX.error())?;
    // No register numbers anybody zero, but zero passes most check digits. Luxembourg's is let
    // through, because the lists that others test with count it as valid.
    let is_zero = body.iter().all(|b| *b == b'0') && prefix != b"LU";
    let verdict = if is_zero { Err(Fault::Format) } else { check(body) };
    match verdict {
        Ok(form) => Ok((compact, form)),
        Err(Fault::Format) => VAT_FORMAT.err(),
        Err(Fault::Checksum) => VAT_CHECKSUM.err(),
    }
}

fn with_leading_zero(body: &[u8]) -> Option<Compact> {
    let mut compact = Compact::default();
    for byte in b"BE0".iter().chain(body) {
        compact.push(*byte)?;
    }
    Some(compact)
}

fn rule(prefix: [u8; 2]) -> Option<fn(&[u8]) -> Verdict> {
    Some(match &prefix {
        b"AT" => west::austria,
        b"BE" => west::belgium,
        b"BG" => east::bulgaria,
        b"CY" => south::cyprus,
        b"CZ" => east::czechia,
        b"DE" => west::germany,
        b"DK" => north::denmark,
        b"EE" => north::estonia,
        b"EL" => south::greece,
        b"ES" => south::spain,
        b"EU" => scheme::one_stop_shop,
        b"FI" => north::finland,
        b"FR" => west::france,
        b"HR" => south::croatia,
        b"HU" => east::hungary,
        b"IE" => west::ireland,
        b"IT" => south::italy,
        b"LT" => north::lithuania,
        b"LU" => west::luxembourg,
        b"LV" => north::latvia,
        b"MT" => south::malta,
        b"NL" => west::netherlands,
        b"PL" => east::poland,
        b"PT" => south::portugal,
        b"RO" => east::romania,
        b"SE" => north::sweden,
        b"SI" => south::slovenia,
        b"SK" => east::slovakia,
        b"XI" => scheme::northern_ireland,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
