//! Opening: store, safe, master key and policy are held against each other before any write.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use super::codes::{
    CLASS_NAME_LONG, CLOCK_BEHIND, ROWS_RESTORED, SAFE_RESTORED, WRONG_PAIR, ZONE_UNKNOWN,
};
use super::keys::{FINGERPRINT_KEY, INDEX_KEY, signing_key};
use super::{Ports, Recovery, Vault};
use crate::clock::Span;
use crate::error::Result;
use crate::name::Name;
use crate::password::Params;
use crate::policy::Policy;
use crate::ports::kek::WRONG_KEY;
use crate::ports::store::CONFLICT;
use crate::ports::{LogPosition, SafeInit, SafeStatus, StoreInit, WrapId, WrapRequest};
use crate::rng;
use crate::seal::DataKey;

/// How far the clock may lie behind the last leaf: several machines never agree exactly.
const SKEW: Span = Span::seconds(300);

/// What to do about rows or a safe that are older than the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnRestore {
    /// Stay closed and say so.
    #[default]
    Refuse,
    /// Erase again what was erased since, open a new epoch of the log, then open.
    Replay,
}

/// How to open.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenOptions {
    /// What to do about a restore.
    pub on_restore: OnRestore,
}

impl Vault {
    /// Opens a vault over its store and safe, or makes a new one in empty ones.
    ///
    /// Nothing is written before the master key is known to be the safe's.
    ///
    /// # Errors
    /// `keys.wrong_master_key`, [`WRONG_PAIR`], [`ROWS_RESTORED`], [`SAFE_RESTORED`],
    /// `policy.older_version`, `policy.version_not_raised`, `policy.class_in_use`,
    /// `policy.item_in_use`, `policy.identifier_moved`, [`CLOCK_BEHIND`], `log.forked`; the
    /// codes of the ports.
    pub async fn open(
        policy: Policy,
        ports: Ports,
        options: OpenOptions,
    ) -> Result<(Self, Recovery)> {
        let digest = policy.digest();
        let passwords = &policy.passwords;
        let params = Params::new(passwords.memory_kib, passwords.passes, passwords.lanes)?;
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
            epoch: AtomicU64::new(1),
            uncovered: AtomicU64::new(0),
            covered_at: AtomicU64::new(0),
        };
        vault.touch_covered();
        let safe = vault.paired().await?;
        let recovery = vault.reconcile(&safe, options).await?;
        let store = match vault.ports.store.status().await? {
            Some(store) => store,
            None => return WRONG_PAIR.err(),
        };
        vault.continues(store.head).await?;
        if store.last_leaf_at.is_some_and(|last| vault.now() < last.minus(SKEW)) {
            return CLOCK_BEHIND.err();
        }
        vault.adopt_policy(store.policy).await?;
        Ok((vault, recovery))
    }

    fn touch_covered(&self) {
        let now = self.now().as_micros().cast_unsigned();
        self.covered_at.store(now, std::sync::atomic::Ordering::Relaxed);
    }

    /// Store and safe, marked as a pair; new ones are marked now.
    async fn paired(&self) -> Result<SafeStatus> {
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
        if store.init != init { WRONG_PAIR.err() } else { Ok(safe) }
    }

    fn check_master_key(&self, safe: &SafeStatus) -> Result<()> {
        let ours = self.ports.kek.id();
        let former = self.ports.former_kek.as_ref().map(|kek| kek.id());
        // While a rotation is under way both keys are needed.
        let enough = safe.kek == ours && (!safe.rotating || former.is_some());
        // The rotation to the new key was never begun: it is, by `rotate_master_key`.
        let before = former == Some(safe.kek);
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
        let wrapped = self.ports.kek.wrap(&[self.new_secret(&name)]).await?;
        for secret in wrapped {
            self.ports.keyring.add_secret(&name, secret).await?;
        }
        Ok(())
    }

    /// Compares the marks that store and safe left in each other. Other processes may be at work:
    /// what the safe had heard of before is in the log by now, and the keys that the log knew of
    /// then are in the safe later.
    async fn reconcile(&self, before: &SafeStatus, options: OpenOptions) -> Result<Recovery> {
        let store = self.ports.store.status().await?.ok_or_else(|| WRONG_PAIR.error())?;
        let safe = self.ports.keyring.status().await?.ok_or_else(|| WRONG_PAIR.error())?;
        let head = LogPosition { epoch: store.head.epoch, index: store.head.size };
        let heard = Self::furthest(before);
        let rows_restored = heard.is_some_and(|heard| heard > head);
        let safe_restored = safe.sequence < store.safe_sequence;
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
