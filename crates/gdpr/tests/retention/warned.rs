//! Nobody's data goes for want of use before the warning was sent, as long before as the policy says.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::outbox::{self, Failure, Outcome};
use tacenda_core::policy::records::OUTBOX;
use tacenda_core::vault::{Amendment, OnRestore, Standing, Vault};
use tacenda_core::{Name, SubjectId, Timestamp};
use tacenda_gdpr::erasure::{self, Swept};
use tacenda_gdpr::retention::{self, RetentionPlan};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};
use tacenda_testkit::{FailingKeyring, FailingStore, Faults};

/// The policy of the tests, with a warning a month before the account goes.
pub(crate) fn warning() -> String {
    let account = "[[classes.account.retention]]\nkeep = \"3 years\"\n";
    POLICY
        .replace(account, &format!("{account}warn_before = \"1 month\"\n"))
        .replace("batch = 100\n", "batch = 100\nwarn_for = \"account\"\n")
}

fn open(world: &World) -> Vault {
    world.try_open(&warning(), OnRestore::Refuse).unwrap().0
}

fn sweep(vault: &Vault) -> Swept {
    let digest = wait(retention::plan(vault)).unwrap().digest;
    wait(erasure::sweep(vault, Some(digest), &staff("support"), &mut |_| {})).unwrap()
}

fn plan(vault: &Vault) -> RetentionPlan {
    wait(retention::plan(vault)).unwrap()
}

/// Settles all that is due in the outbox; what each says, and its day.
fn post(vault: &Vault, outcome: Outcome) -> Vec<(String, String)> {
    let by = staff("support");
    let ready = wait(outbox::take(vault, Span::seconds(60), 99, None, &by)).unwrap().ready;
    let told = ready.iter().map(|one| {
        let day = one.outgoing.values.get("date").unwrap().to_owned();
        (one.outgoing.says.to_string(), day)
    });
    let told = told.collect();
    wait(outbox::settle(vault, ready.into_iter().map(|one| (one, outcome)).collect(), &by))
        .unwrap();
    told
}

fn is_there(vault: &Vault, subject: SubjectId) -> bool {
    let rows = wait(vault.outline(subject)).unwrap();
    rows.iter().any(|row| row.class.as_str() == "account")
}

fn expiring(day: &str) -> Vec<(String, String)> {
    vec![("account_expiring".to_owned(), day.to_owned())]
}

/// Registered on 1 June 2026, and so due on 2 June 2029.
const WARNED: &str = "2029-05-01T00:00:00Z";
const DUE: &str = "2029-06-02T00:00:00Z";

fn just_before(world: &World, rfc3339: &str) {
    world.set_time(rfc3339);
    let now = wait_now(world).minus(Span::micros(1));
    world.clock.set(now);
}

fn wait_now(world: &World) -> Timestamp {
    tacenda_core::Clock::now(world.clock.as_ref())
}

#[test]
fn a_dormant_account_is_warned_a_month_before_and_goes_on_its_day() {
    let world = World::default();
    let vault = open(&world);
    let subject = ada(&vault);
    world.set_time("2029-04-30T23:59:59Z");
    assert_eq!((plan(&vault).to_warn, sweep(&vault).warned), (0, 0), "not yet");
    world.set_time(WARNED);
    assert_eq!(plan(&vault).to_warn, 1);
    assert_eq!(sweep(&vault).warned, 1);
    assert_eq!((plan(&vault).to_warn, sweep(&vault).warned), (0, 0), "once");
    assert_eq!(post(&vault, Outcome::Sent), expiring("2029-06-02"));
    just_before(&world, DUE);
    assert_eq!(sweep(&vault).warned, 0);
    assert!(is_there(&vault, subject));
    world.set_time(DUE);
    assert_eq!((plan(&vault).waiting, sweep(&vault).subjects), (0, 1));
    assert!(!is_there(&vault, subject));
    wait(vault.audit()).unwrap();
}

#[test]
fn the_time_runs_from_the_sending_and_not_from_the_plan() {
    let world = World::default();
    let vault = open(&world);
    let subject = ada(&vault);
    world.set_time(WARNED);
    sweep(&vault);
    // Nobody drains for two months.
    world.set_time("2029-07-10T10:00:00Z");
    let waits = plan(&vault);
    assert_eq!(
        (waits.waiting, waits.due() > 0, waits.to_warn),
        (1, true, 0),
        "the other classes go"
    );
    sweep(&vault);
    assert!(is_there(&vault, subject), "nobody told her");
    assert_eq!(post(&vault, Outcome::Sent).len(), 1);
    just_before(&world, "2029-08-11T00:00:00Z");
    sweep(&vault);
    assert!(is_there(&vault, subject));
    world.set_time("2029-08-11T00:00:00Z");
    assert_eq!(sweep(&vault).subjects, 1);
    assert!(!is_there(&vault, subject));
}

#[test]
fn whoever_was_never_warned_is_warned_late_and_then_has_the_month() {
    let world = World::default();
    let vault = open(&world);
    let subject = ada(&vault);
    world.set_time("2035-01-10T10:00:00Z");
    assert_eq!((plan(&vault).waiting, plan(&vault).to_warn), (1, 1));
    assert_eq!(sweep(&vault).warned, 1);
    assert!(is_there(&vault, subject));
    assert_eq!(post(&vault, Outcome::Sent), expiring("2035-02-11"));
    world.set_time("2035-02-11T00:00:00Z");
    sweep(&vault);
    assert!(!is_there(&vault, subject));
}

#[test]
fn a_login_ends_the_dormancy_and_the_next_has_a_warning_of_its_own() {
    let world = World::default();
    let vault = open(&world);
    let subject = ada(&vault);
    world.set_time(WARNED);
    sweep(&vault);
    post(&vault, Outcome::Sent);
    world.set_time("2029-05-20T10:00:00Z");
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    world.set_time("2029-09-01T10:00:00Z");
    let swept = sweep(&vault);
    assert_eq!(swept.warned, 0);
    assert!(is_there(&vault, subject), "she was here");
    world.set_time("2032-05-01T10:00:00Z");
    assert_eq!(sweep(&vault).warned, 1, "another dormancy");
    assert_eq!(post(&vault, Outcome::Sent).len(), 1);
    world.set_time("2032-06-03T00:00:00Z");
    sweep(&vault);
    assert!(!is_there(&vault, subject));
}

#[test]
fn what_cannot_be_delivered_counts_as_a_warning_and_what_was_taken_back_does_not() {
    for (outcome, goes) in [(Outcome::GivenUp(Failure::Refused), true), (Outcome::Sent, true)] {
        let world = World::default();
        let vault = open(&world);
        let subject = ada(&vault);
        world.set_time(WARNED);
        sweep(&vault);
        post(&vault, outcome);
        world.set_time("2029-06-03T00:00:00Z");
        sweep(&vault);
        assert_eq!(!is_there(&vault, subject), goes);
    }
    let world = World::default();
    let vault = open(&world);
    let subject = ada(&vault);
    world.set_time(WARNED);
    sweep(&vault);
    let queued = wait(vault.records_of(subject, &OUTBOX)).unwrap();
    assert!(matches!(queued[0].standing, Standing::Open { .. }));
    wait(outbox::cancel(&vault, &queued[0].key, &staff("support"))).unwrap();
    world.set_time("2029-12-01T00:00:00Z");
    sweep(&vault);
    assert!(is_there(&vault, subject));
    // Once that message is forgotten, the next is made.
    world.set_time("2030-05-10T00:00:00Z");
    sweep(&vault);
    assert_eq!(sweep(&vault).warned, 1);
    post(&vault, Outcome::Sent);
    world.set_time("2030-07-01T00:00:00Z");
    sweep(&vault);
    assert!(!is_there(&vault, subject));
}

#[test]
fn a_letter_that_was_never_sent_is_no_warning_and_another_is_made() {
    use Failure::{Expired, NotAllowed, Restored, Unopened, Unreachable, Unwritable};
    for failure in [Unreachable, Unwritable, Unopened, NotAllowed, Expired, Restored] {
        let world = World::default();
        let vault = open(&world);
        let subject = ada(&vault);
        world.set_time(WARNED);
        sweep(&vault);
        assert_eq!(post(&vault, Outcome::GivenUp(failure)).len(), 1);
        world.set_time("2029-07-10T00:00:00Z");
        let swept = sweep(&vault);
        assert!(is_there(&vault, subject), "{failure:?}");
        assert_eq!((swept.warned, sweep(&vault).warned), (1, 0));
        assert_eq!(post(&vault, Outcome::Sent), expiring("2029-08-11"));
        world.set_time("2029-08-11T00:00:00Z");
        sweep(&vault);
        assert!(!is_there(&vault, subject), "{failure:?}");
    }
}

#[test]
fn a_letter_about_some_data_is_none_about_the_account() {
    let world = World::default();
    let billing = "[[classes.billing.retention]]\nkeep = \"3 years\"\n";
    let policy = warning();
    assert_eq!(policy.matches(billing).count(), 1);
    let policy = policy.replace(billing, &format!("{billing}warn_before = \"1 month\"\n"));
    let account = "[[classes.account.retention]]\nkeep = ";
    let later = policy.replace(&format!("{account}\"3 years\""), &format!("{account}\"4 years\""));
    let vault = world.try_open(&later, OnRestore::Refuse).unwrap().0;
    let subject = ada(&vault);
    world.set_time("2029-05-05T00:00:00Z");
    sweep(&vault);
    assert_eq!(post(&vault, Outcome::Sent)[0].0, "data_expiring");
    // Now the account is to go on the same day.
    let policy = policy.replacen("version = 1\n", "version = 2\n", 1);
    let vault = world.try_open(&policy, OnRestore::Refuse).unwrap().0;
    assert_eq!(sweep(&vault).warned, 1);
    assert_eq!(post(&vault, Outcome::Sent)[0].0, "account_expiring");
    world.set_time(DUE);
    sweep(&vault);
    assert!(is_there(&vault, subject), "the month is not over");
    world.set_time("2029-06-06T00:00:00Z");
    sweep(&vault);
    assert!(!is_there(&vault, subject));
}

#[test]
fn what_ends_together_has_one_letter_and_that_is_of_the_account() {
    let world = World::default();
    let billing = "[[classes.billing.retention]]\nkeep = \"3 years\"\n";
    let policy = warning().replace(billing, &format!("{billing}warn_before = \"1 month\"\n"));
    let vault = world.try_open(&policy, OnRestore::Refuse).unwrap().0;
    let subject = ada(&vault);
    world.set_time(WARNED);
    assert_eq!((plan(&vault).to_warn, sweep(&vault).warned), (1, 1));
    assert_eq!(post(&vault, Outcome::Sent), expiring("2029-06-02"));
    world.set_time(DUE);
    sweep(&vault);
    assert!(!is_there(&vault, subject));
}

#[test]
fn whoever_closed_the_account_is_owed_none() {
    let world = World::default();
    let vault = open(&world);
    let subject = ada(&vault);
    let close = Amendment { close_at: Some(vault.now()), ..Amendment::default() };
    wait(vault.amend(subject, close, &staff("support"))).unwrap();
    world.set_time(WARNED);
    assert_eq!((plan(&vault).to_warn, sweep(&vault).warned), (0, 0));
    world.set_time(DUE);
    assert_eq!(plan(&vault).waiting, 0);
    sweep(&vault);
    assert!(!is_there(&vault, subject));
}

#[test]
fn an_erasure_on_request_waits_for_no_warning() {
    let world = World::default();
    let vault = open(&world);
    let subject = ada(&vault);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    assert!(!is_there(&vault, subject));
}

#[test]
fn what_waits_for_its_warning_stands_in_nobody_elses_way_and_counts_in_no_brake() {
    let world = World::default();
    let vault = open(&world);
    for n in 0..25 {
        let request = request(&vault, &[("email", &format!("person{n}@example.org"))], false);
        wait(vault.register(request, &staff("support"))).unwrap();
    }
    world.set_time("2029-06-20T10:00:00Z");
    let all = plan(&vault);
    assert!(!all.lines.iter().any(|line| line.over_share), "{all:?}");
    assert_eq!((all.waiting, all.to_warn), (25, 25));
    assert_eq!(sweep(&vault).warned, 25);
    assert_eq!(post(&vault, Outcome::Sent).len(), 25);
    world.set_time("2029-07-25T10:00:00Z");
    let all = plan(&vault);
    assert_eq!((all.waiting, all.due()), (0, 25));
    assert!(all.needs_confirmation(), "now they go");
    let kept = Name::fixed("account");
    assert_eq!(all.lines[0].class, kept);
}

#[test]
fn a_sweep_tells_who_waits_and_that_nobody_sends() {
    let world = World::default();
    let vault = open(&world);
    let _ = ada(&vault);
    world.set_time("2029-06-20T10:00:00Z");
    let first = sweep(&vault);
    assert_eq!((first.warned, first.waiting, first.overdue), (1, 1, 0));
    // A worker takes it, and somebody rewrites the lease: nobody else has it, and nobody sends.
    let claim = |vault: &Vault| {
        let now = wait_now(&world);
        let kind = &OUTBOX.kind;
        let until = now.plus(Span::hours(2));
        wait(vault.ports().store.claim(kind, &outbox::QUEUED, now, until, 9)).unwrap().len()
    };
    assert_eq!(claim(&vault), 1);
    world.clock.advance(Span::hours(2));
    assert_eq!(sweep(&vault).overdue, 1, "not in one lease");
    let kept = sweep(&vault);
    assert_eq!((kept.waiting, kept.subjects), (1, 0));
    post(&vault, Outcome::Sent);
    assert_eq!(sweep(&vault).overdue, 0);
}

#[test]
fn two_who_warn_at_once_write_one_letter_to_each() {
    let mut turns = 0;
    for operation in 0.. {
        let world = World::default();
        let vault = open(&world);
        let people = ["a", "b", "c"].map(|name| {
            let email = format!("{name}@example.org");
            let request = request(&vault, &[("email", &email)], false);
            wait(vault.register(request, &staff("support"))).unwrap().subject()
        });
        world.set_time(WARNED);
        let other = world.clone();
        let faults = Faults::meanwhile(operation, move || {
            wait(retention::warn(&open(&other), &staff("support"))).unwrap();
        });
        let store = FailingStore::new(world.store.clone(), faults.clone());
        let keyring = FailingKeyring::new(world.keyring.clone(), faults.clone());
        let beside = World { store: Arc::new(store), keyring: Arc::new(keyring), ..world.clone() };
        wait(retention::warn(&open(&beside), &staff("support"))).unwrap();
        if !faults.tripped() {
            break;
        }
        let letters = people.map(|one| wait(vault.records_of(one, &OUTBOX)).unwrap().len());
        assert_eq!(letters, [1; 3], "{operation}");
        turns += 1;
    }
    assert!(turns > 10, "{turns}");
}
