//! The stored form: as the vectors have it, what is read is written again, and no bytes make it
//! panic.

use proptest::prelude::*;
use tacenda_core::vault::Fingerprint;
use tacenda_core::{ActorId, Timestamp};
use tacenda_gdpr::case::Stamp;
use tacenda_gdpr::staff::{Event, Grant, Ground, Terms, Told};

use crate::files::{Case, cases};
use crate::support::*;

fn stamp(at: i64) -> Stamp {
    Stamp { at: Timestamp::from_micros(at), by: ActorId::from_bytes([1; 16]) }
}

fn terms(until: &str) -> Terms {
    let told = Told { language: "en".into(), digest: [7; 32], at: Timestamp::from_micros(1) };
    Terms {
        roles: ["billing", "support"].map(tacenda_core::Name::fixed).into(),
        certificate: Fingerprint::from_bytes([5; 32]),
        until: day(until),
        told: Some(told),
    }
}

fn grant() -> Grant {
    let grant = Grant::give(terms("2027-01-01"), day("2026-01-01"), stamp(9)).unwrap();
    let renewed = Terms { told: None, ..terms("2027-06-01") };
    let grant = grant.renew(renewed, day("2026-06-01"), stamp(8)).unwrap();
    assert_eq!(grant.entries()[1].at, stamp(9).at, "a clock that went back holds nobody up");
    grant.revoke(Ground::Certificate, note("It was lost."), stamp(10)).unwrap()
}

fn printed(grant: &Grant) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in grant.entries() {
        let (at, by) = (entry.at.as_micros(), hex(entry.by.as_bytes()));
        match &entry.event {
            Event::Granted(terms) | Event::Renewed(terms) => {
                let step =
                    if matches!(entry.event, Event::Granted(_)) { "granted" } else { "renewed" };
                lines.push(format!("entry: {at} | {by} | {step}"));
                let roles: Vec<_> = terms.roles.iter().map(|role| role.as_str()).collect();
                lines.push(format!("roles: {}", roles.join(" | ")));
                lines.push(format!("certificate: {}", hex(terms.certificate.as_bytes())));
                lines.push(format!("until: {}", terms.until));
                lines.extend(terms.told.as_ref().map(|told| {
                    let at = told.at.as_micros();
                    format!("told: {} | {} | {at}", told.language, hex(&told.digest))
                }));
            }
            Event::Revoked(ground, reason) => {
                lines.push(format!("entry: {at} | {by} | revoked"));
                lines.push(format!("revoked: {} | {}", ground.as_str(), reason.as_text()));
            }
            Event::RanOut => lines.push(format!("entry: {at} | {by} | ran_out")),
        }
    }
    lines
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn lines(case: &Case) -> Vec<String> {
    let said =
        case.lines().filter(|(key, _)| !["format", "about", "expect", "bytes"].contains(key));
    said.map(|(key, values)| format!("{key}: {}", values.join(" | "))).collect()
}

#[test]
fn grants_are_read_and_written_as_the_vectors_have_them() {
    let all = cases("grant");
    assert!(all.len() > 10, "{}", all.len());
    for case in all {
        let bytes = case.hex("bytes");
        match (case.error(), Grant::decode(&bytes)) {
            (None, Ok(grant)) => {
                assert_eq!(grant.encode(), bytes, "{}", case.name);
                assert_eq!(printed(&grant), lines(&case), "{}", case.name);
                for end in 0..bytes.len() {
                    assert!(Grant::decode(&bytes[..end]).is_err(), "{}: {end}", case.name);
                }
            }
            (Some(code), Err(error)) => assert_eq!(error.code(), code, "{}", case.name),
            (None, Err(error)) => panic!("{}: {error}", case.name),
            (Some(code), Ok(_)) => panic!("{}: is read, expected {code}", case.name),
        }
    }
}

#[test]
fn a_grant_that_ended_takes_no_step() {
    let ended = grant();
    assert_eq!(Grant::decode(&ended.encode()).unwrap(), ended);
    let today = day("2026-07-01");
    let again = ended.clone().renew(terms("2027-01-01"), today, stamp(20));
    assert_eq!(code(again), "staff.wrong_step");
    let again = ended.clone().revoke(Ground::Other, note("Again."), stamp(20));
    assert_eq!(code(again), "staff.wrong_step");
    assert_eq!(code(ended.clone().run_out(day("2028-01-01"), stamp(20))), "staff.wrong_step");
    assert!(!format!("{ended:?}").contains("lost"));
}

proptest! {
    #[test]
    fn no_bytes_panic_and_what_is_read_is_written_again(
        at in 0usize..500,
        byte: u8,
        tail in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut bytes = grant().encode();
        if let Some(one) = bytes.get_mut(at) {
            *one = byte;
        } else {
            bytes.extend(&tail);
        }
        if let Ok(read) = Grant::decode(&bytes) {
            prop_assert_eq!(read.encode(), bytes);
        }
    }
}
