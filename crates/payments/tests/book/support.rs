//! A world with a customer who can be debited, and its cuts.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::memory::{MemoryKeyring, MemoryStore};
use tacenda_core::ports::{Keyring, Store};
use tacenda_core::vault::{Actor, OnRestore, Vault};
use tacenda_core::{Name, Result, SubjectId};
use tacenda_payments::LastFour;
use tacenda_payments::book::{self, Ask, Debited};
use tacenda_payments::events::{Card, Means};
use tacenda_payments::ledger::State;
use tacenda_payments::memory::{Bank, MemoryProvider};
use tacenda_payments::provider::{Currency, DeclineCode, Method, Money, Reference, Setting, Setup};
use tacenda_testkit::world::{POLICY, World, request, staff};
use tacenda_testkit::{After, Cut, FailingKeyring, FailingStore, Faults};

pub(crate) const BILLING: Name = Name::fixed("billing");

const LINES: &str = r#"outbox = { keep = "1 year" }
payers = { keep = "14 months", purposes = ["billing"] }
debits = { keep = "14 months", purposes = ["billing"] }
payment_events = { keep = "14 months", purposes = ["billing"] }
invoices = { keep = "10 years", start = "end of financial year", law = "vouchers", purposes = ["billing", "accounting"] }
"#;

/// The policy of the tests with a line for each kind of payments, and decline codes declared.
pub(crate) fn policy() -> String {
    let code = "[items.decline_code]\ntype = \"plain text\"\n\
        category = \"user.financial.credit_card\"\nabout = \"person\"\n\n[classes.account]";
    undeclared()
        .replace("[classes.account]", code)
        .replace("items = [\"card_last4\"]", "items = [\"card_last4\", \"decline_code\"]")
        .replace("\"country\", \"card_last4\"]", "\"country\", \"card_last4\", \"decline_code\"]")
}

/// The same without an item for decline codes.
pub(crate) fn undeclared() -> String {
    POLICY.replace("outbox = { keep = \"1 year\" }\n", LINES)
}

/// A world whose store and safe can be cut, and a provider that outlives processes.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) provider: Arc<MemoryProvider>,
    store: Arc<MemoryStore>,
    keyring: Arc<MemoryKeyring>,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let (store, keyring) =
            (Arc::new(MemoryStore::default()), Arc::new(MemoryKeyring::default()));
        let world = World::over(store.clone(), keyring.clone());
        Self { world, provider: Arc::new(MemoryProvider::new()), store, keyring }
    }

    pub(crate) fn open(&self) -> Vault {
        try_open(&self.world).unwrap()
    }

    /// The same world, of which operations fail by plan.
    pub(crate) fn cut(&self, faults: &Faults) -> World {
        let store: Arc<dyn Store> = Arc::new(FailingStore::new(self.store.clone(), faults.clone()));
        let keyring: Arc<dyn Keyring> =
            Arc::new(FailingKeyring::new(self.keyring.clone(), faults.clone()));
        World { store, keyring, ..self.world.clone() }
    }

    /// A customer with a paid offer.
    pub(crate) fn customer(&self) -> SubjectId {
        let vault = self.open();
        let items = [("email", "eve@example.org"), ("card_last4", "4242")];
        let new = request(&vault, &items, true);
        wait(vault.register(new, &staff("support"))).unwrap().subject()
    }

    /// One who has a card of whose bank this is known.
    pub(crate) fn payer(&self, bank: Bank) -> (SubjectId, Reference) {
        let (subject, vault) = (self.customer(), self.open());
        let provider = self.provider.as_ref();
        set_up(&vault, provider, subject).unwrap();
        let method = provider.browser_makes(card(), bank).unwrap();
        let attached = attach(&vault, provider, subject, &method).unwrap();
        assert_eq!(attached.means.last_four(), Some("4242"));
        (subject, method)
    }
}

pub(crate) fn try_open(world: &World) -> Result<Vault> {
    world.try_open(&policy(), OnRestore::Refuse).map(|(vault, _)| vault)
}

pub(crate) fn biller() -> Actor {
    staff("billing")
}

pub(crate) fn reference(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

pub(crate) fn code(text: &str) -> DeclineCode {
    DeclineCode::parse(text).unwrap()
}

pub(crate) fn euros(minor: u64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap()).unwrap()
}

pub(crate) fn card() -> Means {
    let last_four = LastFour::parse("4242").unwrap();
    Means::Card(Card { last_four, brand: None, expiry: None, country: None, fingerprint: None })
}

pub(crate) fn ask(text: &str, method: &Reference) -> Ask {
    Ask {
        reference: reference(text),
        purpose: BILLING,
        method: method.clone(),
        money: euros(1999),
        off_session: true,
    }
}

pub(crate) fn set_up(
    vault: &Vault,
    provider: &MemoryProvider,
    subject: SubjectId,
) -> Result<Setup> {
    wait(book::set_up(vault, provider, subject, Setting::Card, &BILLING, &biller()))
}

pub(crate) fn attach(
    vault: &Vault,
    provider: &MemoryProvider,
    subject: SubjectId,
    method: &Reference,
) -> Result<Method> {
    let method = (method, Setting::Card);
    wait(book::attach(vault, provider, subject, method, &BILLING, &biller()))
}

pub(crate) fn debit(
    vault: &Vault,
    provider: &MemoryProvider,
    subject: SubjectId,
    ask: &Ask,
) -> Result<Debited> {
    wait(book::debit(vault, provider, subject, ask, &biller()))
}

pub(crate) const fn is_open(state: &State) -> bool {
    matches!(state, State::Written { .. })
}

/// Runs `act` with a cut at every operation of store and safe, then `check` on the world without faults.
pub(crate) fn everywhere<T>(
    prepare: impl Fn(&Shop) -> T,
    act: impl Fn(&Shop, &World, &T) -> Result<()>,
    check: impl Fn(&Shop, &T),
) {
    let count = {
        let (shop, faults) = (Shop::new(), Faults::none());
        let prepared = prepare(&shop);
        act(&shop, &shop.cut(&faults), &prepared).unwrap();
        check(&shop, &prepared);
        faults.operations()
    };
    assert!(count > 10, "{count}");
    for operation in 0..count {
        for cut in [Cut::Before, Cut::After] {
            for after in [After::StaysDown, After::Recovers] {
                let shop = Shop::new();
                let prepared = prepare(&shop);
                let faults = Faults::cut(operation, cut, after);
                let done = act(&shop, &shop.cut(&faults), &prepared).is_ok();
                assert!(faults.tripped() || done, "operation {operation} was never reached");
                check(&shop, &prepared);
            }
        }
    }
}
