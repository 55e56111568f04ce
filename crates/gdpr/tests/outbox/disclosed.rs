//! What a processor is given is what the policy says, and the log tells it; anything else is refused.

use std::collections::BTreeSet;

use pollster::block_on as wait;
use tacenda_core::vault::{Vault, View};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_testkit::world::{World, ada, staff};

use super::support::code;

fn disclose(
    vault: &Vault,
    subject: SubjectId,
    to: &'static str,
    purpose: &'static str,
    items: &[&'static str],
) -> Result<View> {
    let items: BTreeSet<_> = items.iter().copied().map(Name::fixed).collect();
    let (to, purpose) = (Name::fixed(to), Name::fixed(purpose));
    wait(vault.disclose(subject, &to, &purpose, &items, &staff("billing")))
}

#[test]
fn what_is_declared_is_given_and_logged_by_name() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    let given = disclose(&vault, subject, "provider", "billing", &["card_last4"]).unwrap();
    assert_eq!(given.get("card_last4"), Some("4242"));
    assert_eq!(given.items().count(), 1, "the purpose would give more");
    let leaf = wait(vault.history(subject, 1)).unwrap().pop().unwrap();
    assert_eq!(leaf.action.as_str(), "data.disclosed");
    assert_eq!(leaf.purpose, Some(Name::fixed("billing")));
    assert_eq!((leaf.find("processor"), leaf.find("item")), (Some("provider"), Some("card_last4")));
    assert!(!format!("{leaf:?}").contains("4242"));
}

#[test]
fn what_is_not_declared_is_refused_and_that_is_logged() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    for (to, purpose, items, expected, field) in [
        (
            "provider",
            "billing",
            &["card_last4", "address"][..],
            "disclose.not_declared",
            Some("address"),
        ),
        ("provider", "account", &["card_last4"], "disclose.not_declared", None),
        ("provider", "billing", &[], "disclose.not_declared", None),
        ("provider", "billing", &["nobody"], "disclose.not_declared", None),
        ("nobody", "billing", &["card_last4"], "disclose.not_declared", None),
    ] {
        let error = disclose(&vault, subject, to, purpose, items).unwrap_err();
        assert_eq!((error.code(), error.field().as_deref()), (expected, field), "{to} {items:?}");
        let leaf = wait(vault.history(subject, 1)).unwrap().pop().unwrap();
        assert_eq!(leaf.action.as_str(), "disclosure.refused");
        assert_eq!(leaf.find("code"), Some(expected));
        let told = format!("{leaf:?} {error}");
        assert_eq!(leaf.find("processor"), (to != "nobody").then_some("provider"));
        assert!(!told.contains("nobody"), "{told}");
    }
    // What the policy declares is still no more than the purpose gives the role, of this account.
    let eve = super::support::another(&vault, "eve@example.org");
    let unpaid = disclose(&vault, eve, "provider", "billing", &["card_last4"]);
    assert_eq!(code(unpaid), "policy.condition_not_met");
    let items = [Name::fixed("card_last4")].into();
    let (to, purpose) = (Name::fixed("provider"), Name::fixed("billing"));
    let role = wait(vault.disclose(subject, &to, &purpose, &items, &staff("support")));
    assert_eq!(code(role), "policy.role_not_allowed");
}
