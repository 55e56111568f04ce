//! The cases of EDPB Guidelines 01/2021 as scenarios: the method suggests, a person judges as the
//! Board did, and the duties follow. `docs/edpb-cases.md` shows both side by side.

use std::fmt::Write as _;

use tacenda_core::policy::OperatorRole::Controller;
use tacenda_gdpr::breach::severity::Risk;
use tacenda_gdpr::breach::state::{DutyState, Judgement, Means, NoticeKind, Notices, PeopleAnswer};

use crate::edpb::CASES;
use crate::support::*;

#[test]
fn duties_follow_the_judgement() {
    let policy = unpromised();
    for case in CASES {
        let reasons = note(case.because.unwrap_or("As the method suggests."));
        let judgement = Judgement { risk: case.verdict, reasons, suggested: case.severity() };
        assert_eq!(judgement.overrides(), case.because.is_some(), "case {}", case.number);
        let breach = aware(Controller, &policy).judge(judgement, stamp(2)).unwrap();
        let owed: Vec<_> =
            breach.duties().iter().map(|duty| duty.state == DutyState::Owed).collect();
        let notify = case.verdict >= Risk::Risk;
        let tell = case.verdict == Risk::High;
        assert_eq!(owed, [notify, tell], "case {}", case.number);
        // What is owed can be done and closes it; what is not owed is settled with a reason.
        let (no_notice, no_telling) = not_required();
        let breach = if notify {
            assert!(breach.clone().settle_notices(no_notice, stamp(3)).is_err());
            let breach = breach.notify(notice("authority", NoticeKind::Initial, 3), stamp(3));
            breach.unwrap().settle_notices(Notices::Made, stamp(3)).unwrap()
        } else {
            breach.settle_notices(no_notice, stamp(3)).unwrap()
        };
        let breach = if tell {
            assert!(breach.clone().settle_people(no_telling, stamp(4)).is_err());
            let breach = breach.tell(telling(Means::Individual, 4), stamp(4)).unwrap();
            breach.settle_people(PeopleAnswer::Told, stamp(4)).unwrap()
        } else {
            breach.settle_people(no_telling, stamp(4)).unwrap()
        };
        // Documented it is always (Art. 33(5)).
        let closed = breach.close(remedy(), stamp(5)).unwrap();
        assert_eq!(closed.state().judgement().unwrap().risk, case.verdict);
    }
}

/// Runs with `TACENDA_BLESS` set to write the page anew.
#[test]
fn the_page_shows_both_side_by_side() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/edpb-cases.md");
    let page = page();
    if std::env::var_os("TACENDA_BLESS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        stored == page,
        "docs/edpb-cases.md is not up to date: run this test with TACENDA_BLESS"
    );
}

fn page() -> String {
    let differ = CASES.iter().filter(|case| case.because.is_some()).count();
    let mut page = format!(
        "# The 18 cases of the European Data Protection Board

Guidelines 01/2021 of the Board tell of 18 breaches and say of each whether the authority is notified
(Art. 33(1) GDPR) and people are told (Art. 34(1)). Below, the severity that ENISA's method of 2013
gives stands beside the Board's verdict. The inputs were fixed from the facts of each case first. In
{differ} cases of 18 the two differ: there a person judges otherwise than the method suggests, and the
register keeps the reason. Duties follow from that judgement and never from the score. A breach is
documented in every case (Art. 33(5)).

SE = DPC × EI + CB. Below 2 the method points to no risk, from 2 to a risk, from 3 to a high risk; that
is an indication, not the law. This page is written by a test of `tacenda-gdpr`, which also walks each
case through the register.

| | case | facts | DPC | EI | CB | SE | suggests | the Board | authority | people | a person judges otherwise because |
|---|---|---|---|---|---|---|---|---|---|---|---|
"
    );
    for case in CASES {
        let severity = case.severity();
        let inputs = severity.inputs();
        let dpc = inputs.data.iter().map(|score| score.points()).max().unwrap();
        let quarters = inputs.identification.quarters();
        let circumstances = severity.quarters() - dpc * quarters;
        let two = |quarters: u8| format!("{}.{:02}", quarters / 4, quarters % 4 * 25);
        let (ei, cb) = (two(quarters), two(circumstances));
        let yes = |yes| if yes { "yes" } else { "no" };
        writeln!(
            page,
            "| {} | {} | {} | {dpc} | {ei} | {cb} | {severity} | {} | {} | {} | {} | {} |",
            case.number,
            case.title,
            case.facts,
            severity.band().indicates().as_str(),
            case.verdict.as_str(),
            yes(case.verdict >= Risk::Risk),
            yes(case.verdict == Risk::High),
            case.because.unwrap_or(""),
        )
        .unwrap();
    }
    page
}
