//! The register of breaches, cut at every step: a step is entered with its leaf, whole or not at all.

use pollster::block_on as wait;
use tacenda_core::calendar::{Region, Utc, WorkingDays};
use tacenda_core::clock::Span;
use tacenda_core::outbox::{self, Outcome};
use tacenda_core::pii::Email;
use tacenda_core::policy::OperatorRole;
use tacenda_core::policy::records::{BREACH_PEOPLE, BREACHES, HOLDS};
use tacenda_core::vault::{Actor, OnRestore, RecordKey, Vault};
use tacenda_core::{ActorId, Name, Result, SubjectId};
use tacenda_gdpr::breach::Note;
use tacenda_gdpr::breach::people;
use tacenda_gdpr::breach::register::{self, BreachId, Step};
use tacenda_gdpr::breach::state::{
    Approval, Cause, Count, Discovery, Facts, Incident, Nature, Occurrence, People, Wording,
};
use tacenda_gdpr::requests::Calendar;
use tacenda_testkit::world::{POLICY, World, request, staff};

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

fn list(vault: &Vault) -> Result<()> {
    let key = wait(register::find(vault, ID, &staff("support")))?.unwrap();
    let everyone = people::Selection::Everyone;
    let listed = wait(people::list(vault, &key, &everyone, &staff("support"), &mut |_| {}))?;
    listed.refused.into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
}

fn send(vault: &Vault) -> Result<()> {
    let key = wait(register::find(vault, ID, &staff("support")))?.unwrap();
    let sent = wait(people::send(vault, &key, &staff("support"), &mut |_| {}))?;
    sent.refused.into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
}

fn follow(vault: &Vault) -> Result<()> {
    let key = wait(register::find(vault, ID, &staff("support")))?.unwrap();
    let days = WorkingDays::of(Region::parse("FR").unwrap());
    let calendar = Calendar::new(&Utc, &days);
    let done = wait(people::follow(vault, &calendar, &key, &staff("support")))?;
    done.refused.into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
}

/// So many customers, and a breach.
fn affected(vault: &Vault, customers: usize) -> SubjectId {
    for email in ["ada@example.org", "grace@example.org"].iter().take(customers) {
        let request = request(vault, &[("email", email)], false);
        wait(vault.register(request, &staff("support"))).unwrap();
    }
    raise(vault).unwrap().subject
}

/// The same, listed, with a letter that may go.
fn ready(vault: &Vault, customers: usize) -> SubjectId {
    let subject = affected(vault, customers);
    list(vault).unwrap();
    let key = wait(register::find(vault, ID, &staff("support"))).unwrap().unwrap();
    let wording = Wording {
        nature: note("A copy was taken."),
        consequences: note("Letters in our name."),
        measures: note("Change your password."),
    };
    let write = Step::Write([("en".to_owned(), wording)].into());
    wait(register::step(vault, &key, write, &staff("support"))).unwrap();
    let to = Email::parse("dpo@example.org").unwrap();
    wait(people::test(vault, &key, &to, None, &staff("support"))).unwrap();
    let boss = Actor::staff(ActorId::from_bytes([2; 16]), Name::fixed("billing"));
    let approve = Step::Approve(Approval::Letter, note("Good."));
    wait(register::step(vault, &key, approve, &boss)).unwrap();
    drain(vault);
    subject
}

fn drain(vault: &Vault) -> usize {
    let lease = Span::seconds(600);
    let taken = wait(outbox::take(vault, lease, 99, None, &staff("support"))).unwrap().ready;
    let all: Vec<_> = taken.into_iter().map(|one| (one, Outcome::Sent)).collect();
    let sent = all.len();
    wait(outbox::settle(vault, all, &staff("support"))).unwrap();
    sent
}

fn tally(vault: &Vault) -> people::Tally {
    let key = wait(register::find(vault, ID, &staff("support"))).unwrap().unwrap();
    wait(people::tally(vault, &key)).unwrap()
}

/// How many customers are held.
fn held(vault: &Vault) -> usize {
    let all = wait(vault.subjects(None, 9)).unwrap();
    all.iter().filter(|one| wait(vault.outline(**one)).unwrap().iter().any(|row| row.held)).count()
}

#[test]
fn everybody_is_on_the_list_once_and_held_wherever_it_stops() {
    everywhere(
        |world| affected(&open(&world.sound).unwrap(), 1),
        |world, _| list(&open(world)?),
        |world, _, done| {
            let vault = open(&world.sound).unwrap();
            if !done {
                list(&vault).unwrap();
            }
            assert_eq!(tally(&vault), people::Tally { listed: 1, ..Default::default() });
            assert_eq!(held(&vault), 1);
            for subject in wait(vault.subjects(None, 9)).unwrap() {
                assert_eq!(wait(vault.records_of(subject, &BREACH_PEOPLE)).unwrap().len(), 1);
                assert_eq!(wait(vault.records_of(subject, &HOLDS)).unwrap().len(), 1);
            }
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn everybody_has_the_letter_once_wherever_it_stops() {
    everywhere(
        |world| ready(&open(&world.sound).unwrap(), 2),
        |world, _| send(&open(world)?),
        |world, _, done| {
            let vault = open(&world.sound).unwrap();
            if !done {
                send(&vault).unwrap();
            }
            assert_eq!(tally(&vault), people::Tally { queued: 2, ..Default::default() });
            assert_eq!(drain(&vault), 2, "one each");
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn whoever_was_told_is_let_go_wherever_it_stops() {
    everywhere(
        |world| {
            let vault = open(&world.sound).unwrap();
            let subject = ready(&vault, 1);
            send(&vault).unwrap();
            assert_eq!((drain(&vault), held(&vault)), (1, 1));
            subject
        },
        |world, _| follow(&open(world)?),
        |world, _, done| {
            let vault = open(&world.sound).unwrap();
            if !done {
                follow(&vault).unwrap();
            }
            assert_eq!(tally(&vault), people::Tally { told: 1, ..Default::default() });
            assert_eq!(held(&vault), 0);
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn two_who_send_at_once_send_each_letter_once() {
    between(
        |world| ready(&open(&world.sound).unwrap(), 2),
        |world, _| send(&open(world).unwrap()).unwrap(),
        |world, _| send(&open(world).unwrap()).unwrap(),
        |world, _, ()| {
            let vault = open(&world.sound).unwrap();
            assert_eq!(tally(&vault), people::Tally { queued: 2, ..Default::default() });
            assert_eq!(drain(&vault), 2, "one each");
            wait(vault.audit()).unwrap();
        },
    );
}
