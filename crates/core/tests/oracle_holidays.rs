//! Public holidays from 2000 to 2100 against the Python package `holidays` (MIT), release 0.109.
//!
//! `cargo xtask test --only holidays` makes an environment with the package and runs this.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use chrono::{Datelike, NaiveDate, Weekday};
use tacenda_core::calendar::{FIRST_YEAR, LAST_YEAR, Region, WorkingDays};

/// Prints a line `code date` for each holiday of each region that is named on the command line.
const SCRIPT: &str = "
import holidays, sys
years = range(int(sys.argv[1]), int(sys.argv[2]) + 1)
for code in sys.argv[3:]:
    if code == 'TARGET':
        days = holidays.financial_holidays('XECB', years=years)
    else:
        state, *parts = code.split('-')
        part = parts[-1].title() if len(parts) > 1 else parts[0] if parts else None
        days = holidays.country_holidays(state, subdiv=part, years=years)
    for day in days:
        print(code, day)
";

/// Why a day on which the two differ is as it is in our tables; `None` where nothing explains it.
fn reason(code: &str, day: NaiveDate, ours: bool) -> Option<&'static str> {
    let state = code.split('-').next().unwrap_or_default();
    let (year, month, number) = (day.year(), day.month(), day.day());
    match (state, ours) {
        ("HU" | "LV" | "BG", false) if year < 2018 => {
            Some("days decreed for one year are listed from 2018, when the GDPR began to apply")
        }
        ("ES", true) if year < 2008 => Some("the package knows Spain from 2008"),
        ("ES", true) if day.weekday() == Weekday::Sun => {
            Some("the package leaves out Spanish holidays on a Sunday")
        }
        ("FR", true) if month < 7 && (2005..=2007).contains(&year) => {
            Some("Whit Monday stayed a public holiday when it became the day of solidarity")
        }
        ("HR", true) if (year, month, number) == (2002, 1, 6) => {
            Some("a change of Acts, in which the package loses Epiphany for a year")
        }
        ("GR", false) if month == 5 && number < 5 && year > 2027 => {
            Some("whether 1 May moves is decided each year; the package foresees it")
        }
        ("IE", false) if (year, month, number) == (2011, 9, 14) => {
            Some("a day of mourning was no public holiday")
        }
        ("GB", false) if code == "GB-SCT" && year == 2006 => {
            Some("Saint Andrew's Day is a bank holiday by an Act of 2007")
        }
        _ => None,
    }
}

/// The years for which a region is compared.
fn years(code: &str) -> std::ops::RangeInclusive<i32> {
    match code {
        // What the communities choose each year is listed for these.
        _ if code.starts_with("ES-") => 2025..=2028,
        // The calendar that is in force was set for 2002 and on.
        "TARGET" => 2002..=LAST_YEAR,
        _ => FIRST_YEAR..=LAST_YEAR,
    }
}

#[test]
#[ignore = "needs TACENDA_HOLIDAYS_PYTHON"]
fn holidays_agree_with_the_python_package() {
    let python = std::env::var("TACENDA_HOLIDAYS_PYTHON")
        .expect("TACENDA_HOLIDAYS_PYTHON is a Python with the package `holidays`");
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT, &FIRST_YEAR.to_string(), &LAST_YEAR.to_string()]);
    let said = command.args(Region::all().map(Region::code)).output().expect("Python");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let mut theirs: BTreeMap<&str, BTreeSet<NaiveDate>> = BTreeMap::new();
    let said = String::from_utf8(said.stdout).expect("text");
    for line in said.lines() {
        let (code, day) = line.split_once(' ').expect("a line");
        theirs.entry(code).or_default().insert(day.parse().expect("a day"));
    }
    let (mut wrong, mut explained) = (Vec::new(), BTreeMap::new());
    for region in Region::all() {
        let working = WorkingDays::of(region);
        let theirs = theirs.get(region.code()).expect("the region");
        for year in years(region.code()) {
            let found: BTreeSet<_> =
                working.holidays(year).into_iter().map(|(day, _)| day).collect();
            let expected: BTreeSet<_> =
                theirs.iter().copied().filter(|day| day.year() == year).collect();
            for day in found.symmetric_difference(&expected) {
                let ours = found.contains(day);
                match reason(region.code(), *day, ours) {
                    Some(reason) => *explained.entry(reason).or_insert(0) += 1,
                    None => wrong.push((region, *day, if ours { "ours" } else { "theirs" })),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differences: {wrong:?}", wrong.len());
    assert_eq!(explained.len(), 8, "a reason that explains nothing is to be removed");
    println!("{explained:#?}");
}
