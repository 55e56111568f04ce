//! A stored verifier has one encoding, and does not print.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_core::password::Verifier;

fuzz_target!(|bytes: &[u8]| {
    let Ok(verifier) = Verifier::decode(bytes) else { return };
    assert_eq!(verifier.encode().as_slice(), bytes);
    assert!(format!("{verifier:?}").ends_with(", redacted)"));
});
