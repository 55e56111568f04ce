//! A hold has one encoding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_gdpr::holds::Hold;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = Hold::decode(bytes) {
        assert_eq!(read.encode(), bytes);
    }
});
