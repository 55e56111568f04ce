//! Croatia, Cyprus, Greece, Italy, Malta, Portugal, Slovenia, Spain.

use super::digits::{
    Fault, Form, Verdict, checked, checked_as, digits, is_mod_11_10, luhn, number, require, weigh,
};

/// Eleven digits, the OIB, under ISO 7064 MOD 11,10. Persons and companies have the same form.
pub(super) fn croatia(body: &[u8]) -> Verdict {
    checked(is_mod_11_10(&digits::<11>(body)?))
}

/// Eight digits that do not begin with 12, and a letter: digits in odd places are mapped, all are
/// added, and the sum modulo 26 is the letter.
pub(super) fn cyprus(body: &[u8]) -> Verdict {
    let Some((letter @ b'A'..=b'Z', front)) = body.split_last() else { return Err(Fault::Format) };
    let d = digits::<8>(front)?;
    require(d[..2] != [1, 2])?;
    let mapped = |digit: u32| match digit {
        0 => 1,
        1 => 0,
        2..=4 => digit * 2 + 1,
        _ => digit * 2 + 3,
    };
    let sum: u32 =
        d.iter().enumerate().map(|(i, d)| if i % 2 == 0 { mapped(*d) } else { *d }).sum();
    checked(sum % 26 == u32::from(letter - b'A'))
}

/// Nine digits; the powers of two weigh them, and the sum modulo 11 (10 counts 0) is the last.
pub(super) fn greece(body: &[u8]) -> Verdict {
    let d = digits::<9>(body)?;
    checked(weigh(&d, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == d[8])
}

/// Eleven digits under Luhn; the eighth to tenth name the tax office.
pub(super) fn italy(body: &[u8]) -> Verdict {
    let d = digits::<11>(body)?;
    let office = number(&d[7..10]);
    require(matches!(office, 1..=100 | 120 | 121 | 888 | 999) && number(&d[..7]) != 0)?;
    checked(luhn(&d).is_multiple_of(10))
}

/// Eight digits, the first not 0; the last two are 37 less the weighed sum modulo 37.
pub(super) fn malta(body: &[u8]) -> Verdict {
    let d = digits::<8>(body)?;
    require(d[0] != 0)?;
    let sum = u64::from(weigh(&d, &[3, 4, 6, 7, 8, 9]));
    checked(37 - sum % 37 == number(&d[6..]))
}

/// Nine digits, the first not 0; the last is 11 less the weighed sum modulo 11, where 10 and 11
/// count 0.
pub(super) fn portugal(body: &[u8]) -> Verdict {
    let d = digits::<9>(body)?;
    require(d[0] != 0)?;
    let check = 11 - weigh(&d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    checked(if check > 9 { d[8] == 0 } else { check == d[8] })
}

/// Eight digits, the first not 0; the last is 11 less the weighed sum modulo 11, where 10 counts 0
/// and 11 is never given.
pub(super) fn slovenia(body: &[u8]) -> Verdict {
    let d = digits::<8>(body)?;
    require(d[0] != 0)?;
    let check = 11 - weigh(&d, &[8, 7, 6, 5, 4, 3, 2]) % 11;
    checked(if check == 10 { d[7] == 0 } else { check == d[7] })
}

/// Nine characters. Persons: eight digits and a letter (DNI), X, Y or Z with seven digits and a
/// letter (NIE), K, L or M likewise; the letter is that of the number modulo 23. Others: a letter
/// for the kind, seven digits, and a check digit that may be written as a letter.
pub(super) fn spain(body: &[u8]) -> Verdict {
    let [first, middle @ .., last] = body else { return Err(Fault::Format) };
    let d = digits::<7>(middle)?;
    let lead = match first {
        b'0'..=b'9' => u64::from(first - b'0'),
        b'K' | b'L' | b'M' | b'X' => 0,
        b'Y' => 1,
        b'Z' => 2,
        b'A'..=b'H' | b'J' | b'N' | b'P'..=b'S' | b'U'..=b'W' => {
            return spanish_cif(&d, *first, *last);
        }
        _ => return Err(Fault::Format),
    };
    require(last.is_ascii_uppercase())?;
    let place = usize::try_from((lead * 10_000_000 + number(&d)) % 23).unwrap_or_default();
    let letter = b"TRWAGMYFPDXBNJZSQVHLCKE".get(place);
    checked_as(Form::NaturalPerson, letter == Some(last))
}

fn spanish_cif(d: &[u32; 7], kind: u8, last: u8) -> Verdict {
    let [d0, d1, d2, d3, d4, d5, d6] = *d;
    let check = (10 - luhn(&[d0, d1, d2, d3, d4, d5, d6, 0]) % 10) % 10;
    let written = match last {
        // public bodies, foreign entities, churches and the like only write it as a letter
        b'0'..=b'9' if !matches!(kind, b'N' | b'P' | b'Q' | b'R' | b'S' | b'W') => {
            u32::from(last - b'0')
        }
        b'J' => 0,
        b'A'..=b'I' => u32::from(last - b'A') + 1,
        _ => return Err(Fault::Format),
    };
    checked(written == check)
}
