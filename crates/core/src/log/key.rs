//! The keys of signed notes: Ed25519 (RFC 8032) with a name, as C2SP signed-note defines them.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::Signer as _;
use sha2::{Digest as _, Sha256};

use super::{KEY_MALFORMED, KEYS_MIXED, text};
use crate::error::Result;

/// The signature type of Ed25519.
const ED25519: u8 = 1;

/// A key that verifies, with the name and id under which it signs. Public: it may be printed.
///
/// Its text is a C2SP verifier key, `name+id+key`: the id in hexadecimal, the key (one byte for the
/// signature type and 32 bytes of public key) in base64.
///
/// # Properties
/// Text and key are one to one. Keys of small order, under which one signature may fit several
/// texts, are refused.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: u32,
    key: ed25519_dalek::VerifyingKey,
}

impl VerifierKey {
    /// A key from its name and the 32 bytes of an Ed25519 public key.
    ///
    /// # Errors
    /// [`KEY_MALFORMED`] for a name that is empty or contains spaces, control characters or `+`,
    /// and for bytes that are no public key.
    pub fn new(name: &str, public_key: &[u8; 32]) -> Result<Self> {
        if !is_name(name) {
            return KEY_MALFORMED.err();
        }
        match ed25519_dalek::VerifyingKey::from_bytes(public_key) {
            Ok(key) if !key.is_weak() => {
                Ok(Self { name: name.to_owned(), id: key_id(name, public_key), key })
            }
            // The cause says no more than that, and would quote nothing.
            _ => KEY_MALFORMED.err(),
        }
    }

    /// Reads a C2SP verifier key.
    ///
    /// # Errors
    /// [`KEY_MALFORMED`] for any other text, another signature type than Ed25519, or an id that
    /// does not belong to name and key.
    pub fn parse(text: &str) -> Result<Self> {
        // Base64 has `+` among its digits: only the first two separate.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return KEY_MALFORMED.err();
        };
        let bytes = text::decode(key).ok_or_else(|| KEY_MALFORMED.error())?;
        let Some((&ED25519, public_key)) = bytes.split_first() else {
            return KEY_MALFORMED.err();
        };
        let public_key = public_key.try_into().map_err(|_| KEY_MALFORMED.error())?;
        let key = Self::new(name, public_key)?;
        if format!("{:08x}", key.id) == id { Ok(key) } else { KEY_MALFORMED.err() }
    }

    /// The name, which for the key of a log is the log's origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id: the first four bytes of SHA-256 over name, signature type and public key. It tells
    /// keys apart, and is no proof of anything.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// The 32 bytes of the public key.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// Whether the 64 bytes are this key's signature of the message. Strict: one form per
    /// signature (RFC 8032 section 5.1.7, and no points of small order).
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = [ED25519; 33];
        for (to, from) in key.iter_mut().skip(1).zip(self.key.as_bytes()) {
            *to = *from;
        }
        write!(f, "{}+{:08x}+{}", self.name, self.id, text::encode(&key))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl FromStr for VerifierKey {
    type Err = crate::error::Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

/// A key that signs. It prints as its public half, and its secret is zeroised when it is dropped.
pub struct SigningKey {
    verifier: VerifierKey,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// A key from its name and 32 random bytes, the secret key of RFC 8032 section 5.1.5. The
    /// caller zeroises its own copy of them.
    ///
    /// # Errors
    /// [`KEY_MALFORMED`] for a name that is empty or contains spaces, control characters or `+`.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self> {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        Ok(Self { verifier: VerifierKey::new(name, key.verifying_key().as_bytes())?, key })
    }

    /// The public half.
    #[must_use]
    pub const fn verifier_key(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.verifier.name()
    }

    /// The 64 bytes of the signature of a message. Deterministic.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, …)", self.verifier)
    }
}

/// Reads the public keys of one log: one verifier key per line, one line per epoch. Blank lines
/// are skipped, and so is white space around a key.
///
/// # Errors
/// [`KEY_MALFORMED`] with the line for text that is no key, and without one if there is no key at
/// all; [`KEYS_MIXED`] with the line for a key of another log: names must be equal but for a last
/// part `/2`, `/3`, … that counts the epochs.
pub fn parse_vkeys(text: &str) -> Result<Vec<VerifierKey>> {
    let mut keys: Vec<VerifierKey> = Vec::new();
    for (number, line) in (1usize..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let key = VerifierKey::parse(line).map_err(|error| error.with("line", number))?;
        let mixed = keys.first().is_some_and(|first| !is_same_log(first.name(), key.name()));
        if mixed {
            return Err(KEYS_MIXED.error().with("line", number));
        }
        keys.push(key);
    }
    if keys.is_empty() { KEY_MALFORMED.err() } else { Ok(keys) }
}

/// Whether two origins are epochs of one log.
fn is_same_log(a: &str, b: &str) -> bool {
    let (base_a, base_b) = (without_epoch(a), without_epoch(b));
    a == b || base_a == Some(b) || base_b == Some(a) || (base_a.is_some() && base_a == base_b)
}

/// The origin of the first epoch, if this is the origin of a later one.
fn without_epoch(origin: &str) -> Option<&str> {
    let (base, epoch) = origin.rsplit_once('/')?;
    (text::decimal(epoch)? >= 2).then_some(base)
}

/// Whether a key may have this name.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c == '+' || c.is_whitespace() || c < ' ')
}

fn key_id(name: &str, public_key: &[u8; 32]) -> u32 {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', ED25519])
        .chain_update(public_key)
        .finalize()
        .into();
    let [a, b, c, d, ..] = digest;
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of C2SP signed-note.
    const EXAMPLE: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    #[test]
    fn a_key_has_one_text() {
        let key = VerifierKey::parse(EXAMPLE).unwrap();
        assert_eq!((key.name(), key.id()), ("example.com/foo", 0x530d_903a));
        assert_eq!(key.to_string(), EXAMPLE);
        for bad in [
            "",
            "example.com/foo",
            "example.com/foo+530d903a",
            "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/foo+530d903a+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2kAA==",
            "example.com/foo+530d903a+",
            "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            " example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        ] {
            assert!(VerifierKey::parse(bad).unwrap_err().is(&KEY_MALFORMED), "{bad}");
        }
    }

    #[test]
    fn names_have_no_spaces_plus_or_control_characters() {
        let seed = [7; 32];
        for bad in ["", "a b", "a+b", "a\nb", "a\u{a0}b", "a\u{2003}b", "a\u{1}b", "a\tb"] {
            assert!(SigningKey::from_seed(bad, &seed).unwrap_err().is(&KEY_MALFORMED), "{bad:?}");
        }
        assert!(SigningKey::from_seed("журнал.example/ł", &seed).is_ok());
    }

    #[test]
    fn keys_of_small_order_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert!(VerifierKey::new("a", &identity).unwrap_err().is(&KEY_MALFORMED));
        assert!(VerifierKey::new("a", &[0; 32]).unwrap_err().is(&KEY_MALFORMED));
        // No point of the curve has this y.
        let mut no_point = [0; 32];
        no_point[0] = 2;
        assert!(VerifierKey::new("a", &no_point).unwrap_err().is(&KEY_MALFORMED));
    }

    #[test]
    fn signs_as_rfc_8032_does() {
        // RFC 8032 section 7.1, test 1.
        let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let key = SigningKey::from_seed("a", &unhex(seed)).unwrap();
        assert_eq!(key.verifier_key().public_key(), unhex(public));
        let signature = key.sign(b"");
        assert_eq!(
            signature[..8],
            [0xe5, 0x56, 0x43, 0x00, 0xc3, 0x60, 0xac, 0x72],
            "the first bytes of the signature"
        );
        assert!(key.verifier_key().verifies(b"", &signature));
        assert!(!key.verifier_key().verifies(b" ", &signature));
        assert!(!key.verifier_key().verifies(b"", &signature[..63]));
    }

    #[test]
    fn a_signing_key_does_not_print_its_secret() {
        let key = SigningKey::from_seed("a", &[0x5a; 32]).unwrap();
        let printed = format!("{key:?}");
        assert!(printed.starts_with("SigningKey(a+"), "{printed}");
        for secret in ["5a5a", "WlpaWl", "90, 90"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }

    #[test]
    fn a_key_file_has_one_line_per_epoch() {
        let key = |name| SigningKey::from_seed(name, &[7; 32]).unwrap().verifier_key().to_string();
        let (one, two, ten) = (key("log.example"), key("log.example/2"), key("log.example/10"));
        let keys = parse_vkeys(&format!("{one}\n\n {two}\r\n{ten}")).unwrap();
        assert_eq!(keys.last().map(VerifierKey::name), Some("log.example/10"));
        assert_eq!(parse_vkeys(&format!("{two}\n{ten}\n{one}\n")).unwrap().len(), 3);
        for other in ["other.example", "log.example/1", "log.example/02", "log.example/x"] {
            let error = parse_vkeys(&format!("{one}\n\n{}\n", key(other))).unwrap_err();
            assert!(error.is(&KEYS_MIXED), "{other}");
            assert!(error.to_string().ends_with("(line 3)"), "{error}");
        }
        let error = parse_vkeys(&format!("{one}\nnonsense\n")).unwrap_err();
        assert!(error.is(&KEY_MALFORMED));
        assert!(error.to_string().ends_with("(line 2)"), "{error}");
        assert!(parse_vkeys("\n \n").unwrap_err().is(&KEY_MALFORMED));
    }

    fn unhex(hex: &str) -> [u8; 32] {
        std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*", key in "[a-z+/=\n ]{0,40}") {
            let _ = VerifierKey::parse(&text);
            let _ = parse_vkeys(&text);
            let _ = parse_vkeys(&format!("a+530d903a+{key}"));
        }
    }
}
