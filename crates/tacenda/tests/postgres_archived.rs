//! A safe in a cluster that archives its write-ahead log: said when it is opened, and in receipts.
#![cfg(feature = "postgres")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::time::Duration;

use tacenda::store::postgres::PostgresOptions;
use tacenda::{MasterKeySource, Tacenda, Timestamp, block_on, verify_receipt};
use tacenda_core::clock::Span;
use tacenda_core::ports::KeyCopies;
use tacenda_core::seal::MasterKey;
use tacenda_testkit::world::{POLICY, ada, staff};
use tacenda_testkit::{Cluster, Durability, StepClock};

/// What a receipt says of copies of the keys.
fn erased(t: &Tacenda) -> Option<String> {
    let who = ada(t.vault());
    let erased = block_on(t.erasure().erase(who, &staff("support"))).unwrap();
    let keys = block_on(t.log().verifier_keys()).unwrap();
    let leaf = verify_receipt(&erased.receipt.text, &keys).unwrap().leaf;
    leaf.find("key_copies_gone_by").map(str::to_owned)
}

#[test]
fn copies_of_keys_that_an_archive_keeps_are_told() {
    let cluster = Cluster::own(Durability::None);
    let (rows, keys) = (cluster.database(), cluster.database());
    let now = Timestamp::parse_rfc3339("2026-06-01T08:00:00Z").unwrap();
    let open = |wal_copies_kept: Option<Duration>| {
        let master = MasterKey::parse("dGhpcyBpcyBhIG1hc3RlciBrZXkgb2YgdGVzdHMhISE=").unwrap();
        let options = PostgresOptions { wal_copies_kept, ..PostgresOptions::default() };
        let builder = Tacenda::builder()
            .policy_text(POLICY)
            .master_key(MasterKeySource::Given(master))
            .clock(Arc::new(StepClock::standing(now)));
        block_on(builder.postgres_with(&rows, &keys, options).open()).unwrap()
    };
    let days = |days: u64| Some(Duration::from_secs(days * 86_400));
    let t = open(days(7));
    assert_eq!((t.recovery().key_copies, erased(&t)), (KeyCopies::None, None));
    block_on(t.close()).unwrap();

    cluster.sql("postgres", "ALTER SYSTEM SET archive_mode = on");
    cluster.sql("postgres", "ALTER SYSTEM SET archive_command = '/bin/true'");
    cluster.stop();
    cluster.start();
    let t = open(None);
    assert_eq!(t.recovery().key_copies, KeyCopies::Unlimited);
    assert_eq!(erased(&t).as_deref(), Some("unlimited"));
    block_on(t.close()).unwrap();

    let t = open(days(7));
    assert_eq!(t.recovery().key_copies, KeyCopies::KeptFor(Span::days(7)));
    assert_eq!(erased(&t).as_deref(), Some("2026-06-09T08:00:00Z"), "seven days, and one to scrub");
    block_on(t.log().audit()).unwrap();
}
