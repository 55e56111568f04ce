//! Which relay letters go to, and how it is known.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tacenda_core::{Name, Result};
use zeroize::Zeroizing;

use super::codes::{NO_TLS, RELAY};

/// How a connection is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314), as on port 465.
    Implicit,
    /// TLS before anything else is said (RFC 3207), as on port 587. A relay that does not offer it gets
    /// no letter.
    StartTls,
    /// None: for a mail server on this machine alone.
    None,
}

/// Who we are to a relay. Overwritten when dropped, never printed.
#[derive(Clone)]
pub struct Login {
    pub(super) user: Zeroizing<String>,
    pub(super) password: Zeroizing<String>,
}

impl Login {
    /// From a name and a password.
    ///
    /// # Errors
    /// [`RELAY`] unless both are 1 to 1,000 octets without control characters.
    pub fn new(user: &str, password: &str) -> Result<Self> {
        let fits =
            |text: &str| (1..=1000).contains(&text.len()) && !text.contains(char::is_control);
        if !fits(user) || !fits(password) {
            return Err(RELAY.error().field_is("login"));
        }
        let kept = |text: &str| Zeroizing::new(text.to_owned());
        Ok(Self { user: kept(user), password: kept(password) })
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(..)")
    }
}

/// How patient a transport is with its relay. The name of the relay is looked up by the system, with the
/// system's own patience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a connection to one address of the relay.
    pub connect: Duration,
    /// For the answer to one command.
    pub command: Duration,
    /// For a letter in all, connecting among it. A drain sends nothing in the last five minutes of a
    /// lease, so that less than five keeps another worker from sending it meanwhile.
    pub letter: Duration,
}

impl Default for Patience {
    /// 15 seconds, one minute, four minutes. RFC 5321 section 4.5.3.2 would wait for longer, which a lease
    /// does not allow.
    fn default() -> Self {
        let [connect, command, letter] = [15, 60, 240].map(Duration::from_secs);
        Self { connect, command, letter }
    }
}

/// A mail server that takes letters to everybody.
#[derive(Debug, Clone)]
pub struct Relay {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) login: Option<Login>,
    pub(super) hello: Option<String>,
    pub(super) processor: Option<Name>,
    pub(super) connections: usize,
    pub(super) patience: Patience,
    roots: Option<Vec<CertificateDer<'static>>>,
}

impl Relay {
    /// A relay by its host name or address; four connections at most, the system's roots, no login.
    ///
    /// # Errors
    /// [`RELAY`] with the field: a host that is no name, port 0, or no TLS to another machine.
    pub fn new(host: &str, port: u16, security: Security) -> Result<Self> {
        let wrong = |field: &'static str| Err(RELAY.error().field_is(field));
        if !is_host(host) {
            return wrong("host");
        }
        if port == 0 {
            return wrong("port");
        }
        let here = host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if security == Security::None && !here {
            return wrong("security");
        }
        Ok(Self {
            host: host.to_owned(),
            port,
            security,
            login: None,
            hello: None,
            processor: None,
            connections: 4,
            patience: Patience::default(),
            roots: None,
        })
    }

    /// That asks who we are (RFC 4954).
    #[must_use]
    pub fn login(mut self, login: Login) -> Self {
        self.login = Some(login);
        self
    }

    /// Whose certificate comes from one of these roots (PEM), and from none of the system's.
    ///
    /// # Errors
    /// [`RELAY`] for text with no certificate in it, or one that does not read.
    pub fn roots(mut self, pem: &[u8]) -> Result<Self> {
        let read: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        match read {
            Ok(roots) if !roots.is_empty() => self.roots = Some(roots),
            _ => return Err(RELAY.error().field_is("roots")),
        }
        Ok(self)
    }

    /// That this machine says it is called so; without it, it gives its address.
    ///
    /// # Errors
    /// [`RELAY`] for what is no host name.
    pub fn hello(mut self, name: &str) -> Result<Self> {
        if !is_host(name) || name.contains(':') {
            return Err(RELAY.error().field_is("hello"));
        }
        self.hello = Some(name.to_owned());
        Ok(self)
    }

    /// That is a processor's (Art. 28 GDPR): each letter is a disclosure to it then.
    #[must_use]
    pub fn processor(mut self, processor: Name) -> Self {
        self.processor = Some(processor);
        self
    }

    /// To which no more connections are made at once; at least one.
    #[must_use]
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections.max(1);
        self
    }

    /// That is waited for as long as this.
    #[must_use]
    pub fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// The name that the certificate has to be for.
    pub(super) fn name(&self) -> Result<ServerName<'static>> {
        ServerName::try_from(self.host.clone()).map_err(|_| RELAY.error().field_is("host"))
    }

    pub(super) fn tls(&self) -> Result<Arc<ClientConfig>> {
        let mut store = RootCertStore::empty();
        match &self.roots {
            Some(roots) => {
                for root in roots {
                    let added = store.add(root.clone());
                    added.map_err(|_| RELAY.error().field_is("roots"))?;
                }
            }
            None if self.security == Security::None => {}
            None => {
                let _unreadable =
                    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| NO_TLS.error().caused_by(error))?
            .with_root_certificates(store)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}

fn is_host(text: &str) -> bool {
    let named = |b: u8| b.is_ascii_alphanumeric() || b"-.".contains(&b);
    let is_name = (1..=253).contains(&text.len()) && text.bytes().all(named);
    (is_name || text.parse::<IpAddr>().is_ok()) && ServerName::try_from(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_elsewhere_is_spoken_to_over_tls() {
        for host in ["localhost", "127.0.0.1", "::1"] {
            assert!(Relay::new(host, 25, Security::None).is_ok(), "{host}");
        }
        let field = |made: Result<Relay>| made.unwrap_err().field().unwrap();
        for host in ["mail.example.org", "192.0.2.1", "127.0.0.1.example.org"] {
            assert!(Relay::new(host, 587, Security::StartTls).is_ok(), "{host}");
            assert_eq!(field(Relay::new(host, 25, Security::None)), "security");
        }
        for host in ["", "a b", "a\r\nb", "user@host", "mail.example.org:25", "-", "[::1]"] {
            assert_eq!(field(Relay::new(host, 465, Security::Implicit)), "host", "{host}");
        }
        assert_eq!(field(Relay::new("localhost", 0, Security::None)), "port");
        let relay = Relay::new("localhost", 25, Security::None).unwrap();
        assert_eq!(field(relay.clone().hello("a\r\nMAIL")), "hello");
        for bad in ["", "no certificate", "-----BEGIN CERTIFICATE-----\n!\n"] {
            assert_eq!(field(relay.clone().roots(bad.as_bytes())), "roots");
        }
    }

    #[test]
    fn a_login_is_never_printed() {
        for (user, password) in [("", "x"), ("x", ""), ("a\0b", "x"), ("a", "b\r\nc")] {
            assert!(Login::new(user, password).unwrap_err().is(&RELAY));
        }
        let relay = Relay::new("localhost", 25, Security::None).unwrap();
        let relay = relay.login(Login::new("apikey", "hunter2").unwrap());
        let printed = format!("{relay:?}");
        assert!(!printed.contains("hunter2") && !printed.contains("apikey"), "{printed}");
    }
}
