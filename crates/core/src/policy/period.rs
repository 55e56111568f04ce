//! Periods as the policy may write them.

pub use crate::calendar::Period;

/// A period of 1 to 1,000 units; `None` for any other text.
pub(super) fn parse(text: &str) -> Option<Period> {
    let period = Period::parse(text).ok()?;
    let (Period::Days(n) | Period::Weeks(n) | Period::Months(n) | Period::Years(n)) = period;
    (1..=1000).contains(&n).then_some(period)
}

/// The shortest and the longest number of days that a period can be.
pub(super) fn day_bounds(period: Period) -> (u32, u32) {
    match period {
        Period::Days(n) => (n, n),
        Period::Weeks(n) => (n.saturating_mul(7), n.saturating_mul(7)),
        // Any twelve months are a year; the rest are at least 28 and at most 31 days each.
        Period::Months(n) => {
            let (years, rest) = (n / 12, n % 12);
            let (low, high) = day_bounds(Period::Years(years));
            (low.saturating_add(rest * 28), high.saturating_add(rest * 31))
        }
        Period::Years(n) => (n.saturating_mul(365), n.saturating_mul(366)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_one_to_a_thousand_units() {
        for good in ["1 day", "30 days", "2 weeks", "1 month", "36 months", "1000 years"] {
            assert_eq!(parse(good).unwrap().to_string(), good);
        }
        for bad in ["", "0 days", "1001 years", "3", "03 days", "3 year"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(day_bounds(Period::Months(14)), (365 + 56, 366 + 62));
    }
}
