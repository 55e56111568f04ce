//! Files that somebody changed, and logs that went another way.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rusqlite::{Connection, params};
use tacenda::{Amendment, OnRestore, SubjectId, Tacenda, block_on};
use tacenda_testkit::SeededRng;

use super::super::support::{
    Home, NOW, builder, copy, note, open, register, rows, safe, support, time, try_open,
};
use super::{is, refused, two};

/// Changes a database behind the vault's back.
fn tamper(file: &Path, sql: &str) {
    let database = Connection::open(file).unwrap();
    database.execute_batch(sql).unwrap();
    database.close().unwrap();
}

fn hex(subject: SubjectId) -> String {
    subject.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn an_altered_row_is_found_and_stands_in_nobodys_way() {
    let start = Home::new();
    let (ada, bob) = two(&start);
    let of_ada = format!("WHERE subject = x'{}' AND kind = 'profile.account'", hex(ada));
    let of_bob = format!("WHERE subject = x'{}' AND kind = 'profile.account'", hex(bob));
    let changes = [
        (
            "SET body = CAST(substr(body, 1, length(body) - 1) || x'00' AS BLOB)",
            "vault.altered_row",
        ),
        ("SET body = x''", "vault.altered_row"),
        ("SET class = 'payment'", "vault.altered_row"),
        ("SET state = 'archived'", "vault.altered_row"),
        ("SET held = 1", "vault.altered_row"),
        ("SET anchor_at = anchor_at + 1", "vault.altered_row"),
        ("SET due_at = 1", "vault.altered_row"),
        ("SET version = 2", "vault.altered_row"),
        ("SET tokens = (SELECT tokens FROM rows OTHER)", "vault.altered_row"),
        ("SET body = (SELECT body FROM rows OTHER)", "vault.altered_row"),
        ("SET class = 'No such name!'", "vault.altered_row"),
        ("SET version = 'x'", "vault.altered_row"),
        ("SET tokens = x'ff'", "vault.altered_row"),
        ("SET subject = x'0123456789abcdef0123456789abcdef'", "vault.missing_row"),
    ];
    for (change, code) in changes {
        let home = Home::new();
        copy(start.path(), "", home.path());
        let change = change.replace("OTHER", &of_bob);
        tamper(&rows(home.path()), &format!("UPDATE rows {change} {of_ada}"));
        let t = open(home.path());
        is(&note(&t, ada).unwrap_err(), code);
        assert_eq!(note(&t, bob).unwrap(), "as registered", "{change}");
        let both = block_on(t.customers().read_many(&[ada, bob], "account", &support())).unwrap();
        assert!(both[0].is_err() && both[1].is_ok(), "{change}");
        // A row that went to somebody else is missing here and one too many there.
        let audit = if code == "vault.missing_row" { "vault.altered_row" } else { code };
        is(&block_on(t.log().audit()).unwrap_err(), audit);
        let amendment = Amendment { close_at: Some(time(NOW)), ..Amendment::default() };
        is(&block_on(t.customers().amend(ada, amendment, &support())).unwrap_err(), code);
        register(&t, "next@example.org");
    }
    let home = Home::new();
    copy(start.path(), "", home.path());
    tamper(&rows(home.path()), &format!("DELETE FROM rows {of_ada}"));
    let t = open(home.path());
    is(&note(&t, ada).unwrap_err(), "vault.missing_row");
    is(&block_on(t.log().audit()).unwrap_err(), "vault.missing_row");
    drop(t);
    // An entry of the log, changed where it stands.
    let home = Home::new();
    copy(start.path(), "", home.path());
    tamper(&rows(home.path()), "UPDATE leaves SET bytes = CAST(bytes || x'00' AS BLOB)");
    is(&block_on(open(home.path()).log().audit()).unwrap_err(), "log.forked");
}

#[test]
fn a_moved_key_opens_nothing() {
    let home = Home::new();
    let (ada, bob) = two(&home);
    let columns = Connection::open(safe(home.path())).unwrap();
    let of = "FROM keys WHERE subject = ?1 AND class = 'account'";
    let wrapped: Vec<u8> = columns
        .query_row(&format!("SELECT wrapped {of}"), params![bob.as_bytes()], |row| row.get(0))
        .unwrap();
    let sql = "UPDATE keys SET wrapped = ?2 WHERE subject = ?1 AND class = 'account'";
    assert_eq!(columns.execute(sql, params![ada.as_bytes(), wrapped]).unwrap(), 1);
    columns.close().unwrap();
    let t = open(home.path());
    let error = note(&t, ada).unwrap_err();
    is(&error, error.code());
    assert_eq!(error.kind(), tacenda::Kind::Integrity, "{error}");
    assert_eq!(note(&t, bob).unwrap(), "as registered");
}

/// Whatever bytes of the files are flipped: an error with a code, or the truth.
#[test]
fn flipped_bytes_give_an_error_or_the_truth() {
    let start = Home::new();
    let (ada, bob) = two(&start);
    let mut codes = BTreeSet::new();
    for seed in 0..60 {
        let home = Home::new();
        copy(start.path(), "", home.path());
        let file = if seed % 3 == 0 { safe(home.path()) } else { rows(home.path()) };
        let mut bytes = fs::read(&file).unwrap();
        let random = SeededRng::new(seed);
        for _ in 0..=seed % 24 {
            let mut draw = [0; 9];
            tacenda_core::Rng::fill(&random, &mut draw);
            let at = u64::from_le_bytes(draw[..8].try_into().unwrap()) % bytes.len() as u64;
            bytes[usize::try_from(at).unwrap()] ^= draw[8] | 1;
        }
        fs::write(&file, bytes).unwrap();
        let t = match try_open(home.path()) {
            Ok(t) => t,
            Err(error) => {
                is(&error, error.code());
                codes.insert(error.code());
                continue;
            }
        };
        for subject in [ada, bob] {
            match note(&t, subject) {
                Ok(note) => assert_eq!(note, "as registered"),
                Err(error) => {
                    is(&error, error.code());
                    codes.insert(error.code());
                }
            }
        }
        if let Err(error) = block_on(t.log().audit()) {
            is(&error, error.code());
            codes.insert(error.code());
        }
    }
    assert!(codes.len() >= 3 && codes.contains("store.corrupt"), "{codes:?}");
}

#[test]
fn a_log_that_went_another_way_than_its_checkpoint_is_refused() {
    let (home, other) = (Home::new(), Home::new());
    let (ada, _) = two(&home);
    copy(home.path(), "", other.path());
    let amend = |t: &Tacenda, times: usize| {
        for n in 0..times {
            let set = vec![t.customers().item("note", &format!("note {n}")).unwrap()];
            let amendment = Amendment { set, ..Amendment::default() };
            block_on(t.customers().amend(ada, amendment, &support())).unwrap();
        }
    };
    let t = open(home.path());
    amend(&t, 3);
    block_on(t.close()).unwrap();
    // Rows that are as old as the checkpoint or younger, and yet not those it was signed over.
    for more in [0, 1, 9] {
        let folder = Home::new();
        copy(other.path(), "", folder.path());
        let t = open(folder.path());
        amend(&t, 3 + more);
        block_on(t.close()).unwrap();
        copy(home.path(), "keys.db", folder.path());
        refused(&folder, builder(folder.path()), "log.forked");
    }
    // Rows that are older: they were restored, and only the operator may say so.
    copy(other.path(), "customers.db", home.path());
    refused(&home, builder(home.path()), "vault.rows_restored");
    let replayed = builder(home.path()).on_restore(OnRestore::Replay);
    assert_eq!(note(&block_on(replayed.open()).unwrap(), ada).unwrap(), "as registered");
}
