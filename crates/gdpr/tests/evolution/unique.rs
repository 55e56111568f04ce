//! Items that become unique, or stop being so; another identifier; another type.

use pollster::block_on as wait;
use tacenda_core::vault::{NewPassword, Vault};
use tacenda_core::{Name, SubjectId};
use tacenda_testkit::world::{POLICY, World, request, staff};

use super::{code, open};

/// The policy with a second address for mail, and both as they are told.
fn addresses(version: u64, email: &str, second: &str) -> String {
    let item = |name: &str, rest: &str| {
        format!(
            "[items.{name}]\ntype = \"email\"\ncategory = \"user.contact.email\"\n\
             about = \"person\"\n{rest}\n"
        )
    };
    let (start, end) =
        (POLICY.find("[items.email]").unwrap(), POLICY.find("[items.password]").unwrap());
    let items = format!("{}{}", item("email", email), item("second", second));
    format!("{}{items}{}", &POLICY[..start], &POLICY[end..])
        .replace("version = 1", &format!("version = {version}"))
        .replace(
            "[\"email\", \"password\", \"first_name\", \"note\"]",
            "[\"email\", \"second\", \"password\", \"first_name\", \"note\"]",
        )
}

const UNIQUE: &str = "required = true\nunique = true";

/// The policy with a note that is unique, or is of another type.
fn note(version: u64, unique: bool, kind: &str) -> String {
    let declared = "[items.note]\ntype = \"plain text\"";
    assert_eq!(POLICY.matches(declared).count(), 1);
    let unique = if unique { "unique = true\n" } else { "" };
    POLICY
        .replace(declared, &format!("[items.note]\n{unique}type = \"{kind}\""))
        .replace("version = 1", &format!("version = {version}"))
}

fn register(vault: &Vault, items: &[(&'static str, &str)]) -> tacenda_core::Result<SubjectId> {
    let password = tacenda_core::password::Password::parse("correct horse").unwrap();
    let mut request = request(vault, items, true);
    request.password = Some(NewPassword::Plain(password));
    wait(vault.register(request, &staff("support"))).map(|one| one.subject())
}

/// The address of whoever has this note.
fn noted(vault: &Vault, note: &str) -> Option<String> {
    let (item, purpose) = (Name::fixed("note"), Name::fixed("account"));
    let view = wait(vault.read_by(&item, note, &purpose, &staff("support")));
    view.ok()?.get("email").map(str::to_owned)
}

fn size(world: &World) -> u64 {
    wait(world.store.status()).unwrap().unwrap().head.size
}

#[test]
fn another_item_that_identifies_accounts_finds_those_that_are_there() {
    let world = World::default();
    let before = open(&world, &addresses(1, UNIQUE, "")).unwrap();
    let items = [("email", "ada@example.org"), ("second", "Ada@Example.net")];
    let ada = register(&before, &items).unwrap();
    let vault = open(&world, &addresses(2, "", UNIQUE)).unwrap();
    assert_eq!(wait(vault.login("ada@example.net", "correct horse")).unwrap().subject, ada);
    assert_eq!(code(wait(vault.login("ada@example.org", "correct horse"))), "login.refused");
    let taken = register(&vault, &[("second", "ADA@example.net")]).unwrap_err();
    assert_eq!((taken.code(), taken.field().as_deref()), ("vault.not_unique", Some("second")));
    // The address that identified her is nobody's alone any more.
    register(&vault, &[("second", "eve@example.net"), ("email", "ada@example.org")]).unwrap();
    wait(vault.audit()).unwrap();
}

#[test]
fn accounts_without_the_item_that_is_to_identify_them_keep_the_policy_out() {
    let world = World::default();
    let before = open(&world, &addresses(1, UNIQUE, "")).unwrap();
    let ada = register(&before, &[("email", "ada@example.org")]).unwrap();
    let written = size(&world);
    let refused = open(&world, &addresses(2, "", UNIQUE)).err().unwrap();
    assert_eq!(refused.code(), "policy.identifier_missing");
    assert_eq!(refused.field().as_deref(), Some("second"));
    assert_eq!(size(&world), written, "refused before anything is written");
    assert_eq!(wait(before.login("ada@example.org", "correct horse")).unwrap().subject, ada);
}

#[test]
fn an_item_that_becomes_unique_is_so_for_those_who_are_there() {
    let world = World::default();
    let before = open(&world, POLICY).unwrap();
    let _ = register(&before, &[("email", "a@example.org"), ("note", "Blue Door")]).unwrap();
    let _ = register(&before, &[("email", "b@example.org"), ("note", "red door")]).unwrap();
    let _ = register(&before, &[("email", "c@example.org")]).unwrap();
    let vault = open(&world, &note(2, true, "plain text")).unwrap();
    assert_eq!(noted(&vault, "Blue Door").as_deref(), Some("a@example.org"));
    let taken = register(&vault, &[("email", "d@example.org"), ("note", "Blue Door")]).unwrap_err();
    assert_eq!((taken.code(), taken.field().as_deref()), ("vault.not_unique", Some("note")));
    wait(vault.audit()).unwrap();
    // And back: who is there and who comes may have the same again.
    let vault = open(&world, &note(3, false, "plain text")).unwrap();
    assert_eq!(noted(&vault, "Blue Door").as_deref(), None);
    register(&vault, &[("email", "d@example.org"), ("note", "Blue Door")]).unwrap();
    wait(vault.audit()).unwrap();
    assert_eq!(wait(world.store.count_lookups()).unwrap(), 4, "one for each address");
}

#[test]
fn values_that_two_accounts_share_keep_an_item_from_being_unique() {
    let world = World::default();
    let before = open(&world, POLICY).unwrap();
    let ada = register(&before, &[("email", "a@example.org"), ("note", "door")]).unwrap();
    let eve = register(&before, &[("email", "b@example.org"), ("note", "door")]).unwrap();
    let written = size(&world);
    let refused = open(&world, &note(2, true, "plain text")).err().unwrap();
    assert_eq!(refused.code(), "policy.values_not_unique");
    assert_eq!(refused.field().as_deref(), Some("note"));
    let named = refused.context("subject").unwrap().to_string();
    assert!([ada, eve].iter().any(|one| one.to_string() == named), "{named}");
    assert_eq!(size(&world), written, "refused before anything is written");
    let set = vec![before.item(&Name::fixed("note"), "window").unwrap()];
    let amendment = tacenda_core::vault::Amendment { set, ..Default::default() };
    wait(before.amend(eve, amendment, &staff("support"))).unwrap();
    let vault = open(&world, &note(2, true, "plain text")).unwrap();
    assert_eq!(noted(&vault, "window").as_deref(), Some("b@example.org"));
    wait(vault.audit()).unwrap();
}

#[test]
fn an_item_that_moves_and_becomes_unique_at_once_is_found_too() {
    let world = World::default();
    let before = open(&world, POLICY).unwrap();
    let ada = register(&before, &[("email", "a@example.org"), ("note", "door")]).unwrap();
    let moved = note(2, true, "plain text")
        .replace("\"first_name\", \"note\"]\nclock", "\"first_name\"]\nclock")
        .replace("items = [\"card_last4\"]\nclock", "items = [\"card_last4\", \"note\"]\nclock");
    assert!(moved.contains("items = [\"card_last4\", \"note\"]"));
    let vault = open(&world, &moved).unwrap();
    assert_eq!(noted(&vault, "door").as_deref(), Some("a@example.org"));
    assert_eq!(wait(vault.outline(ada)).unwrap().len(), 2);
    wait(vault.audit()).unwrap();
}

#[test]
fn a_type_changes_only_where_nobody_holds_the_item() {
    let world = World::default();
    let before = open(&world, POLICY).unwrap();
    let ada = register(&before, &[("email", "a@example.org"), ("note", "1 = 2 {}")]).unwrap();
    let written = size(&world);
    let refused = open(&world, &note(2, false, "name")).err().unwrap();
    assert_eq!(refused.code(), "policy.type_changed");
    assert_eq!(refused.field().as_deref(), Some("note"));
    assert_eq!(size(&world), written, "refused before anything is written");
    let remove = vec![Name::fixed("note")];
    let amendment = tacenda_core::vault::Amendment { remove, ..Default::default() };
    wait(before.amend(ada, amendment, &staff("support"))).unwrap();
    let vault = open(&world, &note(2, false, "name")).unwrap();
    wait(vault.audit()).unwrap();
}
