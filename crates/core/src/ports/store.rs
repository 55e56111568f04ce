//! The port to the vault store: rows, look-ups and the log.

use async_trait::async_trait;

use super::holding::{Holding, one_by_one};
use crate::clock::{Span, Timestamp};
use crate::error::{Code, Kind, Result, Retry};
use crate::id::SubjectId;
use crate::name::Name;
use crate::ports::leaf::{Committed, LeafId, LogPosition, NewLeaf, PrunedTexts, StoredLeaf};
pub use crate::ports::scan::{Cursor, Found, Page, Scan};
pub use crate::ports::status::{PolicyMark, StoreInit, StoreStatus};
use crate::row::{Row, RowKey};

/// A row is not in the version that the change expects; context: `subject`, `kind`.
pub static CONFLICT: Code =
    Code::new("store.conflict", Kind::Conflict, "another change of the same row came first")
        .retry(Retry::Safe);
/// A unique token is taken; context: `index`, and `subject` of the row that could not be written.
pub static NOT_UNIQUE: Code =
    Code::new("store.not_unique", Kind::Conflict, "another row holds this unique value already");
/// The disk is full. Nothing was written.
pub static FULL: Code =
    Code::new("store.full", Kind::Unavailable, "the disk is full").retry(Retry::Safe);
/// The database cannot be written.
pub static READ_ONLY: Code =
    Code::new("store.read_only", Kind::Configuration, "the database is read-only");
/// The database refuses the role, or what the role may do is not enough.
pub static ACCESS_REFUSED: Code = Code::new(
    "store.access_refused",
    Kind::Configuration,
    "the database refuses this role, or it may not do what is needed",
);
/// The database cannot be reached or is busy.
pub static UNAVAILABLE: Code =
    Code::new("store.unavailable", Kind::Unavailable, "the database could not answer")
        .retry(Retry::Safe);
/// The database is not a database, or a row in it cannot be read.
pub static CORRUPT: Code =
    Code::new("store.corrupt", Kind::Integrity, "the database holds what was never written");
/// The database was written by a newer release.
pub static NEWER_SCHEMA: Code = Code::new(
    "store.newer_schema",
    Kind::Configuration,
    "the database was written by a newer release",
);
/// The commit may or may not have happened.
pub static UNKNOWN_OUTCOME: Code = Code::new(
    "store.unknown_outcome",
    Kind::Unavailable,
    "the connection was lost while the change was being committed",
)
.retry(Retry::Unknown);
/// A later version of the policy is in force; context: `in_force`.
pub static OLDER_POLICY: Code = Code::new(
    "policy.older_version",
    Kind::Configuration,
    "a later version of the policy is in force already",
);
/// The leaves are durable, and nobody has given them their places in the log yet.
pub static NOT_MERGED: Code = Code::new(
    "store.not_merged",
    Kind::Unavailable,
    "the change has no place in the log yet; it will be given one",
)
.retry(Retry::Safe);
/// The store was closed.
pub static CLOSED: Code = Code::new("store.closed", Kind::Unavailable, "the store is closed");

/// A lease that ends later than this from now was given by a clock that was ahead, and is over.
pub const LONGEST_LEASE: Span = Span::hours(2);

/// What a row must be for a change to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// There is no such row.
    Absent,
    /// The row exists in this version.
    Version(u64),
}

/// A row to write whole.
#[derive(Debug, Clone)]
pub struct RowWrite {
    /// The row as it is to be; its version is the expected one plus 1, or 1.
    pub row: Row,
    /// What is there before.
    pub expect: Expect,
}

/// A row to delete, with its look-ups.
#[derive(Debug, Clone)]
pub struct RowDelete {
    /// Which row.
    pub key: RowKey,
    /// In which version.
    pub version: u64,
}

/// Everything that happens at once: all of it, or nothing.
///
/// A change carries no keys: they are durable in the safe before it commits. What it expects and
/// requires is judged on the state before it, uniqueness on the state after it: a token that one
/// row gives up, another row of the same change may take. Unique tokens are compared with unique
/// ones only. Writing a row ends its lease.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Rows to write, with their look-ups.
    pub writes: Vec<RowWrite>,
    /// Rows to delete, with their look-ups.
    pub deletes: Vec<RowDelete>,
    /// Rows that must stay as they are for the change to happen.
    pub requires: Vec<(RowKey, Expect)>,
    /// Rows whose lease must be the one that ends at this time: the change of whoever claimed them,
    /// refused with [`CONFLICT`] once somebody else did.
    pub leased: Vec<(RowKey, Timestamp)>,
    /// Leaves, in order. A change that writes has at least one.
    pub leaves: Vec<NewLeaf>,
    /// The safe's sequence number as last seen; the store keeps the highest.
    pub safe_sequence: u64,
    /// The version of the policy under which the change was made, if it depends on one; refused
    /// with [`OLDER_POLICY`] once a later one is in force.
    pub under: Option<u64>,
    /// The policy now in force, if it changes.
    pub policy: Option<PolicyMark>,
    /// Starts this log epoch before the leaves are appended; the current one must be the one
    /// before it.
    pub new_epoch: Option<u32>,
}

/// The vault store.
///
/// # Properties
/// Every implementation promises, and the suite in `tacenda-testkit` proves:
/// - a [`Change`] happens whole or not at all, and is durable when `commit` returns `Ok`;
/// - the leaves of one subject keep the order of their commits, in their chain and in the log; no
///   place is used twice, none is left out, and none ever changes;
/// - the tree over the leaves of an epoch is the RFC 6962 tree of their bytes;
/// - a unique token is carried by one row;
/// - a scan with a cursor sees every row that was there throughout, once.
///
/// A store may spread subjects over machines. What a caller may rely on lives within one subject
/// or in a unique token: two subjects are seen at one moment only where a method says so, and the
/// leaves of one change get places apart from each other.
#[async_trait]
pub trait Store: Send + Sync {
    /// What the store says about itself; `None` if it is new.
    ///
    /// # Errors
    /// [`NEWER_SCHEMA`], [`CORRUPT`], [`UNAVAILABLE`]; so do all readers below.
    async fn status(&self) -> Result<Option<StoreStatus>>;

    /// Marks a new store: its log begins with epoch 1. Before that it refuses every change, and
    /// its readers find nothing.
    ///
    /// # Errors
    /// [`CONFLICT`] if it is marked already, and as [`Store::commit`].
    async fn initialise(&self, init: StoreInit) -> Result<()>;

    /// Makes a change happen. A future that is dropped does not take the change back.
    ///
    /// # Errors
    /// [`OLDER_POLICY`], [`CONFLICT`] and [`NOT_UNIQUE`] (nothing was written; of two rows in one
    /// change that carry the same unique token the later one is named), [`FULL`], [`READ_ONLY`],
    /// [`UNAVAILABLE`] (nothing was written), [`UNKNOWN_OUTCOME`],
    /// [`BAD_REQUEST`](super::check::BAD_REQUEST) as [`Change::check`], and for a store that was
    /// never marked. A `new_epoch` that does not follow is a [`CONFLICT`], and so is one while
    /// leaves of the epoch before have no place.
    async fn commit(&self, change: Change) -> Result<Committed>;

    /// The rows with these keys, in the order of the keys.
    ///
    /// # Errors
    /// As [`Store::status`].
    async fn rows(&self, keys: &[RowKey]) -> Result<Vec<Option<Row>>>;

    /// The rows that carry each of these tokens in an index, in the order of the tokens; the rows
    /// of one token by key.
    ///
    /// # Errors
    /// As [`Store::status`].
    async fn lookup(&self, index: &Name, tokens: &[[u8; 16]]) -> Result<Vec<Vec<Found>>>;

    /// A page of rows. A limit of 0 counts as 1.
    ///
    /// # Errors
    /// As [`Store::status`]; [`BAD_REQUEST`](super::check::BAD_REQUEST) for a cursor without `at`
    /// where the scan is ordered by a time.
    async fn scan(&self, scan: &Scan, after: Option<&Cursor>, limit: usize) -> Result<Page>;

    /// Where the rows of a page of [`Store::scan`] stand, without the rows.
    ///
    /// # Errors
    /// As [`Store::scan`].
    async fn cursors(
        &self,
        scan: &Scan,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<Cursor>> {
        let page = self.scan(scan, after, limit).await?;
        Ok(page.rows.iter().map(|row| scan.cursor(row)).collect())
    }

    /// How many rows a scan would meet, counted up to `limit` and no further.
    ///
    /// # Errors
    /// As [`Store::status`].
    async fn count(&self, scan: &Scan, limit: u64) -> Result<u64>;

    /// Leases work: rows of a kind and state that are due at `now` and that nobody else has
    /// leased, oldest first. The lease ends at `until`; one that ends later than [`LONGEST_LEASE`]
    /// from `now` keeps nobody away. It is no change: neither version nor digest of the row move.
    ///
    /// # Errors
    /// As [`Store::commit`].
    async fn claim(
        &self,
        kind: &Name,
        state: &Name,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Row>>;

    /// Moves the end of a lease from `held` to `until`; whether it did. It does not if somebody
    /// else has claimed the row since, or it was written: the end tells one lease of a row from
    /// another. One that is over and that nobody else has taken goes on. A lease that ends at
    /// `until` already counts as moved: a call whose answer was lost may be made again.
    ///
    /// # Errors
    /// As [`Store::commit`].
    async fn renew(&self, key: &RowKey, held: Timestamp, until: Timestamp) -> Result<bool>;

    /// The hashes of the leaves `from..to` of an epoch, or of the nodes `from..to` at a level that
    /// is a multiple of 8 (level 8: one node over 256 leaves). Fewer if the log ends before.
    ///
    /// # Errors
    /// As [`Store::status`]; [`BAD_REQUEST`](super::check::BAD_REQUEST) for another level.
    async fn hashes(&self, epoch: u32, level: u8, from: u64, to: u64) -> Result<Vec<[u8; 32]>>;

    /// The leaves `from..to` of an epoch. Fewer if the log ends before.
    ///
    /// # Errors
    /// As [`Store::status`].
    async fn leaves(&self, epoch: u32, from: u64, to: u64) -> Result<Vec<StoredLeaf>>;

    /// The leaves of a subject before one of them, latest first; only those that wrote rows if
    /// `writes`. Leaves that have no place yet are among them.
    ///
    /// # Errors
    /// As [`Store::status`].
    async fn leaves_of(
        &self,
        subject: SubjectId,
        writes: bool,
        before: Option<LeafId>,
        limit: usize,
    ) -> Result<Vec<StoredLeaf>>;

    /// Where leaves stand in the log, in order. Waits until they have their places, at most as long
    /// as the store takes to merge its chains.
    ///
    /// # Errors
    /// As [`Store::status`]; [`NOT_MERGED`] if it took too long;
    /// [`BAD_REQUEST`](super::check::BAD_REQUEST) for a leaf that was never committed.
    async fn places(&self, leaves: &[LeafId]) -> Result<Vec<LogPosition>>;

    /// Waits until every leaf that was committed before has its place.
    ///
    /// # Errors
    /// As [`Store::status`]; [`NOT_MERGED`] if it took too long.
    async fn settle(&self) -> Result<()>;

    /// [`Store::rows`] with up to `leaves` of a subject's latest leaves that wrote rows; a store
    /// that can shows both at one moment.
    ///
    /// # Errors
    /// As [`Store::status`].
    async fn rows_with_leaves(
        &self,
        subject: SubjectId,
        keys: &[RowKey],
        leaves: usize,
    ) -> Result<(Vec<Option<Row>>, Vec<StoredLeaf>)> {
        let rows = self.rows(keys).await?;
        Ok((rows, self.leaves_of(subject, true, None, leaves).await?))
    }

    /// What it holds of each subject, in order: all rows, and up to `leaves` of the latest leaves
    /// that wrote rows. For bulk work; a store that can shows all of them at one moment.
    ///
    /// # Errors
    /// As [`Store::status`].
    async fn holdings(&self, subjects: &[SubjectId], leaves: usize) -> Result<Vec<Holding>> {
        one_by_one(self, subjects, leaves).await
    }

    /// How many look-ups there are: one for each token of each row, those that are twice in a row
    /// counted once. For the audit.
    ///
    /// # Errors
    /// As [`Store::status`].
    async fn count_lookups(&self) -> Result<u64>;

    /// Removes the bytes of the leaves `from..to` of an epoch, except those listed. Their hashes
    /// stay, and with them the roots and receipts. Whose leaves they were goes too:
    /// [`Store::leaves_of`] no longer finds them. Answers with how many were pruned by this call.
    /// Not one transaction: a call that failed may have pruned some, the earlier ones first.
    ///
    /// A store that keeps the bytes in files says [`Scrub::Done`](super::Scrub::Done) only when no
    /// trace of what was ever pruned is left in them. While somebody reads former states it answers
    /// `Blocked` within a moment and holds nobody else up; another call, which need not find
    /// anything to prune, goes on.
    ///
    /// # Errors
    /// As [`Store::commit`]; [`ACCESS_REFUSED`] if the traces can never go, because the database
    /// does not let this role remove them: the bytes are pruned all the same.
    async fn prune(&self, epoch: u32, from: u64, to: u64, keep: &[u64]) -> Result<PrunedTexts>;

    /// Ends all work in good order; later calls answer [`CLOSED`].
    ///
    /// # Errors
    /// As [`Store::commit`].
    async fn close(&self) -> Result<()>;
}
