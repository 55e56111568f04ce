//! An objection has one encoding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_gdpr::objection::Objection;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = Objection::decode(bytes) {
        assert_eq!(read.encode(), bytes);
    }
});
