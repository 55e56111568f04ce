//! A proof of consistency that is read is written the same, and one that verifies ends in a checkpoint of
//! the log's that is no smaller.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_core::log::{self, Checkpoint, Continuation, Hash, SigningKey, leaf_hash};

fuzz_target!(|text: &str| {
    let key = SigningKey::from_seed("log.example/tacenda", &[7; 32]).expect("a key");
    let known = [key.verifier_key().clone()];
    let root: Hash = leaf_hash(b"the only leaf");
    let earlier = Checkpoint { origin: key.name().to_owned(), size: 1, root };
    let earlier = earlier.sign(&key).expect("signed");
    let verified = log::verify_continuation(&earlier, text, &known);
    let Ok(proof) = Continuation::parse(text) else {
        assert!(verified.is_err());
        return;
    };
    assert_eq!(proof.to_text(), text);
    if let Ok(later) = verified {
        assert!(later.size >= 1 && proof.old == 1);
    }
});
