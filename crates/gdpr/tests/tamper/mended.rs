//! Findings of a review, each mended: what an adversary, a second process or an unlucky order of
//! steps must not achieve.

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::leaf::Leaf;
use tacenda_core::ports::{KeyId, KeyState};
use tacenda_core::row::Row;
use tacenda_core::vault::{Amendment, OnRestore, Vault};
use tacenda_core::{Name, SubjectId, Timestamp};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};

use super::adversary::{Adversary, At, LeafLie};
use super::{code, eve, profile};

fn set(vault: &Vault, item: &'static str, text: &str) -> Amendment {
    Amendment { set: vec![vault.item(&Name::fixed(item), text).unwrap()], ..Amendment::default() }
}

fn read(vault: &Vault, subject: SubjectId) -> &'static str {
    code(wait(vault.read(subject, &Name::fixed("account"), &staff("support"))))
}

fn restated(mut leaf: Leaf, row: &Row) -> Leaf {
    for stamp in leaf.rows.iter_mut().filter(|s| s.kind == row.key.kind && s.id == row.key.id) {
        stamp.digest = Some(row.digest());
    }
    leaf
}

#[test]
fn a_lookup_that_points_at_somebody_else() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let (ada, eve) = (ada(&vault), eve(&vault));
    store.redirect(&profile(ada, "account"), &profile(eve, "account"));
    let (item, purpose) = (Name::fixed("email"), Name::fixed("account"));
    let found = wait(vault.read_by(&item, "ada@example.org", &purpose, &staff("support")));
    assert_ne!(code(found), "ok", "another person's data was read");
}

#[test]
fn row_and_leaf_altered_together_at_read() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let key = profile(subject, "account");
    store.edit(&key, |row| row.anchor_at = Some(Timestamp::from_micros(0)));
    let mut row = store.row(&key);
    row.anchor_at = Some(Timestamp::from_micros(0));
    let (at, leaf) = store.last_leaf(subject);
    store.leaf(at, LeafLie::Bytes(restated(leaf, &row).encode()));
    assert_ne!(read(&vault, subject), "ok");
}

#[test]
fn a_rollback_behind_a_pruned_leaf() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let key = profile(subject, "account");
    let old = store.row(&key);
    wait(vault.amend(subject, set(&vault, "first_name", "Augusta"), &staff("support"))).unwrap();
    store.put(&key, Some(old));
    let (at, _) = store.last_leaf(subject);
    store.leaf(at, LeafLie::Pruned);
    assert_ne!(read(&vault, subject), "ok", "read");
}

#[test]
fn nothing_is_added_to_somebody_who_is_being_erased() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = eve(&vault);
    let other = world.open();
    store.act(At::Committed("erasure.intended"), move || {
        let _ = wait(other.amend(subject, set(&other, "card_last4", "4242"), &staff("billing")));
    });
    let _ = wait(erasure::erase(&vault, subject, &staff("support")));
    let _ = wait(vault.resume_destroys());
    let left = wait(vault.outline(subject)).unwrap();
    let left: Vec<_> = left.iter().map(|row| (row.class.as_str(), row.state.as_str())).collect();
    assert_eq!(left, [("billing", "archived")]);
}

#[test]
fn an_altered_clock_does_not_get_data_erased() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    store.edit(&profile(subject, "payment"), |row| {
        row.anchor_at = Some(Timestamp::parse_rfc3339("2001-01-01T00:00:00Z").unwrap());
    });
    let swept = wait(erasure::sweep(&vault, None, &staff("support"), &mut |_| {}));
    let key = KeyId::first(subject, Name::fixed("payment"));
    let state = wait(world.keyring.fetch(&[key])).unwrap().remove(0);
    assert!(matches!(state, KeyState::Live(_)), "the key was destroyed: {swept:?}");
}

#[test]
fn an_altered_row_is_not_archived_under_a_new_digest() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    store.edit(&profile(subject, "billing"), |row| row.body[40] ^= 1);
    let erased = wait(erasure::erase(&vault, subject, &staff("support")));
    store.repent();
    // The altered body was taken over, under a new digest.
    assert_ne!(code(erased), "ok", "an altered row was archived");
}

#[test]
fn one_altered_row_does_not_stop_the_sweep_of_all_others() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let (ada, eve) = (ada(&vault), eve(&vault));
    world.clock.advance(Span::days(5000));
    store.edit(&profile(ada, "account"), |row| row.body[40] ^= 1);
    let plan = wait(retention::plan(&vault)).unwrap();
    let _ = wait(erasure::sweep(&vault, Some(plan.digest), &staff("support"), &mut |_| {}));
    // What is invoiced to Eve is kept from now on.
    let rows = wait(vault.outline(eve)).unwrap();
    let states: Vec<_> = rows.iter().map(|row| row.state.as_str()).collect();
    assert_eq!(states, ["archived"], "eve is kept because of ada's row");
}

#[test]
fn an_erasure_that_another_process_finishes_is_done() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let other = world.open();
    store.act(At::Committed("erasure.intended"), move || {
        wait(other.resume_destroys()).unwrap();
    });
    assert_eq!(code(wait(erasure::erase(&vault, subject, &staff("support")))), "ok");
}

#[test]
fn a_restore_does_not_bring_back_what_an_archive_dropped() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let backup = store.forge(|tape| {
        let at = tape.iter().position(|change| {
            change
                .leaves
                .iter()
                .any(|leaf| Leaf::decode(&leaf.bytes).unwrap().action == *"erasure.intended")
        });
        tape.truncate(at.unwrap());
    });
    let restored = World { store: backup, ..world };
    let (vault, _) = restored.try_open(POLICY, OnRestore::Replay).unwrap();
    let view = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing")));
    let items = view.map(|view| view.items().map(Name::to_string).collect::<Vec<_>>());
    assert!(items.is_err(), "erased, restored, and read for billing again: {items:?}");
}

#[test]
fn a_login_moves_the_clock_of_every_class_that_runs_from_it() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    for _ in 0..30 {
        world.clock.advance(Span::days(20));
        wait(vault.login("ada@example.org", "correct horse")).unwrap();
    }
    let plan = wait(retention::plan(&vault)).unwrap();
    wait(erasure::sweep(&vault, Some(plan.digest), &staff("support"), &mut |_| {})).unwrap();
    let left = wait(vault.outline(subject)).unwrap();
    let left: Vec<_> = left.iter().map(|row| (row.class.as_str(), row.state.as_str())).collect();
    assert_eq!(left, [("account", "live"), ("billing", "live"), ("payment", "live")]);
}

#[test]
fn an_amendment_keeps_what_the_policy_requires_together() {
    let world = World::default();
    let vault = world.open();
    let me = staff("support");
    let free = request(&vault, &[("email", "free@example.org")], false);
    let free = wait(vault.register(free, &me)).unwrap().subject();
    assert_eq!(
        code(wait(vault.amend(free, set(&vault, "address", "Rue 1"), &me))),
        "vault.required_item"
    );
    let subject = ada(&vault);
    let remove = Amendment { remove: vec![Name::fixed("country")], ..Amendment::default() };
    assert_eq!(code(wait(vault.amend(subject, remove, &me))), "vault.required_item");
}

#[test]
fn an_account_is_not_closed_in_the_future() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let at = vault.now().plus(Span::days(365_000));
    let close = Amendment { close_at: Some(at), ..Amendment::default() };
    assert_eq!(code(wait(vault.amend(subject, close, &staff("support")))), "vault.in_future");
}

#[test]
fn two_laws_keep_the_items_of_both() {
    let policy = POLICY
        .replace(
            "\"vouchers\" = { citation",
            "\"tax\" = { citation = \"Livre des procedures fiscales, art. L102 B\", country = \"FR\" }\n\"vouchers\" = { citation",
        )
        .replace(
            "law = \"vouchers\"\narchive = true",
            "law = \"vouchers\"\narchive = true\n\n[[classes.billing.retention]]\nkeep = \"6 years\"\nlaw = \"tax\"\narchive = true",
        )
        .replace(
            "[roles.support]",
            "[purposes.tax]\nactivity = \"accounts\"\ndescription = \"Tax.\"\nbasis = \"legal obligation\"\nlaw = \"tax\"\nitems = [\"country\"]\narchive_of = [\"tax\"]\n\n[roles.tax]\npurposes = [\"tax\"]\n\n[roles.support]",
        );
    let world = World::default();
    let vault = world.try_open(&policy, OnRestore::Refuse).unwrap().0;
    let subject = ada(&vault);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let view = wait(vault.read(subject, &Name::fixed("tax"), &staff("tax"))).unwrap();
    assert_eq!(view.get("country"), Some("PL"), "a second law asked for it");
}

#[test]
fn the_same_record_twice_in_a_page_is_known_as_on_two_pages() {
    let world = World::default();
    let vault = world.open();
    let record = || {
        let mut one = request(&vault, &[("email", "a@example.org")], false);
        one.source = Some(b"1".to_vec().into());
        one
    };
    let page = wait(vault.register_many(vec![record(), record()], &staff("support"))).unwrap();
    let first: Vec<_> = page.into_iter().map(code).collect();
    let page = wait(vault.register_many(vec![record(), record()], &staff("support"))).unwrap();
    let second: Vec<_> = page.into_iter().map(code).collect();
    assert_eq!(first, second, "the verdicts of one file differ between its imports");
}

#[test]
fn an_import_stays_known_after_its_leaf_was_pruned() {
    let world = World::default();
    let vault = world.open();
    let record = || {
        let mut one = request(&vault, &[("email", "a@example.org")], false);
        one.source = Some(b"1".to_vec().into());
        wait(vault.register(one, &staff("support"))).unwrap()
    };
    let first = record().subject();
    wait(erasure::erase(&vault, first, &staff("support"))).unwrap();
    let size = wait(world.store.status()).unwrap().unwrap().head.size;
    wait(world.store.prune(1, 0, size, &[])).unwrap();
    assert_eq!(record().subject(), first, "the erased customer was imported again");
}

#[test]
fn a_read_looks_at_one_leaf_however_often_somebody_logged_in() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    for _ in 0..40 {
        world.clock.advance(Span::days(1));
        wait(vault.login("ada@example.org", "correct horse")).unwrap();
    }
    let before = store.asked();
    wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
    assert_eq!(store.asked() - before, 1, "pages of leaves for one read");
}

#[test]
fn an_account_goes_on_beside_what_is_archived_of_it() {
    let world = World::default();
    let vault = world.open();
    let (subject, me) = (ada(&vault), staff("support"));
    let mut plan =
        wait(erasure::plan(&vault, subject)).unwrap().to_vault(&Name::fixed("retention"));
    plan.erase.clear();
    wait(vault.destroy(vec![plan], &me)).unwrap();
    // The law asks for the address alone, which otherwise stands only beside a country.
    wait(vault.amend(subject, set(&vault, "note", "new"), &me)).unwrap();
    let states = || -> Vec<String> {
        let rows = wait(vault.outline(subject)).unwrap().into_iter();
        rows.map(|row| format!("{} {}", row.class, row.state)).collect()
    };
    assert_eq!(states(), ["account live", "billing archived", "payment live"]);
    // What is archived is no part of the account: there is nothing to blank.
    let remove = Amendment { remove: vec![Name::fixed("address")], ..Amendment::default() };
    wait(vault.amend(subject, remove, &me)).unwrap();
    assert_eq!(states(), ["account live", "billing archived", "payment live"]);
    wait(vault.amend(subject, set(&vault, "country", "FR"), &me)).unwrap();
    assert_eq!(states(), ["billing archived", "account live", "billing live", "payment live"]);
    wait(vault.audit()).unwrap();
}

#[test]
fn work_that_is_resumed_does_not_take_the_brake_off() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let other = eve(&vault);
    world.clock.advance(Span::days(401));
    assert!(wait(retention::plan(&vault)).unwrap().clock_in_doubt);
    // A single refused read at the wrong time.
    let _ = read(&vault, other);
    let plan = wait(retention::plan(&vault)).unwrap();
    assert!(plan.clock_in_doubt, "one read, and {} rows may go; {subject}", plan.due());
}
