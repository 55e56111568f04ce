//! Leaves on their way into the log and in it.

use crate::clock::Timestamp;
use crate::id::SubjectId;
use crate::ports::keyring::Scrub;

/// A leaf to append.
#[derive(Debug, Clone)]
pub struct NewLeaf {
    /// Whose leaf it is, for [`Store::leaves_of`](super::Store::leaves_of).
    pub subject: SubjectId,
    /// When it happened; the store keeps the latest.
    pub at: Timestamp,
    /// Whether it states rows that were written.
    pub writes: bool,
    /// The encoded leaf ([`crate::leaf::Leaf::encode`]).
    pub bytes: Vec<u8>,
}

/// A place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPosition {
    /// The log's epoch, from 1; a restore opens the next.
    pub epoch: u32,
    /// The leaf's index in that epoch's tree, from 0.
    pub index: u64,
}

/// Where a leaf stands in its chain: known when it is committed, and for ever.
///
/// A store has one chain or many; the leaves of one subject are all in one, in the order of their
/// commits. A store that merges its chains later gives each leaf its place in the log then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeafId {
    /// The log's epoch in which it was committed.
    pub epoch: u32,
    /// The chain.
    pub chain: u16,
    /// Its number in the chain; of two leaves of an epoch the later one has the higher.
    pub number: u64,
}

impl LeafId {
    /// The leaf at this place, in a store whose only chain is the log itself.
    #[must_use]
    pub const fn at(position: LogPosition) -> Self {
        Self { epoch: position.epoch, chain: 0, number: position.index }
    }

    /// Its place, in a store whose only chain is the log itself.
    #[must_use]
    pub const fn place(self) -> LogPosition {
        LogPosition { epoch: self.epoch, index: self.number }
    }
}

/// What a commit did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Committed {
    /// Each leaf of the change, in order. [`Store::places`](super::Store::places) tells where they
    /// stand in the log.
    pub leaves: Vec<LeafId>,
}

/// The right edge of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogHead {
    /// The current epoch.
    pub epoch: u32,
    /// How many leaves its tree has.
    pub size: u64,
    /// The root of its tree (RFC 6962 section 2.1).
    pub root: [u8; 32],
}

/// A leaf as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLeaf {
    /// Where it stands in its chain.
    pub id: LeafId,
    /// Where it stands in the log; `None` while it has no place.
    /// [`Store::leaves`](super::Store::leaves) tells all places.
    pub position: Option<LogPosition>,
    /// Its hash in the tree.
    pub hash: [u8; 32],
    /// Its bytes; `None` once pruned.
    pub bytes: Option<Vec<u8>>,
}

/// What one call of [`Store::prune`](super::Store::prune) did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrunedTexts {
    /// How many leaves lost their text in this call.
    pub leaves: u64,
    /// Whether the texts are gone from the store's files, those of earlier calls too.
    pub scrub: Scrub,
}
