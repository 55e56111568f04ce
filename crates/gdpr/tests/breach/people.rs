//! Whom a breach affects: computed, listed, held, written to, counted.

use std::sync::LazyLock;

use pollster::block_on as wait;
use tacenda_core::calendar::{Region, Utc, WorkingDays};
use tacenda_core::clock::Span;
use tacenda_core::outbox::{self, Failure, Outcome};
use tacenda_core::pii::Email;
use tacenda_core::policy::OperatorRole::Controller;
use tacenda_core::policy::records::{BREACH_PEOPLE, OUTBOX};
use tacenda_core::vault::{Actor, RecordKey, Standing, Vault};
use tacenda_core::{Name, Result, SubjectId, Timestamp};
use tacenda_gdpr::breach::people::{self, Followed, Listing, Reach, Selection, Sent, Tally};
use tacenda_gdpr::breach::register::{self, Step};
use tacenda_gdpr::breach::severity::Risk;
use tacenda_gdpr::breach::state::{Approval, Event, Facts, Notices, Occurrence, PeopleAnswer};
use tacenda_gdpr::requests::Calendar;
use tacenda_gdpr::staff as grants;
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{World, request, staff};

use crate::stored::*;
use crate::support::*;

const LEASE: Span = Span::seconds(600);

fn calendar() -> Calendar<'static> {
    static FRANCE: LazyLock<WorkingDays> =
        LazyLock::new(|| WorkingDays::of(Region::parse("FR").unwrap()));
    Calendar::new(&Utc, &FRANCE)
}

fn person(vault: &Vault, n: usize) -> SubjectId {
    let email = format!("person{n}@example.org");
    let items = [("email", email.as_str()), ("country", "PL")];
    let items = if n.is_multiple_of(2) { &items[..] } else { &items[..1] };
    wait(vault.register(request(vault, items, true), &staff("support"))).unwrap().subject()
}

pub(crate) fn people(vault: &Vault, n: usize) -> Vec<SubjectId> {
    (0..n).map(|n| person(vault, n)).collect()
}

fn classes(classes: &[&'static str]) -> Selection {
    Selection::Classes(classes.iter().copied().map(Name::fixed).collect())
}

pub(crate) fn list(vault: &Vault, key: &RecordKey, selection: &Selection) -> Listing {
    wait(people::list(vault, key, selection, &dpo(), &mut |_| {})).unwrap()
}

fn counted(vault: &Vault, key: &RecordKey, selection: &Selection) -> [u64; 3] {
    let found = wait(people::count(vault, key, selection, &dpo())).unwrap();
    assert!(found.refused.is_empty());
    [found.affected, found.before, found.unreachable]
}

fn tally(vault: &Vault, key: &RecordKey) -> [u64; 4] {
    let Tally { listed, queued, told, unreachable } = wait(people::tally(vault, key)).unwrap();
    [listed, queued, told, unreachable]
}

pub(crate) fn send(vault: &Vault, key: &RecordKey) -> Result<Sent> {
    wait(people::send(vault, key, &dpo(), &mut |_| {}))
}

pub(crate) fn follow(vault: &Vault, key: &RecordKey) -> Followed {
    wait(people::follow(vault, &calendar(), key, &dpo())).unwrap()
}

/// Sends what is due, or what becomes of it; the values of what was sent.
pub(crate) fn drain(vault: &Vault, outcome: impl Fn(usize) -> Outcome) -> Vec<(SubjectId, String)> {
    let taken = wait(outbox::take(vault, LEASE, 999, None, &staff("support"))).unwrap().ready;
    let said = taken.iter().map(|one| {
        let says = one.outgoing.says.as_str();
        let nature = one.outgoing.values.get("nature.en").unwrap();
        (one.subject(), format!("{says}: {nature}"))
    });
    let said = said.collect();
    let all: Vec<_> = taken.into_iter().enumerate().map(|(i, one)| (one, outcome(i))).collect();
    wait(outbox::settle(vault, all, &staff("support"))).unwrap();
    said
}

pub(crate) fn written(vault: &Vault, key: &RecordKey) {
    step(vault, key, Step::Write(draft(vault))).unwrap();
    let to = Email::parse("dpo@example.org").unwrap();
    wait(people::test(vault, key, &to, None, &dpo())).unwrap();
    assert_eq!(by(vault, key, Step::Approve(Approval::Letter, note("Good.")), &boss()), "ok");
    assert_eq!(drain(vault, |_| Outcome::Sent).len(), 1, "the test letter");
}

pub(crate) fn erase(vault: &Vault, subject: SubjectId) -> &'static str {
    code(wait(erasure::erase(vault, subject, &staff("support"))))
}

#[test]
fn everybody_of_whom_a_class_is_kept_is_affected_and_whoever_was_erased_since() {
    let world = World::default();
    let vault = open(&world, true);
    let all = people(&vault, 5);
    assert_eq!(erase(&vault, all[4]), "ok");
    world.clock.advance(Span::hours(10));
    let facts = Facts { occurred: Occurrence::Since(vault.now()), ..known(Controller) };
    let key = wait(register::suspect(&vault, None, facts, &dpo())).unwrap().key;
    world.clock.advance(Span::hours(1));
    assert_eq!(erase(&vault, all[3]), "ok");
    let account = classes(&["account"]);
    assert_eq!(counted(&vault, &key, &account), [4, 0, 1], "who was erased before it is not");
    assert_eq!(counted(&vault, &key, &classes(&["billing"])), [2, 0, 0]);
    assert_eq!(counted(&vault, &key, &Selection::Everyone), [4, 0, 1]);
    assert_eq!(tally(&vault, &key), [0; 4], "counting writes nothing");
    let listed = list(&vault, &key, &classes(&["billing"]));
    assert_eq!((listed.affected, listed.before), (2, 0));
    assert_eq!(counted(&vault, &key, &account), [4, 2, 1]);
    let listed = list(&vault, &key, &account);
    assert_eq!((listed.affected, listed.before, listed.unreachable), (4, 2, 1));
    assert_eq!(tally(&vault, &key), [3, 0, 0, 1]);
    list(&vault, &key, &Selection::Everyone);
    assert_eq!(tally(&vault, &key), [3, 0, 0, 1], "each is on it once");
    let gone = wait(people::people(&vault, &key, Reach::Unreachable, None, 9, &dpo())).unwrap();
    assert_eq!(gone.iter().map(|one| one.key.subject).collect::<Vec<_>>(), [all[3]]);
    // Another breach has a list of its own.
    let other = raise(&vault);
    assert_eq!(tally(&vault, &other), [0; 4]);
    assert_eq!(counted(&vault, &other, &account), [5, 0, 2], "nobody knows since when");
    let none = wait(people::count(&vault, &key, &classes(&["nothing"]), &dpo()));
    assert_eq!(code(none), "vault.undeclared_class");
    wait(vault.audit()).unwrap();
}

#[test]
fn whom_somebody_read_is_told_by_the_log_and_refused_reads_are_not() {
    let world = World::default();
    let vault = open(&world, true);
    let all = people(&vault, 6);
    let thief = Actor::staff(tacenda_core::ActorId::from_bytes([9; 16]), Name::fixed("support"));
    let read = |who: usize, purpose: &'static str| {
        let _ = wait(vault.read(all[who], &Name::fixed(purpose), &thief));
        world.clock.advance(Span::hours(1));
    };
    let key = raise(&vault);
    read(0, "account");
    let from = vault.now();
    read(1, "account");
    read(1, "account");
    read(2, "account");
    read(3, "newsletter");
    let until = vault.now();
    world.clock.advance(Span::hours(1));
    // What the thief looked up in the register is no customer's.
    let remark = Step::Remark(note("Nothing happened."));
    assert_eq!(by(&vault, &key, remark, &thief), "ok");
    read(4, "account");
    let by = |actor, from, until| Selection::ReadBy { actor, from, until };
    assert_eq!(counted(&vault, &key, &by(thief.id, from, until)), [2, 0, 0]);
    assert_eq!(counted(&vault, &key, &by(DPO, from, until)), [0, 0, 0]);
    assert_eq!(counted(&vault, &key, &by(thief.id, Timestamp::MIN, Timestamp::MAX)), [4, 0, 0]);
    assert_eq!(erase(&vault, all[2]), "ok");
    assert_eq!(counted(&vault, &key, &by(thief.id, from, until)), [2, 0, 1], "erased since");
    list(&vault, &key, &by(thief.id, from, until));
    assert_eq!(tally(&vault, &key), [1, 0, 0, 1]);
    // To whom a processor was given something.
    let item = [Name::fixed("email")].into();
    let (provider, billing) = (Name::fixed("provider"), Name::fixed("billing"));
    let given = wait(vault.disclose(all[0], &provider, &billing, &item, &staff("billing")));
    assert_eq!(code(given), "disclose.not_declared");
    let to =
        |processor| Selection::DisclosedTo { processor, from: Timestamp::MIN, until: vault.now() };
    assert_eq!(counted(&vault, &key, &to(provider)), [0, 0, 0], "what was refused went nowhere");
    let nobody = wait(people::count(&vault, &key, &to(Name::fixed("nobody")), &dpo()));
    assert_eq!(code(nobody), "disclose.not_declared");
    // Those of a list; who is unknown is told, and not listed.
    let stranger = SubjectId::from_bytes([1; 16]);
    let found = list(&vault, &key, &Selection::People(vec![all[5], stranger, all[5]]));
    assert_eq!((found.affected, found.refused.len()), (1, 1));
    assert_eq!(found.refused[0].1.code(), "vault.not_found");
}

#[test]
fn what_a_stolen_certificate_read_is_what_its_grant_read_while_it_counted() {
    let world = World::default();
    let vault = open(&world, true);
    let all = people(&vault, 3);
    let identity = grants::Identity::parse("Grace Hopper", "grace@example.com").unwrap();
    let give = |person| {
        let offer = grants::Offer {
            roles: [Name::fixed("support")].into(),
            certificate: tacenda_core::vault::Fingerprint::of_der(&[1; 40]),
            until: "2027-01-01".parse().unwrap(),
            told: None,
        };
        wait(grants::give(&vault, person, &identity, &offer, &Actor::system())).unwrap()
    };
    let first = give(None);
    let grace = Actor::staff(first.person, Name::fixed("support"));
    let read = |who: usize| {
        wait(vault.read(all[who], &Name::fixed("account"), &grace)).unwrap();
        world.clock.advance(Span::hours(1));
    };
    read(0);
    let gone = note("The certificate was stolen.");
    wait(grants::revoke(&vault, grace.id, grants::Ground::Problem, &gone, &dpo())).unwrap();
    world.clock.advance(Span::hours(1));
    let second = give(Some(grace.id));
    read(1);
    let key = raise(&vault);
    let under = |key: &RecordKey| Selection::UnderGrant(key.clone());
    assert_eq!(counted(&vault, &key, &under(&first.key)), [1, 0, 0]);
    list(&vault, &key, &under(&first.key));
    let listed = wait(people::people(&vault, &key, Reach::Listed, None, 9, &dpo())).unwrap();
    assert_eq!(listed[0].key.subject, all[0]);
    assert_eq!(counted(&vault, &key, &under(&second.key)), [1, 0, 0]);
    let wrong = wait(people::count(&vault, &key, &under(&key), &dpo()));
    assert_eq!(code(wrong), "vault.no_such_record");
}

#[test]
fn a_promise_is_kept_from_the_suspicion_to_the_closed_register() {
    let world = World::default();
    let vault = open(&world, true);
    let all = people(&vault, 4);
    let key = raise(&vault);
    list(&vault, &key, &classes(&["account"]));
    assert_eq!(erase(&vault, all[1]), "erasure.held", "nobody goes before they were told");
    for expected in ["breach.no_letter", "breach.untested", "breach.second_approver"] {
        assert_eq!(code(send(&vault, &key)), expected);
        match expected {
            "breach.no_letter" => drop(step(&vault, &key, Step::Write(draft(&vault))).unwrap()),
            "breach.untested" => {
                let to = Email::parse("dpo@example.org").unwrap();
                wait(people::test(&vault, &key, &to, None, &dpo())).unwrap();
            }
            _ => {
                let approve = || Step::Approve(Approval::Letter, note("Good."));
                assert_eq!(by(&vault, &key, approve(), &dpo()), "breach.second_approver");
                assert_eq!(by(&vault, &key, approve(), &boss()), "ok");
            }
        }
    }
    assert_eq!(drain(&vault, |_| Outcome::Sent).len(), 1, "the test letter alone");
    assert_eq!(code(wait(people::tell(&vault, &key, &dpo()))), "breach.nobody_told");
    let sent = send(&vault, &key).unwrap();
    assert_eq!((sent.queued, sent.before), (4, 4));
    assert_eq!(send(&vault, &key).unwrap().queued, 0, "nobody has it twice");
    assert_eq!(tally(&vault, &key), [0, 4, 0, 0]);
    assert_eq!(follow(&vault, &key).waiting, 4);
    let telling = wait(people::tell(&vault, &key, &dpo())).unwrap();
    assert_eq!((telling.told, telling.complete), (0, false), "nobody was told yet");
    let arrived = drain(&vault, |_| Outcome::Sent);
    assert_eq!(arrived.len(), 4);
    assert!(arrived.iter().all(|(_, says)| says == "breach_suspected: a copy was taken (en)"));
    assert_eq!(follow(&vault, &key).told, 4);
    assert_eq!(tally(&vault, &key), [0, 0, 4, 0]);
    assert_eq!(erase(&vault, all[1]), "ok", "told, they may go");
    let telling = wait(people::tell(&vault, &key, &dpo())).unwrap();
    assert_eq!((telling.told, telling.unreachable, telling.complete), (4, 0, true));
    step(&vault, &key, Step::BecomeAware(vault.now(), note("It is ours."))).unwrap();
    step(&vault, &key, Step::Judge(judgement(Risk::Unlikely))).unwrap();
    step(&vault, &key, Step::SettleNotices(not_required().0)).unwrap();
    let otherwise = step(&vault, &key, Step::SettlePeople(not_required().1));
    assert_eq!(code(otherwise), "breach.promise_binds");
    step(&vault, &key, Step::SettlePeople(PeopleAnswer::Told)).unwrap();
    step(&vault, &key, Step::Close(remedy())).unwrap();
    assert_eq!(code(send(&vault, &key)), "breach.wrong_step");
    assert_eq!(follow(&vault, &key).closed, 4);
    assert_eq!(tally(&vault, &key), [0; 4]);
    wait(vault.audit()).unwrap();
    // The list goes a year later, also that of somebody who was erased; the register stays.
    world.set_time("2027-06-03T08:00:00Z");
    let plan = wait(retention::plan(&vault)).unwrap();
    wait(erasure::sweep(&vault, Some(plan.digest), &Actor::system(), &mut |_| {})).unwrap();
    let left = wait(vault.subjects_of(&BREACH_PEOPLE.class, None, 9)).unwrap().0;
    assert_eq!(left, []);
    let events = read(&vault, &key);
    assert!(events.entries().iter().any(|one| matches!(one.event, Event::SendingBegan)));
    wait(vault.audit()).unwrap();
}

#[test]
fn whoever_cannot_be_reached_is_told_in_public() {
    let world = World::default();
    let vault = open(&world, true);
    people(&vault, 3);
    let key = raise(&vault);
    list(&vault, &key, &Selection::Everyone);
    written(&vault, &key);
    send(&vault, &key).unwrap();
    let refused = |i| if i == 0 { Outcome::GivenUp(Failure::Refused) } else { Outcome::Sent };
    let first = drain(&vault, refused)[0].0;
    let done = follow(&vault, &key);
    assert_eq!((done.told, done.unreachable, done.waiting), (2, 1, 0));
    let held = |who| wait(vault.outline(who)).unwrap().iter().any(|row| row.held);
    assert!(held(first), "they are to be told in another way");
    wait(people::tell(&vault, &key, &dpo())).unwrap();
    step(&vault, &key, Step::BecomeAware(vault.now(), note("It is ours."))).unwrap();
    step(&vault, &key, Step::Judge(judgement(Risk::Unlikely))).unwrap();
    step(&vault, &key, Step::SettleNotices(Notices::NotRequired(note("None.")))).unwrap();
    let told = || Step::SettlePeople(PeopleAnswer::Told);
    assert_eq!(by(&vault, &key, told(), &dpo()), "breach.public_missing");
    // A later letter is tried with them as well, and those who were told have it too.
    written(&vault, &key);
    assert_eq!(send(&vault, &key).unwrap().queued, 3);
    let arrived = drain(&vault, |_| Outcome::Sent);
    assert!(arrived.len() == 3 && arrived.iter().all(|(_, says)| says.starts_with("breach: ")));
    assert_eq!(follow(&vault, &key).told, 3);
    wait(people::tell(&vault, &key, &dpo())).unwrap();
    assert_eq!(by(&vault, &key, told(), &dpo()), "ok");
    assert!(!held(first));
    wait(vault.audit()).unwrap();
}

#[test]
fn an_unfounded_suspicion_lets_everybody_go() {
    let world = World::default();
    let vault = open(&world, true);
    let all = people(&vault, 2);
    let key = raise(&vault);
    list(&vault, &key, &Selection::People(all.clone()));
    let approve = Step::Approve(Approval::Unfounded, note("Nothing was taken."));
    assert_eq!(by(&vault, &key, approve, &boss()), "ok");
    step(&vault, &key, Step::FindUnfounded(note("It was invented data."))).unwrap();
    let done = follow(&vault, &key);
    assert_eq!((done.closed, done.refused.len()), (2, 0));
    assert_eq!(erase(&vault, all[0]), "ok");
    assert_eq!(wait(vault.records_of(all[1], &OUTBOX)).unwrap(), []);
    // Taken up again, it has its people again.
    step(&vault, &key, Step::Reopen(note("It was not."))).unwrap();
    let again = list(&vault, &key, &Selection::People(all.clone()));
    assert_eq!((again.affected, again.before, again.unreachable), (2, 2, 1));
    let standing = wait(vault.records_of(all[1], &BREACH_PEOPLE)).unwrap().remove(0).standing;
    assert!(matches!(standing, Standing::Open { .. }));
    assert_eq!(erase(&vault, all[1]), "erasure.held");
    wait(vault.audit()).unwrap();
}

#[test]
fn who_may_not_work_on_breaches_lists_and_writes_to_nobody() {
    let world = World::default();
    let vault = open(&world, true);
    let all = people(&vault, 1);
    let key = raise(&vault);
    for (actor, expected) in [
        (staff("marketing"), "policy.role_without_records"),
        (Actor::subject(all[0]), "case.no_role"),
        (Actor::system(), "case.no_role"),
    ] {
        let listed = wait(people::list(&vault, &key, &Selection::Everyone, &actor, &mut |_| {}));
        assert_eq!(code(listed), expected);
        assert_eq!(code(wait(people::count(&vault, &key, &Selection::Everyone, &actor))), expected);
        assert_eq!(code(wait(people::send(&vault, &key, &actor, &mut |_| {}))), expected);
        assert_eq!(code(wait(people::tell(&vault, &key, &actor))), expected);
        let page = wait(people::people(&vault, &key, Reach::Listed, None, 9, &actor));
        assert_eq!(code(page), expected);
    }
    assert_eq!(tally(&vault, &key), [0; 4]);
}

#[test]
fn what_the_log_has_lost_is_told_as_lost() {
    let world = World::default();
    let vault = open(&world, true);
    let all = people(&vault, 2);
    let thief = Actor::staff(tacenda_core::ActorId::from_bytes([9; 16]), Name::fixed("support"));
    let read = |who: usize| {
        drop(wait(vault.read(all[who], &Name::fixed("account"), &thief)).unwrap());
    };
    read(0);
    world.set_time("2027-05-01T08:00:00Z");
    read(1);
    let plan = wait(retention::plan(&vault)).unwrap();
    wait(erasure::sweep(&vault, Some(plan.digest), &Actor::system(), &mut |_| {})).unwrap();
    world.set_time("2027-12-01T08:00:00Z");
    wait(vault.prune_log()).unwrap();
    let key = raise(&vault);
    let theirs = Selection::ReadBy { actor: thief.id, from: Timestamp::MIN, until: Timestamp::MAX };
    let found = wait(people::count(&vault, &key, &theirs, &dpo())).unwrap();
    assert_eq!(found.affected, 1, "a floor");
    assert!(found.texts_gone >= 3, "{}: and it says so", found.texts_gone);
}
