//! Keys that seal nothing: found, fenced off, and taken out of the safe.
//!
//! Keys are durable before the rows that they seal, so a process killed in between leaves keys
//! without rows; moving items to another class can leave some too. Whoever makes a key reads a row
//! of this module before (the *fence*), and requires it unchanged in the change that first uses the
//! key. This job changes the fence between the two looks that it takes at a key. So a key that
//! sealed nothing at the second look either never will, or was made after the first.

use std::collections::BTreeSet;

use super::journal::{Draft, next_version, own_row};
use super::keys::number_of;
use super::records::place_of;
use super::rows::stated;
use super::{Actor, Vault};
use crate::calendar::{self, EndRule, Period, Rule, StartRule};
use crate::clock::{Span, Timestamp};
use crate::error::{Kind, Result};
use crate::id::SubjectId;
use crate::leaf::RowStamp;
use crate::name::Name;
use crate::ports::store::CONFLICT;
use crate::ports::{Expect, KeyId, KeyState, LogPosition, RowWrite};
use crate::row::{Row, RowKey};

/// Its version rises whenever keys are about to be collected.
pub(super) static FENCE: RowKey = RowKey::only(SubjectId::CONTROLLER, Name::fixed("collect"));
const DONE: Name = Name::fixed("done");

const PAGE: usize = 1000;
const LEAVES: usize = 16;
/// How often another collector may come first.
const ATTEMPTS: usize = 5;
/// How long after its subject's day a key is left alone: two days at least, because an id tells
/// the day alone. Running imports are not disturbed.
const YOUNG: Span = Span::days(3);

/// What [`Vault::collect_keys`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Collected {
    /// Keys of subjects of whom nothing was ever written: no trace of them is left.
    pub forgotten: u64,
    /// Keys that sealed no row any more of subjects who are, or were, there: each left a tombstone.
    pub destroyed: u64,
}

/// What is to become of keys that seal nothing.
#[derive(Default)]
struct Unused {
    /// Of subjects of whom nothing was ever written.
    forget: Vec<KeyId>,
    /// Of all others.
    destroy: Vec<KeyId>,
}

impl Unused {
    const fn is_empty(&self) -> bool {
        self.forget.is_empty() && self.destroy.is_empty()
    }
}

/// Up to when what a key may have sealed has to be over.
#[derive(Clone, Copy)]
struct Horizon {
    /// The latest day of subjects whose keys are looked at.
    made: Timestamp,
    /// The latest time at which a key may have been in use, so that no backup holds what it sealed;
    /// `None` if there is no such time.
    used: Option<Timestamp>,
    /// When rows were last restored: what those lost, a later backup may hold.
    restored: Option<Timestamp>,
}

impl Vault {
    /// Takes keys that seal nothing out of the safe: those of registrations and amendments that
    /// were killed between safe and store, and those that moving items to another class left.
    ///
    /// A key is left alone while its subject's id is younger than two days, and while a backup of
    /// the policy's `[backups] keep` may hold what it sealed. A clock that is far ahead counts only
    /// as far as a sweep would trust it. A subject whose rows are not those that the log states
    /// keeps its keys: run an [`Vault::audit`] before, because somebody who can hide rows and
    /// leaves from the store could have keys collected that a backup needs.
    ///
    /// It goes through all keys in pages of bounded memory; every page is finished by itself.
    /// Killed anywhere, the next call finds what is left; several at once do no harm. A leaf says
    /// how many keys of a page go before they go.
    ///
    /// # Law
    /// Art. 5(1)(c) and (e) GDPR: a key is data about its subject, and outlives no purpose.
    ///
    /// # Errors
    /// Those of [`Vault::check_grant`]; the codes of the ports; keys of earlier pages are collected
    /// then.
    pub async fn collect_keys(&self, actor: &Actor) -> Result<Collected> {
        self.check_grant(actor).await?;
        let horizon = self.horizon().await?;
        let (mut collected, mut after) = (Collected::default(), None::<KeyId>);
        loop {
            let page = self.ports.keyring.live_keys(after.as_ref(), PAGE).await?;
            let is_last = page.len() < PAGE;
            after = page.last().cloned();
            let found = self.unused(page, horizon).await?;
            if !found.is_empty() {
                let done = self.collect_page(found, horizon, actor).await?;
                collected.forgotten += done.forgotten;
                collected.destroyed += done.destroyed;
            }
            if is_last {
                break;
            }
        }
        if collected != Collected::default() {
            // While somebody reads the safe's old pages, the next scrub does it.
            self.ports.keyring.scrub().await?;
        }
        Ok(collected)
    }

    /// What the fence is now. Read before a key is made, and required by the change that uses it.
    pub(super) async fn key_fence(&self) -> Result<Expect> {
        let row = self.fence_row().await?;
        Ok(row.map_or(Expect::Absent, |row| Expect::Version(row.version)))
    }

    async fn fence_row(&self) -> Result<Option<Row>> {
        Ok(self.ports.store.rows(std::slice::from_ref(&FENCE)).await?.pop().flatten())
    }

    async fn horizon(&self) -> Result<Horizon> {
        let ahead = self.policy.sweep.max_clock_ahead;
        let now = self.swept_at().await?.map_or(self.now(), |at| self.now().min(at.plus(ahead)));
        let keep = self.policy.backups.as_ref().map_or(Period::Days(2), |backups| backups.keep);
        let rule = Rule { keep, start: StartRule::Event, end: EndRule::SameDay };
        let used = calendar::cutoff(now, &[rule], self.ports.zone.as_ref());
        let epoch = self.ports.store.status().await?.map_or(1, |store| store.head.epoch);
        let restored = if epoch > 1 { self.first_leaf_at(epoch).await? } else { None };
        Ok(Horizon { made: now.minus(YOUNG), used, restored })
    }

    /// Which of these keys seal nothing and may go.
    async fn unused(&self, keys: Vec<KeyId>, horizon: Horizon) -> Result<Unused> {
        let old = keys.into_iter().filter(|key| key.subject.day() <= horizon.made);
        let keys: Vec<_> = old.collect();
        let subjects: BTreeSet<_> = keys.iter().map(|key| key.subject).collect();
        let subjects: Vec<_> = subjects.into_iter().collect();
        let mut keys = keys.into_iter().peekable();
        let mut unused = Unused::default();
        for (subject, rows) in subjects.iter().zip(self.checked_each(&subjects, |_, _| true).await?)
        {
            let of_subject: Vec<_> =
                std::iter::from_fn(|| keys.next_if(|key| key.subject == *subject)).collect();
            let rows = match rows {
                Ok(rows) => rows,
                // Not what the log states: whoever mends it may need the keys.
                Err(error) if error.kind() == Kind::Integrity => continue,
                // Its rows change all the time: the next call looks again.
                Err(error) if error.is(&CONFLICT) => continue,
                Err(error) => return Err(error),
            };
            let free: Vec<_> = of_subject.into_iter().filter(|key| !is_used(key, &rows)).collect();
            if free.is_empty() {
                continue;
            }
            if rows.is_empty() && !self.was_written(*subject).await? {
                if horizon.covers(None) {
                    unused.forget.extend(free);
                }
                continue;
            }
            for key in free {
                if !self.is_missed(&key).await? && horizon.covers(self.emptied_at(&key).await?) {
                    unused.destroy.push(key);
                }
            }
        }
        Ok(unused)
    }

    /// Whether the record that a key seals is there, or was taken out of the store. A subject's rows
    /// may be vouched for by its latest leaves, and a record be stated by older ones.
    async fn is_missed(&self, key: &KeyId) -> Result<bool> {
        let Some(place) = place_of(key.subject, &key.class, key.number) else { return Ok(false) };
        match self.checked(key.subject, &[place]).await {
            Ok(mut rows) => Ok(rows.pop().flatten().is_some()),
            Err(error) if error.kind() == Kind::Integrity || error.is(&CONFLICT) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// When the row of a key's class went, if the subject's leaves still say so. What they no longer
    /// say may have happened as late as the last leaf that a pruning may take: under a policy that
    /// keeps the log for a shorter time than backups, such a key stays.
    async fn emptied_at(&self, key: &KeyId) -> Result<Option<Timestamp>> {
        // The policy may declare the class no longer.
        let kind = format!("profile.{}", key.class);
        let record = place_of(key.subject, &key.class, key.number);
        let is_it = |row: &RowStamp| match &record {
            Some(place) => row.kind == place.kind && row.id == place.id,
            None => row.kind.as_str() == kind,
        };
        let mut before = None;
        loop {
            let leaves = self.ports.store.leaves_of(key.subject, true, before, LEAVES).await?;
            for stored in &leaves {
                before = Some(stored.id);
                let leaf = stated(key.subject, stored)?;
                if leaf.rows.iter().any(is_it) {
                    return Ok(Some(leaf.at));
                }
            }
            if leaves.len() < LEAVES {
                let pruned = self.mark().await?.is_some();
                return Ok(self.pruned_until(self.now()).filter(|_| pruned));
            }
        }
    }

    /// Changes the fence, looks at the keys again, and takes those out that still seal nothing.
    async fn collect_page(
        &self,
        found: Unused,
        horizon: Horizon,
        actor: &Actor,
    ) -> Result<Collected> {
        let position = self.raise_fence(&found, actor).await?;
        let mut keys: Vec<_> = found.forget.into_iter().chain(found.destroy).collect();
        keys.sort_unstable();
        let Unused { forget, destroy } = self.unused(keys, horizon).await?;
        let (forgotten, destroyed) = (self.live(&forget).await?, self.live(&destroy).await?);
        if !forget.is_empty() {
            self.ports.keyring.forget(&forget).await?;
        }
        if !destroy.is_empty() {
            self.ports.keyring.destroy(&destroy, position, self.now()).await?;
        }
        Ok(Collected { forgotten, destroyed })
    }

    /// How many of these keys are live: another collector may have come first.
    async fn live(&self, keys: &[KeyId]) -> Result<u64> {
        let states = self.ports.keyring.fetch(keys).await?;
        let live = states.iter().filter(|state| matches!(state, KeyState::Live(_)));
        Ok(live.count() as u64)
    }

    async fn raise_fence(&self, found: &Unused, actor: &Actor) -> Result<LogPosition> {
        let mut attempts = 1..ATTEMPTS;
        loop {
            let now = self.now();
            let write = match self.fence_row().await? {
                Some(row) => next_version(Row { due_at: Some(now), ..row }),
                None => RowWrite { row: new_fence(now), expect: Expect::Absent },
            };
            let leaf = self
                .leaf(now, actor, "keys.collected", SubjectId::CONTROLLER)
                .detail("forgotten", found.forget.len())
                .detail("destroyed", found.destroy.len());
            let mut draft = Draft::new(0);
            draft.record(leaf, vec![write], &[]);
            match self.commit(draft).await {
                // Another collector raised it.
                Err(error) if error.is(&CONFLICT) && attempts.next().is_some() => {}
                other => {
                    let places = self.ports.store.places(&other?.leaves).await?;
                    return super::account::one(places);
                }
            }
        }
    }
}

impl Horizon {
    /// Whether no backup can hold what a key sealed that was last used at a time, or never.
    fn covers(&self, used: Option<Timestamp>) -> bool {
        match used.max(self.restored) {
            Some(at) => self.used.is_some_and(|until| at <= until),
            None => true,
        }
    }
}

/// Whether a row is sealed by a key; a row without items speaks for all keys of its class.
fn is_used(key: &KeyId, rows: &[Row]) -> bool {
    rows.iter()
        .filter(|row| row.class.as_ref() == Some(&key.class))
        .any(|row| number_of(row).is_none_or(|number| number == key.number))
}

fn new_fence(now: Timestamp) -> Row {
    Row { state: DONE, due_at: Some(now), ..own_row(FENCE.clone()) }
}
