//! What can be set.

use std::time::Duration;

/// How a PostgreSQL database is used. None of it is stored, so that processes may differ.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// The schema that holds the tables, beside those of the host: lower case letters, digits and
    /// underscores, at most 48. `tacenda` unless told, for a store and for a safe; both may be in
    /// one schema of one database only in tests.
    pub schema: String,
    /// The most connections; 8 unless told.
    pub connections: usize,
    /// How long to wait for a connection, a new one or one of the pool; 10 seconds unless told.
    /// Past it the answer is `store.unavailable`. A connection whose other side acknowledges nothing
    /// for as long is lost.
    pub connect_timeout: Duration,
    /// How long one statement may take; 60 seconds unless told. A connection that answers nothing
    /// for twice as long is given up.
    pub statement_timeout: Duration,
    /// How long to wait for somebody else's lock; 10 seconds unless told.
    pub lock_timeout: Duration,
    /// How often the sequencer gives leaves their places while nobody waits for one; 100
    /// milliseconds unless told.
    pub merge_interval: Duration,
    /// How long a process that says nothing more keeps what it holds: the sequencer its lease, and
    /// everybody the locks of a transaction under way; 5 seconds unless told.
    pub lease: Duration,
    /// How long to wait for places; 30 seconds unless told, and more than `lease`. Past it the
    /// answer is `store.not_merged`.
    pub merge_timeout: Duration,
    /// For how long copies of the safe's write-ahead log are kept, where it is archived or sent to
    /// replicas: receipts then say by when the last copy of a destroyed key is gone. Not told unless
    /// the operator does.
    pub wal_copies_kept: Option<Duration>,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            schema: "tacenda".to_owned(),
            connections: 8,
            connect_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(60),
            lock_timeout: Duration::from_secs(10),
            merge_interval: Duration::from_millis(100),
            lease: Duration::from_secs(5),
            merge_timeout: Duration::from_secs(30),
            wal_copies_kept: None,
        }
    }
}

impl PostgresOptions {
    /// Whether the schema's name can stand in a statement as it is.
    pub(super) fn has_plain_schema(&self) -> bool {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let name = self.schema.as_bytes();
        let begins = name.first().is_some_and(|byte| !byte.is_ascii_digit());
        begins && name.len() <= 48 && name.iter().copied().all(plain)
    }
}
