//! What warnings ask of the ports: of a page, and not of each row.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use pollster::block_on as wait;
use tacenda_core::Result;
use tacenda_core::calendar::Utc;
use tacenda_core::clock::Span;
use tacenda_core::memory::{MemoryKeyring, MemoryStore};
use tacenda_core::outbox::{self, Outcome};
use tacenda_core::policy::Policy;
use tacenda_core::ports::{Kek, KekId, WrapRequest, WrappedKey};
use tacenda_core::seal::LocalKek;
use tacenda_core::vault::{OpenOptions, Ports, Vault};
use tacenda_gdpr::erasure;
use tacenda_gdpr::retention;
use tacenda_testkit::world::{World, request, staff};
use tacenda_testkit::{FailingKeyring, FailingStore, Faults};
use zeroize::Zeroizing;

use super::warned::warning;

/// A master key that counts how often it is asked.
struct Counted {
    kek: LocalKek,
    asked: Arc<AtomicU64>,
}

#[async_trait]
impl Kek for Counted {
    fn id(&self) -> KekId {
        self.kek.id()
    }

    async fn wrap(&self, requests: &[WrapRequest]) -> Result<Vec<WrappedKey>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.kek.wrap(requests).await
    }

    async fn unwrap(&self, wrapped: &[(Vec<u8>, WrappedKey)]) -> Result<Vec<Zeroizing<[u8; 32]>>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.kek.unwrap(wrapped).await
    }
}

/// A vault with so many customers, of whom one page has a warning due, and what its ports were asked.
struct Asked {
    world: World,
    vault: Vault,
    rows: Faults,
    safe: Faults,
    master: Arc<AtomicU64>,
}

impl Asked {
    fn with(people: usize) -> Self {
        let (rows, safe) = (Faults::none(), Faults::none());
        let store = FailingStore::new(Arc::new(MemoryStore::default()), rows.clone());
        let keyring = FailingKeyring::new(Arc::new(MemoryKeyring::default()), safe.clone());
        let world = World::over(Arc::new(store), Arc::new(keyring));
        let master = Arc::new(AtomicU64::new(0));
        let kek = LocalKek::new(&world.master, world.rng.clone());
        let ports = Ports {
            store: world.store.clone(),
            keyring: world.keyring.clone(),
            kek: Arc::new(Counted { kek, asked: master.clone() }),
            former_kek: None,
            clock: world.clock.clone(),
            rng: world.rng.clone(),
            zone: Arc::new(Utc),
            passwords: world.passwords.clone(),
        };
        let policy = Policy::parse(&warning()).unwrap_or_else(|problems| panic!("{problems}"));
        let vault = wait(Vault::open(policy, ports, OpenOptions::default())).unwrap().0;
        let one = |n| request(&vault, &[("email", &format!("person{n}@example.org"))], false);
        let all = (0..people).map(one).collect();
        for one in wait(vault.register_many(all, &staff("support"))).unwrap() {
            one.unwrap();
        }
        Self { world, vault, rows, safe, master }
    }

    /// How often store, safe and master key were asked in a step.
    fn in_step<T>(&self, step: impl FnOnce(&Vault) -> T) -> ([u64; 3], T) {
        let now = || {
            let master = self.master.load(Ordering::SeqCst);
            [self.rows.operations(), self.safe.operations(), master]
        };
        let before = now();
        let done = step(&self.vault);
        let mut asked = now();
        asked.iter_mut().zip(before).for_each(|(asked, before)| *asked -= before);
        (asked, done)
    }

    fn sweep(vault: &Vault) -> erasure::Swept {
        let digest = wait(retention::plan(vault)).unwrap().digest;
        wait(erasure::sweep(vault, Some(digest), &staff("support"), &mut |_| {})).unwrap()
    }

    /// What was asked for a plan and for a sweep: when all are to be warned, when all wait for the
    /// month to be over, and for the plan when it is.
    fn steps(people: usize) -> Vec<[u64; 3]> {
        let it = Self::with(people);
        let all = people as u64;
        let mut asked = Vec::new();
        it.world.set_time("2029-07-10T10:00:00Z");
        let (calls, plan) = it.in_step(|vault| wait(retention::plan(vault)).unwrap());
        assert_eq!((plan.waiting, plan.to_warn), (all, all));
        asked.push(calls);
        let (calls, swept) = it.in_step(Self::sweep);
        assert_eq!((swept.warned, swept.subjects), (all, 0));
        asked.push(calls);
        let by = staff("support");
        let sent = |vault: &Vault| {
            let ready = wait(outbox::take(vault, Span::seconds(60), 999, None, &by)).unwrap().ready;
            assert_eq!(ready.len(), people);
            let all = ready.into_iter().map(|one| (one, Outcome::Sent)).collect();
            wait(outbox::settle(vault, all, &by)).unwrap();
        };
        sent(&it.vault);
        let (calls, swept) = it.in_step(Self::sweep);
        assert_eq!((swept.warned, swept.subjects), (0, 0));
        asked.push(calls);
        it.world.set_time("2029-08-20T10:00:00Z");
        let (calls, plan) = it.in_step(|vault| wait(retention::plan(vault)).unwrap());
        assert_eq!((plan.waiting, plan.due()), (0, all));
        asked.push(calls);
        assert_eq!(Self::sweep(&it.vault).subjects, all);
        asked
    }
}

#[test]
fn a_plan_and_a_sweep_ask_the_ports_of_a_page_and_not_of_each_who_is_warned() {
    assert_eq!(Asked::steps(20), Asked::steps(90));
}
