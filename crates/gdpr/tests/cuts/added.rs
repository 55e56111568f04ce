//! What is written about somebody of whom everything is just being held is held, whoever is first.

use pollster::block_on as wait;
use tacenda_core::outbox::{self, Message};
use tacenda_core::policy::records::{HOLDS, OUTBOX};
use tacenda_core::vault::{Outline, Vault};
use tacenda_core::{Name, SubjectId};
use tacenda_gdpr::holds::Scope;
use tacenda_testkit::world::{World, staff};

use super::holds::{ada, place, release};
use super::{Cuttable, between};

fn enqueue(world: &World, subject: SubjectId) {
    let account = Name::fixed("account");
    let message = Message::to_account(Name::fixed("account_expiring"), account);
    wait(outbox::enqueue(&world.open(), Some(subject), &message, &staff("support"))).unwrap();
}

fn hold(world: &World, subject: SubjectId) {
    place(&world.open(), subject, Scope::Subject).unwrap();
}

fn messages(vault: &Vault, subject: SubjectId) -> Vec<Outline> {
    let rows = wait(vault.outline(subject)).unwrap();
    rows.into_iter().filter(|row| row.class == OUTBOX.class).collect()
}

/// Both are there, the message is held, and is free with the release.
fn is_held(world: &Cuttable, subject: SubjectId, (): ()) {
    let vault = world.sound.open();
    let found = messages(&vault, subject);
    assert!(found.len() == 1 && found.iter().all(|one| one.held), "{found:?}");
    let hold = wait(vault.records_of(subject, &HOLDS)).unwrap().remove(0);
    release(&vault, &hold.key).unwrap();
    assert!(messages(&vault, subject).iter().all(|row| !row.held));
    wait(vault.audit()).unwrap();
}

#[test]
fn a_record_that_is_added_while_everything_is_being_held_is_held() {
    between(|world| ada(&world.sound.open()), hold, enqueue, is_held);
}

#[test]
fn a_record_that_is_being_added_while_everything_is_held_is_held() {
    between(|world| ada(&world.sound.open()), enqueue, hold, is_held);
}

#[test]
fn a_page_of_records_that_is_being_added_while_everything_is_held_is_held() {
    let enqueue = |world: &World, subject: SubjectId| {
        let account = Name::fixed("account");
        let message = Message::to_account(Name::fixed("account_expiring"), account);
        let page = [([7; 16], subject, message)];
        let added = wait(outbox::enqueue_each(&world.open(), &page, &staff("support"))).unwrap();
        assert!(added.iter().all(Result::is_ok));
    };
    between(|world| ada(&world.sound.open()), enqueue, hold, is_held);
}
