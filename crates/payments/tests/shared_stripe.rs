//! Webhooks and objects of Stripe on reference data that is not part of the repository.
#![expect(clippy::expect_used, reason = "a test stops where its data is not what it should be")]

use std::path::PathBuf;

use serde_json::{Value, json};
use tacenda_core::clock::{Span, Timestamp};
use tacenda_payments::events::{Kept, What};
use tacenda_payments::stripe::{EndpointSecret, Webhook, event};

fn shared(path: &str) -> PathBuf {
    let root = std::env::var("TACENDA_SHARED").expect("TACENDA_SHARED names the shared folder");
    PathBuf::from(root).join("data/reference/stripe").join(path)
}

fn json_of(path: &PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("the file is there")).expect("JSON")
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn every_webhook_of_the_reference_gets_its_verdict() {
    let vectors = json_of(&shared("webhook_vectors.json"));
    let vectors = vectors["vectors"].as_array().expect("a list of vectors");
    assert_eq!(vectors.len(), 15);
    for vector in vectors {
        let text = |name: &str| vector[name].as_str().expect("text");
        let seconds = |name: &str| vector[name].as_i64();
        let secret = EndpointSecret::parse(text("secret")).expect("a secret");
        let endpoint = Webhook::new([secret]).expect("an endpoint");
        let endpoint = match seconds("tolerance_s") {
            Some(tolerance) => endpoint.tolerance(Span::seconds(tolerance)),
            None => endpoint.any_age(),
        };
        let now = Timestamp::from_micros(seconds("now").expect("a time") * 1_000_000);
        let verdict = endpoint.verify(text("header"), text("payload").as_bytes(), now);
        // Where the row leaves it open (signed an hour ahead), ours is the strict side.
        let expected = vector["valid"].as_bool().unwrap_or(false);
        assert_eq!(verdict.is_ok(), expected, "{}", text("name"));
    }
}

/// Every object that Stripe documents, as it comes: read as any event, it gives a typed event or a
/// refusal, and nothing of a person.
#[test]
#[ignore = "needs TACENDA_SHARED"]
fn every_fixture_is_read_and_leaves_nothing_of_a_person() {
    let folder = std::fs::read_dir(shared("fixtures")).expect("the folder is there");
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    assert_eq!(files.len(), 27);
    let kinds = [
        "payment_intent.succeeded",
        "payment_intent.payment_failed",
        "charge.failed",
        "charge.refunded",
        "customer.source.expiring",
        "mandate.updated",
        "charge.dispute.created",
        "plan.created",
    ];
    let mut typed = Vec::new();
    for file in &files {
        let object = json_of(file);
        let name = file.file_stem().and_then(|name| name.to_str()).expect("a name");
        for kind in kinds {
            let body = json!({
                "id": "evt_1", "object": "event", "type": kind, "created": 1_700_000_000,
                "livemode": false, "data": { "object": object },
            });
            let read = event::read(body.to_string().as_bytes(), Kept::declared(|_| true));
            let printed = format!("{read:?}");
            for person in ["Jenny", "jenny", "Fake Street", "94102", "15555555555", "4242"] {
                assert!(!printed.contains(person), "{name} as {kind}");
            }
            if let Ok(event) = read
                && !matches!(event.what, What::Other { .. })
            {
                typed.push(format!("{name} {kind}"));
            }
        }
    }
    for expected in [
        "charge charge.failed",
        "payment_intent payment_intent.payment_failed",
        "card customer.source.expiring",
        "dispute charge.dispute.created",
    ] {
        assert!(typed.iter().any(|t| t == expected), "{expected} of {typed:?}");
    }
}

#[test]
#[ignore = "needs TACENDA_SHARED"]
fn objects_of_stripe_become_the_events_that_the_policy_cares_for() {
    let read = |file: &str, kind: &str, change: &dyn Fn(&mut Value)| {
        let mut object = json_of(&shared("fixtures").join(file));
        change(&mut object);
        let body = json!({
            "id": "evt_1", "object": "event", "type": kind, "created": 1_700_000_000,
            "livemode": false, "data": { "object": object },
        });
        event::read(body.to_string().as_bytes(), Kept::declared(|_| true)).expect("an event")
    };
    let failed = read("charge.json", "charge.failed", &|charge| {
        charge["failure_code"] = json!("card_declined");
    });
    assert_eq!(failed.last_four(), Some("4242"));
    assert_eq!(failed.decline_code().map(|code| code.expose()), Some("card_declined"));
    let expiring = read("card.json", "customer.source.expiring", &|_| {});
    assert_eq!(expiring.last_four(), Some("4242"));
    let ended = read("mandate.json", "mandate.updated", &|m| m["status"] = json!("inactive"));
    let What::MandateInactive { mandate, .. } = ended.what else { panic!("an ended mandate") };
    assert_eq!(mandate.expose(), "mandate_1Pgc78B7WZ01zgkW9EfgTVki");
    let active = read("mandate.json", "mandate.updated", &|_| {});
    assert!(matches!(active.what, What::Other { .. }));
    let disputed = read("dispute.json", "charge.dispute.created", &|_| {});
    let What::Dispute(dispute) = disputed.what else { panic!("a dispute") };
    assert_eq!((dispute.money.minor(), dispute.money.currency().code()), (1000, "USD"));
    // The event of Stripe's own set, with an object that nothing here acts on.
    let event = std::fs::read(shared("fixtures/event.json")).expect("the file is there");
    let event = event::read(&event, Kept::NOTHING).expect("an event");
    assert!(matches!(event.what, What::Other { kind } if kind.as_str() == "plan.created"));
}
