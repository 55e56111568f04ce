//! The life that the canaries go through, in a process that prints whatever can be printed.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use tacenda::gdpr::consent::How;
use tacenda::gdpr::notice::{self, Shown};
use tacenda::gdpr::objection::{Decision, Objecting, Overriding, Told, Way};
use tacenda::gdpr::requests::{
    Arrival, Channel, Event, Note, ReplyTo, Requester, Right, Scope, Whom, Words,
};
use tacenda::import::{CustomerRecord, Verdict, VerdictWriter, import_csv};
use tacenda::{
    Actor, ActorId, Amendment, Name, NewPassword, RegisterRequest, SubjectId, Tacenda, block_on,
};
use tacenda_core::password::Password;
use tacenda_core::pii::Email;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::vault::{Effects, Entry, MODEL, NewRecord, RecordChange, RecordItems, Standing};
use tacenda_testkit::StepClock;

use super::super::support::{NOW, master, rows, safe, shown, staff, time};
use super::forms::hex;
use super::held::held;
use super::{
    AMENDED, ASKED, DUE, IMPORTED, ITEMS, LEGACY_PASSWORD, PASSWORD, REFUSED, WRONG_PASSWORD,
    sha256,
};

const POLICY: &str = include_str!("../../../../../examples/glpi-network-cloud/privacy.toml");
const COLUMNS: &str = "email,password_sha256,company,first_name,last_name,address,postal_code,\
    city,country,vat_number,locale,plan,payment,card_token,card_brand,card_last4,card_expiry,\
    iban,mandate_reference,mandate_signed_on,registered_at,last_login_at,closed_at,\
    decline_code";

/// A file with two good records and six bad ones.
pub(super) fn csv() -> String {
    let digest = hex(&sha256(LEGACY_PASSWORD));
    let mut text = format!("{COLUMNS}\n");
    let common = [("password_sha256", digest.as_str()), ("country", "DE"), ("plan", "paid")];
    let sepa = [
        ("country", "FR"),
        ("payment", "sepa"),
        ("registered_at", "2023-04-18T22:05:15Z"),
        ("last_login_at", "2026-05-22T09:50:53Z"),
    ];
    let card = [
        ("payment", "card"),
        ("card_brand", "visa"),
        ("card_last4", "4242"),
        ("card_expiry", "12/30"),
        ("registered_at", "2018-04-18T22:05:15Z"),
        ("last_login_at", "2019-05-22T09:50:53Z"),
        // Who closed the account is owed no warning.
        ("closed_at", "2019-06-22T09:50:53Z"),
    ];
    let mut line = |parts: &[&[(&str, &str)]]| {
        let columns = COLUMNS.split(',').map(|column| {
            let found = parts.iter().rev().flat_map(|part| part.iter());
            let value = found.filter(|(name, _)| *name == column).map(|(_, value)| *value).next();
            format!("\"{}\"", value.unwrap_or_default())
        });
        text.push_str(&columns.collect::<Vec<_>>().join(","));
        text.push('\n');
    };
    line(&[&common, &sepa, &IMPORTED]);
    line(&[&common, &card, &DUE]);
    for (n, refused) in REFUSED.iter().enumerate() {
        let email = format!("canary{n}@refused.example");
        line(&[&common, &[("email", email.as_str())], std::slice::from_ref(refused)]);
    }
    // Taken by the first record, and too few columns.
    line(&[&common, &[("email", "CANARY.imported@BIRCH.example")]]);
    text.push_str("canary.imported@birch.example,Kanarienvogel Handels GmbH\n");
    text
}

/// The policy of a creditor who collects by its own bank, and keeps whole account numbers.
fn sealed_policy() -> String {
    let item = "[items.iban]\ntype = \"IBAN\"\ncategory = \"user.financial.bank_account\"\n\
        about = \"person\"\n\n[items.mandate_reference]";
    let edits = [
        ("[items.mandate_reference]", item),
        ("\nitems = [\n    \"card_token\",", "\nitems = [\n    \"iban\", \"card_token\","),
        ("\"email\", \"card_token\",", "\"email\", \"iban\", \"card_token\","),
        ("\niban = \"provider\"", "\niban = \"sealed\"\ncreditor = \"PL18ZZZ0123456789\""),
    ];
    edits.iter().fold(POLICY.to_owned(), |policy, (from, to)| {
        assert_eq!(policy.matches(from).count(), 1, "{from}");
        policy.replace(from, to)
    })
}

/// Lives it; `sealed` under the policy that keeps account numbers.
pub(super) fn live(home: &Path, sealed: bool) {
    let out = home.join("out");
    let data = out.join("data");
    fs::create_dir_all(&data).unwrap();
    let t = open(&data, if sealed { sealed_policy() } else { POLICY.to_owned() });
    println!("{t:?} {:?}", master());
    let me = Actor::staff(ActorId::from_bytes(*b"billing of canar"), Name::fixed("billing"));
    let input = File::open(home.join("in/customers.csv")).unwrap();
    let mut verdicts = VerdictWriter::new(File::create(out.join("report.csv")).unwrap()).unwrap();
    let mut told = |page: &[Verdict]| {
        println!("{page:?}");
        verdicts.write(page)
    };
    let report = block_on(import_csv(&t, input, &me, &mut told)).unwrap();
    verdicts.finish().unwrap();
    assert_eq!((report.accepted(), report.refused()), (2, 6), "{report:?}");
    snapshot(&data, &out.join("imported"));

    let subject = register_and_log_in(&t, &me);
    refusals(&t, subject, &me);
    let provider = super::paid::paid(&t, subject, &me);
    amend(&t, subject, &me);
    let dpo = Actor::staff(ActorId::from_bytes(*b"officer of canar"), Name::fixed("dpo"));
    ask(&t, Some(subject), &dpo);
    ask(&t, None, &dpo);
    request(&t, Some(subject), &dpo);
    request(&t, None, &dpo);
    held(&t, subject, &dpo);
    choose(&t, subject, &dpo);
    snapshot(&data, &out.join("lived"));
    let imported = block_on(t.customers().read_by_email(IMPORTED[0].1, "billing", &me)).unwrap();
    assert_eq!(imported.get("company"), Some(IMPORTED[1].1));
    let paid = block_on(t.customers().read(imported.subject, "payment", &me)).unwrap();
    assert_eq!(paid.get("iban"), sealed.then_some(IMPORTED[8].1), "it is kept where it is sealed");
    let listed = block_on(t.customers().read_page(None, 10, "payment", &me)).unwrap();
    println!("{paid:?} {listed:?} {:?}", block_on(t.customers().count_passwords()).unwrap());
    println!("{:?}", block_on(t.collect_keys(&me)).unwrap());
    block_on(t.customers().wrap_legacy(&mut |_| {})).unwrap();
    block_on(t.customers().login(IMPORTED[0].1, LEGACY_PASSWORD)).unwrap();
    block_on(t.customers().close(imported.subject, time(NOW), &me)).unwrap();

    let plan = block_on(t.retention().plan()).unwrap();
    println!("{plan:?}");
    let sweeps = t.retention();
    let swept = block_on(sweeps.sweep(Some(plan.digest), &me, &mut |_| {})).unwrap();
    assert_eq!(swept.subjects, 1, "{plan:?}");
    let erasure = block_on(t.erasure().erase(subject, &me)).unwrap();
    println!("{erasure:?} {}", erasure.receipt);
    let left = block_on(t.payments(provider.clone()).run_leaving(&me)).unwrap();
    println!("{left:?}");
    assert_eq!((left.done, provider.holds()), (1, (0, 0)));
    fs::write(out.join("receipt"), &erasure.receipt.text).unwrap();
    fs::write(out.join("log.vkey"), block_on(t.log().verifier_keys()).unwrap()).unwrap();
    let leaves = block_on(t.vault().ports().store.leaves(1, 0, u64::MAX)).unwrap();
    let leaves = leaves.iter().filter_map(|leaf| leaf.bytes.as_deref());
    let leaves: Vec<_> = leaves.map(|b| tacenda_core::leaf::Leaf::decode(b).unwrap()).collect();
    fs::write(out.join("leaves"), format!("{leaves:#?}")).unwrap();
    println!("{:?}", block_on(t.log().audit()).unwrap());
    snapshot(&data, &out.join("erased"));
    block_on(t.close()).unwrap();
}

fn open(data: &Path, policy: String) -> Tacenda {
    let builder = Tacenda::builder()
        .policy_text(policy)
        .master_key(master())
        .clock(Arc::new(StepClock::standing(time(NOW))))
        .sqlite(rows(data), safe(data));
    println!("{builder:?}");
    block_on(builder.open()).unwrap()
}

/// The files as they are in the middle of it, write-ahead logs and all.
fn snapshot(data: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(data).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

fn register_and_log_in(t: &Tacenda, me: &Actor) -> SubjectId {
    let password = Password::parse(PASSWORD).unwrap();
    println!("{password:?}");
    let items = ITEMS.iter().map(|(item, text)| t.customers().item(item, text).unwrap());
    let request = RegisterRequest {
        items: items.chain(t.customers().item("country", "FR")).collect(),
        password: Some(NewPassword::Plain(password)),
        facts: [Name::fixed("paid offer"), Name::fixed("invoiced")].into(),
        ..RegisterRequest::default()
    };
    println!("{request:?} {request:#?}");
    let registered = block_on(t.customers().register(request, me)).unwrap();
    println!("{registered:?}");
    println!("{:?}", block_on(t.customers().login(ITEMS[0].1, PASSWORD)).unwrap());
    for (email, password) in [(ITEMS[0].1, WRONG_PASSWORD), (REFUSED[0].1, PASSWORD)] {
        failed(block_on(t.customers().login(email, password)), "login.refused");
    }
    let view = block_on(t.customers().read(registered.subject(), "billing", me)).unwrap();
    assert_eq!(view.get("address"), Some(ITEMS[4].1));
    println!("{view:?} {view:#?}");
    registered.subject()
}

/// Prints an error in every way there is; it must be this one.
pub(super) fn failed<T: std::fmt::Debug>(outcome: tacenda::Result<T>, code: &str) {
    let error = outcome.expect_err("it fails");
    println!("{}", shown(&error));
    eprintln!("{}", shown(&error));
    assert_eq!(error.code(), code);
}

fn refusals(t: &Tacenda, subject: SubjectId, me: &Actor) {
    let customers = t.customers();
    failed(block_on(customers.read(subject, "marketing", me)), "policy.unknown_purpose");
    let support = staff("support");
    failed(block_on(customers.read(subject, "billing", &support)), "policy.role_not_allowed");
    failed(block_on(customers.read_by_email(DUE[2].1, "billing", me)), "vault.not_found");
    let taken = vec![customers.item("email", IMPORTED[0].1).unwrap()];
    let taken = Amendment { set: taken, ..Amendment::default() };
    failed(block_on(customers.amend(subject, taken, me)), "vault.not_unique");
    // Every item, given what is no value of it.
    let items = t.policy().items.keys().map(|item| item.as_str().to_owned());
    let wrong = [REFUSED[0].1, REFUSED[2].1, REFUSED[3].1];
    let mut printed = 0;
    for (item, text) in items.flat_map(|item| wrong.map(|text| (item.clone(), text))) {
        match customers.item(&item, text) {
            Ok(value) => println!("{value:?}"),
            Err(error) => {
                printed += 1;
                eprintln!("{}", shown(&error));
            }
        }
    }
    assert!(printed > 20, "{printed}");
    let record = CustomerRecord::from_columns(ITEMS);
    println!("{record:?} {record:#?}");
    let outcomes = block_on(customers.register_many(vec![record], me)).unwrap();
    for outcome in outcomes {
        failed(outcome, "vault.required_item");
    }
}

fn amend(t: &Tacenda, subject: SubjectId, me: &Actor) {
    let set = AMENDED.iter().map(|(item, text)| t.customers().item(item, text).unwrap()).collect();
    let amendment = Amendment { set, ..Amendment::default() };
    println!("{amendment:?} {amendment:#?}");
    block_on(t.customers().amend(subject, amendment, me)).unwrap();
    let view = block_on(t.customers().read_by_email(AMENDED[1].1, "billing", me)).unwrap();
    assert_eq!(view.get("address"), Some(AMENDED[0].1));
    block_on(t.customers().set_fact(subject, "paid offer", false, me)).unwrap();
    failed(block_on(t.customers().read(subject, "billing", me)), "policy.condition_not_met");
}

/// Somebody asks for something, by a record as a room would make it.
fn ask(t: &Tacenda, subject: Option<SubjectId>, me: &Actor) {
    let (reply_to, words) = (Name::fixed("reply_to"), Name::fixed("words"));
    let new = NewRecord {
        subject,
        standing: Standing::Open { state: Name::fixed("received"), due_at: Some(time(NOW)) },
        items: RecordItems::default()
            .with(MODEL, ASKED[0].1.as_bytes().to_vec())
            .with(reply_to.clone(), ASKED[1].1.as_bytes().to_vec())
            .with_words(words.clone(), ASKED[2].1),
        entry: Entry::new("request.opened"),
        effects: Effects::default(),
    };
    println!("{new:?} {new:#?}");
    let key = block_on(t.vault().add_record(&REQUESTS, new, me)).unwrap();
    println!("{key:?} {:?}", block_on(t.vault().records_of(key.subject, &REQUESTS)).unwrap());
    let (all, purpose) = ([MODEL, reply_to.clone(), words.clone()], Name::fixed("requests"));
    let read = block_on(t.vault().read_record(&key, &all, &purpose, me)).unwrap();
    println!("{read:?} {read:#?}");
    assert_eq!(read.items.words(&reply_to), Some(ASKED[1].1));
    let kept = read.items.words(&words).unwrap();
    assert!(kept.starts_with("delete my cerulean plumage") && !kept.contains("5555 5555"));
    failed(
        block_on(t.vault().read_record(&key, &all, &Name::fixed("marketing"), me)),
        "policy.unknown_purpose",
    );
    let closed = block_on(t.vault().change_record(&key, &all, me, |opened| {
        println!("{opened:?}");
        Ok(RecordChange {
            standing: Standing::Closed { at: time(NOW) },
            set: RecordItems::default(),
            remove: [reply_to.clone()].into(),
            entry: Entry::new("request.closed"),
            effects: Effects::default(),
        })
    }));
    println!("{:?}", closed.unwrap());
}

/// Somebody objects, in words, and is overruled; consents to what there is, and is told.
fn choose(t: &Tacenda, subject: SubjectId, me: &Actor) {
    let objecting = Objecting {
        purpose: Name::fixed("security"),
        way: Way::Email,
        received_at: time(NOW),
        words: Some(Words::new(ASKED[2].1)),
    };
    println!("{objecting:?} {objecting:#?}");
    let objected = block_on(t.objections().object(subject, &objecting, me)).unwrap();
    let key = &objected.key;
    println!("{objected:?} {:?}", block_on(t.vault().stance(subject)).unwrap());
    let reasons = Note::parse(ASKED[0].1).unwrap();
    let decision = Decision::Overruled(Overriding::LegalClaims, reasons);
    println!("{decision:?}");
    block_on(t.objections().decide(key, decision, me)).unwrap();
    let silent = Told { sent_at: time(NOW), way: Way::Email, remedies: false };
    failed(block_on(t.objections().tell(key, silent, me)), "objection.remedies_missing");
    let read = block_on(t.objections().of(subject, "requests", me)).unwrap();
    println!("{read:?} {read:#?}");
    let words = block_on(t.objections().read_words(key, "requests", me)).unwrap();
    assert!(words.as_ref().unwrap().as_text().contains("cerulean plumage"));
    println!("{words:?}");
    let withdrawn = block_on(t.consents().withdraw(subject, "security", How::Phone, me));
    failed(withdrawn, "consent.other_basis");
    let shown = Shown { version: 1, at: time(NOW), way: notice::Way::Email };
    assert!(block_on(t.notices().shown(subject, shown, me)).unwrap());
    println!("{shown:?} {:?}", block_on(t.notices().to_inform(None, 9)).unwrap());
}

/// Somebody makes a request, and it is worked on to its end.
fn request(t: &Tacenda, subject: Option<SubjectId>, me: &Actor) {
    let requests = t.requests().unwrap();
    let unknown = || Whom::HasEmail(Email::parse(ASKED[1].1).unwrap(), Name::fixed("requests"));
    let arrival = Arrival {
        id: None,
        whom: subject.map_or_else(unknown, Whom::Known),
        right: Right::Access,
        requester: Requester::Proxy(None),
        channel: Channel::Email,
        scope: Scope::ALL,
        purpose: None,
        received_at: time(NOW),
        reply_to: Some(ReplyTo::email(ASKED[1].1).unwrap()),
        words: Some(Words::new(ASKED[2].1)),
    };
    println!("{arrival:?} {arrival:#?}");
    let at = block_on(requests.receive(arrival, me)).unwrap();
    println!("{at:?}");
    block_on(requests.hear(&at.key, &Words::new(ASKED[2].1), me)).unwrap();
    for remark in [ASKED[0].1, ASKED[2].1] {
        match Note::parse(remark) {
            Ok(note) => {
                let event = Event::Remarked(note);
                println!("{event:?}");
                println!("{:?}", block_on(requests.step(&at.key, event, me)).unwrap());
            }
            Err(error) => println!("{}", shown(&error)),
        }
    }
    let file = block_on(requests.read(&at.key, "requests", me)).unwrap();
    println!("{file:?} {file:#?}");
    let words = block_on(requests.read_words(&at.key, "requests", me)).unwrap();
    let reply_to = block_on(requests.read_reply_to(&at.key, "requests", me)).unwrap();
    assert!(words.as_ref().unwrap().as_text().contains("cerulean plumage"));
    assert_eq!(reply_to, Some(ReplyTo::email(ASKED[1].1).unwrap()));
    println!("{words:?} {reply_to:?}");
    let unread = block_on(requests.read(&at.key, "marketing", me));
    failed(unread, "policy.unknown_purpose");
    let session = block_on(requests.step(&at.key, Event::SessionSeen(time(NOW)), me));
    failed(session, "requests.not_the_subject");
    let (feed, listing) = block_on(requests.feed("Requests", at.due, "requests", me)).unwrap();
    assert!(feed.contains(&at.id.to_string()));
    println!("{feed} {listing:?}");
    println!("{:?}", block_on(requests.step(&at.key, Event::Withdrawn(time(NOW)), me)).unwrap());
}
