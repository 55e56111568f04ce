//! The blind index: finding a row by a value without keeping the value.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::codec::Encoder;
use crate::name::Name;
use crate::rng::Rng;

/// The random key of one index; lies wrapped in the safe and never with the rows.
///
/// # Properties
/// A token is HMAC-SHA-256 (RFC 2104) over the normal form, cut to 128 bits. Equal values have
/// equal tokens: who holds the rows sees that two rows agree, and not on what. Without the key a
/// guess cannot be tried.
pub struct IndexKey(Zeroizing<[u8; 32]>);

impl IndexKey {
    /// A new random key.
    #[must_use]
    pub fn generate(rng: &dyn Rng) -> Self {
        let mut bytes = Zeroizing::new([0u8; 32]);
        rng.fill(bytes.as_mut());
        Self(bytes)
    }

    /// A key from its bytes, as they come out of the safe.
    #[must_use]
    pub const fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// The bytes, to be wrapped.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<[u8; 32]> {
        // EXPOSE: wrapping under the key above is the only way an index key leaves this type.
        self.0.clone()
    }

    /// The token of a normal form in an index.
    #[must_use]
    pub fn token(&self, index: &Name, normal: &str) -> [u8; 16] {
        let mut e = Encoder::new("tacenda/token/1");
        e.text(index.as_str()).text(normal);
        self.cut(&Zeroizing::new(e.finish()))
    }

    fn cut(&self, message: &[u8]) -> [u8; 16] {
        let mut mac = keyed(&self.0);
        mac.update(message);
        let full: [u8; 32] = mac.finalize().into_bytes().into();
        let mut out = [0u8; 16];
        for (to, from) in out.iter_mut().zip(full) {
            *to = from;
        }
        out
    }
}

/// RFC 2104: a key shorter than the block is filled up with zeros.
fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0u8; 64]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    <Hmac<Sha256> as KeyInit>::new(&(*block).into())
}

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexKey(..)")
    }
}

/// The keyed digest of an imported record in a canonical form of its source's own: the same record
/// gives the same 16 bytes, and without the key nothing can be tried against them.
#[must_use]
pub fn fingerprint(key: &IndexKey, record: &[u8]) -> [u8; 16] {
    let mut e = Encoder::new("tacenda/fingerprint/1");
    e.bytes(record);
    key.cut(&Zeroizing::new(e.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::tests::SeededRng;

    #[test]
    fn tokens_depend_on_key_index_and_value() {
        let rng = SeededRng::new(5);
        let (a, b) = (IndexKey::generate(&rng), IndexKey::generate(&rng));
        let (email, iban) = (Name::fixed("email"), Name::fixed("iban"));
        let token = a.token(&email, "ada@example.org");
        assert_eq!(token, a.token(&email, "ada@example.org"));
        assert_ne!(token, a.token(&email, "eve@example.org"));
        assert_ne!(token, a.token(&iban, "ada@example.org"));
        assert_ne!(token, b.token(&email, "ada@example.org"));
        assert_ne!(fingerprint(&a, b"record"), fingerprint(&b, b"record"));
    }

    #[test]
    fn agrees_with_rfc_4231_test_case_2() {
        let mut key = [0u8; 32];
        key[..4].copy_from_slice(b"Jefe");
        let tag = IndexKey(Zeroizing::new(key)).cut(b"what do ya want for nothing?");
        let expected = 0x5bdc_c146_bf60_754e_6a04_2426_0895_75c7u128;
        assert_eq!(u128::from_be_bytes(tag), expected);
    }
}
