//! Disks that cannot be written, and disks that are full.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use tacenda::store::sqlite::{SqliteKeyring, SqliteOptions, SqliteStore};
use tacenda::{Result, Tacenda, block_on};

use super::super::support::{
    FOLDER, Home, ROLE, bare, child, customer, files, note, open, register, role, rows, safe,
    support, try_open,
};
use super::{answer_of, is, two};

#[test]
fn a_read_only_disk_is_refused() {
    if let Some((_, folder)) = role() {
        let code = try_open(&folder).map_or_else(|error| error.code(), |_| "open");
        println!("answer: {code}");
        return;
    }
    // Root may write anywhere: a child opens the files as nobody, with a copy of this program that
    // it may read.
    let (home, programs) = (Home::new(), tempfile::tempdir().unwrap());
    let program = programs.path().join("adversity");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(programs.path(), 0o755);
    mode(&program, 0o755);
    two(&home);
    let before = files(home.path());
    let answer = || {
        let test = "wrong_input::disk::a_read_only_disk_is_refused";
        let like = child(test, "open", home.path());
        let mut command = Command::new(&program);
        command.args(like.get_args()).env(ROLE, "open").env(FOLDER, home.path());
        if fs::metadata(home.path()).unwrap().uid() == 0 {
            command.uid(65534).gid(65534);
        }
        answer_of(command.current_dir("/"))
    };
    mode(&rows(home.path()), 0o444);
    mode(&safe(home.path()), 0o444);
    mode(home.path(), 0o555);
    assert_eq!(answer(), "store.read_only", "files and folder");
    mode(&rows(home.path()), 0o666);
    mode(&safe(home.path()), 0o666);
    assert_eq!(answer(), "store.read_only", "the folder, where the write-ahead log belongs");
    mode(home.path(), 0o777);
    mode(&safe(home.path()), 0o444);
    assert_eq!(answer(), "store.read_only", "the safe");
    mode(home.path(), 0o755);
    assert!(files(home.path()) == before);
    mode(&safe(home.path()), 0o666);
    mode(home.path(), 0o777);
    assert_eq!(answer(), "open");
}

/// Opens with a limit on the size of each file.
fn open_limited(folder: &Path, of_rows: Option<u64>, of_safe: Option<u64>) -> Result<Tacenda> {
    let limit = |max_size| SqliteOptions { max_size, ..SqliteOptions::default() };
    let store = SqliteStore::open(rows(folder), limit(of_rows))?;
    let keyring = SqliteKeyring::open(safe(folder), limit(of_safe))?;
    block_on(bare().stores(Arc::new(store), Arc::new(keyring)).open())
}

#[test]
fn a_full_disk_loses_nothing_and_writes_nothing_by_halves() {
    let size = |path: &Path| fs::metadata(path).unwrap().len();
    for full_safe in [false, true] {
        let home = Home::new();
        let (ada, bob) = two(&home);
        let limits = if full_safe {
            (None, Some(size(&safe(home.path())) + 8_192))
        } else {
            (Some(size(&rows(home.path())) + 16_384), None)
        };
        let t = open_limited(home.path(), limits.0, limits.1).unwrap();
        let mut made = vec![ada, bob];
        let email = |n: usize| format!("many{n}@example.org");
        let error = loop {
            let request = customer(&t, &email(made.len()), "as registered");
            match block_on(t.customers().register(request, &support())) {
                Ok(registered) => made.push(registered.subject()),
                Err(error) => break error,
            }
            assert!(made.len() < 5_000, "it is never full");
        };
        is(&error, "store.full");
        assert_eq!(error.retry(), tacenda::Retry::Safe);
        let rows_now = block_on(t.log().audit()).unwrap().rows;
        assert_eq!(
            rows_now,
            3 * made.len() as u64 + 1,
            "the policy's, and nothing of the last one"
        );
        drop(t);
        // There is room again.
        let t = open(home.path());
        for subject in &made {
            assert_eq!(note(&t, *subject).unwrap(), "as registered");
        }
        made.push(register(&t, &email(made.len())));
        block_on(t.erasure().erase(ada, &support())).unwrap();
        // The policy's and the gate's; two of Ada's three went.
        assert_eq!(block_on(t.log().audit()).unwrap().rows, 3 * made.len() as u64 + 2 - 2);
        block_on(t.close()).unwrap();
    }
}

#[test]
fn an_erasure_on_a_full_disk_happens_later_or_not_at_all() {
    let home = Home::new();
    let (ada, bob) = two(&home);
    // Not a page to spare, in either file.
    let t = open_limited(home.path(), Some(4_096), Some(4_096)).unwrap();
    let error = loop {
        if let Err(error) = note(&t, bob) {
            break error;
        }
    };
    is(&error, "store.full");
    is(&block_on(t.erasure().erase(ada, &support())).unwrap_err(), "store.full");
    drop(t);
    let t = open(home.path());
    assert_eq!(note(&t, ada).unwrap(), "as registered", "it had not begun");
    block_on(t.erasure().erase(ada, &support())).unwrap();
    is(&note(&t, ada).unwrap_err(), "vault.not_found");
    block_on(t.log().audit()).unwrap();
}
