//! What an amendment is refused for, and what not.

use pollster::block_on as wait;
use tacenda_core::password::Password;
use tacenda_core::vault::{Amendment, NewPassword, OnRestore, Vault};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};

use super::effects::restrict;
use super::support::{add, affect, code};

fn edited(from: &str, to: &str) -> String {
    assert!(POLICY.contains(from), "{from}");
    POLICY.replace(from, to)
}

fn open(world: &World, policy: &str) -> Vault {
    world.try_open(policy, OnRestore::Refuse).unwrap().0
}

fn amend(vault: &Vault, subject: SubjectId, amendment: Amendment) -> Result<()> {
    wait(vault.amend(subject, amendment, &staff("support")))
}

fn set(vault: &Vault, item: &'static str, text: &str) -> Amendment {
    Amendment { set: vec![vault.item(&Name::fixed(item), text).unwrap()], ..Amendment::default() }
}

fn password() -> Amendment {
    Amendment { password: Password::parse("another horse").ok(), ..Amendment::default() }
}

#[test]
fn a_password_is_refused_where_the_policy_keeps_none() {
    let item = "[items.password]\ntype = \"password\"\ncategory = \"user.authorization.password\"\n\
                about = \"person\"\n\n";
    let policy = edited(item, "").replace("\"password\", ", "");
    let (world, me) = (World::default(), staff("support"));
    let vault = open(&world, &policy);
    let items = [("email", "eve@example.org")];
    let mut with = request(&vault, &items, false);
    with.password = Some(NewPassword::plain("correct horse").unwrap());
    assert_eq!(code(wait(vault.register(with, &me))), "vault.undeclared_item");
    let eve = wait(vault.register(request(&vault, &items, false), &me)).unwrap().subject();
    let calls = world.passwords.calls();
    assert_eq!(code(amend(&vault, eve, password())), "vault.undeclared_item");
    assert_eq!(world.passwords.calls(), calls, "and costs nothing");
}

#[test]
fn what_an_account_lacked_before_stops_no_amendment_of_other_things() {
    let world = World::default();
    let vault = world.open();
    let items = [("email", "eve@example.org"), ("first_name", "Eve")];
    let eve = request(&vault, &items, false);
    let eve = wait(vault.register(eve, &staff("support"))).unwrap().subject();
    // A country goes with every name from now on; Eve has given none.
    let policy = edited("required_with = [\"address\"]", "required_with = [\"first_name\"]");
    let vault = open(&world, &policy.replace("version = 1", "version = 2"));
    let asked = "vault.required_item";
    assert_eq!(code(amend(&vault, eve, set(&vault, "first_name", "Eva"))), asked);
    assert_eq!(code(amend(&vault, eve, set(&vault, "note", "new"))), "ok");
    assert_eq!(code(amend(&vault, eve, password())), "ok");
    let close = Amendment { close_at: Some(vault.now()), ..Amendment::default() };
    assert_eq!(code(amend(&vault, eve, close)), "ok");
    let both = [set(&vault, "first_name", "Eva"), set(&vault, "country", "FR")];
    let both = both.into_iter().flat_map(|one| one.set).collect();
    assert_eq!(code(amend(&vault, eve, Amendment { set: both, ..Amendment::default() })), "ok");
    let remove = vec![Name::fixed("country")];
    let remove = Amendment { remove, ..Amendment::default() };
    assert_eq!(code(amend(&vault, eve, remove)), asked);
}

#[test]
fn a_password_that_is_given_is_there() {
    let about = "category = \"user.authorization.password\"\nabout = \"person\"";
    let policy = edited(about, &format!("{about}\nrequired_with = [\"first_name\"]"));
    let vault = open(&World::default(), &policy);
    let eve = request(&vault, &[("email", "eve@example.org")], false);
    let eve = wait(vault.register(eve, &staff("support"))).unwrap().subject();
    let name = || set(&vault, "first_name", "Eve");
    assert_eq!(code(amend(&vault, eve, name())), "vault.required_item");
    assert_eq!(code(amend(&vault, eve, Amendment { set: name().set, ..password() })), "ok");
    wait(vault.login("eve@example.org", "another horse")).unwrap();
}

#[test]
fn what_is_restricted_is_there_and_is_not_amended() {
    let vault = World::default().open();
    let subject = ada(&vault);
    let key = add(&vault, Some(subject)).unwrap();
    affect(&vault, &key, &restrict(&[("account", true)])).unwrap();
    assert_eq!(code(amend(&vault, subject, set(&vault, "note", "new"))), "vault.not_live");
    let nobody = SubjectId::generate(vault.now(), vault.ports().rng.as_ref());
    assert_eq!(code(amend(&vault, nobody, set(&vault, "note", "new"))), "vault.not_found");
    // What goes with an item counts although it is restricted.
    let policy = edited("required_with = [\"address\"]", "required_with = [\"first_name\"]");
    let vault = open(&World::default(), &policy);
    let subject = ada(&vault);
    let key = add(&vault, Some(subject)).unwrap();
    affect(&vault, &key, &restrict(&[("billing", true)])).unwrap();
    assert_eq!(code(amend(&vault, subject, set(&vault, "first_name", "Augusta"))), "ok");
}
