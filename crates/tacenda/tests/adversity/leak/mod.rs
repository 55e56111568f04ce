//! Canaries through a whole life, looked for in every file and every printed word.

mod forms;
mod held;
mod life;
mod paid;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::support::{Home, MASTER, child, role};
use forms::{Scan, forms};
use life::{csv, live};

const TEST: &str = "leak::no_value_is_found_in_any_file_or_output";
const SEALED: &str = "leak::no_account_number_is_found_where_the_policy_has_it_sealed";

/// Values of items that admit 8 bytes and more; those of a customer of the file.
const IMPORTED: [(&str, &str); 12] = [
    ("email", "canary.imported@birch.example"),
    ("company", "Kanarienvogel Handels GmbH"),
    ("first_name", "Quetzalina"),
    ("last_name", "Łuszczykiewicz-Żółć"),
    ("address", "Sonnenblumenallee 4711b"),
    ("postal_code", "QX77412ZW"),
    ("city", "Bad Kanarstadtbrück"),
    ("vat_number", "FR01412173916"),
    ("iban", "DE92905195444751109569"),
    ("mandate_reference", "KANARI-000777"),
    ("mandate_signed_on", "2019-02-13"),
    ("locale", "tlh-Latn-x-canary"),
];
/// The customer who pays by card, and whose time is up.
const DUE: [(&str, &str); 5] = [
    ("email", "canary.due@rowan.example"),
    ("first_name", "Wolframine"),
    ("last_name", "Überkanarius"),
    ("card_token", "tok_canary9f3b2c7d"),
    ("decline_code", "canary_do_not_honour"),
];
/// What the file holds of records that are refused.
const REFUSED: [(&str, &str); 4] = [
    ("email", "canary at nowhere example"),
    ("vat_number", "FR99987654321"),
    ("company", "pay with 4242 4242 4242 4242"),
    ("first_name", "Ctrl\u{7}Kanarienkind"),
];
/// The customer who registers, logs in, amends and is erased.
const ITEMS: [(&str, &str); 8] = [
    ("email", "Canary.Register@Elm.example"),
    ("company", "Spatzenwerke Ltd"),
    ("first_name", "Zephyrina"),
    ("last_name", "Montgolfière"),
    ("address", "rue de l'Épervier 314"),
    ("postal_code", "ZK40021QP"),
    ("city", "Oiseauville-sur-Mer"),
    ("language", "eo-canarian"),
];
const AMENDED: [(&str, &str); 2] =
    [("address", "quai des Hirondelles 271"), ("email", "canary.amended@elm.example")];
/// What a data subject's request holds.
const ASKED: [(&str, &str); 3] = [
    ("model", "the model of a canary's request"),
    ("reply_to", "canary.reply@hazel.example"),
    ("words", "delete my cerulean plumage, and the card 5555 5555 5555 4444"),
];
/// Why something was held, and kept from use.
const HELD: [(&str, &str); 6] = [
    ("hold", "a lawsuit about the vermilion aviary"),
    ("review", "the vermilion aviary is in dispute still"),
    ("restriction", "contests the hue of her aviary"),
    ("staff name", "Ottoline Featherstone-Aviarist"),
    ("staff address", "ottoline.warden@vermilion.example"),
    ("revocation", "left with the keys of the vermilion aviary"),
];
/// By what somebody paid: what stands in the provider's references, and what they are asked for.
const PAID: [(&str, &str); 6] = [
    ("provider", "canarypurse"),
    ("decline code", "canary_moulting"),
    ("debit", "canary-seed-subscription"),
    ("event", "evt_canaryfellsilent"),
    ("invoice", "CANARY/SEED/0815"),
    ("document", "forty sacks of amaranthine birdseed"),
];
const PASSWORD: &str = "correct canary battery staple";
const WRONG_PASSWORD: &str = "wrong canary battery staple";
const LEGACY_PASSWORD: &str = "the legacy canary password";

fn sha256(text: &str) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

/// Everything that must not be found, by what it is.
fn canaries() -> BTreeMap<String, Vec<u8>> {
    let lists: [(&str, &[(&str, &str)]); 8] = [
        ("imported", &IMPORTED),
        ("due", &DUE),
        ("refused", &REFUSED),
        ("registered", &ITEMS),
        ("amended", &AMENDED),
        ("asked", &ASKED),
        ("held", &HELD),
        ("paid", &PAID),
    ];
    let items = lists.iter().flat_map(|(of, list)| {
        list.iter().map(move |(item, text)| (format!("{of} {item}"), text.as_bytes().to_vec()))
    });
    let mut all: BTreeMap<_, _> = items.collect();
    for (of, text) in [("right", PASSWORD), ("wrong", WRONG_PASSWORD), ("legacy", LEGACY_PASSWORD)]
    {
        all.insert(format!("{of} password"), text.as_bytes().to_vec());
        all.insert(format!("{of} password, SHA-256"), sha256(text));
    }
    // The part before the @ alone, and a card number without its blanks.
    all.insert("local part".to_owned(), b"canary.register".to_vec());
    all.insert("card number".to_owned(), b"4242424242424242".to_vec());
    all.insert("words".to_owned(), b"cerulean plumage".to_vec());
    all.insert("card in words".to_owned(), b"5555 5555 5555 4444".to_vec());
    all.insert("master key".to_owned(), STANDARD.decode(MASTER).unwrap());
    all
}

#[test]
fn the_scan_finds_every_canary_in_every_form() {
    let canaries = canaries();
    let scan = Scan::new(&canaries);
    for (name, value) in &canaries {
        for (form, bytes) in forms(value) {
            let hidden = [b"\x00\xff noise ".as_slice(), &bytes, b"\x01 more"].concat();
            assert!(
                scan.find(&hidden).contains(format!("{name}, {form}").as_str()),
                "{name} {form}"
            );
        }
    }
    // As strangers would write it: base64 of a record, upper case, a piece of UTF-16.
    let record = format!("id=7;name={};x", IMPORTED[3].1);
    assert!(!scan.find(STANDARD.encode(record).as_bytes()).is_empty());
    assert!(!scan.find(b"CANARY.REGISTER@ELM.EXAMPLE").is_empty());
    assert_eq!(scan.find(&[0x42; 4096]), BTreeSet::new());

    // In the file of a database, where a value of a row stands beside others.
    let home = Home::new();
    let path = home.path().join("plain.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    database.execute_batch("CREATE TABLE t (a BLOB, b TEXT)").unwrap();
    for value in canaries.values() {
        database.execute("INSERT INTO t VALUES (?1, 'x')", [value]).unwrap();
    }
    database.close().unwrap();
    let found = scan.find(&fs::read(path).unwrap());
    for name in canaries.keys() {
        assert!(found.contains(format!("{name}, as it is").as_str()), "{name}");
    }
}

#[test]
fn no_value_is_found_in_any_file_or_output() {
    if let Some((_, folder)) = role() {
        return live(&folder, false);
    }
    look_into_a_life(TEST);
}

#[test]
fn no_account_number_is_found_where_the_policy_has_it_sealed() {
    if let Some((_, folder)) = role() {
        return live(&folder, true);
    }
    look_into_a_life(SEALED);
}

fn look_into_a_life(test: &str) {
    let home = Home::new();
    let (out, input) = (home.folder("out"), home.folder("in"));
    fs::write(input.join("customers.csv"), csv()).unwrap();
    let mut life: Command = child(test, "live", home.path());
    life.stdout(File::create(out.join("stdout")).unwrap());
    life.stderr(File::create(out.join("stderr")).unwrap());
    let ended = life.status().unwrap();
    let said = fs::read_to_string(out.join("stderr")).unwrap();
    assert!(ended.success(), "{said}");

    let canaries = canaries();
    let scan = Scan::new(&canaries);
    // The control: the file that was imported holds what is looked for.
    let input = fs::read(input.join("customers.csv")).unwrap();
    for (item, _) in IMPORTED {
        let name = format!("imported {item}, as it is");
        assert!(scan.find(&input).contains(name.as_str()), "{name}");
    }
    let (mut bytes, mut names) = (0, BTreeSet::new());
    for (name, content) in every_file(&out) {
        assert_eq!(scan.find(&content), BTreeSet::new(), "in {name}");
        bytes += content.len();
        names.insert(name.rsplit('/').next().unwrap().to_owned());
    }
    for name in ["customers.db", "customers.db-wal", "customers.db-shm", "keys.db", "keys.db-wal"] {
        assert!(names.contains(name), "{name} was not looked into: {names:?}");
    }
    for name in ["stdout", "stderr", "report.csv", "receipt", "leaves", "log.vkey"] {
        assert!(names.contains(name), "{name} was not looked into: {names:?}");
    }
    assert!(bytes > 500_000, "{bytes}");
}

fn every_file(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(every_file(&path));
        } else {
            files.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    files
}
