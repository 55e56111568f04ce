//! Every operation cut at every step: before it happens, and after it with its answer lost; with
//! the process killed, or the fault passing by. Whatever happens, the next start converges.
#![expect(clippy::unwrap_used, reason = "tests")]

mod added;
mod amended;
mod audit;
mod breaches;
mod choices;
mod collect;
mod holds;
mod life;
mod marks;
mod moving;
mod policy;
mod records;
mod requested;
mod requests;
mod restricted;
mod returns;
mod rotation;
mod staff;
mod sweep;

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::memory::{MemoryKeyring, MemoryStore};
use tacenda_core::ports::{KeyState, Keyring, Store};
use tacenda_core::seal::MasterKey;
use tacenda_core::vault::{Amendment, OnRestore, Vault};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_gdpr::erasure;
use tacenda_testkit::world::{POLICY, World, ada, request, staff};
use tacenda_testkit::{After, Cut, FailingKeyring, FailingStore, Faults};

/// A world whose store and safe share a plan of faults, beside the same world without.
struct Cuttable {
    sound: World,
    store: Arc<MemoryStore>,
    keyring: Arc<MemoryKeyring>,
}

impl Cuttable {
    fn new() -> Self {
        let (store, keyring) =
            (Arc::new(MemoryStore::default()), Arc::new(MemoryKeyring::default()));
        Self { sound: World::over(store.clone(), keyring.clone()), store, keyring }
    }

    fn cut(&self, faults: &Faults) -> World {
        let store: Arc<dyn Store> = Arc::new(FailingStore::new(self.store.clone(), faults.clone()));
        let keyring: Arc<dyn Keyring> =
            Arc::new(FailingKeyring::new(self.keyring.clone(), faults.clone()));
        World { store, keyring, ..self.sound.clone() }
    }
}

/// Runs `act` with a cut at every operation, then `check` on the world without faults.
fn everywhere(
    prepare: impl Fn(&Cuttable) -> SubjectId,
    act: impl Fn(&World, SubjectId) -> Result<()>,
    check: impl Fn(&Cuttable, SubjectId, bool),
) -> u64 {
    let count = {
        let (world, faults) = (Cuttable::new(), Faults::none());
        let subject = prepare(&world);
        act(&world.cut(&faults), subject).unwrap();
        check(&world, subject, true);
        faults.operations()
    };
    for operation in 0..count {
        for cut in [Cut::Before, Cut::After] {
            for after in [After::StaysDown, After::Recovers] {
                let world = Cuttable::new();
                let subject = prepare(&world);
                let faults = Faults::cut(operation, cut, after);
                let done = act(&world.cut(&faults), subject).is_ok();
                assert!(faults.tripped() || done, "operation {operation} was never reached");
                check(&world, subject, done);
            }
        }
    }
    count
}

/// Runs `act` with `other` in between, in another process, before each of its operations; then
/// `check` with what came of `act`.
fn between<T>(
    prepare: impl Fn(&Cuttable) -> SubjectId,
    act: impl Fn(&World, SubjectId) -> T,
    other: impl Fn(&World, SubjectId) + Clone + Send + 'static,
    check: impl Fn(&Cuttable, SubjectId, T),
) {
    let mut cuts = 0;
    for operation in 0.. {
        let world = Cuttable::new();
        let subject = prepare(&world);
        let (sound, other) = (world.sound.clone(), other.clone());
        let faults = Faults::meanwhile(operation, move || other(&sound, subject));
        let done = act(&world.cut(&faults), subject);
        if !faults.tripped() {
            break;
        }
        check(&world, subject, done);
        cuts += 1;
    }
    assert!(cuts > 5, "{cuts}");
}

fn try_open(world: &World) -> Result<Vault> {
    world.try_open(POLICY, OnRestore::Refuse).map(|(vault, _)| vault)
}

#[test]
fn a_registration_happens_whole_or_not_at_all() {
    let operations = everywhere(
        |_| SubjectId::CONTROLLER,
        |world, _| {
            let vault = try_open(world)?;
            let items = [("email", "ada@example.org"), ("address", "Rue 1"), ("country", "FR")];
            let request = request(&vault, &items, true);
            wait(vault.register(request, &staff("support"))).map(|_| ())
        },
        |world, _, done| {
            let vault = world.sound.open();
            let (item, purpose) = (Name::fixed("email"), Name::fixed("billing"));
            let read =
                || wait(vault.read_by(&item, "ada@example.org", &purpose, &staff("billing")));
            match read() {
                Ok(view) => assert_eq!(view.get("address"), Some("Rue 1"), "whole"),
                Err(error) => {
                    assert!(!done && error.code() == "vault.not_found", "{error}");
                    // What a killed process left in the safe does not stand in the way.
                    let items =
                        [("email", "ada@example.org"), ("address", "Rue 1"), ("country", "FR")];
                    let request = request(&vault, &items, true);
                    wait(vault.register(request, &staff("support"))).unwrap();
                    read().unwrap();
                }
            }
            wait(vault.audit()).unwrap();
        },
    );
    assert!(operations > 10, "{operations}");
}

#[test]
fn an_amendment_happens_whole_or_not_at_all() {
    everywhere(
        |world| {
            let vault = world.sound.open();
            let eve = request(&vault, &[("email", "eve@example.org")], true);
            wait(vault.register(eve, &staff("support"))).unwrap().subject()
        },
        |world, subject| {
            let vault = try_open(world)?;
            let item = |name, text| vault.item(&Name::fixed(name), text).unwrap();
            let set = vec![
                item("email", "eve@example.net"),
                item("address", "Rue 2"),
                item("country", "FR"),
                item("card_last4", "4242"),
            ];
            let amendment = Amendment { set, ..Amendment::default() };
            wait(vault.amend(subject, amendment, &staff("support")))
        },
        |world, subject, done| {
            let vault = world.sound.open();
            let view =
                wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
            let seen = (view.get("email"), view.get("address"), view.get("card_last4"));
            let before = (Some("eve@example.org"), None, None);
            let after = (Some("eve@example.net"), Some("Rue 2"), Some("4242"));
            assert!(seen == after || (!done && seen == before), "{done} {seen:?}");
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn an_erasure_finishes_at_the_next_start() {
    let operations = everywhere(
        |world| ada(&world.sound.open()),
        |world, subject| {
            let vault = try_open(world)?;
            wait(erasure::erase(&vault, subject, &staff("support"))).map(|_| ())
        },
        |world, subject, done| {
            let vault = world.sound.open();
            let begun = wait(vault.destroys_under_way()).unwrap() > 0;
            let finished = wait(vault.resume_destroys()).unwrap();
            assert_eq!(wait(vault.destroys_under_way()).unwrap(), 0);
            let rows = wait(vault.outline(subject)).unwrap();
            let classes: Vec<_> = rows.iter().map(|row| row.class.as_str()).collect();
            let gone = classes == ["billing"];
            assert!(gone || (!begun && !done && classes.len() == 3), "{done} {begun} {classes:?}");
            assert!(gone || finished.is_empty());
            for (key, state) in wait(world.sound.keyring.keys_of(subject)).unwrap() {
                let destroyed = matches!(state, KeyState::Destroyed(_));
                assert_eq!(destroyed, gone && key.class != *"billing", "{key:?}");
            }
            for one in finished {
                let receipt = wait(vault.receipt(one.position)).unwrap();
                assert_eq!((one.subject, receipt.leaf.subject), (subject, subject));
                assert_eq!(receipt.leaf.action, *"erasure.done");
            }
            wait(vault.audit()).unwrap();
        },
    );
    assert!(operations > 20, "{operations}");
}

#[test]
fn a_rotation_resumes_where_it_was_killed() {
    everywhere(
        |world| ada(&world.sound.open()),
        |world, _| {
            let mut world = world.clone();
            let new = MasterKey::generate(world.rng.as_ref());
            world.former = Some(std::mem::replace(&mut world.master, new));
            let vault = try_open(&world)?;
            wait(vault.rotate_master_key()).map(|_| ())
        },
        |world, subject, _| {
            // Whoever rotates has both keys until it is done; the test draws the same new one.
            let mut both = world.sound.clone();
            let probe = Cuttable::new();
            let _ = ada(&probe.sound.open());
            let new = MasterKey::generate(probe.sound.rng.as_ref());
            both.former = Some(std::mem::replace(&mut both.master, new));
            let vault = both.open();
            wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
            wait(vault.rotate_master_key()).unwrap();
            both.former = None;
            let vault = both.open();
            wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
            wait(vault.login("ada@example.org", "correct horse")).unwrap();
            let old = world.sound.try_open(POLICY, OnRestore::Refuse).unwrap_err();
            assert_eq!(old.code(), "keys.wrong_master_key");
        },
    );
}

#[test]
fn whoever_makes_keys_while_a_rotation_begins_goes_on() {
    let both = |world: &World| {
        let mut both = world.clone();
        let new = MasterKey::parse("dGhpcyBpcyBhIG1hc3RlciBrZXkgb2YgdGVzdHMhISE=").unwrap();
        both.former = Some(std::mem::replace(&mut both.master, new));
        both
    };
    let register = |world: &World, email: &str| {
        let vault = try_open(world)?;
        let request = request(&vault, &[("email", email)], false);
        wait(vault.register(request, &staff("support"))).map(|one| one.subject())
    };
    between(
        move |world| register(&world.sound, "before@example.org").unwrap(),
        move |world, _| {
            let world = both(world);
            let subject = register(&world, "eve@example.org")?;
            let vault = try_open(&world)?;
            let set = vec![vault.item(&Name::fixed("card_last4"), "4242").unwrap()];
            let amendment = Amendment { set, ..Amendment::default() };
            wait(vault.amend(subject, amendment, &staff("support")))?;
            Ok(subject)
        },
        move |world, _| {
            wait(both(world).open().rotate_master_key()).unwrap();
        },
        move |world, before, done: Result<SubjectId>| {
            let eve = done.unwrap();
            let mut new = both(&world.sound);
            // Whatever was wrapped under the former key in between.
            wait(new.open().rotate_master_key()).unwrap();
            new.former = None;
            let vault = new.open();
            for subject in [before, eve] {
                wait(vault.read(subject, &Name::fixed("account"), &staff("support"))).unwrap();
            }
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn two_processes_that_take_a_new_policy_into_force_at_once_both_open() {
    let open = |world: &World| {
        world.try_open(&collect::moved(), OnRestore::Refuse).map(|(vault, _)| vault)
    };
    let prepare = |world: &Cuttable| {
        let vault = world.sound.open();
        let items = [("email", "eve@example.org"), ("card_last4", "4242")];
        let request = request(&vault, &items, true);
        wait(vault.register(request, &staff("support"))).unwrap().subject()
    };
    let whole = {
        let (world, faults) = (Cuttable::new(), Faults::none());
        let _ = prepare(&world);
        open(&world.cut(&faults)).unwrap();
        faults.operations()
    };
    // The other process opens, and is killed after so many operations.
    for killed in 0..=whole {
        for operation in 0..whole {
            let world = Cuttable::new();
            let subject = prepare(&world);
            let dies = Faults::cut(killed, Cut::After, After::StaysDown);
            let other = world.cut(&dies);
            let faults = Faults::meanwhile(operation, move || drop(open(&other)));
            let vault = open(&world.cut(&faults)).unwrap();
            let view =
                wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
            assert_eq!(view.get("card_last4"), Some("4242"));
            wait(vault.audit()).unwrap();
        }
    }
}
