//! Processes that are killed in the middle of one long piece of work: a rotation of the master key,
//! items that move to another class, an import.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use tacenda::import::import_csv;
use tacenda::store::sqlite::{SqliteOptions, SqliteStore};
use tacenda::{Name, SubjectId, Tacenda, block_on};
use tacenda_core::ports::Store as _;
use tacenda_core::row::RowKey;

use super::cuts::{both_keys, moved, other_master};
use super::support::{
    Home, bare, builder, child, copy, customer, open, role, rows, safe, shown, staff, support,
};

const CUSTOMERS: usize = 400;
/// More than three pages, each of which is committed by itself.
const RECORDS: usize = 3_200;
/// How often the work is killed at growing moments, until enough were in the middle of it.
const PASSES: u64 = 3;
const ENOUGH: usize = 2;

/// Starts a child, and kills it so long after it says that it begins; whether it had not ended.
fn kill_after(milliseconds: u64, test: &str, folder: &Path) -> bool {
    let mut child = child(test, "work", folder).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("ready") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "the child lives until it is killed");
    }
    thread::sleep(Duration::from_millis(milliseconds));
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(status.code().is_none_or(|code| code == 0), "it failed by itself: {status}");
    status.code().is_none()
}

pub(crate) fn ready() {
    writeln!(std::io::stdout().lock(), "ready").unwrap();
}

/// Customers with something in every class.
fn prepare(folder: &Path) -> Vec<SubjectId> {
    let t = open(folder);
    let requests: Vec<_> =
        (0..CUSTOMERS).map(|n| customer(&t, &format!("c{n}@example.org"), "n0")).collect();
    let registered = block_on(t.vault().register_many(requests, &support())).unwrap();
    block_on(t.close()).unwrap();
    registered.into_iter().map(|one| one.unwrap().subject()).collect()
}

fn everything_is_there(t: &Tacenda, subjects: &[SubjectId]) {
    let views = block_on(t.customers().read_many(subjects, "billing", &staff("billing"))).unwrap();
    for view in views {
        let view = view.unwrap_or_else(|error| panic!("{}", shown(&error)));
        let seen = ["address", "country", "card_last4"].map(|item| view.get(item));
        assert_eq!(seen, [Some("ul. Prosta 1"), Some("PL"), Some("4242")]);
    }
    block_on(t.log().audit()).unwrap_or_else(|error| panic!("{}", shown(&error)));
}

/// Kills the work of `test` at every moment, each time over fresh files; `check` says whether it
/// was found half done, and goes on with it.
fn at_every_moment(test: &str, check: impl Fn(&Path, &[SubjectId]) -> bool) {
    let home = Home::new();
    let start = home.folder("start");
    let subjects = prepare(&start);
    let (mut killed, mut halves) = (0, 0);
    for pass in 0..PASSES {
        // Later and later, until it ends by itself: a busy machine takes as long as it takes.
        let mut moment = 4 + pass;
        while halves < ENOUGH {
            let folder = home.folder(&format!("after{pass}-{moment}"));
            copy(&start, "", &folder);
            let was_killed = kill_after(moment, test, &folder);
            killed += usize::from(was_killed);
            halves += usize::from(check(&folder, &subjects));
            std::fs::remove_dir_all(folder).unwrap();
            if !was_killed {
                break;
            }
            moment += moment.div_ceil(2);
        }
    }
    assert!(killed > 0 && halves > 0, "{killed} {halves}");
}

#[test]
fn a_killed_rotation_goes_on() {
    if let Some((_, folder)) = role() {
        let t = block_on(both_keys().sqlite(rows(&folder), safe(&folder)).open()).unwrap();
        ready();
        block_on(t.rotate_master_key()).unwrap();
        return;
    }
    at_every_moment("kill_jobs::a_killed_rotation_goes_on", |folder, subjects| {
        let t = block_on(both_keys().sqlite(rows(folder), safe(folder)).open()).unwrap();
        let safe_now = block_on(t.vault().ports().keyring.status()).unwrap().unwrap();
        let half = safe_now.rotating;
        everything_is_there(&t, subjects);
        block_on(t.rotate_master_key()).unwrap();
        block_on(t.close()).unwrap();
        let new = bare().master_key(other_master()).sqlite(rows(folder), safe(folder));
        let t = block_on(new.open()).unwrap();
        everything_is_there(&t, subjects);
        block_on(t.close()).unwrap();
        assert!(block_on(builder(folder).open()).is_err(), "the former key opens nothing");
        half
    });
}

#[test]
fn a_killed_move_of_items_goes_on() {
    if let Some((_, folder)) = role() {
        ready();
        drop(block_on(builder(&folder).policy_text(moved()).open()).unwrap());
        return;
    }
    at_every_moment("kill_jobs::a_killed_move_of_items_goes_on", |folder, subjects| {
        let half = {
            let store = SqliteStore::open(rows(folder), SqliteOptions::default()).unwrap();
            let job = RowKey::only(SubjectId::CONTROLLER, Name::fixed("reseal"));
            block_on(store.rows(&[job])).unwrap() != [None]
        };
        let t = block_on(builder(folder).policy_text(moved()).open());
        let t = t.unwrap_or_else(|error| panic!("{}", shown(&error)));
        everything_is_there(&t, subjects);
        for subject in subjects.iter().step_by(97) {
            let view = block_on(t.customers().read(*subject, "billing", &staff("billing")));
            assert_eq!(view.unwrap().get("first_name"), Some("Ada"));
        }
        block_on(t.close()).unwrap();
        half
    });
}

/// A file of records; each has an address of its own and nothing that the policy does not declare.
fn csv() -> String {
    let mut text = String::from("email,first_name,country,address,registered_at\n");
    for n in 0..RECORDS {
        writeln!(text, "i{n}@example.org,Eve,PL,ul. Prosta {n},2026-01-01T00:00:00Z").unwrap();
    }
    text
}

#[test]
fn a_killed_import_is_finished_by_the_same_file() {
    if let Some((_, folder)) = role() {
        let t = open(&folder);
        ready();
        block_on(import_csv(&t, csv().as_bytes(), &support(), &mut |_| Ok(()))).unwrap();
        return;
    }
    at_every_moment(
        "kill_jobs::a_killed_import_is_finished_by_the_same_file",
        |folder, subjects| {
            let t = open(folder);
            let count = |t: &Tacenda| block_on(t.customers().page(None, 10_000)).unwrap().len();
            let before = count(&t) - subjects.len();
            let report =
                block_on(import_csv(&t, csv().as_bytes(), &support(), &mut |_| Ok(()))).unwrap();
            assert_eq!((report.accepted(), report.refused()), (RECORDS as u64, 0));
            assert_eq!(report.known(), before as u64, "what was written is known");
            assert_eq!(count(&t) - subjects.len(), RECORDS, "each record once");
            everything_is_there(&t, subjects);
            block_on(t.close()).unwrap();
            before > 0 && before < RECORDS
        },
    );
}
