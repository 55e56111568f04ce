//! Keys, envelopes and the blind index: how personal data is sealed.
//!
//! Every subject has a key per class of data; every item is sealed on its own, so that a purpose
//! opens only what it may see. What binds an envelope to its place is in the associated data:
//! subject, class, kind, row and item. Keys have types that refuse to print and that wipe
//! themselves; none is kept from one call to the next.

mod blind;
mod body;
mod envelope;
mod local;

pub use blind::{IndexKey, fingerprint};
pub use body::{Body, Place};
pub use envelope::DataKey;
pub use local::{LocalKek, MasterKey};

use crate::error::{Code, Kind};
use crate::ports::kek::{BAD_KEY, WRONG_KEY};

/// An envelope does not open: it was altered, moved to another place, or sealed under another key.
pub static ALTERED: Code =
    Code::new("seal.altered", Kind::Integrity, "sealed data was altered or moved");
/// An envelope of a version or cipher that this release does not know.
pub static UNKNOWN_FORMAT: Code = Code::new(
    "seal.unknown_format",
    Kind::Integrity,
    "sealed data has a format that this release does not know",
);

/// Every code of this room.
pub static CODES: &[&Code] = &[&ALTERED, &UNKNOWN_FORMAT, &WRONG_KEY, &BAD_KEY];
