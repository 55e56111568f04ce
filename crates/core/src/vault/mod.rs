//! The one door to personal data: register, read for a purpose, amend, log in, destroy keys.
//!
//! The vault seals and opens; no other code does. It writes the leaf of everything that happens in
//! the same transaction as the change itself, makes keys durable before what they seal, and
//! destroys a key before the rows that it sealed. Each operation is a file of its own: what it
//! takes, what it does, how it fails.

mod account;
mod actor;
mod amend;
mod archives;
mod audit;
mod changes;
mod checkpoint;
mod clocks;
pub mod codes;
mod collect;
mod destroy;
mod disclose;
mod evolve;
mod grants;
mod items;
mod jobs;
mod journal;
mod keys;
mod leaves;
mod legacy;
mod login;
mod open;
mod outline;
mod prune;
mod read;
mod records;
mod recover;
mod register;
mod rotate;
mod rows;
mod stance;
mod suppress;
mod sweeps;
mod withdrawals;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

pub use account::AccountFacts;
pub use actor::{Actor, Fingerprint};
pub use amend::Amendment;
pub use audit::Audit;
pub use changes::{ChangedRow, Changes};
pub use checkpoint::Receipt;
pub use collect::Collected;
pub use destroy::{
    ArchivedClass, Batch, Destroyed, ErasedClass, KeptUnder, Left, ReducedClass, Resumed,
    SubjectPlan, Unscrubbed,
};
pub use evolve::NotMoved;
pub use grants::{Bearing, is_of_granted};
pub use items::ItemValue;
pub use jobs::{JobState, Turn};
pub use leaves::Leaves;
pub use legacy::PasswordCounts;
pub use login::Login;
pub use open::{OnRestore, OpenOptions};
pub use outline::{Outline, Seen};
pub use prune::Pruned;
pub use read::{ItemUse, Kept, RestrictedUse, View, ViewPage};
pub use records::{
    ClaimedLook, ClaimedRecord, DueRecord, Effects, Entry, FoundBy, Lease, LostPage, LostRecords,
    MODEL, NewRecord, Numbered, OpenedRecord, PersonRows, RecordChange, RecordItems, RecordKey,
    RecordOutline, RestatedRecord, Searched, Standing,
};
pub use recover::Recovery;
pub use register::{NewPassword, RegisterRequest, Registered, Registration};
pub use stance::StanceChange;
pub use suppress::Suppression;

use crate::calendar::Zone;
use crate::clock::{Clock, Timestamp};
use crate::name::Name;
use crate::password::{Params, PasswordWorker};
use crate::policy::Policy;
use crate::ports::{Kek, Keyring, Store};
use crate::rng::Rng;

/// Everything that the vault needs from outside.
#[derive(Clone)]
pub struct Ports {
    /// Rows, look-ups and log.
    pub store: Arc<dyn Store>,
    /// The safe.
    pub keyring: Arc<dyn Keyring>,
    /// The key above the keys.
    pub kek: Arc<dyn Kek>,
    /// The master key before it, while a rotation is under way.
    pub former_kek: Option<Arc<dyn Kek>>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// The controller's time zone.
    pub zone: Arc<dyn Zone>,
    /// Where Argon2id runs.
    pub passwords: Arc<dyn PasswordWorker>,
}

/// The door to personal data. Made by [`Vault::open`]; shared behind an `Arc`.
pub struct Vault {
    ports: Ports,
    policy: Policy,
    digest: [u8; 32],
    params: Params,
    /// The kind of the profile row of each class.
    kinds: BTreeMap<Name, Name>,
    /// The leaves committed since the last checkpoint, by this process; when that was; whether one
    /// was due since and failed.
    uncovered: AtomicU64,
    covered_at: AtomicU64,
    owed: AtomicBool,
    /// How many changes this process has committed or tried to.
    commits: AtomicU64,
}

impl Vault {
    /// The policy in force.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What the vault was opened with.
    #[must_use]
    pub const fn ports(&self) -> &Ports {
        &self.ports
    }

    /// The time now, as the clock port tells it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault(policy version {})", self.policy.version)
    }
}
