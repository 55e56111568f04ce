//! Objections: what is read while one waits, and after it is decided.

use chrono::NaiveDate;
use pollster::block_on as wait;
use tacenda_core::calendar::{Region, Utc, WorkingDays};
use tacenda_core::clock::Span;
use tacenda_core::vault::{Actor, OnRestore, Standing, Vault};
use tacenda_core::{ActorId, Name, SubjectId};
use tacenda_gdpr::erasure;
use tacenda_gdpr::notice;
use tacenda_gdpr::objection::{
    self, Decision, Ground, Objecting, Overriding, State, Told, Way, decide, stop_marketing, tell,
    withdraw,
};
use tacenda_gdpr::requests::{Calendar, Words};
use tacenda_testkit::world::{POLICY, World, ada, staff};

use crate::support::*;

fn upheld() -> Decision {
    Decision::Upheld(note("It is so."))
}

fn overruled() -> Decision {
    Decision::Overruled(Overriding::CompellingGrounds, note("The service fails without."))
}

fn objections(vault: &Vault, subject: SubjectId) -> Vec<objection::Objection> {
    let dpo = staff("support");
    let listed = wait(objection::objections_of(vault, subject, &ACCOUNT, &dpo)).unwrap();
    listed.into_iter().map(|one| one.objection.unwrap()).collect()
}

#[test]
fn marketing_stops_at_the_next_read_for_good() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    give(&vault, subject).unwrap();
    assert_eq!((read(&vault, subject, &OFFERS), read(&vault, subject, &NEWS)), ("ok", "ok"));
    let me = Actor::subject(subject);
    let entered =
        wait(stop_marketing(&vault, subject, (vault.now(), Way::Automated), &me)).unwrap();
    let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
    assert_eq!(
        (leaf.find("against"), leaf.rows.len()),
        (Some("direct marketing"), 2),
        "one change"
    );
    assert_eq!(read(&vault, subject, &OFFERS), "policy.objected");
    assert_eq!(read(&vault, subject, &NEWS), "policy.objected");
    assert_eq!(read(&vault, subject, &ANALYSIS), "ok", "which is no marketing");
    let made: Vec<_> = objections(&vault, subject).iter().map(|one| one.made().ground).collect();
    assert_eq!(made, [Ground::Marketing]);
    let weighed = wait(decide(&vault, &entered.key, overruled(), &staff("support")));
    assert_eq!(code(weighed), "objection.marketing_final");
    let leaves = wait(vault.history(subject, 99)).unwrap().len();
    let again = wait(stop_marketing(&vault, subject, (vault.now(), Way::Automated), &me)).unwrap();
    assert!(again.repeated && again.key == entered.key);
    assert_eq!(wait(vault.history(subject, 99)).unwrap().len(), leaves, "there is nothing to add");
    // Not even a new consent brings it back, before the person takes the objection back.
    withdraw_consent_and_ask_again(&vault, subject);
    // Who wants one of them after all says no to the others by themselves first.
    object(&vault, subject, &OFFERS).unwrap();
    let taken_back = wait(withdraw(&vault, &entered.key, vault.now(), &me)).unwrap();
    assert!(matches!(taken_back, State::Withdrawn(_)));
    assert_eq!(read(&vault, subject, &NEWS), "policy.no_consent");
    pass(&world, 1);
    give(&vault, subject).unwrap();
    assert_eq!(read(&vault, subject, &NEWS), "ok");
    assert_eq!(read(&vault, subject, &OFFERS), "policy.objected");
    wait(vault.audit()).unwrap();
}

/// Another purpose of marketing, which comes with version 2.
const CALLS: &[(&str, &str)] = &[
    (
        "[roles.support]",
        "[purposes.calls]\nactivity = \"accounts\"\ndescription = \"Offers by phone.\"\n\
         basis = \"legitimate interests\"\ninterest = \"Selling the service.\"\nmarketing = true\n\
         items = [\"address\"]\nsince = 2\n\n[roles.support]",
    ),
    ("\"offers\", \"analysis\"]", "\"offers\", \"analysis\", \"calls\"]"),
];

#[test]
fn marketing_that_comes_later_is_stopped_too() {
    let world = World::default();
    let subject = ada(&world.open());
    let me = Actor::subject(subject);
    let vault = world.open();
    wait(stop_marketing(&vault, subject, (vault.now(), Way::Account), &me)).unwrap();
    let calls = Name::fixed("calls");
    let vault = later(&world, 2, CALLS);
    let shown = notice::Shown { version: 2, at: vault.now(), way: notice::Way::Email };
    wait(notice::shown(&vault, subject, shown, &me)).unwrap();
    assert_eq!(read(&vault, subject, &calls), "policy.objected");
    assert_eq!(code(give(&vault, subject)), "consent.objected");
    assert_eq!(read(&vault, subject, &ANALYSIS), "ok", "which is none");
}

#[test]
fn a_no_to_marketing_is_kept_where_there_is_none_yet() {
    let world = World::default();
    let none = |policy: &str| policy.replace("marketing = true\n", "");
    let open = |policy: &str| world.try_open(policy, OnRestore::Refuse).unwrap().0;
    let vault = open(&none(POLICY));
    let subject = ada(&vault);
    let me = Actor::subject(subject);
    wait(stop_marketing(&vault, subject, (vault.now(), Way::Account), &me)).unwrap();
    assert_eq!(read(&vault, subject, &OFFERS), "ok");
    let vault = open(&POLICY.replacen("version = 1\n", "version = 2\n", 1));
    assert_eq!(read(&vault, subject, &OFFERS), "policy.objected");
}

#[test]
fn an_objection_to_what_is_marketing_by_now_is_not_weighed() {
    for overruled_before in [false, true] {
        let world = World::default();
        let vault = world.open();
        let subject = ada(&vault);
        let (me, dpo) = (Actor::subject(subject), staff("support"));
        let key = object(&vault, subject, &ANALYSIS).unwrap().key;
        if overruled_before {
            wait(decide(&vault, &key, overruled(), &dpo)).unwrap();
        }
        let interest = "interest = \"Making the service better.\"\n";
        let vault = later(&world, 2, &[(interest, &format!("{interest}marketing = true\n"))]);
        // Even before the person says more.
        assert_eq!(
            code(wait(decide(&vault, &key, overruled(), &dpo))),
            "objection.marketing_final"
        );
        let letter = wait(tell(&vault, &key, told(vault.now()), &dpo));
        let refused =
            if overruled_before { "objection.marketing_final" } else { "objection.wrong_step" };
        assert_eq!(code(letter), refused);
        let no = objecting(&vault, &ANALYSIS, None);
        let again = wait(objection::object(&vault, subject, &no, &me)).unwrap();
        assert!(again.repeated && again.key == key);
        let one = objections(&vault, subject).remove(0);
        assert_eq!((one.ground(), one.state()), (Ground::Marketing, &State::Stands));
        assert_eq!(one.made().ground, Ground::Situation, "as it was made");
        // And for good, whatever the policy says then.
        let vault = later(&world, 3, &[]);
        assert_eq!(
            code(wait(decide(&vault, &key, overruled(), &dpo))),
            "objection.marketing_final"
        );
        assert_eq!(read(&vault, subject, &ANALYSIS), "policy.objected");
    }
}

fn withdraw_consent_and_ask_again(vault: &Vault, subject: SubjectId) {
    crate::support::withdraw(vault, subject).unwrap();
    assert_eq!(code(give(vault, subject)), "consent.objected");
}

#[test]
fn an_objection_stops_reads_until_it_is_decided_and_the_person_told() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    assert_eq!(read(&vault, subject, &ANALYSIS), "ok");
    let key = object(&vault, subject, &ANALYSIS).unwrap().key;
    assert_eq!(read(&vault, subject, &ANALYSIS), "policy.objected");
    let dpo = staff("support");
    let letter = told(vault.now());
    assert_eq!(code(wait(tell(&vault, &key, letter, &dpo))), "objection.wrong_step");
    for nobody in [Actor::system(), Actor::subject(subject)] {
        let decided = wait(decide(&vault, &key, overruled(), &nobody));
        assert_eq!(code(decided), "objection.decided_by_nobody");
    }
    let ghost = Actor::staff(ActorId::from_bytes([9; 16]), Name::fixed("ghost"));
    assert_eq!(code(wait(decide(&vault, &key, overruled(), &ghost))), "policy.unknown_role");
    assert_eq!(wait(decide(&vault, &key, overruled(), &dpo)).unwrap(), State::Overruled);
    assert_eq!(read(&vault, subject, &ANALYSIS), "policy.objected", "nobody was told yet");
    let silent = Told { remedies: false, ..letter };
    assert_eq!(code(wait(tell(&vault, &key, silent, &dpo))), "objection.remedies_missing");
    let early = Told { sent_at: vault.now().minus(Span::days(1)), ..letter };
    assert_eq!(code(wait(tell(&vault, &key, early, &dpo))), "objection.before_receipt");
    let late = Told { sent_at: vault.now().plus(Span::days(1)), ..letter };
    assert_eq!(code(wait(tell(&vault, &key, late, &dpo))), "objection.in_future");
    assert_eq!(wait(tell(&vault, &key, letter, &dpo)).unwrap(), State::Overridden);
    assert_eq!(read(&vault, subject, &ANALYSIS), "ok");
    assert!(matches!(wait(vault.record(&key)).unwrap().standing, Standing::Closed { .. }));
    assert_eq!(code(wait(decide(&vault, &key, upheld(), &dpo))), "objection.wrong_step");

    // Another one, of new reasons.
    pass(&world, 30);
    let next = object(&vault, subject, &ANALYSIS).unwrap();
    assert!(!next.repeated && next.key != key);
    wait(decide(&vault, &next.key, upheld(), &dpo)).unwrap();
    assert_eq!(wait(tell(&vault, &next.key, told(vault.now()), &dpo)).unwrap(), State::Stands);
    assert_eq!(read(&vault, subject, &ANALYSIS), "policy.objected");
    assert_eq!(objections(&vault, subject)[1].entries().len(), 3);
    wait(vault.audit()).unwrap();
}

#[test]
fn a_letter_from_before_the_decision_tells_nothing_of_it() {
    let world = World::default();
    let vault = world.open();
    let (subject, dpo) = (ada(&vault), staff("support"));
    let key = object(&vault, subject, &ANALYSIS).unwrap().key;
    world.clock.advance(Span::hours(1));
    let acknowledged = told(vault.now());
    world.clock.advance(Span::hours(1));
    wait(decide(&vault, &key, overruled(), &dpo)).unwrap();
    let tried = |letter| code(wait(tell(&vault, &key, letter, &dpo)));
    assert_eq!(tried(acknowledged), "objection.before_decision");
    let early = told(vault.now().minus(Span::seconds(300)).minus(Span::seconds(1)));
    assert_eq!(tried(early), "objection.before_decision");
    assert_eq!(read(&vault, subject, &ANALYSIS), "policy.objected");
    // Said again, it is decided again, and the letter on the first decision is one on that alone.
    let first = told(vault.now());
    object(&vault, subject, &ANALYSIS).unwrap();
    world.clock.advance(Span::hours(1));
    wait(decide(&vault, &key, overruled(), &dpo)).unwrap();
    assert_eq!(tried(first), "objection.before_decision");
    assert_eq!(tried(told(vault.now().minus(Span::seconds(300)))), "ok", "the clock of another");
    assert_eq!(read(&vault, subject, &ANALYSIS), "ok");
}

#[test]
fn what_waits_is_listed_with_its_last_day() {
    let world = World::default();
    let vault = world.open();
    let region = Region::parse("FR").unwrap();
    let working = WorkingDays::of(region);
    let calendar = Calendar::new(&Utc, &working);
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let list = |until: &str, role: &'static str| {
        let actor = if role.is_empty() { Actor::system() } else { staff(role) };
        wait(objection::agenda(&vault, &calendar, day(until), &actor))
    };
    let days = |until: &str| {
        let works = list(until, "support").unwrap();
        works.into_iter().map(|one| (one.due, one.overdue, one.state)).collect::<Vec<_>>()
    };
    let subject = ada(&vault);
    // Received on 1 June; 1 July is a Wednesday.
    let key = object(&vault, subject, &ANALYSIS).unwrap().key;
    // Final: nobody decides it.
    object(&vault, subject, &OFFERS).unwrap();
    assert!(days("2026-06-30").is_empty());
    assert_eq!(days("2026-07-01"), [(day("2026-07-01"), false, State::Pending)]);
    assert_eq!(list("9999-12-31", "").unwrap().len(), 1);
    world.set_time("2026-07-01T23:59:59Z");
    assert!(!days("2026-07-01")[0].1);
    wait(decide(&vault, &key, overruled(), &staff("support"))).unwrap();
    world.set_time("2026-07-02T00:00:00Z");
    assert_eq!(days("2026-07-02"), [(day("2026-07-01"), true, State::Overruled)]);
    let leaf = wait(vault.history(SubjectId::CONTROLLER, 1)).unwrap().remove(0);
    assert_eq!((leaf.action.as_str(), leaf.find("records")), ("record.listed", Some("1")));
    assert_eq!(code(list("2026-07-02", "ghost")), "policy.unknown_role");
    let me =
        wait(objection::agenda(&vault, &calendar, day("2026-07-02"), &Actor::subject(subject)));
    assert_eq!(code(me), "objection.not_the_subject");
    wait(tell(&vault, &key, told(vault.now()), &staff("support"))).unwrap();
    assert!(days("2026-07-02").is_empty());
    // One that was entered late has its month from receipt.
    let received_at = vault.now().minus(Span::days(40));
    let late = Objecting { received_at, ..objecting(&vault, &ANALYSIS, None) };
    wait(objection::object(&vault, subject, &late, &staff("support"))).unwrap();
    assert_eq!(days("2026-07-02"), [(day("2026-06-23"), true, State::Pending)]);
}

#[test]
fn who_says_it_again_before_being_told_is_weighed_again() {
    let vault = World::default().open();
    let subject = ada(&vault);
    let key = object(&vault, subject, &ANALYSIS).unwrap().key;
    wait(decide(&vault, &key, overruled(), &staff("support"))).unwrap();
    let again = object(&vault, subject, &ANALYSIS).unwrap();
    assert!(again.repeated && again.key == key);
    let one = objections(&vault, subject).remove(0);
    assert_eq!(one.state(), &State::Pending);
    let words = wait(objection::read_words(&vault, &key, &ACCOUNT, &staff("support"))).unwrap();
    let both = "I am in a situation.\n\nI am in a situation.";
    assert_eq!(words, Some(Words::new(both)), "nothing of what was said is lost");
    assert_eq!(wait(decide(&vault, &key, upheld(), &staff("support"))).unwrap(), State::Stands);
    assert_eq!(read(&vault, subject, &ANALYSIS), "policy.objected");
}

#[test]
fn wrong_objections_are_refused() {
    let vault = World::default().open();
    let subject = ada(&vault);
    let tried = |objecting: Objecting, actor: &Actor| {
        code(wait(objection::object(&vault, subject, &objecting, actor)))
    };
    let me = Actor::subject(subject);
    let contract = objecting(&vault, &ACCOUNT, None);
    assert_eq!(tried(contract, &me), "objection.other_basis");
    let unknown = objecting(&vault, &Name::fixed("nothing"), None);
    assert_eq!(tried(unknown, &me), "policy.unknown_purpose");
    let good = objecting(&vault, &ANALYSIS, None);
    let early = Objecting { received_at: vault.now().plus(Span::days(1)), ..good.clone() };
    assert_eq!(tried(early, &me), "objection.in_future");
    let stranger = Actor::subject(SubjectId::generate(vault.now(), vault.ports().rng.as_ref()));
    assert_eq!(tried(good, &stranger), "objection.not_the_subject");
    assert_eq!(read(&vault, subject, &ANALYSIS), "ok");
    let key = object(&vault, subject, &ANALYSIS).unwrap().key;
    let taken = wait(withdraw(&vault, &key, vault.now(), &stranger));
    assert_eq!(code(taken), "objection.not_the_subject");
    let nobody = SubjectId::generate(vault.now(), vault.ports().rng.as_ref());
    assert_eq!(code(object(&vault, nobody, &ANALYSIS)), "vault.not_found");
}

#[test]
fn the_objections_of_an_erased_account_begin_their_retention() {
    let vault = World::default().open();
    let subject = ada(&vault);
    let pending = object(&vault, subject, &ANALYSIS).unwrap().key;
    let stands = object(&vault, subject, &OFFERS).unwrap().key;
    let settle = |state: &State| wait(objection::settle(&vault, state, None, 9)).unwrap().ended;
    assert_eq!((settle(&State::Pending), settle(&State::Stands)), (0, 0));
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let all = [State::Pending, State::Stands, State::Overruled, State::Ended];
    assert_eq!(all.each_ref().map(settle), [1, 1, 0, 0]);
    for key in [pending, stands] {
        assert!(matches!(wait(vault.record(&key)).unwrap().standing, Standing::Closed { .. }));
    }
    assert!(objections(&vault, subject).iter().all(|one| *one.state() == State::Ended));
}
