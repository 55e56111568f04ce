//! Keys that seal nothing: which are collected, and that none is while somebody may still use it.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::ports::{KeyId, KeyState};
use tacenda_core::vault::{Amendment, Collected, OnRestore, Vault};
use tacenda_core::{Name, SubjectId};
use tacenda_gdpr::erasure;
use tacenda_testkit::world::{POLICY, World, ada, request, staff};
use tacenda_testkit::{After, Cut, Faults};

use super::{Cuttable, between, try_open};

const NONE: Collected = Collected { forgotten: 0, destroyed: 0 };

fn collect(vault: &Vault) -> Collected {
    wait(vault.collect_keys(&staff("support"))).unwrap()
}

/// Every live key, with its class and number.
fn live(world: &World, subject: SubjectId) -> Vec<(String, u16)> {
    let keys = wait(world.keyring.keys_of(subject)).unwrap().into_iter();
    keys.filter(|(_, state)| matches!(state, KeyState::Live(_)))
        .map(|(key, _)| (key.class.to_string(), key.number))
        .collect()
}

fn all_live(world: &World) -> Vec<KeyId> {
    wait(world.keyring.live_keys(None, 1000)).unwrap()
}

const ITEMS: [(&str, &str); 3] =
    [("email", "eve@example.org"), ("address", "Rue 1"), ("country", "FR")];

fn register(world: &World) -> tacenda_core::Result<SubjectId> {
    let vault = try_open(world)?;
    let mut request = request(&vault, &ITEMS, true);
    request.source = Some(b"the record of eve".to_vec().into());
    wait(vault.register(request, &staff("support"))).map(|one| one.subject())
}

fn add_card(world: &World, subject: SubjectId) -> tacenda_core::Result<()> {
    let vault = try_open(world)?;
    let set = vec![vault.item(&Name::fixed("card_last4"), "4242").unwrap()];
    wait(vault.amend(subject, Amendment { set, ..Amendment::default() }, &staff("support")))
}

/// A world in which a registration was killed after its keys were durable.
fn with_orphans() -> Cuttable {
    for operation in 0.. {
        let world = Cuttable::new();
        drop(world.sound.open());
        let faults = Faults::cut(operation, Cut::After, After::StaysDown);
        assert!(register(&world.cut(&faults)).is_err(), "it is killed before it ends");
        if !all_live(&world.sound).is_empty() {
            return world;
        }
    }
    unreachable!()
}

#[test]
fn keys_of_a_killed_registration_are_forgotten_after_two_days() {
    let world = with_orphans();
    let vault = world.sound.open();
    let orphans = all_live(&world.sound);
    assert_eq!(orphans.len(), 2);
    for _ in 0..3 {
        assert_eq!(collect(&vault), NONE, "a running registration may still use them");
        world.sound.clock.advance(Span::hours(21));
    }
    world.sound.clock.advance(Span::hours(9));
    assert_eq!(collect(&vault), Collected { forgotten: 2, destroyed: 0 });
    assert_eq!(wait(world.sound.keyring.keys_of(orphans[0].subject)).unwrap(), []);
    let leaf = wait(vault.history(SubjectId::CONTROLLER, 1)).unwrap().remove(0);
    assert_eq!(leaf.action, *"keys.collected");
    assert_eq!((leaf.find("forgotten"), leaf.find("destroyed")), (Some("2"), Some("0")));
    let before = wait(vault.history(SubjectId::CONTROLLER, 99)).unwrap().len();
    assert_eq!(collect(&vault), NONE);
    assert_eq!(wait(vault.history(SubjectId::CONTROLLER, 99)).unwrap().len(), before);
    // The record is written now, and once.
    let eve = register(&world.sound).unwrap();
    assert_eq!(register(&world.sound).unwrap(), eve);
    world.sound.clock.advance(Span::days(9));
    assert_eq!(collect(&vault), NONE, "keys in use stay");
    wait(vault.audit()).unwrap();
}

#[test]
fn keys_in_use_stay_whatever_their_state() {
    let world = Cuttable::new();
    let vault = world.sound.open();
    let subject = ada(&vault);
    // A row without items is a row; an archived one is kept under its law.
    let remove = vec![Name::fixed("card_last4")];
    let bare = Amendment { remove, ..Amendment::default() };
    wait(vault.amend(subject, bare, &staff("support"))).unwrap();
    world.sound.clock.advance(Span::days(30));
    assert_eq!(collect(&vault), NONE);
    assert_eq!(live(&world.sound, subject).len(), 3);
    add_card(&world.sound, subject).unwrap();
    let view = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
    assert_eq!(view.get("card_last4"), Some("4242"));
    // The row's envelopes name another key now, and the first seals nothing any more.
    assert_eq!(collect(&vault), NONE, "its row stood here a moment ago, and stands");
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    world.sound.clock.advance(Span::days(30));
    assert_eq!(collect(&vault), NONE);
    assert_eq!(live(&world.sound, subject), [("billing".to_owned(), 0)]);
    wait(vault.audit()).unwrap();
}

#[test]
fn a_key_of_an_amendment_that_was_killed_leaves_a_tombstone_and_is_never_taken_up() {
    let prepare = |operation| {
        let world = Cuttable::new();
        drop(world.sound.open());
        let subject = register(&world.sound).unwrap();
        let faults = Faults::cut(operation, Cut::After, After::StaysDown);
        (add_card(&world.cut(&faults), subject), world, subject)
    };
    let (world, subject) = (0..)
        .find_map(|operation| {
            let (killed, world, subject) = prepare(operation);
            assert!(killed.is_err(), "it is killed before it ends");
            (live(&world.sound, subject).len() == 3).then_some((world, subject))
        })
        .unwrap();
    let vault = world.sound.open();
    add_card(&world.sound, subject).unwrap();
    let payment = |number| ("payment".to_owned(), number);
    let keys = live(&world.sound, subject);
    assert_eq!(keys[2..], [payment(0), payment(1)], "the first may be in somebody's hands");
    // A backup of the day of the amendment can hold nothing that it sealed, but nobody knows.
    assert_eq!(collect(&vault), NONE);
    world.sound.clock.advance(Span::days(4));
    assert_eq!(collect(&vault), Collected { forgotten: 0, destroyed: 1 });
    assert_eq!(live(&world.sound, subject)[2..], [payment(1)]);
    let view = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
    assert_eq!(view.get("card_last4"), Some("4242"));
    assert_eq!(register(&world.sound).unwrap(), subject, "the record is known as before");
    wait(vault.audit()).unwrap();
}

/// The policy with the card in the account's class, and the note, which nobody has, in its place.
pub(super) fn moved() -> String {
    POLICY
        .replace("version = 1", "version = 2")
        .replace(
            r#"["email", "password", "first_name", "note"]
clock"#,
            r#"["email", "password", "first_name", "card_last4"]
clock"#,
        )
        .replace(r#"items = ["card_last4"]"#, r#"items = ["note"]"#)
}

fn with_backups(policy: &str) -> String {
    format!("{policy}\n[backups]\nevery = \"1 day\"\nkeep = \"30 days\"\ncountry = \"FR\"\n")
}

#[test]
fn the_key_of_a_row_that_was_emptied_goes_when_no_backup_holds_the_row() {
    for (policy, days) in [(moved(), 4), (with_backups(&moved()), 32)] {
        let world = World::default();
        let subject = ada(&world.open());
        let vault = world.try_open(&policy, OnRestore::Refuse).unwrap().0;
        world.clock.advance(Span::days(days - 2));
        assert_eq!(collect(&vault), NONE, "a backup may hold the row");
        world.clock.advance(Span::days(2));
        assert_eq!(collect(&vault), Collected { forgotten: 0, destroyed: 1 });
        let classes: Vec<_> = live(&world, subject).into_iter().map(|(class, _)| class).collect();
        assert_eq!(classes, ["account", "billing"]);
        wait(vault.audit()).unwrap();
    }
}

#[test]
fn the_key_of_a_row_that_was_emptied_goes_with_the_account() {
    let world = World::default();
    let subject = ada(&world.open());
    let vault = world.try_open(&with_backups(&moved()), OnRestore::Refuse).unwrap().0;
    assert_eq!(live(&world, subject).len(), 3);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    assert_eq!(live(&world, subject), [("billing".to_owned(), 0)], "no backup opens any more");
    wait(vault.audit()).unwrap();
}

#[test]
fn a_subject_whose_rows_are_not_what_the_log_states_keeps_its_keys() {
    let world = Cuttable::new();
    let vault = world.sound.open();
    let subject = ada(&vault);
    let key = tacenda_core::row::RowKey::only(subject, Name::fixed("profile.payment"));
    wait(async {
        use tacenda_core::ports::{Change, NewLeaf, RowDelete, Store as _};
        let row = world.store.rows(std::slice::from_ref(&key)).await?.remove(0).unwrap();
        // Somebody else's leaf covers it: the subject's own say nothing of it.
        let leaf = NewLeaf {
            subject: SubjectId::CONTROLLER,
            at: vault.now(),
            writes: false,
            bytes: b"no leaf".to_vec(),
        };
        let deletes = vec![RowDelete { key, version: row.version }];
        world.store.commit(Change { deletes, leaves: vec![leaf], ..Change::default() }).await
    })
    .unwrap();
    world.sound.clock.advance(Span::days(400));
    assert_eq!(collect(&vault), NONE);
    assert_eq!(live(&world.sound, subject).len(), 3);
}

#[test]
fn a_collection_that_is_killed_is_finished_by_the_next() {
    let count = {
        let (world, faults) = (with_orphans(), Faults::none());
        world.sound.clock.advance(Span::days(9));
        assert_eq!(collect(&world.cut(&faults).open()).forgotten, 2);
        faults.operations()
    };
    for operation in 0..count {
        for cut in [Cut::Before, Cut::After] {
            let world = with_orphans();
            world.sound.clock.advance(Span::days(9));
            let faults = Faults::cut(operation, cut, After::StaysDown);
            let killed = try_open(&world.cut(&faults))
                .and_then(|vault| wait(vault.collect_keys(&staff("support"))));
            assert!(killed.is_err() && faults.tripped());
            let vault = world.sound.open();
            collect(&vault);
            assert_eq!(all_live(&world.sound), []);
            let eve = register(&world.sound).unwrap();
            assert_eq!(register(&world.sound).unwrap(), eve);
            wait(vault.audit()).unwrap();
        }
    }
    assert!(count > 10, "{count}");
}

#[test]
fn no_key_is_collected_that_a_registration_still_uses() {
    between(
        |world| {
            drop(world.sound.open());
            SubjectId::CONTROLLER
        },
        |world, _| register(world),
        |world, _| {
            // The process stands still for days, and somebody collects meanwhile.
            world.clock.advance(Span::days(9));
            collect(&world.open());
        },
        |world, _, done| {
            let vault = world.sound.open();
            let subject = done.unwrap_or_else(|error| {
                assert_eq!(error.code(), "store.conflict", "{error}");
                register(&world.sound).unwrap()
            });
            let view =
                wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
            assert_eq!(view.get("address"), Some("Rue 1"));
            collect(&vault);
            assert_eq!(all_live(&world.sound).len(), 2);
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn no_key_is_collected_that_an_amendment_still_uses() {
    between(
        |world| register(&world.sound).unwrap(),
        add_card,
        |world, _| {
            world.clock.advance(Span::days(9));
            collect(&world.open());
        },
        |world, subject, done| {
            // It begins again under another key.
            done.unwrap();
            let vault = world.sound.open();
            let view =
                wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
            assert_eq!(view.get("card_last4"), Some("4242"));
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn nobody_begins_to_use_a_key_that_is_being_collected() {
    between(
        |world| {
            let subject = register(&world.sound).unwrap();
            for operation in 0.. {
                let faults = Faults::cut(operation, Cut::After, After::StaysDown);
                if add_card(&world.cut(&faults), subject).is_ok()
                    || live(&world.sound, subject).len() == 3
                {
                    break;
                }
            }
            world.sound.clock.advance(Span::days(9));
            subject
        },
        |world, _| collect(&world.open()),
        |world, subject| add_card(world, subject).unwrap(),
        |world, subject, done| {
            assert!(done.forgotten == 0 && done.destroyed <= 1, "{done:?}");
            let vault = world.sound.open();
            let view =
                wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
            assert_eq!(view.get("card_last4"), Some("4242"));
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn two_collectors_at_once_do_what_one_does() {
    for operation in 0.. {
        let world = with_orphans();
        world.sound.clock.advance(Span::days(9));
        let sound = world.sound.clone();
        let faults = Faults::meanwhile(operation, move || {
            collect(&sound.open());
        });
        let cut = world.cut(&faults);
        collect(&cut.open());
        assert_eq!(all_live(&world.sound), []);
        wait(world.sound.open().audit()).unwrap();
        if !faults.tripped() {
            return;
        }
    }
}

/// A registration that stood still for days before one of its operations, and a collection that
/// stands still before one of its own while the registration goes on.
fn interleaved(registration: u64, collection: u64) -> bool {
    let world = Cuttable::new();
    drop(world.sound.open());
    let opened = Faults::none();
    drop(world.cut(&opened).open());
    let (reached, has_reached) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel();
    let stands = {
        let reached = reached.clone();
        Faults::meanwhile(opened.operations() + collection, move || {
            reached.send(()).unwrap();
            may_go_on.recv().unwrap();
        })
    };
    let (others, clock) = (world.cut(&stands), world.sound.clock.clone());
    let collector = Arc::new(Mutex::new(None));
    let begun = collector.clone();
    let stood = Faults::meanwhile(opened.operations() + registration, move || {
        clock.advance(Span::days(10));
        let job = thread::spawn(move || {
            wait(others.open().collect_keys(&staff("support"))).unwrap();
            // The collection may be over before it stands still.
            let _ = reached.send(());
        });
        has_reached.recv().unwrap();
        *begun.lock().unwrap() = Some(job);
    });
    let registered = register(&world.cut(&stood));
    let _ = go_on.send(());
    let Some(job) = collector.lock().unwrap().take() else { return false };
    job.join().unwrap();
    let vault = world.sound.open();
    wait(vault.audit()).unwrap();
    let subject = registered.unwrap();
    let billing = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
    assert_eq!(billing.get("address"), Some("Rue 1"), "{registration} {collection}");
    assert_eq!(all_live(&world.sound).len(), 2, "{registration} {collection}");
    stands.tripped()
}

#[test]
fn a_registration_and_a_collection_that_stand_still_in_turns_lose_nothing() {
    let (mut both, mut registration) = (0, 0);
    loop {
        let met = (0..20).filter(|collection| interleaved(registration, *collection)).count();
        if met == 0 {
            break;
        }
        (both, registration) = (both + met, registration + 1);
    }
    assert!(registration > 5 && both > 30, "{registration} {both}");
}
