//! Proofs of consistency as text: that a later checkpoint continues an earlier one.
//!
//! Whoever kept a checkpoint (with a receipt, or as a witness) asks the log for one, and sees that
//! nothing it held then was taken out or changed since. The text is the body in which a log sends a
//! checkpoint to a witness (C2SP tlog-witness, `add-checkpoint`), so that witnesses take it as it is:
//! `old` and a size, a hash per line, an empty line, the later checkpoint.

use super::checkpoint::Checkpoint;
use super::key::VerifierKey;
use super::note::Note;
use super::tree::{Hash, verify_consistency};
use super::{CONSISTENCY_FAILED, CONTINUATION_MALFORMED, ORIGIN_MISMATCH, text};
use crate::error::{Error, Result};

/// The most hashes that a log sends to a witness (C2SP tlog-witness).
const MAX_HASHES: usize = 63;

/// A proof of consistency as it stands in its text. Nothing in it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Continuation {
    /// The size of the earlier tree.
    pub old: u64,
    /// The proof (RFC 6962, 2.1.2).
    pub hashes: Vec<Hash>,
    /// The later signed checkpoint, verbatim.
    pub checkpoint: String,
}

impl Continuation {
    /// The text of the proof.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = format!("old {}\n", self.old);
        for hash in &self.hashes {
            out.push_str(&hash.to_base64());
            out.push('\n');
        }
        out.push('\n');
        out.push_str(&self.checkpoint);
        out
    }

    /// Reads the text of a proof. What it takes, [`Continuation::to_text`] writes again byte by byte.
    ///
    /// # Errors
    /// [`CONTINUATION_MALFORMED`] with the line for any other text, and as [`Note::parse`] for what
    /// stands in the place of the checkpoint.
    pub fn parse(proof: &str) -> Result<Self> {
        let (head, checkpoint) = proof.split_once("\n\n").ok_or_else(|| malformed(1))?;
        let mut lines = (1usize..).zip(head.split('\n'));
        let old = lines.next().and_then(|(_, line)| line.strip_prefix("old "));
        let old = old.and_then(text::decimal).ok_or_else(|| malformed(1))?;
        let mut hashes = Vec::new();
        for (number, line) in lines {
            let hash = text::decode_hash(line).filter(|_| hashes.len() < MAX_HASHES);
            hashes.push(hash.ok_or_else(|| malformed(number))?);
        }
        Note::parse(checkpoint)?;
        Ok(Self { old, hashes, checkpoint: checkpoint.to_owned() })
    }
}

/// Verifies offline that a log goes on from a checkpoint that somebody kept: the proof is the text of a
/// [`Continuation`]. Answers with the later checkpoint, to be kept in its place.
///
/// It shows that the first leaves of both are the same. A log whose operator signs one history for this
/// reader and another for the next is found by comparing what each of them keeps.
///
/// # Errors
/// As [`Checkpoint::open`] for either checkpoint and [`Continuation::parse`]; [`ORIGIN_MISMATCH`] if they
/// are of two logs, or of two epochs of one; [`CONSISTENCY_FAILED`] if the proof does not show it, also
/// where the earlier checkpoint is of an empty log, of which there is nothing to show.
pub fn verify_continuation(
    earlier: &str,
    proof: &str,
    known: &[VerifierKey],
) -> Result<Checkpoint> {
    let earlier = Checkpoint::open(earlier, known)?;
    let proof = Continuation::parse(proof)?;
    let later = Checkpoint::open(&proof.checkpoint, known)?;
    if earlier.origin != later.origin {
        return ORIGIN_MISMATCH.err();
    }
    if proof.old != earlier.size {
        return CONSISTENCY_FAILED.err();
    }
    verify_consistency(earlier.size, later.size, &earlier.root, &later.root, &proof.hashes)?;
    Ok(later)
}

fn malformed(line: usize) -> Error {
    CONTINUATION_MALFORMED.error().with("line", line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::log::test_data::{naive_consistency, naive_root, small_leaves};
    use crate::log::{NOTE_MALFORMED, SigningKey, UNKNOWN_KEY, leaf_hash};

    fn key(seed: u8, name: &str) -> SigningKey {
        SigningKey::from_seed(name, &[seed; 32]).unwrap()
    }

    fn signed(key: &SigningKey, leaves: &[Hash]) -> String {
        let size = leaves.len() as u64;
        let root = naive_root(leaves);
        Checkpoint { origin: key.name().to_owned(), size, root }.sign(key).unwrap()
    }

    fn proof(key: &SigningKey, leaves: &[Hash], old: u64) -> Continuation {
        let hashes = naive_consistency(old, leaves);
        Continuation { old, hashes, checkpoint: signed(key, leaves) }
    }

    #[test]
    fn every_checkpoint_is_continued_by_every_later_one_and_by_no_other() {
        let key = key(7, "log.example");
        let known = [key.verifier_key().clone()];
        for size in 1..20 {
            let leaves = small_leaves(size);
            for old in 1..=size {
                let earlier = signed(&key, &small_leaves(old));
                let text = proof(&key, &leaves, old).to_text();
                let later = verify_continuation(&earlier, &text, &known).unwrap();
                assert_eq!(later.size, size);
                // A log in which the first leaf is another.
                let mut forked = leaves.clone();
                forked[0] = leaf_hash(b"another");
                let text = proof(&key, &forked, old).to_text();
                let error = verify_continuation(&earlier, &text, &known).unwrap_err();
                assert!(error.is(&CONSISTENCY_FAILED), "{old} of {size}: {error}");
            }
        }
    }

    #[test]
    fn what_is_of_another_log_or_size_is_refused() {
        let (key, other) = (key(7, "log.example"), key(8, "log.example/2"));
        let known = [key.verifier_key().clone(), other.verifier_key().clone()];
        let leaves = small_leaves(5);
        let earlier = signed(&key, &small_leaves(3));
        let refused = |proof: &Continuation, known: &[VerifierKey]| {
            verify_continuation(&earlier, &proof.to_text(), known).unwrap_err()
        };
        assert!(refused(&proof(&other, &leaves, 3), &known).is(&ORIGIN_MISMATCH));
        assert!(refused(&proof(&key, &leaves, 3), &known[1..]).is(&UNKNOWN_KEY));
        assert!(refused(&proof(&key, &leaves, 2), &known).is(&CONSISTENCY_FAILED));
        let shorter = proof(&key, &small_leaves(2), 2);
        assert!(refused(&Continuation { old: 3, ..shorter }, &known).is(&CONSISTENCY_FAILED));
        let empty = signed(&key, &[]);
        let text = Continuation { old: 0, hashes: Vec::new(), ..proof(&key, &leaves, 3) }.to_text();
        let error = verify_continuation(&empty, &text, &known).unwrap_err();
        assert!(error.is(&CONSISTENCY_FAILED));
    }

    #[test]
    fn the_text_has_one_form() {
        let key = key(7, "log.example");
        let text = proof(&key, &small_leaves(3), 2).to_text();
        assert_eq!(Continuation::parse(&text).unwrap().to_text(), text);
        let line = |text: &str| Continuation::parse(text).unwrap_err().to_string();
        for (from, to) in [("old 2", "old 02"), ("old ", "Old "), ("old 2\n", "old 2\n\r")] {
            let changed = text.replacen(from, to, 1);
            let error = Continuation::parse(&changed).unwrap_err();
            assert!(error.is(&CONTINUATION_MALFORMED) || error.is(&NOTE_MALFORMED), "{error}");
        }
        assert!(line("old 2\nAAAA\n\nx").contains("(line 2)"));
        let hash = leaf_hash(b"").to_base64();
        let many = format!("old 2\n{}\n{}", format!("{hash}\n").repeat(64), signed(&key, &[]));
        assert!(Continuation::parse(&many).unwrap_err().is(&CONTINUATION_MALFORMED));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(old [0-9]{0,3}\n)?(\\PC{0,50}\n){0,3}\n?\\PC{0,80}") {
            if let Ok(proof) = Continuation::parse(&text) {
                prop_assert_eq!(proof.to_text(), text);
            }
        }
    }
}
