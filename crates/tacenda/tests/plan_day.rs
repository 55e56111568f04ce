//! A plan may be confirmed on the day on which it was made, as the controller's calendar has it.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use tacenda::{MasterKeySource, Tacenda, Timestamp, block_on};
use tacenda_core::seal::MasterKey;
use tacenda_testkit::{SeededRng, StepClock};

/// Its time zone is Europe/Paris.
const POLICY: &str = include_str!("../../../examples/glpi-network-cloud/privacy.toml");

fn at(rfc3339: &str) -> Timestamp {
    Timestamp::parse_rfc3339(rfc3339).unwrap()
}

#[test]
fn the_day_of_a_plan_is_local() {
    let clock = Arc::new(StepClock::standing(at("2026-07-01T00:00:00Z")));
    let builder = Tacenda::builder()
        .policy_text(POLICY)
        .master_key(MasterKeySource::Given(MasterKey::generate(&SeededRng::new(3))))
        .clock(clock.clone());
    let tacenda = block_on(builder.open()).unwrap();
    let digest = |time| {
        clock.set(at(time));
        let plan = block_on(tacenda.retention().plan()).unwrap();
        assert!(plan.lines.is_empty() && !plan.clock_in_doubt);
        plan.digest
    };
    // Paris is two hours ahead of UTC in July.
    let first = digest("2026-07-01T21:59:59Z");
    let second = digest("2026-07-01T22:00:00Z");
    assert_ne!(first, second, "midnight in Paris begins another day");
    assert_eq!(second, digest("2026-07-02T00:30:00Z"), "midnight in Greenwich does not");
    assert_ne!(second, digest("2026-07-02T22:00:00Z"));
}
