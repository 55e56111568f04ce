//! Whoever was erased on request comes back by their own doing alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::policy::records::SUPPRESSIONS;
use tacenda_core::vault::{Amendment, OnRestore, RecordKey, RegisterRequest, Registered, Vault};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};
use tacenda_testkit::{After, Cut, FailingKeyring, FailingStore, Faults};
use zeroize::Zeroizing;

use super::support::{alter, code};

const EMAIL: &str = "Ada@Example.org";

/// The vault under the policy of the tests with a list of those erased.
fn open(world: &World) -> Vault {
    world.try_open(&listed(), OnRestore::Refuse).unwrap().0
}

fn listed() -> String {
    format!("{POLICY}suppressions = {{ keep = \"3 years\" }}\n")
}

/// A line of a file; the other lines have another name each.
fn line(vault: &Vault, name: &str) -> Result<Registered> {
    let request = request(vault, &[("email", EMAIL), ("first_name", name)], false);
    let source = Some(Zeroizing::new(name.as_bytes().to_vec()));
    wait(vault.register(RegisterRequest { source, ..request }, &staff("support")))
}

fn event(vault: &Vault, email: &str) -> Result<Registered> {
    let request = request(vault, &[("email", email)], false);
    wait(vault.register(RegisterRequest { unasked: true, ..request }, &staff("support")))
}

fn by_person(vault: &Vault, email: &str) -> Result<Registered> {
    wait(vault.register(request(vault, &[("email", email)], false), &staff("support")))
}

fn erase(vault: &Vault, subject: SubjectId) {
    wait(erasure::erase(vault, subject, &staff("support"))).unwrap();
}

fn sweep(vault: &Vault) {
    let digest = wait(retention::plan(vault)).unwrap().digest;
    wait(erasure::sweep(vault, Some(digest), &staff("support"), &mut |_| {})).unwrap();
}

fn accounts(vault: &Vault) -> usize {
    wait(vault.subjects(None, 99)).unwrap().len()
}

#[test]
fn no_file_and_no_event_bring_back_whom_a_request_erased() {
    let world = World::default();
    let vault = open(&world);
    let subject = line(&vault, "Ada").unwrap().subject();
    assert_eq!(code(event(&vault, EMAIL)), "vault.not_unique", "while the account is there");
    erase(&vault, subject);
    assert_eq!(line(&vault, "Ada").unwrap(), Registered::Known(subject), "the very record");
    let error = line(&vault, "Ada L.").unwrap_err();
    assert_eq!((error.code(), error.field().as_deref()), ("vault.suppressed", Some("email")));
    assert!(!error.to_string().to_lowercase().contains("ada"));
    // In any case of the address, in another process.
    let vault = open(&world);
    assert_eq!(code(event(&vault, "ADA@EXAMPLE.ORG")), "vault.suppressed");
    assert_eq!(code(event(&vault, "eve@example.org")), "ok");
    assert_eq!(accounts(&vault), 1);
    wait(vault.audit()).unwrap();
}

#[test]
fn one_line_that_is_suppressed_stops_no_other() {
    let world = World::default();
    let vault = open(&world);
    erase(&vault, ada(&vault));
    let requests = ["eve@example.org", EMAIL, "bob@example.org"].map(|email| {
        let request = request(&vault, &[("email", email)], false);
        RegisterRequest { unasked: true, ..request }
    });
    let results = wait(vault.register_many(requests.into(), &staff("support"))).unwrap();
    let codes: Vec<_> = results.into_iter().map(code).collect();
    assert_eq!(codes, ["ok", "vault.suppressed", "ok"]);
}

#[test]
fn whoever_registers_again_is_back_and_stays_so() {
    let world = World::default();
    let vault = open(&world);
    erase(&vault, ada(&vault));
    let again = by_person(&vault, EMAIL).unwrap().subject();
    assert_eq!(accounts(&vault), 1);
    assert_eq!(code(event(&vault, EMAIL)), "vault.not_unique");
    // The suppression is over, and its record goes.
    sweep(&vault);
    assert_eq!(accounts(&vault), 1);
    // It begins anew with the next erasure.
    erase(&vault, again);
    assert_eq!(code(event(&vault, EMAIL)), "vault.suppressed");
    wait(vault.audit()).unwrap();
}

#[test]
fn an_erasure_soon_after_the_return_begins_the_period_anew() {
    let world = World::default();
    let vault = open(&world);
    erase(&vault, ada(&vault));
    world.set_time("2029-05-20T08:00:00Z");
    let again = by_person(&vault, EMAIL).unwrap().subject();
    erase(&vault, again);
    assert_eq!(code(event(&vault, EMAIL)), "vault.suppressed");
    world.set_time("2029-06-10T08:00:00Z");
    sweep(&vault);
    assert_eq!(code(event(&vault, EMAIL)), "vault.suppressed", "three years from the second");
}

#[test]
fn a_suppression_ends_with_its_period() {
    let world = World::default();
    let vault = open(&world);
    erase(&vault, ada(&vault));
    world.set_time("2029-06-01T23:59:59Z");
    sweep(&vault);
    assert_eq!(code(event(&vault, EMAIL)), "vault.suppressed");
    world.set_time("2029-06-02T00:00:00Z");
    sweep(&vault);
    assert_eq!(code(event(&vault, EMAIL)), "ok");
    wait(vault.audit()).unwrap();
}

#[test]
fn what_is_kept_is_no_address_and_no_look_up_of_one() {
    let world = World::default();
    let vault = open(&world);
    let subject = ada(&vault);
    let tokens = |of: &str| -> BTreeSet<[u8; 16]> {
        let scan = tacenda_core::ports::Scan::Subject(subject);
        let rows = wait(world.store.scan(&scan, None, 99)).unwrap().rows;
        let rows = rows.into_iter().filter(|row| row.key.kind.as_str() == of);
        rows.flat_map(|row| row.tokens).map(|token| token.value).collect()
    };
    let before = tokens("profile.account");
    erase(&vault, subject);
    let after = tokens("suppression");
    assert_eq!((before.len(), after.len()), (1, 1));
    assert!(before.is_disjoint(&after));
    // The address itself is free.
    let email = Name::fixed("email");
    let (purpose, by) = (Name::fixed("account"), staff("support"));
    let read = wait(vault.read_by(&email, EMAIL, &purpose, &by));
    assert_eq!(code(read), "vault.not_found");
}

#[test]
fn without_a_list_nobody_is_suppressed_and_one_that_is_given_up_ends() {
    let world = World::default();
    let plain = world.open();
    erase(&plain, ada(&plain));
    assert_eq!(code(event(&plain, EMAIL)), "ok", "the policy has no list");

    let world = World::default();
    let vault = open(&world);
    erase(&vault, ada(&vault));
    drop(vault);
    let later = POLICY.replace("version = 1\n", "version = 2\n");
    let plain = world.try_open(&later, OnRestore::Refuse).unwrap().0;
    assert_eq!(code(event(&plain, EMAIL)), "ok");
    let rows = || wait(world.store.count(&class(), 9)).unwrap();
    assert_eq!(rows(), 1);
    sweep(&plain);
    assert_eq!(rows(), 0);
}

fn class() -> tacenda_core::ports::Scan {
    tacenda_core::ports::Scan::Class { class: Name::fixed("tacenda.suppressions") }
}

#[test]
fn an_event_beside_the_erasure_brings_nobody_back() {
    let mut turns = 0;
    for operation in 0.. {
        let world = World::default();
        let vault = open(&world);
        let subject = by_person(&vault, EMAIL).unwrap().subject();
        let other = world.clone();
        let faults = Faults::meanwhile(operation, move || erase(&open(&other), subject));
        let store = FailingStore::new(world.store.clone(), faults.clone());
        let keyring = FailingKeyring::new(world.keyring.clone(), faults.clone());
        let beside = World { store: Arc::new(store), keyring: Arc::new(keyring), ..world.clone() };
        let refused = code(event(&open(&beside), EMAIL));
        if !faults.tripped() {
            break;
        }
        assert_ne!(refused, "ok", "{operation}");
        assert_eq!(accounts(&vault), 0, "{operation}");
        turns += 1;
    }
    assert!(turns > 5, "{turns}");
}

#[test]
fn an_erasure_beside_the_return_stands() {
    let mut turns = 0;
    for operation in 0.. {
        let world = World::default();
        let vault = open(&world);
        erase(&vault, ada(&vault));
        let other = world.clone();
        // Whoever came back is erased anew before the return has ended what stood against it.
        let erased_anew = move || {
            let vault = open(&other);
            for subject in wait(vault.subjects(None, 99)).unwrap() {
                erase(&vault, subject);
            }
        };
        let faults = Faults::meanwhile(operation, erased_anew);
        let store = FailingStore::new(world.store.clone(), faults.clone());
        let keyring = FailingKeyring::new(world.keyring.clone(), faults.clone());
        let beside = World { store: Arc::new(store), keyring: Arc::new(keyring), ..world.clone() };
        by_person(&open(&beside), EMAIL).unwrap();
        if !faults.tripped() {
            break;
        }
        if accounts(&vault) == 0 {
            assert_eq!(code(event(&vault, EMAIL)), "vault.suppressed", "{operation}");
            turns += 1;
        }
    }
    assert!(turns > 1, "{turns}");
}

#[test]
fn a_line_that_is_refused_takes_nothing_from_another() {
    let world = World::default();
    let vault = open(&world);
    erase(&vault, ada(&vault));
    let page = || {
        [true, true, false, true].map(|unasked| {
            let request = request(&vault, &[("email", EMAIL)], false);
            RegisterRequest { unasked, ..request }
        })
    };
    let results = wait(vault.register_many(page().into(), &staff("support"))).unwrap();
    let codes: Vec<_> = results.into_iter().map(code).collect();
    assert_eq!(codes, ["vault.suppressed", "vault.suppressed", "ok", "vault.suppressed"]);
    assert_eq!(accounts(&vault), 1);
    // Of two who ask for it themselves the first has it.
    let twice = [EMAIL, EMAIL].map(|_| request(&vault, &[("email", "eve@example.org")], false));
    let results = wait(vault.register_many(twice.into(), &staff("support"))).unwrap();
    let codes: Vec<_> = results.into_iter().map(code).collect();
    assert_eq!(codes, ["ok", "vault.not_unique"]);
}

/// The key of the suppression of somebody who was erased.
fn suppression(vault: &Vault, subject: SubjectId) -> RecordKey {
    wait(vault.records_of(subject, &SUPPRESSIONS)).unwrap().pop().unwrap().key
}

#[test]
fn an_altered_suppression_keeps_nobody_from_being_erased() {
    let world = World::default();
    let vault = open(&world);
    let first = by_person(&vault, EMAIL).unwrap().subject();
    let erased = wait(erasure::erase(&vault, first, &staff("support"))).unwrap();
    assert!(erased.suppressed);
    let again = by_person(&vault, EMAIL).unwrap().subject();
    alter(&world, &suppression(&vault, first));
    let erased = wait(erasure::erase(&vault, again, &staff("support"))).unwrap();
    assert!(!erased.suppressed, "it is told");
    assert_eq!(accounts(&vault), 0);
    assert_eq!(code(event(&vault, EMAIL)), "vault.altered_row", "and refuses a file");
}

#[test]
fn an_erasure_beside_the_end_of_an_older_suppression_begins_another() {
    // Ended by a return, or by its period.
    for returns_first in [true, false] {
        let mut met = 0;
        for killed in 0.. {
            let world = World::default();
            let vault = open(&world);
            let first = by_person(&vault, EMAIL).unwrap().subject();
            erase(&vault, first);
            if !returns_first {
                world.set_time("2029-06-02T00:00:00Z");
            }
            let back = returns_first.then(|| by_person(&vault, EMAIL).unwrap().subject());
            let faults = Faults::cut(killed, Cut::After, After::StaysDown);
            let store = FailingStore::new(world.store.clone(), faults.clone());
            let keyring = FailingKeyring::new(world.keyring.clone(), faults.clone());
            let (store, keyring) = (Arc::new(store), Arc::new(keyring));
            let dying = World { store, keyring, ..world.clone() };
            let _ = dying.try_open(&listed(), OnRestore::Refuse).and_then(|(vault, _)| {
                let digest = wait(retention::plan(&vault))?.digest;
                wait(erasure::sweep(&vault, Some(digest), &staff("support"), &mut |_| {}))
            });
            met += u32::from(wait(vault.destroys_under_way()).unwrap() > 0);
            let back = back.unwrap_or_else(|| by_person(&vault, EMAIL).unwrap().subject());
            erase(&vault, back);
            wait(vault.resume_destroys()).unwrap();
            assert_eq!(code(event(&vault, EMAIL)), "vault.suppressed", "{killed}");
            assert_eq!(accounts(&vault), 0);
            wait(vault.audit()).unwrap();
            if !faults.tripped() {
                break;
            }
        }
        assert!(met > 2, "{met}");
    }
}

#[test]
fn an_erasure_that_came_to_nothing_suppresses_nobody() {
    let mut conflicts = 0;
    for operation in 0.. {
        let world = World::default();
        let vault = open(&world);
        let subject = by_person(&vault, EMAIL).unwrap().subject();
        let set = move |vault: &Vault, item: &'static str, text: &str| {
            let set = vec![vault.item(&Name::fixed(item), text).unwrap()];
            let amendment = Amendment { set, ..Amendment::default() };
            wait(vault.amend(subject, amendment, &staff("support")))
        };
        let other = world.clone();
        let faults = Faults::meanwhile(operation, move || drop(set(&open(&other), "note", "here")));
        let store = FailingStore::new(world.store.clone(), faults.clone());
        let keyring = FailingKeyring::new(world.keyring.clone(), faults.clone());
        let beside = World { store: Arc::new(store), keyring: Arc::new(keyring), ..world.clone() };
        let erased = wait(erasure::erase(&open(&beside), subject, &staff("support")));
        if !faults.tripped() {
            break;
        }
        if code(erased) != "store.conflict" {
            continue;
        }
        conflicts += 1;
        set(&vault, "email", "ada@example.net").unwrap();
        assert_eq!(code(event(&vault, EMAIL)), "ok", "{operation}: nobody was erased");
        wait(vault.audit()).unwrap();
    }
    assert!(conflicts > 0);
}

#[test]
fn an_erasure_that_failed_anywhere_suppresses_whom_it_erases_alone() {
    let mut stays = 0;
    for operation in 0.. {
        let world = World::default();
        let vault = open(&world);
        let subject = by_person(&vault, EMAIL).unwrap().subject();
        let faults = Faults::cut(operation, Cut::Before, After::Recovers);
        let store = FailingStore::new(world.store.clone(), faults.clone());
        let keyring = FailingKeyring::new(world.keyring.clone(), faults.clone());
        let failing = World { store: Arc::new(store), keyring: Arc::new(keyring), ..world.clone() };
        let erased = failing
            .try_open(&listed(), OnRestore::Refuse)
            .and_then(|(vault, _)| wait(erasure::erase(&vault, subject, &staff("support"))));
        if !faults.tripped() {
            break;
        }
        wait(vault.resume_destroys()).unwrap();
        if accounts_in_use(&vault, subject) {
            assert!(erased.is_err());
            stays += 1;
            let set = vec![vault.item(&Name::fixed("email"), "ada@example.net").unwrap()];
            let amendment = Amendment { set, ..Amendment::default() };
            wait(vault.amend(subject, amendment, &staff("support"))).unwrap();
            assert_eq!(code(event(&vault, EMAIL)), "ok", "{operation}: nobody was erased");
        } else {
            assert_eq!(code(event(&vault, EMAIL)), "vault.suppressed", "{operation}");
        }
        wait(vault.audit()).unwrap();
    }
    assert!(stays > 5, "{stays}");
}

fn accounts_in_use(vault: &Vault, subject: SubjectId) -> bool {
    wait(vault.outline(subject)).unwrap().iter().any(|row| row.class == *"account")
}

#[test]
fn an_erasure_that_came_to_nothing_leaves_the_suppression_of_another() {
    let world = World::default();
    let vault = open(&world);
    let subject = by_person(&vault, EMAIL).unwrap().subject();
    let me = staff("support");
    let mine = wait(vault.suppress(subject, &me)).unwrap().unwrap();
    let theirs = wait(vault.suppress(subject, &me)).unwrap().unwrap();
    let set = vec![vault.item(&Name::fixed("email"), "ada@example.net").unwrap()];
    wait(vault.suppress_no_more(subject, &theirs, &me)).unwrap();
    assert_eq!(code(wait(vault.suppress_no_more(subject, &mine, &me))), "vault.no_such_record");
    wait(vault.amend(subject, Amendment { set, ..Amendment::default() }, &me)).unwrap();
    assert_eq!(code(event(&vault, EMAIL)), "vault.suppressed", "another counts on it");
}
