//! Bulgaria, Czechia, Hungary, Poland, Romania, Slovakia.

use super::digits::{
    Fault, Form, Verdict, checked, checked_as, digits, is_day, number, require, weigh,
};

/// Nine digits for legal entities: the sum with weights 1 to 8 modulo 11, or 3 to 10 where that is
/// 10. Ten digits for natural persons: a personal number, a foreigner's number, or another.
pub(super) fn bulgaria(body: &[u8]) -> Verdict {
    if body.len() == 10 {
        let d = digits::<10>(body)?;
        let holds =
            is_bulgarian_personal(&d) || is_bulgarian_foreigner(&d) || is_bulgarian_other(&d);
        return checked_as(Form::NaturalPerson, holds);
    }
    let d = digits::<9>(body)?;
    let check = match weigh(&d, &[1, 2, 3, 4, 5, 6, 7, 8]) % 11 {
        10 => weigh(&d, &[3, 4, 5, 6, 7, 8, 9, 10]) % 11 % 10,
        check => check,
    };
    checked(check == d[8])
}

/// EGN: the day of birth, the month plus 20 for the 1800s and plus 40 for the 2000s.
fn is_bulgarian_personal(d: &[u32; 10]) -> bool {
    let (year, month, day) = (d[0] * 10 + d[1], d[2] * 10 + d[3], d[4] * 10 + d[5]);
    let (century, month) = match month {
        21..=32 => (1800, month - 20),
        41..=52 => (2000, month - 40),
        _ => (1900, month),
    };
    is_day(century + year, month, day) && weigh(d, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == d[9]
}

fn is_bulgarian_foreigner(d: &[u32; 10]) -> bool {
    weigh(d, &[21, 19, 17, 13, 11, 9, 7, 3, 1]) % 10 == d[9]
}

fn is_bulgarian_other(d: &[u32; 10]) -> bool {
    (11 - weigh(d, &[4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11 == d[9]
}

/// Eight digits for legal entities, not beginning with 9. Nine that begin with 6 for persons without
/// a birth number. Otherwise the birth number: nine digits until 1953, ten with a check digit since.
pub(super) fn czechia(body: &[u8]) -> Verdict {
    match body.len() {
        8 => {
            let d = digits::<8>(body)?;
            require(d[0] != 9)?;
            let check = match 11 - weigh(&d, &[8, 7, 6, 5, 4, 3, 2]) % 11 {
                10 => 0,
                11 => 1,
                check => check,
            };
            checked(check == d[7])
        }
        9 if body.first() == Some(&b'6') => {
            let d = digits::<9>(body)?;
            let rest = weigh(&d[1..], &[8, 7, 6, 5, 4, 3, 2]) % 11;
            checked_as(Form::NaturalPerson, (rest + 8) % 10 == d[8])
        }
        9 => {
            let d = digits::<9>(body)?;
            let year = d[0] * 10 + d[1];
            // until 1953, and so far back as 1880
            let year = if year >= 80 { 1800 + year } else { 1900 + year };
            require(year <= 1953 && is_czech_birthday(year, &d))?;
            Ok(Form::NaturalPerson)
        }
        10 => {
            let d = digits::<10>(body)?;
            let year = d[0] * 10 + d[1];
            let year = if year < 54 { 2000 + year } else { 1900 + year };
            require(is_czech_birthday(year, &d))?;
            // a remainder of 10 is written 0; since 1985 such numbers should not be given, but are
            // not worth refusing a person for
            checked_as(Form::NaturalPerson, number(&d[..9]) % 11 % 10 == u64::from(d[9]))
        }
        _ => Err(Fault::Format),
    }
}

/// The month is raised by 50 for women, and by 20 where a day ran out of numbers.
fn is_czech_birthday(year: u32, d: &[u32]) -> bool {
    let [_, _, m0, m1, d0, d1, ..] = d else { return false };
    is_day(year, (m0 * 10 + m1) % 50 % 20, d0 * 10 + d1)
}

/// Eight digits; the weighed sum is a multiple of 10.
pub(super) fn hungary(body: &[u8]) -> Verdict {
    checked(weigh(&digits::<8>(body)?, &[9, 7, 3, 1, 9, 7, 3, 1]).is_multiple_of(10))
}

/// Ten digits, the NIP; the weighed sum modulo 11 is the last, and 10 is never given.
pub(super) fn poland(body: &[u8]) -> Verdict {
    let d = digits::<10>(body)?;
    checked(weigh(&d, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == d[9])
}

/// Two to ten digits, the first not 0: ten times the weighed sum, modulo 11 and 10. Or 13 digits, the
/// personal code: sex and century, the day of birth, county, order and a check digit.
pub(super) fn romania(body: &[u8]) -> Verdict {
    if body.len() == 13 {
        return romanian_personal(&digits::<13>(body)?);
    }
    require((2..=10).contains(&body.len()) && !body.starts_with(b"0"))?;
    let mut padded = [b'0'; 10];
    for (to, from) in padded.iter_mut().rev().zip(body.iter().rev()) {
        *to = *from;
    }
    let d = digits::<10>(&padded)?;
    checked(weigh(&d, &[7, 5, 3, 2, 1, 7, 5, 3, 2]) * 10 % 11 % 10 == d[9])
}

fn romanian_personal(d: &[u32; 13]) -> Verdict {
    let (year, month, day) = (d[1] * 10 + d[2], d[3] * 10 + d[4], d[5] * 10 + d[6]);
    let century = match d[0] {
        1 | 2 => 1900,
        3 | 4 => 1800,
        5 | 6 => 2000,
        // residents and foreigners: the century is not told
        7..=9 => 2000,
        _ => return Err(Fault::Format),
    };
    let is_birthday = is_day(century + year, month, day)
        || (d[0] >= 7 && is_day(century - 100 + year, month, day));
    require(is_birthday)?;
    let check = match weigh(d, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11 {
        10 => 1,
        check => check,
    };
    checked_as(Form::NaturalPerson, check == d[12])
}

/// Ten digits, a multiple of 11; the first is not 0 and the third is 2, 3, 4, 7, 8 or 9.
pub(super) fn slovakia(body: &[u8]) -> Verdict {
    let d = digits::<10>(body)?;
    require(d[0] != 0 && matches!(d[2], 2..=4 | 7..=9))?;
    checked(number(&d).is_multiple_of(11))
}
