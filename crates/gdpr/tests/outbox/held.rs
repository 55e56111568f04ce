//! A hold of everything comes while a message is under way: it is sent once, and kept.

use std::sync::LazyLock;

use pollster::block_on as wait;
use tacenda_core::calendar::{Region, Utc, WorkingDays};
use tacenda_core::outbox::{self, Confirmed, Outcome, Settled};
use tacenda_core::vault::Vault;
use tacenda_core::{ActorId, SubjectId};
use tacenda_gdpr::holds::{self, Note, Scope};
use tacenda_gdpr::requests::Calendar;
use tacenda_testkit::world::{World, ada, staff};

use super::support::{another, enqueue, take};

static FRANCE: LazyLock<WorkingDays> =
    LazyLock::new(|| WorkingDays::of(Region::parse("FR").unwrap()));

fn note() -> Note {
    Note::parse("A claim.").unwrap()
}

fn place(vault: &Vault, subject: SubjectId) -> tacenda_core::vault::RecordKey {
    let terms = holds::Terms {
        ground: holds::Ground::LegalClaims,
        reason: note(),
        owner: ActorId::from_bytes([3; 16]),
        review_on: "2026-08-01".parse().unwrap(),
        scope: Scope::Subject,
    };
    wait(holds::place(vault, subject, &terms, &staff("support"))).unwrap().key
}

/// Whether all letters of somebody are held.
fn all_held(vault: &Vault, subject: SubjectId) -> bool {
    let rows = wait(vault.outline(subject)).unwrap();
    let mut letters = rows.iter().filter(|row| row.class == *"tacenda.outbox").peekable();
    assert!(letters.peek().is_some());
    letters.all(|row| row.held)
}

#[test]
fn a_message_that_is_under_way_when_a_hold_begins_or_ends_is_sent_once() {
    for ends in [false, true] {
        let world = World::default();
        let vault = world.open();
        let (subject, eve) = (ada(&vault), another(&vault, "eve@example.org"));
        enqueue(&vault, subject);
        enqueue(&vault, eve);
        let before = ends.then(|| place(&vault, subject));
        let batch = take(&vault);
        assert_eq!(batch.ready.len(), 2);
        match before {
            Some(key) => {
                let calendar = Calendar::new(&Utc, &FRANCE);
                let by = staff("support");
                wait(holds::release(&vault, &calendar, &key, &note(), &by)).map(drop).unwrap();
            }
            None => drop(place(&vault, subject)),
        }
        let all: Vec<_> = batch.ready.into_iter().map(|one| (one, Outcome::Sent)).collect();
        let settled = wait(outbox::settle(&vault, all, &staff("support"))).unwrap();
        assert_eq!(settled, Settled { sent: 2, ..Settled::default() });
        assert_eq!(take(&vault).claimed, 0, "nobody sends it again");
        assert_eq!(all_held(&vault, subject), !ends);
        assert!(!all_held(&vault, eve));
        wait(vault.audit()).unwrap();
    }
}

#[test]
fn whose_lease_was_over_before_the_hold_has_lost_the_message() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    enqueue(&vault, subject);
    let batch = take(&vault);
    place(&vault, subject);
    world.clock.advance(super::support::LEASE);
    let all: Vec<_> = batch.ready.into_iter().map(|one| (one, Outcome::Sent)).collect();
    let settled = wait(outbox::settle(&vault, all, &staff("support"))).unwrap();
    assert_eq!(settled, Settled { lost: 1, ..Settled::default() });
}

#[test]
fn what_is_marked_before_it_is_sent_is_left_to_whoever_takes_it_next() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    enqueue(&vault, subject);
    let mut taken = take(&vault).ready.pop().unwrap();
    place(&vault, subject);
    let by = staff("support");
    let found = wait(outbox::confirm(&vault, &mut taken, None, &by)).unwrap();
    assert_eq!(found, Confirmed::Lost);
    let mut taken = take(&vault).ready.pop().unwrap();
    let found = wait(outbox::confirm(&vault, &mut taken, None, &by)).unwrap();
    assert_eq!(found, Confirmed::Stands);
    let settled = wait(outbox::settle(&vault, vec![(taken, Outcome::Sent)], &by)).unwrap();
    assert_eq!(settled, Settled { sent: 1, ..Settled::default() });
    assert!(all_held(&vault, subject));
}
