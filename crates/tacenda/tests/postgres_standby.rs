//! A standby that takes over without the latest commits: found when it is opened, and gone on with on
//! request.
#![cfg(feature = "postgres")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use tacenda::{Builder, MasterKeySource, OnRestore, Tacenda, Timestamp, block_on, verify_receipt};
use tacenda_core::seal::MasterKey;
use tacenda_testkit::world::{POLICY, ada, staff};
use tacenda_testkit::{Cluster, Durability, StepClock};

fn builder(rows: &str, keys: &str) -> Builder {
    let now = Timestamp::parse_rfc3339("2026-06-01T08:00:00Z").unwrap();
    let master = MasterKey::parse("dGhpcyBpcyBhIG1hc3RlciBrZXkgb2YgdGVzdHMhISE=").unwrap();
    Tacenda::builder()
        .policy_text(POLICY)
        .master_key(MasterKeySource::Given(master))
        .clock(Arc::new(StepClock::standing(now)))
        .postgres(rows, keys)
}

#[test]
fn a_standby_that_is_behind_is_found_when_it_is_opened() {
    let (primary, keys) = (Cluster::own(Durability::None), Cluster::shared().database());
    let t = block_on(builder(&primary.url("postgres"), &keys).open()).unwrap();
    let standby = primary.standby();
    // It takes what there is, and is stopped: the rest it never gets.
    let end = primary.sql("postgres", "SELECT pg_current_wal_lsn()");
    let arrived = format!("SELECT pg_last_wal_replay_lsn() >= '{end}'::pg_lsn");
    while standby.sql("postgres", &arrived) != "t" {
        std::thread::yield_now();
    }
    standby.stop();
    let who = ada(t.vault());
    let erased = block_on(t.erasure().erase(who, &staff("support"))).unwrap();
    block_on(t.close()).unwrap();
    primary.kill();
    standby.start();
    standby.promote();

    let rows = standby.url("postgres");
    let refused = block_on(builder(&rows, &keys).open()).unwrap_err();
    assert_eq!(refused.code(), "vault.rows_restored");
    let again = builder(&rows, &keys).on_restore(OnRestore::Replay);
    let t = block_on(again.open()).unwrap();
    assert!(t.recovery().rows_restored);
    assert!(block_on(t.customers().read(who, "billing", &staff("billing"))).is_err());
    block_on(t.log().audit()).unwrap();
    // The receipt of what the new primary never heard of still verifies.
    let keys = block_on(t.log().verifier_keys()).unwrap();
    assert_eq!(keys.lines().count(), 2, "a new epoch, and no fork");
    assert_eq!(verify_receipt(&erased.receipt.text, &keys).unwrap().leaf.subject, who);
    assert_ne!(ada(t.vault()), who);
    block_on(t.close()).unwrap();
}
