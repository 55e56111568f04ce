//! The register of breaches in the hands of somebody who alters it: every field is missed.

use pollster::block_on as wait;
use tacenda_core::policy::OperatorRole;
use tacenda_core::row::{RowKey, state};
use tacenda_core::vault::{OnRestore, RecordKey, Vault};
use tacenda_core::{Name, Timestamp};
use tacenda_gdpr::breach::Note;
use tacenda_gdpr::breach::register::{self, BreachId, Step};
use tacenda_gdpr::breach::state::{
    Cause, Count, Discovery, Facts, Incident, Nature, Occurrence, People,
};
use tacenda_testkit::world::{POLICY, World, staff};

use super::adversary::Adversary;
use super::code;

const ID: BreachId = BreachId::from_bytes([7; 16]);

fn open(world: &World) -> Vault {
    let policy = format!("{POLICY}\n[breach]\n");
    world.try_open(&policy, OnRestore::Refuse).unwrap().0
}

fn note(text: &str) -> Note {
    Note::parse(text).unwrap()
}

fn raise(vault: &Vault, id: BreachId) -> RecordKey {
    let facts = Facts {
        nature: Nature::THEFT,
        roles: [OperatorRole::Controller].into(),
        classes: [Name::fixed("account")].into(),
        occurred: Occurrence::Open,
        discovery: Discovery::Ourselves,
        incident: Incident::Exfiltration,
        cause: Cause::Open,
        people: [People::Customers].into(),
        affected: Count::Open,
        records: Count::Open,
        countries: std::collections::BTreeMap::default(),
        description: note("A copy was found."),
    };
    wait(register::suspect(vault, Some(id), facts, &staff("support"))).unwrap().key
}

fn place(key: &RecordKey) -> RowKey {
    RowKey { subject: key.subject, kind: key.kind.kind.clone(), id: key.id }
}

#[test]
fn any_field_of_a_stored_breach_that_was_altered_is_found() {
    let (world, store) = Adversary::world();
    let vault = open(&world);
    let key = raise(&vault, ID);
    let other = place(&raise(&vault, BreachId::from_bytes([8; 16])));
    let its = place(&key);
    let before = store.row(&its);
    let aware = Step::BecomeAware(vault.now(), note("It is ours."));
    wait(register::step(&vault, &key, aware, &staff("support"))).unwrap();
    wait(vault.audit()).unwrap();
    let bytes = store.row(&its).body.len();
    let purpose = Name::fixed("account");
    let found = |what: &str| {
        assert_ne!(code(wait(vault.audit())), "ok", "{what}");
        let read = wait(register::read(&vault, &key, &purpose, &staff("support")));
        assert_ne!(code(read), "ok", "{what}");
        let remark = Step::Remark(note("Nothing to see."));
        let step = wait(register::step(&vault, &key, remark, &staff("support")));
        assert_ne!(code(step), "ok", "{what}");
        store.repent();
    };
    // Every byte of the sealed entry, and every column beside it.
    for at in 0..bytes {
        store.edit(&its, |row| row.body[at] ^= 1);
        found("body");
    }
    store.edit(&its, |row| row.state = Name::fixed("told"));
    found("state");
    store.edit(&its, |row| {
        row.state = state::CLOSED;
        row.anchor_at = Some(Timestamp::MIN);
        row.due_at = None;
    });
    found("closed, so that a sweep takes it");
    store.edit(&its, |row| row.due_at = Some(Timestamp::MAX));
    found("the clock");
    store.edit(&its, |row| row.anchor_at = Some(Timestamp::MIN));
    found("retention");
    store.edit(&its, |row| row.version += 1);
    found("version");
    store.edit(&its, |row| row.held = !row.held);
    found("held");
    store.edit(&its, |row| row.tokens.clear());
    found("number");
    // As it was a step before; that of another; and none.
    store.put(&its, Some(before));
    found("an entry taken away");
    let swapped = tacenda_core::row::Row { key: its.clone(), ..store.row(&other) };
    store.put(&its, Some(swapped));
    found("another breach");
    store.put(&its, None);
    found("taken away");
    wait(vault.audit()).unwrap();
}
