//! The stored forms: what is read is written again, and no bytes make it panic.

use proptest::prelude::*;
use tacenda_core::policy::Against;
use tacenda_core::{ActorId, Timestamp};
use tacenda_gdpr::case::Stamp;
use tacenda_gdpr::consent::{Consent, Given, Giver, How, ParentCheck, State};
use tacenda_gdpr::objection::{Decision, Ground, Made, Objection, Overriding, Told, Way};

use crate::support::*;

fn stamp(at: i64) -> Stamp {
    Stamp { at: Timestamp::from_micros(at), by: ActorId::from_bytes([1; 16]) }
}

fn given(version: u64, by: Giver) -> Given {
    Given {
        text: NEWS,
        version,
        language: "en".into(),
        digest: [7; 32],
        how: How::ConfirmedEmail,
        given_at: Timestamp::from_micros(5),
        by,
    }
}

fn consent() -> Consent {
    let consent = Consent::give(NEWS, given(1, Giver::Person), stamp(9)).unwrap();
    let parent = Giver::Parent(ParentCheck::Payment);
    let consent = consent.renew(given(2, parent), stamp(8)).unwrap();
    let both = Giver::Together(ParentCheck::InPerson);
    let consent = consent.renew(given(3, both), stamp(8)).unwrap();
    assert_eq!(consent.entries()[1].at, stamp(9).at, "a clock that went back holds nobody up");
    consent.withdraw(Timestamp::from_micros(10), How::Phone, stamp(10)).unwrap()
}

fn objection() -> Objection {
    let received_at = Timestamp::from_micros(5);
    let made = Made { ground: Ground::Situation, way: Way::Letter, received_at };
    let objection = Objection::make(Against::Purpose(ANALYSIS), made, stamp(9)).unwrap();
    let objection = objection.repeat(Made { way: Way::Phone, ..made }, stamp(9)).unwrap();
    let reasons = Decision::Overruled(Overriding::LegalClaims, note("A claim."));
    let objection = objection.decide(reasons, stamp(11)).unwrap();
    let objection = objection.decide(Decision::Upheld(note("No.")), stamp(12)).unwrap();
    let told = Told { sent_at: received_at, way: Way::Email, remedies: false };
    objection.tell(told, stamp(13)).unwrap().withdraw(stamp(14).at, stamp(14)).unwrap()
}

fn stop() -> Objection {
    let (ground, way) = (Ground::Marketing, Way::Automated);
    let made = Made { ground, way, received_at: Timestamp::from_micros(5) };
    Objection::make(Against::Marketing, made, stamp(9)).unwrap()
}

#[test]
fn an_objection_to_marketing_rests_on_nothing_else() {
    let bytes = stop().encode();
    assert_eq!(Objection::decode(&bytes).unwrap(), stop());
    // The same with the ground of an objection to one purpose.
    let marketing = bytes.windows(9).position(|part| part == b"marketing").unwrap();
    let mut other = bytes;
    other.splice(marketing - 4..marketing + 9, [&[0, 0, 0, 9][..], b"situation"].concat());
    assert_eq!(code(Objection::decode(&other)), "codec.malformed");
}

#[test]
fn no_time_refuses_a_withdrawal() {
    let given_at =
        |micros| Given { given_at: Timestamp::from_micros(micros), ..given(1, Giver::Person) };
    let consent = Consent::give(NEWS, given_at(7), stamp(9)).unwrap();
    let consent = consent.renew(given_at(3), stamp(9)).unwrap();
    assert_eq!(consent.given_at(), Some(Timestamp::from_micros(7)));
    for (said, kept) in [(i64::MIN, i64::MIN), (2, 2), (10, 10), (11, 10), (i64::MAX, 10)] {
        let (said, kept) = (Timestamp::from_micros(said), Timestamp::from_micros(kept));
        let ended = consent.clone().withdraw(said, How::Phone, stamp(10)).unwrap();
        assert_eq!(*ended.state(), State::Withdrawn(kept));
    }
}

#[test]
fn what_is_written_is_read_and_no_part_of_it() {
    let (consent, objection) = (consent(), objection());
    let bytes = consent.encode();
    assert_eq!(Consent::decode(&bytes).unwrap(), consent);
    assert!((0..bytes.len()).all(|end| Consent::decode(&bytes[..end]).is_err()));
    assert!(Objection::decode(&bytes).is_err(), "another domain");
    let bytes = objection.encode();
    assert_eq!(Objection::decode(&bytes).unwrap(), objection);
    assert!((0..bytes.len()).all(|end| Objection::decode(&bytes[..end]).is_err()));
    assert_eq!(consent.clone().end(stamp(20)).unwrap_err().code(), "consent.wrong_step");
    assert_eq!(objection.end(stamp(20)).unwrap_err().code(), "objection.wrong_step");
    assert!(!format!("{consent:?}").contains("A claim"));
}

proptest! {
    #[test]
    fn no_bytes_panic_and_what_is_read_is_written_again(
        at in 0usize..400,
        byte: u8,
        tail in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        for mut bytes in [consent().encode(), objection().encode(), stop().encode()] {
            if let Some(one) = bytes.get_mut(at) {
                *one = byte;
            } else {
                bytes.extend(&tail);
            }
            if let Ok(read) = Consent::decode(&bytes) {
                prop_assert_eq!(read.encode(), bytes.clone());
            }
            if let Ok(read) = Objection::decode(&bytes) {
                prop_assert_eq!(read.encode(), bytes);
            }
        }
    }
}
