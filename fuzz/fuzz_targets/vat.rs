//! A VAT number's normal form is its own, and checking agrees with reading.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_core::pii::VatNumber;

fuzz_target!(|text: &str| {
    let read = VatNumber::parse(text);
    assert_eq!(read.is_ok(), VatNumber::check(text).is_ok());
    let Ok(number) = read else { return };
    assert!(
        number
            .normal()
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b"+*".contains(&b))
    );
    let again = VatNumber::parse(number.normal()).expect("a normal form is a VAT number");
    assert_eq!(again.normal(), number.normal());
    let typed = VatNumber::parse(number.as_typed()).expect("what was typed is read again");
    assert_eq!(typed.normal(), number.normal());
});
