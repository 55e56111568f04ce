//! Requests, cut at every step: received, worked on, closed; and two who work on one at once.

use std::cell::Cell;
use std::sync::LazyLock;

use pollster::block_on as wait;
use tacenda_core::calendar::{Region, Utc, WorkingDays};
use tacenda_core::pii::Email;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::vault::{RecordKey, Standing, Vault};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_gdpr::requests::{
    self, Arrival, Calendar, Channel, Event, Note, Received, ReplyTo, RequestId, Requester, Right,
    Scope, Stage, Whom, Words,
};
use tacenda_testkit::world::{World, ada, staff};

use super::{Cuttable, between, everywhere, try_open};

const ACCOUNT: Name = Name::fixed("account");

fn calendar() -> Calendar<'static> {
    static FRANCE: LazyLock<WorkingDays> =
        LazyLock::new(|| WorkingDays::of(Region::parse("FR").unwrap()));
    Calendar::new(&Utc, &FRANCE)
}

fn receive(vault: &Vault, whom: Whom) -> Result<Received> {
    receive_as(vault, whom, None)
}

const NUMBER: Option<RequestId> = Some(RequestId::from_bytes([3; 16]));

fn receive_as(vault: &Vault, whom: Whom, id: Option<RequestId>) -> Result<Received> {
    let arrival = Arrival {
        id,
        whom,
        right: Right::Erasure,
        requester: Requester::Subject,
        channel: Channel::Email,
        scope: Scope::ALL,
        purpose: None,
        received_at: vault.now(),
        reply_to: Some(ReplyTo::email("ada@elsewhere.example").unwrap()),
        words: Some(Words::new("Forget me.")),
    };
    wait(requests::receive(vault, &calendar(), arrival, &staff("support")))
}

fn by_email() -> Whom {
    Whom::HasEmail(Email::parse("ada@example.org").unwrap(), ACCOUNT)
}

fn keys(vault: &Vault, subject: SubjectId) -> Vec<RecordKey> {
    let found = wait(vault.records_of(subject, &REQUESTS)).unwrap();
    found.into_iter().map(|one| one.key).collect()
}

fn read(vault: &Vault, key: &RecordKey) -> requests::Request {
    wait(requests::read(vault, key, &ACCOUNT, &staff("support"))).unwrap()
}

fn take(vault: &Vault, key: &RecordKey, event: Event) -> Result<requests::Entered> {
    wait(requests::step(vault, &calendar(), key, event, &staff("support")))
}

fn leaves(vault: &Vault, subject: SubjectId, action: &str) -> usize {
    let leaves = wait(vault.history(subject, 99)).unwrap();
    leaves.iter().filter(|leaf| leaf.action == *action).count()
}

#[test]
fn a_request_is_received_whole_or_not_at_all() {
    let operations = everywhere(
        |world| {
            let vault = world.sound.open();
            let subject = ada(&vault);
            receive(&vault, Whom::Known(subject)).unwrap();
            subject
        },
        |world, _| receive_as(&try_open(world)?, by_email(), NUMBER).map(|_| ()),
        |world, subject, done| {
            // After a restart.
            let vault = world.sound.open();
            let kept = keys(&vault, subject);
            assert!(kept.len() == 2 || (kept.len() == 1 && !done));
            assert_eq!(leaves(&vault, subject, "request.received"), kept.len());
            for (n, key) in kept.iter().enumerate() {
                assert_eq!(read(&vault, key).links().len(), n);
                let words =
                    wait(requests::read_words(&vault, key, &ACCOUNT, &staff("support"))).unwrap();
                assert_eq!(words, Some(Words::new("Forget me.")));
            }
            let until = "2026-07-01".parse().unwrap();
            let due =
                wait(requests::agenda(&vault, &calendar(), until, &staff("support"))).unwrap();
            assert_eq!(due.len(), kept.len(), "none is overlooked");
            // Whoever did not hear that it was received tries again.
            let again = receive_as(&vault, by_email(), NUMBER).unwrap();
            assert_eq!(again.is_new, kept.len() == 1);
            assert_eq!(keys(&vault, subject).len(), 2, "one file of two tries");
            // What a killed process left in the safe does not stand in the way.
            let next = receive(&vault, Whom::Known(subject)).unwrap();
            assert_eq!(read(&vault, &next.key).links().len(), 2);
            wait(vault.audit()).unwrap();
        },
    );
    assert!(operations > 10, "{operations}");
}

#[test]
fn two_tries_at_once_make_one_file() {
    for known in [true, false] {
        let whom = move |subject| if known { Whom::Known(subject) } else { Whom::Unknown };
        between(
            |world| ada(&world.sound.open()),
            move |world, subject| receive_as(&try_open(world)?, whom(subject), NUMBER),
            move |world, subject| {
                receive_as(&world.open(), whom(subject), NUMBER).unwrap();
            },
            |world, _, done: Result<_>| {
                let at = done.unwrap();
                let vault = world.sound.open();
                assert_eq!(read(&vault, &at.key).id(), at.id);
                let until = "2026-07-01".parse().unwrap();
                let due =
                    wait(requests::agenda(&vault, &calendar(), until, &staff("support"))).unwrap();
                assert_eq!(due.len(), 1);
                wait(vault.audit()).unwrap();
            },
        );
    }
}

fn prepare(world: &Cuttable) -> SubjectId {
    let vault = world.sound.open();
    receive(&vault, Whom::Known(ada(&vault))).unwrap().key.subject
}

fn only(vault: &Vault, subject: SubjectId) -> RecordKey {
    keys(vault, subject).pop().unwrap()
}

#[test]
fn a_step_is_taken_whole_or_not_at_all() {
    let closing = |world: &World, subject| {
        let vault = try_open(world)?;
        let key = only_or(&vault, subject)?;
        take(&vault, &key, Event::Withdrawn(vault.now())).map(|_| ())
    };
    let operations = everywhere(prepare, closing, |world, subject, done| {
        let vault = world.sound.open();
        let key = only(&vault, subject);
        let standing = wait(vault.record(&key)).unwrap().standing;
        let closed = matches!(standing, Standing::Closed { .. });
        assert!(closed || !done);
        assert_eq!(leaves(&vault, subject, "request.withdrawn"), usize::from(closed));
        let stage = read(&vault, &key).state().stage();
        assert_eq!(stage == Stage::Withdrawn, closed, "its row and its file");
        let address =
            wait(requests::read_reply_to(&vault, &key, &ACCOUNT, &staff("support"))).unwrap();
        assert_eq!(address.is_none(), closed, "the address goes with it");
        let again = take(&vault, &key, Event::Withdrawn(vault.now()));
        assert_eq!(again.err().map(|e| e.code()), closed.then_some("requests.wrong_step"));
        wait(vault.audit()).unwrap();
    });
    assert!(operations > 5, "{operations}");
}

fn only_or(vault: &Vault, subject: SubjectId) -> Result<RecordKey> {
    let found = wait(vault.records_of(subject, &REQUESTS))?;
    Ok(found.into_iter().map(|one| one.key).next().unwrap())
}

#[test]
fn two_who_work_on_one_request_both_enter_what_they_saw() {
    let remark = |text: &str| Event::Remarked(Note::parse(text).unwrap());
    between(
        prepare,
        move |world, subject| {
            let vault = try_open(world)?;
            let key = only_or(&vault, subject)?;
            take(&vault, &key, remark("One."))
        },
        move |world, subject| {
            let vault = world.open();
            take(&vault, &only(&vault, subject), remark("Two.")).unwrap();
        },
        |world, subject, done| {
            done.unwrap();
            let vault = world.sound.open();
            assert_eq!(read(&vault, &only(&vault, subject)).entries().len(), 3);
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn who_closes_a_request_first_is_the_only_one() {
    between(
        prepare,
        |world, subject| {
            let vault = try_open(world)?;
            let key = only_or(&vault, subject)?;
            take(&vault, &key, Event::Acknowledged(vault.now()))
        },
        |world, subject| {
            let vault = world.open();
            // It may be the second who comes first.
            let _ = take(&vault, &only(&vault, subject), Event::Withdrawn(vault.now())).unwrap();
        },
        |world, subject, done: Result<_>| {
            let vault = world.sound.open();
            let file = read(&vault, &only(&vault, subject));
            assert_eq!(file.state().stage(), Stage::Withdrawn);
            assert_eq!(file.entries().len(), if done.is_ok() { 3 } else { 2 });
            if let Err(error) = done {
                assert_eq!(error.code(), "requests.wrong_step", "the rules are asked again");
            }
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn a_request_that_is_received_while_its_account_is_erased_is_not_lost() {
    between(
        |world| ada(&world.sound.open()),
        |world, subject| receive(&try_open(world)?, Whom::Known(subject)),
        |world, subject| {
            let vault = world.open();
            wait(tacenda_gdpr::erasure::erase(&vault, subject, &staff("support"))).unwrap();
        },
        |world, subject, done| {
            let at = done.unwrap();
            let vault = world.sound.open();
            assert_eq!(keys(&vault, subject).iter().collect::<Vec<_>>(), [&at.key]);
            assert_eq!(read(&vault, &at.key).id(), at.id);
            wait(vault.audit()).unwrap();
        },
    );
}

/// A request of the subject's own, from the account.
fn mine(vault: &Vault, subject: SubjectId) {
    let arrival = Arrival {
        id: None,
        whom: Whom::Known(subject),
        right: Right::Erasure,
        requester: Requester::Subject,
        channel: Channel::Account,
        scope: Scope::ALL,
        purpose: None,
        received_at: vault.now(),
        reply_to: None,
        words: None,
    };
    let me = tacenda_core::vault::Actor::subject(subject);
    wait(requests::receive(vault, &calendar(), arrival, &me)).unwrap();
}

fn erase(vault: &Vault, subject: SubjectId) -> Result<requests::Erased> {
    let key = only_or(vault, subject)?;
    wait(requests::erase(vault, &calendar(), &key, &staff("support")))
}

#[test]
fn a_request_for_erasure_is_decided_before_anything_goes() {
    let operations = everywhere(
        |world| {
            let vault = world.sound.open();
            let subject = {
                let eve = [("email", "eve@example.org"), ("card_last4", "4242")];
                let eve = tacenda_testkit::world::request(&vault, &eve, false);
                wait(vault.register(eve, &staff("support"))).unwrap().subject()
            };
            mine(&vault, subject);
            subject
        },
        |world, subject| erase(&try_open(world)?, subject).map(|_| ()),
        |world, subject, done| {
            let vault = world.sound.open();
            wait(vault.resume_destroys()).unwrap();
            let key = only(&vault, subject);
            let gone = wait(requests::held(&vault, subject, &staff("support"))).unwrap()
                != requests::Held::Something;
            assert!(gone || !done);
            let decided = read(&vault, &key).state().stage() == Stage::Decided;
            assert!(decided || !gone, "what went was decided on");
            // Whoever was stopped calls it again, and gets the receipt whatever was done by then.
            let erased = erase(&vault, subject).unwrap();
            let before = matches!(erased.carried, requests::Carried::Before(_));
            assert_eq!(before, gone);
            let receipt = erased.receipt().unwrap();
            assert_eq!(receipt.leaf.action, *"erasure.done");
            let index = receipt.position.index;
            let text = format!("Erased. The receipt is entry {index} of epoch 1 of the log.");
            let file = read(&vault, &key);
            let is_it =
                |event: &Event| matches!(event, Event::Remarked(note) if note.as_text() == text);
            let notes = file.entries().iter().filter(|entry| is_it(&entry.event)).count();
            assert_eq!(notes, 1, "noted, and once");
            let held = wait(requests::held(&vault, subject, &staff("support"))).unwrap();
            assert!(matches!(held, requests::Held::ErasedOn(_)));
            assert_eq!(read(&vault, &key).state().stage(), Stage::Decided);
            wait(vault.audit()).unwrap();
        },
    );
    assert!(operations > 20, "{operations}");
}

#[test]
fn what_is_erased_on_request_is_what_was_decided() {
    let (refused, granted) = (Cell::new(0), Cell::new(0));
    let count = |cell: &Cell<u32>| cell.set(cell.get() + 1);
    between(
        |world| {
            let vault = world.sound.open();
            let eve = [("email", "eve@example.org"), ("address", "Rue 1"), ("country", "FR")];
            let eve = tacenda_testkit::world::request(&vault, &eve, false);
            let subject = wait(vault.register(eve, &staff("support"))).unwrap().subject();
            mine(&vault, subject);
            subject
        },
        |world, subject| erase(&try_open(world)?, subject),
        // What was invoiced is kept for the law.
        |world, subject| {
            let facts = [(Name::fixed("invoiced"), true)].into();
            let amendment = tacenda_core::vault::Amendment { facts, ..Default::default() };
            drop(wait(world.open().amend(subject, amendment, &staff("support"))));
        },
        |world, subject, done| {
            let vault = world.sound.open();
            // If it changed in between, it was decided again.
            let (done, rows) = (done.unwrap(), wait(vault.outline(subject)).unwrap());
            let kept = rows.iter().any(|row| row.class == *"billing");
            count(if kept { &refused } else { &granted });
            assert_eq!(matches!(done.decision, requests::Decision::Granted(None)), !kept);
            let file = read(&vault, &only(&vault, subject));
            assert_eq!(file.state().decision(), Some(&done.decision));
            wait(vault.audit()).unwrap();
        },
    );
    assert!(refused.get() > 3 && granted.get() > 3, "{refused:?} {granted:?}");
}
