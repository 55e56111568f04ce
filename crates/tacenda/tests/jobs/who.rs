//! Who runs jobs: the embedding program, or somebody in a role under a grant in force.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tacenda::{Actor, Jobs, Name, Tacenda, block_on};
use tacenda_core::ActorId;
use tacenda_core::clock::{Clock, Span};
use tacenda_core::vault::Fingerprint;
use tacenda_gdpr::staff::{Ground, Identity, Note, Offer};
use tacenda_testkit::world::POLICY;

use super::{Does, Place, adverse, names, only, run_due};

fn open(place: &Place) -> Tacenda {
    let policy = format!("{POLICY}\n[staff]\ngrants = \"required\"\nnotice = \"We keep it.\"\n");
    block_on(place.builder().policy_text(policy).open()).unwrap()
}

fn code(jobs: &Jobs<'_>, by: &Actor) -> &'static str {
    block_on(jobs.run_due(by)).err().map_or("ok", |error| error.code())
}

#[test]
fn who_runs_jobs_in_a_role_does_so_under_a_grant() {
    let place = Place::memory();
    let t = open(&place);
    let certificate = Fingerprint::of_der(&[1]);
    let ran = Arc::new(AtomicU64::new(0));
    let counted = ran.clone();
    let jobs = only(&t, Does(move || Ok(counted.fetch_add(1, Ordering::SeqCst))));
    let stranger = Actor::staff(ActorId::from_bytes([7; 16]), Name::fixed("support"));
    assert_eq!(code(&jobs, &stranger.with_certificate(certificate)), "staff.no_grant");
    assert_eq!(ran.load(Ordering::SeqCst), 0);

    let offer = Offer {
        roles: [Name::fixed("support")].into(),
        certificate,
        until: "2027-05-01".parse().unwrap(),
        told: Some((place.clock.now(), "en".into())),
    };
    let grace = Identity::parse("Grace Hopper", "grace@example.com").unwrap();
    let granted = block_on(t.staff().give(None, &grace, &offer, &Actor::system())).unwrap();
    let me = Actor::staff(granted.person, Name::fixed("support")).with_certificate(certificate);
    assert_eq!(code(&jobs, &me), "ok");
    assert_eq!(ran.load(Ordering::SeqCst), 1);
    let reason = Note::parse("They leave.").unwrap();
    block_on(t.staff().revoke(granted.person, Ground::Departure, &reason, &me)).unwrap();
    place.clock.advance(Span::hours(2));
    assert_eq!(code(&jobs, &me), "staff.revoked");
    assert_eq!(block_on(jobs.states(&me)).unwrap_err().code(), "staff.revoked");
    assert_eq!(ran.load(Ordering::SeqCst), 1);
    // The program that all of it is a part of needs none.
    assert_eq!(names(&run_due(&jobs)), ["count"]);
    assert_eq!(ran.load(Ordering::SeqCst), 2);
    drop(jobs);
    assert_eq!(run_due(&t.jobs()).ran.len(), adverse::ALL.len());
}
