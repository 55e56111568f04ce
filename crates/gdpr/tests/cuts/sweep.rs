//! A sweep beside somebody who writes: what comes before its rows go is not left behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pollster::block_on as wait;
use tacenda_core::ports::{KeyId, KeyState};
use tacenda_core::row::{RowKey, state};
use tacenda_core::vault::{Actor, Amendment};
use tacenda_core::{Name, Result, SubjectId, Timestamp};
use tacenda_gdpr::erasure::{self, Swept};
use tacenda_gdpr::retention;
use tacenda_testkit::world::{World, request, staff};
use tacenda_testkit::{After, Cut, Faults};

use super::{Cuttable, between, try_open};

fn at(rfc3339: &str) -> Timestamp {
    Timestamp::parse_rfc3339(rfc3339).unwrap()
}

/// Somebody who came and was last seen then.
fn known_since(world: &Cuttable, items: &[(&'static str, &str)], since: Timestamp) -> SubjectId {
    let vault = world.sound.open();
    let mut request = request(&vault, items, true);
    request.registered_at = Some(since);
    request.last_login_at = Some(since);
    wait(vault.register(request, &staff("support"))).unwrap().subject()
}

fn sweep(world: &World) -> Result<Swept> {
    let vault = try_open(world)?;
    let digest = wait(retention::plan(&vault))?.digest;
    wait(erasure::sweep(&vault, Some(digest), &Actor::system(), &mut |_| {}))
}

fn set_card(world: &World, subject: SubjectId, last4: &str) -> Result<()> {
    let vault = try_open(world)?;
    let set = vec![vault.item(&Name::fixed("card_last4"), last4)?];
    wait(vault.amend(subject, Amendment { set, ..Amendment::default() }, &staff("support")))
}

/// The classes of its rows, and of its living keys.
fn left(world: &World, subject: SubjectId) -> (Vec<String>, Vec<String>) {
    let rows = wait(world.open().outline(subject)).unwrap();
    let keys = wait(world.keyring.keys_of(subject)).unwrap();
    let living = keys.into_iter().filter(|(_, state)| matches!(state, KeyState::Live(_)));
    let rows = rows.into_iter().map(|row| row.class.to_string()).collect();
    (rows, living.map(|(KeyId { class, .. }, _)| class.to_string()).collect())
}

#[test]
fn a_class_that_begins_while_its_account_goes_goes_too() {
    let mut late = 0;
    between(
        |world| known_since(world, &[("email", "eve@example.org")], at("2019-01-01T00:00:00Z")),
        |world, _| sweep(world),
        // Once the account is fenced it is refused.
        |world, eve| drop(set_card(world, eve, "4242")),
        |world, eve, swept| {
            assert_eq!(swept.unwrap().subjects, 1);
            assert_eq!(left(&world.sound, eve), (vec![], vec![]));
            let vault = world.sound.open();
            let history = wait(vault.history(eve, 99)).unwrap();
            let done: Vec<_> =
                history.iter().filter(|leaf| leaf.action == *"erasure.done").collect();
            assert_eq!(done.len(), 1);
            assert_eq!(wait(vault.destroys_under_way()).unwrap(), 0);
            wait(vault.audit()).unwrap();
        },
    );
    // The same by hand, so that it is certain that a row came after the intent.
    for operation in 0..60 {
        let world = Cuttable::new();
        let eve = known_since(&world, &[("email", "eve@example.org")], at("2019-01-01T00:00:00Z"));
        let other = world.sound.clone();
        let faults = tacenda_testkit::Faults::meanwhile(operation, move || {
            drop(set_card(&other, eve, "4242"));
        });
        let _ = sweep(&world.cut(&faults));
        let history = wait(world.sound.open().history(eve, 99)).unwrap();
        let payment = |leaf: &tacenda_core::leaf::Leaf| {
            leaf.rows.iter().any(|row| row.kind == *"profile.payment" && row.digest.is_some())
        };
        late += usize::from(history.iter().any(payment));
    }
    assert!(late > 3, "{late}");
}

#[test]
fn a_class_that_is_rewritten_while_it_goes_alone_is_not_left_without_its_key() {
    let items = [("email", "eve@example.org"), ("card_last4", "1881")];
    between(
        |world| known_since(world, &items, at("2025-01-01T00:00:00Z")),
        |world, _| sweep(world),
        |world, eve| drop(set_card(world, eve, "4242")),
        |world, eve, swept| {
            let swept = swept.unwrap();
            // Written after it went, it is a new row under a new key.
            let kept = left(&world.sound, eve);
            let words = |classes: &[&str]| -> Vec<String> {
                classes.iter().map(|&class| class.to_owned()).collect()
            };
            let gone = (words(&["account"]), words(&["account"]));
            let there = (words(&["account", "payment"]), words(&["account", "payment"]));
            assert!(kept == gone || kept == there, "{kept:?} {swept:?}");
            let key = RowKey::only(eve, Name::fixed("profile.payment"));
            let row = wait(world.sound.store.rows(&[key])).unwrap().remove(0);
            assert!(row.is_none_or(|row| row.state == state::LIVE));
            let vault = world.sound.open();
            let view = wait(vault.read(eve, &Name::fixed("billing"), &staff("billing"))).unwrap();
            let card = (kept == there).then_some("4242");
            assert_eq!(view.get("card_last4"), card);
            assert_eq!(wait(vault.destroys_under_way()).unwrap(), 0);
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn a_sweep_under_a_sweep_takes_each_once() {
    let prepare = |world: &Cuttable| {
        let items = [("email", "eve@example.org"), ("address", "Rue 1"), ("country", "FR")];
        let since = at("2019-01-01T00:00:00Z");
        let kim = known_since(world, &[("email", "kim@example.org")], since);
        [known_since(world, &items, since), kim]
    };
    let intended = |world: &World| -> u64 {
        let history = wait(world.open().history(SubjectId::CONTROLLER, 99)).unwrap();
        let intents = history.iter().filter(|leaf| leaf.action == *"erasure.intended");
        intents.map(|leaf| leaf.find("subjects").unwrap().parse::<u64>().unwrap()).sum()
    };
    let count = |act: fn(&World) -> Result<()>| {
        let (world, faults) = (Cuttable::new(), Faults::none());
        prepare(&world);
        act(&world.cut(&faults)).unwrap();
        faults.operations()
    };
    let opened = count(|world| try_open(world).map(drop));
    let steps = count(|world| sweep(world).map(drop));
    let (mut ours, mut theirs) = (0, 0);
    for killed in (opened..steps).step_by(5) {
        for step in opened..steps {
            let world = Cuttable::new();
            let both = prepare(&world);
            // Another process is killed there, and leaves what it has begun.
            let dies = Faults::cut(killed, Cut::After, After::StaysDown);
            let (other, sound) = (world.cut(&dies), world.sound.clone());
            let first = Arc::new(AtomicU64::new(0));
            let left = first.clone();
            let faults = Faults::meanwhile(step, move || {
                let before = intended(&sound);
                drop(sweep(&other));
                left.store(intended(&sound) - before, Ordering::SeqCst);
            });
            let swept = sweep(&world.cut(&faults)).unwrap();
            if !faults.tripped() {
                break;
            }
            let vault = world.sound.open();
            let begun = first.load(Ordering::SeqCst);
            *(if begun == 2 { &mut theirs } else { &mut ours }) += 1;
            assert_eq!((swept.subjects, intended(&world.sound)), (2 - begun, 2), "{killed} {step}");
            wait(vault.resume_destroys()).unwrap();
            // What is invoiced to Eve is archived.
            for (subject, archived) in both.into_iter().zip([1, 0]) {
                let history = wait(vault.history(subject, 99)).unwrap();
                let told = history.iter().filter(|leaf| leaf.action == *"erasure.done").count();
                let left = wait(vault.outline(subject)).unwrap().len();
                assert_eq!((told, left), (1, archived), "{killed} {step}");
            }
            assert_eq!(wait(vault.destroys_under_way()).unwrap(), 0);
            wait(vault.audit()).unwrap();
        }
    }
    assert!(ours > 30 && theirs > 30, "{ours} {theirs}");
}
