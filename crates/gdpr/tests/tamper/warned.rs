//! Somebody who writes the rows warns nobody, and keeps nobody else's warning.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::policy::records::OUTBOX;
use tacenda_core::row::{Row, RowKey};
use tacenda_core::vault::{Actor, OnRestore, Vault};
use tacenda_core::{SubjectId, Timestamp};
use tacenda_gdpr::erasure::{self, Swept};
use tacenda_gdpr::retention;
use tacenda_testkit::world::{POLICY, World, ada};

use super::adversary::Adversary;
use super::{eve, profile};

/// The policy with a warning a month before account and billing go.
fn open(world: &World) -> Vault {
    let mut policy = POLICY.replace("batch = 100\n", "batch = 100\nwarn_for = \"account\"\n");
    for class in ["account", "billing"] {
        let rule = format!("[[classes.{class}.retention]]\nkeep = \"3 years\"\n");
        assert_eq!(policy.matches(&rule).count(), 1);
        policy = policy.replace(&rule, &format!("{rule}warn_before = \"1 month\"\n"));
    }
    world.try_open(&policy, OnRestore::Refuse).unwrap().0
}

fn sweep(vault: &Vault) -> Swept {
    let digest = wait(retention::plan(vault)).unwrap().digest;
    wait(erasure::sweep(vault, Some(digest), &Actor::system(), &mut |_| {})).unwrap()
}

fn letters(vault: &Vault, subject: SubjectId) -> usize {
    wait(vault.records_of(subject, &OUTBOX)).unwrap().len()
}

/// Customers of 1 June 2026, the first of whom was here every 20 days since, for 600 days.
fn scene() -> (World, Arc<Adversary>, Vault, [SubjectId; 2]) {
    let (world, store) = Adversary::world();
    let vault = open(&world);
    let people = [ada(&vault), eve(&vault)];
    (world, store, vault, people)
}

fn comes_back(world: &World, vault: &Vault) {
    for _ in 0..30 {
        world.clock.advance(Span::days(20));
        wait(vault.login("ada@example.org", "correct horse")).unwrap();
    }
}

/// The plan of the day after, and the sweep: whom they warn.
fn warned(world: &World, vault: &Vault) -> (u64, u64) {
    world.set_time("2029-05-10T10:00:00Z");
    let plan = wait(retention::plan(vault)).unwrap().to_warn;
    (plan, sweep(vault).warned)
}

#[test]
fn a_clock_that_a_login_could_not_move_warns_nobody() {
    let (world, store, vault, [ada, eve]) = scene();
    let key = profile(ada, "billing");
    store.edit(&key, |row| row.body.truncate(9));
    comes_back(&world, &vault);
    store.mend(&key);
    assert_eq!(warned(&world, &vault), (1, 1), "Eve, who was not here");
    assert_eq!([ada, eve].map(|one| letters(&vault, one)), [0, 1]);
    wait(vault.audit()).unwrap();
}

#[test]
fn a_clock_that_somebody_altered_warns_nobody() {
    let (world, store, vault, [ada, eve]) = scene();
    comes_back(&world, &vault);
    for class in ["account", "billing"] {
        let long_ago = Timestamp::parse_rfc3339("2026-06-01T08:00:00Z").unwrap();
        store.edit(&profile(ada, class), |row| row.anchor_at = Some(long_ago));
        assert_eq!(warned(&world, &vault).0, u64::from(class == "account"), "{class}");
        store.repent();
    }
    assert_eq!([ada, eve].map(|one| letters(&vault, one)), [0, 1]);
}

#[test]
fn an_invented_row_warns_nobody_and_stops_no_sweep() {
    for class in ["account", "billing"] {
        let (world, store, vault, [ada, eve]) = scene();
        let row = store.row(&profile(ada, class));
        let nobody = SubjectId::generate(vault.now(), world.rng.as_ref());
        let key = RowKey { subject: nobody, ..row.key.clone() };
        store.put(&key, Some(Row { key: key.clone(), ..row }));
        assert_eq!(warned(&world, &vault), (2, 2), "{class}");
        assert_eq!([ada, eve].map(|one| letters(&vault, one)), [1, 1]);
        world.set_time("2029-07-10T10:00:00Z");
        assert_eq!(sweep(&vault).warned, 0, "{class}");
    }
}

#[test]
fn an_altered_message_of_somebody_keeps_nobody_from_being_warned() {
    let (world, store, vault, [ada, eve]) = scene();
    let hello = tacenda_core::outbox::Message::to_account(
        tacenda_core::Name::fixed("hello"),
        tacenda_core::Name::fixed("account"),
    );
    let other =
        wait(tacenda_core::outbox::enqueue(&vault, Some(ada), &hello, &Actor::system())).unwrap();
    let key = RowKey { subject: ada, kind: OUTBOX.kind.clone(), id: other.id };
    store.edit(&key, |row| row.body.truncate(9));
    assert_eq!(warned(&world, &vault), (2, 2));
    store.repent();
    assert_eq!([ada, eve].map(|one| letters(&vault, one)), [2, 1]);
    // One that was written is there, also beside an altered one.
    store.edit(&key, |row| row.body.truncate(9));
    assert_eq!(warned(&world, &vault), (0, 0));
}
