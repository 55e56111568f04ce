//! Opening: store, safe, master key and policy are held against each other before any write.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use super::codes::{
    CLASS_NAME_LONG, CLOCK_BEHIND, KEY_PER_YEAR, ROWS_RESTORED, SAFE_RESTORED, SAFE_TOO_OLD,
    WRONG_PAIR, ZONE_UNKNOWN,
};
use super::journal::Draft;
use super::keys::{FINGERPRINT_KEY, INDEX_KEY, signing_key};
use super::{Actor, Ports, Recovery, Vault};
use crate::clock::{Span, Timestamp};
use crate::error::Result;
use crate::id::SubjectId;
use crate::leaf::Leaf;
use crate::name::Name;
use crate::password::Params;
use crate::policy::{KeyScope, Policy};
use crate::ports::kek::WRONG_KEY;
use crate::ports::store::CONFLICT;
use crate::ports::{
    Kek, LogHead, LogPosition, SafeInit, SafeStatus, StoreInit, StoreStatus, WrapId, WrapRequest,
};
use crate::rng;
use crate::seal::DataKey;

/// How far the clock may lie behind the last leaf: several machines never agree exactly.
pub(super) const SKEW: Span = Span::seconds(300);

/// How often opening goes on after another process that opens was first.
const ATTEMPTS: usize = 8;

/// What to do about rows or a safe that are older than the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnRestore {
    /// Stay closed and say so.
    #[default]
    Refuse,
    /// Open a new epoch of the log, erase again what was erased since, end letters and grants of which
    /// nobody knows whether they were sent or revoked since, do what the safe tells of lost words, then
    /// open. What is lost all the same [`Recovery`] says.
    Replay,
}

/// How to open.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenOptions {
    /// What to do about a restore.
    pub on_restore: OnRestore,
    /// Open although the clock is behind the last entry of the log: the clock was ahead when that
    /// was written, and is right now. A leaf says that it was accepted; the next opening needs
    /// nothing.
    pub accept_clock: bool,
}

impl Vault {
    /// Opens a vault over its store and safe, or makes a new one in empty ones.
    ///
    /// Nothing is written before the master key is known to be the safe's, and the policy not to be
    /// an older one; the repair that a restore asked for is finished before anything else, by whoever
    /// opens next.
    ///
    /// # Errors
    /// `keys.wrong_master_key`, [`WRONG_PAIR`], [`ROWS_RESTORED`], [`SAFE_RESTORED`],
    /// [`SAFE_TOO_OLD`] whatever is to be done about a restore,
    /// `policy.older_version`, `policy.version_not_raised`, `policy.class_in_use`,
    /// `policy.item_in_use`, `policy.type_changed`, `policy.identifier_moved`,
    /// `policy.identifier_missing`, `policy.values_not_unique`, [`CLOCK_BEHIND`], `log.forked`;
    /// the codes of the ports.
    pub async fn open(
        policy: Policy,
        ports: Ports,
        options: OpenOptions,
    ) -> Result<(Self, Recovery)> {
        let digest = policy.digest();
        let passwords = &policy.passwords;
        let params = Params::new(passwords.memory_kib, passwords.passes, passwords.lanes)?;
        // A promise that nothing keeps is refused, not passed over.
        if let Some(class) = policy.classes.values().find(|class| class.key == KeyScope::Year) {
            return Err(KEY_PER_YEAR.error().with("class", &class.name));
        }
        let kinds = kinds(&policy)?;
        if ports.zone.name() != policy.time_zone {
            return ZONE_UNKNOWN.err();
        }
        let vault = Self {
            ports,
            policy,
            digest,
            params: params.at_least_floor()?,
            kinds,
            uncovered: AtomicU64::new(0),
            covered_at: AtomicU64::new(0),
            owed: AtomicBool::new(false),
            commits: AtomicU64::new(0),
        };
        vault.touch_covered();
        let (safe, rows_lost) = vault.paired(options).await?;
        let store = vault.store_status().await?;
        vault.precedes(store.policy.clone()).await?;
        let ahead = vault.ahead_of_clock(&store).await?;
        if ahead.is_some() && !options.accept_clock {
            return CLOCK_BEHIND.err();
        }
        let mut recovery = vault.reconcile(&safe, rows_lost, options).await?;
        vault.continues().await?;
        let mut attempts = 1..ATTEMPTS;
        loop {
            match vault.settle(&mut recovery).await {
                // Another process opens at the same moment, and was first with one of the steps.
                Err(error) if error.is(&CONFLICT) && attempts.next().is_some() => {}
                other => break other?,
            }
        }
        if let Some(at) = ahead {
            vault.accept_clock(at).await?;
        }
        recovery.key_copies = vault.ports.keyring.copies().await?;
        Ok((vault, recovery))
    }

    /// Finishes the repair that a restore asked for, and takes the policy into force. Each step
    /// may be done twice.
    async fn settle(&self, recovery: &mut Recovery) -> Result<()> {
        self.finish_repair(recovery).await?;
        recovery.not_moved = self.adopt_policy(self.store_status().await?.policy).await?;
        Ok(())
    }

    async fn store_status(&self) -> Result<StoreStatus> {
        self.ports.store.status().await?.ok_or_else(|| WRONG_PAIR.error())
    }

    /// The time of the log's last entry, if the clock is behind it.
    async fn ahead_of_clock(&self, store: &StoreStatus) -> Result<Option<Timestamp>> {
        let LogHead { epoch, size, .. } = store.head;
        let last = self.ports.store.leaves(epoch, size.saturating_sub(1), size).await?.pop();
        let last = last.and_then(|leaf| Leaf::decode(&leaf.bytes?).ok());
        // An entry that cannot be read leaves the latest time that any had.
        let at = last.map(|leaf| leaf.at).or(store.last_leaf_at);
        Ok(at.filter(|at| self.now() < at.minus(SKEW)))
    }

    async fn accept_clock(&self, at: Timestamp) -> Result<()> {
        let leaf = self
            .leaf(self.now(), &Actor::system(), "clock.accepted", SubjectId::CONTROLLER)
            .detail("instead_of", at);
        let mut draft = Draft::new(0);
        draft.record(leaf, Vec::new(), &[]);
        self.commit(draft).await.map(|_| ())
    }

    fn touch_covered(&self) {
        let now = self.now().as_micros().cast_unsigned();
        self.covered_at.store(now, std::sync::atomic::Ordering::Relaxed);
    }

    /// Store and safe, marked as a pair; new ones are marked now. And whether the rows of a safe
    /// that was in use are gone altogether.
    async fn paired(&self, options: OpenOptions) -> Result<(SafeStatus, bool)> {
        let (store, safe) = (self.ports.store.status().await?, self.ports.keyring.status().await?);
        let safe = match safe {
            Some(safe) => {
                self.check_master_key(&safe)?;
                safe
            }
            // Rows without a safe: whatever they hold cannot be opened, and must not be sealed over.
            None if store.is_some() => return WRONG_PAIR.err(),
            None => self.initialise_safe().await?,
        };
        // The first leaf is durable before anything enters the safe. The store is asked once more:
        // another process may have begun after it was asked first.
        let in_use = safe.sequence > 1;
        let store = if in_use { self.ports.store.status().await? } else { store };
        // By the time of a leaf and not by the tree, which lags behind where places come later.
        let is_bare = |store: &StoreStatus| store.head.epoch == 1 && store.last_leaf_at.is_none();
        let rows_lost = in_use && store.as_ref().is_none_or(is_bare);
        if rows_lost && options.on_restore == OnRestore::Refuse {
            return ROWS_RESTORED.err();
        }
        let init = StoreInit { store: safe.store, safe: safe.safe };
        let store = match store {
            Some(store) => store,
            None => {
                match self.ports.store.initialise(init).await {
                    // Another process made it a moment ago.
                    Err(error) if error.is(&CONFLICT) => {}
                    other => other?,
                }
                self.ports.store.status().await?.ok_or_else(|| WRONG_PAIR.error())?
            }
        };
        if store.init != init { WRONG_PAIR.err() } else { Ok((safe, rows_lost)) }
    }

    fn check_master_key(&self, safe: &SafeStatus) -> Result<()> {
        let ours = self.ports.kek.id();
        let former = self.ports.former_kek.as_ref().map(|kek| kek.id());
        // While a rotation is under way both keys are needed.
        let enough = safe.kek == ours && (!safe.rotating || former.is_some());
        // The rotation to the new key was never begun: it is, by `rotate_master_key`. One that is
        // not finished needs the key before it, and comes first.
        let before = former == Some(safe.kek) && !safe.rotating;
        if enough || before { Ok(()) } else { WRONG_KEY.err() }
    }

    async fn initialise_safe(&self) -> Result<SafeStatus> {
        let random = self.ports.rng.as_ref();
        let names = [INDEX_KEY, FINGERPRINT_KEY, signing_key(1)];
        let requests: Vec<_> = names.iter().map(|name| self.new_secret(name)).collect();
        let wrapped = self.ports.kek.wrap(&requests).await?;
        let init = SafeInit {
            safe: rng::generate(random),
            store: rng::generate(random),
            kek: self.ports.kek.id(),
            secrets: names.into_iter().zip(wrapped).collect(),
        };
        match self.ports.keyring.initialise(init).await {
            // Another process made it a moment ago.
            Err(error) if error.is(&CONFLICT) => {}
            other => other?,
        }
        let safe = self.ports.keyring.status().await?.ok_or_else(|| WRONG_PAIR.error())?;
        self.check_master_key(&safe)?;
        Ok(safe)
    }

    fn new_secret(&self, name: &Name) -> WrapRequest {
        // EXPOSE: a new secret is wrapped, so that it can be stored.
        let key = DataKey::generate(self.ports.rng.as_ref()).expose();
        WrapRequest { aad: WrapId::Secret(name.clone()).aad(), key }
    }

    /// A signing key for an epoch that begins, unless it is there.
    pub(super) async fn add_signing_key(&self, epoch: u32) -> Result<()> {
        let name = signing_key(epoch);
        if self.ports.keyring.secret(&name).await?.is_some() {
            return Ok(());
        }
        let kek = self.wrapping_kek().await?;
        match self.wrap_and_add(kek, &name).await {
            // A rotation began since, and this process has both keys.
            Err(error) if error.is(&WRONG_KEY) => {
                let now = self.wrapping_kek().await?;
                if now.id() == kek.id() { Err(error) } else { self.wrap_and_add(now, &name).await }
            }
            other => other,
        }
    }

    async fn wrap_and_add(&self, kek: &Arc<dyn Kek>, name: &Name) -> Result<()> {
        for secret in kek.wrap(&[self.new_secret(name)]).await? {
            match self.ports.keyring.add_secret(name, secret).await {
                // Another process added it a moment ago.
                Err(error) if error.is(&CONFLICT) => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// Compares the marks that store and safe left in each other. Other processes may be at work:
    /// what the safe had heard of before is in the log by now, and the keys that the log knew of
    /// then are in the safe later.
    async fn reconcile(
        &self,
        before: &SafeStatus,
        rows_lost: bool,
        options: OpenOptions,
    ) -> Result<Recovery> {
        let store = self.store_status().await?;
        let safe = self.ports.keyring.status().await?.ok_or_else(|| WRONG_PAIR.error())?;
        let head = LogPosition { epoch: store.head.epoch, index: store.head.size };
        let heard = Self::furthest(before);
        let rows_restored = rows_lost || heard.is_some_and(|heard| heard > head);
        let safe_restored = safe.sequence < store.safe_sequence;
        if safe_restored {
            self.still_tells(heard).await?;
        }
        if options.on_restore == OnRestore::Refuse {
            if rows_restored {
                return ROWS_RESTORED.err();
            }
            if safe_restored {
                return SAFE_RESTORED.err();
            }
        }
        self.recover(rows_restored, safe_restored, heard).await
    }

    /// Refuses a restored safe if texts are pruned that it has not heard of: what was erased then
    /// cannot be erased again from it.
    async fn still_tells(&self, heard: Option<LogPosition>) -> Result<()> {
        let mark = self.mark().await?.map(|mark| mark.before);
        if mark > heard { SAFE_TOO_OLD.err() } else { Ok(()) }
    }

    /// The end of the log as far as the safe has heard of it: one past the furthest leaf.
    fn furthest(safe: &SafeStatus) -> Option<LogPosition> {
        safe.log.map(|last| LogPosition { index: last.index.saturating_add(1), ..last })
    }
}

fn kinds(policy: &Policy) -> Result<BTreeMap<Name, Name>> {
    policy
        .classes
        .keys()
        .map(|class| {
            let kind = Name::parse(&format!("profile.{class}"));
            let kind = kind.map_err(|_| CLASS_NAME_LONG.error().with("class", class))?;
            Ok((class.clone(), kind))
        })
        .collect()
}
