use pollster::block_on;

use super::*;
use crate::card::LastFour;
use crate::events::Card;
use crate::provider::{Currency, Money, Setting};

fn reference(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse(&format!("key_of_a_test_{text}")).unwrap()
}

fn euros(minor: u64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap()).unwrap()
}

fn card() -> Means {
    Means::Card(Card {
        last_four: LastFour::parse("4242").unwrap(),
        brand: None,
        expiry: None,
        country: None,
        fingerprint: None,
    })
}

/// A customer with a card whose bank answers so.
fn customer(provider: &MemoryProvider, bank: Bank) -> (Reference, Reference) {
    let setup = SetupRequest {
        account: reference("account-1"),
        customer: None,
        setting: Setting::Card,
        key: key("setup"),
    };
    let setup = block_on(provider.start_setup(&setup)).unwrap();
    let method = provider.browser_makes(card(), bank).unwrap();
    let attach = AttachRequest { method, customer: setup.customer.clone(), key: key("attach") };
    let attached = block_on(provider.attach(&attach)).unwrap();
    assert_eq!(attached.means.last_four(), Some("4242"));
    (setup.customer, attached.method)
}

fn debit((customer, method): &(Reference, Reference), name: &str) -> DebitRequest {
    DebitRequest {
        reference: reference("invoice-1"),
        customer: customer.clone(),
        method: method.clone(),
        setting: Setting::Card,
        money: euros(1999),
        off_session: true,
        key: key(name),
    }
}

#[test]
fn a_key_debits_once_whatever_became_of_the_answers() {
    let provider = MemoryProvider::new();
    let who = customer(&provider, Bank::Pays);
    let request = debit(&who, "debit");
    provider.fail_next([Some(Fault::Before), Some(Fault::After), Some(Fault::TooMany)]);
    let answers: Vec<_> = (0..5).map(|_| block_on(provider.debit(&request))).collect();
    assert_eq!(answers[0], Err(Failure::Temporary));
    assert_eq!(answers[1], Err(Failure::UnknownOutcome));
    assert_eq!(answers[2], Err(Failure::RateLimited));
    assert_eq!(answers[3].as_ref().unwrap().progress, Progress::Succeeded);
    assert_eq!(answers[3], answers[4]);
    assert_eq!(provider.debits_of(&request.reference), 1);
    let again = DebitRequest { key: key("another"), ..request.clone() };
    block_on(provider.debit(&again)).unwrap();
    assert_eq!(provider.debits_of(&request.reference), 2);
    let other = DebitRequest { money: euros(1), ..request };
    assert_eq!(block_on(provider.debit(&other)), Err(Failure::KeyReused));
}

#[test]
fn a_declined_debit_says_why_and_says_so_again() {
    let provider = MemoryProvider::new();
    let code = DeclineCode::parse("insufficient_funds").unwrap();
    let who = customer(&provider, Bank::Declines(code.clone()));
    let request = debit(&who, "debit");
    let first = block_on(provider.debit(&request)).unwrap_err();
    assert!(matches!(&first, Failure::Declined { code: Some(why), .. } if *why == code));
    assert_eq!(block_on(provider.debit(&request)).unwrap_err(), first);
    assert_eq!(provider.debits_of(&request.reference), 0);
    let listed = block_on(provider.list(&who.0, &request.reference)).unwrap();
    assert_eq!(listed.len(), 1);
    let asked = MemoryProvider::new();
    let who = customer(&asked, Bank::Asks);
    let away = block_on(asked.debit(&debit(&who, "away"))).unwrap_err();
    assert!(matches!(away, Failure::NeedsAuthentication { debit: Some(_) }));
    let here = DebitRequest { off_session: false, ..debit(&who, "here") };
    let here = block_on(asked.debit(&here)).unwrap();
    assert_eq!(here.progress, Progress::NeedsAuthentication);
}

#[test]
fn no_more_goes_back_than_came() {
    let provider = MemoryProvider::new();
    let who = customer(&provider, Bank::Pays);
    let taken = block_on(provider.debit(&debit(&who, "debit"))).unwrap();
    let refund = |minor, name| {
        let debit = taken.debit.clone();
        let request = RefundRequest { debit, money: euros(minor), key: key(name) };
        block_on(provider.refund(&request))
    };
    let first = refund(1000, "refund-1").unwrap();
    assert_eq!(refund(1000, "refund-1").unwrap(), first);
    assert_eq!(refund(1000, "refund-2"), Err(Failure::Refused));
    assert!(refund(999, "refund-3").is_ok());
}

#[test]
fn what_is_gone_is_gone_and_can_be_deleted_again() {
    let provider = MemoryProvider::new();
    let who = customer(&provider, Bank::Pays);
    assert_eq!(provider.holds(), (1, 1));
    for _ in 0..2 {
        block_on(provider.detach(&who.1)).unwrap();
        block_on(provider.delete_customer(&who.0)).unwrap();
    }
    assert_eq!(provider.holds(), (0, 0));
    assert_eq!(block_on(provider.debit(&debit(&who, "late"))), Err(Failure::NotFound));
}

#[test]
fn failures_have_codes_and_print_nothing_else() {
    let failure = Failure::Declined {
        debit: Some(reference("pi_secret")),
        code: Some(DeclineCode::parse("lost_card").unwrap()),
    };
    assert_eq!(failure.to_string(), "payments.declined: the debit was declined");
    assert!(!format!("{failure:?}").contains("lost"));
    let error = tacenda_core::Error::from(Failure::UnknownOutcome);
    assert_eq!(error.retry(), tacenda_core::error::Retry::Unknown);
}
