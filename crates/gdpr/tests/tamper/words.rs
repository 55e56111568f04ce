//! Rows of an earlier day, after which people said what those rows do not know: what the safe still
//! tells of it is heeded, and named.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use pollster::block_on as wait;
use tacenda_core::calendar::{Region, Utc, WorkingDays};
use tacenda_core::clock::Span;
use tacenda_core::memory::MemoryStore;
use tacenda_core::ports::{KeyState, LogPosition, NewKeys};
use tacenda_core::row::state;
use tacenda_core::vault::{Actor, LostRecords, OnRestore, RecordKey, Recovery, Vault};
use tacenda_core::{ActorId, Name, SubjectId};
use tacenda_gdpr::consent::{self, Giver, Giving, How};
use tacenda_gdpr::erasure;
use tacenda_gdpr::holds::{self, Note};
use tacenda_gdpr::objection::{self, Objecting, Way};
use tacenda_gdpr::requests::{self, Arrival, Calendar, Channel, Requester, Right, Whom};
use tacenda_gdpr::restriction::{self, Announcement, Asked, RestrictionGround};
use tacenda_testkit::world::{POLICY, World, ada, staff};

use super::adversary::Adversary;
use super::lost::{copy, killed_anywhere, with};
use super::{code, eve, profile};

fn note() -> Note {
    Note::parse("They say so.").unwrap()
}

fn calendar() -> Calendar<'static> {
    static FRANCE: LazyLock<WorkingDays> =
        LazyLock::new(|| WorkingDays::of(Region::parse("FR").unwrap()));
    Calendar::new(&Utc, &FRANCE)
}

fn read(
    vault: &Vault,
    subject: SubjectId,
    purpose: &'static str,
    role: &'static str,
) -> &'static str {
    code(wait(vault.read(subject, &Name::fixed(purpose), &staff(role))))
}

fn restrict(vault: &Vault, subject: SubjectId) -> RecordKey {
    restrict_classes(vault, subject, &[])
}

fn restrict_classes(vault: &Vault, subject: SubjectId, classes: &[&'static str]) -> RecordKey {
    let terms = restriction::Terms {
        ground: RestrictionGround::Claims,
        reason: note(),
        asked: Asked::Person(vault.now()),
        classes: classes.iter().copied().map(Name::fixed).collect(),
        review_on: "2026-07-01".parse().unwrap(),
    };
    wait(restriction::place(vault, subject, &terms, &staff("support"))).unwrap().key
}

fn hold(vault: &Vault, subject: SubjectId) -> RecordKey {
    hold_class(vault, subject, "billing")
}

fn hold_class(vault: &Vault, subject: SubjectId, class: &'static str) -> RecordKey {
    let terms = holds::Terms {
        ground: holds::Ground::LegalClaims,
        reason: note(),
        owner: ActorId::from_bytes([9; 16]),
        review_on: "2026-08-01".parse().unwrap(),
        scope: holds::Scope::Classes([Name::fixed(class)].into()),
    };
    wait(holds::place(vault, subject, &terms, &staff("support"))).unwrap().key
}

fn object(vault: &Vault, subject: SubjectId) -> RecordKey {
    let objecting = Objecting {
        purpose: Name::fixed("analysis"),
        way: Way::Letter,
        received_at: vault.now(),
        words: None,
    };
    wait(objection::object(vault, subject, &objecting, &staff("support"))).unwrap().key
}

fn give(vault: &Vault, subject: SubjectId) {
    let giving = Giving {
        text: Name::fixed("newsletter"),
        language: "en".into(),
        how: How::Account,
        given_at: vault.now(),
        by: Giver::Person,
        age: None,
        country: None,
    };
    wait(consent::give(vault, subject, &giving, &Actor::subject(subject))).unwrap();
}

fn ask(vault: &Vault, subject: SubjectId) {
    let arrival = Arrival {
        id: None,
        whom: Whom::Known(subject),
        right: Right::Access,
        requester: Requester::Subject,
        channel: Channel::Account,
        scope: requests::Scope::ALL,
        purpose: None,
        received_at: vault.now(),
        reply_to: None,
        words: None,
    };
    wait(requests::receive(vault, &calendar(), arrival, &Actor::subject(subject))).unwrap();
}

/// Ada and Eve in rows of before, and what was said since.
fn lost(said: impl FnOnce(&Vault, SubjectId)) -> (World, Arc<MemoryStore>, SubjectId, SubjectId) {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let (ada, eve) = (ada(&vault), eve(&vault));
    let backup = copy(&store);
    said(&vault, ada);
    wait(vault.checkpoint()).unwrap();
    (world, backup, ada, eve)
}

fn replay(world: &World) -> (Vault, Recovery) {
    world.try_open(POLICY, OnRestore::Replay).unwrap()
}

fn named(vault: &Vault) -> Vec<(SubjectId, &'static str)> {
    let (mut named, mut after) = (Vec::new(), None);
    loop {
        let page = wait(vault.lost_records(after.as_ref(), 2)).unwrap();
        named.extend(page.records.into_iter().map(|key| (key.subject, key.kind.key)));
        after = page.next;
        if after.is_none() {
            return named;
        }
    }
}

#[test]
fn a_restriction_that_was_lost_restricts_all() {
    let (world, backup, ada, eve) = lost(|vault, ada| {
        restrict(vault, ada);
    });
    let next = with(&world, backup);
    let (vault, recovery) = replay(&next);
    assert_eq!(recovery.lost, LostRecords { restrictions: 1, ..LostRecords::default() });
    assert_eq!(named(&vault), [(ada, "restrictions")]);
    assert_eq!(read(&vault, ada, "billing", "billing"), "vault.not_live");
    assert_eq!(code(wait(erasure::erase(&vault, ada, &staff("support")))), "erasure.restricted");
    assert_eq!(read(&vault, eve, "billing", "billing"), "ok");
    let leaf = wait(vault.history(ada, 9)).unwrap();
    let leaf = leaf.iter().find(|leaf| leaf.action == *"restore.heeded").unwrap();
    assert_eq!(leaf.find("kind"), Some("restriction"));
    // It is entered anew, as what it was, and lifted as any other.
    let (key, by) = (restrict(&vault, ada), staff("support"));
    let letter = Announcement { sent_at: vault.now(), by: Channel::Letter, reason: note() };
    wait(restriction::announce(&vault, &key, &letter, &by)).unwrap();
    wait(restriction::lift(&vault, &calendar(), &key, &by)).unwrap();
    assert_eq!(read(&vault, ada, "billing", "billing"), "ok");
    wait(vault.audit()).unwrap();
}

#[test]
fn a_hold_that_was_lost_holds_all() {
    let (world, backup, ada, eve) = lost(|vault, ada| {
        hold(vault, ada);
    });
    let next = with(&world, backup);
    let (vault, recovery) = replay(&next);
    assert_eq!(recovery.lost, LostRecords { holds: 1, ..LostRecords::default() });
    assert_eq!(named(&vault), [(ada, "holds")]);
    let by = staff("support");
    assert_eq!(code(wait(erasure::erase(&vault, ada, &by))), "erasure.held");
    assert_eq!(code(wait(erasure::erase(&vault, eve, &by))), "ok");
    // It is missed, and another that is released beside it lets nothing go.
    assert_eq!(code(wait(vault.audit())), "vault.missing_row");
    let lost = lost_hold(&vault, ada);
    let key = hold(&vault, ada);
    let released = wait(holds::release(&vault, &calendar(), &key, &note(), &by));
    assert_eq!(code(released), "vault.missing_row");
    assert_eq!(wait(holds::settle(&vault, None, 9)).unwrap().freed, 0);
    assert_eq!(code(wait(erasure::erase(&vault, ada, &by))), "erasure.held");
    // Restated, it lets go what it kept.
    let restated = wait(holds::restate(&vault, &calendar(), &lost, &note(), &by)).unwrap();
    let all: BTreeSet<_> = ["account", "billing", "payment"].map(Name::fixed).into();
    let released = wait(holds::release(&vault, &calendar(), &key, &note(), &by)).unwrap();
    assert_eq!(restated.classes.union(&released.classes).cloned().collect::<BTreeSet<_>>(), all);
    assert_eq!(named(&vault), []);
    assert_eq!(code(wait(erasure::erase(&vault, ada, &by))), "ok");
    wait(vault.audit()).unwrap();
}

#[test]
fn a_lost_hold_beside_a_closed_one_is_settled_by_nobody() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let (ada, by) = (ada(&vault), staff("support"));
    let key = hold(&vault, ada);
    wait(holds::release(&vault, &calendar(), &key, &note(), &by)).unwrap();
    let backup = copy(&store);
    hold(&vault, ada);
    wait(vault.checkpoint()).unwrap();
    let next = with(&world, backup);
    let (vault, recovery) = replay(&next);
    assert_eq!(recovery.lost.holds, 1);
    assert_eq!(wait(holds::settle(&vault, None, 9)).unwrap().freed, 0);
    assert_eq!(code(wait(erasure::erase(&vault, ada, &by))), "erasure.held");
    // Its key is not collected, so that it is named for as long as nobody restates it.
    next.clock.advance(Span::days(9));
    wait(vault.collect_keys(&by)).unwrap();
    assert_eq!(named(&vault), [(ada, "holds")]);
}

#[test]
fn what_a_lost_hold_had_kept_from_an_erasure_is_kept() {
    let (world, backup, ada, _) = lost(|vault, ada| {
        hold_class(vault, ada, "payment");
        wait(erasure::erase(vault, ada, &staff("support"))).unwrap();
    });
    let before = kept(&world, ada, "payment");
    assert_eq!(before, Some((state::ARCHIVED, true)));
    let next = with(&world, backup);
    let (vault, recovery) = replay(&next);
    assert_eq!(recovery.lost.holds, 1);
    assert_eq!(kept(&next, ada, "payment"), before);
    assert!(key_lives(&next, ada, "payment"));
    assert_eq!(kept(&next, ada, "account"), None);
    assert_eq!(wait(holds::settle(&vault, None, 9)).unwrap().freed, 0);
}

#[test]
fn what_a_lost_restriction_had_kept_from_an_erasure_is_kept() {
    let (world, backup, ada, _) = lost(|vault, ada| {
        restrict_classes(vault, ada, &["payment"]);
        wait(erasure::erase(vault, ada, &staff("support"))).unwrap();
    });
    let before = kept(&world, ada, "payment");
    assert_eq!(before, Some((state::RESTRICTED, false)));
    let next = with(&world, backup);
    let (vault, recovery) = replay(&next);
    assert_eq!(recovery.lost.restrictions, 1);
    assert_eq!(kept(&next, ada, "payment"), before);
    assert!(key_lives(&next, ada, "payment"));
    assert_eq!(kept(&next, ada, "account"), None);
    wait(vault.audit()).unwrap();
}

fn lost_hold(vault: &Vault, subject: SubjectId) -> RecordKey {
    let page = wait(vault.lost_records(None, 999)).unwrap();
    let of = |key: &RecordKey| key.subject == subject && key.kind.key == "holds";
    page.records.into_iter().find(of).unwrap()
}

/// State and hold of the row of a class.
fn kept(world: &World, subject: SubjectId, class: &str) -> Option<(Name, bool)> {
    let rows = wait(world.store.rows(&[profile(subject, class)])).unwrap();
    rows.into_iter().flatten().map(|row| (row.state, row.held)).next()
}

fn key_lives(world: &World, subject: SubjectId, class: &str) -> bool {
    let keys = wait(world.keyring.keys_of(subject)).unwrap().into_iter();
    let mut of_class = keys.filter(|(key, _)| key.class == *class);
    of_class.any(|(_, state)| matches!(state, KeyState::Live(_)))
}

#[test]
fn an_objection_that_was_lost_is_one_to_all() {
    let (world, backup, ada, eve) = lost(|vault, ada| {
        object(vault, ada);
    });
    let next = with(&world, backup);
    let (vault, recovery) = replay(&next);
    assert_eq!(recovery.lost, LostRecords { objections: 1, ..LostRecords::default() });
    assert_eq!(named(&vault), [(ada, "objections")]);
    for purpose in ["analysis", "offers"] {
        assert_eq!(read(&vault, ada, purpose, "marketing"), "policy.objected", "{purpose}");
        assert_eq!(read(&vault, eve, purpose, "marketing"), "ok", "{purpose}");
    }
    assert_eq!(read(&vault, ada, "billing", "billing"), "ok");
    // Whatever it was to, the person says so anew, and may take it back.
    let key = object(&vault, ada);
    let me = Actor::subject(ada);
    wait(objection::withdraw(&vault, &key, vault.now(), &me)).unwrap();
    assert_eq!(read(&vault, ada, "analysis", "marketing"), "ok");
    let when = (vault.now(), Way::Letter);
    let key = wait(objection::stop_marketing(&vault, ada, when, &me)).unwrap().key;
    wait(objection::withdraw(&vault, &key, vault.now(), &me)).unwrap();
    assert_eq!(read(&vault, ada, "offers", "marketing"), "ok");
    wait(vault.audit()).unwrap();
}

#[test]
fn requests_and_consents_that_were_lost_are_named() {
    let (world, backup, ada, _) = lost(|vault, ada| {
        give(vault, ada);
        assert_eq!(read(vault, ada, "newsletter", "marketing"), "ok");
        ask(vault, ada);
    });
    let next = with(&world, backup);
    let (vault, recovery) = replay(&next);
    assert_eq!(recovery.lost, LostRecords { requests: 1, consents: 1, ..LostRecords::default() });
    assert_eq!((recovery.lost.total(), recovery.unread), (2, 0));
    let all: BTreeSet<_> = named(&vault).into_iter().collect();
    assert_eq!(all, [(ada, "requests"), (ada, "consents")].into());
    assert_eq!(read(&vault, ada, "newsletter", "marketing"), "policy.no_consent");
    assert_eq!(read(&vault, ada, "account", "support"), "ok");
    // A later start names them still.
    assert_eq!(replay(&next).1.lost, LostRecords::default());
    assert_eq!(named(&vault).len(), 2);
    wait(vault.audit()).unwrap();
}

#[test]
fn nobody_is_touched_of_whom_nothing_was_lost() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let (ada, eve) = (ada(&vault), eve(&vault));
    let key = object(&vault, ada);
    let backup = copy(&store);
    // What changes a record that was there leaves no trace in the safe.
    wait(objection::withdraw(&vault, &key, vault.now(), &Actor::subject(ada))).unwrap();
    wait(vault.checkpoint()).unwrap();
    let next = with(&world, backup);
    let (vault, recovery) = replay(&next);
    assert_eq!((recovery.lost, named(&vault)), (LostRecords::default(), Vec::new()));
    assert_eq!(read(&vault, ada, "analysis", "marketing"), "policy.objected");
    assert_eq!(read(&vault, ada, "offers", "marketing"), "ok");
    assert_eq!(read(&vault, eve, "analysis", "marketing"), "ok");
    let history = wait(vault.history(ada, 99)).unwrap();
    assert!(history.iter().all(|leaf| leaf.action != *"restore.heeded"));
}

#[test]
fn a_repair_cut_anywhere_heeds_what_was_lost() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let (ada, eve) = (ada(&vault), eve(&vault));
    let mut before = 0;
    store.forge(|tape| before = tape.len());
    let _ = (object(&vault, ada), restrict(&vault, eve), hold(&vault, ada));
    wait(vault.checkpoint()).unwrap();
    let backup = || store.forge(|tape| tape.truncate(before));
    killed_anywhere(&world, POLICY, backup, |_, vault| {
        assert_eq!(read(vault, ada, "offers", "marketing"), "policy.objected");
        assert_eq!(read(vault, eve, "billing", "billing"), "vault.not_live");
        assert_eq!(code(wait(erasure::erase(vault, ada, &staff("support")))), "erasure.held");
        assert_eq!(named(vault).len(), 3);
        let (lost, by) = (lost_hold(vault, ada), staff("support"));
        wait(holds::restate(vault, &calendar(), &lost, &note(), &by)).unwrap();
    });
}

fn withdraw(vault: &Vault, subject: SubjectId) {
    let (purpose, when) = (Name::fixed("newsletter"), (vault.now(), How::Account));
    wait(consent::withdraw(vault, subject, &purpose, when, &Actor::subject(subject))).unwrap();
}

#[test]
fn a_consent_that_was_withdrawn_is_not_read_by_again() {
    let (world, store) = Adversary::world();
    let vault = world.open();
    let (ada, eve) = (ada(&vault), eve(&vault));
    for subject in [ada, eve] {
        give(&vault, subject);
    }
    world.clock.advance(Span::days(1));
    hold(&vault, eve);
    let mut before = 0;
    store.forge(|tape| before = tape.len());
    world.clock.advance(Span::days(1));
    withdraw(&vault, ada);
    wait(vault.checkpoint()).unwrap();
    let backup = || store.forge(|tape| tape.truncate(before));
    killed_anywhere(&world, POLICY, backup, |_, vault| {
        assert_eq!(read(vault, ada, "newsletter", "marketing"), "policy.no_consent");
        assert_eq!(wait(vault.stance(eve)).unwrap().unwrap().consents.len(), 1);
        assert_eq!(read(vault, ada, "billing", "billing"), "ok");
    });
    let next = with(&world, backup());
    let (vault, recovery) = replay(&next);
    assert_eq!(recovery.lost, LostRecords { withdrawals: 1, ..LostRecords::default() });
    let leaf = wait(vault.history(ada, 1)).unwrap().remove(0);
    assert_eq!((leaf.find("kind"), leaf.find("purpose")), (Some("withdrawal"), Some("newsletter")));
    // The proof ends by the account, and whoever consents again is read again.
    assert_eq!(wait(consent::settle(&vault, None, 9)).unwrap().ended, 1);
    next.clock.advance(Span::hours(1));
    give(&vault, ada);
    assert_eq!(read(&vault, ada, "newsletter", "marketing"), "ok");
    wait(vault.audit()).unwrap();
    // Rows that know of it, and of the new consent, are believed.
    let log = Some(LogPosition { epoch: 2, index: 90 });
    wait(next.keyring.create(NewKeys { log, ..NewKeys::default() })).unwrap();
    let (vault, recovery) = replay(&next);
    assert_eq!((recovery.rows_restored, recovery.lost.withdrawals), (true, 0));
    assert_eq!(read(&vault, ada, "newsletter", "marketing"), "ok");
}
