//! A process that sequences is stopped by a signal, at any moment, with all its connections open:
//! another takes over, and once it wakes up it forks nothing.
//!
//! The process is this test program again, told by an environment variable what to do.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use tacenda_core::ports::Store;
use tacenda_testkit::Cluster;

use crate::support::{INIT, change, check, open, subjects, wait};

const SCHEMA: &str = "TACENDA_TEST_SCHEMA";
const NAME: &str = "stopped::another_takes_over_from_a_process_that_is_stopped";

#[test]
fn another_takes_over_from_a_process_that_is_stopped() {
    let cluster = Cluster::shared();
    let url = cluster.url("postgres");
    if let Ok(schema) = std::env::var(SCHEMA) {
        write_for_ever(&url, &schema);
    }
    let schema = cluster.unique_name();
    let mut writer = Writer::start(&schema);
    let owner = || cluster.sql("postgres", &format!("SELECT owner FROM {schema}.log"));
    let (mut written, mut heads) = (BTreeSet::new(), Vec::new());
    written.extend(writer.next());
    let first = owner();
    for round in 0..8u32 {
        // Alone, it has the lease; where in its work it is stopped is left to chance.
        while owner() != first {
            written.extend(writer.next());
        }
        thread::sleep(Duration::from_millis(u64::from(round * 3)));
        writer.signal("STOP");
        let other = open(&url, &schema);
        let change = change(9, round, 2);
        written.extend(subjects(&change));
        let committed = wait(other.commit(change)).unwrap();
        assert_eq!(wait(other.places(&committed.leaves)).unwrap().len(), 3);
        assert_ne!(owner(), first, "nobody took over");
        heads.push(wait(other.status()).unwrap().unwrap().head);
        wait(other.close()).unwrap();
        writer.signal("CONT");
        written.extend(writer.next());
        // What was on its way when it was stopped is behind the next answer.
        written.extend(writer.next());
    }
    drop(writer);
    let store = open(&url, &schema);
    let there = check(&store, &heads);
    assert!(there.is_superset(&written), "an answered change is lost");
}

/// Each change is told once it has its places.
fn write_for_ever(url: &str, schema: &str) -> ! {
    let store = open(url, schema);
    wait(store.initialise(INIT)).unwrap();
    for n in 0.. {
        let committed = wait(store.commit(change(1, n, n % 4))).unwrap();
        wait(store.places(&committed.leaves)).unwrap();
        let mut out = std::io::stdout();
        writeln!(out, "wrote {n}").unwrap();
        out.flush().unwrap();
    }
    unreachable!("it is killed")
}

/// A process that writes and sequences. It is killed when this is dropped.
struct Writer {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Writer {
    fn start(schema: &str) -> Self {
        let mut program = Command::new(std::env::current_exe().unwrap());
        program.args([NAME, "--exact", "--nocapture"]).env(SCHEMA, schema);
        let mut child = program.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// Whom the next change that it tells of is about.
    fn next(&mut self) -> BTreeSet<tacenda_core::id::SubjectId> {
        let mut line = String::new();
        loop {
            line.clear();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "it ended");
            if let Some((_, n)) = line.trim().split_once("wrote ") {
                let n = n.parse().unwrap();
                return subjects(&change(1, n, n % 4)).into_iter().collect();
            }
        }
    }

    fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        kill.arg(format!("-{name}")).arg(self.child.id().to_string());
        assert!(kill.status().unwrap().success());
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // A process that is stopped is killed all the same.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
