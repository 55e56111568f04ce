//! Policies that follow one another, their items moving among classes and their laws added, dropped
//! and moved, over customers who come, go, close, are restricted, swept and erased: a model that
//! knows no store says which rows there are, what each purpose sees, and which policy is refused.

use std::sync::{Arc, Mutex};

use pollster::block_on as wait;
use proptest::prelude::*;
use proptest::sample::Index;
use tacenda_core::clock::Span;
use tacenda_core::ports::KeyState;
use tacenda_core::vault::{Actor, Amendment, Effects, OnRestore, Recovery, Vault};
use tacenda_core::{Name, Result};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{World, request, staff};
use tacenda_testkit::{After, Cut, FailingKeyring, FailingStore, Faults};

use super::acts::{
    affect, amend, amended_so, erase, erased_so, record, restricted_so, restriction,
};
use super::code;
use super::customer::{Customer, Live, Values};
use super::shape::{CLASSES, ITEMS, LAWS, NOTE, Shape};

/// What a policy has that the one before had not.
#[derive(Debug, Clone)]
enum Delta {
    Home(usize, usize),
    Rules(usize, u8),
    Unique(bool),
    Started(bool),
}

#[derive(Debug, Clone)]
enum Op {
    Register([bool; 4]),
    Set(Index, usize),
    Remove(Index, usize),
    Close(Index),
    Erase(Index),
    Restrict(Index, usize, bool),
    Hold(Index, usize, bool),
    Wait(u16),
    Sweep,
    MoveItems,
    /// Killed after so many calls of the ports, if at all, and brought again.
    Policy(Vec<Delta>, Option<u8>),
    /// Brought while a process under the policy before does something, before the call of the
    /// ports with this number.
    Beside(Vec<Delta>, u8, Beside),
}

/// What another process does, to whom.
#[derive(Debug, Clone)]
enum Beside {
    Set(Index, usize),
    Restrict(Index, usize, bool),
    Erase(Index),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let delta = prop_oneof![
        6 => (0usize..4, 0usize..3).prop_map(|(item, class)| Delta::Home(item, class)),
        3 => (0usize..2, 0u8..8).prop_map(|(law, classes)| Delta::Rules(law, classes)),
        1 => any::<bool>().prop_map(Delta::Unique),
        1 => any::<bool>().prop_map(Delta::Started),
    ]
    .boxed();
    let deltas = || proptest::collection::vec(delta.clone(), 1..4);
    let who = any::<Index>;
    let beside = prop_oneof![
        (who(), 0usize..4).prop_map(|(who, item)| Beside::Set(who, item)),
        (who(), 0usize..3, any::<bool>())
            .prop_map(|(who, class, on)| Beside::Restrict(who, class, on)),
        who().prop_map(Beside::Erase),
    ];
    let op = prop_oneof![
        4 => any::<[bool; 4]>().prop_map(Op::Register),
        3 => (who(), 0usize..4).prop_map(|(who, item)| Op::Set(who, item)),
        1 => (who(), 0usize..4).prop_map(|(who, item)| Op::Remove(who, item)),
        1 => who().prop_map(Op::Close),
        2 => who().prop_map(Op::Erase),
        2 => (who(), 0usize..3).prop_map(|(who, class)| Op::Restrict(who, class, true)),
        2 => (who(), 0usize..3).prop_map(|(who, class)| Op::Restrict(who, class, false)),
        1 => (who(), 0usize..3, any::<bool>()).prop_map(|(who, class, on)| Op::Hold(who, class, on)),
        3 => (0u16..800).prop_map(Op::Wait),
        3 => Just(Op::Sweep),
        1 => Just(Op::MoveItems),
        6 => (deltas(), proptest::option::weighted(0.4, 0u8..60))
            .prop_map(|(deltas, cut)| Op::Policy(deltas, cut)),
        3 => (deltas(), 0u8..60, beside)
            .prop_map(|(deltas, call, beside)| Op::Beside(deltas, call, beside)),
    ];
    proptest::collection::vec(op, 1..30)
}

struct Machine {
    world: World,
    shape: Shape,
    vault: Arc<Vault>,
    customers: Vec<Customer>,
    values: u32,
}

impl Machine {
    fn new() -> Self {
        let (world, shape) = (World::default(), Shape::first());
        let vault = Arc::new(world.try_open(&shape.text(), OnRestore::Refuse).unwrap().0);
        Self { world, shape, vault, customers: Vec::new(), values: 0 }
    }

    /// A value that nobody had.
    fn value(&mut self, item: usize) -> String {
        self.values += 1;
        match ITEMS[item] {
            "country" => ["FR", "PL", "DE"][self.values as usize % 3].to_owned(),
            "card_last4" => format!("{:04}", self.values),
            other => format!("{other} {}", self.values),
        }
    }

    fn run(&mut self, op: &Op) {
        let now = self.vault.now();
        let who = match op {
            Op::Set(who, _) | Op::Remove(who, _) | Op::Restrict(who, ..) => Some(who),
            Op::Close(who) | Op::Erase(who) | Op::Hold(who, ..) => Some(who),
            Op::Beside(_, _, Beside::Set(who, _) | Beside::Restrict(who, ..)) => Some(who),
            Op::Beside(_, _, Beside::Erase(who)) => Some(who),
            _ => None,
        };
        let at = who.map(|who| who.index(self.customers.len().max(1)));
        let Self { world, shape, vault, .. } = self;
        if let Some(at) = at.filter(|at| *at >= self.customers.len()) {
            assert_eq!(at, 0, "nobody yet");
            return;
        }
        let customer = at.map(|at| &mut self.customers[at]);
        match (op, customer) {
            (Op::Register(items), _) => self.register(items),
            (Op::Set(_, item), Some(_)) => {
                let value = Some(self.value(*item));
                let customer = &mut self.customers[at.unwrap()];
                let amended = amend(&self.vault, customer.subject, *item, value.as_deref());
                amended_so(customer, (&self.shape, now), *item, value.as_deref(), amended);
            }
            (Op::Remove(_, item), Some(customer)) => {
                let amended = amend(vault, customer.subject, *item, None);
                amended_so(customer, (shape, now), *item, None, amended);
            }
            (Op::Close(_), Some(customer)) => {
                if customer.is_open_to() && customer.closed.is_none() {
                    let close = Amendment { close_at: Some(now), ..Amendment::default() };
                    wait(vault.amend(customer.subject, close, &staff("support"))).unwrap();
                    customer.closed = Some(now);
                }
            }
            (Op::Erase(_), Some(customer)) => {
                if customer.is_there() {
                    erased_so(customer, shape, now, erase(vault, customer.subject));
                }
            }
            (Op::Restrict(_, class, on), Some(customer)) => {
                let key = record(vault, customer);
                let restricted = affect(vault, &key, &restriction(*class, *on));
                restricted_so(customer, *class, *on, restricted);
            }
            (Op::Hold(_, class, on), Some(customer)) => {
                let key = record(vault, customer);
                let held = [(Name::fixed(CLASSES[*class]), *on)].into();
                let held = affect(vault, &key, &Effects { held, ..Effects::default() });
                let found = customer.hold(*class, *on) || !on;
                assert_eq!(held, if found { "ok" } else { "vault.nothing_of_class" });
            }
            (Op::Wait(days), _) => world.clock.advance(Span::days(i64::from(*days))),
            (Op::Sweep, _) => self.sweep(),
            (Op::MoveItems, _) => {
                wait(vault.move_items()).unwrap();
                self.customers.iter_mut().for_each(|customer| customer.move_items(shape));
            }
            (Op::Policy(deltas, cut), _) => self.policy(deltas, *cut),
            (Op::Beside(deltas, call, beside), Some(_)) => {
                self.beside(deltas, *call, at.unwrap(), beside);
            }
            _ => unreachable!("somebody was picked"),
        }
    }

    fn register(&mut self, which: &[bool; 4]) {
        let (email, now) = (format!("{}@example.org", self.customers.len()), self.vault.now());
        let items = (0..ITEMS.len()).filter(|item| which[*item]);
        let items: Values = items.map(|item| (item, self.value(item))).collect();
        let mut told = vec![("email", email.as_str())];
        told.extend(items.iter().map(|(item, value)| (ITEMS[*item], value.as_str())));
        let request = request(&self.vault, &told, true);
        let subject = wait(self.vault.register(request, &staff("support"))).unwrap().subject();
        let mut customer = Customer {
            subject,
            email,
            record: None,
            registered: now,
            closed: None,
            live: [(0, Live::default())].into(),
            archives: Vec::new(),
        };
        for (item, value) in &items {
            assert!(customer.amend(&self.shape, *item, Some(value), now));
        }
        self.customers.push(customer);
    }

    fn sweep(&mut self) {
        let digest = wait(retention::plan(&self.vault)).unwrap().digest;
        let actor = Actor::system();
        wait(erasure::sweep(&self.vault, Some(digest), &actor, &mut |_| {})).unwrap();
        let now = self.vault.now();
        self.customers.iter_mut().for_each(|customer| customer.sweep(&self.shape, now));
        assert_eq!(wait(retention::plan(&self.vault)).unwrap().due(), 0);
    }

    fn next(&self, deltas: &[Delta]) -> Shape {
        let mut next = Shape { version: self.shape.version + 1, ..self.shape.clone() };
        for delta in deltas {
            match delta {
                Delta::Home(item, class) => next.home[*item] = *class,
                Delta::Rules(law, classes) => next.rules[*law] = *classes,
                Delta::Unique(unique) => next.unique = *unique,
                Delta::Started(started) => next.started = *started,
            }
        }
        next
    }

    fn under(&self, faults: &Faults) -> World {
        World {
            store: Arc::new(FailingStore::new(self.world.store.clone(), faults.clone())),
            keyring: Arc::new(FailingKeyring::new(self.world.keyring.clone(), faults.clone())),
            ..self.world.clone()
        }
    }

    fn policy(&mut self, deltas: &[Delta], cut: Option<u8>) {
        let next = self.next(deltas);
        if let Some(calls) = cut {
            let faults = Faults::cut(u64::from(calls), Cut::After, After::StaysDown);
            let _ = self.under(&faults).try_open(&next.text(), OnRestore::Refuse);
        }
        let opened = self.world.try_open(&next.text(), OnRestore::Refuse);
        self.follow(next, opened);
    }

    /// What another process does under the policy before counts if it could do it, and is refused
    /// from the moment on in which the policy is about to come.
    fn beside(&mut self, deltas: &[Delta], call: u8, at: usize, beside: &Beside) {
        let (next, now) = (self.next(deltas), self.vault.now());
        let value = match beside {
            Beside::Set(_, item) => Some(self.value(*item)),
            _ => None,
        };
        let key = record(&self.vault, &mut self.customers[at]);
        let subject = self.customers[at].subject;
        let did = Arc::new(Mutex::new(None));
        let (told, vault) = (did.clone(), self.vault.clone());
        let (act, given) = (beside.clone(), value.clone());
        let faults = Faults::meanwhile(u64::from(call), move || {
            let did = match act {
                Beside::Set(_, item) => amend(&vault, subject, item, given.as_deref()),
                Beside::Restrict(_, class, on) => affect(&vault, &key, &restriction(class, on)),
                Beside::Erase(_) => erase(&vault, subject),
            };
            *told.lock().unwrap() = Some(did);
        });
        let opened = self.under(&faults).try_open(&next.text(), OnRestore::Refuse);
        let (did, customer) = (*did.lock().unwrap(), &mut self.customers[at]);
        if let Some(did) = did.filter(|did| *did != "policy.older_version") {
            match beside {
                Beside::Set(_, item) => {
                    amended_so(customer, (&self.shape, now), *item, value.as_deref(), did);
                }
                Beside::Restrict(_, class, on) => {
                    // It may come so late that what it is about has moved, and be told that first.
                    let mut moved = customer.clone();
                    moved.move_items(&next);
                    let has_moved = opened.is_ok() && !moved.live.contains_key(class);
                    if !(has_moved && did == "vault.nothing_of_class") {
                        restricted_so(customer, *class, *on, did);
                    }
                }
                Beside::Erase(_) if !customer.is_there() => {}
                Beside::Erase(_) => erased_so(customer, &self.shape, now, did),
            }
        }
        self.follow(next, opened);
    }

    /// What comes of a policy that was brought.
    fn follow(&mut self, next: Shape, opened: Result<(Vault, Recovery)>) {
        let mut starts_otherwise = false;
        if self.customers.iter().any(|one| one.keeps_out(&self.shape, &next)) {
            assert_eq!(code(opened), "policy.archived_item_moved");
            let before = self.world.try_open(&self.shape.text(), OnRestore::Refuse);
            self.vault = Arc::new(before.unwrap().0);
        } else {
            let (vault, recovery) = opened.unwrap();
            starts_otherwise = next.started != self.shape.started;
            self.shape = next;
            self.vault = Arc::new(vault);
            let waits = |one: &Customer| one.has_strays(&self.shape, true);
            assert_eq!(recovery.not_moved.subjects, 0);
            assert_eq!(recovery.not_moved.restricted, self.customers.iter().any(waits));
        }
        self.customers.iter_mut().for_each(|customer| customer.move_items(&self.shape));
        if starts_otherwise {
            self.customers.iter_mut().for_each(|customer| customer.set_clocks(&self.shape));
        }
    }

    fn check(&self) {
        let mut lookups = 0;
        for customer in &self.customers {
            let rows = wait(self.vault.outline(customer.subject)).unwrap().into_iter();
            let mut rows: Vec<_> = rows
                .filter(|row| !row.is_record())
                .map(|row| {
                    let items = row.items.iter().filter(|item| ITEMS.contains(&item.as_str()));
                    let items = items.map(|item| item.as_str().to_owned()).collect();
                    let (class, state) = (row.class.to_string(), row.state.to_string());
                    (class, state, row.anchor_at, row.held, items)
                })
                .collect();
            rows.sort();
            assert_eq!(rows, customer.rows(&self.shape), "{}", customer.email);
            self.read(customer, "account", None);
            for (law, told) in LAWS.iter().enumerate() {
                self.read(customer, told.name, Some(law));
            }
            lookups += u64::from(customer.is_there());
            let noted = customer.live.values().any(|row| row.items.contains_key(&NOTE));
            lookups += u64::from(self.shape.unique && noted);
        }
        assert_eq!(wait(self.world.store.count_lookups()).unwrap(), lookups);
        wait(self.vault.audit()).unwrap();
    }

    fn read(&self, customer: &Customer, purpose: &'static str, law: Option<usize>) {
        let law = law.filter(|law| (0..CLASSES.len()).any(|of| self.shape.archives(*law, of)));
        let asked = LAWS.iter().find(|law| law.name == purpose).map(|law| law.items);
        let view =
            wait(self.vault.read(customer.subject, &Name::fixed(purpose), &staff("billing")));
        let view = match view {
            Ok(view) => Some(view),
            Err(error) if ["vault.not_live", "vault.not_found"].contains(&error.code()) => None,
            Err(error) => panic!("{error}"),
        };
        for (item, name) in ITEMS.iter().enumerate() {
            let mut seen: Vec<_> = (view.iter().flat_map(|view| view.all(name)))
                .map(|kept| (kept.text().to_owned(), kept.archived))
                .collect();
            seen.sort();
            let mut expected = customer.seen(&self.shape, law, item, self.vault.now());
            expected.retain(|_| asked.is_none_or(|asked| asked.contains(&item)));
            assert_eq!(seen, expected, "{purpose} {name} of {}", customer.email);
        }
    }

    /// Nothing is restricted any more, everybody is erased, and every law ends.
    fn end(mut self) {
        for at in 0..self.customers.len() {
            let customer = &mut self.customers[at];
            let key = record(&self.vault, customer);
            for (class, name) in CLASSES.iter().enumerate() {
                let held = [(Name::fixed(name), false)].into();
                let lifted =
                    affect(&self.vault, &key, &Effects { held, ..restriction(class, false) });
                restricted_so(customer, class, false, lifted);
                customer.hold(class, false);
            }
        }
        self.run(&Op::MoveItems);
        self.check();
        let now = self.vault.now();
        for customer in self.customers.iter_mut().filter(|one| one.is_there()) {
            erased_so(customer, &self.shape, now, erase(&self.vault, customer.subject));
        }
        self.check();
        self.world.clock.advance(Span::days(5 * 366));
        self.run(&Op::Sweep);
        self.check();
        for customer in &self.customers {
            assert!(customer.rows(&self.shape).is_empty());
            for (key, state) in wait(self.world.keyring.keys_of(customer.subject)).unwrap() {
                let of_record = key.class.as_str().starts_with("tacenda.");
                assert!(of_record || matches!(state, KeyState::Destroyed(_)), "{key:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 400, ..ProptestConfig::default() })]
    #[test]
    fn nothing_is_lost_and_nothing_is_shown_whatever_policies_follow_one_another(ops in ops()) {
        let mut machine = Machine::new();
        machine.check();
        for op in &ops {
            machine.run(op);
            machine.check();
        }
        machine.end();
    }
}
