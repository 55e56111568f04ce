//! Holds and restrictions that somebody altered or took away: nothing is let go by them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use pollster::block_on as wait;
use tacenda_core::calendar::{Region, Utc, WorkingDays};
use tacenda_core::leaf::Leaf;
use tacenda_core::ports::{Change, Expect, NewLeaf, RowDelete, RowWrite};
use tacenda_core::row::{Row, RowKey, state};
use tacenda_core::vault::{Actor, Amendment, RecordKey, Standing, Vault};
use tacenda_core::{ActorId, Name, SubjectId};
use tacenda_gdpr::holds::{self, Ground, Note, Scope, Terms};
use tacenda_gdpr::requests::{self, Calendar, Channel, RestrictionGround};
use tacenda_gdpr::restriction::{self, Announcement, Asked};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{World, ada, request, staff};

use super::adversary::Adversary;
use super::{code, profile};

fn note() -> Note {
    Note::parse("A lawsuit.").unwrap()
}

fn hold(vault: &Vault, subject: SubjectId, scope: Scope) -> RecordKey {
    let terms = Terms {
        ground: Ground::LegalClaims,
        reason: note(),
        owner: ActorId::from_bytes([9; 16]),
        review_on: "2026-09-01".parse().unwrap(),
        scope,
    };
    wait(holds::place(vault, subject, &terms, &staff("support"))).unwrap().key
}

fn calendar() -> Calendar<'static> {
    static FRANCE: LazyLock<WorkingDays> =
        LazyLock::new(|| WorkingDays::of(Region::parse("FR").unwrap()));
    Calendar::new(&Utc, &FRANCE)
}

fn release(vault: &Vault, key: &RecordKey) -> &'static str {
    code(wait(holds::release(vault, &calendar(), key, &note(), &staff("support"))))
}

fn place(key: &RecordKey) -> RowKey {
    RowKey { subject: key.subject, kind: key.kind.kind.clone(), id: key.id }
}

fn erase(vault: &Vault, subject: SubjectId) -> &'static str {
    code(wait(erasure::erase(vault, subject, &staff("support"))))
}

#[test]
fn a_hold_that_somebody_altered_or_took_away_frees_nothing() {
    let edits: [Option<fn(&mut Row)>; 4] = [
        Some(|row| row.state = state::CLOSED),
        Some(|row| *row.body.last_mut().unwrap() ^= 1),
        Some(|row| row.version += 1),
        None,
    ];
    for edit in edits {
        let (world, store) = Adversary::world();
        let vault = world.open();
        let subject = ada(&vault);
        let kept = hold(&vault, subject, Scope::Subject);
        let other = hold(&vault, subject, Scope::Classes([Name::fixed("billing")].into()));
        let found = match edit {
            Some(edit) => {
                store.edit(&place(&kept), edit);
                "vault.altered_row"
            }
            None => {
                store.put(&place(&kept), None);
                "vault.missing_row"
            }
        };
        assert_eq!(release(&vault, &other), found, "it may hold the same");
        let own = if edit.is_some() { found } else { "vault.missing_row" };
        assert_eq!(release(&vault, &kept), own);
        assert!(erase(&vault, subject) != "ok");
        world.set_time("2030-01-01T00:00:00Z");
        let digest = wait(retention::plan(&vault)).unwrap().digest;
        let swept = wait(erasure::sweep(&vault, Some(digest), &Actor::system(), &mut |_| {}));
        assert_eq!(swept.unwrap().subjects, 0);
        assert!(wait(vault.audit()).is_err());
        store.repent();
        assert_eq!(erase(&vault, subject), "erasure.held", "all is there");
        assert_eq!((release(&vault, &other), release(&vault, &kept)), ("ok", "ok"));
        assert_eq!(erase(&vault, subject), "ok");
    }
}

#[test]
fn a_mark_that_somebody_took_off_is_found_and_frees_nothing() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let key = hold(&vault, subject, Scope::Subject);
    for class in ["account", "billing", "payment"] {
        store.edit(&profile(subject, class), |row| row.held = false);
    }
    assert_eq!(erase(&vault, subject), "vault.altered_row");
    assert_eq!(release(&vault, &key), "vault.altered_row");
    world.set_time("2030-01-01T00:00:00Z");
    let digest = wait(retention::plan(&vault)).unwrap().digest;
    let swept = wait(erasure::sweep(&vault, Some(digest), &Actor::system(), &mut |_| {})).unwrap();
    assert_eq!((swept.subjects, swept.refused > 0), (0, true));
    store.repent();
    assert_eq!(erase(&vault, subject), "erasure.held");
}

#[test]
fn what_is_added_beside_an_altered_hold_is_held() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let eve = request(&vault, &[("email", "eve@example.org")], false);
    let subject = wait(vault.register(eve, &staff("support"))).unwrap().subject();
    let key = hold(&vault, subject, Scope::Subject);
    store.edit(&place(&key), |row| row.state = state::CLOSED);
    let set = vec![vault.item(&Name::fixed("card_last4"), "4242").unwrap()];
    let amendment = Amendment { set, ..Amendment::default() };
    wait(vault.amend(subject, amendment, &staff("support"))).unwrap();
    assert!(store.row(&profile(subject, "payment")).held);
}

#[test]
fn a_restriction_that_somebody_altered_is_lifted_by_nobody() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let me = staff("support");
    let [kept, other] = [(); 2].map(|()| {
        let terms = restriction::Terms {
            ground: RestrictionGround::Accuracy,
            reason: note(),
            asked: Asked::Person(vault.now()),
            classes: BTreeSet::new(),
            review_on: "2026-07-01".parse().unwrap(),
        };
        let key = wait(restriction::place(&vault, subject, &terms, &me)).unwrap().key;
        let letter = Announcement { sent_at: vault.now(), by: Channel::Email, reason: note() };
        wait(restriction::announce(&vault, &key, &letter, &me)).unwrap();
        key
    });
    let lift = |key| code(wait(restriction::lift(&vault, &calendar(), key, &me)));
    store.edit(&place(&kept), |row| row.state = state::CLOSED);
    assert_eq!((lift(&other), lift(&kept)), ("vault.altered_row", "vault.altered_row"));
    store.edit(&profile(subject, "payment"), |row| row.state = state::LIVE);
    let billing = Name::fixed("billing");
    let read = wait(vault.read(subject, &billing, &staff("billing")));
    assert_eq!(code(read), "vault.altered_row");
    store.repent();
    assert_eq!((lift(&other), lift(&kept)), ("ok", "ok"));
}

#[test]
fn an_altered_file_of_a_request_keeps_no_release_from_its_end() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let key = hold(&vault, subject, Scope::Subject);
    let [altered, other] = [(); 2].map(|()| refused(&vault, subject));
    store.edit(&place(&altered), |row| *row.body.last_mut().unwrap() ^= 1);
    let done = wait(holds::release(&vault, &calendar(), &key, &note(), &staff("support"))).unwrap();
    assert_eq!((done.reopened, done.unread), (1, 1));
    let open = |key| matches!(wait(vault.record(key)).unwrap().standing, Standing::Open { .. });
    assert!(open(&other) && !open(&key), "settled");
    store.repent();
    wait(vault.audit()).unwrap();
}

/// A request for erasure that was refused for a claim.
fn refused(vault: &Vault, subject: SubjectId) -> RecordKey {
    let arrival = requests::Arrival {
        id: None,
        whom: requests::Whom::Known(subject),
        right: requests::Right::Erasure,
        requester: requests::Requester::Subject,
        channel: Channel::Account,
        scope: requests::Scope::ALL,
        purpose: None,
        received_at: vault.now(),
        reply_to: None,
        words: None,
    };
    let me = Actor::subject(subject);
    let at = wait(requests::receive(vault, &calendar(), arrival, &me)).unwrap();
    let ground = requests::Ground::LegalClaims;
    let refusal = requests::Refusal { class: None, item: None, ground, reason: note() };
    let refusals = requests::Refusals::new(vec![refusal]).unwrap();
    let hints = requests::Hints { complaint: true, court: true };
    let answer = requests::Answer { sent_at: vault.now(), by: Channel::Email, hints };
    let decided = requests::Event::Decided(requests::Decision::Refused(refusals, None));
    for event in [decided, requests::Event::Answered(answer)] {
        wait(requests::step(vault, &calendar(), &at.key, event, &staff("support"))).unwrap();
    }
    at.key
}

#[test]
fn a_hold_that_is_lost_is_ended_by_somebody_who_says_why() {
    let edits: [Option<fn(&mut Row)>; 3] = [
        Some(|row| *row.body.last_mut().unwrap() ^= 1),
        Some(|row| row.state = state::CLOSED),
        None,
    ];
    for edit in edits {
        let (world, store) = Adversary::world();
        let vault = world.open();
        let subject = ada(&vault);
        let lost = hold(&vault, subject, Scope::Subject);
        let other = hold(&vault, subject, Scope::Classes([Name::fixed("billing")].into()));
        let request = refused(&vault, subject);
        let restate = |key: &RecordKey, role| {
            let why = Note::parse("Found altered by the audit of May; nobody knows of a claim.");
            wait(holds::restate(&vault, &calendar(), key, &why.unwrap(), &staff(role)))
        };
        assert_eq!(code(restate(&lost, "support")), "vault.record_is_sound");
        spoil(&world, store.row(&place(&lost)), edit);
        assert_eq!(code(restate(&lost, "marketing")), "policy.role_without_records");
        assert_eq!(code(restate(&other, "support")), "vault.record_is_sound");
        let done = restate(&lost, "support").unwrap();
        assert_eq!(done.classes, ["account", "payment"].map(Name::fixed).into());
        assert_eq!(done.reopened, 1, "{request:?}");
        let leaf = wait(vault.history(subject, 9)).unwrap();
        assert!(leaf.iter().any(|leaf| leaf.action == *"hold.restated"));
        let file = wait(holds::read(&vault, &lost, &Name::fixed("account"), &staff("support")));
        assert_eq!(file.unwrap().placing().ground, Ground::LegalClaims, "as the log has it");
        // All is sound again, and what the other holds is let go by its own release.
        wait(vault.audit()).unwrap();
        assert_eq!(release(&vault, &other), "ok");
        assert_eq!(erase(&vault, subject), "ok");
    }
}

#[test]
fn while_another_hold_is_lost_as_well_nothing_is_let_go() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let lost = [(); 2].map(|()| hold(&vault, subject, Scope::Subject));
    for key in &lost {
        spoil(&world, store.row(&place(key)), Some(|row| *row.body.last_mut().unwrap() ^= 1));
    }
    let freed = lost.each_ref().map(|key| {
        let me = staff("support");
        let freed = wait(holds::restate(&vault, &calendar(), key, &note(), &me)).unwrap();
        (freed.classes.len(), store.row(&place(&lost[0])).held)
    });
    assert_eq!(freed, [(0, true), (3, false)], "what was written anew is kept like all else");
    wait(vault.audit()).unwrap();
}

/// Changes a row for good, or takes it away, behind the log's back.
fn spoil(world: &World, row: Row, edit: Option<fn(&mut Row)>) {
    let (key, version) = (row.key.clone(), row.version);
    // A leaf about something else, without which no store takes a change.
    let leaf = Leaf {
        at: tacenda_core::clock::Clock::now(world.clock.as_ref()),
        actor: ActorId::SYSTEM,
        action: Name::fixed("nothing.done"),
        purpose: None,
        subject: SubjectId::CONTROLLER,
        details: vec![],
        policy: [0; 32],
        salt: [0; 16],
        rows: vec![],
    };
    let (subject, at, bytes) = (leaf.subject, leaf.at, leaf.encode());
    let leaves = vec![NewLeaf { subject, at, writes: false, bytes }];
    let mut change = Change { leaves, ..Change::default() };
    match edit {
        Some(edit) => {
            let mut row = Row { version: version + 1, ..row };
            edit(&mut row);
            change.writes = vec![RowWrite { row, expect: Expect::Version(version) }];
        }
        None => change.deletes = vec![RowDelete { key, version }],
    }
    wait(world.store.commit(change)).unwrap();
}

/// A customer with an address alone, of whom everything was held until it was released.
fn released() -> (World, std::sync::Arc<Adversary>, Vault, RecordKey) {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let eve = request(&vault, &[("email", "eve@example.org")], false);
    let subject = wait(vault.register(eve, &staff("support"))).unwrap().subject();
    let key = hold(&vault, subject, Scope::Subject);
    assert_eq!(release(&vault, &key), "ok");
    (world, store, vault, key)
}

fn pays(vault: &Vault, subject: SubjectId) {
    let set = vec![vault.item(&Name::fixed("card_last4"), "4242").unwrap()];
    let amendment = Amendment { set, ..Amendment::default() };
    wait(vault.amend(subject, amendment, &staff("support"))).unwrap();
}

/// Writes a record about somebody; its row.
fn noted(vault: &Vault, store: &Adversary, subject: SubjectId) -> Row {
    let (says, purpose) = (Name::fixed("hello"), Name::fixed("account"));
    let hello = tacenda_core::outbox::Message::to_account(says, purpose);
    let by = Actor::system();
    let key = wait(tacenda_core::outbox::enqueue(vault, Some(subject), &hello, &by)).unwrap();
    store.row(&place(&key))
}

#[test]
fn an_altered_hold_that_was_released_long_ago_holds_nothing_new() {
    for taken in [false, true] {
        let (_world, store, vault, key) = released();
        if taken {
            store.put(&place(&key), None);
        } else {
            store.edit(&place(&key), |row| *row.body.last_mut().unwrap() ^= 1);
        }
        pays(&vault, key.subject);
        assert!(!store.row(&profile(key.subject, "payment")).held, "{taken}");
        assert!(!noted(&vault, &store, key.subject).held, "{taken}");
        store.repent();
        assert_eq!(erase(&vault, key.subject), "ok", "{taken}");
    }
}

#[test]
fn an_altered_leaf_of_somebody_without_a_hold_holds_nothing() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let subject = ada(&vault);
    let (at, _) = store.last_leaf(subject);
    store.leaf(at, super::adversary::LeafLie::Bytes(vec![0; 9]));
    assert!(!noted(&vault, &store, subject).held);
}

#[test]
fn what_was_held_on_a_doubt_is_free_once_all_is_mended() {
    let (_world, store, vault, key) = released();
    let (at, _) = store.last_leaf(key.subject);
    // Nobody can read when the hold ended, nor what it is.
    store.leaf(at, super::adversary::LeafLie::Bytes(vec![0; 9]));
    let row = noted(&vault, &store, key.subject);
    assert!(row.held, "it may be held");
    assert_eq!(wait(holds::settle(&vault, None, 9)).unwrap().freed, 0, "and still may");
    store.repent();
    let _ = hold(&vault, key.subject, Scope::Classes([Name::fixed("account")].into()));
    assert_eq!(wait(holds::settle(&vault, None, 9)).unwrap().freed, 0, "while a hold is open");
    assert!(store.row(&row.key).held && store.row(&profile(key.subject, "account")).held);
    wait(vault.audit()).unwrap();
}

#[test]
fn marks_that_no_hold_explains_are_taken_off() {
    let (_world, store, vault, key) = released();
    let (at, _) = store.last_leaf(key.subject);
    store.leaf(at, super::adversary::LeafLie::Bytes(vec![0; 9]));
    let row = noted(&vault, &store, key.subject);
    store.repent();
    assert!(store.row(&row.key).held);
    assert_eq!(wait(holds::settle(&vault, None, 9)).unwrap().freed, 1);
    assert!(!store.row(&row.key).held);
    assert_eq!(wait(holds::settle(&vault, None, 9)).unwrap().freed, 0, "once");
    wait(vault.audit()).unwrap();
    assert_eq!(erase(&vault, key.subject), "ok");
}
