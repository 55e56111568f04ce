//! A customer store moves from SQLite to PostgreSQL: everything is there, and the log goes on.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tacenda::import::import_csv;
use tacenda::store::postgres::{Adopted, Origin, PostgresOptions, adopt};
use tacenda::store::sqlite::{SqliteKeyring, SqliteOptions, SqliteStore};
use tacenda::{
    Builder, MasterKeySource, Name, OnRestore, SubjectId, Tacenda, block_on, verify_receipt,
};
use tacenda_core::clock::{Clock, Span};
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::ports::Store;
use tacenda_core::seal::MasterKey;
use tacenda_core::vault::{Effects, Entry, MODEL, NewRecord, RecordItems, Standing};
use tacenda_testkit::world::{POLICY, ada, request, staff};
use tacenda_testkit::{After, Cluster, Cut, FailingKeyring, FailingStore, Faults, StepClock};

const CSV: &str = "email,first_name,registered_at\n\
    i1@example.org,Eve,2026-01-01T00:00:00Z\ni2@example.org,Ida,2026-01-01T00:00:00Z\n";

struct Home {
    folder: tempfile::TempDir,
    clock: Arc<StepClock>,
}

impl Home {
    fn new() -> Self {
        let start = tacenda::Timestamp::parse_rfc3339("2026-06-01T08:00:00Z").unwrap();
        Self { folder: tempfile::tempdir().unwrap(), clock: Arc::new(StepClock::standing(start)) }
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn builder(&self) -> Builder {
        let master = MasterKey::parse("dGhpcyBpcyBhIG1hc3RlciBrZXkgb2YgdGVzdHMhISE=").unwrap();
        Tacenda::builder()
            .policy_text(POLICY)
            .master_key(MasterKeySource::Given(master))
            .clock(self.clock.clone())
    }

    fn open(&self) -> Tacenda {
        self.open_after(OnRestore::Refuse)
    }

    fn open_after(&self, on_restore: OnRestore) -> Tacenda {
        let builder = self.builder().sqlite(self.file("rows.db"), self.file("keys.db"));
        block_on(builder.on_restore(on_restore).open()).unwrap()
    }

    fn origin(&self) -> Origin {
        let options = SqliteOptions::default;
        Origin {
            store: Arc::new(SqliteStore::open(self.file("rows.db"), options()).unwrap()),
            keyring: Arc::new(SqliteKeyring::open(self.file("keys.db"), options()).unwrap()),
        }
    }
}

/// Two empty databases.
fn target() -> (String, String) {
    (Cluster::shared().database(), Cluster::shared().database())
}

fn move_to(origin: Origin, to: &(String, String)) -> tacenda::Result<Adopted> {
    block_on(adopt(origin, &to.0, &to.1, PostgresOptions::default(), |_| {}))
}

fn register(t: &Tacenda, email: &'static str) -> SubjectId {
    let request = request(t.vault(), &[("email", email), ("first_name", "Bo")], false);
    block_on(t.customers().register(request, &staff("support"))).unwrap().subject()
}

fn erase(t: &Tacenda, who: SubjectId) -> tacenda::Receipt {
    block_on(t.erasure().erase(who, &staff("support"))).unwrap().receipt
}

type Life = ([SubjectId; 3], SubjectId, tacenda::Receipt);

/// Customers, an import, an erasure with an archive, a pruned past, and an epoch that a restore began.
fn live(home: &Home) -> Life {
    let t = home.open();
    let old = register(&t, "old@example.org");
    // The clock is trusted as far as sweeps have gone.
    for _ in 0..40 {
        home.clock.advance(Span::days(12));
        let plan = block_on(t.retention().plan()).unwrap().digest;
        block_on(t.retention().sweep(Some(plan), &staff("support"), &mut |_| {})).unwrap();
    }
    let pruned = block_on(t.log().prune()).unwrap();
    assert!(pruned.leaves > 0);
    block_on(t.close()).unwrap();
    let copy = fs::read(home.file("rows.db")).unwrap();
    let t = home.open();
    register(&t, "lost@example.org");
    block_on(t.close()).unwrap();
    for file in ["rows.db-wal", "rows.db-shm"] {
        let _ = fs::remove_file(home.file(file));
    }
    fs::write(home.file("rows.db"), copy).unwrap();
    let t = home.open_after(OnRestore::Replay);
    assert!(t.recovery().rows_restored);
    let gone = ada(t.vault());
    let receipt = erase(&t, gone);
    let kept = [old, register(&t, "bo@example.org"), register(&t, "cy@example.org")];
    let new = NewRecord {
        subject: Some(kept[1]),
        standing: Standing::Open { state: Name::fixed("received"), due_at: Some(t.vault().now()) },
        items: RecordItems::default().with(MODEL, b"access".to_vec()),
        entry: Entry::new("request.opened"),
        effects: Effects::default(),
    };
    block_on(t.vault().add_record(&REQUESTS, new, &staff("support"))).unwrap();
    let report = block_on(import_csv(&t, CSV.as_bytes(), &staff("support"), &mut |_| Ok(())));
    assert_eq!(report.unwrap().accepted(), 2);
    block_on(t.log().audit()).unwrap();
    block_on(t.close()).unwrap();
    (kept, gone, receipt)
}

fn goes_on(t: &Tacenda, (kept, gone, receipt): Life) {
    let [_, bo, cy] = kept;
    let support = staff("support");
    let keys = block_on(t.log().verifier_keys()).unwrap();
    assert_eq!(verify_receipt(&receipt.text, &keys).unwrap().leaf.subject, gone);
    let again = block_on(t.log().receipt(receipt.position)).unwrap();
    assert_eq!(verify_receipt(&again.text, &keys).unwrap().leaf, receipt.leaf);
    assert_eq!(receipt.position.epoch, 2);
    for who in kept {
        let view = block_on(t.customers().read(who, "account", &support)).unwrap();
        assert!(view.get("email").is_some());
    }
    let (received, now) = (Name::fixed("received"), t.vault().now());
    let due = block_on(t.vault().records_due(&REQUESTS, &received, now, None, 9)).unwrap();
    assert_eq!(due.iter().map(|one| one.key.subject).collect::<Vec<_>>(), [bo]);
    let key = &due.first().unwrap().key;
    let account = Name::fixed("account");
    let read = block_on(t.vault().read_record(key, &[MODEL], &account, &support)).unwrap();
    assert_eq!(read.items.get(&MODEL), Some(b"access".as_slice()));
    assert_eq!(block_on(t.vault().records_of(bo, &REQUESTS)).unwrap().len(), 1);
    let gone = block_on(t.customers().read(gone, "account", &support)).unwrap_err();
    assert_eq!(gone.code(), "vault.not_found");
    let found = block_on(t.customers().read_by_email("bo@example.org", "account", &support));
    assert_eq!(found.unwrap().subject, bo);
    let taken = request(t.vault(), &[("email", "cy@example.org")], false);
    let taken = block_on(t.customers().register(taken, &support)).unwrap_err();
    assert_eq!(taken.code(), "vault.not_unique");
    let report = block_on(import_csv(t, CSV.as_bytes(), &support, &mut |_| Ok(()))).unwrap();
    assert_eq!((report.accepted(), report.known()), (2, 2));
    let erased = erase(t, cy);
    assert_eq!(verify_receipt(&erased.text, &keys).unwrap().leaf.subject, cy);
    block_on(t.log().audit()).unwrap();
}

#[test]
fn everything_moves_and_the_log_goes_on() {
    let home = Home::new();
    let life = live(&home);
    let (origin, to) = (home.origin(), target());
    let size = block_on(origin.store.status()).unwrap().unwrap().head.size;
    let told = Arc::new(Mutex::new(Adopted::default()));
    let latest = told.clone();
    let tell = move |now| *latest.lock().unwrap() = now;
    let options = PostgresOptions::default();
    let moved = block_on(adopt(origin.clone(), &to.0, &to.1, options, tell)).unwrap();
    assert_eq!(*told.lock().unwrap(), moved, "what was sent is what was compared");
    let least = [moved.rows, moved.lookups, moved.keys, moved.tombstones, moved.fingerprints];
    assert!(least.iter().all(|count| *count > 1) && moved.leaves > size, "{moved:?}");
    assert_eq!(move_to(origin, &to).unwrap(), moved, "what is there is not moved again");

    let builder = home.builder().postgres(&to.0, &to.1);
    let t = block_on(builder.open()).unwrap();
    assert!(!t.recovery().rows_restored && !t.recovery().safe_restored);
    let head = |t: &Tacenda| block_on(t.vault().ports().store.status()).unwrap().unwrap().head;
    assert_eq!((head(&t).epoch, head(&t).size), (2, size));
    goes_on(&t, life);
    assert!(head(&t).size > size);
    block_on(t.close()).unwrap();
    let refused = move_to(home.origin(), &to).unwrap_err();
    assert_eq!(refused.code(), "store.bad_request", "it has gone on here");
}

/// Both sides under one plan, so that a cut falls between the pages of keys as well.
fn under(home: &Home, faults: &Faults) -> Origin {
    let Origin { store, keyring } = home.origin();
    Origin {
        store: Arc::new(FailingStore::new(store, faults.clone())),
        keyring: Arc::new(FailingKeyring::new(keyring, faults.clone())),
    }
}

#[test]
fn a_move_that_was_cut_off_goes_on() {
    let home = Home::new();
    let life = live(&home);
    let (to, faults) = (target(), Faults::none());
    let whole = move_to(under(&home, &faults), &to).unwrap();
    let operations = faults.operations();
    assert!(operations > 20, "{operations}");
    let to = target();
    for operation in 0..operations {
        let faults = Faults::cut(operation, Cut::Before, After::StaysDown);
        match move_to(under(&home, &faults), &to) {
            Err(cut) => assert_eq!(cut.code(), "store.unavailable"),
            // What was there already is not read again.
            Ok(moved) => assert!(moved == whole && !faults.tripped()),
        }
    }
    assert_eq!(move_to(home.origin(), &to).unwrap(), whole);
    let t = block_on(home.builder().postgres(&to.0, &to.1).open()).unwrap();
    goes_on(&t, life);
}

#[test]
fn an_origin_that_changes_meanwhile_is_refused() {
    let home = Home::new();
    live(&home);
    let (to, faults) = (target(), Faults::none());
    move_to(under(&home, &faults), &target()).unwrap();
    // Some operation in the middle, when half of it has been read.
    let (path, key) = (home.file("rows.db"), home.clock.now());
    let act = move || write_a_leaf(&path, key);
    let faults = Faults::meanwhile(faults.operations() / 3, act);
    let refused = move_to(under(&home, &faults), &to).unwrap_err();
    assert!(faults.tripped());
    assert_eq!(refused.code(), "store.bad_request");
    move_to(home.origin(), &to).unwrap();
}

#[test]
fn keys_that_arrived_before_the_origin_went_on_are_called_an_older_copy() {
    let home = Home::new();
    let ([_, bo, _], ..) = live(&home);
    let to = target();
    // The keys have arrived, and the rows are about to be read, when somebody is erased.
    let builder = home.builder().sqlite(home.file("rows.db"), home.file("keys.db"));
    let builder = Mutex::new(Some(builder));
    let act = move || {
        let t = block_on(builder.lock().unwrap().take().unwrap().open()).unwrap();
        erase(&t, bo);
        block_on(t.close()).unwrap();
    };
    let Origin { store, keyring } = home.origin();
    let faults = Faults::meanwhile(4, act);
    let store = Arc::new(FailingStore::new(store, faults.clone()));
    let refused = move_to(Origin { store, keyring }, &to).unwrap_err();
    assert!(faults.tripped());
    assert_eq!(refused.code(), "store.bad_request", "{refused}");
    for _ in 0..2 {
        let refused = move_to(home.origin(), &to).unwrap_err();
        assert_eq!(refused.code(), "keys.older_copy");
    }
    let keys = home.origin().keyring;
    let moved = move_to(home.origin(), &(to.0, target().1)).unwrap();
    assert_eq!(moved.tombstones, block_on(keys.tombstones(None, 999)).unwrap().len() as u64);
}

/// A leaf in the log, as another process would leave it.
fn write_a_leaf(rows: &Path, at: tacenda::Timestamp) {
    use tacenda_core::leaf::Leaf;
    use tacenda_core::ports::{Change, NewLeaf};
    let leaf = Leaf {
        at,
        actor: tacenda::Actor::system().id,
        action: tacenda::Name::fixed("test"),
        purpose: None,
        subject: SubjectId::CONTROLLER,
        details: Vec::new(),
        policy: [0; 32],
        salt: [0; 16],
        rows: Vec::new(),
    };
    let new = NewLeaf { subject: leaf.subject, at, writes: false, bytes: leaf.encode() };
    let store = SqliteStore::open(rows, SqliteOptions::default()).unwrap();
    block_on(store.commit(Change { leaves: vec![new], ..Change::default() })).unwrap();
}

#[test]
fn a_log_that_was_altered_does_not_move() {
    let home = Home::new();
    live(&home);
    let to = target();
    let connection = rusqlite::Connection::open(home.file("rows.db")).unwrap();
    let sql = "UPDATE leaves SET bytes = (SELECT bytes FROM leaves WHERE bytes IS NOT NULL
        ORDER BY place LIMIT 1) WHERE place = (SELECT max(place) FROM leaves)";
    assert_eq!(connection.execute(sql, []).unwrap(), 1);
    drop(connection);
    assert_eq!(move_to(home.origin(), &to).unwrap_err().code(), "store.corrupt");
    let nothing = block_on(home.builder().postgres(&to.0, target().1).open());
    assert!(nothing.is_ok(), "no rows arrived");
}
