//! Marks of holds, where what ends one was decided before another began.

use pollster::block_on as wait;
use tacenda_core::policy::records::{HOLDS, REQUESTS};
use tacenda_core::vault::{Effects, Entry, RecordChange, RecordItems, Standing};
use tacenda_core::{Name, Result};
use tacenda_gdpr::holds::{self, Scope};
use tacenda_testkit::world::staff;

use super::holds::{ada, classes, is, keys, place, release};
use super::records::add;
use super::{between, try_open};

#[test]
fn a_hold_of_everything_keeps_records_that_were_just_to_be_let_go() {
    between(
        |world| {
            let vault = world.sound.open();
            let subject = ada(&vault);
            place(&vault, subject, classes(&["billing"])).unwrap();
            add(&vault, Some(subject), Effects::default()).unwrap();
            subject
        },
        // Lets the records go and no class, as nothing but this hold keeps anything.
        |world, subject| -> Result<()> {
            let vault = try_open(world)?;
            let (key, by) = (keys(&vault, subject, &HOLDS)?.remove(0), staff("support"));
            let changed = vault.change_record_beside(&key, &[], &by, |_, others, _| {
                Ok(RecordChange {
                    standing: Standing::Open { state: Name::fixed("held.part"), due_at: None },
                    set: RecordItems::default(),
                    remove: [].into(),
                    entry: Entry::new("hold.reviewed"),
                    effects: Effects {
                        records: others.is_empty().then_some(false),
                        ..Effects::default()
                    },
                })
            });
            wait(changed).map(drop)
        },
        |world, subject| {
            place(&world.open(), subject, Scope::Subject).unwrap();
        },
        |world, subject, changed| {
            changed.unwrap();
            let vault = world.sound.open();
            let rows = wait(vault.outline(subject)).unwrap();
            let mut requests = rows.iter().filter(|row| row.class == REQUESTS.class);
            assert!(requests.next().unwrap().held, "the other hold is of everything");
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn a_hold_that_is_placed_while_marks_are_settled_holds() {
    between(
        |world| {
            let vault = world.sound.open();
            let subject = ada(&vault);
            let key = place(&vault, subject, classes(&["payment"])).unwrap();
            release(&vault, &key).unwrap();
            // A mark that no hold explains.
            let held = [(Name::fixed("billing"), true)].into();
            add(&vault, Some(subject), Effects { held, ..Effects::default() }).unwrap();
            subject
        },
        |world, _| try_open(world).and_then(|vault| wait(holds::settle(&vault, None, 9))),
        |world, subject| {
            place(&world.open(), subject, classes(&["billing"])).unwrap();
        },
        |world, subject, _| {
            let vault = world.sound.open();
            assert!(is(&vault, subject, |row| row.held).contains("billing"), "a hold is open");
            wait(vault.audit()).unwrap();
        },
    );
}
