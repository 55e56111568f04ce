//! What is written after an account was closed is kept by its law from the day it was written.

use pollster::block_on as wait;
use tacenda_core::vault::{Amendment, RegisterRequest, Vault};
use tacenda_core::{Name, SubjectId, Timestamp};
use tacenda_gdpr::erasure::{self, Fate};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};

use super::moved::with_its_law;
use super::{archive, at, bill, billing, code, sweep};

const CLOSED: &str = "2026-06-01T08:00:00Z";
const LATER: &str = "2028-06-01T08:00:00Z";

fn close(vault: &Vault, subject: SubjectId, close_at: Timestamp) -> &'static str {
    let close = Amendment { close_at: Some(close_at), ..Amendment::default() };
    code(wait(vault.amend(subject, close, &staff("support"))))
}

fn state_fact(vault: &Vault, subject: SubjectId, holds: bool) {
    let facts = [(Name::fixed("invoiced"), holds)].into();
    wait(vault.amend(subject, Amendment { facts, ..Amendment::default() }, &staff("support")))
        .unwrap();
}

fn set(vault: &Vault, subject: SubjectId, item: &'static str, text: &str) {
    let set = vec![vault.item(&Name::fixed(item), text).unwrap()];
    wait(vault.amend(subject, Amendment { set, ..Amendment::default() }, &staff("support")))
        .unwrap();
}

/// The clock of each live class.
fn clocks(vault: &Vault, subject: SubjectId) -> Vec<(String, Timestamp)> {
    let rows = wait(vault.outline(subject)).unwrap().into_iter();
    let rows = rows.filter(|row| row.state == *"live");
    rows.map(|row| (row.class.to_string(), row.anchor_at.unwrap())).collect()
}

/// Erases, and tells until when the law of vouchers keeps the address.
fn kept_until(vault: &Vault, subject: SubjectId) -> Timestamp {
    let erased = wait(erasure::erase(vault, subject, &staff("support"))).unwrap();
    let until = erased.plan.lines.iter().find_map(|line| match &line.fate {
        Fate::Archive { until, .. } => Some(*until),
        _ => None,
    });
    wait(vault.audit()).unwrap();
    until.unwrap()
}

fn closed_two_years_ago() -> (World, Vault, SubjectId) {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    assert_eq!(close(&vault, subject, vault.now()), "ok");
    world.set_time(LATER);
    (world, vault, subject)
}

#[test]
fn an_address_corrected_after_the_closing_is_kept_from_then_on() {
    let (world, vault, subject) = closed_two_years_ago();
    bill(&vault, subject, "Rue 2").unwrap();
    let mut expected = vec![("account".to_owned(), at(CLOSED)), ("billing".to_owned(), at(LATER))];
    expected.push(("payment".to_owned(), at(CLOSED)));
    assert_eq!(clocks(&vault, subject), expected, "no other class is kept longer");
    world.set_time("2028-09-01T08:00:00Z");
    assert_eq!(kept_until(&vault, subject), at("2039-01-01T00:00:00Z"));
    world.set_time("2038-12-31T23:59:59Z");
    sweep(&vault);
    assert_eq!(billing(&vault, subject), ["0 archived address"]);
    world.set_time("2039-01-01T00:00:00Z");
    sweep(&vault);
    assert_eq!(billing(&vault, subject).len(), 0);
}

#[test]
fn it_lives_no_longer_than_its_account() {
    let (world, vault, subject) = closed_two_years_ago();
    bill(&vault, subject, "Rue 2").unwrap();
    world.set_time("2029-06-02T00:00:00Z");
    sweep(&vault);
    assert_eq!(clocks(&vault, subject), []);
    let rows = wait(vault.outline(subject)).unwrap();
    assert_eq!(rows[0].anchor_at, Some(at(LATER)), "the law counts from the amendment");
    assert_eq!((rows.len(), billing(&vault, subject)), (1, vec!["0 archived address".into()]));
}

#[test]
fn a_class_that_begins_after_the_closing_is_kept_from_then_on() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    archive(&vault, subject).unwrap();
    assert_eq!(close(&vault, subject, vault.now()), "ok");
    world.set_time(LATER);
    bill(&vault, subject, "Rue 2").unwrap();
    assert_eq!(kept_until(&vault, subject), at("2039-01-01T00:00:00Z"));
    assert_eq!(billing(&vault, subject), ["0 archived address", "1 archived address"]);
}

#[test]
fn what_no_law_asks_for_moves_no_clock() {
    let (_, vault, subject) = closed_two_years_ago();
    let before = clocks(&vault, subject);
    set(&vault, subject, "country", "DE");
    set(&vault, subject, "first_name", "Adela");
    set(&vault, subject, "card_last4", "1111");
    state_fact(&vault, subject, false);
    assert_eq!(clocks(&vault, subject), before);
}

#[test]
fn an_invoice_after_the_closing_begins_its_duty() {
    let (_, vault, subject) = closed_two_years_ago();
    state_fact(&vault, subject, true);
    assert_eq!(clocks(&vault, subject)[1].1, at(CLOSED), "known already");
    state_fact(&vault, subject, false);
    state_fact(&vault, subject, true);
    assert_eq!(clocks(&vault, subject)[1].1, at(LATER));
    assert_eq!(kept_until(&vault, subject), at("2039-01-01T00:00:00Z"));
}

#[test]
fn what_was_written_after_the_closing_counts_from_then_under_another_policy() {
    let clock = "clock = { open = \"last login\", closed = \"registered\" }\nkey = \"subject\"\n\n\
        [[classes.billing";
    let from = clock.replace("registered", "closed");
    assert_eq!(POLICY.matches(&from).count(), 1);
    let other = POLICY.replace("version = 1", "version = 2").replace(&from, clock);
    for (policy, class) in [(other, "billing"), (with_its_law(POLICY), "invoices")] {
        for amended in [true, false] {
            let (world, vault, subject) = closed_two_years_ago();
            if amended {
                bill(&vault, subject, "Rue 2").unwrap();
            }
            let vault = super::open(&world, &policy);
            let all = clocks(&vault, subject);
            let clock = all.iter().find(|(name, _)| name == class).unwrap().1;
            assert_eq!(clock, at(if amended { LATER } else { CLOSED }), "{class}");
        }
    }
}

#[test]
fn an_account_is_not_closed_before_its_last_login() {
    let world = World::default();
    let vault = world.open();
    let subject = ada(&vault);
    world.set_time(LATER);
    wait(vault.login("ada@example.org", "correct horse")).unwrap();
    for early in [CLOSED, "2028-06-01T07:59:59Z"] {
        assert_eq!(close(&vault, subject, at(early)), "vault.out_of_order");
    }
    assert_eq!(close(&vault, subject, at(LATER)), "ok");
    let imported = |last: &str, closed: &str| {
        let (last_login_at, closed_at) = (Some(at(last)), Some(at(closed)));
        let request = RegisterRequest {
            registered_at: Some(at("2020-01-01T00:00:00Z")),
            last_login_at,
            closed_at,
            ..request(&vault, &[("email", "c@example.org")], false)
        };
        wait(vault.register(request, &staff("support")))
    };
    let refused = imported("2026-01-01T00:00:00Z", "2025-01-01T00:00:00Z").unwrap_err();
    assert_eq!(refused.code(), "vault.out_of_order");
    let field = refused.context("field").map(ToString::to_string);
    assert_eq!(field.as_deref(), Some("closed_at"));
    assert_eq!(code(imported("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")), "ok");
}
