//! Holds and restrictions: what a record does to its subject's own data, in its own change.

use std::collections::BTreeMap;

use pollster::block_on as wait;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::row::state;
use tacenda_core::vault::{Actor, Amendment, Effects, NewRecord, OnRestore, Outline, Vault};
use tacenda_core::{Name, SubjectId};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{POLICY, World, ada, staff};

use super::support::{add, affect, code, new};

fn classes(of: &[(&'static str, bool)]) -> BTreeMap<Name, bool> {
    of.iter().map(|(class, on)| (Name::fixed(class), *on)).collect()
}

fn hold(of: &[(&'static str, bool)]) -> Effects {
    Effects { held: classes(of), ..Effects::default() }
}

pub(super) fn restrict(of: &[(&'static str, bool)]) -> Effects {
    Effects { restricted: classes(of), ..Effects::default() }
}

fn rows(vault: &Vault, subject: SubjectId) -> Vec<Outline> {
    wait(vault.outline(subject)).unwrap().into_iter().filter(|row| !row.is_record()).collect()
}

fn sweep(vault: &Vault) -> u64 {
    let digest = wait(retention::plan(vault)).unwrap().digest;
    wait(erasure::sweep(vault, Some(digest), &Actor::system(), &mut |_| {})).unwrap().subjects
}

fn read(vault: &Vault, subject: SubjectId, purpose: &'static str) -> &'static str {
    code(wait(vault.read(subject, &Name::fixed(purpose), &staff("billing"))))
}

#[test]
fn what_is_held_is_erased_by_nobody_until_the_hold_is_lifted() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let new = NewRecord { effects: hold(&[("billing", true)]), ..new(Some(subject), None) };
    let key = wait(vault.add_record(&REQUESTS, new, &staff("support"))).unwrap();
    let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
    let told: Vec<_> = leaf.rows.iter().map(|row| row.kind.as_str()).collect();
    assert_eq!(told, ["profile.billing", "request"], "one leaf for both");
    let held = |vault: &Vault| -> Vec<_> {
        rows(vault, subject).iter().filter(|row| row.held).map(|r| r.class.clone()).collect()
    };
    assert_eq!(held(&vault), [Name::fixed("billing")]);
    assert_eq!(read(&vault, subject, "billing"), "ok", "a hold keeps nobody from reading");
    world.set_time("2030-01-01T00:00:00Z");
    assert_eq!(sweep(&vault), 1);
    assert_eq!(rows(&vault, subject).len(), 1, "what is held outlives the account");
    assert_eq!(code(wait(erasure::erase(&vault, subject, &staff("support")))), "erasure.held");
    affect(&vault, &key, &hold(&[("billing", false)])).unwrap();
    assert!(held(&vault).is_empty());
    assert_eq!(sweep(&vault), 1);
    let left = rows(&vault, subject);
    assert_eq!(left.iter().map(|row| &row.state).collect::<Vec<_>>(), [&state::ARCHIVED]);
    // An archive is held as well, and outlives its law then.
    affect(&vault, &key, &hold(&[("billing", true)])).unwrap();
    world.set_time("2050-01-01T00:00:00Z");
    sweep(&vault);
    assert_eq!(rows(&vault, subject).len(), 1);
    affect(&vault, &key, &hold(&[("billing", false)])).unwrap();
    sweep(&vault);
    assert_eq!(rows(&vault, subject).len(), 0);
    wait(vault.audit()).unwrap();
}

#[test]
fn what_is_restricted_is_read_amended_and_erased_by_nobody() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = add(&vault, Some(subject)).unwrap();
    affect(&vault, &key, &restrict(&[("payment", true), ("billing", true)])).unwrap();
    let view = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
    let seen: Vec<_> = view.items().map(Name::as_str).collect();
    assert_eq!(seen, ["email"], "of what is restricted nothing");
    let set = vec![vault.item(&Name::fixed("card_last4"), "1881").unwrap()];
    let amendment = Amendment { set, ..Amendment::default() };
    let amended = wait(vault.amend(subject, amendment, &staff("support")));
    assert_eq!(code(amended), "vault.not_live");
    let plan = wait(erasure::plan(&vault, subject)).unwrap();
    assert!(plan.is_restricted() && !plan.is_held());
    let account = restrict(&[("account", true)]);
    affect(&vault, &key, &account).unwrap();
    let erased = wait(erasure::erase(&vault, subject, &staff("support")));
    assert_eq!(code(erased), "erasure.restricted");
    world.set_time("2030-01-01T00:00:00Z");
    assert_eq!(sweep(&vault), 0, "neither the classes nor the account");
    affect(&vault, &key, &restrict(&[("account", false)])).unwrap();
    assert_eq!(rows(&vault, subject).len(), 3);
    affect(&vault, &key, &restrict(&[("payment", false), ("billing", false)])).unwrap();
    let view = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
    assert_eq!((view.get("card_last4"), view.get("country")), (Some("4242"), Some("PL")));
    assert_eq!(sweep(&vault), 1);
    // What is archived is under its law alone already.
    assert_eq!(
        code(affect(&vault, &key, &restrict(&[("billing", true)]))),
        "vault.nothing_of_class"
    );
    assert_eq!(read(&vault, subject, "accounting"), "ok");
    wait(vault.audit()).unwrap();
}

#[test]
fn a_restricted_account_is_no_account_to_log_in_to() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = add(&vault, Some(subject)).unwrap();
    affect(&vault, &key, &restrict(&[("account", true)])).unwrap();
    let login = || code(wait(vault.login("ada@example.org", "correct horse")));
    assert_eq!((login(), read(&vault, subject, "billing")), ("login.refused", "vault.not_live"));
    affect(&vault, &key, &restrict(&[("account", false)])).unwrap();
    assert_eq!((login(), read(&vault, subject, "billing")), ("ok", "ok"));
}

#[test]
fn effects_on_nothing_are_refused_and_nothing_is_written() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = add(&vault, Some(subject)).unwrap();
    let unknown = add(&vault, None).unwrap();
    let nothing = "vault.nothing_of_class";
    let undeclared = "vault.undeclared_class";
    let before = wait(vault.log_ends()).unwrap();
    assert_eq!(code(affect(&vault, &unknown, &hold(&[("billing", true)]))), nothing);
    assert_eq!(code(affect(&vault, &key, &hold(&[("bills", true)]))), undeclared);
    assert_eq!(code(affect(&vault, &key, &restrict(&[("bills", false)]))), undeclared);
    let own = "tacenda.requests";
    assert_eq!(code(affect(&vault, &key, &hold(&[(own, true)]))), undeclared);
    assert_eq!(wait(vault.log_ends()).unwrap(), before);
    // To lift what is not there is no harm.
    affect(&vault, &unknown, &hold(&[("billing", false)])).unwrap();
    assert_eq!(wait(vault.record(&unknown)).unwrap().version, 2);
}

#[test]
fn a_decision_on_what_was_seen_is_made_again_once_it_changed() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let (first, second) =
        (add(&vault, Some(subject)).unwrap(), add(&vault, Some(subject)).unwrap());
    affect(&vault, &first, &hold(&[("billing", true)])).unwrap();
    let seen = |class: &str| -> Vec<_> {
        rows(&vault, subject).iter().filter(|r| r.class == *class).map(Outline::seen).collect()
    };
    // The first looks whether anybody else holds the row; then the second holds it too.
    let lifts = Effects { seen: seen("billing"), ..hold(&[("billing", false)]) };
    affect(&vault, &second, &hold(&[("billing", true)])).unwrap();
    assert_eq!(code(affect(&vault, &first, &lifts)), "store.conflict");
    assert!(rows(&vault, subject).iter().any(|row| row.held));
    // Rows of other classes are no matter of it.
    let others = Effects {
        seen: [seen("billing"), seen("account")].concat(),
        ..hold(&[("billing", false)])
    };
    let set = vec![vault.item(&Name::fixed("note"), "calls on Mondays").unwrap()];
    let amendment = Amendment { set, ..Amendment::default() };
    wait(vault.amend(subject, amendment, &staff("support"))).unwrap();
    affect(&vault, &first, &others).unwrap();
    assert!(rows(&vault, subject).iter().all(|row| !row.held));
}

#[test]
fn the_clock_of_what_is_restricted_goes_on() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = add(&vault, Some(subject)).unwrap();
    affect(&vault, &key, &restrict(&[("payment", true)])).unwrap();
    let payment = || {
        let rows = rows(&vault, subject).into_iter();
        rows.filter(|row| row.class == *"payment").map(|row| (row.state, row.anchor_at)).collect()
    };
    let clock = |state: &Name| -> Vec<_> { vec![(state.clone(), Some(vault.now()))] };
    world.set_time("2026-09-01T08:00:00Z");
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    let found: Vec<_> = payment();
    assert_eq!(found, clock(&state::RESTRICTED), "a login is a login");
    let remove = Amendment { remove: vec![Name::fixed("card_last4")], ..Amendment::default() };
    assert_eq!(code(wait(vault.amend(subject, remove, &staff("support")))), "vault.not_live");
    world.set_time("2026-10-01T08:00:00Z");
    let close = Amendment { close_at: Some(vault.now()), ..Amendment::default() };
    wait(vault.amend(subject, close, &staff("support"))).unwrap();
    let found: Vec<_> = payment();
    assert_eq!(found, clock(&state::RESTRICTED), "and a closing is a closing");
    affect(&vault, &key, &restrict(&[("payment", false)])).unwrap();
    let found: Vec<_> = payment();
    assert_eq!(found, clock(&state::LIVE));
    let view = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
    assert_eq!(view.get("card_last4"), Some("4242"));
    wait(vault.audit()).unwrap();
}

#[test]
fn a_policy_moves_nothing_out_of_what_is_restricted() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let key = add(&vault, Some(subject)).unwrap();
    affect(&vault, &key, &restrict(&[("payment", true)])).unwrap();
    drop(vault);
    // The only item of the class moves to another one, and the class is for the note now.
    let policy = POLICY
        .replace("version = 1", "version = 2")
        .replace("\"first_name\", \"note\"]\nclock", "\"first_name\", \"card_last4\"]\nclock")
        .replace("items = [\"card_last4\"]", "items = [\"note\"]");
    let open = || {
        let (vault, recovery) = world.try_open(&policy, OnRestore::Refuse).unwrap();
        assert_eq!(recovery.not_moved.subjects, 0);
        (vault, recovery.not_moved.restricted)
    };
    let states = |vault: &Vault| -> Vec<_> {
        rows(vault, subject).into_iter().map(|row| (row.class, row.state)).collect()
    };
    let card = |vault: &Vault| {
        let view = wait(vault.read(subject, &Name::fixed("billing"), &staff("billing"))).unwrap();
        view.get("card_last4").map(str::to_owned)
    };
    for _ in 0..2 {
        let (vault, waits) = open();
        assert!(waits);
        wait(vault.move_items()).unwrap();
        assert_eq!(card(&vault), None);
        let item = Name::fixed("card_last4");
        let set =
            Amendment { set: vec![vault.item(&item, "1881").unwrap()], ..Amendment::default() };
        let remove = Amendment { remove: vec![item], ..Amendment::default() };
        for amendment in [set, remove] {
            let amended = wait(vault.amend(subject, amendment, &staff("support")));
            assert_eq!(code(amended), "vault.not_live");
        }
        world.set_time("2028-01-01T00:00:00Z");
        sweep(&vault);
        assert!(states(&vault).contains(&(Name::fixed("payment"), state::RESTRICTED)));
    }
    let (vault, _) = open();
    affect(&vault, &key, &restrict(&[("payment", false)])).unwrap();
    wait(vault.move_items()).unwrap();
    assert_eq!(card(&vault).as_deref(), Some("4242"));
    assert_eq!(states(&vault).len(), 2, "the class holds nothing any more");
    assert!(!open().1);
    wait(vault.audit()).unwrap();
}

#[test]
fn what_a_policy_moves_into_what_is_restricted_is_restricted_too() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let note = |text| Amendment {
        set: vec![vault.item(&Name::fixed("note"), text).unwrap()],
        ..Amendment::default()
    };
    wait(vault.amend(subject, note("calls on Mondays"), &staff("support"))).unwrap();
    let key = add(&vault, Some(subject)).unwrap();
    affect(&vault, &key, &restrict(&[("payment", true)])).unwrap();
    let policy = POLICY
        .replace("version = 1", "version = 2")
        .replace("\"first_name\", \"note\"]\nclock", "\"first_name\"]\nclock")
        .replace("items = [\"card_last4\"]\nclock", "items = [\"card_last4\", \"note\"]\nclock");
    let (vault, recovery) = world.try_open(&policy, OnRestore::Refuse).unwrap();
    assert!(!recovery.not_moved.restricted, "it waits for nothing");
    let noted = || {
        let view = wait(vault.read(subject, &Name::fixed("account"), &staff("support"))).unwrap();
        view.get("note").map(str::to_owned)
    };
    assert_eq!(noted(), None);
    let amended = wait(vault.amend(subject, note("never calls"), &staff("support")));
    assert_eq!(code(amended), "vault.not_live");
    world.set_time("2028-01-01T00:00:00Z");
    sweep(&vault);
    let row = rows(&vault, subject).into_iter().find(|row| row.class == *"payment").unwrap();
    let items: Vec<_> = row.items.iter().map(Name::as_str).collect();
    assert_eq!((row.state, items), (state::RESTRICTED, vec!["card_last4", "note"]));
    affect(&vault, &key, &restrict(&[("payment", false)])).unwrap();
    assert_eq!(noted().as_deref(), Some("calls on Mondays"), "at once");
    wait(vault.audit()).unwrap();
}
