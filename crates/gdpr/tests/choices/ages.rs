//! Children: who consents for whom.

use pollster::block_on as wait;
use tacenda_core::SubjectId;
use tacenda_core::pii::Country;
use tacenda_core::vault::{Actor, OnRestore, Vault};
use tacenda_gdpr::consent::{self, Giver, Giving, ParentCheck};
use tacenda_testkit::world::{POLICY, World, ada};

use crate::support::*;

fn open(audience: &str) -> (Vault, SubjectId) {
    let policy = POLICY.replace("children = false", audience);
    let vault = World::default().try_open(&policy, OnRestore::Refuse).unwrap().0;
    let subject = ada(&vault);
    (vault, subject)
}

fn tried(
    (vault, subject): &(Vault, SubjectId),
    age: Option<u8>,
    country: Option<&str>,
    by: Giver,
) -> &'static str {
    let country = country.map(|code| Country::parse(code).unwrap());
    let giving = Giving { age, country, by, ..giving(vault) };
    code(wait(consent::give(vault, *subject, &giving, &Actor::subject(*subject))))
}

const PARENT: Giver = Giver::Parent(ParentCheck::EmailRoundTrip);

#[test]
fn below_the_age_of_the_country_a_parent_consents() {
    let world = open("children = true\nminimum_age = 10");
    // The controller is in France: 15.
    assert_eq!(tried(&world, None, None, Giver::Person), "consent.age_unknown");
    assert_eq!(tried(&world, Some(14), None, Giver::Person), "consent.parent_needed");
    assert_eq!(tried(&world, Some(15), None, PARENT), "consent.parent_not_needed");
    assert_eq!(tried(&world, Some(15), Some("PL"), Giver::Person), "consent.parent_needed");
    assert_eq!(tried(&world, Some(14), Some("AT"), Giver::Person), "ok");
    let world = open("children = true\nminimum_age = 10");
    assert_eq!(tried(&world, Some(14), None, PARENT), "ok");
    let world = open("children = true");
    assert_eq!(tried(&world, None, None, PARENT), "ok", "who acts as a parent says it is a child");
}

#[test]
fn nobody_is_asked_how_old_they_are_without_need() {
    let world = open("children = false");
    assert_eq!(tried(&world, None, None, Giver::Person), "ok");
    let world = open("children = true\nminimum_age = 15");
    assert_eq!(tried(&world, None, Some("PL"), Giver::Person), "consent.age_unknown");
    assert_eq!(tried(&world, None, None, Giver::Person), "ok", "in France all of them may");
    let world = open("children = false\nminimum_age = 18");
    assert_eq!(tried(&world, None, None, PARENT), "consent.parent_not_needed");
}
