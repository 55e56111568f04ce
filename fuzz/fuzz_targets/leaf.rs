//! A leaf has one encoding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_core::leaf::Leaf;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(leaf) = Leaf::decode(bytes) {
        assert_eq!(leaf.encode(), bytes);
    }
});
