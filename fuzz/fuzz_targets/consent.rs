//! A consent has one encoding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_gdpr::consent::Consent;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = Consent::decode(bytes) {
        assert_eq!(read.encode(), bytes);
    }
});
