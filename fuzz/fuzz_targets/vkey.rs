//! Key and text are one to one; a key file reads whatever its white space is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_core::log::{VerifierKey, parse_vkeys};

fuzz_target!(|text: &str| {
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(key.to_string(), text);
        let again = VerifierKey::new(key.name(), &key.public_key()).expect("the same key");
        assert!(again == key);
    }
    let Ok(keys) = parse_vkeys(text) else { return };
    let lines: Vec<String> = keys.iter().map(|key| format!(" {key}\r\n\n")).collect();
    let again = parse_vkeys(&lines.concat()).expect("the same keys");
    assert!(again == keys);
});
