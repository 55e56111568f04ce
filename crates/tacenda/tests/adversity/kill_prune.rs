//! Processes that are killed while they prune the log, again and again over the same files.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tacenda::store::sqlite::{SqliteOptions, SqliteStore};
use tacenda::{Actor, Name, SubjectId, Tacenda, block_on};
use tacenda_core::clock::Span;
use tacenda_core::leaf::Leaf;
use tacenda_core::ports::{LogPosition, Store as _, StoredLeaf};
use tacenda_core::row::{RowKey, state};
use tacenda_testkit::{SeededRng, StepClock};

use super::kill_jobs::ready;
use super::pruned::{clerk, count};
use super::support::{
    Home, NOW, builder, child, copy, customer, role, rows, shown, staff, support, time,
};

const TEST: &str = "kill_prune::a_killed_pruning_goes_on";
const CUSTOMERS: usize = 300;
/// How often each of them was read a year ago: more leaves than one page, and more than one
/// transaction of a pruning takes.
const READS: usize = 10;
/// How often a pruning is begun over fresh files, and how often at most it is killed until it is
/// let go on.
const PASSES: u64 = 8;
const PASSES_AT_MOST: u64 = 100;
const KILLS: usize = 3;

/// After each kill the log vouches for everything, wherever the process was; the last call ends it,
/// and no text is in any file.
#[test]
fn a_killed_pruning_goes_on() {
    if let Some((_, folder)) = role() {
        let t = open(&folder, true);
        ready();
        block_on(t.log().prune()).unwrap();
        return;
    }
    let home = Home::new();
    let start = home.folder("start");
    let subjects = a_year_ago(&start);
    let whole = prune_for(&copied(&home, &start, "whole"), Duration::MAX);
    let mut takes = whole.expect("nobody kills the first");
    let random = SeededRng::new(27);
    let mut met = Met::default();
    for pass in 0..PASSES_AT_MOST {
        if pass >= PASSES && met.enough() {
            break;
        }
        let folder = copied(&home, &start, &format!("pass{pass}"));
        for _ in 0..KILLS {
            let mut share = [0; 2];
            tacenda_core::Rng::fill(&random, &mut share);
            let moment = takes.mul_f64(f64::from(u16::from_le_bytes(share)) / 60_000.0);
            // A busy machine takes now more, now less.
            if prune_for(&folder, moment).is_some() {
                takes = takes.mul_f64(0.7);
                break;
            }
            if !met.note(&folder) {
                takes = takes.mul_f64(1.2);
            }
            let t = open(&folder, true);
            everything_is_there(&t, &subjects);
            block_on(t.close()).unwrap();
        }
        it_ends(&folder, &subjects);
        std::fs::remove_dir_all(folder).unwrap();
    }
    assert!(met.enough(), "{met:?}");
}

/// Where the killed processes were.
#[derive(Debug, Default)]
struct Met {
    /// Rows were stated again, and nothing had gone.
    carrying: usize,
    /// The mark was set, and the texts were to go.
    dropping: usize,
    /// Some of them had gone.
    partly: usize,
}

impl Met {
    const fn enough(&self) -> bool {
        self.carrying > 0 && self.dropping > 0 && self.partly > 0
    }

    /// Whether it had begun.
    fn note(&mut self, folder: &Path) -> bool {
        let store = SqliteStore::open(rows(folder), SqliteOptions::default()).unwrap();
        let mark = RowKey::only(SubjectId::CONTROLLER, Name::fixed("prune"));
        let mark = block_on(store.rows(&[mark])).unwrap().remove(0);
        let leaves = block_on(store.leaves(1, 0, u64::MAX)).unwrap();
        let gone = leaves.iter().filter(|leaf| leaf.bytes.is_none()).count();
        let is_pending = mark.as_ref().is_some_and(|mark| mark.state == state::PENDING);
        let carried = said(&leaves, "log.carried") > 0;
        self.carrying += usize::from(carried && mark.is_none());
        self.dropping += usize::from(is_pending);
        self.partly += usize::from(is_pending && gone > 0);
        assert!(mark.is_some() || gone == 0, "no text goes before the mark");
        assert!(!is_pending || said(&leaves, "log.texts_gone") == 0, "it says so at the end");
        carried
    }
}

fn said(leaves: &[StoredLeaf], action: &str) -> usize {
    let texts = leaves.iter().filter_map(|leaf| leaf.bytes.as_ref());
    texts.filter(|bytes| Leaf::decode(bytes).unwrap().action == *action).count()
}

/// A year ago, or now.
fn open(folder: &Path, now: bool) -> Tacenda {
    let clock = Arc::new(StepClock::standing(time(NOW)));
    if now {
        clock.advance(Span::days(370));
    }
    let opened = block_on(builder(folder).clock(clock).open());
    opened.unwrap_or_else(|error| panic!("{}", shown(&error)))
}

/// Customers who were read by a clerk a year ago; the clock is trusted now.
fn a_year_ago(folder: &Path) -> Vec<SubjectId> {
    let t = open(folder, false);
    let requests: Vec<_> =
        (0..CUSTOMERS).map(|n| customer(&t, &format!("c{n}@example.org"), "n0")).collect();
    let registered = block_on(t.vault().register_many(requests, &clerk(0))).unwrap();
    let subjects: Vec<_> = registered.into_iter().map(|one| one.unwrap().subject()).collect();
    for _ in 0..READS {
        for view in block_on(t.customers().read_many(&subjects, "account", &clerk(0))).unwrap() {
            view.unwrap_or_else(|error| panic!("{}", shown(&error)));
        }
    }
    block_on(t.close()).unwrap();
    let t = open(folder, true);
    block_on(t.vault().note_sweep(0, &Actor::system())).unwrap();
    block_on(t.close()).unwrap();
    assert!(count(folder, &[b'a'; 16]) > CUSTOMERS * READS, "the search finds the clerk");
    subjects
}

fn copied(home: &Home, start: &Path, name: &str) -> std::path::PathBuf {
    let folder = home.folder(name);
    copy(start, "", &folder);
    folder
}

/// A child that prunes, and is killed so long after it has begun; how long it took if it ended
/// before.
#[expect(clippy::disallowed_methods, reason = "how long until the kill; no clock of the data")]
fn prune_for(folder: &Path, moment: Duration) -> Option<Duration> {
    let mut child = child(TEST, "work", folder).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("ready") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "the child lives until it is killed");
    }
    let begun = Instant::now();
    if moment == Duration::MAX {
        // Until it ends, which closes its output.
        said.read_to_string(&mut line).unwrap();
    } else {
        thread::sleep(moment);
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    assert!(status.code().is_none_or(|code| code == 0), "it failed by itself: {status}");
    status.code().map(|_| begun.elapsed())
}

fn everything_is_there(t: &Tacenda, subjects: &[SubjectId]) {
    block_on(t.log().audit()).unwrap_or_else(|error| panic!("{}", shown(&error)));
    let some: Vec<_> = subjects.iter().step_by(29).copied().collect();
    let views = block_on(t.customers().read_many(&some, "billing", &staff("billing"))).unwrap();
    for view in views {
        let view = view.unwrap_or_else(|error| panic!("{}", shown(&error)));
        let seen = ["address", "country", "card_last4"].map(|item| view.get(item));
        assert_eq!(seen, [Some("ul. Prosta 1"), Some("PL"), Some("4242")]);
    }
}

fn it_ends(folder: &Path, subjects: &[SubjectId]) {
    let t = open(folder, true);
    let pruned = block_on(t.log().prune()).unwrap_or_else(|error| panic!("{}", shown(&error)));
    let before = pruned.before.expect("leaves were old");
    assert_eq!(count(folder, &[b'a'; 16]), 0, "no text is in any file");
    assert_eq!(block_on(t.log().prune()).unwrap().leaves, 0);
    let store = &t.vault().ports().store;
    let leaves = block_on(store.leaves(1, 0, u64::MAX)).unwrap();
    let is_old = |leaf: &&StoredLeaf| {
        leaf.position.unwrap() < LogPosition { epoch: 1, ..before } && leaf.bytes.is_some()
    };
    let kept: Vec<_> = leaves.iter().filter(is_old).cloned().collect();
    assert_eq!(kept.len(), said(&kept, "policy.adopted"));
    let gone = leaves.iter().filter(|leaf| leaf.bytes.is_none()).count();
    assert!(gone > CUSTOMERS * READS, "{gone}");
    assert_eq!((said(&leaves, "log.pruned"), said(&leaves, "log.texts_gone")), (1, 1));
    everything_is_there(&t, subjects);
    let audit = block_on(t.log().audit()).unwrap();
    assert_eq!(audit.pruned, gone as u64);
    assert!(block_on(t.customers().read(subjects[0], "account", &support())).is_ok());
    block_on(t.close()).unwrap();
}
