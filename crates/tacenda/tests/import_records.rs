//! What the words of a record mean is said by a column or by who imports; what cannot be read as a
//! record takes no other along; a report that cannot be written says why.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::error::Error as _;
use std::io;
use std::sync::Arc;

use tacenda::import::{CustomerRecord, Mapping, Verdict, VerdictWriter, import_csv_with};
use tacenda::{
    Actor, ActorId, MasterKeySource, Name, Registered, Result, SubjectId, Tacenda, Timestamp,
    block_on,
};
use tacenda_core::seal::MasterKey;
use tacenda_testkit::{SeededRng, StepClock};

/// It declares the facts `paid offer` (billing) and `invoiced` (accounting).
const POLICY: &str = include_str!("../../testkit/src/world.toml");

fn actor(role: &'static str) -> Actor {
    Actor::staff(ActorId::from_bytes([1; 16]), Name::fixed(role))
}

fn open() -> Tacenda {
    under(POLICY)
}

fn under(policy: &str) -> Tacenda {
    let clock = StepClock::standing(Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").unwrap());
    let key = MasterKey::generate(&SeededRng::new(3));
    let builder = Tacenda::builder().policy_text(policy).clock(Arc::new(clock));
    block_on(builder.master_key(MasterKeySource::Given(key)).open()).unwrap()
}

fn import(t: &Tacenda, mapping: &Mapping, text: &[u8]) -> Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    let mut told = |page: &[Verdict]| {
        verdicts.extend_from_slice(page);
        Ok(())
    };
    let report = block_on(import_csv_with(t, text, mapping, &actor("support"), &mut told))?;
    assert_eq!(report.records(), verdicts.len() as u64);
    Ok(verdicts)
}

fn refused(verdict: &Verdict) -> (&str, &str) {
    verdict.outcome.as_ref().map_or_else(|(field, code)| (field.as_str(), *code), |_| ("", "ok"))
}

/// Which of the two facts hold, told by what may be read.
fn facts(t: &Tacenda, subject: SubjectId) -> (bool, bool) {
    let may = |purpose| match block_on(t.customers().read(subject, purpose, &actor("billing"))) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.code(), "policy.condition_not_met", "{error}");
            false
        }
    };
    (may("billing"), may("accounting"))
}

#[test]
fn a_fact_comes_from_a_column_or_from_the_mapping_and_from_nowhere_else() {
    let both = Mapping::paid_means(["paid offer", "invoiced"].map(Name::fixed));
    let plain = Mapping::default();
    for (mapping, columns, held) in [
        (&plain, &[("plan", "paid")][..], (true, false)),
        (&plain, &[("plan", "free")], (false, false)),
        (&plain, &[("plan", "")], (false, false)),
        (&plain, &[("plan", "paid"), ("invoiced", "yes")], (true, true)),
        (&plain, &[("plan", "paid"), ("invoiced", "no")], (true, false)),
        (&plain, &[("plan", "free"), ("invoiced", " yes ")], (false, true)),
        (&plain, &[("paid offer", "yes")], (true, false)),
        (&both, &[("plan", "paid")], (true, true)),
        (&both, &[("plan", "free")], (false, false)),
    ] {
        let t = open();
        let record = [("email", "ada@example.org")].iter().chain(columns).copied();
        let record = CustomerRecord::from_columns(record);
        let me = actor("support");
        let customers = t.customers();
        let done = customers.register_many_with(vec![record], mapping, &me);
        let Registered::New(ada) = block_on(done).unwrap().remove(0).unwrap() else {
            unreachable!("nobody was known");
        };
        assert_eq!(facts(&t, ada), held, "{columns:?}");
    }
}

#[test]
fn a_paid_plan_without_a_fact_and_a_contradiction_are_refused() {
    let t = open();
    let mapping =
        |facts: &[&'static str]| Mapping::paid_means(facts.iter().copied().map(Name::fixed));
    let plain = mapping(&["paid offer"]);
    for (mapping, plan, invoiced, expected) in [
        (&mapping(&["gold offer"]), "paid", "", ("plan", "import.plan_undeclared")),
        (&mapping(&["paid offer", "gold"]), "paid", "", ("plan", "import.plan_undeclared")),
        (&mapping(&[]), "paid", "", ("plan", "import.plan_undeclared")),
        (&mapping(&["invoiced"]), "paid", "no", ("invoiced", "import.contradiction")),
        (&plain, "paid", "maybe", ("invoiced", "import.unknown_word")),
        (&plain, "dear", "no", ("plan", "import.unknown_word")),
        (&mapping(&[]), "free", "no", ("", "ok")),
    ] {
        let text = format!("email,plan,invoiced\na@example.org,{plan},{invoiced}\n");
        let verdicts = import(&t, mapping, text.as_bytes()).unwrap();
        assert_eq!(verdicts.iter().map(refused).collect::<Vec<_>>(), [expected], "{text}");
    }
    let unknown = import(&t, &plain, b"email,gold\na@example.org,yes\n").unwrap_err();
    assert_eq!(unknown.code(), "import.unknown_column", "a fact that is not declared is no column");
}

#[test]
fn a_quote_that_is_not_closed_takes_no_other_record_along() {
    let t = open();
    let text = b"email,first_name\na@example.org,Ada\nb@example.org,\"Bob\nc@example.org,Cem\n\
                 d@example.org,Dan\n";
    let verdicts = import(&t, &Mapping::default(), text).unwrap();
    let found: Vec<_> = verdicts.iter().map(refused).collect();
    assert_eq!(found, [("", "ok"), ("row", "import.unclosed_quote"), ("", "ok"), ("", "ok")]);

    // As long as a file may be: it is read on without an end of its quote in sight.
    let mut text = b"email,first_name\nf@example.org,\"Fay\n".to_vec();
    for n in 0..40_000 {
        text.extend_from_slice(format!("not-{n}.an.address.of.anybody.at.all,Gil\n").as_bytes());
    }
    text.extend_from_slice(b"g@example.org,Gil\n");
    let verdicts = import(&t, &Mapping::default(), &text).unwrap();
    assert_eq!(verdicts.len(), 40_002);
    assert_eq!(verdicts.first().map(refused), Some(("row", "import.record_too_long")));
    assert_eq!(verdicts.get(1).map(refused), Some(("email", "pii.email_at")));
    assert!(verdicts.last().unwrap().is_accepted());
    assert_eq!(verdicts.iter().filter(|verdict| verdict.is_accepted()).count(), 1);
}

#[test]
fn a_header_that_is_no_record_is_said() {
    let t = open();
    for text in [&b""[..], b"\n\n", b"\"email,first_name\n", &[b'e'; 2 << 20]] {
        let error = import(&t, &Mapping::default(), text).unwrap_err();
        assert_eq!(error.code(), "import.no_header");
    }
}

/// A disk that is full, and a file that breaks off.
struct Broken;

impl io::Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl io::Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

#[test]
fn a_report_that_cannot_be_written_is_not_a_file_that_cannot_be_read() {
    let verdict = Verdict { record: 1, outcome: Err(("email".to_owned(), "pii.email_at")) };
    let mut writer = VerdictWriter::new(Broken).unwrap();
    writer.write(&[verdict]).unwrap();
    let error = writer.finish().unwrap_err();
    assert_eq!(error.code(), "import.report_unwritable");
    assert!(error.source().is_some(), "the cause is kept");

    let t = open();
    let (mapping, me) = (Mapping::default(), actor("support"));
    let mut told = |_: &[Verdict]| Ok(());
    let error = block_on(import_csv_with(&t, Broken, &mapping, &me, &mut told)).unwrap_err();
    assert_eq!(error.code(), "import.unreadable");
    assert!(error.source().is_some());
}

/// The policy with another item of the account, or another fact.
fn with(item: &str, kind: &str) -> Tacenda {
    let category = if kind == "IBAN tail" { "user.financial.bank_account" } else { "user.content" };
    let declared = format!(
        "[items.{item}]\ntype = \"{kind}\"\ncategory = \"{category}\"\nabout = \"person\"\n\n"
    );
    let (items, more) =
        ("\"first_name\", \"note\"]", format!("\"first_name\", \"note\", \"{item}\"]"));
    let policy = POLICY.replace("[items.address]", &format!("{declared}[items.address]"));
    under(&policy.replace(items, &more))
}

#[test]
fn a_column_of_the_import_hides_no_item_of_the_policy() {
    for item in ["locale", "plan", "payment"] {
        let t = with(item, "plain text");
        let text = format!("email,{item}\na@example.org,as it likes\n");
        let verdicts = import(&t, &Mapping::default(), text.as_bytes()).unwrap();
        let Ok(Registered::New(ada)) = verdicts[0].outcome else { panic!("{item}: {verdicts:?}") };
        let view = block_on(t.customers().read(ada, "account", &actor("support"))).unwrap();
        assert_eq!(view.get(item), Some("as it likes"));
    }
    for (item, kind) in [
        ("password_sha256", "plain text"),
        ("registered_at", "date"),
        ("last_login_at", "date"),
        ("closed_at", "plain text"),
        ("iban", "plain text"),
    ] {
        let t = with(item, kind);
        let text = format!("email,{item}\na@example.org,2026-01-01\n");
        let error = import(&t, &Mapping::default(), text.as_bytes()).unwrap_err();
        assert_eq!(error.code(), "import.ambiguous_column", "{item}");
        assert!(error.to_string().contains("column 2"), "{error}");
    }
    let fact = "\"plan\" = \"The customer has a plan.\"\n\"invoiced\" =";
    let t = under(&POLICY.replacen("\"invoiced\" =", fact, 1));
    let error = import(&t, &Mapping::default(), b"email,plan\na@example.org,yes\n").unwrap_err();
    assert_eq!(error.code(), "import.ambiguous_column");
}

#[test]
fn an_item_that_is_what_its_column_is_takes_it() {
    let t = with("iban", "IBAN tail");
    let text = b"email,iban\na@example.org,FR1420041010050500013M02606\n";
    let verdicts = import(&t, &Mapping::default(), text).unwrap();
    let Ok(Registered::New(ada)) = verdicts[0].outcome else { panic!("{verdicts:?}") };
    let view = block_on(t.customers().read(ada, "account", &actor("support"))).unwrap();
    assert_eq!(view.get("iban"), Some("FR2606"), "its country and its last four");
}
