//! The due dates of requests against the reference: the files of the shared folder.
#![expect(clippy::expect_used, reason = "helpers of tests fail loudly")]

use std::path::PathBuf;

use chrono::NaiveDate;
use chrono_tz::Tz;
use tacenda_core::calendar::{Region, TimeZoneRules, WorkingDays};
use tacenda_core::{ActorId, Timestamp};
use tacenda_gdpr::requests::{
    Calendar, Channel, Extension, Intake, Note, Request, RequestId, Requester, Right, Scope, Stamp,
};

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// A zone of the country; what matters is that the day of receipt is that of its walls.
fn zone(region: &str) -> Tz {
    match region.get(..2) {
        Some("PL") => Tz::Europe__Warsaw,
        Some("DE") => Tz::Europe__Berlin,
        Some("FI") => Tz::Europe__Helsinki,
        Some("PT") => Tz::Europe__Lisbon,
        _ => Tz::Europe__Paris,
    }
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn requests_are_due_when_the_reference_says() {
    let root = PathBuf::from(std::env::var("TACENDA_SHARED").expect("TACENDA_SHARED"));
    let file = root.join("data/reference/deadlines/dsar_deadlines.csv");
    let mut rows = 0;
    for row in csv::Reader::from_path(file).expect("the file").records() {
        let row = row.expect("a row");
        rows += 1;
        let tz = zone(&row[1]);
        let zone = TimeZoneRules::new(tz.name(), tz);
        let working = WorkingDays::of(Region::parse(&row[1]).expect("a region"));
        let calendar = Calendar::new(&zone, &working);
        // The last second of the day of receipt, by the walls of the country.
        let last = day(&row[2]).and_hms_opt(23, 59, 59).expect("a time");
        let local = last.and_local_timezone(tz).latest().expect("a time");
        let received_at = Timestamp::from(local.with_timezone(&chrono::Utc));
        let stamp = Stamp { at: received_at, by: ActorId::from_bytes([1; 16]) };
        let intake = Intake {
            id: RequestId::from_bytes([7; 16]),
            right: Right::Access,
            requester: Requester::Subject,
            channel: Channel::Email,
            scope: Scope::ALL,
            received_at,
            purpose: None,
        };
        let mut request = Request::receive(intake, stamp).expect("a request");
        match &row[3] {
            "1 month" => {}
            "3 months" => {
                let reasons = Note::parse("Many requests.").expect("a text");
                let letter = Extension { sent_at: received_at, reasons };
                request = request.see_session(received_at, stamp).expect("a step");
                request = request.extend(letter, &calendar, stamp).expect("in time");
            }
            other => panic!("{other}"),
        }
        let due = request.due(&calendar, received_at).expect("a due date");
        assert_eq!(due.counts().due.nominal(), day(&row[4]), "{row:?}");
        assert_eq!(due.last_day(), day(&row[6]), "{row:?}");
        assert_eq!(due.unpaused_day(), due.last_day());
    }
    assert_eq!(rows, 47);
}
