//! The register: what is stored is what the rules make of it, and nothing goes before its time.

use pollster::block_on as wait;
use proptest::prelude::*;
use tacenda_core::clock::Span;
use tacenda_core::policy::OperatorRole::{Controller, Processor};
use tacenda_core::policy::records::BREACHES;
use tacenda_core::vault::{Actor, OnRestore, RecordKey, Standing, Vault};
use tacenda_core::{Kind, Name, Result, Timestamp};
use tacenda_gdpr::breach::register::{self, BreachId, Entered, Step};
use tacenda_gdpr::breach::severity::Risk;
use tacenda_gdpr::breach::state::{
    Approval, Draft, DutyState, Event, Facts, Means, Notice, NoticeKind, Notices, Occurrence,
    PeopleAnswer, Stamp, Wording,
};
use tacenda_gdpr::breach::{Breach, State};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{POLICY, World, ada, staff};

use crate::support::*;

pub(crate) const PROMISE: &str = "\n[breach.promise]\ntrigger = \"suspicion\"\nnature = \"theft\"\n\
    classes = [\"account\"]\nchannel = \"account e-mail\"\n";

/// The policy of the world, with letters on breaches, and a promise if it is wanted.
pub(crate) fn text(promise: bool) -> String {
    let letters = "\n[breach.letters]\npurpose = \"account\"\nsecond_approver = true\n";
    format!("{POLICY}\n[breach]\n{letters}{}", if promise { PROMISE } else { "" })
}

pub(crate) fn open(world: &World, promise: bool) -> Vault {
    world.try_open(&text(promise), OnRestore::Refuse).unwrap().0
}

pub(crate) fn dpo() -> Actor {
    Actor::staff(DPO, Name::fixed("support"))
}

pub(crate) fn boss() -> Actor {
    Actor::staff(BOSS, Name::fixed("billing"))
}

/// Facts that have happened by the time of the world.
pub(crate) fn known(role: tacenda_core::policy::OperatorRole) -> Facts {
    Facts { occurred: Occurrence::Open, ..facts(role) }
}

pub(crate) fn raise(vault: &Vault) -> RecordKey {
    wait(register::suspect(vault, None, known(Controller), &dpo())).unwrap().key
}

pub(crate) fn step(vault: &Vault, key: &RecordKey, step: Step) -> Result<Entered> {
    wait(register::step(vault, key, step, &dpo()))
}

pub(crate) fn by(vault: &Vault, key: &RecordKey, step: Step, actor: &Actor) -> &'static str {
    code(wait(register::step(vault, key, step, actor)))
}

pub(crate) fn read(vault: &Vault, key: &RecordKey) -> Breach {
    wait(register::read(vault, key, &Name::fixed("account"), &dpo())).unwrap()
}

pub(crate) fn draft(vault: &Vault) -> Draft {
    let wording = |tag: &String| {
        let say = |what: &str| note(&format!("{what} ({tag})"));
        let wording = Wording {
            nature: say("a copy was taken"),
            consequences: say("somebody may write to you in our name"),
            measures: say("we closed the hole; change your password"),
        };
        (tag.clone(), wording)
    };
    vault.policy().languages.iter().map(wording).collect()
}

fn closed(vault: &Vault) -> RecordKey {
    let key = raise(vault);
    step(vault, &key, Step::BecomeAware(vault.now(), note("The copy is ours."))).unwrap();
    step(vault, &key, Step::Judge(judgement(Risk::Unlikely))).unwrap();
    let (notices, people) = not_required();
    step(vault, &key, Step::SettleNotices(notices)).unwrap();
    step(vault, &key, Step::SettlePeople(people)).unwrap();
    step(vault, &key, Step::Close(remedy())).unwrap();
    key
}

#[test]
fn a_breach_is_in_the_register_from_its_suspicion_until_its_retention_ends() {
    let world = World::default();
    let vault = open(&world, false);
    let id = BreachId::from_bytes([7; 16]);
    let raised = wait(register::suspect(&vault, Some(id), known(Controller), &dpo())).unwrap();
    let again = wait(register::suspect(&vault, Some(id), known(Processor), &dpo())).unwrap();
    assert!(raised.is_new && !again.is_new && again.key == raised.key, "tried twice, raised once");
    assert_eq!(wait(register::find(&vault, id, &dpo())).unwrap(), Some(raised.key.clone()));
    let key = raised.key;
    let entered = step(&vault, &key, Step::BecomeAware(vault.now(), note("Ours."))).unwrap();
    assert_eq!(entered.state, "aware");
    let keep = vault.now().plus(Span::hours(72));
    assert_eq!(entered.duties[0].due.unwrap().keep, keep);
    let due = |until| wait(register::agenda(&vault, until, &dpo())).unwrap();
    assert_eq!(due(keep)[0].due_at, keep, "the index has the hour of the clock");
    assert!(due(keep.plus(Span::seconds(-1))).is_empty());
    // A late notice says why.
    world.clock.advance(Span::hours(73));
    let notice = Notice { sent_at: vault.now(), ..notice("authority", NoticeKind::Initial, 0) };
    let late = step(&vault, &key, Step::Notify(notice.clone()));
    assert_eq!(code(late), "breach.reasons_for_delay");
    assert_eq!(read(&vault, &key).entries().len(), 2, "what is refused is not entered");
    let told = Notice { delay: Some(note("It took long.")), ..notice };
    step(&vault, &key, Step::Notify(told)).unwrap();
    let leaves = wait(vault.history(key.subject, 9)).unwrap();
    let actions: Vec<_> = leaves.iter().map(|leaf| leaf.action.as_str()).collect();
    let expected = ["breach.notified", "record.read", "breach.became_aware", "breach.suspected"];
    assert_eq!(actions, expected, "each change has its leaf");
    wait(vault.audit()).unwrap();
}

#[test]
fn nothing_is_removed_before_its_time_and_what_is_reopened_begins_again() {
    let world = World::default();
    let vault = open(&world, false);
    let (key, other) = (closed(&vault), raise(&vault));
    let end = vault.now();
    assert_eq!(wait(vault.record(&key)).unwrap().standing, Standing::Closed { at: end });
    // A remark on a closed breach lengthens nothing.
    world.clock.advance(Span::hours(24));
    step(&vault, &key, Step::Remark(note("The authority has closed its file."))).unwrap();
    assert_eq!(wait(vault.record(&key)).unwrap().standing, Standing::Closed { at: end });
    // Nobody is erased who is no person.
    assert_ne!(code(wait(erasure::erase(&vault, key.subject, &staff("support")))), "ok");
    assert_eq!(read(&vault, &key).entries().len(), 7);
    let sweep = |at: &str| {
        world.set_time(at);
        let plan = wait(retention::plan(&vault)).unwrap();
        let due = plan.due();
        wait(erasure::sweep(&vault, Some(plan.digest), &Actor::system(), &mut |_| {})).unwrap();
        due
    };
    assert_eq!(sweep("2031-06-01T07:00:00Z"), 0);
    step(&vault, &key, Step::Reopen(note("It was more than that."))).unwrap();
    assert_eq!(sweep("2031-06-03T08:00:00Z"), 0, "taken up again, its time has not begun");
    assert_eq!(read(&vault, &key).state().as_str(), "aware");
    step(&vault, &key, Step::FindUnfounded(note("It was not."))).unwrap();
    assert_eq!(sweep("2036-06-02T08:00:00Z"), 0);
    assert_eq!(sweep("2036-06-04T08:00:00Z"), 1);
    assert_eq!(wait(vault.record(&key)).unwrap_err().kind(), Kind::NotFound);
    assert_eq!(read(&vault, &other).state(), &State::Suspected, "what is open is kept for ever");
    wait(vault.audit()).unwrap();
}

#[test]
fn who_may_not_work_on_breaches_raises_changes_and_reads_none() {
    let world = World::default();
    let vault = open(&world, true);
    let key = raise(&vault);
    let subject = ada(&vault);
    for (actor, expected) in [
        (staff("marketing"), "policy.role_without_records"),
        (staff("nobody"), "policy.unknown_role"),
        (Actor::subject(subject), "case.no_role"),
    ] {
        let raised = wait(register::suspect(&vault, None, known(Controller), &actor));
        assert_eq!(code(raised), expected);
        assert_eq!(by(&vault, &key, Step::Remark(note("Mine.")), &actor), expected);
        assert_eq!(code(wait(register::agenda(&vault, Timestamp::MAX, &actor))), expected);
    }
    let news = Name::fixed("newsletter");
    let refused = wait(register::read(&vault, &key, &news, &staff("marketing")));
    assert_eq!(code(refused), "policy.not_for_records");
    // An alarm raises a breach, and decides nothing.
    let alarm = Actor::system();
    let raised = wait(register::suspect(&vault, None, known(Controller), &alarm)).unwrap();
    assert_eq!(by(&vault, &raised.key, Step::Remark(note("Again.")), &alarm), "ok");
    let aware = Step::BecomeAware(vault.now(), note("Sure."));
    assert_eq!(by(&vault, &raised.key, aware, &alarm), "case.no_role");
    assert_eq!(wait(register::agenda(&vault, Timestamp::MAX, &dpo())).unwrap().len(), 2);
}

#[test]
fn a_promise_is_closed_by_two_people_who_both_act() {
    let world = World::default();
    let vault = open(&world, true);
    let key = raise(&vault);
    let unfounded = || Step::FindUnfounded(note("The copy was one of invented data."));
    let approve = || Step::Approve(Approval::Unfounded, note("I looked at it too."));
    assert_eq!(by(&vault, &key, unfounded(), &dpo()), "breach.second_approver");
    assert_eq!(by(&vault, &key, approve(), &dpo()), "ok");
    assert_eq!(by(&vault, &key, unfounded(), &dpo()), "breach.second_approver", "the same person");
    // Mails that nobody sent keep no promise.
    let told = Step::Tell(telling(Means::AccountEmail, -9000));
    assert_eq!(by(&vault, &key, told, &dpo()), "breach.telling_counted");
    assert_eq!(by(&vault, &key, approve(), &boss()), "ok");
    // What was approved was approved of the facts as they were.
    step(&vault, &key, Step::Correct(Box::new(known(Controller)))).unwrap();
    assert_eq!(by(&vault, &key, unfounded(), &dpo()), "breach.second_approver");
    assert_eq!(by(&vault, &key, approve(), &boss()), "ok");
    assert_eq!(by(&vault, &key, unfounded(), &dpo()), "ok");
    let breach = read(&vault, &key);
    let Event::FoundUnfounded(unfounded) = &breach.entries().last().unwrap().event else {
        panic!()
    };
    assert_eq!(unfounded.approved_by, Some(BOSS));
    assert!(breach.duties().iter().all(|duty| duty.state == DutyState::NotOwed));
}

#[test]
fn a_letter_is_written_in_every_language_tested_and_approved() {
    let world = World::default();
    let vault = open(&world, true);
    let key = raise(&vault);
    let approve = || Step::Approve(Approval::Letter, note("Good."));
    assert_eq!(by(&vault, &key, approve(), &boss()), "breach.no_letter");
    let empty = Step::Write(Draft::new());
    assert_eq!(by(&vault, &key, empty, &dpo()), "breach.letter_incomplete");
    assert_eq!(by(&vault, &key, Step::Write(draft(&vault)), &dpo()), "ok");
    assert_eq!(by(&vault, &key, approve(), &boss()), "breach.untested");
    let breach = read(&vault, &key);
    let letter = breach.letter().unwrap();
    assert_eq!((letter.number, letter.suspicion, letter.by), (1, true, DPO));
    assert_eq!(code(letter.check(vault.policy())), "breach.untested");
    assert_eq!(letter.draft, draft(&vault));
    wait(vault.audit()).unwrap();
}

/// A step with a few small numbers to vary it.
fn some((what, how, by): (u8, u8, u8), now: Timestamp, vault: &Vault) -> Step {
    let role = if by % 2 == 0 { Controller } else { Processor };
    let risk = [Risk::Unlikely, Risk::Risk, Risk::High][usize::from(how % 3)];
    match what % 14 {
        0 => Step::Correct(Box::new(known(role))),
        1 => Step::BecomeAware(now, note("Ours.")),
        2 | 3 => Step::Judge(judgement(risk)),
        4 | 5 => {
            let recipient = ["authority", "controllers"][usize::from(by % 2)];
            let kind = NoticeKind::ALL[usize::from(how % 3)];
            Step::Notify(Notice { sent_at: now, complete: by < 200, ..notice(recipient, kind, 0) })
        }
        6 => Step::SettleNotices(if how % 2 == 0 { Notices::Made } else { not_required().0 }),
        7 => Step::Tell(tacenda_gdpr::breach::state::Telling {
            began_at: now,
            ..telling(Means::ALL[usize::from(how % 3)], 0)
        }),
        8 => {
            Step::SettlePeople([PeopleAnswer::Told, not_required().1][usize::from(how % 2)].clone())
        }
        9 => Step::Close(remedy()),
        10 => Step::Approve(Approval::ALL[usize::from(how % 2)], note("Yes.")),
        11 => Step::FindUnfounded(note("None.")),
        12 => Step::Write(draft(vault)),
        _ if how % 2 == 0 => Step::Reopen(note("Again.")),
        _ => Step::OrderTelling(note("Decision.")),
    }
}

/// The same step by the rules alone.
fn pure(breach: Breach, step: Step, vault: &Vault, stamp: Stamp) -> Result<Breach> {
    let (policy, utc) = (vault.policy(), &tacenda_core::calendar::Utc);
    match step {
        Step::Correct(facts) => breach.correct(*facts, policy, utc, stamp),
        Step::BecomeAware(at, why) => breach.become_aware(at, why, policy, utc, stamp),
        Step::Judge(judgement) => breach.judge(judgement, stamp),
        Step::Notify(notice) => breach.notify(notice, stamp),
        Step::SettleNotices(notices) => breach.settle_notices(notices, stamp),
        Step::Tell(telling) => breach.tell(telling, stamp),
        Step::SettlePeople(people) => breach.settle_people(people, stamp),
        Step::Close(remedy) => breach.close(remedy, stamp),
        Step::Approve(what, why) => breach.approve(what, why, stamp),
        Step::FindUnfounded(_) => {
            let second = breach.second_for(stamp.by);
            breach.find_unfounded(
                tacenda_gdpr::breach::state::Unfounded {
                    reason: note("None."),
                    approved_by: second,
                },
                stamp,
            )
        }
        Step::Write(draft) => breach.write(draft, stamp),
        Step::Reopen(why) => breach.reopen(why, stamp),
        Step::OrderTelling(why) => breach.order_telling(why, stamp),
        Step::LiftPromise(_) | Step::Remark(_) => panic!("not tried here"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_stored_is_what_the_rules_make_of_it(
        steps in prop::collection::vec((any::<u8>(), any::<u8>(), any::<u8>()), 1..30),
        promised: bool,
    ) {
        let world = World::default();
        let vault = open(&world, promised);
        let key = raise(&vault);
        let stamp = Stamp { at: vault.now(), by: DPO };
        let mut model = Breach::suspect(known(Controller), vault.policy(), stamp).unwrap();
        let mut reached = 0;
        for one in steps {
            world.clock.advance(Span::hours(i64::from(one.1 % 9)));
            // Every other time the step that leads on is tried.
            let lead = match model.state().as_str() {
                "suspected" => 1,
                "aware" => 2,
                "assessed" if model.notices().is_empty() => 4,
                "assessed" => 6,
                "notified" => 8,
                "told" => 9,
                _ => 13,
            };
            let what = if one.2 % 2 == 0 { lead } else { one.0 };
            let actor = if one.0 % 2 == 0 { dpo() } else { boss() };
            let next = some((what, one.1, one.2), vault.now(), &vault);
            let stamp = Stamp { at: vault.now(), by: actor.id };
            let mail = matches!(&next, Step::Tell(t) if t.means == Means::AccountEmail);
            let expected = if mail { Err("breach.telling_counted") } else {
                pure(model.clone(), next.clone(), &vault, stamp).map_err(|error| error.code())
            };
            let done = wait(register::step(&vault, &key, next, &actor));
            let done = done.map_err(|error| error.code());
            prop_assert_eq!(done.as_ref().err(), expected.as_ref().err());
            if let Ok(after) = expected {
                prop_assert_eq!(&done.unwrap().duties, &after.duties());
                model = after;
                reached += 1;
            }
            let stored = read(&vault, &key);
            prop_assert_eq!(&stored, &model);
            let outline = wait(vault.record(&key)).unwrap();
            prop_assert_eq!(outline.version, reached + 1, "a change for each entry");
            match (outline.standing, model.state()) {
                (Standing::Closed { .. }, State::Closed(_)) => {}
                (Standing::Open { state, due_at }, open) => {
                    prop_assert_eq!(state.as_str(), open.as_str());
                    prop_assert!(due_at.is_some(), "what is open is on the agenda");
                }
                (closed, open) => prop_assert!(false, "{:?} {}", closed, open.as_str()),
            }
        }
        prop_assert_eq!(wait(vault.records_of(key.subject, &BREACHES)).unwrap().len(), 1);
        wait(vault.audit()).unwrap();
    }
}
