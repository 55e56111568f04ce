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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn bytes(hex: &str) -> [u8; 16] {
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
        bytes.try_into().unwrap()
    }

    #[test]
    fn buckets_are_those_of_the_vectors() {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/bytes");
        let mut met = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let find = |name| text.lines().find_map(|line| line.strip_prefix(name));
            if find("format: ") != Some("bucket") {
                continue;
            }
            let expected: i16 = find("bucket: ").unwrap().parse().unwrap();
            let bucket = if let Some(subject) = find("subject: ") {
                of_subject(&SubjectId::from_bytes(bytes(subject)))
            } else if let Some(token) = find("token: ") {
                let (index, value) = token.split_once(" | ").unwrap();
                of_token(index, &bytes(value))
            } else {
                of_fingerprint(&bytes(find("fingerprint: ").unwrap()))
            };
            assert_eq!(bucket, expected, "{text}");
            met += 1;
        }
        assert_eq!(met, 6);
    }
}
