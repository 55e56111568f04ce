//! Passwords through the vault: what a login costs, and how verifiers are replaced.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::pii::Sha256Digest;
use tacenda_core::policy::Policy;
use tacenda_core::ports::Scan;
use tacenda_core::vault::{NewPassword, OnRestore, OpenOptions, PasswordCounts, Vault};
use tacenda_core::{Result, SubjectId};
use tacenda_gdpr::erasure;
use tacenda_testkit::world::{POLICY, World, ada, request, staff};

const ADA: &str = "ada@example.org";
const RIGHT: &str = "correct horse";
const LEGACY: &str = "correct horse battery staple";

fn code<T>(result: Result<T>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

/// The policy with dearer passwords.
fn dearer() -> String {
    let policy = POLICY.replace("version = 1", "version = 2");
    let dearer = policy.replace("memory_kib = 7168", "memory_kib = 9216");
    assert_ne!(policy, dearer);
    dearer
}

fn under(world: &World, policy: &str) -> Result<Vault> {
    world.try_open(policy, OnRestore::Refuse).map(|(vault, _)| vault)
}

/// Leaves, Argon2id so far.
fn spent(world: &World) -> (u64, u64) {
    (wait(world.store.status()).unwrap().unwrap().head.size, world.passwords.calls())
}

/// The bodies of all rows of customers, one after the other.
fn bodies(world: &World) -> Vec<u8> {
    let page = wait(world.store.scan(&Scan::All { kind: None }, None, 999)).unwrap();
    let rows = page.rows.into_iter().filter(|row| row.class.is_some());
    rows.flat_map(|row| row.body).collect()
}

/// The envelope that follows the name of the password item.
fn sealed_password(world: &World) -> Vec<u8> {
    let bytes = bodies(world);
    let at = bytes.windows(12).position(|w| w == b"\0\0\0\x08password").unwrap() + 12;
    let length = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    bytes[at + 4..][..length].to_vec()
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

fn legacy(vault: &Vault, email: &str) -> SubjectId {
    // printf 'correct horse battery staple' | sha256sum
    let digest = "c4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a";
    let digest = Sha256Digest::parse(digest).unwrap();
    let mut request = request(vault, &[("email", email)], false);
    let digest = zeroize::Zeroizing::new(*digest.as_bytes());
    request.password = Some(NewPassword::LegacySha256(digest));
    wait(vault.register(request, &staff("support"))).unwrap().subject()
}

#[test]
fn a_login_after_the_cost_has_risen_replaces_the_verifier_once() {
    let world = World::default();
    let subject = ada(&world.open());
    wait(world.open().login(ADA, RIGHT)).unwrap();
    let vault = under(&world, &dearer()).unwrap();
    let old = sealed_password(&world);

    let before = spent(&world);
    assert_eq!(code(wait(vault.login(ADA, "wrong"))), "login.refused");
    assert_eq!(spent(&world), (before.0 + 1, before.1 + 2), "and the rest up to today's cost");
    assert_eq!(sealed_password(&world), old, "a wrong password replaces nothing");

    let before = spent(&world);
    assert_eq!(wait(vault.login(ADA, RIGHT)).unwrap().subject, subject);
    assert_eq!(spent(&world), (before.0 + 1, before.1 + 2), "one to check, one to replace");
    let leaf = wait(vault.history(subject, 1)).unwrap().remove(0);
    let kinds: Vec<_> = leaf.rows.iter().map(|row| row.kind.as_str()).collect();
    assert_eq!((leaf.action.as_str(), kinds), ("login.accepted", vec!["profile.account"]));
    assert!(!holds(&bodies(&world), &old), "the old verifier is gone");

    let (before, new) = (spent(&world), sealed_password(&world));
    wait(vault.login(ADA, RIGHT)).unwrap();
    assert_eq!(spent(&world), (before.0 + 1, before.1 + 1));
    assert_eq!(sealed_password(&world), new, "it is replaced once");
    wait(vault.audit()).unwrap();
}

#[test]
fn an_erased_and_a_bare_legacy_account_cost_what_any_other_costs() {
    let world = World::default();
    let subject = ada(&world.open());
    let _ = legacy(&world.open(), "old@example.org");
    let _ = legacy(&world.open(), "wrapped@example.org");
    // After the cost has risen, what is spent for nothing is spent at the new one.
    let vault = under(&world, &dearer()).unwrap();
    wait(erasure::erase(&vault, subject, &staff("support"))).unwrap();
    let old = sealed_password(&world);
    for email in [ADA, "old@example.org", "wrapped@example.org", "nobody@example.org"] {
        let before = spent(&world);
        assert_eq!(code(wait(vault.login(email, "wrong"))), "login.refused");
        assert_eq!(spent(&world), (before.0 + 1, before.1 + 1), "{email}");
    }
    assert_eq!(wait(vault.wrap_legacy_page(None, 1)).unwrap().0, 1);
    for email in ["old@example.org", "wrapped@example.org"] {
        let before = spent(&world);
        assert_eq!(code(wait(vault.login(email, "wrong"))), "login.refused");
        assert_eq!(spent(&world), (before.0 + 1, before.1 + 1), "{email}");
        wait(vault.login(email, LEGACY)).unwrap();
        assert_eq!(spent(&world), (before.0 + 2, before.1 + 3), "one to check, one to replace");
        wait(vault.login(email, LEGACY)).unwrap();
        assert_eq!(spent(&world), (before.0 + 3, before.1 + 4));
    }
    assert!(!holds(&bodies(&world), &old), "the bare digest is gone");
    let counts = PasswordCounts { current: 2, ..PasswordCounts::default() };
    assert_eq!(wait(vault.count_passwords()).unwrap(), counts);
    wait(vault.audit()).unwrap();
}

#[test]
fn a_bare_digest_is_told_from_every_other_verifier_by_its_length() {
    let world = World::default();
    let vault = world.open();
    let _ = (ada(&vault), legacy(&vault, "a@example.org"), legacy(&vault, "b@example.org"));
    let none = request(&vault, &[("email", "none@example.org")], false);
    wait(vault.register(none, &staff("support"))).unwrap();
    let expect = |bare, wrapped, current| {
        let counts = PasswordCounts { bare, wrapped, current, unreadable: 0 };
        assert_eq!(wait(vault.count_passwords()).unwrap(), counts);
        assert_eq!(wait(vault.bare_passwords()).unwrap(), bare);
    };
    expect(2, 0, 1);
    wait(vault.login("a@example.org", LEGACY)).unwrap();
    expect(1, 0, 2);
    let calls = world.passwords.calls();
    assert_eq!(wait(vault.wrap_legacy(&mut |_| {})).unwrap(), 1);
    assert_eq!(world.passwords.calls() - calls, 1);
    expect(0, 1, 2);
    // A closed account is wrapped too, and counted.
    let closed = legacy(&vault, "closed@example.org");
    let close = tacenda_core::vault::Amendment {
        close_at: Some(vault.now()),
        ..tacenda_core::vault::Amendment::default()
    };
    world.clock.advance(Span::hours(1));
    wait(vault.amend(closed, close, &staff("support"))).unwrap();
    expect(1, 1, 2);
    assert_eq!(wait(vault.wrap_legacy(&mut |_| {})).unwrap(), 1);
    expect(0, 2, 2);
}

#[test]
fn a_cost_below_the_floor_is_refused_before_anything_is_written() {
    let cheap = POLICY.replace("memory_kib = 7168", "memory_kib = 7167");
    let problems = Policy::parse(&cheap).unwrap_err().to_string();
    assert!(problems.contains("policy.password_cost"), "{problems}");

    // A policy that was made otherwise than from a file is no way round.
    let world = World::default();
    let vault = world.open();
    let _ = ada(&vault);
    let before = spent(&world);
    type Change = fn(&mut Policy);
    let cheaper: [(Change, &str); 3] = [
        (|policy| policy.passwords.memory_kib -= 1, "password.below_floor"),
        (|policy| policy.passwords.passes -= 1, "password.below_floor"),
        (|policy| policy.passwords.passes = 65, "password.params"),
    ];
    for (change, expected) in cheaper {
        let mut policy = Policy::parse(POLICY).unwrap();
        policy.version = 2;
        change(&mut policy);
        let ports = vault.ports().clone();
        let refused = wait(Vault::open(policy, ports, OpenOptions::default()));
        assert_eq!(code(refused), expected);
        assert_eq!(spent(&world), before);
    }
    drop(world.open());
}
