//! A mail server on this machine that takes, refuses, stalls and drops as it is told.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};

use base64::Engine as _;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tacenda_notify::smtp::Security;

/// What becomes of one letter.
#[derive(Clone, Copy)]
pub(crate) enum Act {
    Take,
    /// To the sender, the address, or the text, these words.
    Sender(&'static str),
    Address(&'static str),
    Text(&'static str),
    /// The text is taken, and the connection gone before that is said.
    DropAfter,
    /// The connection is gone in the middle of the text.
    DropWithin,
    /// No answer to the address until the other side leaves.
    Stall,
}

pub(crate) struct Taken {
    pub(crate) to: String,
    pub(crate) text: String,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) plan: Mutex<VecDeque<Act>>,
    pub(crate) taken: Mutex<Vec<Taken>>,
    /// One for each connection, and what was said to log in on each.
    pub(crate) logins: Mutex<Vec<Vec<String>>>,
    pub(crate) heard: Mutex<Vec<String>>,
}

pub(crate) struct Sink {
    pub(crate) port: u16,
    pub(crate) root: String,
    pub(crate) state: Arc<State>,
}

#[derive(Clone)]
struct How {
    security: Security,
    offers: &'static str,
    login: Option<&'static str>,
    injects: bool,
    tls: Arc<ServerConfig>,
}

trait Both: Read + Write + Send {}
impl<T: Read + Write + Send> Both for T {}
type Wire = BufReader<Box<dyn Both>>;

impl Sink {
    pub(crate) fn new(
        security: Security,
        offers: &'static str,
        login: Option<&'static str>,
    ) -> Self {
        Self::with(security, offers, login, false)
    }

    pub(crate) fn with(
        security: Security,
        offers: &'static str,
        login: Option<&'static str>,
        injects: bool,
    ) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let how = How { security, offers, login, injects, tls: Arc::new(tls) };
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for tcp in listener.incoming() {
                let (how, state) = (how.clone(), Arc::clone(&shared));
                // A client that leaves ends its thread.
                std::thread::spawn(move || serve(tcp.unwrap(), &how, &state));
            }
        });
        Self { port, root: made.cert.pem(), state }
    }

    pub(crate) fn plan(&self, acts: impl IntoIterator<Item = Act>) {
        self.state.plan.lock().unwrap().extend(acts);
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.logins.lock().unwrap().len()
    }
}

fn over_tls(tcp: TcpStream, how: &How) -> Wire {
    let server = ServerConnection::new(Arc::clone(&how.tls)).unwrap();
    BufReader::new(Box::new(StreamOwned::new(server, tcp)))
}

fn say(wire: &mut Wire, words: &str) -> Option<()> {
    let out = wire.get_mut();
    out.write_all(format!("{words}\r\n").as_bytes()).and_then(|()| out.flush()).ok()
}

fn hear(wire: &mut Wire) -> Option<String> {
    let mut line = String::new();
    let count = wire.read_line(&mut line).ok()?;
    (count > 0).then(|| line.trim_end().to_owned())
}

fn serve(tcp: TcpStream, how: &How, state: &State) -> Option<()> {
    let number = {
        let mut logins = state.logins.lock().unwrap();
        logins.push(Vec::new());
        logins.len() - 1
    };
    let again = tcp.try_clone().unwrap();
    let mut secure = how.security == Security::Implicit;
    let mut wire =
        if secure { over_tls(tcp, how) } else { BufReader::new(Box::new(tcp) as Box<dyn Both>) };
    let mut act = Act::Take;
    let (mut again, mut to) = (Some(again), String::new());
    say(&mut wire, "220 sink")?;
    loop {
        let line = hear(&mut wire)?;
        state.heard.lock().unwrap().push(line.clone());
        let word = line.split([' ', ':']).next().unwrap().to_ascii_uppercase();
        match word.as_str() {
            "EHLO" if how.security == Security::StartTls && !secure => {
                say(&mut wire, &format!("250-sink\r\n{}250 AUTH PLAIN", how.offers))?;
            }
            "EHLO" => say(&mut wire, &format!("250-sink\r\n{}250 SIZE 99999", how.offers))?,
            "STARTTLS" => {
                let more = if how.injects { "\r\n250 injected" } else { "" };
                say(&mut wire, &format!("220 go{more}"))?;
                (wire, secure) = (over_tls(again.take()?, how), true);
            }
            "AUTH" => {
                let mut said = vec![line.clone()];
                if line == "AUTH LOGIN" {
                    for ask in ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"] {
                        say(&mut wire, ask)?;
                        said.push(hear(&mut wire)?);
                    }
                }
                let good = said.last().map(|last| last.rsplit(' ').next().unwrap().to_owned());
                state.logins.lock().unwrap()[number] = said;
                let good = how.login.is_some() && good == how.login.map(coded);
                say(&mut wire, if good { "235 2.7.0 in" } else { "535 5.7.8 no hunter2" })?;
            }
            "MAIL" => {
                act = state.plan.lock().unwrap().pop_front().unwrap_or(Act::Take);
                if let Act::Sender(words) = act {
                    say(&mut wire, words)?
                } else {
                    say(&mut wire, "250 ok")?
                }
            }
            "RCPT" => {
                line.clone_into(&mut to);
                match act {
                    Act::Address(words) => say(&mut wire, words)?,
                    Act::Stall => drop(hear(&mut wire)?),
                    _ => say(&mut wire, "250 ok")?,
                }
            }
            "DATA" => {
                say(&mut wire, "354 go")?;
                let text = text(&mut wire, matches!(act, Act::DropWithin))?;
                if let Act::Text(words) = act {
                    say(&mut wire, words)?;
                    continue;
                }
                state.taken.lock().unwrap().push(Taken { to: to.clone(), text });
                if matches!(act, Act::DropAfter) {
                    return None;
                }
                say(&mut wire, "250 2.0.0 taken")?;
            }
            "RSET" => say(&mut wire, "250 ok")?,
            _ => {
                say(&mut wire, "221 bye")?;
                return None;
            }
        }
    }
}

/// The text up to the dot; none if it is to be dropped within.
fn text(wire: &mut Wire, within: bool) -> Option<String> {
    let mut text = String::new();
    loop {
        let mut line = String::new();
        wire.read_line(&mut line).ok().filter(|count| *count > 0)?;
        if within {
            return None;
        }
        if line == ".\r\n" {
            return Some(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

pub(crate) fn coded(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// A server that takes connections and says nothing.
pub(crate) fn silent() -> (u16, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (stop, stopped) = mpsc::channel();
    std::thread::spawn(move || {
        let kept = listener.accept();
        let _over = stopped.recv();
        drop(kept);
    });
    (port, stop)
}
