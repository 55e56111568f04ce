//! A row has one encoding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_core::row::Row;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(row) = Row::decode(bytes) {
        assert_eq!(row.encode(), bytes);
    }
});
