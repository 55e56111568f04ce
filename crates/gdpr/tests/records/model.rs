//! Records, holds, restrictions, erasures and sweeps against a plain model: what is held never goes,
//! and a record goes exactly when it is due.

use std::collections::BTreeMap;

use pollster::block_on as wait;
use proptest::prelude::*;
use proptest::sample::Index;
use tacenda_core::calendar::{self, EndRule, Period, Rule, StartRule, Utc};
use tacenda_core::clock::Span;
use tacenda_core::policy::records::REQUESTS;
use tacenda_core::row::state;
use tacenda_core::vault::{
    Actor, Effects, RecordChange, RecordKey, RegisterRequest, Standing, Vault,
};
use tacenda_core::{Name, SubjectId, Timestamp};
use tacenda_gdpr::{erasure, retention};
use tacenda_testkit::world::{World, request, staff};

use super::support::{add, affect, close, code, open, step};

#[derive(Debug, Clone)]
enum Op {
    Register,
    Add(Option<Index>),
    /// Closes a record, some days ago.
    Close(Index, u16),
    Reopen(Index),
    Hold(Index, bool, bool),
    Restrict(Index, bool, bool),
    Erase(Index),
    Wait(u16),
    /// A sweep one microsecond before a closed record is due, and one when it is.
    Edge(Index),
    Sweep,
}

fn op() -> impl Strategy<Value = Op> {
    let index = any::<Index>;
    prop_oneof![
        2 => Just(Op::Register),
        4 => prop::option::weighted(0.8, index()).prop_map(Op::Add),
        4 => (index(), 0u16..900).prop_map(|(which, days)| Op::Close(which, days)),
        1 => index().prop_map(Op::Reopen),
        3 => (index(), any::<bool>(), any::<bool>()).prop_map(|(w, c, on)| Op::Hold(w, c, on)),
        2 => (index(), any::<bool>(), any::<bool>()).prop_map(|(w, c, on)| Op::Restrict(w, c, on)),
        2 => index().prop_map(Op::Erase),
        2 => (1u16..700).prop_map(Op::Wait),
        3 => index().prop_map(Op::Edge),
        2 => Just(Op::Sweep),
    ]
}

/// What is known of a row of an account.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    held: bool,
    restricted: bool,
    /// Its account is gone, and it was held then or restricted.
    archived: bool,
}

impl Known {
    const fn is_free(&self) -> bool {
        !self.held && !self.restricted && !self.archived
    }
}

/// An account of which nothing has been seen since it came; its rows by class.
struct Customer {
    subject: SubjectId,
    since: Timestamp,
    rows: BTreeMap<&'static str, Known>,
}

struct Record {
    key: RecordKey,
    closed: Option<Timestamp>,
}

struct Model {
    world: World,
    vault: Vault,
    customers: Vec<Customer>,
    records: Vec<Record>,
    /// Every subject that ever had a record.
    subjects: Vec<SubjectId>,
}

fn due(anchor: Timestamp, keep: Period) -> Timestamp {
    let rule = Rule { keep, start: StartRule::Event, end: EndRule::SameDay };
    calendar::due(anchor, &[rule], &Utc)
}

const ACCOUNT: Period = Period::Years(3);
const PAYMENT: Period = Period::Months(13);
const REQUEST: Period = Period::Years(3);

impl Customer {
    /// What is free goes; and with the account what is in use of all else is archived.
    fn end(&mut self) {
        self.rows.retain(|_, row| !row.is_free());
        if !self.rows.contains_key("account") {
            self.rows.values_mut().for_each(|row| row.archived = !row.restricted);
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        let free = |rows: &BTreeMap<_, Known>, class| rows.get(class).is_some_and(Known::is_free);
        if free(&self.rows, "account") && due(self.since, ACCOUNT) <= now {
            self.end();
        }
        if free(&self.rows, "payment") && due(self.since, PAYMENT) <= now {
            self.rows.remove("payment");
        }
        // No law keeps it.
        self.rows.retain(|_, row| !row.archived || row.held);
    }
}

fn pick<T>(list: &mut [T], index: Index) -> Option<&mut T> {
    if list.is_empty() { None } else { index.get_mut(list).into() }
}

impl Model {
    fn new() -> Self {
        let world = World::default();
        let vault = world.open();
        let (customers, records, subjects) = (Vec::new(), Vec::new(), Vec::new());
        Self { world, vault, customers, records, subjects }
    }

    fn run(&mut self, op: &Op) {
        let now = self.vault.now();
        match *op {
            Op::Register => {
                let email = format!("c{}@example.org", self.customers.len());
                let items = [("email", email.as_str()), ("card_last4", "4242")];
                let request = RegisterRequest {
                    registered_at: Some(now),
                    ..request(&self.vault, &items, false)
                };
                let done = wait(self.vault.register(request, &staff("support"))).unwrap();
                let rows = ["account", "payment"].map(|class| (class, Known::default())).into();
                self.customers.push(Customer { subject: done.subject(), since: now, rows });
            }
            Op::Add(who) => {
                let who = who.and_then(|who| pick(&mut self.customers, who));
                let key = add(&self.vault, who.map(|one| one.subject)).unwrap();
                self.subjects.push(key.subject);
                self.records.push(Record { key, closed: None });
            }
            Op::Close(which, days) => {
                let Some(record) = pick(&mut self.records, which) else { return };
                let at = now.minus(Span::days(days.into()));
                close(&self.vault, &record.key, at).unwrap();
                record.closed = Some(at);
            }
            Op::Reopen(which) => {
                let Some(record) = pick(&mut self.records, which) else { return };
                wait(self.vault.change_record(&record.key, &[], &staff("support"), |opened| {
                    Ok(RecordChange { standing: open(None), ..step(opened, "request.reopened") })
                }))
                .unwrap();
                record.closed = None;
            }
            Op::Hold(which, account, on) => {
                let set = |row: &mut Known| row.held = on;
                self.affect(which, account, on, set, |classes| Effects {
                    held: classes,
                    ..Effects::default()
                });
            }
            Op::Restrict(which, account, on) => {
                let set = |row: &mut Known| row.restricted = on;
                self.affect(which, account, on, set, |classes| Effects {
                    restricted: classes,
                    ..Effects::default()
                });
            }
            Op::Erase(who) => {
                let Some(one) = pick(&mut self.customers, who) else { return };
                let done = code(wait(erasure::erase(&self.vault, one.subject, &staff("support"))));
                let any = |is: fn(&Known) -> bool| one.rows.values().any(is);
                let expected = match () {
                    () if one.rows.is_empty() => "vault.not_found",
                    () if any(Known::is_free) => "ok",
                    () if any(|row| row.held) => "erasure.held",
                    () if any(|row| row.restricted) => "erasure.restricted",
                    // It goes with the next sweep.
                    () => "ok",
                };
                assert_eq!(done, expected);
                if any(Known::is_free) {
                    one.end();
                }
            }
            Op::Wait(days) => self.world.clock.advance(Span::days(days.into())),
            Op::Edge(which) => {
                let Some(record) = pick(&mut self.records, which) else { return };
                let Some(edge) = record.closed.map(|at| due(at, REQUEST)) else { return };
                if edge <= now {
                    return;
                }
                for at in [edge.minus(Span::micros(1)), edge] {
                    self.world.clock.set(at);
                    self.run(&Op::Sweep);
                }
            }
            Op::Sweep => {
                let digest = wait(retention::plan(&self.vault)).unwrap().digest;
                let me = Actor::system();
                wait(erasure::sweep(&self.vault, Some(digest), &me, &mut |_| {})).unwrap();
                self.customers.iter_mut().for_each(|one| one.sweep(now));
                self.records.retain(|one| one.closed.is_none_or(|at| due(at, REQUEST) > now));
                assert_eq!(wait(retention::plan(&self.vault)).unwrap().due(), 0);
            }
        }
    }

    fn affect(
        &mut self,
        which: Index,
        account: bool,
        on: bool,
        set: impl Fn(&mut Known),
        effects: impl Fn(BTreeMap<Name, bool>) -> Effects,
    ) {
        let Some(record) = pick(&mut self.records, which) else { return };
        let class = if account { "account" } else { "payment" };
        let done =
            code(affect(&self.vault, &record.key, &effects([(Name::fixed(class), on)].into())));
        let subject = record.key.subject;
        let one = self.customers.iter_mut().find(|one| one.subject == subject);
        let gone = one.as_ref().is_some_and(|one| !one.rows.contains_key("account"));
        match one.and_then(|one| one.rows.get_mut(class)) {
            // What is archived is no longer restricted.
            Some(row) if row.archived => {
                let before = *row;
                set(row);
                let refused = row.restricted;
                if refused {
                    *row = before;
                }
                assert_eq!(done, if refused { "vault.nothing_of_class" } else { "ok" });
            }
            Some(row) => {
                assert_eq!(done, "ok");
                set(row);
                row.archived = gone && !row.restricted;
            }
            None => assert_eq!(done, if on { "vault.nothing_of_class" } else { "ok" }),
        }
    }

    fn check(&self) {
        for subject in &self.subjects {
            let kept = wait(self.vault.records_of(*subject, &REQUESTS)).unwrap();
            let mut kept: Vec<_> = kept
                .into_iter()
                .map(|one| match one.standing {
                    Standing::Open { .. } => (one.key.id, None),
                    Standing::Closed { at } => (one.key.id, Some(at)),
                })
                .collect();
            kept.sort();
            let of = self.records.iter().filter(|one| one.key.subject == *subject);
            let mut expected: Vec<_> = of.map(|one| (one.key.id, one.closed)).collect();
            expected.sort();
            assert_eq!(kept, expected);
        }
        for one in &self.customers {
            let rows = wait(self.vault.outline(one.subject)).unwrap();
            let rows = rows.iter().filter(|row| !row.is_record());
            let kept: Vec<_> = rows
                .map(|row| {
                    let (restricted, archived) =
                        (row.state == state::RESTRICTED, row.state == state::ARCHIVED);
                    (row.class.as_str(), (row.held, restricted, archived))
                })
                .collect();
            let expected: Vec<_> = one
                .rows
                .iter()
                .map(|(class, row)| (*class, (row.held, row.restricted, row.archived)))
                .collect();
            assert_eq!(kept, expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_kept_is_what_the_model_keeps(ops in prop::collection::vec(op(), 1..24)) {
        let mut model = Model::new();
        for op in &ops {
            model.run(op);
            model.check();
        }
        wait(model.vault.audit()).unwrap();
    }
}
