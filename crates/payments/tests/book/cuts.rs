//! A debit is made once, and a set-up too, wherever a process is killed and whatever the provider does.

use pollster::block_on as wait;
use tacenda_core::policy::records::{DEBITS, PAYERS};
use tacenda_core::vault::Standing;
use tacenda_payments::book::{self, Resumed};
use tacenda_payments::ledger::{LEDGER_MISMATCH, State};
use tacenda_payments::memory::{Bank, Fault};
use tacenda_payments::provider::Failure;

use super::support::{
    BILLING, Shop, ask, attach, biller, card, code, debit, euros, everywhere, is_open, reference,
    set_up, try_open,
};

#[test]
fn a_debit_takes_money_once_wherever_it_is_cut() {
    everywhere(
        |shop| shop.payer(Bank::Pays),
        |shop, world, (subject, method)| {
            let vault = try_open(world)?;
            debit(&vault, &shop.provider, *subject, &ask("invoice-1", method)).map(drop)
        },
        |shop, (subject, method)| {
            let (vault, ask) = (shop.open(), ask("invoice-1", method));
            assert!(shop.provider.debits_of(&ask.reference) <= 1);
            let done = debit(&vault, &shop.provider, *subject, &ask).unwrap();
            assert!(matches!(done.entry.state, State::Succeeded { .. }), "{:?}", done.entry.state);
            assert_eq!(shop.provider.debits_of(&ask.reference), 1);
            let rows = wait(vault.records_of(*subject, &DEBITS)).unwrap();
            assert_eq!(rows.len(), 1);
            assert!(matches!(rows[0].standing, Standing::Closed { .. }));
            let read = wait(book::read_debit(&vault, &done.key, &BILLING, &biller())).unwrap();
            assert_eq!(read, done.entry);
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn the_provider_may_be_late_or_silent_or_answer_twice() {
    let faults = [None, Some(Fault::Before), Some(Fault::After), Some(Fault::TooMany)];
    for first in faults {
        for second in faults {
            let shop = Shop::new();
            let (subject, method) = shop.payer(Bank::Pays);
            let (vault, ask) = (shop.open(), ask("invoice-1", &method));
            shop.provider.fail_next([first, second]);
            let once = debit(&vault, &shop.provider, subject, &ask).unwrap();
            assert_eq!(is_open(&once.entry.state), first.is_some());
            assert_eq!(once.failure.is_some(), first.is_some());
            // Whoever comes by later goes on with it.
            shop.world.clock.advance(tacenda_core::clock::Span::seconds(601));
            let resumed = wait(book::resume_due(&vault, shop.provider.as_ref(), &biller()));
            let Resumed { settled, open, refused } = resumed.unwrap();
            assert_eq!(refused, 0);
            assert_eq!(settled + open, u64::from(first.is_some()));
            let last = debit(&vault, &shop.provider, subject, &ask).unwrap();
            let last = if is_open(&last.entry.state) {
                debit(&vault, &shop.provider, subject, &ask).unwrap()
            } else {
                last
            };
            assert!(matches!(last.entry.state, State::Succeeded { .. }));
            assert_eq!(shop.provider.debits_of(&ask.reference), 1);
        }
    }
}

#[test]
fn a_reference_is_one_debit_of_one_customer() {
    let shop = Shop::new();
    let (subject, method) = shop.payer(Bank::Pays);
    let (vault, one) = (shop.open(), ask("invoice-1", &method));
    debit(&vault, &shop.provider, subject, &one).unwrap();
    let other = book::Ask { money: euros(1), ..one.clone() };
    let error = debit(&vault, &shop.provider, subject, &other).unwrap_err();
    assert!(error.is(&LEDGER_MISMATCH));
    let items = [("email", "bob@example.org"), ("card_last4", "0005")];
    let bob = tacenda_testkit::world::request(&vault, &items, true);
    let bob = wait(vault.register(bob, &tacenda_testkit::world::staff("support"))).unwrap();
    let error = debit(&vault, &shop.provider, bob.subject(), &one).unwrap_err();
    assert!(error.is(&LEDGER_MISMATCH));
    let unknown = ask("invoice-2", &reference("pm_of_nobody"));
    let error = debit(&vault, &shop.provider, subject, &unknown).unwrap_err();
    assert_eq!(error.code(), "payments.no_method");
    // Somebody whose role has no such purpose asks for nothing.
    let support = tacenda_testkit::world::staff("support");
    let ask = ask("invoice-3", &method);
    let refused = wait(book::debit(&vault, shop.provider.as_ref(), subject, &ask, &support));
    assert_eq!(refused.unwrap_err().code(), "policy.role_not_allowed");
    assert_eq!(shop.provider.debits_of(&ask.reference), 0);
}

#[test]
fn a_debit_that_takes_days_is_asked_about() {
    let shop = Shop::new();
    let (subject, method) = shop.payer(Bank::PaysLater);
    let (vault, ask) = (shop.open(), ask("invoice-1", &method));
    let done = debit(&vault, &shop.provider, subject, &ask).unwrap();
    let State::Processing { debit: theirs } = &done.entry.state else { panic!("{done:?}") };
    let declined =
        tacenda_payments::provider::Progress::Declined { code: Some(code("no_account")) };
    shop.provider.settle(theirs, &declined);
    let resume = || wait(book::resume_due(&vault, shop.provider.as_ref(), &biller())).unwrap();
    assert_eq!(resume(), Resumed::default());
    shop.world.clock.advance(tacenda_core::clock::Span::days(1));
    assert_eq!(resume(), Resumed { settled: 1, ..Resumed::default() });
    let read = wait(book::read_debit(&vault, &done.key, &BILLING, &biller())).unwrap();
    let State::Declined { code: Some(why), .. } = &read.state else { panic!("{read:?}") };
    assert_eq!(*why, code("no_account"));
    assert_eq!(resume(), Resumed::default());
}

#[test]
fn a_set_up_makes_one_customer_wherever_it_is_cut() {
    everywhere(
        Shop::customer,
        |shop, world, subject| {
            let vault = try_open(world)?;
            set_up(&vault, &shop.provider, *subject).map(drop)
        },
        |shop, subject| {
            let (vault, provider) = (shop.open(), shop.provider.as_ref());
            set_up(&vault, provider, *subject).unwrap();
            let method = provider.browser_makes(card(), Bank::Pays).unwrap();
            provider.fail_next([Some(Fault::After)]);
            let attach = || attach(&vault, provider, *subject, &method);
            assert_eq!(attach().unwrap_err().code(), Failure::UnknownOutcome.code().name);
            attach().unwrap();
            assert_eq!(provider.holds(), (1, 1));
            assert_eq!(wait(vault.records_of(*subject, &PAYERS)).unwrap().len(), 1);
            wait(vault.audit()).unwrap();
        },
    );
}
