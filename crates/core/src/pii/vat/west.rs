//! Austria, Belgium, France, Germany, Ireland, Luxembourg, the Netherlands.

use super::digits::{
    Fault, Form, Verdict, checked, checked_as, digits, is_mod_11_10, luhn, number, require, weigh,
};

/// `U` and eight digits; every other of the first seven is doubled as for Luhn, and with the last
/// and four more the sum is a multiple of 10.
pub(super) fn austria(body: &[u8]) -> Verdict {
    let Some((b'U', rest)) = body.split_first() else { return Err(Fault::Format) };
    let d = digits::<8>(rest)?;
    checked((luhn(&d[..7]) + d[7] + 4).is_multiple_of(10))
}

/// Ten digits, the enterprise number, beginning with 0 or (since 2023) with 1; the first eight and the
/// last two add up to a multiple of 97.
///
/// The register gives 97 less the rest, so 01 to 97. That 00, 98 and 99 pass too is what other
/// implementations do, and numbers made by them are about.
pub(super) fn belgium(body: &[u8]) -> Verdict {
    let d = digits::<10>(body)?;
    require(d[0] <= 1)?;
    checked((number(&d[..8]) + number(&d[8..])).is_multiple_of(97))
}

/// Nine digits under ISO 7064 MOD 11,10, the first not 0.
pub(super) fn germany(body: &[u8]) -> Verdict {
    let d = digits::<9>(body)?;
    require(d[0] != 0)?;
    checked(is_mod_11_10(&d))
}

/// A key of two characters and the SIREN. The SIREN passes Luhn, but for Monaco's (`000…`). A key of
/// digits is (12 + 3 (SIREN mod 97)) mod 97; keys with letters (never I or O) have a scheme modulo 11.
pub(super) fn france(body: &[u8]) -> Verdict {
    let Some((key, siren)) = body.split_first_chunk::<2>() else { return Err(Fault::Format) };
    let d = digits::<9>(siren)?;
    let siren = number(&d);
    require(siren != 0)?;
    let is_monaco = d[..3] == [0, 0, 0];
    if !is_monaco && !luhn(&d).is_multiple_of(10) {
        return Err(Fault::Checksum);
    }
    let key = [french_key_value(key[0])?, french_key_value(key[1])?];
    checked(match key {
        [0..=9, 0..=9] => key[0] * 10 + key[1] == (12 + 3 * (siren % 97)) % 97,
        _ => {
            // both branches number the keys with letters from zero
            let place = if key[0] < 10 {
                (key[0] * 24 + key[1]).checked_sub(10)
            } else {
                (key[0] * 34 + key[1]).checked_sub(100)
            };
            place.is_some_and(|place| (siren + 1 + place / 11) % 11 == place % 11)
        }
    })
}

/// Digits count as themselves, letters from 10 on, without I and O.
fn french_key_value(key: u8) -> Result<u64, Fault> {
    let value = match key {
        b'0'..=b'9' => key - b'0',
        b'A'..=b'H' => key - b'A' + 10,
        b'J'..=b'N' => key - b'J' + 18,
        b'P'..=b'Z' => key - b'P' + 23,
        _ => return Err(Fault::Format),
    };
    Ok(u64::from(value))
}

/// Seven digits, a check letter and since 2013 a second letter that is weighed too (W, in older
/// numbers of wives, weighs nothing); or before 1991 a letter or sign in the second place, which
/// goes with the digits moved round it.
pub(super) fn ireland(body: &[u8]) -> Verdict {
    let (main, second) = match *body {
        [_, _, _, _, _, _, _, _] => (body, 0),
        [ref main @ .., letter @ b'A'..=b'I'] if main.len() == 8 => {
            (main, u32::from(letter - b'A') + 1)
        }
        [ref main @ .., b'W'] if main.len() == 8 => (main, 0),
        _ => return Err(Fault::Format),
    };
    let Some((letter @ b'A'..=b'W', front)) = main.split_last() else {
        return Err(Fault::Format);
    };
    let sum = match *front {
        [first @ b'0'..=b'9', b'A'..=b'Z' | b'+' | b'*', ref rest @ ..] if body.len() == 8 => {
            let d = digits::<5>(rest)?;
            weigh(&d, &[7, 6, 5, 4, 3]) + 2 * u32::from(first - b'0')
        }
        _ => weigh(&digits::<7>(front)?, &[8, 7, 6, 5, 4, 3, 2]) + 9 * second,
    };
    // W stands for zero, A for one
    let expected = if *letter == b'W' { 0 } else { u32::from(letter - b'A') + 1 };
    let is_wife = body.len() == 9 && body.ends_with(b"W");
    checked_as(if is_wife { Form::NaturalPerson } else { Form::Any }, sum % 23 == expected)
}

/// Eight digits; the last two are the first six modulo 89.
pub(super) fn luxembourg(body: &[u8]) -> Verdict {
    let d = digits::<8>(body)?;
    checked(number(&d[..6]) % 89 == number(&d[6..]))
}

/// Nine digits, `B` and 01 to 99. Companies carry their RSIN, which passes the test by eleven; sole
/// traders since 2020 a number whose whole text, with `NL`, leaves 1 modulo 97 (as an IBAN does).
pub(super) fn netherlands(body: &[u8]) -> Verdict {
    let Some((front, [b'B', t0, t1])) = body.split_last_chunk::<3>() else {
        return Err(Fault::Format);
    };
    let d = digits::<9>(front)?;
    let tail = digits::<2>(&[*t0, *t1])?;
    require(tail != [0, 0] && d != [0; 9])?;
    let by_eleven = weigh(&d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == d[8];
    // N, L and B count 23, 21 and 11, two places each
    let text = (23 * 100 + 21) * 1_000_000_000 + number(&d);
    let text = (text % 97 * 100 + 11) * 100 + number(&tail);
    checked(by_eleven || text % 97 == 1)
}
