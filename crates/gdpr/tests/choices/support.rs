//! The steps of these rooms in their plainest form, in the small world.

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::vault::{Actor, OnRestore, Vault};
use tacenda_core::{Name, Result, SubjectId, Timestamp};
use tacenda_gdpr::consent::{self, Giver, Giving, How, Stands, Withdrawal};
use tacenda_gdpr::objection::{self, Objected, Objecting, Told, Way};
use tacenda_gdpr::requests::{Note, Words};
use tacenda_testkit::world::{POLICY, World, staff};

pub(crate) const NEWS: Name = Name::fixed("newsletter");
pub(crate) const OFFERS: Name = Name::fixed("offers");
pub(crate) const ANALYSIS: Name = Name::fixed("analysis");
pub(crate) const ACCOUNT: Name = Name::fixed("account");

pub(crate) fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

pub(crate) fn note(text: &str) -> Note {
    Note::parse(text).unwrap()
}

/// What a read for a purpose comes to.
pub(crate) fn read(vault: &Vault, subject: SubjectId, purpose: &Name) -> &'static str {
    code(wait(vault.read(subject, purpose, &staff("marketing"))))
}

/// Consent to the newsletter, given now from the account.
pub(crate) fn giving(vault: &Vault) -> Giving {
    Giving {
        text: NEWS,
        language: "en".into(),
        how: How::Account,
        given_at: vault.now(),
        by: Giver::Person,
        age: None,
        country: None,
    }
}

pub(crate) fn give(vault: &Vault, subject: SubjectId) -> Result<Stands> {
    wait(consent::give(vault, subject, &giving(vault), &Actor::subject(subject)))
}

pub(crate) fn withdraw(vault: &Vault, subject: SubjectId) -> Result<Withdrawal> {
    let when = (vault.now(), How::Account);
    wait(consent::withdraw(vault, subject, &NEWS, when, &Actor::subject(subject)))
}

pub(crate) fn objecting(vault: &Vault, purpose: &Name, words: Option<&str>) -> Objecting {
    let (way, received_at) = (Way::Letter, vault.now());
    Objecting { purpose: purpose.clone(), way, received_at, words: words.map(Words::new) }
}

pub(crate) fn object(vault: &Vault, subject: SubjectId, purpose: &Name) -> Result<Objected> {
    let objecting = objecting(vault, purpose, Some("I am in a situation."));
    wait(objection::object(vault, subject, &objecting, &staff("support")))
}

pub(crate) fn told(at: Timestamp) -> Told {
    Told { sent_at: at, way: Way::Letter, remedies: true }
}

/// The world under a later policy.
pub(crate) fn later(world: &World, version: u64, edits: &[(&str, &str)]) -> Vault {
    let first = POLICY.replacen("version = 1\n", &format!("version = {version}\n"), 1);
    let policy = edits.iter().fold(first, |policy, (from, to)| {
        assert!(policy.contains(from), "{from}");
        policy.replacen(from, to, 1)
    });
    world.try_open(&policy, OnRestore::Refuse).unwrap().0
}

pub(crate) fn pass(world: &World, days: i64) {
    world.clock.advance(Span::days(days));
}
