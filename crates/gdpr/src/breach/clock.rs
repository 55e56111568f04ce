//! Who is told of a breach by when: clocks as dated data, and two ways to count their hours.
//!
//! The time to keep is so many *elapsed* hours in UTC: weekends, holidays and the change of clocks
//! move nothing. Beside it stands the hour rule of Regulation 1182/71, which is never earlier.
//!
//! # Law
//! Art. 33(1) GDPR: where feasible not later than 72 hours after having become aware; reasons for
//! the delay where it is later. 33(2): the processor tells the controller without undue delay; a
//! contract may say how long. 34(1): people are told without undue delay.
//! Regulation (EEC, Euratom) 1182/71, Art. 3(1) and 3(2)(a): the hour of the event is not counted,
//! and the period ends with its last hour. The authorities read the 72 hours as elapsed hours; that
//! Art. 3(5) adds working days is a minority reading, and nothing here follows it.
//!
//! Hours, threshold, recipient and template are data with the day from which they are in force,
//! because the law is changing. The version that counts is that of the day, in the controller's time
//! zone, on which the operator became aware (an assumption: no text says so).

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use tacenda_core::calendar::{Zone, day_of, next_full_hour};
use tacenda_core::clock::Span;
use tacenda_core::policy::{BreachClock, OperatorRole, Policy, RiskThreshold};
use tacenda_core::{Name, Timestamp};

/// The recipient that is the supervisory authority.
pub const AUTHORITY: Name = Name::fixed("authority");
/// The recipients that are the controllers for whom the operator is a processor.
pub const CONTROLLERS: Name = Name::fixed("controllers");
/// The recipients that are the people whose data it is.
pub const DATA_SUBJECTS: Name = Name::fixed("data subjects");

const HOUR: i64 = 3_600_000_000;

/// One version of a clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// Its name; every version has the same.
    pub name: Name,
    /// In which role of the operator it runs.
    pub role: OperatorRole,
    /// Who is told.
    pub recipient: Name,
    /// From which risk on.
    pub threshold: RiskThreshold,
    /// Within which time; without one, without undue delay.
    pub within: Option<Span>,
    /// The form in which it is told.
    pub template: Option<Name>,
    /// The law or contract that says so.
    pub source: String,
    /// The first day on which it is in force.
    pub valid_from: NaiveDate,
}

impl From<&BreachClock> for Clock {
    fn from(clock: &BreachClock) -> Self {
        Self {
            name: clock.name.clone(),
            role: clock.role,
            recipient: clock.recipient.clone(),
            threshold: clock.threshold,
            within: clock.within,
            template: clock.template.clone(),
            source: clock.source.clone(),
            valid_from: clock.valid_from,
        }
    }
}

/// The clocks of the law: `gdpr 33.1`, `gdpr 33.2` and `gdpr 34.1`, each with all its versions.
///
/// # Law
/// Art. 33(1), 33(2) and 34(1) GDPR, in force since 25 May 2018. The Digital Omnibus proposed in
/// November 2025 (96 hours, high risk only) has not been found adopted: once it is, it is a second
/// version here, and until then a line in a policy. The template is that of the European Data
/// Protection Board, adopted in June 2026 and not yet mandatory.
#[must_use]
pub fn statutory() -> Vec<Clock> {
    use OperatorRole::{Controller, Processor};
    let clock = |name, article: &str, role, recipient, threshold, within, template| Clock {
        name: Name::fixed(name),
        role,
        recipient,
        threshold,
        within,
        template,
        source: format!("Regulation (EU) 2016/679, {article}"),
        valid_from: NaiveDate::from_ymd_opt(2018, 5, 25).unwrap_or(NaiveDate::MIN),
    };
    let (three_days, edpb) = (Some(Span::hours(72)), Some(Name::fixed("edpb 1.0")));
    let (any, risk, high) = (RiskThreshold::Any, RiskThreshold::Risk, RiskThreshold::High);
    vec![
        clock("gdpr 33.1", "Art. 33(1)", Controller, AUTHORITY, risk, three_days, edpb),
        clock("gdpr 33.2", "Art. 33(2)", Processor, CONTROLLERS, any, None, None),
        clock("gdpr 34.1", "Art. 34(1)", Controller, DATA_SUBJECTS, high, None, None),
    ]
}

/// The clocks in force on a day: of each name the latest version that has begun. A version of the
/// policy goes before one of the law from the same day.
#[must_use]
pub fn in_force(policy: &Policy, day: NaiveDate) -> Vec<Clock> {
    let stated = policy.breach.iter().flat_map(|breach| &breach.clocks).map(Clock::from);
    let mut latest: BTreeMap<Name, Clock> = BTreeMap::new();
    for clock in statutory().into_iter().chain(stated).filter(|clock| clock.valid_from <= day) {
        match latest.get(&clock.name) {
            Some(known) if known.valid_from > clock.valid_from => {}
            _ => drop(latest.insert(clock.name.clone(), clock)),
        }
    }
    latest.into_values().collect()
}

/// When a clock with a number of hours ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The time to keep: elapsed hours in UTC.
    pub keep: Timestamp,
    /// The end by the hour rule of Regulation 1182/71; shown, never relied on.
    pub hour_rule: Timestamp,
}

/// A clock that runs for one breach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline {
    /// The clock's name.
    pub clock: Name,
    /// In which role it runs.
    pub role: OperatorRole,
    /// Who is told.
    pub recipient: Name,
    /// From which risk on.
    pub threshold: RiskThreshold,
    /// The form in which it is told.
    pub template: Option<Name>,
    /// The law or contract that says so.
    pub source: String,
    /// When it ends; without one, without undue delay.
    pub due: Option<Due>,
}

impl Deadline {
    /// Whether something done at this time is late. Exactly at the end it is not.
    #[must_use]
    pub fn is_late(&self, at: Timestamp) -> bool {
        self.due.is_some_and(|due| at > due.keep)
    }
}

/// The clocks that run once an operator in these roles has become aware.
#[must_use]
pub fn deadlines(
    policy: &Policy,
    roles: &BTreeSet<OperatorRole>,
    aware: Timestamp,
    zone: &dyn Zone,
) -> Vec<Deadline> {
    let clocks = in_force(policy, day_of(zone, aware)).into_iter();
    let running = clocks.filter(|clock| roles.contains(&clock.role));
    running
        .map(|clock| Deadline {
            due: clock.within.map(|within| due(aware, within, zone)),
            clock: clock.name,
            role: clock.role,
            recipient: clock.recipient,
            threshold: clock.threshold,
            template: clock.template,
            source: clock.source,
        })
        .collect()
}

/// Both ends of a time that began when the operator became aware.
///
/// # Properties
/// The hour rule is never earlier than the time to keep, and less than an hour later unless the
/// awareness fell on a full hour; then it is one hour later. A time that is no number of whole hours
/// has no hour rule: both ends are the same.
#[must_use]
pub fn due(aware: Timestamp, within: Span, zone: &dyn Zone) -> Due {
    let keep = aware.plus(within);
    let hours = within.as_micros() % HOUR == 0;
    let hour_rule = if hours { next_full_hour(aware, zone).plus(within) } else { keep };
    Due { keep, hour_rule }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Tz;
    use proptest::prelude::*;
    use tacenda_core::calendar::{HoursDeadline, Region, TimeZoneRules, WorkingDays};

    const EXAMPLE: &str = include_str!("../../../../examples/glpi-network-cloud/privacy.toml");

    fn zone(tz: Tz) -> TimeZoneRules<Tz> {
        TimeZoneRules::new(tz.name(), tz)
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn ends(tz: Tz, aware: &str) -> (Timestamp, Timestamp) {
        let due = due(at(aware), Span::hours(72), &zone(tz));
        (due.keep, due.hour_rule)
    }

    #[test]
    fn elapsed_hours_know_no_weekend_and_no_change_of_clocks() {
        for (tz, aware, keep, rule) in [
            // A Friday evening; the example of a law firm; and both changes of clocks of a year.
            (Tz::Europe__Warsaw, "2026-11-20T16:30+01:00", "2026-11-23T16:30+01:00", "17:00+01:00"),
            (Tz::Europe__Berlin, "2020-12-22T12:59+01:00", "2020-12-25T12:59+01:00", "13:00+01:00"),
            (Tz::Europe__Paris, "2026-10-23T18:30+02:00", "2026-10-26T17:30+01:00", "18:00+01:00"),
            (Tz::Europe__Paris, "2026-03-27T18:30+01:00", "2026-03-30T19:30+02:00", "20:00+02:00"),
            // The hour of the event is not counted, even where it has just begun.
            (Tz::Europe__Paris, "2026-11-17T10:00+01:00", "2026-11-20T10:00+01:00", "11:00+01:00"),
            // Full hours of a zone that is half an hour off.
            (Tz::Asia__Kolkata, "2026-11-17T10:10+05:30", "2026-11-20T10:10+05:30", "11:00+05:30"),
        ] {
            let full = |text: &str| at(&text.replacen('+', ":00+", 1));
            let day = keep.split('T').next().unwrap();
            let expected = (full(keep), full(&format!("{day}T{rule}")));
            assert_eq!(ends(tz, &aware.replacen('+', ":00+", 1)), expected, "{aware}");
        }
    }

    #[test]
    fn the_law_has_three_clocks_and_a_policy_adds_and_renews() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let policy = Policy::parse(EXAMPLE).unwrap();
        let names = |policy: &Policy, on| -> Vec<String> {
            in_force(policy, day(on)).iter().map(|clock| clock.name.to_string()).collect()
        };
        assert_eq!(names(&policy, "2018-05-24"), [""; 0]);
        assert_eq!(names(&policy, "2018-05-25"), ["gdpr 33.1", "gdpr 33.2", "gdpr 34.1"]);
        assert_eq!(names(&policy, "2026-11-22").len(), 4);
        let omnibus = "\n[[breach.clocks]]\nname = \"gdpr 33.1\"\nrole = \"controller\"\nrecipient = \"authority\"\n\
            threshold = \"high risk\"\nwithin = \"96 hours\"\nsource = \"a law to come\"\nvalid_from = \"2028-01-01\"\n";
        let policy = Policy::parse(&format!("{EXAMPLE}{omnibus}")).unwrap();
        let hours = |on| {
            let clocks = in_force(&policy, day(on));
            let first = clocks.into_iter().find(|clock| clock.name.as_str() == "gdpr 33.1");
            first.and_then(|clock| clock.within).map(|within| within.as_micros() / HOUR)
        };
        assert_eq!((hours("2027-12-31"), hours("2028-01-01")), (Some(72), Some(96)));
    }

    #[test]
    fn the_role_decides_who_is_told() {
        let policy = Policy::parse(EXAMPLE).unwrap();
        let told = |roles: &[OperatorRole]| -> Vec<(String, Option<i64>)> {
            let roles = roles.iter().copied().collect();
            let aware = at("2026-11-20T15:30:00Z");
            let all = deadlines(&policy, &roles, aware, &zone(Tz::Europe__Paris));
            let hours = |due: Due| (due.keep.as_micros() - aware.as_micros()) / HOUR;
            all.iter().map(|d| (d.recipient.to_string(), d.due.map(hours))).collect()
        };
        let controller = [("authority".to_owned(), Some(72)), ("data subjects".to_owned(), None)];
        assert_eq!(told(&[OperatorRole::Controller]), controller);
        let processor = [("controllers".to_owned(), None), ("controllers".to_owned(), Some(48))];
        assert_eq!(told(&[OperatorRole::Processor]), processor);
        assert_eq!(told(OperatorRole::ALL).len(), 4);
    }

    #[test]
    fn exactly_at_the_end_is_in_time() {
        let policy = Policy::parse(EXAMPLE).unwrap();
        let aware = at("2026-11-20T15:30:00Z");
        let roles = [OperatorRole::Controller].into();
        let deadline = deadlines(&policy, &roles, aware, &zone(Tz::UTC)).remove(0);
        let end = aware.plus(Span::hours(72));
        assert!(!deadline.is_late(end) && deadline.is_late(end.plus(Span::micros(1))));
    }

    proptest! {
        #[test]
        fn the_hour_rule_is_at_most_an_hour_later(
            micros in -4_000_000_000_000_000i64..4_000_000_000_000_000,
            hours in 1i64..1000,
            index in 0usize..6,
        ) {
            let tz = [Tz::UTC, Tz::Europe__Paris, Tz::Asia__Kolkata, Tz::Pacific__Apia,
                Tz::Australia__Lord_Howe, Tz::America__St_Johns][index];
            let aware = Timestamp::from_micros(micros);
            let due = due(aware, Span::hours(hours), &zone(tz));
            prop_assert_eq!(due.keep, aware.plus(Span::hours(hours)));
            let later = due.hour_rule.as_micros() - due.keep.as_micros();
            prop_assert!(0 < later && later <= HOUR, "{}", later);
        }

        #[test]
        fn the_hours_are_those_of_the_calendar(
            micros in -4_000_000_000_000_000i64..4_000_000_000_000_000, hours in 1u32..1000, index in 0usize..5,
        ) {
            let tz = [Tz::UTC, Tz::Europe__Paris, Tz::Asia__Kolkata, Tz::Pacific__Apia,
                Tz::Australia__Lord_Howe][index];
            let (aware, zone) = (Timestamp::from_micros(micros), zone(tz));
            let working = WorkingDays::of(Region::parse("FR").unwrap());
            let theirs = HoursDeadline::of(aware, hours, &zone, &working);
            let ours = due(aware, Span::hours(hours.into()), &zone);
            prop_assert_eq!((ours.keep, ours.hour_rule), (theirs.strict, theirs.hour_rule));
        }

        #[test]
        fn never_panics(micros in any::<i64>(), span in any::<i64>()) {
            let _ = due(Timestamp::from_micros(micros), Span::micros(span), &zone(Tz::Europe__Paris));
        }
    }
}
