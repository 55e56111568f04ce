//! Whole runs of the example over a folder of their own.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../lifecycle/dated.rs"]
mod dated;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tacenda::import::{Mapping, import_csv_with};
use tacenda::{Actor, ActorId, MasterKeySource, Name, SubjectId, Tacenda, Timestamp, block_on};

const POLICY: &str = include_str!("../glpi-network-cloud/privacy.toml");
const HEADER: &str = "email,password_sha256,first_name,address,country,plan,payment,card_token,\
                      card_last4,registered_at,last_login_at\n";
/// The SHA-256 of no password that anybody knows.
const DIGEST: &str = "9de4910d00c76071629c8e9a1770019af58c988110a9ce76fd11bd2a7ed78411";
/// Refused, each for one value. The values are looked for in what is printed.
const REFUSED: [(&str, &str, &str); 5] = [
    ("nobody.at.canary", "email", "pii.email_at"),
    ("pay with 4242 4242 4242 4242", "address", "guard.card_number"),
    ("Ruritania", "country", "pii.country_unknown"),
    ("canary-plan", "plan", "import.unknown_word"),
    ("2024-02-30T10:11:12Z", "registered_at", "time.malformed"),
];

/// What a run said and how it ended.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn lifecycle(args: &[&dyn AsRef<std::ffi::OsStr>]) -> Said {
    let deps = std::env::current_exe().unwrap();
    let program = deps.ancestors().nth(2).unwrap().join("examples/lifecycle");
    assert!(program.exists(), "build it with `cargo build --examples`");
    let output = Command::new(program).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A folder with a policy and a file of customers: three good, one repeated, five refused.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        let line = |email: &str, address: &str, country: &str, plan: &str, registered: &str| {
            let card = if plan == "paid" { "card,pm_kgnhxsyrdbqwc,4242" } else { "none,," };
            let history = format!("{registered},2026-10-01T10:00:00Z");
            format!("{email},{DIGEST},Canaria,{address},{country},{plan},{card},{history}\n")
        };
        let then = "2024-05-01T10:00:00Z";
        let [email, address, country, plan, time] = REFUSED.map(|(value, _, _)| value);
        let lines = [
            line("paid@canary.example", "Lindenweg 4", "DE", "paid", then),
            line(email, "Lindenweg 4", "DE", "free", then),
            line("c@canary.example", address, "DE", "free", then),
            line("free@canary.example", "Lindenweg 4", "DE", "free", then),
            line("d@canary.example", "Lindenweg 4", country, "free", then),
            line("e@canary.example", "Lindenweg 4", "DE", plan, then),
            line("f@canary.example", "Lindenweg 4", "DE", "free", time),
            line("FREE@canary.example", "Lindenweg 4", "DE", "free", then),
            line("last@canary.example", "Lindenweg 4", "DE", "paid", then),
        ];
        fs::write(world.path("customers.csv"), format!("{HEADER}{}", lines.concat())).unwrap();
        fs::write(world.path("privacy.toml"), POLICY).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, more: &[&str]) -> Said {
        let (customers, policy) = (self.path("customers.csv"), self.path("privacy.toml"));
        let (data, report, receipt) =
            (self.path("data"), self.path("report.csv"), self.path("receipt"));
        let mut args: Vec<&dyn AsRef<std::ffi::OsStr>> = vec![
            &"--customers",
            &customers,
            &"--policy",
            &policy,
            &"--data",
            &data,
            &"--report",
            &report,
            &"--receipt",
            &receipt,
        ];
        args.extend(more.iter().map(|arg| arg as &dyn AsRef<std::ffi::OsStr>));
        lifecycle(&args)
    }

    fn open(&self) -> Tacenda {
        let data = self.path("data");
        let builder = Tacenda::builder()
            .policy_file(self.path("privacy.toml"))
            .sqlite(data.join("customers.db"), data.join("keys.db"))
            .master_key(MasterKeySource::File(data.join("master.key")));
        block_on(builder.open()).unwrap()
    }
}

/// The length of the log, and the keys that are alive.
fn written(t: &Tacenda) -> (u64, usize) {
    let ports = t.vault().ports();
    let size = block_on(ports.store.status()).unwrap().unwrap().head.size;
    (size, block_on(ports.keyring.live_keys(None, 10_000)).unwrap().len())
}

fn subjects(t: &Tacenda) -> BTreeSet<SubjectId> {
    block_on(t.customers().page(None, 10_000)).unwrap().into_iter().collect()
}

fn verify(receipt: &Path, keys: &Path) -> Said {
    lifecycle(&[&"verify", &receipt, &keys])
}

#[test]
fn a_whole_run_and_another_over_the_same_folder() {
    let world = World::new();
    let first = world.run(&[]);
    assert_eq!(first.code, Some(0), "{}{}", first.out, first.err);
    let mut expected = "record,verdict,field,code\n1,accepted,,\n".to_owned();
    let refused = |n: usize| format!("refused,{},{}", REFUSED[n].1, REFUSED[n].2);
    for (record, verdict) in [
        (2, refused(0)),
        (3, refused(1)),
        (4, "accepted,,".to_owned()),
        (5, refused(2)),
        (6, refused(3)),
        (7, refused(4)),
        (8, "refused,email,vault.not_unique".to_owned()),
        (9, "accepted,,".to_owned()),
    ] {
        writeln!(expected, "{record},{verdict}").unwrap();
    }
    assert_eq!(fs::read_to_string(world.path("report.csv")).unwrap(), expected);
    let mut files: Vec<_> = fs::read_dir(world.path("data"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["customers.db", "keys.db", "log.vkey", "master.key"]);
    for said in [
        "3 accepted (0 of them known",
        "3 bare SHA-256 digests, sealed; 3 of them wrapped",
        "0 bare, 3 wrapped",
        "received from the account, to be answered by 2",
        "partly refused: laws keep ",
        "answered, with complaint and court; the address for it is gone",
        "card ending 4242: debited once",
        "card ending 0341: declined, and found again by its last four",
        "invoices        kept for Code de commerce L123-22 al. 2, until 2",
        "the customer and both cards are deleted there",
        "a dispute that comes now finds its debit, and brings nobody back",
    ] {
        assert!(first.out.contains(said), "{said}: {}", first.out);
    }

    let t = world.open();
    let (before, customers) = (written(&t), subjects(&t));
    // Whoever pays has been invoiced: so the mapping of the example says.
    let dpo = Actor::staff(ActorId::from_bytes([1; 16]), Name::fixed("dpo"));
    let seen = block_on(t.customers().read_page(None, 100, "accounting", &dpo)).unwrap();
    let given = seen.views.iter().filter(|(_, view)| view.is_ok()).count();
    assert_eq!((given, seen.views.len()), (2, 3));
    let before = (written(&t).0, before.1);
    let me = Actor::staff(ActorId::from_bytes([2; 16]), Name::fixed("billing"));
    let mapping = Mapping::paid_means(["paid offer", "invoiced"].map(Name::fixed));
    let file = fs::File::open(world.path("customers.csv")).unwrap();
    let again = block_on(import_csv_with(&t, file, &mapping, &me, &mut |_| Ok(()))).unwrap();
    assert_eq!((again.known(), again.accepted(), again.refused()), (3, 3, 6));
    assert_eq!(written(&t), before, "the same file a second time writes nothing");
    block_on(t.close()).unwrap();

    let second = world.run(&[]);
    assert_eq!(second.code, Some(0), "{}{}", second.out, second.err);
    assert!(
        second
            .out
            .contains("3 accepted (3 of them known already and not written again), 6 refused")
    );
    assert_eq!(fs::read_to_string(world.path("report.csv")).unwrap(), expected);
    let t = world.open();
    assert!(subjects(&t).is_superset(&customers));
    // The customer of the run itself and the next with the address came and went; of the one who was
    // invoiced the law keeps a class under one key, and the files of the request, of the hold and of both
    // objections have another each. The breach has one, its test letter, and of each whom it affects, the
    // three of the file and the customer of the run, the place on the list, the hold and the letter. Who
    // paid, two debits, two events and an invoice have one each.
    assert_eq!(written(&t).1, before.1 + 5 + 2 + 4 * 3 + 6, "no other key was made");
    block_on(t.close()).unwrap();

    for said in [first, second] {
        for value in REFUSED.map(|(value, _, _)| value).into_iter().chain(["canary.example"]) {
            assert!(!said.out.contains(value) && !said.err.contains(value), "{value}");
        }
    }
}

#[test]
fn a_receipt_is_verified_by_its_own_key_and_to_the_last_character() {
    let (world, other) = (World::new(), World::new());
    assert_eq!((world.run(&[]).code, other.run(&[]).code), (Some(0), Some(0)));
    let (receipt, keys) = (world.path("receipt"), world.path("data/log.vkey"));
    let good = verify(&receipt, &keys);
    assert_eq!(good.code, Some(0), "{}", good.err);
    assert!(good.out.starts_with("the receipt is genuine") && good.out.contains("erasure.done"));
    assert_eq!(verify(&receipt, &other.path("data/log.vkey")).code, Some(1));
    assert_eq!(verify(&other.path("receipt"), &keys).code, Some(1));
    let missing = verify(&world.path("nothing"), &keys);
    assert_eq!(missing.code, Some(1));
    assert!(missing.err.contains("the file of RECEIPT: "), "{}", missing.err);
    assert_eq!(lifecycle(&[&"verify", &receipt]).code, Some(2));

    let text = fs::read_to_string(&receipt).unwrap();
    let altered = world.path("altered");
    let places: Vec<_> = text.char_indices().collect();
    // Every twentieth character, and the last ones, among which is the signature.
    let steps = (0..places.len()).step_by(20).chain(places.len() - 12..places.len() - 3);
    for (at, c) in steps.map(|n| places[n]) {
        let wrong = if c == 'A' { 'B' } else { 'A' };
        let rest = &text[at + c.len_utf8()..];
        fs::write(&altered, format!("{}{wrong}{rest}", &text[..at])).unwrap();
        let said = verify(&altered, &keys);
        assert_eq!(said.code, Some(1), "the character at {at}");
        assert!(said.out.is_empty(), "nothing is said of what was not verified");
    }
}

#[test]
fn a_master_key_that_is_lost_is_missed_and_not_replaced() {
    let world = World::new();
    assert_eq!(world.run(&[]).code, Some(0));
    let key = world.path("data/master.key");
    fs::remove_file(&key).unwrap();
    let said = world.run(&[]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("keys.no_master_key"), "{}", said.err);
    assert!(!key.exists());
}

#[test]
fn a_run_that_was_stopped_does_not_stop_the_next() {
    let world = World::new();
    assert_eq!(world.run(&[]).code, Some(0));
    let t = world.open();
    let me = Actor::staff(ActorId::from_bytes([2; 16]), Name::fixed("billing"));
    let request = tacenda::RegisterRequest {
        items: vec![t.customers().item("email", "lifecycle@tacenda.example").unwrap()],
        password: Some(tacenda::NewPassword::plain("another sentence that nobody knows").unwrap()),
        ..tacenda::RegisterRequest::default()
    };
    block_on(t.customers().register(request, &me)).unwrap();
    block_on(t.close()).unwrap();
    let said = world.run(&[]);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
}

#[test]
fn a_sweep_that_is_too_large_waits_for_its_very_plan() {
    let world = World::new();
    let mut file = "email,password_sha256,registered_at,closed_at\n".to_owned();
    for n in 0..30 {
        let (year, closed) = if n < 25 { (2001, "2002-01-01T00:00:00Z") } else { (2026, "") };
        writeln!(file, "c{n}@canary.example,{DIGEST},{year}-01-01T00:00:00Z,{closed}").unwrap();
    }
    fs::write(world.path("customers.csv"), file).unwrap();
    let said = world.run(&[]);
    assert_eq!(said.code, Some(3), "{}{}", said.out, said.err);
    assert!(said.out.contains("25 due") && said.out.contains("left for a person"));
    let receipt = verify(&world.path("receipt"), &world.path("data/log.vkey"));
    assert_eq!(receipt.code, Some(0), "all else is done");
    let digest = said.err.rsplit(' ').next().unwrap().trim();
    let mut other = digest.to_owned();
    let first = if other.remove(0) == '0' { '1' } else { '0' };
    other.insert(0, first);
    assert_eq!(world.run(&["--confirm", &other]).code, Some(3));
    assert_eq!(world.run(&["--confirm", "00"]).code, Some(2));
    let said = world.run(&["--confirm", digest]);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    assert!(said.out.contains("swept 25 subjects"));
}

#[test]
fn the_shipped_records_never_age() {
    let at = |time| Timestamp::parse_rfc3339(time).unwrap();
    let text = "a,2023-04-18,2023-04-18T22:05:15Z,,2024-02-30T10:00:00Z,12/29,96825";
    assert_eq!(dated::dated(text, at("2026-11-01T23:59:59Z")), text);
    let later = "a,2026-04-18,2026-04-18T22:05:15Z,,2024-02-30T10:00:00Z,12/29,96825";
    assert_eq!(dated::dated(text, at("2029-11-01T00:00:00Z")), later);
    let before = "a,2023-04-17,2023-04-17T22:05:15Z,,2024-02-30T10:00:00Z,12/29,96825";
    assert_eq!(dated::dated(text, at("2026-10-31T12:00:00Z")), before);
    let shipped = include_str!("../lifecycle/customers.csv");
    let moved = dated::dated(shipped, at("2046-01-01T00:00:00Z"));
    let newest = moved.split(',').filter(|field| field.ends_with('Z')).max().unwrap();
    assert!(newest.starts_with("2045-12"), "{newest}");
}
