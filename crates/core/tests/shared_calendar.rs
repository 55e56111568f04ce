//! Holidays, deadlines and statutory periods against the reference data that is not part of this
//! repository.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::{Datelike, NaiveDate, Weekday};
use chrono_tz::Tz;
use tacenda_core::calendar::{
    AnswerDeadline, DayKind, HoursDeadline, Region, Term, TimeZoneRules, WorkingDays,
};
use tacenda_core::{Timestamp, clock::Span};

fn rows(path: &str) -> Vec<csv::StringRecord> {
    let root =
        std::env::var("TACENDA_SHARED").expect("TACENDA_SHARED is the folder of shared data");
    let path = PathBuf::from(root).join("data/reference").join(path);
    let mut reader = csv::Reader::from_path(&path).expect("the file");
    reader.records().map(|row| row.expect("a row")).collect()
}

fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

/// The code of a region as the reference names it.
fn code(country: &str, part: &str) -> String {
    match (country, part) {
        ("TARGET", _) => "TARGET".to_owned(),
        (_, "Augsburg") => "DE-BY-AUGSBURG".to_owned(),
        (_, "Barcelona") => "ES-CT-BARCELONA".to_owned(),
        (_, "") => country.to_owned(),
        _ => format!("{country}-{part}"),
    }
}

fn of(code: &str) -> WorkingDays {
    WorkingDays::of(Region::parse(code).expect("a region"))
}

/// Days on which our tables and the reference differ, each with the reason.
fn reason(code: &str, day: NaiveDate, ours: bool) -> Option<&'static str> {
    match (code.split('-').next(), ours) {
        (Some("ES"), true) if day.weekday() == Weekday::Sun => Some(
            "the reference leaves out Spanish holidays that fall on a Sunday; no working day is \
             concerned",
        ),
        _ => None,
    }
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn holidays_agree_with_the_reference() {
    let rows = rows("holidays/public_holidays.csv");
    assert_eq!(rows.len(), 3781);
    // The reference lists for a part of a state only what the state as a whole does not keep.
    let mut theirs: BTreeMap<(String, String), BTreeSet<NaiveDate>> = BTreeMap::new();
    for row in &rows {
        let day = date(&row[2]);
        assert_eq!(day.weekday().to_string(), row[3], "{row:?}");
        theirs.entry((row[0].to_owned(), row[1].to_owned())).or_default().insert(day);
    }
    let (mut wrong, mut explained) = (Vec::new(), BTreeMap::new());
    for ((country, part), own) in &theirs {
        let code = code(country, part);
        let working = of(&code);
        let state = theirs.get(&(country.clone(), String::new())).expect("the state");
        let years: BTreeSet<i32> = own.iter().map(Datelike::year).collect();
        for year in years {
            let expected = own.union(state).copied().filter(|day| day.year() == year);
            let expected: BTreeSet<_> = expected.collect();
            let found = working.holidays(year).into_iter().map(|(day, _)| day);
            let found: BTreeSet<_> = found.collect();
            for day in expected.symmetric_difference(&found) {
                let ours = found.contains(day);
                match reason(&code, *day, ours) {
                    Some(reason) => *explained.entry(reason).or_insert(0) += 1,
                    None => wrong.push((code.clone(), *day, if ours { "ours" } else { "theirs" })),
                }
            }
            for day in &expected {
                assert!(working.is_public_holiday(*day) && !working.is_working_day(*day));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differences: {wrong:?}", wrong.len());
    assert_eq!(explained.len(), 1, "a reason that explains nothing is to be removed");
    println!("{explained:#?}");
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn answers_to_requests_are_due_when_the_reference_says() {
    let rows = rows("deadlines/dsar_deadlines.csv");
    let (mut derived, mut guidelines) = (0, 0);
    for row in &rows {
        let term = match &row[3] {
            "1 month" => Term::OneMonth,
            "3 months" => Term::Extended,
            other => panic!("{other}"),
        };
        let found = AnswerDeadline::of(date(&row[2]), term, &[], &of(&row[1])).expect("a deadline");
        let (nominal, last) = (found.due.nominal(), found.due.last_day());
        assert_eq!((nominal, last), (date(&row[4]), date(&row[6])), "{row:?}");
        assert_eq!(nominal.weekday().to_string(), row[5]);
        assert_eq!(last.weekday().to_string(), row[7]);
        assert_eq!(found.due, found.unpaused);
        if row[8].starts_with("derived") {
            derived += 1;
        } else {
            // Examples of EDPB Guidelines 01/2022: 5 March and 31 August.
            assert!(row[8].starts_with("EDPB"), "{row:?}");
            guidelines += 1;
        }
    }
    assert_eq!((derived, guidelines), (44, 3));
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn seventy_two_hours_end_when_the_reference_says() {
    let at = |text: &str| {
        // The reference writes no seconds.
        let (local, offset) = text.split_at(16);
        Timestamp::parse_rfc3339(&format!("{local}:00{offset}")).expect("a time")
    };
    let (mut derived, mut worked) = (0, 0);
    for row in &rows("deadlines/breach_72h.csv") {
        let tz: Tz = row[2].parse().expect("a zone");
        let zone = TimeZoneRules::new(tz.name(), tz);
        let found = HoursDeadline::of(at(&row[3]), 72, &zone, &of(&row[1]));
        assert_eq!(found.strict, at(&row[4]), "{row:?}");
        assert_eq!(found.hour_rule, at(&row[6]), "{row:?}");
        let local = found.strict.to_utc().expect("a time").with_timezone(&tz);
        assert_eq!(local.weekday().to_string(), row[5], "{row:?}");
        assert_eq!(found.strict, at(&row[3]).plus(Span::hours(72)));
        let minority = row[7].get(..10).map(date);
        assert_eq!(found.two_working_days, minority, "{row:?}");
        if &row[8] == "derived" {
            derived += 1;
        } else {
            assert!(row[8].starts_with("mkm.legal"), "{row:?}");
            worked += 1;
        }
    }
    assert_eq!((derived, worked), (12, 2));
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn a_weekday_that_the_reference_calls_a_holiday_has_a_law() {
    for row in &rows("holidays/public_holidays.csv") {
        let kind = of(&code(&row[0], &row[1])).kind(date(&row[2]));
        let is_weekend = matches!(&row[3], "Sat" | "Sun");
        assert_eq!(matches!(kind, DayKind::Holiday(_)), !is_weekend, "{row:?} {kind:?}");
    }
}
