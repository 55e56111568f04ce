//! An account number that is read is read again from its compact form, and so is its tail.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_payments::sepa::{Iban, IbanTail};

fuzz_target!(|text: &str| {
    let Ok(iban) = Iban::parse(text) else { return };
    assert!((15..=34).contains(&iban.expose().len()));
    let again = Iban::parse(iban.expose()).expect("a compact form is an IBAN");
    assert_eq!(again.expose(), iban.expose());
    let tail = IbanTail::parse(iban.country(), iban.last_four()).expect("the tail of an IBAN");
    assert!(tail == iban.tail());
    assert!(!format!("{iban:?}").contains(iban.last_four()));
});
