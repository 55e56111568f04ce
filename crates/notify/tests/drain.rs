//! Letters from the outbox to a folder, and to transports that fail.
#![cfg(feature = "file")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mailparse::MailHeaderMap;
use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::outbox::{self, Failure, Message, Progress, Settled, Values};
use tacenda_core::policy::records::{OUTBOX, REQUESTS};
use tacenda_core::ports::Store;
use tacenda_core::vault::{
    Amendment, Effects, Entry, MODEL, NewRecord, OnRestore, RecordItems, StanceChange, Standing,
    Vault,
};
use tacenda_core::{Code, Kind, Name, Result, SubjectId};
use tacenda_notify::{Address, Desk, Drained, FileTransport, Letter, Sender, Transport, drain};
use tacenda_testkit::world::{POLICY, World, request, staff};
use tacenda_testkit::{After, Cut, FailingStore, Faults};

const ACCOUNT: Name = Name::fixed("account");

fn sender() -> Sender {
    Sender::new("Example Ltd", Address::parse("letters@example.org").unwrap()).unwrap()
}

fn customer(vault: &Vault, email: &str) -> SubjectId {
    let request = request(vault, &[("email", email)], false);
    wait(vault.register(request, &staff("support"))).unwrap().subject()
}

fn expiring(vault: &Vault, subject: SubjectId) {
    let values = Values::default().with(Name::fixed("date"), "2026-07-01");
    let message = Message::to_account(Name::fixed("account_expiring"), ACCOUNT);
    let message = Message { values, ..message };
    wait(outbox::enqueue(vault, Some(subject), &message, &staff("support"))).unwrap();
}

fn drained(vault: &Vault, transport: &dyn Transport, batch: usize) -> Drained {
    let desk = Desk { from: &sender(), service: "Example", transport };
    wait(drain(vault, &desk, batch, &staff("support"))).unwrap()
}

static DOWN: Code = Code::new("test.down", Kind::Unavailable, "the relay does not answer");
static NO: Code = Code::new("test.no", Kind::Refused, "the relay refuses this letter");

/// Counts what arrives, and fails as it is told.
#[derive(Default)]
struct Relay {
    arrived: Mutex<BTreeMap<String, u32>>,
    fails: Mutex<Option<&'static Code>>,
    through: Option<Name>,
}

#[async_trait]
impl Transport for Relay {
    async fn deliver(&self, letter: &Letter) -> Result<()> {
        if let Some(code) = *self.fails.lock().unwrap() {
            return code.err();
        }
        *self.arrived.lock().unwrap().entry(letter.id.to_string()).or_default() += 1;
        Ok(())
    }

    fn processor(&self) -> Option<&Name> {
        self.through.as_ref()
    }
}

#[test]
fn what_is_due_lies_in_the_folder_with_its_own_message_id() {
    let world = World::default();
    let vault = world.open();
    for n in 0..7 {
        expiring(&vault, customer(&vault, &format!("person{n}@example.org")));
    }
    let folder = tempfile::tempdir().unwrap();
    let transport = FileTransport::open(folder.path()).unwrap();
    let done = drained(&vault, &transport, 3);
    assert_eq!(done.settled, Settled { sent: 7, ..Settled::default() });
    let mut ids = BTreeMap::new();
    for file in folder.path().read_dir().unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let mail = mailparse::parse_mail(&bytes).unwrap();
        let header = |name| mail.headers.get_first_value(name).unwrap();
        assert_eq!(header("Subject"), "Your account at Example will be erased on 2026-07-01");
        let body = mail.get_body().unwrap();
        assert!(body.contains("dpo@example.org") && body.contains("Example Ltd"), "{body}");
        assert!(header("Message-ID").ends_with("@example.org>"));
        ids.insert(header("Message-ID"), header("To"));
    }
    assert_eq!(ids.len(), 7);
    assert_eq!(ids.values().collect::<std::collections::BTreeSet<_>>().len(), 7);
    assert_eq!(drained(&vault, &transport, 3), Drained::default(), "each once");
    wait(vault.audit()).unwrap();
}

#[test]
fn a_relay_that_is_down_is_tried_again_ever_later_and_given_up_in_the_end() {
    let world = World::default();
    let vault = world.open();
    expiring(&vault, customer(&vault, "ada@example.org"));
    let relay = Relay { fails: Mutex::new(Some(&DOWN)), ..Relay::default() };
    let mut pauses = Vec::new();
    loop {
        let done = drained(&vault, &relay, 9).settled;
        if done.given_up == 1 {
            break;
        }
        assert_eq!(done, Settled { put_off: 1, ..Settled::default() });
        let begun = vault.now();
        while drained(&vault, &relay, 9).settled == Settled::default() {
            world.clock.advance(Span::seconds(60));
            let next = wait(vault.records_due(
                &tacenda_core::policy::records::OUTBOX,
                &outbox::QUEUED,
                vault.now(),
                None,
                1,
            ));
            if !next.unwrap().is_empty() {
                break;
            }
        }
        pauses.push((vault.now().as_micros() - begun.as_micros()) / 60_000_000);
    }
    assert_eq!(pauses[..6], [1, 2, 4, 8, 16, 32]);
    assert_eq!((pauses.len(), pauses[20]), (21, 1440));
}

#[test]
fn what_is_refused_for_good_is_not_tried_again_and_what_recovers_arrives_once() {
    let world = World::default();
    let vault = world.open();
    let relay = Relay { fails: Mutex::new(Some(&NO)), ..Relay::default() };
    expiring(&vault, customer(&vault, "ada@example.org"));
    assert_eq!(drained(&vault, &relay, 9).settled.given_up, 1);
    expiring(&vault, customer(&vault, "eve@example.org"));
    *relay.fails.lock().unwrap() = Some(&DOWN);
    assert_eq!(drained(&vault, &relay, 9).settled.put_off, 1);
    *relay.fails.lock().unwrap() = None;
    world.clock.advance(Span::days(2));
    assert_eq!(drained(&vault, &relay, 9).settled.sent, 1);
    assert_eq!(drained(&vault, &relay, 9), Drained::default());
    assert_eq!(relay.arrived.lock().unwrap().values().copied().collect::<Vec<_>>(), [1]);
}

#[test]
fn a_text_that_cannot_be_written_waits_for_whoever_mends_it() {
    let world = World::default();
    let vault = world.open();
    let subject = customer(&vault, "ada@example.org");
    // It lacks its date.
    let message = Message::to_account(Name::fixed("account_expiring"), ACCOUNT);
    let unknown = Message::to_account(Name::fixed("of another release"), ACCOUNT);
    for message in [message, unknown] {
        wait(outbox::enqueue(&vault, Some(subject), &message, &staff("support"))).unwrap();
    }
    assert_eq!(drained(&vault, &Relay::default(), 9).settled.put_off, 2);
}

#[test]
fn a_relay_of_a_processor_that_the_policy_does_not_give_addresses_gets_none() {
    let world = World::default();
    let vault = world.open();
    let relay = Relay { through: Some(Name::fixed("provider")), ..Relay::default() };
    let ada = customer(&vault, "ada@example.org");
    expiring(&vault, ada);
    let leaves = || wait(vault.history(ada, 99)).unwrap().len();
    let before = leaves();
    assert_eq!(drained(&vault, &relay, 9).settled, Settled::default(), "it waits for another");
    assert_eq!(leaves(), before);
    assert!(relay.arrived.lock().unwrap().is_empty());
    let given = "discloses = [\"card_last4\", \"email\"]\npurposes = [\"billing\", \"account\"]";
    let policy = POLICY
        .replace("discloses = [\"card_last4\"]\npurposes = [\"billing\"]", given)
        .replace("version = 1", "version = 2");
    let vault = world.try_open(&policy, OnRestore::Refuse).unwrap().0;
    world.clock.advance(Span::hours(2));
    assert_eq!(drained(&vault, &relay, 9).settled.sent, 1);
}

#[test]
fn what_is_another_workers_is_given_back_by_a_drain_that_fails() {
    let relay = Relay { through: Some(Name::fixed("provider")), ..Relay::default() };
    for operation in 0.. {
        let world = World::default();
        let vault = world.open();
        for n in 0..4 {
            expiring(&vault, customer(&vault, &format!("person{n}@example.org")));
        }
        let faults = Faults::cut(operation, Cut::Before, After::Recovers);
        let failing: Arc<dyn Store> =
            Arc::new(FailingStore::new(world.store.clone(), faults.clone()));
        let beside = World { store: failing, ..world.clone() };
        let done = beside.try_open(POLICY, OnRestore::Refuse).and_then(|(vault, _)| {
            let desk = Desk { from: &sender(), service: "Example", transport: &relay };
            wait(drain(&vault, &desk, 2, &staff("support")))
        });
        // But for those that were just being taken.
        let sent = drained(&vault, &Relay::default(), 9).settled.sent;
        assert!(sent >= 2, "{operation}: {sent}");
        if !faults.tripped() {
            assert!(done.is_ok() && sent == 4 && operation > 10, "{operation}: {sent}");
            return;
        }
    }
}

#[test]
fn each_person_is_written_to_in_their_own_language() {
    let world = World::default();
    let policy = POLICY.replace(
        "[items.note]\ntype = \"plain text\"\ncategory = \"user.content\"",
        "[items.note]\ntype = \"plain text\"\ncategory = \"user.demographic.language\"",
    );
    let vault = world.try_open(&policy, OnRestore::Refuse).unwrap().0;
    let mut languages = BTreeMap::new();
    for (email, note) in
        [("a@example.org", "pl-PL"), ("b@example.org", "it"), ("c@example.org", "fr")]
    {
        let request = request(&vault, &[("email", email), ("note", note)], false);
        let subject = wait(vault.register(request, &staff("support"))).unwrap().subject();
        expiring(&vault, subject);
    }
    let folder = tempfile::tempdir().unwrap();
    drained(&vault, &FileTransport::open(folder.path()).unwrap(), 9);
    for file in folder.path().read_dir().unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let mail = mailparse::parse_mail(&bytes).unwrap();
        let header = |name| mail.headers.get_first_value(name).unwrap();
        languages.insert(header("To"), header("Content-Language"));
    }
    let expected = [("a@example.org", "pl"), ("b@example.org", "en"), ("c@example.org", "fr")];
    assert_eq!(languages, expected.map(|(to, tag)| (to.to_owned(), tag.to_owned())).into());
}

#[test]
fn two_desks_send_each_letter_once() {
    let world = World::default();
    let vault = world.open();
    for n in 0..40 {
        expiring(&vault, customer(&vault, &format!("person{n}@example.org")));
    }
    let relay = Relay::default();
    let done: Vec<_> = std::thread::scope(|scope| {
        let worker = || drained(&world.open(), &relay, 3).settled.sent;
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    assert_eq!(done.iter().sum::<u64>(), 40);
    let arrived = relay.arrived.lock().unwrap();
    assert_eq!((arrived.len(), arrived.values().copied().max()), (40, Some(1)));
    wait(vault.audit()).unwrap();
}

const NEWS: Name = Name::fixed("newsletter");

/// While the first letter goes, the others say no, are restricted, and move.
struct Slow {
    vault: Vault,
    others: [SubjectId; 3],
    arrived: Mutex<Vec<String>>,
}

impl Slow {
    fn meanwhile(&self) {
        let (vault, [says_no, restricted, moves]) = (&self.vault, self.others);
        let no = StanceChange::ConsentWithdrawn { purpose: NEWS, at: vault.now() };
        let entry = Entry::new("consent.withdrawn");
        wait(vault.change_stance(says_no, None, &[no], entry, &staff("support"))).unwrap();
        let new = NewRecord {
            subject: Some(restricted),
            standing: Standing::Open { state: Name::fixed("received"), due_at: None },
            items: RecordItems::default().with(MODEL, b"restriction".to_vec()),
            entry: Entry::new("request.opened"),
            effects: Effects { restricted: [(ACCOUNT, true)].into(), ..Effects::default() },
        };
        wait(vault.add_record(&REQUESTS, new, &staff("support"))).unwrap();
        let set = vec![vault.item(&Name::fixed("email"), "new@example.org").unwrap()];
        let amendment = Amendment { set, ..Amendment::default() };
        wait(vault.amend(moves, amendment, &staff("support"))).unwrap();
    }
}

#[async_trait]
impl Transport for Slow {
    async fn deliver(&self, letter: &Letter) -> Result<()> {
        if self.arrived.lock().unwrap().is_empty() {
            self.meanwhile();
        }
        self.arrived.lock().unwrap().push(letter.to_message()?.envelope().to()[0].to_string());
        Ok(())
    }

    fn processor(&self) -> Option<&Name> {
        None
    }
}

#[test]
fn who_says_no_while_a_batch_is_sent_gets_nothing_of_it() {
    let world = World::default();
    let vault = world.open();
    let subjects = ["a", "b", "c", "d", "e"].map(|who| {
        let subject = customer(&vault, &format!("{who}@example.org"));
        let consents = StanceChange::Consents { purpose: NEWS, text: NEWS, version: 3 };
        let entry = Entry::new("consent.given");
        wait(vault.change_stance(subject, None, &[consents], entry, &staff("support"))).unwrap();
        subject
    });
    for (place, subject) in (0i64..).zip(subjects) {
        let values = Values::default().with(Name::fixed("date"), "2026-07-01");
        let message = Message::to_account(Name::fixed("account_expiring"), NEWS);
        let send_at = Some(vault.now().minus(Span::seconds(60 - place)));
        let message = Message { values, send_at, ..message };
        wait(outbox::enqueue(&vault, Some(subject), &message, &staff("marketing"))).unwrap();
    }
    let [_, no, restricted, moves, _] = subjects;
    let others = [no, restricted, moves];
    let transport = Slow { vault: world.open(), others, arrived: Mutex::default() };
    let desk = Desk { from: &sender(), service: "Example", transport: &transport };
    let done = wait(drain(&vault, &desk, 9, &staff("marketing"))).unwrap().settled;
    assert_eq!(done, Settled { sent: 3, put_off: 1, given_up: 1, lost: 0 });
    let arrived = transport.arrived.lock().unwrap();
    assert_eq!(*arrived, ["a@example.org", "new@example.org", "e@example.org"]);
}

#[test]
fn an_address_that_is_none_here_was_refused_by_nobody() {
    let world = World::default();
    let vault = world.open();
    let relay = Relay::default();
    let far = customer(&vault, "jan@\u{4f8b}\u{5b50}\u{3002}\u{516c}\u{53f8}");
    expiring(&vault, far);
    assert_eq!(drained(&vault, &relay, 9).settled, Settled { sent: 1, ..Settled::default() });
    let zoe = customer(&vault, "zo\u{e9}@example.fr");
    expiring(&vault, zoe);
    let done = drained(&vault, &relay, 9).settled;
    assert_eq!(done, Settled { given_up: 1, ..Settled::default() });
    let key = wait(vault.records_of(zoe, &OUTBOX)).unwrap().remove(0).key;
    let progress = wait(outbox::progress(&vault, &key)).unwrap();
    let unopened = Progress::GivenUp { failure: Failure::Unopened, at: vault.now() };
    assert_eq!(progress, unopened, "so it counts as no warning");
}
