//! Keys: made before what they seal, fetched for one call, never kept.

use zeroize::Zeroizing;

use super::Vault;
use super::codes::MISSING_KEY;
use crate::error::Result;
use crate::name::Name;
use crate::ports::keyring::DESTROYED;
use crate::ports::{KeyId, KeyState, WrapId, WrapRequest, WrappedKey};
use crate::seal::{DataKey, IndexKey};

/// The names of the SDK's own secrets.
pub(super) const INDEX_KEY: Name = Name::fixed("index");
pub(super) const FINGERPRINT_KEY: Name = Name::fixed("fingerprints");

pub(super) fn signing_key(epoch: u32) -> Name {
    Name::parse(&format!("log.{epoch}")).unwrap_or(Name::fixed("log"))
}

impl Vault {
    pub(super) async fn index_key(&self) -> Result<IndexKey> {
        self.secret(&INDEX_KEY).await.map(IndexKey::from_bytes)
    }

    pub(super) async fn secret(&self, name: &Name) -> Result<Zeroizing<[u8; 32]>> {
        let missing = || MISSING_KEY.error().with("secret", name);
        let wrapped = self.ports.keyring.secret(name).await?.ok_or_else(missing)?;
        let id = WrapId::Secret(name.clone());
        self.unwrap(vec![(id.aad(), wrapped)]).await?.pop().ok_or_else(missing)
    }

    /// The keys with these ids, in order.
    pub(super) async fn data_keys(&self, ids: &[KeyId]) -> Result<Vec<DataKey>> {
        let states = self.ports.keyring.fetch(ids).await?;
        let mut wrapped = Vec::with_capacity(ids.len());
        for (id, state) in ids.iter().zip(states) {
            let code = match state {
                KeyState::Live(key) => {
                    wrapped.push((WrapId::Key(id.clone()).aad(), key));
                    continue;
                }
                KeyState::Destroyed(_) => &DESTROYED,
                KeyState::Unknown => &MISSING_KEY,
            };
            return Err(code.error().with("subject", id.subject).with("class", &id.class));
        }
        let keys = self.unwrap(wrapped).await?;
        Ok(keys.into_iter().map(|bytes| DataKey::from_bytes(bytes, 1)).collect())
    }

    /// New keys with their wrapped form, in the order of the ids. They are not in the safe yet.
    pub(super) async fn generate_keys(
        &self,
        ids: Vec<KeyId>,
    ) -> Result<(Vec<DataKey>, Vec<(KeyId, WrappedKey)>)> {
        let keys: Vec<_> = ids.iter().map(|_| DataKey::generate(self.ports.rng.as_ref())).collect();
        let requests: Vec<_> = ids
            .iter()
            .zip(&keys)
            // EXPOSE: a new key is wrapped, so that it can be stored.
            .map(|(id, key)| WrapRequest { aad: WrapId::Key(id.clone()).aad(), key: key.expose() })
            .collect();
        let wrapped = self.ports.kek.wrap(&requests).await?;
        Ok((keys, ids.into_iter().zip(wrapped).collect()))
    }

    /// Unwraps under whichever of the two master keys wrapped each, keeping the order.
    pub(super) async fn unwrap(
        &self,
        wrapped: Vec<(Vec<u8>, WrappedKey)>,
    ) -> Result<Vec<Zeroizing<[u8; 32]>>> {
        let Some(former) = self.ports.former_kek.as_ref() else {
            return self.ports.kek.unwrap(&wrapped).await;
        };
        let mut keys = Vec::with_capacity(wrapped.len());
        for one in wrapped {
            let kek = if one.1.kek == former.id() { former } else { &self.ports.kek };
            keys.extend(kek.unwrap(std::slice::from_ref(&one)).await?);
        }
        Ok(keys)
    }
}
