//! Erasures on request beside others: holds, restrictions, sweeps, and a second request.

use std::cell::RefCell;
use std::collections::BTreeSet;

use pollster::block_on as wait;
use tacenda_core::row::state;
use tacenda_core::vault::{Effects, RecordKey, Vault};
use tacenda_core::{Name, Result, SubjectId, Timestamp};
use tacenda_gdpr::erasure;
use tacenda_testkit::Faults;
use tacenda_testkit::world::{World, request, staff};

use super::records::{add, dying, holding, is_held};
use super::returns::{LONG_AGO, eve, left, sweep, told_erased};
use super::{Cuttable, between, try_open};

const LATELY: &str = "2026-01-01T00:00:00Z";

/// It is about to go, it just goes, it is gone.
const TOO_LATE: [&str; 3] = ["erasure.under_way", "keys.destroyed", "vault.nothing_of_class"];

fn erase(world: &World, subject: SubjectId) -> Result<()> {
    wait(erasure::erase(&try_open(world)?, subject, &staff("support"))).map(drop)
}

fn restricting() -> Effects {
    Effects { restricted: [(Name::fixed("billing"), true)].into(), ..Effects::default() }
}

fn is_restricted(vault: &Vault, subject: SubjectId) -> bool {
    let rows = wait(vault.outline(subject)).unwrap();
    rows.iter().any(|row| row.state == state::RESTRICTED)
}

/// How many operations an erasure has, and behind which one its intent is there.
fn steps() -> (u64, u64) {
    let count = {
        let (world, faults) = (Cuttable::new(), Faults::none());
        let eve = eve(&world.sound, LATELY, false);
        erase(&world.cut(&faults), eve).unwrap();
        faults.operations()
    };
    let begun = (0..count).find(|killed| {
        let world = Cuttable::new();
        let eve = eve(&world.sound, LATELY, false);
        drop(erase(&dying(&world.sound, *killed), eve));
        wait(world.sound.open().destroys_under_way()).unwrap() > 0
    });
    (begun.unwrap(), count)
}

fn comes_beside(
    effects: fn() -> Effects,
    stands: fn(&Vault, SubjectId) -> bool,
) -> BTreeSet<&'static str> {
    let codes = RefCell::new(BTreeSet::new());
    let check = |world: &Cuttable, subject: SubjectId, done: Result<RecordKey>| {
        let vault = world.sound.open();
        wait(vault.resume_destroys()).unwrap();
        let code = done.err().map_or("ok", |error| error.code());
        assert_eq!(stands(&vault, subject), code == "ok", "{code}");
        codes.borrow_mut().insert(code);
        wait(vault.audit()).unwrap();
    };
    let (begun, count) = steps();
    for killed in [begun, begun + 1, count] {
        between(
            |world| eve(&world.sound, LATELY, false),
            |world, subject| add(&try_open(world)?, Some(subject), effects()),
            move |world, subject| drop(erase(&dying(world, killed), subject)),
            check,
        );
    }
    codes.take()
}

#[test]
fn a_hold_behind_the_intent_of_an_erasure_on_request_is_refused() {
    let codes = comes_beside(|| holding(true), is_held);
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), TOO_LATE);
}

#[test]
fn a_restriction_behind_the_intent_of_an_erasure_on_request_is_refused() {
    let codes = comes_beside(restricting, is_restricted);
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), TOO_LATE);
}

/// Eve is gone, which was said once.
fn went_once(world: &World, eve: SubjectId) {
    let vault = world.open();
    wait(vault.resume_destroys()).unwrap();
    assert_eq!(wait(vault.destroys_under_way()).unwrap(), 0);
    assert_eq!((left(world, eve), told_erased(&vault, eve)), (Vec::new(), 1));
    wait(vault.audit()).unwrap();
}

#[test]
fn of_two_who_ask_at_once_one_erases() {
    let (_, count) = steps();
    // The other is whole, or stopped anywhere behind its intent.
    for killed in (0..=count).rev().take(9) {
        between(
            |world| eve(&world.sound, LATELY, false),
            erase,
            move |world, eve| drop(erase(&dying(world, killed), eve)),
            |world, eve, done| {
                let code = done.err().map_or("ok", |error| error.code());
                let true_then = ["ok", "erasure.under_way", "vault.not_found", "store.conflict"];
                assert!(true_then.contains(&code), "{code}");
                went_once(&world.sound, eve);
            },
        );
    }
}

#[test]
fn a_sweep_and_a_request_at_once_erase_once() {
    let (begun, _) = steps();
    for killed in begun..begun + 3 {
        between(
            |world| eve(&world.sound, LONG_AGO, false),
            |world, _| sweep(world),
            move |world, eve| drop(erase(&dying(world, killed), eve)),
            |world, eve, swept| {
                assert_ne!(swept.err().map(|error| error.code()), Some("store.conflict"));
                went_once(&world.sound, eve);
            },
        );
    }
    between(
        |world| eve(&world.sound, LONG_AGO, false),
        erase,
        |world, _| drop(sweep(world)),
        |world, eve, _| went_once(&world.sound, eve),
    );
}

#[test]
fn a_request_goes_on_beside_a_sweep_of_others() {
    between(
        |world| {
            let _ = eve(&world.sound, LONG_AGO, false);
            let vault = world.sound.open();
            let mut ida = request(&vault, &[("email", "ida@example.org")], false);
            ida.registered_at = Timestamp::parse_rfc3339(LATELY).ok();
            ida.last_login_at = ida.registered_at;
            wait(vault.register(ida, &staff("support"))).unwrap().subject()
        },
        erase,
        |world, _| sweep(world).unwrap(),
        |world, ida, done| {
            done.unwrap();
            went_once(&world.sound, ida);
        },
    );
}
