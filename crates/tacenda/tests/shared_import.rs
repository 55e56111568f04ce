//! The reference customers: every dirty record gets its verdict, every clean one is accepted.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use tacenda::import::{ImportReport, Verdict, import_csv};
use tacenda::{Actor, ActorId, MasterKeySource, Name, Tacenda, Timestamp, block_on};
use tacenda_core::seal::MasterKey;
use tacenda_testkit::{SeededRng, StepClock};

const POLICY: &str = include_str!("../../../examples/glpi-network-cloud/privacy.toml");

fn shared(name: &str) -> Vec<u8> {
    let root = PathBuf::from(std::env::var("TACENDA_SHARED").expect("TACENDA_SHARED is set"));
    fs::read(root.join("data").join(name)).expect("the shared data is complete")
}

fn open() -> Tacenda {
    let rng = SeededRng::new(3);
    let clock = StepClock::standing(Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").unwrap());
    let builder = Tacenda::builder()
        .policy_text(POLICY)
        .master_key(MasterKeySource::Given(MasterKey::generate(&rng)))
        .clock(Arc::new(clock));
    block_on(builder.open()).unwrap()
}

fn import(t: &Tacenda, name: &str) -> (ImportReport, Vec<Verdict>) {
    let me = Actor::staff(ActorId::from_bytes([1; 16]), Name::fixed("billing"));
    let mut verdicts = Vec::new();
    let mut told = |page: &[Verdict]| {
        verdicts.extend_from_slice(page);
        Ok(())
    };
    let report = block_on(import_csv(t, shared(name).as_slice(), &me, &mut told)).unwrap();
    (report, verdicts)
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn every_dirty_record_gets_its_verdict_and_field() {
    let verdicts = import(&open(), "customers-dirty.csv").1;
    let expected = shared("customers-dirty.expected.csv");
    let mut expected = csv::Reader::from_reader(expected.as_slice());
    let mut wrong = Vec::new();
    let mut records = 0;
    for (line, verdict) in expected.records().zip(&verdicts) {
        let line = line.unwrap();
        let field = |n: usize| line.get(n).unwrap();
        let (word, column, code) = match &verdict.outcome {
            Ok(_) => ("accepted", "", ""),
            Err((column, code)) => ("refused", column.as_str(), *code),
        };
        if (field(1), field(2)) != (word, column) || field(0) != verdict.record.to_string() {
            wrong.push(format!("{line:?}: {word} {column} {code}"));
        }
        records += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?} of {records}");
    assert_eq!((records, verdicts.len()), (62, 62));
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn the_clean_customers_are_accepted_and_known_again() {
    let t = open();
    let (report, verdicts) = import(&t, "customers.csv");
    let refused: Vec<_> = verdicts.iter().filter(|v| !v.is_accepted()).collect();
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!((report.accepted(), report.known()), (5000, 0));
    let size = || block_on(t.vault().ports().store.status()).unwrap().unwrap().head.size;
    let before = size();
    let again = import(&t, "customers.csv").0;
    assert_eq!((again.accepted(), again.known(), size()), (5000, 5000, before));
    block_on(t.log().audit()).unwrap();
}
