//! Archives that made room for a new row: hidden, altered, exchanged, restored, and begun again at
//! the worst moment.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::error::Context;
use tacenda_core::leaf::Leaf;
use tacenda_core::memory::MemoryStore;
use tacenda_core::ports::{KeyId, KeyState, Store as _};
use tacenda_core::row::{RowKey, state};
use tacenda_core::vault::{Amendment, OnRestore, Vault};
use tacenda_core::{Name, RowId, SubjectId, Timestamp};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{POLICY, World, ada, staff};

use super::adversary::{Adversary, At};
use super::code;
use super::restores::mirror;

fn archived(subject: SubjectId, number: u16) -> RowKey {
    RowKey { subject, kind: Name::fixed("archive.billing"), id: RowId::of_key(number) }
}

fn bill(vault: &Vault, subject: SubjectId, address: &str) -> tacenda_core::Result<()> {
    let item = |item, text| vault.item(&Name::fixed(item), text).unwrap();
    let set = vec![item("address", address), item("country", "FR")];
    wait(vault.amend(subject, Amendment { set, ..Amendment::default() }, &staff("support")))
}

fn archive(vault: &Vault, subject: SubjectId) {
    let mut plan = wait(erasure::plan(vault, subject)).unwrap();
    plan.lines.retain(|line| line.class == *"billing" && !line.archived);
    let plan = plan.to_vault(&Name::fixed("retention"));
    wait(vault.destroy(vec![plan], &staff("support"))).unwrap();
}

/// Two archives, under the keys 0 and 1, and a live row under the key 2.
fn twice(vault: &Vault) -> SubjectId {
    let subject = ada(vault);
    for address in ["Rue 1", "Rue 2"] {
        archive(vault, subject);
        bill(vault, subject, address).unwrap();
    }
    subject
}

fn billing(vault: &Vault, subject: SubjectId) -> Vec<String> {
    let rows = wait(vault.outline(subject)).unwrap().into_iter();
    let rows = rows.filter(|row| row.class == *"billing");
    rows.map(|row| format!("{} {}", row.key.unwrap(), row.state)).collect()
}

fn keys(world: &World, subject: SubjectId) -> Vec<u16> {
    let keys = wait(world.keyring.keys_of(subject)).unwrap().into_iter();
    let billing = keys.filter(|(key, _)| key.class == *"billing");
    let live = billing.filter(|(_, state)| matches!(state, KeyState::Live(_)));
    live.map(|(key, _)| key.number).collect()
}

/// The store as it was before the last change with this action.
fn before(store: &Adversary, action: &str) -> Arc<MemoryStore> {
    store.forge(|tape| {
        let at = tape.iter().rposition(|change| {
            change.leaves.iter().any(|leaf| Leaf::decode(&leaf.bytes).unwrap().action == *action)
        });
        tape.truncate(at.unwrap());
    })
}

#[test]
fn an_archive_that_is_hidden_or_altered_is_missed_by_all_who_need_it() {
    for logins in [0, 20] {
        let (world, store) = Adversary::world();
        let vault = world.open();
        let subject = twice(&vault);
        for _ in 0..logins {
            world.clock.advance(Span::days(1));
            wait(vault.login("ada@example.org", "correct horse")).unwrap();
        }
        let (first, second) = (archived(subject, 0), archived(subject, 1));
        let other = store.row(&second).body;
        type Lie<'a> = Box<dyn Fn() + 'a>;
        let lies: Vec<(Lie<'_>, &str)> = vec![
            (Box::new(|| store.put(&first, None)), "vault.missing_row"),
            (Box::new(|| store.edit(&first, |row| row.state = state::LIVE)), "vault.altered_row"),
            (
                Box::new(|| store.edit(&first, |row| row.body.clone_from(&other))),
                "vault.altered_row",
            ),
            (Box::new(|| store.edit(&first, |row| row.body[50] ^= 1)), "vault.altered_row"),
            (
                Box::new(|| {
                    store.edit(&first, |row| row.anchor_at = Some(Timestamp::from_micros(0)))
                }),
                "vault.altered_row",
            ),
            (
                Box::new(|| store.edit(&first, |row| row.due_at = Some(Timestamp::from_micros(0)))),
                "vault.altered_row",
            ),
        ];
        for (lie, expected) in lies {
            lie();
            let by = |purpose| wait(vault.read(subject, &Name::fixed(purpose), &staff("billing")));
            let each = wait(vault.outlines(&[subject], &Name::fixed("billing"))).unwrap().remove(0);
            let found = [
                code(wait(vault.outline(subject))),
                code(each),
                code(by("accounting")),
                code(wait(erasure::erase(&vault, subject, &staff("support")))),
                code(bill(&vault, subject, "Rue 3")),
                code(wait(vault.audit())),
            ];
            assert_eq!(found, [expected; 6]);
            assert_eq!(code(by("billing")), "ok", "what is in use is not concerned");
            store.repent();
        }
        wait(vault.audit()).unwrap();
    }
}

#[test]
fn nothing_begins_again_in_an_account_that_is_being_erased() {
    for nested in [false, true] {
        let (world, store) = Adversary::world();
        let vault = world.open();
        let subject = twice(&vault);
        archive(&vault, subject);
        // Who begins has the keys in hand before they go, and comes behind the intent.
        let begun = store.ready(&world, |w| bill(&w.open(), subject, "Rue 9").unwrap());
        let (inner, other) = (store.clone(), world.open());
        let (tell, told) = std::sync::mpsc::channel();
        store.act(At::Committed("erasure.intended"), move || {
            let store = inner.clone();
            let begin = move || {
                assert_eq!(code(wait(store.commit(begun))), "store.conflict");
                tell.send(()).unwrap();
            };
            if !nested {
                return begin();
            }
            // Or another process has taken the erasure up, and has just looked at the rows that go;
            // what it looks for first is the job.
            let store = inner.clone();
            inner.act(At::Scan, move || store.act(At::Scan, begin));
            assert_eq!(wait(other.resume_destroys()).unwrap().len(), 1);
        });
        wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
        told.recv().unwrap();
        assert_eq!(billing(&vault, subject).len(), 3);
        assert!(billing(&vault, subject).iter().all(|row| row.ends_with("archived")));
        let rows = wait(vault.outline(subject)).unwrap();
        assert!(rows.iter().all(|row| row.class == *"billing"), "{rows:?}");
        wait(vault.audit()).unwrap();
    }
}

#[test]
fn an_archive_that_is_swept_while_its_class_begins_again() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    archive(&vault, subject);
    world.clock.set(Timestamp::parse_rfc3339("2036-12-31T00:00:00Z").unwrap());
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    world.clock.advance(Span::days(1));
    let other = world.open();
    store.act(At::Committed("erasure.intended"), move || {
        bill(&other, subject, "Rue 1").unwrap();
    });
    let digest = wait(retention::plan(&vault)).unwrap().digest;
    wait(erasure::sweep(&vault, Some(digest), &staff("support"), &mut |_| {})).unwrap();
    // The row had moved when its key went: it goes from where it lies, and nothing else does.
    assert_eq!(billing(&vault, subject), ["1 live"]);
    assert_eq!(keys(&world, subject), [1]);
    let view = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
    assert_eq!(view.get("address"), Some("Rue 1"));
    wait(vault.audit()).unwrap();
}

#[test]
fn an_archive_that_calls_itself_a_record_waits_like_any_altered_row() {
    for class in [Some(Name::fixed("tacenda.requests")), Some(Name::fixed("account")), None] {
        let (world, store) = Adversary::world();
        let vault = world.open();
        let subject = twice(&vault);
        world.clock.set(Timestamp::parse_rfc3339("2036-12-31T00:00:00Z").unwrap());
        wait(vault.login("ada@example.org", "correct horse")).unwrap();
        world.clock.advance(Span::days(1));
        let inner = store.clone();
        store.act(At::Committed("erasure.intended"), move || {
            inner.edit(&archived(subject, 0), |row| row.class = class);
        });
        // It is looked at, because something came first.
        store.comes_first("erasure.rows_gone", 1);
        let sweep = || {
            let digest = wait(retention::plan(&vault)).unwrap().digest;
            wait(erasure::sweep(&vault, Some(digest), &staff("support"), &mut |_| {}))
        };
        let erased = || {
            let history = wait(vault.history(subject, 99)).unwrap();
            history.iter().filter(|leaf| leaf.action == *"erasure.done").count()
        };
        let before = erased();
        let refused = sweep().unwrap_err();
        assert_eq!((refused.code(), erased()), ("vault.altered_row", before));
        assert_eq!(refused.context("left"), Some(&Context::Number(1)));
        store.repent();
        sweep().unwrap();
        assert_eq!((billing(&vault, subject), erased()), (vec!["2 live".to_owned()], before + 1));
        wait(vault.audit()).unwrap();
    }
}

#[test]
fn a_restore_from_before_a_class_began_again() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    archive(&vault, subject);
    bill(&vault, subject, "Rue 1").unwrap();
    wait(vault.checkpoint()).unwrap();
    let backup = || before(&store, "subject.amended");
    // The account goes on: what was typed since is lost with its row, and the next has another key.
    let restored = World { store: backup(), keyring: mirror(&world), ..world.clone() };
    let (again, _) = restored.try_open(POLICY, OnRestore::Replay).unwrap();
    assert_eq!(billing(&again, subject), ["0 archived"]);
    bill(&again, subject, "Rue 2").unwrap();
    assert_eq!(billing(&again, subject), ["0 archived", "2 live"]);
    assert_eq!(keys(&restored, subject), [0, 1, 2]);
    wait(again.audit()).unwrap();
    // The account was erased since: all that a law asks for stays, and each key seals one row.
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    assert_eq!(billing(&vault, subject), ["0 archived", "1 archived"]);
    let restored = World { store: backup(), ..world };
    let (vault, _) = restored.try_open(POLICY, OnRestore::Replay).unwrap();
    assert_eq!(billing(&vault, subject), ["0 archived"]);
    assert_eq!(wait(vault.outline(subject)).unwrap().len(), 1);
    wait(vault.audit()).unwrap();
}

#[test]
fn a_tombstone_takes_the_archive_that_its_key_sealed_and_no_other_row() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = twice(&vault);
    world.clock.set(Timestamp::parse_rfc3339("2036-12-31T00:00:00Z").unwrap());
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    archive(&vault, subject);
    bill(&vault, subject, "Rue 3").unwrap();
    let safe = mirror(&world);
    world.clock.advance(Span::days(1));
    let digest = wait(retention::plan(&vault)).unwrap().digest;
    wait(erasure::sweep(&vault, Some(digest), &staff("support"), &mut |_| {})).unwrap();
    let left = ["2 archived", "3 live"];
    assert_eq!(billing(&vault, subject), left);
    // The rows of the day before under the safe of today.
    let rows = World { store: before(&store, "sweep.begun"), ..world.clone() };
    let (again, recovery) = rows.try_open(POLICY, OnRestore::Replay).unwrap();
    assert_eq!(
        (recovery.rows_erased_again, billing(&again, subject)),
        (2, left.map(String::from).into())
    );
    wait(again.audit()).unwrap();
    // The safe of the day before under the rows of today.
    let (mine, theirs) = (World { keyring: safe, ..world.clone() }, keys(&world, subject));
    assert_eq!(keys(&mine, subject), [0, 1, 2, 3]);
    let (again, recovery) = mine.try_open(POLICY, OnRestore::Replay).unwrap();
    assert_eq!((recovery.keys_destroyed_again, keys(&mine, subject)), (2, theirs));
    assert_eq!(billing(&again, subject), left);
    wait(again.audit()).unwrap();
}

#[test]
fn an_idle_key_goes_with_the_account_and_a_kept_one_does_not() {
    let world = World::default();
    let vault = world.open();
    let subject = twice(&vault);
    // A process was killed between the safe and the store.
    let id = KeyId { number: 3, ..KeyId::first(subject, Name::fixed("billing")) };
    let wrapped =
        wait(world.keyring.fetch(&[KeyId { number: 2, ..id.clone() }])).unwrap().remove(0);
    let KeyState::Live(wrapped) = wrapped else { panic!("no key") };
    let new = tacenda_core::ports::NewKeys { keys: vec![(id, wrapped)], ..Default::default() };
    wait(world.keyring.create(new)).unwrap();
    let facts = std::collections::BTreeMap::from([(Name::fixed("invoiced"), false)]);
    let free = Amendment { facts, ..Amendment::default() };
    wait(vault.amend(subject, free, &staff("support"))).unwrap();
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    assert_eq!(billing(&vault, subject), ["0 archived", "1 archived"]);
    assert_eq!(keys(&world, subject), [0, 1]);
    let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
    let numbers: Vec<_> = leaf.details.iter().filter(|(key, _)| key.as_str() == "key").collect();
    assert_eq!(numbers.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), ["2", "3"]);
    wait(vault.audit()).unwrap();
}
