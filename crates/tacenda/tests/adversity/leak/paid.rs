//! What is paid, and by what, printed in every way there is.

use std::sync::Arc;

use tacenda::payments::book::{Ask, Invoice, InvoiceNumber};
use tacenda::payments::events::{Card, Event, Means, PaymentFailed, What};
use tacenda::payments::memory::{Bank, MemoryProvider};
use tacenda::payments::provider::{DeclineCode, Setting};
use tacenda::payments::{Currency, LastFour, Money, Reference};
use tacenda::{Actor, Name, SubjectId, Tacenda, block_on};

use super::PAID;
use super::life::failed;

fn reference(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

fn card() -> Means {
    let last_four = LastFour::parse("0341").unwrap();
    Means::Card(Card { last_four, brand: None, expiry: None, country: None, fingerprint: None })
}

/// A customer sets up a card, is declined, and is found by it.
pub(super) fn paid(t: &Tacenda, subject: SubjectId, me: &Actor) -> Arc<MemoryProvider> {
    let provider = Arc::new(MemoryProvider::marked(PAID[0].1));
    let payments = t.payments(provider.clone());
    let setup = block_on(payments.set_up(subject, Setting::Card, "payment", me)).unwrap();
    println!("{payments:?} {setup:?} {setup:#?}");
    let why = DeclineCode::parse(PAID[1].1).unwrap();
    let method = provider.browser_makes(card(), Bank::Declines(why.clone())).unwrap();
    let attached =
        block_on(payments.attach(subject, &method, Setting::Card, "payment", me)).unwrap();
    println!("{attached:?} {attached:#?}");
    let ask = Ask {
        reference: reference(PAID[2].1),
        purpose: Name::fixed("payment"),
        method,
        money: Money::new(1900, Currency::parse("EUR").unwrap()).unwrap(),
        off_session: true,
    };
    let declined = block_on(payments.debit(subject, &ask, me)).unwrap();
    println!("{ask:?} {ask:#?} {declined:?} {declined:#?}");
    let other = Ask { off_session: false, ..ask };
    failed(block_on(payments.debit(subject, &other, me)), "payments.ledger_mismatch");
    let event = Event {
        id: reference(PAID[3].1),
        at: t.vault().now(),
        live: true,
        what: What::PaymentFailed(PaymentFailed {
            debit: declined.entry.debit().unwrap().clone(),
            customer: Some(declined.entry.order.customer.clone()),
            money: None,
            means: card(),
            decline: Some(why.clone()),
        }),
    };
    println!("{event:?} {event:#?} {:?}", block_on(payments.take_in(&event, me)).unwrap());
    let found = block_on(payments.search(Some("0341"), Some(&why), "payment", me)).unwrap();
    assert_eq!((found.debits.len(), found.events.len()), (1, 1));
    println!("{found:?} {found:#?}");
    failed(block_on(payments.search(Some(PAID[2].1), None, "payment", me)), "payments.search");
    let invoice = Invoice {
        number: InvoiceNumber::parse(PAID[4].1).unwrap(),
        issued_on: "2026-01-02".parse().unwrap(),
        money: declined.entry.order.money,
        debit: None,
        document: Some(PAID[5].1.to_owned()),
    };
    let key = block_on(payments.issue(subject, &invoice, me)).unwrap();
    let read = block_on(payments.read_invoice(&key, "accounting", me)).unwrap();
    assert_eq!(read, invoice);
    println!("{read:?} {read:#?}");
    let payer = block_on(payments.payer(subject, "payment", me)).unwrap();
    println!("{payer:?} {:?}", block_on(payments.plan(subject)).unwrap());
    provider
}
