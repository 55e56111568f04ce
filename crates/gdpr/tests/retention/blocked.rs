//! A sweep while somebody reads the safe's old pages all the time: what is due goes all the same.

use std::sync::Arc;

use tacenda_core::clock::Span;
use tacenda_testkit::world::POLICY;
use tacenda_testkit::{FailingKeyring, Faults};

use super::*;

/// Two customers to a batch, so that a sweep has far more batches than it scrubs at once.
fn small_batches() -> String {
    POLICY.replace("batch = 100", "batch = 2")
}

fn open(world: &World) -> Vault {
    world.try_open(&small_batches(), tacenda_core::vault::OnRestore::Refuse).unwrap().0
}

fn under_readers(world: &World) -> World {
    let keyring = FailingKeyring::new(world.keyring.clone(), Faults::none()).under_readers();
    World { keyring: Arc::new(keyring), ..world.clone() }
}

/// Customers whose accounts are due, and customers of whom the card alone is.
fn due(vault: &Vault) -> (Vec<SubjectId>, Vec<SubjectId>) {
    let accounts = past(vault, 41, |_| at("2020-01-01T00:00:00Z"));
    let cards = (0..41).map(|n| {
        let since = Some(at("2025-01-01T00:00:00Z"));
        let items = [("email", &*format!("k{n}@example.org")), ("card_last4", "4242")];
        RegisterRequest {
            registered_at: since,
            last_login_at: since,
            ..request(vault, &items, false)
        }
    });
    let cards = wait(vault.register_many(cards.collect(), &staff("support"))).unwrap();
    (accounts, cards.into_iter().map(|one| one.unwrap().subject()).collect())
}

fn live_cards(world: &World) -> u64 {
    let (class, state) = (Name::fixed("payment"), state::LIVE);
    let until = at("2100-01-01T00:00:00Z");
    let scan = tacenda_core::ports::Scan::Anchored { class, state, until };
    wait(world.store.count(&scan, 1_000)).unwrap()
}

#[test]
fn a_blocked_scrub_keeps_nothing_that_is_due() {
    let world = World::default();
    let vault = open(&world);
    let (accounts, cards) = due(&vault);
    let plan = wait(retention::plan(&vault)).unwrap();
    assert_eq!((plan.due(), plan.lines.len()), (82, 2), "more than sixteen batches in each line");
    assert_eq!(live_cards(&world), 41);
    drop(vault);

    let vault = open(&under_readers(&world));
    assert_eq!(code(sweep(&vault, Some(plan.digest))), "erasure.scrub_blocked");
    assert_eq!((kept(&vault, &accounts), live_cards(&world)), (0, 0), "all of it went");
    assert_eq!(kept(&vault, &cards), 41, "the accounts of these are not due");
    let waiting = wait(vault.destroys_under_way()).unwrap();
    assert_eq!(waiting, 42, "each batch waits for its scrub");

    // One try to scrub is enough for all of them.
    let faults = Faults::none();
    let keyring = FailingKeyring::new(world.keyring.clone(), faults.clone()).under_readers();
    let vault = open(&World { keyring: Arc::new(keyring), ..world.clone() });
    let tries = faults.writes();
    let blocked = wait(vault.resume_destroys()).unwrap_err();
    let jobs = Some(&tacenda_core::error::Context::Number(42));
    assert_eq!((blocked.code(), blocked.context("jobs")), ("erasure.scrub_blocked", jobs));
    assert_eq!(faults.writes() - tries, 1);

    // What becomes due while the earlier batches wait goes too.
    let one = past_again(&vault, 0, 1);
    world.clock.advance(Span::days(1));
    let digest = wait(retention::plan(&vault)).unwrap().digest;
    assert_eq!(code(sweep(&vault, Some(digest))), "erasure.scrub_blocked");
    assert_eq!(kept(&vault, &one), 0);
    assert_eq!(wait(vault.destroys_under_way()).unwrap(), waiting + 1);

    let vault = open(&world);
    assert_eq!(sweep(&vault, None).unwrap(), Swept::default(), "nothing but the scrub was left");
    assert_eq!(wait(vault.destroys_under_way()).unwrap(), 0);
    wait(vault.audit()).unwrap();
}
