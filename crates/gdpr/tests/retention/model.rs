//! Customers who come, log in, close, are invoiced and held, while sweeps run at a moving clock: a
//! model that knows no store says exactly which rows remain.

use std::collections::{BTreeMap, BTreeSet};

use pollster::block_on as wait;
use proptest::prelude::*;
use proptest::sample::Index;
use sha2::{Digest as _, Sha256};
use tacenda_core::calendar::{self, MonthDay, Period, Rule, StartRule, Utc};
use tacenda_core::clock::Span;
use tacenda_core::ports::{KeyId, KeyState};
use tacenda_core::row::state;
use tacenda_core::vault::{Amendment, NewPassword, OnRestore, RegisterRequest, Registered, Vault};
use tacenda_core::{Name, SubjectId, Timestamp};
use tacenda_testkit::world::{POLICY, World, request, staff};

use super::{code, confirmed_sweep, hold, profile};

/// The classes beside the account run from the registration here.
fn policy() -> String {
    let open =
        "clock = { open = \"last login\", closed = \"closed\" }\nkey = \"subject\"\n\n[[classes.";
    let mut text = POLICY.to_owned();
    for class in ["billing", "payment"] {
        let from = format!("{open}{class}");
        assert!(text.contains(&from));
        text = text.replace(&from, &from.replace("last login", "registered"));
    }
    text
}

/// What the model knows of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    archived: bool,
    held: bool,
    anchor: Timestamp,
}

/// A customer as the policy of [`policy`] sees one.
#[derive(Debug)]
struct Customer {
    subject: SubjectId,
    email: String,
    last_login: Option<Timestamp>,
    closed: bool,
    invoiced: bool,
    rows: BTreeMap<&'static str, Known>,
    gone: BTreeSet<&'static str>,
}

fn due(class: &str, archived: bool, anchor: Timestamp, now: Timestamp) -> bool {
    due_at(class, archived, anchor) <= now
}

fn due_at(class: &str, archived: bool, anchor: Timestamp) -> Timestamp {
    let event = |keep| Rule { keep, start: StartRule::Event, end: calendar::EndRule::SameDay };
    let rule = match (class, archived) {
        ("payment", _) => event(Period::Months(13)),
        (_, false) => event(Period::Years(3)),
        (_, true) => Rule {
            start: StartRule::EndOfFinancialYear(MonthDay::DECEMBER_31),
            ..event(Period::Years(10))
        },
    };
    calendar::due(anchor, &[rule], &Utc)
}

impl Customer {
    /// What becomes of a live row whose time is up.
    fn end(&mut self, class: &'static str, now: Timestamp) {
        let Some(row) = self.rows.get_mut(class) else { return };
        if row.archived {
            return;
        }
        if class == "billing" && self.invoiced && !due(class, true, row.anchor, now) {
            row.archived = true;
        } else {
            self.rows.remove(class);
            self.gone.insert(class);
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        for class in ["account", "billing", "payment"] {
            let Some(row) = self.rows.get(class).copied() else { continue };
            if row.held || !due(class, row.archived, row.anchor, now) {
                continue;
            }
            if row.archived {
                self.rows.remove(class);
                self.gone.insert(class);
            } else if class != "account" {
                self.end(class, now);
            } else if !self.rows.values().any(|row| row.held) {
                for class in ["account", "billing", "payment"] {
                    self.end(class, now);
                }
            }
        }
    }

    fn check(&self, world: &World, vault: &Vault) {
        let rows = wait(vault.outline(self.subject)).unwrap();
        let found: BTreeMap<_, _> = rows
            .iter()
            .map(|row| {
                let archived = row.state == state::ARCHIVED;
                let anchor = row.anchor_at.unwrap();
                (row.class.as_str(), Known { archived, held: row.held, anchor })
            })
            .collect();
        assert_eq!(found, self.rows, "{}", self.email);
        for class in self.rows.keys().chain(&self.gone) {
            let class = Name::parse(class).unwrap();
            let key = KeyId::first(self.subject, class.clone());
            let key = wait(world.keyring.fetch(&[key])).unwrap().remove(0);
            let live = self.rows.contains_key(class.as_str());
            assert_eq!(matches!(key, KeyState::Live(_)), live, "{class}");
            assert_eq!(matches!(key, KeyState::Destroyed(_)), !live, "{class}");
        }
    }
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
        1 => (any::<Index>(), any::<bool>()).prop_map(|(who, holds)| Op::Invoiced(who, holds)),
        1 => (any::<Index>(), any::<Index>(), any::<bool>())
            .prop_map(|(who, which, held)| Op::Hold(who, which, held)),
        2 => (0u16..3, any::<u32>()).prop_map(|(days, micros)| Op::Wait { days, micros }),
        3 => (days, any::<u32>()).prop_map(|(days, micros)| Op::Wait { days, micros }),
        4 => (any::<Index>(), any::<Index>(), any::<bool>())
            .prop_map(|(who, which, before)| Op::Edge { who, which, before }),
        3 => Just(Op::Sweep),
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
            Op::Login(who) => {
                let Some(one) = pick(&mut self.customers, who) else { return };
                let done = wait(self.vault.login(&one.email, "pass"));
                let Some(account) = one.rows.get_mut("account").filter(|_| !one.closed) else {
                    assert_eq!(code(done), "login.refused");
                    return;
                };
                assert_eq!(done.unwrap().subject, one.subject);
                if one.last_login.is_none_or(|last| now >= last.plus(Span::days(1))) {
                    (account.anchor, one.last_login) = (now, Some(now));
                }
            }
            Op::Close(who) => {
                let Some(one) = pick(&mut self.customers, who) else { return };
                let close = Amendment { close_at: Some(now), ..Amendment::default() };
                let done = code(wait(self.vault.amend(one.subject, close, &me)));
                if !one.rows.contains_key("account") {
                    assert_eq!(done, "vault.not_found");
                } else if one.closed {
                    assert_eq!(done, "vault.closed_already");
                } else {
                    assert_eq!(done, "ok");
                    one.closed = true;
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
                let live = one.rows.contains_key("account");
                assert_eq!(done, if live { "ok" } else { "vault.not_found" });
                if live {
                    one.invoiced = holds;
                }
            }
            Op::Hold(who, which, held) => {
                let Some(one) = pick(&mut self.customers, who) else { return };
                let len = one.rows.len();
                if len == 0 {
                    return;
                }
                let (class, row) = one.rows.iter_mut().nth(which.index(len)).unwrap();
                row.held = held;
                hold(&self.world, &profile(one.subject, class), held);
            }
            Op::Wait { days, micros } => {
                self.world.clock.advance(Span::days(days.into()));
                self.world.clock.advance(Span::micros(micros.into()));
            }
            Op::Edge { who, which, before } => {
                let Some(one) = pick(&mut self.customers, who) else { return };
                let len = one.rows.len().max(1);
                let Some((class, row)) = one.rows.iter().nth(which.index(len)) else { return };
                let due = due_at(class, row.archived, row.anchor);
                self.world.clock.set(now.max(due.minus(Span::micros(before.into()))));
                self.run(&Op::Sweep);
            }
            Op::Sweep => {
                confirmed_sweep(&self.vault);
                self.customers.iter_mut().for_each(|one| one.sweep(now));
            }
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
        let known = |anchor| Known { archived: false, held: false, anchor };
        rows.insert("account", known(closed.or(login).unwrap_or(registered)));
        if billed {
            items.extend([("address", "Rue 1"), ("country", "FR")]);
            rows.insert("billing", known(closed.unwrap_or(registered)));
        }
        if card {
            items.push(("card_last4", "4242"));
            rows.insert("payment", known(closed.unwrap_or(registered)));
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
            last_login: login,
            closed: closed.is_some(),
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
        }
        wait(machine.vault.audit()).unwrap();
        prop_assert_eq!(wait(machine.vault.destroys_under_way()).unwrap(), 0);
    }
}
