use super::*;
use crate::calendar::zone::tests::{ZONES, zone};
use crate::calendar::{DayKind, Region};
use crate::clock::Span;
use chrono::Days;
use chrono_tz::Tz;
use proptest::prelude::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn region(code: &str) -> WorkingDays {
    WorkingDays::of(Region::parse(code).unwrap())
}

fn pause(asked: &str, answered: &str) -> Pause {
    Pause::new(day(asked), day(answered)).unwrap()
}

fn answer(received: &str, term: Term, pauses: &[Pause], code: &str) -> AnswerDeadline {
    AnswerDeadline::of(day(received), term, pauses, &region(code)).unwrap()
}

#[test]
fn a_period_ends_on_a_working_day_and_holds_two() {
    for (event, period, code, nominal, last) in [
        // The same number; a date that is missing; a Saturday, and Ascension Day in France alone.
        ("2026-01-31", Period::Months(1), "FR", "2026-02-28", "2026-03-02"),
        ("2028-01-31", Period::Months(1), "FR", "2028-02-29", "2028-02-29"),
        ("2026-04-14", Period::Months(1), "FR", "2026-05-14", "2026-05-15"),
        ("2026-04-14", Period::Months(1), "PL", "2026-05-14", "2026-05-14"),
        // Christmas Eve has been a holiday in Poland since 2025.
        ("2024-11-24", Period::Months(1), "PL", "2024-12-24", "2024-12-24"),
        ("2026-11-24", Period::Months(1), "PL", "2026-12-24", "2026-12-28"),
        // Fourteen days and two weeks are the same; neither skips what lies between.
        ("2026-12-18", Period::Days(14), "FR", "2027-01-01", "2027-01-04"),
        ("2026-12-18", Period::Weeks(2), "FR", "2027-01-01", "2027-01-04"),
        // Two days from Thursday end on Saturday, so on Monday: Friday and Monday are two working
        // days. From Friday they end on Sunday, so on Monday, which is one: Tuesday.
        ("2026-11-19", Period::Days(2), "FR", "2026-11-21", "2026-11-23"),
        ("2026-11-20", Period::Days(2), "FR", "2026-11-22", "2026-11-24"),
        // One day needs no two working days.
        ("2026-11-20", Period::Days(1), "FR", "2026-11-21", "2026-11-23"),
        ("2026-11-23", Period::Days(0), "FR", "2026-11-23", "2026-11-23"),
        ("2024-02-29", Period::Years(1), "FR", "2025-02-28", "2025-02-28"),
    ] {
        let deadline = Deadline::of(day(event), period, &region(code)).unwrap();
        let found = (deadline.nominal(), deadline.last_day());
        assert_eq!(found, (day(nominal), day(last)), "{event} {period} {code}");
    }
    let france = region("FR");
    let far = Deadline::of(day("2026-01-01"), Period::Years(u32::MAX), &france);
    assert!(far.unwrap_err().is(&BEYOND_CALENDAR));
}

#[test]
fn the_trace_says_what_was_done() {
    let deadline = Deadline::of(day("2026-01-31"), Period::Months(1), &region("FR")).unwrap();
    let (saturday, sunday) = (day("2026-02-28"), day("2026-03-01"));
    let expected = [
        Step::EventNotCounted { day: day("2026-01-31") },
        Step::Ran { period: Period::Months(1), to: saturday },
        Step::DateMissing { missing: 31, to: saturday },
        Step::PassedOver { day: saturday, kind: DayKind::Saturday },
        Step::PassedOver { day: sunday, kind: DayKind::Sunday },
    ];
    assert_eq!(deadline.trace(), expected);
    let laws: Vec<_> = deadline.trace().iter().map(Step::law).collect();
    assert_eq!(laws[0], "Regulation 1182/71 Art. 3(1)");
    assert_eq!(laws[4], "Regulation 1182/71 Art. 3(4)");

    let short = Deadline::of(day("2026-11-20"), Period::Days(2), &region("FR")).unwrap();
    assert_eq!(short.trace().last(), Some(&Step::TwoWorkingDays { to: day("2026-11-24") }));

    let far = Deadline::of(day("2101-06-14"), Period::Months(1), &region("FR")).unwrap();
    assert_eq!(far.last_day(), day("2101-07-14"));
    assert_eq!(far.trace().last(), Some(&Step::HolidaysUnknown { year: 2101 }));
}

#[test]
fn a_deadline_ends_with_the_last_instant_of_its_day_in_the_zone() {
    let deadline = Deadline::of(day("2026-09-25"), Period::Months(1), &region("FR")).unwrap();
    assert_eq!(deadline.last_day(), day("2026-10-26"));
    let paris = zone(Tz::Europe__Paris);
    let over = deadline.over_at(&paris);
    assert_eq!(over, at("2026-10-26T23:00:00Z"));
    assert!(deadline.is_met_at(over.minus(Span::micros(1)), &paris));
    assert!(!deadline.is_met_at(over, &paris));
}

#[test]
fn an_extension_is_one_period_from_receipt() {
    let extended = answer("2026-01-31", Term::Extended, &[], "FR");
    assert_eq!(extended.due.last_day(), day("2026-04-30"));
    assert_eq!(extended.due.trace()[0], Step::Extended);
    assert_eq!(extended.due, extended.unpaused);
}

#[test]
fn a_pause_adds_the_days_waited_and_keeps_the_other_date() {
    // Received on 5 March, asked on the 10th, answered on the 20th: ten days after 5 April.
    let paused = answer("2026-03-05", Term::OneMonth, &[pause("2026-03-10", "2026-03-20")], "FR");
    assert_eq!(paused.due.nominal(), day("2026-04-15"));
    assert_eq!(paused.due.last_day(), day("2026-04-15"));
    assert_eq!(paused.unpaused.last_day(), day("2026-04-07"));
    let step = Step::Paused {
        asked: day("2026-03-10"),
        answered: day("2026-03-20"),
        days: 10,
        to: day("2026-04-15"),
    };
    assert!(paused.due.trace().contains(&step));

    for (pauses, nominal) in [
        // Rolled once, at the end, not after each pause.
        (vec![pause("2026-03-10", "2026-03-16")], "2026-04-11"),
        // Answered on the day it was asked.
        (vec![pause("2026-03-10", "2026-03-10")], "2026-04-05"),
        // Overlapping questions wait once, in any order.
        (vec![pause("2026-03-12", "2026-03-18"), pause("2026-03-10", "2026-03-14")], "2026-04-13"),
        // Asked before receipt: counted from receipt.
        (vec![pause("2026-03-01", "2026-03-07")], "2026-04-07"),
        // Asked on the last day, a working day after Easter: still in time.
        (vec![pause("2026-04-07", "2026-04-09")], "2026-04-07"),
        // Asked a day after: too late.
        (vec![pause("2026-04-08", "2026-04-30")], "2026-04-05"),
        // In time only because an earlier pause made it so.
        (vec![pause("2026-04-10", "2026-04-12"), pause("2026-03-10", "2026-03-20")], "2026-04-17"),
    ] {
        let found = answer("2026-03-05", Term::OneMonth, &pauses, "FR");
        assert_eq!(found.due.nominal(), day(nominal), "{pauses:?}");
    }
    let late = answer("2026-03-05", Term::OneMonth, &[pause("2026-04-08", "2026-04-30")], "FR");
    assert_eq!(late.due.last_day(), late.unpaused.last_day());
    assert!(late.due.trace().contains(&Step::AskedTooLate { asked: day("2026-04-08") }));
    let backwards = Pause::new(day("2026-03-10"), day("2026-03-09"));
    assert!(backwards.unwrap_err().is(&PAUSE_ORDER));
}

#[test]
fn hours_elapse_and_no_weekend_stops_them() {
    let (paris, france) = (zone(Tz::Europe__Paris), region("FR"));
    // Over the end of summer time, on a Monday an hour earlier by the wall.
    let found = HoursDeadline::of(at("2026-10-23T18:30:00+02:00"), 72, &paris, &france);
    assert_eq!(found.strict, at("2026-10-26T17:30:00+01:00"));
    assert_eq!(found.hour_rule, at("2026-10-26T18:00:00+01:00"));
    assert_eq!(found.two_working_days, None);
    // Christmas 2026: Thursday, a holiday, a weekend.
    let found = HoursDeadline::of(at("2026-12-24T15:20:00+01:00"), 72, &paris, &france);
    assert_eq!(found.strict, at("2026-12-27T15:20:00+01:00"));
    assert_eq!(found.two_working_days, Some(day("2026-12-28")));
    let sunday = Step::NotMoved { day: day("2026-12-27"), kind: DayKind::Sunday };
    assert_eq!(found.trace.last(), Some(&sunday));
    // An event on the hour is within the hour that begins.
    let found = HoursDeadline::of(at("2026-11-17T10:00:00+01:00"), 96, &paris, &france);
    assert_eq!(found.hour_rule, at("2026-11-21T11:00:00+01:00"));
    // Less than two days need no two working days.
    let found = HoursDeadline::of(at("2026-11-20T16:30:00+01:00"), 24, &paris, &france);
    assert_eq!(found.two_working_days, None);
    // Hours of a zone half an hour off.
    let kolkata = zone(Tz::Asia__Kolkata);
    let found = HoursDeadline::of(at("2026-11-17T10:10:00+05:30"), 72, &kolkata, &france);
    assert_eq!(found.hour_rule, at("2026-11-20T11:00:00+05:30"));
}

fn any_day() -> impl Strategy<Value = NaiveDate> {
    prop_oneof![
        4 => 728_000i32..770_000,
        1 => -90_000_000i32..90_000_000,
    ]
    .prop_map(|day| NaiveDate::from_num_days_from_ce_opt(day).unwrap())
}

fn any_period() -> impl Strategy<Value = Period> {
    prop_oneof![
        prop_oneof![0u32..60, any::<u32>()].prop_map(Period::Days),
        prop_oneof![0u32..9, any::<u32>()].prop_map(Period::Weeks),
        prop_oneof![0u32..15, any::<u32>()].prop_map(Period::Months),
        prop_oneof![0u32..4, any::<u32>()].prop_map(Period::Years),
    ]
}

proptest! {
    #[test]
    fn a_deadline_is_a_working_day_and_the_first_that_will_do(
        index in 0usize..76,
        event in any_day(),
        period in any_period(),
    ) {
        let working = WorkingDays::of(Region::all().nth(index).unwrap());
        let Ok(deadline) = Deadline::of(event, period, &working) else { return Ok(()) };
        let (nominal, last) = (deadline.nominal(), deadline.last_day());
        prop_assert_eq!(Some(nominal), add(event, period));
        prop_assert!(nominal <= last && working.is_working_day(last));
        // Counted the slow way: nothing between is both late enough and has two working days.
        let enough = |end: NaiveDate| {
            let short = matches!(period, Period::Days(0 | 1))
                || matches!(period, Period::Weeks(0) | Period::Months(0) | Period::Years(0));
            let within = event.iter_days().skip(1).take_while(|day| *day <= end);
            short || within.filter(|day| working.is_working_day(*day)).take(2).count() == 2
        };
        prop_assert!(enough(last));
        let earlier = nominal.iter_days().take_while(|day| *day < last);
        for day in earlier {
            prop_assert!(!working.is_working_day(day) || !enough(day));
        }
    }

    #[test]
    fn pauses_add_each_day_once(
        received in 739_000i32..742_000,
        pauses in proptest::collection::vec((0i32..40, 0i32..20), 0..4),
        extended in any::<bool>(),
    ) {
        let working = region("FR");
        let from = |n: i32| NaiveDate::from_num_days_from_ce_opt(n).unwrap();
        let term = if extended { Term::Extended } else { Term::OneMonth };
        let list: Vec<Pause> = pauses
            .iter()
            .map(|(asked, length)| {
                let asked = received + asked;
                Pause::new(from(asked), from(asked + length)).unwrap()
            })
            .collect();
        let found = AnswerDeadline::of(from(received), term, &list, &working).unwrap();
        let mut backwards = list.clone();
        backwards.reverse();
        let again = AnswerDeadline::of(from(received), term, &backwards, &working).unwrap();
        prop_assert_eq!(&found, &again);
        prop_assert!(found.due.last_day() >= found.unpaused.last_day());
        prop_assert!(working.is_working_day(found.due.last_day()));
        // The days waited, one by one, of the questions that were in time.
        let late: Vec<_> = found.due.trace().iter().filter_map(|step| match step {
            Step::AskedTooLate { asked } => Some(*asked),
            _ => None,
        }).collect();
        let waited = (received..received + 100).filter(|n| {
            let day = from(*n);
            list.iter().any(|p| p.asked() <= day && day < p.answered() && !late.contains(&p.asked()))
        });
        let expected = found.unpaused.nominal() + Days::new(waited.count() as u64);
        prop_assert_eq!(found.due.nominal(), expected);
    }

    #[test]
    fn any_instant_and_any_hours_have_an_end(
        micros in any::<i64>(),
        hours in prop_oneof![0u32..200, any::<u32>()],
        index in 0usize..ZONES.len(),
    ) {
        let event = Timestamp::from_micros(micros);
        let found = HoursDeadline::of(event, hours, &zone(ZONES[index]), &region("PL"));
        prop_assert_eq!(found.strict, event.plus(Span::hours(hours.into())));
        if (-60_000_000_000_000_000..200_000_000_000_000_000).contains(&micros) && hours < 200 {
            prop_assert!(found.strict < found.hour_rule);
            prop_assert!(found.hour_rule <= found.strict.plus(Span::hours(1)));
        }
    }
}
