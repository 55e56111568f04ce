//! The catalogue of statutory periods against the reference data that is not part of this
//! repository.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use tacenda_core::calendar::{EndRule, Period};
use tacenda_core::policy::catalogue::{
    self, Anchor, Confidence, Length, PeriodKind, Start, StatutoryPeriod,
};

fn rows() -> Vec<csv::StringRecord> {
    let root =
        std::env::var("TACENDA_SHARED").expect("TACENDA_SHARED is the folder of shared data");
    let path = PathBuf::from(root).join("data/reference/retention/retention_rules.csv");
    let mut reader = csv::Reader::from_path(&path).expect("the file");
    reader.records().map(|row| row.expect("a row")).collect()
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn every_row_of_the_reference_is_in_the_catalogue_and_says_the_same() {
    let rows = rows();
    assert_eq!(rows.len(), 62);
    let (mut seen, mut missing) = (BTreeSet::new(), Vec::new());
    for row in &rows {
        let key = format!("{}:{}", &row[0], &row[1]);
        let law = StatutoryPeriod::find(&key).expect(&key);
        assert_eq!(law.length, length(&row[2], &row[3]), "{key}");
        assert_eq!(law.kind.as_str(), &row[6], "{key}");
        let confidence = match law.confidence {
            Confidence::High => "H",
            Confidence::Medium => "M",
            Confidence::Low => "L",
        };
        assert_eq!(confidence, &row[7], "{key}");
        assert_eq!((law.start, law.end), rules(&row[4], law.kind), "{key}: {}", &row[4]);
        assert_eq!(law.anchor == Anchor::Unset, row[4].is_empty(), "{key}");
        // The provisions are written in our own way; their numbers must be the same.
        let cited = numbers(law.citation);
        for number in numbers(&row[5]) {
            if !cited.contains(&number) {
                missing.push(format!("{key}: {number} of {}", &row[5]));
            }
        }
        seen.insert(key);
    }
    assert!(missing.is_empty(), "{missing:#?}");
    let ours: BTreeSet<_> = catalogue::all().map(StatutoryPeriod::key).collect();
    assert_eq!(ours, seen);
}

fn length(count: &str, unit: &str) -> Length {
    let number: u32 = count.parse().expect("a number");
    match (number, unit) {
        (0, "") => Length::Unset,
        (0, _) => Length::UntilEvent,
        (n, "day") => Length::For(Period::Days(n)),
        (n, "week") => Length::For(Period::Weeks(n)),
        (n, "month") => Length::For(Period::Months(n)),
        (n, "year") => Length::For(Period::Years(n)),
        other => panic!("{other:?}"),
    }
}

/// From which day to which, read from the words of the reference.
fn rules(event: &str, kind: PeriodKind) -> (Start, EndRule) {
    let says = |words: &str| event.to_lowercase().contains(words);
    let start = if says("before due date") {
        Start::BeforeEvent
    } else if says("calendar year in which the financial year")
        || says("1 jan of the year after the financial year")
        || says("1 jan after the financial year")
        || says("1 jan of the following reporting period")
    {
        Start::EndOfCalendarYearOfFinancialYear
    } else if says("3rd year after claim due") {
        Start::Event
    } else if says("financial year") || says("end of reporting year") || event == "end of period" {
        Start::EndOfFinancialYear
    } else if says("31 dec")
        || says("1 jan of the year after")
        || says("end of calendar year")
        || says("end of the year")
        || event == "end of year"
        || event == "end of tax year"
    {
        Start::EndOfCalendarYear
    } else {
        Start::Event
    };
    let end = match kind {
        PeriodKind::Limitation if says("31 dec") => EndRule::EndOfCalendarYear,
        _ => EndRule::SameDay,
    };
    (start, end)
}

/// The numbers of a citation.
fn numbers(citation: &str) -> BTreeSet<&str> {
    citation.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()).collect()
}
