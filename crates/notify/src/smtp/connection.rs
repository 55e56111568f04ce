//! One connection to a relay: the few commands of RFC 5321 that hand on a letter.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::ClientConfig;
use tacenda_core::{Error, Result};
use zeroize::Zeroizing;

use super::codes::{LOST, NO_LOGIN, NO_TLS, NOT_SMTP, UNREACHABLE};
use super::mail::Mail;
use super::relay::{Login, Relay, Security};
use super::reply::{Reply, Stage};
use super::stream::{Stream, now};

/// How long goodbyes may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// A connection that is open, secured as the relay asks for, and logged in.
pub(super) struct Connection {
    stream: Stream,
    command: Duration,
    /// Whether the server takes a size with the sender (RFC 1870).
    sized: bool,
}

/// Why a letter was not taken.
pub(super) struct Fault {
    pub(super) error: Error,
    /// Whether the connection may have the next letter.
    pub(super) goes_on: bool,
    /// Whether another connection may be asked: the server has seen nothing of the text, and what it said
    /// may be of this connection alone.
    pub(super) elsewhere: bool,
}

impl Connection {
    /// Connects, secures, logs in.
    ///
    /// # Errors
    /// `UNREACHABLE`, `NO_TLS`, `NO_LOGIN`, `LATER`, `UNWILLING`, `NOT_SMTP`.
    pub(super) fn open(relay: &Relay, tls: &Arc<ClientConfig>, until: Instant) -> Result<Self> {
        let patience = relay.patience;
        let mut stream = Stream::connect(&relay.host, relay.port, patience.connect, until)?;
        stream.until((now() + patience.command).min(until));
        if relay.security == Security::Implicit {
            stream = stream.secured(tls, relay.name()?)?;
        }
        let mut this = Self { stream, command: patience.command, sized: false };
        this.answer(Stage::Greeting)?.wanted(Stage::Greeting)?;
        let mut offered = this.hello(relay, until)?;
        if relay.security == Security::StartTls {
            if offered.offers("STARTTLS").is_none() {
                return NO_TLS.err();
            }
            this.ask(Stage::StartTls, b"STARTTLS\r\n", until)?;
            this.stream.until((now() + patience.command).min(until));
            this.stream = this.stream.secured(tls, relay.name()?)?;
            // What was offered in the clear was anybody's.
            offered = this.hello(relay, until)?;
        }
        if let Some(login) = &relay.login {
            this.log_in(login, &offered, until)?;
        }
        this.sized = offered.offers("SIZE").is_some();
        Ok(this)
    }

    /// Hands on a letter. After `Ok` the relay answers for it.
    pub(super) fn send(&mut self, mail: &Mail, until: Instant) -> std::result::Result<(), Fault> {
        let size = if self.sized { format!(" SIZE={}", mail.text.len()) } else { String::new() };
        let from = Zeroizing::new(format!("MAIL FROM:<{}>{size}\r\n", mail.from));
        // EXPOSE: the relay is told whom the letter is for.
        let to = Zeroizing::new(format!("RCPT TO:<{}>\r\n", mail.to.as_str()));
        for (stage, command) in [
            (Stage::Sender, from.as_bytes()),
            (Stage::Recipient, to.as_bytes()),
            (Stage::Data, b"DATA\r\n"),
        ] {
            match self.said(stage, command, until) {
                Err(error) => return Err(Fault { error, goes_on: false, elsewhere: true }),
                Ok(reply) => {
                    let closes = reply.code == 421;
                    if let Err(error) = reply.wanted(stage) {
                        let goes_on = !closes && self.reset(until);
                        let elsewhere = closes || stage == Stage::Sender;
                        return Err(Fault { error, goes_on, elsewhere });
                    }
                }
            }
        }
        let fault = |error, goes_on| Fault { error, goes_on, elsewhere: false };
        let reply =
            self.said(Stage::Text, &mail.text, until).map_err(|error| fault(error, false))?;
        let closes = reply.code == 421;
        reply.wanted(Stage::Text).map(|_| ()).map_err(|error| {
            let in_step = !error.is(&NOT_SMTP);
            fault(error, in_step && !closes)
        })
    }

    /// Says goodbye, for politeness.
    pub(super) fn quit(mut self) {
        self.stream.until(now() + GOODBYE);
        if self.stream.write(b"QUIT\r\n").is_ok() {
            let _goodbye = self.answer(Stage::Reset);
        }
    }

    fn hello(&mut self, relay: &Relay, until: Instant) -> Result<Reply> {
        let name = match (&relay.hello, self.stream.own_address().map(|own| own.ip())) {
            (Some(name), _) => name.clone(),
            (None, Ok(IpAddr::V4(ip))) => format!("[{ip}]"),
            (None, Ok(IpAddr::V6(ip))) => format!("[IPv6:{ip}]"),
            (None, Err(error)) => return Err(UNREACHABLE.error().caused_by(error)),
        };
        self.ask(Stage::Hello, format!("EHLO {name}\r\n").as_bytes(), until)
    }

    /// By the first way that both sides know (RFC 4616; LOGIN is older and written down nowhere).
    fn log_in(&mut self, login: &Login, offered: &Reply, until: Instant) -> Result<()> {
        let ways = offered.offers("AUTH").unwrap_or_default();
        let knows = |way: &str| ways.split(' ').any(|one| one.eq_ignore_ascii_case(way));
        let mut words = Vec::with_capacity(3);
        if knows("PLAIN") {
            // EXPOSE: the relay is told who we are, over TLS, or on this machine.
            let both = [b"\0", login.user.as_bytes(), b"\0", login.password.as_bytes()].concat();
            words.push(line("AUTH PLAIN ", &Zeroizing::new(both)));
        } else if knows("LOGIN") {
            words.push(Zeroizing::new("AUTH LOGIN\r\n".to_owned()));
            // EXPOSE: as above.
            words.extend([&login.user, &login.password].map(|word| line("", word.as_bytes())));
        } else {
            return NO_LOGIN.err();
        }
        for word in words {
            if self.ask(Stage::Login, word.as_bytes(), until)?.code == 235 {
                return Ok(());
            }
        }
        NO_LOGIN.err()
    }

    /// Forgets a letter half told; whether the connection can go on.
    fn reset(&mut self, until: Instant) -> bool {
        self.ask(Stage::Reset, b"RSET\r\n", until).is_ok()
    }

    fn ask(&mut self, stage: Stage, command: &[u8], until: Instant) -> Result<Reply> {
        self.said(stage, command, until)?.wanted(stage)
    }

    fn said(&mut self, stage: Stage, command: &[u8], until: Instant) -> Result<Reply> {
        self.stream.until((now() + self.command).min(until));
        // An answer to nothing would be taken for the answer to this.
        if self.stream.has_more() {
            return Err(NOT_SMTP.error().with("step", stage.as_str()));
        }
        self.stream.write(command).map_err(|error| lost(stage, error))?;
        self.answer(stage)
    }

    fn answer(&mut self, stage: Stage) -> Result<Reply> {
        Reply::read(|| self.stream.line(|error| lost(stage, error)))
    }
}

fn lost(stage: Stage, error: io::Error) -> Error {
    let code = if stage == Stage::Text { &LOST } else { &UNREACHABLE };
    code.error().with("step", stage.as_str()).caused_by(error)
}

/// A line of base64 that leaves no copy behind.
fn line(before: &str, secret: &[u8]) -> Zeroizing<String> {
    let room = before.len() + secret.len().div_ceil(3) * 4 + 2;
    let mut line = Zeroizing::new(String::with_capacity(room));
    line.push_str(before);
    STANDARD.encode_string(secret, &mut line);
    line.push_str("\r\n");
    line
}
