//! Processes over PostgreSQL that are killed in the middle of erasures, a sweep, an import, a rotation
//! of the master key: whoever opens the databases next finds nothing half done.
//!
//! The other processes are this test program again: a test that finds `ROLE` in its environment does
//! the work that is to be killed.
#![cfg(feature = "postgres")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests and their helpers fail loudly")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use std::{env, thread};

use tacenda::import::import_csv;
use tacenda::store::postgres::PostgresOptions;
use tacenda::{
    Builder, MasterKeySource, Name, RegisterRequest, SubjectId, Tacenda, Timestamp, block_on,
};
use tacenda_core::ports::KeyState;
use tacenda_core::seal::MasterKey;
use tacenda_testkit::world::{POLICY, staff};
use tacenda_testkit::{Cluster, StepClock};

/// The environment variable that tells a child which databases to work on.
const ROLE: &str = "TACENDA_TEST_ROLE";
const MASTER: &str = "dGhpcyBpcyBhIG1hc3RlciBrZXkgb2YgdGVzdHMhISE=";
const OTHER_MASTER: &str = "YW5vdGhlciBtYXN0ZXIga2V5IG9mIHRlc3RzISEhISE=";
const NOW: &str = "2026-06-01T08:00:00Z";
const CUSTOMERS: usize = 200;
/// More than two pages, each of which is committed by itself.
const RECORDS: usize = 2_400;
/// In how many of the moments at which it was killed the work has to have been half done.
const ENOUGH: usize = 2;

/// Two databases.
#[derive(Clone)]
struct Place {
    rows: String,
    keys: String,
}

impl Place {
    fn new(cluster: &Cluster) -> Self {
        Self { rows: cluster.database(), keys: cluster.database() }
    }

    /// A copy of both, as they are now.
    fn copy(&self, cluster: &Cluster) -> Self {
        let copy = |url: &str| {
            let name = cluster.unique_name();
            let from = url.rsplit('/').next().and_then(|name| name.split('?').next()).unwrap();
            cluster.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {from}"));
            cluster.url(&name)
        };
        Self { rows: copy(&self.rows), keys: copy(&self.keys) }
    }

    /// The place of a child; `None` in the test itself.
    fn of_child() -> Option<Self> {
        let place = env::var(ROLE).ok()?;
        let (rows, keys) = place.split_once(' ')?;
        Some(Self { rows: rows.to_owned(), keys: keys.to_owned() })
    }

    fn open_with(&self, builder: Builder) -> Tacenda {
        // What a killed process leaves is free after a moment.
        let options = PostgresOptions {
            lease: Duration::from_millis(500),
            merge_interval: Duration::from_millis(5),
            ..PostgresOptions::default()
        };
        let opened = block_on(builder.postgres_with(&self.rows, &self.keys, options).open());
        opened.unwrap_or_else(|error| panic!("{error:?}"))
    }

    fn open(&self) -> Tacenda {
        self.open_with(builder(MASTER))
    }
}

fn master(text: &str) -> MasterKeySource {
    MasterKeySource::Given(MasterKey::parse(text).unwrap())
}

fn builder(key: &str) -> Builder {
    let now = Timestamp::parse_rfc3339(NOW).unwrap();
    Tacenda::builder()
        .policy_text(POLICY)
        .master_key(master(key))
        .clock(Arc::new(StepClock::standing(now)))
}

/// Says a line, at once.
fn say(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").unwrap();
}

/// Starts the work of a test in a process of its own and kills it so long after it has said that it
/// begins; whether it had not ended, and what it said.
fn kill_after(milliseconds: u64, test: &str, place: &Place) -> (bool, Vec<String>) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(ROLE, format!("{} {}", place.rows, place.keys))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "ready"), "the child lives until it is killed");
    let said = thread::spawn(move || lines.collect());
    thread::sleep(Duration::from_millis(milliseconds));
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(status.code().is_none_or(|code| code == 0), "it failed by itself: {status}");
    (status.code().is_none(), said.join().unwrap())
}

/// Kills the work of `test` later and later, each time over a copy of the same databases, until it
/// was half done often enough or ends by itself; `check` says whether it was, and goes on with it.
fn at_every_moment(test: &str, start: &Place, check: impl Fn(&Place, &[String]) -> bool) {
    let cluster = Cluster::shared();
    let (mut moment, mut killed, mut halves) = (10, 0, 0);
    while halves < ENOUGH {
        let place = start.copy(cluster);
        let (was_killed, said) = kill_after(moment, test, &place);
        killed += usize::from(was_killed);
        halves += usize::from(check(&place, &said));
        if !was_killed {
            break;
        }
        moment += moment;
    }
    assert!(killed > 0 && halves > 0, "{killed} {halves}");
}

/// Customers with something in every class; every other one is due.
fn prepare() -> (Place, Vec<SubjectId>) {
    let place = Place::new(Cluster::shared());
    let t = place.open();
    let long_ago = Timestamp::parse_rfc3339("2018-01-01T00:00:00Z").unwrap();
    let request = |n: usize| {
        let email = format!("c{n}@example.org");
        let items = [
            ("email", email.as_str()),
            ("first_name", "Ada"),
            ("address", "ul. Prosta 1"),
            ("country", "PL"),
            ("card_last4", "4242"),
        ];
        let item = |(name, text): &(&str, &str)| t.customers().item(name, text).unwrap();
        let due = n.is_multiple_of(2).then_some(long_ago);
        RegisterRequest {
            items: items.iter().map(item).collect(),
            facts: [Name::fixed("paid offer"), Name::fixed("invoiced")].into(),
            registered_at: due,
            last_login_at: due,
            ..RegisterRequest::default()
        }
    };
    let requests = (0..CUSTOMERS).map(request).collect();
    let registered = block_on(t.vault().register_many(requests, &staff("support"))).unwrap();
    block_on(t.close()).unwrap();
    (place, registered.into_iter().map(|one| one.unwrap().subject()).collect())
}

fn everything_is_there(t: &Tacenda, subjects: &[SubjectId]) {
    let views = block_on(t.customers().read_many(subjects, "billing", &staff("billing"))).unwrap();
    for view in views {
        let view = view.unwrap();
        let seen = ["address", "country", "card_last4"].map(|item| view.get(item));
        assert_eq!(seen, [Some("ul. Prosta 1"), Some("PL"), Some("4242")]);
    }
    block_on(t.log().audit()).unwrap();
}

#[test]
fn killed_erasures_and_sweeps_are_finished_by_whoever_opens_next() {
    if let Some(place) = Place::of_child() {
        let t = place.open();
        say("ready");
        let all = block_on(t.customers().page(None, CUSTOMERS)).unwrap();
        for subject in all.iter().take(3) {
            say(&format!("erasing {subject}"));
            block_on(t.erasure().erase(*subject, &staff("support"))).unwrap();
            say(&format!("erased {subject}"));
        }
        let plan = block_on(t.retention().plan()).unwrap();
        let sweep = t.retention();
        block_on(sweep.sweep(Some(plan.digest), &staff("support"), &mut |_| {})).unwrap();
        return;
    }
    let (start, subjects) = prepare();
    let test = "killed_erasures_and_sweeps_are_finished_by_whoever_opens_next";
    at_every_moment(test, &start, |place, said| {
        let t = place.open();
        assert_eq!(block_on(t.vault().destroys_under_way()).unwrap(), 0);
        assert_eq!(block_on(t.erasure().resume()).unwrap(), Vec::new());
        block_on(t.log().audit()).unwrap();
        let told = |what: &str| -> BTreeSet<SubjectId> {
            let of = said.iter().filter_map(|line| line.strip_prefix(what));
            of.map(|id| SubjectId::parse(id).unwrap()).collect()
        };
        let (begun, erased) = (told("erasing "), told("erased "));
        let mut gone = 0;
        for (n, subject) in subjects.iter().enumerate() {
            let is_live = nothing_half(&t, *subject);
            assert!(!is_live || !erased.contains(subject), "what was erased is back");
            let may_go = n.is_multiple_of(2) || begun.contains(subject);
            assert!(is_live || may_go, "a customer is lost");
            gone += usize::from(!is_live);
        }
        block_on(t.close()).unwrap();
        gone > 0 && gone < CUSTOMERS / 2
    });
}

/// A live row has its key and a destroyed key no row; whether the account is live.
fn nothing_half(t: &Tacenda, subject: SubjectId) -> bool {
    let rows = block_on(t.vault().outline(subject)).unwrap();
    let keys = block_on(t.vault().ports().keyring.keys_of(subject)).unwrap();
    assert_eq!(keys.len(), 3, "{subject}");
    for (key, key_state) in keys {
        let has_row = rows.iter().any(|row| row.class == key.class);
        assert_eq!(has_row, matches!(key_state, KeyState::Live(_)), "{key:?}");
    }
    rows.iter().any(|row| row.class == *"account")
}

#[test]
fn a_killed_rotation_goes_on() {
    let both = || builder(OTHER_MASTER).former_master_key(master(MASTER));
    if let Some(place) = Place::of_child() {
        let t = place.open_with(both());
        say("ready");
        block_on(t.rotate_master_key()).unwrap();
        return;
    }
    let (start, subjects) = prepare();
    at_every_moment("a_killed_rotation_goes_on", &start, |place, _| {
        let t = place.open_with(both());
        let half = block_on(t.vault().ports().keyring.status()).unwrap().unwrap().rotating;
        everything_is_there(&t, &subjects);
        block_on(t.rotate_master_key()).unwrap();
        block_on(t.close()).unwrap();
        let t = place.open_with(builder(OTHER_MASTER));
        everything_is_there(&t, &subjects);
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
    let import = |t: &Tacenda| {
        block_on(import_csv(t, csv().as_bytes(), &staff("support"), &mut |_| Ok(()))).unwrap()
    };
    if let Some(place) = Place::of_child() {
        let t = place.open();
        say("ready");
        import(&t);
        return;
    }
    let (start, subjects) = prepare();
    let test = "a_killed_import_is_finished_by_the_same_file";
    at_every_moment(test, &start, |place, _| {
        let t = place.open();
        let count = || block_on(t.customers().page(None, 10_000)).unwrap().len();
        let before = count() - subjects.len();
        let report = import(&t);
        assert_eq!((report.accepted(), report.refused()), (RECORDS as u64, 0));
        assert_eq!(report.known(), before as u64, "what was written is known");
        assert_eq!(count() - subjects.len(), RECORDS, "each record once");
        everything_is_there(&t, &subjects);
        block_on(t.close()).unwrap();
        before > 0 && before < RECORDS
    });
}
