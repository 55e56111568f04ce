//! A proxy cuts the connection around COMMIT: the outcome is found out, nothing is done twice.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;

use tacenda_core::name::Name;
use tacenda_core::ports::{KekId, KeyId, KeyState, Keyring, NewKeys, SafeInit, Store, WrappedKey};
use tacenda_store::postgres::PostgresKeyring;
use tacenda_testkit::Cluster;

use crate::support::{INIT, change, check, open, options, subject, wait};

/// A simple query that says COMMIT.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";

/// On which side of the server's COMMIT the cut falls.
#[derive(Clone, Copy, PartialEq)]
enum Cut {
    Before,
    After,
}

/// Cuts the n-th COMMIT that comes by, counted down; passes everything else.
struct Proxy {
    port: u16,
    countdown: Arc<AtomicI32>,
}

impl Proxy {
    fn to(server: u16, cut: Cut) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let countdown = Arc::new(AtomicI32::new(0));
        let counted = Arc::clone(&countdown);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                let counted = Arc::clone(&counted);
                let (mut back_from, mut back_to) =
                    (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || {
                    let _ = std::io::copy(&mut back_from, &mut back_to);
                    let _ = back_to.shutdown(Shutdown::Both);
                });
                thread::spawn(move || forward(client, server, cut, &counted));
            }
        });
        Self { port, countdown }
    }

    fn url(&self, cluster: &Cluster, database: &str) -> String {
        cluster.url(database).replace(&cluster.port().to_string(), &self.port.to_string())
    }

    fn arm(&self, nth: i32) {
        self.countdown.store(nth, Ordering::SeqCst);
    }

    /// Whether the cut fell.
    fn has_cut(&self) -> bool {
        self.countdown.load(Ordering::SeqCst) <= 0
    }
}

fn forward(mut client: TcpStream, mut server: TcpStream, cut: Cut, countdown: &AtomicI32) {
    let mut buffer = [0; 1 << 16];
    while let Ok(len @ 1..) = client.read(&mut buffer) {
        let part = &buffer[..len];
        let commits = part.windows(COMMIT.len()).any(|window| window == COMMIT);
        if commits && countdown.fetch_sub(1, Ordering::SeqCst) == 1 {
            // The client hears no more from here on.
            client.shutdown(Shutdown::Both).unwrap();
            if cut == Cut::After {
                server.write_all(part).unwrap();
                // The server says that it is done before it closes.
                let _ = server.shutdown(Shutdown::Write);
                return;
            }
            let _ = server.shutdown(Shutdown::Both);
            return;
        }
        if server.write_all(part).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}

#[test]
fn a_commit_whose_answer_is_lost_happens_once() {
    let cluster = Cluster::shared();
    for cut in [Cut::Before, Cut::After] {
        let (proxy, schema) = (Proxy::to(cluster.port(), cut), cluster.unique_name());
        // Its own sequencer goes past the proxy, so that only commits are cut.
        let sequencer = open(&cluster.url("postgres"), &schema);
        wait(sequencer.initialise(INIT)).unwrap();
        wait(sequencer.commit(change(9, 0, 0))).unwrap();
        wait(sequencer.settle()).unwrap();
        let store = open(&proxy.url(cluster, "postgres"), &schema);
        for n in 0..6 {
            wait(store.commit(change(1, 100 + n, 0))).unwrap();
            proxy.arm(1);
            let committed = wait(store.commit(change(1, n, n % 3))).unwrap();
            assert!(proxy.has_cut(), "nothing was cut");
            assert_eq!(committed.leaves.len() as u32, 1 + n % 3);
            let places = wait(store.places(&committed.leaves)).unwrap();
            assert_eq!(places.len(), committed.leaves.len());
        }
        assert_eq!(check(&store, &[]).len(), 1 + 6 + 12);
    }
}

#[test]
fn a_key_whose_making_was_cut_is_made_once() {
    let cluster = Cluster::shared();
    let wrapped = |n| WrappedKey { kek: KekId([3; 8]), bytes: vec![n; 60] };
    for cut in [Cut::Before, Cut::After] {
        let proxy = Proxy::to(cluster.port(), cut);
        let url = cluster.database();
        let database = url.rsplit('/').next().unwrap().split('?').next().unwrap();
        let through = proxy.url(cluster, database);
        let safe = wait(PostgresKeyring::open(&through, options("keys"))).unwrap();
        let secrets = vec![(Name::fixed("index"), wrapped(0))];
        let init = SafeInit { safe: [1; 16], store: [2; 16], kek: KekId([3; 8]), secrets };
        wait(safe.initialise(init)).unwrap();
        let key = |n| KeyId::first(subject(1, n), Name::fixed("account"));
        for n in 0..4u8 {
            proxy.arm(1);
            let keys = vec![(key(u32::from(n)), wrapped(n))];
            wait(safe.create(NewKeys { keys, ..NewKeys::default() })).unwrap();
            assert!(proxy.has_cut(), "nothing was cut");
            let found = wait(safe.fetch(&[key(u32::from(n))])).unwrap();
            assert_eq!(found, [KeyState::Live(wrapped(n))]);
        }
        assert_eq!(wait(safe.live_keys(None, 99)).unwrap().len(), 4);
    }
}
