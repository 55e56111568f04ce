//! An import prepares a page while the page before it is committed: what the two have in common is
//! judged as if they had come one after the other.
#![cfg(feature = "sqlite")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write as _;
use std::sync::Arc;

use tacenda::import::{ImportReport, Verdict, VerdictWriter, import_csv};
use tacenda::{Actor, ActorId, MasterKeySource, Name, Registered, Tacenda, Timestamp, block_on};
use tacenda_core::seal::MasterKey;
use tacenda_testkit::{SeededRng, StepClock};

const POLICY: &str = include_str!("../../testkit/src/world.toml");
const RECORDS: u64 = 2_500;

fn actor() -> Actor {
    Actor::staff(ActorId::from_bytes([1; 16]), Name::fixed("support"))
}

fn open(folder: &tempfile::TempDir) -> Tacenda {
    let rng = SeededRng::new(3);
    let clock = StepClock::standing(Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").unwrap());
    let builder = Tacenda::builder()
        .policy_text(POLICY)
        .sqlite(folder.path().join("customers.db"), folder.path().join("keys.db"))
        .master_key(MasterKeySource::Given(MasterKey::generate(&rng)))
        .clock(Arc::new(clock));
    block_on(builder.open()).unwrap()
}

/// Records of which some repeat one of the page before: whole, by the address alone, and whole but
/// two pages away.
fn csv() -> String {
    let mut text = "email,first_name\n".to_owned();
    for n in 1..=RECORDS {
        let (who, name) = match n {
            1_005 => (5, "Ada"),
            1_007 => (7, "Eve"),
            2_003 => (3, "Ada"),
            2_004 => (2_002, "Ada"),
            _ => (n, "Ada"),
        };
        writeln!(text, "c{who}@example.org,{name}").unwrap();
    }
    text
}

fn import(tacenda: &Tacenda) -> (ImportReport, Vec<Verdict>) {
    let mut verdicts = Vec::new();
    let mut told = |page: &[Verdict]| {
        assert!(page.len() <= 1_000, "a page at a time");
        verdicts.extend_from_slice(page);
        Ok(())
    };
    let report = block_on(import_csv(tacenda, csv().as_bytes(), &actor(), &mut told)).unwrap();
    assert!(verdicts.iter().map(|verdict| verdict.record).eq(1..=RECORDS));
    assert_eq!(report.records(), RECORDS);
    (report, verdicts)
}

fn subject(verdicts: &[Verdict], record: usize) -> Option<Registered> {
    verdicts.get(record - 1).and_then(|verdict| verdict.outcome.clone().ok())
}

#[test]
fn pages_that_overlap_are_judged_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let tacenda = open(&folder);
    let (report, verdicts) = import(&tacenda);
    for (repeat, of) in [(1_005, 5), (2_003, 3), (2_004, 2_002)] {
        let first = subject(&verdicts, of).unwrap();
        assert_eq!(first, Registered::New(first.subject()));
        assert_eq!(subject(&verdicts, repeat), Some(Registered::Known(first.subject())));
    }
    let refused: Vec<_> = verdicts.iter().filter(|verdict| !verdict.is_accepted()).collect();
    assert_eq!(refused.iter().map(|verdict| verdict.record).collect::<Vec<_>>(), [1_007]);
    let failed = refused.first().and_then(|verdict| verdict.outcome.clone().err());
    assert_eq!(failed, Some(("email".to_owned(), "vault.not_unique")));
    assert_eq!((report.accepted(), report.known(), report.refused()), (2_499, 3, 1));
    let mut text = Vec::new();
    let mut writer = VerdictWriter::new(&mut text).unwrap();
    verdicts.chunks(700).for_each(|page| writer.write(page).unwrap());
    writer.finish().unwrap();
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.lines().count() as u64, RECORDS + 1);
    assert_eq!(text.lines().next(), Some("record,verdict,field,code"));
    assert_eq!(text.lines().nth(1_007), Some("1007,refused,email,vault.not_unique"));

    let audit = block_on(tacenda.log().audit()).unwrap();
    assert_eq!(audit.rows, RECORDS - 4 + 1, "and the policy's");
    let again = import(&tacenda).0;
    assert_eq!((again.known(), again.refused()), (2_499, 1));
    assert_eq!(block_on(tacenda.log().audit()).unwrap(), audit, "nothing is written twice");
    block_on(tacenda.close()).unwrap();
}

#[test]
fn who_is_told_may_stop_the_import() {
    let folder = tempfile::tempdir().unwrap();
    let tacenda = open(&folder);
    let mut pages = 0;
    let mut told = |page: &[Verdict]| {
        pages += 1;
        if page.is_empty() { Ok(()) } else { Err(tacenda::import::UNREADABLE.error()) }
    };
    let stopped = block_on(import_csv(&tacenda, csv().as_bytes(), &actor(), &mut told));
    assert_eq!(stopped.unwrap_err().code(), "import.unreadable");
    assert_eq!(pages, 2, "nothing is known of the first page while the second is read");
    // The page that was under way may be committed only now.
    block_on(tacenda.log().audit()).unwrap();
    assert_eq!(import(&tacenda).0.records(), RECORDS, "a second import goes on");
    block_on(tacenda.close()).unwrap();
}
