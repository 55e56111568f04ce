//! How fast profiles are written, against plain inserts of the same rows with the same settings.
//!
//! `cargo run --release -p tacenda-store --example throughput [PROFILES]`
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a measurement"
)]

use std::path::Path;
use std::time::Instant;

use pollster::block_on as wait;
use rusqlite::{Connection, params};
use tacenda_core::Rng;
use tacenda_core::clock::Timestamp;
use tacenda_core::id::SubjectId;
use tacenda_core::name::Name;
use tacenda_core::ports::{
    Change, Expect, KekId, KeyId, Keyring, LogPosition, NewKeys, NewLeaf, RowDelete, RowWrite,
    SafeInit, Store, StoreInit, WrappedKey,
};
use tacenda_core::row::{Row, RowKey, Token, state};
use tacenda_store::sqlite::{SqliteKeyring, SqliteOptions, SqliteStore};
use tacenda_testkit::SeededRng;

const BATCH: usize = 1_000;
const KINDS: [&str; 2] = ["profile.account", "profile.billing"];
const KEK: KekId = KekId([1; 8]);

struct Profile {
    subject: SubjectId,
    token: [u8; 16],
    bodies: [Vec<u8>; 2],
    leaf: Vec<u8>,
}

fn profiles(count: usize) -> Vec<Profile> {
    let rng = SeededRng::new(1);
    let bytes = |len| {
        let mut bytes = vec![0; len];
        rng.fill(&mut bytes);
        bytes
    };
    let now = Timestamp::from_micros(1_767_225_600_000_000);
    let profile = |_| Profile {
        subject: SubjectId::generate(now, &rng),
        token: bytes(16).try_into().unwrap(),
        bodies: [bytes(250), bytes(250)],
        leaf: bytes(330),
    };
    (0..count).map(profile).collect()
}

fn main() {
    let count = std::env::args().nth(1).map_or(100_000, |text| text.parse().unwrap());
    let profiles = profiles(count);
    for threads in [1, 4, 16] {
        let folder = tempfile::tempdir_in(".").unwrap();
        let store = open_store(&folder.path().join("customers.db"));
        let profiles = profiles.get(..threads * 250).unwrap_or(&profiles);
        let rate = rate(profiles.len(), || single_commits(&store, profiles, threads));
        println!("single commits from {threads} threads: {rate:.0} per second");
    }
    println!("{count} profiles, {BATCH} per transaction; profiles per second");
    for round in 1..=3 {
        let folder = tempfile::tempdir_in(".").unwrap();
        let path = |name: &str| folder.path().join(name);
        let plain = rate(count, || plain(&path("plain.db"), &profiles));
        let same = rate(count, || same_tables(&path("same.db"), &profiles));
        let store = open_store(&path("customers.db"));
        let import = rate(count, || import(&store, &profiles));
        let safe = open_safe(&path("keys.db"));
        let keys = rate(count, || make_keys(&safe, &profiles));
        println!(
            "round {round}: plain {plain:.0}, same tables by hand {same:.0}, store {import:.0} \
             (ratio {:.2}), keys {keys:.0}",
            import / plain
        );
        let some: Vec<&Profile> = profiles.iter().step_by(10).collect();
        let floor = rate(some.len(), || plain_delete(&path("plain.db"), &some));
        let erase = rate(some.len(), || erase(&store, &safe, &some));
        println!("         plain deletes {floor:.0}, erasures {erase:.0} ({:.2})", erase / floor);
        wait(store.close()).unwrap();
        wait(safe.close()).unwrap();
        let size = |name: &str| std::fs::metadata(path(name)).unwrap().len() / count as u64;
        println!(
            "         bytes per profile: plain {}, store {}, safe {}",
            size("plain.db"),
            size("customers.db"),
            size("keys.db")
        );
    }
}

fn rate(count: usize, work: impl FnOnce()) -> f64 {
    let (start, cpu) = (Instant::now(), cpu_seconds());
    work();
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    println!(
        "    {:8.1} us wall, {:6.1} us cpu each",
        wall * 1e6 / count as f64,
        cpu * 1e6 / count as f64
    );
    count as f64 / wall
}

/// Processor time of all threads, in hundredths; 0 where the system does not tell it as Linux does.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = |n| stat.rsplit(") ").next()?.split(' ').nth(n)?.parse::<f64>().ok();
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
}

fn open_plain(path: &Path) -> Connection {
    let plain = Connection::open(path).unwrap();
    plain
        .execute_batch(
            "PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA secure_delete = on;
             PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 20000;",
        )
        .unwrap();
    plain
}

/// Two rows and a unique token for each profile, in three tables.
fn plain(path: &Path, profiles: &[Profile]) {
    let plain = open_plain(path);
    plain
        .execute_batch(
            "CREATE TABLE account (subject BLOB PRIMARY KEY, body BLOB, token BLOB) WITHOUT ROWID;
             CREATE UNIQUE INDEX account_token ON account (token);
             CREATE TABLE billing (subject BLOB PRIMARY KEY, body BLOB) WITHOUT ROWID;",
        )
        .unwrap();
    for batch in profiles.chunks(BATCH) {
        plain.execute_batch("BEGIN").unwrap();
        let mut account = plain.prepare_cached("INSERT INTO account VALUES (?1, ?2, ?3)").unwrap();
        let mut billing = plain.prepare_cached("INSERT INTO billing VALUES (?1, ?2)").unwrap();
        for Profile { subject, token, bodies: [first, second], .. } in batch {
            account.execute(params![subject.as_bytes(), first, token]).unwrap();
            billing.execute(params![subject.as_bytes(), second]).unwrap();
        }
        plain.execute_batch("COMMIT").unwrap();
    }
}

fn plain_delete(path: &Path, profiles: &[&Profile]) {
    let plain = open_plain(path);
    for batch in profiles.chunks(BATCH) {
        plain.execute_batch("BEGIN").unwrap();
        let mut account = plain.prepare_cached("DELETE FROM account WHERE subject = ?1").unwrap();
        let mut billing = plain.prepare_cached("DELETE FROM billing WHERE subject = ?1").unwrap();
        for profile in batch {
            account.execute([profile.subject.as_bytes()]).unwrap();
            billing.execute([profile.subject.as_bytes()]).unwrap();
        }
        plain.execute_batch("COMMIT").unwrap();
    }
}

/// What the store writes, row by row in the order of arrival and without the tree: what its own
/// work costs shows beside it.
fn same_tables(path: &Path, profiles: &[Profile]) {
    drop(open_store(path));
    let same = open_plain(path);
    for (n, batch) in profiles.chunks(BATCH).enumerate() {
        same.execute_batch("BEGIN").unwrap();
        let sql = "INSERT INTO rows VALUES (?1, ?2, x'', 'account', 'live', 0, ?3, NULL, 1, 1,
            ?4, ?5, NULL)";
        let mut rows = same.prepare_cached(sql).unwrap();
        let sql = "INSERT INTO lookups VALUES ('email', ?1, x'', ?2)";
        let mut lookups = same.prepare_cached(sql).unwrap();
        let sql = "INSERT INTO leaves VALUES (?1, ?2, ?3, 1, NULL, ?4)";
        let mut leaves = same.prepare_cached(sql).unwrap();
        for (i, profile) in batch.iter().enumerate() {
            let subject = profile.subject.as_bytes();
            for (kind, body) in KINDS.iter().zip(&profile.bodies) {
                let tokens: &[u8] = if *kind == KINDS[0] { &[0; 36] } else { &[] };
                rows.execute(params![subject, kind, 5i64, tokens, body]).unwrap();
            }
            lookups.execute(params![profile.token, [&subject[..], &[7; 16]].concat()]).unwrap();
            let place = (1i64 << 48) + i64::try_from(n * BATCH + i).unwrap();
            leaves.execute(params![place, [0u8; 32], subject, profile.leaf]).unwrap();
        }
        same.execute_batch("COMMIT").unwrap();
    }
}

fn open_store(path: &Path) -> SqliteStore {
    let store = SqliteStore::open(path, SqliteOptions::default()).unwrap();
    wait(store.initialise(StoreInit { store: [1; 16], safe: [2; 16] })).unwrap();
    store
}

fn open_safe(path: &Path) -> SqliteKeyring {
    let safe = SqliteKeyring::open(path, SqliteOptions::default()).unwrap();
    let init = SafeInit { safe: [2; 16], store: [1; 16], kek: KEK, secrets: vec![] };
    wait(safe.initialise(init)).unwrap();
    safe
}

fn key(profile: &Profile, kind: &'static str) -> RowKey {
    RowKey::only(profile.subject, Name::fixed(kind))
}

fn leaf(profile: &Profile) -> NewLeaf {
    let (at, bytes) = (Timestamp::from_micros(1), profile.leaf.clone());
    NewLeaf { subject: profile.subject, at, writes: true, bytes }
}

/// A change of its own for each profile.
fn single_commits(store: &SqliteStore, profiles: &[Profile], threads: usize) {
    std::thread::scope(|scope| {
        for share in profiles.chunks(profiles.len().div_ceil(threads)) {
            scope.spawn(move || share.chunks(1).for_each(|one| import(store, one)));
        }
    });
}

fn import(store: &SqliteStore, profiles: &[Profile]) {
    for batch in profiles.chunks(BATCH) {
        let mut change = Change::default();
        for profile in batch {
            let token = Token { index: Name::fixed("email"), value: profile.token, unique: true };
            for (n, (kind, body)) in KINDS.into_iter().zip(&profile.bodies).enumerate() {
                let row = Row {
                    key: key(profile, kind),
                    class: Some(Name::fixed("account")),
                    state: state::LIVE,
                    held: false,
                    anchor_at: Some(Timestamp::from_micros(5)),
                    due_at: None,
                    version: 1,
                    tokens: if n == 0 { vec![token.clone()] } else { vec![] },
                    body: body.clone(),
                };
                change.writes.push(RowWrite { row, expect: Expect::Absent });
            }
            change.leaves.push(leaf(profile));
        }
        wait(store.commit(change)).unwrap();
    }
}

fn key_id(profile: &Profile) -> KeyId {
    KeyId { subject: profile.subject, class: Name::fixed("account"), number: 0 }
}

fn make_keys(safe: &SqliteKeyring, profiles: &[Profile]) {
    for batch in profiles.chunks(BATCH) {
        let wrapped =
            |p: &Profile| WrappedKey { kek: KEK, bytes: p.leaf.get(..60).unwrap().into() };
        let new = NewKeys {
            keys: batch.iter().map(|p| (key_id(p), wrapped(p))).collect(),
            fingerprints: batch
                .iter()
                .map(|p| (p.token, p.subject, Timestamp::from_micros(1)))
                .collect(),
            log: None,
        };
        wait(safe.create(new)).unwrap();
    }
}

/// Keys, rows, look-ups, and a leaf each.
fn erase(store: &SqliteStore, safe: &SqliteKeyring, profiles: &[&Profile]) {
    for batch in profiles.chunks(BATCH) {
        let ids: Vec<KeyId> = batch.iter().map(|profile| key_id(profile)).collect();
        let position = LogPosition { epoch: 1, index: 0 };
        wait(safe.destroy(&ids, position, Timestamp::from_micros(1))).unwrap();
        let keys = batch.iter().flat_map(|p| KINDS.map(|kind| key(p, kind)));
        let change = Change {
            deletes: keys.map(|key| RowDelete { key, version: 1 }).collect(),
            leaves: batch.iter().map(|profile| leaf(profile)).collect(),
            ..Change::default()
        };
        wait(store.commit(change)).unwrap();
    }
}
