//! Files that are not ours, that cannot be written, or that are full.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use pollster::block_on as wait;
use rusqlite::Connection;
use tacenda_core::clock::Timestamp;
use tacenda_core::error::{Code, Result};
use tacenda_core::id::SubjectId;
use tacenda_core::memory::MemoryKeyring;
use tacenda_core::name::Name;
use tacenda_core::ports::store::{CORRUPT, FULL, NEWER_SCHEMA, READ_ONLY, UNAVAILABLE};
use tacenda_core::ports::{
    Change, Expect, KekId, Keyring, NewLeaf, RowWrite, SafeInit, Scan, Store, StoreInit,
};
use tacenda_core::row::{Row, RowKey, state};
use tacenda_core::vault::{OnRestore, Vault};
use tacenda_store::sqlite::{SqliteKeyring, SqliteOptions, SqliteStore};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};

const INIT: StoreInit = StoreInit { store: [1; 16], safe: [2; 16] };

fn open(path: &Path) -> Result<SqliteStore> {
    SqliteStore::open(path, SqliteOptions::default())
}

fn change(n: u64, body: usize) -> Change {
    let mut subject = [0; 16];
    subject[..8].copy_from_slice(&n.to_be_bytes());
    let key = RowKey::only(SubjectId::from_bytes(subject), Name::fixed("profile.account"));
    let row = Row {
        key,
        class: None,
        state: state::LIVE,
        held: false,
        anchor_at: None,
        due_at: None,
        version: 1,
        tokens: vec![],
        body: vec![7; body],
    };
    let at = Timestamp::from_micros(1);
    let bytes = n.to_be_bytes().to_vec();
    Change {
        writes: vec![RowWrite { row, expect: Expect::Absent }],
        leaves: vec![NewLeaf { subject: SubjectId::CONTROLLER, at, writes: true, bytes }],
        ..Change::default()
    }
}

fn refused(outcome: Result<SqliteStore>, code: &'static Code) {
    let error = outcome.unwrap_err();
    assert!(error.is(code), "{error}");
    assert!(!format!("{error} {error:?}").contains("/"), "no paths in errors: {error}");
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("garbage"), vec![b'x'; 10_000]).unwrap();
    std::fs::write(path("short"), b"anna@example.org").unwrap();
    let foreign = Connection::open(path("foreign")).unwrap();
    foreign.execute_batch("CREATE TABLE customers (mail TEXT)").unwrap();
    drop(foreign);
    let marked = Connection::open(path("marked")).unwrap();
    marked.execute_batch("PRAGMA application_id = 7").unwrap();
    drop(marked);
    drop(SqliteKeyring::open(path("safe"), SqliteOptions::default()).unwrap());
    for name in ["garbage", "short", "foreign", "marked", "safe"] {
        let before = std::fs::read(path(name)).unwrap();
        refused(open(&path(name)), &CORRUPT);
        assert_eq!(std::fs::read(path(name)).unwrap(), before, "{name} was not touched");
    }
    refused(open(&path("no/such/folder")), &UNAVAILABLE);
    refused(open(folder.path()), &UNAVAILABLE);
}

#[test]
fn a_newer_schema_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.db");
    drop(open(&path).unwrap());
    let newer = Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 2).unwrap();
    drop(newer);
    refused(open(&path), &NEWER_SCHEMA);
    let version = |pragma: &str| -> i64 {
        let connection = Connection::open(&path).unwrap();
        connection.pragma_query_value(None, pragma, |row| row.get(0)).unwrap()
    };
    assert_eq!(version("user_version"), 2);
    assert_eq!(version("application_id"), 0x5461_6356);
}

#[test]
fn a_row_that_was_spoiled_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.db");
    let spoils = [
        ("tokens = x'00'", true),
        ("state = 'No State'", true),
        ("state = x'ff'", true),
        ("class = 'No Class'", true),
        ("version = -1", true),
        ("held = 'perhaps'", true),
        ("anchor_at = x'00'", true),
        ("body = 'text'", true),
        // Without a key it is nobody's row.
        ("id = x'0102'", false),
        ("subject = x'01'", false),
    ];
    for (spoil, has_key) in spoils {
        let _ = std::fs::remove_file(&path);
        let store = open(&path).unwrap();
        wait(store.initialise(INIT)).unwrap();
        wait(store.commit(change(1, 9))).unwrap();
        let scan = || wait(store.scan(&Scan::All { kind: None }, None, 9));
        let before = scan().unwrap().rows.remove(0);
        Connection::open(&path).unwrap().execute(&format!("UPDATE rows SET {spoil}"), ()).unwrap();
        if has_key {
            let row = scan().unwrap().rows.remove(0);
            assert_eq!((&row.key, &row.state), (&before.key, &state::UNREADABLE), "{spoil}");
            assert_ne!(row.digest(), before.digest(), "{spoil}");
            assert_eq!(
                wait(store.rows(std::slice::from_ref(&row.key))).unwrap(),
                [Some(row)],
                "{spoil}"
            );
        } else {
            assert!(scan().unwrap_err().is(&CORRUPT), "{spoil}");
        }
        wait(store.close()).unwrap();
    }
}

#[test]
fn a_row_that_cannot_be_read_stops_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.db");
    let world = World::over(Arc::new(open(&path).unwrap()), Arc::new(MemoryKeyring::default()));
    let vault = world.open();
    let ada = ada(&vault);
    let eve = request(&vault, &[("email", "eve@example.org"), ("card_last4", "1111")], true);
    let eve = wait(vault.register(eve, &staff("support"))).unwrap().subject();
    drop(vault);
    let spoil = |to: &str| {
        let spoil = format!("UPDATE rows SET class = '{to}' WHERE kind = 'profile.payment'");
        let connection = Connection::open(&path).unwrap();
        let spoilt = connection.execute(&format!("{spoil} AND subject = ?1"), [ada.as_bytes()]);
        assert_eq!(spoilt, Ok(1));
    };
    spoil("No Class");
    // The card moves to the account's class, and the note to that of the card.
    let policy = POLICY
        .replace("version = 1", "version = 2")
        .replace("\"first_name\", \"note\"]\nclock", "\"first_name\", \"card_last4\"]\nclock")
        .replace("items = [\"card_last4\"]\nclock", "items = [\"note\"]\nclock");
    let read = |vault: &Vault, subject| {
        let view = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing")));
        view.map(|view| view.get("card_last4").map(str::to_owned)).map_err(|error| error.code())
    };
    let (vault, recovery) = world.try_open(&policy, OnRestore::Refuse).unwrap();
    assert_eq!((recovery.not_moved.subjects, recovery.not_moved.first), (1, Some(ada)));
    assert_eq!(read(&vault, eve), Ok(Some("1111".to_owned())));
    assert_eq!(wait(vault.audit()).unwrap_err().code(), "vault.altered_row");
    spoil("payment");
    assert_eq!(wait(vault.move_items()).unwrap(), 1);
    assert_eq!(read(&vault, ada), Ok(Some("4242".to_owned())));
    wait(vault.audit()).unwrap();
    wait(world.store.close()).unwrap();
}

#[test]
fn a_head_that_lags_behind_its_leaves_never_forks_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.db");
    let store = open(&path).unwrap();
    wait(store.initialise(INIT)).unwrap();
    wait(store.commit(change(1, 9))).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE kept AS SELECT * FROM head").unwrap();
    wait(store.commit(change(2, 9))).unwrap();
    other.execute_batch("DELETE FROM head; INSERT INTO head SELECT * FROM kept").unwrap();
    assert!(wait(store.commit(change(3, 9))).unwrap_err().is(&CORRUPT));
    assert_eq!(wait(store.leaves(1, 0, 9)).unwrap().len(), 2);
    other.execute_batch("UPDATE head SET frontier = x'00'").unwrap();
    assert!(wait(store.commit(change(3, 9))).unwrap_err().is(&CORRUPT));
    assert!(wait(store.status()).unwrap_err().is(&CORRUPT));
}

#[test]
fn a_full_disk_takes_all_of_a_change_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.db");
    let options = SqliteOptions { max_size: Some(400 << 10), ..SqliteOptions::default() };
    let store = SqliteStore::open(&path, options).unwrap();
    wait(store.initialise(INIT)).unwrap();
    let mut written = 0u64;
    let error = loop {
        match wait(store.commit(change(written, 20_000))) {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 100, "the file has a largest size");
    };
    assert!(error.is(&FULL), "{error}");
    assert!(written > 3);
    let rows = wait(store.scan(&Scan::All { kind: None }, None, 100)).unwrap().rows;
    let leaves = wait(store.leaves(1, 0, 100)).unwrap();
    let size = wait(store.status()).unwrap().unwrap().head.size;
    assert_eq!((rows.len() as u64, leaves.len() as u64, size), (written, written, written));
    // What still fits is taken, by this store and after reopening.
    wait(store.commit(change(1_000, 10))).unwrap();
    wait(store.close()).unwrap();
    let store = open(&path).unwrap();
    wait(store.commit(change(written, 20_000))).unwrap();
    assert_eq!(wait(store.status()).unwrap().unwrap().head.size, written + 2);
}

/// Many commits wait at once; the one that does not fit fails, and no other with it is half done.
#[test]
fn a_full_disk_leaves_the_group_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.db");
    let options = SqliteOptions { max_size: Some(400 << 10), ..SqliteOptions::default() };
    let store = SqliteStore::open(&path, options).unwrap();
    wait(store.initialise(INIT)).unwrap();
    let written: Vec<u64> = std::thread::scope(|scope| {
        let commit = |n: u64| {
            let size = if n.is_multiple_of(2) { 60_000 } else { 50 };
            wait(store.commit(change(n, size))).map_err(|error| {
                assert!(error.is(&FULL) || error.is(&UNAVAILABLE), "{error}");
            })
        };
        let threads: Vec<_> = (0..24).map(|n| scope.spawn(move || commit(n).map(|_| n))).collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap().ok()).collect()
    });
    assert!(written.len() < 24);
    let rows = wait(store.scan(&Scan::All { kind: None }, None, 100)).unwrap().rows;
    let leaves = wait(store.leaves(1, 0, 100)).unwrap();
    assert_eq!((rows.len(), leaves.len()), (written.len(), written.len()));
}

/// Permissions do not bind root, so that the attempt is made by a child that gave them up.
#[cfg(unix)]
#[test]
fn a_read_only_file_or_folder_says_so() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;

    const NOBODY: u32 = 65_534;
    let file = std::env::var("TACENDA_TEST_READ_ONLY").ok();
    if let Some(path) = file {
        refused(open(Path::new(&path)), &READ_ONLY);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let path = folder.path().join("customers.db");
    drop(open(&path).unwrap());
    let made = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(made & 0o777, 0o600, "a new file is its owner's alone");
    let program = folder.path().join("test");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    mode(&program, 0o755);
    // Neither the file, nor a file whose folder takes no log beside it, nor a new one.
    for (file, file_mode, folder_mode) in
        [("customers.db", 0o444, 0o777), ("customers.db", 0o666, 0o555), ("new.db", 0o666, 0o555)]
    {
        mode(&path, file_mode);
        mode(folder.path(), folder_mode);
        let mut child = Command::new(&program);
        child.arg("--exact").arg("a_read_only_file_or_folder_says_so").arg("--nocapture");
        child.env("TACENDA_TEST_READ_ONLY", folder.path().join(file));
        if is_root() {
            child.uid(NOBODY).gid(NOBODY);
        }
        let output = child.output().unwrap();
        mode(folder.path(), 0o700);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    tempfile::NamedTempFile::new().unwrap().path().metadata().unwrap().uid() == 0
}

#[test]
fn another_writer_is_waited_for_and_then_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.db");
    let busy_timeout = Duration::from_millis(50);
    let options = SqliteOptions { busy_timeout, ..SqliteOptions::default() };
    let store = SqliteStore::open(&path, options).unwrap();
    wait(store.initialise(INIT)).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = wait(store.commit(change(1, 9))).unwrap_err();
    assert!(error.is(&UNAVAILABLE), "{error}");
    assert!(wait(store.status()).unwrap().is_some(), "readers do not wait");
    other.execute_batch("ROLLBACK").unwrap();
    wait(store.commit(change(1, 9))).unwrap();
}

/// Who holds the whole file is waited for as long as was said, be it one statement or several.
#[test]
fn a_locked_file_is_reported_when_the_time_is_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.db");
    wait(open(&path).unwrap().close()).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA locking_mode = exclusive; BEGIN EXCLUSIVE").unwrap();
    let busy_timeout = Duration::from_millis(600);
    let options = SqliteOptions { busy_timeout, ..SqliteOptions::default() };
    let (answer, answered) = std::sync::mpsc::channel();
    let opening = std::thread::spawn(move || {
        let _ = answer.send(SqliteStore::open(&path, options).map(|_| ()));
    });
    let outcome = answered.recv_timeout(Duration::from_secs(12)).expect("an answer by then");
    assert!(outcome.unwrap_err().is(&UNAVAILABLE));
    opening.join().unwrap();
}

#[test]
fn a_safe_and_a_store_are_two_kinds_of_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    let safe = SqliteKeyring::open(&path, SqliteOptions::default()).unwrap();
    let init = SafeInit { safe: [2; 16], store: [1; 16], kek: KekId([3; 8]), secrets: vec![] };
    wait(safe.initialise(init)).unwrap();
    refused(open(&path), &CORRUPT);
    assert!(wait(safe.status()).unwrap().is_some());
}
