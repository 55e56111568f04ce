//! What can be set.

use std::time::Duration;

/// How a SQLite file is used. None of it is stored, so that processes may differ.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// Page cache of the writer in bytes; 64 MiB unless told. Bulk writes to scattered keys are
    /// several times slower once the tree's inner pages do not fit.
    pub writer_cache: u64,
    /// Page cache of each reader in bytes; 2 MiB unless told. Every read leaves a leaf, and so
    /// empties it: a larger one costs more to empty than it saves.
    pub reader_cache: u64,
    /// How many reader connections are kept open; more are opened when more read at once. 8 unless
    /// told.
    pub readers: usize,
    /// After how many pages of 4,096 bytes the write-ahead log is copied into the file; 20,000
    /// unless told. The copy is made after the change is answered.
    pub checkpoint_pages: u32,
    /// How long to wait for another process that writes; 10 seconds unless told. Past it the answer
    /// is `store.unavailable`.
    pub busy_timeout: Duration,
    /// The largest size of the file in bytes, rounded down to pages; past it the answer is
    /// `store.full`. None unless told.
    pub max_size: Option<u64>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            writer_cache: 64 << 20,
            reader_cache: 2 << 20,
            readers: 8,
            checkpoint_pages: 20_000,
            busy_timeout: Duration::from_secs(10),
            max_size: None,
        }
    }
}
