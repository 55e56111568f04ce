//! Erasure at the provider: settled, detached, deleted; and what comes months later.

use std::sync::Arc;

use pollster::block_on as wait;
use tacenda_core::clock::Span;
use tacenda_core::policy::records::{DEBITS, INVOICES, PAYERS};
use tacenda_core::vault::{ErasedClass, Standing, SubjectPlan, Vault};
use tacenda_core::{Name, SubjectId};
use tacenda_payments::book::{self, Left, ProviderProcessor, TakenIn};
use tacenda_payments::events::DisputeState;
use tacenda_payments::ledger::State;
use tacenda_payments::memory::{Bank, Fault};
use tacenda_payments::provider::{PaymentProvider as _, Setting};
use tacenda_testkit::world::staff;

use super::events::disputed;
use super::support::{BILLING, Shop, ask, biller, debit, everywhere, is_open, set_up, try_open};

const LEASE: Span = Span::seconds(60);

fn run(shop: &Shop, vault: &Vault) -> tacenda_core::Result<Left> {
    let processor = ProviderProcessor::new(Name::fixed("provider"), shop.provider.clone());
    let provider = Arc::clone(&shop.provider);
    wait(book::run(vault, provider.as_ref(), &processor, (LEASE, 10), &biller()))
}

/// Erases an account, whatever laws say.
fn erase(vault: &Vault, subject: SubjectId) {
    let rows = wait(vault.outline(subject)).unwrap();
    let own: Vec<_> = rows.iter().filter(|row| !row.is_record()).collect();
    let reason = Name::fixed("request");
    let plan = SubjectPlan {
        subject,
        erase: own
            .iter()
            .map(|row| ErasedClass {
                class: row.class.clone(),
                reason: reason.clone(),
                keys: row.key.into_iter().collect(),
            })
            .collect(),
        archive: Vec::new(),
        reduce: Vec::new(),
        closed_at: None,
        seen: own.iter().map(|row| row.seen()).collect(),
    };
    wait(vault.destroy(vec![plan], &staff("support"))).unwrap();
}

#[test]
fn whoever_leaves_is_deleted_at_the_provider_wherever_it_is_cut() {
    everywhere(
        |shop| {
            let (subject, method) = shop.payer(Bank::Pays);
            let vault = shop.open();
            // Written down, and the provider did not answer: it is owed.
            shop.provider.fail_next([Some(Fault::Before)]);
            let owed = debit(&vault, &shop.provider, subject, &ask("invoice-1", &method)).unwrap();
            assert!(is_open(&owed.entry.state));
            let plan = wait(book::plan(&vault, subject)).unwrap();
            assert!(plan.at_provider);
            assert_eq!(plan.owed, [owed.key]);
            (subject, method)
        },
        |shop, world, (subject, _)| {
            let vault = try_open(world)?;
            wait(book::leave(&vault, *subject, &biller()))?;
            run(shop, &vault).map(drop)
        },
        |shop, (subject, method)| {
            let vault = shop.open();
            wait(book::leave(&vault, *subject, &biller())).unwrap();
            // What was claimed by a worker that died is free when its lease is over.
            shop.world.clock.advance(Span::seconds(61));
            run(shop, &vault).unwrap();
            assert_eq!(shop.provider.holds(), (0, 0));
            assert_eq!(shop.provider.debits_of(&ask("invoice-1", method).reference), 1);
            let rows = wait(vault.records_of(*subject, &PAYERS)).unwrap();
            assert_eq!(rows.len(), 1);
            assert!(matches!(rows[0].standing, Standing::Closed { .. }));
            let error = debit(&vault, &shop.provider, *subject, &ask("invoice-2", method));
            assert_eq!(error.unwrap_err().code(), "payments.no_method");
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn a_provider_that_fails_is_asked_again_and_later_each_time() {
    let shop = Shop::new();
    let (subject, method) = shop.payer(Bank::Pays);
    let vault = shop.open();
    assert!(wait(book::leave(&vault, subject, &biller())).unwrap());
    let late = debit(&vault, &shop.provider, subject, &ask("invoice-1", &method)).unwrap_err();
    assert_eq!(late.code(), "payments.leaving");
    let again = set_up(&vault, &shop.provider, subject);
    assert_eq!(again.unwrap_err().code(), "payments.leaving");
    let pending = Left { pending: 1, ..Left::default() };
    for (tries, fault) in [Fault::Before, Fault::After, Fault::TooMany].into_iter().enumerate() {
        shop.provider.fail_next([Some(fault)]);
        assert_eq!(run(&shop, &vault).unwrap(), pending);
        assert_eq!(run(&shop, &vault).unwrap(), Left::default(), "not yet");
        shop.world.clock.advance(Span::seconds(60 << tries));
    }
    assert_eq!(run(&shop, &vault).unwrap(), Left { done: 1, ..Left::default() });
    assert_eq!(run(&shop, &vault).unwrap(), Left::default());
    assert_eq!(shop.provider.holds(), (0, 0));
    // Whose account stays may pay again, as another customer there.
    set_up(&vault, &shop.provider, subject).unwrap();
    assert_eq!(shop.provider.holds(), (1, 0));
}

#[test]
fn a_debit_that_the_provider_will_never_make_keeps_nobody_there() {
    let shop = Shop::new();
    let (subject, method) = shop.payer(Bank::Pays);
    let vault = shop.open();
    shop.provider.fail_next([Some(Fault::Before)]);
    let owed = debit(&vault, &shop.provider, subject, &ask("invoice-1", &method)).unwrap();
    // Somebody detached it there.
    wait(shop.provider.detach(&method)).unwrap();
    shop.world.clock.advance(Span::seconds(601));
    let resumed = wait(book::resume_due(&vault, shop.provider.as_ref(), &biller())).unwrap();
    assert_eq!((resumed.settled, resumed.open, resumed.refused), (0, 0, 1));
    wait(book::leave(&vault, subject, &biller())).unwrap();
    assert_eq!(run(&shop, &vault).unwrap().done, 1);
    let read = wait(book::read_debit(&vault, &owed.key, &BILLING, &biller())).unwrap();
    assert_eq!(read.state, State::GivenUp);
    assert_eq!(shop.provider.holds(), (0, 0));
}

#[test]
fn a_debit_that_was_taken_is_not_given_up_for_a_later_call_that_was_refused() {
    for days in [0, 2] {
        let shop = Shop::new();
        let (subject, method) = shop.payer(Bank::Pays);
        let vault = shop.open();
        // Taken, and the answer was lost.
        shop.provider.fail_next([Some(Fault::After)]);
        let owed = debit(&vault, &shop.provider, subject, &ask("invoice-1", &method)).unwrap();
        assert!(is_open(&owed.entry.state));
        wait(book::leave(&vault, subject, &biller())).unwrap();
        shop.world.clock.advance(Span::days(days));
        // Our key does not count any more: neither the debit nor the look is answered.
        shop.provider.fail_next([Some(Fault::Refuses), Some(Fault::Refuses)]);
        let _ = run(&shop, &vault).unwrap();
        shop.world.clock.advance(Span::days(2));
        shop.provider.fail_next([Some(Fault::Refuses)]);
        let _ = run(&shop, &vault).unwrap();
        shop.world.clock.advance(Span::days(2));
        run(&shop, &vault).unwrap();
        let read = wait(book::read_debit(&vault, &owed.key, &BILLING, &biller())).unwrap();
        assert!(matches!(read.state, State::Succeeded { .. }), "{:?}", read.state);
        assert_eq!(shop.provider.holds(), (0, 0));
    }
}

#[test]
fn whom_the_provider_refused_is_tried_again_and_no_dead_end() {
    let shop = Shop::new();
    let (subject, _) = shop.payer(Bank::Pays);
    let vault = shop.open();
    let stuck = || wait(book::stuck(&vault, None, 9)).unwrap().len();
    wait(book::leave(&vault, subject, &biller())).unwrap();
    // A key of ours that was changed is our mistake, and nobody is left there for it.
    for tries in 1..=12 {
        shop.provider.fail_next([Some(Fault::Refuses), Some(Fault::Refuses)]);
        let left = run(&shop, &vault).unwrap();
        assert_eq!((left.pending, left.manual), (1, 0), "{tries}");
        shop.world.clock.advance(Span::days(1));
    }
    assert_eq!(stuck(), 0);
    // For days: a person has to see to it, and sees who it is.
    shop.provider.fail_next([Some(Fault::Refuses), Some(Fault::Refuses)]);
    assert_eq!(run(&shop, &vault).unwrap().manual, 1);
    shop.world.clock.advance(Span::days(1));
    assert_eq!(run(&shop, &vault).unwrap(), Left::default());
    assert_eq!(stuck(), 1);
    assert!(wait(book::leave(&vault, subject, &biller())).unwrap());
    assert_eq!(stuck(), 0);
    assert_eq!(run(&shop, &vault).unwrap().done, 1);
    assert_eq!(shop.provider.holds(), (0, 0));
}

#[test]
fn two_set_ups_are_of_one_customer_there() {
    let shop = Shop::new();
    let (subject, vault) = (shop.customer(), shop.open());
    shop.provider.fail_next([Some(Fault::After)]);
    assert!(set_up(&vault, &shop.provider, subject).is_err());
    let (sepa, provider) = (Setting::SepaDebit, shop.provider.as_ref());
    wait(book::set_up(&vault, provider, subject, sepa, &BILLING, &biller())).unwrap();
    assert_eq!(shop.provider.holds(), (1, 0));
    set_up(&vault, provider, subject).unwrap();
    assert_eq!(shop.provider.holds(), (1, 0));
    wait(book::leave(&vault, subject, &biller())).unwrap();
    assert_eq!(run(&shop, &vault).unwrap().done, 1);
    assert_eq!(shop.provider.holds(), (0, 0));
    // Whoever comes back is another customer, and the key of the one before answers nothing.
    set_up(&vault, provider, subject).unwrap();
    assert_eq!(shop.provider.holds(), (1, 0));
}

#[test]
fn a_set_up_whose_answer_was_lost_leaves_no_customer_behind() {
    let shop = Shop::new();
    let (subject, vault) = (shop.customer(), shop.open());
    shop.provider.fail_next([Some(Fault::After)]);
    assert!(set_up(&vault, &shop.provider, subject).is_err());
    assert_eq!(shop.provider.holds(), (1, 0));
    wait(book::leave(&vault, subject, &biller())).unwrap();
    assert_eq!(run(&shop, &vault).unwrap().done, 1);
    assert_eq!(shop.provider.holds(), (0, 0));
}

#[test]
fn a_dispute_that_comes_after_the_erasure_finds_its_debit_and_nobody_comes_back() {
    let shop = Shop::new();
    let (subject, method) = shop.payer(Bank::Pays);
    let vault = shop.open();
    let paid = debit(&vault, &shop.provider, subject, &ask("invoice-1", &method)).unwrap();
    wait(book::leave(&vault, subject, &biller())).unwrap();
    erase(&vault, subject);
    assert_eq!(run(&shop, &vault).unwrap().done, 1);
    // Eight weeks, and thirteen months: what the debtor's bank may still do.
    for (days, id, state) in
        [(55, "evt_1", DisputeState::UnderReview), (340, "evt_2", DisputeState::Lost)]
    {
        shop.world.clock.advance(Span::days(days));
        let vault = shop.open();
        let event = disputed(id, &paid, state);
        let taken = wait(book::take_in(&vault, &event, &biller())).unwrap();
        let TakenIn::Kept(key) = taken else { panic!("{taken:?}") };
        assert_eq!(key.subject, subject);
        let again = wait(book::take_in(&vault, &event, &biller())).unwrap();
        assert_eq!(again, TakenIn::Again(key));
    }
    let vault = shop.open();
    let read = wait(book::read_debit(&vault, &paid.key, &BILLING, &biller())).unwrap();
    assert!(matches!(read.state, State::ChargedBack { .. }));
    let rows = wait(vault.outline(subject)).unwrap();
    assert!(rows.iter().all(tacenda_core::vault::Outline::is_record), "nobody came back");
    let gone = wait(vault.read(subject, &BILLING, &biller())).unwrap_err();
    assert_eq!(gone.code(), "vault.not_found");
    assert_eq!(wait(vault.records_of(subject, &DEBITS)).unwrap().len(), 1);
    wait(vault.audit()).unwrap();
}

#[test]
fn whose_account_went_by_a_sweep_leaves_the_provider_too() {
    let shop = Shop::new();
    let (subject, _) = shop.payer(Bank::Pays);
    let vault = shop.open();
    let look = || wait(book::leave_gone(&vault, &biller())).unwrap();
    shop.world.clock.advance(Span::days(31));
    assert_eq!(look(), 0);
    erase(&vault, subject);
    assert_eq!(look(), 0, "looked at a moment ago");
    shop.world.clock.advance(Span::days(30));
    assert_eq!(look(), 1);
    assert_eq!(run(&shop, &vault).unwrap().done, 1);
    assert_eq!(shop.provider.holds(), (0, 0));
    let plan = wait(book::plan(&vault, subject)).unwrap();
    assert!(!plan.at_provider && plan.owed.is_empty());
    let kept: Vec<_> = plan.kept.iter().map(|one| (one.kind.key, one.records)).collect();
    assert_eq!(kept, [("payers", 1)]);
    assert!(plan.kept.iter().all(|one| one.kind != &INVOICES && one.until.is_some()));
}
