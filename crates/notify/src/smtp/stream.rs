//! Lines to and from a server, in the clear or over TLS, until a moment and no longer.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use tacenda_core::{Error, Result};

use super::codes::{NO_TLS, NOT_SMTP, UNREACHABLE};

/// How long a line may be. RFC 5321 section 4.5.3.1.5 allows 512 octets; some servers say more.
const LONGEST_LINE: usize = 2048;

/// The time, for patience alone.
#[expect(
    clippy::disallowed_methods,
    reason = "how long we wait for a server; no clock of the data"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// A connection whose reads and writes end at a moment, however slowly the other side answers.
struct Timed {
    tcp: TcpStream,
    until: Instant,
}

impl Timed {
    fn left(&self) -> io::Result<Duration> {
        let left = self.until.saturating_duration_since(now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Timed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.tcp.set_read_timeout(Some(self.left()?))?;
        self.tcp.read(into)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tcp.set_write_timeout(Some(self.left()?))?;
        self.tcp.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}

enum Kind {
    Plain(Timed),
    Tls(Box<StreamOwned<ClientConnection, Timed>>),
}

/// A connection that is read by the line.
pub(super) struct Stream {
    kind: Kind,
    /// What was read and is no whole line yet.
    rest: Vec<u8>,
}

impl Stream {
    /// Connects to the first address of a host that answers; `wait` is for each.
    ///
    /// # Errors
    /// `UNREACHABLE`.
    pub(super) fn connect(host: &str, port: u16, wait: Duration, until: Instant) -> Result<Self> {
        let unreachable = |error: io::Error| UNREACHABLE.error().caused_by(error);
        let mut last = UNREACHABLE.error();
        for address in (host, port).to_socket_addrs().map_err(unreachable)? {
            let left = until.saturating_duration_since(now()).min(wait);
            if left.is_zero() {
                break;
            }
            match TcpStream::connect_timeout(&address, left) {
                Ok(tcp) => {
                    // A command is a segment: none waits for the answer to the one before.
                    tcp.set_nodelay(true).map_err(unreachable)?;
                    return Ok(Self { kind: Kind::Plain(Timed { tcp, until }), rest: Vec::new() });
                }
                Err(error) => last = unreachable(error),
            }
        }
        Err(last)
    }

    /// The same connection under TLS. What came before it is thrown away with the connection: nobody
    /// vouches for it.
    ///
    /// # Errors
    /// `NO_TLS`, `UNREACHABLE`, `NOT_SMTP` if the server spoke out of turn.
    pub(super) fn secured(
        self,
        config: &Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<Self> {
        let Kind::Plain(mut timed) = self.kind else { return NO_TLS.err() };
        if !self.rest.is_empty() {
            return NOT_SMTP.err();
        }
        let mut tls = ClientConnection::new(Arc::clone(config), name)
            .map_err(|error| NO_TLS.error().caused_by(error))?;
        while tls.is_handshaking() {
            tls.complete_io(&mut timed).map_err(shake)?;
        }
        let kind = Kind::Tls(Box::new(StreamOwned::new(tls, timed)));
        Ok(Self { kind, rest: Vec::new() })
    }

    /// Until when what follows may take.
    pub(super) fn until(&mut self, until: Instant) {
        self.timed().until = until;
    }

    /// The address of our own end.
    pub(super) fn own_address(&mut self) -> io::Result<SocketAddr> {
        self.timed().tcp.local_addr()
    }

    /// Writes all of it.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.kind {
            Kind::Plain(timed) => timed.write_all(bytes).and_then(|()| timed.flush()),
            Kind::Tls(tls) => tls.write_all(bytes).and_then(|()| tls.flush()),
        }
    }

    /// The next line, without its end.
    ///
    /// # Errors
    /// What `lost` makes of a connection that broke; `NOT_SMTP` for a line without an end.
    pub(super) fn line(&mut self, lost: impl Fn(io::Error) -> Error) -> Result<Vec<u8>> {
        loop {
            if let Some(end) = self.rest.iter().position(|b| *b == b'\n') {
                let mut line: Vec<u8> = self.rest.drain(..=end).collect();
                line.pop();
                line.pop_if(|b| *b == b'\r');
                return Ok(line);
            }
            if self.rest.len() > LONGEST_LINE {
                return NOT_SMTP.err();
            }
            let mut some = [0; 1024];
            let read = match &mut self.kind {
                Kind::Plain(timed) => timed.read(&mut some),
                Kind::Tls(tls) => tls.read(&mut some),
            };
            match read {
                Ok(0) => return Err(lost(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => self.rest.extend(some.iter().take(count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(lost(error)),
            }
        }
    }

    /// Whether the server said what nobody asked for.
    pub(super) fn has_more(&self) -> bool {
        !self.rest.is_empty()
    }

    fn timed(&mut self) -> &mut Timed {
        match &mut self.kind {
            Kind::Plain(timed) => timed,
            Kind::Tls(tls) => &mut tls.sock,
        }
    }
}

/// A handshake that failed: by what was shown, or by silence.
fn shake(error: io::Error) -> Error {
    let shown = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
    if shown { NO_TLS.error().caused_by(error) } else { UNREACHABLE.error().caused_by(error) }
}
