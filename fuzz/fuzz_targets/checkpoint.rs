//! A checkpoint opens only under the key of its origin, and what opens is what was signed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tacenda_core::log::{Checkpoint, Note, SigningKey};

fuzz_target!(|text: &str| {
    let key = SigningKey::from_seed("log.example/tacenda", &[7; 32]).expect("a key");
    let known = [key.verifier_key().clone()];
    let _ = Checkpoint::open(text, &known);
    // Any text signed by the key: a checkpoint of its origin, or refused.
    let Ok(note) = Note::sign(text, &key) else { return };
    let Ok(checkpoint) = Checkpoint::open(&note.to_text(), &known) else { return };
    assert_eq!(checkpoint.origin, key.name());
    assert!(text.starts_with(&checkpoint.text()));
    let again = checkpoint.sign(&key).expect("its own key signs it");
    assert_eq!(Checkpoint::open(&again, &known).expect("opens"), checkpoint);
});
