//! Points in time, and the port that tells them.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::error::{Code, Kind, Result};

/// Text that is not a point in time.
pub static BAD_TIMESTAMP: Code =
    Code::new("time.malformed", Kind::Input, "a point in time is written as RFC 3339 has it");

/// A point in time: whole microseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// 64 bits of microseconds reach past the year 290,000 either way; what chrono can show ends with
/// the year 262,142, and parsing accepts years 0 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest point in time there is.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest point in time there is.
    pub const MAX: Self = Self(i64::MAX);

    /// From microseconds since the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// From RFC 3339 text with any offset; digits past the microsecond are cut off.
    ///
    /// # Errors
    /// [`BAD_TIMESTAMP`] for anything else, a 30th of February included.
    pub fn parse_rfc3339(text: &str) -> Result<Self> {
        DateTime::parse_from_rfc3339(text)
            .map(|t| Self(t.timestamp_micros()))
            .map_err(|_| BAD_TIMESTAMP.error())
    }

    /// As chrono's type; `None` outside its years.
    #[must_use]
    pub const fn to_utc(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(self.0)
    }

    /// This point plus a span, stopping at the ends of time.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// This point minus a span, stopping at the ends of time.
    #[must_use]
    pub const fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_micros())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_utc() {
            Some(time) => f.write_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            None => write!(f, "{}us", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Timestamp {
    /// As its text.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An elapsed time in microseconds. Calendar periods (a month, a year) are another thing: see
/// [`crate::calendar`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span(i64);

impl Span {
    /// From whole microseconds.
    #[must_use]
    pub const fn micros(n: i64) -> Self {
        Self(n)
    }

    /// From whole seconds.
    #[must_use]
    pub const fn seconds(n: i64) -> Self {
        Self(n.saturating_mul(1_000_000))
    }

    /// From whole hours of 3,600 seconds.
    #[must_use]
    pub const fn hours(n: i64) -> Self {
        Self::seconds(n.saturating_mul(3_600))
    }

    /// From days of 24 hours.
    #[must_use]
    pub const fn days(n: i64) -> Self {
        Self::hours(n.saturating_mul(24))
    }

    /// In microseconds.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }
}

/// Tells the time. The facade's `SystemClock` is the only one that reads the system's.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// A clock that stands still; for tests, and for anything that must be repeated exactly.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_offsets_and_refuses_days_that_do_not_exist() {
        let t = Timestamp::parse_rfc3339("2024-03-31T03:30:00+02:00").unwrap();
        assert_eq!(t.to_string(), "2024-03-31T01:30:00Z");
        assert!(Timestamp::parse_rfc3339("2024-02-30T10:00:00Z").is_err());
        assert!(Timestamp::parse_rfc3339("2024-02-20").is_err());
        assert_eq!(t.plus(Span::days(1)).minus(Span::hours(24)), t);
        assert_eq!(Timestamp::MAX.plus(Span::days(1)), Timestamp::MAX);
    }
}
