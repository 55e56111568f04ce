//! Who may write to people and for what, and whom an address of its own reaches.

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::outbox::{self, Failure, Message, Progress, Recipient};
use tacenda_core::pii::Sensitive;
use tacenda_core::vault::{Actor, Entry, StanceChange, Vault};
use tacenda_core::{Name, SubjectId};
use tacenda_gdpr::objection::{self, Way};
use tacenda_gdpr::{erasure, restriction};
use tacenda_testkit::world::{World, ada, staff};

use crate::support::{ACCOUNT, LEASE, code, enqueue, letter, news, send_all, terms};

const NEWS: Name = Name::fixed("newsletter");
const OFFERS: Name = Name::fixed("offers");

fn own(purpose: Name) -> Message {
    let to = Recipient::Address(Sensitive::new("ada@example.net".to_owned()));
    Message { to, ..Message::to_account(Name::fixed("news"), purpose) }
}

fn consents(vault: &Vault, subject: SubjectId) {
    let consents = StanceChange::Consents { purpose: NEWS, text: NEWS, version: 3 };
    let entry = Entry::new("consent.given");
    wait(vault.change_stance(subject, None, &[consents], entry, &Actor::system())).unwrap();
}

/// What became of a letter with an address of its own, once it was taken.
fn sent(vault: &Vault, subject: Option<SubjectId>, purpose: Name) -> Progress {
    let by = staff("marketing");
    let key = wait(outbox::enqueue(vault, subject, &own(purpose), &by)).unwrap();
    let batch = wait(outbox::take(vault, LEASE, 9, None, &by)).unwrap();
    let all = batch.ready.into_iter().map(|one| (one, outbox::Outcome::Sent)).collect();
    wait(outbox::settle(vault, all, &by)).unwrap();
    wait(outbox::progress(vault, &key)).unwrap()
}

const fn is_sent(progress: Progress) -> bool {
    matches!(progress, Progress::Sent { .. })
}

fn why(progress: Progress) -> Option<Failure> {
    match progress {
        Progress::GivenUp { failure, .. } => Some(failure),
        Progress::Queued { last } => last,
        Progress::Sent { .. } => None,
    }
}

#[test]
fn an_address_of_its_own_is_no_way_around_a_no() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    assert_eq!(why(sent(&vault, Some(subject), NEWS)), Some(Failure::NotAllowed), "no consent");
    consents(&vault, subject);
    assert!(is_sent(sent(&vault, Some(subject), NEWS)));
    assert!(is_sent(sent(&vault, Some(subject), OFFERS)));
    let when = (vault.now(), Way::Email);
    wait(objection::stop_marketing(&vault, subject, when, &staff("support"))).unwrap();
    for purpose in [NEWS, OFFERS] {
        assert_eq!(why(sent(&vault, Some(subject), purpose)), Some(Failure::NotAllowed));
    }
    wait(vault.audit()).unwrap();
}

#[test]
fn an_address_of_its_own_reaches_nobody_for_what_is_theirs_to_allow_without_an_account() {
    let vault = World::default().open();
    let subject = ada(&vault);
    consents(&vault, subject);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    for of in [Some(subject), None] {
        for purpose in [NEWS, OFFERS] {
            assert!(why(sent(&vault, of, purpose)).is_some(), "{of:?}");
        }
    }
    // What the contract or the law asks for is told to whoever it is owed.
    let told = wait(outbox::enqueue(&vault, Some(subject), &own(ACCOUNT), &staff("support")));
    assert_eq!(send_all(&vault), 1);
    assert!(is_sent(letter(&vault, &told.unwrap()).progress));
}

#[test]
fn an_address_of_its_own_waits_while_the_person_is_restricted() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    consents(&vault, subject);
    wait(restriction::place(&vault, subject, &terms(&vault), &staff("support"))).unwrap();
    let waits = sent(&vault, Some(subject), NEWS);
    assert_eq!(waits, Progress::Queued { last: Some(Failure::NotAllowed) });
    // Of the restriction itself they are told.
    let by = staff("support");
    wait(outbox::enqueue(&vault, Some(subject), &own(ACCOUNT), &by)).unwrap();
    world.clock.advance(Span::seconds(1));
    assert_eq!(send_all(&vault), 1);
}

#[test]
fn a_role_writes_for_its_own_purposes_and_takes_back_what_is_of_them() {
    let vault = World::default().open();
    let subject = ada(&vault);
    let (support, marketing) = (staff("support"), staff("marketing"));
    let write = |by: &Actor, message: &Message| {
        code(wait(outbox::enqueue(&vault, Some(subject), message, by)))
    };
    assert_eq!(write(&marketing, &news()), "policy.role_not_allowed");
    let unknown = Message::to_account(Name::fixed("news"), Name::fixed("anything"));
    assert_eq!(write(&support, &unknown), "policy.unknown_purpose");
    assert_eq!(write(&staff("nobody"), &news()), "policy.unknown_role");
    assert_eq!(write(&Actor::system(), &news()), "ok");
    let key = enqueue(&vault, subject);
    let cancel = |by: &Actor| code(wait(outbox::cancel(&vault, &key, by)));
    assert_eq!(cancel(&marketing), "policy.role_not_allowed");
    assert_eq!(letter(&vault, &key).progress, Progress::Queued { last: None });
    assert_eq!(cancel(&support), "ok");
    assert_eq!(cancel(&support), "outbox.ended");
}
