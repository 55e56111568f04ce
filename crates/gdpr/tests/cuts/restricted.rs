//! Restrictions, cut at every step: placed, announced, lifted; and others in between.

use std::collections::BTreeSet;

use pollster::block_on as wait;
use tacenda_core::policy::records::RESTRICTIONS;
use tacenda_core::row::state;
use tacenda_core::vault::{RecordKey, Standing, Vault};
use tacenda_gdpr::requests::{Channel, RestrictionGround};
use tacenda_gdpr::restriction::{self, Announcement, Asked};
use tacenda_testkit::world::{World, staff};

use super::holds::{ada, calendar, is, keys, note};
use super::{Cuttable, between, everywhere, try_open};

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
            wait(restriction::lift(&vault, &calendar(), &key, &staff("support"))).map(drop)
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
                wait(restriction::lift(&vault, &calendar(), key, &staff("support"))).unwrap();
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
        wait(restriction::lift(&vault, &calendar(), &key.unwrap(), &staff("support"))).map(drop)
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
