//! Rows of an earlier day, after which more was said and done than erasures.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::memory::MemoryStore;
use tacenda_core::outbox::{self, Failure, Message, Outcome, Progress};
use tacenda_core::pii::Sensitive;
use tacenda_core::row::RowKey;
use tacenda_core::vault::{OnRestore, RecordKey, RegisterRequest, Vault};
use tacenda_core::{Name, SubjectId};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};
use tacenda_testkit::{After, Cut, FailingStore, Faults};

use super::adversary::Adversary;
use super::restores::{hear, mirror};
use super::{code, eve, reopened};

/// The rows as they are now, to be put back later.
pub(super) fn copy(store: &Adversary) -> Arc<MemoryStore> {
    store.forge(|_| {})
}

/// The world with these rows, and a safe that nobody else writes.
pub(super) fn with(world: &World, rows: Arc<MemoryStore>) -> World {
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
        found(&next, &vault);
        wait(vault.audit()).unwrap();
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

fn listed() -> String {
    format!("{POLICY}suppressions = {{ keep = \"3 years\" }}\n")
}

fn open(world: &World) -> Vault {
    world.try_open(&listed(), OnRestore::Refuse).unwrap().0
}

/// What an event about Ada comes to, which she did not cause.
fn event(vault: &Vault) -> &'static str {
    let request = request(vault, &[("email", "ADA@example.org")], false);
    code(wait(vault.register(RegisterRequest { unasked: true, ..request }, &staff("support"))))
}

fn by_person(vault: &Vault) -> SubjectId {
    let request = request(vault, &[("email", "ada@example.org")], false);
    wait(vault.register(request, &staff("support"))).unwrap().subject()
}

fn erase(vault: &Vault, subject: SubjectId) {
    wait(erasure::erase(vault, subject, &staff("support"))).unwrap();
}

fn sweep(vault: &Vault) {
    let digest = wait(retention::plan(vault)).unwrap().digest;
    wait(erasure::sweep(vault, Some(digest), &staff("support"), &mut |_| {})).unwrap();
}

#[test]
fn nobody_is_imported_again_whose_erasure_was_lost() {
    let (world, store) = Adversary::world();
    let vault = open(&world);
    let (subject, _) = (ada(&vault), eve(&vault));
    let backup = copy(&store);
    erase(&vault, subject);
    world.set_time("2027-06-01T08:00:00Z");
    let next = with(&world, backup);
    let (vault, recovery) = next.try_open(&listed(), OnRestore::Replay).unwrap();
    assert!(recovery.rows_erased_again > 0);
    assert_eq!(event(&vault), "vault.suppressed");
    wait(vault.audit()).unwrap();
    // For as long as it would have been without the restore.
    next.set_time("2029-06-01T23:59:59Z");
    sweep(&vault);
    assert_eq!(event(&vault), "vault.suppressed");
    next.set_time("2029-06-02T00:00:00Z");
    sweep(&vault);
    assert_eq!(event(&vault), "ok");
    wait(vault.audit()).unwrap();
}

#[test]
fn who_was_suppressed_under_an_earlier_account_is_so_again() {
    let (world, store) = Adversary::world();
    let vault = open(&world);
    erase(&vault, by_person(&vault));
    let again = by_person(&vault);
    let backup = copy(&store);
    erase(&vault, again);
    let next = with(&world, backup);
    let (vault, _) = next.try_open(&listed(), OnRestore::Replay).unwrap();
    assert_eq!(event(&vault), "vault.suppressed");
    // The person may come back.
    assert_ne!(by_person(&vault), again);
    wait(vault.audit()).unwrap();
}

#[test]
fn a_restore_suppresses_nobody_whom_a_sweep_took() {
    let (world, store) = Adversary::world();
    let vault = open(&world);
    by_person(&vault);
    let backup = copy(&store);
    world.set_time("2029-06-02T00:00:00Z");
    sweep(&vault);
    let next = with(&world, backup);
    let (vault, recovery) = next.try_open(&listed(), OnRestore::Replay).unwrap();
    assert!(recovery.rows_erased_again > 0);
    assert_eq!(event(&vault), "ok", "nobody asked");
    wait(vault.audit()).unwrap();
}

#[test]
fn a_repair_cut_anywhere_suppresses_who_was_erased() {
    let (world, store) = Adversary::world();
    let vault = open(&world);
    let (subject, mut before) = (ada(&vault), 0);
    store.forge(|tape| before = tape.len());
    erase(&vault, subject);
    let backup = || store.forge(|tape| tape.truncate(before));
    killed_anywhere(&world, &listed(), backup, |_, vault| {
        assert_eq!(event(vault), "vault.suppressed");
        assert!(wait(vault.subjects(None, 9)).unwrap().is_empty());
    });
}
