//! The outbox: a message and what caused it are one change, is sent by one worker, to the address that
//! the account has in that moment, and by nobody once the account is gone.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod cuts;
mod disclosed;
mod doors;
mod held;
mod model;
mod support;
mod suppressed;
mod waiting;

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::outbox::{self, Failure, Letter, Message, Outcome, Progress, Settled, Values};
use tacenda_core::pii::Sensitive;
use tacenda_core::policy::records::{OUTBOX, REQUESTS};
use tacenda_core::vault::{
    Amendment, Effects, Entry, MODEL, NewRecord, Numbered, OnRestore, RecordItems, Standing, Vault,
};
use tacenda_core::{Name, SubjectId};
use tacenda_gdpr::{erasure, restriction};
use tacenda_testkit::world::{POLICY, World, ada, staff};

use support::{ACCOUNT, LEASE, code, enqueue, letter, letters, news, send_all, take};

#[test]
fn a_message_goes_to_the_address_that_the_account_has_then_and_leaves_no_values() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let message =
        Message { values: Values::default().with(Name::fixed("date"), "1 July"), ..news() };
    let key = wait(outbox::enqueue(&vault, Some(subject), &message, &staff("support"))).unwrap();
    // Whoever may see the rows finds neither the address nor the values.
    let row = wait(vault.ports().store.rows(&[tacenda_core::row::RowKey {
        subject,
        kind: OUTBOX.kind.clone(),
        id: key.id,
    }]));
    let bytes = row.unwrap().pop().unwrap().unwrap().encode();
    assert!(!bytes.windows(6).any(|part| part == b"1 July"));

    let moved = vault.item(&Name::fixed("email"), "ada@example.net").unwrap();
    let amendment = Amendment { set: vec![moved], ..Amendment::default() };
    wait(vault.amend(subject, amendment, &staff("support"))).unwrap();

    let mut batch = take(&vault);
    assert_eq!((batch.claimed, batch.ready.len()), (1, 1));
    let taken = batch.ready.pop().unwrap();
    // EXPOSE: a test looks at it.
    assert_eq!(taken.outgoing.to.expose(), "ada@example.net");
    assert_eq!(taken.outgoing.values.get("date"), Some("1 July"));
    assert_eq!(taken.outgoing.says, Name::fixed("account_expiring"));
    assert_eq!(take(&vault).claimed, 0, "it is somebody's");
    let settled = wait(outbox::settle(&vault, vec![(taken, Outcome::Sent)], &staff("support")));
    assert_eq!(settled.unwrap(), Settled { sent: 1, ..Settled::default() });

    let kept = letter(&vault, &key);
    assert_eq!(kept.progress, Progress::Sent { at: vault.now() });
    assert_eq!(kept.tries, 1);
    let purpose = Name::fixed("account");
    let items = [outbox::VALUES, outbox::ADDRESS];
    let read = wait(vault.read_record(&key, &items, &purpose, &staff("support"))).unwrap();
    assert_eq!(read.items.names().count(), 0);
    let standing = wait(vault.record(&key)).unwrap().standing;
    assert_eq!(standing, Standing::Closed { at: vault.now() });
    assert_eq!(take(&vault).claimed, 0, "it was sent");

    let told: Vec<_> = wait(vault.history(subject, 9)).unwrap();
    let told: Vec<_> = told.iter().rev().map(|leaf| leaf.action.as_str()).collect();
    let sent = ["message.enqueued", "subject.amended", "message.addressed", "message.sent"];
    assert_eq!(told[1..5], sent);
    wait(vault.audit()).unwrap();
}

#[test]
fn the_leaf_of_an_address_names_purpose_item_and_processor() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    enqueue(&vault, subject);
    // The policy of the tests gives nobody an address.
    let undeclared =
        wait(outbox::take(&vault, LEASE, 9, Some(&Name::fixed("provider")), &staff("support")));
    let not_ours = undeclared.unwrap().not_ours;
    assert_eq!(not_ours.len(), 1);
    wait(outbox::give_back(&vault, &not_ours)).unwrap();
    let given = "discloses = [\"card_last4\", \"email\"]\npurposes = [\"billing\", \"account\"]";
    let policy = POLICY
        .replace("discloses = [\"card_last4\"]\npurposes = [\"billing\"]", given)
        .replace("version = 1", "version = 2");
    let vault = world.try_open(&policy, OnRestore::Refuse).unwrap().0;
    let relay = Name::fixed("provider");
    let batch = wait(outbox::take(&vault, LEASE, 9, Some(&relay), &staff("support"))).unwrap();
    assert_eq!(batch.ready.len(), 1);
    let leaf = wait(vault.history(subject, 1)).unwrap().pop().unwrap();
    assert_eq!(leaf.action.as_str(), "message.addressed");
    assert_eq!(leaf.purpose, Some(ACCOUNT));
    assert_eq!((leaf.find("item"), leaf.find("processor")), (Some("email"), Some("provider")));
}

#[test]
fn a_message_and_what_caused_it_are_one_change() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let add = |message: Message| {
        let new = NewRecord {
            subject: Some(subject),
            standing: Standing::Open { state: Name::fixed("received"), due_at: None },
            items: RecordItems::default().with(MODEL, b"access".to_vec()),
            entry: Entry::new("request.opened"),
            effects: Effects { messages: vec![message, news()], ..Effects::default() },
        };
        wait(vault.add_record(&REQUESTS, new, &staff("support")))
    };
    let many = "x".repeat(100_001);
    let long = Message { values: Values::default().with(Name::fixed("a"), &many), ..news() };
    assert_eq!(code(add(long)), "outbox.too_long");
    assert_eq!(wait(vault.records_of(subject, &REQUESTS)).unwrap().len(), 0);
    let leaves = wait(vault.history(subject, 99)).unwrap().len();
    add(news()).unwrap();
    assert_eq!(wait(vault.history(subject, 99)).unwrap().len(), leaves + 1, "one leaf for both");
    let leaf = wait(vault.history(subject, 1)).unwrap().pop().unwrap();
    let kinds: Vec<_> = leaf.rows.iter().map(|row| row.kind.as_str()).collect();
    assert_eq!(kinds, ["message", "message", "request"]);
    assert_eq!(send_all(&vault), 2);
    wait(vault.audit()).unwrap();
}

#[test]
fn a_message_is_made_once() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let once = |number: u8| {
        let by = staff("support");
        wait(outbox::enqueue_once(&vault, &[number; 16], Some(subject), &news(), &by)).unwrap()
    };
    let Numbered::Added(key) = once(1) else { panic!("made") };
    assert_eq!(once(1), Numbered::There(key.clone()));
    assert_eq!(send_all(&vault), 1);
    assert_eq!(once(1), Numbered::There(key), "sent or not");
    assert!(matches!(once(2), Numbered::Added(_)));
    assert_eq!(send_all(&vault), 1);
}

#[test]
fn the_id_is_the_same_at_each_try_and_tells_nothing() {
    let world = World::default();
    let vault = world.open();
    let subjects = [ada(&vault), support::another(&vault, "eve@example.org")];
    let keys = subjects.map(|subject| enqueue(&vault, subject));
    // The first messages of two people have rows of the same id.
    assert_eq!(keys[0].id, keys[1].id);
    let ids = |vault: &Vault| {
        let ready = take(vault).ready;
        let mut ids: Vec<_> = ready.iter().map(|one| (one.subject(), one.outgoing.id)).collect();
        ids.sort();
        ids
    };
    let first = ids(&vault);
    assert_eq!(first.len(), 2);
    assert_ne!(first[0].1, first[1].1);
    for (subject, id) in &first {
        assert!(!id.windows(4).any(|part| subject.as_bytes().windows(4).any(|of| of == part)));
    }
    world.clock.advance(LEASE);
    assert_eq!(ids(&world.open()), first, "another process, another try");
}

#[test]
fn what_fails_is_tried_again_and_given_up_for_good() {
    let world = World::default();
    let vault = world.open();
    let key = enqueue(&vault, ada(&vault));
    let end = |outcome| {
        let taken = take(&vault).ready.pop().unwrap();
        wait(outbox::settle(&vault, vec![(taken, outcome)], &staff("support"))).unwrap()
    };
    let at = vault.now().plus(Span::hours(3));
    let put_off = end(Outcome::Later { failure: Failure::Unreachable, at });
    assert_eq!(put_off, Settled { put_off: 1, ..Settled::default() });
    assert_eq!(
        letter(&vault, &key).progress,
        Progress::Queued { last: Some(Failure::Unreachable) }
    );
    world.clock.advance(Span::micros(Span::hours(3).as_micros() - 1));
    assert_eq!(take(&vault).claimed, 0);
    world.clock.advance(Span::micros(1));
    let given_up = end(Outcome::GivenUp(Failure::Refused));
    assert_eq!(given_up, Settled { given_up: 1, ..Settled::default() });
    let kept = letter(&vault, &key);
    let progress = Progress::GivenUp { failure: Failure::Refused, at: vault.now() };
    assert_eq!(kept, Letter { tries: 2, progress, ..kept.clone() });
    world.clock.advance(Span::days(9));
    assert_eq!(take(&vault).claimed, 0);
    assert_eq!(code(wait(outbox::cancel(&vault, &key, &staff("support")))), "outbox.ended");
}

#[test]
fn a_worker_that_lost_its_lease_settles_nothing() {
    let world = World::default();
    let (vault, other) = (world.open(), world.open());
    let subjects = [ada(&vault), support::another(&vault, "eve@example.org")];
    let keys = subjects.map(|subject| enqueue(&vault, subject));
    let mine = take(&vault).ready;
    assert_eq!(mine.len(), 2);
    world.clock.advance(LEASE);
    let theirs = wait(outbox::take(&other, LEASE, 1, None, &staff("support"))).unwrap().ready;
    assert_eq!(theirs.len(), 1);
    let sent = |vault: &Vault, all: Vec<outbox::Taken>| {
        let all = all.into_iter().map(|one| (one, Outcome::Sent)).collect();
        wait(outbox::settle(vault, all, &staff("support"))).unwrap()
    };
    // The other message is not kept by it.
    assert_eq!(sent(&vault, mine), Settled { sent: 1, lost: 1, ..Settled::default() });
    assert_eq!(sent(&other, theirs), Settled { sent: 1, ..Settled::default() });
    for key in &keys {
        assert!(matches!(letter(&vault, key).progress, Progress::Sent { .. }));
    }
    wait(vault.audit()).unwrap();
}

#[test]
fn an_erasure_takes_what_was_not_sent_but_not_what_tells_of_it() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let to_account = [enqueue(&vault, subject), enqueue(&vault, subject)];
    let to = outbox::Recipient::Address(Sensitive::new("ada@example.org".to_owned()));
    let done = Message { to, says: Name::fixed("erasure_done"), ..news() };
    let by = staff("support");
    let told = wait(outbox::enqueue(&vault, Some(subject), &done, &by)).unwrap();
    wait(erasure::erase(&vault, subject, &by)).unwrap();
    let gone = Progress::GivenUp { failure: Failure::Gone, at: vault.now() };
    // The erasure takes back what it can; a worker finds the rest.
    assert_eq!(to_account.each_ref().map(|key| letter(&vault, key).progress), [gone; 2]);
    let mut batch = take(&vault);
    assert_eq!((batch.claimed, batch.settled.given_up), (1, 0));
    let taken = batch.ready.pop().unwrap();
    // EXPOSE: a test looks at it.
    assert_eq!(taken.outgoing.to.expose(), "ada@example.org");
    wait(outbox::settle(&vault, vec![(taken, Outcome::Sent)], &by)).unwrap();
    assert!(matches!(letter(&vault, &told).progress, Progress::Sent { .. }));
    assert_eq!(letters(&vault, subject).len(), 3, "what was told is kept for its own period");
    wait(vault.audit()).unwrap();
}

#[test]
fn nobody_is_written_to_against_the_policy_a_no_or_a_restriction() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    // Nobody asked her.
    for (purpose, role) in [("newsletter", "marketing"), ("offers", "marketing")] {
        let message = Message { purpose: Name::fixed(purpose), ..news() };
        let key = wait(outbox::enqueue(&vault, Some(subject), &message, &staff(role))).unwrap();
        let batch = wait(outbox::take(&vault, LEASE, 9, None, &staff(role))).unwrap();
        assert_eq!((batch.ready.len(), batch.settled.given_up), (0, 1), "{purpose}");
        let failure = Failure::NotAllowed;
        let progress = Progress::GivenUp { failure, at: vault.now() };
        assert_eq!(letter(&vault, &key).progress, progress, "{purpose}");
    }
    // That this role may not is no reason to throw the letter away, however often it tries.
    let message = Message { purpose: Name::fixed("billing"), ..news() };
    let key = wait(outbox::enqueue(&vault, Some(subject), &message, &staff("billing"))).unwrap();
    let before = wait(vault.log_ends()).unwrap();
    for _ in 0..60 {
        let batch = wait(outbox::take(&vault, LEASE, 9, None, &staff("support"))).unwrap();
        assert_eq!((batch.ready.len(), batch.not_ours.len()), (0, 1));
        assert_eq!(batch.settled, Settled::default());
        wait(outbox::give_back(&vault, &batch.not_ours)).unwrap();
    }
    assert_eq!(wait(vault.log_ends()).unwrap(), before, "nor does it fill the log");
    assert_eq!(letter(&vault, &key).tries, 0);
    // Who may has it at once.
    let batch = wait(outbox::take(&vault, LEASE, 9, None, &staff("billing"))).unwrap();
    assert_eq!(batch.ready.len(), 1);
    wait(outbox::settle(
        &vault,
        vec![(batch.ready.into_iter().next().unwrap(), Outcome::Sent)],
        &staff("billing"),
    ))
    .unwrap();
    let key = enqueue(&vault, subject);
    let (terms, by) = (support::terms(&vault), staff("support"));
    wait(restriction::place(&vault, subject, &terms, &by)).unwrap();
    let batch = take(&vault);
    assert_eq!((batch.ready.len(), batch.settled.put_off), (0, 1));
    assert!(matches!(letter(&vault, &key).progress, Progress::Queued { .. }), "it may be lifted");
}

#[test]
fn what_comes_too_late_is_not_sent() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let (send_at, expires_at) =
        (vault.now().plus(Span::days(1)), Some(vault.now().plus(Span::days(2))));
    let message = Message { send_at: Some(send_at), expires_at, ..news() };
    let by = staff("support");
    let all: Vec<_> = (0..2)
        .map(|_| wait(outbox::enqueue(&vault, Some(subject), &message, &by)).unwrap())
        .collect();
    assert_eq!(take(&vault).claimed, 0, "not yet");
    world.clock.advance(Span::days(1));
    let one = wait(outbox::take(&vault, LEASE, 1, None, &by)).unwrap();
    assert_eq!(one.ready.len(), 1);
    world.clock.advance(Span::days(1));
    let late = take(&vault);
    assert_eq!((late.ready.len(), late.settled.given_up), (0, 2));
    for key in &all {
        let progress = Progress::GivenUp { failure: Failure::Expired, at: vault.now() };
        assert_eq!(letter(&vault, key).progress, progress);
    }
}

#[test]
fn an_altered_message_is_left_and_stops_no_other() {
    let world = World::default();
    let vault = world.open();
    let subjects = [ada(&vault), support::another(&vault, "eve@example.org")];
    let keys = subjects.map(|subject| enqueue(&vault, subject));
    support::alter(&world, &keys[0]);
    let batch = take(&vault);
    assert_eq!((batch.claimed, batch.altered, batch.ready.len()), (2, 1, 1));
    assert_eq!(batch.ready[0].subject(), subjects[1]);
}

#[test]
fn a_message_to_somebody_unknown_has_an_address_of_its_own() {
    let world = World::default();
    let vault = world.open();
    let to = outbox::Recipient::Address(Sensitive::new("eve@example.org".to_owned()));
    let message = Message { to, ..news() };
    let key = wait(outbox::enqueue(&vault, None, &message, &staff("support"))).unwrap();
    assert_ne!(key.subject, SubjectId::CONTROLLER);
    let batch = wait(outbox::take(&vault, LEASE, 9, None, &staff("marketing"))).unwrap();
    assert_eq!((batch.ready.len(), batch.not_ours.len()), (0, 1), "the role may not");
    let key = wait(outbox::enqueue(&vault, None, &message, &staff("support"))).unwrap();
    // EXPOSE: a test looks at it.
    assert_eq!(take(&vault).ready[0].outgoing.to.expose(), "eve@example.org");
    let shown = format!("{message:?} {:?}", letter(&vault, &key));
    assert!(!shown.contains("eve"), "{shown}");
}
