//! Records put back, moved, taken away and restored.

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::leaf::Leaf;
use tacenda_core::memory::MemoryStore;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::ports::{Change, KeyState};
use tacenda_core::row::{Row, RowKey, state};
use tacenda_core::vault::{
    Actor, Effects, Entry, MODEL, NewRecord, OnRestore, RecordChange, RecordItems, RecordKey,
    Standing, Vault,
};
use tacenda_core::{Name, SubjectId};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{POLICY, World, ada, staff};

use super::adversary::{Adversary, At, LeafLie};
use super::restores::mirror;
use super::{code, profile, set};

fn add(vault: &Vault, subject: Option<SubjectId>) -> RecordKey {
    let standing = Standing::Open { state: Name::fixed("received"), due_at: None };
    let items = RecordItems::default().with(MODEL, b"access".to_vec());
    let (entry, effects) = (Entry::new("request.opened"), Effects::default());
    let new = NewRecord { subject, standing, items, entry, effects };
    wait(vault.add_record(&REQUESTS, new, &staff("support"))).unwrap()
}

fn close(vault: &Vault, key: &RecordKey) -> &'static str {
    let at = vault.now();
    code(wait(vault.change_record(key, &[MODEL], &staff("support"), |_| {
        Ok(RecordChange {
            standing: Standing::Closed { at },
            set: RecordItems::default(),
            remove: [].into(),
            entry: Entry::new("request.closed"),
            effects: Effects::default(),
        })
    })))
}

fn place(key: &RecordKey) -> RowKey {
    RowKey { subject: key.subject, kind: key.kind.kind.clone(), id: key.id }
}

/// The codes of an outline, a list, a read, a step and an audit.
fn met(vault: &Vault, key: &RecordKey) -> [&'static str; 5] {
    let purpose = Name::fixed("account");
    let read = wait(vault.read_record(key, &[MODEL], &purpose, &staff("support")));
    [
        code(wait(vault.record(key))),
        code(wait(vault.records_of(key.subject, key.kind))),
        code(read),
        close(vault, key),
        code(wait(vault.audit())),
    ]
}

fn sweep(vault: &Vault) -> erasure::Swept {
    let digest = wait(retention::plan(vault)).unwrap().digest;
    wait(erasure::sweep(vault, Some(digest), &Actor::system(), &mut |_| {})).unwrap()
}

#[test]
fn any_altered_column_of_a_record_is_found_by_all_that_meets_it() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let (key, other) = (add(&vault, None), add(&vault, None));
    let edits: [fn(&mut Row); 8] = [
        |row| *row.body.last_mut().unwrap() ^= 1,
        |row| row.state = state::CLOSED,
        |row| row.anchor_at = Some(tacenda_core::Timestamp::from_micros(0)),
        |row| row.due_at = Some(tacenda_core::Timestamp::from_micros(0)),
        |row| row.held = true,
        |row| row.version += 1,
        |row| row.class = Some(Name::fixed("account")),
        |row| row.class = None,
    ];
    for (n, edit) in edits.into_iter().enumerate() {
        store.edit(&place(&key), edit);
        assert_eq!(met(&vault, &key), ["vault.altered_row"; 5], "edit {n}");
        store.repent();
    }
    // Somebody else's record in its place, and then with the leaf as well.
    let there = store.row(&place(&other));
    let moved = Row { key: place(&key), ..there };
    store.put(&place(&key), Some(moved.clone()));
    assert_eq!(met(&vault, &key), ["vault.altered_row"; 5]);
    let (at, mut leaf) = store.last_leaf(key.subject);
    leaf.rows[0].digest = Some(moved.digest());
    store.leaf(at, LeafLie::Rehashed(leaf.encode()));
    let purpose = Name::fixed("account");
    let read = wait(vault.read_record(&key, &[MODEL], &purpose, &staff("support")));
    assert_eq!(code(read), "seal.altered", "its envelopes know their place");
    store.repent();
    assert_eq!(met(&vault, &key), ["ok"; 5]);
}

#[test]
fn a_record_that_is_put_back_or_taken_away_is_missed() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let key = add(&vault, Some(subject));
    let old = store.row(&place(&key));
    assert_eq!(close(&vault, &key), "ok");
    store.put(&place(&key), Some(old));
    assert_eq!(met(&vault, &key), ["vault.altered_row"; 5]);
    store.put(&place(&key), None);
    assert_eq!(met(&vault, &key), ["vault.missing_row"; 5]);
    assert_eq!(code(wait(vault.outline(subject))), "ok", "it does not decide about the account");
    // Its key is not collected, however many leaves there are since.
    for n in 0..20 {
        let mut amendment = set(&vault, "note", &format!("note {n}"));
        for (item, text) in [("address", "Rue 3"), ("card_last4", "1881")] {
            amendment.set.push(vault.item(&Name::fixed(item), text).unwrap());
        }
        wait(vault.amend(subject, amendment, &staff("support"))).unwrap();
    }
    world.clock.advance(Span::days(60));
    wait(vault.collect_keys(&Actor::system())).unwrap();
    let keys = wait(world.keyring.keys_of(subject)).unwrap();
    assert!(keys.iter().all(|(_, state)| matches!(state, KeyState::Live(_))));
    store.repent();
    assert_eq!(met(&vault, &key), ["ok"; 5]);
}

#[test]
fn an_altered_record_stops_no_other_from_being_swept() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let (key, other) = (add(&vault, None), add(&vault, None));
    assert_eq!((close(&vault, &key), close(&vault, &other)), ("ok", "ok"));
    world.clock.advance(Span::days(3 * 366));
    store.edit(&place(&key), |row| *row.body.last_mut().unwrap() ^= 1);
    let swept = sweep(&vault);
    assert_eq!((swept.subjects, swept.refused), (1, 1));
    store.repent();
    assert_eq!(sweep(&vault).subjects, 1);
    wait(vault.audit()).unwrap();
}

/// What is left of a subject: classes and states.
fn left(vault: &Vault, subject: SubjectId) -> Vec<(String, String)> {
    let rows = wait(vault.outline(subject)).unwrap().into_iter();
    rows.map(|row| (row.class.to_string(), row.state.to_string())).collect()
}

fn rows(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(class, state)| ((*class).to_owned(), (*state).to_owned())).collect()
}

#[test]
fn an_altered_record_keeps_nobody_from_being_erased() {
    let gone = rows(&[("billing", "archived"), ("tacenda.requests", "closed")]);
    let edits: [fn(&mut Row); 3] = [
        |row| *row.body.last_mut().unwrap() ^= 1,
        |row| row.class = None,
        |row| row.class = Some(Name::fixed("account")),
    ];
    // Before the plan, and between the intent and the rows.
    for (edit, after_the_intent) in edits.iter().flat_map(|edit| [(*edit, false), (*edit, true)]) {
        let (world, store) = Adversary::world();
        let vault = world.open();
        let subject = ada(&vault);
        let key = add(&vault, Some(subject));
        assert_eq!(close(&vault, &key), "ok");
        let (inner, at) = (store.clone(), place(&key));
        let alter = move || inner.edit(&at, edit);
        if after_the_intent {
            store.act(At::Committed("erasure.intended"), alter);
        } else {
            alter();
        }
        wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
        assert_eq!(left(&vault, subject), gone);
        assert_eq!(code(wait(vault.record(&key))), "vault.altered_row", "it is not forgiven");
        assert_eq!(code(wait(vault.audit())), "vault.altered_row");
        store.repent();
        wait(vault.audit()).unwrap();
    }
}

#[test]
fn an_altered_record_and_its_account_end_apart() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let key = add(&vault, Some(subject));
    assert_eq!(close(&vault, &key), "ok");
    // The record is due, the account is not; and somebody altered what is invoiced.
    world.set_time("2029-06-01T00:00:00Z");
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    world.set_time("2029-06-02T00:00:00Z");
    store.edit(&profile(subject, "billing"), |row| *row.body.last_mut().unwrap() ^= 1);
    let swept = sweep(&vault);
    assert_eq!((swept.subjects, swept.refused), (1, 0));
    store.repent();
    assert_eq!(left(&vault, subject).len(), 3, "her account is whole");
    // The account is due, and somebody altered the record.
    let key = add(&vault, Some(subject));
    store.edit(&place(&key), |row| *row.body.last_mut().unwrap() ^= 1);
    world.set_time("2033-06-02T00:00:00Z");
    let swept = sweep(&vault);
    assert_eq!((swept.subjects, swept.refused), (1, 0));
    let gone = rows(&[("billing", "archived"), ("tacenda.requests", "received")]);
    assert_eq!(left(&vault, subject), gone);
    store.repent();
    wait(vault.audit()).unwrap();
}

#[test]
fn a_record_whose_erasure_waits_does_not_keep_its_account() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let key = add(&vault, Some(subject));
    assert_eq!(close(&vault, &key), "ok");
    world.set_time("2029-06-01T00:00:00Z");
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    world.set_time("2029-06-02T00:00:00Z");
    let (inner, at) = (store.clone(), place(&key));
    let alter = move || inner.edit(&at, |row| *row.body.last_mut().unwrap() ^= 1);
    store.act(At::Committed("erasure.intended"), alter);
    // It is looked at again, because something came first.
    store.comes_first("erasure.rows_gone", 1);
    let try_sweep = || {
        let digest = wait(retention::plan(&vault)).unwrap().digest;
        code(wait(erasure::sweep(&vault, Some(digest), &Actor::system(), &mut |_| {})))
    };
    assert_eq!(try_sweep(), "vault.altered_row");
    assert_eq!(wait(vault.destroys_under_way()).unwrap(), 1);
    // Years later the account is due.
    world.set_time("2033-06-02T00:00:00Z");
    assert_eq!(try_sweep(), "vault.altered_row", "the record still waits");
    let gone = rows(&[("billing", "archived"), ("tacenda.requests", "closed")]);
    assert_eq!(left(&vault, subject), gone);
    store.repent();
    assert_eq!(try_sweep(), "ok");
    assert_eq!(left(&vault, subject), gone[..1]);
    wait(vault.audit()).unwrap();
}

fn before_the_erasure(store: &Adversary) -> std::sync::Arc<MemoryStore> {
    let intended = |change: &Change| {
        let mut leaves = change.leaves.iter().map(|leaf| Leaf::decode(&leaf.bytes).unwrap());
        leaves.any(|leaf| leaf.action == *"erasure.intended")
    };
    store.forge(|tape| {
        let at = tape.iter().position(intended);
        tape.truncate(at.unwrap());
    })
}

#[test]
fn restored_rows_lose_the_records_that_were_swept_and_no_others() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let (swept, kept) = (add(&vault, Some(subject)), add(&vault, Some(subject)));
    assert_eq!(close(&vault, &swept), "ok");
    world.set_time("2029-06-01T00:00:00Z");
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    world.set_time("2029-06-02T00:00:00Z");
    assert_eq!(sweep(&vault).subjects, 1);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let restored = World { store: before_the_erasure(&store), ..world };
    let (vault, recovery) = restored.try_open(POLICY, OnRestore::Replay).unwrap();
    assert!(recovery.rows_restored && recovery.rows_erased_again > 0);
    assert_eq!(code(wait(vault.record(&swept))), "vault.no_such_record");
    let purpose = Name::fixed("account");
    let read = wait(vault.read_record(&kept, &[MODEL], &purpose, &staff("support"))).unwrap();
    assert_eq!(read.items.get(&MODEL), Some(b"access".as_slice()));
    let rows = wait(vault.outline(subject)).unwrap();
    assert!(rows.iter().all(|row| row.class != *"account"));
    wait(vault.audit()).unwrap();
}

#[test]
fn a_restored_safe_destroys_the_keys_of_swept_records_again() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let (swept, kept) = (add(&vault, Some(subject)), add(&vault, Some(subject)));
    assert_eq!(close(&vault, &swept), "ok");
    let old = mirror(&world);
    world.set_time("2029-06-01T00:00:00Z");
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    world.set_time("2029-06-02T00:00:00Z");
    assert_eq!(sweep(&vault).subjects, 1);
    // So many that the safe's number is behind.
    for _ in 0..9 {
        add(&vault, None);
    }
    let restored = World { keyring: old, ..world };
    let (vault, recovery) = restored.try_open(POLICY, OnRestore::Replay).unwrap();
    assert!(recovery.safe_restored && recovery.keys_destroyed_again >= 1, "{recovery:?}");
    let keys = wait(restored.keyring.keys_of(subject)).unwrap().into_iter();
    let gone = keys.filter(|(_, state)| matches!(state, KeyState::Destroyed(_)));
    let gone: Vec<_> = gone.filter(|(key, _)| key.class == REQUESTS.class).collect();
    assert_eq!(gone.iter().map(|(key, _)| key.number).collect::<Vec<_>>(), [0]);
    assert_eq!(code(wait(vault.record(&kept))), "ok");
}

#[test]
fn what_was_restricted_in_a_backup_is_archived_once_that_is_lifted() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let key = add(&vault, Some(subject));
    let restrict = |vault: &Vault, on: bool| {
        let effects =
            Effects { restricted: [(Name::fixed("billing"), on)].into(), ..Effects::default() };
        let changed = wait(vault.change_record(&key, &[], &staff("support"), |opened| {
            Ok(RecordChange {
                standing: opened.outline.standing.clone(),
                set: RecordItems::default(),
                remove: [].into(),
                entry: Entry::new("request.restricted"),
                effects: effects.clone(),
            })
        }));
        changed.unwrap();
    };
    restrict(&vault, true);
    let at = wait(vault.log_ends()).unwrap();
    restrict(&vault, false);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    // The backup ends with the restriction.
    let leaves = usize::try_from(at.index).unwrap();
    let backup = store.forge(|tape| {
        let mut left = leaves;
        let keep = tape.iter().take_while(|change| {
            let fits = change.leaves.len() <= left;
            left = left.saturating_sub(change.leaves.len());
            fits
        });
        let keep = keep.count();
        tape.truncate(keep);
    });
    let restored = World { store: backup, ..world };
    let (vault, _) = restored.try_open(POLICY, OnRestore::Replay).unwrap();
    let left = || -> Vec<_> {
        let rows = wait(vault.outline(subject)).unwrap().into_iter();
        rows.map(|row| (row.class.to_string(), row.state.to_string())).collect()
    };
    let with = |state: &str| {
        [("billing", state), ("tacenda.requests", "received")].map(|(a, b)| (a.into(), b.into()))
    };
    assert_eq!(left(), with("restricted"), "it may have been restricted when its account went");
    restrict(&vault, false);
    assert_eq!(left(), with("archived"));
    wait(vault.audit()).unwrap();
}
