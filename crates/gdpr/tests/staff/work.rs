//! Whoever sweeps, collects keys, sends or restates acts under a grant too, and leaves no trace without.

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::outbox::{self, Message};
use tacenda_core::policy::records::GRANTS;
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, RecordItems, RecordKey, RestatedRecord, Standing, Vault,
};
use tacenda_core::{ActorId, Name, SubjectId};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::World;

use crate::support::*;

const ACCOUNT: Name = Name::fixed("account");

/// What each of these says to an actor.
fn doors(vault: &Vault, subject: SubjectId, sound: &RecordKey, actor: &Actor) -> Vec<&'static str> {
    let digest = wait(retention::plan(vault)).unwrap().digest;
    let message = Message::to_account(Name::fixed("account_expiring"), ACCOUNT);
    let numbered = outbox::enqueue_once(vault, &[7; 16], Some(subject), &message, actor);
    let restated = RestatedRecord {
        standing: Standing::Closed { at: vault.now() },
        items: RecordItems::default().with(MODEL, b"lost".to_vec()),
        entry: Entry::new("grant.restated"),
        effects: Effects::default(),
    };
    vec![
        code(wait(erasure::sweep(vault, Some(digest), actor, &mut |_| {}))),
        code(wait(vault.collect_keys(actor))),
        code(wait(vault.set_late_clocks(subject, actor))),
        code(wait(numbered)),
        code(wait(outbox::take(vault, Span::seconds(60), 9, None, actor))),
        code(wait(vault.restate_record(sound, restated, actor))),
    ]
}

#[test]
fn work_on_everybody_asks_for_the_grant_before_anything_is_noted() {
    let world = World::default();
    let vault = open(&world);
    let (subject, stranger) = (ada(&vault), acting(ActorId::from_bytes([7; 16]), "support", 1));
    let granted = give(&vault, &["support"], 1, "2027-06-01");
    assert_eq!(granted.key.kind.kind, GRANTS.kind);
    world.clock.advance(Span::days(20));
    let (log, swept) = (wait(vault.log_ends()).unwrap(), wait(vault.swept_at()).unwrap());
    let found = doors(&vault, subject, &granted.key, &stranger);
    assert_eq!(found, ["staff.no_grant"; 6]);
    assert_eq!(wait(vault.log_ends()).unwrap(), log, "no leaf");
    assert_eq!(wait(vault.swept_at()).unwrap(), swept, "the time that the brake trusts");
    let found = doors(&vault, subject, &granted.key, &acting(granted.person, "support", 1));
    assert_eq!(found[..5], ["ok"; 5], "{found:?}");
    assert_eq!(found[5], "vault.record_is_sound");
    assert_eq!(wait(vault.swept_at()).unwrap(), Some(vault.now()));
}
