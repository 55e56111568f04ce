//! A proxy that cuts or holds a connection around COMMIT, or another message.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

use tacenda_testkit::Cluster;

/// A simple query that says COMMIT.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";

/// What happens to the message that is looked for: a COMMIT, unless the proxy is made for another.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Cut {
    /// The connection is cut, and the server never hears of it.
    Before,
    /// The server hears of it, and its answer is cut off.
    After,
    /// It waits until it is let go: to the server, the process is frozen.
    Hold,
}

/// What the threads of a proxy share.
#[derive(Default)]
struct Shared {
    countdown: AtomicI32,
    /// What is held waits for it.
    free: AtomicBool,
}

/// Cuts or holds the n-th message that says what it looks for, counted down; passes everything else.
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    pub(crate) fn to(server: u16, cut: Cut) -> Self {
        Self::on(server, cut, COMMIT)
    }

    /// For a message with these bytes in it.
    pub(crate) fn on(server: u16, cut: Cut, sought: &'static [u8]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let known = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                let shared = Arc::clone(&known);
                let (mut back_from, mut back_to) =
                    (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || {
                    let _ = std::io::copy(&mut back_from, &mut back_to);
                    let _ = back_to.shutdown(Shutdown::Both);
                });
                thread::spawn(move || forward(client, server, (cut, sought), &shared));
            }
        });
        Self { port, shared }
    }

    pub(crate) fn url(&self, cluster: &Cluster, database: &str) -> String {
        cluster.url(database).replace(&cluster.port().to_string(), &self.port.to_string())
    }

    pub(crate) fn arm(&self, nth: i32) {
        self.shared.countdown.store(nth, Ordering::SeqCst);
    }

    /// Whether it has happened.
    pub(crate) fn has_cut(&self) -> bool {
        self.shared.countdown.load(Ordering::SeqCst) <= 0
    }

    /// Lets go of what is held.
    pub(crate) fn release(&self) {
        self.shared.free.store(true, Ordering::SeqCst);
    }
}

fn forward(
    mut client: TcpStream,
    mut server: TcpStream,
    (cut, sought): (Cut, &[u8]),
    shared: &Shared,
) {
    let mut buffer = [0; 1 << 16];
    while let Ok(len @ 1..) = client.read(&mut buffer) {
        let part = &buffer[..len];
        let says = part.windows(sought.len()).any(|window| window == sought);
        if says && shared.countdown.fetch_sub(1, Ordering::SeqCst) == 1 {
            match cut {
                Cut::Before => {
                    client.shutdown(Shutdown::Both).unwrap();
                    break;
                }
                Cut::After => {
                    // The client hears no more from here on.
                    client.shutdown(Shutdown::Both).unwrap();
                    server.write_all(part).unwrap();
                    // The server says that it is done before it closes.
                    let _ = server.shutdown(Shutdown::Write);
                    return;
                }
                Cut::Hold => {
                    while !shared.free.load(Ordering::SeqCst) {
                        thread::sleep(Duration::from_millis(5));
                    }
                }
            }
        }
        if server.write_all(part).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}
