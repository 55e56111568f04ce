//! The forms that texts of the policy have: countries, addresses, zones, origins, shares.

use chrono::NaiveDate;

use crate::calendar::MonthDay;
use crate::clock::Span;
use crate::pii::category::is_category;
use crate::pii::{Country, Email};
use crate::policy::codes::BAD_VALUE;
use crate::policy::reader::Reader;

pub(super) const TIME_ZONE: &str = "an IANA name, as in `Europe/Paris`";
pub(super) const MONTH_DAY: &str = "month and day, as in `12-31`";
pub(super) const DAY: &str = "a day, as in `2018-05-25`";
pub(super) const LANGUAGE: &str = "a BCP 47 tag, as in `pl` or `pt-BR`";
pub(super) const COUNTRY: &str = "two capital letters of ISO 3166-1, as in `FR`";
pub(super) const JURISDICTION: &str = "a country as in `FR`, or `EU`";
pub(super) const EMAIL: &str = "an e-mail address, as in `dpo@example.org`";
pub(super) const ORIGIN: &str =
    "a URL without scheme, white space, `+` or slash at the end, as in `example.org/log`";
pub(super) const SHARE: &str = "a share from `0.1 %` to `100 %`, with at most one decimal";
pub(super) const SPAN: &str = "1 to 1000 minutes, hours or days of 24 hours, as in `48 hours`";
pub(super) const CREDITOR: &str = "a SEPA creditor identifier, as in `FR72ZZZ123456`";
pub(super) const CATEGORY: &str = "a fideslang data category, as in `user.contact.email`";

/// Reports a value that is not allowed.
pub(super) fn refuse(r: &mut Reader<'_>, path: &str, what: &str, form: &str) {
    r.add(&BAD_VALUE, path, format!("{what} is not allowed here"), form.into());
}

/// A time zone's name by its form; whether there is such a zone, the `Zone` port knows.
pub(super) fn time_zone(text: &str) -> Option<String> {
    let part = |part: &str| {
        part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b))
            && (1..=32).contains(&part.len())
    };
    let good = text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.split('/').all(part)
        && text.split('/').count() <= 3
        && (text.contains('/') || text == "UTC");
    good.then(|| text.to_owned())
}

/// A day of the year; 29 February stands for the last day of February.
pub(super) fn month_day(text: &str) -> Option<MonthDay> {
    MonthDay::parse(text).ok()
}

/// A calendar day in the form of ISO 8601.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (day.to_string() == text).then_some(day)
}

/// A language tag: language, then script or region or both (RFC 5646).
pub(super) fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts.next().is_some_and(|part| {
        (2..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase())
    });
    let rest: Vec<&str> = parts.collect();
    let is_script = |part: &str| {
        part.len() == 4
            && part.bytes().next().is_some_and(|b| b.is_ascii_uppercase())
            && part.bytes().skip(1).all(|b| b.is_ascii_lowercase())
    };
    language
        && match rest.as_slice() {
            [] => true,
            [one] => is_script(one) || is_region(one),
            [script, region] => is_script(script) && is_region(region),
            _ => false,
        }
}

fn is_region(part: &str) -> bool {
    part.len() == 2 && part.bytes().all(|b| b.is_ascii_uppercase())
        || part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit())
}

/// A country's code, in capital letters.
pub(super) fn country(text: &str) -> Option<String> {
    Country::parse(text).ok().filter(|country| country.as_str() == text).map(|_| text.to_owned())
}

/// Whose law it is: a country's, or the Union's.
pub(super) fn jurisdiction(text: &str) -> Option<String> {
    if text == "EU" { Some(text.to_owned()) } else { country(text) }
}

/// An address of the controller, a party or the data protection officer.
pub(super) fn email(text: &str) -> Option<String> {
    Email::parse(text).ok().filter(|email| email.as_typed() == text).map(|_| text.to_owned())
}

/// The origin of the log's checkpoints, which is also the name of its key: the note format knows
/// neither white space nor `+` in it, and epochs add `/2`, `/3` at the end.
pub(super) fn origin(text: &str) -> Option<String> {
    let good = (1..=200).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b'+')
        && !text.contains("://")
        && !text.starts_with('/')
        && !text.ends_with('/');
    good.then(|| text.to_owned())
}

/// `40 %` or `0.5 %` in parts per thousand.
pub(super) fn share(text: &str) -> Option<u16> {
    let number = text.strip_suffix('%')?;
    let number = number.strip_suffix(' ').unwrap_or(number);
    let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str, max| {
        (1..=max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    let good = digits(whole, 3) && digits(tenth, 1);
    let share = good.then_some(whole.parse::<u16>().ok()? * 10 + tenth.parse::<u16>().ok()?)?;
    (1..=1000).contains(&share).then_some(share)
}

/// An elapsed time.
pub(super) fn span(text: &str) -> Option<Span> {
    let (count, unit) = text.split_once(' ')?;
    let digits = count.bytes().all(|b| b.is_ascii_digit()) && !count.starts_with('0');
    let n = count.parse().ok().filter(|n: &i64| digits && (1..=1000).contains(n))?;
    match unit {
        "minutes" => Some(Span::seconds(n * 60)),
        "hours" => Some(Span::hours(n)),
        "days" => Some(Span::days(n)),
        _ => None,
    }
}

/// A SEPA creditor identifier by its form; its check digits are the payments crate's.
///
/// # Law
/// EPC262-08: country, two check digits, three characters of business code, national identifier.
pub(super) fn creditor(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let (head, tail) = bytes.split_at_checked(4)?;
    let good = (8..=35).contains(&bytes.len())
        && head.iter().take(2).all(u8::is_ascii_uppercase)
        && head.iter().skip(2).all(u8::is_ascii_digit)
        && tail.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    good.then(|| text.to_owned())
}

/// A data category that fideslang or the SDK has, or one of the author's own under `custom.`.
pub(super) fn category(text: &str) -> Option<String> {
    is_category(text).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_year_exist() {
        assert_eq!(month_day("12-31"), MonthDay::new(12, 31).ok());
        assert_eq!(month_day("02-29"), MonthDay::new(2, 29).ok());
        for bad in ["02-30", "04-31", "13-01", "00-10", "01-00", "1-1", "12/31", "+1-+1", ""] {
            assert_eq!(month_day(bad), None, "{bad}");
        }
    }

    #[test]
    fn days_are_written_in_one_way() {
        assert_eq!(day("2018-05-25"), NaiveDate::from_ymd_opt(2018, 5, 25));
        for bad in ["", "2018-5-25", "2018-02-30", " 2018-05-25", "+2018-05-25", "25.05.2018"] {
            assert_eq!(day(bad), None, "{bad}");
        }
    }

    #[test]
    fn zones_have_the_form_of_the_database() {
        for good in ["Europe/Paris", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+1"] {
            assert!(time_zone(good).is_some(), "{good}");
        }
        for bad in ["", " ", "Paris", "europe/paris", "Europe/", "/Paris", "Europe/Paris ", "../x"]
        {
            assert_eq!(time_zone(bad), None, "{bad}");
        }
    }

    #[test]
    fn origins_are_key_names() {
        for good in ["example.org/log", "glpi-network.cloud/tacenda"] {
            assert!(origin(good).is_some(), "{good}");
        }
        for bad in ["", "https://example.org", "a b", "a+b", "a/", "/a", "a\u{a0}b", "é"] {
            assert_eq!(origin(bad), None, "{bad}");
        }
    }

    #[test]
    fn shares_are_parts_of_a_thousand() {
        assert_eq!(share("40 %"), Some(400));
        assert_eq!(share("0.1%"), Some(1));
        assert_eq!(share("100 %"), Some(1000));
        for bad in ["0 %", "0.0 %", "100.1 %", "40", "40.55 %", "-4 %", "1e1 %", ".5 %", "99999 %"]
        {
            assert_eq!(share(bad), None, "{bad}");
        }
    }

    #[test]
    fn other_forms() {
        assert_eq!(span("48 hours"), Some(Span::days(2)));
        assert_eq!(span("0 hours").or(span("2 weeks")).or(span("hours")), None);
        assert!(["pl", "pt-BR", "zh-Hant-TW", "es-419"].into_iter().all(is_language));
        assert!(!["", "PL", "pl-pl", "polish", "pl_PL", "-"].into_iter().any(is_language));
        assert!(creditor("FR72ZZZ123456").is_some());
        assert!(creditor("FR72").or(creditor("fr72ZZZ123456")).is_none());
        assert!(email("dpo@example.org").is_some());
        for bad in ["", "a", "a@b", "@b.c", "a@b@c.d", "a b@c.d", "<a@c.d>", "a@c.", "a\n@c.d"] {
            assert_eq!(email(bad), None, "{bad}");
        }
        assert!(country("FR").and(jurisdiction("FR")).and(jurisdiction("EU")).is_some());
        assert!(country("UK").or(country("fr")).or(country("EU")).or(country(" FR")).is_none());
        assert!(category("user.contact.email").and(category("custom.shoe_size")).is_some());
        assert!(category("User").or(category("user..name")).or(category("")).is_none());
    }
}
