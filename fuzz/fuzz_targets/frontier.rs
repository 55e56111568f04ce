//! A frontier has one encoding, and goes on from there.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_core::log::{Frontier, leaf_hash};

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut frontier) = Frontier::decode(bytes) else { return };
    assert_eq!(frontier.encode(), bytes);
    let root = frontier.root();
    let size = frontier.size();
    frontier.append(leaf_hash(b"leaf"), |_| {});
    assert_eq!(frontier.size(), size + 1);
    assert_ne!(frontier.root(), root);
});
