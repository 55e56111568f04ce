//! The safe.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::{Code, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::ports::check::BAD_REQUEST;
use crate::ports::kek::WRONG_KEY;
use crate::ports::keyring::DESTROYED;
use crate::ports::store::{CLOSED, CONFLICT, UNAVAILABLE};
use crate::ports::{
    Fingerprint, KekId, KeyId, KeyState, Keyring, LogPosition, NewKeys, SafeInit, SafeStatus,
    Scrub, Tombstone, WrapId, WrappedKey,
};

/// A [`Keyring`] that keeps everything in memory.
#[derive(Default)]
pub struct MemoryKeyring(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    closed: bool,
    safe: Option<Safe>,
}

struct Safe {
    ids: ([u8; 16], [u8; 16]),
    kek: KekId,
    sequence: u64,
    log: Option<LogPosition>,
    checkpoint: Option<(LogPosition, String)>,
    keys: BTreeMap<KeyId, Kept>,
    secrets: BTreeMap<Name, WrappedKey>,
    fingerprints: BTreeMap<Fingerprint, (SubjectId, Timestamp)>,
}

enum Kept {
    Live(WrappedKey),
    Destroyed(LogPosition, Timestamp),
}

impl Kept {
    fn state(&self) -> KeyState {
        match self {
            Self::Live(wrapped) => KeyState::Live(wrapped.clone()),
            Self::Destroyed(position, _) => KeyState::Destroyed(*position),
        }
    }

    const fn live(&self) -> Option<&WrappedKey> {
        match self {
            Self::Live(wrapped) => Some(wrapped),
            Self::Destroyed(..) => None,
        }
    }
}

impl Safe {
    fn step(&mut self) -> u64 {
        self.sequence = self.sequence.saturating_add(1);
        self.sequence
    }

    /// Nothing new is kept under another key than the safe's own.
    fn accepts<'a>(&self, mut wrapped: impl Iterator<Item = &'a WrappedKey>) -> Result<()> {
        if wrapped.all(|one| one.kek == self.kek) { Ok(()) } else { WRONG_KEY.err() }
    }

    fn hear(&mut self, position: Option<LogPosition>) {
        self.log = self.log.max(position);
    }

    fn wrapped(&self) -> impl Iterator<Item = (WrapId, &WrappedKey)> {
        let secrets = self.secrets.iter().map(|(name, w)| (WrapId::Secret(name.clone()), w));
        let keys = self.keys.iter().filter_map(|(id, kept)| Some((id, kept.live()?)));
        secrets.chain(keys.map(|(id, wrapped)| (WrapId::Key(id.clone()), wrapped)))
    }

    fn slot(&mut self, id: &WrapId) -> Option<&mut WrappedKey> {
        match id {
            WrapId::Secret(name) => self.secrets.get_mut(name),
            WrapId::Key(key) => match self.keys.get_mut(key) {
                Some(Kept::Live(wrapped)) => Some(wrapped),
                _ => None,
            },
        }
    }
}

impl MemoryKeyring {
    /// An empty safe.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn shelf(&self) -> Result<MutexGuard<'_, Shelf>> {
        let shelf = self.0.lock().map_err(|_| UNAVAILABLE.error())?;
        if shelf.closed { CLOSED.err() } else { Ok(shelf) }
    }

    fn read<T: Default>(&self, reader: impl FnOnce(&Safe) -> T) -> Result<T> {
        Ok(self.shelf()?.safe.as_ref().map(reader).unwrap_or_default())
    }

    /// `writer` must fail before it changes anything.
    fn write<T>(&self, writer: impl FnOnce(&mut Safe) -> Result<T>) -> Result<T> {
        let mut shelf = self.shelf()?;
        let Some(safe) = shelf.safe.as_mut() else {
            return Err(BAD_REQUEST.error().with("reason", "safe was never filled"));
        };
        writer(safe)
    }
}

impl std::fmt::Debug for MemoryKeyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MemoryKeyring")
    }
}

#[async_trait]
impl Keyring for MemoryKeyring {
    async fn status(&self) -> Result<Option<SafeStatus>> {
        self.read(|safe| {
            Some(SafeStatus {
                safe: safe.ids.0,
                store: safe.ids.1,
                kek: safe.kek,
                rotating: safe.wrapped().any(|(_, wrapped)| wrapped.kek != safe.kek),
                sequence: safe.sequence,
                log: safe.log,
                checkpoint: safe.checkpoint.as_ref().map(|(at, text)| (at.epoch, text.clone())),
            })
        })
    }

    async fn initialise(&self, init: SafeInit) -> Result<()> {
        let mut shelf = self.shelf()?;
        if shelf.safe.is_some() {
            return CONFLICT.err();
        }
        shelf.safe = Some(Safe {
            ids: (init.safe, init.store),
            kek: init.kek,
            sequence: 1,
            log: None,
            checkpoint: None,
            keys: BTreeMap::new(),
            secrets: init.secrets.into_iter().collect(),
            fingerprints: BTreeMap::new(),
        });
        Ok(())
    }

    async fn create(&self, new: NewKeys) -> Result<u64> {
        self.write(|safe| {
            safe.accepts(new.keys.iter().map(|(_, wrapped)| wrapped))?;
            let named = |code: &'static Code, id: &KeyId| {
                code.error().with("subject", id.subject).with("class", &id.class)
            };
            let gone = |id: &&KeyId| safe.keys.get(id).is_some_and(|kept| kept.live().is_none());
            if let Some(id) = new.keys.iter().map(|(id, _)| id).find(gone) {
                return Err(named(&DESTROYED, id));
            }
            let mut fresh = BTreeMap::new();
            for (id, wrapped) in new.keys {
                if safe.keys.contains_key(&id) || fresh.contains_key(&id) {
                    return Err(named(&CONFLICT, &id));
                }
                fresh.insert(id, Kept::Live(wrapped));
            }
            safe.keys.append(&mut fresh);
            let fingerprints = new.fingerprints.into_iter();
            safe.fingerprints.extend(fingerprints.map(|(print, who, at)| (print, (who, at))));
            safe.hear(new.log);
            Ok(safe.step())
        })
    }

    async fn fetch(&self, keys: &[KeyId]) -> Result<Vec<KeyState>> {
        let shelf = self.shelf()?;
        let known = |key| shelf.safe.as_ref().and_then(|safe| safe.keys.get(key));
        Ok(keys.iter().map(|key| known(key).map_or(KeyState::Unknown, Kept::state)).collect())
    }

    async fn keys_of(&self, subject: SubjectId) -> Result<Vec<(KeyId, KeyState)>> {
        self.read(|safe| {
            let keys = safe.keys.iter().filter(|(id, _)| id.subject == subject);
            keys.map(|(id, kept)| (id.clone(), kept.state())).collect()
        })
    }

    async fn destroy(&self, keys: &[KeyId], position: LogPosition, at: Timestamp) -> Result<u64> {
        self.write(|safe| {
            for key in keys {
                let kept = safe.keys.entry(key.clone()).or_insert(Kept::Destroyed(position, at));
                if kept.live().is_some() {
                    *kept = Kept::Destroyed(position, at);
                }
            }
            safe.hear(Some(position));
            Ok(safe.step())
        })
    }

    async fn scrub(&self) -> Result<Scrub> {
        self.shelf().map(|_| Scrub::Done)
    }

    async fn tombstones(&self, after: Option<&KeyId>, limit: usize) -> Result<Vec<Tombstone>> {
        let from = after.map_or(Unbounded, Excluded);
        self.read(|safe| {
            let keys = safe.keys.range((from, Unbounded));
            let tombstones = keys.filter_map(|(key, kept)| match kept {
                Kept::Live(_) => None,
                Kept::Destroyed(position, at) => {
                    Some(Tombstone { key: key.clone(), position: *position, at: *at })
                }
            });
            tombstones.take(limit).collect()
        })
    }

    async fn live_keys(&self, after: Option<&KeyId>, limit: usize) -> Result<Vec<KeyId>> {
        let from = after.map_or(Unbounded, Excluded);
        self.read(|safe| {
            let live = safe.keys.range((from, Unbounded)).filter(|(_, kept)| kept.live().is_some());
            live.map(|(key, _)| key.clone()).take(limit).collect()
        })
    }

    async fn forget(&self, keys: &[KeyId]) -> Result<()> {
        self.write(|safe| {
            for key in keys {
                if safe.keys.get(key).is_some_and(|kept| kept.live().is_some()) {
                    safe.keys.remove(key);
                    safe.fingerprints.retain(|_, (subject, _)| *subject != key.subject);
                }
            }
            safe.step();
            Ok(())
        })
    }

    async fn fingerprints(&self, of: &[Fingerprint]) -> Result<Vec<Option<SubjectId>>> {
        let shelf = self.shelf()?;
        let known = |print| shelf.safe.as_ref().and_then(|safe| safe.fingerprints.get(print));
        Ok(of.iter().map(|print| known(print).map(|(subject, _)| *subject)).collect())
    }

    async fn fingerprints_after(
        &self,
        after: Option<Fingerprint>,
        limit: usize,
    ) -> Result<Vec<(Fingerprint, SubjectId, Timestamp)>> {
        let shelf = self.shelf()?;
        let from = after.map_or(Unbounded, Excluded);
        let known = shelf.safe.iter().flat_map(|safe| safe.fingerprints.range((from, Unbounded)));
        Ok(known.take(limit).map(|(print, (who, at))| (*print, *who, *at)).collect())
    }

    async fn forget_fingerprints(&self, before: Timestamp) -> Result<u64> {
        self.write(|safe| {
            let had = safe.fingerprints.len();
            safe.fingerprints.retain(|_, (_, at)| *at >= before);
            safe.step();
            Ok((had - safe.fingerprints.len()) as u64)
        })
    }

    async fn secret(&self, name: &Name) -> Result<Option<WrappedKey>> {
        self.read(|safe| safe.secrets.get(name).cloned())
    }

    async fn secrets(&self) -> Result<Vec<(Name, WrappedKey)>> {
        let shelf = self.shelf()?;
        let secrets = shelf.safe.iter().flat_map(|safe| &safe.secrets);
        Ok(secrets.map(|(name, wrapped)| (name.clone(), wrapped.clone())).collect())
    }

    async fn add_secret(&self, name: &Name, secret: WrappedKey) -> Result<()> {
        self.write(|safe| {
            safe.accepts(std::iter::once(&secret))?;
            if safe.secrets.contains_key(name) {
                return CONFLICT.err();
            }
            safe.secrets.insert(name.clone(), secret);
            safe.step();
            Ok(())
        })
    }

    async fn raise_sequence(&self, sequence: u64) -> Result<()> {
        self.write(|safe| {
            safe.step();
            safe.sequence = safe.sequence.max(sequence);
            Ok(())
        })
    }

    async fn keep_checkpoint(&self, head: LogPosition, checkpoint: &str) -> Result<()> {
        self.write(|safe| {
            if safe.checkpoint.as_ref().is_none_or(|(kept, _)| *kept <= head) {
                safe.checkpoint = Some((head, checkpoint.to_owned()));
            }
            safe.hear(Some(head));
            safe.step();
            Ok(())
        })
    }

    async fn begin_rotation(&self, from: KekId, to: KekId) -> Result<()> {
        self.write(|safe| {
            let rotating = safe.wrapped().any(|(_, wrapped)| wrapped.kek != safe.kek);
            if safe.kek != to && (safe.kek != from || rotating) {
                return WRONG_KEY.err();
            }
            safe.kek = to;
            safe.step();
            Ok(())
        })
    }

    async fn wrapped_otherwise(
        &self,
        kek: KekId,
        limit: usize,
    ) -> Result<Vec<(WrapId, WrappedKey)>> {
        self.read(|safe| {
            let other = safe.wrapped().filter(|(_, wrapped)| wrapped.kek != kek);
            other.map(|(id, wrapped)| (id, wrapped.clone())).take(limit).collect()
        })
    }

    async fn rewrap(&self, changed: Vec<(WrapId, WrappedKey, WrappedKey)>) -> Result<()> {
        self.write(|safe| {
            safe.accepts(changed.iter().map(|(_, _, new)| new))?;
            for (id, old, new) in changed {
                if let Some(slot) = safe.slot(&id).filter(|slot| **slot == old) {
                    *slot = new;
                }
            }
            safe.step();
            Ok(())
        })
    }

    async fn close(&self) -> Result<()> {
        self.shelf()?.closed = true;
        Ok(())
    }
}
