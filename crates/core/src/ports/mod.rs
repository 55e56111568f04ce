//! What the outside must promise: a place for rows, a safe for keys, a key above the keys.
//!
//! A backend implements a trait here and passes the suite in `tacenda-testkit`; nothing else
//! changes.

pub mod check;
mod holding;
pub mod kek;
pub mod keyring;
mod leaf;
pub mod processor;
mod scan;
mod status;
pub mod store;

pub use holding::Holding;
pub use kek::{Kek, KekId, WrapRequest};
pub use keyring::{
    Fingerprint, KeyCopies, KeyId, KeyState, Keyring, NewKeys, SafeInit, SafeStatus, Scrub,
    Tombstone, WrapId, WrappedKey,
};
pub use leaf::{Committed, LeafId, LogHead, LogPosition, NewLeaf, PrunedTexts, StoredLeaf};
pub use processor::{Processor, ProcessorOutcome, ProcessorTask};
pub use store::{
    Change, Cursor, Expect, Found, Page, PolicyMark, RowDelete, RowWrite, Scan, Store, StoreInit,
    StoreStatus,
};

use crate::error::Code;

/// Every code that a port can answer with.
pub static CODES: &[&Code] = &[
    &store::CONFLICT,
    &store::NOT_UNIQUE,
    &store::FULL,
    &store::READ_ONLY,
    &store::ACCESS_REFUSED,
    &store::UNAVAILABLE,
    &store::CORRUPT,
    &store::NEWER_SCHEMA,
    &store::UNKNOWN_OUTCOME,
    &store::NOT_MERGED,
    &store::CLOSED,
    &store::OLDER_POLICY,
    &check::BAD_REQUEST,
    &keyring::DESTROYED,
    &keyring::OLDER_COPY,
    &kek::WRONG_KEY,
    &kek::BAD_KEY,
];
