//! Prefixes that are no member state: Northern Ireland and the one-stop shop.

use super::digits::{Fault, Verdict, checked, digits, number, require, weigh};

/// The numeric codes of the member states (ISO 3166-1), in the order of their alpha-2 codes.
const MEMBER_STATES: [u32; 27] = [
    40, 56, 100, 196, 203, 276, 208, 233, 724, 246, 250, 300, 191, 348, 372, 380, 440, 442, 428,
    470, 528, 616, 620, 642, 752, 705, 703,
];

/// As in Great Britain: nine digits, twelve with a branch, `GD` and 000 to 499 for the government,
/// `HA` and 500 to 999 for health authorities.
///
/// The weighed sum with the last two digits is a multiple of 97; or, in the series since 2010, which
/// begins at 100 and takes 55 off the check digits, 42 above one.
pub(super) fn northern_ireland(body: &[u8]) -> Verdict {
    match body {
        [b'G', b'D', rest @ ..] => {
            require(digits::<3>(rest)?[0] < 5)?;
            checked(true)
        }
        [b'H', b'A', rest @ ..] => {
            require(digits::<3>(rest)?[0] >= 5)?;
            checked(true)
        }
        _ => {
            let (d, _branch) = match body.split_last_chunk::<3>() {
                Some((front, branch)) if body.len() == 12 => {
                    (digits::<9>(front)?, Some(digits::<3>(branch)?))
                }
                _ => (digits::<9>(body)?, None),
            };
            require(number(&d[..7]) != 0)?;
            let rest = weigh(&d, &[8, 7, 6, 5, 4, 3, 2, 10, 1]) % 97;
            checked(rest == 0 || (rest == 42 && d[0] != 0))
        }
    }
}

/// Non-Union scheme: the numeric code of the member state of identification and six digits. The
/// algorithm of the last digit is not public, so that it is not checked.
///
/// # Law
/// Directive 2006/112/EC Art. 358a-369, Implementing Regulation (EU) 2020/194 Art. 2.
pub(super) fn one_stop_shop(body: &[u8]) -> Verdict {
    let d = digits::<9>(body)?;
    if MEMBER_STATES.contains(&(d[0] * 100 + d[1] * 10 + d[2])) {
        checked(true)
    } else {
        Err(Fault::Format)
    }
}
