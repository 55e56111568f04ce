//! Keys: made before what they seal, fetched for one call, never kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::Vault;
use super::codes::MISSING_KEY;
use crate::error::{Kind, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::ports::kek::WRONG_KEY;
use crate::ports::keyring::DESTROYED;
use crate::ports::{Expect, Kek, KeyId, KeyState, NewKeys, WrapId, WrapRequest, WrappedKey};
use crate::row::Row;
use crate::seal::{Body, DataKey, IndexKey};

/// The names of the SDK's own secrets.
pub(super) const INDEX_KEY: Name = Name::fixed("index");
pub(super) const FINGERPRINT_KEY: Name = Name::fixed("fingerprints");

/// No key of the account's class has this number. Where a law keeps an item of that class its key
/// lives on when the account ends, and the tombstone of this number alone tells the safe of the end.
pub(super) const ENDED: u16 = u16::MAX;

/// The keys that an operation has made, over all of its tries: one whose row was not written, because
/// another change came first, seals that of the next try.
#[derive(Default)]
pub(super) struct Made {
    fence: Option<Expect>,
    keys: Vec<(KeyId, DataKey)>,
    /// Where the safe stood behind the last of them.
    pub(super) sequence: u64,
}

impl Made {
    /// Begins a try, in which [`Vault::key_fence`] is this. What was made under another may be collected.
    pub(super) fn under(&mut self, fence: Expect) {
        if self.fence.replace(fence) != Some(fence) {
            self.keys.clear();
        }
    }
}

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

    /// The key with this id.
    pub(super) async fn key_by_id(&self, id: KeyId) -> Result<DataKey> {
        let ids = [id];
        let states = self.ports.keyring.fetch(&ids).await?;
        super::account::one(self.open_keys(&ids, states).await?)
    }

    /// The key that seals a row.
    pub(super) async fn row_key(&self, row: &Row) -> Result<DataKey> {
        super::account::one(self.row_keys(std::slice::from_ref(row)).await?)
    }

    /// The keys that seal rows, in order. A class has one for its live row and one for each row
    /// that a law keeps beside it, so that it is the row that says which.
    pub(super) async fn row_keys(&self, rows: &[Row]) -> Result<Vec<DataKey>> {
        let states = self.wrapped_keys(rows).await?;
        self.open_row_keys(rows, &states).await
    }

    /// The keys that seal rows, in order, each with its own result.
    pub(super) async fn row_keys_each(&self, rows: &[Row]) -> Result<Vec<Result<DataKey>>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let states = self.wrapped_keys(rows).await?;
        match self.open_row_keys(rows, &states).await {
            Ok(keys) if keys.len() == rows.len() => return Ok(keys.into_iter().map(Ok).collect()),
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            // One of them is not what the safe made, or is gone: the others are opened by themselves.
            _ => {}
        }
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows {
            let opened = self.open_row_keys(std::slice::from_ref(row), &states).await;
            match opened.and_then(super::account::one) {
                Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                key => keys.push(key),
            }
        }
        Ok(keys)
    }

    /// The keys that seal rows, as the safe has them.
    pub(super) async fn wrapped_keys(&self, rows: &[Row]) -> Result<BTreeMap<KeyId, KeyState>> {
        let ids: Vec<_> = rows.iter().filter_map(key_id).collect();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let states = self.ports.keyring.fetch(&ids).await?;
        Ok(ids.into_iter().zip(states).collect())
    }

    /// [`Vault::row_keys`] with what the safe has answered.
    pub(super) async fn open_row_keys(
        &self,
        rows: &[Row],
        states: &BTreeMap<KeyId, KeyState>,
    ) -> Result<Vec<DataKey>> {
        let ids: Vec<_> = rows.iter().filter_map(key_id).collect();
        let state = |id| states.get(id).cloned().unwrap_or(KeyState::Unknown);
        self.open_keys(&ids, ids.iter().map(state).collect()).await
    }

    /// A key for a row of a class that is to be sealed for the first time, while other rows of the
    /// class are sealed by the numbers in `used`: the one after all that the class has had. A live one
    /// that seals nothing is never taken up: it may be in the hands of whoever made it, or about to be
    /// collected. The change that uses the key has to require what [`Vault::key_fence`] was before.
    pub(super) async fn next_key(
        &self,
        subject: SubjectId,
        class: &Name,
        used: &BTreeSet<u16>,
        sequence: &mut u64,
    ) -> Result<DataKey> {
        let known = self.ports.keyring.keys_of(subject).await?;
        let of_class = known.iter().map(|(key, _)| key).filter(|key| key.class == *class);
        let last = of_class.map(|key| key.number).max().max(used.last().copied());
        let number = last.map_or(0, |last| last.saturating_add(1));
        let id = KeyId { number, ..KeyId::first(subject, class.clone()) };
        let (keys, wrapped) = self.generate_keys(vec![id]).await?;
        let new = NewKeys { keys: wrapped, ..NewKeys::default() };
        *sequence = self.create_keys(&keys, new).await?;
        super::account::one(keys)
    }

    /// [`Vault::next_key`] for an operation that may begin again: the key that it made before, if that is
    /// live still and no row was sealed since by a later one.
    ///
    /// Whoever destroys idle keys raises the gate before, and whoever collects them the fence: the
    /// change of this try requires the gate, or its class is a record's, and the fence.
    pub(super) async fn key_of_try(
        &self,
        subject: SubjectId,
        class: &Name,
        used: &BTreeSet<u16>,
        made: &mut Made,
    ) -> Result<DataKey> {
        let ours = |key: &KeyId| key.subject == subject && key.class == *class;
        if let Some((id, key)) = made.keys.iter().find(|(id, _)| ours(id)) {
            let state = self.ports.keyring.fetch(std::slice::from_ref(id)).await?.pop();
            let is_last = used.last().is_none_or(|last| *last < id.number);
            if is_last && matches!(state, Some(KeyState::Live(_))) {
                return Ok(key.clone());
            }
        }
        made.keys.retain(|(id, _)| !ours(id));
        let key = self.next_key(subject, class, used, &mut made.sequence).await?;
        let id = KeyId { number: key.number(), ..KeyId::first(subject, class.clone()) };
        made.keys.push((id, key.clone()));
        Ok(key)
    }

    /// Makes new keys durable. If a rotation of the master key began since they were wrapped, they
    /// are wrapped again, as long as this process has both keys: it wraps under the new one then.
    pub(super) async fn create_keys(&self, keys: &[DataKey], new: NewKeys) -> Result<u64> {
        if self.ports.former_kek.is_none() {
            return self.ports.keyring.create(new).await;
        }
        let refused = match self.ports.keyring.create(new.clone()).await {
            Err(error) if error.is(&WRONG_KEY) => error,
            other => return other,
        };
        let ids: Vec<_> = new.keys.iter().map(|(id, _)| id.clone()).collect();
        let wrapped = self.wrap_keys(&ids, keys).await?;
        let same =
            wrapped.iter().zip(&new.keys).all(|((_, now), (_, before))| now.kek == before.kek);
        if same {
            return Err(refused);
        }
        self.ports.keyring.create(NewKeys { keys: wrapped, ..new }).await
    }

    /// New keys with their wrapped form, in the order of the ids. They are not in the safe yet.
    pub(super) async fn generate_keys(
        &self,
        ids: Vec<KeyId>,
    ) -> Result<(Vec<DataKey>, Vec<(KeyId, WrappedKey)>)> {
        let rng = self.ports.rng.as_ref();
        let keys: Vec<_> =
            ids.iter().map(|id| DataKey::generate(rng).numbered(id.number)).collect();
        let wrapped = self.wrap_keys(&ids, &keys).await?;
        Ok((keys, wrapped))
    }

    async fn wrap_keys(&self, ids: &[KeyId], keys: &[DataKey]) -> Result<Vec<(KeyId, WrappedKey)>> {
        let requests: Vec<_> = ids
            .iter()
            .zip(keys)
            // EXPOSE: a new key is wrapped, so that it can be stored.
            .map(|(id, key)| WrapRequest { aad: WrapId::Key(id.clone()).aad(), key: key.expose() })
            .collect();
        let wrapped = self.wrapping_kek().await?.wrap(&requests).await?;
        Ok(ids.iter().cloned().zip(wrapped).collect())
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

/// The key that sealed a row; `None` for a row without a class or without items.
pub(super) fn key_of(row: &Row) -> Option<KeyId> {
    let number = number_of(row)?;
    Some(KeyId { number, ..KeyId::first(row.key.subject, row.class.clone()?) })
}

/// The number of the key that sealed a row; `None` for a row without items.
pub(super) fn number_of(row: &Row) -> Option<u16> {
    row.class.as_ref()?;
    Body::number_of(&row.body)
}

/// The numbers of the keys that seal rows of a class.
pub(super) fn numbers_of(rows: &[Row], class: &Name) -> BTreeSet<u16> {
    rows.iter().filter(|row| row.class.as_ref() == Some(class)).filter_map(number_of).collect()
}

/// The key that seals a row. What cannot name its key does not open with any: the first is as good.
fn key_id(row: &Row) -> Option<KeyId> {
    let first = KeyId::first(row.key.subject, row.class.clone()?);
    Some(key_of(row).unwrap_or(first))
}
