//! Messages, workers that die, people who go, and a clock, against a plain model.

use std::collections::{BTreeMap, BTreeSet};

use pollster::block_on as wait;
use proptest::prelude::*;
use proptest::sample::Index;
use tacenda_core::clock::Span;
use tacenda_core::outbox::{self, Failure, Message, Outcome, Progress, Taken, Values};
use tacenda_core::vault::{RecordKey, Vault};
use tacenda_core::{Name, SubjectId, Timestamp};
use tacenda_gdpr::erasure;
use tacenda_testkit::world::{World, staff};

use super::support::{LEASE, another, code, letter, news};

#[derive(Debug, Clone)]
enum Op {
    Register,
    Enqueue(Index, u8),
    /// A worker takes up to so many.
    Take(u8),
    /// The worker that took first settles: sent, later or given up.
    Settle(u8),
    /// It dies.
    Die,
    Cancel(Index),
    Erase(Index),
    Wait(u16),
}

fn op() -> impl Strategy<Value = Op> {
    let index = any::<Index>;
    prop_oneof![
        2 => Just(Op::Register),
        6 => (index(), 0u8..4).prop_map(|(who, hours)| Op::Enqueue(who, hours)),
        5 => (1u8..5).prop_map(Op::Take),
        5 => (0u8..4).prop_map(Op::Settle),
        1 => Just(Op::Die),
        1 => index().prop_map(Op::Cancel),
        1 => index().prop_map(Op::Erase),
        4 => (1u16..90).prop_map(Op::Wait),
    ]
}

/// What is known of a message.
struct Known {
    key: RecordKey,
    due_at: Timestamp,
    leased: Option<Timestamp>,
    end: Option<Option<Failure>>,
    tries: u32,
}

struct Model {
    world: World,
    vault: Vault,
    people: Vec<SubjectId>,
    gone: BTreeSet<SubjectId>,
    messages: Vec<Known>,
    workers: Vec<Vec<Taken>>,
    ids: BTreeMap<[u8; 16], usize>,
}

impl Model {
    fn new() -> Self {
        let world = World::default();
        let vault = world.open();
        let (people, messages, workers) = (Vec::new(), Vec::new(), Vec::new());
        let (gone, ids) = (BTreeSet::new(), BTreeMap::new());
        Self { world, vault, people, gone, messages, workers, ids }
    }

    fn step(&mut self, op: &Op) {
        let (by, now) = (staff("support"), self.vault.now());
        match *op {
            Op::Register => {
                let email = format!("person{}@example.org", self.people.len());
                self.people.push(another(&self.vault, &email));
            }
            Op::Enqueue(ref who, hours) if !self.people.is_empty() => {
                let subject = *who.get(&self.people);
                let due_at = now.plus(Span::hours(hours.into()));
                let number = self.messages.len().to_string();
                let values = Values::default().with(Name::fixed("number"), &number);
                let message = Message { send_at: Some(due_at), values, ..news() };
                let key = wait(outbox::enqueue(&self.vault, Some(subject), &message, &by)).unwrap();
                self.messages.push(Known { key, due_at, leased: None, end: None, tries: 0 });
            }
            Op::Take(limit) => self.take(limit.into()),
            Op::Settle(how) if !self.workers.is_empty() => self.settle(how),
            Op::Die if !self.workers.is_empty() => drop(self.workers.remove(0)),
            Op::Cancel(ref which) if !self.messages.is_empty() => {
                let at = which.index(self.messages.len());
                let known = &mut self.messages[at];
                let done = code(wait(outbox::cancel(&self.vault, &known.key, &by)));
                assert_eq!(done == "ok", known.end.is_none(), "{done}");
                if known.end.is_none() {
                    (known.end, known.leased) = (Some(Some(Failure::Cancelled)), None);
                }
            }
            Op::Erase(ref who) if !self.people.is_empty() => {
                let subject = *who.get(&self.people);
                let done = wait(erasure::erase(&self.vault, subject, &by));
                let goes = self.gone.insert(subject);
                assert_eq!(done.is_ok(), goes);
                for known in self.messages.iter_mut().filter(|one| one.key.subject == subject) {
                    if goes && known.end.is_none() {
                        (known.end, known.leased) = (Some(Some(Failure::Gone)), None);
                    }
                }
            }
            Op::Wait(minutes) => self.world.clock.advance(Span::seconds(60 * i64::from(minutes))),
            _ => {}
        }
    }

    fn take(&mut self, limit: usize) {
        let (by, now) = (staff("support"), self.vault.now());
        let batch = wait(outbox::take(&self.vault, LEASE, limit, None, &by)).unwrap();
        let mut free: Vec<usize> = (0..self.messages.len())
            .filter(|at| {
                let one = &self.messages[*at];
                let free = one.leased.is_none_or(|until| until <= now);
                one.end.is_none() && one.due_at <= now && free
            })
            .collect();
        free.sort_by_key(|at| {
            let one = &self.messages[*at];
            (one.due_at, one.key.subject, one.key.id)
        });
        free.truncate(limit);
        assert_eq!(batch.claimed, free.len());
        let mut ready = BTreeSet::new();
        for at in free {
            let one = &mut self.messages[at];
            if self.gone.contains(&one.key.subject) {
                one.end = Some(Some(Failure::Gone));
                one.tries += 1;
            } else {
                one.leased = Some(now.plus(LEASE));
                ready.insert(at);
            }
        }
        let taken: BTreeSet<usize> = batch
            .ready
            .iter()
            .map(|taken| {
                // Each message has one id, and each id one message.
                let found = taken.outgoing.values.get("number").unwrap().parse().unwrap();
                let known = self.ids.insert(taken.outgoing.id, found);
                assert!(known.is_none_or(|known| known == found));
                assert_eq!(self.messages[found].leased, Some(taken.until()));
                found
            })
            .collect();
        assert_eq!(taken, ready);
        self.workers.push(batch.ready);
    }

    fn settle(&mut self, how: u8) {
        let (by, now) = (staff("support"), self.vault.now());
        let later = now.plus(Span::hours(1));
        let outcome = match how {
            0 | 1 => Outcome::Sent,
            2 => Outcome::Later { failure: Failure::Unreachable, at: later },
            _ => Outcome::GivenUp(Failure::Refused),
        };
        let mut kept = 0;
        let taken = self.workers.remove(0);
        for one in &taken {
            let known = &mut self.messages[self.ids[&one.outgoing.id]];
            // A lease that is over is still the worker's while nobody else took it.
            if known.end.is_none() && known.leased == Some(one.until()) {
                known.leased = None;
                known.tries += 1;
                kept += 1;
                match outcome {
                    Outcome::Sent => known.end = Some(None),
                    Outcome::Later { at, .. } => known.due_at = at,
                    Outcome::GivenUp(failure) => known.end = Some(Some(failure)),
                }
            }
        }
        let lost = taken.len() as u64 - kept;
        let all = taken.into_iter().map(|one| (one, outcome)).collect();
        let settled = wait(outbox::settle(&self.vault, all, &by)).unwrap();
        assert_eq!(settled.lost, lost);
        assert_eq!(settled.sent + settled.put_off + settled.given_up, kept);
    }

    fn check(&self) {
        for known in &self.messages {
            let letter = letter(&self.vault, &known.key);
            let end = match letter.progress {
                Progress::Queued { .. } => None,
                Progress::Sent { .. } => Some(None),
                Progress::GivenUp { failure, .. } => Some(Some(failure)),
            };
            assert_eq!((end, letter.tries), (known.end, known.tries));
        }
        wait(self.vault.audit()).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn messages_are_sent_as_the_model_says(ops in prop::collection::vec(op(), 1..40)) {
        let mut model = Model::new();
        for op in ops {
            model.step(&op);
        }
        model.check();
    }
}
