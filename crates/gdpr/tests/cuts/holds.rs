//! Holds, cut at every step: placed, released; and others in between.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use pollster::block_on as wait;
use tacenda_core::calendar::{Region, Utc, WorkingDays};
use tacenda_core::policy::records::{HOLDS, RecordKind};
use tacenda_core::vault::{Actor, Amendment, Outline, RecordKey, Standing, Vault};
use tacenda_core::{ActorId, Name, Result, SubjectId};
use tacenda_gdpr::erasure;
use tacenda_gdpr::holds::{self, Ground, GroupId, Note, Scope, Selection, Terms};
use tacenda_gdpr::requests::{
    self, Answer, Arrival, Calendar, Channel, Decision, Event, Hints, Refusal, Refusals, Requester,
    Right, Whom,
};
use tacenda_testkit::world::{World, request, staff};
use tacenda_testkit::{After, Cut, FailingKeyring, FailingStore, Faults};

use super::{Cuttable, between, everywhere, try_open};

pub(super) fn calendar() -> Calendar<'static> {
    static FRANCE: LazyLock<WorkingDays> =
        LazyLock::new(|| WorkingDays::of(Region::parse("FR").unwrap()));
    Calendar::new(&Utc, &FRANCE)
}

pub(super) fn note() -> Note {
    Note::parse("A lawsuit.").unwrap()
}

pub(super) fn classes(of: &[&'static str]) -> Scope {
    Scope::Classes(of.iter().copied().map(Name::fixed).collect())
}

/// Somebody with three classes, an invoice and no password, which would take its time.
pub(super) fn ada(vault: &Vault) -> SubjectId {
    let items = [
        ("email", "ada@example.org"),
        ("address", "ul. Prosta 1"),
        ("country", "PL"),
        ("card_last4", "4242"),
    ];
    wait(vault.register(request(vault, &items, true), &staff("support"))).unwrap().subject()
}

fn terms(scope: Scope) -> Terms {
    Terms {
        ground: Ground::LegalClaims,
        reason: note(),
        owner: ActorId::from_bytes([9; 16]),
        review_on: "2026-09-01".parse().unwrap(),
        scope,
    }
}

pub(super) fn place(vault: &Vault, subject: SubjectId, scope: Scope) -> Result<RecordKey> {
    wait(holds::place(vault, subject, &terms(scope), &staff("support"))).map(|placed| placed.key)
}

pub(super) fn release(vault: &Vault, key: &RecordKey) -> Result<u64> {
    wait(holds::release(vault, &calendar(), key, &note(), &staff("support")))
        .map(|released| released.reopened)
}

pub(super) fn keys(
    vault: &Vault,
    subject: SubjectId,
    kind: &'static RecordKind,
) -> Result<Vec<RecordKey>> {
    let found = wait(vault.records_of(subject, kind))?;
    Ok(found.into_iter().map(|one| one.key).collect())
}

fn first(vault: &Vault, subject: SubjectId) -> Result<RecordKey> {
    Ok(keys(vault, subject, &HOLDS)?.into_iter().next().unwrap())
}

pub(super) fn is(
    vault: &Vault,
    subject: SubjectId,
    mark: fn(&Outline) -> bool,
) -> BTreeSet<String> {
    let rows = wait(vault.outline(subject)).unwrap().into_iter();
    rows.filter(|row| !row.is_record() && mark(row)).map(|row| row.class.to_string()).collect()
}

fn held(vault: &Vault, subject: SubjectId) -> BTreeSet<String> {
    is(vault, subject, |row| row.held)
}

fn of(classes: &[&str]) -> BTreeSet<String> {
    classes.iter().map(ToString::to_string).collect()
}

#[test]
fn a_hold_is_placed_with_its_mark_or_not_at_all() {
    let operations = everywhere(
        |world| ada(&world.sound.open()),
        |world, subject| place(&try_open(world)?, subject, Scope::Subject).map(drop),
        |world, subject, done| {
            let vault = world.sound.open();
            let kept = keys(&vault, subject, &HOLDS).unwrap().len();
            assert!(kept == 1 || kept == 0 && !done);
            assert_eq!(held(&vault, subject).len(), 3 * kept);
            place(&vault, subject, classes(&["billing"])).unwrap();
            wait(vault.audit()).unwrap();
        },
    );
    assert!(operations > 10, "{operations}");
}

/// Of the requests only those that were refused because of the hold.
fn refused(vault: &Vault, subject: SubjectId) {
    let arrival = Arrival {
        id: None,
        whom: Whom::Known(subject),
        right: Right::Erasure,
        requester: Requester::Subject,
        channel: Channel::Account,
        scope: requests::Scope::ALL,
        purpose: None,
        received_at: vault.now(),
        reply_to: None,
        words: None,
    };
    let me = Actor::subject(subject);
    let at = wait(requests::receive(vault, &calendar(), arrival, &me)).unwrap();
    let ground = requests::Ground::LegalClaims;
    let refusal = Refusal { class: None, item: None, ground, reason: note() };
    let decision = Decision::Refused(Refusals::new(vec![refusal]).unwrap(), None);
    let hints = Hints { complaint: true, court: true };
    let answer = Answer { sent_at: vault.now(), by: Channel::Email, hints };
    for event in [Event::Decided(decision), Event::Answered(answer)] {
        wait(requests::step(vault, &calendar(), &at.key, event, &staff("support"))).unwrap();
    }
}

fn agenda(vault: &Vault) -> usize {
    wait(requests::agenda(vault, &calendar(), chrono::NaiveDate::MAX, &staff("support")))
        .unwrap()
        .len()
}

#[test]
fn a_release_that_was_stopped_frees_what_it_released_and_is_finished_by_the_next() {
    let operations = everywhere(
        |world| {
            let vault = world.sound.open();
            let subject = ada(&vault);
            place(&vault, subject, Scope::Subject).unwrap();
            refused(&vault, subject);
            subject
        },
        |world, subject| {
            let vault = try_open(world)?;
            release(&vault, &first(&vault, subject)?).map(drop)
        },
        |world, subject, done| {
            let vault = world.sound.open();
            let key = first(&vault, subject).unwrap();
            let standing = wait(vault.record(&key)).unwrap().standing;
            let whole = matches!(&standing, Standing::Open { state, .. } if *state == *"whole");
            let settled = matches!(standing, Standing::Closed { .. });
            assert!(settled || !done);
            assert_eq!(held(&vault, subject).len(), if whole { 3 } else { 0 });
            assert!(agenda(&vault) == 1 || !settled, "settled once it is on the agenda again");
            // Until it is settled it is to be looked at.
            let due = wait(holds::agenda(&vault, "2026-12-01".parse().unwrap(), &staff("support")))
                .unwrap();
            assert_eq!(due.is_empty(), settled);
            match release(&vault, &key) {
                Ok(_) => assert!(!settled),
                Err(error) => assert!(settled && error.code() == "holds.wrong_step", "{error}"),
            }
            assert_eq!(agenda(&vault), 1);
            assert!(held(&vault, subject).is_empty());
            let history = wait(vault.history(subject, 99)).unwrap();
            let told = history.iter().filter(|leaf| leaf.action == *"request.reopened");
            assert_eq!(told.count(), 1);
            wait(vault.audit()).unwrap();
        },
    );
    assert!(operations > 20, "{operations}");
}

#[test]
fn a_group_that_was_stopped_goes_on_with_its_number() {
    const GROUP: GroupId = GroupId::from_bytes([5; 16]);
    let all = |vault: &Vault| {
        let card = Selection::Class(Name::fixed("payment"));
        let terms = terms(classes(&["payment"]));
        wait(holds::place_many(vault, GROUP, &card, &terms, &staff("support"), &mut |_| {}))
    };
    let end = |vault: &Vault| {
        wait(holds::release_group(vault, &calendar(), GROUP, &note(), &staff("support")))
    };
    everywhere(
        |world| {
            let vault = world.sound.open();
            let items = [("email", "eve@example.org"), ("card_last4", "4242")];
            let eve = request(&vault, &items, false);
            wait(vault.register(eve, &staff("support"))).unwrap();
            ada(&vault)
        },
        |world, _| {
            let vault = try_open(world)?;
            all(&vault)?;
            end(&vault).map(drop)
        },
        |world, ada, done| {
            let vault = world.sound.open();
            let open = || {
                wait(holds::agenda(&vault, chrono::NaiveDate::MAX, &staff("support")))
                    .unwrap()
                    .len()
            };
            assert!(!done || open() == 0);
            all(&vault).unwrap();
            let eve = wait(vault.subjects(None, 9)).unwrap().into_iter().find(|one| *one != ada);
            for one in [ada, eve.unwrap()] {
                assert_eq!(held(&vault, one), of(&["payment"]));
            }
            assert!(end(&vault).unwrap().refused.is_empty());
            assert_eq!((open(), held(&vault, ada)), (0, of(&[])));
        },
    );
}

#[test]
fn two_holds_released_at_once_leave_nothing_held() {
    between(
        |world| {
            let vault = world.sound.open();
            let subject = ada(&vault);
            place(&vault, subject, Scope::Subject).unwrap();
            place(&vault, subject, classes(&["billing"])).unwrap();
            subject
        },
        |world, subject| {
            let vault = try_open(world)?;
            release(&vault, &first(&vault, subject)?)
        },
        |world, subject| {
            let vault = world.open();
            let key = keys(&vault, subject, &HOLDS).unwrap().pop().unwrap();
            release(&vault, &key).unwrap();
        },
        |world, subject, done| {
            done.unwrap();
            let vault = world.sound.open();
            assert!(held(&vault, subject).is_empty());
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn a_hold_that_is_placed_while_another_is_released_holds() {
    between(
        |world| {
            let vault = world.sound.open();
            let subject = ada(&vault);
            place(&vault, subject, Scope::Subject).unwrap();
            subject
        },
        |world, subject| {
            let vault = try_open(world)?;
            release(&vault, &first(&vault, subject)?)
        },
        |world, subject| {
            place(&world.open(), subject, classes(&["billing"])).unwrap();
        },
        |world, subject, done| {
            done.unwrap();
            let vault = world.sound.open();
            assert_eq!(held(&vault, subject), of(&["billing"]));
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn what_is_added_while_everything_is_being_held_is_held() {
    let register = |world: &Cuttable| {
        let vault = world.sound.open();
        let eve = request(&vault, &[("email", "eve@example.org")], false);
        wait(vault.register(eve, &staff("support"))).unwrap().subject()
    };
    let add = |vault: &Vault, subject| {
        let set = vec![vault.item(&Name::fixed("card_last4"), "4242").unwrap()];
        wait(vault.amend(subject, Amendment { set, ..Amendment::default() }, &staff("support")))
    };
    let check = |world: &Cuttable, subject, done: Result<()>| {
        done.unwrap();
        let vault = world.sound.open();
        assert_eq!(held(&vault, subject), of(&["account", "payment"]));
        wait(vault.audit()).unwrap();
    };
    between(
        register,
        |world, subject| place(&try_open(world)?, subject, Scope::Subject).map(drop),
        move |world, subject| add(&world.open(), subject).unwrap(),
        check,
    );
    between(
        register,
        move |world, subject| add(&try_open(world)?, subject),
        |world, subject| {
            place(&world.open(), subject, Scope::Subject).unwrap();
        },
        check,
    );
}

/// Killed at every step with an amendment in between, before each step until then: nobody is there to
/// look again.
#[test]
fn a_class_that_begins_while_everything_is_held_by_somebody_killed_is_held() {
    let (mut kills, mut both) = (0, 0);
    loop {
        let mut reached = false;
        for turn in 0..=kills {
            let world = Cuttable::new();
            let vault = world.sound.open();
            let eve = request(&vault, &[("email", "eve@example.org")], false);
            let eve = wait(vault.register(eve, &staff("support"))).unwrap().subject();
            let set = vec![vault.item(&Name::fixed("card_last4"), "4242").unwrap()];
            let other = world.sound.clone();
            let begins = Faults::meanwhile(turn, move || {
                let amendment = Amendment { set, ..Amendment::default() };
                wait(other.open().amend(eve, amendment, &staff("support"))).unwrap();
            });
            let (beside, killed) =
                (world.cut(&begins), Faults::cut(kills, Cut::After, After::StaysDown));
            let act = World {
                store: Arc::new(FailingStore::new(beside.store.clone(), killed.clone())),
                keyring: Arc::new(FailingKeyring::new(beside.keyring.clone(), killed.clone())),
                ..beside
            };
            let placed = try_open(&act).and_then(|vault| place(&vault, eve, Scope::Subject));
            reached |= killed.tripped();
            assert!(killed.tripped() || placed.is_ok());
            let holds = keys(&vault, eve, &HOLDS).unwrap().len();
            let there = is(&vault, eve, |_| true);
            assert_eq!(held(&vault, eve), if holds > 0 { there.clone() } else { of(&[]) });
            both += usize::from(holds > 0 && there.len() == 2);
        }
        kills += 1;
        if !reached {
            break;
        }
    }
    assert!(kills > 10 && both > 10, "{kills} {both}");
}

#[test]
fn what_is_held_while_it_is_erased_stays_whole_or_the_hold_is_refused() {
    between(
        |world| ada(&world.sound.open()),
        |world, subject| place(&try_open(world)?, subject, Scope::Subject),
        |world, subject| {
            let _ = wait(erasure::erase(&world.open(), subject, &staff("support")));
        },
        |world, subject, done| {
            let vault = world.sound.open();
            let rows = is(&vault, subject, |_| true).len();
            match done {
                Ok(_) => assert_eq!(held(&vault, subject).len(), rows),
                Err(error) => assert_eq!(rows, 1, "{error}: a law keeps that"),
            }
            wait(vault.audit()).unwrap();
        },
    );
}
