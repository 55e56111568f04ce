//! A small world to test rooms in: a policy, a store and a safe in memory, a clock that stands.

use std::sync::Arc;

use tacenda_core::calendar::Utc;
use tacenda_core::memory::{MemoryKeyring, MemoryStore};
use tacenda_core::password::InlineWorker;
use tacenda_core::policy::Policy;
use tacenda_core::ports::{Keyring, Store};
use tacenda_core::seal::{LocalKek, MasterKey};
use tacenda_core::vault::{
    Actor, NewPassword, OnRestore, OpenOptions, Ports, Recovery, RegisterRequest, Vault,
};
use tacenda_core::{ActorId, Name, Result, SubjectId, Timestamp};

use crate::{SeededRng, StepClock};

/// A policy with everything that the rooms distinguish: two classes besides the account's, a
/// condition, a statutory duty, roles, and the cheapest password cost that the floor allows.
pub const POLICY: &str = include_str!("world.toml");

/// [`POLICY`] with a second law for invoices: tax keeps address and country of whoever was invoiced
/// for six years, vouchers go on keeping the address.
#[must_use]
pub fn two_laws() -> String {
    let (vouchers, rule, role) =
        ("\"vouchers\" = { citation", "law = \"vouchers\"\narchive = true\n", "[roles.support]");
    let tax = "\"tax\" = { citation = \"Livre des procedures fiscales, art. L102 B\", \
               country = \"FR\" }\n";
    let kept =
        "\n[[classes.billing.retention]]\nkeep = \"6 years\"\nlaw = \"tax\"\narchive = true\n";
    let purpose = "[purposes.tax]\nactivity = \"accounts\"\ndescription = \"Tax.\"\n\
        basis = \"legal obligation\"\nlaw = \"tax\"\nif = \"invoiced\"\n\
        items = [\"address\", \"country\"]\narchive_of = [\"tax\"]\n\n\
        [roles.tax]\npurposes = [\"tax\"]\n\n";
    POLICY
        .replace(vouchers, &format!("{tax}{vouchers}"))
        .replace(rule, &format!("{rule}{kept}"))
        .replace(role, &format!("{purpose}{role}"))
}

/// Everything that outlives a process: files, keys, the time.
#[derive(Clone)]
pub struct World {
    /// Rows and log.
    pub store: Arc<dyn Store>,
    /// Keys.
    pub keyring: Arc<dyn Keyring>,
    /// The master key.
    pub master: MasterKey,
    /// The former master key, if a rotation is under way.
    pub former: Option<MasterKey>,
    /// The time.
    pub clock: Arc<StepClock>,
    /// Randomness, the same at every run.
    pub rng: Arc<SeededRng>,
    /// Argon2id, counted.
    pub passwords: Arc<InlineWorker>,
}

impl Default for World {
    fn default() -> Self {
        Self::over(Arc::new(MemoryStore::default()), Arc::new(MemoryKeyring::default()))
    }
}

impl World {
    /// A world over a store and a safe.
    #[must_use]
    pub fn over(store: Arc<dyn Store>, keyring: Arc<dyn Keyring>) -> Self {
        let rng = Arc::new(SeededRng::new(1));
        let start = Timestamp::parse_rfc3339("2026-06-01T08:00:00Z").unwrap();
        Self {
            store,
            keyring,
            master: MasterKey::generate(rng.as_ref()),
            former: None,
            clock: Arc::new(StepClock::standing(start)),
            rng,
            passwords: Arc::new(InlineWorker::new()),
        }
    }

    /// Sets the clock.
    pub fn set_time(&self, rfc3339: &str) {
        self.clock.set(Timestamp::parse_rfc3339(rfc3339).unwrap());
    }

    /// Opens the vault under a policy, as a process does at its start.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn try_open(&self, policy: &str, on_restore: OnRestore) -> Result<(Vault, Recovery)> {
        self.try_open_with(policy, OpenOptions { on_restore, ..OpenOptions::default() })
    }

    /// Opens the vault under a policy, as a process does at its start that is told more.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn try_open_with(&self, policy: &str, options: OpenOptions) -> Result<(Vault, Recovery)> {
        let kek = |master: &MasterKey| Arc::new(LocalKek::new(master, self.rng.clone()));
        let ports = Ports {
            store: self.store.clone(),
            keyring: self.keyring.clone(),
            kek: kek(&self.master),
            former_kek: self.former.as_ref().map(|key| kek(key) as _),
            clock: self.clock.clone(),
            rng: self.rng.clone(),
            zone: Arc::new(Utc),
            passwords: self.passwords.clone(),
        };
        let policy = Policy::parse(policy).unwrap_or_else(|problems| panic!("{problems}"));
        pollster::block_on(Vault::open(policy, ports, options))
    }

    /// Opens the vault under [`POLICY`].
    #[must_use]
    pub fn open(&self) -> Vault {
        self.try_open(POLICY, OnRestore::Refuse).unwrap().0
    }
}

/// A member of staff in a role.
#[must_use]
pub fn staff(role: &'static str) -> Actor {
    Actor::staff(ActorId::from_bytes(*b"a member of staf"), Name::fixed(role))
}

/// A request with these items; `invoiced` and `paid offer` hold if `paid`.
#[must_use]
pub fn request(vault: &Vault, items: &[(&'static str, &str)], paid: bool) -> RegisterRequest {
    let facts: &[&'static str] = if paid { &["paid offer", "invoiced"] } else { &[] };
    RegisterRequest {
        items: items
            .iter()
            .map(|(item, text)| vault.item(&Name::fixed(item), text).unwrap())
            .collect(),
        facts: facts.iter().copied().map(Name::fixed).collect(),
        ..RegisterRequest::default()
    }
}

/// Registers a paying customer with a password.
#[must_use]
pub fn ada(vault: &Vault) -> SubjectId {
    let items = [
        ("email", "Ada@Example.org"),
        ("first_name", "Ada"),
        ("address", "ul. Prosta 1"),
        ("country", "PL"),
        ("card_last4", "4242"),
    ];
    let password = tacenda_core::password::Password::parse("correct horse").unwrap();
    let request = RegisterRequest {
        password: Some(NewPassword::Plain(password)),
        ..request(vault, &items, true)
    };
    pollster::block_on(vault.register(request, &staff("support"))).unwrap().subject()
}
