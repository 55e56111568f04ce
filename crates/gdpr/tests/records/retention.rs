//! What a sweep takes of records and what an erasure leaves, under the policy of today and a later one.

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::ports::KeyState;
use tacenda_core::row::state;
use tacenda_core::vault::{MODEL, NewRecord, OnRestore, RecordItems, RecordKey, Standing, Vault};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_gdpr::erasure::{self, Fate, Swept};
use tacenda_gdpr::retention;
use tacenda_testkit::world::{POLICY, World, ada, staff};

use super::support::{WORDS, add, at, close, code, item, new};

fn sweep(vault: &Vault) -> Swept {
    let digest = wait(retention::plan(vault)).unwrap().digest;
    wait(erasure::sweep(vault, Some(digest), &staff("support"), &mut |_| {})).unwrap()
}

/// The numbers of a subject's keys for requests: those that live, and those destroyed.
fn keys(world: &World, subject: SubjectId) -> (Vec<u16>, Vec<u16>) {
    let keys = wait(world.keyring.keys_of(subject)).unwrap().into_iter();
    let of_kind: Vec<_> = keys.filter(|(key, _)| key.class == REQUESTS.class).collect();
    let of = |live: bool| {
        let all = of_kind.iter().filter(|(_, s)| matches!(s, KeyState::Live(_)) == live);
        all.map(|(key, _)| key.number).collect()
    };
    (of(true), of(false))
}

fn ids(vault: &Vault, subject: SubjectId) -> Vec<RecordKey> {
    wait(vault.records_of(subject, &REQUESTS)).unwrap().into_iter().map(|one| one.key).collect()
}

#[test]
fn a_sweep_takes_each_record_on_its_own_day() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let all: Vec<_> = (0..4).map(|_| add(&vault, Some(subject)).unwrap()).collect();
    close(&vault, &all[1], at("2026-03-10T12:00:00Z")).unwrap();
    close(&vault, &all[2], at("2026-04-20T12:00:00Z")).unwrap();
    // One account lives on: three years of silence would take it whole.
    world.set_time("2029-03-10T23:59:59Z");
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    let plan = wait(retention::plan(&vault)).unwrap();
    assert!(plan.lines.iter().all(|line| line.class != REQUESTS.class), "{plan:?}");
    world.set_time("2029-03-11T00:00:00Z");
    let plan = wait(retention::plan(&vault)).unwrap();
    let line = plan.lines.iter().find(|line| line.class == REQUESTS.class).unwrap();
    assert_eq!((&line.state, line.due), (&state::CLOSED, 1));
    assert_eq!(line.rules, ["3 years"]);
    sweep(&vault);
    let left = [&all[0], &all[2], &all[3]];
    assert_eq!(ids(&vault, subject).iter().collect::<Vec<_>>(), left);
    assert_eq!(keys(&world, subject), (vec![0, 2, 3], vec![1]));
    let history = wait(vault.history(subject, 9)).unwrap();
    let done = history.iter().filter(|leaf| leaf.find("erased") == Some("tacenda.requests"));
    let done: Vec<_> = done.collect();
    assert_eq!(done.len(), 1);
    assert_eq!((done[0].find("reason"), done[0].find("key")), (Some("retention"), Some("1")));
    assert_eq!(code(wait(vault.record(&all[1]))), "vault.no_such_record");
    assert_eq!(item(&vault, &all[0], &MODEL).as_deref(), Some("access"));
    // A new one gets a number that none had before.
    let next = add(&vault, Some(subject)).unwrap();
    assert_eq!(next.id, tacenda_core::RowId::of_key(4));
    world.set_time("2029-04-21T00:00:00Z");
    sweep(&vault);
    assert_eq!(keys(&world, subject), (vec![0, 3, 4], vec![1, 2]));
    wait(vault.audit()).unwrap();
}

#[test]
fn an_erasure_leaves_records_and_their_own_period_takes_them() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let (kept, done) = (add(&vault, Some(subject)).unwrap(), add(&vault, Some(subject)).unwrap());
    close(&vault, &done, vault.now()).unwrap();
    let plan = wait(erasure::plan(&vault, subject)).unwrap();
    let records = plan.lines.iter().filter(|line| line.class == REQUESTS.class);
    assert_eq!(records.map(|line| &line.fate).collect::<Vec<_>>(), [&Fate::Kept; 2]);
    let erased = wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    assert!(!erased.receipt.leaf.details.iter().any(|(_, value)| value.contains("requests")));
    assert_eq!(ids(&vault, subject), [kept.clone(), done]);
    assert_eq!(keys(&world, subject), (vec![0, 1], vec![]));
    assert_eq!(item(&vault, &kept, &WORDS).as_deref(), Some("what do you hold about me?"));
    close(&vault, &kept, vault.now()).unwrap();
    // Somebody erased asks again.
    let again = add(&vault, Some(subject)).unwrap();
    world.set_time("2029-06-02T00:00:00Z");
    sweep(&vault);
    assert_eq!(ids(&vault, subject), [again]);
    let rows = wait(vault.outline(subject)).unwrap();
    let classes: Vec<_> = rows.iter().map(|row| row.class.as_str()).collect();
    assert_eq!(classes, ["billing", "tacenda.requests"], "what a law keeps stays");
    wait(vault.audit()).unwrap();
}

#[test]
fn a_record_that_is_written_while_its_account_is_erased_stands_in_nobodys_way() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = add(&vault, Some(subject)).unwrap();
    let plan = wait(erasure::plan(&vault, subject)).unwrap();
    close(&vault, &key, vault.now()).unwrap();
    let late = add(&vault, Some(subject)).unwrap();
    let plan = plan.to_vault(&Name::fixed("request"));
    assert_eq!(wait(vault.destroy(vec![plan], &staff("support"))).unwrap().len(), 1);
    assert_eq!(ids(&vault, subject), [key, late]);
    assert_eq!(keys(&world, subject), (vec![0, 1], vec![]));
    wait(vault.audit()).unwrap();
}

#[test]
fn many_due_records_wait_for_a_confirmation() {
    let world = World::default();
    let vault = world.open();
    let mut all: Vec<_> = (0..20).map(|_| add(&vault, None).unwrap()).collect();
    for key in all.drain(..12) {
        close(&vault, &key, vault.now()).unwrap();
    }
    world.clock.advance(Span::days(3 * 366));
    let confirmed = |digest| {
        wait(erasure::sweep(&vault, digest, &staff("support"), &mut |_| {})).map(|one| one.subjects)
    };
    // The clock is in doubt after years of silence; a sweep that a person confirms sets it right.
    add(&vault, None).unwrap();
    let plan = wait(retention::plan(&vault)).unwrap();
    assert!(plan.lines[0].over_share, "12 of 21");
    assert_eq!(code(confirmed(None)), "sweep.not_confirmed");
    assert_eq!(confirmed(Some(plan.digest)).unwrap(), 12);
    assert!(all.iter().all(|key| wait(vault.record(key)).is_ok()));
    wait(vault.audit()).unwrap();
}

#[test]
fn another_period_changes_what_is_due_and_no_row() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = add(&vault, Some(subject)).unwrap();
    close(&vault, &key, vault.now()).unwrap();
    let version = wait(vault.record(&key)).unwrap().version;
    let shorter = POLICY
        .replace("version = 1", "version = 2")
        .replace("requests = { keep = \"3 years\"", "requests = { keep = \"6 months\"");
    world.set_time("2026-12-02T00:00:00Z");
    assert_eq!(wait(retention::plan(&vault)).unwrap().due(), 0);
    let (vault, _) = world.try_open(&shorter, OnRestore::Refuse).unwrap();
    assert_eq!(wait(vault.record(&key)).unwrap().version, version);
    assert_eq!(wait(retention::plan(&vault)).unwrap().due(), 1);
    assert_eq!(sweep(&vault).subjects, 1);
    assert_eq!(ids(&vault, subject), []);
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
}

#[test]
fn items_of_a_record_are_its_rooms_whatever_the_policy_calls_its_own() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let items = RecordItems::default()
        .with(MODEL, b"1".to_vec())
        .with(Name::fixed("note"), b"a note".to_vec())
        .with(Name::fixed("email"), b"ada@example.org".to_vec());
    let record = |subject| NewRecord { items: items.clone(), ..new(subject, None) };
    let mut all = Vec::new();
    for subject in [Some(subject), Some(subject), None] {
        all.push(wait(vault.add_record(&REQUESTS, record(subject), &staff("support"))).unwrap());
    }
    // `note` moves to another class and becomes unique, `card_last4` goes with its type.
    let moved = POLICY
        .replace("version = 1", "version = 2")
        .replace("\"first_name\", \"note\"]\nclock", "\"first_name\"]\nclock")
        .replace("items = [\"card_last4\"]\nclock", "items = [\"card_last4\", \"note\"]\nclock")
        .replace("[items.note]\n", "[items.note]\nunique = true\n")
        .replace("{ open = \"last login\", closed = \"closed\" }\nkey = \"subject\"\n\n[[classes.payment", "{ open = \"registered\", closed = \"closed\" }\nkey = \"subject\"\n\n[[classes.payment");
    assert_eq!(moved.matches("\"registered\"").count(), 1);
    let (vault, recovery) = world.try_open(&moved, OnRestore::Refuse).unwrap();
    assert_eq!(recovery.not_moved.subjects, 0);
    for key in &all {
        assert_eq!(wait(vault.record(key)).unwrap().version, 1);
        assert_eq!(item(&vault, key, &Name::fixed("note")).as_deref(), Some("a note"));
    }
    wait(vault.audit()).unwrap();
}

#[test]
fn pruning_states_records_again_and_the_feed_tells_of_them() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let from = wait(vault.log_ends()).unwrap();
    let key = add(&vault, Some(subject)).unwrap();
    let fed = wait(vault.changes_since(from, 99)).unwrap().rows;
    assert!(fed.iter().any(|row| row.kind == REQUESTS.kind && row.id == key.id && !row.deleted));
    world.set_time("2027-06-20T08:00:00Z");
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    let pruned = wait(vault.prune_log()).unwrap();
    assert!(pruned.leaves > 0 && pruned.carried > 0, "{pruned:?}");
    assert_eq!(ids(&vault, subject), std::slice::from_ref(&key));
    close(&vault, &key, vault.now()).unwrap();
    wait(vault.audit()).unwrap();
}

/// A killed process left a key; its record was never written.
fn orphan(world: &World, subject: SubjectId) -> Result<()> {
    use tacenda_core::ports::{KeyId, NewKeys, WrappedKey};
    let vault = world.open();
    let kek = vault.ports().kek.id();
    let id = KeyId { number: 7, ..KeyId::first(subject, REQUESTS.class.clone()) };
    let key = WrappedKey { kek, bytes: vec![0; 60] };
    wait(world.keyring.create(NewKeys { keys: vec![(id, key)], ..NewKeys::default() })).map(|_| ())
}

#[test]
fn keys_of_records_are_collected_once_they_seal_nothing() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = add(&vault, Some(subject)).unwrap();
    let unknown = add(&vault, None).unwrap();
    orphan(&world, subject).unwrap();
    orphan(&world, SubjectId::generate(vault.now(), world.rng.as_ref())).unwrap();
    assert_eq!(keys(&world, subject).0, [0, 7]);
    world.clock.advance(Span::days(9));
    let collected = wait(vault.collect_keys(&staff("support"))).unwrap();
    assert_eq!((collected.forgotten, collected.destroyed), (1, 1));
    assert_eq!(keys(&world, subject), (vec![0], vec![7]));
    for key in [&key, &unknown] {
        assert_eq!(item(&vault, key, &MODEL).as_deref(), Some("access"));
    }
    // An erasure of the account leaves the keys of its records alone.
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    assert_eq!(keys(&world, subject), (vec![0], vec![7]));
    assert!(matches!(wait(vault.record(&key)).unwrap().standing, Standing::Open { .. }));
}
