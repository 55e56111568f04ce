//! Messages that cannot go for now wait, and neither fill the log nor are thrown away.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use pollster::block_on as wait;
use tacenda_core::Result;
use tacenda_core::calendar::Utc;
use tacenda_core::clock::Span;
use tacenda_core::outbox::{self, Failure, Outcome, Progress};
use tacenda_core::policy::Policy;
use tacenda_core::ports::kek::WRONG_KEY;
use tacenda_core::ports::{Kek, KekId, WrapRequest, WrappedKey};
use tacenda_core::seal::LocalKek;
use tacenda_core::vault::{OpenOptions, Ports, Vault};
use tacenda_gdpr::restriction;
use tacenda_testkit::world::{POLICY, World, ada, staff};
use zeroize::Zeroizing;

use super::support::{self, LEASE, enqueue, letter, send_all, take};

/// A service with the master key that says once that it is not the safe's: at the call that counts to 0.
struct Service {
    kek: LocalKek,
    calls: Arc<AtomicU64>,
}

#[async_trait]
impl Kek for Service {
    fn id(&self) -> KekId {
        self.kek.id()
    }

    async fn wrap(&self, requests: &[WrapRequest]) -> Result<Vec<WrappedKey>> {
        self.kek.wrap(requests).await
    }

    async fn unwrap(&self, wrapped: &[(Vec<u8>, WrappedKey)]) -> Result<Vec<Zeroizing<[u8; 32]>>> {
        if self.calls.fetch_sub(1, Ordering::SeqCst) == 0 {
            return WRONG_KEY.err();
        }
        self.kek.unwrap(wrapped).await
    }
}

fn open_with(world: &World, calls: &Arc<AtomicU64>) -> Vault {
    let kek = LocalKek::new(&world.master, world.rng.clone());
    let ports = Ports {
        store: world.store.clone(),
        keyring: world.keyring.clone(),
        kek: Arc::new(Service { kek, calls: calls.clone() }),
        former_kek: None,
        clock: world.clock.clone(),
        rng: world.rng.clone(),
        zone: Arc::new(Utc),
        passwords: world.passwords.clone(),
    };
    let policy = Policy::parse(POLICY).unwrap();
    wait(Vault::open(policy, ports, OpenOptions::default())).unwrap().0
}

#[test]
fn an_error_that_nobody_decided_throws_no_letter_away() {
    let mut put_off = 0;
    for call in 0.. {
        let world = World::default();
        let calls = Arc::new(AtomicU64::new(u64::MAX / 2));
        let vault = open_with(&world, &calls);
        let key = enqueue(&vault, ada(&vault));
        calls.store(call, Ordering::SeqCst);
        let taken = wait(outbox::take(&vault, LEASE, 9, None, &staff("support")));
        let failed = calls.load(Ordering::SeqCst) > call;
        calls.store(u64::MAX / 2, Ordering::SeqCst);
        if let Ok(batch) = taken {
            put_off += batch.settled.put_off;
            let all = batch.ready.into_iter().map(|one| (one, Outcome::Sent)).collect();
            wait(outbox::settle(&vault, all, &staff("support"))).unwrap();
        }
        if !failed {
            break;
        }
        let progress = letter(&vault, &key).progress;
        let queued = |last| progress == Progress::Queued { last };
        assert!(queued(None) || queued(Some(Failure::Unopened)), "{progress:?}");
        world.clock.advance(Span::hours(1));
        assert_eq!(send_all(&vault), 1);
    }
    assert!(put_off > 0, "the account's key");
}

#[test]
fn a_letter_to_a_restricted_account_waits_longer_each_time() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = enqueue(&vault, subject);
    let (terms, by) = (support::terms(&vault), staff("support"));
    wait(restriction::place(&vault, subject, &terms, &by)).unwrap();
    let leaves = || wait(vault.history(subject, 9_999)).unwrap().len();
    let (before, mut tried) = (leaves(), Vec::new());
    for hour in 0..60 * 24 {
        if take(&vault).settled.put_off > 0 {
            tried.push(hour);
        }
        world.clock.advance(Span::hours(1));
    }
    assert_eq!(tried[..7], [0, 1, 2, 4, 8, 16, 32]);
    assert!(tried.windows(2).all(|two| two[1] - two[0] <= 24), "a day at most");
    assert!(leaves() - before <= 2 * 66, "{} leaves of {} hours", leaves() - before, 60 * 24);
    assert_eq!(letter(&vault, &key).tries, 0, "to wait is no try");
}
