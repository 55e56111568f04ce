//! An address that is read is its own normal form's equal, and carries nothing but an address.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_core::pii::Email;

fuzz_target!(|text: &str| {
    let Ok(address) = Email::parse(text) else { return };
    assert!(!address.as_typed().contains(char::is_control));
    assert!(!address.normal().contains(char::is_control));
    assert_eq!(address.normal().matches('@').count(), 1);
    let typed = Email::parse(address.as_typed()).expect("what was typed is read again");
    assert_eq!(typed.normal(), address.normal());
    let normal = Email::parse(address.normal()).expect("a normal form is an address");
    assert_eq!(normal.normal(), address.normal());
});
