use proptest::prelude::*;
use serde_json::json;

use super::*;

const EVERYTHING: fn() -> Kept = || Kept::declared(|_| true);

fn event(kind: &str, object: &Value) -> Vec<u8> {
    json!({
        "id": "evt_1", "object": "event", "type": kind, "created": 1_700_000_000,
        "livemode": true, "data": { "object": object },
    })
    .to_string()
    .into_bytes()
}

fn what(kind: &str, object: &Value, kept: Kept) -> What {
    read(&event(kind, object), kept).unwrap().what
}

fn failed_intent() -> Value {
    json!({
        "id": "pi_1", "object": "payment_intent", "amount": 1999, "currency": "eur",
        "customer": "cus_1", "receipt_email": "ada@example.org",
        "last_payment_error": {
            "code": "card_declined", "decline_code": "insufficient_funds",
            "message": "Your card has insufficient funds.",
            "payment_method": {
                "id": "pm_1", "type": "card",
                "billing_details": { "name": "Ada Lovelace", "email": "ada@example.org" },
                "card": {
                    "brand": "visa", "country": "PL", "exp_month": 8, "exp_year": 2030,
                    "fingerprint": "AOB934RVNwzk6xtn", "last4": "0341",
                },
            },
        },
    })
}

#[test]
fn a_failed_debit_is_found_by_last_four_and_decline_code() {
    let body = event("payment_intent.payment_failed", &failed_intent());
    let kept = Kept::declared(|name| name.as_str() == "decline_code");
    let event = read(&body, kept).unwrap();
    assert_eq!(event.last_four(), Some("0341"));
    assert_eq!(event.decline_code().unwrap().expose(), "insufficient_funds");
    assert!(event.live);
    assert_eq!(event.at, Timestamp::from_micros(1_700_000_000_000_000));
    let What::PaymentFailed(failed) = event.what else { panic!("a failed debit") };
    assert_eq!(failed.debit.expose(), "pi_1");
    assert_eq!(failed.customer.unwrap().expose(), "cus_1");
    assert_eq!(failed.money.unwrap(), Money::new(1999, Currency::parse("EUR").unwrap()).unwrap());
    let Means::Card(card) = failed.means else { panic!("a card") };
    let undeclared = (card.brand, card.expiry, card.country, card.fingerprint);
    assert_eq!(undeclared, (None, None, None, None));
}

#[test]
fn what_the_policy_declares_is_kept() {
    let What::PaymentFailed(failed) =
        what("payment_intent.payment_failed", &failed_intent(), EVERYTHING())
    else {
        panic!("a failed debit")
    };
    let Means::Card(card) = failed.means else { panic!("a card") };
    assert_eq!(card.brand, Some(Brand::Visa));
    assert_eq!(card.expiry, Some(Expiry::parse("08/2030").unwrap()));
    assert_eq!(card.country, Some(Country::parse("PL").unwrap()));
    assert_eq!(card.fingerprint.unwrap().expose(), "AOB934RVNwzk6xtn");
    let What::PaymentFailed(failed) =
        what("payment_intent.payment_failed", &failed_intent(), Kept::NOTHING)
    else {
        panic!("a failed debit")
    };
    assert_eq!(failed.decline, None);
    assert_eq!(failed.means.last_four(), Some("0341"));
}

#[test]
fn a_failed_charge_may_be_of_an_account() {
    let object = json!({
        "id": "py_1", "amount": 500, "currency": "eur", "payment_intent": { "id": "pi_2" },
        "failure_code": "debit_not_authorized", "outcome": { "reason": null },
        "payment_method_details": { "sepa_debit": { "country": "AT", "last4": "3202" } },
    });
    let What::PaymentFailed(failed) = what("charge.failed", &object, EVERYTHING()) else {
        panic!("a failed debit")
    };
    assert_eq!(failed.debit.expose(), "pi_2");
    assert_eq!(failed.means.last_four(), Some("3202"));
    assert_eq!(failed.decline.unwrap().expose(), "debit_not_authorized");
}

#[test]
fn cards_mandates_disputes_and_refunds_are_read() {
    let card = json!({
        "id": "card_1", "customer": "cus_1", "last4": "4242", "exp_month": 1, "exp_year": 2027,
    });
    let kept = Kept::declared(|name| name.as_str() == "card_expiry");
    let What::CardExpiring(card) = what("customer.source.expiring", &card, kept) else {
        panic!("an expiring card")
    };
    assert_eq!(card.card.expiry, Some(Expiry::parse("01/27").unwrap()));

    let mandate = |status| json!({ "id": "mandate_1", "payment_method": "pm_1", "status": status });
    let inactive = what("mandate.updated", &mandate("inactive"), Kept::NOTHING);
    assert!(
        matches!(inactive, What::MandateInactive { mandate, .. } if mandate.expose() == "mandate_1")
    );
    let active = what("mandate.updated", &mandate("active"), Kept::NOTHING);
    assert!(matches!(active, What::Other { .. }));

    for (status, state) in [
        (
            "needs_response",
            DisputeState::NeedsResponse { by: Some(Timestamp::from_micros(9_000_000)) },
        ),
        ("under_review", DisputeState::UnderReview),
        ("won", DisputeState::Won),
        ("lost", DisputeState::Lost),
        ("warning_closed", DisputeState::Closed),
        ("something_new", DisputeState::Unknown),
    ] {
        let object = json!({
            "id": "dp_1", "charge": "ch_1", "payment_intent": null, "amount": 7, "currency": "pln",
            "status": status, "evidence_details": { "due_by": 9 },
        });
        let What::Dispute(dispute) = what("charge.dispute.updated", &object, Kept::NOTHING) else {
            panic!("a dispute")
        };
        assert_eq!((dispute.state, dispute.debit), (state, None));
        assert_eq!(dispute.charge.expose(), "ch_1");
    }
    let refund = json!({ "id": "ch_1", "payment_intent": "pi_1", "amount": 9, "amount_refunded": 4, "currency": "eur" });
    assert!(matches!(
        what("charge.refunded", &refund, Kept::NOTHING),
        What::Refunded { money, .. } if money.minor() == 4
    ));
    let paid = json!({ "id": "pi_1", "amount": 9, "amount_received": 9, "currency": "eur" });
    assert!(matches!(
        what("payment_intent.succeeded", &paid, Kept::NOTHING),
        What::PaymentSucceeded { money, .. } if money.minor() == 9
    ));
}

#[test]
fn a_card_number_gets_no_further() {
    let mut object = failed_intent();
    let number = json!("4242424242424242");
    for path in
        ["/id", "/last_payment_error/decline_code", "/last_payment_error/payment_method/card/last4"]
    {
        *object.pointer_mut(path).unwrap() = number.clone();
    }
    assert!(read(&event("payment_intent.payment_failed", &object), EVERYTHING()).is_err());
    object["id"] = json!("pi_1");
    let What::PaymentFailed(failed) = what("payment_intent.payment_failed", &object, EVERYTHING())
    else {
        panic!("a failed debit")
    };
    // The code beside it still says why; of the card nothing is left.
    assert_eq!(failed.decline.unwrap().expose(), "card_declined");
    assert_eq!(failed.means, Means::Other);
}

#[test]
fn what_is_no_event_is_refused() {
    let good = event("plan.created", &json!({}));
    assert!(
        matches!(read(&good, EVERYTHING()).unwrap().what, What::Other { kind } if kind.as_str() == "plan.created")
    );
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    for bad in [
        b"".as_slice(),
        b"<html>502 Bad Gateway</html>",
        b"[]",
        b"\xff\xfe",
        &good[..good.len() - 1],
        &deep,
        br#"{"object":"charge","id":"ch_1","type":"x","created":1,"livemode":true,"data":{"object":{}}}"#,
        br#"{"object":"event","type":"x","created":1,"livemode":true,"data":{"object":{}}}"#,
        br#"{"object":"event","id":"evt_1","created":1,"livemode":true,"data":{"object":{}}}"#,
        br#"{"object":"event","id":"evt_1","type":"x","created":"1","livemode":true,"data":{"object":{}}}"#,
        br#"{"object":"event","id":"evt_1","type":"x","created":1e300,"livemode":true,"data":{"object":{}}}"#,
        br#"{"object":"event","id":"evt_1","type":"x","created":1,"livemode":true,"data":{"object":[]}}"#,
        &event("charge.dispute.created", &json!({ "id": "dp_1" })),
        &event("payment_intent.succeeded", &json!({ "id": "pi_1", "amount": 5, "currency": "xxx" })),
    ] {
        let text = String::from_utf8_lossy(bad);
        assert!(read(bad, EVERYTHING()).unwrap_err().is(&WEBHOOK_EVENT), "{text}");
    }
}

proptest! {
    #[test]
    fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[{}\\[\\]\",:a-z0-9]{0,80}") {
        let _ = read(&bytes, EVERYTHING());
        let _ = read(text.as_bytes(), EVERYTHING());
    }
}
