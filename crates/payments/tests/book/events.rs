//! Events become rows once, are found by last four and decline code, and say what they say of a debit.

use pollster::block_on as wait;
use tacenda_core::policy::records::{DEBITS, PAYMENT_EVENTS};
use tacenda_core::vault::{OnRestore, Vault};
use tacenda_core::{SubjectId, Timestamp};
use tacenda_payments::book::{self, Debited, TakenIn};
use tacenda_payments::events::{Dispute, DisputeState, Event, PaymentFailed, What};
use tacenda_payments::ledger::State;
use tacenda_payments::memory::Bank;
use tacenda_testkit::world::staff;

use super::support::{
    BILLING, Shop, ask, attach, biller, card, code, debit, euros, everywhere, reference, set_up,
    try_open, undeclared,
};

pub(crate) fn event(id: &str, what: What) -> Event {
    Event { id: reference(id), at: Timestamp::from_micros(1_780_000_000_000_000), live: true, what }
}

pub(crate) fn failed(id: &str, debited: &Debited) -> Event {
    event(
        id,
        What::PaymentFailed(PaymentFailed {
            debit: debited.entry.debit().unwrap().clone(),
            customer: Some(debited.entry.order.customer.clone()),
            money: Some(euros(1999)),
            means: card(),
            decline: Some(code("insufficient_funds")),
        }),
    )
}

pub(crate) fn disputed(id: &str, debited: &Debited, state: DisputeState) -> Event {
    event(
        id,
        What::Dispute(Dispute {
            dispute: reference("dp_1"),
            charge: reference("ch_1"),
            debit: debited.entry.debit().cloned(),
            money: euros(1999),
            state,
        }),
    )
}

fn take_in(vault: &Vault, event: &Event) -> TakenIn {
    wait(book::take_in(vault, event, &biller())).unwrap()
}

#[test]
fn a_declined_debit_is_found_by_its_last_four() {
    let shop = Shop::new();
    let (subject, method) = shop.payer(Bank::Declines(code("insufficient_funds")));
    let vault = shop.open();
    let declined = debit(&vault, &shop.provider, subject, &ask("invoice-1", &method)).unwrap();
    let event = failed("evt_1", &declined);
    let TakenIn::Kept(key) = take_in(&vault, &event) else { panic!() };
    assert_eq!(key.subject, subject);
    assert_eq!(take_in(&vault, &event), TakenIn::Again(key.clone()));
    assert_eq!(wait(vault.records_of(subject, &PAYMENT_EVENTS)).unwrap().len(), 1);
    let search = |last_four, why: Option<&str>| {
        let why = why.map(code);
        wait(book::search(&vault, last_four, why.as_ref(), &BILLING, &biller())).unwrap()
    };
    for found in [
        search(Some("4242"), None),
        search(Some("4242"), Some("insufficient_funds")),
        search(None, Some("insufficient_funds")),
    ] {
        assert_eq!(found.events, [(key.clone(), event.clone())]);
        assert_eq!(found.debits, [(declined.key.clone(), declined.entry.clone())]);
    }
    for none in [
        search(Some("0005"), None),
        search(Some("4242"), Some("lost_card")),
        search(Some("0005"), Some("insufficient_funds")),
    ] {
        assert_eq!(none, book::Problems::default());
    }
    let refused = |last_four| {
        wait(book::search(&vault, last_four, None, &BILLING, &biller())).unwrap_err().code()
    };
    assert_eq!(refused(None), "payments.search");
    assert_eq!(refused(Some("4242424242424242")), "payments.search");
    let by = |purpose: &'static str, role| {
        let purpose = tacenda_core::Name::fixed(purpose);
        wait(book::search(&vault, Some("4242"), None, &purpose, &staff(role))).unwrap_err().code()
    };
    assert_eq!(by("billing", "support"), "policy.role_not_allowed");
    assert_eq!(by("account", "billing"), "policy.not_for_records");
    wait(vault.audit()).unwrap();
}

#[test]
fn what_the_policy_does_not_declare_is_kept_nowhere() {
    let shop = Shop::new();
    let open = || shop.world.try_open(&undeclared(), OnRestore::Refuse).unwrap().0;
    drop(open());
    let items = [("email", "eve@example.org"), ("card_last4", "4242")];
    let vault = open();
    let new = tacenda_testkit::world::request(&vault, &items, true);
    let subject = wait(vault.register(new, &staff("support"))).unwrap().subject();
    let provider = shop.provider.as_ref();
    set_up(&vault, provider, subject).unwrap();
    let method =
        provider.browser_makes(card(), Bank::Declines(code("insufficient_funds"))).unwrap();
    attach(&vault, provider, subject, &method).unwrap();
    let declined = debit(&vault, provider, subject, &ask("invoice-1", &method)).unwrap();
    let TakenIn::Kept(_) = take_in(&vault, &failed("evt_1", &declined)) else { panic!() };
    let read = wait(book::read_debit(&vault, &declined.key, &BILLING, &biller())).unwrap();
    assert!(matches!(read.state, State::Declined { code: None, .. }));
    let found = wait(book::search(&vault, Some("4242"), None, &BILLING, &biller())).unwrap();
    assert_eq!((found.debits.len(), found.events.len()), (1, 1));
    assert_eq!(found.events[0].1.decline_code(), None);
    let why = code("insufficient_funds");
    let by_code = wait(book::search(&vault, None, Some(&why), &BILLING, &biller())).unwrap();
    assert_eq!(by_code, book::Problems::default());
}

#[test]
fn an_event_is_taken_in_once_wherever_it_is_cut() {
    everywhere(
        |shop| {
            let (subject, method) = shop.payer(Bank::Pays);
            debit(&shop.open(), &shop.provider, subject, &ask("invoice-1", &method)).unwrap()
        },
        |_, world, paid| {
            let vault = try_open(world)?;
            let event = disputed("evt_1", paid, DisputeState::UnderReview);
            wait(book::take_in(&vault, &event, &biller())).map(drop)
        },
        |shop, paid| {
            let vault = shop.open();
            let subject: SubjectId = paid.key.subject;
            take_in(&vault, &disputed("evt_1", paid, DisputeState::UnderReview));
            let again = take_in(&vault, &disputed("evt_1", paid, DisputeState::UnderReview));
            assert!(matches!(again, TakenIn::Again(_)));
            assert_eq!(wait(vault.records_of(subject, &PAYMENT_EVENTS)).unwrap().len(), 1);
            assert_eq!(wait(vault.records_of(subject, &DEBITS)).unwrap().len(), 1);
            let read = wait(book::read_debit(&vault, &paid.key, &BILLING, &biller())).unwrap();
            assert!(matches!(read.state, State::Disputed { .. }), "{:?}", read.state);
            assert_eq!(read.version, paid.entry.version + 1);
            // The bank decides, and what it said before comes again.
            take_in(&vault, &disputed("evt_2", paid, DisputeState::Lost));
            take_in(&vault, &disputed("evt_1", paid, DisputeState::UnderReview));
            let read = wait(book::read_debit(&vault, &paid.key, &BILLING, &biller())).unwrap();
            assert!(matches!(read.state, State::ChargedBack { .. }));
            wait(vault.audit()).unwrap();
        },
    );
}

#[test]
fn a_mandate_that_ended_is_debited_no_more() {
    let shop = Shop::new();
    let (subject, method) = shop.payer(Bank::Pays);
    let vault = shop.open();
    let ended =
        What::MandateInactive { mandate: reference("mandate_1"), method: Some(method.clone()) };
    let TakenIn::Kept(key) = take_in(&vault, &event("evt_1", ended)) else { panic!() };
    assert_eq!(key.subject, subject);
    let error = debit(&vault, &shop.provider, subject, &ask("invoice-1", &method)).unwrap_err();
    assert_eq!(error.code(), "payments.no_method");
    // An event about nobody who is known is kept, and is about nobody.
    let theirs = What::MandateInactive { mandate: reference("mandate_2"), method: None };
    let TakenIn::Kept(key) = take_in(&vault, &event("evt_2", theirs)) else { panic!() };
    assert_ne!(key.subject, subject);
}
