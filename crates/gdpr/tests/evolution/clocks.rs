//! Clocks that other events set under a new policy.

use pollster::block_on as wait;
use tacenda_core::clock::{Clock as _, Span};
use tacenda_core::leaf::{Leaf, RowStamp};
use tacenda_core::ports::{Change, Expect, NewLeaf, RowWrite};
use tacenda_core::row::{Row, RowKey, state};
use tacenda_core::vault::{Actor, Amendment, Vault};
use tacenda_core::{Name, SubjectId, Timestamp};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{POLICY, World, ada, request, staff};

use super::open;

const CLOCK: &str = "clock = { open = \"last login\", closed = \"closed\" }";

fn at(rfc3339: &str) -> Timestamp {
    Timestamp::parse_rfc3339(rfc3339).unwrap()
}

/// The policy in this version, all of whose classes have this clock.
fn clocked(version: u64, open: &str, closed: &str) -> String {
    let clock = format!("clock = {{ open = \"{open}\", closed = \"{closed}\" }}");
    assert_eq!(POLICY.matches(CLOCK).count(), 3);
    POLICY.replace(CLOCK, &clock).replace("version = 1", &format!("version = {version}"))
}

/// A customer of these dates, with an address and a card.
fn customer(vault: &Vault, email: &str, registered: &str, last_login: Option<&str>) -> SubjectId {
    let items = [("email", email), ("address", "Rue 1"), ("country", "FR"), ("card_last4", "4242")];
    let mut request = request(vault, &items, true);
    request.registered_at = Some(at(registered));
    request.last_login_at = last_login.map(at);
    wait(vault.register(request, &staff("support"))).unwrap().subject()
}

fn row(world: &World, subject: SubjectId, class: &str) -> Row {
    let key = RowKey::only(subject, Name::parse(&format!("profile.{class}")).unwrap());
    wait(world.store.rows(&[key])).unwrap().remove(0).unwrap()
}

fn anchors(world: &World, subject: SubjectId) -> [Option<Timestamp>; 3] {
    ["account", "billing", "payment"].map(|class| row(world, subject, class).anchor_at)
}

fn sweep(vault: &Vault) -> u64 {
    let digest = wait(retention::plan(vault)).unwrap().digest;
    wait(erasure::sweep(vault, Some(digest), &staff("support"), &mut |_| {})).unwrap().subjects
}

fn close(vault: &Vault, subject: SubjectId) {
    let amendment = Amendment { close_at: Some(vault.now()), ..Amendment::default() };
    wait(vault.amend(subject, amendment, &staff("support"))).unwrap();
}

const LONG_AGO: &str = "2018-01-01T00:00:00Z";
const LATELY: &str = "2026-05-01T00:00:00Z";

#[test]
fn who_is_active_is_not_swept_by_the_clock_of_the_policy_before() {
    let world = World::default();
    let before = open(&world, &clocked(1, "registered", "closed")).unwrap();
    let active = customer(&before, "active@example.org", LONG_AGO, Some(LATELY));
    let dormant = customer(&before, "dormant@example.org", LONG_AGO, None);
    assert_eq!(anchors(&world, active), [Some(at(LONG_AGO)); 3]);
    let vault = open(&world, &clocked(2, "last login", "closed")).unwrap();
    assert_eq!(anchors(&world, active), [Some(at(LATELY)); 3]);
    assert_eq!(anchors(&world, dormant), [Some(at(LONG_AGO)); 3]);
    let leaves = |subject| wait(vault.history(subject, 9)).unwrap();
    let resealed = |subject| leaves(subject).iter().any(|leaf| leaf.action == *"policy.resealed");
    assert_eq!(
        (resealed(active), resealed(dormant)),
        (true, false),
        "only what changes is written"
    );
    wait(vault.audit()).unwrap();
    assert_eq!(sweep(&vault), 1);
    assert_eq!(wait(vault.subjects(None, 9)).unwrap(), [active]);
    wait(vault.audit()).unwrap();
}

#[test]
fn who_is_due_by_the_clock_of_the_new_policy_is_swept() {
    for before in ["last login", "not started"] {
        let world = World::default();
        let vault = open(&world, &clocked(1, before, "closed")).unwrap();
        let due = customer(&vault, "due@example.org", LONG_AGO, Some(LATELY));
        let new = customer(&vault, "new@example.org", LATELY, None);
        assert_eq!(sweep(&vault), 0, "{before}");
        let vault = open(&world, &clocked(2, "registered", "closed")).unwrap();
        assert_eq!(anchors(&world, due), [Some(at(LONG_AGO)); 3]);
        assert_eq!(sweep(&vault), 1, "{before}");
        assert_eq!(wait(vault.subjects(None, 9)).unwrap(), [new]);
        wait(vault.audit()).unwrap();
    }
}

#[test]
fn a_clock_that_no_longer_runs_while_the_account_is_open_stops() {
    let world = World::default();
    let before = open(&world, &clocked(1, "registered", "registered")).unwrap();
    let old = customer(&before, "old@example.org", LONG_AGO, None);
    let closed = customer(&before, "closed@example.org", LONG_AGO, None);
    close(&before, closed);
    assert_eq!(anchors(&world, closed), [Some(at(LONG_AGO)); 3]);
    let vault = open(&world, &clocked(2, "not started", "closed")).unwrap();
    assert_eq!(anchors(&world, old), [None; 3]);
    assert_eq!(anchors(&world, closed), [Some(world.clock.now()); 3], "as of the closing");
    assert_eq!(sweep(&vault), 0);
    wait(vault.audit()).unwrap();
}

#[test]
fn what_is_archived_keeps_the_clock_that_its_day_was_told_from() {
    let world = World::default();
    let before = open(&world, &clocked(1, "registered", "closed")).unwrap();
    let erased = customer(&before, "erased@example.org", LONG_AGO, Some(LATELY));
    let stays = customer(&before, "stays@example.org", LONG_AGO, Some(LATELY));
    wait(erasure::erase(&before, erased, &staff("support"))).unwrap();
    let archive = row(&world, erased, "billing");
    assert_eq!(archive.state, state::ARCHIVED);
    let vault = open(&world, &clocked(2, "last login", "registered")).unwrap();
    assert_eq!(row(&world, erased, "billing"), archive);
    assert_eq!(anchors(&world, stays), [Some(at(LATELY)); 3]);
    wait(vault.audit()).unwrap();
}

#[test]
fn the_clock_of_the_creation_stands() {
    let world = World::default();
    let vault = open(&world, &clocked(1, "created", "created")).unwrap();
    let subject = ada(&vault);
    let created = world.clock.now();
    for _ in 0..3 {
        world.clock.advance(Span::days(40));
        wait(vault.login("ada@example.org", "correct horse")).unwrap();
        let set = vec![vault.item(&Name::fixed("country"), "FR").unwrap()];
        let amendment = Amendment { set, ..Amendment::default() };
        wait(vault.amend(subject, amendment, &staff("support"))).unwrap();
        assert_eq!(anchors(&world, subject), [Some(created); 3], "a login is no creation");
    }
    close(&vault, subject);
    assert_eq!(anchors(&world, subject), [Some(created); 3], "nor is closing");
    wait(vault.audit()).unwrap();
}

#[test]
fn a_clock_that_starts_with_the_creation_from_now_on_never_starts_earlier() {
    let world = World::default();
    let before = open(&world, &clocked(1, "last login", "closed")).unwrap();
    let subject = customer(&before, "a@example.org", LONG_AGO, Some(LATELY));
    drop(open(&world, &clocked(2, "created", "created")).unwrap());
    assert_eq!(anchors(&world, subject), [Some(at(LATELY)); 3], "it was made by then");

    let world = World::default();
    let before = open(&world, &clocked(1, "not started", "closed")).unwrap();
    let subject = customer(&before, "a@example.org", LONG_AGO, Some(LATELY));
    let vault = open(&world, &clocked(2, "created", "created")).unwrap();
    assert_eq!(anchors(&world, subject), [Some(world.clock.now()); 3]);
    wait(vault.audit()).unwrap();
}

#[test]
fn clocks_that_no_policy_changed_are_not_looked_at() {
    let world = World::default();
    let subject = customer(&open(&world, POLICY).unwrap(), "a@example.org", LONG_AGO, None);
    let before = world.keyring.clone();
    let raised = POLICY.replace("version = 1", "version = 2").replace("3 years", "5 years");
    let vault = open(&world, &raised).unwrap();
    let leaves = wait(vault.history(SubjectId::CONTROLLER, 9)).unwrap();
    assert!(leaves.iter().all(|leaf| leaf.action != *"policy.items_moved"), "no job");
    assert_eq!(wait(before.keys_of(subject)).unwrap().len(), 3);
    assert_eq!(anchors(&world, subject), [Some(at(LONG_AGO)); 3]);
}

/// The clocked policy with the card in the class of billing, and the note in that of the card.
fn moved(version: u64, clocked: &str) -> String {
    let (two, card) =
        ("items = [\"address\", \"country\"]\nclock", "items = [\"card_last4\"]\nclock");
    let note = "\"first_name\", \"note\"]\nclock";
    assert!([two, card, note].iter().all(|part| clocked.contains(part)));
    clocked
        .replace("version = 1", &format!("version = {version}"))
        .replace(card, "items = [\"note\"]\nclock")
        .replace(two, "items = [\"address\", \"country\", \"card_last4\"]\nclock")
        .replace(note, "\"first_name\"]\nclock")
}

#[test]
fn an_item_that_moves_to_a_clock_of_the_creation_is_not_young_again() {
    let world = World::default();
    let before = clocked(1, "created", "created");
    let vault = open(&world, &before).unwrap();
    let created = world.clock.now();
    let items = [("email", "a@example.org"), ("card_last4", "4242"), ("note", "n")];
    let one = request(&vault, &items, true);
    let subject = wait(vault.register(one, &staff("support"))).unwrap().subject();
    drop(vault);
    world.clock.advance(Span::days(400));
    let vault = open(&world, &moved(2, &before)).unwrap();
    assert_eq!(anchors(&world, subject), [Some(created); 3], "also of billing, which is new");
    wait(vault.audit()).unwrap();
    world.clock.set(at("2029-06-02T08:00:00Z"));
    sweep(&vault);
    assert_eq!(wait(vault.outline(subject)).unwrap().len(), 0);
}

#[test]
fn an_item_that_moves_out_of_a_row_that_is_held_is_held() {
    let world = World::default();
    let before = open(&world, POLICY).unwrap();
    let items = [("email", "a@example.org"), ("card_last4", "4242")];
    let subject = wait(before.register(request(&before, &items, true), &staff("support")));
    let subject = subject.unwrap().subject();
    hold(&world, &row(&world, subject, "payment"));
    let vault = open(&world, &moved(2, POLICY)).unwrap();
    let billing = row(&world, subject, "billing");
    assert!(billing.held && !row(&world, subject, "account").held);
    let plan = wait(erasure::plan(&vault, subject)).unwrap();
    assert!(plan.is_held(), "{plan:?}");
    wait(vault.audit()).unwrap();
}

/// Puts a hold on a row as a room would: the row and the leaf that states it in one change.
fn hold(world: &World, row: &Row) {
    let (key, version) = (&row.key, row.version);
    let row = Row { held: true, version: version + 1, ..row.clone() };
    let (kind, digest) = (key.kind.clone(), Some(row.digest()));
    let leaf = Leaf {
        at: world.clock.now(),
        actor: Actor::system().id,
        action: Name::fixed("hold.changed"),
        purpose: None,
        subject: key.subject,
        details: vec![],
        policy: [0; 32],
        salt: [0; 16],
        rows: vec![RowStamp { kind, id: key.id, digest }],
    };
    let leaves =
        vec![NewLeaf { subject: key.subject, at: leaf.at, writes: true, bytes: leaf.encode() }];
    let writes = vec![RowWrite { row, expect: Expect::Version(version) }];
    wait(world.store.commit(Change { writes, leaves, ..Change::default() })).unwrap();
}
