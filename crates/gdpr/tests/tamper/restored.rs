//! Rows of before an erasure, of which laws kept some: they are archived again, and nothing lives.

use pollster::block_on as wait;
use tacenda_core::password::Password;
use tacenda_core::vault::{Actor, Amendment, NewPassword, OnRestore, RegisterRequest, Vault};
use tacenda_core::{Name, SubjectId};
use tacenda_gdpr::erasure::{self, Fate};
use tacenda_gdpr::retention;
use tacenda_testkit::world::{POLICY, World, ada, request, staff, two_laws};

use super::adversary::Adversary;
use super::code;
use super::restores::before_the_erasure;

/// Tax keeps the note, in the account's class, for six years; vouchers keep the address for ten.
fn law_on_the_account() -> String {
    let tax =
        "\n[[classes.billing.retention]]\nkeep = \"6 years\"\nlaw = \"tax\"\narchive = true\n";
    let seen = "items = [\"address\", \"country\"]\narchive_of = [\"tax\"]";
    let text = two_laws();
    assert_eq!((text.matches(tax).count(), text.matches(seen).count()), (1, 1));
    text.replace(tax, "").replace(seen, "items = [\"note\"]\narchive_of = [\"tax\"]").replace(
        "[classes.billing]\n",
        &format!("{}\n[classes.billing]\n", tax.replace("billing", "account")),
    )
}

const ALL: &[(&str, &str)] = &[
    ("email", "a@example.org"),
    ("note", "n"),
    ("first_name", "Ada"),
    ("address", "Rue 1"),
    ("country", "FR"),
    ("card_last4", "4242"),
];

fn noted(vault: &Vault, items: &[(&'static str, &str)]) -> SubjectId {
    let password = Some(NewPassword::Plain(Password::parse("correct horse").unwrap()));
    let request = RegisterRequest { password, ..request(vault, items, true) };
    wait(vault.register(request, &staff("support"))).unwrap().subject()
}

/// Class, state and items of each row.
fn rows(vault: &Vault, subject: SubjectId) -> Vec<String> {
    let rows = wait(vault.outline(subject)).unwrap().into_iter();
    let told = rows.map(|row| {
        let items: Vec<_> = row.items.iter().map(Name::as_str).collect();
        format!("{} {} {}", row.class, row.state, items.join(" "))
    });
    told.collect()
}

#[test]
fn an_account_of_which_a_law_keeps_an_item_does_not_come_back() {
    let (world, store) = Adversary::world();
    let policy = law_on_the_account();
    let vault = world.try_open(&policy, OnRestore::Refuse).unwrap().0;
    let subject = noted(&vault, ALL);
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let kept = rows(&vault, subject);
    let restored = World { store: before_the_erasure(&store), ..world };
    let (vault, _) = restored.try_open(&policy, OnRestore::Replay).unwrap();
    assert_eq!(rows(&vault, subject), kept);
    assert_eq!(code(wait(vault.login("a@example.org", "correct horse"))), "login.refused");
    let read = |purpose, role| {
        wait(vault.read(subject, &Name::fixed(purpose), &staff(role)))
            .map(|view| view.items().map(Name::to_string).collect::<Vec<_>>())
    };
    assert!(read("account", "support").is_err() && read("billing", "billing").is_err());
    assert_eq!(read("tax", "tax").unwrap(), ["note"]);
    assert_eq!(read("accounting", "billing").unwrap(), ["address"]);
    wait(vault.audit()).unwrap();
    // The address is free.
    assert_ne!(noted(&vault, ALL), subject);
    wait(vault.audit()).unwrap();
}

#[test]
fn nor_does_one_of_which_no_key_went() {
    let policy = law_on_the_account();
    for due in [false, true] {
        let (world, store) = Adversary::world();
        let vault = world.try_open(&policy, OnRestore::Refuse).unwrap().0;
        let subject = noted(&vault, &ALL[..2]);
        if due {
            world.set_time("2029-06-02T00:00:00Z");
            let digest = wait(retention::plan(&vault)).unwrap().digest;
            let (system, mut told) = (Actor::system(), |_| {});
            let swept = wait(erasure::sweep(&vault, Some(digest), &system, &mut told)).unwrap();
            assert_eq!(swept.subjects, 1);
        } else {
            wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
        }
        let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
        assert_eq!(leaf.find("reason"), Some(if due { "retention" } else { "request" }));
        let kept = rows(&vault, subject);
        assert_eq!(kept, ["account archived note"]);
        let restored = World { store: before_the_erasure(&store), ..world };
        let (vault, _) = restored.try_open(&policy, OnRestore::Replay).unwrap();
        assert_eq!(rows(&vault, subject), kept);
        assert_eq!(code(wait(vault.login("a@example.org", "correct horse"))), "login.refused");
        wait(vault.audit()).unwrap();
    }
}

#[test]
fn the_leaf_of_a_replay_says_until_when_laws_keep_what_comes_back() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let close = Amendment { close_at: Some(vault.now()), ..Amendment::default() };
    wait(vault.amend(subject, close, &staff("support"))).unwrap();
    world.set_time("2028-06-01T08:00:00Z");
    let erased = wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let told = erased.plan.lines.iter().find_map(|line| match line.fate {
        Fate::Archive { until, .. } => Some(until),
        _ => None,
    });
    assert_eq!(told.unwrap().to_string(), "2037-01-01T00:00:00Z");
    let restored = World { store: before_the_erasure(&store), ..world.clone() };
    world.set_time("2030-06-01T08:00:00Z");
    let (vault, _) = restored.try_open(POLICY, OnRestore::Replay).unwrap();
    let replayed = wait(vault.history(subject, 9)).unwrap().into_iter();
    let leaf = replayed.filter(|leaf| leaf.action == *"erasure.replayed");
    let leaf = leaf.filter(|leaf| leaf.find("archived").is_some()).last().unwrap();
    // The end of the account is not known any more; the day of the erasure is.
    assert_eq!(leaf.find("until"), Some("2039-01-01T00:00:00Z"));
    let read = || wait(vault.read(subject, &Name::fixed("accounting"), &staff("billing")));
    world.set_time("2038-12-31T23:59:59Z");
    assert_eq!(read().unwrap().get("address"), Some("ul. Prosta 1"));
    world.set_time("2039-01-01T00:00:00Z");
    assert_eq!(code(read()), "vault.not_live");
    wait(vault.audit()).unwrap();
}
