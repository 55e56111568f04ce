//! The date of Easter Sunday, in the Western churches and in the Orthodox ones.

use chrono::{Days, NaiveDate};

/// Easter Sunday by the Gregorian reckoning; `None` outside the years 1 to 9999.
///
/// # Source
/// The "anonymous" algorithm that Meeus gives in *Astronomical Algorithms*, chapter 8.
pub fn western_easter(year: i32) -> Option<NaiveDate> {
    if !(1..=9999).contains(&year) {
        return None;
    }
    let golden = year % 19;
    let (century, in_century) = (year / 100, year % 100);
    let leap_correction = (century + 8) / 25;
    let lunar_correction = (century - leap_correction + 1) / 3;
    let epact = (19 * golden + century - century / 4 - lunar_correction + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (in_century / 4) - epact - in_century % 4) % 7;
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    from_march(year, epact + weekday - 7 * late + 114)
}

/// Easter Sunday by the Julian reckoning, as a date of the Gregorian calendar; `None` outside the
/// years 1600 to 9999.
///
/// # Source
/// Meeus, chapter 8, for the Julian date; the two calendars drift apart by a day in each century
/// year that is not divisible by 400 (13 days in 2000, 14 in 2100).
pub(super) fn orthodox(year: i32) -> Option<NaiveDate> {
    if !(1600..=9999).contains(&year) {
        return None;
    }
    let moon = (19 * (year % 19) + 15) % 30;
    let weekday = (2 * (year % 4) + 4 * (year % 7) - moon + 34) % 7;
    let drift = year / 100 - year / 400 - 2;
    from_march(year, moon + weekday + 114)?.checked_add_days(Days::new(u64::try_from(drift).ok()?))
}

/// The day that both algorithms write as 31 times its month plus its day less one.
fn from_march(year: i32, sum: i32) -> Option<NaiveDate> {
    let month = u32::try_from(sum / 31).ok()?;
    let day = u32::try_from(sum % 31 + 1).ok()?;
    NaiveDate::from_ymd_opt(year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Datelike, Weekday};

    #[test]
    fn both_fall_where_almanacs_say() {
        for (year, west, east) in [
            (1818, "1818-03-22", "1818-04-26"),
            (1961, "1961-04-02", "1961-04-09"),
            (2000, "2000-04-23", "2000-04-30"),
            (2008, "2008-03-23", "2008-04-27"),
            (2016, "2016-03-27", "2016-05-01"),
            (2024, "2024-03-31", "2024-05-05"),
            (2025, "2025-04-20", "2025-04-20"),
            (2038, "2038-04-25", "2038-04-25"),
            (2049, "2049-04-18", "2049-04-25"),
            (2100, "2100-03-28", "2100-05-02"),
        ] {
            assert_eq!(western_easter(year), Some(west.parse().unwrap()));
            assert_eq!(orthodox(year), Some(east.parse().unwrap()));
        }
    }

    #[test]
    fn always_a_sunday_in_spring_and_the_orthodox_never_first() {
        for year in 1600..=9999 {
            let (west, east) = (western_easter(year).unwrap(), orthodox(year).unwrap());
            assert_eq!((west.weekday(), east.weekday()), (Weekday::Sun, Weekday::Sun));
            assert!((80..=116).contains(&west.ordinal()), "{west}");
            assert!(east >= west, "{year}");
        }
        for year in [i32::MIN, -1, 0, 10_000, i32::MAX] {
            assert_eq!((western_easter(year), orthodox(year)), (None, None));
        }
    }
}
