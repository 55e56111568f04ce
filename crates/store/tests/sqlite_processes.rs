//! Processes that are killed, and processes that write one file at once.
//!
//! The other processes are this test program again, told by an environment variable what to do.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use pollster::block_on as wait;
use tacenda_core::Rng as _;
use tacenda_core::clock::Timestamp;
use tacenda_core::id::SubjectId;
use tacenda_core::log::{Frontier, leaf_hash};
use tacenda_core::name::Name;
use tacenda_core::ports::store::NOT_UNIQUE;
use tacenda_core::ports::{
    Change, Cursor, Expect, NewLeaf, RowWrite, Scan, Store, StoreInit, StoredLeaf,
};
use tacenda_core::row::{Row, RowKey, Token, state};
use tacenda_store::sqlite::{SqliteOptions, SqliteStore};
use tacenda_testkit::SeededRng;

const FILE: &str = "TACENDA_TEST_FILE";
const WHO: &str = "TACENDA_TEST_WHO";
const THREADS: u32 = 8;
/// How many processes share the tokens of a number.
const SHARED: u32 = 4;

fn open(path: &Path) -> SqliteStore {
    // A small log, so that checkpoints happen all the time.
    let options = SqliteOptions {
        checkpoint_pages: 200,
        busy_timeout: Duration::from_secs(120),
        ..SqliteOptions::default()
    };
    SqliteStore::open(path, options).unwrap()
}

fn marked(path: &Path) {
    let store = open(path);
    wait(store.initialise(StoreInit { store: [1; 16], safe: [2; 16] })).unwrap();
    wait(store.close()).unwrap();
}

fn subject(who: u32, n: u32) -> SubjectId {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&n.wrapping_mul(2_654_435_761).to_be_bytes());
    bytes[4..8].copy_from_slice(&who.to_be_bytes());
    bytes[8..12].copy_from_slice(&n.to_be_bytes());
    SubjectId::from_bytes(bytes)
}

/// The `n`-th change of a process: two rows of one subject, and a leaf that names it. Every tenth
/// claims a token for which other processes compete.
fn change(who: u32, n: u32) -> Change {
    let subject = subject(who, n);
    let mut value = [0; 16];
    value[..4].copy_from_slice(&n.to_be_bytes());
    value[4..8]
        .copy_from_slice(&if n.is_multiple_of(10) { who / SHARED } else { who }.to_be_bytes());
    value[8] = u8::from(n.is_multiple_of(10));
    let row = |kind: &'static str, tokens| Row {
        key: RowKey::only(subject, Name::fixed(kind)),
        class: Some(Name::fixed("account")),
        state: state::LIVE,
        held: false,
        anchor_at: Some(Timestamp::from_micros(i64::from(n))),
        due_at: None,
        version: 1,
        tokens,
        body: vec![7; 300],
    };
    let token = Token { index: Name::fixed("email"), value, unique: true };
    let rows = [row("profile.account", vec![token]), row("profile.billing", vec![])];
    let writes = rows.into_iter().map(|row| RowWrite { row, expect: Expect::Absent }).collect();
    let bytes = subject.as_bytes().to_vec();
    let leaf = NewLeaf { subject, at: Timestamp::from_micros(i64::from(n)), writes: true, bytes };
    Change { writes, leaves: vec![leaf], ..Change::default() }
}

/// Commits changes from many threads and prints where each came to stand.
fn work(path: &Path, who: u32, count: u32) {
    let store = open(path);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let store = &store;
            scope.spawn(move || {
                for n in (thread..count).step_by(THREADS as usize) {
                    let answer = wait(store.commit(change(who, n)));
                    let line = match answer {
                        Ok(done) => format!("at {} {}\n", done.leaves[0].number, subject(who, n)),
                        Err(error) if error.is(&NOT_UNIQUE) && n.is_multiple_of(10) => continue,
                        Err(error) => panic!("{error}"),
                    };
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            });
        }
    });
    wait(store.close()).unwrap();
}

/// This program again, in the test of this name.
fn child(test: &str, path: &Path, who: u32) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(FILE, path).env(WHO, who.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap()
}

/// What a child said, also if it was killed: the subjects with their places in the log.
fn answers(stdout: ChildStdout) -> Vec<(u64, SubjectId)> {
    let lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let answer = |line: String| {
        // The test program writes its own words on the same line before the first answer.
        let (_, answer) = line.split_once("at ")?;
        let (index, subject) = answer.split_once(' ')?;
        Some((index.parse().ok()?, SubjectId::parse(subject).ok()?))
    };
    lines.filter_map(answer).collect()
}

fn told() -> Option<(String, u32)> {
    Some((std::env::var(FILE).ok()?, std::env::var(WHO).ok()?.parse().unwrap()))
}

/// The log has no gap, its root is that of its leaves, and it states exactly the rows there are.
fn check(path: &Path, answered: &BTreeMap<u64, SubjectId>) -> usize {
    let store = open(path);
    let head = wait(store.status()).unwrap().unwrap().head;
    let leaves: Vec<StoredLeaf> = wait(store.leaves(1, 0, u64::MAX)).unwrap();
    assert_eq!(leaves.len() as u64, head.size);
    let (mut frontier, mut subjects) = (Frontier::new(), BTreeSet::new());
    for (n, leaf) in leaves.iter().enumerate() {
        assert_eq!(leaf.id.number, n as u64);
        let bytes = leaf.bytes.as_ref().unwrap();
        frontier.append(leaf_hash(bytes), |_| {});
        let subject = SubjectId::from_bytes(bytes.as_slice().try_into().unwrap());
        assert!(subjects.insert(subject), "a change happened twice");
    }
    assert_eq!(*frontier.root().as_bytes(), head.root);
    let nodes = wait(store.hashes(1, 8, 0, u64::MAX)).unwrap();
    assert_eq!(nodes.len() as u64, head.size / 256);

    let (mut rows, mut tokens) = (Vec::new(), 0);
    let mut after: Option<Cursor> = None;
    loop {
        let page = wait(store.scan(&Scan::All { kind: None }, after.as_ref(), 1_000)).unwrap();
        rows.extend(page.rows.iter().map(|row| row.key.subject));
        for row in page.rows.iter().filter(|row| !row.tokens.is_empty()) {
            let found = wait(store.lookup(&row.tokens[0].index, &[row.tokens[0].value])).unwrap();
            assert_eq!(found[0].len(), 1);
            assert_eq!(found[0][0].key, row.key);
            tokens += 1;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let stated: Vec<SubjectId> = subjects.iter().flat_map(|subject| [*subject; 2]).collect();
    assert_eq!(rows, stated);
    assert_eq!(tokens, subjects.len());
    for (index, subject) in answered {
        let leaf = &leaves[usize::try_from(*index).unwrap()];
        assert_eq!(leaf.bytes.as_deref(), Some(subject.as_bytes().as_slice()), "at {index}");
    }
    wait(store.close()).unwrap();
    leaves.len()
}

#[test]
fn a_killed_process_loses_nothing_that_it_answered() {
    if let Some((path, who)) = told() {
        return work(Path::new(&path), who, u32::MAX);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.db");
    marked(&path);
    let rng = SeededRng::new(11);
    let mut answered = BTreeMap::new();
    let mut size = 0;
    for round in 0..20u32 {
        let mut child =
            child("a_killed_process_loses_nothing_that_it_answered", &path, round * SHARED);
        let mut random = [0];
        rng.fill(&mut random);
        std::thread::sleep(Duration::from_millis(20 + u64::from(random[0])));
        child.kill().unwrap();
        for (index, subject) in answers(child.stdout.take().unwrap()) {
            assert_eq!(answered.insert(index, subject), None, "an index was given twice");
        }
        child.wait().unwrap();
        let now = check(&path, &answered);
        assert!(now >= size);
        size = now;
    }
    assert!(answered.len() > 20, "the children did something: {}", answered.len());
}

#[test]
fn four_processes_neither_fork_nor_gap_the_log() {
    let long = std::env::var("TACENDA_LONG").is_ok_and(|value| value == "1");
    let count: u32 = if long { 10_000 } else { 2_000 };
    if let Some((path, who)) = told() {
        return work(Path::new(&path), who, count);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("customers.db");
    marked(&path);
    let mut children: Vec<Child> = (0..SHARED)
        .map(|who| child("four_processes_neither_fork_nor_gap_the_log", &path, who))
        .collect();
    let readers: Vec<_> = children.iter_mut().map(|child| child.stdout.take().unwrap()).collect();
    let mut answered = BTreeMap::new();
    let threads: Vec<_> =
        readers.into_iter().map(|stdout| std::thread::spawn(move || answers(stdout))).collect();
    for thread in threads {
        for (index, subject) in thread.join().unwrap() {
            assert_eq!(answered.insert(index, subject), None, "an index was given twice");
        }
    }
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    // Of the changes that claimed a shared token, one in four happened.
    let shared = (count / 10) as usize;
    let expected = (count as usize - shared) * SHARED as usize + shared;
    assert_eq!(answered.len(), expected);
    assert_eq!(check(&path, &answered), expected);
}
