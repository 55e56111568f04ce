use std::collections::BTreeSet;
use std::sync::Mutex;

use proptest::prelude::*;

use super::*;

/// 2023-11-14T22:13:20Z.
const SIGNED: i64 = 1_700_000_000;
const SECRET: &str = "whsec_for_tests_alone";
const BODY: &str = r#"{"id":"evt_1","object":"event","type":"plan.created","created":1700000000,
    "livemode":false,"data":{"object":{"id":"plan_1"}}}"#;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn endpoint(secrets: &[&str]) -> Webhook {
    Webhook::new(secrets.iter().map(|secret| EndpointSecret::parse(secret).unwrap())).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// HMAC as RFC 2104 writes it, from the hash alone.
fn sign(secret: &str, seconds: i64, body: &[u8]) -> String {
    use sha2::Digest;
    let mut block = [0u8; 64];
    block[..secret.len()].copy_from_slice(secret.as_bytes());
    let pad = |with: u8| block.map(|b| b ^ with);
    let inner = Sha256::new()
        .chain_update(pad(0x36))
        .chain_update(format!("{seconds}."))
        .chain_update(body)
        .finalize();
    hex(&Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize())
}

fn header(secret: &str, seconds: i64, body: &[u8]) -> String {
    format!("t={seconds},v1={}", sign(secret, seconds, body))
}

#[test]
fn a_signature_made_otherwise_is_known() {
    let endpoint = endpoint(&[SECRET]);
    // By Python's hmac module.
    let known = "17f0699c582ad03b61cb6be386ffbbf9b27640d0ef7d9cc71dc7a8cc91fa9b93";
    assert_eq!(sign(SECRET, SIGNED, b"{}"), known);
    let header = format!("t=1700000000,v1={known}");
    assert_eq!(endpoint.verify(&header, b"{}", at(SIGNED)).unwrap(), at(SIGNED));
}

#[test]
fn the_age_is_checked_both_ways() {
    let endpoint = endpoint(&[SECRET]);
    let header = header(SECRET, SIGNED, BODY.as_bytes());
    let verify = |now| endpoint.verify(&header, BODY.as_bytes(), now);
    for passes in [-300, 0, 300] {
        assert!(verify(at(SIGNED + passes)).is_ok(), "{passes}");
    }
    // The end itself still passes, to the last microsecond of its second.
    assert!(verify(Timestamp::from_micros((SIGNED + 301) * 1_000_000 - 1)).is_ok());
    for fails in [-3600, -301, 301, 3600] {
        assert!(verify(at(SIGNED + fails)).unwrap_err().is(&WEBHOOK_TIME), "{fails}");
    }
    for fails in [Timestamp::MIN, Timestamp::MAX] {
        assert!(verify(fails).unwrap_err().is(&WEBHOOK_TIME));
    }
    let strict = self::endpoint(&[SECRET]).tolerance(Span::seconds(10));
    assert!(strict.verify(&header, BODY.as_bytes(), at(SIGNED + 11)).is_err());
    let never = self::endpoint(&[SECRET]).tolerance(Span::seconds(-1));
    assert!(never.verify(&header, BODY.as_bytes(), at(SIGNED + 1)).is_err());
    let any = self::endpoint(&[SECRET]).any_age();
    assert!(any.verify(&header, BODY.as_bytes(), Timestamp::MAX).is_ok());
}

#[test]
fn any_secret_in_force_will_do_and_no_other() {
    let both = endpoint(&["whsec_the_one_before", SECRET]);
    let old = header("whsec_the_one_before", SIGNED, BODY.as_bytes());
    let new = header(SECRET, SIGNED, BODY.as_bytes());
    assert!(both.verify(&old, BODY.as_bytes(), at(SIGNED)).is_ok());
    assert!(both.verify(&new, BODY.as_bytes(), at(SIGNED)).is_ok());
    let after = endpoint(&[SECRET]);
    let error = after.verify(&old, BODY.as_bytes(), at(SIGNED)).unwrap_err();
    assert!(error.is(&WEBHOOK_SIGNATURE));
    // While Stripe changes the secret it signs with both.
    let signature = sign("whsec_the_one_before", SIGNED, BODY.as_bytes());
    for twice in [format!("{new},v1={signature}"), format!("{old},{}", &new[13..])] {
        assert!(after.verify(&twice, BODY.as_bytes(), at(SIGNED)).is_ok(), "{twice}");
    }
    assert!(Webhook::new([]).unwrap_err().is(&WEBHOOK_SECRET));
    let nine = (0..9).map(|_| EndpointSecret::parse(SECRET).unwrap());
    assert!(Webhook::new(nine).unwrap_err().is(&WEBHOOK_SECRET));
    for bad in ["", "whsec_short", "whsec_with a space in it", "whsec_żółw_żółw_żółw"] {
        assert!(EndpointSecret::parse(bad).unwrap_err().is(&WEBHOOK_SECRET), "{bad}");
    }
}

#[test]
fn a_header_that_is_none_is_refused() {
    let endpoint = endpoint(&[SECRET]).any_age();
    let good = sign(SECRET, SIGNED, b"{}");
    let long = format!("t={SIGNED},v1={good},x={}", "x".repeat(MAX_HEADER));
    let many = format!("t={SIGNED}{}", format!(",v1={good}").repeat(MAX_SIGNATURES + 1));
    for bad in [
        "",
        "t=",
        &format!("v1={good}"),
        &format!("t={SIGNED}"),
        &format!("t={SIGNED},v0={good}"),
        &format!("t=+{SIGNED},v1={good}"),
        &format!("t= {SIGNED},v1={good}"),
        &format!("t=-1,v1={good}"),
        &format!("t={SIGNED},t={SIGNED},v1={good}"),
        &format!("t=9999999999999,v1={good}"),
        &format!("T={SIGNED},V1={good}"),
        &long,
        &many,
    ] {
        assert!(endpoint.verify(bad, b"{}", at(SIGNED)).unwrap_err().is(&WEBHOOK_HEADER), "{bad}");
    }
    for bad in ["", "zz", &good[1..], &format!("{good}00"), &good.replace(['a', 'b'], "é")] {
        let header = format!("t={SIGNED},v1={bad}");
        let error = endpoint.verify(&header, b"{}", at(SIGNED)).unwrap_err();
        assert!(error.is(&WEBHOOK_SIGNATURE), "{bad}");
    }
    // A leading zero is another signed text, and passes only if that was signed.
    let zero = format!("t=0{SIGNED},v1={good}");
    assert!(endpoint.verify(&zero, b"{}", at(SIGNED)).is_err());
}

#[test]
fn a_body_of_100_megabytes_is_refused_unread() {
    let endpoint = endpoint(&[SECRET]);
    let body = vec![b' '; 100_000_000];
    // The header is no header at all: the body is refused before it.
    let error = endpoint.verify("", &body, at(SIGNED)).unwrap_err();
    assert!(error.is(&WEBHOOK_TOO_LARGE));
    let limit = self::endpoint(&[SECRET]).max_body(2);
    assert!(limit.verify(&header(SECRET, SIGNED, b"{}"), b"{}", at(SIGNED)).is_ok());
    let error = limit.verify(&header(SECRET, SIGNED, b"{ }"), b"{ }", at(SIGNED)).unwrap_err();
    assert!(error.is(&WEBHOOK_TOO_LARGE));
}

#[derive(Default)]
struct Memory(Mutex<BTreeSet<EventId>>);

#[async_trait]
impl SeenEvents for Memory {
    async fn remember(&self, id: &EventId, _: Timestamp) -> Result<bool> {
        Ok(self.0.lock().unwrap().insert(id.clone()))
    }

    async fn forget(&self, id: &EventId) -> Result<()> {
        self.0.lock().unwrap().remove(id);
        Ok(())
    }
}

#[test]
fn an_event_is_taken_once() {
    let (endpoint, seen) = (endpoint(&[SECRET]), Memory::default());
    let accept = |seconds: i64| {
        // Delivered again, it has another signature.
        let header = header(SECRET, seconds, BODY.as_bytes());
        let now = at(seconds);
        pollster::block_on(endpoint.accept(&header, BODY.as_bytes(), Kept::NOTHING, now, &seen))
    };
    let event = accept(SIGNED).unwrap();
    assert_eq!(event.id.expose(), "evt_1");
    assert!(accept(SIGNED).unwrap_err().is(&WEBHOOK_REPLAYED));
    assert!(accept(SIGNED + 3600).unwrap_err().is(&WEBHOOK_REPLAYED));
    pollster::block_on(seen.forget(&event.id)).unwrap();
    assert!(accept(SIGNED + 7200).is_ok());
    // What was not signed leaves no id behind.
    let forged = header("whsec_another_secret", SIGNED, BODY.as_bytes());
    let other = Memory::default();
    let kept = Kept::NOTHING;
    let refused = endpoint.accept(&forged, BODY.as_bytes(), kept, at(SIGNED), &other);
    assert!(pollster::block_on(refused).unwrap_err().is(&WEBHOOK_SIGNATURE));
    assert!(other.0.lock().unwrap().is_empty());
}

#[test]
fn ids_are_kept_as_long_as_they_can_come_again() {
    let now = at(SIGNED);
    assert_eq!(endpoint(&[SECRET]).remembered_until(now), now.plus(Span::days(4)));
    let slow = endpoint(&[SECRET]).tolerance(Span::days(3));
    assert_eq!(slow.remembered_until(now), now.plus(Span::days(6)));
    assert_eq!(endpoint(&[SECRET]).any_age().remembered_until(now), Timestamp::MAX);
}

#[test]
fn nothing_prints_a_secret() {
    let printed = format!("{:?} {:?}", EndpointSecret::parse(SECRET).unwrap(), endpoint(&[SECRET]));
    assert!(!printed.contains("tests"), "{printed}");
}

proptest! {
    #[test]
    fn a_body_changed_by_one_bit_is_refused(
        body in prop::collection::vec(any::<u8>(), 1..300), at_bit: prop::sample::Index, seconds in 0i64..4_000_000_000,
    ) {
        let endpoint = endpoint(&[SECRET]);
        let header = header(SECRET, seconds, &body);
        prop_assert!(endpoint.verify(&header, &body, at(seconds)).is_ok());
        let mut changed = body.clone();
        let bit = at_bit.index(body.len() * 8);
        changed[bit / 8] ^= 1 << (bit % 8);
        let error = endpoint.verify(&header, &changed, at(seconds)).unwrap_err();
        prop_assert!(error.is(&WEBHOOK_SIGNATURE));
    }

    #[test]
    fn never_panics(
        header in "\\PC{0,80}", near in "t=[0-9]{0,14}(,v[01]=[0-9a-f]{0,66}){0,3}",
        body in prop::collection::vec(any::<u8>(), 0..100), now: i64,
    ) {
        let endpoint = endpoint(&[SECRET]);
        for header in [header, near] {
            prop_assert!(endpoint.verify(&header, &body, Timestamp::from_micros(now)).is_err());
        }
    }
}
