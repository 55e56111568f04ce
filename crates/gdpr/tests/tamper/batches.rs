//! An altered row among others that go with it: it waits in a job of its own, and nobody waits for it.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::error::Context;
use tacenda_core::ports::{Keyring, Store};
use tacenda_core::row::state;
use tacenda_core::vault::{Actor, OnRestore, Vault};
use tacenda_core::{Error, Name, Result, SubjectId, Timestamp};
use tacenda_gdpr::erasure::{self, Swept};
use tacenda_gdpr::retention;
use tacenda_testkit::world::{POLICY, World, request, staff};
use tacenda_testkit::{After, Cut, FailingKeyring, FailingStore, Faults};

use super::adversary::{Adversary, At};
use super::{code, profile};

/// Three customers to a batch.
fn small_batches() -> String {
    POLICY.replace("batch = 100", "batch = 3")
}

fn try_open(world: &World) -> Result<Vault> {
    world.try_open(&small_batches(), OnRestore::Refuse).map(|(vault, _)| vault)
}

/// Customers who were last seen long ago, one a day; what was invoiced is kept of each.
fn due(vault: &Vault, count: i64) -> Vec<SubjectId> {
    let first = Timestamp::parse_rfc3339("2019-01-01T00:00:00Z").unwrap();
    let one = |n| {
        let (email, since) = (format!("c{n}@example.org"), Some(first.plus(Span::days(n))));
        let items = [("email", &*email), ("address", "Rue 1"), ("country", "FR")];
        let mut request = request(vault, &items, true);
        (request.registered_at, request.last_login_at) = (since, since);
        wait(vault.register(request, &staff("support"))).unwrap().subject()
    };
    (0..count).map(one).collect()
}

/// A card that is due although its account is not: another line of the sweep.
fn due_card(vault: &Vault, email: &str) -> SubjectId {
    let since = Some(Timestamp::parse_rfc3339("2025-01-01T00:00:00Z").unwrap());
    let items = [("email", email), ("card_last4", "4242")];
    let mut request = request(vault, &items, false);
    (request.registered_at, request.last_login_at) = (since, since);
    wait(vault.register(request, &staff("support"))).unwrap().subject()
}

/// Once the first erasure is intended, what is invoiced to this subject is altered.
fn alter_after_the_intent(store: &Arc<Adversary>, subject: SubjectId) {
    let inner = store.clone();
    store.act(At::Committed("erasure.intended"), move || {
        inner.edit(&profile(subject, "billing"), |row| row.body.truncate(9));
    });
}

fn sweep(world: &World) -> Result<Swept> {
    let vault = try_open(world)?;
    let digest = wait(retention::plan(&vault))?.digest;
    wait(erasure::sweep(&vault, Some(digest), &Actor::system(), &mut |_| {}))
}

fn states(vault: &Vault, subject: SubjectId) -> Vec<String> {
    let rows = wait(vault.outline(subject)).unwrap().into_iter();
    rows.map(|row| format!("{} {}", row.class, row.state)).collect()
}

/// How often a subject was said to be erased.
fn told(vault: &Vault, subject: SubjectId) -> usize {
    let history = wait(vault.history(subject, 99)).unwrap();
    history.iter().filter(|leaf| leaf.action == *"erasure.done").count()
}

fn left(error: &Error) -> (&'static str, Option<&Context>) {
    (error.code(), error.context("left"))
}

/// All but this one are gone, each told once; it is mended, and goes too.
fn all_but(world: &World, store: &Adversary, altered: SubjectId, others: &[SubjectId]) {
    let vault = try_open(world).unwrap();
    for other in others {
        assert_eq!((states(&vault, *other), told(&vault, *other)), (archived(), 1));
    }
    assert_eq!((told(&vault, altered), wait(vault.destroys_under_way()).unwrap()), (0, 1));
    let again = wait(vault.resume_destroys()).unwrap_err();
    assert_eq!(left(&again), ("vault.altered_row", Some(&Context::Number(1))));
    store.repent();
    let done = wait(vault.resume_destroys()).unwrap();
    assert_eq!(done.iter().map(|one| one.subject).collect::<Vec<_>>(), [altered]);
    for one in done {
        let leaf = wait(vault.receipt(one.position)).unwrap().leaf;
        assert_eq!((leaf.subject, leaf.action.as_str()), (altered, "erasure.done"));
    }
    assert_eq!((states(&vault, altered), told(&vault, altered)), (archived(), 1));
    assert_eq!(wait(vault.destroys_under_way()).unwrap(), 0);
    wait(vault.audit()).unwrap();
}

fn archived() -> Vec<String> {
    vec![format!("billing {}", state::ARCHIVED)]
}

#[test]
fn of_two_in_one_erasure_the_altered_one_waits_alone() {
    let (world, store) = Adversary::world();
    let vault = try_open(&world).unwrap();
    let both = due(&vault, 2);
    let plan = |subject: &SubjectId| {
        wait(erasure::plan(&vault, *subject)).unwrap().to_vault(&Name::fixed("request"))
    };
    let plans = both.iter().map(plan).collect();
    alter_after_the_intent(&store, both[0]);
    let refused = wait(vault.destroy(plans, &staff("support"))).unwrap_err();
    assert_eq!(left(&refused), ("vault.altered_row", Some(&Context::Number(1))));
    // The other is gone, and can come again.
    let again = request(&vault, &[("email", "c1@example.org")], false);
    wait(vault.register(again, &staff("support"))).unwrap();
    all_but(&world, &store, both[0], &both[1..]);
}

#[test]
fn a_sweep_goes_on_behind_an_altered_row() {
    let (world, store) = Adversary::world();
    let vault = try_open(&world).unwrap();
    let (all, card) = (due(&vault, 7), due_card(&vault, "card@example.org"));
    assert_eq!(wait(retention::plan(&vault)).unwrap().lines.len(), 3, "and three batches");
    alter_after_the_intent(&store, all[1]);
    let refused = sweep(&world).unwrap_err();
    assert_eq!(left(&refused), ("vault.altered_row", Some(&Context::Number(1))));
    assert_eq!(states(&vault, card), ["account live"]);
    for other in all.iter().filter(|one| **one != all[1]) {
        assert_eq!(states(&vault, *other), archived());
    }
    // The next one says so again, and takes what is due by then.
    let next = due_card(&try_open(&world).unwrap(), "next@example.org");
    let refused = sweep(&world).unwrap_err();
    assert_eq!(left(&refused), ("vault.altered_row", Some(&Context::Number(1))));
    assert_eq!(states(&vault, next), ["account live"]);
    let others: Vec<_> = all.iter().copied().filter(|one| *one != all[1]).collect();
    all_but(&world, &store, all[1], &others);
}

#[test]
fn a_whole_batch_of_altered_rows_waits_as_it_is() {
    let (world, store) = Adversary::world();
    let vault = try_open(&world).unwrap();
    let all = due(&vault, 4);
    let (inner, three) = (store.clone(), [all[0], all[1], all[2]]);
    store.act(At::Committed("erasure.intended"), move || {
        three.iter().for_each(|one| inner.edit(&profile(*one, "billing"), |row| row.body.clear()));
    });
    let refused = sweep(&world).unwrap_err();
    assert_eq!(left(&refused), ("vault.altered_row", Some(&Context::Number(3))));
    assert_eq!(states(&vault, all[3]), archived());
    let size = || wait(world.store.status()).unwrap().unwrap().head.size;
    let before = size();
    for _ in 0..3 {
        assert_eq!(code(wait(vault.resume_destroys())), "vault.altered_row");
    }
    assert_eq!((size(), wait(vault.destroys_under_way()).unwrap()), (before, 1), "no row moves");
    store.repent();
    assert_eq!(wait(vault.resume_destroys()).unwrap().len(), 3);
    wait(vault.audit()).unwrap();
}

#[test]
fn what_is_left_is_divided_again_and_outlives_a_pruning() {
    let (world, store) = Adversary::world();
    let vault = try_open(&world).unwrap();
    let all: [_; 3] = due(&vault, 3).try_into().unwrap();
    let (inner, two) = (store.clone(), [all[0], all[1]]);
    store.act(At::Committed("erasure.intended"), move || {
        two.iter().for_each(|one| inner.edit(&profile(*one, "billing"), |row| row.body.clear()));
    });
    let refused = sweep(&world).unwrap_err();
    assert_eq!(left(&refused), ("vault.altered_row", Some(&Context::Number(2))));
    store.mend(&profile(all[0], "billing"));
    let refused = wait(vault.resume_destroys()).unwrap_err();
    assert_eq!(left(&refused), ("vault.altered_row", Some(&Context::Number(1))));
    for _ in 0..2 {
        world.clock.advance(Span::days(300));
        sweep(&world).unwrap_err();
    }
    let pruned = wait(vault.prune_log()).unwrap();
    assert!(pruned.leaves > 3, "{pruned:?}: the intent too");
    store.repent();
    assert_eq!(wait(vault.resume_destroys()).unwrap().len(), 1);
    assert_eq!(wait(vault.destroys_under_way()).unwrap(), 0);
    assert_eq!(all.map(|one| states(&vault, one)), [archived(), archived(), archived()]);
    wait(vault.audit()).unwrap();
}

/// The same three customers, the first to be altered once something is intended.
fn scene() -> (World, Arc<Adversary>, [SubjectId; 3]) {
    let (world, store) = Adversary::world();
    let all: [_; 3] = due(&try_open(&world).unwrap(), 3).try_into().unwrap();
    alter_after_the_intent(&store, all[0]);
    (world, store, all)
}

fn cut(world: &World, faults: &Faults) -> World {
    let store: Arc<dyn Store> = Arc::new(FailingStore::new(world.store.clone(), faults.clone()));
    let keyring: Arc<dyn Keyring> =
        Arc::new(FailingKeyring::new(world.keyring.clone(), faults.clone()));
    World { store, keyring, ..world.clone() }
}

#[test]
fn a_batch_with_an_altered_row_is_cut_anywhere() {
    let count = {
        let ((world, _, _), faults) = (scene(), Faults::none());
        assert_eq!(code(sweep(&cut(&world, &faults))), "vault.altered_row");
        faults.operations()
    };
    assert!(count > 30, "{count}");
    for operation in 0..count {
        for side in [Cut::Before, Cut::After] {
            for after in [After::StaysDown, After::Recovers] {
                let (world, store, all) = scene();
                let faults = Faults::cut(operation, side, after);
                sweep(&cut(&world, &faults)).unwrap_err();
                assert!(faults.tripped(), "{operation}");
                let resumed = wait(try_open(&world).unwrap().resume_destroys());
                assert!(["ok", "vault.altered_row"].contains(&code(resumed)));
                assert_eq!(code(sweep(&world)), "vault.altered_row", "{operation} {side:?}");
                all_but(&world, &store, all[0], &all[1..]);
            }
        }
    }
}

#[test]
fn two_who_take_up_a_batch_with_an_altered_row_at_once_take_each_once() {
    for operation in 0.. {
        let (world, store, all) = scene();
        let other = world.clone();
        let faults = Faults::meanwhile(operation, move || {
            drop(wait(try_open(&other).unwrap().resume_destroys()));
            drop(sweep(&other));
        });
        let swept = sweep(&cut(&world, &faults));
        if !faults.tripped() {
            break;
        }
        // What the other process could not take either, it tells; at the end all do.
        let codes = ["ok", "vault.altered_row", "erasure.under_way", "erasure.not_confirmed"];
        assert!(codes.contains(&code(swept)), "{operation}");
        assert_eq!(code(sweep(&world)), "vault.altered_row", "{operation}");
        all_but(&world, &store, all[0], &all[1..]);
    }
}

#[test]
fn what_is_intended_is_not_planned_again_however_often_others_come_first() {
    let (world, store) = Adversary::world();
    let all = due(&try_open(&world).unwrap(), 2);
    store.comes_first("erasure.rows_gone", 5);
    let swept = sweep(&world).unwrap_err();
    assert_eq!(left(&swept), ("store.conflict", Some(&Context::Number(2))));
    let vault = try_open(&world).unwrap();
    assert_eq!(wait(vault.destroys_under_way()).unwrap(), 1);
    wait(vault.resume_destroys()).unwrap();
    for subject in all {
        assert_eq!((states(&vault, subject), told(&vault, subject)), (archived(), 1));
    }
    wait(vault.audit()).unwrap();
}

#[test]
fn an_erasure_on_request_that_cannot_end_is_under_way_however_often_others_come_first() {
    let (world, store) = Adversary::world();
    let vault = try_open(&world).unwrap();
    let [eve, ..] = due(&vault, 2)[..] else { unreachable!() };
    store.comes_first("erasure.rows_gone", 5);
    assert_eq!(code(wait(erasure::erase(&vault, eve, &staff("support")))), "erasure.under_way");
    assert_eq!(wait(vault.destroys_under_way()).unwrap(), 1);
    wait(vault.resume_destroys()).unwrap();
    assert_eq!((states(&vault, eve), told(&vault, eve)), (archived(), 1));
    wait(vault.audit()).unwrap();
    // Before its intent nothing has gone.
    let other = due_card(&vault, "card@example.org");
    store.comes_first("erasure.intended", 1);
    assert_eq!(code(wait(erasure::erase(&vault, other, &staff("support")))), "store.conflict");
    assert_eq!((states(&vault, other).len(), told(&vault, other)), (2, 0));
}
