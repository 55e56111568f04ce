//! Stripe over real sockets, against a server on this machine that answers late, twice, with HTML, with
//! too much, or never.
#![cfg(feature = "stripe")]
#![expect(clippy::expect_used, reason = "a test stops where its server does not work")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tacenda_payments::events::Kept;
use tacenda_payments::provider::{
    Currency, Debit, DebitRequest, Failure, IdempotencyKey, Money, PaymentProvider, Progress,
    Reference, Setting,
};
use tacenda_payments::stripe::wire::{Patience, Wire};
use tacenda_payments::stripe::{ApiKey, BaseUrl, Stripe};

const PAID: &str = r#"{"id":"pi_1","object":"payment_intent","amount":1999,"currency":"eur",
    "status":"succeeded","metadata":{"reference":"invoice-7"}}"#;

/// What the server does with one connection.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// Answers.
    Pays,
    /// Answers twice, and stays.
    PaysTwice,
    /// Takes the call, answers nothing until the test is over.
    Never,
    /// Takes the call, and goes.
    Goes,
    /// Answers when the next connection has come.
    Late,
    /// A page of something in between.
    Html(u16),
    /// 100 MB, which it announces.
    Large,
    /// A body without end or length.
    Endless,
    /// Half of an answer.
    Half,
    /// What is no HTTP.
    Garbage,
    /// Sends the caller elsewhere.
    Elsewhere,
}

/// A server; it says what each call was, headers and body.
fn serve(acts: &[Act]) -> (BaseUrl, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (calls, receiver) = channel();
    let acts = acts.to_vec();
    thread::spawn(move || {
        let open = Arc::new(Mutex::new(Vec::new()));
        let mut late: Option<Sender<()>> = None;
        for act in acts {
            let Ok((stream, _)) = listener.accept() else { return };
            if let Some(late) = late.take() {
                let _gone = late.send(());
            }
            let (wake, woken) = channel();
            late = matches!(act, Act::Late).then_some(wake);
            let (calls, open) = (calls.clone(), Arc::clone(&open));
            thread::spawn(move || {
                let mut stream = stream;
                let _gone = calls.send(read(&mut stream));
                // The caller may have gone, and then hears nothing.
                let _gone = answer(&mut stream, act, &woken);
                if matches!(act, Act::Never | Act::PaysTwice) {
                    open.lock().expect("no thread panics").push(stream);
                }
            });
        }
        // Kept until the process ends: what never answers does not hang up either.
        std::mem::forget(open);
    });
    (BaseUrl::parse(&format!("http://127.0.0.1:{port}")).expect("an address"), receiver)
}

fn read(stream: &mut TcpStream) -> String {
    let (mut call, mut piece) = (Vec::new(), [0u8; 4096]);
    loop {
        let text = String::from_utf8_lossy(&call);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
            });
            if body.len() >= length.unwrap_or(0) {
                return text.into_owned();
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return String::from_utf8_lossy(&call).into_owned(),
            Ok(n) => call.extend(piece.iter().take(n)),
        }
    }
}

fn answer(stream: &mut TcpStream, act: Act, woken: &Receiver<()>) -> std::io::Result<()> {
    let ok = |body: &str, length: usize| {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    };
    let paid = ok(PAID, PAID.len());
    match act {
        Act::Pays => stream.write_all(paid.as_bytes()),
        Act::PaysTwice => stream.write_all(paid.repeat(2).as_bytes()),
        Act::Never | Act::Goes => Ok(()),
        Act::Late => {
            let _over = woken.recv();
            stream.write_all(paid.as_bytes())
        }
        Act::Html(status) => {
            let page = "<html><body>Bad Gateway</body></html>";
            let head = format!("HTTP/1.1 {status} X\r\nContent-Type: text/html\r\n");
            write!(stream, "{head}Content-Length: {}\r\n\r\n{page}", page.len())
        }
        Act::Large => {
            stream.write_all(ok("", 100_000_000).as_bytes())?;
            (0..1000).try_for_each(|_| stream.write_all(&[b' '; 100_000]))
        }
        Act::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            loop {
                stream.write_all(&[b' '; 100_000])?;
            }
        }
        Act::Half => stream.write_all(ok(PAID, PAID.len() * 2).as_bytes()),
        Act::Garbage => stream.write_all(b"4242424242424242\r\n\r\n"),
        Act::Elsewhere => stream.write_all(
            b"HTTP/1.1 307 X\r\nLocation: https://example.org/\r\nContent-Length: 0\r\n\r\n",
        ),
    }
}

fn debit(stripe: &Stripe<Wire>) -> Result<Debit, Failure> {
    let reference = |text| Reference::parse(text).expect("a reference");
    let request = DebitRequest {
        reference: reference("invoice-7"),
        customer: reference("cus_1"),
        method: reference("pm_1"),
        setting: Setting::Card,
        money: Money::new(1999, Currency::parse("EUR").expect("a currency")).expect("money"),
        off_session: true,
        key: IdempotencyKey::parse("a-key-of-this-test").expect("a key"),
    };
    pollster::block_on(stripe.debit(&request))
}

fn stripe(base: BaseUrl) -> Stripe<Wire> {
    let patience = Patience {
        call: Duration::from_millis(700),
        connect: Duration::from_millis(500),
        ..Patience::default()
    };
    let key = ApiKey::parse("sk_test_of_a_test").expect("a key");
    Stripe::new(Wire::with(patience).expect("threads"), base, key, Kept::NOTHING)
}

/// What a debit comes to, and what the server was asked.
fn outcome(acts: &[Act]) -> (Result<Progress, Failure>, Vec<String>) {
    let (base, calls) = serve(acts);
    let outcome = debit(&stripe(base)).map(|debit| debit.progress);
    let mut asked = Vec::new();
    while let Ok(call) = calls.recv_timeout(Duration::from_millis(200)) {
        asked.push(call);
    }
    (outcome, asked)
}

#[test]
fn a_call_says_who_calls_and_carries_its_key() {
    let (outcome, asked) = outcome(&[Act::Pays]);
    assert_eq!(outcome, Ok(Progress::Succeeded));
    let call = asked.first().expect("a call");
    let lower = call.to_ascii_lowercase();
    assert!(call.starts_with("POST /v1/payment_intents HTTP/1.1\r\n"), "{call}");
    for part in [
        "authorization: bearer sk_test_of_a_test\r\n",
        "idempotency-key: a-key-of-this-test\r\n",
        "content-type: application/x-www-form-urlencoded\r\n",
        "stripe-version: ",
        "amount=1999&currency=eur&customer=cus_1&",
    ] {
        assert!(lower.contains(part), "{part} in {call}");
    }
}

#[test]
fn whatever_comes_back_the_next_try_has_the_same_key_and_finds_out() {
    for act in [
        Act::Never,
        Act::Goes,
        Act::Late,
        Act::Html(200),
        Act::Html(502),
        Act::Large,
        Act::Endless,
        Act::Half,
        Act::Garbage,
    ] {
        let (outcome, asked) = outcome(&[act, Act::Pays]);
        assert_eq!(outcome, Ok(Progress::Succeeded), "{act:?}");
        assert_eq!(asked.len(), 2, "{act:?}");
        assert!(asked.iter().all(|call| call.contains("a-key-of-this-test")), "{act:?}");
    }
}

#[test]
fn three_times_nothing_is_an_unknown_outcome() {
    for act in [Act::Goes, Act::Html(200), Act::Half, Act::Garbage] {
        let (outcome, asked) = outcome(&[act; 3]);
        assert_eq!((outcome, asked.len()), (Err(Failure::UnknownOutcome), 3), "{act:?}");
    }
}

#[test]
fn an_answer_that_comes_twice_is_not_taken_for_the_next() {
    let (base, calls) = serve(&[Act::PaysTwice, Act::Html(502), Act::Html(502), Act::Html(502)]);
    let stripe = stripe(base);
    assert_eq!(debit(&stripe).map(|debit| debit.progress), Ok(Progress::Succeeded));
    assert_eq!(debit(&stripe), Err(Failure::UnknownOutcome));
    assert_eq!(calls.iter().take(4).count(), 4);
}

#[test]
fn a_secret_key_is_not_carried_elsewhere() {
    let (outcome, asked) = outcome(&[Act::Elsewhere]);
    assert_eq!((outcome, asked.len()), (Err(Failure::Refused), 1));
}

#[test]
fn where_nobody_listens_nothing_happened() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let base = BaseUrl::parse(&format!("http://127.0.0.1:{port}")).expect("an address");
    assert_eq!(debit(&stripe(base)), Err(Failure::Temporary));
}
