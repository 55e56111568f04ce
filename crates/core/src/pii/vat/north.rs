//! Denmark, Estonia, Finland, Latvia, Lithuania, Sweden.

use super::digits::{
    Fault, Form, Verdict, checked, checked_as, digits, is_day, luhn, number, require, weigh,
};

/// Eight digits, the CVR number, the first not 0; the weighed sum is a multiple of 11.
pub(super) fn denmark(body: &[u8]) -> Verdict {
    let d = digits::<8>(body)?;
    require(d[0] != 0)?;
    checked(weigh(&d, &[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11))
}

/// Nine digits beginning with 10; the weighed sum is a multiple of 10.
pub(super) fn estonia(body: &[u8]) -> Verdict {
    let d = digits::<9>(body)?;
    require(d[..2] == [1, 0])?;
    checked(weigh(&d, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10))
}

/// Eight digits, the business id; the last is 11 less the weighed sum modulo 11.
pub(super) fn finland(body: &[u8]) -> Verdict {
    let d = digits::<8>(body)?;
    checked(weigh(&d, &[7, 9, 10, 5, 8, 4, 2, 1]).is_multiple_of(11))
}

/// Nine digits, or twelve for those registered for a time; the last but one is 1. The check digit is
/// the weighed sum modulo 11; where that is 10, the weights move on by two, and a second 10 is 0.
pub(super) fn lithuania(body: &[u8]) -> Verdict {
    match body.len() {
        9 => lithuanian_check(&digits::<9>(body)?),
        12 => lithuanian_check(&digits::<12>(body)?),
        _ => Err(Fault::Format),
    }
}

fn lithuanian_check(d: &[u32]) -> Verdict {
    let [front @ .., one, check] = d else { return Err(Fault::Format) };
    require(*one == 1)?;
    let remainder = |shift: u32| {
        let weights = (0u32..).map(|i| (i + shift) % 9 + 1);
        front.iter().chain([one]).zip(weights).map(|(digit, weight)| digit * weight).sum::<u32>()
            % 11
    };
    let expected = match remainder(0) {
        10 => remainder(2) % 10,
        other => other,
    };
    checked(expected == *check)
}

/// Eleven digits. Organisations begin with 4 to 9, and the weighed sum leaves 3 modulo 11. Natural
/// persons have their personal code: day, month, year and century of birth with a check digit, or
/// since 2017 a number from 32 to 39 that tells nothing.
pub(super) fn latvia(body: &[u8]) -> Verdict {
    let d = digits::<11>(body)?;
    if d[0] > 3 {
        return checked(weigh(&d, &[9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) % 11 == 3);
    }
    if d[0] == 3 && d[1] >= 2 {
        return Ok(Form::NaturalPerson);
    }
    let pair = |i: usize| d.get(i..i + 2).map_or(0, |pair| pair.iter().fold(0, |n, d| n * 10 + d));
    require(d[6] <= 2 && is_day(1800 + 100 * d[6] + pair(4), pair(2), pair(0)))?;
    let sum = weigh(&d, &[10, 5, 8, 4, 2, 1, 6, 3, 7, 9]);
    checked_as(Form::NaturalPerson, (sum + 1) % 11 % 10 == d[10])
}

/// Ten digits under Luhn and `01`: the organisation number or, with a third digit of 0 or 1 (it
/// begins the month of birth), a personal number.
pub(super) fn sweden(body: &[u8]) -> Verdict {
    let d = digits::<12>(body)?;
    require(d[10..] == [0, 1] && number(&d[..10]) != 0)?;
    let form = if d[2] < 2 { Form::NaturalPerson } else { Form::Any };
    checked_as(form, luhn(&d[..10]).is_multiple_of(10))
}
