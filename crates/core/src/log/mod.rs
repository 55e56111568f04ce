//! The tamper-evident log: its tree, its signed checkpoints, its proofs, and their verification
//! offline.
//!
//! - [`tree`]: hashing as in RFC 6962, and the checks of inclusion and consistency;
//! - [`frontier`]: the right edge of the tree, all that an append needs;
//! - [`plan`]: which stored hashes a proof is made from, without reading them itself;
//! - [`key`], [`note`]: C2SP signed notes with Ed25519;
//! - [`checkpoint`]: C2SP tlog-checkpoint, the signed size and root;
//! - [`proof`]: C2SP tlog-proof, and the receipt: a proof whose `extra` line is the leaf;
//! - [`continuation`]: the proof that a later checkpoint continues an earlier one.
//!
//! A leaf is opaque bytes here. Nothing in this room reads a clock, a disk or randomness: Ed25519
//! signatures are deterministic. A new kind of proof is a function in [`tree`] that checks it and
//! one in [`plan`] that lists what it is made from; a wrong case is a file in `vectors/log`.

use crate::error::{Code, Kind};

pub mod checkpoint;
pub mod continuation;
pub mod frontier;
pub mod key;
pub mod note;
pub mod plan;
pub mod proof;
#[cfg(test)]
mod test_data;
mod text;
pub mod tree;

pub use checkpoint::Checkpoint;
pub use continuation::{Continuation, verify_continuation};
pub use frontier::{Frontier, StoredNode};
pub use key::{SigningKey, VerifierKey, parse_vkeys};
pub use note::{Note, Signature};
pub use plan::{Nodes, Plan, Read, consistency_plan, frontier_plan, inclusion_plan};
pub use proof::{Proof, Verified, verify};
pub use tree::{Hash, leaf_hash, node_hash, verify_consistency, verify_inclusion};

/// The largest number of leaves a tree may have: what a signed 64-bit column of a database holds.
pub const MAX_SIZE: u64 = i64::MAX.unsigned_abs();

/// A verifier or signing key that is none.
pub static KEY_MALFORMED: Code = Code::new(
    "log.key_malformed",
    Kind::Input,
    "a verifier key has the form name+id+key, with an Ed25519 key and the id that belongs to it",
);

/// A set of verifier keys that do not belong to one log.
pub static KEYS_MIXED: Code = Code::new(
    "log.keys_mixed",
    Kind::Input,
    "the verifier keys of one log have one name, with /2, /3 and so on for later epochs",
);

/// Text that is no signed note.
pub static NOTE_MALFORMED: Code =
    Code::new("log.note_malformed", Kind::Input, "this is not a signed note");

/// A known key's signature that does not verify.
pub static SIGNATURE_INVALID: Code = Code::new(
    "log.signature_invalid",
    Kind::Integrity,
    "a signature that names a known key does not verify",
);

/// A note that no known key has signed.
pub static UNKNOWN_KEY: Code =
    Code::new("log.unknown_key", Kind::Integrity, "none of the known keys has signed this");

/// A signed note that is no checkpoint.
pub static CHECKPOINT_MALFORMED: Code =
    Code::new("log.checkpoint_malformed", Kind::Input, "this is not a checkpoint");

/// A checkpoint of one log signed with the key of another.
pub static ORIGIN_MISMATCH: Code = Code::new(
    "log.origin_mismatch",
    Kind::Integrity,
    "the origin of a checkpoint is the name of the key that signs it",
);

/// Text that is no tlog-proof.
pub static PROOF_MALFORMED: Code =
    Code::new("log.proof_malformed", Kind::Input, "this is not a proof of inclusion");

/// Text that is no proof of consistency.
pub static CONTINUATION_MALFORMED: Code = Code::new(
    "log.continuation_malformed",
    Kind::Input,
    "this is not a proof that a log continues a checkpoint",
);

/// A proof without the leaf it speaks of.
pub static LEAF_MISSING: Code =
    Code::new("log.leaf_missing", Kind::Input, "a receipt carries its leaf in an extra line");

/// A leaf that is not in the tree at this place, or a proof that does not show it.
pub static INCLUSION_FAILED: Code = Code::new(
    "log.inclusion_failed",
    Kind::Integrity,
    "the proof does not show this leaf at this place of the tree",
);

/// Two trees of which one does not continue the other, or a proof that does not show it.
pub static CONSISTENCY_FAILED: Code = Code::new(
    "log.consistency_failed",
    Kind::Integrity,
    "the proof does not show that the larger tree continues the smaller one",
);

/// A leaf or size for which there is no proof.
pub static POSITION_INVALID: Code =
    Code::new("log.position_invalid", Kind::Input, "the log has no such leaf or size");

/// Stored hashes that are not there.
pub static NODES_MISSING: Code =
    Code::new("log.nodes_missing", Kind::Integrity, "stored hashes of the log are missing");

/// All codes of this room.
pub static CODES: &[&Code] = &[
    &KEY_MALFORMED,
    &KEYS_MIXED,
    &NOTE_MALFORMED,
    &SIGNATURE_INVALID,
    &UNKNOWN_KEY,
    &CHECKPOINT_MALFORMED,
    &ORIGIN_MISMATCH,
    &PROOF_MALFORMED,
    &CONTINUATION_MALFORMED,
    &LEAF_MISSING,
    &INCLUSION_FAILED,
    &CONSISTENCY_FAILED,
    &POSITION_INVALID,
    &NODES_MISSING,
];
