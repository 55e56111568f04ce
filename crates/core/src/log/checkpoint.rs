//! Checkpoints (C2SP tlog-checkpoint): the signed size and root of a log.

use super::key::{SigningKey, VerifierKey};
use super::note::Note;
use super::tree::Hash;
use super::{CHECKPOINT_MALFORMED, ORIGIN_MISMATCH, text};
use crate::error::Result;

/// The size and root of a log at some time. Two checkpoints of one origin of which neither
/// continues the other prove that the log was forked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Checkpoint {
    /// Which log: the name of the key that signs.
    pub origin: String,
    /// The number of leaves.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed: three lines.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }

    /// The signed checkpoint.
    ///
    /// # Errors
    /// [`ORIGIN_MISMATCH`] if the key has another name than the origin.
    pub fn sign(&self, key: &SigningKey) -> Result<String> {
        if key.name() != self.origin {
            return ORIGIN_MISMATCH.err();
        }
        Ok(Note::sign(&self.text(), key)?.to_text())
    }

    /// Reads a signed checkpoint and verifies its signatures. Extension lines are taken, signed as
    /// they are, and ignored.
    ///
    /// # Errors
    /// As [`Note::parse`] and [`Note::verify`]; [`CHECKPOINT_MALFORMED`] for a signed note of
    /// another form; [`ORIGIN_MISMATCH`] if none of the known keys that signed has the origin as
    /// its name.
    pub fn open(signed: &str, known: &[VerifierKey]) -> Result<Self> {
        let note = Note::parse(signed)?;
        let signers = note.verify(known)?;
        let checkpoint =
            Self::parse_text(note.text()).ok_or_else(|| CHECKPOINT_MALFORMED.error())?;
        if signers.iter().any(|key| key.name() == checkpoint.origin) {
            Ok(checkpoint)
        } else {
            ORIGIN_MISMATCH.err()
        }
    }

    fn parse_text(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty())?;
        let size = text::decimal(lines.next()?)?;
        let root = text::decode_hash(lines.next()?)?;
        if lines.any(str::is_empty) {
            return None;
        }
        Some(Self { origin: origin.to_owned(), size, root })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::log::{SIGNATURE_INVALID, UNKNOWN_KEY, leaf_hash};

    fn key(name: &str) -> SigningKey {
        SigningKey::from_seed(name, &[7; 32]).unwrap()
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "log.example".into(), size: 1, root: leaf_hash(b"") }
    }

    #[test]
    fn opens_what_it_signed() {
        let key = key("log.example");
        let known = [key.verifier_key().clone()];
        let signed = checkpoint().sign(&key).unwrap();
        let text = "log.example\n1\nbjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n\n— log.example ";
        assert!(signed.starts_with(text), "{signed}");
        assert_eq!(Checkpoint::open(&signed, &known).unwrap(), checkpoint());
        let forged = signed.replacen("\n1\n", "\n2\n", 1);
        assert!(Checkpoint::open(&forged, &known).unwrap_err().is(&SIGNATURE_INVALID));
    }

    #[test]
    fn the_origin_is_the_name_of_the_key() {
        let (one, two) = (key("log.example"), key("log.example/2"));
        let both = [one.verifier_key().clone(), two.verifier_key().clone()];
        assert!(checkpoint().sign(&two).unwrap_err().is(&ORIGIN_MISMATCH));
        // A key of another epoch or a witness cannot speak for the log, but may sign beside it.
        let mut note = Note::sign(&checkpoint().text(), &two).unwrap();
        let opened = Checkpoint::open(&note.to_text(), &both);
        assert!(opened.unwrap_err().is(&ORIGIN_MISMATCH));
        note.add(&one).unwrap();
        assert_eq!(Checkpoint::open(&note.to_text(), &both).unwrap(), checkpoint());
        let only_two = Checkpoint::open(&note.to_text(), &both[1..]);
        assert!(only_two.unwrap_err().is(&ORIGIN_MISMATCH));
        assert!(Checkpoint::open(&note.to_text(), &[]).unwrap_err().is(&UNKNOWN_KEY));
    }

    #[test]
    fn extension_lines_are_ignored_and_other_forms_refused() {
        let key = key("log.example");
        let known = [key.verifier_key().clone()];
        let root = leaf_hash(b"").to_base64();
        let open =
            |text: &str| Checkpoint::open(&Note::sign(text, &key).unwrap().to_text(), &known);
        assert!(open(&format!("log.example\n1\n{root}\nextension 1\nextension 2\n")).is_ok());
        for text in [
            "\n",
            "log.example\n",
            "log.example\n1\n",
            &format!("\n1\n{root}\n"),
            &format!("log.example\n01\n{root}\n"),
            &format!("log.example\n\n{root}\n"),
            &format!("log.example\n-1\n{root}\n"),
            &format!("log.example\n1 \n{root}\n"),
            &format!("log.example\n18446744073709551616\n{root}\n"),
            &format!("log.example\n1\n{}\n", root.trim_end_matches('=')),
            "log.example\n1\nQUJD\n",
            &format!("log.example\n1\n{root}\n\nextension\n"),
            &format!("log.example\n1\n{root}\n\n"),
        ] {
            assert!(open(text).unwrap_err().is(&CHECKPOINT_MALFORMED), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[a0-9=/+\n]{0,60}", any in ".*") {
            let _ = Checkpoint::parse_text(&text);
            let _ = Checkpoint::parse_text(&format!("{any}\n"));
            let _ = Checkpoint::open(&any, &[]);
        }
    }
}
