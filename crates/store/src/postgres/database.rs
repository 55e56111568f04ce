//! What store and safe share: a pool of connections, how they are made, and when work is tried
//! again.

use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{
    Client, ClientWrapper, Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime,
    Timeouts,
};
use rustls::{ClientConfig, RootCertStore};
use tacenda_core::error::Result as CoreResult;
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::store::{ACCESS_REFUSED, CLOSED};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::PostgresOptions;
use super::fault::Fault;

/// How often work is tried again that another transaction or a restart was in the way of.
pub(super) const ATTEMPTS: u32 = 5;

/// A database, with its connections.
pub(super) struct Database {
    pool: Pool,
    closed: AtomicBool,
    pub(super) options: PostgresOptions,
}

impl Database {
    /// Nothing is connected yet.
    pub(super) fn new(url: &str, options: PostgresOptions) -> CoreResult<Arc<Self>> {
        if !options.has_plain_schema() {
            return Err(BAD_REQUEST.error().with("reason", "name of the schema"));
        }
        let bad_url = |_| BAD_REQUEST.error().with("reason", "url of the database");
        let mut config = tokio_postgres::Config::from_str(url).map_err(bad_url)?;
        config.application_name("tacenda").connect_timeout(options.connect_timeout);
        config.options(session(&options, config.get_options()));
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config, tls()?, recycling);
        let wait = Some(options.connect_timeout);
        let pool = Pool::builder(manager)
            .max_size(options.connections.max(2))
            .timeouts(Timeouts { wait, create: wait, recycle: wait })
            .runtime(Runtime::Tokio1)
            .post_create(Hook::async_fn(|client, _| Box::pin(durable(client))))
            .build()
            .map_err(|_| BAD_REQUEST.error().with("reason", "url of the database"))?;
        Ok(Arc::new(Self { pool, closed: AtomicBool::new(false), options }))
    }

    pub(super) async fn client(&self) -> Result<Client, Fault> {
        Ok(self.pool.get().await?)
    }

    /// Every call begins here.
    pub(super) fn open(&self) -> CoreResult<()> {
        if self.closed.load(Ordering::Acquire) { CLOSED.err() } else { Ok(()) }
    }

    /// Later calls are refused; those under way finish.
    pub(super) fn close(&self) -> CoreResult<()> {
        if self.closed.swap(true, Ordering::AcqRel) { CLOSED.err() } else { Ok(()) }
    }

    /// Ends the connections.
    pub(super) fn disconnect(&self) {
        self.pool.close();
    }
}

/// Settings of a session. Every statement of ours goes along an index; a plan that was made while a
/// table was small must not scan it once it is large.
fn session(options: &PostgresOptions, given: Option<&str>) -> String {
    let mut settings = given.map(|given| format!("{given} ")).unwrap_or_default();
    let millis = |time: Duration| time.as_millis().max(1).to_string();
    for (name, value) in [
        ("search_path", options.schema.clone()),
        ("statement_timeout", millis(options.statement_timeout)),
        ("lock_timeout", millis(options.lock_timeout)),
        ("idle_in_transaction_session_timeout", millis(options.statement_timeout)),
        ("enable_seqscan", "off".to_owned()),
        ("enable_hashjoin", "off".to_owned()),
        ("enable_mergejoin", "off".to_owned()),
        ("jit", "off".to_owned()),
        // Where a table is joined with the arrays of a call, the arrays lead: without statistics
        // the planner takes a table for small, and would read all of it for each of their values.
        ("random_page_cost", "0.1".to_owned()),
    ] {
        settings.push_str(&format!("-c {name}={value} "));
    }
    settings.trim_end().to_owned()
}

/// What is answered is on the disk, whatever the role's settings are.
async fn durable(client: &mut ClientWrapper) -> Result<(), HookError> {
    let sql = "SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') = 'off'";
    client.batch_execute(sql).await.map_err(HookError::Backend)
}

/// TLS with the system's roots; whether it is used is for the URL's `sslmode` to say.
fn tls() -> CoreResult<MakeRustlsConnect> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ACCESS_REFUSED.error().caused_by(error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// How long to wait before the next attempt.
pub(super) async fn pause(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(5 << attempt.min(7))).await;
}

/// Work that reads, or that may be done twice: tried again while it may help.
macro_rules! again {
    ($database:expr, $client:ident => $work:expr) => {{
        let mut attempt = 0u32;
        loop {
            let done = match $database.client().await {
                Ok(connection) => {
                    let $client = &connection;
                    $work.await
                }
                Err(fault) => Err(fault),
            };
            match done {
                Err(fault)
                    if fault.is_transient() && attempt < $crate::postgres::database::ATTEMPTS =>
                {
                    attempt += 1;
                    $crate::postgres::database::pause(attempt).await;
                }
                other => break other.map_err($crate::postgres::fault::Fault::error),
            }
        }
    }};
}
pub(super) use again;
