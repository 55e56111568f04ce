//! A grant from its beginning to its end: given, renewed, revoked, run out, erased.

use pollster::block_on as wait;
use tacenda_core::policy::records::GRANTS;
use tacenda_core::vault::{Actor, Standing};
use tacenda_core::{ActorId, Name, Timestamp};
use tacenda_gdpr::staff::{Identity, Offer, State};
use tacenda_gdpr::{erasure, retention, staff};
use tacenda_testkit::world::{World, request};

use crate::support::*;

#[test]
fn a_grant_counts_for_its_roles_with_its_certificate_until_its_last_day() {
    let world = World::default();
    let vault = open(&world);
    let (subject, boss) = (ada(&vault), boss(&vault));
    let offered = offer(&vault, &["billing"], 1, "2026-06-30");
    let granted = wait(staff::give(&vault, None, &grace(), &offered, &boss)).unwrap();
    let grace = granted.person;
    assert_eq!(read(&vault, subject, &acting(grace, "billing", 1)), "ok");
    assert_eq!(read(&vault, subject, &acting(grace, "billing", 2)), "staff.other_certificate");
    let bare = Actor::staff(grace, Name::fixed("billing"));
    assert_eq!(read(&vault, subject, &bare), "staff.other_certificate");
    assert_eq!(read(&vault, subject, &acting(grace, "support", 1)), "staff.no_grant");
    // Somebody else with the certificate is somebody else.
    let mallory = ActorId::from_bytes([9; 16]);
    assert_eq!(read(&vault, subject, &acting(mallory, "billing", 1)), "staff.no_grant");
    world.set_time("2026-06-30T23:59:59Z");
    assert_eq!(read(&vault, subject, &acting(grace, "billing", 1)), "ok", "to the end of the day");
    world.set_time("2026-07-01T00:00:00Z");
    assert_eq!(read(&vault, subject, &acting(grace, "billing", 1)), "staff.expired");
    let late = wait(staff::renew(&vault, &granted.key, &offered, &boss));
    assert_eq!(code(late), "staff.wrong_step", "what has run out is given anew");
}

#[test]
fn a_renewal_is_another_year_with_another_certificate() {
    let world = World::default();
    let vault = open(&world);
    let (subject, boss) = (ada(&vault), boss(&vault));
    let granted = give(&vault, &["billing"], 1, "2027-06-01");
    world.set_time("2027-05-20T08:00:00Z");
    let next = offer(&vault, &["billing", "support"], 2, "2028-05-20");
    wait(staff::renew(&vault, &granted.key, &next, &boss)).unwrap();
    let read = |role, cert| read(&vault, subject, &acting(granted.person, role, cert));
    assert_eq!(read("billing", 1), "staff.other_certificate");
    assert_eq!([read("billing", 2), read("support", 2)], ["ok", "ok"]);
    world.set_time("2028-05-20T20:00:00Z");
    assert_eq!(read("billing", 2), "ok");
    // The certificate of before is free for somebody else.
    give(&vault, &["billing"], 1, "2028-06-01");
}

#[test]
fn what_another_process_revokes_is_refused_at_the_next_read() {
    let world = World::default();
    let (here, there) = (open(&world), open(&world));
    let (subject, boss) = (ada(&here), boss(&here));
    let granted = give(&here, &["billing"], 1, "2027-06-01");
    let me = acting(granted.person, "billing", 1);
    assert_eq!(read(&here, subject, &me), "ok");
    assert_eq!(revoke(&there, granted.person, &boss).unwrap(), 1);
    assert_eq!(read(&here, subject, &me), "staff.revoked");
    let leaf = wait(here.history(subject, 1)).unwrap().remove(0);
    assert_eq!((leaf.action.as_str(), leaf.actor), ("subject.read_refused", granted.person));
    assert_eq!(code(revoke(&there, granted.person, &boss)), "staff.nothing_granted");
    let late = offer(&here, &["billing"], 1, "2027-06-01");
    assert_eq!(code(wait(staff::renew(&here, &granted.key, &late, &boss))), "staff.wrong_step");
    // Whoever comes back has a grant of its own.
    let again = wait(staff::give(&here, Some(granted.person), &grace(), &late, &boss)).unwrap();
    assert!(again.key != granted.key && again.person == granted.person);
    assert_eq!(read(&here, subject, &me), "ok");
    // Who granted may be revoked too, and grants no more.
    assert_eq!(revoke(&there, boss.id, &boss).unwrap(), 1);
    let next = wait(staff::renew(&here, &again.key, &late, &boss));
    assert_eq!(code(next), "staff.revoked");
    wait(here.audit()).unwrap();
}

#[test]
fn a_revocation_stops_an_import_before_its_next_page() {
    let world = World::default();
    let vault = open(&world);
    let granted = give(&vault, &["support"], 1, "2027-06-01");
    let me = acting(granted.person, "support", 1);
    let mut registration = wait(vault.registration(&me)).unwrap();
    let page = |email| vec![request(&vault, &[("email", email)], false)];
    assert!(wait(registration.page(page("one@example.org"))).unwrap().is_empty());
    revoke(&vault, granted.person, &me).unwrap();
    assert_eq!(code(wait(registration.page(page("two@example.org")))), "staff.revoked");
    let results = wait(registration.finish()).unwrap();
    assert_eq!(results.len(), 1, "the page before was committed");
    assert_eq!(wait(vault.subjects(None, 9)).unwrap(), [results[0].as_ref().unwrap().subject()]);
    wait(vault.audit()).unwrap();
}

#[test]
fn wrong_grants_are_refused_and_nothing_is_written() {
    let world = World::default();
    let vault = open(&world);
    let boss = boss(&vault);
    let good = || offer(&vault, &["billing"], 1, "2027-06-01");
    let give = |person, offer: &Offer, actor: &Actor| {
        code(wait(staff::give(&vault, person, &grace(), offer, actor)))
    };
    let before = wait(vault.subjects_of(&GRANTS.class, None, 99)).unwrap().0.len();
    let ahead = Timestamp::parse_rfc3339("2026-06-02T08:00:00Z").unwrap();
    let cases = [
        (Offer { roles: [].into(), ..good() }, "staff.no_roles"),
        (Offer { roles: [Name::fixed("admin")].into(), ..good() }, "policy.unknown_role"),
        (Offer { until: day("2026-05-31"), ..good() }, "staff.ends_before"),
        (Offer { until: day("2027-06-02"), ..good() }, "staff.too_long"),
        (Offer { told: None, ..good() }, "staff.not_told"),
        (Offer { told: Some((vault.now(), "fr".into())), ..good() }, "staff.unknown_language"),
        (Offer { told: Some((ahead, "en".into())), ..good() }, "staff.in_future"),
        (Offer { certificate: certificate(200), ..good() }, "staff.certificate_taken"),
    ];
    for (offer, expected) in cases {
        assert_eq!(give(None, &offer, &boss), expected);
    }
    assert_eq!(give(Some(boss.id), &good(), &boss), "staff.own_grant");
    assert_eq!(give(Some(boss.id), &good(), &Actor::system()), "staff.granted_already");
    let nobody = ActorId::from_bytes([9; 16]);
    assert_eq!(give(Some(nobody), &good(), &boss), "vault.not_found");
    assert_eq!(give(None, &good(), &acting(nobody, "support", 3)), "staff.no_grant");
    assert_eq!(give(None, &good(), &acting(nobody, "marketing", 3)), "policy.role_without_records");
    let myself = tacenda_core::SubjectId::from_bytes([9; 16]);
    assert_eq!(give(None, &good(), &Actor::subject(myself)), "case.no_role");
    let reason = note("Gone.");
    let (sdk, other) = (Actor::system(), staff::Ground::Other);
    let by_nobody = code(wait(staff::revoke(&vault, boss.id, other, &reason, &sdk)));
    assert_eq!(by_nobody, "staff.by_nobody");
    assert!(Identity::parse("", "grace@example.com").is_err());
    assert!(Identity::parse("Grace", "grace").is_err());
    let card = Identity::parse("4111 1111 1111 1111", "grace@example.com");
    assert_eq!(code(card), "guard.card_number");
    let after = wait(vault.subjects_of(&GRANTS.class, None, 99)).unwrap().0.len();
    assert_eq!(after, before);
}

#[test]
fn what_ends_is_on_the_agenda_then_settled_and_erased_a_year_later() {
    let world = World::default();
    let vault = open(&world);
    let boss = boss(&vault);
    let short = give(&vault, &["billing"], 1, "2026-07-31");
    let open_of = |until| wait(staff::agenda(&vault, day(until), &boss)).unwrap();
    assert_eq!(open_of("2026-07-30").len(), 0);
    let due = open_of("2026-07-31");
    assert_eq!((due.len(), due[0].person, due[0].until), (1, short.person, day("2026-07-31")));
    assert_eq!(open_of("2027-12-31").len(), 2);
    let leaf = wait(vault.history(tacenda_core::SubjectId::CONTROLLER, 1)).unwrap().remove(0);
    assert_eq!(leaf.action, *"record.listed", "that it was shown is in the log");
    assert_eq!(wait(staff::settle(&vault, None, 9)).unwrap().ended, 0);
    world.set_time("2026-09-01T08:00:00Z");
    assert_eq!(open_of("2026-09-01").len(), 1, "what is over and not noted stays on it");
    assert_eq!(wait(staff::settle(&vault, None, 9)).unwrap().ended, 1);
    assert_eq!(open_of("2026-09-01").len(), 0);
    let over = Timestamp::parse_rfc3339("2026-08-01T00:00:00Z").unwrap();
    assert_eq!(wait(vault.record(&short.key)).unwrap().standing, Standing::Closed { at: over });
    let account = Name::fixed("account");
    let listed = wait(staff::grants_of(&vault, short.person, &account, &boss)).unwrap();
    assert_eq!(listed[0].grant.as_ref().unwrap().state(), State::RanOut);
    let (name, email) = listed[0].identity.as_ref().unwrap();
    assert_eq!(
        (name.expose().as_str(), email.expose().as_str()),
        ("Grace Hopper", "grace@example.com")
    );
    let offers = Name::fixed("newsletter");
    let news = acting(boss.id, "marketing", 1);
    let refused = wait(staff::grants_of(&vault, short.person, &offers, &news)).unwrap();
    assert_eq!(refused[0].grant.as_ref().unwrap_err().code(), "policy.not_for_records");
    let subject = ada(&vault);
    let me = acting(short.person, "billing", 1);
    assert_eq!(read(&vault, subject, &me), "staff.expired", "settled, it is told still");
    // A year after it ran out it goes, and nothing of the person is kept.
    world.set_time("2027-08-02T08:00:00Z");
    let plan = wait(retention::plan(&vault)).unwrap();
    assert_eq!(plan.due(), 1);
    wait(erasure::sweep(&vault, Some(plan.digest), &Actor::system(), &mut |_| {})).unwrap();
    assert_eq!(wait(vault.records_of(short.key.subject, &GRANTS)).unwrap().len(), 0);
    assert_eq!(read(&vault, subject, &me), "staff.no_grant");
    wait(vault.audit()).unwrap();
}
