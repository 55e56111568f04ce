//! Somebody comes back again and again while a row of theirs is altered: the clocks of all others
//! move, and once it is mended its own tells what the account's does before anything goes by it.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::row::state;
use tacenda_core::vault::{Actor, Amendment, OnRestore, Vault};
use tacenda_core::{SubjectId, Timestamp};
use tacenda_gdpr::erasure::{self, ErasurePlan, Fate, Swept};
use tacenda_gdpr::retention;
use tacenda_testkit::Faults;
use tacenda_testkit::world::{POLICY, World, ada, request, staff};
use tacenda_testkit::{FailingKeyring, FailingStore};

use super::adversary::Adversary;
use super::{affect, profile, restrict};

const CLASSES: [&str; 3] = ["account", "billing", "payment"];

/// The policy with accounts whose clock starts otherwise than that of all else.
fn registered() -> String {
    let class = "[classes.account]\nitems = [\"email\", \"password\", \"first_name\", \"note\"]\n";
    let from = |event| format!("{class}clock = {{ open = \"{event}\", closed = \"closed\" }}");
    assert!(POLICY.contains(&from("last login")));
    POLICY.replace(&from("last login"), &from("registered"))
}

fn open(world: &World, policy: &str) -> Vault {
    world.try_open(policy, OnRestore::Refuse).unwrap().0
}

/// Ada logs in every 20 days, so many times, while this row of hers is altered; it is mended.
fn mended(
    store: &Arc<Adversary>,
    world: &World,
    vault: &Vault,
    class: &str,
    times: u32,
) -> SubjectId {
    let subject = ada(vault);
    let key = profile(subject, class);
    store.edit(&key, |row| row.body.truncate(9));
    for _ in 0..times {
        world.clock.advance(Span::days(20));
        wait(vault.login("ada@example.org", "correct horse")).unwrap();
    }
    store.mend(&key);
    subject
}

fn sweep(vault: &Vault) -> Swept {
    let digest = wait(retention::plan(vault)).unwrap().digest;
    let swept = wait(erasure::sweep(vault, Some(digest), &Actor::system(), &mut |_| {})).unwrap();
    wait(vault.audit()).unwrap();
    swept
}

/// Classes, states and clocks.
fn rows(vault: &Vault, subject: SubjectId) -> Vec<(String, String, Option<Timestamp>)> {
    let rows = wait(vault.outline(subject)).unwrap().into_iter();
    rows.map(|row| (row.class.to_string(), row.state.to_string(), row.anchor_at)).collect()
}

fn seen(classes: &[&str], at: Timestamp) -> Vec<(String, String, Option<Timestamp>)> {
    classes.iter().map(|one| ((*one).to_owned(), state::LIVE.to_string(), Some(at))).collect()
}

/// How often clocks were set for themselves.
fn set(vault: &Vault, subject: SubjectId) -> usize {
    let history = wait(vault.history(subject, 999)).unwrap();
    history.iter().filter(|leaf| leaf.action == *"clocks.set").count()
}

#[test]
fn an_altered_row_stops_the_clock_of_no_other() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = mended(&store, &world, &vault, "billing", 3);
    let clocks = rows(&vault, subject);
    let moved = |class: &str| {
        let row = clocks.iter().find(|row| row.0 == class).unwrap();
        row.2 == Some(vault.now())
    };
    assert_eq!(CLASSES.map(moved), [true, false, true]);
}

#[test]
fn a_mended_row_does_not_go_as_unused_whose_owner_logs_in() {
    for policy in [POLICY, &registered()] {
        let (world, store) = Adversary::world();
        let vault = open(&world, policy);
        // Past the 13 months of the card, and not past the three years of an account.
        let subject = mended(&store, &world, &vault, "payment", 30);
        let last = vault.now();
        world.clock.advance(Span::days(5));
        assert_eq!(wait(retention::plan(&vault)).unwrap().due(), 1);
        assert_eq!(sweep(&vault).subjects, 0);
        let all = rows(&vault, subject);
        assert_eq!(all[1..], seen(&["billing", "payment"], last));
        assert_eq!((all.len(), set(&vault, subject)), (3, 1));
        // It is right from then on, and counts like any other.
        assert_eq!(wait(retention::plan(&vault)).unwrap().due(), 0);
        world.clock.advance(Span::days(400));
        assert_eq!((sweep(&vault).subjects, set(&vault, subject)), (1, 1));
        let left: Vec<_> = rows(&vault, subject).into_iter().map(|row| row.0).collect();
        assert_eq!(left, ["account", "billing"]);
    }
}

#[test]
fn what_is_in_use_does_not_go_as_unused_while_its_account_is_restricted() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = mended(&store, &world, &vault, "payment", 30);
    let last = vault.now();
    affect(&vault, subject, restrict("account")).unwrap();
    world.clock.advance(Span::days(5));
    assert_eq!(wait(retention::plan(&vault)).unwrap().due(), 1);
    assert_eq!((sweep(&vault).subjects, set(&vault, subject)), (0, 1));
    assert!(rows(&vault, subject).contains(&seen(&["payment"], last)[0]));
}

#[test]
fn a_restricted_account_says_what_laws_keep_of_its_rows() {
    let left = |invoiced: bool, closed: Option<&str>| {
        let (world, _) = Adversary::world();
        let vault = world.open();
        let items = [("email", "kim@example.org"), ("address", "Rue 1"), ("country", "FR")];
        let kim = request(&vault, &items, invoiced);
        let kim = wait(vault.register(kim, &staff("support"))).unwrap().subject();
        if let Some(day) = closed {
            let close_at = Timestamp::parse_rfc3339(day).ok();
            let closed = Amendment { close_at, ..Amendment::default() };
            world.clock.advance(Span::days(200));
            wait(vault.amend(kim, closed, &staff("support"))).unwrap();
        }
        affect(&vault, kim, restrict("account")).unwrap();
        world.clock.advance(Span::days(1200));
        assert_eq!(sweep(&vault).subjects, 1);
        let own = rows(&vault, kim).into_iter();
        own.filter(|row| !row.0.starts_with("tacenda.")).collect::<Vec<_>>()
    };
    let classes = |rows: &[(String, String, Option<Timestamp>)]| -> Vec<String> {
        rows.iter().map(|row| format!("{} {}", row.0, row.1)).collect()
    };
    // What was never invoiced no law keeps.
    assert_eq!(classes(&left(false, None)), ["account restricted"]);
    let kept = left(true, Some("2026-07-01T00:00:00Z"));
    assert_eq!(classes(&kept), ["account restricted", "billing archived"]);
    assert_eq!(kept[1].2, Timestamp::parse_rfc3339("2026-07-01T00:00:00Z").ok());
}

#[test]
fn a_mended_row_goes_if_its_owner_was_away_for_as_long() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = mended(&store, &world, &vault, "payment", 30);
    world.clock.advance(Span::days(400));
    assert_eq!((sweep(&vault).subjects, set(&vault, subject)), (1, 1));
    let left: Vec<_> = rows(&vault, subject).into_iter().map(|row| row.0).collect();
    assert_eq!(left, ["account", "billing"]);
}

fn until(plan: &ErasurePlan) -> Timestamp {
    let archived = plan.lines.iter().find_map(|line| match &line.fate {
        Fate::Archive { until, .. } => Some(*until),
        _ => None,
    });
    archived.unwrap()
}

#[test]
fn a_mended_row_is_set_right_before_a_law_keeps_it() {
    // The last login is in 2029: ten years from the end of that year.
    let ends = Timestamp::parse_rfc3339("2040-01-01T00:00:00Z").unwrap();
    let archived = |last| vec![("billing".to_owned(), "archived".to_owned(), Some(last))];
    for asked in [true, false] {
        let (world, store) = Adversary::world();
        let vault = world.open();
        let subject = mended(&store, &world, &vault, "billing", 60);
        let last = vault.now();
        assert_eq!(last, Timestamp::parse_rfc3339("2029-09-13T08:00:00Z").unwrap());
        if asked {
            assert_eq!(until(&wait(erasure::plan(&vault, subject)).unwrap()), ends);
            assert_eq!(set(&vault, subject), 0, "a plan changes nothing");
            let erased = wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
            assert_eq!(until(&erased.plan), ends);
        } else {
            world.clock.advance(Span::days(1200));
            assert_eq!(sweep(&vault).subjects, 1);
        }
        // The law counts from the end of the account.
        assert_eq!((rows(&vault, subject), set(&vault, subject)), (archived(vault.now()), 1));
        wait(vault.audit()).unwrap();
    }
}

#[test]
fn a_sweep_opens_no_account_to_ask_for_clocks_that_agree() {
    let swept = |accounts: u32| {
        let (world, _) = Adversary::world();
        let vault = world.open();
        for n in 0..accounts {
            let items = [("email", &*format!("c{n}@example.org")), ("card_last4", "4242")];
            wait(vault.register(request(&vault, &items, false), &staff("support"))).unwrap();
        }
        world.clock.advance(Span::days(401));
        let faults = Faults::none();
        let (store, keyring) = (world.store.clone(), world.keyring.clone());
        let store = Arc::new(FailingStore::new(store, faults.clone()));
        let keyring = Arc::new(FailingKeyring::new(keyring, faults.clone()));
        let vault = World { store, keyring, ..world }.open();
        let before = faults.operations();
        let digest = wait(retention::plan(&vault)).unwrap().digest;
        let swept = wait(erasure::sweep(&vault, Some(digest), &Actor::system(), &mut |_| {}));
        assert_eq!(swept.unwrap().subjects, u64::from(accounts));
        faults.operations() - before
    };
    assert_eq!(swept(3), swept(9));
}
