//! A grant of staff has one encoding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_gdpr::staff::Grant;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(grant) = Grant::decode(bytes) {
        let _ = grant.bearing();
        assert_eq!(grant.encode(), bytes);
    }
});
