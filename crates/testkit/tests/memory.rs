//! The reference store and safe pass the suite, bare and behind the wrappers that can fail.

use std::sync::Arc;

use tacenda_core::memory::{MemoryKeyring, MemoryStore};
use tacenda_core::ports::{Keyring, Store};
use tacenda_testkit::suite::Fixture;
use tacenda_testkit::{FailingKeyring, FailingStore, Faults};

mod bare {
    use super::*;
    tacenda_testkit::store_suite!(|| Fixture::<dyn Store>::volatile(Arc::new(MemoryStore::new())));
}

mod bare_safe {
    use super::*;
    tacenda_testkit::keyring_suite!(|| Fixture::<dyn Keyring>::volatile(Arc::new(
        MemoryKeyring::new()
    )));
}

mod wrapped {
    use super::*;
    tacenda_testkit::store_suite!(|| {
        let store = FailingStore::new(Arc::new(MemoryStore::new()), Faults::none());
        Fixture::<dyn Store>::volatile(Arc::new(store))
    });
}

mod wrapped_safe {
    use super::*;
    tacenda_testkit::keyring_suite!(|| {
        let safe = FailingKeyring::new(Arc::new(MemoryKeyring::new()), Faults::none());
        Fixture::<dyn Keyring>::volatile(Arc::new(safe))
    });
}
