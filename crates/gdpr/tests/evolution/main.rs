//! A policy that changes, and keys that follow one another.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod acts;
mod clocks;
mod customer;
mod model;
mod shape;
mod unique;

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::memory::{MemoryKeyring, MemoryStore};
use tacenda_core::ports::{KeyState, Keyring, Store};
use tacenda_core::vault::{Amendment, OnRestore, Vault};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_gdpr::erasure;
use tacenda_testkit::world::{POLICY, World, ada, request, staff};
use tacenda_testkit::{After, Cut, FailingKeyring, FailingStore, Faults};

fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

fn open(world: &World, policy: &str) -> Result<Vault> {
    world.try_open(policy, OnRestore::Refuse).map(|(vault, _)| vault)
}

fn read(vault: &Vault, subject: SubjectId, purpose: &'static str, item: &str) -> Option<String> {
    let view = wait(vault.read(subject, &Name::fixed(purpose), &staff("billing"))).unwrap();
    view.get(item).map(str::to_owned)
}

/// The policy with `first_name` in the billing class, the address in the account's.
fn moved() -> String {
    let policy = POLICY
        .replace("version = 1", "version = 2")
        .replace(
            r#"["email", "password", "first_name", "note"]"#,
            r#"["email", "password", "address", "note"]"#,
        )
        .replace(r#"items = ["address", "country"]"#, r#"items = ["first_name", "country"]"#)
        .replace(
            r#"items = ["address"]
archive_of"#,
            r#"items = ["country"]
archive_of"#,
        )
        .replace(
            r#"items = ["email", "address", "country", "card_last4"]"#,
            r#"items = ["email", "address", "country", "card_last4", "first_name"]"#,
        );
    assert_eq!(policy.matches("version = 2").count(), 1);
    policy
}

#[test]
fn versions_rise_and_silent_changes_are_refused() {
    let world = World::default();
    drop(open(&world, POLICY).unwrap());
    let silent = POLICY.replace("\"3 years\"", "\"4 years\"");
    assert_eq!(code(open(&world, &silent)), "policy.version_not_raised");
    let raised = silent.replace("version = 1", "version = 2");
    let vault = open(&world, &raised).unwrap();
    let leaves = wait(vault.history(SubjectId::CONTROLLER, 9)).unwrap();
    let adopted = leaves.iter().filter(|leaf| leaf.action == *"policy.adopted");
    let versions: Vec<_> = adopted.filter_map(|leaf| leaf.find("version")).collect();
    assert_eq!(versions, ["2", "1"]);
    assert_eq!(code(open(&world, POLICY)), "policy.older_version");
}

#[test]
fn a_running_process_with_the_policy_before_is_refused() {
    let world = World::default();
    let before = open(&world, POLICY).unwrap();
    let subject = ada(&before);
    let after = open(&world, &moved()).unwrap();
    let purpose = Name::fixed("account");
    let refused = "policy.older_version";
    assert_eq!(code(wait(before.read(subject, &purpose, &staff("billing")))), refused);
    assert_eq!(code(wait(before.login("ada@example.org", "correct horse"))), refused);
    let eve = request(&before, &[("email", "eve@example.org")], false);
    assert_eq!(code(wait(before.register(eve, &staff("support")))), refused);
    assert_eq!(code(wait(erasure::erase(&before, subject, &staff("support")))), refused);
    assert_eq!(read(&after, subject, "account", "email").as_deref(), Some("Ada@Example.org"));
    wait(after.audit()).unwrap();
}

#[test]
fn what_rows_hold_must_stay_declared() {
    let world = World::default();
    let _ = ada(&open(&world, POLICY).unwrap());
    let policy = POLICY.replace("version = 1", "version = 2");
    let without_class = policy
        .replace(
            "[classes.payment]\nitems = [\"card_last4\"]",
            "[classes.cards]\nitems = [\"card_last4\"]",
        )
        .replace("classes.payment", "classes.cards");
    let error = open(&world, &without_class).err().unwrap();
    assert_eq!(error.code(), "policy.class_in_use");
    let (start, end) =
        (policy.find("[items.first_name]").unwrap(), policy.find("[items.note]").unwrap());
    let without_item =
        format!("{}{}", &policy[..start], &policy[end..]).replace(", \"first_name\"", "");
    let error = open(&world, &without_item).err().unwrap();
    assert_eq!(
        (error.code(), error.field().as_deref()),
        ("policy.item_in_use", Some("first_name"))
    );
    let identifier = policy
        .replace(
            r#"items = ["email", "password", "first_name", "note"]
clock"#,
            r#"items = ["password", "first_name", "note"]
clock"#,
        )
        .replace(r#"items = ["card_last4"]"#, r#"items = ["card_last4", "email"]"#);
    assert_eq!(code(open(&world, &identifier)), "policy.identifier_moved");
    // Nothing was adopted on the way.
    let vault = open(&world, POLICY).unwrap();
    wait(vault.audit()).unwrap();
}

#[test]
fn an_item_that_moves_is_sealed_anew_wherever_the_process_is_killed() {
    let prepare = || {
        let (store, keyring) =
            (Arc::new(MemoryStore::default()), Arc::new(MemoryKeyring::default()));
        let world = World::over(store.clone(), keyring.clone());
        let vault = open(&world, POLICY).unwrap();
        let subject = ada(&vault);
        let free = request(&vault, &[("email", "free@example.org"), ("first_name", "Eve")], true);
        let free = wait(vault.register(free, &staff("support"))).unwrap().subject();
        (store, keyring, world, subject, free)
    };
    let check = |world: &World, ada: SubjectId, free: SubjectId| {
        let vault = open(world, &moved()).unwrap();
        assert_eq!(read(&vault, ada, "billing", "address").as_deref(), Some("ul. Prosta 1"));
        assert_eq!(read(&vault, ada, "billing", "first_name").as_deref(), Some("Ada"));
        assert_eq!(read(&vault, free, "billing", "first_name").as_deref(), Some("Eve"));
        wait(vault.login("ada@example.org", "correct horse")).unwrap();
        assert_eq!(wait(vault.outline(free)).unwrap().len(), 2);
        wait(vault.audit()).unwrap();
    };
    let cut = |faults: &Faults| {
        let (store, keyring, world, ada, free) = prepare();
        let failing = World {
            store: Arc::new(FailingStore::new(store as Arc<dyn Store>, faults.clone())),
            keyring: Arc::new(FailingKeyring::new(keyring as Arc<dyn Keyring>, faults.clone())),
            ..world.clone()
        };
        let _ = open(&failing, &moved());
        check(&world, ada, free);
    };
    let counted = Faults::none();
    cut(&counted);
    assert!(counted.operations() > 20);
    for operation in 0..counted.operations() {
        for side in [Cut::Before, Cut::After] {
            cut(&Faults::cut(operation, side, After::StaysDown));
        }
    }
}

#[test]
fn a_class_that_ended_can_begin_again_under_another_key() {
    let world = World::default();
    let vault = open(&world, POLICY).unwrap();
    let subject = ada(&vault);
    // The card is forgotten after thirteen months; the account goes on.
    world.clock.advance(Span::days(370));
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    let card = |number: &str| {
        let set = vec![vault.item(&Name::fixed("card_last4"), number).unwrap()];
        wait(vault.amend(subject, Amendment { set, ..Amendment::default() }, &staff("support")))
    };
    let plan = |class: &str, key: u16| {
        let reason = Name::fixed("retention");
        let class = Name::parse(class).unwrap();
        tacenda_core::vault::SubjectPlan {
            subject,
            erase: vec![tacenda_core::vault::ErasedClass { class, reason, keys: [key].into() }],
            archive: Vec::new(),
            reduce: Vec::new(),
            closed_at: None,
            seen: Vec::new(),
        }
    };
    for (round, number) in ["1111", "2222", "3333"].into_iter().enumerate() {
        let key = u16::try_from(round).unwrap();
        wait(vault.destroy(vec![plan("payment", key)], &staff("support"))).unwrap();
        assert_eq!(read(&vault, subject, "billing", "card_last4"), None);
        card(number).unwrap();
        assert_eq!(read(&vault, subject, "billing", "card_last4").as_deref(), Some(number));
        let keys = wait(world.keyring.keys_of(subject)).unwrap();
        let payment: Vec<_> = keys.iter().filter(|(key, _)| key.class == *"payment").collect();
        let live: Vec<_> =
            payment.iter().filter(|(_, state)| matches!(state, KeyState::Live(_))).collect();
        assert_eq!((payment.len(), live.len()), (round + 2, 1));
    }
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let keys = wait(world.keyring.keys_of(subject)).unwrap();
    let live: Vec<_> = keys
        .iter()
        .filter(|(_, state)| matches!(state, KeyState::Live(_)))
        .map(|(key, _)| key.class.as_str())
        .collect();
    assert_eq!(live, ["billing"], "every key that the class ever had is gone");
    wait(vault.audit()).unwrap();
}
