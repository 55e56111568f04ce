//! A ledger of several debits against a model: whatever happens, each takes money once.

use pollster::block_on as wait;
use proptest::prelude::*;
use tacenda_core::clock::Span;
use tacenda_core::policy::records::DEBITS;
use tacenda_payments::book;
use tacenda_payments::ledger::State;
use tacenda_payments::memory::{Bank, Fault};
use tacenda_testkit::{After, Cut, Faults};

use super::support::{Shop, ask, biller, debit, try_open};

#[derive(Debug, Clone)]
enum Step {
    /// One of the references is debited by a process that may be killed at one of its operations, while
    /// calls to the provider go wrong.
    Debit(u8, Vec<Option<Fault>>, Option<(u64, bool)>),
    /// Whoever comes by goes on with what is due.
    Resume(Vec<Option<Fault>>),
    /// Time passes.
    Hours(i64),
}

fn faults() -> impl Strategy<Value = Vec<Option<Fault>>> {
    let fault = prop_oneof![
        3 => Just(None),
        1 => Just(Some(Fault::Before)),
        1 => Just(Some(Fault::After)),
        1 => Just(Some(Fault::TooMany)),
    ];
    prop::collection::vec(fault, 0..3)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let cut = prop::option::of((0u64..60, any::<bool>()));
    let step = prop_oneof![
        4 => (0u8..3, faults(), cut).prop_map(|(n, faults, cut)| Step::Debit(n, faults, cut)),
        1 => faults().prop_map(Step::Resume),
        1 => (1..30i64).prop_map(Step::Hours),
    ];
    prop::collection::vec(step, 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn each_order_takes_money_once(steps in steps(), later: bool) {
        let shop = Shop::new();
        let (subject, method) = shop.payer(if later { Bank::PaysLater } else { Bank::Pays });
        let asks: Vec<_> = (0..3).map(|n| ask(&format!("invoice-{n}"), &method)).collect();
        let mut asked = [false; 3];
        for step in steps {
            match step {
                Step::Debit(n, faults, cut) => {
                    let n = usize::from(n);
                    asked[n] = true;
                    shop.provider.fail_next(faults);
                    let plan = cut.map_or_else(Faults::none, |(at, before)| {
                        let side = if before { Cut::Before } else { Cut::After };
                        Faults::cut(at, side, After::StaysDown)
                    });
                    // An error is a process that was killed.
                    if let Ok(vault) = try_open(&shop.cut(&plan)) {
                        drop(debit(&vault, &shop.provider, subject, &asks[n]));
                    }
                }
                Step::Resume(faults) => {
                    shop.provider.fail_next(faults);
                    wait(book::resume_due(&shop.open(), shop.provider.as_ref(), &biller())).unwrap();
                }
                Step::Hours(hours) => {
                    shop.world.clock.advance(Span::hours(hours));
                }
            }
            for ask in &asks {
                prop_assert!(shop.provider.debits_of(&ask.reference) <= 1);
            }
        }
        let vault = shop.open();
        for (ask, asked) in asks.iter().zip(asked).filter(|(_, asked)| *asked) {
            // Faults that are left over run out.
            for _ in 0..40 {
                debit(&vault, &shop.provider, subject, ask).unwrap();
            }
            let done = debit(&vault, &shop.provider, subject, ask).unwrap();
            let came = matches!(done.entry.state, State::Succeeded { .. } | State::Processing { .. });
            prop_assert!(came && asked);
            prop_assert_eq!(shop.provider.debits_of(&ask.reference), 1);
        }
        let rows = wait(vault.records_of(subject, &DEBITS)).unwrap();
        prop_assert_eq!(rows.len(), asked.into_iter().filter(|asked| *asked).count());
        wait(vault.audit()).unwrap();
    }
}
