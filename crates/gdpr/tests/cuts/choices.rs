//! Consents and objections, cut at every step: proof and account change together or not at all.

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::policy::records::{CONSENTS, OBJECTIONS};
use tacenda_core::vault::{Actor, Standing, Vault};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_gdpr::consent::{self, Giver, Giving, How, Stands, Withdrawal};
use tacenda_gdpr::erasure;
use tacenda_gdpr::objection::{self, Decision, Objected, Objecting, Overriding, Told, Way};
use tacenda_gdpr::requests::Note;
use tacenda_testkit::world::{ada, staff};

use super::{between, everywhere, try_open};

const NEWS: Name = Name::fixed("newsletter");
const ANALYSIS: Name = Name::fixed("analysis");

fn give(vault: &Vault, subject: SubjectId) -> Result<Stands> {
    let giving = Giving {
        text: NEWS,
        language: "en".into(),
        how: How::Account,
        given_at: vault.now(),
        by: Giver::Person,
        age: None,
        country: None,
    };
    wait(consent::give(vault, subject, &giving, &Actor::subject(subject)))
}

fn withdraw(vault: &Vault, subject: SubjectId) -> Result<Withdrawal> {
    let when = (vault.now(), How::Account);
    wait(consent::withdraw(vault, subject, &NEWS, when, &Actor::subject(subject)))
}

fn object(vault: &Vault, subject: SubjectId) -> Result<Objected> {
    let (way, received_at) = (Way::Account, vault.now());
    let objecting = Objecting { purpose: ANALYSIS, way, received_at, words: None };
    wait(objection::object(vault, subject, &objecting, &Actor::subject(subject)))
}

fn readable(vault: &Vault, subject: SubjectId, purpose: &Name) -> bool {
    wait(vault.read(subject, purpose, &staff("marketing"))).is_ok()
}

fn open_of(vault: &Vault, subject: SubjectId) -> (usize, usize) {
    let all = wait(vault.records_of(subject, &CONSENTS)).unwrap();
    let open = all.iter().filter(|one| matches!(one.standing, Standing::Open { .. }));
    (all.len(), open.count())
}

#[test]
fn a_consent_is_given_whole_or_not_at_all() {
    let operations = everywhere(
        |world| ada(&world.sound.open()),
        |world, subject| give(&try_open(world)?, subject).map(|_| ()),
        |world, subject, done| {
            let vault = world.sound.open();
            let stands = readable(&vault, subject, &NEWS);
            assert!(stands || !done);
            let proofs = usize::from(stands);
            assert_eq!(open_of(&vault, subject), (proofs, proofs), "no consent without proof");
            assert_eq!(give(&vault, subject).unwrap().changed, !stands);
            assert_eq!(open_of(&vault, subject), (1, 1));
            wait(vault.audit()).unwrap();
        },
    );
    assert!(operations > 10, "{operations}");
}

#[test]
fn a_consent_is_withdrawn_whole_or_not_at_all() {
    everywhere(
        |world| {
            let vault = world.sound.open();
            let subject = ada(&vault);
            give(&vault, subject).unwrap();
            subject
        },
        |world, subject| withdraw(&try_open(world)?, subject).map(|_| ()),
        |world, subject, done| {
            let vault = world.sound.open();
            let stands = readable(&vault, subject, &NEWS);
            assert!(!(stands && done));
            assert_eq!(open_of(&vault, subject), (1, usize::from(stands)));
            let again = withdraw(&vault, subject).unwrap();
            assert_eq!(matches!(again, Withdrawal::Ended(_)), stands);
            assert!(!readable(&vault, subject, &NEWS));
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn whoever_withdraws_while_it_is_given_again_is_heard() {
    between(
        |world| {
            let vault = world.sound.open();
            let subject = ada(&vault);
            give(&vault, subject).unwrap();
            subject
        },
        |world, subject| withdraw(&try_open(world).unwrap(), subject).unwrap(),
        |world, subject| {
            let vault = world.open();
            withdraw(&vault, subject).unwrap();
            world.clock.advance(Span::seconds(1));
            give(&vault, subject).unwrap();
        },
        |world, subject, _| {
            let vault = world.sound.open();
            let stands = readable(&vault, subject, &NEWS);
            let (all, open) = open_of(&vault, subject);
            assert_eq!((all, open), (2, usize::from(stands)), "one of the two was last");
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn whoever_withdraws_while_a_consent_is_on_its_way_is_heard() {
    for stood in [false, true] {
        between(
            |world| {
                let vault = world.sound.open();
                let subject = ada(&vault);
                if stood {
                    give(&vault, subject).unwrap();
                }
                subject
            },
            |world, subject| give(&try_open(world).unwrap(), subject).map(|_| ()),
            |world, subject| {
                let vault = world.open();
                let given = give(&vault, subject).map(|_| ());
                withdraw(&vault, subject).unwrap();
                given.unwrap();
            },
            |world, subject, _| {
                let vault = world.sound.open();
                assert!(!readable(&vault, subject, &NEWS), "the no is later than the yes");
                let (all, open) = open_of(&vault, subject);
                assert!(all <= 1 && open == 0, "{all} {open}");
                assert_eq!(give(&vault, subject).unwrap_err().code(), "consent.withdrawn_since");
                wait(vault.audit()).unwrap();
            },
        );
    }
}

#[test]
fn marketing_is_stopped_whole_or_not_at_all() {
    let stop = |vault: &Vault, subject: SubjectId| {
        let when = (vault.now(), Way::Automated);
        wait(objection::stop_marketing(vault, subject, when, &Actor::subject(subject)))
    };
    let offers = Name::fixed("offers");
    everywhere(
        |world| {
            let vault = world.sound.open();
            let subject = ada(&vault);
            give(&vault, subject).unwrap();
            subject
        },
        |world, subject| stop(&try_open(world)?, subject).map(|_| ()),
        |world, subject, done| {
            let vault = world.sound.open();
            let read = readable(&vault, subject, &NEWS);
            assert_eq!(readable(&vault, subject, &offers), read, "all or none");
            assert!(!(read && done));
            let kept = wait(vault.records_of(subject, &OBJECTIONS)).unwrap();
            assert_eq!(kept.len(), usize::from(!read));
            assert_eq!(stop(&vault, subject).unwrap().repeated, !read);
            assert!(!readable(&vault, subject, &NEWS));
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn nobody_is_read_of_after_the_log_has_their_no() {
    for by_address in [false, true] {
        between(
            |world| {
                let vault = world.sound.open();
                let subject = ada(&vault);
                give(&vault, subject).unwrap();
                subject
            },
            move |world, subject| {
                let vault = try_open(world).unwrap();
                let clerk = staff("marketing");
                let read = if by_address {
                    let email = Name::fixed("email");
                    wait(vault.read_by(&email, "ada@example.org", &NEWS, &clerk))
                } else {
                    wait(vault.read(subject, &NEWS, &clerk))
                };
                read.map(drop)
            },
            |world, subject| assert!(withdraw(&world.open(), subject).is_ok()),
            |world, subject, read| {
                let vault = world.sound.open();
                let leaves = wait(vault.history(subject, 99)).unwrap();
                let at = |action: &str| leaves.iter().position(|leaf| leaf.action == *action);
                // The latest first.
                let no = at("consent.withdrawn").unwrap();
                assert!(at("subject.read").is_none_or(|yes| yes > no), "read after the no");
                assert_eq!(at("subject.read").is_some(), read.is_ok());
            },
        );
    }
}

#[test]
fn two_who_consent_at_once_have_one_proof() {
    between(
        |world| ada(&world.sound.open()),
        |world, subject| give(&try_open(world).unwrap(), subject).unwrap(),
        |world, subject| {
            give(&world.open(), subject).unwrap();
        },
        |world, subject, given| {
            let vault = world.sound.open();
            assert_eq!(open_of(&vault, subject), (1, 1));
            assert_eq!(give(&vault, subject).unwrap().key, given.key);
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn an_objection_counts_from_the_next_read_whole_or_not_at_all() {
    everywhere(
        |world| ada(&world.sound.open()),
        |world, subject| object(&try_open(world)?, subject).map(|_| ()),
        |world, subject, done| {
            let vault = world.sound.open();
            let stopped = !readable(&vault, subject, &ANALYSIS);
            assert!(stopped || !done);
            let kept = wait(vault.records_of(subject, &OBJECTIONS)).unwrap();
            assert_eq!(kept.len(), usize::from(stopped));
            assert_eq!(object(&vault, subject).unwrap().repeated, stopped);
            assert!(!readable(&vault, subject, &ANALYSIS));
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn a_decision_lets_nobody_read_before_the_person_is_told() {
    let act = |vault: &Vault, subject: SubjectId| -> Result<()> {
        let key = object(vault, subject)?.key;
        let reasons = Note::parse("A claim.").unwrap();
        let decision = Decision::Overruled(Overriding::LegalClaims, reasons);
        wait(objection::decide(vault, &key, decision, &staff("support")))?;
        let told = Told { sent_at: vault.now(), way: Way::Letter, remedies: true };
        wait(objection::tell(vault, &key, told, &staff("support"))).map(|_| ())
    };
    everywhere(
        |world| {
            let vault = world.sound.open();
            let subject = ada(&vault);
            object(&vault, subject).unwrap();
            subject
        },
        |world, subject| act(&try_open(world)?, subject),
        |world, subject, done| {
            let vault = world.sound.open();
            let read = readable(&vault, subject, &ANALYSIS);
            assert!(read || !done);
            let leaves = wait(vault.history(subject, 99)).unwrap();
            let told = leaves.iter().any(|leaf| leaf.action == *"objection.told");
            assert_eq!(told, read);
            if !read {
                act(&vault, subject).unwrap();
            }
            assert!(readable(&vault, subject, &ANALYSIS));
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn a_withdrawal_while_the_account_is_erased_is_in_nobodys_way() {
    between(
        |world| {
            let vault = world.sound.open();
            let subject = ada(&vault);
            give(&vault, subject).unwrap();
            subject
        },
        |world, subject| withdraw(&try_open(world).unwrap(), subject).map(|_| ()),
        |world, subject| {
            wait(erasure::erase(&world.open(), subject, &staff("support"))).unwrap();
        },
        |world, subject, done: Result<()>| {
            let vault = world.sound.open();
            done.unwrap();
            wait(consent::settle(&vault, None, 99)).unwrap();
            assert_eq!(open_of(&vault, subject), (1, 0));
            wait(vault.audit()).unwrap();
        },
    );
}
