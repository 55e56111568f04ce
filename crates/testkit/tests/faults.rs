//! A plan of faults cuts where it says, before or after, once or for good.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::memory::{MemoryKeyring, MemoryStore};
use tacenda_core::ports::store::{UNAVAILABLE, UNKNOWN_OUTCOME};
use tacenda_core::ports::{KekId, Keyring, SafeInit, Store, StoreInit};
use tacenda_testkit::{After, Cut, FailingKeyring, FailingStore, Faults};

const INIT: StoreInit = StoreInit { store: [1; 16], safe: [2; 16] };

fn both(faults: &Faults) -> (Arc<dyn Store>, FailingStore, FailingKeyring) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let safe = FailingKeyring::new(Arc::new(MemoryKeyring::new()), faults.clone());
    (Arc::clone(&store), FailingStore::new(store, faults.clone()), safe)
}

#[test]
fn one_count_runs_over_store_and_safe() {
    let faults = Faults::none();
    let (_, store, safe) = both(&faults);
    wait(store.initialise(INIT)).unwrap();
    assert!(wait(safe.status()).unwrap().is_none());
    assert!(wait(store.status()).unwrap().is_some());
    assert_eq!((faults.operations(), faults.tripped()), (3, false));
}

#[test]
fn a_cut_before_does_nothing_and_a_cut_after_hides_what_was_done() {
    for (cut, code, done) in
        [(Cut::Before, &UNAVAILABLE, false), (Cut::After, &UNKNOWN_OUTCOME, true)]
    {
        let faults = Faults::cut(1, cut, After::Recovers);
        let (inner, store, _) = both(&faults);
        wait(store.status()).unwrap();
        assert!(wait(store.initialise(INIT)).unwrap_err().is(code));
        assert!(faults.tripped());
        assert_eq!(wait(inner.status()).unwrap().is_some(), done);
        assert_eq!(wait(store.status()).unwrap().is_some(), done);
    }
}

#[test]
fn an_outage_lasts_until_it_is_healed() {
    let faults = Faults::cut(0, Cut::After, After::StaysDown);
    let (_, store, safe) = both(&faults);
    assert!(wait(store.status()).unwrap_err().is(&UNAVAILABLE), "a reader leaves no doubt");
    assert!(wait(store.initialise(INIT)).unwrap_err().is(&UNAVAILABLE));
    let init = SafeInit { safe: [2; 16], store: [1; 16], kek: KekId([0; 8]), secrets: vec![] };
    assert!(wait(safe.initialise(init.clone())).unwrap_err().is(&UNAVAILABLE));
    faults.heal();
    wait(store.initialise(INIT)).unwrap();
    wait(safe.initialise(init)).unwrap();
}

#[test]
fn another_process_has_its_turn_once_and_where_it_is_said() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let (other, plain) = (Arc::clone(&store), Arc::clone(&store));
    let faults = Faults::meanwhile(1, move || wait(other.initialise(INIT)).unwrap());
    let failing = FailingStore::new(store, faults.clone());
    assert!(wait(failing.status()).unwrap().is_none());
    assert!(wait(plain.status()).unwrap().is_none() && !faults.tripped());
    assert!(wait(failing.status()).unwrap().is_some() && faults.tripped());
    assert!(wait(failing.status()).unwrap().is_some());
    assert_eq!(faults.operations(), 3);
}
