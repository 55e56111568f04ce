//! The register of breaches, cut at every step: a step is entered with its leaf, whole or not at all.

use pollster::block_on as wait;
use tacenda_core::policy::OperatorRole;
use tacenda_core::policy::records::BREACHES;
use tacenda_core::vault::{OnRestore, RecordKey, Vault};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_gdpr::breach::Note;
use tacenda_gdpr::breach::register::{self, BreachId, Step};
use tacenda_gdpr::breach::state::{
    Cause, Count, Discovery, Facts, Incident, Nature, Occurrence, People,
};
use tacenda_testkit::world::{POLICY, World, staff};

use super::{between, everywhere};

const ID: BreachId = BreachId::from_bytes([7; 16]);

pub(super) fn open(world: &World) -> Result<Vault> {
    let policy = format!(
        "{POLICY}\n[breach]\n[breach.letters]\npurpose = \"account\"\nsecond_approver = true\n"
    );
    world.try_open(&policy, OnRestore::Refuse).map(|(vault, _)| vault)
}

fn note(text: &str) -> Note {
    Note::parse(text).unwrap()
}

pub(super) fn facts() -> Facts {
    Facts {
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
    }
}

pub(super) fn raise(vault: &Vault) -> Result<RecordKey> {
    wait(register::suspect(vault, Some(ID), facts(), &staff("support"))).map(|raised| raised.key)
}

fn key(world: &World) -> Option<RecordKey> {
    wait(register::find(&open(world).unwrap(), ID, &staff("support"))).unwrap()
}

fn entries(world: &World) -> usize {
    let vault = open(world).unwrap();
    let (key, account) = (key(world).unwrap(), Name::fixed("account"));
    wait(register::read(&vault, &key, &account, &staff("support"))).unwrap().entries().len()
}

fn become_aware(world: &World) -> Result<()> {
    let vault = open(world)?;
    let key = wait(register::find(&vault, ID, &staff("support")))?.unwrap();
    let aware = Step::BecomeAware(vault.now(), note("It is ours."));
    wait(register::step(&vault, &key, aware, &staff("support"))).map(drop)
}

#[test]
fn a_breach_is_raised_whole_or_not_at_all_and_once() {
    let operations = everywhere(
        |_| SubjectId::CONTROLLER,
        |world, _| raise(&open(world)?).map(drop),
        |world, _, done| {
            assert!(key(&world.sound).is_some() || !done);
            let vault = open(&world.sound).unwrap();
            let again = raise(&vault).unwrap();
            assert_eq!(Some(again.clone()), key(&world.sound));
            let all = wait(vault.subjects_of(&BREACHES.class, None, 9)).unwrap().0;
            assert_eq!(all, [again.subject], "whoever tries again makes no second one");
            wait(vault.audit()).unwrap();
        },
    );
    assert!(operations > 8, "{operations}");
}

#[test]
fn a_step_is_entered_whole_or_not_at_all() {
    everywhere(
        |world| raise(&open(&world.sound).unwrap()).unwrap().subject,
        |world, _| become_aware(world),
        |world, subject, done| {
            let entered = entries(&world.sound);
            assert!(entered == 2 || !done && entered == 1, "{entered}");
            let vault = open(&world.sound).unwrap();
            let leaves = wait(vault.history(subject, 9)).unwrap();
            let told = leaves.iter().filter(|leaf| leaf.action == *"breach.became_aware");
            assert_eq!(told.count() + 1, entered, "no entry without its leaf");
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn two_steps_at_once_are_both_entered() {
    between(
        |world| raise(&open(&world.sound).unwrap()).unwrap().subject,
        |world, _| become_aware(world).unwrap(),
        |world, _| {
            let vault = open(world).unwrap();
            let remark = Step::Remark(note("Looked at."));
            wait(register::step(&vault, &key(world).unwrap(), remark, &staff("support"))).unwrap();
        },
        |world, _, ()| {
            assert_eq!(entries(&world.sound), 3);
            wait(open(&world.sound).unwrap().audit()).unwrap();
        },
    );
}
