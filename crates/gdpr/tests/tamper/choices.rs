//! Consents and objections that somebody altered: a removed withdrawal brings no consent back.

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::row::RowKey;
use tacenda_core::vault::{Actor, RecordKey, Vault};
use tacenda_core::{Name, SubjectId};
use tacenda_gdpr::consent::{self, Giver, Giving, How, Withdrawal};
use tacenda_gdpr::objection::{self, Objecting, Way};
use tacenda_testkit::world::{ada, staff};

use super::adversary::Adversary;
use super::code;

const NEWS: Name = Name::fixed("newsletter");
const ANALYSIS: Name = Name::fixed("analysis");

fn give(vault: &Vault, subject: SubjectId) -> RecordKey {
    let giving = Giving {
        text: NEWS,
        language: "en".into(),
        how: How::Account,
        given_at: vault.now(),
        by: Giver::Person,
        age: None,
        country: None,
    };
    wait(consent::give(vault, subject, &giving, &Actor::subject(subject))).unwrap().key
}

fn withdraw(vault: &Vault, subject: SubjectId) -> Withdrawal {
    let when = (vault.now(), How::Account);
    wait(consent::withdraw(vault, subject, &NEWS, when, &Actor::subject(subject))).unwrap()
}

fn object(vault: &Vault, subject: SubjectId) -> objection::Objected {
    let (way, received_at) = (Way::Account, vault.now());
    let objecting = Objecting { purpose: ANALYSIS, way, received_at, words: None };
    wait(objection::object(vault, subject, &objecting, &Actor::subject(subject))).unwrap()
}

fn read(vault: &Vault, subject: SubjectId, purpose: &Name) -> &'static str {
    code(wait(vault.read(subject, purpose, &staff("marketing"))))
}

fn place(key: &RecordKey) -> RowKey {
    RowKey { subject: key.subject, kind: key.kind.kind.clone(), id: key.id }
}

#[test]
fn a_removed_withdrawal_brings_no_consent_back() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let key = give(&vault, subject);
    let given = store.row(&place(&key));
    withdraw(&vault, subject);
    // The record is gone, or is what it was before.
    for row in [None, Some(given)] {
        store.put(&place(&key), row);
        assert_eq!(read(&vault, subject, &NEWS), "policy.no_consent");
        assert_ne!(code(wait(vault.audit())), "ok");
        store.repent();
    }
    // Nor does the account as it was before: it is read for nothing then.
    let account = RowKey::only(subject, Name::fixed("profile.account"));
    let now = store.row(&account);
    world.clock.advance(Span::seconds(1));
    give(&vault, subject);
    store.put(&account, Some(now));
    assert_eq!(read(&vault, subject, &NEWS), "vault.altered_row");
    assert_eq!(read(&vault, subject, &ANALYSIS), "vault.altered_row");
    store.repent();
    assert_eq!(read(&vault, subject, &NEWS), "ok");
}

#[test]
fn who_says_no_is_heard_whatever_became_of_the_proof() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    for spoil in [true, false] {
        world.clock.advance(Span::seconds(1));
        let key = give(&vault, subject);
        if spoil {
            store.edit(&place(&key), |row| *row.body.last_mut().unwrap() ^= 1);
        } else {
            store.put(&place(&key), None);
        }
        assert_eq!(withdraw(&vault, subject), Withdrawal::EndedWithoutProof);
        assert_eq!(read(&vault, subject, &NEWS), "policy.no_consent");
        let leaf = wait(vault.history(subject, 2)).unwrap().remove(1);
        assert_eq!(leaf.action, *"consent.withdrawn");
        assert!(leaf.find("code").is_some(), "the log says why");
        store.repent();
    }
    // The proofs that come back to light end with the next look at them.
    assert_eq!(wait(consent::settle(&vault, None, 9)).unwrap().ended, 2);
    wait(vault.audit()).unwrap();
}

#[test]
fn a_removed_objection_lets_nobody_read() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let first = object(&vault, subject);
    store.put(&place(&first.key), None);
    assert_eq!(read(&vault, subject, &ANALYSIS), "policy.objected");
    let second = object(&vault, subject);
    assert!(!second.repeated && second.key != first.key, "and it is taken down again");
    store.repent();
    // The lost one, found again, decides nothing.
    wait(objection::withdraw(&vault, &first.key, vault.now(), &Actor::subject(subject))).unwrap();
    assert_eq!(read(&vault, subject, &ANALYSIS), "policy.objected");
    wait(objection::withdraw(&vault, &second.key, vault.now(), &Actor::subject(subject))).unwrap();
    assert_eq!(read(&vault, subject, &ANALYSIS), "ok");
    wait(vault.audit()).unwrap();
}

#[test]
fn who_says_no_while_the_account_is_altered_is_heard_once_it_is_not() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let key = give(&vault, subject);
    let account = RowKey::only(subject, Name::fixed("profile.account"));
    let settle = || {
        let states = [objection::State::Pending, objection::State::Stands];
        for state in &states {
            wait(objection::settle(&vault, state, None, 9)).unwrap();
        }
        wait(consent::settle(&vault, None, 9)).unwrap().ended
    };
    world.clock.advance(Span::seconds(1));
    store.edit(&account, |row| *row.body.last_mut().unwrap() ^= 1);
    assert_eq!(withdraw(&vault, subject), Withdrawal::Unheeded(key));
    let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
    assert_eq!(
        (leaf.action.as_str(), leaf.find("code")),
        ("consent.withdrawn", Some("vault.altered_row"))
    );
    let no = object(&vault, subject);
    let when = (vault.now(), Way::Account);
    let stop = wait(objection::stop_marketing(&vault, subject, when, &Actor::subject(subject)));
    let stop = stop.unwrap();
    assert_eq!(settle(), 0, "nobody can tell the account");
    for purpose in [&NEWS, &ANALYSIS] {
        assert_eq!(read(&vault, subject, purpose), "vault.altered_row");
    }
    store.repent();
    assert_eq!(settle(), 1);
    let stance = wait(vault.stance(subject)).unwrap().unwrap();
    assert!(stance.consents.is_empty() && stance.withdrawn.contains_key(&NEWS));
    assert_eq!(stance.objections.get(&ANALYSIS), Some(&no.key.id));
    assert_eq!(stance.marketing, Some(stop.key.id));
    assert_eq!(read(&vault, subject, &NEWS), "policy.objected");
    assert_eq!(read(&vault, subject, &ANALYSIS), "policy.objected");
    assert_eq!(settle(), 0);
    wait(vault.audit()).unwrap();
}

#[test]
fn nobody_consents_past_a_withdrawal_that_the_account_does_not_know() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let first = give(&vault, subject);
    let account = RowKey::only(subject, Name::fixed("profile.account"));
    world.clock.advance(Span::seconds(1));
    store.edit(&account, |row| *row.body.last_mut().unwrap() ^= 1);
    withdraw(&vault, subject);
    store.repent();
    world.clock.advance(Span::seconds(1));
    let second = give(&vault, subject);
    assert_ne!(second, first, "a proof of its own");
    assert_eq!(wait(consent::settle(&vault, None, 9)).unwrap().ended, 0);
    assert_eq!(read(&vault, subject, &NEWS), "ok");
    wait(vault.audit()).unwrap();
}
