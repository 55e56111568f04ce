//! A creditor identifier that is read is read again from its compact form, and so is its normal form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_payments::sepa::CreditorId;

fuzz_target!(|text: &str| {
    let Ok(read) = CreditorId::parse(text) else { return };
    assert!((8..=35).contains(&read.expose().len()));
    assert!(CreditorId::parse(read.expose()).expect("a compact form is one") == read);
    let normal = CreditorId::parse(&read.normal()).expect("the business code is not checked");
    assert!(normal.is_same_creditor(&read) && normal.business_code() == "ZZZ");
    assert_eq!(format!("{read:?}"), "CreditorId(..)");
});
