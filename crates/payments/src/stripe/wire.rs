//! HTTP over TLS from a few threads, so that no runtime is needed.

use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use futures_channel::oneshot;
use tacenda_core::clock::Span;
use tacenda_core::error::Result;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, Timeout, http};

use super::http::{Http, HttpAnswer, HttpFault, HttpRequest, Verb, WIRE};

/// How many calls are under way at once.
const THREADS: usize = 4;
/// How long a call may take in all, from the address to the last byte.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How long it may take to be connected.
const CONNECT: Duration = Duration::from_secs(15);
/// How large an answer may be, in bytes: a page of a hundred debits has about 500,000.
const MAX_ANSWER: u64 = 4 << 20;

/// Calls over HTTP/1.1, each on a connection of its own, to a server whose certificate the system trusts.
///
/// # Properties
/// No redirects, no proxies, no compression, no connection that a second call would read from. Four calls
/// at once; more wait for their turn. The threads end when the last call is done and this is dropped.
pub struct Wire(Mutex<Sender<Job>>);

enum Job {
    Send(Box<HttpRequest>, oneshot::Sender<Result<HttpAnswer, HttpFault>>),
    Pause(Duration, oneshot::Sender<()>),
}

/// How patient a [`Wire`] is.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a whole call.
    pub call: Duration,
    /// For the connection.
    pub connect: Duration,
    /// The size of an answer in bytes.
    pub answer: u64,
}

impl Default for Patience {
    /// A minute for a call, a quarter of one for the connection, 4 MiB for an answer.
    fn default() -> Self {
        Self { call: TIMEOUT, connect: CONNECT, answer: MAX_ANSWER }
    }
}

impl Wire {
    /// With the usual patience.
    ///
    /// # Errors
    /// [`WIRE`] if the system starts no threads.
    pub fn new() -> Result<Self> {
        Self::with(Patience::default())
    }

    /// With a patience of one's own.
    ///
    /// # Errors
    /// [`WIRE`] if the system starts no threads.
    pub fn with(patience: Patience) -> Result<Self> {
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let agent = agent(patience);
        for _ in 0..THREADS {
            let (receiver, agent) = (Arc::clone(&receiver), agent.clone());
            thread::Builder::new()
                .name("tacenda-payments".to_owned())
                .spawn(move || work(&receiver, &agent, patience.answer))
                .map_err(|error| WIRE.error().caused_by(error))?;
        }
        Ok(Self(Mutex::new(sender)))
    }

    fn put(&self, job: Job) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Without threads the answer's other end is dropped, and that says so.
        let _gone = sender.send(job);
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

#[async_trait]
impl Http for Wire {
    async fn send(&self, request: HttpRequest) -> Result<HttpAnswer, HttpFault> {
        let (answer, receiver) = oneshot::channel();
        self.put(Job::Send(Box::new(request), answer));
        receiver.await.unwrap_or(Err(HttpFault::Lost))
    }

    async fn pause(&self, span: Span) {
        let micros = u64::try_from(span.as_micros()).unwrap_or(0);
        let (done, receiver) = oneshot::channel();
        self.put(Job::Pause(Duration::from_micros(micros), done));
        let _woken = receiver.await;
    }
}

/// What a thread does until there is nobody left to ask it.
fn work(jobs: &Mutex<Receiver<Job>>, agent: &Agent, limit: u64) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            // Who asked may be gone; then nobody is told.
            Ok(Job::Send(request, answer)) => drop(answer.send(send(agent, *request, limit))),
            Ok(Job::Pause(duration, done)) => {
                thread::sleep(duration);
                let _gone = done.send(());
            }
            Err(_) => return,
        }
    }
}

fn agent(patience: Patience) -> Agent {
    let roots = rustls_native_certs::load_native_certs().certs;
    let roots: Vec<_> = roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .max_idle_connections(0)
        .timeout_global(Some(patience.call))
        .timeout_connect(Some(patience.connect))
        .user_agent("tacenda")
        .accept("application/json")
        .build()
        .into()
}

fn send(agent: &Agent, request: HttpRequest, limit: u64) -> Result<HttpAnswer, HttpFault> {
    let HttpRequest { verb, url, headers, body } = request;
    let method = match verb {
        Verb::Get => http::Method::GET,
        Verb::Post => http::Method::POST,
        Verb::Delete => http::Method::DELETE,
    };
    let mut call = http::Request::builder().method(method).uri(url);
    for (name, value) in &headers {
        call = call.header(*name, value.as_str());
    }
    let answer = if verb == Verb::Post {
        let call = call.header("content-type", "application/x-www-form-urlencoded");
        call.body(body.as_str()).map_err(|_| HttpFault::NotSent).map(|call| agent.run(call))
    } else {
        call.body(()).map_err(|_| HttpFault::NotSent).map(|call| agent.run(call))
    };
    answer?.map_err(|error| fault(&error)).and_then(|answer| read(answer, limit))
}

fn read(answer: http::Response<Body>, limit: u64) -> Result<HttpAnswer, HttpFault> {
    let status = answer.status().as_u16();
    let header = answer.headers().get("stripe-should-retry");
    let should_retry = header.and_then(|value| match value.as_bytes() {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    });
    let body = answer.into_body().into_with_config().limit(limit).read_to_vec();
    Ok(HttpAnswer { status, should_retry, body: body.map_err(|_| HttpFault::Lost)? })
}

/// What certainly did not leave, and what may have.
fn fault(error: &ureq::Error) -> HttpFault {
    match error {
        ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::BadUri(_)
        | ureq::Error::Http(_)
        | ureq::Error::Tls(_)
        | ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => HttpFault::NotSent,
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            HttpFault::NotSent
        }
        _ => HttpFault::Lost,
    }
}
