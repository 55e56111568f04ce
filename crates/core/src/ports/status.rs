//! What a store says about itself.

use crate::clock::Timestamp;
use crate::ports::leaf::LogHead;

/// The policy under which the store was last written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyMark {
    /// `version` of the policy file.
    pub version: u64,
    /// Digest of the canonical policy.
    pub digest: [u8; 32],
}

/// What identifies a store and says how far it has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreStatus {
    /// The store's own id, and the id of the safe that belongs to it.
    pub init: StoreInit,
    /// The highest sequence number of the safe that a change has carried.
    pub safe_sequence: u64,
    /// The policy under which it was last written.
    pub policy: Option<PolicyMark>,
    /// The right edge of the tree: leaves that have no place yet are not in it.
    pub head: LogHead,
    /// The latest time that a leaf bears; `None` while there is no leaf.
    pub last_leaf_at: Option<Timestamp>,
}

/// The marks with which a new store begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreInit {
    /// The store's id.
    pub store: [u8; 16],
    /// The id of the safe that belongs to it.
    pub safe: [u8; 16],
}
