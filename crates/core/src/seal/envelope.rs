//! One sealed value: AES-256-GCM (NIST SP 800-38D) with a random nonce and bound to its place.

use std::fmt;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use zeroize::Zeroizing;

use super::{ALTERED, UNKNOWN_FORMAT};
use crate::error::Result;
use crate::rng::{self, Rng};

const FORMAT: u8 = 1;
const AES_256_GCM: u8 = 1;
const HEADER: usize = 6;
const NONCE: usize = 12;
const TAG: usize = 16;
/// By how many bytes an envelope is longer than what it seals.
pub(super) const OVERHEAD: usize = HEADER + NONCE + TAG;

/// The key of a subject's class of data.
///
/// # Properties
/// Nonces are 96 random bits. NIST SP 800-38D section 8.3 allows 2^32 of them under one key; a
/// subject's class would have to be rewritten four thousand million times to come near. The bytes
/// are wiped when the value goes, and `Debug` does not show them.
#[derive(Clone)]
pub struct DataKey {
    bytes: Zeroizing<[u8; 32]>,
    generation: u32,
}

impl DataKey {
    /// A new random key of the first generation.
    #[must_use]
    pub fn generate(rng: &dyn Rng) -> Self {
        let mut bytes = Zeroizing::new([0u8; 32]);
        rng.fill(bytes.as_mut());
        Self { bytes, generation: 1 }
    }

    /// A key from its bytes, as [`crate::ports::Kek::unwrap`] gives them.
    #[must_use]
    pub const fn from_bytes(bytes: Zeroizing<[u8; 32]>, generation: u32) -> Self {
        Self { bytes, generation }
    }

    /// The key with this number in its class; its envelopes name the generation one above.
    #[must_use]
    pub fn of_number(bytes: Zeroizing<[u8; 32]>, number: u16) -> Self {
        Self::from_bytes(bytes, u32::from(number) + 1)
    }

    /// This key under another number.
    #[must_use]
    pub fn numbered(self, number: u16) -> Self {
        Self::of_number(self.bytes, number)
    }

    /// Its number in its class.
    #[must_use]
    pub fn number(&self) -> u16 {
        u16::try_from(self.generation.saturating_sub(1)).unwrap_or(u16::MAX)
    }

    /// The bytes, to be wrapped.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<[u8; 32]> {
        // EXPOSE: wrapping under the key above is the only way a data key leaves this type.
        self.bytes.clone()
    }

    /// Ready to seal and open several values.
    #[must_use]
    pub fn cipher(&self) -> Cipher {
        Cipher { aead: Aes256Gcm::new(&(*self.bytes).into()), generation: self.generation }
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKey(generation {})", self.generation)
    }
}

/// A key with its schedule worked out, for the time of one call.
pub struct Cipher {
    aead: Aes256Gcm,
    generation: u32,
}

impl Cipher {
    /// Seals a value: format, cipher and key generation (6 bytes), nonce (12), ciphertext and tag
    /// (the value's length plus 16). The header is authenticated with `aad`.
    #[must_use]
    pub fn seal(&self, plain: &[u8], aad: &[u8], rng: &dyn Rng) -> Vec<u8> {
        let nonce: [u8; NONCE] = rng::generate(rng);
        let mut out = Vec::with_capacity(HEADER + NONCE + plain.len() + 16);
        out.extend_from_slice(&header(self.generation));
        let bound = bind(&out, aad);
        out.extend_from_slice(&nonce);
        // The cipher refuses only values past 2^36 bytes; an empty ciphertext never opens.
        let payload = Payload { msg: plain, aad: &bound };
        out.extend(self.aead.encrypt(&Nonce::from(nonce), payload).unwrap_or_default());
        out
    }

    /// Opens an envelope at its place.
    ///
    /// # Errors
    /// [`UNKNOWN_FORMAT`] for a header of another release, [`ALTERED`] for anything that is not
    /// exactly what was sealed with this key and `aad`.
    pub fn open(&self, envelope: &[u8], aad: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let (head, rest) = envelope.split_at_checked(HEADER).ok_or_else(|| ALTERED.error())?;
        if !head.starts_with(&[FORMAT, AES_256_GCM]) {
            return UNKNOWN_FORMAT.err();
        }
        if head != header(self.generation) {
            return ALTERED.err();
        }
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or_else(|| ALTERED.error())?;
        let payload = Payload { msg: sealed, aad: &bind(head, aad) };
        self.aead
            .decrypt(&Nonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| ALTERED.error())
    }
}

/// The number of the key that sealed an envelope, as its header names it; `None` for a header of
/// another release.
pub(super) fn key_number(envelope: &[u8]) -> Option<u16> {
    let header = envelope.first_chunk::<HEADER>()?;
    let [FORMAT, AES_256_GCM, a, b, c, d] = *header else { return None };
    u16::try_from(u32::from_be_bytes([a, b, c, d]).checked_sub(1)?).ok()
}

fn header(generation: u32) -> [u8; HEADER] {
    let [a, b, c, d] = generation.to_be_bytes();
    [FORMAT, AES_256_GCM, a, b, c, d]
}

fn bind(header: &[u8], aad: &[u8]) -> Vec<u8> {
    [header, aad].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rng::tests::SeededRng;

    #[test]
    fn opens_only_what_was_sealed_where_it_was_sealed() {
        let rng = SeededRng::new(1);
        let key = DataKey::generate(&rng);
        let sealed = key.cipher().seal(b"Ada", b"place", &rng);
        assert_eq!(sealed.len(), 3 + 34);
        assert_eq!(key.cipher().open(&sealed, b"place").unwrap().as_slice(), b"Ada");
        assert!(key.cipher().open(&sealed, b"other").unwrap_err().is(&ALTERED));
        let other = DataKey::generate(&rng);
        assert!(other.cipher().open(&sealed, b"place").unwrap_err().is(&ALTERED));
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(key.cipher().open(&altered, b"place").is_err(), "bit {bit}");
        }
        for cut in 0..sealed.len() {
            assert!(key.cipher().open(&sealed[..cut], b"place").is_err());
        }
    }

    #[test]
    fn nonces_differ_and_keys_do_not_print() {
        let rng = SeededRng::new(2);
        let key = DataKey::generate(&rng);
        let sealed: std::collections::BTreeSet<_> =
            (0..1000).map(|_| key.cipher().seal(b"x", b"", &rng)).collect();
        assert_eq!(sealed.len(), 1000);
        assert_eq!(format!("{key:?}"), "DataKey(generation 1)");
    }

    proptest! {
        #[test]
        fn opening_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let key = DataKey::generate(&SeededRng::new(3));
            prop_assert!(key.cipher().open(&bytes, b"").is_err());
        }
    }
}
