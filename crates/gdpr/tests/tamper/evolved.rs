//! A policy that changes over rows that are not what the log says.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::error::Context;
use tacenda_core::leaf::Leaf;
use tacenda_core::row::RowKey;
use tacenda_core::vault::{Amendment, OnRestore, Vault};
use tacenda_core::{Name, SubjectId};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};
use tacenda_testkit::{FailingKeyring, FailingStore, Faults};

use super::adversary::Adversary;
use super::{code, eve, over, profile, reopened, set};

/// The policy with the card in the billing class.
pub(super) fn moved() -> String {
    let from = "items = [\"address\", \"country\"]\nclock";
    let policy = POLICY
        .replace("version = 1\n", "version = 2\n")
        .replace("items = [\"card_last4\"]\nclock", "items = [\"note\"]\nclock")
        .replace(", \"first_name\", \"note\"]\nclock", ", \"first_name\"]\nclock")
        .replace(from, "items = [\"address\", \"country\", \"card_last4\"]\nclock");
    assert!(policy.contains("\"card_last4\"]\nclock") && policy.contains("[\"note\"]\nclock"));
    policy
}

fn card(vault: &Vault, subject: SubjectId) -> Result<Option<String>, &'static str> {
    let view = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing")));
    view.map(|view| view.get("card_last4").map(str::to_owned)).map_err(|error| error.code())
}

#[test]
fn one_altered_row_does_not_keep_a_policy_from_all_others() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let (ada, eve) = (ada(&vault), eve(&vault));
    let items = [("email", "kim@example.org"), ("card_last4", "1111")];
    let kim = wait(vault.register(request(&vault, &items, true), &staff("support")));
    let kim = kim.unwrap().subject();
    drop(vault);
    let payment = profile(ada, "payment");
    let open = |world: &World| world.try_open(&moved(), OnRestore::Refuse);
    store.edit(&payment, |row| row.held = true);
    for _ in 0..2 {
        let (vault, recovery) = open(&world).unwrap();
        assert_eq!((recovery.not_moved.subjects, recovery.not_moved.first), (1, Some(ada)));
        assert_eq!(card(&vault, kim), Ok(Some("1111".to_owned())), "moved, and read");
        assert_eq!(card(&vault, eve), Ok(None));
        // Ada's is where it was, and the purpose does not find it there.
        assert_eq!(card(&vault, ada), Ok(None));
        let error = wait(vault.move_items()).unwrap_err();
        assert_eq!(error.code(), "policy.items_not_moved");
        assert_eq!(error.context("subjects"), Some(&Context::Number(1)));
        assert_eq!(error.context("subject"), Some(&Context::Subject(ada)));
        assert_eq!(code(wait(vault.audit())), "vault.altered_row");
    }
    // The row is as it was again: the job finishes without another start.
    let (vault, _) = open(&world).unwrap();
    store.repent();
    wait(vault.move_items()).unwrap();
    assert_eq!(card(&vault, ada), Ok(Some("4242".to_owned())));
    wait(vault.audit()).unwrap();
    let (vault, recovery) = open(&world).unwrap();
    assert_eq!(recovery.not_moved.subjects, 0);
    wait(vault.move_items()).unwrap();
    assert_eq!(card(&vault, ada), Ok(Some("4242".to_owned())));
}

#[test]
fn an_opening_with_one_left_costs_what_is_left() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let ada = ada(&vault);
    for number in 0..600 {
        let email = format!("{number}@example.org");
        let items = [("email", email.as_str()), ("card_last4", "1111")];
        wait(vault.register(request(&vault, &items, true), &staff("support"))).unwrap();
    }
    let registered = vault.now();
    world.set_time("2026-07-01T08:00:00Z");
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    drop(vault);
    let policy = moved().replace("open = \"last login\"", "open = \"registered\"");
    store.edit(&profile(ada, "payment"), |row| row.held = true);
    let left = || {
        let faults = Faults::none();
        let watched = World {
            store: Arc::new(FailingStore::new(world.store.clone(), faults.clone())),
            keyring: Arc::new(FailingKeyring::new(world.keyring.clone(), faults.clone())),
            ..world.clone()
        };
        let (_, recovery) = watched.try_open(&policy, OnRestore::Refuse).unwrap();
        (recovery.not_moved.subjects, faults.operations())
    };
    let (first, whole) = left();
    let ((second, some), (third, again)) = (left(), left());
    store.repent();
    let ((fourth, moves), (_, none)) = (left(), left());
    assert_eq!((first, second, third, fourth), (1, 1, 1, 0));
    assert!(whole > 600 && some == again, "{whole} {some} {again}");
    assert!(some < none + 12 && moves < none + 24, "{some} {moves}, with nobody left {none}");
    let vault = world.try_open(&policy, OnRestore::Refuse).unwrap().0;
    assert_eq!(card(&vault, ada), Ok(Some("4242".to_owned())));
    let row = store.row(&profile(ada, "account"));
    assert_eq!(row.anchor_at, Some(registered), "her clock is set as all others are");
    wait(vault.audit()).unwrap();
}

#[test]
fn an_altered_job_lets_nobody_down() {
    let job = RowKey::only(SubjectId::CONTROLLER, Name::fixed("reseal"));
    let (world, store) = Adversary::world();
    let ada = ada(&world.open());
    let payment = profile(ada, "payment");
    store.edit(&payment, |row| row.held = true);
    let open = |version: &str| {
        let policy = moved().replace("version = 2", version);
        world.try_open(&policy, OnRestore::Refuse)
    };
    drop(open("version = 2").unwrap());
    store.mend(&payment);
    let ours = store.row(&job).body;
    // It names somebody else. Nobody writes it: what it said is for the audit to find.
    store.edit(&job, |row| row.body.iter_mut().rev().take(1).for_each(|byte| *byte ^= 1));
    let (vault, recovery) = open("version = 2").unwrap();
    assert_eq!(recovery.not_moved.subjects, 0);
    assert_eq!(card(&vault, ada), Ok(None));
    assert_eq!(code(wait(vault.audit())), "vault.altered_row");
    assert_eq!(code(open("version = 3")), "vault.altered_row", "who is left is not known");
    store.repent();
    assert_eq!(store.row(&job).body, ours);
    let (vault, _) = open("version = 3").unwrap();
    assert_eq!(card(&vault, ada), Ok(Some("4242".to_owned())));
    wait(vault.audit()).unwrap();
}

#[test]
fn what_was_amended_before_items_could_move_is_not_put_back() {
    let amend =
        |vault: &Vault, subject, change| wait(vault.amend(subject, change, &staff("support")));
    let remove = |item| Amendment { remove: vec![Name::fixed(item)], ..Amendment::default() };
    for (removed, expected) in [(false, Some("1111".to_owned())), (true, None)] {
        let (world, store) = Adversary::world();
        let ada = ada(&world.open());
        store.edit(&profile(ada, "payment"), |row| row.held = true);
        let (vault, recovery) = world.try_open(&moved(), OnRestore::Refuse).unwrap();
        assert_eq!(recovery.not_moved.first, Some(ada));
        store.repent();
        let change = if removed { remove("card_last4") } else { set(&vault, "card_last4", "1111") };
        amend(&vault, ada, change).unwrap();
        assert_eq!(card(&vault, ada), Ok(expected.clone()), "at once");
        let items = |vault: &Vault| -> Vec<_> {
            let rows = wait(vault.outline(ada)).unwrap().into_iter();
            rows.flat_map(|row| row.items).filter(|item| *item == *"card_last4").collect()
        };
        assert_eq!(items(&vault).len(), usize::from(!removed), "nowhere else");
        wait(vault.move_items()).unwrap();
        assert_eq!((card(&vault, ada), items(&vault).len()), (Ok(expected), usize::from(!removed)));
        wait(vault.audit()).unwrap();
    }
}

#[test]
fn a_password_that_was_set_before_the_old_one_could_move_is_the_only_one() {
    let (world, store) = Adversary::world();
    let ada = ada(&world.open());
    store.edit(&profile(ada, "account"), |row| row.held = true);
    let policy = POLICY
        .replace("version = 1\n", "version = 2\n")
        .replace(
            "[\"email\", \"password\", \"first_name\", \"note\"]\nclock",
            "[\"email\", \"first_name\", \"note\"]\nclock",
        )
        .replace(
            "items = [\"card_last4\"]\nclock",
            "items = [\"card_last4\", \"password\"]\nclock",
        );
    let (vault, recovery) = world.try_open(&policy, OnRestore::Refuse).unwrap();
    assert_eq!(recovery.not_moved.first, Some(ada));
    store.repent();
    let login = |password| code(wait(vault.login("ada@example.org", password)));
    assert_eq!(login("correct horse"), "login.refused", "not moved yet");
    let password = tacenda_core::password::Password::parse("battery staple").ok();
    let change = Amendment { password, ..Amendment::default() };
    wait(vault.amend(ada, change, &staff("support"))).unwrap();
    for _ in 0..2 {
        assert_eq!((login("battery staple"), login("correct horse")), ("ok", "login.refused"));
        wait(vault.move_items()).unwrap();
    }
    wait(vault.audit()).unwrap();
}

#[test]
fn an_item_that_moves_and_becomes_unique_is_found_by_the_value_that_it_has_now() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let (ada, eve) = (ada(&vault), eve(&vault));
    for subject in [ada, eve] {
        wait(vault.amend(subject, set(&vault, "note", "door"), &staff("support"))).unwrap();
    }
    store.edit(&profile(eve, "account"), |row| row.held = true);
    let policy = unique()
        .replace("\"first_name\", \"note\"]\nclock", "\"first_name\"]\nclock")
        .replace("items = [\"card_last4\"]\nclock", "items = [\"card_last4\", \"note\"]\nclock");
    let (vault, recovery) = world.try_open(&policy, OnRestore::Refuse).unwrap();
    assert_eq!(recovery.not_moved.first, Some(eve));
    store.repent();
    assert_eq!(code(wait(vault.move_items())), "policy.items_not_moved", "it is Ada's by now");
    wait(vault.amend(eve, set(&vault, "note", "window"), &staff("support"))).unwrap();
    wait(vault.move_items()).unwrap();
    let (note, purpose, support) = (Name::fixed("note"), Name::fixed("account"), staff("support"));
    for (value, email) in [("window", "eve@example.org"), ("door", "Ada@Example.org")] {
        let found = wait(vault.read_by(&note, value, &purpose, &support)).unwrap();
        assert_eq!(found.get("email"), Some(email));
    }
    assert_eq!(wait(world.store.count_lookups()).unwrap(), 4, "one for each value in use");
    wait(vault.audit()).unwrap();
}

#[test]
fn what_an_altered_row_says_of_itself_does_not_keep_a_policy_out() {
    let edits: [fn(&mut tacenda_core::row::Row); 3] = [
        |row| row.class = Some(Name::fixed("nothing")),
        |row| row.body.truncate(10),
        |row| row.body = Vec::new(),
    ];
    for edit in edits {
        let (world, store) = Adversary::world();
        let vault = world.open();
        let (ada, _) = (ada(&vault), eve(&vault));
        drop(vault);
        store.edit(&profile(ada, "payment"), edit);
        let (vault, recovery) = world.try_open(&moved(), OnRestore::Refuse).unwrap();
        assert!(recovery.not_moved.subjects <= 1);
        assert_eq!(code(wait(vault.audit())), "vault.altered_row");
    }
    // What stands keeps its say: a class with rows cannot go.
    let world = World::default();
    let _ = ada(&world.open());
    let without = POLICY
        .replace("version = 1\n", "version = 2\n")
        .replace("[classes.payment]\nitems", "[classes.cards]\nitems")
        .replace("classes.payment", "classes.cards");
    assert_eq!(code(world.try_open(&without, OnRestore::Refuse)), "policy.class_in_use");
}

/// The policy with a note that is unique.
fn unique() -> String {
    let policy = POLICY.replace("[items.note]\n", "[items.note]\nunique = true\n");
    policy.replace("version = 1\n", "version = 2\n")
}

#[test]
fn the_value_of_an_altered_row_counts_when_the_row_is_mended() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let (ada, eve) = (ada(&vault), eve(&vault));
    for subject in [ada, eve] {
        wait(vault.amend(subject, set(&vault, "note", "door"), &staff("support"))).unwrap();
    }
    let open = || world.try_open(&unique(), OnRestore::Refuse);
    assert_eq!(code(open()), "policy.values_not_unique");
    // Whichever of the two is altered, the other has its value alone.
    store.edit(&profile(eve, "account"), |row| row.held = true);
    let (vault, recovery) = open().unwrap();
    assert_eq!((recovery.not_moved.subjects, recovery.not_moved.first), (1, Some(eve)));
    let (note, purpose, support) = (Name::fixed("note"), Name::fixed("account"), staff("support"));
    let found = wait(vault.read_by(&note, "door", &purpose, &support)).unwrap();
    assert_eq!(found.get("email"), Some("Ada@Example.org"));
    store.repent();
    // It is sound again, and says what somebody else says: it is found by nothing, and named.
    for _ in 0..2 {
        let (vault, recovery) = open().unwrap();
        assert_eq!((recovery.not_moved.subjects, recovery.not_moved.first), (1, Some(eve)));
        wait(vault.login("ada@example.org", "correct horse")).unwrap();
    }
    let (vault, _) = open().unwrap();
    wait(vault.amend(eve, set(&vault, "note", "window"), &staff("support"))).unwrap();
    wait(vault.move_items()).unwrap();
    wait(vault.audit()).unwrap();
}

#[test]
fn an_altered_row_of_the_policy_keeps_no_process_out_that_runs_under_it() {
    let (world, store) = Adversary::world();
    let _ = ada(&world.open());
    let key = RowKey::only(SubjectId::CONTROLLER, Name::fixed("policy"));
    let edits: [fn(&mut tacenda_core::row::Row); 3] =
        [|row| row.body = Vec::new(), |row| row.body[40] ^= 1, |row| row.held = true];
    for edit in edits {
        store.edit(&key, edit);
        assert_eq!(code(wait(world.open().audit())), "vault.altered_row");
        // Nobody knows any more what a later policy would change.
        assert_eq!(code(world.try_open(&moved(), OnRestore::Refuse)), "vault.altered_row");
    }
    // Nor does it come again by itself that a later policy was coming.
    store.edit(&key, |row| row.state = tacenda_core::row::state::PENDING);
    assert_eq!(reopened(&world, OnRestore::Refuse), "vault.altered_row");
    store.put(&key, None);
    assert_eq!(reopened(&world, OnRestore::Refuse), "ok");
    assert_eq!(code(world.try_open(&moved(), OnRestore::Refuse)), "vault.missing_row");
    store.repent();
    assert_eq!(code(world.try_open(&moved(), OnRestore::Refuse)), "ok");
}

#[test]
fn a_store_that_says_nothing_of_its_policy_is_taken_to_be_of_any() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    wait(vault.amend(subject, set(&vault, "note", "door"), &staff("support"))).unwrap();
    let bare = store.forge(|tape| {
        let leaf = &mut tape[0].leaves[0];
        let text = Leaf { rows: Vec::new(), ..Leaf::decode(&leaf.bytes).unwrap() };
        (leaf.bytes, leaf.writes) = (text.encode(), false);
        tape[0].writes.clear();
    });
    let world = over(&world, bare);
    let clocks = unique().replace("open = \"last login\"", "open = \"not started\"");
    let (vault, recovery) = world.try_open(&clocks, OnRestore::Refuse).unwrap();
    assert_eq!(recovery.not_moved.subjects, 0);
    let (note, purpose, support) = (Name::fixed("note"), Name::fixed("account"), staff("support"));
    wait(vault.read_by(&note, "door", &purpose, &support)).unwrap();
    let row = wait(world.store.rows(&[profile(subject, "account")])).unwrap().remove(0).unwrap();
    assert_eq!(row.anchor_at, None);
    wait(vault.audit()).unwrap();
}
