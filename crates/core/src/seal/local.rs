//! A master key held in memory: what the environment variable and the key file come to.

use std::fmt;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::envelope::DataKey;
use crate::error::Result;
use crate::ports::kek::{BAD_KEY, Kek, KekId, WRONG_KEY, WrapRequest};
use crate::ports::keyring::WrappedKey;
use crate::rng::Rng;

/// 256 bits above all other keys.
///
/// It protects the safe; data never meets it. `Debug` does not show it, and it wipes itself.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// A new random key.
    #[must_use]
    pub fn generate(rng: &dyn Rng) -> Self {
        let mut bytes = Zeroizing::new([0u8; 32]);
        rng.fill(bytes.as_mut());
        Self(bytes)
    }

    /// From the standard base64 of 32 bytes; white space around it is ignored.
    ///
    /// # Errors
    /// [`BAD_KEY`] for anything else: a short key is never filled up.
    pub fn parse(text: &str) -> Result<Self> {
        let decoded =
            Zeroizing::new(STANDARD.decode(text.trim_ascii()).map_err(|_| BAD_KEY.error())?);
        let bytes: [u8; 32] = decoded.as_slice().try_into().map_err(|_| BAD_KEY.error())?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// The standard base64 of the key, to be written where only its owner may read.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        // EXPOSE: a new master key has to be stored by its owner once.
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// Wraps keys under a [`MasterKey`].
///
/// The id is the first 8 bytes of SHA-256 over a domain string and the key: enough to tell keys
/// apart, and no help against 256 random bits.
pub struct LocalKek {
    id: KekId,
    key: DataKey,
    rng: std::sync::Arc<dyn Rng>,
}

impl LocalKek {
    /// A wrapper under this key.
    #[must_use]
    pub fn new(master: &MasterKey, rng: std::sync::Arc<dyn Rng>) -> Self {
        let digest = Sha256::new_with_prefix(b"tacenda/kek-id/1")
            .chain_update(master.0.as_slice())
            .finalize();
        let mut id = [0u8; 8];
        for (to, from) in id.iter_mut().zip(digest) {
            *to = from;
        }
        // EXPOSE: the master key moves into the type that wraps with it.
        Self { id: KekId(id), key: DataKey::from_bytes(master.0.clone(), 0), rng }
    }
}

impl fmt::Debug for LocalKek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalKek({:?})", self.id)
    }
}

#[async_trait]
impl Kek for LocalKek {
    fn id(&self) -> KekId {
        self.id
    }

    async fn wrap(&self, requests: &[WrapRequest]) -> Result<Vec<WrappedKey>> {
        let cipher = self.key.cipher();
        Ok(requests
            .iter()
            .map(|request| WrappedKey {
                kek: self.id,
                bytes: cipher.seal(request.key.as_slice(), &request.aad, self.rng.as_ref()),
            })
            .collect())
    }

    async fn unwrap(&self, wrapped: &[(Vec<u8>, WrappedKey)]) -> Result<Vec<Zeroizing<[u8; 32]>>> {
        let cipher = self.key.cipher();
        wrapped
            .iter()
            .map(|(aad, wrapped)| {
                if wrapped.kek != self.id {
                    return WRONG_KEY.err();
                }
                let opened = cipher.open(&wrapped.bytes, aad)?;
                let bytes: [u8; 32] =
                    opened.as_slice().try_into().map_err(|_| super::ALTERED.error())?;
                Ok(Zeroizing::new(bytes))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::rng::tests::SeededRng;
    use crate::seal::ALTERED;

    #[test]
    fn wraps_for_one_key_and_one_place() {
        let rng = Arc::new(SeededRng::new(6));
        let master = MasterKey::generate(rng.as_ref());
        let kek = LocalKek::new(&master, rng.clone());
        let request = WrapRequest { aad: b"ada".to_vec(), key: Zeroizing::new([9; 32]) };
        let wrapped = pollster::block_on(kek.wrap(&[request])).unwrap().remove(0);
        let open = |kek: &LocalKek, aad: &[u8]| {
            pollster::block_on(kek.unwrap(&[(aad.to_vec(), wrapped.clone())]))
        };
        assert_eq!(*open(&kek, b"ada").unwrap()[0], [9; 32]);
        assert!(open(&kek, b"eve").unwrap_err().is(&ALTERED));
        let other = LocalKek::new(&MasterKey::generate(rng.as_ref()), rng);
        assert!(open(&other, b"ada").unwrap_err().is(&WRONG_KEY));
    }

    #[test]
    fn a_master_key_is_the_base64_of_32_bytes_and_nothing_else() {
        let text = MasterKey::generate(&SeededRng::new(7)).expose();
        assert_eq!(MasterKey::parse(&format!(" {}\n", text.as_str())).unwrap().expose(), text);
        for bad in ["", "AAAA", "not base64!", &text[..43], &format!("{}AA", text.as_str())] {
            assert!(MasterKey::parse(bad).unwrap_err().is(&BAD_KEY));
        }
    }
}
