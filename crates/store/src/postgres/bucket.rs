//! Which bucket something lies in. Frozen: it is part of every primary key.

use sha2::{Digest as _, Sha256};
use tacenda_core::codec::Encoder;
use tacenda_core::id::SubjectId;

/// How many buckets there are.
pub(super) const BUCKETS: i16 = 1024;

/// The bucket of the rows, keys and leaves of a subject.
pub(super) fn of_subject(subject: &SubjectId) -> i16 {
    let mut e = Encoder::new("tacenda/bucket/1");
    e.raw(subject.as_bytes());
    of(e.as_bytes())
}

/// The bucket of a token of an index.
pub(super) fn of_token(index: &str, token: &[u8; 16]) -> i16 {
    let mut e = Encoder::new("tacenda/bucket-token/1");
    e.text(index).raw(token);
    of(e.as_bytes())
}

/// The bucket of the fingerprint of an imported record.
pub(super) fn of_fingerprint(fingerprint: &[u8; 16]) -> i16 {
    let mut e = Encoder::new("tacenda/bucket-fingerprint/1");
    e.raw(fingerprint);
    of(e.as_bytes())
}

/// The first 16 bits of the SHA-256, modulo the number of buckets.
fn of(bytes: &[u8]) -> i16 {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    let [first, second, ..] = digest;
    let number = u16::from_be_bytes([first, second]) % BUCKETS.unsigned_abs();
    number.cast_signed()
}
