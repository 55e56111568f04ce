//! A PHC string that is read is written the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_core::password::Verifier;

fuzz_target!(|text: &str| {
    let Ok(verifier) = Verifier::from_phc(text) else { return };
    let stored = verifier.encode();
    assert!(stored.ends_with(text.as_bytes()));
    let again = Verifier::decode(&stored).expect("what is written is read");
    assert_eq!(again.encode(), stored);
});
