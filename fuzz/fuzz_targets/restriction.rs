//! A restriction has one encoding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_gdpr::restriction::Restriction;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = Restriction::decode(bytes) {
        assert_eq!(read.encode(), bytes);
    }
});
