//! Customers who come, change and go, while sweeps and prunings run at a moving clock: whatever the
//! order, each row stays vouched for, and no text outlives its time.

use pollster::block_on as wait;
use proptest::prelude::*;
use proptest::sample::Index;
use tacenda_core::SubjectId;
use tacenda_core::clock::Span;
use tacenda_core::vault::Vault;
use tacenda_gdpr::erasure;
use tacenda_testkit::world::{World, staff};

use super::{amend, customer, is_old, leaves, read, sweep, text};

#[derive(Debug, Clone)]
enum Op {
    Register,
    Amend(Index, bool),
    Read(Index),
    Erase(Index),
    Wait(u16),
    Sweep,
    Prune,
    Reopen,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let who = any::<Index>();
    let op = prop_oneof![
        3 => Just(Op::Register),
        3 => (any::<Index>(), any::<bool>()).prop_map(|(who, card)| Op::Amend(who, card)),
        2 => any::<Index>().prop_map(Op::Read),
        1 => who.prop_map(Op::Erase),
        5 => (1u16..390).prop_map(Op::Wait),
        2 => Just(Op::Sweep),
        4 => Just(Op::Prune),
        1 => Just(Op::Reopen),
    ];
    proptest::collection::vec(op, 1..40)
}

struct Machine {
    world: World,
    vault: Vault,
    live: Vec<SubjectId>,
    count: u64,
}

impl Machine {
    fn pick(&self, who: Index) -> Option<SubjectId> {
        self.live.get(who.index(self.live.len().max(1))).copied()
    }

    fn run(&mut self, op: &Op) {
        match *op {
            Op::Register => {
                self.count += 1;
                self.live.push(customer(&self.vault, self.count));
            }
            Op::Amend(who, card) => {
                let Some(subject) = self.pick(who) else { return };
                self.count += 1;
                let number = format!("{:04}", self.count);
                let (item, text) = if card { ("card_last4", &number) } else { ("note", &number) };
                amend(&self.vault, subject, item, text);
            }
            Op::Read(who) => {
                let Some(subject) = self.pick(who) else { return };
                assert_eq!(read(&self.vault, subject), "ok");
            }
            Op::Erase(who) => {
                let Some(subject) = self.pick(who) else { return };
                self.live.retain(|one| *one != subject);
                wait(erasure::erase(&self.vault, subject, &staff("support"))).unwrap();
            }
            Op::Wait(days) => {
                self.world.clock.advance(Span::days(days.into()));
                self.run(&Op::Sweep);
            }
            Op::Sweep => {
                sweep(&self.vault);
                let gone = |subject: &SubjectId| {
                    let rows = wait(self.vault.outline(*subject)).unwrap();
                    !rows.iter().any(|row| row.class == *"account")
                };
                self.live.retain(|subject| !gone(subject));
            }
            Op::Prune => {
                let now = self.vault.now();
                let before = leaves(&self.world);
                wait(self.vault.prune_log()).unwrap();
                let stays = |action: &str| ["policy.adopted", "log.epoch_begun"].contains(&action);
                for leaf in before {
                    let Some(was) = text(&leaf) else { continue };
                    let index = leaf.position.unwrap().index;
                    let is = wait(self.world.store.leaves(1, index, index + 1)).unwrap().remove(0);
                    let goes = is_old(was.at, now) && !stays(was.action.as_str());
                    assert_eq!(is.bytes.is_none(), goes, "leaf {index}, {}", was.action);
                    assert_eq!(is.hash, leaf.hash);
                }
            }
            Op::Reopen => self.vault = self.world.open(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_row_stays_vouched_for(ops in ops()) {
        let world = World::default();
        let vault = world.open();
        let mut machine = Machine { world, vault, live: Vec::new(), count: 0 };
        for op in &ops {
            machine.run(op);
            if matches!(op, Op::Prune) {
                wait(machine.vault.audit()).unwrap();
            }
        }
        machine.run(&Op::Prune);
        for subject in &machine.live {
            prop_assert_eq!(read(&machine.vault, *subject), "ok");
        }
        wait(machine.vault.audit()).unwrap();
    }
}
