//! The port to the key above the keys: an environment variable, a file, later a KMS.

use std::fmt;

use async_trait::async_trait;
use zeroize::Zeroizing;

use crate::error::{Code, Kind, Result};
use crate::ports::keyring::WrappedKey;

/// The master key is not the one under which the safe was written.
pub static WRONG_KEY: Code = Code::new(
    "keys.wrong_master_key",
    Kind::Configuration,
    "this is not the master key of the safe",
);
/// The master key is missing or has not the form of one.
pub static BAD_KEY: Code = Code::new(
    "keys.bad_master_key",
    Kind::Configuration,
    "the master key is missing, or is not the base64 of 32 bytes",
);

/// Names a key above the keys without telling it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KekId(pub [u8; 8]);

impl fmt::Debug for KekId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KekId({:016x})", u64::from_be_bytes(self.0))
    }
}

/// A key to wrap, bound to what it is for.
pub struct WrapRequest {
    /// The associated data: which key of whom. Unwrapping with another fails.
    pub aad: Vec<u8>,
    /// The 32 bytes.
    pub key: Zeroizing<[u8; 32]>,
}

/// Wraps and unwraps keys, many in a call, so that a remote one costs a round trip per batch.
#[async_trait]
pub trait Kek: Send + Sync {
    /// Names the key.
    fn id(&self) -> KekId;

    /// Wraps keys, in order.
    ///
    /// # Errors
    /// A `Kind::Unavailable` error where the key is remote.
    async fn wrap(&self, requests: &[WrapRequest]) -> Result<Vec<WrappedKey>>;

    /// Unwraps keys, in order, each with the associated data it was wrapped with.
    ///
    /// # Errors
    /// [`WRONG_KEY`] if one was wrapped under another key; `seal.altered` if the bytes or the
    /// associated data are not those of its wrapping.
    async fn unwrap(&self, wrapped: &[(Vec<u8>, WrappedKey)]) -> Result<Vec<Zeroizing<[u8; 32]>>>;
}
