//! Rows of an earlier day, after which more was said and done than erasures.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::memory::MemoryStore;
use tacenda_core::outbox::{self, Failure, Message, Outcome, Progress};
use tacenda_core::pii::Sensitive;
use tacenda_core::row::RowKey;
use tacenda_core::vault::{OnRestore, RecordKey, Vault};
use tacenda_core::{Name, SubjectId};
use tacenda_testkit::world::{POLICY, World, ada, staff};
use tacenda_testkit::{After, Cut, FailingStore, Faults};

use super::adversary::Adversary;
use super::restores::{hear, mirror};
use super::{code, eve, reopened};

/// The rows as they are now, to be put back later.
fn copy(store: &Adversary) -> Arc<MemoryStore> {
    store.forge(|_| {})
}

/// The world with these rows, and a safe that nobody else writes.
fn with(world: &World, rows: Arc<MemoryStore>) -> World {
    World { store: rows, keyring: mirror(world), ..world.clone() }
}

/// Opens after a restore, killed after each operation of the store in turn; what is found then.
pub(super) fn killed_anywhere(
    world: &World,
    policy: &str,
    backup: impl Fn() -> Arc<MemoryStore>,
    found: impl Fn(&World, &Vault),
) {
    for operation in 0.. {
        assert!(operation < 400, "there are more operations than were cut");
        let next = with(world, backup());
        let faults = Faults::cut(operation, Cut::After, After::StaysDown);
        let cut = Arc::new(FailingStore::new(next.store.clone(), faults.clone()));
        let _ = World { store: cut, ..next.clone() }.try_open(policy, OnRestore::Replay);
        let (vault, _) = next.try_open(policy, OnRestore::Replay).unwrap();
        wait(vault.audit()).unwrap();
        found(&next, &vault);
        if !faults.tripped() {
            return;
        }
    }
}

fn enqueue(vault: &Vault, subject: SubjectId, message: &Message) -> RecordKey {
    wait(outbox::enqueue(vault, Some(subject), message, &staff("support"))).unwrap()
}

fn news() -> Message {
    Message::to_account(Name::fixed("account_expiring"), Name::fixed("account"))
}

fn ready(vault: &Vault) -> Vec<outbox::Taken> {
    wait(outbox::take(vault, Span::seconds(600), 99, None, &staff("support"))).unwrap().ready
}

fn restored_at(vault: &Vault) -> Progress {
    Progress::GivenUp { failure: Failure::Restored, at: vault.now() }
}

#[test]
fn no_letter_goes_twice() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let (ada, eve) = (ada(&vault), eve(&vault));
    let to = outbox::Recipient::Address(Sensitive::new("ada@example.org".to_owned()));
    let later = Some(vault.now().plus(Span::days(3)));
    let all = [
        enqueue(&vault, ada, &news()),
        enqueue(&vault, eve, &Message { to, ..news() }),
        enqueue(&vault, eve, &Message { send_at: later, ..news() }),
    ];
    let (backup, ended) = (copy(&store), vault.now());
    world.clock.advance(Span::hours(1));
    let sent = ready(&vault).into_iter().map(|one| (one, Outcome::Sent)).collect();
    assert_eq!(wait(outbox::settle(&vault, sent, &staff("support"))).unwrap().sent, 2);
    let next = with(&world, backup);
    let (vault, recovery) = next.try_open(POLICY, OnRestore::Replay).unwrap();
    assert_eq!((recovery.letters_ended, recovery.unread), (3, 0));
    assert_eq!(recovery.since, Some(ended));
    assert!(ready(&vault).is_empty());
    for key in &all {
        assert_eq!(wait(outbox::progress(&vault, key)).unwrap(), restored_at(&vault));
        let items = [outbox::VALUES, outbox::ADDRESS];
        let (purpose, by) = (Name::fixed("account"), staff("support"));
        let read = wait(vault.read_record(key, &items, &purpose, &by)).unwrap();
        assert_eq!(read.items.names().count(), 0, "nothing is left of it");
    }
    next.clock.advance(Span::days(9));
    assert!(ready(&vault).is_empty());
    // What is written from now on goes, also by whoever opens next.
    enqueue(&vault, ada, &news());
    let (vault, recovery) = next.try_open(POLICY, OnRestore::Replay).unwrap();
    assert_eq!((recovery.rows_restored, recovery.since), (false, None));
    assert_eq!(ready(&vault).len(), 1);
    wait(vault.audit()).unwrap();
}

#[test]
fn a_repair_cut_anywhere_ends_each_letter_once() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let keys = [ada(&vault), eve(&vault)].map(|subject| enqueue(&vault, subject, &news()));
    hear(&world, 1, 90);
    killed_anywhere(
        &world,
        POLICY,
        || copy(&store),
        |_, vault| {
            for key in &keys {
                assert_eq!(wait(outbox::progress(vault, key)).unwrap(), restored_at(vault));
            }
            assert!(ready(vault).is_empty());
        },
    );
}

#[test]
fn an_altered_letter_is_counted_and_stops_no_other() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let keys = [ada(&vault), eve(&vault)].map(|subject| enqueue(&vault, subject, &news()));
    hear(&world, 1, 90);
    let key = &keys[0];
    let place = RowKey { subject: key.subject, kind: key.kind.kind.clone(), id: key.id };
    store.edit(&place, |row| *row.body.last_mut().unwrap() ^= 1);
    let (vault, recovery) = world.try_open(POLICY, OnRestore::Replay).unwrap();
    assert_eq!((recovery.letters_ended, recovery.unread), (1, 1));
    assert_eq!(wait(outbox::progress(&vault, &keys[1])).unwrap(), restored_at(&vault));
    assert!(ready(&vault).is_empty());
    assert_ne!(code(wait(vault.audit())), "ok");
}

#[test]
fn a_restored_safe_ends_no_letter() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let old = mirror(&world);
    for _ in 0..9 {
        enqueue(&vault, subject, &news());
    }
    let restored = World { keyring: old, ..world };
    assert_eq!(reopened(&restored, OnRestore::Refuse), "vault.safe_restored");
    let (_, recovery) = restored.try_open(POLICY, OnRestore::Replay).unwrap();
    assert_eq!((recovery.letters_ended, recovery.since), (0, None));
}
