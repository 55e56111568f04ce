//! Every wrong input is refused with a stable code, never with the value, and nothing is lost.

mod disk;
mod tampered;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::Connection;
use tacenda::core::clock::Span;
use tacenda::core::seal::MasterKey;
use tacenda::{Builder, Error, MASTER_KEY_VARIABLE, MasterKeySource, SubjectId, block_on};
use tacenda_testkit::{SeededRng, StepClock};

use super::support::{
    Home, MASTER, NOW, POLICY, builder, child, files, master, note, open, register, role, safe,
    shown, support, time,
};

const ADA: &str = "ada@example.org";
const BOB: &str = "bob@example.org";

/// The error has this code, and repeats nothing that somebody typed.
fn is(error: &Error, code: &str) {
    let said = shown(error);
    assert_eq!(error.code(), code, "{said}");
    for value in ["ada@", "bob@", "Prosta", "4242", "as registered", MASTER, "/dev/shm", "/tmp"] {
        assert!(!said.contains(value), "{value} in {said}");
    }
}

/// A folder with Ada and Bob, closed in good order.
fn two(home: &Home) -> (SubjectId, SubjectId) {
    let t = open(home.path());
    let both = (register(&t, ADA), register(&t, BOB));
    block_on(t.close()).unwrap();
    both
}

/// Opening so is refused with this code, and no file is any different.
fn refused(home: &Home, builder: Builder, code: &str) {
    let before = files(home.path());
    is(&block_on(builder.open()).unwrap_err(), code);
    assert!(files(home.path()) == before, "{code}: a refusal writes nothing");
}

#[test]
fn a_malformed_policy_is_refused_before_any_file_is_made() {
    let home = Home::new();
    let with = |policy: &str| builder(home.path()).policy_text(policy);
    refused(&home, with("version = "), "builder.policy_invalid");
    refused(&home, with(&POLICY.replace("\"email\"", "\"e-mail\"")), "builder.policy_invalid");
    let missing = home.path().join("privacy.toml");
    refused(&home, builder(home.path()).policy_file(missing), "builder.policy_unreadable");
    assert!(files(home.path()).is_empty());
    two(&home);
    refused(&home, with(&POLICY.replace("13 months", "14 months")), "policy.version_not_raised");
    let newer = POLICY.replace("13 months", "14 months").replace("version = 1", "version = 2");
    block_on(block_on(with(&newer).open()).unwrap().close()).unwrap();
    refused(&home, with(POLICY), "policy.older_version");
}

#[test]
fn a_wrong_master_key_is_refused_before_any_write() {
    let home = Home::new();
    let keys = Home::new();
    let file = |name: &str, text: &str, mode: u32| {
        let path = keys.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        MasterKeySource::File(path)
    };
    let other = MasterKey::generate(&SeededRng::new(5));
    let wrong = [
        (MasterKeySource::File(keys.path().join("nowhere")), "keys.no_master_key"),
        (file("open", MASTER, 0o640), "keys.open_to_others"),
        (file("short", &STANDARD.encode([7; 31]), 0o600), "keys.bad_master_key"),
        (file("long", &STANDARD.encode([7; 33]), 0o600), "keys.bad_master_key"),
        (file("empty", "", 0o600), "keys.bad_master_key"),
        (file("text", "no key at all", 0o600), "keys.bad_master_key"),
    ];
    for (source, code) in &wrong {
        refused(&home, builder(home.path()).master_key(source.clone()), code);
        assert!(files(home.path()).is_empty(), "{code}");
    }
    let (ada, _) = two(&home);
    for (source, code) in wrong {
        refused(&home, builder(home.path()).master_key(source), code);
    }
    let other = MasterKeySource::Given(other);
    refused(&home, builder(home.path()).master_key(other.clone()), "keys.wrong_master_key");
    let right = builder(home.path()).master_key(file("right", MASTER, 0o600));
    assert_eq!(note(&block_on(right.open()).unwrap(), ada).unwrap(), "as registered");
    // Rows whose safe is gone are not sealed over under another key.
    fs::remove_file(safe(home.path())).unwrap();
    for source in [master(), other] {
        let opened = block_on(builder(home.path()).master_key(source).open());
        is(&opened.unwrap_err(), "vault.wrong_pair");
    }
}

#[test]
fn the_master_key_of_the_environment_is_checked_likewise() {
    if let Some((_, folder)) = role() {
        let builder = builder(&folder).master_key(MasterKeySource::Environment);
        let code = block_on(builder.open()).map_or_else(|error| error.code(), |_| "open");
        println!("answer: {code}");
        return;
    }
    let home = Home::new();
    two(&home);
    let before = files(home.path());
    let test = "wrong_input::the_master_key_of_the_environment_is_checked_likewise";
    let answer = |key: Option<&str>| {
        let mut command = child(test, "open", home.path());
        match key {
            Some(key) => command.env(MASTER_KEY_VARIABLE, key),
            None => command.env_remove(MASTER_KEY_VARIABLE),
        };
        answer_of(&mut command)
    };
    assert_eq!(answer(None), "keys.no_master_key");
    assert_eq!(answer(Some("")), "keys.bad_master_key");
    assert_eq!(answer(Some(&MASTER[..40])), "keys.bad_master_key");
    assert_eq!(answer(Some(&STANDARD.encode([9; 32]))), "keys.wrong_master_key");
    assert!(files(home.path()) == before);
    assert_eq!(answer(Some(MASTER)), "open");
}

/// What a child answered.
fn answer_of(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let answer = said.lines().find_map(|line| line.split_once("answer: "));
    answer.unwrap_or_else(|| panic!("{said} {:?}", output.stderr)).1.to_owned()
}

#[test]
fn files_of_a_newer_release_or_of_another_kind_are_refused() {
    for (name, other) in [("customers.db", "keys.db"), ("keys.db", "customers.db")] {
        let home = Home::new();
        two(&home);
        let file = home.path().join(name);
        let set = |version: i32| {
            let database = Connection::open(&file).unwrap();
            database.pragma_update(None, "user_version", version).unwrap();
            database.close().unwrap();
        };
        set(2);
        refused(&home, builder(home.path()), "store.newer_schema");
        set(1);
        drop(open(home.path()));
        let mine = fs::read(&file).unwrap();
        for wrong in [fs::read(home.path().join(other)).unwrap(), b"not a database".repeat(99)] {
            fs::write(&file, &wrong).unwrap();
            refused(&home, builder(home.path()), "store.corrupt");
        }
        fs::write(&file, mine).unwrap();
        drop(open(home.path()));
    }
}

#[test]
fn a_clock_that_went_back_opens_nothing_and_sweeps_nothing() {
    let home = Home::new();
    let (ada, _) = two(&home);
    let at = |text: &str| builder(home.path()).clock(Arc::new(StepClock::standing(time(text))));
    refused(&home, at("2026-06-01T07:54:59Z"), "vault.clock_behind");
    refused(&home, at("1970-01-01T00:00:00Z"), "vault.clock_behind");
    drop(block_on(at("2026-06-01T07:56:00Z").open()).unwrap());

    // It goes back, or far ahead, while the process runs.
    let clock = Arc::new(StepClock::standing(time(NOW)));
    let t = block_on(builder(home.path()).clock(clock.clone()).open()).unwrap();
    for days in [-1, 4_000] {
        clock.set(time(NOW).plus(Span::days(days)));
        let plan = block_on(t.retention().plan()).unwrap();
        assert!(plan.clock_in_doubt);
        let swept = t.retention();
        let swept = block_on(swept.sweep(None, &support(), &mut |_| {}));
        is(&swept.unwrap_err(), "sweep.not_confirmed");
    }
    clock.set(time(NOW));
    assert_eq!(note(&t, ada).unwrap(), "as registered");
}
