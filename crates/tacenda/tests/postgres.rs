//! A customer's life on PostgreSQL, in two processes' worth of facades at once.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::thread;

use tacenda::{
    Actor, ActorId, MasterKeySource, Name, NewPassword, RegisterRequest, Registered, SubjectId,
    Tacenda, block_on, verify_receipt,
};
use tacenda_testkit::Cluster;

const POLICY: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/glpi-network-cloud/privacy.toml");

/// Two databases, and the master key in a file.
struct Place {
    rows: String,
    keys: String,
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let cluster = Cluster::shared();
        let folder = tempfile::tempdir().unwrap();
        Self { rows: cluster.database(), keys: cluster.database(), folder }
    }

    fn open(&self) -> Tacenda {
        let key = self.folder.path().join("master.key");
        let key = MasterKeySource::FileOrNew(key);
        let builder = Tacenda::builder().policy_file(POLICY).master_key(key);
        block_on(builder.postgres(&self.rows, &self.keys).open()).unwrap()
    }
}

fn me() -> Actor {
    Actor::staff(ActorId::from_bytes([7; 16]), Name::fixed("billing"))
}

fn register(t: &Tacenda, email: &str) -> Registered {
    let item = |name, value| t.customers().item(name, value).unwrap();
    let request = RegisterRequest {
        items: vec![item("email", email), item("first_name", "Ada")],
        password: Some(NewPassword::plain("a long sentence that nobody guesses").unwrap()),
        facts: [Name::fixed("paid offer")].into(),
        ..RegisterRequest::default()
    };
    block_on(t.customers().register(request, &me())).unwrap()
}

fn erase(t: &Tacenda, who: SubjectId) {
    let erased = block_on(t.erasure().erase(who, &me())).unwrap();
    let keys = block_on(t.log().verifier_keys()).unwrap();
    let proven = verify_receipt(&erased.receipt.text, &keys).unwrap();
    assert_eq!((proven.leaf.subject, proven.index), (who, erased.receipt.position.index));
}

#[test]
fn a_customer_is_registered_read_erased_and_proven_gone() {
    let place = Place::new();
    let t = place.open();
    let ada = register(&t, "ada@example.org").subject();
    let eve = register(&t, "eve@example.org").subject();
    let view = block_on(t.customers().read(ada, "billing", &me())).unwrap();
    assert_eq!(view.get("first_name"), Some("Ada"));
    let other = place.open();
    let view = block_on(other.customers().read(eve, "billing", &me())).unwrap();
    assert_eq!(view.get("email"), Some("eve@example.org"));
    erase(&t, ada);
    let gone = block_on(other.customers().read(ada, "billing", &me())).unwrap_err();
    assert_eq!(gone.code(), "vault.not_found");
    register(&other, "ada@example.org");
    block_on(t.close()).unwrap();
    let audit = block_on(other.log().audit()).unwrap();
    assert!(audit.leaves > 8 && audit.rows > 2, "{audit:?}");
    block_on(other.close()).unwrap();
    let again = place.open();
    assert!(!again.recovery().rows_restored && !again.recovery().safe_restored);
    erase(&again, eve);
    block_on(again.log().audit()).unwrap();
}

#[test]
fn facades_at_once_share_one_log() {
    let place = Place::new();
    drop(place.open());
    let place = &place;
    let erased: Vec<SubjectId> = thread::scope(|scope| {
        let work = |n: u32| {
            move || {
                let t = place.open();
                let mut last = None;
                for i in 0..8 {
                    let who = register(&t, &format!("p{n}n{i}@example.org")).subject();
                    block_on(t.customers().read(who, "billing", &me())).unwrap();
                    last = Some(who);
                }
                erase(&t, last.unwrap());
                block_on(t.close()).unwrap();
                last.unwrap()
            }
        };
        let processes: Vec<_> = (0..3).map(|n| scope.spawn(work(n))).collect();
        processes.into_iter().map(|process| process.join().unwrap()).collect()
    });
    let t = place.open();
    let audit = block_on(t.log().audit()).unwrap();
    assert!(audit.leaves >= 3 * 20, "{audit:?}");
    for who in erased {
        assert!(block_on(t.customers().read(who, "billing", &me())).is_err());
    }
}
