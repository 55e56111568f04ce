//! What the national check digits are made of.

use chrono::NaiveDate;

/// What a number that passed tells by its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Nobody can tell, or an organisation.
    Any,
    /// Only natural persons have this form.
    NaturalPerson,
}

/// Why a number did not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Format,
    Checksum,
}

pub(super) type Verdict = Result<Form, Fault>;

/// `Any` if the condition on the check digit holds.
pub(super) const fn checked(holds: bool) -> Verdict {
    checked_as(Form::Any, holds)
}

/// The form if the condition on the check digit holds.
pub(super) const fn checked_as(form: Form, holds: bool) -> Verdict {
    if holds { Ok(form) } else { Err(Fault::Checksum) }
}

/// A further condition on the form.
pub(super) const fn require(holds: bool) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(Fault::Format) }
}

/// Exactly `N` digits.
pub(super) fn digits<const N: usize>(body: &[u8]) -> Result<[u32; N], Fault> {
    let body: &[u8; N] = body.try_into().map_err(|_| Fault::Format)?;
    require(body.iter().all(u8::is_ascii_digit))?;
    Ok(body.map(|b| u32::from(b) - u32::from(b'0')))
}

/// The sum of each digit times its weight, over as many as there are of both.
pub(super) fn weigh(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// Digits read as one number.
pub(super) fn number(digits: &[u32]) -> u64 {
    digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(*digit))
}

/// The Luhn sum (ISO/IEC 7812-1 annex B) of digits with their check digit; valid if it ends in 0.
pub(super) fn luhn(digits: &[u32]) -> u32 {
    let double = |digit: u32| if digit < 5 { digit * 2 } else { digit * 2 - 9 };
    let weighted = digits.iter().rev().enumerate();
    weighted.map(|(i, digit)| if i % 2 == 0 { *digit } else { double(*digit) }).sum()
}

/// ISO/IEC 7064 MOD 11,10 over digits with their check digit.
pub(super) fn is_mod_11_10(digits: &[u32]) -> bool {
    let Some((check, payload)) = digits.split_last() else { return false };
    let product = payload.iter().fold(10, |product, digit| {
        let sum = (product + digit) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == *check
}

/// Whether year, month and day are a day of the calendar.
pub(super) fn is_day(year: u32, month: u32, day: u32) -> bool {
    i32::try_from(year).is_ok_and(|year| NaiveDate::from_ymd_opt(year, month, day).is_some())
}
