//! A message has one encoding, and so have its values.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_core::outbox::{Letter, Values};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(letter) = Letter::decode(bytes) {
        assert_eq!(letter.encode(), bytes);
    }
    if let Ok(values) = Values::decode(bytes) {
        assert_eq!(values.encode(), bytes);
    }
});
