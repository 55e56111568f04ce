//! Customers who come, log in, close, are invoiced, held and erased, whose billing class is archived
//! and begins again, under two laws, while sweeps run at a moving clock: a model that knows no store
//! says exactly which rows remain, with which items, under which keys.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pollster::block_on as wait;
use proptest::prelude::*;
use proptest::sample::Index;
use sha2::{Digest as _, Sha256};
use tacenda_core::clock::Span;
use tacenda_core::row::RowKey;
use tacenda_core::vault::{Amendment, NewPassword, OnRestore, RegisterRequest, Registered, Vault};
use tacenda_core::{Name, RowId, Timestamp};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{World, request, staff, two_laws};
use tacenda_testkit::{After, Cut, FailingKeyring, FailingStore, Faults};

use super::customer::{Customer, Known, due_at, tax_at};
use super::{code, confirmed_sweep, hold, profile, sweep};

/// The classes beside the account run from the registration here.
fn policy() -> String {
    let open =
        "clock = { open = \"last login\", closed = \"closed\" }\nkey = \"subject\"\n\n[[classes.";
    let mut text = two_laws();
    for class in ["billing", "payment"] {
        let from = format!("{open}{class}");
        assert!(text.contains(&from));
        text = text.replace(&from, &from.replace("last login", "registered"));
    }
    text
}

#[derive(Debug, Clone)]
enum Op {
    /// Days since the registration, the last login and the closing, of which each may be missing.
    Register {
        registered: u16,
        login: Option<u16>,
        closed: Option<u16>,
        billed: bool,
        card: bool,
    },
    Login(Index),
    Close(Index),
    Invoiced(Index, bool),
    /// Billing data that is typed anew, or begins, or begins again beside what was archived.
    Bill(Index),
    Erase(Index),
    Hold(Index, Index, bool),
    Wait {
        days: u16,
        micros: u32,
    },
    /// To the instant at which a row is due, or the microsecond before, and a sweep.
    Edge {
        who: Index,
        which: Index,
        before: bool,
    },
    Sweep,
    /// A sweep, once somebody's time is up, that is killed after so many calls of both files, or of
    /// the safe alone; he logs in; the next sweep goes on.
    Killed {
        who: Index,
        calls: u8,
        safe: bool,
    },
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let days = 0u16..1600;
    let op = prop_oneof![
        4 => (days.clone(), any::<Option<u16>>(), any::<Option<u16>>(), any::<bool>(), any::<bool>())
            .prop_map(|(registered, login, closed, billed, card)| {
                let login = login.map(|days| days % (registered + 1));
                let latest = login.unwrap_or(registered);
                let closed = closed.map(|days| days % (latest + 1));
                Op::Register { registered, login, closed, billed, card }
            }),
        3 => any::<Index>().prop_map(Op::Login),
        1 => any::<Index>().prop_map(Op::Close),
        4 => any::<Index>().prop_map(Op::Bill),
        1 => any::<Index>().prop_map(Op::Erase),
        1 => (any::<Index>(), any::<bool>()).prop_map(|(who, holds)| Op::Invoiced(who, holds)),
        1 => (any::<Index>(), any::<Index>(), any::<bool>())
            .prop_map(|(who, which, held)| Op::Hold(who, which, held)),
        2 => (0u16..3, any::<u32>()).prop_map(|(days, micros)| Op::Wait { days, micros }),
        3 => (days, any::<u32>()).prop_map(|(days, micros)| Op::Wait { days, micros }),
        4 => (any::<Index>(), any::<Index>(), any::<bool>())
            .prop_map(|(who, which, before)| Op::Edge { who, which, before }),
        3 => Just(Op::Sweep),
        3 => (any::<Index>(), 0u8..60, any::<bool>())
            .prop_map(|(who, calls, safe)| Op::Killed { who, calls, safe }),
    ];
    proptest::collection::vec(op, 1..30)
}

fn pick(customers: &mut [Customer], who: Index) -> Option<&mut Customer> {
    let count = customers.len().max(1);
    customers.get_mut(who.index(count))
}

struct Machine {
    world: World,
    vault: Vault,
    customers: Vec<Customer>,
}

impl Machine {
    fn new() -> Self {
        let world = World::default();
        let vault = world.try_open(&policy(), OnRestore::Refuse).unwrap().0;
        Self { world, vault, customers: Vec::new() }
    }

    fn run(&mut self, op: &Op) {
        let now = self.vault.now();
        let me = staff("support");
        match *op {
            Op::Register { registered, login, closed, billed, card } => {
                let ago = |days: u16| now.minus(Span::days(days.into()));
                self.register(ago(registered), login.map(ago), closed.map(ago), billed, card);
            }
            Op::Login(who) => self.login(who, false),
            Op::Close(who) => {
                let Some(one) = pick(&mut self.customers, who) else { return };
                let close = Amendment { close_at: Some(now), ..Amendment::default() };
                let done = code(wait(self.vault.amend(one.subject, close, &me)));
                if one.live("account").is_none() {
                    assert_eq!(done, "vault.not_found");
                } else if one.closed.is_some() {
                    assert_eq!(done, "vault.closed_already");
                } else {
                    assert_eq!(done, "ok");
                    one.closed = Some(now);
                    for row in one.rows.values_mut().filter(|row| !row.archived) {
                        row.anchor = now;
                    }
                }
            }
            Op::Invoiced(who, holds) => {
                let Some(one) = pick(&mut self.customers, who) else { return };
                let facts = BTreeMap::from([(Name::fixed("invoiced"), holds)]);
                let change = Amendment { facts, ..Amendment::default() };
                let done = code(wait(self.vault.amend(one.subject, change, &me)));
                let live = one.live("account").is_some();
                assert_eq!(done, if live { "ok" } else { "vault.not_found" });
                if live {
                    let billing = one.live("billing").and_then(|place| one.rows.get_mut(&place));
                    // An invoice after the closing begins its duty.
                    if let Some(row) = billing.filter(|_| holds && !one.invoiced)
                        && one.closed.is_some()
                    {
                        row.anchor = now;
                    }
                    one.invoiced = holds;
                }
            }
            Op::Bill(who) => self.bill(who),
            Op::Erase(who) => {
                let Some(one) = pick(&mut self.customers, who) else { return };
                let done = code(wait(erasure::erase(&self.vault, one.subject, &me)));
                if one.rows.is_empty() {
                    assert_eq!(done, "vault.not_found");
                } else if one.is_held() && !one.is_free() {
                    assert_eq!(done, "erasure.held");
                } else if one.rows.values().all(|row| row.archived) {
                    assert_eq!(done, "erasure.nothing_left");
                } else {
                    assert_eq!(done, "ok");
                    one.erase(now);
                }
            }
            Op::Hold(who, which, held) => {
                let Some(one) = pick(&mut self.customers, who) else { return };
                let len = one.rows.len();
                if len == 0 {
                    return;
                }
                let (place, row) = one.rows.iter_mut().nth(which.index(len)).unwrap();
                row.held = held;
                let moved = RowKey {
                    subject: one.subject,
                    kind: Name::parse(&format!("archive.{}", place.0)).unwrap(),
                    id: RowId::of_key(place.1),
                };
                let moved = Some(moved).filter(|key| {
                    let rows = wait(self.world.store.rows(std::slice::from_ref(key))).unwrap();
                    rows.iter().all(Option::is_some)
                });
                let key = moved.unwrap_or_else(|| profile(one.subject, place.0));
                hold(&self.world, &key, held);
            }
            Op::Wait { days, micros } => {
                self.world.clock.advance(Span::days(days.into()));
                self.world.clock.advance(Span::micros(micros.into()));
            }
            Op::Edge { who, which, before } => {
                let Some(one) = pick(&mut self.customers, who) else { return };
                let len = one.rows.len().max(1);
                let Some((place, row)) = one.rows.iter().nth(which.index(len)) else { return };
                let due = match row {
                    Known { archived: true, country: true, anchor, .. } => tax_at(*anchor),
                    row => due_at(place.0, row.archived, row.anchor),
                };
                self.world.clock.set(now.max(due.minus(Span::micros(before.into()))));
                self.run(&Op::Sweep);
            }
            Op::Sweep => {
                confirmed_sweep(&self.vault);
                self.customers.iter_mut().for_each(|one| one.sweep(now));
            }
            Op::Killed { who, calls, safe } => {
                let Some(one) = pick(&mut self.customers, who) else { return };
                let account = one.live("account").and_then(|place| one.rows.get(&place));
                let Some(anchor) = account.map(|row| row.anchor) else { return };
                self.world.clock.set(now.max(due_at("account", false, anchor)));
                self.killed_sweep(calls, safe);
                self.login(who, true);
                wait(self.vault.resume_destroys()).unwrap();
                self.run(&Op::Sweep);
            }
        }
    }

    /// Whoever is let in was seen now. After a sweep was killed those may be refused whose time was up.
    fn login(&mut self, who: Index, killed: bool) {
        let now = self.vault.now();
        let Some(one) = pick(&mut self.customers, who) else { return };
        let done = wait(self.vault.login(&one.email, "pass"));
        let account = one.live("account").filter(|_| one.closed.is_none());
        let is_due = |place| {
            one.rows.get(&place).is_some_and(|row| due_at("account", false, row.anchor) <= now)
        };
        let Some(account) = account.filter(|place| done.is_ok() || !killed || !is_due(*place))
        else {
            assert_eq!(code(done), "login.refused");
            return;
        };
        assert_eq!(done.unwrap().subject, one.subject);
        if one.last_login.is_none_or(|last| now >= last.plus(Span::days(1))) {
            one.rows.get_mut(&account).unwrap().anchor = now;
            one.last_login = Some(now);
        }
    }

    fn killed_sweep(&self, calls: u8, safe: bool) {
        let calls = if safe { calls % 15 } else { calls };
        let faults = Faults::cut(calls.into(), Cut::Before, After::StaysDown);
        let World { mut store, keyring, .. } = self.world.clone();
        if !safe {
            store = Arc::new(FailingStore::new(store, faults.clone()));
        }
        let keyring = Arc::new(FailingKeyring::new(keyring, faults));
        let dies = World { store, keyring, ..self.world.clone() };
        let Ok((vault, _)) = dies.try_open(&policy(), OnRestore::Refuse) else { return };
        let Ok(plan) = wait(retention::plan(&vault)) else { return };
        drop(sweep(&vault, Some(plan.digest)));
    }

    /// Each address tells the number of the key that seals it.
    fn bill(&mut self, who: Index) {
        let Some(one) = pick(&mut self.customers, who) else { return };
        let had = one.rows.keys().chain(&one.gone).filter(|place| place.0 == "billing");
        let next = had.map(|place| place.1 + 1).max().unwrap_or(0);
        let place = one.live("billing").unwrap_or(("billing", next));
        let item = |item, text| self.vault.item(&Name::fixed(item), text).unwrap();
        let set = vec![item("address", &format!("Rue {}", place.1)), item("country", "FR")];
        let amendment = Amendment { set, ..Amendment::default() };
        let done = code(wait(self.vault.amend(one.subject, amendment, &staff("support"))));
        if one.live("account").is_none() {
            assert_eq!(done, "vault.not_found");
            return;
        }
        assert_eq!(done, "ok");
        let begun = Known { archived: false, held: false, anchor: one.registered, country: true };
        let row = one.rows.entry(place).or_insert(begun);
        // Vouchers ask for it, and count from what was written last.
        if one.closed.is_some() {
            row.anchor = self.vault.now();
        }
    }

    fn register(
        &mut self,
        registered: Timestamp,
        login: Option<Timestamp>,
        closed: Option<Timestamp>,
        billed: bool,
        card: bool,
    ) {
        let email = format!("c{}@example.org", self.customers.len());
        let mut items = vec![("email", email.as_str())];
        let mut rows = BTreeMap::new();
        let known = |anchor| Known { archived: false, held: false, anchor, country: false };
        rows.insert(("account", 0), known(closed.or(login).unwrap_or(registered)));
        let begun = known(closed.unwrap_or(registered));
        if billed {
            items.extend([("address", "Rue 0"), ("country", "FR")]);
            rows.insert(("billing", 0), Known { country: true, ..begun });
        }
        if card {
            items.push(("card_last4", "4242"));
            rows.insert(("payment", 0), begun);
        }
        let digest: [u8; 32] = Sha256::digest("pass").into();
        let request = RegisterRequest {
            password: Some(NewPassword::LegacySha256(digest.into())),
            registered_at: Some(registered),
            last_login_at: login,
            closed_at: closed,
            ..request(&self.vault, &items, billed)
        };
        let done = wait(self.vault.register(request, &staff("support"))).unwrap();
        let Registered::New(subject) = done else { panic!("known before") };
        self.customers.push(Customer {
            subject,
            email,
            registered,
            last_login: login,
            closed,
            invoiced: billed,
            rows,
            gone: BTreeSet::new(),
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_remains_is_what_the_model_keeps(ops in ops()) {
        let mut machine = Machine::new();
        for op in ops {
            machine.run(&op);
            for customer in &machine.customers {
                customer.check(&machine.world, &machine.vault);
            }
        }
        machine.run(&Op::Sweep);
        for customer in &machine.customers {
            customer.check(&machine.world, &machine.vault);
            customer.read(&machine.vault);
        }
        wait(machine.vault.audit()).unwrap();
        prop_assert_eq!(wait(machine.vault.destroys_under_way()).unwrap(), 0);
    }
}
