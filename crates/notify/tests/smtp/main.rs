//! Letters to mail servers on this machine, good ones and bad ones.
#![cfg(feature = "smtp")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod sink;

use std::collections::BTreeMap;
use std::time::Duration;

use pollster::block_on as wait;
use sink::{Act, Sink, coded};
use tacenda_core::clock::Span;
use tacenda_core::outbox::{self, Message, Settled, Values};
use tacenda_core::vault::Vault;
use tacenda_core::{Name, Result, RowId, Timestamp};
use tacenda_notify::smtp::{
    LATER, LOST, Login, NO_LOGIN, NO_TLS, NOT_SMTP, Patience, REFUSED, Relay, Security,
    SmtpTransport, UNREACHABLE, UNWILLING,
};
use tacenda_notify::{Address, Desk, Letter, Sender, Text, Transport, drain};
use tacenda_testkit::world::{World, request, staff};

fn sender() -> Sender {
    Sender::new("Example Ltd", Address::parse("letters@example.org").unwrap()).unwrap()
}

fn letter(body: &str) -> Letter {
    Letter {
        id: RowId::ONLY,
        from: sender(),
        to: Address::parse("ada@example.com").unwrap(),
        text: Text::new("en", "Hello", body).unwrap(),
        written: Timestamp::parse_rfc3339("2026-11-22T10:00:00Z").unwrap(),
    }
}

fn relay(sink: &Sink, security: Security) -> Relay {
    let quick = [2000, 500, 3000].map(Duration::from_millis);
    let patience = Patience { connect: quick[0], command: quick[1], letter: quick[2] };
    let relay = Relay::new("localhost", sink.port, security).unwrap();
    relay.roots(sink.root.as_bytes()).unwrap().patience(patience)
}

fn plain() -> (Sink, SmtpTransport) {
    let sink = Sink::new(Security::None, "", None);
    let transport = SmtpTransport::new(relay(&sink, Security::None)).unwrap();
    (sink, transport)
}

fn deliver(transport: &SmtpTransport) -> Result<()> {
    wait(transport.deliver(&letter("a line\n.\n..dots\nMAIL FROM:<eve@example.org>")))
}

#[test]
fn letters_go_whole_and_over_one_connection() {
    let (sink, transport) = plain();
    for _ in 0..3 {
        deliver(&transport).unwrap();
    }
    assert_eq!(sink.connections(), 1);
    let taken = sink.state.taken.lock().unwrap();
    assert_eq!(taken.len(), 3);
    assert_eq!(taken[0].to, "RCPT TO:<ada@example.com>");
    let expected = String::from_utf8(
        letter("a line\n.\n..dots\nMAIL FROM:<eve@example.org>").to_message().unwrap().formatted(),
    );
    assert_eq!(taken[0].text.trim_end(), expected.unwrap().trim_end());
    assert!(sink.state.heard.lock().unwrap()[1].contains("SIZE="));
}

#[test]
fn what_a_server_says_decides_and_the_connection_goes_on() {
    let (sink, transport) = plain();
    for (act, code) in [
        (Act::Address("451 4.7.1 ada@example.com later"), &LATER),
        (Act::Address("550 5.1.1 ada@example.com unknown"), &REFUSED),
        (Act::Text("554 5.7.1 ada@example.com spam"), &UNWILLING),
        (Act::Text("452 4.3.1 full"), &LATER),
    ] {
        sink.plan([act]);
        let error = deliver(&transport).unwrap_err();
        assert!(error.is(code), "{error}");
        let printed = format!("{error} {error:?} {:?}", std::error::Error::source(&error));
        assert!(!printed.contains("ada"), "{printed}");
    }
    deliver(&transport).unwrap();
    assert_eq!((sink.connections(), sink.state.taken.lock().unwrap().len()), (1, 1));
}

#[test]
fn a_connection_that_had_enough_costs_no_letter() {
    let (sink, transport) = plain();
    for words in ["421 4.7.0 too many", "452 4.5.3 too many", "503 5.5.1 too many"] {
        deliver(&transport).unwrap();
        sink.plan([Act::Sender(words)]);
        deliver(&transport).unwrap();
    }
    assert_eq!((sink.connections(), sink.state.taken.lock().unwrap().len()), (4, 6));
    sink.plan([Act::Sender("550 5.1.8 no"), Act::Sender("550 5.1.8 no")]);
    assert!(deliver(&transport).unwrap_err().is(&UNWILLING), "a new one says so too");
}

#[test]
fn silence_is_given_up_and_no_letter_counts_as_sent() {
    let (sink, transport) = plain();
    sink.plan([Act::Stall, Act::DropWithin, Act::DropAfter]);
    assert!(deliver(&transport).unwrap_err().is(&UNREACHABLE));
    assert!(deliver(&transport).unwrap_err().is(&LOST));
    assert!(deliver(&transport).unwrap_err().is(&LOST));
    deliver(&transport).unwrap();

    let (port, _keeps) = sink::silent();
    let silent = Sink { port, ..sink };
    let transport = SmtpTransport::new(relay(&silent, Security::None)).unwrap();
    assert!(deliver(&transport).unwrap_err().is(&UNREACHABLE), "nobody says hello");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let closed = Sink { port: closed, ..silent };
    let transport = SmtpTransport::new(relay(&closed, Security::None)).unwrap();
    assert!(deliver(&transport).unwrap_err().is(&UNREACHABLE), "nobody is there");
}

#[test]
fn logins_go_over_tls_in_either_way() {
    for (security, offers, way) in [
        (Security::Implicit, "250-AUTH LOGIN PLAIN\r\n", "PLAIN"),
        (Security::StartTls, "250-STARTTLS\r\n250-AUTH LOGIN\r\n", "LOGIN"),
    ] {
        let says = if way == "PLAIN" { "\0apikey\0hunter2" } else { "hunter2" };
        let sink = Sink::new(security, offers, Some(says));
        let login = Login::new("apikey", "hunter2").unwrap();
        let known = relay(&sink, security).login(login);
        deliver(&SmtpTransport::new(known.clone()).unwrap()).unwrap();
        let said = sink.state.logins.lock().unwrap()[0].clone();
        assert_eq!(
            said[0],
            match way {
                "PLAIN" => format!("AUTH PLAIN {}", coded(says)),
                _ => "AUTH LOGIN".to_owned(),
            }
        );
        let wrong = known.login(Login::new("apikey", "hunter3").unwrap());
        let error = deliver(&SmtpTransport::new(wrong).unwrap()).unwrap_err();
        assert!(error.is(&NO_LOGIN) && !error.to_string().contains("hunter"), "{error}");
        assert_eq!(sink.state.taken.lock().unwrap().len(), 1);
    }
    let sink = Sink::new(Security::None, "250-AUTH GSSAPI\r\n", None);
    let relay = relay(&sink, Security::None).login(Login::new("a", "b").unwrap());
    assert!(deliver(&SmtpTransport::new(relay).unwrap()).unwrap_err().is(&NO_LOGIN));
}

#[test]
fn nothing_is_said_to_whom_the_certificate_does_not_name() {
    let other = Sink::new(Security::None, "", None);
    for (security, offers) in [(Security::Implicit, ""), (Security::StartTls, "250-STARTTLS\r\n")] {
        let sink = Sink::new(security, offers, None);
        let untrusted = relay(&sink, security).roots(other.root.as_bytes()).unwrap();
        let numbered = Relay::new("127.0.0.1", sink.port, security).unwrap();
        let numbered = numbered.roots(sink.root.as_bytes()).unwrap();
        for relay in [untrusted, numbered] {
            let error = deliver(&SmtpTransport::new(relay).unwrap()).unwrap_err();
            assert!(error.is(&NO_TLS), "{error}");
        }
        assert!(!sink.state.heard.lock().unwrap().iter().any(|line| line.starts_with("MAIL")));
    }
    let bare = Sink::new(Security::None, "", None);
    let error = deliver(&SmtpTransport::new(relay(&bare, Security::StartTls)).unwrap());
    assert!(error.unwrap_err().is(&NO_TLS), "it offers none");
    let sink = Sink::with(Security::StartTls, "250-STARTTLS\r\n", None, true);
    let error = deliver(&SmtpTransport::new(relay(&sink, Security::StartTls)).unwrap());
    assert!(error.unwrap_err().is(&NOT_SMTP), "what was said in the clear is not believed");
}

fn drained(vault: &Vault, transport: &dyn Transport) -> Settled {
    let desk = Desk { from: &sender(), service: "Example", transport };
    wait(drain(vault, &desk, 9, &staff("support"))).unwrap().settled
}

#[test]
fn connections_that_die_lose_no_letter_and_repeat_each_with_its_own_id() {
    let world = World::default();
    let vault = world.open();
    for n in 0..40 {
        let email = format!("person{n}@example.org");
        let request = request(&vault, &[("email", &email)], false);
        let subject = wait(vault.register(request, &staff("support"))).unwrap().subject();
        let values = Values::default().with(Name::fixed("date"), "2026-07-01");
        let account = Name::fixed("account");
        let message = Message::to_account(Name::fixed("account_expiring"), account);
        let message = Message { values, ..message };
        wait(outbox::enqueue(&vault, Some(subject), &message, &staff("support"))).unwrap();
    }
    let (sink, transport) = plain();
    for _ in 0..10 {
        sink.plan([Act::Take, Act::DropAfter, Act::Take]);
    }
    sink.plan([Act::Address("451 4.7.1 later"), Act::Address("550 5.1.1 unknown")]);
    let first = drained(&vault, &transport);
    assert_eq!((first.sent, first.put_off, first.given_up), (28, 11, 1));
    world.clock.advance(Span::days(1));
    let second = drained(&vault, &transport);
    assert_eq!(second, Settled { sent: 11, ..Settled::default() });
    let mut arrived: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for taken in &*sink.state.taken.lock().unwrap() {
        let id = taken.text.lines().find(|line| line.starts_with("Message-ID:")).unwrap();
        arrived.entry(taken.to.clone()).or_default().push(id.to_owned());
    }
    assert_eq!((arrived.len(), arrived.values().flatten().count()), (39, 49));
    assert!(arrived.values().all(|ids| ids.iter().all(|id| id == &ids[0])));
    let ids: std::collections::BTreeSet<_> = arrived.values().map(|ids| &ids[0]).collect();
    assert_eq!(ids.len(), 39);
    wait(vault.audit()).unwrap();
}
