//! A master key that the process does not hold: anything behind the `Kek` port will do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use tacenda::core::memory::{MemoryKeyring, MemoryStore};
use tacenda::core::ports::store::UNAVAILABLE;
use tacenda::core::ports::{Kek, KekId, WrapRequest, WrappedKey};
use tacenda::core::seal::{LocalKek, MasterKey};
use tacenda::{Builder, RegisterRequest, Result, SubjectId, SystemRng, Tacenda, block_on};
use tacenda_testkit::world::{POLICY, staff};
use zeroize::Zeroizing;

/// A service with a key of its own, reached over a line that can break.
struct Service {
    key: LocalKek,
    id: KekId,
    calls: AtomicU64,
    is_down: AtomicBool,
}

impl Service {
    fn new(name: u8) -> Arc<Self> {
        let key = LocalKek::new(&MasterKey::generate(&SystemRng), Arc::new(SystemRng));
        let (calls, is_down) = (AtomicU64::new(0), AtomicBool::new(false));
        Arc::new(Self { key, id: KekId([name; 8]), calls, is_down })
    }

    fn call(&self) -> Result<()> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.is_down.load(Ordering::SeqCst) { UNAVAILABLE.err() } else { Ok(()) }
    }
}

#[async_trait]
impl Kek for Service {
    fn id(&self) -> KekId {
        self.id
    }

    async fn wrap(&self, requests: &[WrapRequest]) -> Result<Vec<WrappedKey>> {
        self.call()?;
        let wrapped = self.key.wrap(requests).await?;
        Ok(wrapped.into_iter().map(|one| WrappedKey { kek: self.id, ..one }).collect())
    }

    async fn unwrap(&self, wrapped: &[(Vec<u8>, WrappedKey)]) -> Result<Vec<Zeroizing<[u8; 32]>>> {
        self.call()?;
        let kek = self.key.id();
        let own = |(aad, one): &(Vec<u8>, WrappedKey)| {
            assert_eq!(one.kek, self.id, "only what it wrapped is brought to it");
            (aad.clone(), WrappedKey { kek, ..one.clone() })
        };
        self.key.unwrap(&wrapped.iter().map(own).collect::<Vec<_>>()).await
    }
}

#[derive(Default)]
struct Stores(Arc<MemoryStore>, Arc<MemoryKeyring>);

impl Stores {
    fn builder(&self) -> Builder {
        Tacenda::builder().policy_text(POLICY).stores(self.0.clone(), self.1.clone())
    }
}

fn note(t: &Tacenda, subject: SubjectId) -> Result<String> {
    let view = block_on(t.customers().read(subject, "account", &staff("support")))?;
    Ok(view.get("note").unwrap_or_default().to_owned())
}

#[test]
fn a_remote_master_key_seals_and_is_rotated_to_another() {
    let (stores, first, second) = (Stores::default(), Service::new(1), Service::new(2));
    let t = block_on(stores.builder().kek(first.clone()).open()).unwrap();
    let items = [("email", "ada@example.org"), ("note", "sealed far away")];
    let items = items.map(|(item, text)| t.customers().item(item, text).unwrap());
    let request = RegisterRequest { items: items.into(), ..RegisterRequest::default() };
    let ada = block_on(t.customers().register(request, &staff("support"))).unwrap().subject();
    assert_eq!(note(&t, ada).unwrap(), "sealed far away");

    // While it cannot be reached nothing is read, and nobody is told anything else.
    first.is_down.store(true, Ordering::SeqCst);
    assert_eq!(note(&t, ada).unwrap_err().code(), "store.unavailable");
    first.is_down.store(false, Ordering::SeqCst);
    assert_eq!(note(&t, ada).unwrap(), "sealed far away");

    let other = block_on(stores.builder().kek(second.clone()).open()).unwrap_err();
    assert_eq!(other.code(), "keys.wrong_master_key");
    let both = stores.builder().kek(second.clone()).former_kek(first.clone());
    let t = block_on(both.open()).unwrap();
    assert_eq!(block_on(t.rotate_master_key()).unwrap(), 4, "three secrets and a key");
    let t = block_on(stores.builder().kek(second).open()).unwrap();
    let calls = first.calls.load(Ordering::SeqCst);
    assert_eq!(note(&t, ada).unwrap(), "sealed far away");
    assert_eq!(first.calls.load(Ordering::SeqCst), calls, "the first is not asked any more");
    assert_eq!(block_on(t.log().audit()).unwrap().rows, 2, "the policy's and hers");
}
