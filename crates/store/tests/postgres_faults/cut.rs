//! A proxy cuts the connection around COMMIT: the outcome is found out, nothing is done twice.

use tacenda_core::clock::Timestamp;
use tacenda_core::name::Name;
use tacenda_core::ports::store::CONFLICT;
use tacenda_core::ports::{
    Change, KekId, KeyId, KeyState, Keyring, LogPosition, NewKeys, NewLeaf, SafeInit, Store,
    WrappedKey,
};
use tacenda_core::row::state;
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

/// What a read for a purpose adds is a statement of its own, without a COMMIT.
#[test]
fn a_lone_leaf_whose_answer_is_lost_is_added_once() {
    const TEXT: &[u8] = b"a leaf and nothing else";
    let cluster = Cluster::shared();
    for cut in [Cut::Before, Cut::After] {
        let (proxy, schema) = (Proxy::on(cluster.port(), cut, TEXT), cluster.unique_name());
        let sequencer = open(&cluster.url("postgres"), &schema);
        wait(sequencer.initialise(INIT)).unwrap();
        let store = open(&proxy.url(cluster, "postgres"), &schema);
        for n in 0..6u8 {
            let leaf = |bytes: &[u8]| NewLeaf {
                subject: subject(1, 0),
                at: Timestamp::from_micros(i64::from(n)),
                writes: false,
                bytes: [bytes, &[n]].concat(),
            };
            let add = |bytes: &[u8]| {
                wait(store.commit(Change { leaves: vec![leaf(bytes)], ..Change::default() }))
            };
            add(b"another").unwrap();
            proxy.arm(1);
            let committed = add(TEXT).unwrap();
            assert!(proxy.has_cut(), "nothing was cut");
            let place = wait(store.places(&committed.leaves)).unwrap().pop().unwrap();
            let found = wait(store.leaves(place.epoch, place.index, place.index + 1)).unwrap();
            assert_eq!(found[0].bytes.as_deref(), Some(leaf(TEXT).bytes.as_slice()));
        }
        let leaves = wait(store.leaves_of(subject(1, 0), false, None, 99)).unwrap();
        assert_eq!(leaves.len(), 12);
    }
}

/// Else nobody would do the work before the lease ends that nobody knows of.
#[test]
fn work_whose_claim_was_cut_is_had_by_whoever_asked() {
    let cluster = Cluster::shared();
    let at = Timestamp::from_micros;
    for cut in [Cut::Before, Cut::After] {
        let (proxy, schema) = (Proxy::to(cluster.port(), cut), cluster.unique_name());
        let sequencer = open(&cluster.url("postgres"), &schema);
        wait(sequencer.initialise(INIT)).unwrap();
        let mut work = change(1, 0, 5);
        work.writes.iter_mut().for_each(|write| write.row.due_at = Some(at(1)));
        let (kind, state) = (work.writes[0].row.key.kind.clone(), state::LIVE);
        wait(sequencer.commit(work)).unwrap();
        wait(sequencer.settle()).unwrap();
        let store = open(&proxy.url(cluster, "postgres"), &schema);
        proxy.arm(1);
        let taken = wait(store.claim(&kind, &state, at(2), at(9), 4)).unwrap();
        assert!(proxy.has_cut(), "nothing was cut");
        assert_eq!(taken.len(), 4);
        for row in &taken {
            assert!(wait(store.renew(&row.key, at(9), at(9))).unwrap(), "somebody else's lease");
        }
        assert_eq!(wait(store.claim(&kind, &state, at(2), at(9), 9)).unwrap().len(), 2);
    }
}

/// The ids of a store are its idempotency key, as long as the same call is made again.
#[test]
fn marks_whose_answer_was_lost_are_no_conflict() {
    let cluster = Cluster::shared();
    for cut in [Cut::Before, Cut::After] {
        let (proxy, schema) = (Proxy::on(cluster.port(), cut, &[1; 16]), cluster.unique_name());
        let store = open(&proxy.url(cluster, "postgres"), &schema);
        proxy.arm(1);
        wait(store.initialise(INIT)).unwrap();
        assert!(proxy.has_cut(), "nothing was cut");
        assert_eq!(wait(store.status()).unwrap().unwrap().init, INIT);
        assert!(wait(store.initialise(INIT)).unwrap_err().is(&CONFLICT));

        let proxy = Proxy::on(cluster.port(), cut, &[9; 16]);
        let url = cluster.database();
        let database = url.rsplit('/').next().unwrap().split('?').next().unwrap();
        let through = proxy.url(cluster, database);
        let safe = wait(PostgresKeyring::open(&through, options("keys"))).unwrap();
        let init = SafeInit { safe: [9; 16], store: [2; 16], kek: KekId([3; 8]), secrets: vec![] };
        proxy.arm(1);
        wait(safe.initialise(init.clone())).unwrap();
        assert!(proxy.has_cut(), "nothing was cut");
        assert_eq!(wait(safe.status()).unwrap().unwrap().safe, [9; 16]);
        assert!(wait(safe.initialise(init)).unwrap_err().is(&CONFLICT));
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
