//! Signed notes (C2SP signed-note): text with signatures below it.

use super::key::{SigningKey, VerifierKey, is_name};
use super::{NOTE_MALFORMED, SIGNATURE_INVALID, UNKNOWN_KEY, text};
use crate::error::Result;

/// How many signatures a note may have. Verifiers must take 16; Go's `sumdb/note` takes 100.
pub const MAX_SIGNATURES: usize = 100;

/// What a signature line begins with: an em dash and a space.
const DASH: &str = "— ";

/// One signature line. Nothing in it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    name: String,
    id: u32,
    bytes: Vec<u8>,
}

impl Signature {
    /// The name of the key that the line claims.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the key that the line claims.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    fn is_of(&self, key: &VerifierKey) -> bool {
        self.id == key.id() && self.name == key.name()
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = text::decode(encoded)?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        if !is_name(name) || signature.is_empty() {
            return None;
        }
        let id = u32::from_be_bytes(*id);
        Some(Self { name: name.to_owned(), id, bytes: signature.to_vec() })
    }
}

/// A note that has the right form. Its text means nothing until [`Note::verify`] has said who
/// signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// A note over a text, signed with a key.
    ///
    /// # Errors
    /// [`NOTE_MALFORMED`] for a text that does not end in a newline or contains another control
    /// character below U+0020.
    pub fn sign(text: &str, key: &SigningKey) -> Result<Self> {
        if !text.ends_with('\n') || has_control(text) {
            return NOTE_MALFORMED.err();
        }
        let mut note = Self { text: text.to_owned(), signatures: Vec::new() };
        note.add(key)?;
        Ok(note)
    }

    /// Adds the signature of another key.
    ///
    /// # Errors
    /// [`NOTE_MALFORMED`] if the note has [`MAX_SIGNATURES`] already.
    pub fn add(&mut self, key: &SigningKey) -> Result<()> {
        if self.signatures.len() >= MAX_SIGNATURES {
            return NOTE_MALFORMED.err();
        }
        let verifier = key.verifier_key();
        self.signatures.push(Signature {
            name: verifier.name().to_owned(),
            id: verifier.id(),
            bytes: key.sign(self.text.as_bytes()).to_vec(),
        });
        Ok(())
    }

    /// Reads a note. What it takes, [`Note::to_text`] writes again byte by byte.
    ///
    /// # Errors
    /// [`NOTE_MALFORMED`] for any other text, and for more than [`MAX_SIGNATURES`] signatures.
    pub fn parse(note: &str) -> Result<Self> {
        Self::read(note).ok_or_else(|| NOTE_MALFORMED.error())
    }

    fn read(note: &str) -> Option<Self> {
        if has_control(note) {
            return None;
        }
        // The text may have empty lines: the last one separates.
        let (before, lines) = note.rsplit_once("\n\n")?;
        let text = note.get(..before.len() + 1)?;
        let lines = lines.strip_suffix('\n')?;
        let signatures: Vec<Signature> = lines
            .split('\n')
            .take(MAX_SIGNATURES + 1)
            .map(Signature::parse)
            .collect::<Option<_>>()?;
        if signatures.len() > MAX_SIGNATURES {
            return None;
        }
        Some(Self { text: text.to_owned(), signatures })
    }

    /// The text that is signed, with its last newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in order.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// The note as text: what is signed, an empty line, the signature lines.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = format!("{}\n", self.text);
        for signature in &self.signatures {
            let bytes = [&signature.id.to_be_bytes()[..], &signature.bytes].concat();
            out.push_str(DASH);
            out.push_str(&signature.name);
            out.push(' ');
            out.push_str(&text::encode(&bytes));
            out.push('\n');
        }
        out
    }

    /// Those of the known keys that have signed the note. Signatures of unknown keys are ignored;
    /// a key is known by its name and id together.
    ///
    /// # Errors
    /// [`SIGNATURE_INVALID`] if a signature names a known key and does not verify, whatever the
    /// others say; [`UNKNOWN_KEY`] if no known key has signed.
    pub fn verify<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>> {
        let mut signers: Vec<&VerifierKey> = Vec::new();
        for signature in &self.signatures {
            let mut candidates = known.iter().filter(|key| signature.is_of(key)).peekable();
            if candidates.peek().is_none() {
                continue;
            }
            // Two different keys of one name and id are next to impossible; either may have signed.
            match candidates.find(|key| key.verifies(self.text.as_bytes(), &signature.bytes)) {
                Some(key) if signers.contains(&key) => {}
                Some(key) => signers.push(key),
                None => return SIGNATURE_INVALID.err(),
            }
        }
        if signers.is_empty() { UNKNOWN_KEY.err() } else { Ok(signers) }
    }
}

/// Whether there is an ASCII control character other than newline.
fn has_control(text: &str) -> bool {
    text.bytes().any(|byte| byte < b' ' && byte != b'\n')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of C2SP signed-note.
    const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const NOTE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    fn key(name: &str, seed: u8) -> SigningKey {
        SigningKey::from_seed(name, &[seed; 32]).unwrap()
    }

    #[test]
    fn the_example_of_the_specification_verifies() {
        let note = Note::parse(NOTE).unwrap();
        assert_eq!(note.text(), "This is an example message.\n");
        let known = [VerifierKey::parse(VKEY).unwrap()];
        assert_eq!(note.verify(&known).unwrap(), [&known[0]]);
        assert_eq!(note.to_text(), NOTE);
        let forged = Note::parse(&NOTE.replace("example message", "example massage")).unwrap();
        assert!(forged.verify(&known).unwrap_err().is(&SIGNATURE_INVALID));
    }

    #[test]
    fn unknown_signatures_are_ignored_and_known_ones_must_hold() {
        let (ours, other) = (key("ours", 1), key("other", 2));
        let mut note = Note::sign("text\n", &ours).unwrap();
        note.add(&other).unwrap();
        let known = [ours.verifier_key().clone()];
        assert_eq!(note.verify(&known).unwrap().len(), 1);
        assert!(note.verify(&[]).unwrap_err().is(&UNKNOWN_KEY));
        // The same name with another id, and the same id with another name, are unknown.
        assert!(
            note.verify(&[key("ours", 3).verifier_key().clone()]).unwrap_err().is(&UNKNOWN_KEY)
        );
        let renamed = Note::parse(&note.to_text().replace("— ours ", "— hers ")).unwrap();
        assert!(renamed.verify(&known).unwrap_err().is(&UNKNOWN_KEY));
        // One bad signature of a known key spoils the note, before or behind a good one.
        let mut spoilt = note.clone();
        spoilt.signatures[1].bytes[0] ^= 1;
        assert!(spoilt.verify(&known).is_ok());
        let both = [known[0].clone(), other.verifier_key().clone()];
        assert!(spoilt.verify(&both).unwrap_err().is(&SIGNATURE_INVALID));
        spoilt.signatures.reverse();
        assert!(spoilt.verify(&both).unwrap_err().is(&SIGNATURE_INVALID));
        assert!(note.verify(&both).is_ok_and(|signers| signers.len() == 2));
    }

    #[test]
    fn empty_lines_belong_to_the_text_but_for_the_last() {
        for text in ["\n", "a\n", "a\n\nb\n", "a\n\n— b QUJDREU=\n\nc\n", "a\n\n\n"] {
            let note = Note::sign(text, &key("k", 1)).unwrap();
            assert_eq!(Note::parse(&note.to_text()).unwrap(), note, "{text:?}");
        }
    }

    #[test]
    fn texts_that_cannot_be_notes_are_not_signed() {
        for text in ["", "a", "a\r\n", "a\u{1}\n", "a\tb\n", "\0\n"] {
            assert!(Note::sign(text, &key("k", 1)).unwrap_err().is(&NOTE_MALFORMED), "{text:?}");
        }
        assert!(
            Note::sign("DEL \u{7f} and C1 \u{85} are no such characters\n", &key("k", 1)).is_ok()
        );
    }

    #[test]
    fn signature_lines_have_one_form() {
        for line in [
            "",
            "— k",
            "— k ",
            "— k QUJDRA==",
            "— k QUJDREU",
            "— k QUJDREU= ",
            "—  QUJDREU=",
            "— k  QUJDREU=",
            "— k k QUJDREU=",
            "— k+ QUJDREU=",
            "— k\u{a0}k QUJDREU=",
            "- k QUJDREU=",
            "—k QUJDREU=",
            " — k QUJDREU=",
            "— k QUJDREU=\r",
        ] {
            assert!(Note::parse(&format!("a\n\n{line}\n")).is_err(), "{line:?}");
        }
        assert!(Note::parse("a\n\n— k QUJDREU=\n").is_ok());
        assert!(Note::parse("a\n\n— k QUJDREU=").is_err());
        assert!(Note::parse("\n— k QUJDREU=\n").is_err());
    }

    #[test]
    fn takes_a_hundred_signatures_and_no_more() {
        let line = "— k QUJDREU=\n";
        for (count, good) in [(16, true), (100, true), (101, false), (10_000, false)] {
            assert_eq!(Note::parse(&format!("a\n\n{}", line.repeat(count))).is_ok(), good);
        }
        let mut full = Note::parse(&format!("a\n\n{}", line.repeat(100))).unwrap();
        assert!(full.add(&key("k", 1)).unwrap_err().is(&NOTE_MALFORMED));
    }

    proptest! {
        #[test]
        fn never_panics_and_writes_what_it_read(
            text in "[ -~\n—é]{0,60}", tail in "[ k+/=QA—\n\r]{0,40}", any in ".*",
        ) {
            for note in [&text, &any, &format!("{text}\n\n— {tail}\n"), &format!("{text}\n\n— k {tail}\n")] {
                if let Ok(parsed) = Note::parse(note) {
                    prop_assert_eq!(&parsed.to_text(), note);
                }
            }
        }
    }
}
