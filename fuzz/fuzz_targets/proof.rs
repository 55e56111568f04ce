//! A proof that is read is written the same, and a receipt that verifies is one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_core::log::{self, Proof, SigningKey};

fuzz_target!(|text: &str| {
    let key = SigningKey::from_seed("log.example/tacenda", &[7; 32]).expect("a key");
    let known = [key.verifier_key().clone()];
    let read = Proof::parse(text);
    let verified = log::verify(text, &known);
    let Ok(proof) = read else {
        assert!(verified.is_err());
        return;
    };
    assert_eq!(proof.to_text(), text);
    if let Ok(verified) = verified {
        assert_eq!(Some(&verified.leaf), proof.extra.as_ref());
        assert!(verified.index < verified.checkpoint.size);
        assert_eq!(verified.checkpoint.origin, key.name());
    }
});
