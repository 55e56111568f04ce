//! Proofs of inclusion as text (C2SP tlog-proof), and receipts.
//!
//! A receipt is a proof whose `extra` line is the leaf itself, so that it says all that is needed
//! to check it but for the public key: leaf, place, path, signed checkpoint.

use std::fmt;

use super::checkpoint::Checkpoint;
use super::key::VerifierKey;
use super::note::Note;
use super::tree::{Hash, leaf_hash, verify_inclusion};
use super::{LEAF_MISSING, PROOF_MALFORMED, text};
use crate::error::{Error, Result};

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The longest path in a tree whose size is a 64-bit number.
const MAX_HASHES: usize = 64;

/// A proof as it stands in its text. Nothing in it is verified.
///
/// Its `Debug` shows the length of `extra` only: a leaf is pseudonymous data.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof {
    /// The `extra` line: in a receipt, the bytes of the leaf.
    pub extra: Option<Vec<u8>>,
    /// The place of the leaf in the log.
    pub index: u64,
    /// The path from the leaf's sibling up to the child of the root.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

impl Proof {
    /// The text of the proof.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = format!("{HEADER}\n");
        if let Some(extra) = &self.extra {
            out.push_str(&format!("extra {}\n", text::encode(extra)));
        }
        out.push_str(&format!("index {}\n", self.index));
        for hash in &self.hashes {
            out.push_str(&hash.to_base64());
            out.push('\n');
        }
        out.push('\n');
        out.push_str(&self.checkpoint);
        out
    }

    /// Reads the text of a proof. What it takes, [`Proof::to_text`] writes again byte by byte.
    ///
    /// # Errors
    /// [`PROOF_MALFORMED`] with the line for any other text, and as [`Note::parse`] for what
    /// stands in the place of the checkpoint.
    pub fn parse(proof: &str) -> Result<Self> {
        let (head, checkpoint) = proof.split_once("\n\n").ok_or_else(|| PROOF_MALFORMED.error())?;
        let mut lines = (1usize..).zip(head.split('\n')).peekable();
        if lines.next_if(|(_, line)| *line == HEADER).is_none() {
            return Err(malformed(1));
        }
        let extra = match lines.next_if(|(_, line)| line.starts_with("extra ")) {
            Some((number, line)) => {
                let encoded = line.strip_prefix("extra ").and_then(text::decode);
                Some(encoded.ok_or_else(|| malformed(number))?)
            }
            None => None,
        };
        let (number, line) = lines.next().ok_or_else(|| malformed(2))?;
        let index = line.strip_prefix("index ").and_then(text::decimal);
        let index = index.ok_or_else(|| malformed(number))?;
        let mut hashes = Vec::new();
        for (number, line) in lines {
            let hash = text::decode_hash(line).filter(|_| hashes.len() < MAX_HASHES);
            hashes.push(hash.ok_or_else(|| malformed(number))?);
        }
        Note::parse(checkpoint)?;
        Ok(Self { extra, index, hashes, checkpoint: checkpoint.to_owned() })
    }

    /// Checks that this proof shows the leaf to be in a log of the known keys, and returns the
    /// checkpoint that says so. For a receipt use [`verify`].
    ///
    /// # Errors
    /// As [`Checkpoint::open`] and [`verify_inclusion`].
    pub fn verify_leaf(&self, leaf: &[u8], known: &[VerifierKey]) -> Result<Checkpoint> {
        let checkpoint = Checkpoint::open(&self.checkpoint, known)?;
        let hash = leaf_hash(leaf);
        verify_inclusion(self.index, checkpoint.size, &hash, &self.hashes, &checkpoint.root)?;
        Ok(checkpoint)
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proof")
            .field("extra_bytes", &self.extra.as_ref().map(Vec::len))
            .field("index", &self.index)
            .field("hashes", &self.hashes)
            .field("checkpoint", &self.checkpoint)
            .finish()
    }
}

/// What a receipt proves: this leaf stands at this place of the log that the checkpoint names.
///
/// Its `Debug` shows the length of the leaf only.
#[derive(Clone, PartialEq, Eq)]
pub struct Verified {
    /// The bytes of the leaf.
    pub leaf: Vec<u8>,
    /// Its place in the log.
    pub index: u64,
    /// The state of the log that holds it.
    pub checkpoint: Checkpoint,
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified")
            .field("leaf_bytes", &self.leaf.len())
            .field("index", &self.index)
            .field("checkpoint", &self.checkpoint)
            .finish()
    }
}

/// Verifies a receipt offline, with nothing but the public keys of the log.
///
/// It shows that whoever holds the log's key has signed a log with this leaf at this place. It
/// cannot show that the same key has not signed another log as well: compare checkpoints for that.
///
/// # Errors
/// As [`Proof::parse`] and [`Proof::verify_leaf`]; [`LEAF_MISSING`] for a proof without an `extra`
/// line.
pub fn verify(receipt: &str, known: &[VerifierKey]) -> Result<Verified> {
    let mut proof = Proof::parse(receipt)?;
    let leaf = proof.extra.take().ok_or_else(|| LEAF_MISSING.error())?;
    let checkpoint = proof.verify_leaf(&leaf, known)?;
    Ok(Verified { leaf, index: proof.index, checkpoint })
}

fn malformed(line: usize) -> Error {
    PROOF_MALFORMED.error().with("line", line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::log::test_data::{naive_inclusion, naive_root};
    use crate::log::{INCLUSION_FAILED, NOTE_MALFORMED, SigningKey};

    /// The log of the vectors: leaves `leaf 0`, `leaf 1`, … under one key.
    fn receipt(index: u64, size: u64) -> (String, Vec<VerifierKey>) {
        let key = SigningKey::from_seed("log.example/tacenda", &[7; 32]).unwrap();
        let leaf = |i: u64| format!("leaf {i}").into_bytes();
        let leaves: Vec<Hash> = (0..size).map(|i| leaf_hash(&leaf(i))).collect();
        let checkpoint =
            Checkpoint { origin: key.name().to_owned(), size, root: naive_root(&leaves) };
        let proof = Proof {
            extra: Some(leaf(index)),
            index,
            hashes: naive_inclusion(index, &leaves),
            checkpoint: checkpoint.sign(&key).unwrap(),
        };
        (proof.to_text(), vec![key.verifier_key().clone()])
    }

    #[test]
    fn a_receipt_verifies_and_reads_back() {
        for (index, size) in [(0, 1), (0, 2), (2, 5), (4, 5), (6, 11), (10, 11)] {
            let (text, known) = receipt(index, size);
            let verified = verify(&text, &known).unwrap();
            assert_eq!(verified.leaf, format!("leaf {index}").into_bytes());
            assert_eq!((verified.index, verified.checkpoint.size), (index, size));
            assert_eq!(Proof::parse(&text).unwrap().to_text(), text);
        }
    }

    #[test]
    fn no_single_bit_can_be_changed() {
        let (text, known) = receipt(2, 5);
        assert!(verify(&text, &known).is_ok());
        let bytes = text.as_bytes();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            // Bytes that are no UTF-8 do not even reach the parser.
            if let Ok(flipped) = std::str::from_utf8(&flipped) {
                assert!(verify(flipped, &known).is_err(), "bit {bit}: {flipped}");
            }
        }
    }

    #[test]
    fn no_bit_of_leaf_path_or_place_can_be_changed() {
        let (text, known) = receipt(6, 11);
        let good = Proof::parse(&text).unwrap();
        let refused = |proof: &Proof| {
            let error = verify(&proof.to_text(), &known).unwrap_err();
            assert!(error.is(&INCLUSION_FAILED), "{error}");
        };
        for bit in 0..48 {
            let mut proof = good.clone();
            proof.extra.as_mut().unwrap()[bit / 8] ^= 1 << (bit % 8);
            refused(&proof);
        }
        for bit in 0..good.hashes.len() * 256 {
            let mut proof = good.clone();
            let mut bytes = *proof.hashes[bit / 256].as_bytes();
            bytes[bit % 256 / 8] ^= 1 << (bit % 8);
            proof.hashes[bit / 256] = Hash::new(bytes);
            refused(&proof);
        }
        for bit in 0..64 {
            let mut proof = good.clone();
            proof.index ^= 1 << bit;
            refused(&proof);
        }
    }

    #[test]
    fn nothing_can_be_added_or_cut_off() {
        let (text, known) = receipt(2, 5);
        for (end, _) in text.char_indices() {
            assert!(verify(&text[..end], &known).is_err(), "{end}");
        }
        for (at, _) in text.char_indices().chain([(text.len(), ' ')]) {
            for extra in ["\n", " ", "=", "A", "0", "\r", "\u{feff}"] {
                let longer = format!("{}{extra}{}", &text[..at], &text[at..]);
                assert!(verify(&longer, &known).is_err(), "{at}: {longer}");
            }
        }
    }

    #[test]
    fn a_leaf_does_not_print() {
        let (text, known) = receipt(2, 5);
        let printed = format!("{:?} {:?}", Proof::parse(&text).unwrap(), verify(&text, &known));
        assert!(!printed.contains("leaf 2") && !printed.contains("108, 101"), "{printed}");
    }

    #[test]
    fn a_proof_ends_in_a_note() {
        let (text, _) = receipt(2, 5);
        for bad in [&text[..text.len() - 1], &format!("{text}more\n"), &format!("{text}\n")] {
            assert!(Proof::parse(bad).unwrap_err().is(&NOTE_MALFORMED), "{bad}");
        }
    }

    #[test]
    fn an_empty_extra_line_is_an_empty_leaf() {
        let (text, _) = receipt(0, 1);
        let mut proof = Proof::parse(&text).unwrap();
        proof.extra = Some(Vec::new());
        assert_eq!(Proof::parse(&proof.to_text()).unwrap(), proof);
    }

    proptest! {
        #[test]
        fn never_panics(any in ".*", head in "[a-z0-9 =\n]{0,60}", at in any::<prop::sample::Index>()) {
            let (text, known) = receipt(2, 5);
            let _ = Proof::parse(&any);
            let _ = verify(&format!("{HEADER}\n{head}\n\n{any}"), &known);
            let cut = at.index(text.len());
            let mixed = format!("{}{head}", String::from_utf8_lossy(&text.as_bytes()[..cut]));
            prop_assert!(verify(&mixed, &known).is_err() || mixed == text);
        }
    }
}
