//! Ours: a customer store in SQLite files under the policy of the benches.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tacenda::{
    Actor, ActorId, Builder, Clock, MasterKeySource, Name, RegisterRequest, SubjectId, SystemRng,
    Tacenda, Timestamp, block_on,
};
use tacenda_core::seal::MasterKey;

use crate::measure::Result;
use crate::people::{ITEMS, Person};

pub(crate) const POLICY: &str = include_str!("policy.toml");
/// When the benches play.
const START: &str = "2026-11-22T12:00:00Z";

/// A clock that stands until it is set.
pub(crate) struct SetClock(AtomicI64);

impl SetClock {
    pub(crate) fn set(&self, now: Timestamp) {
        self.0.store(now.as_micros(), Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// An open store, and its clock.
pub(crate) struct World {
    pub(crate) tacenda: Tacenda,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) actor: Actor,
}

impl World {
    /// A new store in a folder.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let master = MasterKey::generate(&SystemRng);
        Self::over(master, |b| b.sqlite(folder.join("customers.db"), folder.join("keys.db")))
    }

    /// A new store in a folder, under another policy.
    pub(crate) fn under(policy: &str, folder: &Path) -> Result<Self> {
        let place = |b: Builder| b.sqlite(folder.join("customers.db"), folder.join("keys.db"));
        Self::with(policy, MasterKey::generate(&SystemRng), place)
    }

    /// A store where `place` says.
    pub(crate) fn over(master: MasterKey, place: impl FnOnce(Builder) -> Builder) -> Result<Self> {
        Self::with(POLICY, master, place)
    }

    fn with(
        policy: &str,
        master: MasterKey,
        place: impl FnOnce(Builder) -> Builder,
    ) -> Result<Self> {
        let clock = Arc::new(SetClock(AtomicI64::new(start()?.as_micros())));
        let builder = Tacenda::builder()
            .policy_text(policy)
            .master_key(MasterKeySource::Given(master))
            .clock(Arc::clone(&clock) as Arc<dyn Clock>);
        let tacenda = block_on(place(builder).open())?;
        let actor = Actor::staff(ActorId::from_bytes([7; 16]), Name::fixed("service"));
        Ok(Self { tacenda, clock, actor })
    }

    /// Parses a person's values, as many of them as asked for.
    pub(crate) fn request(&self, person: &Person, items: usize) -> Result<RegisterRequest> {
        let mut request = RegisterRequest::default();
        for (item, text) in ITEMS.iter().zip(&person.values).take(items) {
            request.items.push(self.tacenda.vault().item(&Name::fixed(item), text)?);
        }
        Ok(request)
    }

    /// Registers requests of which none may fail.
    pub(crate) fn register(&self, requests: Vec<RegisterRequest>) -> Result<Vec<SubjectId>> {
        let registered = block_on(self.tacenda.vault().register_many(requests, &self.actor))?;
        let subjects = registered.into_iter().map(|one| Ok(one?.subject()));
        subjects.collect()
    }
}

/// When the benches play.
pub(crate) fn start() -> Result<Timestamp> {
    Ok(Timestamp::parse_rfc3339(START)?)
}
