//! What store and safe share: a pool of connections, how they are made, and when work is tried
//! again.

use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{
    Client, ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod,
    Runtime, Timeouts,
};
use rustls::{ClientConfig, RootCertStore};
use tacenda_core::error::Result as CoreResult;
use tacenda_core::ports::check::BAD_REQUEST;
use tacenda_core::ports::store::{ACCESS_REFUSED, CLOSED};
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::PostgresOptions;
use super::fault::Fault;

/// How often work is tried again that another transaction or a restart was in the way of.
pub(super) const ATTEMPTS: u32 = 5;

/// A database, with its connections.
pub(super) struct Database {
    pool: Pool,
    /// The sequencer's own connection: a pool that has run out stops no merge.
    merging: Pool,
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
        let mut config = Config::from_str(url).map_err(bad_url)?;
        let name = format!("tacenda {}", options.schema);
        config.application_name(&name).connect_timeout(options.connect_timeout);
        config.options(session(&options, config.get_options()));
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(options.connect_timeout);
        }
        // In whole seconds, and none is no number of them.
        let second = Duration::from_secs(1);
        config.keepalives_idle(options.connect_timeout.max(second));
        config.keepalives_interval((options.connect_timeout / 3).max(second));
        let tls = tls()?;
        let merging = pool(&config, tls.clone(), &options, 1)?;
        let pool = pool(&config, tls, &options, options.connections.max(2))?;
        Ok(Arc::new(Self { pool, merging, closed: AtomicBool::new(false), options }))
    }

    pub(super) async fn client(&self) -> Result<Client, Fault> {
        Ok(self.pool.get().await?)
    }

    /// The connection of the sequencer.
    pub(super) async fn merging(&self) -> Result<Client, Fault> {
        Ok(self.merging.get().await?)
    }

    /// How long work may wait for the server's answers before its connection is given up. The
    /// server ends what takes too long well before, unless nobody hears it any more.
    pub(super) fn patience(&self) -> Duration {
        self.options.statement_timeout.saturating_mul(2)
    }

    /// Takes back what a transaction did, or gives its connection up.
    pub(super) async fn roll_back(&self, client: Client) {
        let rolled_back = client.batch_execute("ROLLBACK");
        match tokio::time::timeout(self.patience(), rolled_back).await {
            Ok(Ok(())) => {}
            _ => give_up(client),
        }
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
        self.merging.close();
    }
}

/// Ends a connection of which nobody knows what it is doing.
pub(super) fn give_up(client: Client) {
    drop(Object::take(client));
}

fn pool(
    config: &Config,
    tls: MakeRustlsConnect,
    options: &PostgresOptions,
    size: usize,
) -> CoreResult<Pool> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config.clone(), tls, recycling);
    let wait = Some(options.connect_timeout);
    Pool::builder(manager)
        .max_size(size)
        .timeouts(Timeouts { wait, create: wait, recycle: wait })
        .runtime(Runtime::Tokio1)
        .post_create(Hook::async_fn(|client, _| Box::pin(durable(client))))
        .build()
        .map_err(|_| BAD_REQUEST.error().with("reason", "url of the database"))
}

/// Settings of a session. Every statement of ours goes along an index; a plan that was made while a
/// table was small must not scan it once it is large.
fn session(options: &PostgresOptions, given: Option<&str>) -> String {
    let mut settings = given.map(|given| format!("{given} ")).unwrap_or_default();
    let millis = |time: Duration| time.as_millis().max(1).to_string();
    let seconds = |time: Duration| time.as_secs().max(1).to_string();
    for (name, value) in [
        ("search_path", options.schema.clone()),
        // Whatever the database's own default is: who waits for a lock then reads what is there.
        ("default_transaction_isolation", "read\\ committed".to_owned()),
        ("statement_timeout", millis(options.statement_timeout)),
        ("lock_timeout", millis(options.lock_timeout)),
        // What a process holds that was frozen, or cut off without a word, is free after a lease.
        ("idle_in_transaction_session_timeout", millis(options.lease)),
        ("tcp_user_timeout", millis(options.connect_timeout)),
        ("tcp_keepalives_idle", seconds(options.connect_timeout)),
        ("tcp_keepalives_interval", seconds(options.connect_timeout / 3)),
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
        WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')";
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

/// Work that reads, or that may be done twice: tried again while it may help. `patiently` work has no
/// limit to its time.
macro_rules! again {
    ($database:expr, $client:ident => $work:expr) => {
        $crate::postgres::database::again!(@ $database, $database.patience(), $client => $work)
    };
    (patiently $database:expr, $client:ident => $work:expr) => {
        $crate::postgres::database::again!(@ $database, std::time::Duration::MAX, $client => $work)
    };
    (@ $database:expr, $limit:expr, $client:ident => $work:expr) => {{
        let mut attempt = 0u32;
        loop {
            let done = match $database.client().await {
                Ok(connection) => {
                    let work = async {
                        let $client = &connection;
                        $work.await
                    };
                    match tokio::time::timeout($limit, work).await {
                        Ok(done) => done,
                        Err(_) => {
                            $crate::postgres::database::give_up(connection);
                            Err($crate::postgres::fault::Fault::unheard())
                        }
                    }
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
