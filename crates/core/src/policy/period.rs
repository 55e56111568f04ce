//! A length of time on the calendar, as the policy writes it.

use std::fmt;

/// A number of days, weeks, months or years, from 1 to 1,000 of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// Calendar days.
    Days(u32),
    /// Weeks of seven days.
    Weeks(u32),
    /// Months: to the same number in a later month, or that month's last day.
    Months(u32),
    /// Years.
    Years(u32),
}

impl Period {
    /// From `3 years`, `1 month`, `30 days`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (count, unit) = text.split_once(' ')?;
        let plain = count.bytes().all(|b| b.is_ascii_digit()) && !count.starts_with('0');
        let n = count.parse().ok().filter(|n| plain && (1..=1000).contains(n))?;
        match unit.strip_suffix('s').unwrap_or(unit) {
            _ if (n == 1) == unit.ends_with('s') => None,
            "day" => Some(Self::Days(n)),
            "week" => Some(Self::Weeks(n)),
            "month" => Some(Self::Months(n)),
            "year" => Some(Self::Years(n)),
            _ => None,
        }
    }

    /// The shortest and the longest number of days that the period can be.
    #[must_use]
    pub fn day_bounds(self) -> (u32, u32) {
        match self {
            Self::Days(n) => (n, n),
            Self::Weeks(n) => (n.saturating_mul(7), n.saturating_mul(7)),
            // Any twelve months are a year; the rest are at least 28 and at most 31 days each.
            Self::Months(n) => {
                let (years, rest) = (n / 12, n % 12);
                let (low, high) = Self::Years(years).day_bounds();
                (low.saturating_add(rest * 28), high.saturating_add(rest * 31))
            }
            Self::Years(n) => (n.saturating_mul(365), n.saturating_mul(366)),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, unit) = match *self {
            Self::Days(n) => (n, "day"),
            Self::Weeks(n) => (n, "week"),
            Self::Months(n) => (n, "month"),
            Self::Years(n) => (n, "year"),
        };
        write!(f, "{n} {unit}{}", if n == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_nothing_else() {
        for good in ["1 day", "30 days", "2 weeks", "1 month", "36 months", "1 year", "10 years"] {
            assert_eq!(Period::parse(good).unwrap().to_string(), good);
        }
        for bad in
            ["", "3", "years", "3  years", "1 years", "3 year", "0 days", "03 days", "+3 days"]
        {
            assert_eq!(Period::parse(bad), None, "{bad}");
        }
        assert_eq!(Period::parse("1001 years"), None);
        assert_eq!(Period::parse("3 dayss"), None);
        assert_eq!(Period::Months(14).day_bounds(), (365 + 56, 366 + 62));
    }
}
