//! Stripe's API as PyPI's `localstripe` has it, on this machine: set-up, attachment, debit, a declined
//! debit, refund, and all of it gone. `cargo xtask localstripe` installs and names it.
//!
//! It knows no keys of idempotency and lists no debits by customer; `loopback.rs` and the tests of the
//! client have those.
#![cfg(feature = "stripe")]
#![expect(clippy::expect_used, reason = "a test stops where its server does not work")]

use std::io::{BufRead, BufReader, Lines};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Stdio};

use pollster::block_on;
use tacenda_payments::events::{Kept, Means};
use tacenda_payments::provider::{
    AttachRequest, Currency, DebitRequest, Failure, IdempotencyKey, Money, PaymentProvider,
    Progress, Reference, RefundRequest, Setting, SetupRequest,
};
use tacenda_payments::stripe::http::{Http, HttpRequest, Verb};
use tacenda_payments::stripe::wire::Wire;
use tacenda_payments::stripe::{ApiKey, BaseUrl, Stripe};
use zeroize::Zeroizing;

const KEY: &str = "sk_test_of_a_test";

struct Server {
    child: Child,
    base: BaseUrl,
    /// Held open: the server ends when nobody takes what it prints.
    _said: Lines<BufReader<ChildStdout>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

fn serve() -> Server {
    let python = std::env::var("TACENDA_LOCALSTRIPE").expect("a Python that has localstripe");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let mut child = Command::new(python)
        .args(["-m", "localstripe", "--from-scratch", "--port", &port.to_string()])
        .env("PYTHONUNBUFFERED", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("localstripe starts");
    let mut said = BufReader::new(child.stdout.take().expect("its output")).lines();
    let running = said.any(|line| line.is_ok_and(|line| line.contains("Running on")));
    assert!(running, "localstripe ended before it listened");
    let base = BaseUrl::parse(&format!("http://127.0.0.1:{port}")).expect("an address");
    Server { child, base, _said: said }
}

fn reference(text: &str) -> Reference {
    Reference::parse(text).expect("a reference")
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse(&format!("a-key-of-this-test-{text}")).expect("a key")
}

fn euros(minor: u64) -> Money {
    Money::new(minor, Currency::parse("EUR").expect("a currency")).expect("money")
}

/// What the browser does, past us: a method made of what a customer typed.
fn browser_makes(server: &Server, form: &str) -> Reference {
    let request = HttpRequest {
        verb: Verb::Post,
        url: format!("{}/v1/payment_methods", server.base.as_str()),
        headers: vec![("authorization", Zeroizing::new(format!("Bearer {KEY}")))],
        body: Zeroizing::new(form.to_owned()),
    };
    let answer = block_on(Wire::new().expect("threads").send(request)).expect("an answer");
    let answer: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    reference(answer.pointer("/id").and_then(|id| id.as_str()).expect("an id"))
}

fn card(number: &str) -> String {
    let expiry = "card[exp_month]=12&card[exp_year]=2040&card[cvc]=123";
    format!("type=card&card[number]={number}&{expiry}")
}

fn stripe(server: &Server) -> Stripe<Wire> {
    let key = ApiKey::parse(KEY).expect("a key");
    let kept = Kept::declared(|name| name.as_str() == "decline_code");
    Stripe::new(Wire::new().expect("threads"), server.base.clone(), key, kept)
}

/// A customer with this method.
fn customer(stripe: &Stripe<Wire>, method: &Reference, setting: Setting) -> (Reference, Means) {
    let account = reference("account-1");
    let request = SetupRequest { account, customer: None, setting, key: key("setup") };
    let setup = block_on(stripe.start_setup(&request)).expect("a set-up");
    assert!(setup.secret.expose().starts_with(setup.setup.expose()));
    let customer = setup.customer;
    let request =
        AttachRequest { method: method.clone(), customer: customer.clone(), key: key("attach") };
    let attached = block_on(stripe.attach(&request)).expect("an attachment");
    assert_eq!(attached.method, *method);
    block_on(stripe.cancel_setup(&setup.setup)).expect("a set-up that nobody finishes");
    (customer, attached.means)
}

fn debit(customer: &Reference, method: &Reference, setting: Setting) -> DebitRequest {
    DebitRequest {
        reference: reference("invoice-1"),
        customer: customer.clone(),
        method: method.clone(),
        setting,
        money: euros(1999),
        off_session: true,
        key: key("debit"),
    }
}

#[test]
#[ignore = "needs TACENDA_LOCALSTRIPE"]
fn a_card_is_set_up_debited_refunded_and_gone() {
    let server = serve();
    let stripe = stripe(&server);
    let method = browser_makes(&server, &card("4242424242424242"));
    let (customer, means) = customer(&stripe, &method, Setting::Card);
    assert_eq!(means.last_four(), Some("4242"));
    let Means::Card(shown) = means else { unreachable!("a card") };
    assert_eq!((shown.brand, shown.expiry, shown.fingerprint), (None, None, None));

    let paid = block_on(stripe.debit(&debit(&customer, &method, Setting::Card))).expect("a debit");
    assert_eq!((paid.progress, paid.money), (Progress::Succeeded, euros(1999)));
    let request = RefundRequest { debit: paid.debit, money: euros(999), key: key("refund") };
    let refund = block_on(stripe.refund(&request)).expect("a refund");
    assert_eq!((refund.money, refund.is_done), (euros(999), true));

    for _ in 0..2 {
        block_on(stripe.detach(&method)).expect("a method that is gone");
        block_on(stripe.delete_customer(&customer)).expect("a customer who is gone");
    }
    let late = block_on(stripe.debit(&debit(&customer, &method, Setting::Card)));
    assert_eq!(late.map(|debit| debit.progress), Err(Failure::NotFound));
}

#[test]
#[ignore = "needs TACENDA_LOCALSTRIPE"]
fn a_declined_debit_says_why() {
    let server = serve();
    let stripe = stripe(&server);
    let method = browser_makes(&server, &card("4000000000000341"));
    let (customer, means) = customer(&stripe, &method, Setting::Card);
    assert_eq!(means.last_four(), Some("0341"));
    let failure = block_on(stripe.debit(&debit(&customer, &method, Setting::Card)));
    let failure = failure.map(|debit| debit.progress).expect_err("a declined debit");
    let Failure::Declined { code: Some(code), .. } = failure else { unreachable!("{failure:?}") };
    assert_eq!(code.expose(), "card_declined");
    // This one asks for the customer.
    let method = browser_makes(&server, &card("4000002500003155"));
    let (customer, _) = self::customer(&stripe, &method, Setting::Card);
    let failure = block_on(stripe.debit(&debit(&customer, &method, Setting::Card)));
    let failure = failure.map(|debit| debit.progress).expect_err("a debit that waits");
    assert!(matches!(failure, Failure::NeedsAuthentication { debit: Some(_) }));
}

#[test]
#[ignore = "needs TACENDA_LOCALSTRIPE"]
fn an_account_shows_country_and_last_four() {
    let server = serve();
    let stripe = stripe(&server);
    let form = "type=sepa_debit&sepa_debit[iban]=DE89370400440532013000\
        &billing_details[name]=Ada&billing_details[email]=ada@example.org";
    let method = browser_makes(&server, form);
    let (customer, means) = customer(&stripe, &method, Setting::SepaDebit);
    let Means::Account(tail) = means else { unreachable!("an account") };
    assert_eq!((tail.country(), tail.last_four()), ("DE", "3000"));
    let request = debit(&customer, &method, Setting::SepaDebit);
    let paid = block_on(stripe.debit(&request)).expect("a debit");
    // Stripe itself takes days; this server does not.
    assert_eq!((paid.progress, paid.money), (Progress::Succeeded, euros(1999)));
}

#[test]
#[ignore = "needs TACENDA_LOCALSTRIPE"]
fn a_wrong_key_is_refused() {
    let server = serve();
    let key = ApiKey::parse("no_key_at_all").expect("a key");
    let stripe =
        Stripe::new(Wire::new().expect("threads"), server.base.clone(), key, Kept::NOTHING);
    let refused = block_on(stripe.delete_customer(&reference("cus_1")));
    assert_eq!(refused, Err(Failure::Refused));
}
