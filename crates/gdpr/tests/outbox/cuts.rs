//! Each step of a message cut at every operation of store and safe, and a second worker before each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use pollster::block_on as wait;
use tacenda_core::memory::{MemoryKeyring, MemoryStore};
use tacenda_core::outbox::{self, Outcome, Progress};
use tacenda_core::ports::{Keyring, Store};
use tacenda_core::vault::{OnRestore, Vault};
use tacenda_core::{Result, SubjectId};
use tacenda_testkit::world::{POLICY, World, ada, staff};
use tacenda_testkit::{After, Cut, FailingKeyring, FailingStore, Faults};

use super::support::{LEASE, another, enqueue, letters, news};

/// How often a message of each id arrived.
type Arrived = Arc<Mutex<BTreeMap<[u8; 16], u32>>>;

struct Place {
    world: World,
    store: Arc<MemoryStore>,
    keyring: Arc<MemoryKeyring>,
    subjects: Vec<SubjectId>,
}

impl Place {
    fn new() -> Self {
        let (store, keyring) =
            (Arc::new(MemoryStore::default()), Arc::new(MemoryKeyring::default()));
        let world = World::over(store.clone(), keyring.clone());
        let vault = world.open();
        let subjects = vec![ada(&vault), another(&vault, "eve@example.org")];
        Self { world, store, keyring, subjects }
    }

    fn cut(&self, faults: &Faults) -> Result<Vault> {
        let store: Arc<dyn Store> = Arc::new(FailingStore::new(self.store.clone(), faults.clone()));
        let keyring: Arc<dyn Keyring> =
            Arc::new(FailingKeyring::new(self.keyring.clone(), faults.clone()));
        let world = World { store, keyring, ..self.world.clone() };
        world.try_open(POLICY, OnRestore::Refuse).map(|(vault, _)| vault)
    }
}

fn send(vault: &Vault, arrived: &Arrived) -> Result<()> {
    let by = staff("support");
    let mut all = Vec::new();
    for one in wait(outbox::take(vault, LEASE, 9, None, &by))?.ready {
        *arrived.lock().unwrap().entry(one.outgoing.id).or_default() += 1;
        all.push((one, Outcome::Sent));
    }
    wait(outbox::settle(vault, all, &by)).map(|_| ())
}

fn enqueue_all(vault: &Vault, place: &Place) {
    for subject in &place.subjects {
        enqueue(vault, *subject);
    }
}

fn all_sent(place: &Place) -> bool {
    let vault = place.world.open();
    let letters = place.subjects.iter().flat_map(|one| letters(&vault, *one));
    letters.into_iter().all(|one| matches!(one.progress, Progress::Sent { .. }))
}

fn cuts(operation: u64) -> impl Iterator<Item = Faults> {
    [
        (Cut::Before, After::StaysDown),
        (Cut::Before, After::Recovers),
        (Cut::After, After::StaysDown),
        (Cut::After, After::Recovers),
    ]
    .into_iter()
    .map(move |(cut, after)| Faults::cut(operation, cut, after))
}

#[test]
fn a_message_is_in_the_outbox_whole_or_not_at_all() {
    let mut tried = 0;
    for operation in 0.. {
        let mut tripped = false;
        for faults in cuts(operation) {
            let place = Place::new();
            let subject = place.subjects[0];
            let done = place.cut(&faults).and_then(|vault| {
                wait(outbox::enqueue(&vault, Some(subject), &news(), &staff("support")))
            });
            tripped |= faults.tripped();
            let vault = place.world.open();
            let there = letters(&vault, subject).len();
            assert!(there == 1 || (there == 0 && done.is_err()));
            let arrived = Arrived::default();
            send(&vault, &arrived).unwrap();
            assert_eq!(arrived.lock().unwrap().len(), there);
            wait(vault.audit()).unwrap();
        }
        if !tripped {
            break;
        }
        tried = operation;
    }
    assert!(tried > 8, "{tried}");
}

#[test]
fn wherever_a_worker_dies_each_message_arrives_and_a_second_time_only_with_its_id() {
    let mut tried = 0;
    for operation in 0.. {
        let mut tripped = false;
        for faults in cuts(operation) {
            let place = Place::new();
            let vault = place.world.open();
            enqueue_all(&vault, &place);
            let arrived = Arrived::default();
            let done = place.cut(&faults).and_then(|vault| send(&vault, &arrived));
            tripped |= faults.tripped();
            assert!(faults.tripped() || done.is_ok());
            // What it had is free again when its lease is over, and not before.
            send(&place.world.open(), &arrived).unwrap();
            place.world.clock.advance(LEASE);
            send(&place.world.open(), &arrived).unwrap();
            assert!(all_sent(&place));
            let arrived = arrived.lock().unwrap();
            assert_eq!(arrived.len(), 2, "each, under one id");
            assert!(arrived.values().all(|times| *times <= 2));
            wait(vault.audit()).unwrap();
        }
        if !tripped {
            break;
        }
        tried = operation;
    }
    assert!(tried > 12, "{tried}");
}

#[test]
fn two_workers_send_each_message_once_whoever_comes_between() {
    let mut tried = 0;
    for operation in 0.. {
        let place = Place::new();
        let vault = place.world.open();
        enqueue_all(&vault, &place);
        let arrived = Arrived::default();
        let (other, theirs) = (place.world.clone(), arrived.clone());
        let faults = Faults::meanwhile(operation, move || send(&other.open(), &theirs).unwrap());
        send(&place.cut(&faults).unwrap(), &arrived).unwrap();
        assert!(all_sent(&place));
        assert!(arrived.lock().unwrap().values().all(|times| *times == 1), "operation {operation}");
        assert_eq!(arrived.lock().unwrap().len(), 2);
        if !faults.tripped() {
            break;
        }
        tried = operation;
    }
    assert!(tried > 10, "{tried}");
}
