//! A request for erasure beside other erasures that wait, or that take what it is about.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::vault::{OnRestore, RegisterRequest, Vault};
use tacenda_core::{Result, SubjectId};
use tacenda_gdpr::requests::{self, Carried, Decision, Event, Received, Right, step};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};
use tacenda_testkit::{After, Cut, FailingKeyring, FailingStore, Faults};

use crate::support::*;

const EMAIL: &str = "eve@example.org";

/// Somebody of whom no law keeps anything.
fn eve(vault: &Vault) -> SubjectId {
    let eve = request(vault, &[("email", EMAIL)], false);
    wait(vault.register(eve, &staff("support"))).unwrap().subject()
}

fn mine(vault: &Vault, subject: SubjectId) -> Received {
    let (arrival, me) = from_account(vault, subject, Right::Erasure);
    wait(requests::receive(vault, &utc(), arrival, &me)).unwrap()
}

fn erase(vault: &Vault, at: &Received) -> Result<requests::Erased> {
    wait(requests::erase(vault, &utc(), &at.key, &staff("support")))
}

fn is_there(vault: &Vault, subject: SubjectId) -> bool {
    let rows = wait(vault.outline(subject)).unwrap();
    rows.iter().any(|row| row.class == *"account")
}

#[test]
fn a_scrub_that_waits_for_another_keeps_nobody_waiting() {
    let world = World::default();
    let keyring = FailingKeyring::new(world.keyring.clone(), Faults::none()).under_readers();
    let read = World { keyring: Arc::new(keyring), ..world.clone() };
    let vault = read.open();
    let (ada, eve) = (ada(&vault), eve(&vault));
    let first = wait(erasure::erase(&vault, ada, &staff("support")));
    assert_eq!(code(first), "erasure.scrub_blocked");
    let at = mine(&vault, eve);
    let granted = Event::Decided(Decision::Granted(None));
    wait(step(&vault, &utc(), &at.key, granted, &staff("support"))).unwrap();
    assert_eq!(code(erase(&vault, &at)), "erasure.scrub_blocked");
    assert!(!is_there(&vault, eve), "all is done but the receipt");
    assert_eq!(code(erase(&vault, &at)), "erasure.scrub_blocked", "which there is none of yet");
    // Nobody reads the old pages any more.
    let done = erase(&world.open(), &at).unwrap();
    assert!(matches!(done.carried, Carried::Before(_)), "{done:?}");
    wait(vault.audit()).unwrap();
}

#[test]
fn whoever_asks_while_the_account_goes_for_want_of_use_is_suppressed_all_the_same() {
    let policy = format!("{POLICY}suppressions = {{ keep = \"3 years\" }}\n");
    let open = |world: &World| world.try_open(&policy, OnRestore::Refuse).map(|(vault, _)| vault);
    for by_file in [true, false] {
        let mut met = 0;
        for killed in 0.. {
            let world = World::default();
            let vault = open(&world).unwrap();
            let eve = eve(&vault);
            world.set_time("2029-06-02T00:00:00Z");
            let at = by_file.then(|| mine(&vault, eve));
            let faults = Faults::cut(killed, Cut::After, After::StaysDown);
            let store = Arc::new(FailingStore::new(world.store.clone(), faults.clone()));
            let keyring = Arc::new(FailingKeyring::new(world.keyring.clone(), faults.clone()));
            let _ = open(&World { store, keyring, ..world.clone() }).and_then(|vault| {
                let digest = wait(retention::plan(&vault))?.digest;
                wait(erasure::sweep(&vault, Some(digest), &staff("support"), &mut |_| {}))
            });
            if !faults.tripped() {
                break;
            }
            let asked = match &at {
                Some(at) => code(erase(&vault, at)),
                None => code(wait(erasure::erase(&vault, eve, &staff("support")))),
            };
            wait(vault.resume_destroys()).unwrap();
            if asked == "vault.not_found" {
                continue;
            }
            assert!(asked == "ok" || asked == "erasure.under_way", "{asked}");
            met += u32::from(asked == "erasure.under_way");
            assert!(!is_there(&vault, eve));
            let again = request(&vault, &[("email", EMAIL)], false);
            let again = RegisterRequest { unasked: true, ..again };
            let again = wait(vault.register(again, &staff("support")));
            assert_eq!(code(again), "vault.suppressed", "{killed} {asked}");
            wait(vault.audit()).unwrap();
        }
        assert!(met > 1, "{met}");
    }
}
