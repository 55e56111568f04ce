//! Processes that are killed while they register, amend, erase and sweep, again and again over the
//! same files.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use tacenda::{Amendment, SubjectId, Tacenda, block_on};
use tacenda_core::ports::KeyState;
use tacenda_core::row::state;
use tacenda_testkit::SeededRng;

use super::support::{Home, child, customer, note, open, role, shown, support, time};

const TEST: &str = "kill::a_killed_process_loses_nothing_and_leaves_nothing_half_done";
const ROUNDS: u64 = 30;
const ROUNDS_AT_MOST: u64 = 90;
/// Threads that have customers of their own; one more sweeps.
const THREADS: usize = 2;

/// Each round a child works until it is killed at a random moment; then the files are opened, and
/// everything that the child was told to have happened has happened, and nothing by halves.
#[test]
fn a_killed_process_loses_nothing_and_leaves_nothing_half_done() {
    if let Some((role, folder)) = role() {
        return work(&role, &folder);
    }
    let home = Home::new();
    drop(open(home.path()));
    let mut ledger = Ledger::default();
    let (mut cut, mut finished) = (0, 0);
    for round in 0..ROUNDS_AT_MOST {
        // A busy machine does less between two kills, and gets more rounds.
        let enough = finished > 50 && ledger.gone() > 50 && ledger.0.len() > 200;
        if round >= ROUNDS && enough {
            break;
        }
        let said = run_and_kill(round, home.path());
        cut += usize::from(said.iter().any(|line| line.starts_with("ready")));
        let before = ledger.erasures_begun();
        ledger.hear(&said);
        let t = open(home.path());
        assert_eq!(block_on(t.vault().destroys_under_way()).unwrap(), 0);
        assert_eq!(block_on(t.erasure().resume()).unwrap(), Vec::new());
        block_on(t.log().audit()).unwrap_or_else(|error| panic!("{}", shown(&error)));
        ledger.check(&t, round);
        finished += ledger.erasures_begun() - before;
        block_on(t.close()).unwrap();
    }
    assert!(cut >= 25, "{cut} children were killed at work");
    assert!(finished > 50 && ledger.gone() > 50, "{finished} {}", ledger.gone());
    assert!(ledger.0.len() > 200, "{}", ledger.0.len());
}

/// Starts a child, kills it some milliseconds after it has begun, and answers with what it said.
fn run_and_kill(round: u64, folder: &Path) -> Vec<String> {
    let mut command = child(TEST, &round.to_string(), folder);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let (lines, heard) = channel();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let reader = thread::spawn(move || {
        for line in stdout.lines() {
            lines.send(line.unwrap()).unwrap();
        }
    });
    let mut said: Vec<String> = Vec::new();
    while !said.iter().any(|line| line.starts_with("ready")) {
        said.push(heard.recv().expect("the child lives until it is killed"));
    }
    let mut random = [0; 8];
    tacenda_core::Rng::fill(&SeededRng::new(round), &mut random);
    thread::sleep(Duration::from_micros(20_000 + u64::from_le_bytes(random) % 400_000));
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(status.code().is_none(), "it was killed, and did not end by itself: {status}");
    reader.join().unwrap();
    said.extend(heard.iter());
    assert!(!said.iter().any(|line| line == "failed"), "a child failed by itself");
    said
}

/// What the parent knows of each customer, by address.
#[derive(Default)]
struct Ledger(BTreeMap<String, Known>);

#[derive(Default)]
struct Known {
    subject: Option<SubjectId>,
    /// Whether a sweep may take it.
    due: bool,
    /// What the note may be: the last that was acknowledged, and those tried since.
    notes: Vec<String>,
    erasure: Erasure,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Erasure {
    #[default]
    None,
    Begun,
    /// Acknowledged, or found done.
    Done,
}

impl Ledger {
    fn erasures_begun(&self) -> usize {
        self.0.values().filter(|known| known.erasure != Erasure::None).count()
    }

    fn gone(&self) -> usize {
        self.0.values().filter(|known| known.erasure == Erasure::Done).count()
    }

    fn hear(&mut self, said: &[String]) {
        for line in said {
            let words: Vec<&str> = line.split(' ').collect();
            let [event, email, rest @ ..] = words.as_slice() else { continue };
            if !email.contains('@') {
                continue;
            }
            let known = self.0.entry((*email).to_owned()).or_default();
            match (*event, rest) {
                ("registering", [due]) => {
                    (known.due, known.notes) = (*due == "due", vec!["n0".to_owned()]);
                }
                ("registered", [id]) => known.subject = Some(SubjectId::parse(id).unwrap()),
                ("amending", [note]) => known.notes.push((*note).to_owned()),
                ("amended", [note]) => known.notes = vec![(*note).to_owned()],
                ("erasing", []) => known.erasure = Erasure::Begun,
                ("erased", []) => known.erasure = Erasure::Done,
                _ => panic!("{line}"),
            }
        }
    }

    fn check(&mut self, t: &Tacenda, round: u64) {
        for (email, known) in &mut self.0 {
            if known.subject.is_none() {
                known.subject = Some(whole_or_not_at_all(t, email, known.due, round));
            }
            let subject = known.subject.unwrap();
            let live = nothing_half(t, subject);
            if live {
                assert!(known.erasure != Erasure::Done, "{email} is back");
                let note = note(t, subject).unwrap_or_else(|e| panic!("{email} {}", shown(&e)));
                assert!(known.notes.contains(&note), "{email} {note} {:?}", known.notes);
                known.notes = vec![note];
                // What was begun would have been finished: it never was.
                known.erasure = Erasure::None;
            } else {
                assert!(known.due || known.erasure != Erasure::None, "{email} is lost");
                let code = note(t, subject).unwrap_err().code();
                assert!(["vault.not_found", "vault.not_live"].contains(&code), "{email} {code}");
                known.erasure = Erasure::Done;
            }
        }
    }
}

/// A registration that was not acknowledged is there whole, or its address is free.
fn whole_or_not_at_all(t: &Tacenda, email: &str, due: bool, round: u64) -> SubjectId {
    match block_on(t.customers().read_by_email(email, "billing", &super::support::staff("billing")))
    {
        Ok(view) => {
            let seen = (view.get("email"), view.get("address"), view.get("card_last4"));
            assert_eq!(seen, (Some(email), Some("ul. Prosta 1"), Some("4242")), "round {round}");
            view.subject
        }
        Err(error) => {
            assert_eq!(error.code(), "vault.not_found", "{}", shown(&error));
            let request = request(t, email, due);
            block_on(t.customers().register(request, &support())).unwrap().subject()
        }
    }
}

/// A live row has its key and a destroyed key no row; whether the account is live.
fn nothing_half(t: &Tacenda, subject: SubjectId) -> bool {
    let rows = block_on(t.vault().outline(subject)).unwrap();
    let keys = block_on(t.vault().ports().keyring.keys_of(subject)).unwrap();
    assert_eq!(keys.len(), 3, "{subject}");
    for (key, key_state) in keys {
        let row = rows.iter().find(|row| row.class == key.class);
        let live = matches!(key_state, KeyState::Live(_));
        assert_eq!(row.is_some(), live, "{key:?}");
    }
    let state_of = |class: &str| rows.iter().find(|r| r.class == *class).map(|r| r.state.clone());
    let account = state_of("account");
    if account.is_none() {
        // What no law keeps goes with the account.
        assert_eq!(state_of("payment"), None);
        assert_ne!(state_of("billing"), Some(state::LIVE));
    }
    account.is_some()
}

/// A customer whose time is up (`due`), or one of today.
fn request(t: &Tacenda, email: &str, due: bool) -> tacenda::RegisterRequest {
    let mut request = customer(t, email, "n0");
    if due {
        request.registered_at = Some(time("2018-01-01T00:00:00Z"));
        request.last_login_at = Some(time("2019-01-01T00:00:00Z"));
    }
    request
}

fn work(round: &str, folder: &Path) {
    // A thread that fails ends the child before it is killed, and the test with it.
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |what| {
        say("failed");
        report(what);
        std::process::exit(1);
    }));
    let t = open(folder);
    say("ready");
    thread::scope(|scope| {
        scope.spawn(|| sweep(&t));
        for thread in 0..THREADS {
            let t = &t;
            let name = format!("r{round}t{thread}");
            scope.spawn(move || live(t, &name, u64::try_from(thread).unwrap()));
        }
    });
}

fn say(line: &str) {
    writeln!(std::io::stdout().lock(), "{line}").unwrap();
}

fn sweep(t: &Tacenda) {
    loop {
        let plan = block_on(t.retention().plan()).unwrap();
        let (confirmed, sweeps) = (Some(plan.digest), t.retention());
        tolerate(block_on(sweeps.sweep(confirmed, &support(), &mut |_| {})).map(|_| ()));
    }
}

/// What two threads that meet over one customer may be told, and nothing else.
fn tolerate(outcome: tacenda::Result<()>) -> bool {
    let met = [
        "store.conflict",
        "vault.not_found",
        "erasure.nothing_left",
        "keys.destroyed",
        "erasure.under_way",
        "sweep.not_confirmed",
        "erasure.scrub_blocked",
    ];
    match outcome {
        Ok(()) => true,
        Err(error) => {
            assert!(met.contains(&error.code()), "{}", shown(&error));
            false
        }
    }
}

fn live(t: &Tacenda, name: &str, seed: u64) {
    let random = SeededRng::new(seed);
    let mut mine: Vec<(String, SubjectId)> = Vec::new();
    for turn in 0.. {
        let mut bytes = [0; 2];
        tacenda_core::Rng::fill(&random, &mut bytes);
        let [kind, which] = bytes.map(usize::from);
        let (email, subject) = match mine.get(which % mine.len().max(1)) {
            Some((email, subject)) if kind >= 64 => (email.clone(), *subject),
            _ => {
                let email = format!("{name}n{turn}@example.org");
                let due = which % 3 == 0;
                say(&format!("registering {email} {}", if due { "due" } else { "fresh" }));
                let request = request(t, &email, due);
                let registered = block_on(t.customers().register(request, &support())).unwrap();
                say(&format!("registered {email} {}", registered.subject()));
                mine.push((email, registered.subject()));
                continue;
            }
        };
        if kind < 160 {
            let note = format!("n{turn}");
            say(&format!("amending {email} {note}"));
            let set = vec![t.customers().item("note", &note).unwrap()];
            let amendment = Amendment { set, ..Amendment::default() };
            if tolerate(block_on(t.customers().amend(subject, amendment, &support()))) {
                say(&format!("amended {email} {note}"));
            }
        } else {
            mine.retain(|(_, other)| *other != subject);
            say(&format!("erasing {email}"));
            if tolerate(block_on(t.erasure().erase(subject, &support())).map(|_| ())) {
                say(&format!("erased {email}"));
            }
        }
    }
}
