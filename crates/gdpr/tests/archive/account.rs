//! A law that keeps an item of the account's own class.

use pollster::block_on as wait;
use tacenda_core::ports::KeyState;
use tacenda_core::{Name, SubjectId};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{World, request, staff, two_laws};

use super::{at, billing, code, keys, open, sweep};

/// Tax keeps the note, in the account's class, for six years; vouchers keep the address for ten.
fn policy(version: u32) -> String {
    let tax =
        "\n[[classes.billing.retention]]\nkeep = \"6 years\"\nlaw = \"tax\"\narchive = true\n";
    let seen = "items = [\"address\", \"country\"]\narchive_of = [\"tax\"]";
    let text = two_laws();
    assert_eq!((text.matches(tax).count(), text.matches(seen).count()), (1, 1));
    text.replace("version = 1", &format!("version = {version}"))
        .replace(tax, "")
        .replace(seen, "items = [\"note\"]\narchive_of = [\"tax\"]")
        .replace(
            "[classes.billing]\n",
            &format!("{}\n[classes.billing]\n", tax.replace("billing", "account")),
        )
}

fn noted(world: &World, policy: &str) -> SubjectId {
    let vault = open(world, policy);
    let items = [
        ("email", "a@example.org"),
        ("note", "n"),
        ("address", "Rue 1"),
        ("country", "FR"),
        ("card_last4", "4242"),
    ];
    let one = wait(vault.register(request(&vault, &items, true), &staff("support")));
    one.unwrap().subject()
}

fn live(world: &World, subject: SubjectId) -> Vec<String> {
    let keys = wait(world.keyring.keys_of(subject)).unwrap().into_iter();
    let live = keys.filter(|(_, state)| matches!(state, KeyState::Live(_)));
    live.map(|(key, _)| format!("{} {}", key.class, key.number)).collect()
}

#[test]
fn what_a_law_keeps_of_the_account_ends_alone() {
    let world = World::default();
    let subject = noted(&world, &policy(1));
    let vault = open(&world, &policy(1));
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    assert_eq!(live(&world, subject), ["account 0", "billing 0"]);
    world.clock.set(at("2032-06-02T00:00:00Z"));
    assert_eq!(wait(retention::plan(&vault)).unwrap().due(), 1);
    sweep(&vault);
    // The law of vouchers has years to go.
    assert_eq!(billing(&vault, subject), ["0 archived address"]);
    assert_eq!((live(&world, subject), keys(&world, subject)), (vec!["billing 0".into()], vec![0]));
    let view = wait(vault.read(subject, &Name::fixed("accounting"), &staff("billing"))).unwrap();
    assert_eq!(view.get("address"), Some("Rue 1"));
    world.clock.set(at("2037-01-01T00:00:00Z"));
    sweep(&vault);
    assert_eq!(live(&world, subject).len(), 0);
    wait(vault.audit()).unwrap();
}

#[test]
fn with_an_account_that_a_law_keeps_all_its_idle_keys_go() {
    let world = World::default();
    let subject = noted(&world, &policy(1));
    // The card leaves its row, which goes, and leaves its key in the safe.
    let moved = policy(2)
        .replace("items = [\"card_last4\"]\nclock", "items = [\"first_name\"]\nclock")
        .replace("\"first_name\", \"note\"]\nclock", "\"card_last4\", \"note\"]\nclock");
    let vault = open(&world, &moved);
    assert_eq!(live(&world, subject), ["account 0", "billing 0", "payment 0"]);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    assert_eq!(live(&world, subject), ["account 0", "billing 0"], "what laws keep, and no other");
    wait(vault.audit()).unwrap();
}

#[test]
fn what_laws_keep_already_is_not_erased_again() {
    let world = World::default();
    let vault = open(&world, &policy(1));
    let subject = noted(&world, &policy(1));
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let leaves = wait(vault.history(subject, 99)).unwrap();
    let again = wait(erasure::erase(&vault, subject, &staff("support")));
    assert_eq!(code(again), "erasure.nothing_left");
    assert_eq!(wait(vault.history(subject, 99)).unwrap(), leaves, "nothing went, and none says so");
    assert_eq!(live(&world, subject), ["account 0", "billing 0"]);
}

#[test]
fn an_account_that_a_law_keeps_is_listed_and_read_for_that_law_alone() {
    let world = World::default();
    let vault = open(&world, &policy(1));
    let subject = noted(&world, &policy(1));
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    assert_eq!(wait(vault.subjects(None, 9)).unwrap(), [subject]);
    let page = |purpose, role| {
        let page = wait(vault.read_page(None, 9, &Name::fixed(purpose), &staff(role))).unwrap();
        page.views.into_iter().next().unwrap().1
    };
    assert_eq!(page("tax", "tax").unwrap().get("note"), Some("n"));
    assert_eq!(code(page("account", "support")), "vault.not_live");
}
