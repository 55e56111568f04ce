//! Rotations after one that was killed.

use pollster::block_on as wait;
use tacenda_core::seal::MasterKey;
use tacenda_core::vault::{OnRestore, Vault};
use tacenda_core::{Name, Result};
use tacenda_testkit::SeededRng;
use tacenda_testkit::world::{POLICY, World, ada, staff};

use super::{everywhere, try_open};

fn key(n: u64) -> MasterKey {
    MasterKey::generate(&SeededRng::new(n))
}

/// The world with these master keys.
fn under(world: &World, new: MasterKey, former: Option<MasterKey>) -> World {
    World { master: new, former, ..world.clone() }
}

fn rotate(world: &World) -> Result<u64> {
    try_open(world).and_then(|vault| wait(vault.rotate_master_key()))
}

#[test]
fn a_rotation_is_finished_before_the_next_begins() {
    everywhere(
        |world| ada(&world.sound.open()),
        |world, _| rotate(&under(world, key(71), Some(world.master.clone()))).map(|_| ()),
        |world, subject, done| {
            let (first, sound) = (world.sound.master.clone(), &world.sound);
            let reads = |vault: &Vault| {
                let purpose = Name::fixed("billing");
                wait(vault.read(subject, &purpose, &staff("billing"))).unwrap();
            };
            // Somebody goes on with the next rotation; nothing is lost by it.
            let next = under(sound, key(72), Some(key(71)));
            match rotate(&next) {
                Ok(_) => {}
                Err(error) => {
                    assert!(!done, "{error}");
                    assert_eq!(error.code(), "keys.wrong_master_key");
                    rotate(&under(sound, key(71), Some(first))).unwrap();
                    reads(&under(sound, key(71), None).open());
                    rotate(&next).unwrap();
                }
            }
            reads(&under(sound, key(72), None).open());
            let old = under(sound, key(71), None).try_open(POLICY, OnRestore::Refuse).unwrap_err();
            assert_eq!(old.code(), "keys.wrong_master_key");
        },
    );
}
