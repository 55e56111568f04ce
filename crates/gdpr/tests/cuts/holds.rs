//! Holds and restrictions, cut at every step: placed, released, lifted; and others in between.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use pollster::block_on as wait;
use tacenda_core::calendar::{Region, Utc, WorkingDays};
use tacenda_core::policy::records::{HOLDS, RESTRICTIONS, RecordKind};
use tacenda_core::row::state;
use tacenda_core::vault::{Actor, Amendment, Outline, RecordKey, Standing, Vault};
use tacenda_core::{ActorId, Name, Result, SubjectId};
use tacenda_gdpr::erasure;
use tacenda_gdpr::holds::{self, Ground, GroupId, Note, Scope, Selection, Terms};
use tacenda_gdpr::requests::{
    self, Answer, Arrival, Calendar, Channel, Decision, Event, Hints, Refusal, Refusals, Requester,
    RestrictionGround, Right, Whom,
};
use tacenda_gdpr::restriction::{self, Announcement, Asked};
use tacenda_testkit::world::{World, request, staff};

use super::{Cuttable, between, everywhere, try_open};

fn calendar() -> Calendar<'static> {
    static FRANCE: LazyLock<WorkingDays> =
        LazyLock::new(|| WorkingDays::of(Region::parse("FR").unwrap()));
    Calendar::new(&Utc, &FRANCE)
}

fn note() -> Note {
    Note::parse("A lawsuit.").unwrap()
}

fn classes(of: &[&'static str]) -> Scope {
    Scope::Classes(of.iter().copied().map(Name::fixed).collect())
}

/// Somebody with three classes, an invoice and no password, which would take its time.
fn ada(vault: &Vault) -> SubjectId {
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

fn place(vault: &Vault, subject: SubjectId, scope: Scope) -> Result<RecordKey> {
    wait(holds::place(vault, subject, &terms(scope), &staff("support"))).map(|placed| placed.key)
}

fn release(vault: &Vault, key: &RecordKey) -> Result<u64> {
    wait(holds::release(vault, &calendar(), key, &note(), &staff("support")))
        .map(|released| released.reopened)
}

fn keys(vault: &Vault, subject: SubjectId, kind: &'static RecordKind) -> Result<Vec<RecordKey>> {
    let found = wait(vault.records_of(subject, kind))?;
    Ok(found.into_iter().map(|one| one.key).collect())
}

fn first(vault: &Vault, subject: SubjectId) -> Result<RecordKey> {
    Ok(keys(vault, subject, &HOLDS)?.into_iter().next().unwrap())
}

fn is(vault: &Vault, subject: SubjectId, mark: fn(&Outline) -> bool) -> BTreeSet<String> {
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
            let due = wait(holds::agenda(&vault, "2026-12-01".parse().unwrap())).unwrap();
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
            let open = || wait(holds::agenda(&vault, chrono::NaiveDate::MAX)).unwrap().len();
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

#[test]
fn a_restriction_is_lifted_whole_or_not_at_all() {
    let restrict = |vault: &Vault, subject| {
        let terms = restriction::Terms {
            ground: RestrictionGround::Accuracy,
            reason: note(),
            asked: Asked::Person(vault.now()),
            classes: BTreeSet::new(),
            review_on: "2026-07-01".parse().unwrap(),
        };
        wait(restriction::place(vault, subject, &terms, &staff("support"))).map(|one| one.key)
    };
    let announce = |vault: &Vault, key: &RecordKey| {
        let letter = Announcement { sent_at: vault.now(), by: Channel::Letter, reason: note() };
        wait(restriction::announce(vault, key, &letter, &staff("support")))
    };
    let limited =
        |vault: &Vault, subject| is(vault, subject, |row| row.state == state::RESTRICTED).len();
    let operations = everywhere(
        |world| ada(&world.sound.open()),
        |world, subject| {
            let vault = try_open(world)?;
            let key = restrict(&vault, subject)?;
            announce(&vault, &key)?;
            wait(restriction::lift(&vault, &key, &staff("support"))).map(drop)
        },
        |world: &Cuttable, subject, done| {
            let vault = world.sound.open();
            let found = keys(&vault, subject, &RESTRICTIONS).unwrap();
            let stage = found.first().map(|key| wait(vault.record(key)).unwrap().standing);
            let open = matches!(stage, Some(Standing::Open { .. }));
            assert!(!done || stage.is_some() && !open);
            assert_eq!(limited(&vault, subject), if open { 3 } else { 0 });
            if let Some(key) = found.first().filter(|_| open) {
                let _ = announce(&vault, key);
                wait(restriction::lift(&vault, key, &staff("support"))).unwrap();
            }
            assert_eq!(limited(&vault, subject), 0);
            wait(vault.audit()).unwrap();
        },
    );
    assert!(operations > 20, "{operations}");
}

#[test]
fn two_restrictions_lifted_at_once_leave_nothing_restricted() {
    let prepare = |world: &Cuttable| {
        let vault = world.sound.open();
        let subject = ada(&vault);
        for _ in 0..2 {
            let terms = restriction::Terms {
                ground: RestrictionGround::Claims,
                reason: note(),
                asked: Asked::Person(vault.now()),
                classes: BTreeSet::new(),
                review_on: "2026-07-01".parse().unwrap(),
            };
            let me = staff("support");
            let key = wait(restriction::place(&vault, subject, &terms, &me)).unwrap().key;
            let letter = Announcement { sent_at: vault.now(), by: Channel::Letter, reason: note() };
            wait(restriction::announce(&vault, &key, &letter, &me)).unwrap();
        }
        subject
    };
    let lift = |world: &World, subject, last: bool| {
        let vault = try_open(world)?;
        let mut found = keys(&vault, subject, &RESTRICTIONS)?;
        let key = if last { found.pop() } else { found.into_iter().next() };
        wait(restriction::lift(&vault, &key.unwrap(), &staff("support"))).map(drop)
    };
    between(
        prepare,
        move |world, subject| lift(world, subject, false),
        move |world, subject| lift(world, subject, true).unwrap(),
        |world, subject, done| {
            done.unwrap();
            let vault = world.sound.open();
            assert!(is(&vault, subject, |row| row.state == state::RESTRICTED).is_empty());
        },
    );
}
