//! A breach has one encoding, and its duties follow from it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_gdpr::breach::Breach;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(breach) = Breach::decode(bytes) {
        let _ = breach.duties();
        assert_eq!(breach.encode(), bytes);
    }
});
