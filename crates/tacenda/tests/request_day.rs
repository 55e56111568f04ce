//! The days of a request are those of the controller: its zone, and the holidays of its country.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use tacenda::gdpr::requests::{Arrival, Channel, Event, Requester, Right, Scope, Whom};
use tacenda::{Actor, ActorId, MasterKeySource, Name, Tacenda, Timestamp, block_on};
use tacenda_core::calendar::{Region, WorkingDays};
use tacenda_core::seal::MasterKey;
use tacenda_testkit::{SeededRng, StepClock};

/// Its time zone is Europe/Paris, and its country France.
const POLICY: &str = include_str!("../../../examples/glpi-network-cloud/privacy.toml");

fn due(t: &Tacenda, received: &str, working: Option<&str>) -> String {
    let me = Actor::staff(ActorId::from_bytes([1; 16]), Name::fixed("dpo"));
    let arrival = Arrival {
        id: None,
        whom: Whom::Unknown,
        right: Right::Access,
        requester: Requester::Subject,
        channel: Channel::Letter,
        scope: Scope::ALL,
        purpose: None,
        received_at: Timestamp::parse_rfc3339(received).unwrap(),
        reply_to: None,
        words: None,
    };
    let requests = t.requests().unwrap();
    let requests = match working.map(|code| Region::parse(code).unwrap()) {
        Some(region) => requests.with_working_days(WorkingDays::of(region)),
        None => requests,
    };
    let at = block_on(sendable(requests.receive(arrival, &me))).unwrap();
    block_on(sendable(requests.step(&at.key, Event::Withdrawn(t.vault().now()), &me))).unwrap();
    at.due.to_string()
}

/// A runtime with many threads can run it.
const fn sendable<T: Send>(future: T) -> T {
    future
}

#[test]
fn a_request_is_due_by_the_days_of_the_controller() {
    let now = Timestamp::parse_rfc3339("2026-07-01T00:00:00Z").unwrap();
    let builder = Tacenda::builder()
        .policy_text(POLICY)
        .master_key(MasterKeySource::Given(MasterKey::generate(&SeededRng::new(3))))
        .clock(Arc::new(StepClock::standing(now)));
    let t = block_on(builder.open()).unwrap();
    // Paris is two hours ahead of UTC in June: it was the 15th, or the 16th already.
    assert_eq!(due(&t, "2026-06-15T21:59:59Z", None), "2026-07-15");
    assert_eq!(due(&t, "2026-06-15T22:00:00Z", None), "2026-07-16");
    // The 14th of July is a holiday in France, and none in Germany.
    assert_eq!(due(&t, "2026-06-14T12:00:00Z", None), "2026-07-15");
    assert_eq!(due(&t, "2026-06-14T12:00:00Z", Some("DE")), "2026-07-14");
}
