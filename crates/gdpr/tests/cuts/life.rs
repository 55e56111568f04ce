//! Imports, logins, amendments, legacy passwords and sweeps, cut at every step.

use pollster::block_on as wait;
use tacenda_core::pii::Sha256Digest;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::ports::KeyState;
use tacenda_core::vault::{
    Amendment, Effects, Entry, MODEL, NewPassword, NewRecord, OnRestore, PasswordCounts,
    RecordItems, Registered, Standing, Vault,
};
use tacenda_core::{Name, Result, SubjectId, Timestamp};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};
use tacenda_testkit::{After, Cut, Faults};

use super::{Cuttable, between, everywhere, try_open};

const LEGACY: &str = "correct horse battery staple";

fn time(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn legacy(vault: &Vault, email: &str) -> SubjectId {
    // printf 'correct horse battery staple' | sha256sum
    let digest = "c4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a";
    let digest = Sha256Digest::parse(digest).unwrap();
    let mut request = request(vault, &[("email", email)], false);
    let digest = zeroize::Zeroizing::new(*digest.as_bytes());
    request.password = Some(NewPassword::LegacySha256(digest));
    wait(vault.register(request, &staff("support"))).unwrap().subject()
}

fn counts(vault: &Vault) -> PasswordCounts {
    wait(vault.count_passwords()).unwrap()
}

fn current(current: u64) -> PasswordCounts {
    PasswordCounts { current, ..PasswordCounts::default() }
}

fn import(vault: &Vault) -> Result<Vec<Registered>> {
    let record = |n: u8| {
        let email = format!("c{n}@example.org");
        let items = [("email", email.as_str()), ("address", "Rue 1"), ("country", "FR")];
        let mut request = request(vault, &items, true);
        request.source = Some(vec![n; 8].into());
        request
    };
    let results = wait(vault.register_many((0..3).map(record).collect(), &staff("support")))?;
    Ok(results.into_iter().map(Result::unwrap).collect())
}

#[test]
fn an_import_writes_each_record_once() {
    let operations = everywhere(
        |world| {
            drop(world.sound.open());
            SubjectId::CONTROLLER
        },
        |world, _| try_open(world).and_then(|vault| import(&vault)).map(|_| ()),
        |world, _, done| {
            let vault = world.sound.open();
            let before = wait(vault.subjects(None, 9)).unwrap();
            assert!(before.len() == 3 || (before.is_empty() && !done), "whole, or not at all");
            let again = import(&vault).unwrap();
            let known = again.iter().filter(|one| matches!(one, Registered::Known(_))).count();
            assert_eq!(known, before.len());
            let now = wait(vault.subjects(None, 9)).unwrap();
            assert!(now.len() == 3 && again.iter().all(|one| now.contains(&one.subject())));
            let third = import(&vault).unwrap();
            assert!(third.iter().all(|one| matches!(one, Registered::Known(_))));
            wait(vault.audit()).unwrap();
        },
    );
    assert!(operations > 10, "{operations}");
}

#[test]
fn two_imports_at_once_write_each_record_once() {
    between(
        |world| {
            drop(world.sound.open());
            SubjectId::CONTROLLER
        },
        |world, _| {
            // The loser of a record is told that the address is taken; nothing else may happen.
            let vault = try_open(world).unwrap();
            let record = request(&vault, &[("email", "c0@example.org")], true);
            wait(vault.register(record, &staff("support"))).map(Registered::subject)
        },
        |world, _| drop(import(&world.open())),
        |world, _, done| {
            let vault = world.sound.open();
            let all = wait(vault.subjects(None, 9)).unwrap();
            assert_eq!(all.len(), 3);
            match done {
                Ok(subject) => assert!(all.contains(&subject)),
                Err(error) => assert_eq!(error.code(), "vault.not_unique"),
            }
            wait(vault.audit()).unwrap();
        },
    );
}

/// A login with this password, cut everywhere, on an account that `prepare` makes; afterwards it
/// has a verifier of today.
fn login_cut(
    prepare: fn(&World) -> SubjectId,
    policy: &str,
    email: &'static str,
    password: &'static str,
) {
    let open = |world: &World| world.try_open(policy, OnRestore::Refuse).map(|(vault, _)| vault);
    let operations = everywhere(
        |world| prepare(&world.sound),
        |world, subject| {
            let login = wait(open(world)?.login(email, password))?;
            assert_eq!(login.subject, subject);
            Ok(())
        },
        |world, subject, done| {
            let vault = open(&world.sound).unwrap();
            if done {
                assert_eq!(counts(&vault), current(1));
            }
            let calls = || world.sound.passwords.calls();
            let before = calls();
            assert_eq!(wait(vault.login(email, password)).unwrap().subject, subject);
            assert!(!done || calls() - before == 1, "it was replaced");
            let before = calls();
            wait(vault.login(email, password)).unwrap();
            assert_eq!((calls() - before, counts(&vault)), (1, current(1)));
            let leaves = wait(vault.history(subject, 99)).unwrap();
            let accepted: Vec<_> =
                leaves.iter().filter(|leaf| leaf.action == *"login.accepted").collect();
            assert!((2..=3).contains(&accepted.len()));
            let writing = accepted.iter().filter(|leaf| !leaf.rows.is_empty()).count();
            assert_eq!(writing, 1, "the account is rewritten once");
            wait(vault.audit()).unwrap();
        },
    );
    assert!(operations > 10, "{operations}");
}

#[test]
fn a_login_that_raises_the_cost_happens_whole_or_not_at_all() {
    let dearer = POLICY
        .replace("version = 1", "version = 2")
        .replace("memory_kib = 7168", "memory_kib = 9216");
    login_cut(|world| ada(&world.open()), &dearer, "ada@example.org", "correct horse");
}

#[test]
fn a_login_with_a_bare_digest_happens_whole_or_not_at_all() {
    login_cut(|world| legacy(&world.open(), "o@example.org"), POLICY, "o@example.org", LEGACY);
}

#[test]
fn a_login_with_a_wrapped_digest_happens_whole_or_not_at_all() {
    let wrapped = |world: &World| {
        let vault = world.open();
        let subject = legacy(&vault, "o@example.org");
        assert_eq!(wait(vault.wrap_legacy(&mut |_| {})).unwrap(), 1);
        subject
    };
    login_cut(wrapped, POLICY, "o@example.org", LEGACY);
}

fn wrapped_leaves(vault: &Vault) -> Vec<usize> {
    let subjects = wait(vault.subjects(None, 9)).unwrap();
    let wrapped = |subject: &SubjectId| {
        let leaves = wait(vault.history(*subject, 99)).unwrap();
        leaves.iter().filter(|leaf| leaf.action == *"password.wrapped").count()
    };
    subjects.iter().map(wrapped).collect()
}

#[test]
fn wrapping_goes_on_where_it_was_killed() {
    let operations = everywhere(
        |world| {
            let vault = world.sound.open();
            for email in ["a@example.org", "b@example.org", "c@example.org"] {
                let _ = legacy(&vault, email);
            }
            SubjectId::CONTROLLER
        },
        |world, _| wait(try_open(world)?.wrap_legacy(&mut |_| {})).map(|_| ()),
        |world, _, done| {
            let vault = world.sound.open();
            let before = counts(&vault);
            assert!(before.bare + before.wrapped == 3 && (!done || before.bare == 0));
            assert_eq!(wait(vault.wrap_legacy(&mut |_| {})).unwrap(), before.bare);
            let after = PasswordCounts { wrapped: 3, ..PasswordCounts::default() };
            assert_eq!((counts(&vault), wrapped_leaves(&vault)), (after, vec![1, 1, 1]));
            wait(vault.audit()).unwrap();
        },
    );
    assert!(operations > 15, "{operations}");
}

#[test]
fn two_processes_that_wrap_at_once_wrap_each_once() {
    between(
        |world| {
            let vault = world.sound.open();
            let _ = legacy(&vault, "a@example.org");
            legacy(&vault, "b@example.org")
        },
        |world, _| wait(world.open().wrap_legacy(&mut |_| {})).unwrap(),
        |world, _| {
            wait(world.open().wrap_legacy(&mut |_| {})).unwrap();
        },
        |world, _, done| {
            assert!(done <= 2, "{done}");
            let vault = world.sound.open();
            assert_eq!((counts(&vault).wrapped, wrapped_leaves(&vault)), (2, vec![1, 1]));
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn a_fact_and_a_closing_happen_whole_or_not_at_all() {
    let register = |world: &World| {
        let vault = world.open();
        let items = [("email", "eve@example.org"), ("address", "Rue 1"), ("country", "FR")];
        let request = request(&vault, &items, true);
        wait(vault.register(request, &staff("support"))).unwrap().subject()
    };
    let free = || [(Name::fixed("paid offer"), false)].into();
    everywhere(
        |world| register(&world.sound),
        |world, subject| {
            let amendment = Amendment { facts: free(), ..Amendment::default() };
            wait(try_open(world)?.amend(subject, amendment, &staff("support")))
        },
        |world, subject, done| {
            let vault = world.sound.open();
            let read = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing")));
            match read {
                Ok(view) => assert!(!done && view.get("address").is_some()),
                Err(error) => assert_eq!(error.code(), "policy.condition_not_met"),
            }
            wait(vault.audit()).unwrap();
        },
    );
    everywhere(
        |world| register(&world.sound),
        |world, subject| {
            let vault = try_open(world)?;
            let amendment = Amendment { close_at: Some(vault.now()), ..Amendment::default() };
            wait(vault.amend(subject, amendment, &staff("support")))
        },
        |world, subject, done| {
            let vault = world.sound.open();
            let again = Amendment { close_at: Some(vault.now()), ..Amendment::default() };
            match wait(vault.amend(subject, again, &staff("support"))) {
                Ok(()) => assert!(!done),
                Err(error) => assert_eq!(error.code(), "vault.closed_already"),
            }
            let leaves = wait(vault.history(subject, 99)).unwrap();
            let closed = leaves.iter().filter(|leaf| leaf.action == *"subject.closed");
            assert_eq!(closed.map(|leaf| leaf.rows.len()).collect::<Vec<_>>(), [2], "both clocks");
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn a_sweep_is_finished_by_the_next() {
    let sweep = |vault: &Vault| {
        let plan = wait(retention::plan(vault))?;
        wait(erasure::sweep(vault, Some(plan.digest), &staff("support"), &mut |_| {}))
    };
    let operations = everywhere(
        |world| {
            let vault = world.sound.open();
            let due = |email: &str, paid: bool| {
                let items = [("email", email), ("address", "Rue 1"), ("country", "FR")];
                let mut request = request(&vault, &items, paid);
                request.registered_at = Some(time("2018-01-01T00:00:00Z"));
                request.last_login_at = Some(time("2019-01-01T00:00:00Z"));
                wait(vault.register(request, &staff("support"))).unwrap().subject()
            };
            let _ = due("free@example.org", false);
            let fresh = request(&vault, &[("email", "fresh@example.org")], true);
            wait(vault.register(fresh, &staff("support"))).unwrap();
            due("invoiced@example.org", true)
        },
        |world, _| sweep(&try_open(world)?).map(|_| ()),
        |world, invoiced, done| {
            let vault = world.sound.open();
            let finished = wait(vault.resume_destroys()).unwrap();
            assert!(!done || finished.is_empty());
            let swept = sweep(&vault).unwrap();
            assert!(!done || swept.subjects == 0, "{swept:?}");
            assert_eq!(wait(vault.destroys_under_way()).unwrap(), 0);
            assert_eq!(wait(retention::plan(&vault)).unwrap().due(), 0);
            assert_eq!(wait(vault.subjects(None, 9)).unwrap().len(), 1, "who is not due stays");
            let rows = wait(vault.outline(invoiced)).unwrap();
            let left: Vec<_> =
                rows.iter().map(|row| (row.class.as_str(), row.state.as_str())).collect();
            assert_eq!(left, [("billing", "archived")]);
            for (key, state) in wait(world.sound.keyring.keys_of(invoiced)).unwrap() {
                let destroyed = matches!(state, KeyState::Destroyed(_));
                assert_eq!(destroyed, key.class != *"billing", "{key:?}");
            }
            let leaves = wait(vault.history(invoiced, 99)).unwrap();
            let erased = leaves.iter().filter(|leaf| leaf.action == *"erasure.done").count();
            assert_eq!(erased, 1, "it is erased once");
            wait(vault.audit()).unwrap();
        },
    );
    assert!(operations > 20, "{operations}");
}

#[test]
fn a_refused_login_asks_the_ports_as_often_whoever_it_is() {
    let items = "items = [\"email\", \"password\", \"first_name\", \"note\"]\nclock";
    assert!(POLICY.contains(items));
    let apart =
        POLICY.replace(items, "items = [\"email\", \"first_name\", \"note\"]\nclock").replace(
            "items = [\"card_last4\"]\nclock",
            "items = [\"card_last4\", \"password\"]\nclock",
        );
    for policy in [POLICY, &apart] {
        let world = Cuttable::new();
        let open = |world: &World| world.try_open(policy, OnRestore::Refuse).unwrap().0;
        let vault = open(&world.sound);
        let _ = ada(&vault);
        let register = |email| {
            let mut request = request(&vault, &[("email", email)], false);
            request.password = Some(NewPassword::plain("correct horse").unwrap());
            wait(vault.register(request, &staff("support"))).unwrap().subject()
        };
        let close = Amendment { close_at: Some(vault.now()), ..Amendment::default() };
        wait(vault.amend(register("closed@example.org"), close, &staff("support"))).unwrap();
        let erased = register("erased@example.org");
        wait(erasure::erase(&vault, erased, &staff("support"))).unwrap();
        let restricted = NewRecord {
            subject: Some(register("restricted@example.org")),
            standing: Standing::Open { state: Name::fixed("received"), due_at: None },
            items: RecordItems::default().with(MODEL, b"restrict".to_vec()),
            entry: Entry::new("request.received"),
            effects: Effects {
                restricted: [(Name::fixed("account"), true)].into(),
                ..Effects::default()
            },
        };
        wait(vault.add_record(&REQUESTS, restricted, &staff("support"))).unwrap();
        // Its key is gone, and its rows are there: killed on the way.
        let going = register("going@example.org");
        let killed = |at| world.cut(&Faults::cut(at, Cut::Before, After::StaysDown));
        let begun = (0..99).find(|at| {
            let erase = |vault: Vault| wait(erasure::erase(&vault, going, &staff("support")));
            let opened = killed(*at).try_open(policy, OnRestore::Refuse);
            let _ = opened.and_then(|(vault, _)| erase(vault));
            wait(vault.destroys_under_way()).unwrap() > 0
        });
        let fenced = (0..99).find(|at| {
            let opened = killed(*at).try_open(policy, OnRestore::Refuse);
            let _ = opened.and_then(|(vault, _)| wait(vault.resume_destroys()));
            let keys = wait(world.sound.keyring.keys_of(going)).unwrap();
            keys.iter().any(|(_, state)| matches!(state, KeyState::Destroyed(_)))
        });
        assert!(
            begun.is_some() && fenced.is_some() && !wait(vault.outline(going)).unwrap().is_empty()
        );
        let operations = |email: &str| {
            let faults = Faults::none();
            let vault = open(&world.cut(&faults));
            let before = faults.operations();
            let refused = wait(vault.login(email, "wrong")).unwrap_err();
            assert_eq!(refused.code(), "login.refused");
            faults.operations() - before
        };
        let known = operations("ada@example.org");
        assert!(known > 5, "{known}");
        for other in ["closed", "erased", "nobody", "restricted", "going"] {
            assert_eq!(operations(&format!("{other}@example.org")), known, "{other}");
        }
    }
}
