//! Children: who consents for whom.

use pollster::block_on as wait;
use tacenda_core::SubjectId;
use tacenda_core::pii::Country;
use tacenda_core::vault::{Actor, OnRestore, Vault};
use tacenda_gdpr::consent::{self, Giver, Giving, How, ParentCheck};
use tacenda_testkit::world::{POLICY, World, ada, staff};

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
    let giving = Giving { age, country, by, how: How::Form, ..giving(vault) };
    code(wait(consent::give(vault, *subject, &giving, &staff("support"))))
}

const TOGETHER: Giver = Giver::Together(ParentCheck::EmailRoundTrip);
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
    // France wants both of them, Poland the parent.
    assert_eq!(tried(&world, Some(14), None, PARENT), "consent.child_needed");
    assert_eq!(tried(&world, Some(14), None, TOGETHER), "ok");
    assert_eq!(tried(&world, Some(15), None, TOGETHER), "consent.parent_not_needed");
    let world = open("children = true\nminimum_age = 10");
    assert_eq!(tried(&world, Some(15), Some("PL"), PARENT), "ok");
    let world = open("children = true");
    let both = tried(&world, None, None, TOGETHER);
    assert_eq!(both, "ok", "who acts as a parent says it is a child");
}

#[test]
fn a_child_does_not_enter_that_its_parent_consents() {
    let (vault, subject) = open("children = true\nminimum_age = 10");
    let tried = |how, by, actor: &Actor| {
        let giving = Giving { age: Some(14), by, how, ..giving(&vault) };
        code(wait(consent::give(&vault, subject, &giving, actor)))
    };
    let me = Actor::subject(subject);
    for by in [PARENT, TOGETHER] {
        assert_eq!(tried(How::Account, by, &me), "consent.parent_entered");
    }
    // Nor does anybody else speak from the child's session.
    let clerk = staff("support");
    assert_eq!(tried(How::Account, TOGETHER, &clerk), "consent.not_the_subject");
    assert_eq!(tried(How::Paper, TOGETHER, &clerk), "ok");
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
