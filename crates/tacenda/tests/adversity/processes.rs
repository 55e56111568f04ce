//! Four processes with many changes each on one database.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::thread;

use tacenda::{Amendment, NewPassword, SubjectId, Tacenda, block_on};
use tacenda_core::leaf::Leaf;
use tacenda_core::log::{Checkpoint, Frontier, parse_vkeys};
use tacenda_core::password::Password;

use super::support::{Home, child, customer, note, open, role, shown, support};

const TEST: &str = "processes::four_processes_never_fork_or_gap_the_log";
const PROCESSES: usize = 4;
/// So that commits of one process share a flush, as they do in a service.
const THREADS: usize = 8;

/// Changes of each process.
const CHANGES: usize = 10_000;

/// They make the database together, and then register, amend, read and log in at once: customers
/// of their own, addresses that all of them want, and one customer that all of them change.
#[test]
fn four_processes_never_fork_or_gap_the_log() {
    if let Some((role, folder)) = role() {
        return work(&role, &folder);
    }
    let home = Home::new();
    let file = |process: usize| home.path().join(format!("said.{process}"));
    let children: Vec<_> = (0..PROCESSES)
        .map(|process| {
            let mut command = child(TEST, &process.to_string(), home.path());
            command.stdout(File::create(file(process)).unwrap()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let said: String = (0..PROCESSES).map(|n| fs::read_to_string(file(n)).unwrap()).collect();
    let words: Vec<Vec<&str>> = said.lines().map(|line| line.split(' ').collect()).collect();
    let of = |kind| words.iter().filter(move |words| words[0] == kind).map(|words| &words[1..]);

    let t = open(home.path());
    let audit = block_on(t.log().audit()).unwrap();
    let leaves = leaves(&t);
    assert_eq!(audit.leaves, leaves.len() as u64);
    let adopted = leaves.iter().filter(|leaf| leaf.action == *"policy.adopted").count();
    assert!((1..=PROCESSES).contains(&adopted), "{adopted}");
    let stated: usize = of("changes").map(|words| words[0].parse::<usize>().unwrap()).sum();
    assert!(stated >= PROCESSES * (CHANGES / THREADS) * THREADS, "{stated}");
    assert_eq!(leaves.len(), stated + adopted, "each change has its leaf, and there are no others");

    let mut owners = BTreeMap::new();
    for words in of("registered") {
        let taken = owners.insert(words[0], SubjectId::parse(words[1]).unwrap());
        assert_eq!(taken, None, "an address has one owner");
    }
    assert_eq!(audit.rows, 3 * owners.len() as u64 + 1, "and the policy's");
    let lost: BTreeSet<_> = of("lost").map(|words| words[0]).collect();
    assert!(lost.len() > THREADS, "{}", lost.len());
    assert!(lost.iter().all(|email| owners.contains_key(email)), "somebody else has it");
    let distinct: BTreeSet<_> = owners.values().collect();
    assert_eq!(distinct.len(), owners.len());
    for (email, subject) in owners.iter().step_by(50) {
        let view = block_on(t.customers().read_by_email(email, "account", &support())).unwrap();
        assert_eq!(view.subject, *subject);
    }
    for words in of("noted") {
        assert_eq!(note(&t, SubjectId::parse(words[0]).unwrap()).unwrap(), words[1]);
    }
    checkpoints_agree(&t, of("checkpoint").map(|words| words.join(" ")));
}

/// Every checkpoint that any process signed is the root of the log at its size.
fn checkpoints_agree(t: &Tacenda, signed: impl Iterator<Item = String>) {
    let keys = parse_vkeys(&block_on(t.log().verifier_keys()).unwrap()).unwrap();
    let store = &t.vault().ports().store;
    let size = block_on(store.status()).unwrap().unwrap().head.size;
    let mut tree = Frontier::new();
    let mut roots = vec![tree.root()];
    for hash in block_on(store.hashes(1, 0, 0, size)).unwrap() {
        tree.append(hash.into(), |_| {});
        roots.push(tree.root());
    }
    let mut count = 0;
    for text in signed {
        let checkpoint = Checkpoint::open(&text.replace('|', "\n"), &keys).unwrap();
        assert_eq!(checkpoint.root, roots[usize::try_from(checkpoint.size).unwrap()]);
        count += 1;
    }
    assert!(count >= PROCESSES * THREADS, "{count}");
}

fn leaves(t: &Tacenda) -> Vec<Leaf> {
    let stored = block_on(t.vault().ports().store.leaves(1, 0, u64::MAX)).unwrap();
    for (index, leaf) in stored.iter().enumerate() {
        assert_eq!(leaf.id.number, index as u64, "no gap");
    }
    stored.iter().map(|leaf| Leaf::decode(leaf.bytes.as_ref().unwrap()).unwrap()).collect()
}

fn work(process: &str, folder: &Path) {
    let t = open(folder);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let t = &t;
            scope.spawn(move || Worker::new(t, process, thread).run(CHANGES / THREADS));
        }
    });
    block_on(t.close()).unwrap();
}

fn say(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").unwrap();
}

/// One thread of one process.
struct Worker<'a> {
    t: &'a Tacenda,
    name: String,
    thread: usize,
    mine: Vec<SubjectId>,
    last: Option<(SubjectId, String)>,
    changes: usize,
}

impl<'a> Worker<'a> {
    fn new(t: &'a Tacenda, process: &str, thread: usize) -> Self {
        let name = format!("p{process}t{thread}");
        Self { t, name, thread, mine: Vec::new(), last: None, changes: 0 }
    }

    fn run(mut self, quota: usize) {
        let mut turn = 0;
        while self.changes < quota {
            match turn % 10 {
                0 | 5 => self.register(&format!("{}n{turn}@example.org", self.name), turn == 0),
                1 => self.register(&format!("wanted{}n{turn}@example.org", self.thread), false),
                2 | 3 => self.amend(turn),
                4 => self.amend_the_common_one(turn),
                _ => self.read(turn),
            }
            if turn % 100 == 7 && self.changes + 2 <= quota {
                self.log_in();
            }
            if turn % 60 == 59 {
                let text = block_on(self.t.log().checkpoint()).unwrap();
                say(&format!("checkpoint {}", text.replace('\n', "|")));
            }
            turn += 1;
        }
        if let Some((subject, note)) = &self.last {
            say(&format!("noted {subject} {note}"));
        }
        say(&format!("changes {}", self.changes));
    }

    fn password(&self) -> String {
        format!("the password of {}", self.name)
    }

    fn register(&mut self, email: &str, with_password: bool) {
        let mut request = customer(self.t, email, "as-registered");
        if with_password {
            let password = Password::parse(&self.password()).unwrap();
            request.password = Some(NewPassword::Plain(password));
        }
        match block_on(self.t.customers().register(request, &support())) {
            Ok(registered) => {
                say(&format!("registered {email} {}", registered.subject()));
                if !email.starts_with("wanted") {
                    self.mine.push(registered.subject());
                }
                self.changes += 1;
            }
            Err(error) if email.starts_with("wanted") && error.code() == "vault.not_unique" => {
                say(&format!("lost {email}"));
            }
            Err(error) => panic!("{}", shown(&error)),
        }
    }

    fn amend(&mut self, turn: usize) {
        let subject = self.mine[turn / 10 % self.mine.len()];
        let note = format!("{}n{turn}", self.name);
        self.set_note(subject, &note).unwrap_or_else(|error| panic!("{}", shown(&error)));
        self.changes += 1;
        self.last = Some((subject, note));
    }

    fn set_note(&self, subject: SubjectId, note: &str) -> tacenda::Result<()> {
        let set = vec![self.t.customers().item("note", note).unwrap()];
        let amendment = Amendment { set, ..Amendment::default() };
        block_on(self.t.customers().amend(subject, amendment, &support()))
    }

    /// The customer of the very first address that all want is changed by all.
    fn amend_the_common_one(&mut self, turn: usize) {
        let email = format!("wanted{}n1@example.org", self.thread);
        let read = block_on(self.t.customers().read_by_email(&email, "account", &support()));
        let subject = read.unwrap_or_else(|error| panic!("{}", shown(&error))).subject;
        self.changes += 1;
        match self.set_note(subject, &format!("{}n{turn}", self.name)) {
            Ok(()) => self.changes += 1,
            Err(error) => assert_eq!(error.code(), "store.conflict", "{}", shown(&error)),
        }
    }

    fn read(&mut self, turn: usize) {
        let subject = self.mine[turn % self.mine.len()];
        note(self.t, subject).unwrap_or_else(|error| panic!("{}", shown(&error)));
        self.changes += 1;
    }

    fn log_in(&mut self) {
        let email = format!("{}n0@example.org", self.name);
        block_on(self.t.customers().login(&email, &self.password())).unwrap();
        let wrong = block_on(self.t.customers().login(&email, "not the password"));
        assert_eq!(wrong.unwrap_err().code(), "login.refused");
        self.changes += 2;
    }
}
