//! The threads that send, and the connections that they share.

use std::fmt;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_channel::oneshot;
use rustls::ClientConfig;
use tacenda_core::{Name, Result};

use super::codes::NO_THREADS;
use super::connection::Connection;
use super::mail::Mail;
use super::relay::Relay;
use super::stream::now;
use crate::letter::{Letter, Transport};

/// After how long a connection that nobody used is not used again. Servers close theirs after about
/// five minutes, and what lies between us and them often sooner.
const IDLE: Duration = Duration::from_secs(60);

/// Delivers letters to a [`Relay`].
///
/// # Properties
/// A letter goes in the clear to this machine alone. A connection is used for one letter after the other, by
/// one thread at a time; as many letters are under way at once as the relay is given connections, and more
/// wait for their turn. A connection that the server closed meanwhile costs no letter: it is offered once more
/// on a new one, if the server saw nothing of its text. Nothing a server says is
/// kept or printed but its codes. The threads end when this is dropped and the last letter is done.
pub struct SmtpTransport {
    jobs: Mutex<Sender<Job>>,
    processor: Option<Name>,
}

struct Job {
    mail: Mail,
    answer: oneshot::Sender<Result<()>>,
}

impl SmtpTransport {
    /// Starts the threads; nothing is connected before there is a letter.
    ///
    /// # Errors
    /// [`super::NO_THREADS`]; [`super::RELAY`] for a root that is no certificate.
    pub fn new(relay: Relay) -> Result<Self> {
        let (sender, receiver) = channel();
        let (count, processor) = (relay.connections, relay.processor.clone());
        let tls = relay.tls()?;
        let pool = Arc::new(Pool { relay, tls, idle: Mutex::new(Vec::new()) });
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..count {
            let (receiver, pool) = (Arc::clone(&receiver), Arc::clone(&pool));
            thread::Builder::new()
                .name("tacenda-notify".to_owned())
                .spawn(move || work(&receiver, &pool))
                .map_err(|error| NO_THREADS.error().caused_by(error))?;
        }
        Ok(Self { jobs: Mutex::new(sender), processor })
    }
}

impl fmt::Debug for SmtpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpTransport").field("processor", &self.processor).finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for SmtpTransport {
    async fn deliver(&self, letter: &Letter) -> Result<()> {
        let (answer, receiver) = oneshot::channel();
        let job = Job { mail: Mail::of(letter)?, answer };
        // Without threads the answer's other end is dropped, and that says so.
        let _gone = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).send(job);
        receiver.await.unwrap_or_else(|_| NO_THREADS.err())
    }

    fn processor(&self) -> Option<&Name> {
        self.processor.as_ref()
    }
}

/// What a thread does until there is nobody left to ask it.
fn work(jobs: &Mutex<Receiver<Job>>, pool: &Pool) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { mail, answer }) = job else { return };
        // Whoever asked may be gone; the letter was not to go then.
        if !answer.is_canceled() {
            let _gone = answer.send(pool.send(&mail));
        }
    }
}

/// Connections that nobody uses just now.
struct Pool {
    relay: Relay,
    tls: Arc<ClientConfig>,
    idle: Mutex<Vec<(Connection, Instant)>>,
}

impl Pool {
    fn send(&self, mail: &Mail) -> Result<()> {
        let until = now() + self.relay.patience.letter;
        let mut used = self.take();
        loop {
            let was_used = used.is_some();
            let mut connection = match used.take() {
                Some(connection) => connection,
                None => Connection::open(&self.relay, &self.tls, until)?,
            };
            let fault = match connection.send(mail, until) {
                Ok(()) => {
                    self.put(connection);
                    return Ok(());
                }
                Err(fault) => fault,
            };
            // A server may have had enough of a connection; it says nothing of the letter then.
            if was_used && fault.elsewhere && now() < until {
                continue;
            }
            if fault.goes_on {
                self.put(connection);
            }
            return Err(fault.error);
        }
    }

    /// The one used last: so the others grow old.
    fn take(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let (connection, since) = idle.pop()?;
        if now().duration_since(since) <= IDLE {
            return Some(connection);
        }
        // All others are older still.
        let old = std::mem::take(&mut *idle);
        drop(idle);
        drop((connection, old));
        None
    }

    fn put(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((connection, now()));
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let idle = std::mem::take(self.idle.get_mut().unwrap_or_else(PoisonError::into_inner));
        idle.into_iter().for_each(|(connection, _)| connection.quit());
    }
}
