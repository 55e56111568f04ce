//! Keys: made before what they seal, fetched for one call, never kept.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::Vault;
use super::codes::MISSING_KEY;
use crate::error::Result;
use crate::id::SubjectId;
use crate::name::Name;
use crate::ports::keyring::DESTROYED;
use crate::ports::{Kek, KeyId, KeyState, WrapId, WrapRequest, WrappedKey};
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

    /// The keys with these ids and states, in order.
    async fn open_keys(&self, ids: &[KeyId], states: Vec<KeyState>) -> Result<Vec<DataKey>> {
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
        let keys = self.unwrap(wrapped).await?.into_iter().zip(ids);
        Ok(keys.map(|(bytes, id)| DataKey::of_number(bytes, id.number)).collect())
    }

    /// The live key of a subject's class.
    pub(super) async fn class_key(&self, subject: SubjectId, class: &Name) -> Result<DataKey> {
        super::account::one(self.class_keys(&[(subject, class.clone())]).await?)
    }

    /// The live keys of subjects' classes, in order. The first key of a class is nearly always the
    /// live one; only where it was destroyed is the safe asked for those after it.
    pub(super) async fn class_keys(&self, of: &[(SubjectId, Name)]) -> Result<Vec<DataKey>> {
        let mut ids: Vec<_> =
            of.iter().map(|(subject, class)| KeyId::first(*subject, class.clone())).collect();
        let mut states = self.ports.keyring.fetch(&ids).await?;
        for (id, state) in ids.iter_mut().zip(&mut states) {
            if matches!(state, KeyState::Destroyed(_)) {
                let known = self.ports.keyring.keys_of(id.subject).await?;
                let live = |(key, state): &(KeyId, KeyState)| {
                    key.class == id.class && matches!(state, KeyState::Live(_))
                };
                if let Some((key, found)) = known.into_iter().rfind(live) {
                    (*id, *state) = (key, found);
                }
            }
        }
        self.open_keys(&ids, states).await
    }

    /// The id that the next key of a class has; `None` while it has a live one.
    pub(super) async fn next_key(&self, subject: SubjectId, class: &Name) -> Result<Option<KeyId>> {
        let known = self.ports.keyring.keys_of(subject).await?;
        let of_class: Vec<_> = known.iter().filter(|(key, _)| key.class == *class).collect();
        if of_class.iter().any(|(_, state)| matches!(state, KeyState::Live(_))) {
            return Ok(None);
        }
        let last = of_class.iter().map(|(key, _)| key.number).max();
        let number = last.map_or(0, |last| last.saturating_add(1));
        Ok(Some(KeyId { number, ..KeyId::first(subject, class.clone()) }))
    }

    /// New keys with their wrapped form, in the order of the ids. They are not in the safe yet.
    pub(super) async fn generate_keys(
        &self,
        ids: Vec<KeyId>,
    ) -> Result<(Vec<DataKey>, Vec<(KeyId, WrappedKey)>)> {
        let rng = self.ports.rng.as_ref();
        let keys: Vec<_> =
            ids.iter().map(|id| DataKey::generate(rng).numbered(id.number)).collect();
        let requests: Vec<_> = ids
            .iter()
            .zip(&keys)
            // EXPOSE: a new key is wrapped, so that it can be stored.
            .map(|(id, key)| WrapRequest { aad: WrapId::Key(id.clone()).aad(), key: key.expose() })
            .collect();
        let wrapped = self.wrapping_kek().await?.wrap(&requests).await?;
        Ok((keys, ids.into_iter().zip(wrapped).collect()))
    }

    /// The master key under which the safe takes new keys: the former one, until a rotation to ours
    /// has begun.
    pub(super) async fn wrapping_kek(&self) -> Result<&Arc<dyn Kek>> {
        let Some(former) = self.ports.former_kek.as_ref() else { return Ok(&self.ports.kek) };
        let safe = self.ports.keyring.status().await?;
        let before = safe.is_some_and(|safe| safe.kek == former.id());
        Ok(if before { former } else { &self.ports.kek })
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
