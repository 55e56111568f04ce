//! A policy that changes while something else is under way: an erasure, a process that still runs
//! under the policy before, one that is killed.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::ports::KeyState;
use tacenda_core::row::state;
use tacenda_core::vault::{Amendment, OnRestore, Vault};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_gdpr::erasure;
use tacenda_testkit::world::{POLICY, World, request, staff};
use tacenda_testkit::{After, Cut, FailingKeyring, FailingStore, Faults};

use super::{Cuttable, between, collect, everywhere};

fn open(world: &World, policy: &str) -> Result<Vault> {
    world.try_open(policy, OnRestore::Refuse).map(|(vault, _)| vault)
}

fn code<T>(result: &Result<T>) -> &'static str {
    result.as_ref().err().map_or("ok", |error| error.code())
}

/// A customer with what [`collect::moved`] moves: a note out of the account, a card into it.
fn register(vault: &Vault, email: &str) -> Result<SubjectId> {
    let items = [
        ("email", email),
        ("note", "n"),
        ("card_last4", "4242"),
        ("address", "Rue 1"),
        ("country", "FR"),
    ];
    wait(vault.register(request(vault, &items, true), &staff("support"))).map(|one| one.subject())
}

fn read(vault: &Vault, subject: SubjectId) {
    let billing = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
    let account = wait(vault.read(subject, &Name::fixed("account"), &staff("billing"))).unwrap();
    let seen = (billing.get("card_last4"), billing.get("address"), account.get("note"));
    assert_eq!(seen, (Some("4242"), Some("Rue 1"), Some("n")));
}

/// The same world, whose store and safe share these faults.
fn cut(world: &World, faults: &Faults) -> World {
    let store = FailingStore::new(world.store.clone(), faults.clone());
    let keyring = FailingKeyring::new(world.keyring.clone(), faults.clone());
    World { store: Arc::new(store), keyring: Arc::new(keyring), ..world.clone() }
}

/// The policy without a note, that [`register`] gives.
fn without_note() -> String {
    let (start, end) =
        (POLICY.find("[items.note]").unwrap(), POLICY.find("[items.address]").unwrap());
    format!("{}{}", &POLICY[..start], &POLICY[end..])
        .replace(", \"note\"", "")
        .replace("version = 1", "version = 2")
}

#[test]
fn an_erasure_that_was_killed_does_not_keep_a_policy_out() {
    let operations = everywhere(
        |world| {
            let vault = world.sound.open();
            register(&vault, "stays@example.org").unwrap();
            register(&vault, "erased@example.org").unwrap()
        },
        |world, subject| {
            let vault = open(world, POLICY)?;
            wait(erasure::erase(&vault, subject, &staff("support"))).map(|_| ())
        },
        |world, subject, done| {
            let keys = wait(world.sound.keyring.keys_of(subject)).unwrap();
            let destroyed = keys.iter().any(|(_, key)| matches!(key, KeyState::Destroyed(_)));
            let begun = wait(world.sound.open().destroys_under_way()).unwrap() > 0;
            let vault = open(&world.sound, &collect::moved()).unwrap();
            assert_eq!(wait(vault.destroys_under_way()).unwrap(), 0);
            for one in wait(vault.subjects(None, 9)).unwrap() {
                read(&vault, one);
            }
            let rows = wait(vault.outline(subject)).unwrap();
            let left: Vec<_> = rows.iter().map(|r| (r.class.as_str(), r.state.as_str())).collect();
            if done || begun || destroyed {
                assert_eq!(left, [("billing", "archived")]);
            } else {
                assert_eq!(left.len(), 3);
            }
            wait(vault.audit()).unwrap();
        },
    );
    assert!(operations > 20, "{operations}");
}

#[test]
fn an_erasure_in_another_process_does_not_keep_a_policy_out() {
    // The other process runs under the new policy already, and is killed after so many operations:
    // keys are destroyed of which the first is just about to set clocks.
    let policy = collect::moved().replace("open = \"last login\"", "open = \"registered\"");
    let prepare = |world: &Cuttable| {
        let vault = world.sound.open();
        register(&vault, "stays@example.org").unwrap();
        register(&vault, "erased@example.org").unwrap()
    };
    let erase = |world: &World, policy: &str, subject: SubjectId| {
        let vault = open(world, policy)?;
        wait(erasure::erase(&vault, subject, &staff("support"))).map(|_| ())
    };
    // The kills that leave rows whose keys are destroyed.
    let leaves_rows = |killed: &u64| {
        let world = Cuttable::new();
        let subject = prepare(&world);
        drop(open(&world.sound, &policy).unwrap());
        let faults = Faults::cut(*killed, Cut::After, After::StaysDown);
        let _ = erase(&cut(&world.sound, &faults), &policy, subject);
        let keys = wait(world.sound.keyring.keys_of(subject)).unwrap();
        let destroyed = keys.iter().any(|(_, key)| matches!(key, KeyState::Destroyed(_)));
        let scan = tacenda_core::ports::Scan::Subject(subject);
        destroyed && wait(world.sound.store.count(&scan, 9)).unwrap() > 1
    };
    let kills: Vec<_> = (0..40).filter(leaves_rows).collect();
    assert!(kills.len() > 1, "{kills:?}");
    for killed in kills {
        between(
            prepare,
            |world, _| open(world, &policy),
            {
                let policy = policy.clone();
                move |world, subject| {
                    drop(open(world, &policy).unwrap());
                    let faults = Faults::cut(killed, Cut::After, After::StaysDown);
                    let _ = erase(&cut(world, &faults), &policy, subject);
                }
            },
            |world, _, opened| {
                opened.unwrap();
                let vault = open(&world.sound, &policy).unwrap();
                wait(vault.resume_destroys()).unwrap();
                for one in wait(vault.subjects(None, 9)).unwrap() {
                    read(&vault, one);
                }
                wait(vault.audit()).unwrap();
            },
        );
    }
}

#[test]
fn what_a_process_with_the_policy_before_writes_meanwhile_is_judged_too() {
    let prepare = |world: &Cuttable| {
        let vault = world.sound.open();
        let request = request(&vault, &[("email", "old@example.org")], true);
        wait(vault.register(request, &staff("support"))).unwrap().subject()
    };
    let late = |running: &Vault| register(running, "late@example.org");
    for policy in [without_note(), collect::moved()] {
        let (new, forbids) = (policy.clone(), policy == without_note());
        between(
            prepare,
            |world, _| {
                let opened = open(world, &policy);
                (code(&opened), opened.is_ok())
            },
            move |world, _| {
                // It has been running for long, if it may.
                if let Ok(running) = open(world, POLICY) {
                    late(&running).unwrap();
                }
            },
            move |world, old, (code, adopted)| {
                let wrote = wait(world.sound.store.count_lookups()).unwrap() == 2;
                if adopted {
                    let vault = open(&world.sound, &new).unwrap();
                    assert!(!(wrote && forbids), "a note that nobody declares");
                    let all = wait(vault.subjects(None, 9)).unwrap();
                    for late in all.into_iter().filter(|one| *one != old) {
                        read(&vault, late);
                    }
                    wait(vault.audit()).unwrap();
                    return;
                }
                // Refused, and nothing has changed.
                assert!(wrote && forbids);
                assert_eq!(code, "policy.item_in_use");
                let vault = open(&world.sound, POLICY).unwrap();
                assert_eq!(wait(vault.subjects(None, 9)).unwrap().len(), 2);
                register(&vault, "later@example.org").unwrap();
                wait(vault.audit()).unwrap();
            },
        );
    }
}

#[test]
fn a_process_that_runs_under_the_policy_before_is_fenced_before_rows_are_judged() {
    // Unlike the test above, the running process does not open: it has opened long before.
    let mut codes = std::collections::BTreeSet::new();
    for operation in 0.. {
        let world = Cuttable::new();
        let running = Arc::new(world.sound.open());
        let (sent, got) = std::sync::mpsc::channel();
        let other = running.clone();
        let faults = Faults::meanwhile(operation, move || {
            sent.send(code(&register(&other, "late@example.org"))).unwrap();
        });
        let opened = open(&world.cut(&faults), &without_note());
        let Ok(written) = got.try_recv() else { break };
        codes.insert((written, code(&opened)));
        if opened.is_err() {
            // It goes on as if nothing had been.
            register(&running, "later@example.org").unwrap();
            wait(running.audit()).unwrap();
        }
    }
    let expected = [("ok", "policy.item_in_use"), ("policy.older_version", "ok")];
    assert_eq!(codes, expected.into(), "written and refused, or refused and adopted");
}

#[test]
fn a_policy_that_was_killed_while_it_came_leaves_the_one_before() {
    everywhere(
        |world| {
            let vault = world.sound.open();
            register(&vault, "old@example.org").unwrap()
        },
        |world, _| open(world, &collect::moved()).map(|_| ()),
        |world, subject, done| {
            // It is adopted, or who rolls back to the policy before opens and works.
            let before = open(&world.sound, POLICY);
            match before {
                Ok(vault) => {
                    assert!(!done);
                    read(&vault, subject);
                    register(&vault, "late@example.org").unwrap();
                    wait(vault.audit()).unwrap();
                }
                Err(error) => assert_eq!(error.code(), "policy.older_version"),
            }
            // A corrected policy of the same version is none of its business either.
            let corrected = collect::moved().replace("3 years", "4 years");
            let opened = open(&world.sound, &corrected).or_else(|error| {
                assert_eq!(error.code(), "policy.version_not_raised");
                open(&world.sound, &collect::moved())
            });
            let vault = opened.unwrap();
            for one in wait(vault.subjects(None, 9)).unwrap() {
                read(&vault, one);
            }
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn a_policy_and_the_one_before_opened_at_once_both_come_to_an_end() {
    between(
        |world| register(&world.sound.open(), "old@example.org").unwrap(),
        |world, _| open(world, &collect::moved()),
        |world, _| drop(open(world, POLICY)),
        |world, subject, opened| {
            read(&opened.unwrap(), subject);
            wait(open(&world.sound, &collect::moved()).unwrap().audit()).unwrap();
            assert_eq!(code(&open(&world.sound, POLICY)), "policy.older_version");
        },
    );
}

#[test]
fn clocks_are_set_and_tokens_made_wherever_the_process_is_killed() {
    let before = POLICY.replace("open = \"last login\"", "open = \"not started\"");
    let after = POLICY
        .replace("version = 1", "version = 2")
        .replace("[items.note]", "[items.note]\nunique = true");
    everywhere(
        |world| {
            let vault = open(&world.sound, &before).unwrap();
            let noted = |email: &str, note: &str| {
                let items = [("email", email), ("note", note), ("card_last4", "4242")];
                let request = request(&vault, &items, true);
                wait(vault.register(request, &staff("support"))).unwrap().subject()
            };
            noted("a@example.org", "one");
            noted("b@example.org", "two")
        },
        |world, _| open(world, &after).map(|_| ()),
        |world, _, _| {
            let vault = open(&world.sound, &after).unwrap();
            let purpose = Name::fixed("account");
            for (note, email) in [("one", "a@example.org"), ("two", "b@example.org")] {
                let (item, support) = (Name::fixed("note"), staff("support"));
                let view = wait(vault.read_by(&item, note, &purpose, &support)).unwrap();
                assert_eq!(view.get("email"), Some(email));
            }
            let rows = tacenda_core::ports::Scan::All { kind: None };
            for row in wait(world.sound.store.scan(&rows, None, 99)).unwrap().rows {
                assert!(row.class.is_none() || row.state != state::LIVE || row.anchor_at.is_some());
                assert_ne!(row.key.kind, *"reseal", "the job is done");
            }
            wait(vault.audit()).unwrap();
        },
    );
}

/// The policy with a note that is unique: values are opened to judge it.
fn unique() -> String {
    let policy = POLICY.replace("[items.note]\n", "[items.note]\nunique = true\n");
    policy.replace("version = 1", "version = 2")
}

#[test]
fn a_policy_that_a_passing_fault_kept_out_locks_nobody_out() {
    for policy in [unique(), collect::moved()] {
        let prepare = |world: &Cuttable| {
            let running = world.sound.open();
            let items = [("email", "old@example.org"), ("note", "door"), ("card_last4", "4242")];
            wait(running.register(request(&running, &items, true), &staff("support"))).unwrap();
            running
        };
        let counted = {
            let (world, faults) = (Cuttable::new(), Faults::none());
            drop(prepare(&world));
            drop(open(&world.cut(&faults), &policy).unwrap());
            faults.operations()
        };
        let (mut kept_out, mut adopted) = (0, 0);
        for operation in 0..counted {
            for side in [Cut::Before, Cut::After] {
                let world = Cuttable::new();
                // It runs all the while, and nobody opens anything after the fault.
                let running = prepare(&world);
                let faults = Faults::cut(operation, side, After::Recovers);
                let opened = open(&world.cut(&faults), &policy);
                let item = [("email", "late@example.org")];
                let late = request(&running, &item, true);
                let wrote = code(&wait(running.register(late, &staff("support"))));
                let before = code(&open(&world.sound, POLICY));
                assert_eq!(wrote, before, "{operation}: refused by what is in force alone");
                if wrote == "ok" {
                    kept_out += 1;
                    assert!(opened.is_err(), "{operation}");
                    wait(running.audit()).unwrap();
                } else {
                    assert_eq!(wrote, "policy.older_version");
                    adopted += 1;
                }
                let vault = open(&world.sound, &policy).unwrap();
                wait(vault.audit()).unwrap();
            }
        }
        assert!(kept_out > 10 && adopted > 2, "{kept_out} {adopted}");
    }
}

#[test]
fn a_value_that_one_gave_up_and_another_took_meanwhile_is_nobodys_twice() {
    // More rows than a page has, with the two at its ends.
    let noted = |vault: &Vault, subject: SubjectId, note: &str| {
        let set = vec![vault.item(&Name::fixed("note"), note).unwrap()];
        let amendment = Amendment { set, ..Amendment::default() };
        wait(vault.amend(subject, amendment, &staff("support")))
    };
    let mut refused = 0;
    for operation in 0.. {
        let world = Cuttable::new();
        let running = Arc::new(world.sound.open());
        for n in 0..90 {
            let email: &'static str = Box::leak(format!("c{n}@example.org").into_boxed_str());
            register_without_note(&running, email);
        }
        let all = wait(running.subjects(None, 99)).unwrap();
        let (first, last) = (all[0], all[89]);
        noted(&running, first, "door").unwrap();
        let other = running.clone();
        let faults = Faults::meanwhile(operation, move || {
            if noted(&other, first, "window").is_ok() {
                noted(&other, last, "door").unwrap();
            }
        });
        let opened = open(&world.cut(&faults), &unique());
        assert_eq!(code(&opened), "ok", "{operation}");
        refused += u32::from(noted(&running, first, "roof").is_err());
        wait(opened.unwrap().audit()).unwrap();
        if !faults.tripped() {
            break;
        }
    }
    assert!(refused > 5, "{refused}");
}

fn register_without_note(vault: &Vault, email: &'static str) {
    let items = [("email", email), ("card_last4", "4242"), ("address", "Rue 1"), ("country", "FR")];
    wait(vault.register(request(vault, &items, true), &staff("support"))).unwrap();
}
