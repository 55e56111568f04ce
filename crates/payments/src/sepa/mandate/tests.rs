use chrono::{Days, NaiveDate};
use proptest::prelude::*;

use super::*;
use crate::sepa::{CreditorId, Frequency, IbanTail, Scheme, Sequence};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn terms(frequency: Frequency) -> Terms {
    Terms {
        reference: MandateReference::parse("TEC-1").unwrap(),
        creditor: CreditorId::parse("DE98ZZZ09999999999").unwrap(),
        account: IbanTail::parse("PL", "2874").unwrap(),
        scheme: Scheme::Core,
        frequency,
        signed_on: day("2024-02-29"),
    }
}

fn signed(frequency: Frequency) -> Mandate {
    Mandate::sign(terms(frequency))
}

#[test]
fn a_recurrent_mandate_from_its_signature_to_its_end() {
    let mandate = signed(Frequency::Recurrent);
    let (mandate, first) = mandate.collect(day("2024-03-15"), false).unwrap();
    assert_eq!(first, Collection { sequence: Sequence::First, amended: Originals::default() });
    let (mandate, second) = mandate.collect(day("2024-04-15"), false).unwrap();
    assert_eq!(second.sequence, Sequence::Recurrent);
    let (mandate, last) = mandate.collect(day("2024-05-15"), true).unwrap();
    assert_eq!(last.sequence, Sequence::Final);
    assert_eq!(*mandate.state(), MandateState::UsedUp { last_collection: day("2024-05-15") });
    assert_eq!(mandate.kept_until(), Some(day("2025-06-15")));
    assert!(mandate.clone().collect(day("2024-06-15"), false).unwrap_err().is(&MANDATE_ENDED));
    assert!(mandate.cancel(day("2024-06-15")).unwrap_err().is(&MANDATE_ENDED));
}

#[test]
fn a_one_off_mandate_is_used_once() {
    let (mandate, only) = signed(Frequency::OneOff).collect(day("2024-03-15"), false).unwrap();
    assert_eq!(only.sequence, Sequence::OneOff);
    assert!(!mandate.is_usable_on(day("2024-03-16")));
    assert!(mandate.collect(day("2024-03-16"), false).unwrap_err().is(&MANDATE_ENDED));
}

#[test]
fn what_was_there_before_is_told_once() {
    let other = IbanTail::parse("DE", "3000").unwrap();
    let third = IbanTail::parse("FR", "0606").unwrap();
    let mandate = signed(Frequency::Recurrent)
        .amend(Amendment::Account(other), day("2024-03-01"))
        .and_then(|m| m.amend(Amendment::Account(third), day("2024-03-02")))
        .and_then(|m| {
            m.amend(
                Amendment::Reference(MandateReference::parse("NEW").unwrap()),
                day("2024-03-02"),
            )
        })
        .unwrap();
    let (mandate, told) = mandate.collect(day("2024-03-15"), false).unwrap();
    assert_eq!(told.amended.account, Some(terms(Frequency::Recurrent).account));
    assert_eq!(told.amended.reference, Some(terms(Frequency::Recurrent).reference));
    assert_eq!(told.amended.creditor, None);
    assert_eq!(mandate.terms().account, third);
    let (mandate, told) = mandate.collect(day("2024-04-15"), false).unwrap();
    assert_eq!(told.amended, Originals::default());
    // There and back again is no change.
    let mandate = mandate
        .amend(Amendment::Account(other), day("2024-04-16"))
        .and_then(|m| m.amend(Amendment::Account(third), day("2024-04-17")))
        .unwrap();
    assert!(
        mandate
            .clone()
            .amend(Amendment::Account(other), day("2024-04-16"))
            .unwrap_err()
            .is(&MANDATE_ORDER)
    );
    assert_eq!(mandate.collect(day("2024-05-15"), false).unwrap().1.amended, Originals::default());
}

#[test]
fn thirty_six_months_without_a_collection_make_it_dormant() {
    let unused = signed(Frequency::Recurrent);
    assert_eq!(unused.dormant_on(), Some(day("2027-03-01")));
    assert!(unused.is_usable_on(day("2027-02-28")) && !unused.is_usable_on(day("2027-03-01")));
    let (mandate, _) = unused.collect(day("2024-05-31"), false).unwrap();
    assert_eq!(mandate.dormant_on(), Some(day("2027-06-01")));
    assert!(mandate.clone().collect(day("2027-05-31"), false).is_ok());
    for step in [
        mandate.clone().collect(day("2027-06-01"), false).map(|_| ()),
        mandate.clone().cancel(day("2027-06-01")).map(|_| ()),
        mandate
            .clone()
            .amend(Amendment::Account(IbanTail::parse("DE", "3000").unwrap()), day("2027-06-01"))
            .map(|_| ()),
    ] {
        assert!(step.unwrap_err().is(&MANDATE_ENDED));
    }
    let dormant = mandate.on(day("2028-01-01"));
    let since = day("2027-06-01");
    let last_collection = Some(day("2024-05-31"));
    assert_eq!(*dormant.state(), MandateState::Dormant { since, last_collection });
    assert_eq!(dormant.kept_until(), Some(since));
}

#[test]
fn nothing_lies_before_the_signature() {
    let before = day("2024-02-28");
    let mandate = || signed(Frequency::Recurrent);
    assert!(mandate().collect(before, false).unwrap_err().is(&MANDATE_ORDER));
    assert!(mandate().cancel(before).unwrap_err().is(&MANDATE_ORDER));
    let account = Amendment::Account(IbanTail::parse("DE", "3000").unwrap());
    assert!(mandate().amend(account, before).unwrap_err().is(&MANDATE_ORDER));
    assert!(!mandate().is_usable_on(before));
    assert_eq!(mandate().kept_until(), None);
    let cancelled = mandate().cancel(day("2024-03-01")).unwrap();
    assert_eq!(cancelled.kept_until(), Some(day("2024-03-01")));
}

#[test]
fn a_mandate_does_not_print_what_it_holds() {
    let mandate = signed(Frequency::Recurrent);
    let printed = format!("{mandate:?} {:?}", mandate.key());
    assert!(!printed.contains("TEC") && !printed.contains("2874") && !printed.contains("DE98"));
}

/// A step, so many days after the one before.
#[derive(Debug, Clone)]
enum Step {
    Collect { is_last: bool },
    Account(u8),
    Cancel,
    Wait,
}

fn steps() -> impl Strategy<Value = Vec<(Step, u64)>> {
    let step = prop_oneof![
        4 => prop::bool::weighted(0.1).prop_map(|is_last| Step::Collect { is_last }),
        2 => (0u8..3).prop_map(Step::Account),
        1 => Just(Step::Cancel),
        2 => Just(Step::Wait),
    ];
    prop::collection::vec((step, 0u64..700), 0..20)
}

/// What a clerk would note: a list of what happened, read from the beginning for every answer.
#[derive(Default)]
struct Notes {
    collections: Vec<NaiveDate>,
    accounts: Vec<(NaiveDate, u8)>,
    ended: bool,
}

impl Notes {
    fn is_usable(&self, on: NaiveDate) -> bool {
        let last = self.collections.last().copied().unwrap_or(day("2024-02-29"));
        !self.ended && on <= last + chrono::Months::new(36)
    }

    fn account(&self) -> u8 {
        self.accounts.last().map_or(9, |a| a.1)
    }
}

fn account(n: u8) -> IbanTail {
    IbanTail::parse("PL", if n == 9 { "2874" } else { ["0000", "1111", "2222"][usize::from(n)] })
        .unwrap()
}

proptest! {
    #[test]
    fn agrees_with_a_list_of_what_happened(steps in steps(), once: bool) {
        let frequency = if once { Frequency::OneOff } else { Frequency::Recurrent };
        let mut mandate = signed(frequency);
        let mut notes = Notes::default();
        let mut told = 9;
        let mut today = day("2024-02-29");
        for (step, days) in steps {
            today = today + Days::new(days);
            let usable = notes.is_usable(today);
            prop_assert_eq!(mandate.is_usable_on(today), usable);
            let next = match step {
                Step::Wait => {
                    mandate = mandate.on(today);
                    continue;
                }
                Step::Collect { is_last } => mandate.clone().collect(today, is_last).map(|(m, c)| {
                    let expected = match (once, is_last, notes.collections.is_empty()) {
                        (true, ..) => Sequence::OneOff,
                        (_, true, _) => Sequence::Final,
                        (.., true) => Sequence::First,
                        _ => Sequence::Recurrent,
                    };
                    assert_eq!(c.sequence, expected);
                    let changed = (told != notes.account()).then(|| account(told));
                    assert_eq!(c.amended.account, changed);
                    told = notes.account();
                    notes.collections.push(today);
                    notes.ended = once || is_last;
                    m
                }),
                Step::Account(n) => {
                    let next = mandate.clone().amend(Amendment::Account(account(n)), today);
                    if next.is_ok() {
                        notes.accounts.push((today, n));
                    }
                    next
                }
                Step::Cancel => {
                    let next = mandate.clone().cancel(today);
                    notes.ended |= next.is_ok();
                    next
                }
            };
            prop_assert_eq!(next.is_ok(), usable);
            match next {
                Ok(next) => mandate = next,
                Err(error) => prop_assert!(error.is(&MANDATE_ENDED)),
            }
            prop_assert_eq!(&mandate.terms().account, &account(notes.account()));
            prop_assert_eq!(mandate.kept_until().is_some(), notes.ended || matches!(mandate.state(), MandateState::Dormant { .. }));
        }
    }
}
