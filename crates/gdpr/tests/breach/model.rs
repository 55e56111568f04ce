//! A model of the steps: whatever is tried in whatever order, what must hold of a breach holds.

use proptest::prelude::*;
use tacenda_core::policy::OperatorRole::{Controller, Processor};
use tacenda_core::{ActorId, Result};
use tacenda_gdpr::breach::Breach;
use tacenda_gdpr::breach::severity::Risk;
use tacenda_gdpr::breach::state::{
    Closed, Event, KeysOutside, Means, Notice, NoticeKind, Notices, PeopleAnswer, Stamp, State,
};

use crate::support::*;

/// What is tried, with a few small numbers to vary it.
type Step = (u8, u8, u8, i64);

fn attempt(breach: Breach, (what, how, by, hours): Step, at: i64) -> Result<Breach> {
    let (policy, plain) = (policy(), unpromised());
    let policy = if how % 2 == 0 { &policy } else { &plain };
    let actor = [ActorId::SYSTEM, DPO, BOSS][usize::from(by % 3)];
    let stamp = Stamp { at: hour(at), by: actor };
    let role = if by % 2 == 0 { Controller } else { Processor };
    let risk = [Risk::Unlikely, Risk::Risk, Risk::High][usize::from(how % 3)];
    let recipient = ["authority", "controllers", "csirt"][usize::from(by % 3)];
    let kind = NoticeKind::ALL[usize::from(how % 3)];
    match what % 13 {
        0 => breach.correct(facts(role), policy, &paris(), stamp),
        1 => breach.become_aware(hour(hours), note("Ours."), policy, &paris(), stamp),
        2 => breach.judge(judgement(risk), stamp),
        3 => {
            let delay = (how >= 128).then(|| note("It took long."));
            let complete = by >= 100;
            let notice = Notice { delay, complete, ..notice(recipient, kind, hours) };
            breach.notify(notice, stamp)
        }
        4 => {
            let made = how % 2 == 0;
            breach.settle_notices(if made { Notices::Made } else { not_required().0 }, stamp)
        }
        5 => {
            let mut telling = telling(Means::ALL[usize::from(how % 3)], hours);
            telling.complete = by >= 40;
            telling.unreachable = u64::from(how / 128);
            breach.tell(telling, stamp)
        }
        6 => breach.order_telling(note("Decision."), stamp),
        7 => {
            let keys = KeysOutside { keys: by >= 40, ..OUTSIDE };
            let answer = [PeopleAnswer::Told, not_required().1, encrypted(keys)];
            breach.settle_people(answer[usize::from(how % 3)].clone(), stamp)
        }
        8 => breach.remark(note("A remark."), stamp),
        9 => breach.close(remedy(), stamp),
        10 => breach.find_unfounded(unfounded((how >= 64).then_some(BOSS)), stamp),
        11 => breach.lift_promise(unfounded(Some(DPO)), stamp),
        _ => breach.reopen(note("Again."), stamp),
    }
}

/// What must hold of every breach that steps can make.
fn holds(breach: &Breach) {
    let entries = breach.entries();
    assert!(entries.windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert!(matches!(entries[0].event, Event::Suspected { .. }));
    let judged = entries.iter().rfind(|entry| matches!(entry.event, Event::Judged(_)));
    assert!(judged.is_none_or(|entry| entry.by != ActorId::SYSTEM));
    let has = |means: Option<Means>| {
        let right = |m: Means| means.map_or(m != Means::Public, |want| m == want);
        breach.tellings().iter().any(|t| t.complete && right(t.means))
    };
    let notified = |who: &str| {
        let last = breach.notices().iter().rfind(|notice| notice.recipient.as_str() == who);
        last.filter(|notice| notice.kind != NoticeKind::Withdrawal)
    };
    match breach.state() {
        State::Told { people, judgement, .. } => {
            if breach.promise_binds() {
                assert_eq!(people, &PeopleAnswer::Told, "a promise binds");
                assert!(has(Some(Means::AccountEmail)));
            }
            if *people == PeopleAnswer::Told {
                assert!(has(None));
            } else if matches!(people, PeopleAnswer::NotRequired(_)) {
                let controller = breach.facts().roles.contains(&Controller);
                assert!(judgement.risk != Risk::High || !controller);
            }
        }
        State::Closed(Closed::Handled { awareness, judgement, .. }) => {
            for deadline in &awareness.deadlines {
                if deadline.recipient.as_str() == "authority" && judgement.risk >= Risk::Risk
                    || deadline.recipient.as_str() == "controllers"
                {
                    let last = notified(deadline.recipient.as_str());
                    assert!(last.is_some_and(|notice| notice.complete));
                }
            }
        }
        State::Closed(Closed::Unfounded { unfounded, .. }) => {
            let by = entries.iter().rfind(|e| matches!(e.event, Event::FoundUnfounded(_)));
            let alone = unfounded.approved_by.is_none_or(|second| Some(second) == by.map(|e| e.by));
            assert!(breach.promise().is_none() || !alone, "a promise needs two");
            assert!(breach.notices().iter().all(|n| notified(n.recipient.as_str()).is_none()));
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_is_tried_nothing_is_lost_and_the_rules_hold(
        steps in prop::collection::vec((any::<u8>(), any::<u8>(), any::<u8>(), -10i64..200), 1..60),
        promised: bool,
        guided in prop::collection::vec(0u8..12, 0..60),
    ) {
        let policy = if promised { policy() } else { unpromised() };
        let mut breach = Breach::suspect(facts(Controller), &policy, stamp(0)).unwrap();
        let mut at = 0;
        for (i, mut step) in steps.into_iter().enumerate() {
            // Half of the time the step that leads on is tried, so that every state is reached.
            if guided.get(i).is_some_and(|n| n % 2 == 0) {
                step.0 = match breach.state().as_str() {
                    "suspected" => 1,
                    "aware" => 2,
                    "assessed" => [3, 4, 4][usize::from(step.1 % 3)],
                    "notified" => [5, 7, 7][usize::from(step.1 % 3)],
                    "told" => 9,
                    _ => 12,
                };
            }
            at += i64::from(step.2 % 3) - i64::from(step.1 == 0);
            let before = breach.entries().to_vec();
            match attempt(breach.clone(), step, at) {
                Ok(after) => {
                    prop_assert_eq!(&after.entries()[..before.len()], &before[..]);
                    prop_assert_eq!(after.entries().len(), before.len() + 1);
                    breach = after;
                }
                Err(error) => prop_assert!(error.code().starts_with("breach.")),
            }
            holds(&breach);
            let _ = breach.duties();
            let bytes = breach.encode();
            let read = Breach::decode(&bytes).unwrap();
            prop_assert_eq!(&read, &breach);
            prop_assert_eq!(read.encode(), bytes);
        }
    }

    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>(), byte: u8) {
        let _ = Breach::decode(&bytes);
        let mut good = notified(Risk::High, &policy()).encode();
        let at = at.index(good.len());
        good[at] = byte;
        if let Ok(read) = Breach::decode(&good) {
            prop_assert_eq!(read.encode(), good);
        }
    }
}
