//! A proxy cuts the connection around COMMIT: the outcome is found out, nothing is done twice.

use tacenda_core::clock::Timestamp;
use tacenda_core::name::Name;
use tacenda_core::ports::{
    KekId, KeyId, KeyState, Keyring, LogPosition, NewKeys, SafeInit, Store, WrappedKey,
};
use tacenda_store::postgres::PostgresKeyring;
use tacenda_testkit::Cluster;

use crate::proxy::{Cut, Proxy};
use crate::support::{INIT, change, check, open, options, subject, wait};

#[test]
fn a_commit_whose_answer_is_lost_happens_once() {
    let cluster = Cluster::shared();
    for cut in [Cut::Before, Cut::After] {
        let (proxy, schema) = (Proxy::to(cluster.port(), cut), cluster.unique_name());
        // Its own sequencer goes past the proxy, so that only commits are cut.
        let sequencer = open(&cluster.url("postgres"), &schema);
        wait(sequencer.initialise(INIT)).unwrap();
        wait(sequencer.commit(change(9, 0, 0))).unwrap();
        wait(sequencer.settle()).unwrap();
        let store = open(&proxy.url(cluster, "postgres"), &schema);
        for n in 0..6 {
            wait(store.commit(change(1, 100 + n, 0))).unwrap();
            proxy.arm(1);
            let committed = wait(store.commit(change(1, n, n % 3))).unwrap();
            assert!(proxy.has_cut(), "nothing was cut");
            assert_eq!(committed.leaves.len() as u32, 1 + n % 3);
            let places = wait(store.places(&committed.leaves)).unwrap();
            assert_eq!(places.len(), committed.leaves.len());
        }
        assert_eq!(check(&store, &[]).len(), 1 + 6 + 12);
    }
}

#[test]
fn a_key_whose_making_was_cut_is_made_once() {
    let cluster = Cluster::shared();
    let wrapped = |n| WrappedKey { kek: KekId([3; 8]), bytes: vec![n; 60] };
    for cut in [Cut::Before, Cut::After] {
        let proxy = Proxy::to(cluster.port(), cut);
        let url = cluster.database();
        let database = url.rsplit('/').next().unwrap().split('?').next().unwrap();
        let through = proxy.url(cluster, database);
        let safe = wait(PostgresKeyring::open(&through, options("keys"))).unwrap();
        let secrets = vec![(Name::fixed("index"), wrapped(0))];
        let init = SafeInit { safe: [1; 16], store: [2; 16], kek: KekId([3; 8]), secrets };
        wait(safe.initialise(init)).unwrap();
        let key = |n| KeyId::first(subject(1, n), Name::fixed("account"));
        for n in 0..4u8 {
            proxy.arm(1);
            let keys = vec![(key(u32::from(n)), wrapped(n))];
            wait(safe.create(NewKeys { keys, ..NewKeys::default() })).unwrap();
            assert!(proxy.has_cut(), "nothing was cut");
            let found = wait(safe.fetch(&[key(u32::from(n))])).unwrap();
            assert_eq!(found, [KeyState::Live(wrapped(n))]);
        }
        assert_eq!(wait(safe.live_keys(None, 99)).unwrap().len(), 4);
    }
}

/// Every call moves the sequence number once, whichever of its answers was lost.
#[test]
fn a_call_of_the_safe_whose_answer_was_lost_is_made_once() {
    let cluster = Cluster::shared();
    let wrapped = |n| WrappedKey { kek: KekId([3; 8]), bytes: vec![n; 60] };
    for cut in [Cut::Before, Cut::After] {
        let proxy = Proxy::to(cluster.port(), cut);
        let url = cluster.database();
        let database = url.rsplit('/').next().unwrap().split('?').next().unwrap();
        let through = proxy.url(cluster, database);
        let safe = wait(PostgresKeyring::open(&through, options("calls"))).unwrap();
        let init = SafeInit { safe: [1; 16], store: [2; 16], kek: KekId([3; 8]), secrets: vec![] };
        wait(safe.initialise(init)).unwrap();
        let sequence = || wait(safe.status()).unwrap().unwrap().sequence;
        let key = || KeyId::first(subject(1, 1), Name::fixed("account"));
        let (at, position) = (Timestamp::from_micros(9), LogPosition { epoch: 1, index: 4 });
        let print = NewKeys {
            keys: vec![(key(), wrapped(1))],
            fingerprints: vec![([5; 16], subject(1, 1), Timestamp::from_micros(1))],
            ..NewKeys::default()
        };
        let calls: [&dyn Fn(); 6] = [
            &|| assert!(wait(safe.create(print.clone())).unwrap() > 0),
            &|| wait(safe.add_secret(&Name::fixed("index"), wrapped(2))).unwrap(),
            &|| wait(safe.keep_checkpoint(position, "text")).unwrap(),
            &|| assert_eq!(wait(safe.forget_fingerprints(at)).unwrap(), 1),
            &|| assert!(wait(safe.destroy(&[key()], position, at)).unwrap() > 0),
            &|| wait(safe.raise_sequence(1)).unwrap(),
        ];
        for (n, call) in calls.into_iter().enumerate() {
            let before = sequence();
            proxy.arm(1);
            call();
            assert!(proxy.has_cut(), "nothing was cut");
            assert_eq!(sequence(), before + 1, "call {n}");
        }
        assert_eq!(wait(safe.secret(&Name::fixed("index"))).unwrap(), Some(wrapped(2)));
    }
}
