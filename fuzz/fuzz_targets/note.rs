//! A note that is read is written the same; nobody's signature counts but that of a known key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_core::log::{Note, SigningKey};

fuzz_target!(|text: &str| {
    let Ok(note) = Note::parse(text) else { return };
    assert_eq!(note.to_text(), text);
    let key = SigningKey::from_seed("fuzz.example/nobody", &[0x5a; 32]).expect("a key");
    let known = [key.verifier_key().clone()];
    assert!(note.verify(&known).is_err());
    let mut signed = note;
    if signed.add(&key).is_ok() {
        let text = signed.to_text();
        assert_eq!(Note::parse(&text).expect("what is written is read"), signed);
    }
});
