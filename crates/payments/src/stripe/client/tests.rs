use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use pollster::block_on;
use serde_json::json;

use super::*;
use crate::provider::{Currency, DeclineCode, IdempotencyKey, Money};
use crate::stripe::http::{HttpAnswer, HttpFault};

type Said = Result<HttpAnswer, HttpFault>;

/// Answers one after the other, and keeps what was asked.
#[derive(Debug, Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<Said>>>,
    asked: Arc<Mutex<Vec<HttpRequest>>>,
    paused: Arc<Mutex<Vec<Span>>>,
}

#[async_trait]
impl Http for Script {
    async fn send(&self, request: HttpRequest) -> Said {
        self.asked.lock().unwrap().push(request);
        self.answers.lock().unwrap().pop_front().expect("an answer for every call")
    }

    async fn pause(&self, span: Span) {
        self.paused.lock().unwrap().push(span);
    }
}

fn says(status: u16, body: &Value) -> Said {
    Ok(HttpAnswer { status, should_retry: None, body: body.to_string().into_bytes() })
}

fn html(status: u16) -> Said {
    let body = b"<html><body>Bad Gateway</body></html>".to_vec();
    Ok(HttpAnswer { status, should_retry: None, body })
}

fn stripe(answers: impl IntoIterator<Item = Said>) -> (Stripe<Script>, Script) {
    let script = Script::default();
    script.answers.lock().unwrap().extend(answers);
    let key = ApiKey::parse("sk_test_of_a_test").unwrap();
    let kept = Kept::declared(|name| name.as_str() == "decline_code");
    (Stripe::new(script.clone(), BaseUrl::stripe(), key, kept), script)
}

fn reference(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

fn request() -> DebitRequest {
    DebitRequest {
        reference: reference("invoice-7"),
        customer: reference("cus_1"),
        method: reference("pm_1"),
        setting: Setting::Card,
        money: Money::new(1999, Currency::parse("EUR").unwrap()).unwrap(),
        off_session: true,
        key: IdempotencyKey::parse("a-key-of-this-test").unwrap(),
    }
}

fn intent(status: &str) -> Value {
    json!({
        "id": "pi_1", "object": "payment_intent", "amount": 1999, "currency": "eur",
        "status": status, "metadata": { "reference": "invoice-7" },
    })
}

fn error(kind: &str, code: &str, declined: &str) -> Value {
    json!({ "error": {
        "type": kind, "code": code, "decline_code": declined, "message": "Your card …",
        "payment_intent": { "id": "pi_1", "receipt_email": "ada@example.org" },
    } })
}

/// The outcome of a debit after these answers, and how many calls were made.
fn debited(answers: impl IntoIterator<Item = Said>) -> (Result<Debit, Failure>, usize) {
    let (stripe, script) = stripe(answers);
    let outcome = block_on(stripe.debit(&request()));
    let asked = script.asked.lock().unwrap();
    let header = |call: &HttpRequest| {
        let found = call.headers.iter().find(|(name, _)| *name == "idempotency-key");
        found.unwrap().1.to_string()
    };
    assert!(asked.iter().all(|call| header(call) == "a-key-of-this-test"));
    assert!(asked.iter().all(|call| call.body == asked[0].body));
    assert!(script.answers.lock().unwrap().is_empty());
    (outcome, asked.len())
}

#[test]
fn a_debit_is_asked_for_in_minor_units_and_by_token() {
    let (stripe, script) = stripe([says(200, &intent("succeeded"))]);
    let debit = block_on(stripe.debit(&request())).unwrap();
    assert_eq!((debit.debit.expose(), debit.progress), ("pi_1", Progress::Succeeded));
    let asked = script.asked.lock().unwrap();
    assert_eq!(asked[0].url, "https://api.stripe.com/v1/payment_intents");
    assert_eq!(
        asked[0].body.as_str(),
        "amount=1999&currency=eur&customer=cus_1&payment_method=pm_1&\
         payment_method_types%5B0%5D=card&off_session=true&confirm=true&\
         metadata%5Breference%5D=invoice-7"
    );
    assert!(!format!("{:?}", asked[0]).contains("cus_1"));
    assert!(!format!("{stripe:?}").contains("sk_test"));
}

#[test]
fn classes_of_errors_are_kept() {
    let declined = error("card_error", "card_declined", "insufficient_funds");
    let code = DeclineCode::parse("insufficient_funds").ok();
    let debit = Some(reference("pi_1"));
    let no = Failure::Declined { debit: debit.clone(), code };
    let asks = Failure::NeedsAuthentication { debit };
    for (answer, expected) in [
        (says(402, &declined), no),
        (says(402, &error("card_error", "authentication_required", "")), asks.clone()),
        (says(402, &error("card_error", "card_declined", "authentication_required")), asks.clone()),
        (says(200, &intent("requires_action")), asks),
        (says(400, &error("idempotency_error", "", "")), Failure::KeyReused),
        (says(400, &error("invalid_request_error", "resource_missing", "")), Failure::NotFound),
        (says(404, &error("invalid_request_error", "", "")), Failure::NotFound),
        (says(400, &error("invalid_request_error", "parameter_unknown", "")), Failure::Refused),
        (says(401, &error("invalid_request_error", "", "")), Failure::Refused),
        (says(302, &json!({})), Failure::Refused),
        (html(404), Failure::Refused),
    ] {
        assert_eq!(debited([answer]), (Err(expected), 1));
    }
    let nothing = stripe([says(402, &declined)]);
    let nothing = Stripe { kept: Kept::NOTHING, ..nothing.0 };
    let failure = block_on(nothing.debit(&request())).unwrap_err();
    assert!(matches!(failure, Failure::Declined { code: None, .. }));
}

#[test]
fn what_may_have_happened_is_never_called_temporary() {
    let lost = || Err(HttpFault::Lost);
    let busy = || says(429, &error("rate_limit", "", ""));
    let off = || Err(HttpFault::NotSent);
    let unknown = Err(Failure::UnknownOutcome);
    assert_eq!(debited([lost(), lost(), lost()]), (unknown.clone(), 3));
    assert_eq!(debited([lost(), busy(), busy()]), (unknown.clone(), 3));
    assert_eq!(debited([html(502), off(), off()]), (unknown.clone(), 3));
    assert_eq!(debited([lost(), says(401, &json!({}))]), (unknown.clone(), 2));
    assert_eq!(debited([html(200), html(200), html(200)]), (unknown.clone(), 3));
    assert_eq!(debited([says(409, &json!({})), off(), off()]), (unknown, 3));
    assert_eq!(debited([off(), off(), off()]), (Err(Failure::Temporary), 3));
    assert_eq!(debited([off(), off(), busy()]), (Err(Failure::RateLimited), 3));
    // The next try finds out, with the same key.
    let (found, calls) = debited([lost(), says(200, &intent("processing"))]);
    assert_eq!((found.unwrap().progress, calls), (Progress::Processing, 2));
    let stop = Ok(HttpAnswer { status: 500, should_retry: Some(false), body: b"{}".to_vec() });
    assert_eq!(debited([stop]), (Err(Failure::UnknownOutcome), 1));
}

#[test]
fn an_answer_to_something_else_is_no_answer() {
    for (path, value) in [
        ("/amount", json!(1998)),
        ("/currency", json!("usd")),
        ("/metadata/reference", json!("invoice-8")),
        ("/id", json!("4242424242424242")),
        ("/object", json!("charge")),
        ("/status", json!("something_new")),
    ] {
        let mut answer = intent("succeeded");
        *answer.pointer_mut(path).unwrap() = value;
        let (outcome, calls) = debited([says(200, &answer)]);
        assert_eq!((outcome, calls), (Err(Failure::UnknownOutcome), 1), "{path}");
    }
}

#[test]
fn tries_lie_further_and_further_apart() {
    let (stripe, script) = stripe([Err(HttpFault::NotSent), Err(HttpFault::NotSent), html(503)]);
    assert_eq!(block_on(stripe.get("/v1/x")), Err(Failure::Temporary));
    assert_eq!(*script.paused.lock().unwrap(), [Span::micros(500_000), Span::seconds(1)]);
}

#[test]
fn what_is_gone_is_gone() {
    let missing = || says(404, &error("invalid_request_error", "resource_missing", ""));
    let deleted = says(200, &json!({ "id": "cus_1", "object": "customer", "deleted": true }));
    let refused = || says(400, &error("invalid_request_error", "", ""));
    let customer = reference("cus_1");
    for (answer, expected) in [
        (deleted, Ok(())),
        (missing(), Ok(())),
        (says(200, &json!({ "id": "cus_1", "object": "customer" })), Err(Failure::UnknownOutcome)),
        (refused(), Err(Failure::Refused)),
    ] {
        let (stripe, script) = stripe([answer]);
        assert_eq!(block_on(stripe.delete_customer(&customer)), expected);
        assert_eq!(script.asked.lock().unwrap()[0].verb, Verb::Delete);
    }
    let method = reference("pm_1");
    for (answers, expected) in [
        (vec![says(200, &json!({ "id": "pm_1", "object": "payment_method" }))], Ok(())),
        (vec![missing()], Ok(())),
        (vec![refused(), says(200, &json!({ "id": "pm_1", "customer": null }))], Ok(())),
        (
            vec![refused(), says(200, &json!({ "id": "pm_1", "customer": "cus_1" }))],
            Err(Failure::Refused),
        ),
    ] {
        assert_eq!(block_on(stripe(answers).0.detach(&method)), expected);
    }
    let setup = reference("seti_1");
    let canceled = vec![refused(), says(200, &json!({ "status": "canceled" }))];
    assert_eq!(block_on(stripe(canceled).0.cancel_setup(&setup)), Ok(()));
    let finished = vec![refused(), says(200, &json!({ "status": "succeeded" }))];
    assert_eq!(block_on(stripe(finished).0.cancel_setup(&setup)), Err(Failure::Refused));
}

#[test]
fn a_list_is_read_to_its_end_or_not_at_all() {
    let page = |more: bool, id: &str, name: &str| {
        let mut intent = intent("succeeded");
        intent["id"] = json!(id);
        intent["metadata"]["reference"] = json!(name);
        says(200, &json!({ "object": "list", "has_more": more, "data": [intent] }))
    };
    let pages = [page(true, "pi_2", "invoice-8"), page(false, "pi_1", "invoice-7")];
    let (both, script) = stripe(pages);
    let (customer, ours) = (reference("cus_1"), reference("invoice-7"));
    let found = block_on(both.list(&customer, &ours)).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].debit.expose(), "pi_1");
    assert!(script.asked.lock().unwrap()[1].url.ends_with("&starting_after=pi_2"));
    let broken = [page(true, "pi_1", "invoice-7"), says(401, &json!({}))];
    assert_eq!(block_on(stripe(broken).0.list(&customer, &ours)), Err(Failure::Refused));
    let endless = (0..PAGES).map(|_| page(true, "pi_1", "invoice-7"));
    assert_eq!(block_on(stripe(endless).0.list(&customer, &ours)), Err(Failure::Temporary));
}
