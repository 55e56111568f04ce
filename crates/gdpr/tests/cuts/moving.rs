//! Items move to another class beside a sweep that is killed: none goes with a row that it had only
//! just been moved into.

use std::sync::{Arc, Mutex};

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::vault::{Actor, OnRestore, Vault};
use tacenda_core::{ActorId, Name, Result, SubjectId};
use tacenda_gdpr::holds::{self, Ground, Note, Scope, Terms};
use tacenda_gdpr::requests::{Channel, RestrictionGround};
use tacenda_gdpr::restriction::{self, Announcement, Asked};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{POLICY, World, request, staff};
use tacenda_testkit::{After, Cut, Faults};

use super::{Cuttable, between};

/// The policy with the note among the payments, which are kept for 13 months.
fn moved() -> String {
    let policy = POLICY
        .replace("version = 1", "version = 2")
        .replace("\"first_name\", \"note\"]\nclock", "\"first_name\"]\nclock")
        .replace("items = [\"card_last4\"]\nclock", "items = [\"card_last4\", \"note\"]\nclock");
    assert_eq!(policy.matches("\"card_last4\", \"note\"").count(), 1);
    policy
}

fn open(world: &World, policy: &str) -> Result<Vault> {
    world.try_open(policy, OnRestore::Refuse).map(|(vault, _)| vault)
}

fn words(text: &str) -> Note {
    Note::parse(text).unwrap()
}

struct Waiting {
    subject: SubjectId,
    vault: Vault,
    /// Another process, which was there before the items could move.
    other: Vault,
}

/// Somebody whose note is on its way to the payments, and held: while the policy changed, and while
/// `other` opened, it was restricted. What else is in the payments is due.
fn waiting(world: &World, other: impl FnOnce() -> Vault) -> Waiting {
    let (vault, me) = (open(world, POLICY).unwrap(), staff("support"));
    let items = [("email", "ada@example.org"), ("card_last4", "4242"), ("note", "n")];
    let subject = wait(vault.register(request(&vault, &items, false), &me)).unwrap().subject();
    let account = [Name::fixed("account")];
    let terms = restriction::Terms {
        ground: RestrictionGround::Claims,
        reason: words("It is contested."),
        asked: Asked::Person(vault.now()),
        classes: account.clone().into(),
        review_on: "2026-07-01".parse().unwrap(),
    };
    let restricted = wait(restriction::place(&vault, subject, &terms, &me)).unwrap().key;
    let vault = open(world, &moved()).unwrap();
    let other = other();
    let letter =
        Announcement { sent_at: vault.now(), by: Channel::Letter, reason: words("It is over.") };
    wait(restriction::announce(&vault, &restricted, &letter, &me)).unwrap();
    wait(restriction::lift(&vault, &super::holds::calendar(), &restricted, &me)).unwrap();
    let terms = Terms {
        ground: Ground::LegalClaims,
        reason: words("A lawsuit."),
        owner: ActorId::from_bytes([9; 16]),
        review_on: "2026-09-01".parse().unwrap(),
        scope: Scope::Classes(account.into()),
    };
    wait(holds::place(&vault, subject, &terms, &me)).unwrap();
    world.clock.advance(Span::days(14 * 31));
    Waiting { subject, vault, other }
}

fn sweep(vault: &Vault) -> Result<()> {
    let digest = wait(retention::plan(vault))?.digest;
    wait(erasure::sweep(vault, Some(digest), &Actor::system(), &mut |_| {})).map(drop)
}

/// With another process that is killed before its operation.
fn killed_at(world: &Cuttable, operation: u64) -> Waiting {
    let faults = Faults::cut(operation, Cut::Before, After::StaysDown);
    waiting(&world.sound, || open(&world.cut(&faults), &moved()).unwrap())
}

/// The operations before which a sweep leaves behind it what it has said that it takes.
fn behind_the_intent() -> Vec<u64> {
    let (world, faults) = (Cuttable::new(), Faults::none());
    let other = || open(&world.cut(&faults), &moved()).unwrap();
    let Waiting { other, .. } = waiting(&world.sound, other);
    let opened = faults.operations();
    sweep(&other).unwrap();
    let leaves = |operation: &u64| {
        let Waiting { vault, other, .. } = killed_at(&Cuttable::new(), *operation);
        sweep(&other).unwrap_err();
        wait(vault.destroys_under_way()).unwrap() > 0
    };
    // Killed while it opens it takes nothing.
    (opened..faults.operations()).filter(leaves).collect()
}

#[test]
fn what_is_held_moves_into_no_row_that_is_about_to_go() {
    let operations = behind_the_intent();
    assert!(operations.len() > 5, "{operations:?}");
    for operation in operations {
        let other: Arc<Mutex<Option<Vault>>> = Arc::default();
        let sweeper = Arc::clone(&other);
        between(
            |world| {
                let waiting = killed_at(world, operation);
                *other.lock().unwrap() = Some(waiting.other);
                waiting.subject
            },
            |world, _| wait(open(world, &moved())?.move_items()),
            move |_, _| drop(sweep(sweeper.lock().unwrap().as_ref().unwrap())),
            |world, subject, done| {
                done.unwrap();
                let vault = open(&world.sound, &moved()).unwrap();
                wait(vault.move_items()).unwrap();
                sweep(&vault).unwrap();
                let seen = wait(vault.read(subject, &Name::fixed("account"), &staff("billing")));
                assert_eq!(seen.unwrap().get("note"), Some("n"), "operation {operation}");
                assert_eq!(wait(vault.destroys_under_way()).unwrap(), 0);
                wait(vault.audit()).unwrap();
            },
        );
    }
}
